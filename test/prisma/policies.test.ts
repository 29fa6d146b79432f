/** Versions of policies and calendars: what is in force, and who may replace it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Calendar } from '../../domain/calendar.ts';
import { resolveRules, storedCalendarsOf } from '../../domain/rules.ts';
import { calendarVersion } from '../../domain/calendar.ts';
import { createCalendarStore, type CalendarStore } from '../../prisma/calendars.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import {
  createPolicyStore,
  storedVersion,
  type PolicyDraft,
  type PolicyStore,
} from '../../prisma/policies.ts';
import { createRuleChangeStore, type Proposal, type RuleChangeStore } from '../../prisma/rule-changes.ts';
import { createTestDatabase } from '../support/database.ts';
import { deskPolicy } from '../support/desk-policy.ts';

let database: Database;
let policies: PolicyStore;
let calendars: CalendarStore;
let changes: RuleChangeStore;
beforeEach(async () => {
  database = openDatabase(await createTestDatabase());
  policies = createPolicyStore(database);
  calendars = createCalendarStore(database);
  changes = createRuleChangeStore(database);
});
afterEach(() => database.$disconnect());

const file = (text: string, name = 'desk'): PolicyDraft => ({
  policy: deskPolicy({ name, autoCloseAfterMs: text.length * 1000 }),
  hash: text,
});
const manager = { subject: 'key:manager', role: 'manager' };
let ids = 0;
const proposal = (more: Partial<Proposal> = {}): Proposal => ({
  id: `chg_${(ids += 1)}`,
  kind: 'policy',
  name: 'desk',
  requestedBy: manager,
  reason: 'The contract was renewed',
  effectiveFrom: null,
  retroactive: false,
  ...more,
});
/** Publishes over the API's way; answers the change's id. */
async function publish(text: string, more: Partial<Proposal> = {}): Promise<string> {
  const answer = await changes.propose(proposal(more), storedVersion(file(text)));
  if ('inProgress' in answer) throw new Error(`${answer.inProgress} is in progress`);
  return answer.changeId;
}
async function publishAndFinish(text: string): Promise<void> {
  await changes.finish(await publish(text));
}
const inForce = async (name = 'desk') => (await policies.get(name))?.version ?? null;

const OFFICE: Calendar = {
  timezone: 'Europe/Berlin',
  hours: { mon: [['09:00', '17:00']] },
  holidays: [],
  exceptions: {},
};
async function storeCalendar(calendar: Calendar, more: Partial<Proposal> = {}): Promise<string> {
  const answer = await changes.propose(proposal({ kind: 'calendar', name: 'office', ...more }), {
    hash: calendarVersion(calendar),
    body: calendar,
  });
  if ('inProgress' in answer) throw new Error(`${answer.inProgress} is in progress`);
  return answer.changeId;
}

test('a file is published again only when its own content changed', async () => {
  await policies.publish([file('a')]);
  await policies.publish([file('a')]);
  expect(await inForce()).toBe(1);
  await policies.publish([file('bb')]);
  expect(await inForce()).toBe(2);
  const [version] = await policies.versions('desk', { before: null, limit: 10 });
  expect(version).toMatchObject({ version: 2, createdBy: 'file', state: 'inForce' });
});

test('a file that did not change leaves a version published over the API in force', async () => {
  await policies.publish([file('a')]);
  await publishAndFinish('from the API');
  await policies.publish([file('a')]);
  expect(await inForce()).toBe(2);
});

test('a file that was brought up to what is in force is remembered, and overwrites nothing later', async () => {
  await policies.publish([file('a')]);
  await publishAndFinish('bb');
  await policies.publish([file('bb')]);
  await publishAndFinish('ccc');
  await policies.publish([file('bb')]);
  expect(await inForce()).toBe(3);
});

test('going back to an older text is a new version', async () => {
  await policies.publish([file('a')]);
  await policies.publish([file('bb')]);
  await policies.publish([file('a')]);
  expect(await inForce()).toBe(3);
});

test('a policy whose file is gone is offered no more, and again under its number when the file is back', async () => {
  await policies.publish([file('a'), file('a', 'other')]);
  expect((await policies.publish([file('a', 'other')])).map(({ name }) => name)).toEqual(['other']);
  await policies.publish([file('a'), file('a', 'other')]);
  expect(await inForce()).toBe(1);
});

test('a policy published over the API does not need a file', async () => {
  await publishAndFinish('from the API');
  await policies.publish([file('a', 'other')]);
  expect(await inForce()).toBe(1);
});

test('a scheduled version is in force from its time on, and not before', async () => {
  await policies.publish([file('a')]);
  const id = await publish('bb', { effectiveFrom: Date.now() + 1_000 });
  expect(await inForce()).toBe(1);
  expect((await changes.get(id))!.state).toBe('scheduled');
  await changes.begin(id);
  expect((await changes.get(id))!.state).toBe('scheduled');
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await inForce()).toBe(2);
  await changes.begin(id);
  expect((await changes.get(id))!.state).toBe('running');
});

test('a scheduled version that a file has overtaken does not come back', async () => {
  await policies.publish([file('a')]);
  const id = await publish('bb', { effectiveFrom: Date.now() + 200 });
  await policies.publish([file('ccc')]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await changes.begin(id);
  expect((await changes.get(id))!.state).toBe('cancelled');
  expect(await inForce()).toBe(3);
});

test('a retroactive version waits for approval, and then begins once', async () => {
  await policies.publish([file('a')]);
  const id = await publish('bb', { effectiveFrom: Date.now() - 86_400_000, retroactive: true });
  expect(await inForce()).toBe(1);
  expect((await policies.versionRecord('desk', 2))!.state).toBe('awaitingApproval');
  expect(await changes.approve(id, { subject: 'key:lead', role: 'admin' })).toBe(true);
  expect(await changes.approve(id, { subject: 'key:lead', role: 'admin' })).toBe(false);
  expect(await inForce()).toBe(2);
});

test('a retroactive version that a file has overtaken is not approved any more', async () => {
  await policies.publish([file('a')]);
  const id = await publish('bb', { effectiveFrom: Date.now() - 86_400_000, retroactive: true });
  await policies.publish([file('ccc')]);
  expect(await changes.approve(id, { subject: 'key:lead', role: 'admin' })).toBe(false);
  expect((await changes.get(id))!.state).toBe('cancelled');
  expect(await inForce()).toBe(3);
});

test('a version whose time has not come is withdrawn with its change, one in force is not', async () => {
  await policies.publish([file('a')]);
  const scheduled = await publish('bb', { effectiveFrom: Date.now() + 3_600_000 });
  expect(await changes.cancel(scheduled, manager, null)).toBe(true);
  expect((await policies.versionRecord('desk', 2))!.state).toBe('withdrawn');
  const running = await publish('ccc');
  expect(await changes.cancel(running, manager, null)).toBe(true);
  expect(await changes.cancel(running, manager, null)).toBe(false);
  expect(await inForce()).toBe(3);
});

test('of one policy, one change is under way at a time; the same call twice is one change', async () => {
  const one = proposal();
  const version = storedVersion(file('a'));
  expect(await changes.propose(one, version)).toEqual({ changeId: one.id });
  expect(await changes.propose(one, version)).toEqual({ changeId: one.id });
  expect(await changes.propose(proposal(), storedVersion(file('bb')))).toEqual({ inProgress: one.id });
  expect(await policies.versions('desk', { before: null, limit: 10 })).toHaveLength(1);
});

test('ten that publish at once get one change, and no version number twice', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => changes.propose(proposal(), storedVersion(file(`${i}`)))),
  );
  expect(answers.filter((answer) => 'changeId' in answer)).toHaveLength(1);
});

test('a policy gets the stored calendars that it names as they are in force; its own come first', async () => {
  const tiers = [{ tier: 1, name: 'Desk', calendar: 'office' }] as never;
  const naming = deskPolicy({ tiers });
  expect(storedCalendarsOf(naming)).toEqual(['office']);
  const own = { ...OFFICE, hours: { tue: [['10:00', '11:00']] } } as Calendar;
  const defining = deskPolicy({ name: 'defining', tiers, calendars: { office: own } });
  expect(storedCalendarsOf(defining)).toEqual([]);

  await changes.finish(await storeCalendar(OFFICE));
  await policies.publish([
    { policy: naming, hash: 'a' },
    { policy: defining, hash: 'b' },
  ]);
  const longer: Calendar = { ...OFFICE, hours: { mon: [['08:00', '18:00']] } };
  await changes.finish(await storeCalendar(longer));
  await storeCalendar({ ...OFFICE, holidays: ['2026-12-25'] }, { effectiveFrom: Date.now() + 3_600_000 });

  const [byOwn, byStored] = (await policies.current()).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  expect(byOwn!.calendars).toEqual({ office: own });
  expect(byStored!.calendars).toEqual({ office: longer });
  expect((await policies.version('desk', 1)).calendars).toEqual({ office: longer });
  const rules = resolveRules(byStored!, { openedAt: Date.now(), now: Date.now() });
  expect(rules.hours['office']!.version).toBe(calendarVersion(longer));
  expect(await calendars.byHash('office', calendarVersion(OFFICE))).toEqual(OFFICE);
  expect((await calendars.versions('office', { before: null, limit: 10 })).map(({ state }) => state)).toEqual(
    ['scheduled', 'inForce', 'superseded'],
  );
});

test('open tickets under older versions are counted, closed ones are not', async () => {
  await policies.publish([file('a')]);
  const row = (id: string, state: string) => database.$executeRaw`
    INSERT INTO tickets (id, state, priority, tier, holds, opened_at, reopen_count, handoffs, tier_returns, policy,
      policy_version, mode, type, attributes, breached, shares, shares_at, sequence, recorded_at)
    VALUES (${id}, ${state}, 'P1', 1, '[]', now(), 0, 0, 0, 'desk', 1, 'act', 'incident', '{}', false, '{}', now(), 1, now())`;
  await row('T-1', 'open');
  await row('T-2', 'onHold');
  await row('T-3', 'closed');
  expect(await policies.leftBehind()).toEqual([]);
  await policies.publish([file('bb')]);
  expect(await policies.leftBehind()).toEqual([{ name: 'desk', version: 2, tickets: 2 }]);
});
