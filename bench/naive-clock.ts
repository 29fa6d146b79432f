/**
 * Business time as a child would count it: minute by minute, looking at a clock on the wall of the zone each time.
 *
 * The second opinion on domain/calendar.ts and domain/business-time.ts. It shares no code with them, and asks `Intl` for
 * what the wall clock shows, never for offsets: every quarter of an hour, and every minute of those in which the wall
 * clock does not go on by a quarter of an hour. Slow, so it looks at a few days only; everything is in whole minutes.
 */
import type { Calendar } from '../domain/calendar.ts';

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const DAY = 24 * 60 * MINUTE;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** `2026-03-29 02:30` as the wall clock of a zone shows it. */
export function wallClock(timeZone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  return (at) => format.format(at);
}

export interface NaivePause {
  from: number;
  to: number | null;
}

/** What a wall clock shows, as minutes since 1970 on that wall. */
const shownMinute = (text: string): number => Date.parse(`${text.replace(' ', 'T')}:00Z`) / MINUTE;

/** What the wall clock of a zone shows between two instants. */
export interface Wall {
  from: number;
  to: number;
  dates: ReadonlySet<string>;
  /** By what is shown, when it is shown for the first time: of an hour that occurs twice, the first counts. */
  firstShown: ReadonlyMap<number, number>;
}

/** Looks at the wall clock from one whole minute to another, a number of quarters of an hour later. */
export function watchWall(timeZone: string, from: number, to: number): Wall {
  const shows = wallClock(timeZone);
  const firstShown = new Map<number, number>();
  const dates = new Set<string>();
  let text = shows(from);
  for (let quarter = from; quarter < to; quarter += QUARTER) {
    const shown = shownMinute(text);
    dates.add(text.slice(0, 10));
    text = shows(quarter + QUARTER);
    const isSteady = shownMinute(text) === shown + 15;
    for (let i = 0; i < 15; i += 1) {
      const at = quarter + i * MINUTE;
      const minute = isSteady ? shown + i : shownMinute(shows(at));
      if (!firstShown.has(minute)) firstShown.set(minute, at);
    }
  }
  return { from, to, dates, firstShown };
}

/** The minutes between two instants, each open or not. */
export class NaiveClock {
  readonly #from: number;
  /** 1 where a minute is open. */
  readonly #open: Uint8Array;
  /** The pauses that were asked about last, and the open minutes without them. */
  #asked: { pauses: readonly NaivePause[]; counting: Uint8Array } | null = null;

  /** Hours of days that the wall was watched for only a part of may be wrong. */
  constructor(calendar: Calendar, { from, to, dates, firstShown }: Wall) {
    this.#from = from;
    this.#open = new Uint8Array((to - from) / MINUTE);
    for (const date of dates)
      for (const [opens, closes] of this.#windowsOn(calendar, date)) {
        const opensAt = firstShown.get(shownMinute(`${date} ${opens}`));
        // A window whose opening time is never shown does not take place.
        if (opensAt === undefined) continue;
        const closesAt = this.#closing(firstShown, date, closes) ?? to;
        for (let at = opensAt; at < Math.min(closesAt, to); at += MINUTE)
          this.#open[(at - from) / MINUTE] = 1;
      }
  }

  #windowsOn(calendar: Calendar, date: string) {
    const exception = calendar.exceptions[date];
    if (exception) return exception;
    if (calendar.holidays.includes(date)) return [];
    return calendar.hours[WEEKDAYS[new Date(`${date}T12:00Z`).getUTCDay()]!] ?? [];
  }

  /** A closing time that is never shown is as many minutes after the last one that is as it should have been. */
  #closing(firstShown: ReadonlyMap<number, number>, date: string, closes: string): number | undefined {
    const shown = shownMinute(`${date} ${closes}`);
    for (let minutes = 0; minutes <= 25 * 60; minutes += 1) {
      const at = firstShown.get(shown - minutes);
      if (at !== undefined) return at + minutes * MINUTE;
    }
    return undefined;
  }

  /** The minutes that count: the open ones, pauses crossed out. */
  #counting(pauses: readonly NaivePause[]): Uint8Array {
    if (pauses.length === 0) return this.#open;
    if (this.#asked?.pauses === pauses) return this.#asked.counting;
    const counting = this.#open.slice();
    for (const { from, to } of pauses)
      for (let minute = 0; minute < counting.length; minute += 1) {
        const at = this.#from + minute * MINUTE;
        if (from <= at && (to === null || at < to)) counting[minute] = 0;
      }
    this.#asked = { pauses, counting };
    return counting;
  }

  #minuteOf(at: number): number {
    const minute = (at - this.#from) / MINUTE;
    if (!Number.isInteger(minute)) throw new RangeError('the naive clock counts whole minutes');
    return minute;
  }

  /** What a minute counts. */
  #told(counting: Uint8Array, minute: number): number {
    const counts = counting[minute];
    if (counts === undefined) throw new RangeError('the naive clock looks at a few days only');
    return counts;
  }

  add(start: number, amountMs: number, pauses: readonly NaivePause[] = []): number {
    const counting = this.#counting(pauses);
    let minute = this.#minuteOf(start);
    for (let left = amountMs / MINUTE; left > 0; minute += 1) left -= this.#told(counting, minute);
    return this.#from + minute * MINUTE;
  }

  subtract(end: number, amountMs: number, pauses: readonly NaivePause[] = []): number {
    const counting = this.#counting(pauses);
    let minute = this.#minuteOf(end);
    for (let left = amountMs / MINUTE; left > 0;) {
      minute -= 1;
      left -= this.#told(counting, minute);
    }
    return this.#from + minute * MINUTE;
  }

  elapsed(start: number, end: number, pauses: readonly NaivePause[] = []): number {
    const counting = this.#counting(pauses);
    const last = this.#minuteOf(end);
    let total = 0;
    for (let minute = this.#minuteOf(start); minute < last; minute += 1)
      total += this.#told(counting, minute);
    return total * MINUTE;
  }

  /** Opening intervals between two instants, as ISO text: `from/to`. */
  intervals(from: number, to: number): string[] {
    const [first, last] = [this.#minuteOf(from), this.#minuteOf(to)];
    const iso = (minute: number) => new Date(this.#from + minute * MINUTE).toISOString();
    const found: string[] = [];
    let opened: number | null = null;
    for (let minute = first; minute <= last; minute += 1) {
      const open = minute < last && this.#told(this.#open, minute) === 1;
      if (open && opened === null) opened = minute;
      if (open || opened === null) continue;
      found.push(`${iso(opened)}/${iso(minute)}`);
      opened = null;
    }
    return found;
  }
}

/** Every instant between two others at which the wall clock of a zone does not go on as it did the minute before. */
export function clockChanges(timeZone: string, from: number, to: number): number[] {
  const shows = wallClock(timeZone);
  /** Minutes that the wall clock is away from UTC. */
  const ahead = (at: number) => shownMinute(shows(at)) - at / MINUTE;
  const changes: number[] = [];
  let before = ahead(from);
  for (let at = from; at < to; at += DAY) {
    const after = ahead(at + DAY);
    let [low, high] = after === before ? [at, at] : [at, at + DAY];
    while (high - low > MINUTE) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
      if (ahead(middle) === before) low = middle;
      else high = middle;
    }
    if (after !== before) changes.push(high);
    before = after;
  }
  return changes;
}
