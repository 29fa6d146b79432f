/** The ledger: appended to by one SQL function per turn, read back as domain events. */
import type { EventType, LedgerEvent } from '../domain/events.ts';
import type { Projection } from '../domain/projection.ts';
import type { Database } from './client.ts';

/** Events of the engine's own book: they fold into nothing, and are most of a ledger. */
export const ENGINE_BOOK: readonly EventType[] = [
  'stepReached',
  'stepSkipped',
  'notificationRequested',
  'breached',
  'breachWithdrawn',
  'factRejected',
];

/** One turn of a ticket's loop. */
export interface LedgerTurn {
  ticketId: string;
  /** Sequence after which the events come; must still be the last. */
  head: number;
  events: readonly LedgerEvent[];
  projection: Projection;
}

export type LedgerAnswer =
  | { recorded: true }
  /** Nothing was written: the ledger is ahead (`events`), or some ids are older than remembered (`known`). */
  | { recorded: false; events: LedgerEvent[]; known: { id: string; sequence: number }[] };

export interface Ledger {
  record(turn: LedgerTurn): Promise<LedgerAnswer>;
  /** A ticket's events after `after`, oldest first. */
  events(ticketId: string, after?: number): Promise<LedgerEvent[]>;
  /** Sequence of the event with this id, if it is in the ticket's ledger. */
  sequenceOf(ticketId: string, eventId: string): Promise<number | null>;
}

export function createLedger(database: Database): Ledger {
  return {
    async record({ ticketId, head, events, projection }) {
      const [row] = await database.$queryRaw<{ answer: LedgerAnswer }[]>`
        SELECT tierline_record(${ticketId}, ${head}::int, ${JSON.stringify(events)}::jsonb,
          ${JSON.stringify(projection.ticket)}::jsonb, ${JSON.stringify(projection.clocks)}::jsonb) AS answer`;
      return row!.answer;
    },
    async events(ticketId, after = 0) {
      const [row] = await database.$queryRaw<{ events: LedgerEvent[] }[]>`
        SELECT tierline_events(${ticketId}, ${after}::int) AS events`;
      return row!.events;
    },
    async sequenceOf(ticketId, id) {
      const row = await database.ledgerEvent.findUnique({
        where: { ticketId_id: { ticketId, id } },
        select: { sequence: true },
      });
      return row?.sequence ?? null;
    },
  };
}
