/** Small files in Tierline's home folder: JSON records, secrets and logs. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Creates the home folder if needed and answers its one canonical path (links resolved). */
export function ensureHome(home: string): string {
  mkdirSync(home, { recursive: true });
  return realpathSync(home);
}

/** The JSON in a file, or null when the file is absent, empty or cut short by a crash. */
export function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return null;
  }
}

/** Replaces a file in one step, readable by its owner alone: a reader sees the old text or the new, never half. */
export function writePrivately(path: string, text: string): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}

/** `writePrivately` for a value that JSON can hold. */
export function writeJson(path: string, value: unknown): void {
  writePrivately(path, `${JSON.stringify(value, null, 2)}\n`);
}

const LOG_KEPT_BYTES = 10 * 1024 * 1024;

/** Runs `use` with a log file open for appending; a log over 10 MiB is first set aside as `<name>.1`. */
export function withLog<T>(path: string, use: (descriptor: number) => T): T {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_KEPT_BYTES) renameSync(path, `${path}.1`);
  const descriptor = openSync(path, 'a', 0o600);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The last lines written to a log since it was `fromByte` long, for an error message; may be empty. */
export function tailOf(path: string, { fromByte = 0, lines = 8 } = {}): string {
  try {
    return readFileSync(path)
      .subarray(fromByte)
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .slice(-lines)
      .join('\n');
  } catch {
    return '';
  }
}

/** Length of a file in bytes; 0 when absent. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
