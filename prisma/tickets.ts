/** Reading tickets: the projection, the texts beside it, and the ledger as a timeline. */
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import type { LedgerEvent, Text, Ticket } from './generated/client.ts';
import { whereVisible } from './visibility.ts';

export type TicketRecord = Ticket;
export type LedgerRecord = LedgerEvent;
export type TextRecord = Text;

export interface TicketFilter {
  tier?: number[] | undefined;
  priority?: string[] | undefined;
  state?: string[] | undefined;
  breached?: boolean | undefined;
  customer?: string | undefined;
  assignee?: string | undefined;
  sight: Sight;
}

export type TicketSort = 'openedAt' | '-openedAt' | 'nextDeadlineAt';

/** The last row of a page: what the next one comes after. */
export interface TicketMark {
  /** Epoch milliseconds of the sorted instant; null sorts last. */
  at: number | null;
  id: string;
}

export interface TicketStore {
  get(ticketId: string): Promise<TicketRecord | null>;
  list(
    filter: TicketFilter,
    page: { sort: TicketSort; after: TicketMark | null; limit: number },
  ): Promise<TicketRecord[]>;
  /** Text of the openings, by ticket. */
  openingTexts(ticketIds: readonly string[]): Promise<Map<string, TextRecord>>;
  text(id: string): Promise<TextRecord | null>;
  /** What was written into the ticket's packet, oldest first; null where it was erased. */
  packetTexts(ticketId: string): Promise<unknown[]>;
  /** The subject of whoever opened it; null where it opened by itself. */
  openerOf(ticketId: string): Promise<string | null>;
  /** Which of these event ids are in the ticket's ledger. */
  knownEventIds(ticketId: string, ids: readonly string[]): Promise<Set<string>>;
  timeline(
    ticketId: string,
    page: { after: number; limit: number },
  ): Promise<(LedgerRecord & { text: TextRecord | null })[]>;
}

export const markOf = (ticket: TicketRecord, sort: TicketSort): TicketMark => ({
  at: (sort === 'nextDeadlineAt' ? ticket.nextDeadlineAt : ticket.openedAt)?.getTime() ?? null,
  id: ticket.id,
});

/** Rows after the mark, in the order of the sort; ids break ties so that no row is skipped or shown twice. */
function afterMark(sort: TicketSort, { at, id }: TicketMark) {
  if (sort === '-openedAt')
    return { OR: [{ openedAt: { lt: new Date(at!) } }, { openedAt: new Date(at!), id: { gt: id } }] };
  if (sort === 'openedAt')
    return { OR: [{ openedAt: { gt: new Date(at!) } }, { openedAt: new Date(at!), id: { gt: id } }] };
  if (at === null) return { nextDeadlineAt: null, id: { gt: id } };
  return {
    OR: [
      { nextDeadlineAt: { gt: new Date(at) } },
      { nextDeadlineAt: new Date(at), id: { gt: id } },
      { nextDeadlineAt: null },
    ],
  };
}

const ORDER = {
  openedAt: [{ openedAt: 'asc' as const }, { id: 'asc' as const }],
  '-openedAt': [{ openedAt: 'desc' as const }, { id: 'asc' as const }],
  nextDeadlineAt: [
    { nextDeadlineAt: { sort: 'asc' as const, nulls: 'last' as const } },
    { id: 'asc' as const },
  ],
};

export function createTicketStore(database: Database): TicketStore {
  return {
    get: (id) => database.ticket.findUnique({ where: { id } }),
    list({ tier, priority, state, breached, customer, assignee, sight }, { sort, after, limit }) {
      return database.ticket.findMany({
        where: {
          ...(tier && { tier: { in: tier } }),
          ...(priority && { priority: { in: priority } }),
          ...(state && { state: { in: state } }),
          ...(breached !== undefined && { breached }),
          ...(customer !== undefined && { customer }),
          ...(assignee !== undefined && { assignee }),
          AND: [whereVisible(sight), ...(after ? [afterMark(sort, after)] : [])],
        },
        orderBy: ORDER[sort],
        take: limit,
      });
    },
    async openingTexts(ticketIds) {
      const openings = await database.ledgerEvent.findMany({
        where: { ticketId: { in: [...ticketIds] }, sequence: 1, textId: { not: null } },
        select: { textId: true },
      });
      const texts = await database.text.findMany({
        where: { id: { in: openings.map(({ textId }) => textId!) } },
      });
      return new Map(texts.map((text) => [text.ticketId, text]));
    },
    text: (id) => database.text.findUnique({ where: { id } }),
    async packetTexts(ticketId) {
      const events = await database.ledgerEvent.findMany({
        where: { ticketId, type: { in: ['packetWritten', 'handoffOffered'] }, textId: { not: null } },
        orderBy: { sequence: 'asc' },
        select: { textId: true },
      });
      const ids = events.map(({ textId }) => textId!);
      const texts = await database.text.findMany({ where: { id: { in: ids } } });
      const bodies = new Map(texts.map(({ id, body }) => [id, body]));
      return ids.map((id) => bodies.get(id) ?? null);
    },
    async openerOf(ticketId) {
      const opened = await database.ledgerEvent.findFirst({
        where: { ticketId, sequence: 1 },
        select: { actor: true },
      });
      return (opened?.actor as { subject?: string } | null | undefined)?.subject ?? null;
    },
    async knownEventIds(ticketId, ids) {
      const rows = await database.ledgerEvent.findMany({
        where: { ticketId, id: { in: [...ids] } },
        select: { id: true },
      });
      return new Set(rows.map(({ id }) => id));
    },
    async timeline(ticketId, { after, limit }) {
      const events = await database.ledgerEvent.findMany({
        where: { ticketId, sequence: { gt: after } },
        orderBy: { sequence: 'asc' },
        take: limit,
      });
      const ids = events.flatMap(({ textId }) => textId ?? []);
      const texts = ids.length > 0 ? await database.text.findMany({ where: { id: { in: ids } } }) : [];
      const byId = new Map(texts.map((text) => [text.id, text]));
      return events.map((event) => ({ ...event, text: byId.get(event.textId ?? '') ?? null }));
    },
  };
}
