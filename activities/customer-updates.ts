/**
 * Customer updates: what ladders, policies and agents want a customer to know. The reader puts it into the outbox, or
 * drafts it for somebody to send; the ticket learns that an update was sent once it was.
 */
import type { Logger } from 'pino';
import { occasionOf, templateValues, updatesAskedBy, type AskedUpdate } from '../domain/customer-update.ts';
import { TIERLINE, type Fact, type LedgerEvent } from '../domain/events.ts';
import type { Teamwork } from '../domain/projection.ts';
import { renderTemplate, subjectLine, type Wording } from '../domain/template.ts';
import { rebuild, type Ticket } from '../domain/ticket.ts';
import { CUSTOMER_UPDATE, type DeliveryStore, type DueDelivery } from '../prisma/deliveries.ts';
import { factDigest, type IntakeStore } from '../prisma/intake.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { TemplateStore } from '../prisma/templates.ts';
import type { TicketRecord, TicketStore } from '../prisma/tickets.ts';
import { maskedAddress, SendFault, type ChannelMessage } from './channels.ts';
import type { ContactOf, CustomerContact } from './customer-contact.ts';

export interface CustomerUpdateDeps {
  ledger: Pick<Ledger, 'events'>;
  policies: Pick<PolicyStore, 'version'>;
  tickets: Pick<TicketStore, 'get' | 'text'>;
  templates: Pick<TemplateStore, 'get'>;
  intake: Pick<IntakeStore, 'receive'>;
  deliveries: Pick<DeliveryStore, 'enqueue' | 'refuse'>;
  contactOf: ContactOf;
  /** Tells a ticket what happened, now or as soon as the engine is back. */
  tell: (ticketId: string, facts: readonly Fact[]) => Promise<unknown>;
  log: Logger;
}

type MessageEvent = Extract<LedgerEvent, { type: 'messageAdded' }>;

/** Names one of the updates that an event leads to, for good. */
const updateId = (event: LedgerEvent, index: number): string => `${event.id}/update/${index}`;
const draftId = (ticketId: string, id: string): string => `upd_${factDigest(ticketId, id).slice(0, 24)}`;

const isUpdate = (event: LedgerEvent): event is MessageEvent =>
  event.type === 'messageAdded' && event.update === true && event.visibility === 'public' && !event.parent;

/** Policies by version, which never change: whether one has updates is asked for every other event. */
function createPolicyUpdates({ policies }: CustomerUpdateDeps) {
  const known = new Map<string, Promise<readonly { on: string }[]>>();
  return ({ policy, policyVersion }: TicketRecord): Promise<readonly { on: string }[]> => {
    const key = `${policy}@${policyVersion}`;
    const found =
      known.get(key) ?? policies.version(policy, policyVersion).then(({ updates }) => updates ?? []);
    known.set(key, found);
    found.catch(() => known.delete(key));
    return found;
  };
}

/** The reader `customer-updates`: deals with one row of the ledger. Safe to repeat. */
export function createCustomerUpdates(deps: CustomerUpdateDeps) {
  const { ledger, tickets, templates, intake, deliveries, contactOf, tell, log } = deps;
  const updatesOf = createPolicyUpdates(deps);

  /** Whether the event may ask for an update: most do not, and their ticket need not be looked at. */
  const mayAsk = async ({ ticketId, event }: LedgerRow): Promise<boolean> => {
    if (event.moot || event.imported) return false;
    if (event.type === 'updateRequested') return true;
    const occasion = occasionOf(event);
    if (occasion === null) return false;
    const ticket = await tickets.get(ticketId);
    return ticket !== null && (await updatesOf(ticket)).some(({ on }) => on === occasion);
  };

  /** The ticket right before and right after the event, as its ledger has it. */
  const aroundEvent = async ({ ticketId, event }: LedgerRow): Promise<[Ticket | null, Ticket]> => {
    const events = await ledger.events(ticketId);
    const until = (sequence: number) =>
      rebuild(
        ticketId,
        events.filter((one) => one.sequence <= sequence),
      );
    return [event.sequence > 1 ? until(event.sequence - 1) : null, until(event.sequence)];
  };

  /** Puts words of a ticket into the outbox for its customer; false where the customer cannot be reached. */
  const send = async (
    { ticketId, id, messageId }: { ticketId: string; id: string; messageId: string },
    contact: CustomerContact,
    words: { textId: string; fact?: Omit<Extract<Fact, { type: 'messageAdded' }>, 'occurredAt' | 'actor'> },
  ): Promise<boolean> => {
    const delivery = { ticketId, eventId: id, purpose: CUSTOMER_UPDATE };
    if ('unreachable' in contact.way) {
      await deliveries.refuse({ ...delivery, channel: 'none', error: contact.way.unreachable });
      log.warn(
        { about: ticketId, eventId: id, error: contact.way.unreachable },
        'a customer cannot be reached',
      );
      return false;
    }
    const { channel } = contact.way;
    const recipient =
      channel === 'email' && contact.address ? { recipient: maskedAddress(contact.address) } : {};
    await deliveries.enqueue({ ...delivery, channel, messageId, ...recipient, ...words });
    return true;
  };

  const render = async (
    ticket: Ticket,
    { template, send: isSent }: AskedUpdate,
    { contact, at }: { contact: CustomerContact; at: number },
  ): Promise<Wording | null> => {
    const found = await templates.get(template);
    const author = isSent ? 'system' : 'agent';
    return (
      found &&
      renderTemplate(found.body, templateValues(ticket, { subject: contact.subject, author, at }), contact)
    );
  };

  const carryOut = async (
    row: LedgerRow,
    ticket: Ticket,
    asked: AskedUpdate,
    index: number,
  ): Promise<void> => {
    const { ticketId, event } = row;
    const id = updateId(event, index);
    const contact = await contactOf({ id: ticketId, customer: ticket.attributes.customer ?? null });
    const wording = await render(ticket, asked, { contact, at: event.receivedAt });
    if (!wording) {
      const error = `There is no template ${asked.template}`;
      await deliveries.refuse({ ticketId, eventId: id, channel: 'none', purpose: CUSTOMER_UPDATE, error });
      log.error({ about: ticketId, eventId: id, error }, 'a customer update cannot be worded');
      return;
    }
    // What was worded first stands, however often the row is read.
    const messageId = factDigest(ticketId, id);
    const { text } = await intake.receive({ messageId, ticketId, text: { ...wording } });
    const { template } = asked;
    const isSent =
      asked.send &&
      (await send({ ticketId, id, messageId: `${ticketId}.${event.sequence}.update.${index}` }, contact, {
        textId: text!.id,
        fact: {
          id,
          type: 'messageAdded',
          author: 'system',
          visibility: 'public',
          update: true,
          template,
          text: text!,
        },
      }));
    if (isSent || isUnwanted(contact)) return;
    const draft = draftId(ticketId, id);
    const drafted = { type: 'updateDrafted', draft, template, text: text! } as const;
    await tell(ticketId, [{ ...drafted, id: `${id}/draft`, occurredAt: event.receivedAt, actor: TIERLINE }]);
  };

  /** An agent's words go to the customer; anybody's go to those of the tickets that are part of it (docs/rules.md §9). */
  const passOn = async ({ ticketId, event }: LedgerRow & { event: MessageEvent }): Promise<void> => {
    const ticket = await tickets.get(ticketId);
    if (ticket?.mode !== 'act' || !event.text) return;
    const { id, text, sequence } = event;
    const to = async (one: TicketRecord, eventId: string): Promise<void> => {
      const messageId = `${one.id}.${ticketId === one.id ? '' : `${ticketId}.`}${sequence}.update`;
      await send({ ticketId: one.id, id: eventId, messageId }, await contactOf(one), { textId: text.id });
    };
    if (event.author === 'agent') await to(ticket, updateId(event, 0));
    const { links = [] } = ticket.teamwork as Partial<Teamwork>;
    for (const { relation, reference } of links) {
      const part = relation === 'child' ? await tickets.get(reference) : null;
      const isOpen = part !== null && part.mode === 'act' && !['closed', 'cancelled'].includes(part.state);
      if (isOpen) await to(part, `${ticketId}/${id}/update/0`);
    }
  };

  return async (row: LedgerRow): Promise<void> => {
    const { event } = row;
    if (isUpdate(event) && !event.moot && !event.imported) await passOn({ ...row, event });
    if (!(await mayAsk(row))) return;
    const [before, after] = await aroundEvent(row);
    const asked = updatesAskedBy(event, before, after);
    for (const [index, one] of asked.entries()) await carryOut(row, after, one, index);
  };
}

/** A draft is for customers that somebody may reach otherwise, not for those who want none. */
const isUnwanted = ({ way }: CustomerContact): boolean => 'isUnwanted' in way;

export interface UpdateWordsDeps {
  tickets: Pick<TicketStore, 'get' | 'text'>;
  contactOf: ContactOf;
}

/** The message of an update in the outbox, from its words and the customer as they are now; for `OutboxDeps.compose`. */
export function createUpdateWords({ tickets, contactOf }: UpdateWordsDeps) {
  return async ({
    ticketId,
    eventId,
    messageId,
    textId,
  }: DueDelivery & { textId: string }): Promise<ChannelMessage> => {
    const [ticket, stored] = await Promise.all([tickets.get(ticketId), tickets.text(textId)]);
    const { subject: own, text } = (stored?.body ?? {}) as Partial<Wording>;
    if (!ticket || text === undefined) throw new SendFault('The words were erased', { permanent: true });
    const contact = await contactOf(ticket);
    const subject = own ?? subjectLine(contact.subject ?? ticketId);
    const { requester, address } = contact;
    return {
      id: messageId,
      letter: { ...(address !== null && { to: address }), subject, text, thread: ticketId },
      body: {
        type: CUSTOMER_UPDATE,
        timestamp: stored!.createdAt.toISOString(),
        data: {
          ticketId,
          updateId: eventId,
          subject,
          text,
          requester,
          links: { ticket: `/v1/tickets/${ticketId}` },
        },
      },
    };
  };
}
