import { expect, test } from '@jest/globals';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, type RunningPostgres } from '../../bin/embedded-postgres.ts';
import { identify } from '../../bin/processes.ts';
import { firstJsonLine, killNine, moduleUrl, runScript, temporaryFolder } from './helpers.ts';

async function query(server: Pick<RunningPostgres, 'url'>, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

const inOwnProcess = (home: string) =>
  runScript(`
    import { startPostgres } from ${JSON.stringify(moduleUrl('bin/embedded-postgres.ts'))};
    const { pid, url } = await startPostgres({ home: ${JSON.stringify(home)}, port: 0 });
    console.log(JSON.stringify({ pid, url }));
    setInterval(() => {}, 1000);`);

test('starts in UTC, UTF-8 and durable; keeps its data and its port over a restart', async () => {
  const home = temporaryFolder();
  const first = await startPostgres({ home, port: 0 });
  const settings = await query(
    first,
    `SELECT current_setting('TimeZone') AS zone, current_setting('server_encoding') AS encoding,
            current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`,
  );
  expect(settings).toEqual([{ zone: 'UTC', encoding: 'UTF8', fsync: 'on', commit: 'on' }]);
  expect(statSync(join(home, 'postgres-password')).mode & 0o777).toBe(0o600);
  await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await expect(startPostgres({ home })).rejects.toThrow(`started by process ${process.pid}`);
  await first.stop();
  await first.stop();
  expect(await first.exited).toBe('exit code 0');

  const second = await startPostgres({ home });
  expect(second.port).toBe(first.port);
  expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  await second.stop();
  expect(identify(second.pid)).toBeNull();
});

test('a wrong password is refused', async () => {
  const server = await startPostgres({ home: temporaryFolder(), port: 0 });
  await expect(query({ url: server.url.replace(/:[^:@]+@/, ':wrong@') }, 'SELECT 1')).rejects.toThrow(
    'password',
  );
  await server.stop();
});

test('a server left behind by a killed owner is stopped, and its data are there', async () => {
  const home = temporaryFolder();
  const owner = inOwnProcess(home);
  const orphan = await firstJsonLine<{ pid: number; url: string }>(owner);
  await query(orphan, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await expect(startPostgres({ home })).rejects.toThrow(`started by process ${owner.pid}`);
  await killNine(owner);
  expect(identify(orphan.pid)).not.toBeNull();

  const next = await startPostgres({ home });
  expect(identify(orphan.pid)).toBeNull();
  expect(await query(next, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  await next.stop();
});

test('what an interrupted first start left behind does not count as data', async () => {
  const home = temporaryFolder();
  const draft = join(home, 'postgres.12345.new');
  mkdirSync(draft);
  const server = await startPostgres({ home, port: 0 });
  expect(existsSync(draft)).toBe(false);
  await server.stop();
});

test('a folder that holds something else is left alone', async () => {
  const home = temporaryFolder();
  mkdirSync(join(home, 'postgres'));
  await expect(startPostgres({ home, port: 0 })).rejects.toThrow('holds no database');
});
