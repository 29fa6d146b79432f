/** What people bring about and take back by hand stands in the register of what is in force, beside what commands do. */
import { describe, expect, test } from '@jest/globals';
import { A_STALL_MS } from '../support/desk.ts';
import { isolationPlaybook, type IsolationOptions } from '../support/isolation.ts';
import { isAsked, setUpResponseTeam, type Team, type View } from './response-team.ts';

const TOKEN = 'by-hand';
const scene = setUpResponseTeam({ token: TOKEN });
const { team, asked, settled } = scene;

/** A person at the console of the EDR, to whom no command of ours goes. */
async function atTheConsole(host: string, method: 'PUT' | 'DELETE'): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${scene.edr.url}/v1/hosts/${host}/isolated`, { method, headers });
  if (!answer.ok) throw new Error(`The EDR answered ${answer.status}`);
}

const isWaiting = ({ waitingFor }: View): boolean => waitingFor.length > 0;

/** One run on a host, and those who work on it. */
interface Running {
  people: Team;
  id: string;
  host: string;
  planHash: string;
}

const path = ({ id }: Running): string => `/v1/containments/${id}`;

/** Asked for and approved. */
async function running(host: string, byHand: IsolationOptions['byHand']): Promise<Running> {
  const people = await team();
  const playbook = isolationPlaybook({ approvers: 1, byHand: byHand ?? [] });
  const { response } = await asked(people, { host, playbook });
  const { id, planHash } = response.body;
  const run = { people, id, host, planHash };
  await settled(people.responder, id, isAsked('plan'));
  expect((await people.first.post(`${path(run)}/approve`, { planHash })).status).toBe(200);
  return run;
}

/** The step that waits for a person is done, and said to be. */
async function doneByHand(run: Running, method: 'PUT' | 'DELETE'): Promise<void> {
  const { responder } = run.people;
  const { waitingFor } = await settled(responder, run.id, isWaiting);
  await atTheConsole(run.host, method);
  const done = await responder.post(`${path(run)}/steps/${waitingFor[0].step}/complete`, { variables: {} });
  expect([done.status, done.body.code]).toEqual([200, undefined]);
}

const succeeded = ({ people, id }: Running): Promise<View> =>
  settled(people.responder, id, ({ result }) => result === 'succeeded');

/** Taken back, with the approval that this takes; `meanwhile` somebody does what is theirs. */
async function rolledBack(run: Running, meanwhile: () => Promise<void> = async () => undefined) {
  const { people, id, planHash } = run;
  expect((await people.responder.post(`${path(run)}/roll-back`, {})).status).toBe(200);
  await settled(people.responder, id, isAsked('rollBack'));
  expect((await people.first.post(`${path(run)}/approve`, { need: 'rollBack', planHash })).status).toBe(200);
  await meanwhile();
  const over = await settled(people.responder, id, ({ rollBack }) => rollBack?.endedAt != null);
  return over.rollBack.outcomes.map(({ outcome }: { outcome: string }) => outcome);
}

async function holdsOn({ people, host }: Running): Promise<string[]> {
  const { body } = await people.responder.get(`/v1/in-force?target=${host}&released=true`);
  return body.data
    .map(({ state, releasedBecause: why }: View) => (why ? `${state}: ${why}` : state))
    .toReversed();
}

describe('in the register', () => {
  test(
    'stands what a person has brought about, until a person has taken it back',
    async () => {
      const run = await running('ws-3001', ['isolate', 'release']);
      await settled(run.people.responder, run.id, isWaiting);
      expect(await holdsOn(run)).toEqual([]);
      await doneByHand(run, 'PUT');
      await succeeded(run);
      expect(await holdsOn(run)).toEqual(['held']);
      const outcomes = await rolledBack(run, async () => {
        await settled(run.people.responder, run.id, isWaiting);
        expect(await holdsOn(run)).toEqual(['held']);
        await doneByHand(run, 'DELETE');
      });
      expect(outcomes).toEqual(['undone']);
      expect(await holdsOn(run)).toEqual(['released: undone']);
    },
    4 * A_STALL_MS,
  );

  test(
    'it is held for another run too: that one sends nothing, and takes nothing back while it is held by hand',
    async () => {
      const byHand = await running('ws-3002', ['isolate']);
      await doneByHand(byHand, 'PUT');
      await succeeded(byHand);
      const other = await running('ws-3002', []);
      await succeeded(other);
      const { data } = (await other.people.responder.get(`${path(other)}/units`)).body;
      expect(data[0]).toMatchObject({ purpose: 'act', outcome: 'alreadyInForce', attempts: 0 });
      expect(await holdsOn(other)).toEqual(['held', 'held']);
      expect(await rolledBack(other)).toEqual(['stillHeld']);
      expect(await scene.effectsOn('ws-3002')).toMatchObject([{ on: true }]);
      // A command takes back what a person did.
      expect(await rolledBack(byHand)).toEqual(['undone']);
      expect(await holdsOn(byHand)).toEqual(['released: undone', 'released: stillHeld']);
      expect(await scene.edr.inForce()).not.toContainEqual(expect.objectContaining({ id: 'ws-3002' }));
    },
    6 * A_STALL_MS,
  );

  test(
    'what a command did and a person took back is gone: the next run brings it about anew',
    async () => {
      const run = await running('ws-3003', ['release']);
      await succeeded(run);
      expect(await holdsOn(run)).toEqual(['held']);
      expect(await rolledBack(run, () => doneByHand(run, 'DELETE'))).toEqual(['undone']);
      expect(await holdsOn(run)).toEqual(['released: undone']);
      const next = await running('ws-3003', []);
      await succeeded(next);
      const { data } = (await next.people.responder.get(`${path(next)}/units`)).body;
      expect(data[0]).toMatchObject({ purpose: 'act', outcome: 'succeeded', attempts: 1 });
    },
    6 * A_STALL_MS,
  );

  test(
    'what a person took back while another run held it is uncertain for that one',
    async () => {
      const other = await running('ws-3004', []);
      await succeeded(other);
      const run = await running('ws-3004', ['isolate', 'release']);
      await doneByHand(run, 'PUT');
      await succeeded(run);
      await rolledBack(run, () => doneByHand(run, 'DELETE'));
      expect(await holdsOn(run)).toEqual(['uncertain', 'released: undone']);
    },
    6 * A_STALL_MS,
  );

  test(
    'a step that could not be done leaves nothing',
    async () => {
      const run = await running('ws-3005', ['isolate']);
      const { responder } = run.people;
      const { waitingFor } = await settled(responder, run.id, isWaiting);
      const failed = await responder.post(`${path(run)}/steps/${waitingFor[0].step}/fail`, {
        reason: 'Nobody answers at the site.',
      });
      expect(failed.status).toBe(200);
      await settled(responder, run.id, ({ result }) => result === 'failed');
      expect(await holdsOn(run)).toEqual([]);
    },
    4 * A_STALL_MS,
  );
});
