/** Who owned the time: every open second of the resolution calendar belongs to exactly one of them (docs/rules.md §3, §9). */
import { countingCalendar, governingLimit } from './clock.ts';
import { openAndClosedSpans, openTimeBetween, type OpenHours } from './open-hours.ts';
import { targetsOf, type AppliedRules } from './policy.ts';
import { targetFor } from './retarget.ts';
import type { Share, Situation } from './situation.ts';

type Totals = Partial<Record<Share, number>>;

/** What is in flight, by the tier that offered it: `handoff/2`. Older folded totals have `handoff` alone. */
type Detailed = Record<string, number>;
const inFlight = (tier: number): string => `handoff/${tier}`;

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
    add(share === 'handoff' && charged !== undefined ? inFlight(charged) : share, covered);
    add('uncovered', open - covered);
  });
  return totals;
}

/** Milliseconds of open time per owner from opening to `now`; time after resolution belongs to nobody. */
export function sharesOf(situation: Situation, rules: AppliedRules, now: number): Totals {
  const detailed = totalsOn(situation, rules, { calendar: resolutionCalendar(situation, rules), now });
  const totals: Totals = {};
  for (const [key, ms] of Object.entries(detailed)) {
    const share = key.split('/', 1)[0] as Share;
    totals[share] = (totals[share] ?? 0) + ms;
  }
  return totals;
}

/** Of the time in flight, what is charged to each tier that offered: milliseconds, as in `sharesOf`. */
export function chargedInFlight(
  situation: Situation,
  rules: AppliedRules,
  now: number,
): Record<number, number> {
  const detailed = totalsOn(situation, rules, { calendar: resolutionCalendar(situation, rules), now });
  const charged = Object.entries(detailed).flatMap(([key, ms]) => {
    const [share, tier] = key.split('/');
    return share === 'handoff' && tier !== undefined ? [[Number(tier), ms] as const] : [];
  });
  return Object.fromEntries(charged);
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
