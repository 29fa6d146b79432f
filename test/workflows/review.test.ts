/** A review on the real server: opened once, kept in step with its tasks and its ticket, through weeks and stops. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createReviewMessenger } from '../../activities/review-messages.ts';
import { Refused } from '../../api/engine-errors.ts';
import { reviewMessage } from '../../api/schemas/reviews.ts';
import { reviewJournalReaders, reviewReaders } from '../../bin/review-readers.ts';
import type { Command } from '../../domain/commands.ts';
import type { Actor } from '../../domain/events.ts';
import { reviewIdOf, type Review } from '../../domain/review.ts';
import { reviewJournal, type ReviewCommand } from '../../domain/review-journal.ts';
import type { TaskCommand } from '../../domain/task.ts';
import { ticketTaskId } from '../../activities/reviews.ts';
import { createDeliveryStore } from '../../prisma/deliveries.ts';
import { openInJournal } from '../../prisma/journals.ts';
import { createReviewStore, type ReviewStore } from '../../prisma/reviews.ts';
import { createTaskStore, type TaskStore } from '../../prisma/tasks.ts';
import { journalWorkflowId, READER_WORKFLOW, readerWorkflowId } from '../../workflows/messages.ts';
import { createDesk, eventually, type Desk } from '../support/desk.ts';

const DAY = 86_400_000;
const AGENT: Actor = { subject: 'key:1', role: 'agent' };
const LEAD: Actor = { subject: 'key:2', role: 'lead' };
const SOLVED: Command = { type: 'resolve', causeCode: 'network', article: 'art_1' };
const READERS = ['reviews', 'review-news', 'review-messages'];

const posts: { type: string; data: { reviewId: string; about: string; to?: string } }[] = [];
let desk: Desk;
let reviews: ReviewStore;
let tasks: TaskStore;

beforeAll(async () => {
  desk = await createDesk({
    handlers: ({ database, client, taskQueue }) => reviewReaders(database, { client, taskQueue }),
    journalHandlers: ({ database, client, taskQueue, engine }) => ({
      ...reviewJournalReaders(database, { client, taskQueue, engine }),
      'review-messages': createReviewMessenger({
        reviews: createReviewStore(database),
        deliveries: createDeliveryStore(database),
        log: pino({ level: 'silent' }),
        channels: ['webhook'],
      }),
    }),
    channels: () => ({
      webhook: {
        send({ id, body }) {
          posts.push(body as (typeof posts)[number]);
          return Promise.resolve({ id });
        },
      },
    }),
  });
  reviews = createReviewStore(desk.database);
  tasks = createTaskStore(desk.database);
  for (const reader of READERS)
    await desk.client.workflow.start(READER_WORKFLOW, {
      workflowId: `${desk.taskQueue}/${readerWorkflowId(reader)}`,
      taskQueue: desk.taskQueue,
      args: [{ reader }],
    });
});
afterAll(() => desk.close());

const ask = (id: string, command: ReviewCommand, actor: Actor = AGENT, message: string = randomUUID()) =>
  desk.journalRunner.ask('review', id, {
    id: message,
    command,
    actor,
    text: { id: `txt_${message}`, digest: 'd' },
  });
const askTask = (id: string, command: TaskCommand, actor: Actor = AGENT) =>
  desk.journalRunner.ask('task', id, { id: randomUUID(), command, actor });

/** The review once `enough` holds for it. */
async function reviewOnce(
  ticketId: string,
  enough: (review: Review) => boolean = () => true,
): Promise<Review> {
  const found = await eventually(
    () => reviews.ofTicket(ticketId),
    (review) => review !== null && enough(review),
  );
  return found!;
}
const typesOf = async (kind: 'review' | 'task', id: string) =>
  (await desk.journals.events(kind, id)).map(({ type }) => type);
const rowOf = (id: string) => desk.database.ticket.findUniqueOrThrow({ where: { id } });

async function incident(): Promise<string> {
  const ticketId = await desk.open({ policy: 'three-tiers', priority: 'P1' });
  await desk.ask(ticketId, SOLVED);
  await desk.timeline(ticketId, (events) => events.some(({ type }) => type === 'reviewNoted'));
  return ticketId;
}

async function accepted(ticketId: string): Promise<Review> {
  const { id, openedAt, required } = await reviewOnce(ticketId);
  await ask(id, { type: 'holdMeeting', heldAt: openedAt, acceptanceDueAt: openedAt + 10 * DAY });
  await ask(id, { type: 'write', sections: [...required] });
  await ask(id, { type: 'submit', findings: [] });
  await ask(id, { type: 'accept' }, LEAD);
  return (await reviews.get(id, null))!;
}

test('its task goes overdue, reminds, escalates, is verified; then it is quiet, judged, closed, and so is the ticket', async () => {
  const ticketId = await incident();
  const { id } = await reviewOnce(ticketId);
  const task = `tsk_${randomUUID().replaceAll('-', '')}`;
  const dueAt = Date.now() + 28 * DAY;
  await ask(id, { type: 'addTask', task, kind: 'actionItem', owner: 'agent-17', dueAt });
  await eventually(
    () => tasks.get(task, null),
    (one) => one !== null,
  );
  expect(await accepted(ticketId)).toMatchObject({ state: 'awaitingActions' });
  await expect(ask(id, { type: 'close' }, LEAD)).rejects.toMatchObject({ refusal: { code: 'actions_open' } });
  await expect(desk.ask(ticketId, { type: 'close' })).rejects.toMatchObject({
    refusal: { code: 'review_open' },
  });

  await desk.fastForwardWorkflow(journalWorkflowId('task', task), 32 * DAY);
  await eventually(
    () => typesOf('task', task),
    (types) => types.length >= 5,
  );
  expect(await typesOf('task', task)).toEqual(['opened', 'reminded', 'overdue', 'escalated', 'escalated']);
  await askTask(task, { type: 'complete' });
  await reviewOnce(ticketId, (review) => review.tasks.some(({ state }) => state === 'done'));
  await askTask(task, { type: 'verify' }, LEAD);
  await reviewOnce(ticketId, ({ state }) => state === 'quiet');

  await desk.fastForwardWorkflow(journalWorkflowId('review', id), 30 * DAY);
  await reviewOnce(ticketId, ({ judgeBy }) => judgeBy !== null);
  expect((await rowOf(ticketId)).state).toBe('resolved');
  await ask(id, { type: 'judgeEffectiveness', effective: true }, LEAD);
  await desk.timeline(ticketId, (events) =>
    events.some((event) => event.type === 'reviewNoted' && event.state === 'closed'),
  );
  await desk.fastForward(ticketId, 5 * DAY);
  await desk.timeline(ticketId, (events) => events.some(({ type }) => type === 'autoClosed'));
  expect((await desk.client.workflow.getHandle(journalWorkflowId('review', id)).describe()).status.name).toBe(
    'COMPLETED',
  );
});

test('nobody holds the meeting: it reminds, is overdue, escalates, and each is posted once', async () => {
  const { id } = await reviewOnce(await incident());
  await desk.fastForwardWorkflow(journalWorkflowId('review', id), 8 * DAY);
  const mine = await eventually(
    () => Promise.resolve(posts.filter(({ data }) => data.reviewId === id)),
    (told) => told.length >= 4,
  );
  expect(mine.map(({ type, data }) => [type, data.about, data.to])).toEqual([
    ['review.reminder', 'meeting', undefined],
    ['review.overdue', 'meeting', undefined],
    ['review.escalated', 'meeting', 'lead'],
    ['review.escalated', 'meeting', 'manager'],
  ]);
  for (const post of mine) expect(reviewMessage.parse(post)).toEqual(post);
});

test('resolved twice, and a part of it resolved too: there is one review, of the whole', async () => {
  const whole = await desk.open({ policy: 'three-tiers', priority: 'P1' });
  const part = await desk.open({ policy: 'three-tiers', priority: 'P1' });
  await desk.ask(part, { type: 'link', relation: 'parent', reference: whole });
  await desk.ask(part, SOLVED);
  await reviewOnce(whole);
  await desk.ask(whole, SOLVED);
  await desk.ask(whole, { type: 'reopen' });
  await desk.ask(whole, SOLVED);
  const last = await incident();
  await reviewOnce(last);
  const rows = await desk.database.review.findMany({ where: { ticketId: { in: [whole, part] } } });
  expect(rows.map(({ ticketId }) => ticketId)).toEqual([whole]);
  expect(await typesOf('review', reviewIdOf(whole))).toEqual(['opened']);
});

test('a reader that is stopped between opening and its mark opens no second review, and loses none', async () => {
  const first = await incident();
  const { id } = await reviewOnce(first);
  await desk.stopWorker();
  // As if it had died before it noted how far it was: everything is read again.
  for (const reader of READERS) await desk.database.reader.deleteMany({ where: { name: reader } });
  await desk.startWorker();
  const second = await incident();
  await reviewOnce(second);
  expect((await typesOf('review', id)).filter((type) => type === 'opened')).toHaveLength(1);
  expect(await desk.database.review.count({ where: { ticketId: { in: [first, second] } } })).toBe(2);
});

test('a lead closes it before its review: both say so', async () => {
  const ticketId = await incident();
  const request = { id: randomUUID(), actor: LEAD };
  const close: Command = { type: 'close', override: true, isReasoned: true };
  await desk.engine.ask(ticketId, { ...request, command: close });
  const closed = (await desk.ledger.events(ticketId)).find(({ type }) => type === 'closed');
  expect(closed).toMatchObject({ override: true });
  const review = await reviewOnce(ticketId, ({ overrides }) => overrides === 1);
  const noted = (await desk.journals.events('review', review.id)).find(
    ({ type }) => type === 'gateOverridden',
  );
  expect(noted).toMatchObject({ actor: LEAD, ticket: ticketId });
  expect(review.state).toBe('opened');
});

test('a task of a ladder or a front end outlives the ticket: it goes on, is done after closing, and counts for the review', async () => {
  const ticketId = await desk.open({ policy: 'three-tiers', priority: 'P1' });
  const now = Date.now();
  await desk.tell(ticketId, { type: 'taskCreated', task: 'fe-1', clock: 'actionItem', occurredAt: now });
  const id = ticketTaskId(ticketId, 'fe-1');
  await eventually(
    () => tasks.get(id, null),
    (task) => task !== null,
  );
  await desk.tell(ticketId, { type: 'closed', occurredAt: Date.now() });
  const adopted = await reviewOnce(ticketId, (one) => one.tasks.length > 0);
  expect(adopted.tasks).toEqual([{ id, kind: 'actionItem', state: 'open' }]);
  expect(await tasks.get(id, null)).toMatchObject({ state: 'open', needsVerification: true });
  await desk.tell(ticketId, { type: 'taskDone', task: 'fe-1', occurredAt: Date.now() });
  await eventually(
    () => tasks.get(id, null),
    (task) => task!.state === 'done',
  );
  await askTask(id, { type: 'verify' }, LEAD);
  await reviewOnce(ticketId, (one) => one.tasks[0]!.state === 'verified');
});

test('a task that somebody completes by itself stops its clock on the ticket', async () => {
  const ticketId = await desk.open({ policy: 'three-tiers', priority: 'P3' });
  await desk.tell(ticketId, {
    type: 'taskCreated',
    task: 'fe-2',
    clock: 'actionItem',
    occurredAt: Date.now(),
  });
  const id = ticketTaskId(ticketId, 'fe-2');
  await eventually(
    () => tasks.get(id, null),
    (task) => task !== null,
  );
  await askTask(id, { type: 'complete' });
  const events = await desk.timeline(ticketId, (all) => all.some(({ type }) => type === 'taskDone'));
  expect(events.filter(({ type }) => type === 'taskDone')).toHaveLength(1);
});

test('the same trouble again, while it is watched, is noted', async () => {
  const attributes = { category: 'payment', service: 'shop', symptom: `nobody can pay ${randomUUID()}` };
  const ticketId = await desk.open({ policy: 'three-tiers', priority: 'P1', attributes });
  await desk.ask(ticketId, SOLVED);
  expect(await accepted(ticketId)).toMatchObject({ state: 'quiet' });
  const again = await desk.open({ policy: 'three-tiers', priority: 'P3', attributes });
  const { recurredWith } = await reviewOnce(ticketId, (one) => one.recurredWith.length > 0);
  expect(recurredWith).toEqual([again]);
});

test('one incident has one review in the database, whatever its id', async () => {
  const { ticket, id, ...terms } = await reviewOnce(await incident());
  const body = { ...terms, type: 'opened' as const, ticket };
  const second = openInJournal(desk.journals, reviewJournal, 'rvw_other', { body, occurredAt: Date.now() });
  await expect(second).rejects.toThrow();
  expect((await reviews.ofTicket(ticket))!.id).toBe(id);
});

test('of ten who accept it at once one does', async () => {
  const ticketId = await incident();
  const { id, openedAt, required } = await reviewOnce(ticketId);
  await ask(id, { type: 'holdMeeting', heldAt: openedAt, acceptanceDueAt: openedAt + DAY });
  await ask(id, { type: 'write', sections: [...required] });
  await ask(id, { type: 'submit', findings: [] });
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => ask(id, { type: 'accept' }, { subject: `key:9${i}`, role: 'lead' })),
  );
  const refused = answers.filter((one) => one.status === 'rejected' && one.reason instanceof Refused);
  expect(refused).toHaveLength(9);
});
