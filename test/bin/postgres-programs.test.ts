import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { launchPlan, postgresPrograms } from '../../bin/postgres-programs.ts';
import { temporaryFolder } from './helpers.ts';

const asRoot = process.getuid?.() === 0;
const hasSetpriv = ['/usr/bin/setpriv', '/bin/setpriv'].some((path) => {
  try {
    execFileSync(path, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

(asRoot ? test.skip : test)('an ordinary user runs the programs as they are', async () => {
  const home = temporaryFolder();
  const plan = launchPlan({ programs: await postgresPrograms(), home, data: join(home, 'postgres') });
  expect(plan).toEqual({ account: null, through: [], credentials: {} });
});

(asRoot && hasSetpriv ? test : test.skip)(
  'as root, a clone in a folder closed to others still works',
  async () => {
    const shipped = await postgresPrograms();
    const closed = temporaryFolder();
    chmodSync(closed, 0o700);
    const native = dirname(dirname(shipped.initdb));
    const copy = join(closed, 'native');
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    const programs = {
      initdb: join(copy, 'bin', basename(shipped.initdb)),
      postgres: join(copy, 'bin', basename(shipped.postgres)),
    };
    const home = join(closed, 'home');
    mkdirSync(home);

    const plan = launchPlan({ programs, home, data: join(home, 'postgres') });
    expect(plan.account?.uid).toBeGreaterThan(0);
    // initdb looks for postgres beside itself, and for its templates, before it shows its settings.
    const [command, ...args] = [...plan.through, programs.initdb, '--show', '--pgdata', home, '--locale=C'];
    expect(() => execFileSync(command!, args, { cwd: '/', stdio: 'pipe' })).not.toThrow();
  },
);
