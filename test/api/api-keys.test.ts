/** API keys: personal ones, who makes which, and that what was taken back stops counting at once. */
import { beforeAll, expect, test } from '@jest/globals';
import { createApiKeyStore } from '../../prisma/api-keys.ts';
import { createAuthority } from '../../prisma/authority.ts';
import type { Caller } from './front-door.ts';
import { inMs, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();
let admin: Caller;
let manager: Caller;
let manager2: Caller;

const putAgent = async (id: string, more: object = {}) => {
  const { status } = await admin.put(`/v1/agents/${id}`, { team: 'network', ...more });
  expect([200, 201]).toContain(status);
};

beforeAll(async () => {
  admin = await office.caller('admin');
  await admin.put('/v1/teams/network', { tier: 2 });
  for (const id of ['agent-17', 'agent-18', 'agent-19', 'manager-1', 'manager-2']) await putAgent(id);
  manager = await office.caller('manager', 'manager-1');
  manager2 = await office.caller('manager', 'manager-2');
});

const make = (maker: Caller, body: object) => maker.post('/v1/api-keys', { name: 'a test', ...body });
const callerWith = (apiKey: string) => office.door.stranger(`Bearer ${apiKey}`);

test('a personal key says whose it is in all that is done with it, and is shown once', async () => {
  const made = await make(manager, { role: 'agent', person: 'agent-17', tier: 2, expiresAt: inMs(60_000) });
  expect([made.status, made.body.person, made.body.createdBy.person]).toEqual([201, 'agent-17', 'manager-1']);
  const { apiKey, ...shown } = made.body;
  expect((await manager.get(shown.links.self)).body).toEqual(shown);

  const agent17 = callerWith(apiKey);
  const { id } = await openTicket(agent17);
  const { body } = await agent17.get(`/v1/tickets/${id}/timeline`);
  expect(body.data[0].actor).toEqual({ subject: `key:${shown.id}`, role: 'agent', person: 'agent-17' });
});

test('security powers are given by a manager in person, to somebody else', async () => {
  const shared = await office.caller('manager');
  const powers = ['lead', 'responder', 'approver', 'manager', 'auditor'];
  for (const role of powers) {
    const key = { role, person: 'agent-18' };
    expect((await make(admin, key)).body.code).toBe('key_not_allowed');
    expect((await make(shared, key)).body.code).toBe('key_not_allowed');
    expect((await make(manager, { role, person: 'manager-1' })).body.code).toBe('key_not_allowed');
    expect((await make(manager, key)).status).toBe(201);
  }
});

test('an admin cannot speak for a named person, nor become a manager without a name', async () => {
  for (const key of [{ role: 'agent', person: 'agent-17' }, { role: 'manager' }, { role: 'auditor' }])
    expect((await make(admin, key)).status).toBe(403);
  for (const role of ['integration', 'agent', 'admin'])
    expect((await make(admin, { role })).status).toBe(201);
  expect((await make(manager, { role: 'admin' })).status).toBe(403);
});

test.each([
  [{ role: 'approver' }, '/person'],
  [{ role: 'responder' }, '/person'],
  [{ role: 'integration', person: 'agent-17' }, '/person'],
  [{ role: 'agent', person: 'agent-99' }, '/person'],
  [{ role: 'lead', person: 'agent-17', tier: 2 }, '/tier'],
  [{ role: 'agent', expiresAt: inMs(-1000) }, '/expiresAt'],
  [{ role: 'root' }, '/role'],
])('%j is no key', async (key, pointer) => {
  const { status, body } = await make(manager, key);
  expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
});

test('a role counts as long as a live key of somebody who is here has it', async () => {
  const authority = createAuthority(office.desk.database);
  const rolesOf = (person: string) => authority.rolesOf(person);
  const keys = createApiKeyStore(office.desk.database);
  const approver = (await make(manager, { role: 'approver', person: 'agent-19' })).body;
  await make(manager2, { role: 'agent', person: 'agent-19' });
  await keys.create({ name: 'past', role: 'manager', person: 'agent-19', expiresAt: Date.now() - 1 });
  expect(await rolesOf('agent-19')).toEqual(new Set(['approver', 'agent']));

  const revoked = await admin.send('delete', approver.links.self);
  expect([revoked.status, revoked.body.revokedAt]).toEqual([200, expect.any(String)]);
  expect(await rolesOf('agent-19')).toEqual(new Set(['agent']));
  expect((await callerWith(approver.apiKey).get('/v1/tickets')).status).toBe(401);

  await putAgent('agent-19', { active: false });
  expect(await rolesOf('agent-19')).toEqual(new Set());
  expect(await rolesOf('agent-98')).toEqual(new Set());
});

test('a key stops with its time, and with its person', async () => {
  const keys = createApiKeyStore(office.desk.database);
  const past = await keys.create({ name: 'past', role: 'agent', expiresAt: Date.now() - 1 });
  expect((await callerWith(past.secret).get('/v1/tickets')).status).toBe(401);

  const here = (await make(manager, { role: 'agent', person: 'agent-18' })).body;
  expect((await callerWith(here.apiKey).get('/v1/tickets')).status).toBe(200);
  await putAgent('agent-18', { active: false });
  expect((await callerWith(here.apiKey).get('/v1/tickets')).status).toBe(401);
});

test('keys are listed without secrets, and only to those who look after them', async () => {
  const { body } = await admin.get('/v1/api-keys?limit=2');
  expect(body.data).toHaveLength(2);
  expect(Object.keys(body.data[0])).not.toContain('hash');
  const next = await admin.get(`/v1/api-keys?limit=2&cursor=${body.page.nextCursor}`);
  expect(next.body.data[0].id > body.data[1].id).toBe(true);
  for (const role of ['agent', 'lead', 'integration'] as const)
    expect((await (await office.caller(role)).get('/v1/api-keys')).status).toBe(403);
});
