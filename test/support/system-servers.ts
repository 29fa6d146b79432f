/** Servers of the system's own packages, started by a test as children, with everything of theirs in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SystemServer {
  port: number;
  close(): Promise<void>;
}

/** Whether a program is there; else the reason for skipping its tests is printed. `.ci/run` installs its package. */
export function isThere(program: string, debianPackage: string): boolean {
  const is = existsSync(program);
  if (!is) process.stderr.write(`Skipped: ${program} is not there (apt-get install ${debianPackage})\n`);
  return is;
}

export const temporaryPlace = (name: string): string => mkdtempSync(join(tmpdir(), `tierline-${name}-`));

function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

async function untilAccepting(child: ChildProcess, port: number, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${child.spawnfile} ended at once: ${said()}`);
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Starts a server that stays in the foreground; answers when it accepts connections. `close` removes its folder. */
export async function startSystemServer({
  program,
  args,
  port,
  folder,
}: {
  program: string;
  args: readonly string[];
  port: number;
  folder: string;
}): Promise<SystemServer> {
  const child = spawn(program, [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const words: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => words.push(chunk.toString()));
  const gone = once(child, 'exit');
  await untilAccepting(child, port, () => words.join('').slice(-2_000));
  return {
    port,
    async close() {
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
