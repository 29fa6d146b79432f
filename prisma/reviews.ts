/** Reading reviews: one row for each, written with its journal. */
import type { Review, ReviewState } from '../domain/review.ts';
import type { Database } from './client.ts';
import type { Review as ReviewRow } from './generated/client.ts';

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
  get(id: string): Promise<Review | null>;
  /** The review of an incident. */
  ofTicket(ticketId: string): Promise<Review | null>;
  /** The newest first. `now` in epoch milliseconds says what is overdue. */
  list(
    filter: ReviewFilter,
    page: { after: ReviewMark | null; limit: number; now: number },
  ): Promise<Review[]>;
  /** Ids of the runs of containment playbooks on an incident. */
  runsOf(ticketId: string): Promise<string[]>;
  /** Ids of those that watch for incidents with this fingerprint. */
  watching(fingerprint: string): Promise<string[]>;
}

const reviewOf = ({ id, sequence, body }: ReviewRow): Review => ({
  ...(body as unknown as Omit<Review, 'id' | 'sequence'>),
  id,
  sequence,
});

export function createReviewStore(database: Database): ReviewStore {
  return {
    async get(id) {
      const row = await database.review.findUnique({ where: { id } });
      return row && reviewOf(row);
    },
    async ofTicket(ticketId) {
      const row = await database.review.findUnique({ where: { ticketId } });
      return row && reviewOf(row);
    },
    async list({ state, owner, severity, ticketId, overdue }, { after, limit, now }) {
      const isOverdue = { dueAt: { lt: new Date(now) } };
      const rows = await database.review.findMany({
        where: {
          ...(state && { state: { in: state } }),
          ...(owner !== undefined && { owner }),
          ...(severity !== undefined && { severity }),
          ...(ticketId !== undefined && { ticketId }),
          AND: [
            overdue === undefined
              ? {}
              : overdue
                ? isOverdue
                : { OR: [{ dueAt: null }, { dueAt: { gte: new Date(now) } }] },
            after
              ? {
                  OR: [
                    { openedAt: { lt: new Date(after.at) } },
                    { openedAt: new Date(after.at), id: { lt: after.id } },
                  ],
                }
              : {},
          ],
        },
        orderBy: [{ openedAt: 'desc' }, { id: 'desc' }],
        take: limit,
      });
      return rows.map(reviewOf);
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
