import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { startUnfinished } from '../../api/rule-change-runner.ts';
import { startWatchdog } from '../../bin/watchdog.ts';
import { createWatchdogStore } from '../../prisma/watchdog.ts';
import { ticketWorkflowId } from '../../workflows/messages.ts';
import { createDesk, eventually, type Desk } from '../support/desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await createDesk();
});
afterAll(() => desk.close());

const log = pino({ level: 'silent' });

test('a ticket whose workflow was deleted breaches all the same, once, at its deadline', async () => {
  const ticketId = await desk.open({ priority: 'P1', openedAt: Date.now() - 18_500 });
  const openedAt = (await desk.ledger.events(ticketId))[0]!.occurredAt;
  await desk.client.workflow.getHandle(ticketWorkflowId(ticketId)).terminate('lost');
  const watchdog = startWatchdog({
    databaseUrl: desk.databaseUrl,
    engine: desk.engine,
    log,
    roundMs: 200,
    graceMs: 1_000,
  });
  const events = await desk.timeline(ticketId, (all) => all.some(({ type }) => type === 'handedOff'));
  await watchdog.stop();
  const breaches = events.filter((event) => event.type === 'breached' && event.clock === 'resolution');
  expect(breaches).toMatchObject([{ deadlineAt: openedAt + 20_000 }]);
});

test('a change of rules that was stored and never started is started', async () => {
  const change = {
    id: 'chg_never-started',
    kind: 'calendar' as const,
    name: 'office',
    requestedBy: { subject: 'key:manager', role: 'manager' },
    reason: 'The process died right after',
    effectiveFrom: null,
    retroactive: false,
  };
  await desk.ruleChanges.propose(change, { hash: 'x', body: {} });
  const watchdog = startWatchdog({
    databaseUrl: desk.databaseUrl,
    engine: desk.engine,
    log,
    roundMs: 200,
    also: () => startUnfinished(desk.ruleChanges, { ensure: (id) => desk.startRuleChange(id) }),
  });
  const ended = await eventually(
    () => desk.ruleChanges.get(change.id),
    (found) => found?.state !== 'running',
  );
  await watchdog.stop();
  expect(ended?.state).toBe('done');
  expect(await desk.ruleChanges.unfinished()).toEqual([]);
});

test('of two watchdogs one is on duty, and the other takes over when it is gone', async () => {
  const first = createWatchdogStore(desk.databaseUrl);
  const second = createWatchdogStore(desk.databaseUrl);
  expect(await first.isOnDuty()).toBe(true);
  expect(await first.isOnDuty()).toBe(true);
  expect(await second.isOnDuty()).toBe(false);
  await first.close();
  expect(await second.isOnDuty()).toBe(true);
  await second.close();
});
