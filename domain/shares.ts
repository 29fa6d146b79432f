/** Who owned the time: every open second of the resolution calendar belongs to exactly one of them (docs/rules.md §3, §9). */
import { governingLimit } from './clock.ts';
import { openTimeBetween } from './open-hours.ts';
import { targetsOf, type AppliedRules } from './policy.ts';
import type { Share, Situation } from './situation.ts';

type Totals = Partial<Record<Share, number>>;

/** Where no resolution is promised. */
const DEFAULT_CALENDAR = 'always';

function resolutionCalendar(situation: Situation, rules: AppliedRules): string {
  const clock = situation.clocks.findLast(({ name }) => name === 'resolution');
  return clock ? governingLimit(clock, rules.hours).calendar : DEFAULT_CALENDAR;
}

function totalsOn(
  { shares, foldedShares }: Situation,
  rules: AppliedRules,
  { calendar, now }: { calendar: string; now: number },
): Totals {
  const hours = rules.hours[calendar]!;
  const totals: Totals = { ...foldedShares?.totalsMs[calendar] };
  shares.forEach(({ from, share }, i) => {
    const to = shares[i + 1]?.from ?? now;
    if (share !== 'none') totals[share] = (totals[share] ?? 0) + openTimeBetween(hours, from, to);
  });
  return totals;
}

/** Milliseconds of open time per owner from opening to `now`; time after resolution belongs to nobody. */
export function sharesOf(situation: Situation, rules: AppliedRules, now: number): Totals {
  return totalsOn(situation, rules, { calendar: resolutionCalendar(situation, rules), now });
}

/** The situation with its spans before `until` folded: no share counted up to then or later changes. */
export function foldShares(situation: Situation, rules: AppliedRules, until: number): Situation {
  const calendars = targetsOf(rules.policy.clocks.resolution).map(({ calendar }) => calendar);
  const totals = [...new Set([DEFAULT_CALENDAR, ...calendars])].map((calendar) => {
    return [calendar, totalsOn(situation, rules, { calendar, now: until })] as const;
  });
  const { share } = situation.shares.at(-1)!;
  return {
    ...situation,
    shares: [{ from: until, share }],
    foldedShares: { until, totalsMs: Object.fromEntries(totals) },
  };
}
