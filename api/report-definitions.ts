/** Each report: what it asks the store for, what tells its lines apart, and how they are shown. */
import type { z } from 'zod';
import type { ReportFilter } from '../prisma/report-filter.ts';
import type { FactKey, FactMark, ReportAsk, ReportFact } from '../prisma/reports.ts';
import type { ApiDeps } from './deps.ts';
import { breachLines, breachTimes, openTimes, pageOfFacts, type OpenTimes } from './report-times.ts';
import * as views from './report-views.ts';
import type { Shown } from './report-views.ts';
import * as schemas from './schemas/reports.ts';

const MOST_LINES = 1_000;
/** Pages of one drill-down ask for the same open tickets; by then they may have changed. */
const COUNTED_FOR_MS = 60_000;
const COUNTED_KEPT = 4;

export interface Period {
  from: number;
  to: number;
}

export interface Asked {
  filter: ReportFilter;
  /** Epoch milliseconds. */
  asOf: number;
  /** Null: none. Undefined: any. */
  team: string | null | undefined;
  /** Of a line. */
  key: FactKey;
  /** The query itself. */
  more: Readonly<Record<string, unknown>>;
}

interface Line {
  shown: Shown;
  /** Its keys, as the drill-down takes them. */
  key: Record<string, unknown>;
}

export interface ReportDefinition {
  name: string;
  operationIds: { lines: string; facts: string };
  summary: string;
  description: string;
  schemas: { query: z.ZodObject; factQuery: z.ZodObject; lines: z.ZodObject; facts: z.ZodObject };
  /** Parameters of the drill-down that are keys of lines. */
  keys: readonly string[];
  lines(asked: Asked): Promise<{ lines: Line[]; hasMore: boolean; total: object; [more: string]: unknown }>;
  facts(asked: Asked, page: { after: FactMark | null; limit: number }): Promise<ReportFact[]>;
  showFact(fact: ReportFact): Shown;
}

const picked = (row: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, row[name] ?? null]));

type Summed = Parameters<ApiDeps['reports']['lines']>;

/** As many lines as are shown, whether there are more, and the total, which the store answers with the lines. */
async function linesOf(
  { reports }: Pick<ApiDeps, 'reports'>,
  name: Summed[0],
  ...[ask, shape]: [ask: Summed[1], shape?: Omit<Summed[2], 'limit'>]
) {
  const rows = await reports.lines(name, ask, { limit: MOST_LINES + 1, ...shape });
  const lines = rows.filter(({ isTotal }) => !isTotal);
  return {
    lines: lines.slice(0, MOST_LINES),
    hasMore: lines.length > MOST_LINES,
    total: rows.find(({ isTotal }) => isTotal)!,
  };
}

/** `95 EUR` as two keys, and back. */
function withRate({ rate, ...key }: FactKey): FactKey {
  if (rate === undefined) return key;
  const [amount, currency] = String(rate ?? '').split(' ');
  return { ...key, rate: amount ? Number(amount) : null, currency: currency ?? null };
}
const rateKey = ({ rate, currency }: Readonly<Record<string, unknown>>): string =>
  typeof rate === 'number' && typeof currency === 'string' ? `${rate} ${currency}` : '';

function effort(deps: ApiDeps): ReportDefinition {
  const known = new Map<string, { at: number; times: Promise<OpenTimes> }>();
  /** Counted once for all pages of a question. */
  function counted({ filter, asOf }: Asked): Promise<OpenTimes> {
    const now = (deps.now ?? Date.now)();
    const question = JSON.stringify([filter, asOf]);
    const before = known.get(question);
    if (before && now - before.at < COUNTED_FOR_MS) return before.times;
    known.delete(question);
    const times = openTimes(deps, filter, asOf);
    known.set(question, { at: now, times });
    times.catch(() => known.delete(question));
    for (const oldest of [...known.keys()].slice(0, -COUNTED_KEPT)) known.delete(oldest);
    return times;
  }
  const askOf = async (asked: Asked): Promise<ReportAsk & { hasOlder: boolean }> => {
    const { counted: tickets, hasOlder } = await counted(asked);
    const team = asked.team === undefined ? {} : { team: asked.team };
    return { filter: asked.filter, key: { ...withRate(asked.key), ...team }, counted: tickets, hasOlder };
  };
  return {
    name: 'effort',
    operationIds: { lines: 'reportEffort', facts: 'listEffort' },
    summary: 'Whose time tickets took, and what it cost',
    description:
      'Open time of the resolution calendar, by tier and team; time in flight is charged to the tier that offered, ' +
      'uncovered time to the policy, and what customers and vendors took stands beside. Cost is hours times the rate of ' +
      'the team, else of the tier in the ticket’s policy.',
    schemas: {
      query: schemas.effortQuery,
      factQuery: schemas.effortFactQuery,
      lines: schemas.effortReport,
      facts: schemas.effortFacts,
    },
    keys: ['owner', 'tier', 'rate'],
    async lines(asked) {
      const ask = await askOf(asked);
      const { lines, hasMore, total } = await linesOf(deps, 'effort', ask);
      return {
        lines: lines.map((row) => ({
          shown: views.effortLine(row),
          key: {
            ...picked(row, ['owner', 'tier', 'team']),
            rate: rateKey(row),
            ...(row['policy'] !== null && { policy: row['policy'] }),
          },
        })),
        hasMore,
        openTickets: { counted: ask.counted!.length, hasOlder: ask.hasOlder },
        total: {
          ...views.timeOf(total['ms']),
          costs: views.costsOf(lines),
          tickets: total['tickets'],
        },
      };
    },
    facts: async (asked, page) => deps.reports.facts('effort', await askOf(asked), page),
    showFact: views.effortFact,
  };
}

function avoided(deps: ApiDeps): ReportDefinition {
  return {
    name: 'avoided-escalations',
    operationIds: { lines: 'reportAvoidedEscalations', facts: 'listAvoidedEscalations' },
    summary: 'Handoffs that a consult or an article spared, and what they would have cost',
    description:
      'A consult that its asker called solved, with no handoff to that tier or above afterwards; or a ticket resolved ' +
      'with an article that never was above the tier that resolved it. Each resolved ticket counts once, a consult first.',
    schemas: {
      query: schemas.avoidedQuery,
      factQuery: schemas.avoidedFactQuery,
      lines: schemas.avoidedReport,
      facts: schemas.avoidedFacts,
    },
    keys: ['how', 'tier', 'rate'],
    async lines({ filter }) {
      const { lines, hasMore, total } = await linesOf(deps, 'avoided-escalations', { filter });
      return {
        lines: lines.map((row) => ({
          shown: views.avoidedLine(row),
          key: { ...picked(row, ['how', 'tier']), rate: rateKey(row) },
        })),
        hasMore,
        total: { tickets: total['tickets'], costs: views.costsOf(lines) },
      };
    },
    facts: ({ filter, key }, page) =>
      deps.reports.facts('avoided-escalations', { filter, key: withRate(key) }, page),
    showFact: views.avoidedFact,
  };
}

const HANDOFF_KEYS = ['kind', 'fromTier', 'fromTeam', 'toTier', 'toTeam'] as const;

function handoffs(deps: ApiDeps): ReportDefinition {
  return {
    name: 'handoffs',
    operationIds: { lines: 'reportHandoffs', facts: 'listHandoffs' },
    summary: 'What became of handoffs between tiers and teams, and what they lacked',
    description:
      'Offers by people and automatic handoffs of the ladder, each on lines of their own. Acceptance is timed by the ' +
      'wall clock, from the offer; that of an automatic handoff until somebody acknowledged it or was assigned.',
    schemas: {
      query: schemas.handoffQuery,
      factQuery: schemas.handoffFactQuery,
      lines: schemas.handoffReport,
      facts: schemas.handoffFacts,
    },
    keys: HANDOFF_KEYS,
    async lines({ filter, team }) {
      const ask = { filter, eitherTeam: team };
      const { lines, hasMore, total } = await linesOf(deps, 'handoffs', ask);
      return {
        lines: lines.map((row) => ({ shown: views.handoffLine(row), key: picked(row, HANDOFF_KEYS) })),
        hasMore,
        total: views.handoffTotal(total),
      };
    },
    facts: ({ filter, key, team }, page) =>
      deps.reports.facts('handoffs', { filter, key, eitherTeam: team }, page),
    showFact: views.handoffFact,
  };
}

function shiftLeft(deps: ApiDeps): ReportDefinition {
  return {
    name: 'shift-left',
    operationIds: { lines: 'reportShiftLeft', facts: 'listShiftLeft' },
    summary: 'What upper tiers solve again and again that an article could let tier 1 solve',
    description:
      'Resolved tickets that are alike, by the tier that solved them; whatever took the upper tiers the most time comes ' +
      'first. Tickets of which nothing asked for is known are on no line.',
    schemas: {
      query: schemas.shiftLeftQuery,
      factQuery: schemas.shiftLeftFactQuery,
      lines: schemas.shiftLeftReport,
      facts: schemas.shiftLeftFacts,
    },
    keys: ['tier', 'category', 'symptom', 'causeCode', 'fingerprint'],
    async lines({ filter, team, more }) {
      const { groupBy, atLeast } = more as { groupBy: string[]; atLeast: number };
      const ask = { filter, key: team === undefined ? {} : { team }, known: groupBy };
      const shape = { groupBy: ['tier', ...groupBy], atLeast };
      const { lines, hasMore, total } = await linesOf(deps, 'shift-left', ask, shape);
      const categories = lines.flatMap(({ category }) => (typeof category === 'string' ? [category] : []));
      const published = new Set(await deps.reports.categoriesWithArticles([...new Set(categories)]));
      return {
        lines: lines.map((row) => ({
          shown: views.shiftLeftLine(row, published.has(row['category'] as string)),
          key: picked(row, ['tier', ...groupBy]),
        })),
        hasMore,
        total: { tickets: total['tickets'], ...views.timeOf(total['ms']) },
      };
    },
    facts: ({ filter, key, team }, page) =>
      deps.reports.facts(
        'shift-left',
        { filter, key: { ...key, ...(team !== undefined && { team }) } },
        page,
      ),
    showFact: views.shiftLeftFact,
  };
}

function coaching(deps: ApiDeps): ReportDefinition {
  const askOf = ({ filter, key, team }: Asked): ReportAsk => ({
    filter,
    key: { ...key, ...(team !== undefined && { team }) },
  });
  return {
    name: 'coaching',
    operationIds: { lines: 'reportCoaching', facts: 'listCoaching' },
    summary: 'Whose handoffs come back and for what, who asks and answers, who learns',
    description:
      'Each line is a tier and team. What is offered, asked, suggested and shadowed counts for whoever had the ticket ' +
      'then; what is answered, for whoever was asked.',
    schemas: {
      query: schemas.coachingQuery,
      factQuery: schemas.coachingFactQuery,
      lines: schemas.coachingReport,
      facts: schemas.coachingFacts,
    },
    keys: ['tier'],
    async lines(asked) {
      const { lines, hasMore, total } = await linesOf(deps, 'coaching', askOf(asked));
      return {
        lines: lines.map((row) => ({ shown: views.coachingLine(row), key: picked(row, ['tier', 'team']) })),
        hasMore,
        total: views.coachingTotal(total),
      };
    },
    facts: (asked, page) => deps.reports.facts('coaching', askOf(asked), page),
    showFact: views.coachingFact,
  };
}

function breachesByTier(deps: ApiDeps): ReportDefinition {
  const timesOf = ({ filter, team }: Asked) => breachTimes(deps, { ...filter, team });
  return {
    name: 'breaches-by-tier',
    operationIds: { lines: 'reportBreachesByTier', facts: 'listBreachesByTier' },
    summary: 'Who burned the time of resolutions that came late, whoever had the ticket in the end',
    description:
      'Of each standing breach of the resolution clock: whose time it was from the opening to the deadline. Built from ' +
      'the ledgers, for the latest 2,000 breaches.',
    schemas: {
      query: schemas.breachReportQuery,
      factQuery: schemas.breachFactQuery,
      lines: schemas.breachReport,
      facts: schemas.breachFacts,
    },
    keys: ['breachedAtTier', 'owner', 'tier'],
    async lines(asked) {
      const { facts, complete } = await timesOf(asked);
      const { lines, total } = breachLines(facts);
      return {
        lines: lines.map((row) => ({
          shown: views.breachLine(row),
          key: picked(row, ['breachedAtTier', 'owner', 'tier']),
        })),
        hasMore: false,
        complete,
        total: {
          breaches: total.breaches,
          ...views.timeOf(total.ms),
          countedSeconds: total.countedMs / 1000,
        },
      };
    },
    facts: async (asked, page) => pageOfFacts((await timesOf(asked)).facts, asked.key, page),
    showFact: views.breachFact,
  };
}

export const reportsOver = (deps: ApiDeps): ReportDefinition[] => [
  effort(deps),
  avoided(deps),
  handoffs(deps),
  shiftLeft(deps),
  coaching(deps),
  breachesByTier(deps),
];
