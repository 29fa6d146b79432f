import pg from 'pg';
import { expect, test } from '@jest/globals';
import { assertUtc, openDatabase } from '../../prisma/client.ts';
import { createTestDatabase } from '../support/database.ts';

async function withZone(url: string, zone: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET timezone = '${zone}'`);
  await client.end();
}

test('sessions are in UTC whatever the database says, and another client reads the same instant', async () => {
  const url = await createTestDatabase();
  await withZone(url, 'America/New_York');
  const database = openDatabase(url);
  await assertUtc(database);
  const at = new Date('2026-07-01T12:00:00.123Z');
  await database.apiKey.create({ data: { id: 'zone', hash: '', name: '', role: 'admin', createdAt: at } });
  await database.$disconnect();

  const other = new pg.Client({ connectionString: url });
  await other.connect();
  const { rows } = await other.query<{ at: string }>(
    `SELECT created_at::text AS at FROM api_keys WHERE id = 'zone'`,
  );
  await other.end();
  expect(rows[0]!.at).toBe('2026-07-01 08:00:00.123-04');
});

test('a session that is not in UTC is refused at the start', async () => {
  const url = new URL(await createTestDatabase());
  const rows = [{ TimeZone: 'Europe/Berlin' }];
  const database = openDatabase(url.href);
  const elsewhere = { $queryRaw: () => Promise.resolve(rows) } as unknown as typeof database;
  await expect(assertUtc(elsewhere)).rejects.toThrow(/Europe\/Berlin, not UTC/);
  await database.$disconnect();
});

test.each(['0', 'soon', '-3', '10000'])(
  'a connect_timeout of %s is refused, and the URL stays unsaid',
  (given) => {
    const url = `postgresql://tierline:hidden@127.0.0.1:5432/tierline?connect_timeout=${given}`;
    const open = () => openDatabase(url);
    expect(open).toThrow(`connect_timeout in the URL of the database is ${given}`);
    expect(open).not.toThrow(/hidden/);
  },
);
