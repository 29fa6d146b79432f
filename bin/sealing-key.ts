/** The keys with which values that nobody may see are sealed: given, or made once in the home folder. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SEALING_KEY_BYTES } from '../activities/sealing.ts';
import type { Config } from './config.ts';
import { ensureHome } from './files.ts';

/** Makes the file where there is none: of several processes that do so at once, the first has its way. */
function makeKey(path: string): void {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.new`;
  writeFileSync(draft, `${randomBytes(SEALING_KEY_BYTES).toString('base64')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
}

function keyIn(path: string): Uint8Array | null {
  try {
    return new Uint8Array(Buffer.from(readFileSync(path, 'utf8').trim(), 'base64'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * The keys of TIERLINE_SEALING_KEY; without it the one in `<home>/sealing.key`, which is made at the first need and can
 * be read by its owner alone. API and worker must have the same.
 */
export function sealingKeys({
  home,
  sealingKeys: given,
}: Pick<Config, 'home' | 'sealingKeys'>): readonly Uint8Array[] {
  if (given.length > 0) return given;
  const path = join(ensureHome(home), 'sealing.key');
  if (!keyIn(path)) makeKey(path);
  const key = keyIn(path);
  if (key?.byteLength !== SEALING_KEY_BYTES)
    throw new Error(`${path} holds no key of ${SEALING_KEY_BYTES} bytes in base64`);
  return [key];
}
