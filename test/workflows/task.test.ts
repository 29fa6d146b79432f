/** Tasks on the real server: they wake by themselves, survive what they run on, and answer whoever asks once. */
import { SEES_ALL } from '../../domain/visibility.ts';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createTaskMessenger } from '../../activities/task-messages.ts';
import { createWebhookChannel } from '../../activities/webhook.ts';
import { wakeOverslept } from '../../api/journal-runner.ts';
import { Refused } from '../../api/engine-errors.ts';
import { taskMessage } from '../../api/schemas/tasks.ts';
import { startWatchdog } from '../../bin/watchdog.ts';
import type { Actor } from '../../domain/events.ts';
import type { JournalEvent } from '../../domain/journal.ts';
import { taskJournal, TASK_REMINDERS, type TaskCommand, type TaskTerms } from '../../domain/task.ts';
import { createDeliveryStore } from '../../prisma/deliveries.ts';
import { openInJournal } from '../../prisma/journals.ts';
import { createTaskStore, type TaskStore } from '../../prisma/tasks.ts';
import { journalWorkflowId, READER_WORKFLOW, readerWorkflowId } from '../../workflows/messages.ts';
import { createDesk, eventually, type Desk } from '../support/desk.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const AGENT: Actor = { subject: 'key:1', role: 'agent' };
const LEAD: Actor = { subject: 'key:2', role: 'lead' };
const log = pino({ level: 'silent' });

interface Post {
  type: string;
  data: { taskId: string; sequence: number; to?: string; owner: string | null };
}
const posts: { id: string; body: Post }[] = [];
let listener: Server;
let desk: Desk;
let tasks: TaskStore;

beforeAll(async () => {
  listener = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      posts.push({ id: request.headers['webhook-id'] as string, body: JSON.parse(text) as Post });
      response.end();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
  desk = await createDesk({
    journalHandlers: ({ database }) => ({
      'task-messages': createTaskMessenger({
        tasks: createTaskStore(database),
        deliveries: createDeliveryStore(database),
        log,
        channels: ['webhook'],
      }),
    }),
    channels: () => ({ webhook: createWebhookChannel({ url }) }),
  });
  tasks = createTaskStore(desk.database);
  await desk.client.workflow.start(READER_WORKFLOW, {
    workflowId: readerWorkflowId(`task-messages-${randomUUID()}`),
    taskQueue: desk.taskQueue,
    args: [{ reader: 'task-messages' }],
  });
});
afterAll(async () => {
  await desk.close();
  listener.close();
});

async function openTask(terms: Partial<TaskTerms> = {}): Promise<string> {
  const id = `tsk_${randomUUID().replaceAll('-', '')}`;
  await openInJournal(desk.journals, taskJournal, id, {
    body: {
      type: 'opened',
      kind: 'actionItem',
      subject: { type: 'ticket', id: 'tkt_1' },
      owner: 'agent-17',
      dueAt: Date.now() + 5 * DAY,
      needsVerification: false,
      ...TASK_REMINDERS,
      ...terms,
    },
    occurredAt: Date.now(),
    actor: AGENT,
  });
  return id;
}

const started = async (terms: Partial<TaskTerms> = {}): Promise<string> => {
  const id = await openTask(terms);
  expect(await desk.journalRunner.wake('task', id)).toBe(true);
  return id;
};

const ask = (id: string, command: TaskCommand, { actor = AGENT, message = randomUUID() as string } = {}) =>
  desk.journalRunner.ask('task', id, { id: message, command, actor });

const logOf = (id: string, enough: (events: JournalEvent[]) => boolean = () => true) =>
  eventually(() => desk.journals.events('task', id), enough);
const typesOf = async (id: string) => (await logOf(id)).map(({ type }) => type);
const hasType = (type: string) => (events: JournalEvent[]) => events.some((event) => event.type === type);

const handleOf = (id: string) => desk.client.workflow.getHandle(journalWorkflowId('task', id));
const endedAs = (id: string, name: string) =>
  eventually(
    async () => (await handleOf(id).describe()).status.name,
    (status) => status === name,
  );

test('wakes by itself to remind, to be overdue and to escalate, and each is posted once', async () => {
  const id = await started();
  await desk.fastForwardWorkflow(journalWorkflowId('task', id), 9 * DAY);
  const events = await logOf(id, (all) => all.length === 5);
  expect(events.map(({ type }) => type)).toEqual(['opened', 'reminded', 'overdue', 'escalated', 'escalated']);
  expect(await tasks.get(id, SEES_ALL)).toMatchObject({
    state: 'open',
    isOverdue: true,
    escalations: 2,
    sequence: 5,
  });
  const mine = await eventually(
    async () => posts.filter(({ body }) => body.data.taskId === id),
    (told) => told.length >= 4,
  );
  // What falls due at one instant is sent side by side.
  const inOrder = mine.toSorted((a, b) => a.body.data.sequence - b.body.data.sequence);
  expect(inOrder.map(({ id: post, body }) => [post, body.type, body.data.to ?? body.data.owner])).toEqual([
    [`${id}.2`, 'task.reminder', 'agent-17'],
    [`${id}.3`, 'task.overdue', 'agent-17'],
    [`${id}.4`, 'task.escalated', 'lead'],
    [`${id}.5`, 'task.escalated', 'manager'],
  ]);
  for (const { body } of mine) expect(taskMessage.parse(body)).toEqual(body);
});

test('ends when it is done, and answers all the same: it is verified, reopened, done again', async () => {
  const id = await started({ needsVerification: true });
  expect(await ask(id, { type: 'complete' })).toEqual({ sequence: 2 });
  await endedAs(id, 'COMPLETED');
  await expect(ask(id, { type: 'verify' })).rejects.toMatchObject({
    refusal: { code: 'verification_by_completer', state: 'done' },
  });
  expect(await ask(id, { type: 'verify' }, { actor: LEAD })).toEqual({ sequence: 3 });
  expect(await ask(id, { type: 'reopen' })).toEqual({ sequence: 4 });
  expect((await handleOf(id).describe()).status.name).toBe('RUNNING');
  expect(await ask(id, { type: 'complete' })).toEqual({ sequence: 5 });
  await endedAs(id, 'COMPLETED');
  expect(await tasks.get(id, SEES_ALL)).toMatchObject({ state: 'done', verifiedBy: null });
});

test('of twenty who complete it at once one does, and nineteen are told that it is done', async () => {
  const id = await started();
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => ask(id, { type: 'complete' })));
  const refused = answers.filter(
    (answer) => answer.status === 'rejected' && answer.reason instanceof Refused,
  );
  expect([answers.length - refused.length, refused.length]).toEqual([1, 19]);
  expect(await typesOf(id)).toEqual(['opened', 'completed']);
});

test('a request that is sent again counts once, also after the task has ended', async () => {
  const id = await started();
  const message = randomUUID();
  const answers = await Promise.all([1, 2, 3].map(() => ask(id, { type: 'complete' }, { message })));
  await endedAs(id, 'COMPLETED');
  answers.push(await ask(id, { type: 'complete' }, { message }));
  expect(answers).toEqual([1, 2, 3, 4].map(() => ({ sequence: 2 })));
  expect(await typesOf(id)).toEqual(['opened', 'completed']);
});

test('a task whose workflow was never started is started by whoever asks something of it', async () => {
  const id = await openTask();
  expect(await ask(id, { type: 'reassign', owner: 'agent-18' })).toEqual({ sequence: 2 });
  expect(await tasks.get(id, SEES_ALL)).toMatchObject({ owner: 'agent-18' });
});

test('a task that is not there is not invented', async () => {
  expect(await ask('tsk_nobody', { type: 'complete' })).toBeNull();
  expect(await tasks.get('tsk_nobody', SEES_ALL)).toBeNull();
  expect(await desk.journals.events('task', 'tsk_nobody')).toEqual([]);
});

test('a task whose workflow was lost, or never started, is late all the same, once', async () => {
  const dueAt = Date.now() + 1_500;
  const lost = await started({ dueAt, remindBeforeMs: [] });
  const neverStarted = await openTask({ dueAt, remindBeforeMs: [] });
  await logOf(lost);
  await handleOf(lost).terminate('lost');
  const watchdog = startWatchdog({
    databaseUrl: desk.databaseUrl,
    engine: desk.engine,
    log,
    roundMs: 200,
    also: () => wakeOverslept(desk.journals, desk.journalRunner, { graceMs: 500, limit: 10 }),
  });
  for (const id of [lost, neverStarted]) {
    const events = await logOf(id, hasType('overdue'));
    expect(events.map(({ type }) => type)).toEqual(['opened', 'overdue']);
    expect((await handleOf(id).describe()).status.name).toBe('RUNNING');
  }
  await watchdog.stop();
  expect(await desk.journals.overslept({ graceMs: 500, limit: 10 })).toEqual([]);
});

test('a worker that stops and starts leaves the task where it was', async () => {
  const id = await started({ dueAt: Date.now() + 2_500, remindBeforeMs: [] });
  await ask(id, { type: 'reassign', owner: null });
  await desk.stopWorker();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await desk.startWorker();
  const events = await logOf(id, hasType('overdue'));
  expect(events.map(({ type }) => type)).toEqual(['opened', 'reassigned', 'overdue']);
});

test('opened twice it is there once, and a write on an older head changes nothing', async () => {
  const id = await openTask();
  const again = {
    id,
    kind: 'task' as const,
    head: 0,
    events: [],
    row: { columns: {}, body: {}, nextMilestoneAt: null },
  };
  expect(await desk.journals.record(again)).toMatchObject({ recorded: false, events: [{ type: 'opened' }] });
  expect(await typesOf(id)).toEqual(['opened']);
});

test('an event that is in the journal already is not written again under another sequence', async () => {
  const id = await openTask();
  const task = (await tasks.get(id, SEES_ALL))!;
  const [opened] = await desk.journals.events('task', id);
  const { columns } = { columns: taskJournal.columns(task) };
  const write = {
    kind: 'task' as const,
    id,
    head: 1,
    events: [{ ...opened!, sequence: 2 }],
    row: { columns, body: task, nextMilestoneAt: null },
  };
  expect(await desk.journals.record(write)).toEqual({
    recorded: false,
    events: [],
    known: [{ id: 'opened', sequence: 1 }],
  });
});

test.each(['UPDATE journal SET type = $1', 'DELETE FROM journal WHERE type <> $1', 'TRUNCATE journal'])(
  'nobody changes a journal: %s',
  async (statement) => {
    await openTask();
    const sql = statement.replace('$1', `'gone'`);
    await expect(desk.database.$executeRawUnsafe(sql)).rejects.toThrow(/append-only/);
  },
);

test('history of a task stays small: opening, a request and waking cost what they should', async () => {
  const id = await started({ dueAt: Date.now() + 10 * MINUTE, remindBeforeMs: [] });
  await ask(id, { type: 'reassign', owner: null });
  await ask(id, { type: 'reassign', owner: 'agent-1' });
  const { historyLength } = await handleOf(id).describe();
  expect(historyLength).toBeLessThan(40);
});
