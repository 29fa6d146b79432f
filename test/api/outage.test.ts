import { beforeAll, expect, test } from '@jest/globals';
import { apiDeps } from '../../bin/server.ts';
import { securitySettings } from '../support/security.ts';
import { openDatabase } from '../../prisma/client.ts';
import { createSpool } from '../../prisma/spool.ts';
import { eventually } from '../support/desk.ts';
import type { Caller } from './front-door.ts';
import { inMs, MINUTE, openTicket, setUpOffice, ticketBody } from './office.ts';

const office = setUpOffice();

/** The same office with nothing where Temporal should be. */
let agent: Caller;
beforeAll(async () => {
  agent = await (await office.openDoor({ temporal: 'away', deadlineMs: 300 })).caller('agent');
});

/** The caller `agent` at the door behind which the engine works. */
const inTheLight = (): Caller => office.door.stranger(agent.authorization);

const fact = (id: string, more: object = { type: 'acknowledged' }) => ({ id, occurredAt: inMs(0), ...more });
const tell = (ticketId: string, ...events: object[]) =>
  agent.post(`/v1/tickets/${ticketId}/events`, { events });
const drained = () => office.desk.engine.drain({ limit: 1_000 });
const timelineOf = async (ticketId: string) =>
  (await office.agent.get(`/v1/tickets/${ticketId}/timeline?limit=200`)).body.data as Record<
    string,
    unknown
  >[];

async function openAway(fields: object = {}, headers = {}): Promise<string> {
  const { status, body, text } = await agent.post('/v1/tickets', { ...ticketBody(), ...fields }, headers);
  if (status !== 202) throw new Error(text);
  return body.id as string;
}

test('facts are taken in, and reach the ticket in the order they were told', async () => {
  const { id } = await openTicket(office.agent);
  for (const name of ['one', 'two', 'three']) {
    const { status, body } = await tell(id, fact(name, { type: 'assigned', assignee: name }));
    expect([status, body]).toEqual([202, { accepted: [name], duplicates: [], spooled: true }]);
  }
  expect(await office.desk.types(id)).toEqual(['opened']);
  expect(await drained()).toBe(3);
  const events = await eventually(
    () => timelineOf(id),
    (all) => all.length === 4,
  );
  expect(events.slice(1).map((event) => event['id'])).toEqual(['fact:one', 'fact:two', 'fact:three']);
});

test('a fact told when the engine is back waits behind those that are still kept', async () => {
  const { id } = await openTicket(office.agent);
  await tell(id, fact('kept', { type: 'assigned', assignee: 'kept' }));
  const back = await office.agent.post(`/v1/tickets/${id}/events`, { events: [fact('new')] });
  expect(back.body.spooled).toBe(true);
  await drained();
  const events = await eventually(
    () => timelineOf(id),
    (all) => all.length === 3,
  );
  expect(events.map((event) => event['id']).slice(1)).toEqual(['fact:kept', 'fact:new']);
});

test('a request hears first what is still kept', async () => {
  const { id } = await openTicket(office.agent);
  await tell(id, fact('kept', { type: 'resolved' }));
  const { status, body } = await office.agent.post(`/v1/tickets/${id}/resolve`);
  expect([status, body.code]).toEqual([409, 'ticket_resolved']);
});

test('a request is 503 with when to try again, and its key then gets it done once', async () => {
  const { id } = await openTicket(office.agent);
  const resolve = (caller: Caller) =>
    caller.post(`/v1/tickets/${id}/resolve`, {}, { 'idempotency-key': 'in-the-dark' });
  const { status, headers, body } = await resolve(agent);
  expect([status, body.code]).toEqual([503, 'engine_unavailable']);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect((await resolve(inTheLight())).body.state).toBe('resolved');
  // Answered from the ledger now: no engine is needed for what is known.
  const again = await resolve(agent);
  expect([again.status, again.headers['idempotency-replayed']]).toEqual([200, 'true']);
  expect(await office.desk.types(id)).toEqual(['opened', 'resolved']);
});

test('a ticket is taken in, says so until it is open, and opens with its true opening time', async () => {
  const external = { system: 'zendesk', id: 'dark-1' };
  const openedAt = inMs(-10 * MINUTE);
  const { status, headers, body } = await agent.post('/v1/tickets', ticketBody({ external, openedAt }));
  const self = `/v1/tickets/${body.id}`;
  expect(status).toBe(202);
  expect(headers['location']).toBe(self);
  expect(body).toEqual({ id: body.id, spooled: true, links: { self } });
  for (const path of [self, '/v1/tickets/zendesk:dark-1']) {
    const waiting = await agent.get(path);
    expect([waiting.status, waiting.body]).toEqual([202, body]);
  }
  for (const part of ['timeline', 'clocks']) {
    const early = await agent.get(`${self}/${part}`);
    expect([early.status, early.body.code]).toEqual([404, 'ticket_not_opened_yet']);
    expect(early.headers['retry-after']).toBeDefined();
  }
  await drained();
  expect((await agent.get(self)).body).toMatchObject({ id: body.id, openedAt, external, state: 'open' });
});

test('the opening time of a ticket that gives none is when it was taken in', async () => {
  const before = Date.now();
  const id = await openAway();
  const after = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await drained();
  const { openedAt } = (await agent.get(`/v1/tickets/${id}`)).body;
  expect(Date.parse(openedAt)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(openedAt)).toBeLessThanOrEqual(after);
});

test('facts for a ticket that waits to be opened follow it', async () => {
  const id = await openAway({ external: { system: 'zendesk', id: 'dark-2' } });
  for (const name of ['one', 'two']) {
    const { status, body } = await tell(`zendesk:dark-2`, fact(name, { type: 'assigned', assignee: name }));
    expect([status, body.spooled]).toEqual([202, true]);
  }
  const old = await tell(id, fact('old', { type: 'closed', occurredAt: inMs(-30 * MINUTE) }));
  expect([old.status, old.body.errors?.[0].code]).toEqual([422, 'too_far_back']);
  await drained();
  const events = await eventually(
    () => timelineOf(id),
    (all) => all.length === 3,
  );
  expect(events.map((event) => event['id']).slice(1)).toEqual(['fact:one', 'fact:two']);
});

test('a request on a ticket that waits is 503 in the dark, and opens it first in the light', async () => {
  const id = await openAway();
  const dark = await agent.post(`/v1/tickets/${id}/acknowledge`);
  expect([dark.status, dark.body.code]).toEqual([503, 'engine_unavailable']);
  const light = await office.agent.post(`/v1/tickets/${id}/acknowledge`);
  expect(light.status).toBe(200);
  expect(await office.desk.types(id)).toEqual(['opened', 'acknowledged']);
});

test('an opening repeated in the dark is kept once, and repeated in the light keeps its opening time', async () => {
  const key = { 'idempotency-key': 'dark-3' };
  const before = Date.now();
  const [id, again] = [await openAway({}, key), await openAway({}, key)];
  const after = Date.now();
  expect(again).toBe(id);
  expect(await createSpool(office.desk.database).pending({ ticketId: id })).toHaveLength(1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const light = await inTheLight().post('/v1/tickets', ticketBody(), key);
  expect([light.status, light.body.id]).toEqual([201, id]);
  expect(Date.parse(light.body.openedAt)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(light.body.openedAt)).toBeLessThanOrEqual(after);
  await drained();
  expect(await office.desk.types(id)).toEqual(['opened']);
});

test('a reference held by a ticket that waits is taken', async () => {
  const external = { system: 'zendesk', id: 'dark-4' };
  const id = await openAway({ external });
  for (const caller of [agent, office.agent]) {
    const { status, body } = await caller.post('/v1/tickets', ticketBody({ external, subject: 'Second' }));
    expect([status, body.code, body.ticketId]).toEqual([409, 'external_reference_taken', id]);
  }
  await drained();
  expect((await agent.get(`/v1/tickets/${id}`)).body.subject).not.toBe('Second');
});

test('what cannot be applied holds up its own ticket and no other', async () => {
  const spool = createSpool(office.desk.database);
  await spool.add({
    ticketId: 'tkt_lost',
    kind: 'facts',
    body: [{ ...fact('x'), occurredAt: Date.now() } as never],
  });
  await spool.add({
    ticketId: 'tkt_lost',
    kind: 'facts',
    body: [{ ...fact('y'), occurredAt: Date.now() } as never],
  });
  const id = await openAway();
  await expect(drained()).rejects.toThrow('tkt_lost');
  expect((await agent.get(`/v1/tickets/${id}`)).status).toBe(200);
  expect(await spool.pending({ ticketId: 'tkt_lost' })).toHaveLength(2);
  await office.desk.database.spooled.deleteMany({ where: { ticketId: 'tkt_lost' } });
});

test('reading goes on without the engine', async () => {
  const { id } = await openTicket(office.agent);
  for (const path of [
    `/v1/tickets/${id}`,
    `/v1/tickets/${id}/clocks`,
    `/v1/tickets/${id}/timeline`,
    '/v1/tickets',
  ])
    expect((await agent.get(path)).status).toBe(200);
});

test('the process is alive but not ready, and says what it misses', async () => {
  expect((await agent.get('/livez')).status).toBe(200);
  const { status, body } = await agent.get('/readyz');
  expect([status, body.code]).toEqual([503, 'not_ready']);
  expect(body.detail).toBe('Temporal does not answer');
  expect((await office.agent.get('/readyz')).body).toEqual({ status: 'ok' });
});

test('with workers away a ticket is taken in all the same, and opened once when they are back', async () => {
  const { desk } = office;
  const caller = await (await office.openDoor({ deadlineMs: 500 })).caller('agent');
  await desk.stopWorker();
  const opened = await caller.post('/v1/tickets', ticketBody());
  const { id } = opened.body as { id: string };
  const asked = await caller.post(`/v1/tickets/${id}/resolve`);
  await desk.startWorker();
  expect([opened.status, asked.status, asked.body.code]).toEqual([202, 503, 'engine_unavailable']);
  await drained();
  expect(await desk.types(id)).toEqual(['opened']);
});

test('without a database every route is 503, and nothing of the database is told', async () => {
  const nowhere = openDatabase('postgresql://tierline:hunter2@127.0.0.1:1/tierline');
  const { client, taskQueue } = office.desk;
  const lost = apiDeps(nowhere, { client, taskQueue, config: securitySettings(), onBug: () => undefined });
  // Keys are still found: what comes after is looked at here.
  const door = await office.openDoor({ deps: ({ apiKeys }) => ({ ...lost, apiKeys }) });
  const caller = await door.caller('lead');
  const paths = ['/v1/tickets', '/v1/tickets/tkt_1', '/v1/tickets/tkt_1/clocks', '/v1/tickets/a:b/timeline'];
  for (const path of [...paths, '/v1/breaches', '/v1/breaches.csv', '/readyz']) {
    const { status, headers, body, text } = await caller.get(path);
    expect([status, body.code]).toEqual([503, path === '/readyz' ? 'not_ready' : 'database_unavailable']);
    expect(headers['retry-after']).toBeDefined();
    expect(text).not.toMatch(/127\.0\.0\.1|hunter2|prisma|select/i);
  }
  const opened = await caller.post('/v1/tickets', ticketBody());
  expect([opened.status, opened.body.code]).toEqual([503, 'database_unavailable']);
  await nowhere.$disconnect();
});
