/** The work on a change of rules: how fast, for whom, and what it does where a ticket does not answer. */
import { SEES_ALL } from '../../domain/visibility.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createRuleChanging, DEFAULT_PACE, type Pace } from '../../activities/rule-change.ts';
import type { Policy } from '../../domain/policy.ts';
import { resolveRules } from '../../domain/rules.ts';
import { createPolicyStore, storedVersion } from '../../prisma/policies.ts';
import type { RuleChangeRecord } from '../../prisma/rule-changes.ts';
import { createSpool } from '../../prisma/spool.ts';
import { ACTOR, createDesk, eventually, type Desk } from '../support/desk.ts';
import { deskPolicy } from '../support/desk-policy.ts';

let desk: Desk;
/** Tickets that do not answer. */
const mute = new Set<string>();
let pace: Partial<Pace> = {};
beforeAll(async () => {
  desk = await createDesk({
    worker: false,
    activities: () => ({
      workOnRuleChange: (input) =>
        createRuleChanging({
          changes: desk.ruleChanges,
          policies: createPolicyStore(desk.database),
          async askTicket(ticketId, request) {
            if (mute.has(ticketId)) throw new Error(`${ticketId} says nothing`);
            return (await desk.engine.ask(ticketId, request)) ? 'granted' : 'unknown';
          },
          pace: { ...DEFAULT_PACE, perSecond: 500, graceMs: 0, ...pace },
        }).workOnRuleChange(input),
    }),
  });
  await desk.startWorker();
});
afterAll(() => desk.close());

/** A policy of its own for each test; `closing` makes versions differ. */
const policyOf = (name: string, closing: number): Policy =>
  deskPolicy({ name, autoCloseAfterMs: closing * 1_000, match: [], version: closing });

async function propose(policy: Policy): Promise<string> {
  const proposal = {
    id: `chg_${randomUUID()}`,
    kind: 'policy' as const,
    name: policy.name,
    requestedBy: { subject: 'key:manager', role: 'manager' },
    reason: 'A test',
    effectiveFrom: null,
    retroactive: false,
  };
  const version = storedVersion({ policy, hash: `${policy.version}` });
  await desk.ruleChanges.propose(proposal, version);
  return proposal.id;
}

async function openUnder(policy: Policy, count: number): Promise<string[]> {
  const now = Date.now();
  const rules = resolveRules(policy, { openedAt: now, now });
  return Promise.all(Array.from({ length: count }, () => desk.open({ rules, openedAt: now })));
}

const ended = (id: string): Promise<RuleChangeRecord> =>
  eventually(
    async () => (await desk.ruleChanges.get(id))!,
    ({ state }) => ['done', 'failed', 'cancelled'].includes(state),
  );
const appliedBy = async (id: string) =>
  (await desk.ruleChanges.tickets(id, { after: null, limit: 500, state: 'applied', sight: SEES_ALL })).length;

async function firstVersion(name: string): Promise<void> {
  await desk.ruleChanges.finish(await propose(policyOf(name, 1)));
}

test('goes no faster than it may', async () => {
  pace = { perSecond: 2 };
  await firstVersion('slow');
  await openUnder(policyOf('slow', 1), 10);
  const id = await propose(policyOf('slow', 2));
  const begunAt = Date.now();
  await desk.startRuleChange(id);
  expect((await ended(id)).state).toBe('done');
  expect(await appliedBy(id)).toBe(10);
  expect(Date.now() - begunAt).toBeGreaterThan(4_400);
});

test('stops where it is when it is cancelled', async () => {
  pace = { perSecond: 5 };
  await firstVersion('stopped');
  await openUnder(policyOf('stopped', 1), 25);
  const id = await propose(policyOf('stopped', 2));
  await desk.startRuleChange(id);
  await eventually(
    () => appliedBy(id),
    (count) => count > 0,
  );
  await desk.ruleChanges.cancel(id, null, 'Enough');
  const atOnce = await appliedBy(id);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  // What was on its way arrives, and what began in the half second until it was noticed.
  const arrived = await appliedBy(id);
  expect(arrived - atOnce).toBeLessThanOrEqual(8);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await appliedBy(id)).toBe(arrived);
  expect(arrived).toBeLessThan(25);
});

test('finds a ticket that opened under the older version after it began', async () => {
  pace = { graceMs: 4_000 };
  await firstVersion('raced');
  const id = await propose(policyOf('raced', 2));
  await desk.startRuleChange(id);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const [ticketId] = await openUnder(policyOf('raced', 1), 1);
  expect((await ended(id)).state).toBe('done');
  expect(await desk.types(ticketId!)).toContain('rulesChanged');
});

test('waits for an opening that lies in the spool, with the older rules in it', async () => {
  pace = {};
  await firstVersion('spooled');
  const now = Date.now();
  const ticketId = `tkt_${randomUUID()}`;
  await createSpool(desk.database).add({
    ticketId,
    kind: 'opening',
    body: {
      type: 'opened',
      ticketId,
      messageId: randomUUID(),
      openedAt: now,
      actor: ACTOR,
      attributes: { type: 'incident', channel: 'web', impact: 'high', urgency: 'high' },
      priority: 'P1',
      tier: 1,
      mode: 'act',
      rules: resolveRules(policyOf('spooled', 1), { openedAt: now, now }),
    },
  });
  const id = await propose(policyOf('spooled', 2));
  await desk.startRuleChange(id);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect((await desk.ruleChanges.get(id))!.state).toBe('running');
  await desk.engine.drain({ ticketId });
  expect((await ended(id)).state).toBe('done');
  expect(await desk.types(ticketId)).toContain('rulesChanged');
});

test('gives a ticket up that never answers, and is failed for it; the others have their rules', async () => {
  pace = { attempts: 2 };
  await firstVersion('mute');
  const tickets = await openUnder(policyOf('mute', 1), 5);
  mute.add(tickets[2]!);
  const id = await propose(policyOf('mute', 2));
  await desk.startRuleChange(id);
  expect((await ended(id)).state).toBe('failed');
  expect(await appliedBy(id)).toBe(4);
  const failed = await desk.ruleChanges.tickets(id, {
    after: null,
    limit: 10,
    state: 'failed',
    sight: SEES_ALL,
  });
  expect(failed).toEqual([
    expect.objectContaining({
      ticketId: tickets[2],
      outcome: { reason: `${tickets[2]} says nothing` },
      attempts: 2,
    }),
  ]);
});

test('takes up a ticket again that heard of it and was not ticked off', async () => {
  pace = {};
  await firstVersion('again');
  const [ticketId] = await openUnder(policyOf('again', 1), 1);
  const id = await propose(policyOf('again', 2));
  const change = (await desk.ruleChanges.get(id))!;
  // As if the worker died between the ticket's answer and the tick.
  await desk.ruleChanges.claim(change, 10);
  const now = Date.now();
  const rules = resolveRules({ ...policyOf('again', 2) }, { openedAt: now, now });
  const command = {
    type: 'changeRules',
    rules,
    cause: 'policyChanged',
    change: id,
    retroactive: false,
  } as const;
  await desk.ask(ticketId!, command, id);
  await desk.startRuleChange(id);
  expect((await ended(id)).state).toBe('done');
  expect(await appliedBy(id)).toBe(1);
  expect((await desk.types(ticketId!)).filter((type) => type === 'rulesChanged')).toHaveLength(1);
});

test('leaves a change alone that awaits approval or has ended', async () => {
  await firstVersion('alone');
  const [ticketId] = await openUnder(policyOf('alone', 1), 1);
  const id = await propose(policyOf('alone', 2));
  await desk.ruleChanges.cancel(id, null, null);
  await desk.startRuleChange(id);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await desk.types(ticketId!)).not.toContain('rulesChanged');
});
