/** Reading tasks: one row for each, written with its journal. */
import type { Task, TaskKind, TaskState, TaskSubject } from '../domain/task.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { Prisma } from './generated/client.ts';
import { among, given } from './conditions.ts';
import { stateOf, type StateRow } from './journals.ts';
import { ofVisibleProblem, ofVisibleReview, ofVisibleTicket } from './visibility.ts';

export interface TaskFilter {
  owner?: string | undefined;
  state?: TaskState[] | undefined;
  kind?: TaskKind[] | undefined;
  subject?: TaskSubject | undefined;
  /** Open and past its due date, or not. */
  overdue?: boolean | undefined;
}

/** The last row of a page. */
export interface TaskMark {
  at: number;
  id: string;
}

export interface TaskStore {
  get(id: string, sight: Sight): Promise<Task | null>;
  /** The next due first. `now` in epoch milliseconds says what is overdue. */
  list(
    filter: TaskFilter,
    page: { after: TaskMark | null; limit: number; now: number; sight: Sight },
  ): Promise<Task[]>;
}

const { sql } = Prisma;

/** A task is seen by whoever sees what it is for. Condition on the task that the query calls `k`. */
const visibleTask = (sight: Sight): Prisma.Sql =>
  sight === null
    ? sql`true`
    : sql`(k.subject_type <> 'ticket' OR ${ofVisibleTicket(sql`k.subject_id`, sight)})
        AND (k.subject_type <> 'problem' OR ${ofVisibleProblem(sql`k.subject_id`, sight)})
        AND (k.subject_type <> 'review' OR ${ofVisibleReview(sql`k.subject_id`, sight)})`;

export function createTaskStore(database: Database): TaskStore {
  return {
    async get(id, sight) {
      const rows = await database.$queryRaw<StateRow[]>`
        SELECT k.id, k.sequence, k.body FROM tasks k WHERE k.id = ${id} AND ${visibleTask(sight)}`;
      return rows[0] ? stateOf<Task>(rows[0]) : null;
    },
    async list({ owner, state, kind, subject, overdue }, { after, limit, now, sight }) {
      const isOverdue = sql`(k.state = 'open' AND k.due_at < ${new Date(now)}::timestamptz)`;
      const rows = await database.$queryRaw<StateRow[]>`
        SELECT k.id, k.sequence, k.body FROM tasks k
        WHERE ${given(owner, sql`k.owner`)} AND ${among(state, sql`k.state`)} AND ${among(kind, sql`k.kind`)}
          AND ${given(subject?.type, sql`k.subject_type`)} AND ${given(subject?.id, sql`k.subject_id`)}
          AND ${overdue === undefined ? sql`true` : overdue ? isOverdue : sql`NOT ${isOverdue}`}
          AND ${after ? sql`(k.due_at, k.id) > (${new Date(after.at)}::timestamptz, ${after.id}::text)` : sql`true`}
          AND ${visibleTask(sight)}
        ORDER BY k.due_at, k.id LIMIT ${limit}`;
      return rows.map(stateOf<Task>);
    },
  };
}
