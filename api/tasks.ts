/** Routes of tasks: opened, read, worked on. */
import { uuidv7 } from 'uuidv7';
import {
  taskJournal,
  TASK_REMINDERS,
  type Task,
  type TaskCommand,
  type TaskCommandType,
  type TaskSubject,
} from '../domain/task.ts';
import { openInJournal } from '../prisma/journals.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { dueAtOf } from './due-dates.ts';
import { etagOf } from './headers.ts';
import { invalid } from './input.ts';
import { takeIn } from './intake.ts';
import { answersOfJournal } from './journal-routes.ts';
import { actorOf, askJournal, logView } from './journals.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import type { DueFields } from './schemas/journals.ts';
import { OPEN_TASK_EXAMPLE } from './schemas/task-examples.ts';
import {
  openTaskBody,
  taskMark,
  taskPage,
  taskParams,
  taskQuery,
  TASK_REQUESTS,
  taskWithLog,
  type OpenTaskBody,
  type TaskView,
} from './schemas/tasks.ts';

const FOLDERS = { ticket: 'tickets', problem: 'problems', review: 'reviews' } as const;
const HEADERS = { ETag: 'The sequence of the task in quotes' };

const nowOf = ({ now = Date.now }: ApiDeps): number => now();
const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));
const seconds = (ms: number): number => ms / 1000;

function viewOf(task: Task, title: string | null, now: number): TaskView {
  const { id, state, dueAt, subject, needsVerification } = task;
  return {
    id,
    kind: task.kind,
    title,
    state,
    isSettled: state === 'verified' || state === 'cancelled' || (state === 'done' && !needsVerification),
    overdue: state === 'open' && dueAt < now,
    subject,
    owner: task.owner,
    dueAt: iso(dueAt),
    remindBeforeSeconds: task.remindBeforeMs.map(seconds),
    escalateAfterSeconds: task.escalateAfterMs.map(seconds),
    escalateTo: [...task.escalateTo],
    needsVerification,
    openedAt: iso(task.openedAt),
    openedBy: task.openedBy,
    completedAt: isoOrNull(task.completedAt),
    completedBy: task.completedBy,
    verifiedAt: isoOrNull(task.verifiedAt),
    verifiedBy: task.verifiedBy,
    cancelledAt: isoOrNull(task.cancelledAt),
    postponements: task.postponements,
    escalations: task.escalations,
    sequence: task.sequence,
    links: {
      self: `/v1/tasks/${id}`,
      subject: `/v1/${FOLDERS[subject.type]}/${encodeURIComponent(subject.id)}`,
    },
  };
}

/** Tasks with their titles. */
export async function taskViews(deps: ApiDeps, tasks: readonly Task[]): Promise<TaskView[]> {
  const texts = await deps.journals.texts(tasks.flatMap(({ title }) => title?.id ?? []));
  const now = nowOf(deps);
  return tasks.map((task) => {
    const body = texts.get(task.title?.id ?? '')?.body as { title?: string } | null | undefined;
    return viewOf(task, body?.title ?? null, now);
  });
}

async function findTask({ tasks }: ApiDeps, id: string, sight: Sight): Promise<Task> {
  const task = await tasks.get(id, sight);
  if (task) return task;
  throw new Problem('task_not_found', `There is no task ${id}`);
}

async function showTask(deps: ApiDeps, task: Task, reply: Reply = {}): Promise<Reply> {
  const [view] = await taskViews(deps, [task]);
  const log = await logView(deps, await deps.journals.events('task', task.id));
  return { ...reply, headers: { etag: etagOf(task), ...reply.headers }, body: { ...view, log } };
}

/** The subject by its own id; a 422 problem for one that there is not. */
async function subjectOf(deps: ApiDeps, { type, id }: TaskSubject, sight: Sight): Promise<TaskSubject> {
  if (type !== 'ticket') {
    const store = type === 'problem' ? deps.problems : deps.reviews;
    const found = await store.get(id, sight);
    if (found) return { type, id };
    const message = `There is no ${type} ${id}`;
    throw invalid([{ pointer: '/subject/id', code: 'subject_unknown', message }]);
  }
  try {
    return { type, id: (await findTicket(deps, id, sight)).id };
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'ticket_not_found') throw error;
    throw invalid([{ pointer: '/subject/id', code: 'subject_unknown', message: error.message }]);
  }
}

const newTaskId = (): string => `tsk_${uuidv7().replaceAll('-', '')}`;

/** Opened in the database. */
async function open(deps: ApiDeps, call: Call<unknown, unknown, OpenTaskBody>): Promise<Reply> {
  const { body, actor, sight, requestId, idempotencyKey } = call;
  const now = nowOf(deps);
  const [dueAt, subject] = [await dueAtOf(deps, body, now), await subjectOf(deps, body.subject, sight)];
  const taken = await takeIn(deps.intake, {
    actor,
    method: 'POST',
    path: '/v1/tasks',
    idempotencyKey,
    ticketId: newTaskId(),
    body,
    text: { title: body.title },
  });
  const id = taken.ticketId;
  await openInJournal(deps.journals, taskJournal, id, {
    body: {
      type: 'opened',
      kind: body.kind,
      subject,
      owner: body.owner,
      dueAt,
      remindBeforeMs: body.remindBefore ?? TASK_REMINDERS.remindBeforeMs,
      escalateAfterMs: body.escalateAfter ?? TASK_REMINDERS.escalateAfterMs,
      escalateTo: body.escalateTo ?? TASK_REMINDERS.escalateTo,
      needsVerification: body.needsVerification,
    },
    occurredAt: now,
    actor: actorOf(actor, body.actingFor),
    requestId,
    ...(taken.text && { text: taken.text }),
  });
  return showOpenedTask(deps, taken, sight);
}

/** The answer to opening a task: its workflow is started now, or by the watchdog. */
export async function showOpenedTask(
  deps: ApiDeps,
  { ticketId: id, replayed }: { ticketId: string; replayed: boolean },
  sight: Sight,
): Promise<Reply> {
  await deps.journalRunner.wake('task', id);
  const headers: Record<string, string> = {
    location: `/v1/tasks/${id}`,
    ...(replayed && { 'idempotency-replayed': 'true' }),
  };
  return showTask(deps, await findTask(deps, id, sight), { status: 201, headers });
}

interface RequestBody extends DueFields {
  actingFor?: string;
  owner?: string | null;
  reason?: string;
  comment?: string;
}

async function commandOf(deps: ApiDeps, type: TaskCommandType, body: RequestBody): Promise<TaskCommand> {
  if (type === 'reassign') return { type, owner: body.owner ?? null };
  if (type === 'postpone') return { type, dueAt: await dueAtOf(deps, body, nowOf(deps)) };
  return { type };
}

async function ask(
  deps: ApiDeps,
  type: TaskCommandType,
  call: Call<{ taskId: string }, unknown, RequestBody>,
): Promise<Reply> {
  const { body, actor, sight } = call;
  const { id } = await findTask(deps, call.params.taskId, sight);
  const headers = await askJournal(
    deps,
    { kind: 'task', id },
    {
      ...call,
      actor: actorOf(actor, body.actingFor),
      path: `/v1/tasks/${id}/${type}`,
      command: await commandOf(deps, type, body),
      words: { reason: body.reason, comment: body.comment },
    },
  );
  return showTask(deps, await findTask(deps, id, sight), { headers });
}

export function taskRoutes(deps: ApiDeps): Route[] {
  const tag = 'tasks';
  return [
    defineRoute({
      method: 'post',
      path: '/v1/tasks',
      operationId: 'openTask',
      operation: 'task.work',
      tag,
      summary: 'Open a task',
      description:
        'It reminds its owner, says when it is overdue and escalates, by itself, and outlives what it is for. A due date ' +
        'in business time is counted from now on the calendar as it is now.',
      body: openTaskBody,
      example: OPEN_TASK_EXAMPLE,
      answers: {
        201: {
          description: 'Opened',
          schema: taskWithLog,
          headers: { ...HEADERS, Location: 'Where the task is' },
        },
      },
      problems: ['ticket_not_opened_yet', 'idempotency_key_reused'],
      handle: (call) => open(deps, call),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/tasks',
      operationId: 'listTasks',
      operation: 'task.read',
      tag,
      summary: 'Tasks, the next due first',
      query: taskQuery,
      answers: { 200: { description: 'One page', schema: taskPage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor, ...filters }, sight }) {
        const after = decodeCursor(cursor, { filters, mark: taskMark });
        const found = await deps.tasks.list(filters, { after, limit: limit + 1, now: nowOf(deps), sight });
        const markOf = ({ dueAt, id }: Task) => ({ at: dueAt, id });
        const { rows, page } = pageOf(found, { limit, filters, markOf });
        return { body: { data: await taskViews(deps, rows), page } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/tasks/{taskId}',
      operationId: 'getTask',
      operation: 'task.read',
      tag,
      summary: 'A task with its log',
      params: taskParams,
      answers: { 200: { description: 'The task', schema: taskWithLog, headers: HEADERS } },
      problems: ['task_not_found'],
      handle: async ({ params, sight }) => showTask(deps, await findTask(deps, params.taskId, sight)),
    }),
    ...(Object.keys(TASK_REQUESTS) as TaskCommandType[]).map((type) => {
      const { summary, description, body, example, refusals } = TASK_REQUESTS[type];
      return defineRoute({
        path: `/v1/tasks/{taskId}/${type}`,
        operationId: `${type}Task`,
        operation: 'task.work',
        tag,
        summary,
        ...(description && { description }),
        params: taskParams,
        body,
        example,
        ...answersOfJournal({
          noun: 'task',
          schema: taskWithLog,
          headers: HEADERS,
          problems: ['task_not_found', ...refusals],
        }),
        handle: (call) => ask(deps, type, call as never),
      });
    }),
  ];
}
