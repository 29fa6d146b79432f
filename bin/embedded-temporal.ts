/**
 * The Temporal dev server that runs when no TEMPORAL_ADDRESS is given, with its database file under Tierline's home.
 * A second dev server opens the same file without complaint and both then corrupt it; so before starting, any server
 * already on our file is looked for by its command line and stopped (its owner dead) or respected (its owner alive).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutSecrets } from './config.ts';
import { ensureHome, readJson, sizeOf, tailOf, withLog, writeJson } from './files.ts';
import { obtainTemporal } from './obtain-temporal.ts';
import { freePortFrom } from './ports.ts';
import {
  exitOf,
  findProcesses,
  identify,
  isRunning,
  stopProcess,
  type ProcessIdentity,
} from './processes.ts';

export { obtainTemporal } from './obtain-temporal.ts';

const FIRST_PORT = 7233;
const UI_ABOVE_PORT = 1000; // where people look for it: 8233 beside 7233
const READY_WITHIN_MS = 60_000;
const LAUNCH_ATTEMPTS = 6;

export interface TemporalOptions {
  /** Tierline's home folder; created if absent. The database is `<home>/temporal.db`. */
  home: string;
  /** The `temporal` program; by default the one `obtainTemporal()` answers. */
  program?: string;
  /** Preferred port: the first free one from there is taken. 0: any. Default: the port of the last run, else 7233. */
  port?: number;
  /** Created besides `default`, and waited for. */
  namespace?: string;
  /** Dynamic configuration over the defaults below, values as JSON texts. */
  dynamicConfig?: Record<string, string>;
  /** Told what is being done, in words for a person. */
  onProgress?: (message: string) => void;
}

export interface RunningTemporal {
  /** host:port of the gRPC front end. */
  address: string;
  uiUrl: string;
  pid: number;
  port: number;
  /** Settles when the server is gone, with how: "exit code 0", "SIGKILL". */
  exited: Promise<string>;
  /** Ends the server; what it acknowledged is in its file. Safe to call twice. */
  stop(): Promise<void>;
}

/** What one run leaves in `<home>/temporal.json` for the next. */
interface TemporalRecord {
  port: number;
  uiPort: number;
  owner: ProcessIdentity | null;
}

/**
 * Starts a Temporal dev server on `<home>/temporal.db` and waits until it serves the namespace.
 *
 * Virtual time is allowed per workflow, and timers fire within 20 ms instead of the default second. Throws when a
 * live process owns a server on the same file, and when the server does not come up (with the last lines of its log,
 * `<home>/logs/temporal.log`).
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const progress = options.onProgress ?? (() => {});
  const place = placeIn(ensureHome(options.home));
  await stopOrphans(place, progress);
  const program = options.program ?? (await obtainTemporal({ onProgress: progress }));
  const remembered = readJson<TemporalRecord>(place.record);
  return launch({ ...options, place, program, firstPort: options.port ?? remembered?.port ?? FIRST_PORT });
}

/**
 * Stops a dev server that a dead owner left running on `<home>/temporal.db`; nothing to do is fine. Throws when its
 * owner is alive. `startTemporal` does this by itself; it is for starts that no longer use the embedded server.
 */
export function stopOrphanedTemporal(
  home: string,
  onProgress: (message: string) => void = () => {},
): Promise<void> {
  return stopOrphans(placeIn(home), onProgress);
}

/** Pids of dev servers running on `<home>/temporal.db`, whoever started them. */
export function temporalServersOf(home: string): number[] {
  const { database } = placeIn(home);
  return findProcesses((command) => {
    const [program, rest] = command.split(` server start-dev --db-filename ${database} `);
    // A shell that was given the same words as a script is not a server: it has an option before them.
    return rest !== undefined && !program!.includes(' -');
  });
}

interface Place {
  home: string;
  database: string;
  record: string;
  log: string;
}

function placeIn(home: string): Place {
  return {
    home,
    database: join(home, 'temporal.db'),
    record: join(home, 'temporal.json'),
    log: join(home, 'logs', 'temporal.log'),
  };
}

// ------------------------------------------------------------------------------------------------------- launch

const DYNAMIC_CONFIG: Record<string, string> = {
  'frontend.WorkflowTimeSkippingEnabled': 'true',
  'frontend.WorkflowTimeSkippingMaxSkipPerSession': '10000', // skipping stops silently at the default, 200
  'history.timerProcessorMaxTimeShift': '"20ms"', // the default, 1 s, makes every timer up to a second late
};

interface Launching extends TemporalOptions {
  place: Place;
  program: string;
  firstPort: number;
}

/**
 * Of two servers that choose the same port at once one ends, a moment later: till then the port answers for the other.
 * This namespace is what tells ours.
 */
const ownNamespace = ({ database }: Place): string =>
  `tierline-${createHash('sha256').update(database).digest('hex').slice(0, 12)}`;

async function launch(launching: Launching): Promise<RunningTemporal> {
  const { place, namespace = 'default' } = launching;
  const namespaces = [ownNamespace(place), namespace];
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  let firstPort = launching.firstPort;
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePortFrom(firstPort);
    const uiPort = await freePortFrom(firstPort === 0 ? 0 : port + UI_ABOVE_PORT);
    const logStart = sizeOf(place.log);
    const child = spawnServer(launching, { port, uiPort });
    const outcome = await readiness({ child, port, namespaces, giveUpAt });
    if (outcome === 'ready') {
      writeJson(place.record, { port, uiPort, owner: identify(process.pid) } satisfies TemporalRecord);
      return running(child, { port, uiPort });
    }
    const log = tailOf(place.log, { fromByte: logStart });
    if (Date.now() > giveUpAt || attempt === LAUNCH_ATTEMPTS) {
      throw new Error(`Temporal did not start (${outcome}). The end of ${place.log}:\n${log}`);
    }
    // A port lost to somebody faster, most likely; the server has ports of its own as well, and panics where one is taken.
    await sleep(200 * attempt * (0.5 + Math.random()));
    if (firstPort !== 0) firstPort = port + 1;
  }
}

interface Ports {
  port: number;
  uiPort: number;
}

function spawnServer(
  { place, program, namespace, dynamicConfig }: Launching,
  { port, uiPort }: Ports,
): ChildProcess {
  const settings = Object.entries({ ...DYNAMIC_CONFIG, ...dynamicConfig });
  const args = [
    ['server', 'start-dev', '--db-filename', place.database], // orphans are recognised by these words
    ['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort), '--ui-disable-news-fetch'],
    ['--namespace', ownNamespace(place)],
    namespace === undefined || namespace === 'default' ? [] : ['--namespace', namespace],
    ['--log-level', 'error', '--log-format', 'json'],
    ...settings.map(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
  ].flat();
  return withLog(place.log, (log) => {
    const child = spawn(program, args, {
      cwd: place.home,
      env: withoutSecrets(),
      detached: true, // out of our process group, so that Ctrl-C reaches us alone and we stop it in order
      stdio: ['ignore', log, log],
    });
    child.unref();
    return child;
  });
}

interface Waiting {
  child: ChildProcess;
  port: number;
  namespaces: readonly string[];
  giveUpAt: number;
}

async function readiness({ child, port, namespaces, giveUpAt }: Waiting): Promise<string> {
  let failure: string | null = null;
  void exitOf(child).then((how) => (failure = `ended with ${how}`));
  while (failure === null) {
    if (await servesAll(port, namespaces)) return 'ready';
    if (Date.now() > giveUpAt) {
      child.kill('SIGKILL');
      return `not ready after ${READY_WITHIN_MS / 1000} s`;
    }
    await sleep(30);
  }
  return failure;
}

async function servesAll(port: number, namespaces: readonly string[]): Promise<boolean> {
  for (const namespace of namespaces) if (!(await servesNamespace(port, namespace))) return false;
  return true;
}

/** One DescribeNamespace, by hand: loading the SDK for it would cost more than the server takes to come up. */
function servesNamespace(port: number, namespace: string): Promise<boolean> {
  const name = Buffer.from(namespace);
  const length = name.length < 128 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7]; // a varint
  const request = Buffer.concat([Buffer.from([0x0a, ...length]), name]); // protobuf: field 1, a string
  const header = Buffer.alloc(5); // gRPC: one byte for "not compressed", then the length
  header.writeUInt32BE(request.length, 1);
  return new Promise<boolean>((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const settle = (answer: boolean) => {
      session.destroy();
      resolve(answer);
    };
    session.once('error', () => settle(false));
    session.setTimeout(2_000, () => settle(false));
    const call = session.request({
      ':method': 'POST',
      ':path': '/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    call.once('error', () => settle(false));
    call.once('close', () => settle(false));
    // The status comes after the data, or, when there are none, with the headers.
    for (const event of ['trailers', 'response'] as const) {
      call.on(event, (headers: IncomingHttpHeaders) => {
        if (headers['grpc-status'] !== undefined) settle(headers['grpc-status'] === '0');
      });
    }
    call.resume();
    call.end(Buffer.concat([header, request]));
  });
}

function running(child: ChildProcess, { port, uiPort }: Ports): RunningTemporal {
  const pid = child.pid as number; // a ready server has one
  const exited = exitOf(child);
  const stop = async () => {
    child.ref(); // unreferenced while it runs; while stopping, the caller's event loop must wait for it
    await stopServer(pid);
    await exited;
  };
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}`, pid, port, exited, stop };
}

// ------------------------------------------------------------------------------------------------------ orphans

async function stopOrphans(place: Place, progress: (message: string) => void): Promise<void> {
  const servers = temporalServersOf(place.home);
  if (servers.length === 0) return;
  const owner = readJson<TemporalRecord>(place.record)?.owner;
  if (owner && isRunning(owner)) {
    throw new Error(
      `Temporal already runs on ${place.database} (pid ${servers[0]}), started by process ${owner.pid}, ` +
        'which is still alive',
    );
  }
  for (const pid of servers) {
    progress(`Stopping Temporal (pid ${pid}), left running by an earlier start`);
    if (!(await stopServer(pid))) throw new Error(`Temporal (pid ${pid}) on ${place.database} does not stop`);
  }
}

function stopServer(pid: number): Promise<boolean> {
  return stopProcess(pid, {
    steps: [
      { signal: 'SIGTERM', waitMs: 10_000 },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ],
  });
}
