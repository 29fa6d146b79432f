/**
 * A local activity runs inside the task that accepts an update, so a crash can leave a row in the ledger for a
 * request that was never accepted (docs/rules.md §1). Nothing acknowledged afterwards may be lost for it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTemporal, type RunningTemporal } from '../../bin/embedded-temporal.ts';
import { createDesk, type Desk } from '../support/desk.ts';
import type { DoomedWorkerOptions } from '../support/doomed-worker.ts';
import { rig } from '../support/rig.ts';

let home: string;
let temporal: RunningTemporal;
let desk: Desk;
let doomedWorker: ChildProcess;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tierline-never-accepted-'));
  chmodSync(home, 0o711);
  temporal = await startTemporal({ home, port: 0 });
  desk = await createDesk({ worker: false, temporal: temporal.address });
});
afterAll(async () => {
  await desk.close();
  await temporal.stop();
  rmSync(home, { recursive: true, force: true });
});

async function startDoomedWorker(options: DoomedWorkerOptions): Promise<void> {
  const script = fileURLToPath(new URL('../support/doomed-worker.ts', import.meta.url));
  doomedWorker = fork(script, [JSON.stringify(options)], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  await new Promise((resolve, reject) => {
    doomedWorker.once('message', resolve);
    doomedWorker.once('exit', (code) => reject(new Error(`The doomed worker ended early (${code})`)));
  });
}

test('a row of a request that was never accepted costs no acknowledged request', async () => {
  const doomed = randomUUID();
  await startDoomedWorker({
    databaseUrl: desk.databaseUrl,
    temporal: temporal.address,
    temporalPid: temporal.pid,
    bundle: rig().bundle,
    taskQueue: desk.taskQueue,
    doomed,
  });
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  const died = new Promise((resolve) => doomedWorker.once('exit', resolve));
  await expect(desk.ask(ticketId, { type: 'acknowledge' }, doomed)).rejects.toThrow();
  await died;
  expect(await desk.types(ticketId)).toEqual(['opened', 'acknowledged']);

  temporal = await startTemporal({ home, port: temporal.port });
  await desk.startWorker();
  const next = await desk.ask(ticketId, { type: 'note' });
  const after = await desk.ask(ticketId, { type: 'assign', assignee: 'kim' });

  expect(await desk.types(ticketId)).toEqual(['opened', 'acknowledged', 'messageAdded', 'assigned']);
  expect([next, after]).toEqual([3, 4]);
  expect(await desk.ask(ticketId, { type: 'acknowledge' }, doomed)).toBe(2);
  await expect(desk.ask(ticketId, { type: 'acknowledge' })).rejects.toThrow(/already acknowledged/);
  expect(await desk.types(ticketId)).toHaveLength(4);
});
