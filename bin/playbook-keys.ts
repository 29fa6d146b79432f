/** The public keys whose signatures on playbooks are trusted. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { publicKeysIn } from '../api/playbook-signatures.ts';

/** Keys and certificates of a PEM file, or of every .pem, .crt and .pub file of a folder. Throws, naming the file. */
export function pinnedKeysIn(path: string): KeyObject[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.(?:pem|crt|pub)$/.test(name))
        .toSorted()
        .map((name) => join(path, name))
    : [path];
  return files.flatMap((file) => {
    try {
      const keys = publicKeysIn(readFileSync(file, 'utf8'));
      if (keys.length > 0) return keys;
    } catch (error) {
      throw new Error(`${file} has a key that cannot be read`, { cause: error });
    }
    throw new Error(`${file} has no public key: PEM, "BEGIN PUBLIC KEY" or "BEGIN CERTIFICATE"`);
  });
}
