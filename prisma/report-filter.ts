/** Which tickets a report is about, and the ledger's account of where they were when something happened to them. */
import type { Sight } from '../domain/visibility.ts';
import { Prisma } from './generated/client.ts';
import { given } from './conditions.ts';
import { visibleTo } from './visibility.ts';

export interface ReportFilter {
  /** What lies in the period: the opening of the ticket, or its resolution. */
  by: 'opened' | 'resolved';
  /** Epoch milliseconds: from this instant on, and before that one. */
  from?: number | undefined;
  to?: number | undefined;
  customer?: string | undefined;
  service?: string | undefined;
  policy?: string | undefined;
  /** Tickets that are worked on, or those that are only observed. */
  mode: 'act' | 'observe';
  sight: Sight;
}

const YES = Prisma.sql`true`;

export const bound = (
  column: Prisma.Sql,
  { from, to }: { from?: number | undefined; to?: number | undefined },
) =>
  Prisma.sql`${from === undefined ? YES : Prisma.sql`${column} >= ${new Date(from)}::timestamptz`}
    AND ${to === undefined ? YES : Prisma.sql`${column} < ${new Date(to)}::timestamptz`}`;

/** Conditions on the ticket `t` other than the period. */
export const ofKind = ({ customer, service, policy, mode, sight }: Omit<ReportFilter, 'by'>) => Prisma.sql`
  t.mode = ${mode} AND ${given(customer, Prisma.sql`t.customer`)} AND ${given(service, Prisma.sql`t.service`)}
  AND ${given(policy, Prisma.sql`t.policy`)} AND ${visibleTo(sight)}`;

/** Conditions on the ticket `t`. */
export function meant(filter: ReportFilter): Prisma.Sql {
  const column = filter.by === 'opened' ? Prisma.sql`t.opened_at` : Prisma.sql`t.resolved_at`;
  const isResolved = filter.by === 'opened' ? YES : Prisma.sql`t.resolved_at IS NOT NULL`;
  return Prisma.sql`${isResolved} AND ${bound(column, filter)} AND ${ofKind(filter)}`;
}

/** As words of the statement, so that the planner sees that a partial index has them all. */
export const oneOf = (types: readonly string[]): Prisma.Sql =>
  Prisma.raw(`IN (${[...new Set(types)].map((type) => `'${type}'`).join(', ')})`);

/** Events that say where a ticket is. */
const MOVES = ['opened', 'assigned', 'handoffOffered', 'handoffAccepted', 'handedOff'];

/**
 * The relation `placed`, of the tickets in the relation `concerned`: their moves and the other events named, in fold
 * order (`n`), with the tier and team that had the ticket just before each. `to_tier` and `to_team` are where a move
 * puts it; a team of '' is none.
 */
export const placed = (others: readonly string[]) => Prisma.sql`
  log AS (
    SELECT l.ticket_id, l.type, l.data, l.occurred_at AS at,
      row_number() OVER (PARTITION BY l.ticket_id ORDER BY l.type <> 'opened', l.occurred_at, l.decision IS NOT NULL,
        l.decision, l.id COLLATE "C")::int AS n
    FROM concerned c JOIN ledger l ON l.ticket_id = c.id
    WHERE l.moot IS NULL AND l.type ${oneOf([...MOVES, ...others])}
  ), offers AS (
    SELECT log.*,
      max(n * 16 + (data ->> 'toTier')::int) FILTER (WHERE type = 'handoffOffered') OVER so_far % 16 AS offer_tier,
      substr(max(lpad(n::text, 9, '0') || coalesce(data ->> 'team', '') COLLATE "C")
        FILTER (WHERE type = 'handoffOffered') OVER so_far, 10) AS offer_team
    FROM log WINDOW so_far AS (PARTITION BY ticket_id ORDER BY n ROWS UNBOUNDED PRECEDING)
  ), moves AS (
    SELECT o.ticket_id, o.type, o.data, o.at, o.n,
      CASE type WHEN 'opened' THEN (data ->> 'tier')::int WHEN 'handedOff' THEN (data ->> 'toTier')::int
        WHEN 'handoffAccepted' THEN offer_tier END AS to_tier,
      CASE WHEN type IN ('opened', 'handedOff') THEN '' WHEN type = 'handoffAccepted' THEN offer_team
        WHEN type = 'assigned' THEN data ->> 'team' END AS to_team
    FROM offers o
  ), placed AS (
    SELECT m.*, max(n * 16 + to_tier) OVER before % 16 AS tier,
      nullif(substr(max(lpad(n::text, 9, '0') || to_team COLLATE "C") OVER before, 10), '') AS team
    FROM moves m
    WINDOW before AS (PARTITION BY ticket_id ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  )`;
