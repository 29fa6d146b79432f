/** Containment runs through the API, on the real engine, against a real server at the edge of the world. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import { TIERLINE_EXTENSION } from '../../domain/playbook.ts';
import { A_STALL_MS, eventually } from '../support/desk.ts';
import { startFakeEdr, type FakeEdr } from '../support/fake-edr.ts';
import { openTicket, setUpOffice } from './office.ts';
import type { Caller } from './front-door.ts';

const TOKEN = 'canary-token-91b7';
let edr: FakeEdr;
beforeAll(async () => {
  edr = await startFakeEdr({ token: TOKEN });
});
afterAll(() => edr.close());

const office = setUpOffice({ secrets: { TIERLINE_SECRET_EDR_TOKEN: TOKEN } });

const EXT_DEFINITION = {
  [TIERLINE_EXTENSION]: {
    type: 'extension-definition',
    name: 'Tierline',
    created_by: 'identity--5e3a4f1c-7f3b-4b57-8a3d-0d7c9a3a1b10',
    schema: 'https://tierline.example/extension.json',
    version: '1.0.0',
  },
};

let made = 0;
const uuid = (): string => `00000000-0000-4000-8000-${String((made += 1)).padStart(12, '0')}`;

/** Isolates a host at the fake EDR, looks, and can release it. */
function isolation({ approvers = 2 } = {}) {
  const id = {
    start: `start--${uuid()}`,
    isolate: `action--${uuid()}`,
    release: `action--${uuid()}`,
    look: `action--${uuid()}`,
    end: `end--${uuid()}`,
    edr: `http-api--${uuid()}`,
    host: `net-address--${uuid()}`,
    login: `oauth2--${uuid()}`,
  };
  const command = (method: string) => ({
    type: 'http-api',
    command: `${method} /v1/hosts/__host__:value/isolated HTTP/1.1`,
  });
  const step = (name: string, method: string, more: object = {}) => ({
    type: 'action',
    name,
    commands: [command(method)],
    agent: id.edr,
    targets: [id.host],
    on_completion: id.end,
    ...more,
  });
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: `playbook--${uuid()}`,
    name: 'Isolate a host',
    created_by: 'identity--5e3a4f1c-7f3b-4b57-8a3d-0d7c9a3a1b10',
    created: '2026-11-01T00:00:00.000Z',
    modified: '2026-11-01T00:00:00.000Z',
    playbook_types: ['mitigation'],
    playbook_activities: ['disconnect-system'],
    workflow_start: id.start,
    playbook_variables: {
      __host__: { type: 'string', external: true },
      __edr__: { type: 'uri', external: true },
      __on__: { type: 'bool', value: 'false' },
    },
    workflow: {
      [id.start]: { type: 'start', on_completion: id.isolate },
      [id.isolate]: step('Isolate the host', 'PUT', {
        step_extensions: {
          [TIERLINE_EXTENSION]: {
            effect: 'hostIsolated',
            undo: id.release,
            undoRestoresAccess: true,
            verify: { step: id.look, expect: "__on__:value = 'true'", everyMs: 200, withinMs: 2000 },
          },
        },
      }),
      [id.release]: step('Release the host', 'DELETE'),
      [id.look]: step('Look whether the host is isolated', 'GET', {
        out_args: ['__on__'],
        step_extensions: { [TIERLINE_EXTENSION]: { results: { __on__: '/on' } } },
      }),
      [id.end]: { type: 'end' },
    },
    agent_definitions: {
      [id.edr]: {
        type: 'http-api',
        name: 'EDR',
        address: { url: ['__edr__:value'] },
        authentication_info: id.login,
      },
    },
    target_definitions: {
      [id.host]: { type: 'net-address', name: '__host__:value', address: { dname: ['__host__:value'] } },
    },
    authentication_info_definitions: {
      [id.login]: { type: 'oauth2', kms: true, kms_key_identifier: 'edr/token' },
    },
    extension_definitions: EXT_DEFINITION,
    playbook_extensions: {
      [TIERLINE_EXTENSION]: { approval: { role: 'approver', required: approvers } },
    },
  };
}

interface Team {
  responder: Caller;
  first: Caller;
  second: Caller;
}

let people = 0;
async function team(): Promise<Team> {
  people += 1;
  return {
    responder: await office.caller('responder', `responder-${people}`),
    first: await office.caller('approver', `approver-${people}a`),
    second: await office.caller('approver', `approver-${people}b`),
  };
}

async function imported(playbook: { id: string }): Promise<string> {
  const manager = await office.caller('manager', `manager-${(people += 1)}`);
  const response = await manager.post('/v1/playbooks', playbook);
  if (response.status !== 201) throw new Error(`Not imported: ${response.text}`);
  expect(response.body).toMatchObject({ verdict: 'executable' });
  return playbook.id;
}

const settled = (caller: Caller, id: string, enough: (body: Response['body']) => boolean) =>
  eventually(async () => (await caller.get(`/v1/containments/${id}`)).body as Response['body'], enough);

describe('a containment run', () => {
  test(
    'is planned, approved by two, done and seen, and rolled back with an approval',
    async () => {
      const { responder, first, second } = await team();
      const ticket = await openTicket(office.agent);
      const id = await imported(isolation());
      const host = 'ws-1042';
      const body = { playbook: { id }, variables: { __host__: host, __edr__: edr.url } };
      const path = `/v1/tickets/${ticket.id}/containments`;

      const dry = await responder.post(path, { ...body, dryRun: true });
      expect(dry.status).toBe(200);
      expect(dry.body).toMatchObject({
        refused: false,
        targets: [host],
        approvals: expect.arrayContaining([expect.objectContaining({ need: 'plan', required: 2 })]),
      });
      expect((await edr.journal()).effects).toEqual([]);

      const asked = await responder.post(path, body);
      expect(asked.status).toBe(201);
      expect(asked.body.planHash).toBe(dry.body.hash);
      const run = `/v1/containments/${asked.body.id}`;
      const { planHash } = asked.body;
      await settled(responder, asked.body.id, (view) =>
        view.approvals.some((one: { state: string }) => one.state === 'open'),
      );

      const own = await responder.post(`${run}/approve`, { planHash });
      expect(own.status).toBe(403);
      expect((await first.post(`${run}/approve`, { planHash: 'another' })).body.code).toBe('plan_changed');
      expect((await first.post(`${run}/approve`, { planHash })).status).toBe(200);
      expect((await first.post(`${run}/approve`, { planHash })).status).toBe(200);
      expect((await edr.journal()).effects).toEqual([]);
      expect((await second.post(`${run}/approve`, { planHash })).status).toBe(200);

      const done = await settled(responder, asked.body.id, ({ result }) => result !== null);
      expect(done).toMatchObject({
        result: 'succeeded',
        effects: [{ name: 'hostIsolated', target: host, state: 'inForce', isVerified: true }],
      });
      expect((await edr.journal()).effects).toMatchObject([
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
      await settled(responder, asked.body.id, (view) =>
        view.approvals.some(
          (one: { need: string; state: string }) => one.need === 'rollBack' && one.state === 'open',
        ),
      );
      expect(await edr.inForce()).toHaveLength(1);
      expect((await first.post(`${run}/approve`, { need: 'rollBack', planHash })).status).toBe(200);
      const back = await settled(responder, asked.body.id, ({ state }) => state === 'rolledBack');
      expect(back.rollBack.outcomes).toMatchObject([{ outcome: 'undone' }]);
      expect(await edr.inForce()).toEqual([]);
      const text = JSON.stringify((await responder.get(run)).body);
      expect(text).not.toContain(TOKEN);
    },
    4 * A_STALL_MS,
  );
});
