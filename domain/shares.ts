/** Who owned the time: every open second of the resolution calendar belongs to exactly one of them (§3, §9). */
import { governingLimit } from './clock.ts';
import { openTimeBetween } from './open-hours.ts';
import type { AppliedRules } from './policy.ts';
import type { Share, Situation } from './situation.ts';

function resolutionCalendar(situation: Situation, rules: AppliedRules): string {
  const clock = situation.clocks.findLast(({ name }) => name === 'resolution');
  return clock ? governingLimit(clock, rules.hours).calendar : 'always';
}

/** Milliseconds of open time per owner from opening to `now`; time after resolution belongs to nobody. */
export function sharesOf(situation: Situation, rules: AppliedRules, now: number): Partial<Record<Share, number>> {
  const hours = rules.hours[resolutionCalendar(situation, rules)]!;
  const totals: Partial<Record<Share, number>> = {};
  situation.shares.forEach(({ from, share }, i) => {
    const to = situation.shares[i + 1]?.from ?? now;
    if (share !== 'none') totals[share] = (totals[share] ?? 0) + openTimeBetween(hours, from, to);
  });
  return totals;
}
