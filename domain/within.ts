/** When a span of time ends that was said round the clock or in business days. */
import type { BusinessCalendar } from './business-time.ts';
import { expandCalendar } from './calendar.ts';
import { ALWAYS } from './open-hours.ts';
import { endOfBusinessDays } from './periods.ts';
import type { Within } from './review-rule.ts';

const DAY = 86_400_000;

/** The end of the last of so many days on which the calendar opens, the day of `from` not counted; null where it has not so many. */
export function businessDaysAfter(calendar: BusinessCalendar, from: number, days: number): number | null {
  // A week may have one open day, and holidays come on top; where that is not enough, nothing is.
  const until = from + (days * 8 + 60) * DAY;
  const hours =
    calendar === 'always' ? ALWAYS : expandCalendar('due', calendar, from - DAY, until, { days: true });
  return endOfBusinessDays(hours, from, days);
}

/** As the policy says it; round the clock where its calendar never opens often enough. */
export const endOf = (within: Within, calendar: BusinessCalendar, from: number): number =>
  'ms' in within
    ? from + within.ms
    : (businessDaysAfter(calendar, from, within.businessDays) ?? from + within.businessDays * DAY);
