import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ticketWorkflowId } from '../../workflows/messages.ts';
import { createDesk, eventually, type Desk } from '../support/desk.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

let desk: Desk;
beforeAll(async () => {
  // Fifty requests on one ticket wait for each other; how long is no matter here.
  desk = await createDesk({ requestWithinMs: 40_000 });
});
afterAll(() => desk.close());

const ticketRow = (id: string) => desk.database.ticket.findUniqueOrThrow({ where: { id } });
const untilType = (ticketId: string, type: string) =>
  desk.timeline(ticketId, (all) => all.some((event) => event.type === type));

test('a ticket nobody works on breaches once, at its deadline, and moves to tier 2 by itself', async () => {
  const ticketId = await desk.open({ priority: 'P1' });
  await desk.fastForward(ticketId, 60 * SECOND);
  const events = await untilType(ticketId, 'handedOff');
  const openedAt = events[0]!.occurredAt;
  expect(events.filter(({ type }) => type === 'breached')).toMatchObject([
    { clock: 'firstResponse', deadlineAt: openedAt + 10 * SECOND, tier: 1 },
    { clock: 'resolution', deadlineAt: openedAt + 20 * SECOND, tier: 1 },
  ]);
  expect(events.find(({ type }) => type === 'handedOff')).toMatchObject({
    fromTier: 1,
    toTier: 2,
    automatic: true,
  });
  const breaches = await desk.database.breach.findMany({ where: { ticketId, clock: 'resolution' } });
  expect(breaches).toMatchObject([{ breachedAt: new Date(openedAt + 20 * SECOND), verdict: 'breached' }]);
});

test('an answered request is in the ledger', async () => {
  const ticketId = await desk.open({ priority: 'P4' });
  const sequence = await desk.ask(ticketId, { type: 'acknowledge' });
  expect((await desk.ledger.events(ticketId)).at(-1)).toMatchObject({ type: 'acknowledged', sequence });
});

test('a refused request leaves no event, neither in the ledger nor in the history', async () => {
  const ticketId = await desk.open({ priority: 'P4' });
  const handle = desk.client.workflow.getHandle(ticketWorkflowId(ticketId));
  const before = (await handle.describe()).historyLength;
  await expect(desk.ask(ticketId, { type: 'reopen' })).rejects.toThrow(/has not been resolved/);
  expect(await desk.types(ticketId)).toEqual(['opened']);
  expect((await handle.describe()).historyLength).toBe(before);
});

test('the same request twice is one event with one outcome', async () => {
  const ticketId = await desk.open({ priority: 'P4' });
  const first = await desk.ask(ticketId, { type: 'note' }, 'the-same');
  const second = await desk.ask(ticketId, { type: 'note' }, 'the-same');
  expect(second).toBe(first);
  expect(await desk.types(ticketId)).toEqual(['opened', 'messageAdded']);
});

test('a ticket on hold for the customer does not breach, and its deadline moves by the wait', async () => {
  const ticketId = await desk.open({ policy: 'standard', priority: 'P1' });
  await desk.ask(ticketId, { type: 'reply' });
  await desk.ask(ticketId, { type: 'hold', reason: 'customer' });
  await desk.fastForward(ticketId, 24 * HOUR);
  await desk.ask(ticketId, { type: 'resume' });
  const events = await desk.ledger.events(ticketId);
  expect(events.map(({ type }) => type)).not.toContain('breached');
  const held = events.find(({ type }) => type === 'held')!.occurredAt;
  const resumed = events.find(({ type }) => type === 'resumed')!.occurredAt;
  const clock = await desk.database.clock.findFirstOrThrow({ where: { ticketId, clock: 'resolution' } });
  expect(resumed - held).toBeGreaterThanOrEqual(24 * HOUR);
  expect(clock.deadlineAt!.getTime()).toBe(events[0]!.occurredAt + 4 * HOUR + (resumed - held));
});

test('facts fold by when they happened: a late one withdraws the breach it disproves', async () => {
  const ticketId = await desk.open({ priority: 'P1' });
  const openedAt = (await desk.ledger.events(ticketId))[0]!.occurredAt;
  await desk.fastForward(ticketId, 12 * SECOND);
  await untilType(ticketId, 'breached');
  const answered = { type: 'messageAdded', author: 'agent', visibility: 'public' } as const;
  await desk.tell(ticketId, { ...answered, occurredAt: openedAt + 9 * SECOND });
  await untilType(ticketId, 'breachWithdrawn');
  const clock = await desk.database.clock.findFirstOrThrow({ where: { ticketId, clock: 'firstResponse' } });
  expect(clock).toMatchObject({ state: 'met', breachedAt: null, metAt: new Date(openedAt + 9 * SECOND) });
  const verdicts = await desk.database.breach.findMany({ where: { ticketId }, orderBy: { revision: 'asc' } });
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['breached', 'withdrawn']);
});

test('the same fact id counts once, in a batch and across batches', async () => {
  const ticketId = await desk.open({ priority: 'P4' });
  const fact = { type: 'assigned', team: 'network', occurredAt: Date.now(), id: 'f-1' } as const;
  await desk.tell(ticketId, fact, fact);
  await desk.tell(ticketId, fact);
  await desk.ask(ticketId, { type: 'note' });
  expect(await desk.types(ticketId)).toEqual(['opened', 'assigned', 'messageAdded']);
});

test('a fact that no rule can read is kept as rejected and stops nothing', async () => {
  const ticketId = await desk.open({ priority: 'P4' });
  await desk.tell(ticketId, { type: 'teleported', occurredAt: Date.now(), id: 'odd' } as never);
  await desk.tell(ticketId, {
    type: 'held',
    reason: 'weather',
    occurredAt: Date.now(),
    id: 'odder',
  } as never);
  await desk.ask(ticketId, { type: 'note' });
  const events = await desk.ledger.events(ticketId);
  expect(events.map(({ type }) => type)).toEqual(['opened', 'factRejected', 'factRejected', 'messageAdded']);
  expect(events[2]).toMatchObject({ problem: expect.stringContaining('reason is not one of') });
});

test('a resolved ticket closes by itself and its workflow ends', async () => {
  const ticketId = await desk.open({ priority: 'P1' });
  await desk.ask(ticketId, { type: 'resolve' });
  await desk.fastForward(ticketId, 31 * SECOND);
  await untilType(ticketId, 'autoClosed');
  const handle = desk.client.workflow.getHandle(ticketWorkflowId(ticketId));
  const status = await eventually(
    async () => (await handle.describe()).status.name,
    (name) => name !== 'RUNNING',
  );
  expect(status).toBe('COMPLETED');
});

test('what reaches a closed ticket is kept, and changes neither state nor verdict', async () => {
  const ticketId = await desk.open({ priority: 'P4' });
  await desk.ask(ticketId, { type: 'resolve' });
  await desk.ask(ticketId, { type: 'close' });
  const before = await desk.database.clock.findMany({ where: { ticketId } });
  await desk.tell(ticketId, {
    type: 'messageAdded',
    author: 'customer',
    visibility: 'public',
    occurredAt: Date.now(),
  });
  const events = await untilType(ticketId, 'messageAdded');
  expect(events.at(-1)).toMatchObject({ type: 'messageAdded', moot: 'after_close' });
  expect((await ticketRow(ticketId)).state).toBe('closed');
  expect(await desk.database.clock.findMany({ where: { ticketId } })).toEqual(before);
  await expect(desk.ask(ticketId, { type: 'note' })).rejects.toThrow(/is closed/);
});

test('a request repeated after the ticket closed gets its old outcome', async () => {
  const ticketId = await desk.open({ priority: 'P4' });
  await desk.ask(ticketId, { type: 'resolve' });
  const closed = await desk.ask(ticketId, { type: 'close' }, 'closing');
  expect(await desk.ask(ticketId, { type: 'close' }, 'closing')).toBe(closed);
});

test('a ticket whose workflow was terminated goes on from its ledger', async () => {
  const ticketId = await desk.open({ priority: 'P1' });
  await desk.ask(ticketId, { type: 'assign', assignee: 'agent-1' });
  await desk.client.workflow.getHandle(ticketWorkflowId(ticketId)).terminate('an operator');
  await desk.ask(ticketId, { type: 'note' });
  expect(await desk.types(ticketId)).toEqual(['opened', 'assigned', 'messageAdded']);
  await desk.fastForward(ticketId, 30 * SECOND);
  expect((await untilType(ticketId, 'handedOff')).at(-1)!.sequence).toBeGreaterThan(3);
});

test('fifty requests at once are each answered, and each is in the ledger once', async () => {
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  const sequences = await Promise.all(Array.from({ length: 50 }, () => desk.ask(ticketId, { type: 'note' })));
  expect(new Set(sequences).size).toBe(50);
  expect(await desk.types(ticketId)).toHaveLength(51);
});
