/** What the tests of runs lean on: the fake service does once what is asked once, and its journal says so. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnFakeEdr, startFakeEdr, type FakeEdr, type Fault } from '../support/fake-edr.ts';

describe.each([
  ['within this process', startFakeEdr],
  ['as a process of its own', spawnFakeEdr],
])('%s', (_where, start) => {
  let edr: FakeEdr;
  beforeAll(async () => {
    edr = await start();
  });
  beforeEach(() => edr.setFaults({}));
  afterAll(() => edr.close());

  const ask = (method: string, path: string, key?: string) =>
    fetch(`${edr.url}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${edr.token}`, ...(key !== undefined && { 'idempotency-key': key }) },
    });
  const effectsOn = async (id: string) =>
    (await edr.journal()).effects.filter((effect) => effect.id === id).map(({ what, on }) => [what, on]);

  test('a state set twice changed once; lifted, it changed back', async () => {
    await ask('PUT', 'hosts/a/isolated');
    await ask('PUT', 'hosts/a/isolated');
    expect(await edr.inForce()).toEqual(['hosts/a/isolated']);
    expect(await (await ask('GET', 'hosts/a/isolated')).json()).toMatchObject({ on: true });
    await ask('DELETE', 'hosts/a/isolated');
    expect(await effectsOn('a')).toEqual([
      ['isolated', true],
      ['isolated', false],
    ]);
    expect(await edr.inForce()).toEqual([]);
  });

  test('an action is done each time, but once for each key', async () => {
    for (const key of ['k-1', 'k-1', 'k-2', undefined, undefined]) await ask('POST', 'hosts/b/scan', key);
    expect(await effectsOn('b')).toHaveLength(4);
  });

  test('whoever has no token does nothing', async () => {
    const response = await fetch(`${edr.url}/v1/hosts/c/isolated`, { method: 'PUT' });
    expect(response.status).toBe(401);
    expect(await effectsOn('c')).toEqual([]);
  });

  test.each<[fault: Fault, status: number | null, effects: number]>([
    ['cutBeforeDone', null, 0],
    ['doneThenCut', null, 1],
    ['twice', 200, 2],
    ['unavailable', 503, 0],
    [{ refused: 409 }, 409, 0],
    ['garbled', 200, 1],
    [{ late: 20 }, 200, 1],
  ])('under %j', async (fault, status, effects) => {
    const id = `d-${JSON.stringify(fault).replaceAll(/\W/g, '')}`;
    await edr.setFaults({ rules: [{ fault, path: id, times: 1 }] });
    const answered = await ask('POST', `hosts/${id}/scan`).then(
      (response) => response.status,
      () => null,
    );
    expect(answered).toBe(status);
    expect(await effectsOn(id)).toHaveLength(effects);
    expect((await ask('POST', `hosts/${id}/scan`)).status).toBe(200);
  });
});

test('the same seed brings the same faults, as often as it says', async () => {
  const fates = async () => {
    const random = { seed: 17, share: 0.3, faults: ['doneThenCut', 'unavailable'] as Fault[] };
    const edr = await startFakeEdr({ faults: { random } });
    const headers = { authorization: `Bearer ${edr.token}` };
    for (let one = 0; one < 200; one++)
      await fetch(`${edr.url}/v1/hosts/h-${one}/isolated`, { method: 'PUT', headers }).catch(() => undefined);
    const { requests } = await edr.journal();
    await edr.close();
    return requests.map(({ fault }) => fault);
  };
  const first = await fates();
  expect(await fates()).toEqual(first);
  const share = first.filter((fault) => fault !== null).length / first.length;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.4);
});
