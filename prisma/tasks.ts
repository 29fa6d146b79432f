/** Reading tasks: one row for each, written with its journal. */
import type { Task, TaskKind, TaskState, TaskSubject } from '../domain/task.ts';
import type { Database } from './client.ts';
import type { Task as TaskRow } from './generated/client.ts';

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
  get(id: string): Promise<Task | null>;
  /** The next due first. `now` in epoch milliseconds says what is overdue. */
  list(filter: TaskFilter, page: { after: TaskMark | null; limit: number; now: number }): Promise<Task[]>;
}

const taskOf = ({ id, sequence, body }: TaskRow): Task => ({
  ...(body as unknown as Omit<Task, 'id' | 'sequence'>),
  id,
  sequence,
});

export function createTaskStore(database: Database): TaskStore {
  return {
    async get(id) {
      const row = await database.task.findUnique({ where: { id } });
      return row && taskOf(row);
    },
    async list({ owner, state, kind, subject, overdue }, { after, limit, now }) {
      const isOverdue = { state: 'open', dueAt: { lt: new Date(now) } };
      const rows = await database.task.findMany({
        where: {
          ...(owner !== undefined && { owner }),
          ...(state && { state: { in: state } }),
          ...(kind && { kind: { in: kind } }),
          ...(subject && { subjectType: subject.type, subjectId: subject.id }),
          AND: [
            overdue === undefined ? {} : overdue ? isOverdue : { NOT: isOverdue },
            after
              ? {
                  OR: [
                    { dueAt: { gt: new Date(after.at) } },
                    { dueAt: new Date(after.at), id: { gt: after.id } },
                  ],
                }
              : {},
          ],
        },
        orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
        take: limit,
      });
      return rows.map(taskOf);
    },
  };
}
