/**
 * A stolen account, from the declaration to the end of the review: contained with the consent of two, taken back with
 * another, and every command carried out once, wherever the worker is killed.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import type { Response } from 'supertest';
import { READER_WORKFLOW, readerWorkflowId } from '../../workflows/messages.ts';
import { reviewJournalReaders, reviewReaders } from '../../bin/review-readers.ts';
import {
  containment,
  END_SESSIONS,
  ISOLATE,
  LOCK,
  LOOK_AT_ACCOUNT,
  LOOK_AT_HOST,
  RELEASE,
  UNLOCK,
} from '../support/containment-playbooks.ts';
import { A_STALL_MS, eventually } from '../support/desk.ts';
import type { DoomedRunWorkerOptions } from '../support/doomed-run-worker.ts';
import { EDR_TOKEN, spawnFakeEdr, type FakeEdr } from '../support/fake-edr.ts';
import { DIRECTORY_ADMIN, SLAPD, startLdapServer, type LdapServer } from '../support/ldap-server.ts';
import { rig } from '../support/rig.ts';
import { createRunWorker, MOMENTS, pointOf, type Moment, type Visit } from '../support/run-worker.ts';
import { isThere } from '../support/system-servers.ts';
import { openFrontDoor, type Caller } from './front-door.ts';
import { openTicket, setUpOffice } from './office.ts';

const hasDirectory = isThere(SLAPD, 'slapd');
const ofDirectory = <T>(...all: T[]): T[] => (hasDirectory ? all : []);

/** Every point takes a minute of waiting for what is lost; a few by default, all in a full run. */
const FULL = process.env['TIERLINE_FULL'] !== undefined;
const CHANGING: readonly Moment[] = FULL ? MOMENTS : ['sent', 'recorded'];
/** What only looks is lost at fewer moments: nothing can come of it twice. */
const LOOKING: readonly Moment[] = FULL ? ['sent', 'recorded'] : ['recorded'];
const FORWARD: [string, readonly Moment[]][] = [
  [ISOLATE, CHANGING],
  [LOOK_AT_HOST, LOOKING],
  ...ofDirectory<[string, readonly Moment[]]>([LOCK, CHANGING], [LOOK_AT_ACCOUNT, LOOKING]),
  [END_SESSIONS, CHANGING],
];
const BACK: [string, readonly Moment[]][] = [
  ...ofDirectory<[string, readonly Moment[]]>([LOOK_AT_ACCOUNT, LOOKING], [UNLOCK, CHANGING]),
  [LOOK_AT_HOST, LOOKING],
  [RELEASE, CHANGING],
];
const POINTS = [
  ...FORWARD.flatMap(([step, moments]) => moments.map((moment) => pointOf(moment, { way: 'forward', step }))),
  ...BACK.flatMap(([step, moments]) => moments.map((moment) => pointOf(moment, { way: 'back', step }))),
];
const accountOf = (index: number): string => `agent-${100 + index}`;
const hostOf = (index: number): string => `ws-${100 + index}`;

const SECRETS = {
  TIERLINE_SECRET_EDR_TOKEN: EDR_TOKEN,
  TIERLINE_SECRET_DIRECTORY_LOGIN: JSON.stringify(DIRECTORY_ADMIN),
};
const office = setUpOffice({
  secrets: SECRETS,
  handlers: ({ database, client, taskQueue }) => reviewReaders(database, { client, taskQueue }),
  journalHandlers: ({ database, client, taskQueue, engine }) =>
    reviewJournalReaders(database, { client, taskQueue, engine }),
});
const playbook = containment({ hasDirectory });

let edr: FakeEdr;
let directory: LdapServer | null = null;
let incident = '';
let responder: Caller;

beforeAll(async () => {
  edr = await spawnFakeEdr();
  const people = [...POINTS.keys(), POINTS.length].map(accountOf);
  if (hasDirectory) directory = await startLdapServer({ people });
  const { desk } = office;
  for (const reader of ['containment-tasks', 'reviews', 'review-news'])
    await desk.client.workflow.start(READER_WORKFLOW, {
      workflowId: `${desk.taskQueue}/${readerWorkflowId(reader)}`,
      taskQueue: desk.taskQueue,
      args: [{ reader }],
    });
  const author = await office.caller('manager', 'manager-1');
  const imported = await author.post('/v1/playbooks', playbook);
  expect(imported.body).toMatchObject({ verdict: 'executable' });
  responder = await office.caller('responder', 'responder-1');
  incident = (await openTicket(office.agent, { policy: 'three-tiers' })).id;
  const declared = await responder.post(`/v1/tickets/${incident}/declare-security-incident`, {
    severity: 'high',
    regimes: [],
  });
  expect(declared.status).toBe(200);
}, 120_000);
afterAll(async () => {
  await edr.close();
  await directory?.close();
});

const body = (index: number) => ({
  playbook: { id: playbook.id },
  variables: {
    __host__: hostOf(index),
    __account__: accountOf(index),
    __edr__: edr.url,
    ...(directory && { __directory__: directory.url }),
  },
});
const runsPath = (): string => `/v1/tickets/${incident}/containments`;

type View = Response['body'];
const viewOnce = (id: string, enough: (view: View) => boolean): Promise<View> =>
  eventually(
    async () => (await responder.get(`/v1/containments/${id}`)).body as View,
    enough,
    3 * A_STALL_MS,
  );
const isAsked = (need: string) => (view: View) =>
  view.approvals.some((one: { need: string; state: string }) => one.need === need && one.state === 'open');

/** As a front end does: again until there is an answer. */
async function insist(ask: () => Promise<Response>): Promise<Response> {
  const answer = await eventually(ask, ({ status }) => status < 500, 3 * A_STALL_MS);
  expect([answer.status, answer.body]).toEqual([200, expect.anything()]);
  return answer;
}

/** What was done to a host and an account, as the other side has it; and how many keys each change was sent under. */
async function doneTo(index: number) {
  const [host, account] = [hostOf(index), accountOf(index)];
  const { effects, requests } = await edr.journal();
  const changes = requests.filter(
    ({ method, path }) => method !== 'GET' && (path.includes(`/${host}/`) || path.includes(`/${account}/`)),
  );
  const keys = new Map<string, Set<string | null>>();
  for (const { method, path, key } of changes)
    keys.set(`${method} ${path}`, (keys.get(`${method} ${path}`) ?? new Set()).add(key));
  return {
    edr: effects
      .filter(({ id }) => id === host || id === account)
      .map(({ what, on }) => (on === null ? what : `${what} ${on ? 'on' : 'off'}`)),
    keys: [...keys.values()].map(({ size }) => size),
    locks: directory?.locksOf(account) ?? [],
    admitted: directory ? await directory.admits(account) : true,
  };
}
const CONTAINED = {
  edr: ['isolated on', 'end-sessions'],
  keys: [1, 1],
  locks: ofDirectory('add'),
  admitted: !hasDirectory,
};
const RELEASED = {
  edr: ['isolated on', 'end-sessions', 'isolated off'],
  keys: [1, 1, 1],
  locks: ofDirectory('add', 'delete'),
  admitted: true,
};
const EFFECTS = ['hostIsolated', ...ofDirectory('accountLocked'), 'sessionsEnded'];

/** A door whose runs are carried out on a task queue of their own. */
async function teamOn(taskQueue: string) {
  const door = await openFrontDoor({ ...office.desk, taskQueue });
  return {
    door,
    responder: await door.caller('responder', 'responder-1'),
    first: await door.caller('approver', 'approver-1'),
    second: await door.caller('approver', 'approver-2'),
  };
}
type Team = Awaited<ReturnType<typeof teamOn>>;

/** Asks, has two approve, and waits for the end of the way forward. */
async function contained(index: number, team: Team): Promise<View> {
  const asked = await team.responder.post(runsPath(), body(index));
  expect(asked.status).toBe(201);
  const { id, planHash } = asked.body as { id: string; planHash: string };
  await viewOnce(id, isAsked('plan'));
  for (const [i, who] of [team.first, team.second].entries())
    await insist(() =>
      who.post(`/v1/containments/${id}/approve`, { planHash }, { 'idempotency-key': `vote-${i}-${id}` }),
    );
  return viewOnce(id, ({ result }) => result !== null);
}

async function takenBack({ id, planHash }: View, team: Team): Promise<View> {
  const path = `/v1/containments/${id}`;
  await insist(() =>
    team.responder.post(`${path}/roll-back`, { reason: 'False alarm' }, { 'idempotency-key': `back-${id}` }),
  );
  await viewOnce(id, isAsked('rollBack'));
  await insist(() =>
    team.first.post(
      `${path}/approve`,
      { need: 'rollBack', planHash },
      { 'idempotency-key': `vote-back-${id}` },
    ),
  );
  return viewOnce(id, ({ rollBack }) => rollBack?.endedAt != null);
}

const outcomesOf = ({ rollBack }: View): string[] =>
  rollBack.outcomes.map(({ outcome }: { outcome: string }) => outcome);
const BACKWARD = ['irreversible', ...ofDirectory('undone'), 'undone'];

const workerOptions = (taskQueue: string) => ({
  databaseUrl: office.desk.databaseUrl,
  temporal: rig().temporal,
  bundle: rig().bundle,
  taskQueue,
  secrets: SECRETS,
  steps: Object.fromEntries(Object.entries(playbook.workflow).map(([id, { name }]) => [id, name ?? id])),
});

/** Runs a worker of this process for as long as `work` takes. */
async function beside<T>(taskQueue: string, work: () => Promise<T>, visit?: Visit): Promise<T> {
  const connection = await NativeConnection.connect({ address: rig().temporal });
  const worker = await createRunWorker(office.desk.database, connection, workerOptions(taskQueue), visit);
  const running = worker.run();
  try {
    return await work();
  } finally {
    worker.shutdown();
    await running;
    await connection.close();
  }
}

/** A worker process of its own that dies at a point: how it ended. */
async function doomedWorker(options: DoomedRunWorkerOptions): Promise<string | null> {
  const program = fileURLToPath(new URL('../support/doomed-run-worker.ts', import.meta.url));
  const child = fork(program, [JSON.stringify(options)], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  children.add(child);
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  children.delete(child);
  return signal;
}
const children = new Set<ReturnType<typeof fork>>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

const tasksOf = (about: string) =>
  eventually(
    async () => (await responder.get(`/v1/tasks?limit=200`)).body.data as { id: string; title: string }[],
    (tasks) => tasks.some(({ title }) => title.includes(about)),
  );

test('asked for by one, approved by two others, done, seen, and taken back; what nothing takes back is told and becomes a task', async () => {
  const index = POINTS.length;
  const visited = new Set<string>();
  const taskQueue = `story-${index}`;
  const team = await teamOn(taskQueue);
  const dry = await team.responder.post(runsPath(), { ...body(index), dryRun: true });
  expect(dry.body).toMatchObject({ refused: false, targets: expect.arrayContaining([hostOf(index)]) });
  const asked = await team.responder.post(runsPath(), body(index));
  expect(asked.body.planHash).toBe(dry.body.hash);
  const { planHash } = asked.body as { planHash: string };
  const path = `/v1/containments/${asked.body.id as string}`;
  const visit: Visit = (...at) => void visited.add(pointOf(...at));
  const story = async () => {
    await viewOnce(asked.body.id, isAsked('plan'));
    expect((await team.responder.post(`${path}/approve`, { planHash })).status).toBe(403);
    expect((await team.first.post(`${path}/approve`, { planHash })).status).toBe(200);
    expect(await doneTo(index)).toEqual({ edr: [], keys: [], locks: [], admitted: true });
    expect((await team.second.post(`${path}/approve`, { planHash })).status).toBe(200);
    const done = await viewOnce(asked.body.id, ({ result }) => result !== null);
    expect(done).toMatchObject({ result: 'succeeded', unknown: [] });
    expect(done.effects.map(({ name, isVerified }: View) => [name, isVerified])).toEqual(
      EFFECTS.map((name) => [name, name !== 'sessionsEnded']),
    );
    expect(await doneTo(index)).toEqual(CONTAINED);

    await team.responder.post(`${path}/roll-back`, { reason: 'False alarm' });
    await viewOnce(asked.body.id, isAsked('rollBack'));
    expect(await doneTo(index)).toEqual(CONTAINED);
    expect((await team.first.post(`${path}/approve`, { need: 'rollBack', planHash })).status).toBe(200);
    const back = await viewOnce(asked.body.id, ({ rollBack }) => rollBack?.endedAt != null);
    expect(outcomesOf(back)).toEqual(BACKWARD);
    expect(await doneTo(index)).toEqual(RELEASED);
    await tasksOf(`sessionsEnded on ${accountOf(index)}`);
  };
  await beside(taskQueue, story, visit);
  await team.door.close();
  // These are the points at which workers are killed below; no step of the story is left out.
  expect(POINTS.filter((point) => !visited.has(point))).toEqual([]);
  const steps = [...FORWARD, ...BACK].map(([step]) => step);
  expect([...visited].filter((point) => !steps.some((step) => point.includes(step)))).toEqual([]);
}, 240_000);

/** The whole way, forward and back, with a worker that dies at a point and another that takes over. */
async function survived(index: number): Promise<unknown> {
  const point = POINTS[index]!;
  const taskQueue = `story-${index}`;
  const team = await teamOn(taskQueue);
  const death = doomedWorker({ ...workerOptions(taskQueue), point });
  let isOver = false;
  const takingOver = death.then((signal) =>
    beside(taskQueue, () => eventually(() => Promise.resolve(isOver), Boolean, 6 * A_STALL_MS)).then(
      () => signal,
    ),
  );
  const done = await contained(index, team);
  const forward = await doneTo(index);
  const back = await takenBack(done, team);
  const backward = await doneTo(index);
  isOver = true;
  const signal = await takingOver;
  await team.door.close();
  return { point, signal, result: done.result, forward, outcomes: outcomesOf(back), backward };
}

/** What is lost is noticed after seconds: they are waited for side by side. */
const AT_ONCE = 14;

test(`kill -9 of the worker at each of ${POINTS.length} points, one at a time: every command takes effect once, forward and back`, async () => {
  const left = [...POINTS.keys()];
  const seen: unknown[] = [];
  const lane = async () => {
    for (let index = left.shift(); index !== undefined; index = left.shift())
      seen[index] = await survived(index).catch((error: unknown) => ({
        point: POINTS[index!],
        error: String(error),
      }));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  expect(seen).toEqual(
    POINTS.map((point) => ({
      point,
      signal: 'SIGKILL',
      result: 'succeeded',
      forward: CONTAINED,
      outcomes: BACKWARD,
      backward: RELEASED,
    })),
  );
}, 600_000);
