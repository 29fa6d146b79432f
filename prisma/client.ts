/** The one place where connections to PostgreSQL are made. Every session is in UTC, and that is checked. */
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';

export type Database = PrismaClient;

/** Connections per process; the API and the worker have one pool each. */
const POOL_SIZE = 10;
/** A database that hangs is as good as away: better an error that can be told than a caller who waits. */
const CONNECT_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 15_000;

/** As libpq reads it: seconds, in the URL. */
function connectWithinMs(url: string): number {
  const given = URL.canParse(url) ? new URL(url).searchParams.get('connect_timeout') : null;
  if (given === null) return CONNECT_WITHIN_MS;
  if (!/^[1-9]\d{0,3}$/.test(given))
    throw new Error(
      `connect_timeout in the URL of the database is ${given}: say a number of seconds, 1 to 9999`,
    );
  return 1_000 * Number(given);
}

/**
 * Opens a pool; `connect_timeout` in the URL is heard. Throws where that is not a number of seconds. The adapter writes and reads instants wrongly in any session zone but UTC
 * (prisma/orm#28629), so every connection asks for UTC in its start-up packet.
 */
export function openDatabase(url: string, { onError }: { onError?: (error: Error) => void } = {}): Database {
  const report = onError ?? (() => undefined);
  const adapter = new PrismaPg(
    {
      connectionString: url,
      options: '-c TimeZone=UTC',
      max: POOL_SIZE,
      connectionTimeoutMillis: connectWithinMs(url),
      query_timeout: ANSWER_WITHIN_MS,
    },
    { onPoolError: report, onConnectionError: report },
  );
  return new PrismaClient({ adapter });
}

/** Throws where a session is not in UTC all the same: a pooler in between may drop start-up options. */
export async function assertUtc(database: Database): Promise<void> {
  const [row] = await database.$queryRaw<{ TimeZone: string }[]>`SHOW TimeZone`;
  if (row?.TimeZone !== 'UTC')
    throw new Error(
      `The PostgreSQL session is in time zone ${row?.TimeZone ?? '?'}, not UTC; ` +
        `set it for the role: ALTER ROLE … SET timezone = 'UTC'`,
    );
}
