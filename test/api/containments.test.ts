/** Containment runs through the API, on the real engine, against a real server at the edge of the world. */
import { describe, expect, test } from '@jest/globals';
import { A_STALL_MS, eventually } from '../support/desk.ts';
import { isolationPlaybook } from '../support/isolation.ts';
import { openTicket } from './office.ts';
import { isAsked, setUpResponseTeam } from './response-team.ts';

const TOKEN = 'canary-token-91b7';
const scene = setUpResponseTeam({ token: TOKEN });
const { office, team, imported, asked, settled, effectsOn } = scene;

describe('a containment run', () => {
  test(
    'is planned, approved by two, done and seen, and rolled back with an approval',
    async () => {
      const { responder, first, second } = await team();
      const ticket = await openTicket(office.agent);
      const id = await imported(isolationPlaybook());
      const host = 'ws-1042';
      const body = { playbook: { id }, variables: { __host__: host, __edr__: scene.edr.url } };
      const path = `/v1/tickets/${ticket.id}/containments`;

      const dry = await responder.post(path, { ...body, dryRun: true });
      expect(dry.status).toBe(200);
      expect(dry.body).toMatchObject({
        refused: false,
        targets: [host],
        approvals: expect.arrayContaining([expect.objectContaining({ need: 'plan', required: 2 })]),
      });
      expect((await scene.edr.journal()).effects).toEqual([]);

      const asked = await responder.post(path, body);
      expect(asked.status).toBe(201);
      expect(asked.body.planHash).toBe(dry.body.hash);
      const run = `/v1/containments/${asked.body.id}`;
      const { planHash } = asked.body;
      await settled(responder, asked.body.id, isAsked('plan'));

      const own = await responder.post(`${run}/approve`, { planHash });
      expect(own.status).toBe(403);
      expect((await first.post(`${run}/approve`, { planHash: 'another' })).body.code).toBe('plan_changed');
      expect((await first.post(`${run}/approve`, { planHash })).status).toBe(200);
      expect((await first.post(`${run}/approve`, { planHash })).status).toBe(200);
      expect((await scene.edr.journal()).effects).toEqual([]);
      expect((await second.post(`${run}/approve`, { planHash })).status).toBe(200);

      const done = await settled(responder, asked.body.id, ({ result }) => result !== null);
      expect(done).toMatchObject({
        result: 'succeeded',
        effects: [{ name: 'hostIsolated', target: host, state: 'inForce', isVerified: true }],
      });
      expect((await scene.edr.journal()).effects).toMatchObject([
        { kind: 'hosts', id: host, what: 'isolated', on: true },
      ]);

      const units = (await responder.get(`${run}/units`)).body.data;
      expect(units).toMatchObject([
        { purpose: 'act', outcome: 'succeeded', attempts: 1, effect: { name: 'hostIsolated', key: host } },
        { purpose: 'verify', outcome: 'succeeded' },
      ]);
      const sent = await responder.get(`${run}/artifacts/${units[0].requestHash}`);
      expect(JSON.parse(sent.body.text).command.command).toBe(`PUT /v1/hosts/${host}/isolated HTTP/1.1`);
      expect((await responder.get(`${run}/artifacts/${'0'.repeat(64)}`)).status).toBe(404);

      expect((await responder.post(`${run}/roll-back`, {})).status).toBe(200);
      await settled(responder, asked.body.id, isAsked('rollBack'));
      expect(await scene.edr.inForce()).toHaveLength(1);
      expect((await first.post(`${run}/approve`, { need: 'rollBack', planHash })).status).toBe(200);
      const back = await settled(responder, asked.body.id, ({ state }) => state === 'rolledBack');
      expect(back.rollBack.outcomes).toMatchObject([{ outcome: 'undone' }]);
      expect(await scene.edr.inForce()).toEqual([]);
      const text = JSON.stringify((await responder.get(run)).body);
      expect(text).not.toContain(TOKEN);
    },
    4 * A_STALL_MS,
  );
});

describe('before it begins', () => {
  test('an emergency is begun by one person, and asks for its ratification at once', async () => {
    const people = await team();
    const { response } = await asked(people, { host: 'ws-2001', more: { breakGlass: true } });
    expect([response.status, response.body.licence]).toEqual([201, 'breakGlass']);
    const { id, planHash } = response.body;
    const done = await settled(people.responder, id, ({ result }) => result !== null);
    expect(done.result).toBe('succeeded');
    expect(await effectsOn('ws-2001')).toHaveLength(1);
    const { first, responder } = people;
    await settled(responder, id, isAsked('breakGlass'));
    const path = `/v1/containments/${id}/approve`;
    expect((await responder.post(path, { need: 'breakGlass', planHash })).status).toBe(403);
    expect((await first.post(path, { need: 'breakGlass', planHash })).status).toBe(200);
  });

  test('a playbook that two persons have authorised needs nobody else, until it is revoked', async () => {
    const people = await team();
    const playbook = isolationPlaybook();
    const id = await imported(playbook);
    const manager = await office.caller('manager', 'manager-a');
    const { digest } = (await manager.get(`/v1/playbooks/${id}`)).body;
    const granted = await manager.post('/v1/playbook-authorisations', {
      playbook: id,
      digest,
      maxTargets: 1,
      validUntil: new Date(Date.now() + 86_400_000).toISOString(),
      reason: 'At night one host is isolated at once',
    });
    const deed = `/v1/playbook-authorisations/${granted.body.id}`;
    const ticket = await openTicket(office.agent);
    const ask = async (host: string) => {
      const body = { playbook: { id }, variables: { __host__: host, __edr__: scene.edr.url } };
      return (await people.responder.post(`/v1/tickets/${ticket.id}/containments`, body)).body;
    };
    expect((await ask('ws-2002')).licence).toBe('approval');
    expect((await people.first.post(`${deed}/confirm`, {})).body.state).toBe('valid');
    const run = await ask('ws-2003');
    expect(run.licence).toBe('authorisation');
    const done = await settled(people.responder, run.id, ({ result }) => result !== null);
    expect(done.result).toBe('succeeded');
    expect((await people.first.post(`${deed}/revoke`, {})).body.state).toBe('revoked');
    expect((await ask('ws-2004')).licence).toBe('approval');
    expect([await effectsOn('ws-2002'), await effectsOn('ws-2004')]).toEqual([[], []]);
  });

  test('an edit voids what was approved: the old plan is not carried out, the new one is asked for anew', async () => {
    const people = await team();
    const { response } = await asked(people, { host: 'ws-2005' });
    const { responder, first, second } = people;
    const { id, planHash } = response.body;
    await settled(responder, id, isAsked('plan'));
    const path = `/v1/containments/${id}`;
    expect((await first.post(`${path}/approve`, { planHash })).status).toBe(200);
    const variables = { __host__: 'ws-2006', __edr__: scene.edr.url };
    const edited = await responder.post(`${path}/change-plan`, { variables, reason: 'Wrong host' });
    expect(edited.status).toBe(200);
    expect(edited.body.planHash).not.toBe(planHash);
    expect((await second.post(`${path}/approve`, { planHash })).body.code).toBe('plan_changed');
    const { planHash: next } = edited.body;
    await settled(responder, id, isAsked('plan'));
    expect((await second.post(`${path}/approve`, { planHash: next })).status).toBe(200);
    expect((await responder.get(path)).body.result).toBeNull();
    expect((await first.post(`${path}/approve`, { planHash: next })).status).toBe(200);
    const done = await settled(responder, id, ({ result }) => result !== null);
    expect(done.result).toBe('succeeded');
    expect([await effectsOn('ws-2005'), (await effectsOn('ws-2006')).length]).toEqual([[], 1]);
  });

  test('a protected asset is refused, and nothing is kept of the run', async () => {
    const people = await team();
    const asset = { kind: 'glob', pattern: 'dc-*', mode: 'never', reason: 'Domain controllers' };
    expect((await people.responder.post('/v1/protected-assets', asset)).status).toBe(201);
    const { response, ticket } = await asked(people, { host: 'dc-1' });
    expect([response.status, response.body.code]).toEqual([422, 'plan_refused']);
    const runs = await people.responder.get(`/v1/containments?ticket=${ticket.id}`);
    expect(runs.body.data).toEqual([]);
    expect(await effectsOn('dc-1')).toEqual([]);
  });
});

test('stopped while a command is under way, it begins no other, and lists what stays in force', async () => {
  const people = await team();
  const { response } = await asked(people, { host: 'ws-2007' });
  const { responder, first, second } = people;
  const { id, planHash } = response.body;
  const path = `/v1/containments/${id}`;
  await settled(responder, id, isAsked('plan'));
  await scene.edr.setFaults({ rules: [{ method: 'PUT', path: 'ws-2007', fault: { late: 3_000 } }] });
  for (const who of [first, second]) await who.post(`${path}/approve`, { planHash });
  await eventually(
    () => effectsOn('ws-2007'),
    (effects) => effects.length > 0,
  );
  expect((await responder.post(`${path}/stop`, { reason: 'Wrong host' })).status).toBe(200);
  const view = await settled(responder, id, ({ state }) => state === 'stopped');
  await scene.edr.setFaults({});
  const types = view.log.map(({ type }: { type: string }) => type);
  expect(types.slice(types.indexOf('stopAsked'))).not.toContain('unitOrdered');
  expect(view.inForce).toHaveLength(1);
  expect(types.at(-1)).toBe('halted');
});
