/**
 * `tierline start`: the whole of Tierline on one machine. Brings up PostgreSQL and Temporal unless they are given,
 * migrates, keeps API and worker running, says where everything is, and takes it all down again in order.
 */
import { join } from 'node:path';
import { projectRoot, type Config } from './config.ts';
import { startPostgres, stopOrphanedPostgres } from './embedded-postgres.ts';
import { obtainTemporal, startTemporal, stopOrphanedTemporal } from './embedded-temporal.ts';
import { ensureHome } from './files.ts';
import { forgetRun, lastRun, recordRun, takeHome, type RunRecord } from './home.ts';
import { freePortFrom } from './ports.ts';
import { identify, isRunning, stopProcess, type ProcessIdentity } from './processes.ts';
import { STANDBY } from './supervised.ts';
import {
  createSupervisor,
  launchNode,
  type NodeServiceOptions,
  type Service,
  type Supervisor,
} from './supervisor.ts';
import { watchSources } from './watch.ts';

export interface StartOptions {
  /** Print one line of JSON when ready, instead of the summary. */
  json?: boolean;
  /** Start API and worker again when a source file changes. */
  watch?: boolean;
}

/** What `--json` prints when everything is ready. */
export interface ReadyReport {
  api: string;
  /** The first API key, in the one start that makes it; null otherwise. */
  apiKey: string | null;
  /** host:port. */
  temporal: string;
  temporalUi: string | null;
  /** Connection string, password included. */
  database: string;
  /** A server that was given, not started, has none. */
  pids: Record<'api' | 'worker' | 'temporal' | 'postgres' | 'supervisor', number | null>;
}

const STOP_ORDER = ['api', 'worker', 'temporal', 'postgres'];

/** npm passes Ctrl-C on to a process that the terminal has told already: the same wish, not a second one. */
const SAME_WISH_MS = 1_000;

/** Runs until it is told to stop (SIGINT, SIGTERM, SIGHUP). Throws when something needed does not come up. */
export async function run(config: Config, options: StartOptions = {}): Promise<void> {
  surviveClosedOutput();
  const home = ensureHome(config.home);
  const lock = await takeHome(home);
  try {
    await stopLeftovers(home);
    await runTree({ ...config, home }, options);
    forgetRun(home);
  } finally {
    lock.release();
  }
  process.exit(0); // told to stop while it fetched something: that would keep us waiting
}

async function runTree(config: Config, options: StartOptions): Promise<void> {
  const tree: Tree = { api: null, temporal: null, temporalUi: null, database: null, apiKey: null };
  const supervisor = createSupervisor({
    log: (message) => say('tierline', message),
    onChange: () => recordTree(config.home, tree, supervisor),
  });
  const stopWish = listenForStop(() => supervisor.force());
  try {
    const report = await Promise.race([bringUp({ config, supervisor, tree }), stopWish]);
    if (report !== null) {
      print(report, config, options);
      tree.apiKey = null;
      const unwatch = options.watch ? watchSources(() => void restartOwnCode(supervisor)) : () => {};
      await stopWish;
      unwatch();
    }
    say('tierline', 'stopping');
  } finally {
    await supervisor.stop(STOP_ORDER);
    // A key is shown once; a start that made one and then failed must not take it along.
    if (tree.apiKey !== null) say('tierline', `the first API key, shown once: ${tree.apiKey}`);
  }
}

// ------------------------------------------------------------------------------------------------- bringing it up

/** What is known of the tree so far. */
interface Tree extends Pick<RunRecord, 'api' | 'temporal' | 'temporalUi' | 'database'> {
  apiKey: string | null;
}

interface Setting {
  config: Config;
  supervisor: Supervisor;
  tree: Tree;
}

async function bringUp({ config, supervisor, tree }: Setting): Promise<ReadyReport> {
  const port = await freePortFrom(config.port, config.host);
  const api = `http://${reachableHost(config.host)}:${port}`;
  if (port !== config.port && config.port !== 0)
    say('tierline', `port ${config.port} is taken; using ${port}`);

  const servers = Promise.all([
    bringUpDatabase({ config, supervisor, tree }),
    bringUpTemporal({ config, supervisor }),
  ]);
  // API and worker load their code meanwhile, and are then told where the servers are.
  const message = servers.then(([database, { address }]) => ({
    DATABASE_URL: database,
    TEMPORAL_ADDRESS: address,
  }));
  const child = { env: environmentFor(config, port), message };
  const [[database, temporal]] = await Promise.all([
    servers,
    supervisor.start('api', () => launchOwn('api', { ...child, readyWhen: { url: `${api}/readyz` } })),
    supervisor.start('worker', () => launchOwn('worker', { ...child, readyWhen: { line: 'worker ready' } })),
  ]);
  Object.assign(tree, { api, database, temporal: temporal.address, temporalUi: temporal.uiUrl });
  recordTree(config.home, tree, supervisor);
  const none = { api: null, worker: null, postgres: null, temporal: null };
  return {
    api,
    apiKey: tree.apiKey,
    temporal: temporal.address,
    temporalUi: temporal.uiUrl,
    database,
    pids: { ...none, ...supervisor.pids(), supervisor: process.pid },
  };
}

/** URL of a database that is migrated and seeded. */
async function bringUpDatabase({ config, supervisor, tree }: Setting): Promise<string> {
  // Loading takes as long as PostgreSQL takes to start.
  const [url, { prepareDatabase }] = await Promise.all([
    databaseUrl(config, supervisor),
    import('./database.ts'),
  ]);
  const { apiKey, notices } = await prepareDatabase(url, { policiesDir: config.policiesDir });
  tree.apiKey = apiKey;
  for (const notice of notices) say('tierline', notice);
  return url;
}

async function databaseUrl({ home, databaseUrl }: Config, supervisor: Supervisor): Promise<string> {
  const onProgress = (message: string) => say('tierline', message);
  if (databaseUrl === undefined) {
    return (await supervisor.start('postgres', () => startPostgres({ home, onProgress }))).url;
  }
  await stopOrphanedPostgres(home, onProgress);
  return databaseUrl;
}

interface TemporalPlace {
  address: string;
  uiUrl: string | null;
}

async function bringUpTemporal({ config, supervisor }: Omit<Setting, 'tree'>): Promise<TemporalPlace> {
  const { home, temporalAddress, temporalCli, temporalNamespace: namespace } = config;
  const onProgress = (message: string) => say('tierline', message);
  if (temporalAddress === undefined) {
    const program = await obtainTemporal({ cli: temporalCli, onProgress });
    return supervisor.start('temporal', () => startTemporal({ home, program, namespace, onProgress }));
  }
  await stopOrphanedTemporal(home, onProgress);
  return { address: temporalAddress, uiUrl: null };
}

/** What API and worker know from the beginning; where the servers are comes later. */
function environmentFor({ home, temporalAddress }: Config, port: number): NodeJS.ProcessEnv {
  const ours = temporalAddress === undefined ? withoutTemporalProfile(home) : process.env;
  return { ...ours, TIERLINE_HOME: home, TIERLINE_PORT: String(port), [STANDBY]: '1' };
}

/** Credentials for somebody's Temporal service would make our own, which speaks without TLS, unreachable. */
function withoutTemporalProfile(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^TEMPORAL_(?!NAMESPACE$)/.test(name));
  return { ...Object.fromEntries(kept), TEMPORAL_CONFIG_FILE: join(home, 'no-temporal-profile.toml') };
}

type OwnOptions = Pick<NodeServiceOptions, 'env' | 'message' | 'readyWhen'>;

async function launchOwn(command: 'api' | 'worker', options: OwnOptions): Promise<Service> {
  const args = [join(projectRoot, 'bin', 'tierline.mjs'), command];
  return launchNode({ ...options, args, onLine: (line) => say(command, readable(line)) });
}

/** An address to reach a server by that listens on `host`, as it stands in a URL. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

async function restartOwnCode(supervisor: Supervisor): Promise<void> {
  say('tierline', 'a source file changed');
  await Promise.all([supervisor.restart('api'), supervisor.restart('worker')]);
}

// ---------------------------------------------------------------------------------------------------- leftovers

/** API and worker end when their supervisor dies; here we wait for it, and insist. */
async function stopLeftovers(home: string): Promise<void> {
  const { api, worker } = lastRun(home)?.processes ?? {};
  const left = [api, worker].filter((process) => process !== undefined).filter(isRunning);
  for (const { pid } of left) say('tierline', `stopping process ${pid}, left running by an earlier start`);
  const steps = [
    { signal: 'SIGTERM' as const, waitMs: 10_000 },
    { signal: 'SIGKILL' as const, waitMs: 5_000 },
  ];
  await Promise.all(left.map(({ pid }) => stopProcess(pid, { steps })));
}

function recordTree(home: string, tree: Tree, supervisor: Supervisor): void {
  const identities = Object.entries(supervisor.pids()).flatMap(([name, pid]) => {
    const identity = identify(pid);
    return identity === null ? [] : [[name, identity] as const];
  });
  recordRun(home, {
    supervisor: identify(process.pid) as ProcessIdentity, // we are running
    api: tree.api,
    temporal: tree.temporal,
    temporalUi: tree.temporalUi,
    database: tree.database,
    processes: Object.fromEntries(identities),
  });
}

// ----------------------------------------------------------------------------------------------- wishes and words

/** Settles with null at the first signal to stop; a later one, if it is a new wish, calls `force`. */
function listenForStop(force: () => void): Promise<null> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    const onSignal = () => {
      if (firstAt === null) {
        firstAt = Date.now();
        resolve(null);
      } else if (Date.now() - firstAt > SAME_WISH_MS) {
        say('tierline', 'ending everything at once');
        force();
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

function print(report: ReadyReport, config: Config, { json }: StartOptions): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const lines = [
    'Tierline is ready.',
    '',
    `  API          ${report.api}`,
    `  Reference    ${report.api}/docs`,
    ...(report.temporalUi === null ? [] : [`  Temporal UI  ${report.temporalUi}`]),
    `  Data         ${config.home}`,
    ...(report.apiKey === null ? [] : [`  API key      ${report.apiKey}   (shown once: keep it)`]),
    '',
    'Ctrl-C stops it.',
  ];
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
}

function say(who: string, line: string): void {
  process.stderr.write(`${who.padEnd(8)} | ${line}\n`);
}

const LEVELS: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** A line of log as a person reads it, if a person is likely to: at a terminal. Elsewhere it stays JSON. */
function readable(line: string): string {
  if (!process.stderr.isTTY || !line.startsWith('{')) return line;
  try {
    const { level, msg, err, time: _t, pid: _p, hostname: _h, name: _n, ...rest } = JSON.parse(line);
    const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
    return `${LEVELS[level] ?? level} ${msg ?? ''}${err?.message ? `: ${err.message}` : ''}${details}`;
  } catch {
    return line;
  }
}

/** When the terminal or the reader of a pipe goes away, there is still a tree to take down in order. */
function surviveClosedOutput(): void {
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
}
