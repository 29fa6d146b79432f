/** Who owned the time: every open second of the resolution calendar belongs to exactly one of them (docs/rules.md §3, §9). */
import { countingCalendar, governingLimit } from './clock.ts';
import { openAndClosedSpans, openTimeBetween, type OpenHours } from './open-hours.ts';
import { targetsOf, type AppliedRules } from './policy.ts';
import { targetFor } from './retarget.ts';
import type { Share, Situation } from './situation.ts';

type Totals = Partial<Record<Share, number>>;

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
): Totals {
  const hours = rules.hours[calendar]!;
  const totals: Totals = { ...foldedShares?.totalsMs[calendar] };
  const add = (share: Share, ms: number) => {
    if (ms > 0) totals[share] = (totals[share] ?? 0) + ms;
  };
  shares.forEach(({ from, share, coveredBy }, i) => {
    if (share === 'none') return;
    const to = shares[i + 1]?.from ?? now;
    const open = openTimeBetween(hours, from, to);
    const cover = coveredBy === undefined ? undefined : rules.hours[coveredBy];
    const covered = cover ? openTimeOfBoth(hours, cover, from, to) : open;
    add(share, covered);
    add('uncovered', open - covered);
  });
  return totals;
}

/** Milliseconds of open time per owner from opening to `now`; time after resolution belongs to nobody. */
export function sharesOf(situation: Situation, rules: AppliedRules, now: number): Totals {
  return totalsOn(situation, rules, { calendar: resolutionCalendar(situation, rules), now });
}

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
