import pg from 'pg';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createReaderStore, type ReaderStore } from '../../prisma/readers.ts';
import { createTestDatabase } from '../support/database.ts';

let url: string;
let database: Database;
let readers: ReaderStore;
beforeAll(async () => {
  url = await createTestDatabase();
  database = openDatabase(url);
  readers = createReaderStore(database);
});
afterAll(() => database.$disconnect());

const INSERT = `INSERT INTO ledger (ticket_id, sequence, id, type, source, occurred_at, received_at, recorded_at, data, xid)
  VALUES ($1, 1, 'request:x/0', 'acknowledged', 'request', now(), now(), now(), '{}', pg_current_xact_id()::text::bigint)`;

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

async function readAll(reader: string): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const rows = await readers.next(reader, 2);
    if (rows.length === 0) return found;
    found.push(...rows.map(({ ticketId }) => ticketId));
    await readers.advance(reader, rows.at(-1)!);
  }
}

test('a row that commits after a later one is not skipped', async () => {
  const slow = await connect();
  const quick = await connect();
  await slow.query('BEGIN');
  await slow.query(INSERT, ['slow']);
  await quick.query(INSERT, ['quick']);
  expect(await readAll('gap')).toEqual([]);
  await slow.query('COMMIT');
  await quick.query(INSERT, ['last']);
  expect((await readAll('gap')).toSorted()).toEqual(['last', 'quick', 'slow']);
  await Promise.all([slow.end(), quick.end()]);
});

test('readers keep their own places', async () => {
  const client = await connect();
  await client.query(INSERT, ['one-more']);
  await client.end();
  expect(await readAll('gap')).toEqual(['one-more']);
  expect(await readAll('another')).toContain('slow');
  expect(await readAll('another')).toEqual([]);
});
