/** A customer who writes to a closed ticket is heard: a linked follow-up ticket opens (docs/rules.md §9). */
import { TIERLINE, type TicketAttributes } from '../domain/events.ts';
import { AFTER_CLOSE, rebuild, type Ticket } from '../domain/ticket.ts';
import { factDigest } from '../prisma/intake.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { TicketStore } from '../prisma/tickets.ts';
import { openTicket, type OpeningDeps } from './opening.ts';

export interface FollowUpDeps extends OpeningDeps {
  ledger: Pick<Ledger, 'events'>;
  policies: Pick<PolicyStore, 'current' | 'version'>;
  tickets: Pick<TicketStore, 'openingTexts' | 'text'>;
}

/** What was written after the end, by the customer, here and now; imported past is not answered anew. */
function callsForFollowUp({ event }: LedgerRow): boolean {
  return (
    event.type === 'messageAdded' &&
    event.author === 'customer' &&
    event.moot === AFTER_CLOSE &&
    !event.imported
  );
}

/** The same message leads to the same ticket, however often its row is read. */
function idsFor({ ticketId, event }: LedgerRow): { ticketId: string; messageId: string } {
  const digest = factDigest(ticketId, event.id);
  return { ticketId: `tkt_${digest.slice(0, 32)}`, messageId: `follow-up-${digest}` };
}

function attributesFrom({ id, attributes }: Ticket): TicketAttributes {
  // The external reference stays with the ticket that holds it.
  const { external: _external, ...rest } = attributes;
  return { ...rest, followUpOf: id };
}

async function wordsFor(
  deps: FollowUpDeps,
  { ticketId, event }: LedgerRow,
): Promise<Record<string, unknown>> {
  const opening = (await deps.tickets.openingTexts([ticketId])).get(ticketId)?.body;
  const message = event.text && (await deps.tickets.text(event.text.id))?.body;
  const { subject, requester } = (opening ?? {}) as { subject?: string; requester?: unknown };
  const { text } = (message ?? {}) as { text?: string };
  return {
    subject: `Follow-up: ${subject ?? ticketId}`,
    ...(text !== undefined && { description: text }),
    ...(requester !== undefined && { requester }),
  };
}

/** The reader `follow-ups`: deals with one row of the ledger. */
export function createFollowUps(deps: FollowUpDeps) {
  return async (row: LedgerRow): Promise<void> => {
    if (!callsForFollowUp(row)) return;
    const closed = rebuild(row.ticketId, await deps.ledger.events(row.ticketId));
    const { name, version } = closed.rules.policy;
    const policy =
      (await deps.policies.current()).find((one) => one.name === name) ??
      (await deps.policies.version(name, version));
    await openTicket(deps, {
      ...idsFor(row),
      openedAt: row.event.occurredAt,
      actor: row.event.actor ?? TIERLINE,
      attributes: attributesFrom(closed),
      words: await wordsFor(deps, row),
      policy,
      mode: closed.mode,
    });
  };
}
