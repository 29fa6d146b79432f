/** What the watchdog needs of the database: to be the only one, and to find tickets that should have woken up. */
import pg from 'pg';

/** Any number, as long as every watchdog locks the same. */
const LOCK = 7_204_002;

export interface WatchdogStore {
  /** Whether this process is the watchdog: the first that asks, for as long as its connection lives. */
  isOnDuty(): Promise<boolean>;
  /** Tickets whose milestone is more than `graceMs` past, the longest overdue first. */
  overdue(page: { graceMs: number; limit: number }): Promise<string[]>;
  close(): Promise<void>;
}

/** A connection of its own: the lock is the session's. It is made again when it was lost. */
export function createWatchdogStore(url: string): WatchdogStore {
  let session: pg.Client | null = null;

  const connect = async (): Promise<pg.Client> => {
    if (session) return session;
    const client = new pg.Client({ connectionString: url, options: '-c TimeZone=UTC' });
    client.on('error', () => (session = null));
    await client.connect();
    return (session = client);
  };

  return {
    async isOnDuty() {
      const client = await connect();
      // Taken again by the session that has it, the lock only counts; that would need as many releases.
      const { rows } = await client.query<{ mine: boolean }>(
        `SELECT EXISTS (
             SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1::bigint::oid AND pid = pg_backend_pid())
           OR pg_try_advisory_lock($1::bigint) AS mine`,
        [LOCK],
      );
      return rows[0]!.mine;
    },
    async overdue({ graceMs, limit }) {
      const client = await connect();
      const { rows } = await client.query<{ id: string }>(
        `SELECT id FROM tickets
         WHERE next_milestone_at < now() - $1 * interval '1 millisecond'
         ORDER BY next_milestone_at LIMIT $2`,
        [graceMs, limit],
      );
      return rows.map(({ id }) => id);
    },
    async close() {
      await session?.end();
      session = null;
    },
  };
}
