import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { moduleUrl, projectRoot, temporaryFolder } from './helpers.ts';

const SOURCES = ['api', 'activities', 'bench', 'bin', 'domain', 'histories', 'prisma', 'workflows'];

/** A copy of the sources over the installed packages, so that the cache of the clone is left alone. */
function copyOfSources(): string {
  const root = temporaryFolder();
  for (const folder of SOURCES) cpSync(join(projectRoot, folder), join(root, folder), { recursive: true });
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(join(projectRoot, file), join(root, file));
  cpSync(
    join(projectRoot, 'node_modules', '.package-lock.json'),
    join(root, 'node_modules', '.package-lock.json'),
  );
  for (const name of readdirSync(join(projectRoot, 'node_modules')))
    if (!name.startsWith('.'))
      symlinkSync(join(projectRoot, 'node_modules', name), join(root, 'node_modules', name));
  return root;
}

const bundle = (root: string): string =>
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { bundleProgram } from '${moduleUrl('bin/program-bundle.mjs')}';
       console.log(await bundleProgram('${root}'));`,
    ],
    { encoding: 'utf8' },
  ).trim();

test('a bundle is kept until a source changes', () => {
  const root = copyOfSources();
  const first = bundle(root);
  expect(existsSync(join(first, 'tierline.mjs'))).toBe(true);
  expect(bundle(root)).toBe(first);
  writeFileSync(join(root, 'bin', 'version.ts'), `export const packageVersion = 'another';\n`);
  const second = bundle(root);
  expect(second).not.toBe(first);
  expect(existsSync(join(second, 'tierline.mjs'))).toBe(true);
});
