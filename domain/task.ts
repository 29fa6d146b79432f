/**
 * Tasks: follow-up work with an owner and a due date, which outlives the ticket it came from. Reminders, being overdue
 * and escalation are events of the task's own log; whoever tells people reads them there.
 */
import type { Actor, TextReference } from './events.ts';
import { mayBeSamePerson, type JournalEvent, type JournalKind } from './journal.ts';
import type { Refusal } from './refusals.ts';
import {
  inOrder,
  nextReminderAt,
  NOTHING_TOLD,
  reminderDue,
  toldWith,
  type DueDate,
  type ReminderBody,
  type Reminding,
} from './reminders.ts';

export const TASK_KINDS = [
  'rootCause',
  'permanentFix',
  'article',
  'reviewTask',
  'actionItem',
  'containment',
] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

export const TASK_STATES = ['open', 'done', 'verified', 'cancelled'] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const SUBJECT_TYPES = ['ticket', 'problem', 'review'] as const;

/** What a task is for. */
export interface TaskSubject {
  type: (typeof SUBJECT_TYPES)[number];
  id: string;
}

/** What a task is opened with. Its title is erasable text, stored apart. */
export interface TaskTerms extends Reminding {
  kind: TaskKind;
  subject: TaskSubject;
  owner: string | null;
  dueAt: number;
  /** Done is not enough: somebody else has to verify it. */
  needsVerification: boolean;
}

export type TaskBody =
  | ({ type: 'opened' } & TaskTerms)
  | { type: 'completed' }
  | { type: 'verified' }
  | { type: 'reopened' }
  | { type: 'reassigned'; owner: string | null; from: string | null }
  | { type: 'postponed'; dueAt: number; from: number }
  | { type: 'cancelled' }
  | ReminderBody;

export type TaskEvent = JournalEvent<TaskBody>;

export type TaskCommand =
  | { type: 'complete' }
  | { type: 'verify' }
  | { type: 'reopen' }
  | { type: 'reassign'; owner: string | null }
  | { type: 'postpone'; dueAt: number }
  | { type: 'cancel' };
export type TaskCommandType = TaskCommand['type'];

export interface Task extends TaskTerms, DueDate {
  id: string;
  sequence: number;
  state: TaskState;
  title: TextReference | null;
  openedAt: number;
  openedBy: Actor | null;
  completedAt: number | null;
  completedBy: Actor | null;
  verifiedAt: number | null;
  verifiedBy: Actor | null;
  cancelledAt: number | null;
  postponements: number;
}

/** Told to the owner a day before; to the lead a day after, to the manager three days after. */
export const TASK_REMINDERS: Reminding = {
  remindBeforeMs: [86_400_000],
  escalateAfterMs: [86_400_000, 3 * 86_400_000],
  escalateTo: ['lead', 'manager'],
};

const NOBODY_YET = {
  completedAt: null,
  completedBy: null,
  verifiedAt: null,
  verifiedBy: null,
  cancelledAt: null,
};

function opened(event: JournalEvent<Extract<TaskBody, { type: 'opened' }>>, id: string): Task {
  const { kind, subject, owner, dueAt, remindBeforeMs, escalateAfterMs, escalateTo, needsVerification } =
    event;
  return {
    id,
    sequence: event.sequence,
    state: 'open',
    kind,
    subject,
    owner,
    dueAt,
    remindBeforeMs: inOrder(remindBeforeMs),
    escalateAfterMs: inOrder(escalateAfterMs),
    escalateTo,
    needsVerification,
    title: event.text ?? null,
    openedAt: event.occurredAt,
    openedBy: event.actor ?? null,
    dueSince: event.occurredAt,
    ...NOBODY_YET,
    postponements: 0,
    ...NOTHING_TOLD,
  };
}

function evolved(task: Task, event: TaskEvent): Partial<Task> {
  const { occurredAt, actor = null } = event;
  switch (event.type) {
    case 'opened':
      return {};
    case 'completed':
      return { state: 'done', completedAt: occurredAt, completedBy: actor };
    case 'verified':
      return { state: 'verified', verifiedAt: occurredAt, verifiedBy: actor };
    case 'cancelled':
      return { state: 'cancelled', cancelledAt: occurredAt };
    case 'reopened':
      return { state: 'open', dueSince: occurredAt, ...NOBODY_YET };
    case 'reassigned':
      return { owner: event.owner };
    case 'postponed': {
      const { dueAt } = event;
      return { dueAt, dueSince: occurredAt, postponements: task.postponements + 1, ...NOTHING_TOLD };
    }
    case 'reminded':
    case 'overdue':
    case 'escalated':
      return toldWith(event);
  }
}

function refusalOf(task: Task, command: TaskCommand, actor: Actor): Refusal | null {
  const { id, state } = task;
  const no = (code: Refusal['code'], fact: string, pointer?: string): Refusal => ({
    code,
    message: `Task ${id} ${fact}`,
    state,
    ...(pointer && { pointer }),
  });
  if (command.type === 'reopen') return state === 'open' ? no('task_open', 'is open') : null;
  if (command.type === 'verify') {
    if (state !== 'done') return no('task_not_done', `is ${state}; only what is done can be verified`);
    return task.completedBy && mayBeSamePerson(task.completedBy, actor)
      ? no('verification_by_completer', 'was completed by you; another has to verify it')
      : null;
  }
  if (state !== 'open') return no('task_not_open', `is ${state}`);
  if (command.type === 'reassign' && command.owner === task.owner)
    return no('same_owner', `already belongs to ${task.owner ?? 'nobody'}`, '/owner');
  if (command.type === 'postpone' && command.dueAt <= task.dueAt)
    return no('due_not_later', `is due at ${new Date(task.dueAt).toISOString()}; name a later time`);
  return null;
}

function bodyOf({ owner, dueAt }: Task, command: TaskCommand): TaskBody {
  switch (command.type) {
    case 'complete':
      return { type: 'completed' };
    case 'verify':
      return { type: 'verified' };
    case 'reopen':
      return { type: 'reopened' };
    case 'reassign':
      return { type: 'reassigned', owner: command.owner, from: owner };
    case 'postpone':
      return { type: 'postponed', dueAt: command.dueAt, from: dueAt };
    case 'cancel':
      return { type: 'cancelled' };
  }
}

/** The journal of a task. */
export const taskJournal: JournalKind<Task, TaskBody, TaskCommand> = {
  name: 'task',
  evolve(task, event, id) {
    if (event.type === 'opened') return task ?? opened(event, id);
    if (!task) throw new Error(`Task ${id} has not been opened`);
    return { ...task, ...evolved(task, event), sequence: event.sequence };
  },
  decide(task, { command, actor }) {
    const refusal = refusalOf(task, command, actor);
    return refusal ? { refusal } : { bodies: [bodyOf(task, command)] };
  },
  due: (task, now) => (task.state === 'open' ? reminderDue(task, now) : null),
  nextMilestone: (task) => (task.state === 'open' ? nextReminderAt(task) : null),
  isRunning: ({ state }) => state === 'open',
  columns: ({ kind, state, subject, owner, dueAt, openedAt }) => ({
    kind,
    state,
    subjectType: subject.type,
    subjectId: subject.id,
    owner,
    dueAt,
    openedAt,
  }),
};
