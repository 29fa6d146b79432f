/** What each file of the project imports, read from its text. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

export interface Import {
  /** A path from the root of the project, or the name of a package or built-in. */
  target: string;
  isFile: boolean;
  /** `import type`: gone at run time. A `{ type A }` alone still loads the module (verbatimModuleSyntax). */
  isType: boolean;
}

export interface Source {
  path: string;
  imports: readonly Import[];
}

/** `import … from`, `export … from` and `import '…'` at the start of a line; and `import('…')` anywhere. */
const STATEMENT = /^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function importOf(path: string, specifier: string, isType: boolean): Import {
  const isFile = specifier.startsWith('.');
  return { target: isFile ? posix.join(dirname(path), specifier) : specifier, isFile, isType };
}

export function importsOf(path: string, text: string): Import[] {
  const statements = [...text.matchAll(STATEMENT)].map(([, type, specifier]) =>
    importOf(path, specifier!, type !== undefined),
  );
  return [
    ...statements,
    ...[...text.matchAll(DYNAMIC)].map(([, specifier]) => importOf(path, specifier!, false)),
  ];
}

const NOT_OURS = new Set(['node_modules', 'generated', 'coverage']);

function* filesIn(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (entry.name.startsWith('.') || NOT_OURS.has(entry.name)) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(root, path);
    else if (/\.(?:ts|mts|mjs|js)$/.test(entry.name) && !entry.name.includes('.d.')) yield path;
  }
}

/** Every source file of the project, generated ones left out. */
export function readSources(root: string): Source[] {
  return [...filesIn(root, '')].map((path) => ({
    path,
    imports: importsOf(path, readFileSync(join(root, path), 'utf8')),
  }));
}
