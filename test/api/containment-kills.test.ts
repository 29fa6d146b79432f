/**
 * A stolen account contained and taken back, with a worker that is killed on the way, `kill -9`, and another that takes
 * over: at every point in turn, and every command is carried out once.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import { A_STALL_MS, eventually } from '../support/desk.ts';
import type { DoomedRunWorkerOptions } from '../support/doomed-run-worker.ts';
import { MOMENTS, pointOf, type Moment } from '../support/run-worker.ts';
import { isAsked, type View } from './response-team.ts';
import {
  BACK_STEPS,
  CONTAINED,
  FORWARD_STEPS,
  LOOKS,
  OUTCOMES,
  outcomesOf,
  RELEASED,
  setUpStolenAccounts,
  viewOnce,
  type Team,
} from './stolen-account.ts';

/** Every point costs half a minute of waiting for what is lost: the moments between commands, or all in a full run. */
const isFull = process.env['TIERLINE_FULL'] !== undefined;
const CHANGING: readonly Moment[] = isFull ? MOMENTS : ['sent', 'recorded'];
/** What only looks is lost at fewer moments: nothing can come of it twice. */
const LOOKING: readonly Moment[] = isFull ? ['sent', 'recorded'] : ['recorded'];
const pointsOf = (way: 'forward' | 'back', steps: readonly string[]): string[] =>
  steps.flatMap((step) =>
    (LOOKS.includes(step) ? LOOKING : CHANGING).map((moment) => pointOf(moment, { way, step })),
  );
const POINTS = [...pointsOf('forward', FORWARD_STEPS), ...pointsOf('back', BACK_STEPS)];
/** The one that nobody is killed in shows which points there are. */
const UNHARMED = POINTS.length;
/** What is lost is noticed after seconds: as many are waited for side by side. */
const LANES = 5;

const accounts = setUpStolenAccounts(POINTS.length + 1);
let ticket = '';
beforeAll(async () => {
  ticket = await accounts.incident();
});

/** As a front end does: again until there is an answer. */
async function insist(ask: () => Promise<Response>): Promise<void> {
  const { status, body } = await eventually(ask, (answer) => answer.status < 500, 4 * A_STALL_MS);
  expect([status, body]).toEqual([200, expect.anything()]);
}

/** Asks, has two approve, and waits for the end of the way forward. */
async function contained(index: number, team: Team): Promise<View> {
  const asked = await team.responder.post(`/v1/tickets/${ticket}/containments`, accounts.wish(index));
  expect(asked.status).toBe(201);
  const { id, planHash } = asked.body as { id: string; planHash: string };
  await viewOnce(team, id, isAsked('plan'));
  for (const [i, who] of [team.first, team.second].entries())
    await insist(() =>
      who.post(`/v1/containments/${id}/approve`, { planHash }, { 'idempotency-key': `vote-${i}-${id}` }),
    );
  return viewOnce(team, id, ({ result }) => result !== null);
}

async function takenBack({ id, planHash }: View, { responder, first, ...team }: Team): Promise<View> {
  const path = `/v1/containments/${id as string}`;
  const asking = { 'idempotency-key': `back-${id}` };
  await insist(() => responder.post(`${path}/roll-back`, { reason: 'False alarm' }, asking));
  await viewOnce({ responder, first, ...team }, id, isAsked('rollBack'));
  const vote = { need: 'rollBack', planHash };
  await insist(() => first.post(`${path}/approve`, vote, { 'idempotency-key': `vote-back-${id}` }));
  return viewOnce({ responder, first, ...team }, id, ({ rollBack }) => rollBack?.endedAt != null);
}

const children = new Set<ReturnType<typeof fork>>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

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

/** The whole way, forward and back. */
async function way(index: number, team: Team) {
  const done = await contained(index, team);
  const forward = await accounts.doneTo(index);
  const back = await takenBack(done, team);
  return {
    result: done.result as string,
    forward,
    outcomes: outcomesOf(back),
    backward: await accounts.doneTo(index),
  };
}
const WHOLE = { result: 'succeeded', forward: CONTAINED, outcomes: OUTCOMES, backward: RELEASED };

/** The whole way, with a worker that dies at a point and another that takes over. */
async function survived(index: number, team: Team): Promise<unknown> {
  const point = POINTS[index]!;
  const death = doomedWorker({ ...accounts.workerOptions(team.taskQueue), point });
  const over = way(index, team);
  // Whoever takes over must not wait for a way that has failed.
  const ended = over.then(
    () => undefined,
    () => undefined,
  );
  const signal = await death;
  await accounts.beside(team.taskQueue, () => ended);
  return { point, signal, ...(await over) };
}

test('the points at which workers are killed below are the ones there are', async () => {
  const visited = new Set<string>();
  const team = await accounts.teamOn('story-unharmed');
  const gone = await accounts.beside(
    'story-unharmed',
    () => way(UNHARMED, team),
    (...at) => void visited.add(pointOf(...at)),
  );
  expect(gone).toEqual(WHOLE);
  expect(POINTS.filter((point) => !visited.has(point))).toEqual([]);
  const steps = [...FORWARD_STEPS, ...BACK_STEPS];
  expect([...visited].filter((point) => !steps.some((step) => point.includes(step)))).toEqual([]);
}, 240_000);

test(`kill -9 of the worker at each of ${POINTS.length} points, one at a time: every command takes effect once, forward and back`, async () => {
  const left = [...POINTS.keys()];
  const seen: unknown[] = [];
  const lane = async (number: number) => {
    const team = await accounts.teamOn(`story-${number}`);
    for (let index = left.shift(); index !== undefined; index = left.shift())
      seen[index] = await survived(index, team).catch((error: unknown) => ({
        point: POINTS[index!],
        error: String(error),
      }));
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  expect(seen).toEqual(POINTS.map((point) => ({ point, signal: 'SIGKILL', ...WHOLE })));
}, 900_000);
