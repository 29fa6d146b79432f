/**
 * The PostgreSQL that runs when no DATABASE_URL is given: the programs that npm ships, started by ourselves on a
 * folder under Tierline's home. Everything about it is meant to survive a `kill -9`: half-made data folders never
 * count, and a server left behind by a dead owner is recognised and stopped before the next one starts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  chownSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { withoutSecrets } from './config.ts';
import { ensureHome, readJson, sizeOf, tailOf, withLog, writeJson, writePrivately } from './files.ts';
import { freePortFrom } from './ports.ts';
import { launchPlan, postgresPrograms, type LaunchPlan, type PostgresPrograms } from './postgres-programs.ts';
import { commandLine, exitOf, identify, isRunning, stopProcess, type ProcessIdentity } from './processes.ts';

const SUPERUSER = 'tierline';
const DATABASE = 'tierline';
const FIRST_PORT = 15_432;
const READY_WITHIN_MS = 60_000;

export interface PostgresOptions {
  /** Tierline's home folder; created if absent. Data live in `<home>/postgres`. */
  home: string;
  /** Preferred port: the first free one from there is taken. 0: any. Default: the port of the last run, else 15432. */
  port?: number;
  /** Server settings over the defaults below, e.g. `{ max_connections: '300' }`. */
  settings?: Record<string, string>;
  /** Told what is being done, in words for a person. */
  onProgress?: (message: string) => void;
}

export interface RunningPostgres {
  /** Connection string of the database `tierline`, password included. */
  url: string;
  /** Pid of the postmaster. */
  pid: number;
  port: number;
  /** Settles when the server is gone, with how: "exit code 0", "SIGKILL". */
  exited: Promise<string>;
  /** Fast shutdown: sessions are ended, committed data is safe. Safe to call twice. */
  stop(): Promise<void>;
}

/** What one run leaves in `<home>/postgres.json` for the next. */
interface PostgresRecord {
  port: number;
  owner: ProcessIdentity | null;
}

/**
 * Starts PostgreSQL on `<home>/postgres`, making the folder and the database on first use.
 *
 * A server that a dead owner left running on this folder is stopped first. Throws when a live process other than a
 * dead owner uses the folder, when the programs are missing, and when the server does not come up (with the last
 * lines of its log, `<home>/logs/postgres.log`).
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const progress = options.onProgress ?? (() => {});
  const place = placeIn(ensureHome(options.home));
  const programs = await postgresPrograms();
  const plan = launchPlan({ programs, home: place.home, data: place.data });

  await stopOrphan(place, progress);
  const password = passwordIn(place);
  if (!existsSync(join(place.data, 'PG_VERSION'))) {
    progress('Creating the PostgreSQL data folder');
    await initialise({ place, programs, plan, password });
  }

  const remembered = readJson<PostgresRecord>(place.record)?.port;
  const server = await launch({
    place,
    programs,
    plan,
    firstPort: options.port ?? remembered ?? FIRST_PORT,
    settings: options.settings ?? {},
  });
  try {
    await createDatabase(server.port, password);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { ...server, url: urlOf(server.port, password, DATABASE) };
}

/**
 * Stops a PostgreSQL that a dead owner left running on `<home>/postgres`; nothing to do is fine. Throws when its owner
 * is alive. `startPostgres` does this by itself; it is for starts that no longer use the embedded server.
 */
export function stopOrphanedPostgres(
  home: string,
  onProgress: (message: string) => void = () => {},
): Promise<void> {
  return stopOrphan(placeIn(home), onProgress);
}

interface Place {
  home: string;
  data: string;
  record: string;
  passwordFile: string;
  log: string;
}

function placeIn(home: string): Place {
  return {
    home,
    data: join(home, 'postgres'),
    record: join(home, 'postgres.json'),
    passwordFile: join(home, 'postgres-password'),
    log: join(home, 'logs', 'postgres.log'),
  };
}

function urlOf(port: number, password: string, database: string): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}

function passwordIn({ passwordFile, data }: Place): string {
  if (existsSync(passwordFile)) return readFileSync(passwordFile, 'utf8').trim();
  if (existsSync(join(data, 'PG_VERSION'))) {
    throw new Error(
      `${passwordFile} is missing, and it holds the password of the database in ${data}. ` +
        'Put the file back, or delete both to start with an empty database.',
    );
  }
  const password = randomBytes(24).toString('hex');
  writePrivately(passwordFile, `${password}\n`);
  return password;
}

// ---------------------------------------------------------------------------------------------------- first use

interface Making {
  place: Place;
  programs: PostgresPrograms;
  plan: LaunchPlan;
  password: string;
}

/** Runs initdb in a folder beside the real one and renames it: an interrupted initdb leaves nothing that counts. */
async function initialise({ place, programs, plan, password }: Making): Promise<void> {
  if (existsSync(place.data)) {
    throw new Error(
      `${place.data} exists but holds no database (no PG_VERSION); move it away and start again`,
    );
  }
  removeDrafts(place);
  const draft = `${place.data}.${process.pid}.new`;
  const passwordFile = `${draft}.password`;
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (plan.account !== null) {
    chownSync(draft, plan.account.uid, plan.account.gid);
    chownSync(passwordFile, plan.account.uid, plan.account.gid);
  }
  try {
    await run(plan, programs.initdb, [
      `--pgdata=${draft}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8', // without it, and without LANG, initdb makes SQL_ASCII
      '--locale=C',
    ]);
    renameSync(draft, place.data);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

/** What an initdb cut short by a crash left behind. */
function removeDrafts({ home }: Place): void {
  const drafts = readdirSync(home).filter((name) => /^postgres\.\d+\.new/.test(name));
  for (const name of drafts) rmSync(join(home, name), { recursive: true, force: true });
}

async function run(plan: LaunchPlan, program: string, args: string[]): Promise<void> {
  const { file, rest } = commandOf(plan, program, args);
  const child = spawn(file, rest, { ...plan.credentials, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk: Buffer) => (output += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0) throw new Error(`${program} ended with ${signal ?? code}:\n${output.trimEnd()}`);
}

function commandOf(
  { through }: LaunchPlan,
  program: string,
  args: string[],
): { file: string; rest: string[] } {
  const [file = program, ...rest] = [...through, program, ...args];
  return { file, rest };
}

async function createDatabase(port: number, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(port, password, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

// ------------------------------------------------------------------------------------------------------- launch

interface Launching {
  place: Place;
  programs: PostgresPrograms;
  plan: LaunchPlan;
  firstPort: number;
  settings: Record<string, string>;
}

/**
 * Sized for one machine with a desktop's memory. Durability is left at PostgreSQL's defaults on purpose (fsync and
 * synchronous_commit on): an answered request must be in the ledger.
 */
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  timezone: 'UTC', // Prisma's adapter corrupts timestamptz in any other session zone (prisma/orm#28629)
  log_timezone: 'UTC',
  max_connections: '200',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
};

type Launched = Omit<RunningPostgres, 'url'>;

async function launch(launching: Launching): Promise<Launched> {
  const { place } = launching;
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  let firstPort = launching.firstPort;
  for (;;) {
    const port = await freePortFrom(firstPort);
    const logStart = sizeOf(place.log);
    const child = spawnServer(launching, port);
    const outcome = await readiness(child, place, giveUpAt);
    if (outcome === 'ready') {
      writeJson(place.record, { port, owner: identify(process.pid) } satisfies PostgresRecord);
      return running(child, port);
    }
    const log = tailOf(place.log, { fromByte: logStart });
    if (Date.now() > giveUpAt || !isPassing(log)) {
      throw new Error(`PostgreSQL did not start (${outcome}). The end of ${place.log}:\n${log}`);
    }
    if (/could not bind|could not create any TCP/.test(log) && firstPort !== 0) firstPort = port + 1;
    await sleep(200);
  }
}

/** Reasons that pass: a port lost to somebody faster, or the last sessions of a killed server still winding down. */
function isPassing(log: string): boolean {
  return /could not bind|could not create any TCP|pre-existing shared memory block/.test(log);
}

function spawnServer({ place, programs, plan, settings }: Launching, port: number): ChildProcess {
  const configured = Object.entries({ ...SETTINGS, ...settings }).map(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ]);
  const args = [['-D', place.data], ['-p', String(port)], ['-k', ''], ...configured].flat();
  const { file, rest } = commandOf(plan, programs.postgres, args);
  return withLog(place.log, (log) => {
    const child = spawn(file, rest, {
      ...plan.credentials,
      cwd: '/',
      env: withoutSecrets(),
      detached: true, // out of our process group, so that Ctrl-C reaches us alone and we stop it in order
      stdio: ['ignore', log, log], // files, not pipes: it must be able to outlive us without SIGPIPE
    });
    child.unref();
    return child;
  });
}

/** The postmaster writes "ready" on line 8 of its pid file once it accepts connections. */
async function readiness(child: ChildProcess, place: Place, giveUpAt: number): Promise<string> {
  let failure: string | null = null;
  void exitOf(child).then((how) => (failure = `ended with ${how}`));
  while (failure === null) {
    const lines = pidFileLines(place);
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return 'ready';
    if (Date.now() > giveUpAt) {
      child.kill('SIGQUIT');
      return `not ready after ${READY_WITHIN_MS / 1000} s`;
    }
    await sleep(20);
  }
  return failure;
}

function running(child: ChildProcess, port: number): Launched {
  const pid = child.pid as number; // a ready server has one
  const exited = exitOf(child);
  const stop = async () => {
    child.ref(); // unreferenced while it runs; while stopping, the caller's event loop must wait for it
    await stopPostmaster(pid);
    await exited;
  };
  return { pid, port, exited, stop };
}

// ------------------------------------------------------------------------------------------------------ orphans

function pidFileLines({ data }: Place): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** Pid of the postmaster running on our data folder, or null. The number alone is not believed. */
function postmasterOf(place: Place): number | null {
  const pid = Number(pidFileLines(place)[0]);
  if (!Number.isInteger(pid) || pid <= 0 || identify(pid) === null) return null;
  return commandLine(pid).includes(`-D ${place.data} `) ? pid : null;
}

async function stopOrphan(place: Place, progress: (message: string) => void): Promise<void> {
  const pid = postmasterOf(place);
  if (pid === null) return removeMisleadingPidFile(place);
  const owner = readJson<PostgresRecord>(place.record)?.owner;
  if (owner && isRunning(owner)) {
    throw new Error(
      `PostgreSQL already runs on ${place.data} (pid ${pid}), started by process ${owner.pid}, which is still alive`,
    );
  }
  progress(`Stopping PostgreSQL (pid ${pid}), left running by an earlier start`);
  if (!(await stopPostmaster(pid))) throw new Error(`PostgreSQL (pid ${pid}) on ${place.data} does not stop`);
}

/** After a crash the recorded pid may belong to a stranger, and PostgreSQL would then refuse to start. */
function removeMisleadingPidFile(place: Place): void {
  const pid = Number(pidFileLines(place)[0]);
  const command = pid > 0 ? commandLine(pid) : '';
  if (command !== '' && !command.includes('postgres'))
    rmSync(join(place.data, 'postmaster.pid'), { force: true });
}

/** SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one (recovers on the next start). */
function stopPostmaster(pid: number): Promise<boolean> {
  return stopProcess(pid, {
    steps: [
      { signal: 'SIGINT', waitMs: 15_000 },
      { signal: 'SIGQUIT', waitMs: 5_000 },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ],
  });
}
