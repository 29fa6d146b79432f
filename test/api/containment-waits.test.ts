/** What keeps a run from going on: nobody answers, what was granted has run out, the ticket is under legal hold. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { journalWorkflowId, READER_WORKFLOW, readerWorkflowId } from '../../workflows/messages.ts';
import {
  containment,
  END_SESSIONS,
  ISOLATE,
  LOOK_AT_HOST,
  RELEASE,
} from '../support/containment-playbooks.ts';
import { eventually } from '../support/desk.ts';
import { isolationPlaybook } from '../support/isolation.ts';
import type { Caller } from './front-door.ts';
import { MINUTE, openTicket } from './office.ts';
import { isAsked, setUpResponseTeam, type View } from './response-team.ts';

interface Post {
  type: string;
  data: { containmentId: string; need?: string; to: string; page?: true };
}

const posts: Post[] = [];
const scene = setUpResponseTeam({
  channels: () => ({
    webhook: {
      send({ id, body }) {
        posts.push(body as Post);
        return Promise.resolve({ id });
      },
    },
  }),
});
const { office, team, imported, asked, settled, effectsOn } = scene;

let lead: Caller;
beforeAll(async () => {
  lead = await office.caller('lead', 'lead-1');
  const { client, taskQueue } = office.desk;
  await client.workflow.start(READER_WORKFLOW, {
    workflowId: `${taskQueue}/${readerWorkflowId('containment-messages')}`,
    taskQueue,
    args: [{ reader: 'containment-messages' }],
  });
});

const runPath = (id: string): string => `/v1/containments/${id}`;
/** Lets time pass for a run. */
const passing = (id: string, ms: number) =>
  office.desk.fastForwardWorkflow(journalWorkflowId('containment', id), ms);
const approvalOf = ({ approvals }: View, need: string) =>
  approvals.find((one: { need: string }) => one.need === need);

/** The messages of this type about a run, once there is one. */
async function told(id: string, type: string): Promise<Post['data'][]> {
  const found = await eventually(
    () => Promise.resolve(posts.filter((post) => post.type === type && post.data.containmentId === id)),
    (messages) => messages.length > 0,
  );
  return found.map(({ data }) => data);
}

describe('an approval that nobody answers', () => {
  const TERMS = { respondWithinMs: 15 * MINUTE, escalateTo: ['lead'] };

  test('goes up: the next is woken, nothing is aborted, and their answer counts', async () => {
    const people = await team();
    const { responder, first } = people;
    const playbook = isolationPlaybook({ terms: TERMS });
    const { body } = (await asked(people, { host: 'ws-3001', playbook })).response;
    const { id, planHash } = body;
    await settled(responder, id, isAsked('plan'));
    const approve = (who: Caller) => who.post(`${runPath(id)}/approve`, { planHash });
    expect((await approve(lead)).body.code).toBe('approver_role_missing');

    await passing(id, 16 * MINUTE);
    const waiting = await settled(responder, id, (view) => approvalOf(view, 'plan').level > 0);
    expect(waiting).toMatchObject({ state: 'awaitingApproval', result: null });
    expect(approvalOf(waiting, 'plan')).toMatchObject({ state: 'open', level: 1 });
    expect(await told(id, 'containment.approvalEscalated')).toEqual([
      expect.objectContaining({ to: 'lead', page: true, need: 'plan' }),
    ]);
    expect(await effectsOn('ws-3001')).toEqual([]);

    expect((await approve(lead)).status).toBe(200);
    expect((await approve(first)).status).toBe(200);
    const done = await settled(responder, id, ({ result }) => result !== null);
    expect(done.result).toBe('succeeded');
    expect(approvalOf(done, 'plan').votes.map(({ role }: { role: string }) => role)).toEqual([
      'lead',
      'approver',
    ]);
    expect(await effectsOn('ws-3001')).toHaveLength(1);
  });

  test('expires at the end of the chain, never approves, and takes no answer any more', async () => {
    const people = await team();
    const { responder, first, second } = people;
    const playbook = isolationPlaybook({ terms: TERMS });
    const { body } = (await asked(people, { host: 'ws-3002', playbook })).response;
    const { id, planHash } = body;
    await settled(responder, id, isAsked('plan'));
    const approve = (who: Caller) => who.post(`${runPath(id)}/approve`, { planHash });
    // One of two is not enough, however long it is waited.
    expect((await approve(first)).status).toBe(200);

    await passing(id, 16 * MINUTE);
    const escalated = await settled(responder, id, (view) => approvalOf(view, 'plan').level === 1);
    expect(escalated.result).toBeNull();
    await passing(id, 16 * MINUTE);
    const over = await settled(responder, id, ({ result }) => result !== null);
    expect(over).toMatchObject({ state: 'expired', result: 'expired', effects: [], inForce: [] });
    expect(await told(id, 'containment.approvalExpired')).toEqual([
      expect.objectContaining({ page: true, need: 'plan' }),
    ]);
    const late = await approve(second);
    expect([late.status, late.body.code]).toEqual([409, 'run_over']);
    expect(await effectsOn('ws-3002')).toEqual([]);
    expect((await responder.get(`${runPath(id)}/units`)).body.data).toEqual([]);
  });
});

test('two who agree are not enough where a lead has to be among them', async () => {
  const people = await team();
  const { responder, first, second } = people;
  const playbook = isolationPlaybook({ terms: { including: ['lead'] } });
  const { body } = (await asked(people, { host: 'ws-3005', playbook })).response;
  const { id, planHash } = body;
  await settled(responder, id, isAsked('plan'));
  for (const who of [first, second])
    expect((await who.post(`${runPath(id)}/approve`, { planHash })).status).toBe(200);
  const waiting = (await responder.get(runPath(id))).body;
  expect(approvalOf(waiting, 'plan')).toMatchObject({ state: 'open', required: 2, including: ['lead'] });
  expect(waiting.state).toBe('awaitingApproval');
  expect((await lead.post(`${runPath(id)}/approve`, { planHash })).status).toBe(200);
  expect((await settled(responder, id, ({ result }) => result !== null)).result).toBe('succeeded');
});

test('a granted approval that was not used in time is asked for anew before anything is done', async () => {
  const people = await team();
  const { responder, first, second } = people;
  const playbook = isolationPlaybook({
    terms: { validForMs: 10 * MINUTE },
    ofStep: { required: 1, respondWithinMs: 60 * MINUTE },
  });
  const { body } = (await asked(people, { host: 'ws-3003', playbook })).response;
  const { id, planHash } = body;
  const agree = async (path: string, ...all: Caller[]) => {
    for (const who of all) expect((await who.post(`${runPath(id)}/${path}`, { planHash })).status).toBe(200);
  };
  const step = Object.entries(playbook.workflow).find(
    ([, one]) => 'name' in one && one.name === 'Isolate the host',
  )![0];
  await settled(responder, id, isAsked('plan'));
  await agree('approve', first, second);
  await settled(responder, id, isAsked(`step/${step}`));

  await passing(id, 11 * MINUTE);
  await settled(responder, id, isAsked('plan'));
  await agree(`steps/${step}/approve`, first);
  const waiting = await settled(
    responder,
    id,
    (view) => approvalOf(view, `step/${step}`).state === 'granted',
  );
  expect(approvalOf(waiting, 'plan')).toMatchObject({ state: 'open', votes: [] });
  expect(waiting.log.map(({ type }: { type: string }) => type)).toContain('approvalLapsed');
  expect(await effectsOn('ws-3003')).toEqual([]);

  await agree('approve', first, second);
  const done = await settled(responder, id, ({ result }) => result !== null);
  expect(done.result).toBe('succeeded');
  expect(await effectsOn('ws-3003')).toHaveLength(1);
});

describe('under legal hold', () => {
  /** By step, what it is for and how it ended; nothing of what was only looked at. */
  async function endings(who: Caller, id: string): Promise<Record<string, string>> {
    const names = new Map(Object.entries(playbook.workflow).map(([key, { name }]) => [key, name ?? key]));
    const units = (await who.get(`${runPath(id)}/units`)).body.data as View[];
    return Object.fromEntries(units.map(({ step, outcome }) => [names.get(step), outcome]));
  }
  const playbook = containment({ hasDirectory: false });

  test('what nothing takes back is not done, and says why; the rest is, and is taken back; lifted, it is done', async () => {
    const { responder, first, second } = await team();
    await imported(playbook);
    const { id: ticket } = await openTicket(office.agent);
    const onTicket = async (who: Caller, request: string, fields: object) =>
      expect((await who.post(`/v1/tickets/${ticket}/${request}`, fields)).status).toBe(200);
    await onTicket(responder, 'declare-security-incident', { severity: 'high', regimes: [] });
    const reason = 'Proceedings are expected.';
    await onTicket(lead, 'place-legal-hold', { reason });

    const ask = (more: object = {}) =>
      responder.post(`/v1/tickets/${ticket}/containments`, {
        playbook: { id: playbook.id },
        variables: { __host__: 'ws-3004', __account__: 'agent-18', __edr__: scene.edr.url },
        ...more,
      });
    const carriedOut = async (): Promise<View> => {
      const { id, planHash } = (await ask()).body;
      await settled(responder, id, isAsked('plan'));
      for (const who of [first, second])
        expect((await who.post(`${runPath(id)}/approve`, { planHash })).status).toBe(200);
      return settled(responder, id, ({ result }) => result !== null);
    };

    const dry = (await ask({ dryRun: true })).body;
    const barred = dry.faults.filter(({ code }: { code: string }) => code === 'legal_hold');
    expect([dry.refused, barred]).toEqual([false, [expect.objectContaining({ weight: 'blocked' })]]);
    const endsSessions = Object.entries(playbook.workflow).find(([, { name }]) => name === END_SESSIONS)![0];
    const stepsBarred = dry.units.filter(({ faults }: View) => faults.includes('legal_hold'));
    expect(stepsBarred.map(({ step }: View) => step)).toEqual([endsSessions]);

    const held = await carriedOut();
    expect([held.result, held.reason]).toEqual([
      'failed',
      expect.stringMatching(/^legal_hold: .*legal hold/),
    ]);
    expect(held.inForce).toHaveLength(1);
    expect(await endings(responder, held.id)).toEqual({
      [ISOLATE]: 'succeeded',
      [LOOK_AT_HOST]: 'succeeded',
      [END_SESSIONS]: 'blocked',
    });
    expect([(await effectsOn('ws-3004')).length, await effectsOn('agent-18')]).toEqual([1, []]);

    await responder.post(`${runPath(held.id)}/roll-back`, { reason: 'False alarm' });
    await settled(responder, held.id, isAsked('rollBack'));
    await first.post(`${runPath(held.id)}/approve`, { need: 'rollBack', planHash: held.planHash });
    await settled(responder, held.id, ({ state }) => state === 'rolledBack');
    expect(await endings(responder, held.id)).toMatchObject({ [RELEASE]: 'succeeded' });

    const manager = await office.caller('manager', 'manager-of-holds');
    await onTicket(manager, 'lift-legal-hold', { reason });
    const free = await carriedOut();
    expect(free.result).toBe('succeeded');
    expect((await effectsOn('agent-18')).map(({ what }) => what)).toEqual(['end-sessions']);
  });
});
