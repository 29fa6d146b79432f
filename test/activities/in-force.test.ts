/** What is in force: several runs bring about one effect on one target, and only the last that lets go takes it back. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Actuator, ActuatorDeps } from '../../activities/actuate.ts';
import type { Playbook } from '../../domain/playbook.ts';
import type { UnitOrder, UnitReport } from '../../domain/unit.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createInForceStore, type Hold, type InForceStore } from '../../prisma/in-force.ts';
import { createUnitStore } from '../../prisma/units.ts';
import { createTestDatabase } from '../support/database.ts';
import { startFakeEdr, type FakeEdr } from '../support/fake-edr.ts';
import { actuatorOver, orderOf, playbookFor, putRun, STEADY } from '../support/units.ts';

let database: Database;
let register: InForceStore;
let edr: FakeEdr;
let playbook: Playbook;
let host = '';
let count = 0;

beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
  register = createInForceStore(database);
  edr = await startFakeEdr();
  playbook = playbookFor(edr);
  // Connections for all of them, so that those who ask at once are heard at once.
  await Promise.all(Array.from({ length: 10 }, () => database.$queryRaw`SELECT 1 FROM pg_sleep(0.1)`));
});
afterEach(() => edr.setFaults({}));
afterAll(async () => {
  await edr.close();
  await database.$disconnect();
});

/** A host that no other test has, and runs for it. */
async function anew(runs: number): Promise<string[]> {
  count += 1;
  host = `h-${count}`;
  const names = Array.from({ length: runs }, (_, i) => `run_${count}_${i}`);
  for (const name of names) await putRun(database, name);
  return names;
}

const actuator = (more: Partial<ActuatorDeps> = {}): Actuator =>
  actuatorOver(database, playbook, { token: edr.token, ...more });
const effect = () => ({ name: 'hostIsolated', key: host });
const act = (run: string, more: Partial<UnitOrder> = {}): UnitOrder =>
  orderOf(playbook, { run, host, effect: effect(), ...more });
const undo = (run: string, more: Partial<UnitOrder> = {}): UnitOrder =>
  act(run, { step: 'release', purpose: 'undo', ...more });
const carryOut = (order: UnitOrder, more: Partial<ActuatorDeps> = {}): Promise<UnitReport> =>
  actuator(more).actuate(order, STEADY);
const outcomeOf = async (order: UnitOrder): Promise<string> => (await carryOut(order)).outcome;
const requests = async () =>
  (await edr.journal()).requests.filter(({ path }) => path.includes(`/${host}/`)).map(({ method }) => method);
const holds = async (): Promise<Pick<Hold, 'run' | 'state' | 'releasedBecause'>[]> => {
  const found = await register.list(
    { target: host, released: true, sight: null },
    { after: null, limit: 50 },
  );
  return found.map(({ run, state, releasedBecause }) => ({ run, state, releasedBecause })).toReversed();
};
const live = async () => (await holds()).filter(({ state }) => state !== 'released');

test('what one run did, another holds too; only the last takes it back', async () => {
  const [first, second] = (await anew(2)) as [string, string];
  expect(await outcomeOf(act(first))).toBe('succeeded');
  expect(await outcomeOf(act(second))).toBe('alreadyInForce');
  expect(await live()).toMatchObject([{ state: 'held' }, { state: 'held' }]);
  expect(await outcomeOf(undo(first))).toBe('stillHeld');
  expect(await edr.inForce()).toContain(`hosts/${host}/isolated`);
  expect(await outcomeOf(undo(second))).toBe('succeeded');
  expect(await edr.inForce()).not.toContain(`hosts/${host}/isolated`);
  expect(await requests()).toEqual(['PUT', 'DELETE']);
  expect(await holds()).toEqual([
    { run: first, state: 'released', releasedBecause: 'stillHeld' },
    { run: second, state: 'released', releasedBecause: 'undone' },
  ]);
});

test('what a run does not hold, it does not take back', async () => {
  const [first, second] = (await anew(2)) as [string, string];
  expect(await carryOut(undo(second))).toMatchObject({
    outcome: 'blocked',
    reason: expect.stringContaining('does not hold it'),
  });
  await carryOut(act(first));
  expect(await outcomeOf(undo(second))).toBe('stillHeld');
  expect(await requests()).toEqual(['PUT']);
});

test('another effect, and another target, are none of it', async () => {
  const [first, second] = (await anew(2)) as [string, string];
  await carryOut(act(first));
  const other = act(second, { effect: { name: 'hostWatched', key: host } });
  expect(await outcomeOf(other)).toBe('succeeded');
  const elsewhere = act(second, { effect: { name: 'hostIsolated', key: `${host}-b` } });
  expect(await outcomeOf(elsewhere)).toBe('succeeded');
});

describe('side by side', () => {
  test('many runs bring it about once, and all hold it', async () => {
    const runs = await anew(8);
    await edr.setFaults({ rules: [{ path: host, fault: { late: 100 } }] });
    const outcomes = await Promise.all(runs.map((run) => outcomeOf(act(run))));
    expect(outcomes.toSorted()).toEqual([...Array<string>(7).fill('alreadyInForce'), 'succeeded']);
    expect(await requests()).toEqual(['PUT']);
    expect(await live()).toHaveLength(8);
  });

  test('many runs let go, and it is taken back once, by the last', async () => {
    const runs = await anew(8);
    for (const run of runs) await carryOut(act(run));
    const outcomes = await Promise.all(runs.map((run) => outcomeOf(undo(run))));
    expect(outcomes.toSorted()).toEqual([...Array<string>(7).fill('stillHeld'), 'succeeded']);
    expect(await requests()).toEqual(['PUT', 'DELETE']);
    expect(await live()).toEqual([]);
  });

  test('some let go while others take hold: it is there as long as anybody holds it', async () => {
    const runs = await anew(12);
    const [old, young] = [runs.slice(0, 6), runs.slice(6)];
    for (const run of old) await carryOut(act(run));
    await Promise.all([...old.map((run) => carryOut(undo(run))), ...young.map((run) => carryOut(act(run)))]);
    expect((await live()).map(({ run }) => run).toSorted()).toEqual(young.toSorted());
    expect(await edr.inForce()).toContain(`hosts/${host}/isolated`);
    await Promise.all(young.map((run) => carryOut(undo(run))));
    expect(await edr.inForce()).not.toContain(`hosts/${host}/isolated`);
  });
});

describe('while another run is at it', () => {
  test('a second waits, and holds it when it is there', async () => {
    const [first, second] = (await anew(2)) as [string, string];
    await edr.setFaults({ rules: [{ path: host, fault: { late: 700 }, times: 1 }] });
    const slow = carryOut(act(first));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await outcomeOf(act(second))).toBe('alreadyInForce');
    expect((await slow).outcome).toBe('succeeded');
  });

  test('and fails, the second brings it about itself', async () => {
    const [first, second] = (await anew(2)) as [string, string];
    const faults = [{ late: 400 }, { refused: 403 }] as const;
    await edr.setFaults({ rules: [{ path: host, fault: faults[1], times: 1 }] });
    const gate = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return { allowed: true } as const;
    };
    const refused = carryOut(act(first), { gate });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await outcomeOf(act(second))).toBe('succeeded');
    expect((await refused).outcome).toBe('failed');
    expect(await live()).toMatchObject([{ run: second, state: 'held' }]);
  });

  test('and does not end, the second is told so and sends nothing', async () => {
    const [first, second] = (await anew(2)) as [string, string];
    await edr.setFaults({ rules: [{ path: host, fault: { late: 2_000 }, times: 1 }] });
    const slow = carryOut(act(first));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await carryOut(act(second, { timeoutMs: 300 }))).toMatchObject({
      outcome: 'blocked',
      reason: expect.stringContaining('Another run'),
    });
    await slow;
    expect(await requests()).toEqual(['PUT']);
  });

  test('and takes it back, the second brings it about again', async () => {
    const [first, second] = (await anew(2)) as [string, string];
    await carryOut(act(first));
    await edr.setFaults({ rules: [{ path: host, method: 'DELETE', fault: { late: 500 }, times: 1 }] });
    const leaving = carryOut(undo(first));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await outcomeOf(act(second))).toBe('succeeded');
    expect((await leaving).outcome).toBe('succeeded');
    expect(await edr.inForce()).toContain(`hosts/${host}/isolated`);
    expect(await requests()).toEqual(['PUT', 'DELETE', 'PUT']);
  });

  test('and is lost before it sent anything, it does not stand in the way', async () => {
    const [first, second] = (await anew(2)) as [string, string];
    const units = createUnitStore(database);
    const lost = act(first);
    await units.claim(
      { ...lost, isFirst: true, isLast: true, orderHash: 'x' },
      { worker: 'lost', leaseMs: 50 },
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await outcomeOf(act(second))).toBe('succeeded');
  });
});

describe('a failure', () => {
  test('of the act leaves nothing in force', async () => {
    const [first] = (await anew(1)) as [string];
    await edr.setFaults({ rules: [{ path: host, fault: { refused: 403 } }] });
    expect(await outcomeOf(act(first))).toBe('failed');
    expect(await holds()).toEqual([{ run: first, state: 'released', releasedBecause: 'neverThere' }]);
  });

  test('of the undo leaves it held, to be taken back another time', async () => {
    const [first] = (await anew(1)) as [string];
    await carryOut(act(first));
    await edr.setFaults({ rules: [{ path: host, fault: { refused: 403 }, times: 1 }] });
    expect(await outcomeOf(undo(first))).toBe('failed');
    expect(await live()).toMatchObject([{ state: 'held' }]);
    expect(await outcomeOf(undo(first))).toBe('succeeded');
  });

  test('in doubt leaves it uncertain: listed, and to be taken back', async () => {
    const [first] = (await anew(1)) as [string];
    await edr.setFaults({ rules: [{ path: host, fault: 'doneThenCut', times: 1 }] });
    expect(await outcomeOf(act(first, { repeatable: false }))).toBe('unknown');
    expect(await live()).toMatchObject([{ run: first, state: 'uncertain' }]);
    expect(await outcomeOf(undo(first))).toBe('succeeded');
    expect(await live()).toEqual([]);
  });

  test('in doubt lets another run make sure, where twice is as once, and else says so', async () => {
    const [first, second, third] = (await anew(3)) as [string, string, string];
    await edr.setFaults({ rules: [{ path: host, fault: 'doneThenCut', times: 1 }] });
    await carryOut(act(first, { repeatable: false }));
    const wary = await carryOut(act(second, { repeatable: false }));
    expect(wary).toMatchObject({ outcome: 'unknown', attempts: 0 });
    expect(await requests()).toEqual(['PUT']);
    expect(await outcomeOf(act(third))).toBe('succeeded');
    expect(await live()).toMatchObject([
      { run: first, state: 'uncertain' },
      { run: third, state: 'held' },
    ]);
  });
});

describe('a step of two commands', () => {
  const both = (run: string, commandIndex: number): UnitOrder => act(run, { step: 'both', commandIndex });
  const unboth = (run: string, commandIndex: number): UnitOrder =>
    undo(run, { step: 'unboth', commandIndex });

  test('is in force with the second, and taken back with the second', async () => {
    const [first] = (await anew(1)) as [string];
    await carryOut(both(first, 0));
    expect(await live()).toMatchObject([{ state: 'acquiring' }]);
    await carryOut(both(first, 1));
    expect(await live()).toMatchObject([{ state: 'held' }]);
    await carryOut(unboth(first, 0));
    expect(await live()).toMatchObject([{ state: 'releasing' }]);
    await carryOut(unboth(first, 1));
    expect(await holds()).toEqual([{ run: first, state: 'released', releasedBecause: 'undone' }]);
    expect(await requests()).toEqual(['PUT', 'PUT', 'DELETE', 'DELETE']);
  });

  test('is for a second run in force, and still held, as a whole', async () => {
    const [first, second] = (await anew(2)) as [string, string];
    for (const i of [0, 1]) await carryOut(both(first, i));
    for (const i of [0, 1]) expect(await outcomeOf(both(second, i))).toBe('alreadyInForce');
    for (const i of [0, 1]) expect(await outcomeOf(unboth(first, i))).toBe('stillHeld');
    for (const i of [0, 1]) expect(await outcomeOf(unboth(second, i))).toBe('succeeded');
    expect(await requests()).toEqual(['PUT', 'PUT', 'DELETE', 'DELETE']);
  });

  test('of which the second failed is uncertain', async () => {
    const [first] = (await anew(1)) as [string];
    await carryOut(both(first, 0));
    await edr.setFaults({ rules: [{ path: host, fault: { refused: 403 } }] });
    expect(await outcomeOf(both(first, 1))).toBe('failed');
    expect(await live()).toMatchObject([{ run: first, state: 'uncertain' }]);
  });
});

test('a run that brings about again what it holds is taken at its word', async () => {
  const [first] = (await anew(1)) as [string];
  expect(await outcomeOf(act(first))).toBe('succeeded');
  expect(await outcomeOf(act(first))).toBe('succeeded');
  expect(await live()).toMatchObject([{ run: first, state: 'held' }]);
  await edr.setFaults({ rules: [{ path: host, fault: { refused: 403 }, times: 1 }] });
  expect(await outcomeOf(act(first))).toBe('failed');
  expect(await live()).toMatchObject([{ run: first, state: 'held' }]);
});

test('the register keeps how things were before', async () => {
  const [first] = (await anew(1)) as [string];
  const before = await carryOut(
    orderOf(playbook, { run: first, host, step: 'look', purpose: 'snapshot', isChange: false }),
  );
  await carryOut(act(first));
  const [hold] = await register.list({ run: first, sight: null }, { after: null, limit: 5 });
  expect(hold!.snapshotHash).toBe(before.answerHash);
});

test('one run has one live hold of an effect, whatever is written', async () => {
  const [first] = (await anew(1)) as [string];
  await carryOut(act(first));
  const twice = database.$executeRaw`
    INSERT INTO in_force (effect, target_key, run, ticket_id, unit, state, since)
    VALUES ('hostIsolated', ${host}, ${first}, 'tkt_1', 'u', 'held', now())`;
  await expect(twice).rejects.toThrow(/in_force_live_key|23505/);
});
