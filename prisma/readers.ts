/**
 * Readers of the ledger, each with its own cursor. They order by (transaction, position) and stay below the
 * oldest transaction still running: a sequence is not commit order, and a reader that trusts it skips rows
 * (docs/rules.md §1).
 */
import type { LedgerEvent } from '../domain/events.ts';
import type { Database } from './client.ts';

export interface LedgerRow {
  ticketId: string;
  event: LedgerEvent;
  xid: bigint;
  position: bigint;
}

export interface ReaderStore {
  /** The next events after the reader's cursor, at most `limit`; a new reader starts at the beginning. */
  next(reader: string, limit: number): Promise<LedgerRow[]>;
  /** Moves the cursor to this row: everything up to it has been dealt with. */
  advance(reader: string, row: Pick<LedgerRow, 'xid' | 'position'>): Promise<void>;
}

export function createReaderStore(database: Database): ReaderStore {
  return {
    next: (reader, limit) => database.$queryRaw<LedgerRow[]>`
      SELECT l.ticket_id AS "ticketId", tierline_event(l) - 'rules' AS event, l.xid, l.position
      FROM ledger l
      WHERE (l.xid, l.position) > (
          coalesce((SELECT r.xid FROM readers r WHERE r.name = ${reader}), 0),
          coalesce((SELECT r.position FROM readers r WHERE r.name = ${reader}), 0))
        AND l.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      ORDER BY l.xid, l.position
      LIMIT ${limit}`,
    async advance(name, { xid, position }) {
      await database.reader.upsert({
        where: { name },
        create: { name, xid, position },
        update: { xid, position },
      });
    },
  };
}
