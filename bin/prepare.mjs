/**
 * Makes a fresh clone runnable: packages as the lock file says, and the generated Prisma client. Costs a few
 * milliseconds when there is nothing to do. It runs before anything is installed, so it imports only what Node has.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tryLock } from './lock.mjs';

const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Checks Node, installs packages if node_modules is stale, generates the Prisma client if the schema changed.
 * Two processes may call this at once; the second waits for the first. Progress goes to standard error.
 *
 * @param {{ dev?: boolean, root?: string }} [options]  dev: development packages too (tests, tools). A full
 *   installation is never reduced.
 * @throws {Error} with a message for a person, when Node is too old or a step fails
 */
export async function prepare({ dev = false, root = projectRoot } = {}) {
  const complaint = nodeComplaint(process.versions.node);
  if (complaint !== null) throw new Error(complaint);
  if (isPrepared(preparedState(root), dev)) return;
  const release = await lockSetup(root);
  try {
    await installPackages(root, dev);
    await generateClient(root);
  } finally {
    release();
  }
}

/** What is wrong with this version of Node, as a sentence; null when it will do. The same range as package.json's. */
export function nodeComplaint(version) {
  const [major, minor] = version.split('.').map(Number);
  const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
  return fits
    ? null
    : `Tierline needs Node 20.19, 22.12 or 24 (or later ones of these); this is Node ${version}`;
}

/**
 * What has been done and what has changed since.
 * @param {string} [root]
 * @returns {{ packages: 'none' | 'stale' | 'production' | 'all', client: 'none' | 'stale' | 'current' | 'no schema' }}
 */
export function preparedState(root = projectRoot) {
  const done = readMarker(root);
  const lock = hashOf(join(root, 'package-lock.json'));
  const schema = hashOf(join(root, 'prisma', 'schema.prisma'));
  return { packages: packagesState(root, done, lock), client: clientState(root, done, schema) };
}

function packagesState(root, done, lock) {
  if (!existsSync(join(root, 'node_modules'))) return 'none';
  if (done.lock === lock) return done.dev ? 'all' : 'production';
  // npm may have been run by hand: its own record of what it installed tells.
  if (isInstalledAsLocked(root, { dev: true })) return 'all';
  return isInstalledAsLocked(root, { dev: false }) ? 'production' : 'stale';
}

function clientState(root, done, schema) {
  if (schema === null) return 'no schema';
  if (!existsSync(join(root, 'prisma', 'generated', 'client.ts'))) return 'none';
  return done.schema === schema ? 'current' : 'stale';
}

function isPrepared({ packages, client }, dev) {
  return (
    (packages === 'all' || (packages === 'production' && !dev)) &&
    (client === 'current' || client === 'no schema')
  );
}

// ------------------------------------------------------------------------------------------------------ packages

async function installPackages(root, dev) {
  const { packages } = preparedState(root);
  const wanted =
    dev || readMarker(root).dev || existsSync(join(root, 'node_modules', 'jest')) ? 'all' : 'production';
  if (packages !== 'all' && packages !== wanted) {
    say('Installing packages (the first time takes about a minute)');
    // npm ci can refuse a lock file written before some platform's package was published; install does not.
    const kind = wanted === 'all' ? '--include=dev' : '--omit=dev';
    await npm(root, ['install', kind, '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  const lock = hashOf(join(root, 'package-lock.json'));
  writeMarker(root, { lock, dev: packages === 'all' || wanted === 'all' });
}

/** Does npm's record in node_modules agree with the lock file? Packages for other platforms may be absent. */
function isInstalledAsLocked(root, { dev }) {
  const locked = readJson(join(root, 'package-lock.json')).packages;
  const installed = readJson(join(root, 'node_modules', '.package-lock.json')).packages;
  if (!locked || !installed) return false;
  return Object.entries(locked).every(([path, { version, optional, dev: devOnly, devOptional }]) => {
    if (path === '') return true;
    const found = installed[path]?.version;
    return found === version || (found === undefined && (optional || devOptional || (devOnly && !dev)));
  });
}

function npm(root, args) {
  const script = process.env.npm_execpath;
  return script?.endsWith('npm-cli.js')
    ? runQuietly({ root, what: 'npm install', program: process.execPath, args: [script, ...args] })
    : runQuietly({ root, what: 'npm install', program: 'npm', args, shell: process.platform === 'win32' });
}

// -------------------------------------------------------------------------------------------------------- client

async function generateClient(root) {
  const { client } = preparedState(root);
  if (client === 'none' || client === 'stale') {
    say('Generating the Prisma client');
    await runQuietly({
      root,
      what: 'prisma generate',
      program: process.execPath,
      args: [join(root, 'node_modules', 'prisma', 'build', 'index.js'), 'generate'],
      env: {
        CHECKPOINT_DISABLE: '1',
        // Generating needs no schema engine, but Prisma downloads one unless told of an existing file.
        PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
      },
    });
  }
  writeMarker(root, { schema: hashOf(join(root, 'prisma', 'schema.prisma')) });
}

// ------------------------------------------------------------------------------------------------ odds and ends

/** Runs a program with its output on standard error (standard output belongs to --json). */
function runQuietly({ root, what, program, args, env = {}, shell = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      shell,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, ...env },
    });
    const forward = (signal) => child.kill(signal);
    process.on('SIGTERM', forward).on('SIGINT', forward);
    child.once('error', (error) => reject(new Error(`${what} could not be run: ${error.message}`)));
    child.once('close', (code, signal) => {
      process.off('SIGTERM', forward).off('SIGINT', forward);
      if (code === 0) resolve();
      else reject(new Error(`${what} failed (${signal ?? `exit code ${code}`}); its messages are above`));
    });
  });
}

async function lockSetup(root) {
  const folder = join(root, '.tierline', 'prepare.lock');
  mkdirSync(dirname(folder), { recursive: true });
  for (let waited = false; ; await sleep(100)) {
    const attempt = tryLock(folder, { token: String(process.pid), isAlive });
    if (attempt.acquired) return attempt.release;
    if (!waited && attempt.heldBy !== null) {
      say(`Waiting for process ${attempt.heldBy}, which is setting up the same folder`);
      waited = true;
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function markerPath(root) {
  return join(root, 'node_modules', '.tierline-prepared.json');
}

/** What the last run of this step did: `{ lock, dev, schema }`, hashes and a flag; empty when it never ran. */
function readMarker(root) {
  return readJson(markerPath(root));
}

function writeMarker(root, changes) {
  writeFileSync(markerPath(root), JSON.stringify({ ...readMarker(root), ...changes }));
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}

function hashOf(path) {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : null;
}

function say(message) {
  process.stderr.write(`${message} …\n`);
}
