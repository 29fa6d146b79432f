/** Units against a real database and a real HTTP server: each takes effect once, whatever dies in between. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Actuator, ActuatorDeps, Gate } from '../../activities/actuate.ts';
import type { Playbook } from '../../domain/playbook.ts';
import type { UnitOrder } from '../../domain/unit.ts';
import { createArtifactStore } from '../../prisma/artifacts.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { expectNowhere, foundIn } from '../support/canaries.ts';
import { createTestDatabase } from '../support/database.ts';
import type { DoomedActuatorOptions } from '../support/doomed-actuator.ts';
import { startFakeEdr, type FakeEdr } from '../support/fake-edr.ts';
import {
  actuatorOver,
  orderOf,
  playbookFor,
  putRun,
  sealingOver,
  STEADY,
  stepwise,
} from '../support/units.ts';

let databaseUrl = '';
let database: Database;
let edr: FakeEdr;
let playbook: Playbook;
let run = '';
let count = 0;

beforeAll(async () => {
  databaseUrl = await createTestDatabase();
  database = openDatabase(databaseUrl);
  edr = await startFakeEdr();
  playbook = playbookFor(edr);
});
afterEach(() => edr.setFaults({}));
afterAll(async () => {
  await edr.close();
  await database.$disconnect();
});

/** A run and a host that no other test has. */
async function anew(body: object = {}): Promise<string> {
  count += 1;
  run = `run_${count}`;
  await putRun(database, run, body);
  return `h-${count}`;
}

const actuator = (more: Partial<ActuatorDeps> = {}): Actuator =>
  actuatorOver(database, playbook, { token: edr.token, ...more });
const order = (host: string, more: Partial<UnitOrder> = {}): UnitOrder =>
  orderOf(playbook, { run, host, ...more });
const requestsFor = async (host: string) =>
  (await edr.journal()).requests.filter(({ path }) => path.includes(`/${host}/`));
const effectsOn = async (host: string) => (await edr.journal()).effects.filter(({ id }) => id === host);

/** Loses the worker: everything after this never happened. */
class Lost extends Error {}

/** The dependencies of a worker that is lost at one point, before or after one of its steps, and does nothing any more. */
function dyingAt(point: string): Partial<ActuatorDeps> {
  let isLost = false;
  return stepwise(database, (at) => {
    if (isLost) return new Promise(() => undefined);
    if (at !== point) return undefined;
    isLost = true;
    throw new Lost(point);
  });
}

/** Runs a worker process that kills itself; answers when it is dead. */
async function killed(options: DoomedActuatorOptions): Promise<void> {
  const program = fileURLToPath(new URL('../support/doomed-actuator.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

/** A worker that dies at the point; whatever it still does, nobody hears of. */
async function lose(point: string, one: UnitOrder): Promise<void> {
  const dead = actuator(dyingAt(point)).actuate(one, STEADY);
  await Promise.race([
    dead.catch((error: unknown) => error),
    new Promise((resolve) => setTimeout(resolve, 1_500)),
  ]);
}

const BEFORE_ANYTHING = [
  'before claim',
  'after claim',
  'after request',
  'before gate',
  'after gate',
  'before note',
];
const IN_DOUBT = [
  'after note',
  'before sending',
  'after sending',
  'before answer',
  'after answer',
  'before end',
];

describe('a worker that is lost', () => {
  test.each([...BEFORE_ANYTHING, ...IN_DOUBT, 'after end'])(
    '%s leaves a command that may be repeated to take effect once, under one key',
    async (point) => {
      const host = await anew();
      const one = order(host);
      await lose(point, one);
      const report = await actuator().actuate(one, STEADY);
      expect(report).toMatchObject({ unit: one.id, outcome: 'succeeded' });
      expect(await effectsOn(host)).toHaveLength(1);
      const keys = (await requestsFor(host)).map(({ key }) => key);
      expect(new Set(keys).size).toBe(1);
    },
  );

  test.each([...BEFORE_ANYTHING, 'after end'])(
    '%s leaves one that must not be repeated to be done once',
    async (point) => {
      const host = await anew();
      const one = order(host, { step: 'wipe' });
      await lose(point, one);
      expect(await actuator().actuate(one, STEADY)).toMatchObject({ outcome: 'succeeded', attempts: 1 });
      expect(await effectsOn(host)).toHaveLength(1);
    },
  );

  test.each(IN_DOUBT)('%s leaves one that must not be repeated unknown, and unsent', async (point) => {
    const host = await anew();
    const one = order(host, { step: 'wipe' });
    await lose(point, one);
    const sent = (await requestsFor(host)).length;
    const report = await actuator().actuate(one, STEADY);
    expect(report).toMatchObject({
      outcome: 'unknown',
      attempts: 1,
      reason: expect.stringContaining('lost'),
    });
    expect(await requestsFor(host)).toHaveLength(sent);
    expect(sent).toBeLessThan(2);
  });
});

test.each(['after claim', 'after note', 'after sending', 'after answer'])(
  'a worker that is killed %s leaves the command to take effect once',
  async (point) => {
    for (const step of ['isolate', 'wipe']) {
      const host = await anew();
      const one = order(host, { step });
      await killed({ databaseUrl, playbook, token: edr.token, order: one, point });
      const report = await actuator().actuate(one, STEADY);
      const isInDoubt = step === 'wipe' && point !== 'after claim';
      expect(report).toMatchObject({ outcome: isInDoubt ? 'unknown' : 'succeeded' });
      const isDone = !isInDoubt || point !== 'after note';
      expect(await effectsOn(host)).toHaveLength(isDone ? 1 : 0);
    }
  },
);

describe('a unit that has ended', () => {
  test('tells the same again, and sends nothing', async () => {
    const host = await anew();
    const one = order(host);
    const report = await actuator().actuate(one, STEADY);
    const never: Gate = () => Promise.reject(new Error('It was asked for again'));
    expect(await actuator({ gate: never }).actuate(one, STEADY)).toEqual(report);
    expect(await requestsFor(host)).toHaveLength(1);
  });

  test('cannot be changed in the database', async () => {
    const one = order(await anew());
    await actuator().actuate(one, STEADY);
    const change = database.$executeRaw`UPDATE units SET outcome = 'failed' WHERE id = ${one.id}`;
    await expect(change).rejects.toThrow(/has ended/);
  });

  test('keeps its id: another order under it is refused', async () => {
    const host = await anew();
    const one = order(host);
    await actuator().actuate(one, STEADY);
    const other = actuator().actuate({ ...one, step: 'release' }, STEADY);
    await expect(other).rejects.toThrow('is the id of another unit');
    expect(await effectsOn(host)).toHaveLength(1);
  });

  test('keeps what was sent and answered, by their hashes', async () => {
    const host = await anew();
    const report = await actuator().actuate(order(host), STEADY);
    const artifacts = createArtifactStore(database);
    const request = await artifacts.get(report.requestHash!);
    const answer = await artifacts.get(report.answerHash!);
    expect(JSON.parse(Buffer.from(request!.content).toString())).toMatchObject({
      command: { type: 'http-api', command: `PUT /v1/hosts/${host}/isolated HTTP/1.1` },
      target: { name: 'edr' },
      authentication: 'oauth2',
    });
    expect(JSON.parse(Buffer.from(answer!.content).toString())).toMatchObject({ id: host, on: true });
  });
});

test('two workers with one unit send it once, and both tell the same', async () => {
  const host = await anew();
  const one = order(host, { step: 'wipe' });
  await edr.setFaults({ rules: [{ path: host, fault: { late: 300 } }] });
  const reports = await Promise.all(Array.from({ length: 6 }, () => actuator().actuate(one, STEADY)));
  expect(new Set(reports.map((report) => JSON.stringify(report))).size).toBe(1);
  expect(reports[0]).toMatchObject({ outcome: 'succeeded', attempts: 1 });
  expect(await requestsFor(host)).toHaveLength(1);
});

test('a worker that is slow but alive keeps its unit beyond the lease', async () => {
  const host = await anew();
  const one = order(host, { step: 'wipe' });
  await edr.setFaults({ rules: [{ path: host, fault: { late: 1_500 } }] });
  const first = actuator().actuate(one, STEADY);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const second = actuator().actuate(one, STEADY);
  expect(await second).toEqual(await first);
  expect(await requestsFor(host)).toHaveLength(1);
});

describe('an answer that is in doubt', () => {
  test('is cleared by sending again what may be repeated', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: 'doneThenCut', times: 1 }] });
    expect(await actuator().actuate(order(host), STEADY)).toMatchObject({
      outcome: 'succeeded',
      attempts: 2,
    });
    expect(await effectsOn(host)).toHaveLength(1);
  });

  test('stays unknown for what must not be repeated', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: 'doneThenCut', times: 1 }] });
    const report = await actuator().actuate(order(host, { step: 'wipe' }), STEADY);
    expect(report).toMatchObject({ outcome: 'unknown', attempts: 1 });
    expect(await requestsFor(host)).toHaveLength(1);
  });

  test('is cleared for what the playbook says may be repeated', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: 'doneThenCut', times: 1 }] });
    const report = await actuator().actuate(order(host, { step: 'wipe', repeatable: true }), STEADY);
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 2 });
    // The other side honours the key.
    expect(await effectsOn(host)).toHaveLength(1);
  });

  test('is unknown after three attempts', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: 'cutBeforeDone' }] });
    expect(await actuator().actuate(order(host), STEADY)).toMatchObject({ outcome: 'unknown', attempts: 3 });
    expect(await requestsFor(host)).toHaveLength(3);
  });

  test('is not cleared by a later refusal', async () => {
    const host = await anew();
    const rules = [
      { path: host, fault: 'doneThenCut' as const, times: 1 },
      { path: host, fault: { refused: 409 } },
    ];
    await edr.setFaults({ rules });
    const report = await actuator().actuate(order(host), STEADY);
    expect(report).toMatchObject({ outcome: 'unknown', attempts: 2, reason: expect.stringContaining('409') });
  });

  test('of a look is a failure: nothing was changed', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: 'cutBeforeDone' }] });
    const look = order(host, { step: 'look', purpose: 'verify', isChange: false });
    expect(await actuator().actuate(look, STEADY)).toMatchObject({ outcome: 'failed' });
  });

  test('is unknown when the time is over', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: { late: 3_000 } }] });
    const report = await actuator().actuate(order(host, { step: 'wipe', timeoutMs: 300 }), STEADY);
    expect(report).toMatchObject({ outcome: 'unknown' });
  });
});

test('a refusal is a failure, and is not sent again', async () => {
  const host = await anew();
  await edr.setFaults({ rules: [{ path: host, fault: { refused: 403 } }] });
  const report = await actuator().actuate(order(host), STEADY);
  expect(report).toMatchObject({ outcome: 'failed', attempts: 1, reason: 'It answered 403' });
});

describe('the gate', () => {
  test('refuses a change before anything is sent', async () => {
    const host = await anew();
    const gate: Gate = () => Promise.resolve({ allowed: false, reason: 'The approval has lapsed' });
    const report = await actuator({ gate }).actuate(order(host), STEADY);
    expect(report).toMatchObject({ outcome: 'blocked', reason: 'The approval has lapsed', attempts: 0 });
    expect(await requestsFor(host)).toEqual([]);
  });

  test('is asked for what changes something by its verb, whatever the playbook says', async () => {
    const host = await anew();
    const gate: Gate = () => Promise.resolve({ allowed: false, reason: 'no' });
    const report = await actuator({ gate }).actuate(order(host, { isChange: false }), STEADY);
    expect(report).toMatchObject({ outcome: 'blocked' });
  });

  test('is not asked for a look', async () => {
    const host = await anew();
    const gate: Gate = () => Promise.reject(new Error('asked'));
    const look = order(host, { step: 'look', purpose: 'snapshot', isChange: false });
    expect(await actuator({ gate }).actuate(look, STEADY)).toMatchObject({ outcome: 'succeeded' });
  });

  test('is asked again before each attempt, and what was in doubt stays so', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: 'cutBeforeDone' }] });
    let asked = 0;
    const gate: Gate = () =>
      Promise.resolve(++asked === 1 ? { allowed: true } : { allowed: false, reason: 'revoked' });
    const report = await actuator({ gate }).actuate(order(host), STEADY);
    expect(report).toMatchObject({
      outcome: 'unknown',
      attempts: 1,
      reason: expect.stringContaining('not sent again: revoked'),
    });
  });

  test('sees the command as it is about to leave, and what it acts on', async () => {
    const host = await anew();
    const seen: unknown[] = [];
    const gate: Gate = ({ command, target }) => {
      seen.push(command.command, target.address);
      return Promise.resolve({ allowed: true });
    };
    await actuator({ gate }).actuate(order(host), STEADY);
    expect(seen).toEqual([`PUT /v1/hosts/${host}/isolated HTTP/1.1`, { dname: [host] }]);
  });
});

describe('the stop switch', () => {
  test('keeps everything from being sent', async () => {
    const host = await anew({ halt: 'stop' });
    expect(await actuator().actuate(order(host), STEADY)).toMatchObject({
      outcome: 'blocked',
      reason: 'The run was stopped',
    });
    expect(await requestsFor(host)).toEqual([]);
  });

  test('thrown after the gate and before the first byte still keeps it', async () => {
    const host = await anew();
    const gate: Gate = async () => {
      await putRun(database, run, { halt: 'stop' });
      return { allowed: true };
    };
    expect(await actuator({ gate }).actuate(order(host), STEADY)).toMatchObject({ outcome: 'blocked' });
    expect(await requestsFor(host)).toEqual([]);
  });

  test('waits for what is under way', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: { late: 800 } }] });
    const under = actuator().actuate(order(host, { step: 'wipe' }), STEADY);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await putRun(database, run, { halt: 'stop' });
    expect(await under).toMatchObject({ outcome: 'succeeded' });
  });

  test('set to abort cuts what is under way, which is then unknown', async () => {
    const host = await anew();
    await edr.setFaults({ rules: [{ path: host, fault: { late: 4_000 } }] });
    const under = actuator().actuate(order(host, { step: 'wipe' }), STEADY);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await putRun(database, run, { halt: 'abort' });
    expect(await under).toMatchObject({ outcome: 'unknown' });
  });

  test('reaches a unit that its workflow cancels', async () => {
    const host = await anew();
    const report = await actuator().actuate(order(host), { ...STEADY, isCancelled: () => true });
    expect(report).toMatchObject({ outcome: 'blocked' });
    expect(await requestsFor(host)).toEqual([]);
  });

  test('is as good as set where there is no such run', async () => {
    const host = await anew();
    run = 'run_absent';
    expect(await actuator().actuate(order(host), STEADY)).toMatchObject({
      outcome: 'blocked',
      reason: 'There is no run run_absent',
    });
    expect(await requestsFor(host)).toEqual([]);
  });
});

test('a unit that nobody can make ready fails, naming what is missing', async () => {
  const host = await anew();
  const missing = { __password__: { type: 'string', vault: 'no/such' } } as const;
  const one = orderOf(playbook, { run, host, step: 'tell', variables: missing });
  expect(await actuator().actuate(one, STEADY)).toMatchObject({
    outcome: 'failed',
    reason: 'The vault has no entry no/such',
  });
  const nothing = await actuator().actuate(order(host, { step: 'nothing' }), STEADY);
  expect(nothing).toMatchObject({ outcome: 'failed', reason: 'The playbook has no action nothing' });
  const elsewhere = await actuator({ connectors: {} }).actuate(order(host), STEADY);
  expect(elsewhere).toMatchObject({ outcome: 'failed', reason: 'Nothing here carries out http-api' });
});

describe('what a command answers', () => {
  test('is read into the variables of its step', async () => {
    const host = await anew();
    const look = order(host, { step: 'look', purpose: 'snapshot', isChange: false });
    const report = await actuator().actuate(look, STEADY);
    expect(report.variables).toEqual({ __on__: { value: 'false' } });
  });

  test('and is not of its type, leaves a change done and a look failed', async () => {
    const host = await anew();
    const done = await actuator().actuate(order(host, { step: 'wipeTwice' }), STEADY);
    expect(done).toMatchObject({ outcome: 'succeeded', reason: expect.stringContaining('__on__') });
    expect(done.variables).toBeUndefined();
    await edr.setFaults({ rules: [{ path: host, fault: 'garbled' }] });
    const look = order(host, { step: 'look', purpose: 'verify', isChange: false });
    expect(await actuator().actuate(look, STEADY)).toMatchObject({ outcome: 'failed' });
  });

  test('is sealed where nobody may see it', async () => {
    const host = await anew();
    const one = orderOf(playbook, {
      run,
      host,
      step: 'token',
      variables: { __reply_token__: { type: 'string' } },
    });
    const report = await actuator().actuate(one, STEADY);
    const result = report.variables!['__reply_token__']!;
    expect(result).toEqual({ sealed: expect.stringMatching(/^sealed_/) });
    const { sealed } = result as { sealed: string };
    expect(await sealingOver(database).open(sealed, { ticket: 'tkt_1' })).toBe('token');
  });
});

describe('secrets', () => {
  const CANARY = 'canary/Zq+7"secret"é-19';

  test('that are given, echoed or answered are in no row, log line, report or error', async () => {
    const host = await anew();
    const lines: string[] = [];
    const log = pino(
      { level: 'trace' },
      new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) }),
    );
    const sealed = await sealingOver(database).seal(CANARY, { ticket: 'tkt_1' });
    const variables = { __password__: { type: 'string', sealed } } as const;
    await edr.setFaults({ rules: [{ path: host, fault: 'echo' }] });
    const told = orderOf(playbook, { run, host, step: 'tell', variables });
    const report = await actuator({ log }).actuate(told, STEADY);
    expect(report).toMatchObject({ outcome: 'succeeded' });
    const gate: Gate = ({ command }) => Promise.reject(new Error(Buffer.from(command.content!).toString()));
    const broken = orderOf(playbook, { run, host, step: 'tell', variables });
    const error = await actuator({ log, gate })
      .actuate(broken, STEADY)
      .catch((caught: Error) => caught);
    const canaries = [CANARY, edr.token];
    expect(
      foundIn([...lines, JSON.stringify(report), String((error as Error).stack)].join('\n'), canaries),
    ).toEqual([]);
    expect(lines.length).toBeGreaterThan(0);
    expect((error as Error).message).toContain('password');
    await expectNowhere(database, canaries);
  });

  test('that are sealed open for their ticket alone, and not once they were changed', async () => {
    const sealing = sealingOver(database);
    const id = await sealing.seal(CANARY, { ticket: 'tkt_1' });
    expect(await sealing.open(id, { ticket: 'tkt_1' })).toBe(CANARY);
    await expect(sealing.open(id, { ticket: 'tkt_2' })).rejects.toThrow('cannot be opened');
    await database.$executeRaw`
      UPDATE sealed_values SET ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1) WHERE id = ${id}`;
    await expect(sealing.open(id, { ticket: 'tkt_1' })).rejects.toThrow('was changed');
  });

  test('are found by the search that says they are nowhere', async () => {
    await database.$executeRaw`
      INSERT INTO artifacts (hash, size_bytes, content) VALUES ('planted', 1, ${Buffer.from(`x${CANARY}x`)})`;
    await expect(expectNowhere(database, [CANARY])).rejects.toThrow('artifacts');
    await database.$executeRaw`DELETE FROM artifacts WHERE hash = 'planted'`;
  });
});
