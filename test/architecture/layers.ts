/** The layers of the project (docs/architecture.md) as rules about imports. */
import type { Import, Source } from './imports.ts';

interface Layer {
  /** Folders whose files it may import. */
  uses: readonly string[];
  /** Files that it may import besides. */
  names?: readonly string[];
  /** Folders that it may import as types. */
  types?: readonly string[];
  /** Files of its folders that it leaves alone. */
  not?: readonly string[];
  /** Packages and built-ins that it may import; any, if absent. */
  packages?: readonly string[];
}

const CALENDAR = 'domain/calendar.ts';
const ZONE = 'domain/zone.ts';
const MESSAGES = 'workflows/messages.ts';

const INNER = ['domain', 'prisma', 'workflows', 'activities', 'api', 'histories', 'bin', 'bench'];

export const LAYERS: Record<string, Layer> = {
  domain: { uses: ['domain'], packages: [] },
  histories: { uses: ['histories', 'domain'] },
  prisma: { uses: ['prisma', 'domain'] },
  workflows: {
    uses: ['workflows', 'domain'],
    types: ['activities'],
    not: [CALENDAR, ZONE],
    packages: ['@temporalio/workflow'],
  },
  activities: { uses: ['activities', 'domain', 'prisma'], names: [MESSAGES] },
  api: { uses: ['api', 'domain', 'prisma'], names: [MESSAGES] },
  bin: { uses: INNER },
  bench: { uses: INNER },
  test: { uses: [...INNER, 'test'] },
};

/** The one file of the domain that needs more than the language: it hashes calendars. */
const PACKAGES_OF_FILES: Record<string, readonly string[]> = {
  [CALENDAR]: ['node:crypto'],
};

/** Packages that belong to some layers alone. */
const OWNERS: Record<string, readonly string[]> = {
  '@prisma/client': ['prisma'],
  '@prisma/adapter-pg': ['prisma'],
  express: ['api', 'test'],
  '@temporalio/worker': ['bin', 'bench', 'test'],
};

const layerOf = (path: string): string => path.split('/')[0]!;
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function fileFault(path: string, { target, isType }: Import): string | null {
  const layer = LAYERS[layerOf(path)];
  // Files at the root are configuration of tools; nobody imports them, and they may ask bin for paths.
  if (!layer) return layerOf(target) === 'test' ? 'is configuration and imports a test' : null;
  const { uses, names = [], types = [], not = [] } = layer;
  if (not.includes(target)) return isType ? null : `must leave ${target} alone`;
  const to = layerOf(target);
  if (uses.includes(to) || names.includes(target)) return null;
  if (types.includes(to)) return isType ? null : `may name ${to} in types only`;
  return `must not import ${to}`;
}

function packageFault(path: string, { target }: Import): string | null {
  const name = packageOf(target);
  const layer = layerOf(path);
  const owners = OWNERS[name];
  if (owners && !owners.includes(layer)) return `must not import ${name}: it is for ${owners.join(', ')}`;
  const packages = PACKAGES_OF_FILES[path] ?? LAYERS[layer]?.packages;
  return packages === undefined || packages.includes(name) ? null : `must not import ${name}`;
}

/** Everything that goes against the layers, in words. */
export function layerFaults(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports.flatMap((one) => {
      const fault = one.isFile ? fileFault(path, one) : packageFault(path, one);
      return fault === null ? [] : [`${path} ${fault}`];
    }),
  );
}

/** Files and packages that are loaded with `entry`: what the workflow bundle holds. */
export function reachableFrom(entry: string, sources: readonly Source[]): Set<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const follow = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { target, isType } of byPath.get(path)?.imports ?? []) if (!isType) follow(target);
  };
  follow(entry);
  return reached;
}

/** The first ring of imports found from each file that is in one; types count too. */
export function cyclesIn(sources: readonly Source[]): string[][] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) return void cycles.push([...trail.slice(start), path]);
    if (done.has(path)) return;
    for (const { target, isFile } of byPath.get(path)?.imports ?? [])
      if (isFile) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return cycles;
}
