/** Problems: read from the rows that are written with their journals; occurrences, noted by one SQL function. */
import { journalRow, openJournal } from '../domain/journal.ts';
import { problemJournal, type Problem, type ProblemBody, type ProblemState } from '../domain/problem.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { Prisma, type ProblemTicket } from './generated/client.ts';
import { among, given } from './conditions.ts';
import { stateOf, type StateRow } from './journals.ts';
import { ofVisibleProblem, ofVisibleTicket, visibleTo } from './visibility.ts';

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
  get(id: string, sight: Sight): Promise<ProblemRecord | null>;
  /** Newest first. */
  list(
    filter: ProblemFilter,
    page: { after: ProblemMark | null; limit: number; sight: Sight },
  ): Promise<ProblemRecord[]>;
  /** Its tickets by id. */
  tickets(
    id: string,
    page: { after: string | null; limit: number; sight: Sight },
  ): Promise<ProblemTicketRecord[]>;
  /** Which of these tickets are not to be told of. */
  hidden(ticketIds: readonly string[], sight: Sight): Promise<Set<string>>;
  isLinked(id: string, ticketId: string): Promise<boolean>;
  /** Its tickets that are neither closed nor cancelled and were linked by then (epoch milliseconds); or only this one. */
  openTickets(id: string, linked: { by: number; only?: string | undefined }): Promise<string[]>;
  /** Notes an occurrence, once per ticket, however many come at once (migration 0006). */
  noteOccurrence(occurrence: Occurrence): Promise<NotedOccurrence>;
  /** The ticket says too little of itself by now: it counts no more, unless it belongs to a problem. */
  forgetOccurrence(ticketId: string): Promise<void>;
}

const { sql } = Prisma;

type Row = StateRow & { tickets: number };

const problemOf = ({ tickets, ...row }: Row): ProblemRecord => ({ ...stateOf<Problem>(row), tickets });

export function createProblemStore(database: Database): ProblemStore {
  const of = (sight: Sight, where: Prisma.Sql, rest: Prisma.Sql = Prisma.empty) => database.$queryRaw<Row[]>`
    SELECT b.id, b.sequence, b.body, (SELECT count(*)::int FROM problem_tickets l
      WHERE l.problem_id = b.id AND ${ofVisibleTicket(sql`l.ticket_id`, sight)}) AS tickets
    FROM problems b WHERE ${where} AND ${ofVisibleProblem(sql`b.id`, sight)} ${rest}`;

  return {
    async get(id, sight) {
      const [row] = await of(sight, sql`b.id = ${id}`);
      return row ? problemOf(row) : null;
    },
    async list({ state, fingerprint, owner, ticketId }, { after, limit, sight }) {
      const where = [
        among(state, sql`b.state`),
        given(fingerprint, sql`b.fingerprint`),
        given(owner, sql`b.owner`),
        ...(ticketId === undefined
          ? []
          : [sql`b.id IN (SELECT l.problem_id FROM problem_tickets l WHERE l.ticket_id = ${ticketId})`]),
        ...(after === null
          ? []
          : [
              sql`(b.opened_at < ${new Date(after.at)}::timestamptz
                OR b.opened_at = ${new Date(after.at)}::timestamptz AND b.id > ${after.id})`,
            ]),
      ];
      const rows = await of(
        sight,
        Prisma.join(where, ' AND '),
        sql`ORDER BY b.opened_at DESC, b.id LIMIT ${limit}`,
      );
      return rows.map(problemOf);
    },
    tickets: (problemId, { after, limit, sight }) => database.$queryRaw<ProblemTicketRecord[]>`
      SELECT l.problem_id AS "problemId", l.ticket_id AS "ticketId", l.by, l.opened_at AS "openedAt",
        l.linked_at AS "linkedAt"
      FROM problem_tickets l
      WHERE l.problem_id = ${problemId} AND (${after}::text IS NULL OR l.ticket_id > ${after}::text)
        AND ${ofVisibleTicket(sql`l.ticket_id`, sight)}
      ORDER BY l.ticket_id LIMIT ${limit}`,
    async hidden(ticketIds, sight) {
      const rows = await database.$queryRaw<{ id: string }[]>`
        SELECT t.id FROM tickets t WHERE t.id = ANY(${[...ticketIds]}::text[]) AND NOT ${visibleTo(sight)}`;
      return new Set(rows.map(({ id }) => id));
    },
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
          ${JSON.stringify(journalRow(problemJournal, state, now))}::jsonb) AS answer`;
      return row!.answer;
    },
    async forgetOccurrence(ticketId) {
      await database.occurrence.deleteMany({ where: { ticketId, problemId: null } });
    },
  };
}
