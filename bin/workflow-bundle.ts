/**
 * The workflows compiled to one file, as Temporal's isolate wants them. Compiling costs a worker's start more than
 * everything else together, so the result is kept until a source file or an installed package changes.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { projectRoot } from './config.ts';

/** Workflows import from the first two alone; the others are here so that a slip of that rule cannot serve stale code. */
const SOURCES = ['workflows', 'domain', 'activities', 'api', 'prisma'];
const CACHE = join(projectRoot, 'node_modules', '.cache', 'tierline');

/** The bundle of workflows/index.ts: the one kept, if nothing changed since, else a new one. */
export async function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  const name = `workflows-${fingerprint()}.js`;
  const kept = readIfThere(join(CACHE, name));
  if (kept !== null) return { code: kept, sourceMap: SOURCE_MAP_IS_INLINE };
  const silent = () => {};
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(projectRoot, 'workflows', 'index.ts'),
    logger: { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
  keep(name, bundle.code);
  return bundle;
}

/** What the SDK itself says there, since the map travels inside the code. */
const SOURCE_MAP_IS_INLINE = 'deprecated: this is no longer in use\n';

function fingerprint(): string {
  const hash = createHash('sha256');
  const sources = SOURCES.flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('generated'))
      .map((name) => join(folder, name)),
  );
  for (const path of ['package-lock.json', ...sources.sort()]) {
    hash.update(`${path}\n`).update(readFileSync(join(projectRoot, path)));
  }
  return hash.update(process.version).digest('hex').slice(0, 16);
}

/** Keeps this bundle and drops older ones. A cache that cannot be written is only slower. */
function keep(name: string, code: string): void {
  try {
    mkdirSync(CACHE, { recursive: true });
    for (const old of readdirSync(CACHE).filter((file) => /^workflows-\w+\.js$/.test(file))) {
      rmSync(join(CACHE, old), { force: true });
    }
    const draft = join(CACHE, `${name}.${process.pid}.new`);
    writeFileSync(draft, code);
    renameSync(draft, join(CACHE, name));
  } catch {
    // Read-only installations compile at every start.
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
