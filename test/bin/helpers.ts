/** For the tests of bin/: temporary folders, and processes that own something and then die. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll } from '@jest/globals';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A new temporary folder, removed when the test file is done. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tierline-test-')));
  folders.push(folder);
  return folder;
}

/** URL of a file of the project, for the import in a script. */
export function moduleUrl(path: string): string {
  return pathToFileURL(join(projectRoot, path)).href;
}

/** Runs a script (ES module, TypeScript imports allowed) in a process of its own. */
export function runScript(script: string): ChildProcess {
  const tsx = import.meta.resolve('tsx');
  return spawn(process.execPath, [`--import=${tsx}`, '--input-type=module', '--eval', script], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** The first line a process writes to standard output that starts with `{`, parsed. */
export async function firstJsonLine<T>(child: ChildProcess): Promise<T> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line.startsWith('{')) return JSON.parse(line) as T;
  }
  throw new Error('the process wrote no line of JSON');
}

/** `kill -9`, and nothing of the process is left to wait for. */
export async function killNine(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
