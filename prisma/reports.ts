/** Reports: lines that sum up facts, and the facts themselves, page by page. What each of them counts is in report-facts.ts. */
import type { LedgerEvent } from '../domain/events.ts';
import type { AppliedRules } from '../domain/policy.ts';
import type { Database } from './client.ts';
import { Prisma } from './generated/client.ts';
import {
  AVOIDED,
  COACHING,
  EFFORT,
  HANDOFFS,
  SHIFT_LEFT,
  type CountedTicket,
  type SqlReport,
} from './report-facts.ts';
import { ENGINE_BOOK } from './ledger.ts';
import { bound, meant, ofKind, type ReportFilter } from './report-filter.ts';

const REPORTS = {
  effort: EFFORT,
  'avoided-escalations': AVOIDED,
  handoffs: HANDOFFS,
  'shift-left': SHIFT_LEFT,
  coaching: COACHING,
} as const satisfies Record<string, SqlReport>;
/** Reports that the database adds up by itself. */
export type SummedReport = keyof typeof REPORTS;

/** Of which facts: each named key equals the value; null is none. */
export type FactKey = Readonly<Record<string, string | number | null>>;

export interface ReportAsk {
  filter: ReportFilter;
  key?: FactKey;
  /** Either of two keys is this team. */
  eitherTeam?: string | null | undefined;
  /** At least one of these keys is known. */
  known?: readonly string[];
  counted?: readonly CountedTicket[];
}

/** A line: its keys and measures. The total has null for every key. */
export type ReportRow = Record<string, unknown> & { isTotal: boolean };
export type ReportFact = Record<string, unknown> & { ticketId: string; n: number };

/** The last fact of a page. */
export interface FactMark {
  ticketId: string;
  n: number;
}

export const factMarkOf = ({ ticketId, n }: ReportFact): FactMark => ({ ticketId, n });

/** A resolution that is late by its last verdict. */
export interface LateResolution {
  ticketId: string;
  cycle: number;
  /** Who had the ticket when it fell. */
  tier: number;
  priority: string;
  team: string | null;
  policy: string;
  /** Epoch milliseconds. */
  breachedAt: number;
  decidedAt: number;
}

/** Ledgers of several tickets, without texts and the books of the engine. */
export interface LedgerPage {
  ticketId: string;
  events: LedgerEvent[];
}

export interface ReportStore {
  /** The lines, at most `limit`, and last the total. Grouped by all keys unless named. */
  lines(
    name: SummedReport,
    ask: ReportAsk,
    more: { limit: number; groupBy?: readonly string[]; atLeast?: number },
  ): Promise<ReportRow[]>;
  facts(
    name: SummedReport,
    ask: ReportAsk,
    page: { after: FactMark | null; limit: number },
  ): Promise<ReportFact[]>;
  /** Open tickets that a report is about: those that changed longest ago. */
  openTickets(filter: ReportFilter, limit: number): Promise<string[]>;
  ledgersOf(ticketIds: readonly string[]): Promise<LedgerPage[]>;
  /** The latest first. `by: 'breached'`: the breach lies in the period. */
  lateResolutions(
    filter: Omit<ReportFilter, 'by'> & {
      by: ReportFilter['by'] | 'breached';
      team?: string | null | undefined;
    },
    limit: number,
  ): Promise<LateResolution[]>;
  /** Of these categories, those for which an article is published. */
  categoriesWithArticles(categories: readonly string[]): Promise<string[]>;
}

const { sql, raw, join } = Prisma;

/** How the relation `facts` calls a key. */
const COLUMNS: Record<string, string> = {
  fromTier: 'from_tier',
  fromTeam: 'from_team',
  toTier: 'to_tier',
  toTeam: 'to_team',
};
const columnOf = (key: string): Prisma.Sql => raw(COLUMNS[key] ?? `"${key}"`);

function among({ keys }: SqlReport, { key = {}, eitherTeam, known }: ReportAsk): Prisma.Sql {
  const asked = Object.entries(key).map(
    ([name, value]) => sql`${columnOf(name)} IS NOT DISTINCT FROM ${value}::${raw(keys[name] ?? 'text')}`,
  );
  const team =
    eitherTeam === undefined
      ? []
      : [
          sql`(from_team IS NOT DISTINCT FROM ${eitherTeam}::text OR to_team IS NOT DISTINCT FROM ${eitherTeam}::text)`,
        ];
  const any = known ? [sql`num_nonnulls(${join(known.map(columnOf))}) > 0`] : [];
  const all = [...asked, ...team, ...any];
  return all.length === 0 ? sql`true` : join(all, ' AND ');
}

async function ledgersOf(database: Database, ticketIds: readonly string[]): Promise<LedgerPage[]> {
  type Row = { ticketId: string; events: (LedgerEvent & { rulesId?: string })[] };
  const rows = await database.$queryRaw<Row[]>`
    SELECT l.ticket_id AS "ticketId", jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'id', l.id, 'sequence', l.sequence, 'type', l.type, 'source', l.source,
      'occurredAt', tierline_ms(l.occurred_at), 'receivedAt', tierline_ms(l.received_at), 'decision', l.decision,
      'imported', CASE WHEN l.imported THEN true END, 'moot', l.moot, 'rulesId', l.rules_id)) || l.data
      ORDER BY l.sequence) AS events
    FROM ledger l WHERE l.ticket_id = ANY(${[...ticketIds]}::text[]) AND l.type <> ALL(${ENGINE_BOOK}::text[])
    GROUP BY l.ticket_id`;
  const ids = new Set(rows.flatMap(({ events }) => events.flatMap(({ rulesId }) => rulesId ?? [])));
  const sets = await database.ruleSet.findMany({
    where: { id: { in: [...ids] } },
    select: { id: true, body: true },
  });
  const rules = new Map(sets.map(({ id, body }) => [id, body as unknown as AppliedRules]));
  return rows.map(({ ticketId, events }) => ({
    ticketId,
    events: events.map(({ rulesId, ...event }) =>
      rulesId === undefined ? event : { ...event, rules: rules.get(rulesId)! },
    ) as LedgerEvent[],
  }));
}

export function createReportStore(database: Database): ReportStore {
  return {
    lines(name, ask, { limit, groupBy, atLeast = 1 }) {
      const report: SqlReport = REPORTS[name];
      const keys = groupBy ?? Object.keys(report.keys);
      const columns = join(keys.map(columnOf));
      const shown = join(
        keys.map(
          (key) => sql`${columnOf(key)}${key === 'rate' ? sql`::float8` : sql``} AS ${raw(`"${key}"`)}`,
        ),
      );
      return database.$queryRaw<ReportRow[]>`
        WITH ${report.facts(ask.filter, ask.counted ?? [])}, chosen AS (
          SELECT * FROM facts WHERE ${among(report, ask)}
        ), lines AS (
          SELECT ${shown}, ${report.measures}, grouping(${columns}) > 0 AS "isTotal", row_number() OVER (ORDER BY grouping(${columns}) > 0, ${report.order})::int AS place
          FROM chosen
          GROUP BY GROUPING SETS ((${columns}), ()) HAVING count(*) >= ${atLeast}::int OR grouping(${columns}) > 0
        )
        SELECT * FROM lines WHERE place <= ${limit}::int OR "isTotal" ORDER BY place`;
    },
    facts(name, ask, { after, limit }) {
      const report: SqlReport = REPORTS[name];
      const from = after ? sql`(f.ticket_id, f.n) > (${after.ticketId}::text, ${after.n}::int)` : sql`true`;
      return database.$queryRaw<ReportFact[]>`
        WITH ${report.facts(ask.filter, ask.counted ?? [])}
        SELECT f.ticket_id AS "ticketId", f.n, ${report.columns} FROM facts f
        WHERE ${among(report, ask)} AND ${from} ORDER BY f.ticket_id, f.n LIMIT ${limit}`;
    },
    async openTickets(filter, limit) {
      const rows = await database.$queryRaw<{ id: string }[]>`
        SELECT t.id FROM tickets t WHERE t.state IN ('open', 'onHold') AND ${meant(filter)}
        ORDER BY t.shares_at, t.id LIMIT ${limit}`;
      return rows.map(({ id }) => id);
    },
    ledgersOf: (ticketIds) => ledgersOf(database, ticketIds),
    lateResolutions({ by, team, ...filter }, limit) {
      const tickets = by === 'breached' ? ofKind(filter) : meant({ by, ...filter });
      const period = by === 'breached' ? bound(sql`b.breached_at`, filter) : sql`true`;
      const ofTeam = team === undefined ? sql`true` : sql`t.team IS NOT DISTINCT FROM ${team}::text`;
      return database.$queryRaw<LateResolution[]>`
        SELECT b.ticket_id AS "ticketId", b.cycle, b.tier, b.priority, t.team, t.policy,
          tierline_ms(b.breached_at)::float8 AS "breachedAt", tierline_ms(b.decided_at)::float8 AS "decidedAt"
        FROM breaches b JOIN tickets t ON t.id = b.ticket_id
        WHERE b.clock = 'resolution' AND b.verdict = 'breached' AND ${period} AND ${tickets} AND ${ofTeam}
          AND NOT EXISTS (SELECT 1 FROM breaches later WHERE later.ticket_id = b.ticket_id AND later.clock = b.clock
            AND later.cycle = b.cycle AND later.revision > b.revision)
        ORDER BY b.breached_at DESC, b.ticket_id DESC, b.cycle DESC LIMIT ${limit}`;
    },
    async categoriesWithArticles(categories) {
      const rows = await database.$queryRaw<{ category: string }[]>`
        SELECT c.category FROM unnest(${[...categories]}::text[]) AS c(category)
        WHERE EXISTS (SELECT 1 FROM articles a
          WHERE a.current AND a.state = 'published' AND a.categories @> ARRAY[c.category])`;
      return rows.map(({ category }) => category);
    },
  };
}
