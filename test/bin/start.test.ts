/** The whole tree, started as a user starts it, then ill-treated. */
import { afterEach, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastRun } from '../../bin/home.ts';
import { freePortFrom } from '../../bin/ports.ts';
import { findProcesses, identify } from '../../bin/processes.ts';
import { killNine, temporaryFolder } from './helpers.ts';
import { ready, start, stopStarts } from './tree.ts';

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const giveUpAt = Date.now() + 60_000; !(await holds()); await sleep(50)) {
    if (Date.now() > giveUpAt) throw new Error(`${what}: not within 60 s`);
  }
}

async function answers(url: string): Promise<number | null> {
  return fetch(url).then(
    (answer) => answer.status,
    () => null,
  );
}

/** Pids of the tree's servers that work on this home. */
function serversOf(home: string): number[] {
  return findProcesses((command) => command.includes(`${home}/`));
}

afterEach(stopStarts);

test('one start is ready, refuses a second, mends a killed worker, and leaves nothing behind', async () => {
  const home = temporaryFolder();
  const port = await freePortFrom(0);
  const first = start(home, port);
  const report = await ready(first);
  expect(report.api).toBe(`http://127.0.0.1:${port}`);
  expect(report.apiKey).toEqual(expect.any(String));
  expect(await answers(`${report.api}/livez`)).toBe(200);
  expect(await answers(`${report.api}/readyz`)).toBe(200);
  expect(await answers(report.temporalUi!)).toBe(200);
  const { supervisor, ...children } = report.pids;
  expect(supervisor).toBe(first.child.pid);
  for (const pid of Object.values(children)) expect(identify(pid!)).not.toBeNull();

  const second = start(home, port);
  expect(await second.ended).toBe(1);
  expect(second.log()).toContain(`process ${supervisor}, ${report.api}`);
  expect(await answers(`${report.api}/readyz`)).toBe(200);

  process.kill(report.pids.worker!, 'SIGKILL');
  await until('a new worker', () => /worker runs again/.test(first.log()));
  const { worker, api } = lastRun(home)!.processes;
  expect(worker!.pid).not.toBe(report.pids.worker);
  expect(api!.pid).toBe(report.pids.api);

  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  for (const pid of [...Object.values(children), worker!.pid]) expect(identify(pid!)).toBeNull();
  expect(serversOf(home)).toEqual([]);
  expect(lastRun(home)).toBeNull();
}, 240_000);

test('after kill -9 a new start clears the old tree away and keeps the data; a taken port is passed over', async () => {
  const home = temporaryFolder();
  const port = await freePortFrom(0);
  const killed = start(home, port);
  const before = await ready(killed);
  await killNine(killed.child);
  expect(identify(before.pids.postgres!)).not.toBeNull();

  const squatter = createServer();
  await until('the old API to let go of its port', () => identify(before.pids.api!) === null);
  await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
  try {
    const next = start(home, port);
    const after = await ready(next);
    expect(after.apiKey).toBeNull();
    expect(after.database).toBe(before.database);
    expect(after.api).not.toBe(before.api);
    expect(next.log()).toContain(`port ${port} is taken`);
    const { supervisor: _, ...old } = before.pids;
    for (const pid of Object.values(old)) expect(identify(pid!)).toBeNull();

    next.child.kill('SIGINT');
    next.child.kill('SIGINT'); // npm and the terminal both tell it: one wish, not two
    expect(await next.ended).toBe(0);
    expect(next.log()).not.toContain('at once');
    expect(serversOf(home)).toEqual([]);
  } finally {
    squatter.close();
  }
}, 240_000);

test('told to stop while it is coming up, it leaves nothing behind', async () => {
  const home = temporaryFolder();
  const early = start(home, await freePortFrom(0));
  await until('PostgreSQL to be made', () => /PostgreSQL/.test(early.log()));
  early.child.kill('SIGTERM');
  expect(await early.ended).toBe(0);
  expect(serversOf(home)).toEqual([]);
});
