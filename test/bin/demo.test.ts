/** The demo as a user runs it, against a tree of its own; under a policy with the name of the demo's, but faster. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoResult } from '../../bin/demo.ts';
import { freePortFrom } from '../../bin/ports.ts';
import type { ReadyReport } from '../../bin/start.ts';
import { createApiKeyStore } from '../../prisma/api-keys.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { projectRoot, temporaryFolder } from './helpers.ts';
import { ready, start, stopStarts } from './tree.ts';

const home = temporaryFolder();
let server: ReadyReport;
let database: Database;

/** The shipped policy, with half the time to resolve and no first response to miss. */
function hurriedPolicies(): string {
  const folder = temporaryFolder();
  const shipped = readFileSync(join(projectRoot, 'policies', 'demo.yaml'), 'utf8');
  const hurried = shipped
    .replace('targets: { P1: 10s', 'targets: { P1: 1m')
    .replace('targets: { P1: 20s', 'targets: { P1: 10s')
    .replace('autoCloseAfter: 30s', 'autoCloseAfter: 2s');
  writeFileSync(join(folder, 'demo.yaml'), hurried);
  return folder;
}

beforeAll(async () => {
  server = await ready(start(home, await freePortFrom(0), { TIERLINE_POLICIES: hurriedPolicies() }));
  database = openDatabase(server.database);
});
afterAll(async () => {
  await database.$disconnect();
  await stopStarts();
});

interface Demo {
  child: ChildProcess;
  story: () => string;
  ended: Promise<{ code: number | null; stdout: string }>;
}

function demo(env: NodeJS.ProcessEnv = {}): Demo {
  const command = [join(projectRoot, 'bin', 'tierline.mjs'), 'demo', '--json'];
  const child = spawn(process.execPath, command, {
    env: { ...process.env, TIERLINE_HOME: home, TIERLINE_API_KEY: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout }));
  return { child, story: () => stderr, ended };
}

async function told({ child, story }: Demo, words: string): Promise<void> {
  while (!story().includes(words)) await once(child.stderr!, 'data');
}

const demoKeys = async () =>
  (await createApiKeyStore(database).list()).filter(({ name }) => name.includes('demo'));

test('a ticket is held, answered, breaches at its deadline, climbs by itself and closes by itself', async () => {
  const played = demo();
  const { code, stdout } = await played.ended;
  expect(played.story()).toContain('Escalated from tier 1 to tier 2');
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as DemoResult;
  expect(result).toMatchObject({ state: 'closed', tier: 2 });
  // When the steps of ladders fall among the others depends on how busy the machine is.
  const story = result.timeline.filter(({ data }) => data.step === undefined || data.toTier !== undefined);
  expect(story.map(({ type }) => type)).toEqual([
    'opened',
    'acknowledged',
    'messageAdded',
    'held',
    'messageAdded',
    'breached',
    'handedOff',
    'acknowledged',
    'resolved',
    'autoClosed',
  ]);
  const at = (type: string) => Date.parse(story.find((event) => event.type === type)!.occurredAt);
  const answered = Date.parse(story[4]!.occurredAt);
  expect(Date.parse(result.breach.deadlineAt)).toBe(at('opened') + 10_000 + (answered - at('held')));
  expect(result.breach.decidedAfterMs).toBeGreaterThan(0);
  const reached = result.timeline.flatMap(({ type, data }) => (type === 'stepReached' ? [data.step] : []));
  expect(reached.slice(0, 2)).toEqual(['at-50', 'breach']);
  expect(await demoKeys()).toMatchObject([{ role: 'lead', revokedAt: expect.any(Date) }]);
});

test('stopped half-way, it cancels its ticket and revokes its key', async () => {
  const stopped = demo();
  await told(stopped, 'On hold');
  stopped.child.kill('SIGINT');
  expect(await stopped.ended).toEqual({ code: 1, stdout: '' });
  expect(stopped.story()).toContain('The demo was stopped');
  expect((await demoKeys()).filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
  const [, id] = /v1\/tickets\/(\w+)/.exec(stopped.story())!;
  expect(await database.ticket.findUnique({ where: { id: id! } })).toMatchObject({ state: 'cancelled' });
});

test('with a key of its own it makes none; a bad one is told', async () => {
  const before = (await demoKeys()).length;
  const refused = demo({ TIERLINE_API_KEY: 'tl_unknown' });
  expect((await refused.ended).code).toBe(1);
  expect(refused.story()).toContain('401 unauthenticated');
  expect(await demoKeys()).toHaveLength(before);
});

test('where nothing runs it says what to start', async () => {
  const alone = demo({ TIERLINE_HOME: temporaryFolder() });
  expect((await alone.ended).code).toBe(1);
  expect(alone.story()).toContain('does not run; start it first: npm start');
});
