/** Reading containment runs: one row for each, written with its journal. */
import type { Run } from '../domain/run.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { Prisma } from './generated/client.ts';
import { stateOf, type StateRow } from './journals.ts';
import { ofVisibleTicket } from './visibility.ts';

const { sql } = Prisma;

export interface RunFilter {
  ticketId?: string | undefined;
  state?: readonly string[] | undefined;
  /** With something in force, or without. */
  inForce?: boolean | undefined;
  /** Waiting for somebody, or not. */
  awaiting?: boolean | undefined;
}

/** The last row of a page. */
export interface RunMark {
  at: number;
  id: string;
}

export interface ContainmentStore {
  get(id: string, sight: Sight): Promise<Run | null>;
  /** The newest first. */
  list(filter: RunFilter, page: { after: RunMark | null; limit: number; sight: Sight }): Promise<Run[]>;
}

export function createContainmentStore(database: Database): ContainmentStore {
  return {
    async get(id, sight) {
      const [row] = await database.$queryRaw<StateRow[]>`
        SELECT c.id, c.sequence, c.body FROM containments c
        WHERE c.id = ${id} AND ${ofVisibleTicket(sql`c.ticket_id`, sight)}`;
      return row ? stateOf<Run>(row) : null;
    },
    async list({ ticketId, state, inForce, awaiting }, { after, limit, sight }) {
      const conditions = [
        ofVisibleTicket(sql`c.ticket_id`, sight),
        ...(ticketId === undefined ? [] : [sql`c.ticket_id = ${ticketId}`]),
        ...(state === undefined ? [] : [sql`c.state = ANY(${[...state]}::text[])`]),
        ...(inForce === undefined ? [] : [sql`(c.in_force > 0) = ${inForce}`]),
        ...(awaiting === undefined ? [] : [sql`(c.awaiting > 0) = ${awaiting}`]),
        ...(after ? [sql`(c.requested_at, c.id) < (${new Date(after.at)}::timestamptz, ${after.id})`] : []),
      ];
      const rows = await database.$queryRaw<StateRow[]>`
        SELECT c.id, c.sequence, c.body FROM containments c
        WHERE ${Prisma.join(conditions, ' AND ')}
        ORDER BY c.requested_at DESC, c.id DESC LIMIT ${limit}`;
      return rows.map(stateOf<Run>);
    },
  };
}
