/**
 * A lock that is a folder holding one file, named after its holder. It outlives a crash, so whoever finds it asks
 * whether the holder is still alive and, if not, clears it away. No dependencies: the prepare step needs it before
 * anything is installed.
 *
 * The holder is the process whose token file is in the folder. Clearing a stale lock removes that very file and then
 * the folder, and a folder with another file in it refuses to be removed, so two processes that find the same stale
 * lock cannot both end up holding it.
 */
import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A holder writes its token right after making the folder; one still empty after this long was abandoned. */
const EMPTY_IS_STALE_AFTER_MS = 5_000;

/**
 * @param {string} folder  made when the lock is taken; its parent must exist
 * @param {{ token: string, isAlive: (token: string) => boolean }} holder  token: a file name that tells us apart
 * @returns {{ acquired: true, release: () => void } | { acquired: false, heldBy: string | null }}
 *   heldBy: the token of the living holder; null while it is not known yet (ask again)
 */
export function tryLock(folder, { token, isAlive }) {
  if (!makeFolder(folder)) {
    const heldBy = livingHolder(folder, isAlive);
    if (heldBy !== 'nobody') return { acquired: false, heldBy };
    if (!makeFolder(folder)) return { acquired: false, heldBy: null };
  }
  const mine = join(folder, token);
  try {
    writeFileSync(mine, '');
  } catch (error) {
    if (error.code === 'ENOENT') return { acquired: false, heldBy: null }; // taken for abandoned and cleared
    throw error;
  }
  if (readdirSync(folder).length > 1) {
    rmSync(mine, { force: true });
    return { acquired: false, heldBy: null };
  }
  return { acquired: true, release: () => clear(folder, token) };
}

/** The token of whoever holds the lock, alive or not; null when it is free. */
export function lockHolder(folder) {
  return tokenIn(folder) ?? null;
}

function makeFolder(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function livingHolder(folder, isAlive) {
  const token = tokenIn(folder);
  if (token === undefined) {
    if (ageMs(folder) < EMPTY_IS_STALE_AFTER_MS) return null;
    clear(folder);
    return 'nobody';
  }
  if (isAlive(token)) return token;
  clear(folder, token);
  return 'nobody';
}

function tokenIn(folder) {
  try {
    return readdirSync(folder)[0];
  } catch {
    return undefined;
  }
}

function ageMs(folder) {
  return Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

function clear(folder, token) {
  if (token !== undefined) rmSync(join(folder, token), { force: true });
  try {
    rmdirSync(folder);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error;
  }
}
