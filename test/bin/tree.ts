/** Whole trees, started as a user starts them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ReadyReport } from '../../bin/start.ts';
import { firstJsonLine, projectRoot } from './helpers.ts';

export interface Start {
  child: ChildProcess;
  /** What it has written to standard error so far. */
  log: () => string;
  ended: Promise<number | null>;
}

const starts: ChildProcess[] = [];

/** `tierline start --json` on a home and port of the test's own. */
export function start(home: string, port: number, env: NodeJS.ProcessEnv = {}): Start {
  const child = spawn(process.execPath, [join(projectRoot, 'bin', 'tierline.mjs'), 'start', '--json'], {
    env: {
      ...process.env,
      TIERLINE_HOME: home,
      TIERLINE_PORT: String(port),
      DATABASE_URL: '',
      TEMPORAL_ADDRESS: '',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  starts.push(child);
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  return { child, log: () => log, ended: once(child, 'close').then(([code]) => code as number | null) };
}

/** What it reports when everything is up; fails with its log otherwise. */
export async function ready(started: Start): Promise<ReadyReport> {
  try {
    return await firstJsonLine<ReadyReport>(started.child);
  } catch (error) {
    throw new Error(`it did not become ready:\n${started.log()}`, { cause: error });
  }
}

/** Stops every tree that the test started and left running. */
export async function stopStarts(): Promise<void> {
  for (const child of starts.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}
