import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { startTemporal, temporalServersOf } from '../../bin/embedded-temporal.ts';
import { obtainTemporal } from '../../bin/obtain-temporal.ts';
import { identify } from '../../bin/processes.ts';
import { firstJsonLine, killNine, moduleUrl, runScript, temporaryFolder } from './helpers.ts';

const program = await obtainTemporal();

const inOwnProcess = (home: string) =>
  runScript(`
    import { startTemporal } from ${JSON.stringify(moduleUrl('bin/embedded-temporal.ts'))};
    const { pid } = await startTemporal(${JSON.stringify({ home, program, port: 0 })});
    console.log(JSON.stringify({ pid }));
    setInterval(() => {}, 1000);`);

test('a server left behind by a killed owner is stopped before another opens its file', async () => {
  const home = temporaryFolder();
  const owner = inOwnProcess(home);
  const orphan = await firstJsonLine<{ pid: number }>(owner);
  expect(temporalServersOf(home)).toEqual([orphan.pid]);
  await expect(startTemporal({ home, program })).rejects.toThrow(`started by process ${owner.pid}`);
  await killNine(owner);
  expect(identify(orphan.pid)).not.toBeNull();

  const next = await startTemporal({ home, program, namespace: 'desk' });
  expect(temporalServersOf(home)).toEqual([next.pid]);
  expect((await fetch(next.uiUrl)).status).toBe(200);
  await next.stop();
  await next.stop();
  expect(temporalServersOf(home)).toEqual([]);
});

test('servers that start at once from the same port are each a server of its own', async () => {
  const homes = Array.from({ length: 4 }, () => temporaryFolder());
  // A range of its own, clear of the servers of other tests.
  const port = 21_000 + (process.pid % 5_000);
  // One binds its port a while after it was found free, and ends a while after it found it taken.
  const servers = await Promise.all(
    homes.map(async (home, i) => {
      await sleep(i * 150);
      return startTemporal({ home, program, port });
    }),
  );
  try {
    expect(new Set(servers.map(({ address }) => address)).size).toBe(homes.length);
    expect(homes.map((home) => temporalServersOf(home))).toEqual(servers.map(({ pid }) => [pid]));
  } finally {
    for (const server of servers) await server.stop();
  }
});
