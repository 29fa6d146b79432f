/** The pasts of our own tickets, as what-if reads them: stories and recorded verdicts, page by page. */
import type { LedgerEvent } from '../domain/events.ts';
import type { ClockName, Priority } from '../domain/policy.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { ENGINE_BOOK } from './ledger.ts';
import { visibleTo, whereVisible } from './visibility.ts';

export interface HistoryFilter {
  /** Opened from this instant on, and before that one; epoch milliseconds. */
  from: number;
  to: number;
  /** Name of the policy that judges them. */
  policy?: string | undefined;
  customer?: string | undefined;
  service?: string | undefined;
  category?: string | undefined;
  type?: string | undefined;
}

/** One cycle of a clock as the engine recorded it; instants in epoch milliseconds. */
export interface RecordedCycle {
  clock: ClockName;
  cycle: number;
  state: 'running' | 'paused' | 'met' | 'cancelled';
  deadlineAt: number | null;
  breachedAt: number | null;
}

export interface RecordedHistory {
  ticketId: string;
  openedAt: number;
  priority: Priority;
  tier: number;
  /** What folds, oldest first by sequence: facts, requests, and what the engine did to the ticket. Without rules and texts. */
  events: LedgerEvent[];
  clocks: RecordedCycle[];
}

export interface HistoryStore {
  count(filter: HistoryFilter, sight: Sight): Promise<number>;
  /** The tickets in the order of their opening, `size` at a time; each page is one consistent reading. */
  pages(filter: HistoryFilter, page: { size: number; sight: Sight }): AsyncIterable<RecordedHistory[]>;
}

const NOT_FOLDED = [...ENGINE_BOOK, 'rulesExtended'];

interface Mark {
  openedAt: number;
  ticketId: string;
}

const orNull = <T>(value: T | undefined): T | null => value ?? null;

export function createHistoryStore(database: Database): HistoryStore {
  const page = (
    filter: HistoryFilter,
    { size, sight, after }: { size: number; sight: Sight; after: Mark | null },
  ) => {
    const { from, to, policy, customer, service, category, type } = filter;
    return database.$queryRaw<RecordedHistory[]>`
      WITH page AS (
        SELECT t.id, t.opened_at, t.priority, t.tier FROM tickets t
        WHERE t.opened_at >= ${new Date(after?.openedAt ?? from)}::timestamptz
          AND t.opened_at < ${new Date(to)}::timestamptz AND ${visibleTo(sight)}
          AND (${orNull(policy)}::text IS NULL OR t.policy = ${orNull(policy)}::text)
          AND (${orNull(customer)}::text IS NULL OR t.customer = ${orNull(customer)}::text)
          AND (${orNull(service)}::text IS NULL OR t.service = ${orNull(service)}::text)
          AND (${orNull(category)}::text IS NULL OR t.category = ${orNull(category)}::text)
          AND (${orNull(type)}::text IS NULL OR t.type = ${orNull(type)}::text)
          AND (${after?.ticketId ?? null}::text IS NULL
            OR (t.opened_at, t.id) > (${new Date(after?.openedAt ?? 0)}::timestamptz, ${after?.ticketId ?? null}::text))
        ORDER BY t.opened_at, t.id LIMIT ${size}
      )
      SELECT p.id AS "ticketId", tierline_ms(p.opened_at)::float8 AS "openedAt", p.priority, p.tier,
        (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
             'id', l.id, 'sequence', l.sequence, 'type', l.type, 'source', l.source,
             'occurredAt', tierline_ms(l.occurred_at), 'receivedAt', tierline_ms(l.received_at),
             'decision', l.decision, 'imported', CASE WHEN l.imported THEN true END, 'moot', l.moot))
             || l.data ORDER BY l.sequence)
         FROM ledger l WHERE l.ticket_id = p.id AND l.type <> ALL(${NOT_FOLDED})) AS events,
        coalesce((SELECT jsonb_agg(jsonb_build_object('clock', c.clock, 'cycle', c.cycle, 'state', c.state,
             'deadlineAt', tierline_ms(c.deadline_at), 'breachedAt', tierline_ms(c.breached_at))
             ORDER BY c.started_at, c.clock, c.cycle)
         FROM clocks c WHERE c.ticket_id = p.id), '[]') AS clocks
      FROM page p ORDER BY p.opened_at, p.id`;
  };
  return {
    async count({ from, to, policy, customer, service, category, type }, sight) {
      return database.ticket.count({
        where: {
          openedAt: { gte: new Date(from), lt: new Date(to) },
          ...(policy !== undefined && { policy }),
          ...(customer !== undefined && { customer }),
          ...(service !== undefined && { service }),
          ...(category !== undefined && { category }),
          ...(type !== undefined && { type }),
          ...whereVisible(sight),
        },
      });
    },
    async *pages(filter, { size, sight }) {
      let after: Mark | null = null;
      for (;;) {
        const rows: RecordedHistory[] = await page(filter, { size, sight, after });
        if (rows.length > 0) yield rows;
        if (rows.length < size) return;
        after = rows.at(-1)!;
      }
    },
  };
}
