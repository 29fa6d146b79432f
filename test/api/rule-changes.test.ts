/** A change of rules meets open tickets: what was foreseen is what happens, once, and to nobody else. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { LedgerEvent } from '../../domain/events.ts';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, MINUTE, openTicket, setUpOffice } from './office.ts';
import { ended, policyDocument, post, postCalendar, publish, type ChangeView } from './rule-book.ts';

const office = setUpOffice();
let manager: Caller;
let admin: Caller;
beforeAll(async () => {
  manager = await office.caller('manager');
  admin = await office.caller('admin');
});

interface Foreseen {
  ticketId: string;
  clock: string;
  deadlineBefore: string | null;
  deadlineAfter: string | null;
}
interface List {
  count: number;
  data: Foreseen[];
}
type Forecast = Record<
  'becomesBreached' | 'relieved' | 'deadlineMoved' | 'clocksCancelled' | 'clocksStarted',
  List
> & {
  tickets: number;
  affected: number;
  unchanged: number;
};

const idsOf = ({ data }: List): string[] => data.map(({ ticketId }) => ticketId).toSorted();

/** Opens a ticket so many hours ago. */
const openAgo = async (policy: string, hours: number): Promise<string> =>
  (await openTicket(admin, { policy, openedAt: inMs(-hours * HOUR) })).id as string;

async function eventsOf(ticketId: string, ...types: LedgerEvent['type'][]): Promise<LedgerEvent[]> {
  return (await office.desk.ledger.events(ticketId)).filter(({ type }) => types.includes(type));
}

/** Tickets whose breach stands, by the register. */
async function breachedOf(ticketIds: readonly string[]): Promise<string[]> {
  const { body } = await admin.get('/v1/breaches?limit=200');
  const standing = (body.data as { ticketId: string; withdrawn: boolean }[]).filter(
    ({ withdrawn }) => !withdrawn,
  );
  return standing
    .map(({ ticketId }) => ticketId)
    .filter((id) => ticketIds.includes(id))
    .toSorted();
}

async function forecast(
  document: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<Forecast> {
  const { status, body } = await post(manager, document, more, '?dryRun=true');
  expect(status).toBe(200);
  return body as Forecast;
}

describe('twenty tickets, and a target cut from eight hours to four', () => {
  const name = 'cut';
  let open: string[] = [];
  let closed: string[] = [];
  let foreseen: Forecast;
  let change: ChangeView;

  beforeAll(async () => {
    await publish(manager, policyDocument(name, '8h'));
    // 0, 30, … 570 minutes old, and off the half hour, so that no deadline is near now.
    for (let i = 0; i < 20; i += 1) open.push(await openAgo(name, (i * 30 + 10) / 60));
    closed = [open[12]!, open[19]!];
    for (const id of closed) {
      await admin.post(`/v1/tickets/${id}/resolve`, {});
      await admin.post(`/v1/tickets/${id}/close`, {});
    }
    open = open.filter((id) => !closed.includes(id));
  });

  test('the dry run names exactly who becomes late, and writes nothing', async () => {
    foreseen = await forecast(policyDocument(name, '4h'));
    const breachedBefore = await breachedOf(open);
    expect(breachedBefore).toEqual([open[15], open[16], open[17]].map(String).toSorted());
    // Older than four hours, and not late under eight.
    expect(idsOf(foreseen.becomesBreached)).toEqual(open.slice(8, 15).toSorted());
    expect(foreseen.becomesBreached.count).toBe(7);
    expect(foreseen).toMatchObject({ tickets: 18, relieved: { count: 0 }, clocksCancelled: { count: 0 } });
    // A late ticket keeps its clock running: its deadline moves as well.
    expect(foreseen.deadlineMoved.count).toBe(18);
    expect(foreseen.affected + foreseen.unchanged).toBe(18);
    const [one] = foreseen.becomesBreached.data;
    expect(Date.parse(one!.deadlineBefore!) - Date.parse(one!.deadlineAfter!)).toBe(4 * HOUR);

    expect(await breachedOf(open)).toEqual(breachedBefore);
    expect((await manager.get(`/v1/policies/${name}`)).body.version).toBe(1);
    expect((await manager.get(`/v1/rule-changes?name=${name}`)).body.data).toHaveLength(1);
    expect(await eventsOf(open[10]!, 'rulesChanged')).toEqual([]);
  });

  test('the apply makes exactly those late, and every open ticket has the new version', async () => {
    const answer = await post(manager, policyDocument(name, '4h'), { actingFor: 'lead-3' });
    change = await ended(manager, answer.body.id);
    expect(change).toMatchObject({
      state: 'done',
      tickets: { total: 18, applied: 18, skipped: 0, failed: 0, remaining: 0 },
      outcome: { becomesBreached: 7, relieved: 0, deadlineMoved: 18 },
    });
    expect(await breachedOf(open)).toEqual(
      [...idsOf(foreseen.becomesBreached), open[15]!, open[16]!, open[17]!].toSorted(),
    );
    for (const id of open) expect((await admin.get(`/v1/tickets/${id}`)).body.policy.version).toBe(2);
    const outcomes = await manager.get(`/v1/rule-changes/${change.id}/tickets?limit=200`);
    const late = (outcomes.body.data as { ticketId: string; becomesBreached: unknown[] }[]).filter(
      ({ becomesBreached }) => becomesBreached.length > 0,
    );
    expect(late.map(({ ticketId }) => ticketId).toSorted()).toEqual(idsOf(foreseen.becomesBreached));
  });

  test('who changed it, and by which change, is in the log of each ticket, once', async () => {
    for (const id of open) {
      const [event, ...more] = await eventsOf(id, 'rulesChanged');
      expect(more).toEqual([]);
      expect(event).toMatchObject({
        cause: 'policyChanged',
        change: change.id,
        retroactive: false,
        actor: { subject: manager.subject, role: 'manager', actingFor: 'lead-3' },
      });
    }
  });

  test('closed tickets keep the rules they were closed under', async () => {
    for (const id of closed) {
      expect((await admin.get(`/v1/tickets/${id}`)).body.policy.version).toBe(1);
      expect(await eventsOf(id, 'rulesChanged')).toEqual([]);
    }
  });

  test('the same post again changes nobody', async () => {
    expect((await post(manager, policyDocument(name, '4h'))).status).toBe(200);
    expect(await eventsOf(open[3]!, 'rulesChanged')).toHaveLength(1);
  });

  test('a longer target from now on withdraws no breach', async () => {
    const before = await breachedOf(open);
    const longer = await forecast(policyDocument(name, '20h'));
    expect([longer.relieved.count, longer.becomesBreached.count]).toEqual([0, 0]);
    const done = await publish(manager, policyDocument(name, '20h'));
    expect(done.outcome).toMatchObject({ relieved: 0 });
    expect(await breachedOf(open)).toEqual(before);
  });
});

describe('a retroactive version', () => {
  const name = 'retro';
  let late: string;
  let early: string;
  let change: ChangeView;

  beforeAll(async () => {
    await publish(manager, policyDocument(name, '2h'));
    early = await openAgo(name, 10);
    late = await openAgo(name, 3);
  });

  const effectiveFrom = inMs(-5 * HOUR);

  test('says whom it relieves: those opened since', async () => {
    const foreseen = await forecast(policyDocument(name, '20h'), { effectiveFrom });
    expect(foreseen).toMatchObject({ retroactive: true, relieved: { count: 1 } });
    expect(idsOf(foreseen.relieved)).toEqual([late]);
  });

  test('waits for a second person, and new tickets do not get it meanwhile', async () => {
    const answer = await post(manager, policyDocument(name, '20h'), {
      effectiveFrom,
      actingFor: 'lead-3',
    });
    expect([answer.status, answer.body.state]).toEqual([202, 'awaitingApproval']);
    change = answer.body as ChangeView;
    expect((await openTicket(admin, { policy: name })).policy.version).toBe(1);
    expect((await manager.get(`/v1/policies/${name}/versions/2`)).body.state).toBe('awaitingApproval');
  });

  test('is not approved by who asked for it, nor by somebody who acts for the same person', async () => {
    const other = await office.caller('manager');
    for (const [caller, body] of [
      [manager, {}],
      [other, { actingFor: 'lead-3' }],
      [other, { actingFor: manager.subject }],
    ] as const) {
      const answer = await caller.post(`/v1/rule-changes/${change.id}/approve`, body);
      expect([answer.status, answer.body.code]).toEqual([403, 'approval_by_requester']);
    }
    expect((await manager.get(`/v1/rule-changes/${change.id}`)).body.state).toBe('awaitingApproval');
  });

  test('once approved withdraws the breaches that it relieves, and only those', async () => {
    const approved = await admin.post(`/v1/rule-changes/${change.id}/approve`, {});
    expect([approved.status, approved.body.approvedBy.subject]).toEqual([200, admin.subject]);
    const done = await ended(manager, change.id);
    expect(done).toMatchObject({ state: 'done', outcome: { relieved: 1 } });
    expect(await eventsOf(late, 'breachWithdrawn')).toHaveLength(1);
    expect(await eventsOf(early, 'breachWithdrawn')).toHaveLength(0);
    expect(await breachedOf([late, early])).toEqual([early]);
    const again = await admin.post(`/v1/rule-changes/${change.id}/approve`, {});
    expect([again.status, again.body.state]).toEqual([200, 'done']);
    const third = await (await office.caller('admin')).post(`/v1/rule-changes/${change.id}/approve`, {});
    expect([third.status, third.body.code]).toEqual([409, 'change_not_awaiting_approval']);
  });
});

test('clocks that the new version does not have end, and those that only it has begin', async () => {
  const name = 'clocks';
  await publish(manager, policyDocument(name, '8h'));
  const id = await openAgo(name, 1);
  const firstResponse = { calendar: 'always', targets: { P1: '6h' } };
  const document = policyDocument(name, '8h', { clocks: { firstResponse } });
  const foreseen = await forecast(document);
  expect(foreseen.clocksCancelled.data).toEqual([
    expect.objectContaining({ ticketId: id, clock: 'resolution' }),
  ]);
  expect(foreseen.clocksStarted.data).toEqual([
    expect.objectContaining({ ticketId: id, clock: 'firstResponse' }),
  ]);
  const done = await publish(manager, document);
  expect(done.outcome).toMatchObject({ clocksCancelled: 1, clocksStarted: 1 });
});

test('a calendar is brought to the tickets of every policy that names it, whatever their version', async () => {
  const day = (from: string, to: string) => [[from, to]];
  const hours = (from: string, to: string) => ({
    timezone: 'UTC',
    hours: Object.fromEntries(
      ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((one) => [one, day(from, to)]),
    ),
  });
  const clocks = { resolution: { calendar: 'shared', targets: { P1: '40h' } } };
  await ended(manager, (await postCalendar(manager, 'shared', hours('09:00', '17:00'))).body.id);
  await publish(manager, policyDocument('by-name', '40h', { clocks }));
  await publish(
    manager,
    policyDocument('of-its-own', '40h', { clocks, calendars: { shared: hours('09:00', '17:00') } }),
  );
  const named = await openAgo('by-name', 1);
  const own = await openAgo('of-its-own', 1);

  const { body } = await postCalendar(manager, 'shared', hours('08:00', '18:00'), {}, '?dryRun=true');
  expect([body.tickets, body.deadlineMoved.data.map((one: Foreseen) => one.ticketId)]).toEqual([1, [named]]);
  const change = await ended(
    manager,
    (await postCalendar(manager, 'shared', hours('08:00', '18:00'))).body.id,
  );
  expect(change).toMatchObject({ state: 'done', tickets: { applied: 1 }, outcome: { deadlineMoved: 1 } });
  const [event] = await eventsOf(named, 'rulesChanged');
  expect(event).toMatchObject({
    cause: 'calendarChanged',
    rules: { policy: { name: 'by-name', version: 1 } },
  });
  expect(await eventsOf(own, 'rulesChanged')).toEqual([]);
  expect((await openTicket(admin, { policy: 'by-name' })).policy.version).toBe(1);
});

test('a scheduled version reaches open tickets when its time has come', async () => {
  const name = 'later';
  await publish(manager, policyDocument(name, '8h'));
  const id = await openAgo(name, 1);
  const { body } = await post(manager, policyDocument(name, '6h'), { effectiveFrom: inMs(2_000) });
  expect(body.state).toBe('scheduled');
  expect(await eventsOf(id, 'rulesChanged')).toEqual([]);
  expect((await ended(manager, body.id)).state).toBe('done');
  expect(await eventsOf(id, 'rulesChanged')).toHaveLength(1);
  expect((await openTicket(admin, { policy: name })).policy.version).toBe(2);
});

test('the version in force is brought to tickets that a cancelled change has left behind', async () => {
  const name = 'left';
  await publish(manager, policyDocument(name, '8h'));
  const door = await office.openDoor({
    // Its process dies before it can start the change.
    deps: () => ({ ruleChangeRunner: { ensure: async () => undefined, wake: async () => false } }),
  });
  const hasty = await door.caller('manager');
  const id = await openAgo(name, 1);
  const { body } = await post(hasty, policyDocument(name, '6h'));
  expect((await hasty.post(`/v1/rule-changes/${body.id}/cancel`)).body.state).toBe('cancelled');
  const wanted = { kind: 'policy', name, reason: 'Finish what was begun' };
  const foreseen = await manager.post('/v1/rule-changes?dryRun=true', wanted);
  expect(foreseen.body).toMatchObject({ tickets: 1, deadlineMoved: { count: 1 } });
  const answer = await manager.post('/v1/rule-changes', wanted);
  expect(answer.status).toBe(202);
  expect(await ended(manager, answer.body.id)).toMatchObject({ toVersion: 2, tickets: { applied: 1 } });
  expect(await eventsOf(id, 'rulesChanged')).toHaveLength(1);
  for (const kind of ['policy', 'calendar']) {
    const absent = await manager.post('/v1/rule-changes', { kind, name: 'nobody', reason: 'x' });
    expect([absent.status, absent.body.code]).toEqual([404, `${kind}_not_found`]);
  }
});

test('a ticket that closes before the change reaches it is skipped, and says so', async () => {
  const name = 'race';
  await publish(manager, policyDocument(name, '8h'));
  const [going, staying] = [await openAgo(name, 1), await openAgo(name, 2)];
  const door = await office.openDoor({
    deps: () => ({ ruleChangeRunner: { ensure: async () => undefined, wake: async () => false } }),
  });
  const { body } = await post(await door.caller('manager'), policyDocument(name, '6h'));
  const change = body as ChangeView;
  const store = office.desk.ruleChanges;
  await store.claim((await store.get(change.id))!, 10);
  await admin.post(`/v1/tickets/${going}/resolve`, {});
  await admin.post(`/v1/tickets/${going}/close`, {});
  await office.desk.startRuleChange(change.id);
  expect(await ended(manager, change.id)).toMatchObject({
    state: 'done',
    tickets: { applied: 1, skipped: 1 },
  });
  const { body: skipped } = await manager.get(`/v1/rule-changes/${change.id}/tickets?state=skipped`);
  expect(skipped.data).toEqual([
    expect.objectContaining({ ticketId: going, reason: expect.stringContaining('closed') }),
  ]);
  expect(await eventsOf(staying, 'rulesChanged')).toHaveLength(1);
});

test('changes are listed newest first, by kind, name and state', async () => {
  const all = await manager.get('/v1/rule-changes?limit=2');
  expect(all.body.data).toHaveLength(2);
  const next = await manager.get(`/v1/rule-changes?limit=2&cursor=${all.body.page.nextCursor as string}`);
  expect(next.body.data[0].createdAt <= all.body.data[1].createdAt).toBe(true);
  const calendars = await manager.get('/v1/rule-changes?kind=calendar&name=shared&state=done');
  expect(calendars.body.data.map((one: ChangeView) => one.toVersion)).toEqual([2, 1]);
});

test('agents read what is promised and change nothing; integrations are not told', async () => {
  const agent = office.agent;
  expect((await agent.get('/v1/policies/standard')).status).toBe(200);
  expect((await post(agent, policyDocument('theirs', '8h'))).status).toBe(403);
  expect((await (await office.caller('integration')).get('/v1/policies/standard')).status).toBe(403);
});

test('a change posted while Temporal is away is stored, and started by whoever looks next', async () => {
  const name = 'away';
  await publish(manager, policyDocument(name, '8h'));
  const id = await openAgo(name, 1);
  const door = await office.openDoor({ temporal: 'away' });
  const { status, body } = await post(await door.caller('manager'), policyDocument(name, '6h'));
  expect([status, body.state]).toEqual([202, 'running']);
  expect(await office.desk.ruleChanges.unfinished()).toContain(body.id);
  await office.desk.startRuleChange(body.id);
  await ended(manager, body.id);
  expect(await eventsOf(id, 'rulesChanged')).toHaveLength(1);
});

test('a deadline minutes away is moved before it falls due', async () => {
  const name = 'narrow';
  await publish(manager, policyDocument(name, '8h'));
  const id = (await openTicket(admin, { policy: name, openedAt: inMs(-(8 * HOUR - 2 * MINUTE)) }))
    .id as string;
  await publish(manager, policyDocument(name, '9h'));
  const { body } = await admin.get(`/v1/tickets/${id}`);
  expect(body.breached).toBe(false);
  expect(Date.parse(body.nextDeadlineAt) - Date.now()).toBeGreaterThan(HOUR);
});
