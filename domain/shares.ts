/** Who owned the time: every open second of the resolution calendar belongs to exactly one of them (docs/rules.md §3, §9). */
import { countingCalendar, governingLimit } from './clock.ts';
import { openAndClosedSpans, openTimeBetween, type OpenHours } from './open-hours.ts';
import { targetsOf, type AppliedRules } from './policy.ts';
import { targetFor } from './retarget.ts';
import type { Share, Situation } from './situation.ts';

type Totals = Partial<Record<Share, number>>;

/** What is in flight, by the tier that offered it: `handoff/2`. Older folded totals have `handoff` alone. */
type Detailed = Record<string, number>;
const inFlightOf = (tier: number): string => `handoff/${tier}`;

/** Where no resolution is promised. */
const DEFAULT_CALENDAR = 'always';

function resolutionCalendar(situation: Situation, rules: AppliedRules): string {
  const clock = situation.clocks.findLast(({ name }) => name === 'resolution');
  if (clock) return countingCalendar(governingLimit(clock, rules.hours));
  const { priority, tier, team } = situation;
  return (
    targetFor(rules.policy, 'resolution', { priority, owner: { tier, team } })?.calendar ?? DEFAULT_CALENDAR
  );
}

/** Open time that both calendars have. */
function openTimeOfBoth(a: OpenHours, b: OpenHours, from: number, to: number): number {
  const open = openAndClosedSpans(a, from, to).filter((span) => span.open);
  return open.reduce((sum, span) => sum + openTimeBetween(b, span.from, span.to), 0);
}

function totalsOn(
  { shares, foldedShares }: Situation,
  rules: AppliedRules,
  { calendar, now }: { calendar: string; now: number },
): Detailed {
  const hours = rules.hours[calendar]!;
  const totals: Detailed = { ...foldedShares?.totalsMs[calendar] };
  const add = (share: string, ms: number) => {
    if (ms > 0) totals[share] = (totals[share] ?? 0) + ms;
  };
  shares.forEach(({ from, share, coveredBy, charged }, i) => {
    if (share === 'none') return;
    const to = shares[i + 1]?.from ?? now;
    const open = openTimeBetween(hours, from, to);
    const cover = coveredBy === undefined ? undefined : rules.hours[coveredBy];
    const covered = cover ? openTimeOfBoth(hours, cover, from, to) : open;
    add(share === 'handoff' && charged !== undefined ? inFlightOf(charged) : share, covered);
    add('uncovered', open - covered);
  });
  return totals;
}

/** Open time from opening to `now`, in milliseconds; time after resolution belongs to nobody. */
export interface DividedTime {
  /** By owner. */
  shares: Totals;
  /** Of the time in flight, what is charged to each tier that offered. */
  inFlight: Record<number, number>;
}

export function dividedTime(situation: Situation, rules: AppliedRules, now: number): DividedTime {
  const detailed = totalsOn(situation, rules, { calendar: resolutionCalendar(situation, rules), now });
  const shares: Totals = {};
  const inFlight: Record<number, number> = {};
  for (const [key, ms] of Object.entries(detailed)) {
    const [share, tier] = key.split('/') as [Share, string?];
    shares[share] = (shares[share] ?? 0) + ms;
    if (share === 'handoff' && tier !== undefined) inFlight[Number(tier)] = ms;
  }
  return { shares, inFlight };
}

/** As `dividedTime`, by owner alone. */
export const sharesOf = (situation: Situation, rules: AppliedRules, now: number): Totals =>
  dividedTime(situation, rules, now).shares;

/** The situation with its spans before `until` folded: no share counted up to then or later changes. */
export function foldShares(situation: Situation, rules: AppliedRules, until: number): Situation {
  const calendars = targetsOf(rules.policy, 'resolution').map(({ calendar }) => calendar);
  const totals = [...new Set([DEFAULT_CALENDAR, ...calendars])].map((calendar) => {
    return [calendar, totalsOn(situation, rules, { calendar, now: until })] as const;
  });
  const last = situation.shares.at(-1)!;
  return {
    ...situation,
    shares: [{ ...last, from: until }],
    foldedShares: { until, totalsMs: Object.fromEntries(totals) },
  };
}
