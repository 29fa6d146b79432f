/** Reading reviews: one row for each, written with its journal. */
import type { Review, ReviewState } from '../domain/review.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { Prisma } from './generated/client.ts';
import { among, given } from './conditions.ts';
import { stateOf, type StateRow } from './journals.ts';
import { ofVisibleTicket } from './visibility.ts';

const { sql } = Prisma;

export interface ReviewFilter {
  state?: ReviewState[] | undefined;
  owner?: string | undefined;
  severity?: string | undefined;
  ticketId?: string | undefined;
  /** Past what is due next, or not. */
  overdue?: boolean | undefined;
}

/** The last row of a page. */
export interface ReviewMark {
  at: number;
  id: string;
}

export interface ReviewStore {
  get(id: string, sight: Sight): Promise<Review | null>;
  /** The review of an incident. */
  ofTicket(ticketId: string): Promise<Review | null>;
  /** The newest first. `now` in epoch milliseconds says what is overdue. */
  list(
    filter: ReviewFilter,
    page: { after: ReviewMark | null; limit: number; now: number; sight: Sight },
  ): Promise<Review[]>;
  /** Ids of the runs of containment playbooks on an incident. */
  runsOf(ticketId: string): Promise<string[]>;
  /** Ids of those that watch for incidents with this fingerprint. */
  watching(fingerprint: string): Promise<string[]>;
}

export function createReviewStore(database: Database): ReviewStore {
  return {
    async get(id, sight) {
      const [row] = await database.$queryRaw<StateRow[]>`
        SELECT v.id, v.sequence, v.body FROM reviews v
        WHERE v.id = ${id} AND ${ofVisibleTicket(sql`v.ticket_id`, sight)}`;
      return row ? stateOf<Review>(row) : null;
    },
    async ofTicket(ticketId) {
      const row = await database.review.findUnique({ where: { ticketId } });
      return row && stateOf<Review>(row);
    },
    async list({ state, owner, severity, ticketId, overdue }, { after, limit, now, sight }) {
      const isOverdue = sql`coalesce(v.due_at < ${new Date(now)}::timestamptz, false)`;
      const rows = await database.$queryRaw<StateRow[]>`
        SELECT v.id, v.sequence, v.body FROM reviews v
        WHERE ${among(state, sql`v.state`)} AND ${given(owner, sql`v.owner`)}
          AND ${given(severity, sql`v.severity`)} AND ${given(ticketId, sql`v.ticket_id`)}
          AND ${overdue === undefined ? sql`true` : overdue ? isOverdue : sql`NOT ${isOverdue}`}
          AND ${after ? sql`(v.opened_at, v.id) < (${new Date(after.at)}::timestamptz, ${after.id}::text)` : sql`true`}
          AND ${ofVisibleTicket(sql`v.ticket_id`, sight)}
        ORDER BY v.opened_at DESC, v.id DESC LIMIT ${limit}`;
      return rows.map(stateOf<Review>);
    },
    async runsOf(ticketId) {
      const rows = await database.containment.findMany({ where: { ticketId }, select: { id: true } });
      return rows.map(({ id }) => id);
    },
    async watching(fingerprint) {
      const rows = await database.review.findMany({
        where: { state: 'quiet', body: { path: ['fingerprint'], equals: fingerprint } },
        select: { id: true },
      });
      return rows.map(({ id }) => id);
    },
  };
}
