/** Notifications: what the ladder asked for in the ledger goes to the log and, by the outbox, to webhook and chat. */
import type { LedgerRow } from '../prisma/readers.ts';
import { createDispatch, type DispatchDeps } from './dispatch.ts';
import type { Addressed, Recipient } from './recipients.ts';

interface Notification {
  type: 'ticket.notification';
  timestamp: string;
  data: {
    ticketId: string;
    sequence: number;
    audience: string;
    tier: number;
    page: boolean;
    insteadOf?: string;
    clock?: string;
    cycle?: number;
    step?: string;
    hold?: string;
    notice?: string;
    reference?: string;
    vendor?: string;
    /** Who that is, at the instant of sending. */
    recipients?: readonly Recipient[];
    onCall?: { rota: string };
    links: { ticket: string };
  };
}

/** What a step tells an endpoint by its name; who listens at the webhook sends it on to where that is. */
interface EndpointMessage {
  type: 'ticket.stepReached';
  timestamp: string;
  data: {
    ticketId: string;
    sequence: number;
    endpoint: string;
    clock: string;
    cycle: number;
    step: string;
    links: { ticket: string };
  };
}

/** The message for one event that asks for one, to the people it is for; null for any other. */
export function messageOf(
  row: LedgerRow,
  addressed: Addressed | null,
): Notification | EndpointMessage | null {
  return notificationOf(row, addressed) ?? endpointMessageOf(row);
}

function endpointMessageOf({ ticketId, event }: LedgerRow): EndpointMessage | null {
  if (event.type !== 'webhookRequested') return null;
  const { endpoint, clock, cycle, step, sequence, occurredAt } = event;
  return {
    type: 'ticket.stepReached',
    timestamp: new Date(occurredAt).toISOString(),
    data: { ticketId, sequence, endpoint, clock, cycle, step, links: { ticket: `/v1/tickets/${ticketId}` } },
  };
}

/** For the log, in a few words. */
function wordsOf({ data }: Notification | EndpointMessage): string {
  if ('endpoint' in data) return `tell ${data.endpoint} of ${data.ticketId}: ${data.step}`;
  const { audience, page, step, hold, notice } = data;
  const why = step ?? notice ?? `held for ${hold}`;
  return `${page ? 'page' : 'notify'} ${audience} of ${data.ticketId}: ${why}`;
}

/** What it is about: a step of a ladder, a hold that has lasted too long, or something that calls for a person. */
function aboutOf(event: Extract<LedgerRow['event'], { type: 'notificationRequested' }>) {
  if ('hold' in event) return { hold: event.hold };
  const { vendor } = event;
  if (!('notice' in event))
    return { clock: event.clock, cycle: event.cycle, step: event.step, ...(vendor && { vendor }) };
  const { notice, reference } = event;
  return { notice, ...(reference !== undefined && { reference }) };
}

function notificationOf({ ticketId, event }: LedgerRow, addressed: Addressed | null): Notification | null {
  if (event.type !== 'notificationRequested') return null;
  const { audience, tier, page = false, sequence } = event;
  const insteadOf = event.insteadOf ?? addressed?.recipients[0]?.insteadOf;
  const about = aboutOf(event);
  return {
    type: 'ticket.notification',
    timestamp: new Date(event.occurredAt).toISOString(),
    data: {
      ticketId,
      sequence,
      audience,
      tier,
      page,
      ...(insteadOf && { insteadOf }),
      ...about,
      ...addressed,
      links: { ticket: `/v1/tickets/${ticketId}` },
    },
  };
}

/** What the log may say: who is told, not how to reach them. */
function loggedOf({ data }: Notification | EndpointMessage): object {
  if (!('recipients' in data) || !data.recipients) return { ...data };
  return { ...data, recipients: data.recipients.map(({ contact: _contact, ...rest }) => rest) };
}

/** For the chat: who is told what, by the names that the desk has for its people. */
function chatWordsOf(message: Notification): string {
  const names = (message.data.recipients ?? []).map(({ agent }) => agent);
  return `${wordsOf(message)}${names.length > 0 ? ` (${names.join(', ')})` : ''}`;
}

export interface LedgerNotifierDeps extends DispatchDeps {
  /** Who a row is for, asked when the row is read (activities/recipients.ts). */
  recipientsOf: (row: LedgerRow) => Promise<Addressed | null>;
}

/** The reader `notifications`: deals with one row of the ledger. */
export function createNotifier({ log, recipientsOf, ...deps }: LedgerNotifierDeps) {
  const dispatch = createDispatch(deps);
  return async (row: LedgerRow): Promise<void> => {
    const message = messageOf(row, await recipientsOf(row));
    if (!message) return;
    log.info(loggedOf(message), wordsOf(message));
    const isForPeople = message.type === 'ticket.notification';
    const words = isForPeople ? { words: chatWordsOf(message) } : {};
    await dispatch({ about: row.ticketId, event: row.event, message, ...words });
  };
}
