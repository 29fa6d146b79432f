/** What tasks ask to tell: a reminder, that one is overdue, a step of its escalation; to the log and the outbox. */
import { SEES_ALL } from '../domain/visibility.ts';
import type { TaskEvent } from '../domain/task.ts';
import type { JournalLogRow } from '../prisma/journals.ts';
import type { TaskStore } from '../prisma/tasks.ts';
import type { JournalHandler } from './follow.ts';
import { createDispatch, type DispatchDeps } from './dispatch.ts';

const TYPES = { reminded: 'task.reminder', overdue: 'task.overdue', escalated: 'task.escalated' } as const;

interface TaskMessage {
  type: (typeof TYPES)[keyof typeof TYPES];
  timestamp: string;
  data: {
    taskId: string;
    kind: string;
    sequence: number;
    subject: { type: string; id: string };
    owner: string | null;
    dueAt: string;
    /** Of an escalation: which step, and whom it tells. */
    step?: number;
    to?: string;
    links: { task: string };
  };
}

type ToldEvent = Extract<TaskEvent, { type: keyof typeof TYPES }>;

const isTold = (event: TaskEvent): event is ToldEvent => event.type in TYPES;

function messageOf(
  event: ToldEvent,
  task: { id: string; kind: string; subject: TaskMessage['data']['subject'] },
): TaskMessage {
  return {
    type: TYPES[event.type],
    timestamp: new Date(event.occurredAt).toISOString(),
    data: {
      taskId: task.id,
      kind: task.kind,
      sequence: event.sequence,
      subject: task.subject,
      owner: event.owner,
      dueAt: new Date(event.dueAt).toISOString(),
      ...(event.type === 'escalated' && { step: event.step, to: event.to }),
      links: { task: `/v1/tasks/${task.id}` },
    },
  };
}

export interface TaskMessengerDeps extends DispatchDeps {
  tasks: Pick<TaskStore, 'get'>;
}

/** The reader `task-messages`: deals with one row of the journals. */
export function createTaskMessenger({ tasks, log, ...deps }: TaskMessengerDeps): JournalHandler {
  const dispatch = createDispatch(deps);
  return async ({ kind, journalId, event: told }: JournalLogRow) => {
    const event = told as TaskEvent;
    if (kind !== 'task' || !isTold(event)) return;
    const task = await tasks.get(journalId, SEES_ALL);
    if (!task) return;
    const message = messageOf(event, task);
    log.info({ ...message.data }, `${message.type} to ${message.data.to ?? event.owner ?? 'nobody'}`);
    await dispatch({ about: journalId, event, message });
  };
}
