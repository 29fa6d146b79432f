import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { rig } from './rig.ts';

/** A database of its own for one test file: a copy of the migrated template. Answers its URL. */
export async function createTestDatabase(): Promise<string> {
  const { postgres, template } = rig();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: postgres });
  await client.connect();
  // Copying waits for a lock on the template; two files may ask at once.
  await client.query('SELECT pg_advisory_lock(1)');
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  await client.end();
  const url = new URL(postgres);
  url.pathname = `/${name}`;
  // A machine that stands still for a while is no fault of what is tested.
  url.searchParams.set('connect_timeout', '60');
  return url.href;
}
