/**
 * Keeps a handful of processes running: starts each, starts it again when it dies (more and more patiently), and
 * stops them in a given order. What a process is, and when it is ready, is the launcher's business.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf, signalProcess, stopProcess } from './processes.ts';

/** A process, or a server of several, that runs now. */
export interface Service {
  pid: number;
  /** Settles when it is gone, with how: "exit code 1", "SIGKILL". */
  exited: Promise<string>;
  /** Ends it gently, then firmly. Safe to call twice. */
  stop(): Promise<void>;
  /** Absent: it is ready as soon as it is launched. Rejects when it will not be. */
  ready?: Promise<void>;
}

export interface Supervisor {
  /** Launches a service and waits until it is ready; from then on it is started again whenever it dies. */
  start<S extends Service>(name: string, launch: () => Promise<S>): Promise<S>;
  /** Stops a service and starts it again at once. */
  restart(name: string): Promise<void>;
  /** Stops the services named, one after the other; nothing is started again from here on. */
  stop(names: string[]): Promise<void>;
  /** Ends everything at once; a pending `stop` then finishes quickly. */
  force(): void;
  /** Pid of each service that runs. */
  pids(): Record<string, number>;
}

export interface SupervisorOptions {
  log: (message: string) => void;
  /** Called after any service was started or started again. */
  onChange: () => void;
}

interface Part {
  name: string;
  launch: () => Promise<Service>;
  service: Service | null;
  /** The launch under way: a stop must wait for it, or what it launches would be left behind. */
  launching: Promise<Service> | null;
  /** Set by `restart`: the next start is wanted, not a repair. */
  isWanted: boolean;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
const STEADY_AFTER_MS = 30_000;

export function createSupervisor({ log, onChange }: SupervisorOptions): Supervisor {
  const parts = new Map<string, Part>();
  let isStopping = false;

  async function launch(part: Part): Promise<Service> {
    if (isStopping) throw new Error('Tierline is stopping');
    part.launching = part.launch();
    part.service = await part.launching;
    onChange();
    return part.service;
  }

  async function keepRunning(part: Part, first: Service): Promise<void> {
    let service: Service | null = first;
    let startedAt = Date.now();
    let delayMs = FIRST_DELAY_MS;
    while (service !== null) {
      const how = await service.exited;
      if (isStopping) return;
      if (Date.now() - startedAt > STEADY_AFTER_MS) delayMs = FIRST_DELAY_MS;
      if (!part.isWanted) {
        log(`${part.name} (pid ${service.pid}) ended with ${how}; starting it again in ${delayMs / 1000} s`);
        await sleep(delayMs);
        delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      }
      part.isWanted = false;
      service = await launchUntilItRuns(part);
      startedAt = Date.now();
    }
  }

  /** The service launched again, however often it takes; null when everything is being stopped. */
  async function launchUntilItRuns(part: Part): Promise<Service | null> {
    for (let delayMs = FIRST_DELAY_MS; !isStopping; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
      try {
        const service = await launch(part);
        Promise.resolve(service.ready).then(
          () => log(`${part.name} runs again (pid ${service.pid})`),
          (error: Error) =>
            isStopping || log(`${part.name} (pid ${service.pid}) is not ready: ${error.message}`),
        );
        return service;
      } catch (error) {
        if (isStopping) return null;
        log(
          `${part.name} could not be started; trying again in ${delayMs / 1000} s: ${(error as Error).message}`,
        );
        await sleep(delayMs);
      }
    }
    return null;
  }

  return {
    async start<S extends Service>(name: string, launcher: () => Promise<S>): Promise<S> {
      const part: Part = { name, launch: launcher, service: null, launching: null, isWanted: false };
      parts.set(name, part);
      const service = (await launch(part)) as S;
      await service.ready;
      void keepRunning(part, service);
      return service;
    },

    async restart(name) {
      const part = parts.get(name);
      if (!part?.service || isStopping) return;
      part.isWanted = true;
      await part.service.stop();
    },

    async stop(names) {
      isStopping = true;
      for (const name of names) {
        const service = await parts.get(name)?.launching?.catch(() => null);
        if (service) await service.stop();
      }
    },

    force() {
      for (const { name, service } of parts.values()) {
        // SIGQUIT is PostgreSQL's immediate shutdown; SIGKILL would leave its sessions to find out by themselves.
        if (service) signalProcess(service.pid, name === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
      }
    },

    pids() {
      const running = [...parts.values()].filter(({ service }) => service !== null);
      return Object.fromEntries(running.map(({ name, service }) => [name, service!.pid]));
    },
  };
}

// ------------------------------------------------------------------------------------------- processes of our own

export interface NodeServiceOptions {
  /** Arguments of `node`, the script first. */
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Told each line the process writes, to standard output or standard error. */
  onLine: (line: string) => void;
  /** Sent to it as a message once known; until then it is on standby, and patience has not begun. */
  message?: Promise<Record<string, string>>;
  /** It is ready when it has written a line that contains this text, or when this URL answers 200. */
  readyWhen: { line: string } | { url: string };
  /** Patience at each stage: to become ready, and to end after SIGTERM. */
  readyWithinMs?: number;
  endsWithinMs?: number;
}

/**
 * Launches a Node process of our own. It gets an IPC channel, whose closing tells it that we died: it must then end by
 * itself. `ready` rejects when it ends first, or takes too long (it is then left running).
 */
export function launchNode(options: NodeServiceOptions): Service {
  const { args, env, message, onLine, readyWhen, readyWithinMs = 120_000, endsWithinMs = 20_000 } = options;
  const child = spawn(process.execPath, args, {
    env,
    detached: true, // out of our process group, so that Ctrl-C reaches us alone and we stop it in order
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = exitOf(child);
  const stop = async () => {
    const steps = [
      { signal: 'SIGTERM' as const, waitMs: endsWithinMs },
      { signal: 'SIGKILL' as const, waitMs: 5_000 },
    ];
    if (child.pid !== undefined) await stopProcess(child.pid, { steps });
    await exited;
  };

  let sawReadyLine = () => {};
  const readyLine = new Promise<void>((resolve) => (sawReadyLine = resolve));
  for (const output of [child.stdout!, child.stderr!]) {
    createInterface({ input: output }).on('line', (line) => {
      if ('line' in readyWhen && line.includes(readyWhen.line)) sawReadyLine();
      onLine(line);
    });
  }
  const told = Promise.resolve(message).then((content) => content && child.connected && child.send(content));
  const over = new AbortController();
  const ready = Promise.race([
    'url' in readyWhen ? told.then(() => untilAnswers(readyWhen.url, over.signal)) : readyLine,
    exited.then((how) => Promise.reject(new Error(`it ended with ${how} before it was ready`))),
    told.then(() => tooLong(readyWithinMs, over.signal)),
  ]).finally(() => over.abort());
  ready.catch(() => {}); // whoever needs it awaits it; the exit is reported in any case
  return { pid: child.pid ?? -1, exited, stop, ready };
}

async function untilAnswers(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await sleep(50);
  }
}

async function tooLong(ms: number, signal: AbortSignal): Promise<never> {
  await sleep(ms, undefined, { signal });
  throw new Error(`it is not ready after ${ms / 1000} s`);
}
