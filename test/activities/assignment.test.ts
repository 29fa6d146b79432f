/** Teams that do not pull: who is given what, and when; and queues that grow too long. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { z } from 'zod';
import { createAssignment, type Assignment } from '../../activities/assignment.ts';
import { createQueueMessenger } from '../../activities/queue-messages.ts';
import type { Asked } from '../../activities/rule-change.ts';
import { Refused } from '../../api/engine-errors.ts';
import { queueMessage, skillMissingMessage } from '../../api/schemas/queues.ts';
import type { Request } from '../../domain/decide.ts';
import type { Policy } from '../../domain/policy.ts';
import { createCalendarStore } from '../../prisma/calendars.ts';
import type { Database } from '../../prisma/client.ts';
import { createDeliveryStore } from '../../prisma/deliveries.ts';
import { createIntakeStore } from '../../prisma/intake.ts';
import { createQueueAlertStore } from '../../prisma/queue-alerts.ts';
import { createQueueStore } from '../../prisma/queues.ts';
import { READER_WORKFLOW } from '../../workflows/messages.ts';
import { createDesk, eventually, type Desk } from '../support/desk.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { putAgent, putTeam } from '../support/queue-rows.ts';

const HOUR = 3_600_000;

let desk: Desk;
let assignment: Assignment;
/** The policies in force, as far as surges are concerned. */
let policies: Policy[] = [];
/** What a test does between the reader and the tickets. */
let meddle: (ask: () => Promise<Asked>, request: Request) => Promise<Asked> = (ask) => ask();

async function asked(ticketId: string, request: Request): Promise<Asked> {
  try {
    return (await desk.engine.ask(ticketId, request)) ? 'granted' : 'unknown';
  } catch (error) {
    if (error instanceof Refused) return { refusal: error.refusal };
    throw error;
  }
}

const log = pino({ level: 'silent' });

const messengerOver = (database: Database) =>
  createQueueMessenger({
    alerts: createQueueAlertStore(database),
    deliveries: createDeliveryStore(database),
    log,
    channels: ['webhook'],
  });

const assignmentAt = (database: Database): Assignment =>
  createAssignment({
    queues: createQueueStore(database),
    alerts: createQueueAlertStore(database),
    policies: { current: () => Promise.resolve(policies) },
    calendars: createCalendarStore(database),
    messenger: messengerOver(database),
    askTicket: (ticketId, request) => meddle(() => asked(ticketId, request), request),
    log,
  });

beforeAll(async () => {
  desk = await createDesk({
    requestWithinMs: 30_000,
    handlers: ({ database }) => {
      assignment = assignmentAt(database);
      return { assignment: (row, wait) => assignment.onRow(row, wait) };
    },
  });
  await desk.client.workflow.start(READER_WORKFLOW, {
    workflowId: `${desk.taskQueue}/reader/assignment`,
    taskQueue: desk.taskQueue,
    args: [{ reader: 'assignment' }],
  });
});
afterAll(() => desk.close());
beforeEach(async () => {
  policies = [];
  meddle = (ask) => ask();
  await desk.database.$executeRaw`UPDATE tickets SET mode = 'observe'`;
  await desk.database
    .$executeRaw`TRUNCATE agents, teams, reservations, pulls, queue_alerts, deliveries CASCADE`;
});

/** As the documentation of the webhook has it. */
const heardMessage = z.union([queueMessage, skillMissingMessage]);

/** What was put into the outbox, in order. */
const heard = async () => {
  const rows = await desk.database.delivery.findMany({
    where: { purpose: { startsWith: 'queue.' } },
    orderBy: { position: 'asc' },
  });
  return rows.map(({ message }) => heardMessage.parse(message));
};
const heardOf = (count: number) => eventually(heard, ({ length }) => length === count);

const open = (more: Parameters<Desk['open']>[0] = {}): Promise<string> =>
  desk.open({ policy: 'standard', priority: 'P3', ...more });

const ownerOf = async (ticketId: string): Promise<string | null> =>
  (await desk.database.ticket.findUniqueOrThrow({ where: { id: ticketId } })).assignee;
const given = (ticketId: string): Promise<string | null> =>
  eventually(
    () => ownerOf(ticketId),
    (owner) => owner !== null,
  );
/** Long enough for the reader to have given it, if it were to be given. */
async function isLeftAlone(ticketId: string): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  return (await ownerOf(ticketId)) === null;
}

describe('by turn', () => {
  test('each gets the next ticket as it is opened', async () => {
    await putTeam(desk.database, 'desk', { assignment: 'roundRobin' });
    for (const agent of ['agent-1', 'agent-2', 'agent-3']) await putAgent(desk.database, agent, 'desk');
    const owners = [];
    for (let n = 0; n < 6; n += 1) owners.push(await given(await open()));
    expect(owners).toEqual(['agent-1', 'agent-2', 'agent-3', 'agent-1', 'agent-2', 'agent-3']);
  });

  test('the ticket says who gave it, and from which reservation', async () => {
    await putTeam(desk.database, 'desk', { assignment: 'roundRobin' });
    await putAgent(desk.database, 'agent-1', 'desk');
    const ticketId = await open();
    await given(ticketId);
    const event = (await desk.ledger.events(ticketId)).find(({ type }) => type === 'assigned');
    expect(event).toMatchObject({ assignee: 'agent-1', team: 'desk', actor: { subject: 'tierline' } });
    expect(await desk.database.reservation.count()).toBe(0);
  });
});

describe('by load', () => {
  test('nobody gets more than the limit; who has done something gets what waited', async () => {
    await putTeam(desk.database, 'desk', { assignment: 'leastLoaded', capacity: 1 });
    await putAgent(desk.database, 'agent-1', 'desk');
    await putAgent(desk.database, 'agent-2', 'desk');
    const [first, second, third] = [await open(), await open(), await open()];
    const owner = await given(first);
    expect(new Set([owner, await given(second)])).toEqual(new Set(['agent-1', 'agent-2']));
    expect(await isLeftAlone(third)).toBe(true);
    await desk.ask(first, { type: 'resolve' });
    expect(await given(third)).toBe(owner);
  });

  test('a hold for the vendor makes room, too', async () => {
    await putTeam(desk.database, 'desk', { assignment: 'leastLoaded', capacity: 1 });
    await putAgent(desk.database, 'agent-1', 'desk');
    const [first, second] = [await open(), await open()];
    await given(first);
    await desk.ask(first, { type: 'hold', reason: 'vendor' });
    expect(await given(second)).toBe('agent-1');
  });

  test('of thirty each is given once, and no more than fit', async () => {
    await putTeam(desk.database, 'desk', { assignment: 'leastLoaded', capacity: 4 });
    for (let n = 1; n <= 5; n += 1) await putAgent(desk.database, `agent-${n}`, 'desk');
    const tickets: string[] = [];
    for (let n = 0; n < 3; n += 1)
      tickets.push(...(await Promise.all(Array.from({ length: 10 }, () => open()))));
    const owned = () =>
      desk.database.ticket.findMany({ where: { id: { in: tickets }, assignee: { not: null } } });
    const rows = await eventually(owned, (found) => found.length === 20, 40_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await owned()).toHaveLength(20);
    const loads = rows.map(({ assignee }) => rows.filter((row) => row.assignee === assignee).length);
    expect(new Set(loads)).toEqual(new Set([4]));
    for (const { id } of rows)
      expect((await desk.types(id)).filter((type) => type === 'assigned')).toHaveLength(1);
  });
});

test('a team that pulls is given nothing', async () => {
  await putTeam(desk.database, 'desk');
  await putAgent(desk.database, 'agent-1', 'desk');
  expect(await isLeftAlone(await open())).toBe(true);
});

describe('who is not there', () => {
  test('gets nothing before coming back, and then without anything happening', async () => {
    await putTeam(desk.database, 'desk', { assignment: 'leastLoaded' });
    await putAgent(desk.database, 'agent-1', 'desk', { absentUntil: new Date(Date.now() + HOUR) });
    const ticketId = await open();
    expect(await isLeftAlone(ticketId)).toBe(true);
    await desk.database.agent.update({ where: { id: 'agent-1' }, data: { absentUntil: null } });
    await assignment.lookAgain();
    // The reader may be looking at the same moment: then it is the one who gives it.
    expect(await given(ticketId)).toBe('agent-1');
  });

  test('is also who is out of their shift', async () => {
    const yesterday = ['sat', 'sun', 'mon', 'tue', 'wed', 'thu', 'fri'][new Date().getUTCDay()]!;
    const hours = { [yesterday]: [['00:00', '24:00']] };
    await desk.database.calendar.create({
      data: {
        name: `shift-${randomUUID()}`,
        version: 1,
        hash: 'a',
        body: { timezone: 'UTC', hours, holidays: [], exceptions: {} },
        current: true,
      },
    });
    const [calendar] = await desk.database.calendar.findMany({ where: { hash: 'a' } });
    await putTeam(desk.database, 'desk', { assignment: 'roundRobin' });
    await putAgent(desk.database, 'agent-1', 'desk', { calendar: calendar!.name });
    await putAgent(desk.database, 'agent-2', 'desk');
    // The calendars in force are asked every two seconds.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect([await given(await open()), await given(await open())]).toEqual(['agent-2', 'agent-2']);
  });
});

describe('by skill', () => {
  beforeEach(async () => {
    await putTeam(desk.database, 'desk', { assignment: 'bySkill', capacity: 1 });
    await putAgent(desk.database, 'agent-1', 'desk', { skills: ['network', 'bgp'] });
    await putAgent(desk.database, 'agent-2', 'desk', { skills: ['database'] });
  });

  test('a ticket goes to who has the skill of its category; the next is not held up by one that waits', async () => {
    const first = await open({ attributes: { category: 'network' } });
    expect(await given(first)).toBe('agent-1');
    const waits = await open({ attributes: { category: 'network' } });
    expect(await given(await open({ attributes: { category: 'database' } }))).toBe('agent-2');
    expect(await ownerOf(waits)).toBeNull();
    expect(await heard()).toEqual([]);
  });

  test('a ticket that says which skills it asks for goes by them', async () => {
    const ticketId = `tkt_${randomUUID()}`;
    const { text } = await createIntakeStore(desk.database).receive({
      messageId: randomUUID(),
      ticketId,
      text: { subject: 'A route flaps', custom: { skills: 'bgp, network' } },
    });
    await open({ ticketId, text: text!, attributes: { category: 'database' } });
    expect(await given(ticketId)).toBe('agent-1');
  });

  test('one that nobody has the skill for stays, and the lead is told once', async () => {
    const ticketId = await open({ attributes: { category: 'mainframe' } });
    await heardOf(1);
    await given(await open({ attributes: { category: 'network' } }));
    await assignment.lookAgain();
    expect(await ownerOf(ticketId)).toBeNull();
    expect(await heard()).toEqual([
      expect.objectContaining({
        type: 'queue.skillMissing',
        data: expect.objectContaining({ ticketId, team: 'desk', audience: 'lead', skills: ['mainframe'] }),
      }),
    ]);
  });
});

test('what is offered to a tier is accepted by whoever of its team is given it', async () => {
  await putTeam(desk.database, 'second', { tier: 2, assignment: 'leastLoaded' });
  await putAgent(desk.database, 'agent-9', 'second', { tier: 2 });
  const ticketId = await open();
  await desk.ask(ticketId, { type: 'assign', assignee: 'agent-1' });
  await desk.ask(ticketId, { type: 'offerHandoff', toTier: 2 });
  const row = () => desk.database.ticket.findUniqueOrThrow({ where: { id: ticketId } });
  expect(await eventually(row, ({ tier }) => tier === 2)).toMatchObject({
    assignee: 'agent-9',
    team: 'second',
    offeredTier: null,
  });
});

describe('when the ticket does not do as expected', () => {
  beforeEach(async () => {
    await putTeam(desk.database, 'desk', { assignment: 'roundRobin' });
    await putAgent(desk.database, 'agent-1', 'desk');
    await putAgent(desk.database, 'agent-2', 'desk');
  });

  test('an answer that is lost on the way does not give it twice', async () => {
    let times = 0;
    meddle = async (ask) => {
      const answer = await ask();
      if ((times += 1) === 1) throw new Error('lost on the way');
      return answer;
    };
    const ticketId = await open();
    expect(await given(ticketId)).toBe('agent-1');
    await eventually(
      async () => times,
      (n) => n === 2,
    );
    expect((await desk.types(ticketId)).filter((type) => type === 'assigned')).toHaveLength(1);
    expect(await given(await open())).toBe('agent-2');
  });

  test('one that does not answer stays reserved, others are given, and it is given when that expires', async () => {
    let mute = '';
    meddle = (ask, { command }) =>
      mute === '' && command.type === 'take' ? Promise.reject(new Error('no answer')) : ask();
    const ticketId = await open();
    await eventually(
      () => desk.database.reservation.count(),
      (count) => count === 1,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    mute = 'no more';
    expect(await given(await open())).not.toBeNull();
    expect(await ownerOf(ticketId)).toBeNull();
    await desk.database.$executeRaw`UPDATE reservations SET expires_at = clock_timestamp()`;
    await assignment.lookAgain();
    expect(await given(ticketId)).not.toBeNull();
  });

  test('one that refuses is freed, and given to the next in turn at the next look', async () => {
    let refused = 0;
    meddle = (ask, { command }) => {
      if (command.type !== 'take' || command.assignee !== 'agent-1') return ask();
      refused += 1;
      return Promise.resolve({ refusal: { code: 'not_in_queue', message: 'a test' } });
    };
    const ticketId = await open();
    await eventually(
      async () => refused,
      (times) => times === 1,
    );
    await eventually(
      () => desk.database.reservation.count(),
      (count) => count === 0,
    );
    await assignment.lookAgain();
    expect(await given(ticketId)).toBe('agent-2');
  });
});

describe('a queue that grows too long', () => {
  const surge = { tier: 1, depth: 3, clearAt: 1, raiseTo: 2, notify: 'lead' } as const;
  const types = async () =>
    (await heard()).map(({ type, data }) => `${type} ${'depth' in data ? data.depth : ''}`);
  const withSurge = async () => {
    policies = [deskPolicy({ name: 'busy', surge: [surge] })];
    await new Promise((resolve) => setTimeout(resolve, 2_100));
  };

  test('is told of once when it reaches the threshold, and once when it has shrunk', async () => {
    await withSurge();
    const tickets = [];
    for (let n = 0; n < 5; n += 1) tickets.push(await open());
    const [message] = await heardOf(1);
    expect(message).toMatchObject({
      type: 'queue.overloaded',
      data: { tier: 1, team: null, audience: 'lead', threshold: 3, clearAt: 1, raisedTo: 2, policy: 'busy' },
    });
    for (const ticketId of tickets) await desk.ask(ticketId, { type: 'assign', assignee: 'agent-1' });
    await heardOf(2);
    await assignment.lookAgain();
    const [first, second, ...more] = await types();
    expect(first).toMatch(/^queue.overloaded [345]$/);
    expect(second).toMatch(/^queue.relieved [01]$/);
    expect(more).toEqual([]);
  });

  test('is told of all the same when whoever was about to tell it was lost', async () => {
    policies = [deskPolicy({ name: 'busy', surge: [{ ...surge, tier: 9 }] })];
    const alerts = createQueueAlertStore(desk.database);
    // Nothing clears this one, so that there is one thing to tell.
    const raised = { ...surge, tier: 9, clearAt: -1, policy: 'busy' };
    await alerts.raise({ tier: 9, team: null }, 3, raised);
    expect(await alerts.claimUntold()).toHaveLength(1);
    const messenger = messengerOver(desk.database);
    // It may still be telling.
    await messenger.tellAlerts();
    expect(await types()).toEqual([]);
    await desk.database.$executeRaw`UPDATE queue_alerts SET tell_after = clock_timestamp()`;
    await messenger.tellAlerts();
    await messenger.tellAlerts();
    expect(await types()).toEqual(['queue.overloaded 3']);
  });

  test('is of one team, or of none: each queue counts for itself', async () => {
    await withSurge();
    await putTeam(desk.database, 'network');
    for (let n = 0; n < 3; n += 1) {
      const ticketId = await open();
      if (n > 0) await desk.ask(ticketId, { type: 'assign', team: 'network' });
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await assignment.lookAgain();
    // For a moment, one or two of them waited without a team; three never did.
    expect(await heard()).toEqual([]);
  });
});
