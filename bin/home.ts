/**
 * Who runs on a home folder: the lock that keeps a second `tierline start` away, and the record of the running tree
 * that other commands read to find it and the next start reads to clear up after a `kill -9`.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config, ServiceConfig } from './config.ts';
import { readJson, writeJson } from './files.ts';
import { lockHolder, tryLock } from './lock.mjs';
import { identify, isRunning, type ProcessIdentity } from './processes.ts';

/** `<home>/run.json`; readable by its owner alone, for the database URL holds a password. */
export interface RunRecord {
  supervisor: ProcessIdentity;
  /** Base URL of the API; like the next ones null until it is known. */
  api: string | null;
  /** host:port of Temporal. */
  temporal: string | null;
  /** Stays null when Temporal is not ours. */
  temporalUi: string | null;
  database: string | null;
  /** Our processes by name: api, worker, and postgres and temporal where they are embedded. */
  processes: Record<string, ProcessIdentity>;
}

/**
 * Takes the home for this process until `release`. Throws, with pid and URL, when another live process has it; a lock
 * left by a dead one is taken over.
 */
export async function takeHome(home: string): Promise<{ release: () => void }> {
  const self = identify(process.pid) as ProcessIdentity; // we are running
  for (;;) {
    const attempt = tryLock(lockFolder(home), { token: tokenOf(self), isAlive });
    if (attempt.acquired) return attempt;
    if (attempt.heldBy !== null) {
      const api = lastRun(home)?.api;
      const pid = identityOf(attempt.heldBy).pid;
      throw new Error(`Tierline already runs on ${home}: process ${pid}, ${api ?? 'still starting'}`);
    }
    await sleep(50);
  }
}

/** The tree that runs on this home now, or null. */
export function runningInstance(home: string): RunRecord | null {
  const token = lockHolder(lockFolder(home));
  const record = lastRun(home);
  return token !== null && isAlive(token) && record !== null && isRunning(record.supervisor) ? record : null;
}

/** What the last start wrote down and did not take back by a clean stop; its processes may be long gone. */
export function lastRun(home: string): RunRecord | null {
  return readJson<RunRecord>(join(home, 'run.json'));
}

export function recordRun(home: string, record: RunRecord): void {
  writeJson(join(home, 'run.json'), record);
}

export function forgetRun(home: string): void {
  rmSync(join(home, 'run.json'), { force: true });
}

/**
 * The configuration with both servers filled in: from the environment, else from the tree that runs on this home.
 * Throws, naming the variable, when neither tells.
 */
export function withServices(config: Config): ServiceConfig {
  const instance = runningInstance(config.home);
  const databaseUrl = config.databaseUrl ?? instance?.database;
  const temporalAddress = config.temporalAddress ?? instance?.temporal;
  if (!databaseUrl || !temporalAddress) {
    const missing = !databaseUrl ? 'DATABASE_URL' : 'TEMPORAL_ADDRESS';
    throw new Error(`${missing} is not set, and no "tierline start" runs on ${config.home} to take it from`);
  }
  return { ...config, databaseUrl, temporalAddress };
}

function lockFolder(home: string): string {
  return join(home, 'start.lock');
}

function tokenOf({ pid, born }: ProcessIdentity): string {
  return `${pid}-${encodeURIComponent(born)}`;
}

function identityOf(token: string): ProcessIdentity {
  const [, pid, born] = /^(\d+)-(.*)$/.exec(token) ?? [];
  return { pid: Number(pid), born: decodeURIComponent(born ?? '') };
}

function isAlive(token: string): boolean {
  return isRunning(identityOf(token));
}
