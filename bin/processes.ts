/**
 * Which process is which. A pid alone proves nothing once its owner is gone, because the number is reused;
 * so every record Tierline keeps of a process holds the pid together with the moment that process was born.
 */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process told apart from any later one with the same pid. `born` is opaque: compare, do not parse. */
export interface ProcessIdentity {
  pid: number;
  born: string;
}

const onLinux = process.platform === 'linux';

/** The identity of a running process, or null when there is none (a zombie counts as gone). */
export function identify(pid: number): ProcessIdentity | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const born = onLinux ? birthFromProc(pid) : birthFromPs(pid);
  return born === null ? null : { pid, born };
}

/** Is the process recorded as `identity` still running? */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.born === identity.born;
}

/** The command line of a process, arguments joined by single spaces; empty when it cannot be read. */
export function commandLine(pid: number): string {
  try {
    if (onLinux) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return ps('-o', 'command=', '-p', String(pid)).trim();
  } catch {
    return '';
  }
}

/** Pids of running processes whose command line satisfies `matches`; never this process itself. */
export function findProcesses(matches: (command: string) => boolean): number[] {
  return allPids().filter(
    (pid) => pid !== process.pid && matches(commandLine(pid)) && identify(pid) !== null,
  );
}

/** Waits up to `timeoutMs` for a process to be gone; answers whether it is. */
async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  const born = identify(pid)?.born;
  while (born !== undefined && identify(pid)?.born === born) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

export interface StopSteps {
  /** Signals in the order they are tried, each with the patience it deserves. */
  steps: { signal: NodeJS.Signals; waitMs: number }[];
}

/** Asks a process to end, more firmly at each step; answers whether it is gone. A pid already gone is fine. */
export async function stopProcess(pid: number, { steps }: StopSteps): Promise<boolean> {
  const target = identify(pid);
  if (target === null) return true;
  for (const { signal, waitMs } of steps) {
    if (!isRunning(target)) return true;
    signalProcess(pid, signal);
    if (await waitForExit(pid, waitMs)) return true;
  }
  return !isRunning(target);
}

/** How a child of ours ended, once it has: "exit code 1", "SIGKILL", or why it could not be started. */
export function exitOf(child: ChildProcess): Promise<string> {
  const describe = (code: number | null, signal: string | null) => signal ?? `exit code ${code}`;
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve(describe(child.exitCode, child.signalCode));
  }
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(describe(code, signal)));
    child.once('error', (error) => resolve(error.message));
  });
}

/** Sends a signal; a process that has just gone is not an error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function birthFromProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program name stands in parentheses and may itself hold spaces and parentheses: read after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' || startTicks === undefined ? null : startTicks;
  } catch {
    return null;
  }
}

function birthFromPs(pid: number): string | null {
  try {
    const [state, ...started] = ps('-o', 'state=,lstart=', '-p', String(pid)).trim().split(/\s+/);
    return state === undefined || state.startsWith('Z') ? null : started.join(' ');
  } catch {
    return null;
  }
}

function allPids(): number[] {
  const names = onLinux ? readdirSync('/proc') : ps('-axo', 'pid=').split('\n');
  return names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}

function ps(...args: string[]): string {
  return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
