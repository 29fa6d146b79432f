/** Queues in PostgreSQL: the order, the limit, and that one ticket goes to one agent, however many pull at once. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOLD_REASONS, PRIORITIES } from '../../domain/policy.ts';
import { compareInQueue, isInProgress, queueOf, type Standing } from '../../domain/queue.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createQueueAlertStore } from '../../prisma/queue-alerts.ts';
import {
  createQueueStore,
  queueMarkOf,
  type Pull,
  type Reservation,
  type ReserveRefusal,
} from '../../prisma/queues.ts';
import { createTestDatabase } from '../support/database.ts';
import { putAgent, putTeam, putTicket } from '../support/queue-rows.ts';

const HOUR = 3_600_000;
/** With a pool of ten each: fifty connections. */
const POOLS = 5;
const ROUNDS = 100;

let databases: Database[];
let database: Database;
beforeAll(async () => {
  const url = await createTestDatabase();
  // Thousands of rounds to the disk say nothing about who gets what.
  const { pathname } = new URL(url);
  const first = openDatabase(url);
  await first.$executeRawUnsafe(`ALTER DATABASE ${pathname.slice(1)} SET synchronous_commit = off`);
  await first.$disconnect();
  databases = Array.from({ length: POOLS }, () => openDatabase(url));
  database = databases[0]!;
});
afterAll(() => Promise.all(databases.map((one) => one.$disconnect())));
beforeEach(async () => {
  await database.$executeRaw`TRUNCATE tickets, reservations, pulls, queue_alerts, agents, teams CASCADE`;
});

const pull = (agent: string, more: Partial<Pull> = {}): Pull => ({
  id: randomUUID(),
  mode: 'pull',
  agent,
  tier: 1,
  ...more,
});
const reserve = (...args: Parameters<typeof pull>) => createQueueStore(database).reserve(pull(...args));

const isReserved = (answer: Reservation | ReserveRefusal): answer is Reservation => 'ticketId' in answer;
const ticketOf = (answer: Reservation | ReserveRefusal): string =>
  isReserved(answer) ? answer.ticketId : answer.refused;

/** What recording the request does in one write: the ticket is somebody's, and its reservation is gone. */
async function take({ ticketId, agent, reservation }: Reservation, by = database): Promise<void> {
  await by.$executeRaw`
    WITH consumed AS (DELETE FROM reservations WHERE id = ${reservation})
    UPDATE tickets SET assignee = ${agent}, queued_at = NULL, offered_tier = NULL, offered_at = NULL
    WHERE id = ${ticketId}`;
}

async function putDesk({ tickets = 3, agents = 2, capacity = null as number | null } = {}): Promise<void> {
  await putTeam(database, 'desk', { capacity });
  for (let i = 1; i <= agents; i += 1) await putAgent(database, `agent-${i}`, 'desk');
  for (let i = 1; i <= tickets; i += 1) await putTicket(database, { id: `ticket-${i}`, queuedAt: i });
}

describe('what SQL and the domain say of any ticket', () => {
  const standing = fc.record({
    state: fc.constantFrom('open', 'onHold', 'resolved', 'closed', 'cancelled'),
    mode: fc.constantFrom('act', 'act', 'act', 'observe'),
    tier: fc.integer({ min: 1, max: 2 }),
    team: fc.constantFrom(null, 'desk', 'other'),
    assignee: fc.constantFrom(null, null, 'agent-1', 'agent-2'),
    holds: fc
      .uniqueArray(fc.constantFrom(...HOLD_REASONS), { maxLength: 2 })
      .map((reasons) => reasons.map((reason) => ({ reason }))),
    nextDeadlineAt: fc.option(fc.integer({ min: 1, max: 4 }).map((hours) => hours * HOUR)),
    offered: fc.option(
      fc.record({ tier: fc.integer({ min: 1, max: 2 }), team: fc.constantFrom(null, 'desk') }),
    ),
    priority: fc.constantFrom(...PRIORITIES),
    queuedAt: fc.integer({ min: 1, max: 3 }),
  });

  test('is the same: who waits where, in which order, and who has how much', async () => {
    const samples = fc.sample(standing, { numRuns: 400, seed: 20_260_131 });
    const rows = samples.map((sample, i) => ({ ...(sample as Standing & typeof sample), id: `ticket-${i}` }));
    for (const row of rows) await putTicket(database, row);
    const store = createQueueStore(database);
    for (const tier of [1, 2]) {
      const expected = rows
        .filter((row) => queueOf(row)?.tier === tier)
        .map((row) => ({ ...row, ticketId: row.id }))
        .toSorted(compareInQueue);
      expect(expected.length).toBeGreaterThan(20);
      const listed = await store.list({ tier }, { after: null, limit: 500 });
      expect(listed.map(({ ticketId }) => ticketId)).toEqual(expected.map(({ id }) => id));
      expect(listed.map(({ team }) => team)).toEqual(expected.map((row) => queueOf(row)!.team));
    }
    const counted = await database.$queryRaw<{ agent: string; count: number }[]>`
      SELECT agent, count(*)::int FROM work_in_progress GROUP BY agent ORDER BY agent`;
    expect(counted).toEqual(
      ['agent-1', 'agent-2'].map((agent) => ({
        agent,
        count: rows.filter((row) => row.assignee === agent && isInProgress(row)).length,
      })),
    );
  });

  test('pages through a queue without leaving a ticket out or showing one twice', async () => {
    const samples = fc.sample(standing, { numRuns: 150, seed: 7 });
    for (const [i, sample] of samples.entries())
      await putTicket(database, { ...(sample as Standing & typeof sample), id: `ticket-${i}` });
    const store = createQueueStore(database);
    const all = await store.list({ tier: 1 }, { after: null, limit: 500 });
    const paged = [];
    for (let after = null as ReturnType<typeof queueMarkOf> | null; ;) {
      const rows = await store.list({ tier: 1 }, { after, limit: 7 });
      paged.push(...rows);
      if (rows.length < 7) break;
      after = queueMarkOf(rows.at(-1)!);
    }
    expect(paged).toEqual(all);
  });
});

describe('a pull', () => {
  test('keeps the first ticket of the queue for the agent for half a minute', async () => {
    await putDesk();
    const answer = (await reserve('agent-1')) as Reservation;
    expect(answer).toMatchObject({
      ticketId: 'ticket-1',
      agent: 'agent-1',
      tier: 1,
      team: 'desk',
      granted: false,
    });
    expect(Math.abs(answer.expiresAt! - Date.now() - 30_000)).toBeLessThan(2_000);
  });

  test('leaves what is reserved to whom it is reserved for', async () => {
    await putDesk();
    expect(ticketOf(await reserve('agent-1'))).toBe('ticket-1');
    expect(ticketOf(await reserve('agent-2'))).toBe('ticket-2');
    expect(ticketOf(await reserve('agent-1'))).toBe('ticket-3');
    expect(ticketOf(await reserve('agent-2'))).toBe('queue_empty');
  });

  test('cannot reserve a ticket twice, whoever writes to the table', async () => {
    await putDesk();
    await reserve('agent-1');
    await expect(
      database.$executeRaw`
        INSERT INTO reservations (ticket_id, id, agent, tier, created_at, expires_at)
        VALUES ('ticket-1', 'another', 'agent-2', 1, now(), now() + interval '30 seconds')`,
    ).rejects.toThrow(/unique|duplicate/i);
  });

  test('that is made again answers the same ticket, before it is taken and after', async () => {
    await putDesk();
    const store = createQueueStore(database);
    const wanted = pull('agent-1', { bodyHash: 'one' });
    const first = (await store.reserve(wanted)) as Reservation;
    expect(await store.reserve(wanted)).toEqual({ ...first, replayed: true });
    await take(first);
    await database.$executeRaw`
      INSERT INTO ledger (ticket_id, sequence, id, type, source, occurred_at, received_at, recorded_at, data, xid)
      VALUES ('ticket-1', 2, ${`request:${first.reservation}/0`}, 'assigned', 'request', now(), now(), now(), '{}', 1)`;
    expect(await store.reserve(wanted)).toMatchObject({
      ticketId: 'ticket-1',
      granted: true,
      replayed: true,
    });
    expect(await store.reserve({ ...wanted, bodyHash: 'other' })).toEqual({ refused: 'conflict' });
  });

  test('of many with one name at once is one pull', async () => {
    await putDesk({ tickets: 10 });
    const wanted = pull('agent-1');
    const answers = await Promise.all(databases.map((one) => createQueueStore(one).reserve(wanted)));
    expect(new Set(answers.map(ticketOf))).toEqual(new Set(['ticket-1']));
    expect(await database.$queryRaw`SELECT count(*)::int FROM reservations`).toEqual([{ count: 1 }]);
  });

  test('goes on to the next ticket when one refuses, and does not come back to it', async () => {
    await putDesk();
    const store = createQueueStore(database);
    const wanted = pull('agent-1');
    const first = (await store.reserve(wanted)) as Reservation;
    // Told twice, by two who asked for the same pull at once: freed once.
    await store.release(first.reservation);
    const second = (await store.reserve(wanted)) as Reservation;
    await store.release(first.reservation);
    expect(second.ticketId).toBe('ticket-2');
    expect(second.reservation).not.toBe(first.reservation);
    expect(await store.reserve(wanted)).toEqual({ ...second, replayed: true });
    // Freed: for others it is there again.
    expect(ticketOf(await reserve('agent-2'))).toBe('ticket-1');
  });

  test('finds nothing in a queue whose tickets all refused, and may begin again', async () => {
    await putDesk({ tickets: 1 });
    const store = createQueueStore(database);
    const wanted = pull('agent-1');
    await store.release(((await store.reserve(wanted)) as Reservation).reservation);
    expect(await store.reserve(wanted)).toEqual({ refused: 'queue_empty' });
    expect(ticketOf(await store.reserve(wanted))).toBe('ticket-1');
  });

  test('is of the own tier, the own team or the one that is named, and of tickets without a team', async () => {
    await putTeam(database, 'network');
    await putTeam(database, 'storage');
    await putTeam(database, 'dba', { tier: 2 });
    await putAgent(database, 'agent-1', 'network');
    await putTicket(database, { id: 'theirs', team: 'storage', queuedAt: 1 });
    await putTicket(database, { id: 'nobody’s', queuedAt: 2 });
    await putTicket(database, { id: 'ours', team: 'network', queuedAt: 3 });
    await putTicket(database, { id: 'above', tier: 2, queuedAt: 0 });
    expect(ticketOf(await reserve('agent-1'))).toBe('nobody’s');
    expect(ticketOf(await reserve('agent-1'))).toBe('ours');
    expect(ticketOf(await reserve('agent-1'))).toBe('queue_empty');
    const helping = (await reserve('agent-1', { team: 'storage' })) as Reservation;
    expect(helping).toMatchObject({ ticketId: 'theirs', team: 'storage' });
    expect(await reserve('agent-1', { tier: 2 })).toEqual({ refused: 'agent_elsewhere', agentTier: 1 });
    expect(await reserve('agent-1', { team: 'dba' })).toEqual({ refused: 'team_unknown' });
    expect(await reserve('agent-1', { team: 'nowhere' })).toEqual({ refused: 'team_unknown' });
  });

  test('takes what is offered to the tier, though its sender still has it', async () => {
    await putDesk({ tickets: 0 });
    await putTicket(database, {
      id: 'offered',
      tier: 2,
      assignee: 'agent-9',
      offered: { tier: 1, team: null },
    });
    expect(ticketOf(await reserve('agent-1'))).toBe('offered');
  });

  test('is refused to who is unknown, gone or absent', async () => {
    await putDesk();
    await putAgent(database, 'agent-gone', 'desk', { active: false });
    const absentUntil = new Date(Date.now() + HOUR);
    await putAgent(database, 'agent-away', 'desk', { absentUntil });
    await putAgent(database, 'agent-back', 'desk', { absentUntil: new Date(Date.now() - 1) });
    expect(await reserve('agent-nobody')).toEqual({ refused: 'agent_unknown' });
    expect(await reserve('agent-gone')).toEqual({ refused: 'agent_unknown' });
    expect(await reserve('agent-away')).toEqual({
      refused: 'agent_absent',
      absentUntil: absentUntil.getTime(),
    });
    expect(ticketOf(await reserve('agent-back'))).toBe('ticket-1');
  });
});

describe('the limit', () => {
  test('counts work in progress and reservations together, and says so', async () => {
    await putDesk({ tickets: 5, capacity: 3 });
    await putTicket(database, { id: 'mine', assignee: 'agent-1' });
    await putTicket(database, {
      id: 'held',
      assignee: 'agent-1',
      state: 'onHold',
      holds: [{ reason: 'customer' }],
    });
    await putTicket(database, { id: 'done', assignee: 'agent-1', state: 'resolved' });
    expect(ticketOf(await reserve('agent-1'))).toBe('ticket-1');
    expect(ticketOf(await reserve('agent-1'))).toBe('ticket-2');
    expect(await reserve('agent-1')).toEqual({
      refused: 'at_capacity',
      limit: 3,
      inProgress: 1,
      reserved: 2,
    });
    expect(ticketOf(await reserve('agent-2'))).toBe('ticket-3');
  });

  test('is the agent’s own before the team’s; without either there is none', async () => {
    await putTeam(database, 'desk', { capacity: 1 });
    await putTeam(database, 'boundless');
    await putAgent(database, 'agent-1', 'desk', { capacity: 2 });
    await putAgent(database, 'agent-2', 'desk');
    await putAgent(database, 'agent-3', 'boundless');
    for (let i = 0; i < 20; i += 1) await putTicket(database, { id: `ticket-${i}` });
    const reservable = async (agent: string) => {
      for (let count = 0; count < 9; count += 1) if (!isReserved(await reserve(agent))) return count;
      return 9;
    };
    expect(await reservable('agent-1')).toBe(2);
    expect(await reservable('agent-2')).toBe(1);
    expect(await reservable('agent-3')).toBe(9);
  });

  test('is reached whether the queue holds anything or not', async () => {
    await putDesk({ tickets: 1, capacity: 1 });
    await reserve('agent-1');
    expect(await reserve('agent-1')).toMatchObject({ refused: 'at_capacity' });
  });

  test('holds for an agent who pulls from two tiers at once', async () => {
    await putTeam(database, 'second', { tier: 2, capacity: 1 });
    const surge = { tier: 1, depth: 1, clearAt: 0, raiseTo: 2, notify: 'lead', policy: 'standard' } as const;
    await createQueueAlertStore(database).raise({ tier: 1, team: null }, 1, surge);
    for (let n = 0; n < 40; n += 1) {
      await putAgent(database, `agent-${n}`, 'second', { tier: 2 });
      for (const tier of [1, 2]) await putTicket(database, { id: `ticket-${n}-${tier}`, tier });
    }
    for (let n = 0; n < 40; n += 1) {
      const many = databases.flatMap((one) =>
        [1, 2].map((tier) => createQueueStore(one).reserve(pull(`agent-${n}`, { tier }))),
      );
      expect((await Promise.all(many)).filter(isReserved)).toHaveLength(1);
    }
  });
});

describe('a reservation that expires', () => {
  const briefly = (by = database) => createQueueStore(by, { holdMs: 1 });
  const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

  test('frees the ticket and the place of its agent', async () => {
    await putDesk({ tickets: 1, capacity: 1 });
    await briefly().reserve(pull('agent-1'));
    await soon();
    expect(ticketOf(await reserve('agent-2'))).toBe('ticket-1');
    await putTicket(database, { id: 'ticket-2' });
    expect(ticketOf(await reserve('agent-1'))).toBe('ticket-2');
  });

  test('is made again for the same ticket and under the same id, when the same pull comes back in time', async () => {
    await putDesk();
    const wanted = pull('agent-1');
    const first = (await briefly().reserve(wanted)) as Reservation;
    await soon();
    await putTicket(database, { id: 'urgent', priority: 'P1' });
    const again = (await createQueueStore(database).reserve(wanted)) as Reservation;
    expect(again).toMatchObject({ ticketId: first.ticketId, reservation: first.reservation, granted: false });
  });

  test('leads to another ticket when the first has been reserved by somebody else meanwhile', async () => {
    await putDesk();
    const wanted = pull('agent-1');
    await briefly().reserve(wanted);
    await soon();
    await reserve('agent-2');
    expect(ticketOf(await createQueueStore(database).reserve(wanted))).toBe('ticket-2');
  });
});

describe('a queue that is raised to another tier', () => {
  const surge = { tier: 1, depth: 2, clearAt: 1, raiseTo: 2, notify: 'lead', policy: 'standard' } as const;
  beforeEach(async () => {
    await putDesk();
    await putTeam(database, 'second', { tier: 2 });
    await putAgent(database, 'agent-9', 'second', { tier: 2 });
  });

  test('is open to the agents of that tier for as long as the alert stands', async () => {
    const alerts = createQueueAlertStore(database);
    expect(await reserve('agent-9')).toMatchObject({ refused: 'agent_elsewhere' });
    expect(await alerts.raise({ tier: 1, team: null }, 3, surge)).toBe(true);
    // The ticket stays without a team: who helps out does not take it along.
    expect(await reserve('agent-9')).toMatchObject({ ticketId: 'ticket-1', tier: 1, team: null });
    const [alert] = await alerts.open();
    expect(await alerts.clear(alert!.id, 1)).toBe(true);
    expect(await reserve('agent-9')).toMatchObject({ refused: 'agent_elsewhere' });
  });

  test('opens the queue that is overloaded and no other', async () => {
    await putTicket(database, { id: 'desk’s', team: 'desk', priority: 'P4' });
    await createQueueAlertStore(database).raise({ tier: 1, team: 'desk' }, 3, surge);
    expect(await reserve('agent-9')).toMatchObject({ ticketId: 'desk’s', team: 'desk' });
    expect(await reserve('agent-9')).toEqual({ refused: 'queue_empty' });
  });

  test('has one alert, however many raise it at once, and another one after it was cleared', async () => {
    const stores = databases.map(createQueueAlertStore);
    for (const team of [null, 'desk']) {
      const raised = await Promise.all(stores.map((store) => store.raise({ tier: 1, team }, 3, surge)));
      expect(raised.filter(Boolean)).toHaveLength(1);
    }
    const [first] = await stores[0]!.open();
    const cleared = await Promise.all(stores.map((store) => store.clear(first!.id, 1)));
    expect(cleared.filter(Boolean)).toHaveLength(1);
    expect(await stores[0]!.raise({ tier: 1, team: null }, 5, surge)).toBe(true);
    expect(await stores[0]!.open()).toHaveLength(2);
  });
});

test('shows each queue with its depth, its oldest, who breaches next, and how much its people have', async () => {
  await putTeam(database, 'network', { capacity: 2 });
  await putTeam(database, 'storage');
  await putAgent(database, 'agent-1', 'network');
  await putAgent(database, 'agent-2', 'network', { capacity: 3 });
  await putAgent(database, 'agent-3', 'storage');
  await putTicket(database, { id: 'work', assignee: 'agent-1' });
  const now = Date.now();
  await putTicket(database, {
    id: 'late',
    team: 'network',
    breached: true,
    nextDeadlineAt: now - HOUR,
    queuedAt: 2,
  });
  await putTicket(database, { id: 'soon', team: 'network', nextDeadlineAt: now + HOUR, queuedAt: 3 });
  await putTicket(database, { id: 'old', team: 'network', queuedAt: 1, priority: 'P4' });
  await putTicket(database, { id: 'above', tier: 2 });
  await reserve('agent-1', { ticketId: 'soon' });
  expect(await createQueueStore(database).summaries()).toEqual([
    {
      tier: 1,
      team: 'network',
      assignment: 'pull',
      depth: 3,
      reserved: 1,
      breached: 1,
      oldestId: 'old',
      oldestAt: new Date(1),
      nextToBreachId: 'soon',
      nextToBreachAt: new Date(now + HOUR),
      agents: 2,
      inProgress: 1,
      capacity: 5,
    },
    expect.objectContaining({ tier: 1, team: 'storage', depth: 0, agents: 1, inProgress: 0, capacity: null }),
    expect.objectContaining({ tier: 2, team: null, assignment: null, depth: 1, agents: 0, capacity: 0 }),
  ]);
});

/** Everybody pulls twice at once and takes what they get, each a little later than the other. */
async function round(agents: number, tickets: number, limit: number): Promise<Map<string, number>> {
  await database.$executeRaw`TRUNCATE tickets, reservations, pulls`;
  await database.$executeRaw`UPDATE agents SET capacity = ${limit}::int`;
  await database.$executeRaw`
    INSERT INTO tickets (id, state, priority, tier, holds, opened_at, reopen_count, handoffs, tier_returns, policy,
      policy_version, mode, type, attributes, breached, shares, shares_at, sequence, recorded_at)
    SELECT 'ticket-' || n, 'open', 'P' || 1 + n % 4, 1, '[]', now(), 0, 0, 0, 'standard', 1, 'act', 'incident', '{}', false,
      '{}', now(), 1, now() FROM generate_series(1, ${tickets}::int) n`;
  const got = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const by = databases[i % POOLS]!;
      const answer = await createQueueStore(by).reserve(pull(`agent-${1 + (i % agents)}`));
      if (!isReserved(answer)) return [];
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
      await take(answer, by);
      return [answer];
    }),
  );
  const taken = got.flat();
  expect(new Set(taken.map(({ ticketId }) => ticketId)).size).toBe(taken.length);
  const perAgent = new Map<string, number>();
  for (const { agent } of taken) perAgent.set(agent, (perAgent.get(agent) ?? 0) + 1);
  return perAgent;
}

test(`of fifty pulls at once on a queue of forty each ticket goes to one agent and nobody gets more than the limit, ${ROUNDS} times`, async () => {
  await putTeam(database, 'desk');
  for (let i = 1; i <= 25; i += 1) await putAgent(database, `agent-${i}`, 'desk');
  for (let n = 0; n < ROUNDS; n += 1) {
    // By turns there are places enough for all tickets, or more tickets than places.
    const [agents, limit] = n % 2 === 0 ? [25, 2] : [10, 3];
    const perAgent = await round(agents, 40, limit);
    expect(Math.max(...perAgent.values())).toBeLessThanOrEqual(limit);
    const total = [...perAgent.values()].reduce((sum, count) => sum + count, 0);
    expect(total).toBe(Math.min(40, agents * limit));
  }
});
