/**
 * The command line as a few files of JavaScript, our sources and most packages in them. Loading hundreds of small
 * files through tsx costs a start more than everything else together (docs/decisions/0011-program-bundle.md), so
 * the bundle is kept under node_modules/.cache until a source file or an installed package changes.
 *
 * Plain JavaScript, for it is what loads everything else.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fingerprintOf } from './fingerprint.mjs';

const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A process has loaded all it needs from its bundle long before the bundle may be cleared away. */
const CLEARED_AFTER_MS = 10 * 60_000;

/**
 * Packages that are not bundled: Temporal's, because of native parts and of files they look for beside their own;
 * pino, which starts threads from files of its own; ssh2, which has native parts where they could be built; the query compiler, because it is large and a file already; esbuild.
 */
const NOT_BUNDLED = /^(@temporalio\/|pino$|ssh2$|esbuild$|@prisma\/client\/runtime\/query_compiler)/;

/**
 * Folder of the bundle of the sources as they are now, made first if there is none; its entry is `tierline.mjs`.
 * Two processes may call this at once. Throws when it cannot be made.
 */
export async function bundleProgram(root = projectRoot) {
  const cache = join(root, 'node_modules', '.cache', 'tierline');
  for (;;) {
    const fingerprint = fingerprintOf(root);
    const folder = join(cache, `program-${fingerprint}`);
    if (markUsed(folder)) return folder;
    const draft = `${folder}.${process.pid}.new`;
    try {
      mkdirSync(draft, { recursive: true }); // fails early where nothing can be kept
      await build(root, draft);
      // A source that changed meanwhile may be in there in either form.
      if (fingerprintOf(root) === fingerprint) put(draft, folder);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    clearOld(cache);
  }
}

async function build(root, outdir) {
  const { build: bundle } = await import('esbuild');
  const rootUrl = pathToFileURL(join(root, 'package.json')).href;
  await bundle({
    absWorkingDir: root,
    entryPoints: ['bin/tierline.ts'],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true, // a command loads only what it needs
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'silent',
    // Packages in CommonJS call require for what Node brings along.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(${JSON.stringify(rootUrl)});`,
    },
    plugins: [loadedByRequire, sourcesKnowTheirPlace(root)],
  });
}

/**
 * What is not bundled is CommonJS and loaded as such: `import` would first read all its files for the names that
 * they export.
 */
const loadedByRequire = {
  name: 'loaded by require',
  setup({ onResolve, onLoad }) {
    const namespace = 'required';
    onResolve({ filter: NOT_BUNDLED }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace } : { path, external: true },
    );
    onLoad({ filter: /^/, namespace }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }));
  },
};

/** In our own sources `import.meta` keeps telling of the source file: migrations and policies are found by it. */
function sourcesKnowTheirPlace(root) {
  const inTheirPlace = (text, path) => {
    const meta = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) };
    return text.replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name) => JSON.stringify(meta[name]));
  };
  return {
    name: 'sources know their place',
    setup({ onLoad }) {
      onLoad({ filter: /\.(ts|mjs)$/ }, ({ path }) => {
        if (relative(root, path).startsWith('node_modules')) return undefined;
        return {
          contents: inTheirPlace(readFileSync(path, 'utf8'), path),
          loader: extname(path) === '.ts' ? 'ts' : 'js',
        };
      });
    },
  };
}

/** Moves a finished draft to its place in one step; somebody else's there is as good. */
function put(draft, folder) {
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

/** Answers whether there is one to use. */
function markUsed(folder) {
  try {
    const now = new Date();
    utimesSync(folder, now, now);
    return true;
  } catch {
    return false;
  }
}

function clearOld(cache) {
  for (const name of readdirSync(cache).filter((name) => name.startsWith('program-'))) {
    const path = join(cache, name);
    const usedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (usedAt < Date.now() - CLEARED_AFTER_MS) rmSync(path, { recursive: true, force: true });
  }
}
