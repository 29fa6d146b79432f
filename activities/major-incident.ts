/**
 * A major incident speaks for the tickets that are part of it: its public words count for them too, and they may be
 * resolved with it (docs/rules.md §9).
 */
import { TIERLINE, type DeskBody, type Fact } from '../domain/events.ts';
import type { Teamwork } from '../domain/projection.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { TicketStore } from '../prisma/tickets.ts';

export interface MajorIncidentDeps {
  tickets: Pick<TicketStore, 'get'>;
  /** Tells a ticket what happened, now or as soon as the engine is back. */
  tell: (ticketId: string, facts: readonly Fact[]) => Promise<unknown>;
}

/** A part and its whole know of each other, whoever was told. */
function partOf({ ticketId, event }: LedgerRow): { parent: string; body: DeskBody } | null {
  if (event.type !== 'linked' && event.type !== 'unlinked') return null;
  if (event.relation !== 'parent') return null;
  return {
    parent: event.reference,
    body: { type: event.type, relation: 'child', reference: ticketId },
  };
}

/** What the parts hear of something that happened to the whole; null for what concerns the whole alone. */
function wordFor({ ticketId, event }: LedgerRow): DeskBody | null {
  if (event.type === 'messageAdded' && event.visibility === 'public' && event.author !== 'customer')
    return event.parent === undefined
      ? { type: 'messageAdded', author: event.author, visibility: 'public', parent: ticketId }
      : null;
  if (event.type !== 'resolved' || !event.children) return null;
  const { causeCode, article } = event;
  return { type: 'resolved', ...(causeCode && { causeCode }), ...(article && { article }) };
}

/** The reader `major-incidents`: deals with one row of the ledger. Facts count once by their id, however often it is read. */
export function createMajorIncidents({ tickets, tell }: MajorIncidentDeps) {
  const factFor = ({ ticketId, event }: LedgerRow, body: DeskBody): Fact => ({
    ...body,
    id: `major/${ticketId}/${event.sequence}`,
    occurredAt: event.occurredAt,
    actor: event.actor ?? TIERLINE,
    // The words lie where they were written, with the whole.
    ...(event.text && { text: event.text }),
  });
  return async (row: LedgerRow): Promise<void> => {
    if (row.event.moot !== undefined || row.event.imported) return;
    const part = partOf(row);
    if (part) {
      if (await tickets.get(part.parent)) await tell(part.parent, [factFor(row, part.body)]);
      return;
    }
    const word = wordFor(row);
    if (!word) return;
    const whole = await tickets.get(row.ticketId);
    const { links = [] } = (whole?.teamwork ?? {}) as Partial<Teamwork>;
    for (const { relation, reference } of links)
      if (relation === 'child') await tell(reference, [factFor(row, word)]);
  };
}
