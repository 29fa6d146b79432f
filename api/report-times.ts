/** What the rows of tickets do not say: the time of open tickets up to now, and of late ones up to their deadline. */
import { runsClock, ticketAt, timesOf, type Owner, type OwnedTime } from '../domain/effort.ts';
import { dividedTime } from '../domain/shares.ts';
import { rebuild } from '../domain/ticket.ts';
import type { CountedTicket } from '../prisma/report-facts.ts';
import type { ReportFilter } from '../prisma/report-filter.ts';
import type { FactKey, FactMark, LateResolution, LedgerPage, ReportFact } from '../prisma/reports.ts';
import type { ApiDeps } from './deps.ts';

/** Tickets that are built again from their ledgers for one report, at most. */
export const MOST_REBUILT = 2_000;
/** At once: others want an answer in between. */
const AT_ONCE = 50;

type Reports = Pick<ApiDeps, 'reports'>;

async function* ledgersOf({ reports }: Reports, ids: readonly string[]): AsyncIterable<LedgerPage> {
  for (let i = 0; i < ids.length; i += AT_ONCE) yield* await reports.ledgersOf(ids.slice(i, i + AT_ONCE));
}

export interface OpenTimes {
  counted: CountedTicket[];
  /** There are more open tickets than were counted. */
  hasOlder: boolean;
}

/** Open tickets counted up to `asOf`, with the function that their rows are written by. */
export async function openTimes(deps: Reports, filter: ReportFilter, asOf: number): Promise<OpenTimes> {
  if (filter.by === 'resolved') return { counted: [], hasOlder: false };
  const ids = await deps.reports.openTickets(filter, MOST_REBUILT + 1);
  const counted: CountedTicket[] = [];
  for await (const { ticketId: id, events } of ledgersOf(deps, ids.slice(0, MOST_REBUILT))) {
    const { situation, rules } = rebuild(id, events);
    const at = Math.max(asOf, situation.shares.at(-1)?.from ?? asOf);
    const { shares, inFlight } = dividedTime(situation, rules, at);
    counted.push({ id, shares: shares as Record<string, number>, inFlight, at });
  }
  return { counted, hasOlder: ids.length > MOST_REBUILT };
}

/** Part of the time of one late resolution, from its start to its deadline. */
export interface BreachFact extends ReportFact {
  cycle: number;
  breachedAt: number;
  breachedAtTier: number;
  priority: string;
  owner: Owner;
  tier: number | null;
  ms: number;
  /** Of these, offered and not accepted yet: it is the offering tier's. */
  inFlightMs: number;
  /** Of these, while the clock ran. */
  countedMs: number;
  /** Nobody had more of the time that the clock ran. */
  burnedMost: boolean;
}

/** Time in flight joined to what its tier owned. */
function byCulprit(parts: readonly OwnedTime[]): (OwnedTime & { inFlightMs: number })[] {
  const joined = new Map<string, OwnedTime & { inFlightMs: number }>();
  for (const { owner, tier, ms } of parts) {
    const isFlight = owner === 'inFlight' && tier !== null;
    const culprit = isFlight ? 'tier' : owner;
    const key = `${culprit}/${tier}`;
    const known = joined.get(key) ?? { owner: culprit, tier, ms: 0, inFlightMs: 0 };
    joined.set(key, { ...known, ms: known.ms + ms, inFlightMs: known.inFlightMs + (isFlight ? ms : 0) });
  }
  return [...joined.values()];
}

function factsOf(late: LateResolution, events: LedgerPage['events']): BreachFact[] {
  const { ticketId, cycle, breachedAt, decidedAt, tier: breachedAtTier, priority } = late;
  const ticket = ticketAt(ticketId, events, { at: breachedAt, decidedAt });
  const parts = byCulprit(timesOf(ticket, breachedAt)).map((part) => ({
    ...part,
    countedMs: runsClock(ticket.rules, part.owner) ? part.ms : 0,
  }));
  const most = Math.max(...parts.map(({ countedMs }) => countedMs));
  const first = parts.findIndex(({ countedMs }) => countedMs === most && most > 0);
  return parts.map((part, i) => ({
    ticketId,
    n: cycle * 100 + i,
    cycle,
    breachedAt,
    breachedAtTier,
    priority,
    ...part,
    burnedMost: i === first,
  }));
}

export interface BreachTimes {
  facts: BreachFact[];
  /** Every breach was counted. */
  complete: boolean;
}

/** Whose time it was until each resolution was late, in the order of tickets. */
export async function breachTimes(
  deps: Reports,
  filter: Parameters<ApiDeps['reports']['lateResolutions']>[0],
): Promise<BreachTimes> {
  const found = await deps.reports.lateResolutions(filter, MOST_REBUILT + 1);
  const byTicket = new Map<string, LateResolution[]>();
  for (const late of found.slice(0, MOST_REBUILT))
    byTicket.set(late.ticketId, [...(byTicket.get(late.ticketId) ?? []), late]);
  const facts: BreachFact[] = [];
  for await (const { ticketId, events } of ledgersOf(deps, [...byTicket.keys()]))
    facts.push(...byTicket.get(ticketId)!.flatMap((late) => factsOf(late, events)));
  facts.sort((a, b) => (a.ticketId < b.ticketId ? -1 : a.ticketId > b.ticketId ? 1 : a.n - b.n));
  return { facts, complete: found.length <= MOST_REBUILT };
}

/** The facts with these keys, after the mark. */
export function pageOfFacts(
  facts: readonly BreachFact[],
  key: FactKey,
  { after, limit }: { after: FactMark | null; limit: number },
): BreachFact[] {
  const isAfter = ({ ticketId, n }: BreachFact) =>
    !after || ticketId > after.ticketId || (ticketId === after.ticketId && n > after.n);
  const isMeant = (fact: BreachFact) => Object.entries(key).every(([name, value]) => fact[name] === value);
  return facts.filter((fact) => isMeant(fact) && isAfter(fact)).slice(0, limit);
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, one) => total + one, 0);
const breachesIn = (facts: readonly BreachFact[]): number =>
  new Set(facts.map(({ ticketId, cycle }) => `${ticketId}/${cycle}`)).size;

function sums(facts: readonly BreachFact[]) {
  return {
    ms: sum(facts.map(({ ms }) => ms)),
    inFlightMs: sum(facts.map(({ inFlightMs }) => inFlightMs)),
    countedMs: sum(facts.map(({ countedMs }) => countedMs)),
    breaches: breachesIn(facts),
    burnedMost: facts.filter(({ burnedMost }) => burnedMost).length,
  };
}

/** A line for each owner at each tier at which promises were broken: whoever burned the most time first. */
export function breachLines(facts: readonly BreachFact[]) {
  const groups = new Map<string, BreachFact[]>();
  for (const fact of facts) {
    const key = `${fact.breachedAtTier}/${fact.owner}/${fact.tier}`;
    const group = groups.get(key);
    if (group) group.push(fact);
    else groups.set(key, [fact]);
  }
  const lines = [...groups.values()].map((group) => {
    const { breachedAtTier, owner, tier } = group[0]!;
    return { breachedAtTier, owner, tier, ...sums(group) };
  });
  const countedAt = (tier: number) =>
    sum(lines.filter(({ breachedAtTier }) => breachedAtTier === tier).map(({ countedMs }) => countedMs));
  return {
    lines: lines
      .map((line) => {
        const all = countedAt(line.breachedAtTier);
        const runs = line.countedMs > 0;
        return { ...line, percent: runs ? Math.round((line.countedMs * 1000) / all) / 10 : null };
      })
      .toSorted((a, b) => a.breachedAtTier - b.breachedAtTier || b.countedMs - a.countedMs || b.ms - a.ms),
    total: sums(facts),
  };
}
