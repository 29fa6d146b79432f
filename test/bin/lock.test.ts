import { expect, test } from '@jest/globals';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockHolder, tryLock } from '../../bin/lock.mjs';
import { runScript, firstJsonLine, moduleUrl, temporaryFolder } from './helpers.ts';

const alive =
  (...tokens: string[]) =>
  (token: string) =>
    tokens.includes(token);

test('a free lock is taken, held against others, and free again after release', () => {
  const folder = join(temporaryFolder(), 'lock');
  const first = tryLock(folder, { token: 'a', isAlive: alive('a') });
  expect(first.acquired).toBe(true);
  expect(lockHolder(folder)).toBe('a');
  expect(tryLock(folder, { token: 'b', isAlive: alive('a', 'b') })).toEqual({ acquired: false, heldBy: 'a' });
  if (first.acquired) first.release();
  expect(existsSync(folder)).toBe(false);
  expect(tryLock(folder, { token: 'b', isAlive: alive('b') }).acquired).toBe(true);
});

test('the lock of a dead holder is taken over', () => {
  const folder = join(temporaryFolder(), 'lock');
  tryLock(folder, { token: 'dead', isAlive: alive('dead') });
  expect(tryLock(folder, { token: 'b', isAlive: alive('b') }).acquired).toBe(true);
  expect(lockHolder(folder)).toBe('b');
});

test('a lock folder without a holder is respected while new and cleared when old', () => {
  const folder = join(temporaryFolder(), 'lock');
  mkdirSync(folder);
  expect(tryLock(folder, { token: 'b', isAlive: alive('b') })).toEqual({ acquired: false, heldBy: null });
  const aMinuteAgo = Date.now() / 1000 - 60;
  utimesSync(folder, aMinuteAgo, aMinuteAgo);
  expect(tryLock(folder, { token: 'b', isAlive: alive('b') }).acquired).toBe(true);
});

test('of several processes that find the same stale lock, exactly one gets it', async () => {
  const folder = join(temporaryFolder(), 'lock');
  const contend = (token: string) => `
    import { tryLock } from ${JSON.stringify(moduleUrl('bin/lock.mjs'))};
    const isAlive = (token) => token !== 'dead';
    let attempt;
    while (Date.now() < ${Date.now() + 1_500});
    do attempt = tryLock(${JSON.stringify(folder)}, { token: '${token}', isAlive });
    while (!attempt.acquired && attempt.heldBy === null);
    console.log(JSON.stringify({ acquired: attempt.acquired }));`;
  mkdirSync(folder);
  writeFileSync(join(folder, 'dead'), '');
  const contenders = ['a', 'b', 'c', 'd'].map((token) => runScript(contend(token)));
  const results = await Promise.all(contenders.map((child) => firstJsonLine<{ acquired: boolean }>(child)));
  expect(results.filter(({ acquired }) => acquired)).toHaveLength(1);
});
