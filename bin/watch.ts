/** Tells when a source file changed, for `tierline start --watch`. */
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './config.ts';

const FOLDERS = ['activities', 'api', 'bin', 'console', 'domain', 'prisma', 'workflows'];
const SETTLE_MS = 200; // editors and formatters write several files, some of them twice

/** Calls `onChange` once after each burst of changes to source files; answers how to stop watching. */
export function watchSources(onChange: () => void): () => void {
  let settling: NodeJS.Timeout | undefined;
  const changed = (_event: string, file: string | null) => {
    if (file === null || !/\.(ts|tsx|css|html)$/.test(file)) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS);
  };
  const folders = FOLDERS.map((name) => join(projectRoot, name)).filter(existsSync);
  const watchers = folders.map((folder) => watch(folder, { recursive: true }, changed));
  return () => {
    clearTimeout(settling);
    for (const watcher of watchers) watcher.close();
  };
}
