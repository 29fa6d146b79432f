/**
 * Periods counted in days of a calendar, as Regulation (EEC, Euratom) No 1182/71 counts them: for the clocks of law.
 *
 * Integers only, on the days that `expandCalendar(…, { days: true })` adds to opening hours, so that a workflow may
 * compute them. All instants are epoch milliseconds.
 */
import type { LocalDays, OpenHours } from './open-hours.ts';

const DAY = 86_400_000;

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar; `month` counts from 0 and may run over. */
function dayOfDate(year: number, month: number, date: number): number {
  return Date.UTC(year, month, date) / DAY;
}

/** The local days of a calendar one by one, whichever way they are known. */
interface Days {
  /** Number of the day that `at` falls on, or null where it is not known. */
  dayOf(at: number): number | null;
  /** The instant at which a day is over, or null where it is not known. */
  endOf(day: number): number | null;
  isBusinessDay(day: number): boolean;
}

/** Round the clock is counted in UTC, where every day is a business day. */
const UTC_DAYS: Days = {
  dayOf: (at) => Math.floor(at / DAY),
  endOf: (day) => (day + 1) * DAY,
  isBusinessDay: () => true,
};

/** Index of the last day that has started by `at`; -1 before the first. A day that a zone left out has no length. */
function indexOfDay(starts: readonly number[], at: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function knownDays({ first, starts, open }: LocalDays): Days {
  return {
    dayOf(at) {
      const index = indexOfDay(starts, at);
      return index >= 0 && index < open.length ? first + index : null;
    },
    endOf: (day) => (day >= first ? (starts[day - first + 1] ?? null) : null),
    isBusinessDay: (day) => open[day - first] === '1',
  };
}

function daysOf(hours: OpenHours): Days {
  if (hours.days) return knownDays(hours.days);
  if (hours.intervals === 'always') return UTC_DAYS;
  throw new Error(`The hours of calendar ${hours.calendar} were expanded without their days`);
}

/** End of the `n`-th business day from `day` on, `day` included; null where it is not known. */
function endOfNthBusinessDay(days: Days, day: number, n: number): number | null {
  let left = n;
  for (let at = day; ; at += 1) {
    const end = days.endOf(at);
    if (end === null) return null;
    if (days.isBusinessDay(at)) left -= 1;
    if (left <= 0) return end;
  }
}

/**
 * The end of a period of `n` business days (1 or more) that runs from an event at `from`: 24:00, local time, of the
 * n-th business day after the day of the event, which is not counted itself (art. 3(1) and 3(2)(b)). A business day is
 * a local day with open time on the calendar. `null` where the known hours end before, or start after `from`.
 */
export function endOfBusinessDays(hours: OpenHours, from: number, n: number): number | null {
  const days = daysOf(hours);
  const event = days.dayOf(from);
  return event === null ? null : endOfNthBusinessDay(days, event + 1, n);
}

/** The same date `n` months on, or the last day of that month where it has no such date (art. 3(2)(c)). */
function monthsLater(day: number, n: number): number {
  const date = new Date(day * DAY);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + n];
  return Math.min(dayOfDate(year, month, date.getUTCDate()), dayOfDate(year, month + 1, 0));
}

/**
 * The end of a period of `n` calendar months (1 or more; 12 for a year) that runs from an event at `from`: 24:00,
 * local time, of the same date n months on, clamped to the end of that month (art. 3(2)(c)); where that is no business
 * day, of the next one (art. 3(4)). `null` where the known hours end before, or start after `from`.
 */
export function endOfMonths(hours: OpenHours, from: number, n: number): number | null {
  const days = daysOf(hours);
  const event = days.dayOf(from);
  return event === null ? null : endOfNthBusinessDay(days, monthsLater(event, n), 1);
}
