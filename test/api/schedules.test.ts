/** Tickets on schedule, with the schedules of a real Temporal: each time opens one ticket, and what is lost is mended. */
import { SEES_ALL } from '../../domain/visibility.ts';
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ScheduleNotFoundError } from '@temporalio/client';
import { createScheduleMirror, type ScheduleMirror } from '../../api/schedule-mirror.ts';
import { createReconciling } from '../../bin/scheduling.ts';
import { createScheduleStore, type ScheduleStore } from '../../prisma/schedules.ts';
import { scheduledTicketWorkflowId } from '../../workflows/messages.ts';
import { eventually } from '../support/desk.ts';
import type { Caller } from './front-door.ts';
import { HOUR, setUpOffice } from './office.ts';

const office = setUpOffice();
let lead: Caller;
let store: ScheduleStore;
let mirror: ScheduleMirror;
beforeAll(async () => {
  lead = await office.caller('lead');
  const { client, taskQueue, database } = office.desk;
  store = createScheduleStore(database);
  mirror = createScheduleMirror({ client, taskQueue, schedules: store });
});

type Fields = Record<string, unknown>;

/** The names of schedules are shared by every test on the server. */
const fresh = (): string => `audit-${randomUUID()}`;
const put = (path: string, body: Fields, caller = lead) =>
  caller.send('put', `/v1/${path}`, { body: JSON.stringify(body) });
const TICKET = {
  subject: 'Backup audit',
  type: 'maintenance',
  impact: 'low',
  urgency: 'low',
  service: 'hosting',
};
/** Far from now, so that nothing fires by itself. */
const YEARLY = { times: { at: ['03:00'], daysOfMonth: [1], months: [2] }, timezone: 'Europe/Berlin' };
const schedule = (fields: Fields = {}): Fields => ({ ...YEARLY, ticket: TICKET, ...fields });

async function stored(fields: Fields = {}): Promise<string> {
  const name = fresh();
  const { status, body } = await put(`schedules/${name}`, schedule(fields));
  expect([status, body.mirrored]).toEqual([201, true]);
  return name;
}

const handleOf = (name: string) => office.desk.client.schedule.getHandle(scheduledTicketWorkflowId(name));
const ticketsOf = (name: string) => store.tickets(name, { limit: 50, sight: SEES_ALL });
/** Everything that it opened, once there are so many and all are in the ledger. */
async function opened(name: string, count: number) {
  const noted = await eventually(
    () => ticketsOf(name),
    (all) => all.length >= count,
  );
  for (const { ticketId } of noted)
    await eventually(
      () => office.desk.database.ticket.findUnique({ where: { id: ticketId } }),
      (row) => row !== null,
    );
  return noted;
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** As if these times had just passed. */
const backfill = (name: string, from: string, to: string) =>
  handleOf(name).backfill({ start: new Date(from), end: new Date(to), overlap: 'ALLOW_ALL' });

describe('what is stored', () => {
  test('a schedule says when it fires next, by the clocks of its zone', async () => {
    const name = fresh();
    const spec = { cron: ['0 9 * * *'], timezone: 'America/New_York' };
    const first = await put(`schedules/${name}`, { ...schedule(spec), times: undefined });
    expect([first.status, first.headers['location']]).toEqual([201, `/v1/schedules/${name}`]);
    expect(first.body).toMatchObject({ paused: false, mirrored: true, cron: spec.cron, lastTickets: [] });
    const times = (first.body.nextTimes as string[]).map((at) => new Date(at));
    expect(times).toHaveLength(5);
    const local = new Intl.DateTimeFormat('en-GB', { timeZone: spec.timezone, timeStyle: 'short' });
    expect(times.map((at) => local.format(at))).toEqual(times.map(() => '09:00'));
    expect((await put(`schedules/${name}`, { ...schedule(spec), times: undefined })).status).toBe(200);
    expect((await lead.get('/v1/schedules?limit=200')).body.data).toContainEqual(
      expect.objectContaining({ name, timezone: spec.timezone }),
    );
  });

  test('a change of times reaches Temporal, and one of words needs not', async () => {
    const name = await stored();
    const before = (await handleOf(name).describe()).info.lastUpdatedAt;
    await put(`schedules/${name}`, schedule({ ticket: { ...TICKET, subject: 'Other words' } }));
    expect((await handleOf(name).describe()).info.lastUpdatedAt).toEqual(before);
    const changed = await put(`schedules/${name}`, schedule({ times: { at: ['04:30'] } }));
    expect(changed.body.nextTimes).toHaveLength(5);
    expect(changed.body.nextTimes[0]).toMatch(/T0[23]:30:00/);
  });

  test.each([
    [{ cron: ['0 9 * * *'] }, '/cron'],
    [{ times: undefined }, '/cron'],
    [{ times: { at: ['24:00'] } }, '/times/at/0'],
    [{ times: undefined, cron: ['61 * * * *'] }, '/cron/0'],
    [{ timezone: 'Mars/Olympus' }, '/timezone'],
    [{ timezone: '+02:00' }, '/timezone'],
    [{ catchUpSeconds: 1 }, '/catchUpSeconds'],
    [{ ticket: { ...TICKET, policy: 'nobody-has-it' } }, '/ticket/policy'],
    [{ procedure: 'nobody-wrote-it' }, '/procedure'],
    [{ ticket: { ...TICKET, impact: 'huge' } }, '/ticket/impact'],
  ])('a fault is refused, says where, and stores nothing (%#)', async (fields, pointer) => {
    const name = fresh();
    const { status, body } = await put(`schedules/${name}`, schedule(fields));
    expect([status, body.errors?.[0].pointer]).toEqual([422, pointer]);
    expect((await lead.get(`/v1/schedules/${name}`)).body.code).toBe('schedule_not_found');
  });

  test('who may not change them reads them; what is not there is not found', async () => {
    const name = await stored();
    expect((await office.agent.get(`/v1/schedules/${name}`)).status).toBe(200);
    expect((await put(`schedules/${name}`, schedule(), office.agent)).status).toBe(403);
    for (const action of ['pause', 'resume', 'trigger'])
      expect((await lead.post(`/v1/schedules/nobody/${action}`)).body.code).toBe('schedule_not_found');
    expect((await lead.send('delete', '/v1/schedules/nobody')).status).toBe(404);
  });
});

describe('what opens', () => {
  test('one nominal time opens one ticket, however often Temporal fires it', async () => {
    const name = await stored();
    await backfill(name, '2025-01-15T00:00:00Z', '2025-02-15T00:00:00Z');
    const [ticket] = await opened(name, 1);
    expect(ticket!.occasion).toBe('2025-02-01T02:00:00.000Z');
    await backfill(name, '2025-01-15T00:00:00Z', '2025-02-15T00:00:00Z');
    await pause(3_000);
    expect(await ticketsOf(name)).toHaveLength(1);
    const shown = (await lead.get(`/v1/tickets/${ticket!.ticketId}`)).body;
    expect(shown).toMatchObject({
      subject: 'Backup audit',
      channel: 'internal',
      service: 'hosting',
      attributes: { custom: { schedule: name } },
    });
    expect(await office.desk.types(ticket!.ticketId)).toEqual(['opened']);
    expect((await lead.get(`/v1/schedules/${name}`)).body.lastTickets).toEqual([
      expect.objectContaining({ ticketId: ticket!.ticketId, occasion: ticket!.occasion }),
    ]);
  });

  test('a second firing of a time opens nothing where the ticket was closed since', async () => {
    const name = await stored();
    await backfill(name, '2025-01-15T00:00:00Z', '2025-02-15T00:00:00Z');
    const { ticketId } = (await opened(name, 1))[0]!;
    await office.agent.post(`/v1/tickets/${ticketId}/resolve`);
    await office.agent.post(`/v1/tickets/${ticketId}/close`);
    await backfill(name, '2025-01-15T00:00:00Z', '2025-02-15T00:00:00Z');
    await pause(3_000);
    expect((await lead.get(`/v1/tickets/${ticketId}`)).body.state).toBe('closed');
    expect(await office.desk.types(ticketId)).toEqual(['opened', 'resolved', 'closed']);
  });

  test('every time of its own opens a ticket of its own, by itself', async () => {
    const name = fresh();
    await put(`schedules/${name}`, {
      ...schedule({ cron: ['* * * * *'], timezone: 'UTC' }),
      times: undefined,
    });
    await backfill(name, '2025-03-01T00:00:00Z', '2025-03-01T00:02:00Z');
    const tickets = await opened(name, 3);
    expect(tickets.map(({ occasion }) => occasion)).toEqual(
      expect.arrayContaining([
        '2025-03-01T00:00:00.000Z',
        '2025-03-01T00:01:00.000Z',
        '2025-03-01T00:02:00.000Z',
      ]),
    );
    expect(new Set(tickets.map(({ ticketId }) => ticketId)).size).toBe(tickets.length);
    const own = await eventually(
      () => ticketsOf(name),
      (all) => all.some(({ occasion }) => Date.parse(occasion) > Date.now() - HOUR),
      75_000,
    );
    const [latest] = own;
    expect(latest!.occasion).toMatch(/:00\.000Z$/);
    expect((await lead.send('delete', `/v1/schedules/${name}`)).status).toBe(204);
  });

  test('the checklist of its procedure comes with it, in the version that is current then, and is ticked off', async () => {
    const procedure = `p-${randomUUID()}`;
    const items = [
      { id: 'restore', text: 'Restore a file' },
      { id: 'space', text: 'Look at the space', required: false },
    ];
    await put(`procedures/${procedure}`, { title: 'Audit', items: items.slice(0, 1) });
    const name = await stored({ procedure });
    await put(`procedures/${procedure}`, { title: 'Audit', items });
    const { body } = await lead.post(`/v1/schedules/${name}/trigger`);
    const events = await office.desk.timeline(body.ticketId, (all) => all.length > 1);
    expect(events[1]).toMatchObject({
      type: 'checklistAttached',
      procedure,
      version: 2,
      items: ['restore', 'space'],
    });
    const done = await office.agent.post(`/v1/tickets/${body.ticketId}/complete-item`, { item: 'restore' });
    expect(done.status).toBe(200);
  });

  test('somebody who does not wait opens it now, once for one key, in their own name', async () => {
    const name = await stored();
    const key = { 'idempotency-key': randomUUID() };
    const [one, two] = [
      await lead.post(`/v1/schedules/${name}/trigger`, { actingFor: 'lead-2' }, key),
      await lead.post(`/v1/schedules/${name}/trigger`, { actingFor: 'lead-2' }, key),
    ];
    expect([one.status, one.headers['location']]).toEqual([
      202,
      `/v1/tickets/${one.body.ticketId as string}`,
    ]);
    expect(two.body.ticketId).toBe(one.body.ticketId);
    const [event] = await office.desk.timeline(one.body.ticketId, (all) => all.length > 0);
    expect(event!.actor).toEqual({ subject: lead.subject, role: 'lead', actingFor: 'lead-2' });
    const other = await lead.post(`/v1/schedules/${name}/trigger`);
    expect(other.body.ticketId).not.toBe(one.body.ticketId);
    expect(await opened(name, 2)).toHaveLength(2);
  });
});

describe('paused and removed', () => {
  test('a paused one does not fire, whatever Temporal believes, and opens a ticket for who asks', async () => {
    const name = await stored({ paused: true });
    expect((await handleOf(name).describe()).state.paused).toBe(true);
    await handleOf(name).unpause();
    await backfill(name, '2025-01-15T00:00:00Z', '2025-02-15T00:00:00Z');
    await pause(3_000);
    expect(await ticketsOf(name)).toEqual([]);
    await mirror.reconcile('all');
    expect((await handleOf(name).describe()).state.paused).toBe(true);
    await lead.post(`/v1/schedules/${name}/trigger`);
    expect(await opened(name, 1)).toHaveLength(1);
  });

  test('pause and resume say how it is; twice is once; a PUT that does not say leaves it so', async () => {
    const name = await stored();
    for (let i = 0; i < 2; i += 1)
      expect((await lead.post(`/v1/schedules/${name}/pause`)).body).toMatchObject({
        paused: true,
        mirrored: true,
      });
    expect((await handleOf(name).describe()).state.paused).toBe(true);
    expect((await put(`schedules/${name}`, schedule())).body.paused).toBe(true);
    expect((await lead.post(`/v1/schedules/${name}/resume`)).body.paused).toBe(false);
    expect((await handleOf(name).describe()).state.paused).toBe(false);
    expect((await put(`schedules/${name}`, schedule({ paused: true }))).body.paused).toBe(true);
  });

  test('a removed one is gone from both, and its name can be used again', async () => {
    const name = await stored({ paused: true });
    expect((await lead.send('delete', `/v1/schedules/${name}`)).status).toBe(204);
    expect((await lead.get(`/v1/schedules/${name}`)).status).toBe(404);
    await expect(handleOf(name).describe()).rejects.toThrow(ScheduleNotFoundError);
    const again = await put(`schedules/${name}`, schedule());
    expect([again.status, again.body.paused, again.body.mirrored]).toEqual([201, false, true]);
  });
});

describe('the mirror', () => {
  test('a schedule that Temporal lost is put back when the watchdog looks at all of them', async () => {
    const name = await stored();
    await handleOf(name).delete();
    await mirror.reconcile('behind');
    await expect(handleOf(name).describe()).rejects.toThrow(ScheduleNotFoundError);
    await createReconciling(mirror)();
    expect((await handleOf(name).describe()).info.nextActionTimes.length).toBeGreaterThan(0);
  });

  test('what somebody changed in Temporal is changed back', async () => {
    const name = await stored();
    await handleOf(name).update((found) => ({
      ...found,
      action: { ...found.action, args: [{ schedule: name, definition: 'forged' }] },
      spec: { cronExpressions: ['* * * * *'] },
    }));
    await mirror.reconcile('all');
    const { info } = await handleOf(name).describe();
    expect(info.nextActionTimes[0]!.getTime() - info.nextActionTimes[1]!.getTime()).not.toBe(-60_000);
  });

  test('while Temporal is away a schedule is stored and removed, and brought over afterwards', async () => {
    const away = await (await office.openDoor({ temporal: 'away', deadlineMs: 300 })).caller('lead');
    const name = fresh();
    const kept = await put(`schedules/${name}`, schedule(), away);
    expect([kept.status, kept.body.mirrored, kept.body.nextTimes]).toEqual([201, false, null]);
    expect((await away.post(`/v1/schedules/${name}/trigger`)).body.code).toBe('engine_unavailable');
    await mirror.reconcile('behind');
    expect((await lead.get(`/v1/schedules/${name}`)).body).toMatchObject({ mirrored: true });
    expect((await away.send('delete', `/v1/schedules/${name}`)).status).toBe(204);
    await handleOf(name).describe();
    await mirror.reconcile('behind');
    await expect(handleOf(name).describe()).rejects.toThrow(ScheduleNotFoundError);
    expect(await store.toMirror(name)).toBeNull();
  });

  test('of many who change one at once the last word is what Temporal has', async () => {
    const name = await stored();
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        put(`schedules/${name}`, schedule({ times: { at: [`0${i}:15`] }, timezone: 'UTC' })),
      ),
    );
    await mirror.reconcile('behind');
    const { body } = await lead.get(`/v1/schedules/${name}`);
    expect(body.mirrored).toBe(true);
    expect(body.nextTimes[0]).toContain(`T${body.times.at[0] as string}:00`);
  });
});
