/** Who a notification is for, by a real directory, at an instant that the test chooses. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createRecipients, type Addressed } from '../../activities/recipients.ts';
import type { LedgerEvent } from '../../domain/events.ts';
import type { Agent, Team } from '../../domain/people.ts';
import type { Policy } from '../../domain/policy.ts';
import { createCalendarStore } from '../../prisma/calendars.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createPeopleStore, type PeopleStore } from '../../prisma/people.ts';
import { createPolicyStore } from '../../prisma/policies.ts';
import type { LedgerRow } from '../../prisma/readers.ts';
import { createRotaStore, type NamedRota, type RotaStore } from '../../prisma/rotas.ts';
import { createTicketStore } from '../../prisma/tickets.ts';
import { createTestDatabase } from '../support/database.ts';
import { deskPolicy } from '../support/desk-policy.ts';

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);
/** A Wednesday. */
const NOON = at('2026-01-14T12:00:00Z');

let database: Database;
let people: PeopleStore;
let rotas: RotaStore;
let now = NOON;

beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
  people = createPeopleStore(database);
  rotas = createRotaStore(database);
  await database.calendar.create({
    data: {
      name: 'days',
      version: 1,
      hash: 'days',
      current: true,
      body: { timezone: 'UTC', hours: { wed: [['09:00', '17:00']] }, holidays: [], exceptions: {} },
    },
  });
});
afterAll(() => database.$disconnect());
beforeEach(async () => {
  now = NOON;
  await database.$executeRaw`TRUNCATE tickets, rota_overrides, rotas, services, agents, teams CASCADE`;
});

const putTeam = (name: string, more: Partial<Team> = {}) =>
  people.putTeam({
    name,
    tier: 2,
    assignment: 'pull',
    calendar: null,
    capacity: null,
    lead: null,
    manager: null,
    rate: null,
    ...more,
  });
const putAgent = (id: string, more: Partial<Agent> = {}) =>
  people.putAgent({
    id,
    team: 'network',
    tier: 2,
    skills: [],
    capacity: null,
    calendar: null,
    contact: null,
    active: true,
    absentUntil: null,
    ...more,
  });
const putRota = (name: string, more: Partial<NamedRota>) =>
  rotas.put({
    name,
    tier: null,
    team: null,
    timezone: 'Europe/Berlin',
    startsAt: NOON - HOUR,
    rotationMs: 24 * HOUR,
    members: ['agent-1'],
    ...more,
  });
const override = (agent: string, fromAt: number, toAt: number) =>
  rotas.addOverride({
    id: `ovr_${agent}`,
    rota: 'tier-2',
    agent,
    fromAt,
    toAt,
    reason: null,
    createdBy: 'key:1',
  });

/** Two teams at tier 2, with a lead and a manager each; one at tier 3. */
async function staff(): Promise<void> {
  await putTeam('network');
  await putTeam('servers');
  await putTeam('core', { tier: 3 });
  for (const id of ['agent-1', 'agent-2', 'lead-1', 'manager-1']) await putAgent(id);
  for (const id of ['agent-5', 'lead-2', 'manager-2']) await putAgent(id, { team: 'servers' });
  for (const id of ['agent-7', 'lead-3']) await putAgent(id, { team: 'core', tier: 3 });
  await putTeam('network', { lead: 'lead-1', manager: 'manager-1' });
  await putTeam('servers', { lead: 'lead-2', manager: 'manager-2' });
  await putTeam('core', { tier: 3, lead: 'lead-3' });
}

const TICKET = 'tkt_1';
async function ticket(
  more: { tier?: number; team?: string; assignee?: string; policy?: string } = {},
): Promise<void> {
  const { tier = 2, team = null, assignee = null, policy = 'desk' } = more;
  await database.$executeRaw`
    INSERT INTO tickets (id, state, priority, tier, team, assignee, holds, opened_at, reopen_count, handoffs, tier_returns,
      policy, policy_version, mode, type, attributes, breached, shares, shares_at, sequence, recorded_at)
    VALUES (${TICKET}, 'open', 'P1', ${tier}, ${team}, ${assignee}, '[]', now(), 0, 0, 0,
      ${policy}, 1, 'act', 'incident', '{}', false, '{}', now(), 1, now())`;
}

type Asked = Partial<Extract<LedgerEvent, { type: 'notificationRequested' }>>;
async function recipients(asked: Asked): Promise<Addressed> {
  const recipientsOf = createRecipients({
    people,
    rotas,
    calendars: createCalendarStore(database),
    tickets: createTicketStore(database),
    policies: createPolicyStore(database),
    now: () => now,
  });
  const event = { type: 'notificationRequested', tier: 2, ...asked } as LedgerEvent;
  return (await recipientsOf({ ticketId: TICKET, event, xid: 1n, position: 1n } satisfies LedgerRow))!;
}
const told = async (asked: Asked): Promise<string[]> =>
  (await recipients(asked)).recipients.map(
    ({ agent, via, insteadOf }) => `${agent} via ${via}${insteadOf ? ` instead of ${insteadOf}` : ''}`,
  );

describe('a notification', () => {
  beforeEach(staff);

  test('for the assignee is for that agent, and says how to reach them', async () => {
    await ticket({ assignee: 'agent-2' });
    const contact = { email: 'agent-2@example.com' };
    await putAgent('agent-2', { contact });
    expect(await recipients({ audience: 'assignee' })).toEqual({
      recipients: [{ agent: 'agent-2', via: 'assignee', contact }],
    });
  });

  test('for an assignee whom the directory does not know names them all the same', async () => {
    await ticket({ assignee: 'somebody' });
    expect(await told({ audience: 'assignee' })).toEqual(['somebody via assignee']);
  });

  test('for an assignee who is away is for the team, but for those off their shift', async () => {
    await ticket({ assignee: 'agent-2', team: 'network' });
    await putAgent('agent-2', { absentUntil: NOON + 1 });
    await putAgent('manager-1', { calendar: 'days' });
    expect(await told({ audience: 'assignee' })).toEqual(
      ['agent-1', 'lead-1', 'manager-1'].map((id) => `${id} via team instead of assignee`),
    );
    now = at('2026-01-14T17:00:00Z');
    expect(await told({ audience: 'assignee' })).toEqual(['agent-2 via assignee']);
    expect(await told({ audience: 'team' })).toEqual(
      ['agent-1', 'agent-2', 'lead-1'].map((id) => `${id} via team`),
    );
  });

  test('for the lead is for the lead of the ticket’s team, and without one for those of the tier', async () => {
    expect(await told({ audience: 'lead' })).toEqual(['lead-1 via lead', 'lead-2 via lead']);
    await ticket({ team: 'servers' });
    expect(await told({ audience: 'lead' })).toEqual(['lead-2 via lead']);
    expect(await told({ audience: 'manager' })).toEqual(['manager-2 via manager']);
    // The ticket has moved on: the tier it was at is told.
    expect(await told({ audience: 'lead', tier: 3 })).toEqual(['lead-3 via lead']);
  });

  test('for a lead who is away is for the manager, in their stead', async () => {
    await ticket({ team: 'network' });
    await putAgent('lead-1', { active: false });
    expect(await told({ audience: 'lead' })).toEqual(['manager-1 via manager instead of lead']);
    await putAgent('manager-1', { active: false });
    expect(await told({ audience: 'lead' })).toEqual([]);
  });

  test('for a team that is out of service is for the tier', async () => {
    await ticket({ team: 'servers' });
    for (const id of ['agent-5', 'lead-2', 'manager-2']) await putAgent(id, { team: 'network' });
    expect(await people.deactivateTeam('servers')).toBe('done');
    expect(await told({ audience: 'lead' })).toEqual(['lead-1 via lead']);
  });
});

describe('a page', () => {
  const page = (more: Asked = {}) => told({ audience: 'team', page: true, ...more });
  beforeEach(staff);

  test('is for whoever is on call for the team, else for the tier', async () => {
    await ticket({ team: 'network' });
    await putRota('tier-2', { tier: 2, members: ['agent-2'] });
    expect(await page()).toEqual(['agent-2 via onCall']);
    await putRota('network', { team: 'network', members: ['agent-1'] });
    expect(await page()).toEqual(['agent-1 via onCall']);
    expect((await recipients({ audience: 'team', page: true })).onCall).toEqual({ rota: 'network' });
    await database.ticket.update({ where: { id: TICKET }, data: { team: 'servers' } });
    expect(await page()).toEqual(['agent-2 via onCall']);
  });

  test('after a hand-over is for the new person, from its very instant on', async () => {
    await putRota('tier-2', { tier: 2, startsAt: NOON, members: ['agent-1', 'agent-2'] });
    now = NOON + 24 * HOUR - 1;
    expect(await page()).toEqual(['agent-1 via onCall']);
    now += 1;
    expect(await page()).toEqual(['agent-2 via onCall']);
  });

  test('at the very instant at which an override begins is for who takes over, and at its end not any more', async () => {
    await putRota('tier-2', { tier: 2 });
    await override('agent-5', NOON + 1, NOON + HOUR);
    expect(await page()).toEqual(['agent-1 via onCall']);
    now = NOON + 1;
    expect(await page()).toEqual(['agent-5 via onCall']);
    now = NOON + HOUR - 1;
    expect(await page()).toEqual(['agent-5 via onCall']);
    now += 1;
    expect(await page()).toEqual(['agent-1 via onCall']);
  });

  test('while nobody is on call falls back: next tier, lead, manager, and whom the policy names', async () => {
    await createPolicyStore(database).publish([
      { policy: deskPolicy({ onCallFallback: 'duty-phone' }) as Policy, hash: 'desk' },
    ]);
    await ticket({ team: 'network' });
    await putRota('tier-2', { tier: 2, startsAt: NOON + 1 });
    await putRota('tier-3', { tier: 3, members: ['agent-7'] });
    expect(await recipients({ audience: 'team', page: true })).toEqual({
      recipients: [{ agent: 'agent-7', via: 'onCall', insteadOf: 'onCall' }],
      onCall: { rota: 'tier-3' },
    });
    await putAgent('agent-7', { team: 'core', tier: 3, absentUntil: NOON + HOUR });
    expect(await page()).toEqual(['lead-1 via lead instead of onCall']);
    await putAgent('lead-1', { active: false });
    expect(await page()).toEqual(['manager-1 via manager instead of onCall']);
    await putAgent('manager-1', { active: false });
    expect(await recipients({ audience: 'team', page: true })).toEqual({
      recipients: [{ agent: 'duty-phone', via: 'fallback', insteadOf: 'onCall' }],
    });
    await putAgent('duty-phone', { contact: { phone: '+49 30 555 0100' } });
    expect((await recipients({ audience: 'team', page: true })).recipients).toMatchObject([
      { agent: 'duty-phone', contact: { phone: '+49 30 555 0100' } },
    ]);
    now = NOON + 1;
    expect(await page()).toEqual(['agent-1 via onCall']);
  });

  test('passes over who is on call and away, or has left', async () => {
    await putRota('tier-2', { tier: 2, members: ['agent-1'] });
    await putRota('tier-3', { tier: 3, members: ['agent-7'] });
    await putAgent('agent-1', { absentUntil: NOON + HOUR });
    expect(await page()).toEqual(['agent-7 via onCall instead of onCall']);
    now = NOON + HOUR;
    expect(await page()).toEqual(['agent-1 via onCall']);
    await putAgent('agent-1', { active: false });
    expect(await page()).toEqual(['agent-7 via onCall instead of onCall']);
  });

  test('never goes down a tier, nor to a rota that is for no tier', async () => {
    await putRota('tier-1', { tier: 1 });
    await putRota('holidays', {});
    expect(await page()).toEqual(['lead-1 via lead instead of onCall', 'lead-2 via lead instead of onCall']);
  });

  test('goes to another team’s rota of the tier before the next tier', async () => {
    await ticket({ team: 'network' });
    await putRota('servers', { team: 'servers', members: ['agent-5'] });
    await putRota('tier-3', { tier: 3, members: ['agent-7'] });
    expect(await page()).toEqual(['agent-5 via onCall instead of onCall']);
  });

  test('of a lead or a manager is for them too, once', async () => {
    await ticket({ team: 'network' });
    await putRota('tier-2', { tier: 2, members: ['agent-2'] });
    expect(await page({ audience: 'lead' })).toEqual(['agent-2 via onCall', 'lead-1 via lead']);
    expect(await page({ audience: 'assignee' })).toEqual(['agent-2 via onCall']);
    await putRota('tier-2', { tier: 2, members: ['manager-1'] });
    expect(await page({ audience: 'manager' })).toEqual(['manager-1 via onCall']);
  });
});

describe('a vendor’s manager', () => {
  test('is whom the policy names for that vendor, else for any; without one the next audience is told', async () => {
    await staff();
    const vendors = { acme: { manager: 'agent-2' }, default: { manager: 'vendor-desk' } };
    await createPolicyStore(database).publish([
      { policy: deskPolicy({ name: 'vendors', vendors }) as Policy, hash: 'vendors' },
      { policy: deskPolicy({ name: 'plain' }) as Policy, hash: 'plain' },
    ]);
    await ticket({ team: 'network', policy: 'vendors' });
    const asked = (vendor: string): Asked => ({ audience: 'vendorManager', vendor });
    expect(await told(asked('acme'))).toEqual(['agent-2 via vendorManager']);
    expect(await told(asked('other'))).toEqual(['vendor-desk via vendorManager']);
    await database.ticket.update({ where: { id: TICKET }, data: { policy: 'plain' } });
    expect(await told(asked('acme'))).toContain('lead-1 via team instead of vendorManager');
  });
});

test('without a directory nobody is named', async () => {
  await createPolicyStore(database).publish([
    { policy: deskPolicy({ name: 'bare' }) as Policy, hash: 'bare' },
  ]);
  await ticket({ policy: 'bare' });
  for (const audience of ['assignee', 'team', 'lead', 'manager'] as const)
    for (const page of [true, undefined] as const)
      expect(await recipients({ audience, ...(page && { page }) })).toEqual({ recipients: [] });
});
