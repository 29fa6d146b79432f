/** Problems: read from the rows that are written with their journals; occurrences, noted by one SQL function. */
import { journalRow, openJournal } from '../domain/journal.ts';
import { problemJournal, type Problem, type ProblemBody, type ProblemState } from '../domain/problem.ts';
import type { Database } from './client.ts';
import type { Problem as ProblemRow, ProblemTicket } from './generated/client.ts';

export type ProblemTicketRecord = ProblemTicket;

/** A problem and how many tickets it has. */
export type ProblemRecord = Problem & { tickets: number };

export interface ProblemFilter {
  state?: ProblemState[] | undefined;
  fingerprint?: string | undefined;
  owner?: string | undefined;
  /** One of its tickets. */
  ticketId?: string | undefined;
}

/** The last row of a page. */
export interface ProblemMark {
  at: number;
  id: string;
}

/** A ticket with a fingerprint, and what opens a problem if it is one too many. Instants are epoch milliseconds. */
export interface Occurrence {
  ticketId: string;
  fingerprint: string;
  openedAt: number;
  /** How many within how long are one too many. */
  count: number;
  withinMs: number;
  /** The problem that would be opened. */
  problemId: string;
  opening: Extract<ProblemBody, { type: 'opened' }>;
  now: number;
}

/**
 * `noted`: not often enough. `opened`: this one was one too many. `joined`: there was an unresolved problem. `known`:
 * this ticket belongs to a problem already.
 */
export type NotedOccurrence = { what: 'noted' } | { what: 'opened' | 'joined' | 'known'; problemId: string };

export interface ProblemStore {
  get(id: string): Promise<ProblemRecord | null>;
  /** Newest first. */
  list(filter: ProblemFilter, page: { after: ProblemMark | null; limit: number }): Promise<ProblemRecord[]>;
  /** Its tickets by id. */
  tickets(id: string, page: { after: string | null; limit: number }): Promise<ProblemTicketRecord[]>;
  isLinked(id: string, ticketId: string): Promise<boolean>;
  /** Its tickets that are neither closed nor cancelled and were linked by then (epoch milliseconds); or only this one. */
  openTickets(id: string, linked: { by: number; only?: string | undefined }): Promise<string[]>;
  /** Notes an occurrence, once per ticket, however many come at once (migration 0006). */
  noteOccurrence(occurrence: Occurrence): Promise<NotedOccurrence>;
  /** The ticket says too little of itself by now: it counts no more, unless it belongs to a problem. */
  forgetOccurrence(ticketId: string): Promise<void>;
}

export function createProblemStore(database: Database): ProblemStore {
  const records = async (rows: readonly ProblemRow[]): Promise<ProblemRecord[]> => {
    const groups = await database.problemTicket.groupBy({
      by: ['problemId'],
      where: { problemId: { in: rows.map(({ id }) => id) } },
      _count: true,
    });
    const counts = new Map(groups.map(({ problemId, _count }) => [problemId, _count]));
    return rows.map(({ id, sequence, body }) => ({
      ...(body as unknown as Omit<Problem, 'id' | 'sequence'>),
      id,
      sequence,
      tickets: counts.get(id) ?? 0,
    }));
  };

  return {
    async get(id) {
      const row = await database.problem.findUnique({ where: { id } });
      return row ? (await records([row]))[0]! : null;
    },
    async list({ state, fingerprint, owner, ticketId }, { after, limit }) {
      const links =
        ticketId === undefined
          ? null
          : await database.problemTicket.findMany({ where: { ticketId }, select: { problemId: true } });
      const rows = await database.problem.findMany({
        where: {
          ...(state && { state: { in: state } }),
          ...(fingerprint !== undefined && { fingerprint }),
          ...(owner !== undefined && { owner }),
          ...(links && { id: { in: links.map(({ problemId }) => problemId) } }),
          AND: after
            ? [
                {
                  OR: [
                    { openedAt: { lt: new Date(after.at) } },
                    { openedAt: new Date(after.at), id: { gt: after.id } },
                  ],
                },
              ]
            : [],
        },
        orderBy: [{ openedAt: 'desc' }, { id: 'asc' }],
        take: limit,
      });
      return records(rows);
    },
    tickets: (problemId, { after, limit }) =>
      database.problemTicket.findMany({
        where: { problemId, ...(after !== null && { ticketId: { gt: after } }) },
        orderBy: { ticketId: 'asc' },
        take: limit,
      }),
    async isLinked(problemId, ticketId) {
      const row = await database.problemTicket.findUnique({
        where: { problemId_ticketId: { problemId, ticketId } },
      });
      return row !== null;
    },
    async openTickets(id, { by, only }) {
      const rows = await database.$queryRaw<{ id: string }[]>`
        SELECT t.id FROM problem_tickets p JOIN tickets t ON t.id = p.ticket_id
        WHERE p.problem_id = ${id} AND p.linked_at <= ${new Date(by)}::timestamptz
          AND (${only ?? null}::text IS NULL OR t.id = ${only ?? null}::text)
          AND t.state NOT IN ('closed', 'cancelled')
        ORDER BY t.id`;
      return rows.map((row) => row.id);
    },
    async noteOccurrence({ ticketId, fingerprint, openedAt, count, withinMs, problemId, opening, now }) {
      const { state, events } = openJournal(problemJournal, problemId, { body: opening, occurredAt: now });
      const [row] = await database.$queryRaw<{ answer: NotedOccurrence }[]>`
        SELECT tierline_note_occurrence(${ticketId}, ${fingerprint}, ${openedAt}::bigint, ${count}::int,
          ${withinMs}::bigint, ${problemId}, ${JSON.stringify(events[0])}::jsonb,
          ${JSON.stringify(journalRow(problemJournal, state))}::jsonb) AS answer`;
      return row!.answer;
    },
    async forgetOccurrence(ticketId) {
      await database.occurrence.deleteMany({ where: { ticketId, problemId: null } });
    },
  };
}
