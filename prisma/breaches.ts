/** The breach register: the latest revision of each verdict, with the ticket it is about. */
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { visibleTo } from './visibility.ts';

export interface BreachRecord {
  ticketId: string;
  clock: string;
  /** `law` or `promise`. */
  kind: string;
  cycle: number;
  revision: number;
  verdict: string;
  /** Deadline of the last revision that said breached. */
  breachedAt: Date;
  decidedAt: Date;
  withdrawnAt: Date | null;
  tier: number;
  priority: string;
  customer: string | null;
  policy: string;
  policyVersion: number;
}

export interface BreachFilter {
  clock?: string | undefined;
  kind?: string | undefined;
  tier?: number | undefined;
  priority?: string | undefined;
  customer?: string | undefined;
  /** Epoch milliseconds, exclusive. */
  breachedAfter?: number | undefined;
  breachedBefore?: number | undefined;
  sight: Sight;
}

/** The last row of a page. */
export interface BreachMark {
  at: number;
  ticketId: string;
  clock: string;
  cycle: number;
}

export interface BreachStore {
  /** Newest first. */
  list(filter: BreachFilter, page: { after: BreachMark | null; limit: number }): Promise<BreachRecord[]>;
}

export const breachMarkOf = ({ breachedAt, ticketId, clock, cycle }: BreachRecord): BreachMark => ({
  at: breachedAt.getTime(),
  ticketId,
  clock,
  cycle,
});

const orNull = <T>(value: T | undefined): T | null => value ?? null;
const dateOrNull = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

export function createBreachStore(database: Database): BreachStore {
  return {
    list: (
      { clock, kind, tier, priority, customer, breachedAfter, breachedBefore, sight },
      { after, limit },
    ) =>
      database.$queryRaw<BreachRecord[]>`
        WITH verdicts AS (
          SELECT DISTINCT ON (b.ticket_id, b.clock, b.cycle)
            b.ticket_id, b.clock, b.kind, b.cycle, b.revision, b.verdict, b.decided_at
          FROM breaches b ORDER BY b.ticket_id, b.clock, b.cycle, b.revision DESC
        ), last_breached AS (
          SELECT DISTINCT ON (b.ticket_id, b.clock, b.cycle)
            b.ticket_id, b.clock, b.cycle, b.breached_at, b.decided_at, b.tier, b.priority
          FROM breaches b WHERE b.verdict = 'breached'
          ORDER BY b.ticket_id, b.clock, b.cycle, b.revision DESC
        )
        SELECT v.ticket_id AS "ticketId", v.clock, v.kind, v.cycle, v.revision, v.verdict,
          l.breached_at AS "breachedAt", l.decided_at AS "decidedAt",
          CASE WHEN v.verdict = 'withdrawn' THEN v.decided_at END AS "withdrawnAt",
          l.tier, l.priority, t.customer, t.policy, t.policy_version AS "policyVersion"
        FROM verdicts v
        JOIN last_breached l USING (ticket_id, clock, cycle)
        JOIN tickets t ON t.id = v.ticket_id
        WHERE ${visibleTo(sight)}
          AND (${orNull(clock)}::text IS NULL OR v.clock = ${orNull(clock)}::text)
          AND (${orNull(kind)}::text IS NULL OR v.kind = ${orNull(kind)}::text)
          AND (${orNull(tier)}::int IS NULL OR l.tier = ${orNull(tier)}::int)
          AND (${orNull(priority)}::text IS NULL OR l.priority = ${orNull(priority)}::text)
          AND (${orNull(customer)}::text IS NULL OR t.customer = ${orNull(customer)}::text)
          AND (${dateOrNull(breachedAfter)}::timestamptz IS NULL OR l.breached_at > ${dateOrNull(breachedAfter)}::timestamptz)
          AND (${dateOrNull(breachedBefore)}::timestamptz IS NULL OR l.breached_at < ${dateOrNull(breachedBefore)}::timestamptz)
          AND (${orNull(after?.ticketId)}::text IS NULL
            OR (l.breached_at, v.ticket_id, v.clock, v.cycle)
             < (${dateOrNull(after?.at)}::timestamptz, ${orNull(after?.ticketId)}::text, ${orNull(after?.clock)}::text, ${orNull(after?.cycle)}::int))
        ORDER BY l.breached_at DESC, v.ticket_id DESC, v.clock DESC, v.cycle DESC
        LIMIT ${limit}`,
  };
}
