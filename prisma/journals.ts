/** The journals of tasks and problems: appended to by one SQL function, read back as events, followed by readers. */
import {
  journalRow,
  openJournal,
  type Journaled,
  type JournalEvent,
  type JournalKind,
  type JournalName,
  type JournalOpening,
  type JournalRow,
} from '../domain/journal.ts';
import type { Database } from './client.ts';
import type { Text } from './generated/client.ts';

/** Some events for the end of a journal, and the row that then stands for it. */
export interface JournalWrite {
  kind: JournalName;
  id: string;
  /** Sequence after which the events come; must still be the last. */
  head: number;
  events: readonly JournalEvent[];
  row: JournalRow;
}

export type JournalAnswer =
  | { recorded: true }
  /**
   * Nothing was written: the journal is ahead (`events`), some ids are older than remembered (`known`), or another
   * unresolved problem has the fingerprint (`taken`: its id).
   */
  | {
      recorded: false;
      events: JournalEvent[];
      known: { id: string; sequence: number }[];
      taken?: string;
    };

/** One event of any journal, with its place in the order in which readers follow them. */
export interface JournalLogRow {
  kind: JournalName;
  journalId: string;
  event: JournalEvent;
  xid: bigint;
  position: bigint;
}

export interface JournalStore {
  record(write: JournalWrite): Promise<JournalAnswer>;
  /** Events after `after`, oldest first. */
  events(kind: JournalName, id: string, after?: number): Promise<JournalEvent[]>;
  /** The next events of all journals after the reader's cursor; as `ReaderStore.next` does for the ledger. */
  next(reader: string, limit: number): Promise<JournalLogRow[]>;
  /** Erasable texts by id. */
  texts(ids: readonly string[]): Promise<Map<string, Text>>;
  /** Journals whose milestone is more than `graceMs` past, the longest overdue first. */
  overslept(page: { graceMs: number; limit: number }): Promise<{ kind: JournalName; id: string }[]>;
}

/** The row of a journal: how what it is of stands (domain/journal.ts, `journalRow`). */
export interface StateRow {
  id: string;
  sequence: number;
  body: unknown;
}

export const stateOf = <S extends Journaled>({ id, sequence, body }: StateRow): S =>
  ({ ...(body as Omit<S, 'id' | 'sequence'>), id, sequence }) as S;

export function createJournalStore(database: Database): JournalStore {
  return {
    async record({ kind, id, head, events, row }) {
      const [found] = await database.$queryRaw<{ answer: JournalAnswer }[]>`
        SELECT tierline_record_journal(${kind}, ${id}, ${head}::int, ${JSON.stringify(events)}::jsonb,
          ${JSON.stringify(row)}::jsonb) AS answer`;
      return found!.answer;
    },
    async events(kind, id, after = 0) {
      const [row] = await database.$queryRaw<{ events: JournalEvent[] }[]>`
        SELECT tierline_journal(${kind}, ${id}, ${after}::int) AS events`;
      return row!.events;
    },
    next: (reader, limit) => database.$queryRaw<JournalLogRow[]>`
      SELECT j.kind, j.journal_id AS "journalId", tierline_journal_event(j) AS event, j.xid, j.position
      FROM journal j
      WHERE (j.xid, j.position) > (
          coalesce((SELECT r.xid FROM readers r WHERE r.name = ${reader}), 0),
          coalesce((SELECT r.position FROM readers r WHERE r.name = ${reader}), 0))
        AND j.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      ORDER BY j.xid, j.position
      LIMIT ${limit}`,
    async texts(ids) {
      const rows = ids.length > 0 ? await database.text.findMany({ where: { id: { in: [...ids] } } }) : [];
      return new Map(rows.map((row) => [row.id, row]));
    },
    overslept: ({ graceMs, limit }) => database.$queryRaw<{ kind: JournalName; id: string }[]>`
      SELECT kind, id FROM (
        SELECT 'task' AS kind, id, next_milestone_at FROM tasks
        UNION ALL SELECT 'problem', id, next_milestone_at FROM problems
        UNION ALL SELECT 'review', id, next_milestone_at FROM reviews
        UNION ALL SELECT 'containment', id, next_milestone_at FROM containments) AS journals
      WHERE next_milestone_at < now() - ${graceMs} * interval '1 millisecond'
      ORDER BY next_milestone_at LIMIT ${limit}`,
  };
}

/**
 * Opens a task or a problem: its first event and its row, both or neither. Safe to repeat: what is open already is
 * answered as `recorded: false` with what stands. Starting its workflow is the caller's.
 */
export async function openInJournal<
  S extends Journaled,
  B extends { type: string },
  C extends { type: string },
>(
  journals: Pick<JournalStore, 'record'>,
  kind: JournalKind<S, B, C>,
  id: string,
  opening: JournalOpening<B>,
): Promise<JournalAnswer> {
  const { state, events } = openJournal(kind, id, opening);
  return journals.record({
    kind: kind.name,
    id,
    head: 0,
    events,
    row: journalRow(kind, state, opening.occurredAt),
  });
}
