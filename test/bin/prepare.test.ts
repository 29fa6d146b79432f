import { expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeComplaint, prepare, preparedState } from '../../bin/prepare.mjs';
import { temporaryFolder } from './helpers.ts';

test.each(['20.19.0', '20.20.2', '22.12.0', '22.20.1', '24.0.0', '26.1.0'])('Node %s will do', (version) => {
  expect(nodeComplaint(version)).toBeNull();
});

test.each(['18.20.0', '20.18.3', '21.7.0', '22.11.0', '23.9.0'])(
  'Node %s is refused by number',
  (version) => {
    expect(nodeComplaint(version)).toContain(`this is Node ${version}`);
  },
);

interface Locked {
  version: string;
  dev?: boolean;
  optional?: boolean;
}

/** A clone with this lock file, and with what npm recorded as installed (null: nothing). */
function clone(locked: Record<string, Locked>, installed: Record<string, Locked> | null): string {
  const root = temporaryFolder();
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: locked }));
  if (installed !== null) {
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  }
  return root;
}

const a = { 'node_modules/a': { version: '1.0.0' } };
const tool = { 'node_modules/tool': { version: '2.0.0', dev: true } };
const foreign = { 'node_modules/foreign': { version: '3.0.0', optional: true } };

test.each([
  ['no node_modules', clone(a, null), 'none'],
  ['everything as locked', clone({ ...a, ...tool }, { ...a, ...tool }), 'all'],
  ['without development packages', clone({ ...a, ...tool }, a), 'production'],
  ['without a package of another platform', clone({ ...a, ...foreign }, a), 'all'],
  ['a package missing', clone({ ...a, 'node_modules/b': { version: '1.0.0' } }, a), 'stale'],
  ['a package of another version', clone(a, { 'node_modules/a': { version: '0.9.0' } }), 'stale'],
])('npm run by hand is recognised: %s', (_case, root, packages) => {
  expect(preparedState(root)).toEqual({ packages, client: 'no schema' });
});

test('two at once install once, the second waits; then there is nothing to do', async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'tiny'));
  writeFileSync(join(root, 'tiny', 'package.json'), '{"name":"tiny","version":"1.0.0"}');
  const install = "node -e \"require('fs').appendFileSync('runs','x')\"";
  const manifest = { name: 'clone', dependencies: { tiny: 'file:tiny' }, scripts: { postinstall: install } };
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
  const entries = {
    '': manifest,
    tiny: { version: '1.0.0' },
    'node_modules/tiny': { resolved: 'tiny', link: true },
  };
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ name: 'clone', lockfileVersion: 3, packages: entries }),
  );

  await Promise.all([prepare({ root }), prepare({ root })]);
  expect(existsSync(join(root, 'node_modules', 'tiny', 'package.json'))).toBe(true);
  expect(readFileSync(join(root, 'runs'), 'utf8')).toBe('x');
  expect(preparedState(root).packages).toBe('production');
  await prepare({ root });
  expect(readFileSync(join(root, 'runs'), 'utf8')).toBe('x');

  await prepare({ root, dev: true });
  expect(preparedState(root).packages).toBe('all');
  await prepare({ root });
  expect(preparedState(root).packages).toBe('all');
});

test('a failing install says so', async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, 'package.json'), 'not json');
  writeFileSync(join(root, 'package-lock.json'), '{}');
  await expect(prepare({ root })).rejects.toThrow('npm install failed');
});
