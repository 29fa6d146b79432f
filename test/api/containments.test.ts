/** Containment runs through the API, on the real engine, against a real server at the edge of the world. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import { isolation } from '../support/containment-playbooks.ts';
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
