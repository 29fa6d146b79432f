/** How lines and facts of reports are shown: amounts in seconds and hours, money to the cent, instants as RFC 3339. */
import { PACKET_ITEMS } from '../domain/packet.ts';
import type { ReportFact, ReportRow } from '../prisma/reports.ts';
import { locationOf } from './show-ticket.ts';

type Row = Readonly<Record<string, unknown>>;
export type Shown = Record<string, unknown>;

const secondsOrNull = (ms: unknown): number | null => (typeof ms === 'number' ? ms / 1000 : null);
const seconds = (ms: unknown): number => secondsOrNull(ms) ?? 0;
const hoursOf = (ms: unknown): number => Number((Number(ms ?? 0) / 3_600_000).toFixed(4));
const instantOrNull = (at: unknown): string | null => (at instanceof Date ? at.toISOString() : null);

const some = (row: Row, names: readonly string[]): Shown =>
  Object.fromEntries(names.map((name) => [name, row[name] ?? null]));

const rateOf = ({ rate, currency }: Row) => ({ ratePerHour: rate ?? null, currency: currency ?? null });

/** `{scope: 2}` as a list, most frequent first, then in the order of a packet. */
function missingOf({ missing }: Row) {
  const counts = (missing ?? {}) as Record<string, number>;
  return PACKET_ITEMS.filter((item) => (counts[item] ?? 0) > 0)
    .map((item) => ({ item, count: counts[item]! }))
    .toSorted((a, b) => b.count - a.count);
}

/** Costs of lines added up in cents, for each currency. */
export function costsOf(lines: readonly ReportRow[]): { currency: string; amount: number }[] {
  const cents = new Map<string, number>();
  for (const { currency, cost } of lines)
    if (typeof currency === 'string' && typeof cost === 'number')
      cents.set(currency, (cents.get(currency) ?? 0) + Math.round(cost * 100));
  return [...cents].map(([currency, sum]) => ({ currency, amount: sum / 100 }));
}

export const effortLine = (row: Row): Shown => ({
  ...some(row, ['owner', 'tier', 'team', 'policy']),
  seconds: seconds(row['ms']),
  hours: hoursOf(row['ms']),
  ...rateOf(row),
  ...some(row, ['cost', 'tickets']),
});

export const effortFact = (fact: Row): Shown => ({
  ...some(fact, ['owner', 'tier', 'team', 'policy']),
  seconds: seconds(fact['ms']),
  ...rateOf(fact),
  countedTo: instantOrNull(fact['countedTo']),
});

export const avoidedLine = (row: Row): Shown => ({
  ...some(row, ['how', 'tier', 'tickets']),
  medianSeconds: secondsOrNull(row['ms']),
  sample: row['sample'] ?? null,
  ...rateOf(row),
  cost: row['cost'] ?? null,
});

export const avoidedFact = (fact: Row): Shown => ({
  ...some(fact, ['how', 'fromTier', 'tier', 'article']),
  medianSeconds: secondsOrNull(fact['ms']),
  sample: fact['sample'] ?? null,
  ...rateOf(fact),
});

export const handoffTotal = (row: Row): Shown => ({
  ...some(row, ['handoffs', 'accepted', 'returned', 'withdrawn', 'lapsed', 'pending', 'overridden']),
  meanCompleteness: row['completeness'] ?? null,
  medianAcceptSeconds: secondsOrNull(row['medianMs']),
  p90AcceptSeconds: secondsOrNull(row['p90Ms']),
  missing: missingOf(row),
  tickets: row['tickets'],
  pingPongTickets: row['pingPong'],
});

export const handoffLine = (row: Row): Shown => ({
  ...some(row, ['kind', 'fromTier', 'fromTeam', 'toTier', 'toTeam']),
  ...handoffTotal(row),
});

export const handoffFact = (fact: Row): Shown => ({
  at: instantOrNull(fact['at']),
  ...some(fact, ['kind', 'fromTier', 'fromTeam', 'toTier', 'toTeam', 'outcome']),
  endedAt: instantOrNull(fact['endedAt']),
  acceptSeconds: secondsOrNull(fact['ms']),
  ...some(fact, ['completeness', 'overridden', 'missing', 'returns']),
});

/** With whether an article is published for the category. */
export function shiftLeftLine(row: Row, isPublishedFor: boolean): Shown {
  const articleExists = Number(row['withArticle']) > 0 || isPublishedFor;
  return {
    solvedAtTier: row['tier'],
    ...some(row, ['category', 'symptom', 'causeCode', 'fingerprint', 'tickets']),
    seconds: seconds(row['ms']),
    hours: hoursOf(row['ms']),
    solvedWithArticle: row['withArticle'],
    needArticle: row['needArticle'],
    articles: row['articles'] ?? [],
    articleExists,
    advice: articleExists ? 'useArticle' : 'writeArticle',
  };
}

export const shiftLeftFact = (fact: Row): Shown => ({
  solvedAtTier: fact['tier'],
  ...some(fact, ['team', 'category', 'symptom', 'causeCode', 'fingerprint']),
  seconds: seconds(fact['ms']),
  ...some(fact, ['article', 'needsArticle']),
});

export function coachingTotal(row: Row): Shown {
  const [handoffs, returned] = [Number(row['handoffs']), Number(row['returned'])];
  return {
    handoffs,
    returned,
    returnedPercent: handoffs > 0 ? Math.round((returned * 1000) / handoffs) / 10 : null,
    overridden: row['overridden'],
    missing: missingOf(row),
    ...some(row, ['automaticHandoffs', 'consultsAsked', 'consultsAnswered', 'consultsSolved']),
    medianAnswerSeconds: secondsOrNull(row['medianMs']),
    ...some(row, ['shadowed', 'suggestions', 'suggestionsIgnored', 'tickets']),
  };
}

export const coachingLine = (row: Row): Shown => ({ ...some(row, ['tier', 'team']), ...coachingTotal(row) });

export const coachingFact = (fact: Row): Shown => ({
  at: instantOrNull(fact['at']),
  ...some(fact, ['kind', 'tier', 'team', 'toTier', 'agent', 'returned', 'overridden', 'solved', 'ignored']),
  answerSeconds: secondsOrNull(fact['ms']),
  missing: fact['missing'],
});

export const breachLine = (row: Row): Shown => ({
  ...some(row, ['breachedAtTier', 'owner', 'tier']),
  seconds: seconds(row['ms']),
  hours: hoursOf(row['ms']),
  inFlightSeconds: seconds(row['inFlightMs']),
  countedSeconds: seconds(row['countedMs']),
  ...some(row, ['percent', 'breaches', 'burnedMost']),
});

export const breachFact = (fact: Row): Shown => ({
  cycle: fact['cycle'],
  breachedAt: new Date(fact['breachedAt'] as number).toISOString(),
  ...some(fact, ['breachedAtTier', 'priority', 'owner', 'tier']),
  seconds: seconds(fact['ms']),
  inFlightSeconds: seconds(fact['inFlightMs']),
  countedSeconds: seconds(fact['countedMs']),
  burnedMost: fact['burnedMost'],
});

/** A sum of time. */
export const timeOf = (ms: unknown): { seconds: number; hours: number } => ({
  seconds: seconds(ms),
  hours: hoursOf(ms),
});

export const withTicket = ({ ticketId }: ReportFact, shown: Shown): Shown => ({
  ticketId,
  ...shown,
  links: { ticket: locationOf(ticketId) },
});

/** A cell of a spreadsheet: lists are words with a space between, `scope:2 symptoms:1`. */
export function cellOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? '';
  return value
    .map((one: string | { item: string; count: number }) =>
      typeof one === 'string' ? one : `${one.item}:${one.count}`,
    )
    .join(' ');
}
