/** Looks for secrets where none may be: in every column of every row of a database, in every form they may have. */
import { expect } from '@jest/globals';
import type { Database } from '../../prisma/client.ts';

/** As it is, and as encoders write it. */
function formsOf(canary: string): string[] {
  const bytes = Buffer.from(canary);
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  return [
    canary,
    JSON.stringify(canary).slice(1, -1),
    encodeURIComponent(canary),
    bytes.toString('hex'),
    ...base64,
  ];
}

/** Which canaries are in a text, in some form; bytes that PostgreSQL shows in hexadecimal count. */
export function foundIn(text: string, canaries: readonly string[]): string[] {
  const lower = text.toLowerCase();
  return canaries.filter((canary) => formsOf(canary).some((form) => lower.includes(form.toLowerCase())));
}

/** Every row of every table, as text. */
async function dumpOf(database: Database): Promise<{ table: string; rows: string[] }[]> {
  const tables = await database.$queryRaw<{ name: string }[]>`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`;
  return Promise.all(
    tables.map(async ({ name }) => {
      const rows = await database.$queryRawUnsafe<{ row: string }[]>(`SELECT t::text AS row FROM ${name} t`);
      return { table: name, rows: rows.map(({ row }) => row) };
    }),
  );
}

/**
 * Fails, naming table and canary, where one of them is in the database; and where no row was looked at, for then nothing
 * was shown.
 */
export async function expectNowhere(database: Database, canaries: readonly string[]): Promise<void> {
  const dump = await dumpOf(database);
  expect(dump.flatMap(({ rows }) => rows).length).toBeGreaterThan(0);
  const found = dump.flatMap(({ table, rows }) =>
    foundIn(rows.join('\n'), canaries).map((canary) => `${canary} is in ${table}`),
  );
  expect(found).toEqual([]);
}
