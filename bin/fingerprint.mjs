/**
 * What a compiled copy of our sources was made from, as a short text: a kept copy serves as long as this is unchanged.
 * No dependencies: it is needed before anything but Node can be loaded.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Besides the sources: what is installed, how to compile, and what the Prisma client is generated from. */
const ALWAYS = ['package-lock.json', 'tsconfig.json', 'prisma/schema.prisma'];
const WITHOUT_SOURCES = new Set(['node_modules', 'coverage', 'docs', 'test']);

/** Fingerprint of the sources in these folders of the project (default: all that hold any) and of this Node. */
export function fingerprintOf(root, folders = sourceFolders(root)) {
  const hash = createHash('sha256').update(process.version);
  for (const path of [...ALWAYS, ...folders.flatMap((folder) => sourcesIn(root, folder)).sort()]) {
    hash.update(`\n${path}\n`).update(contentsOf(join(root, path)));
  }
  return hash.digest('hex').slice(0, 16);
}

function sourceFolders(root) {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !WITHOUT_SOURCES.has(entry.name))
    .map(({ name }) => name);
}

function sourcesIn(root, folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !name.startsWith('generated'))
    .map((name) => join(folder, name));
}

function contentsOf(path) {
  try {
    return readFileSync(path);
  } catch {
    return ''; // gone, or removed since the folder was read
  }
}
