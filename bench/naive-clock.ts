/**
 * Business time as a child would count it: minute by minute, looking at a clock on the wall of the zone each time.
 *
 * The second opinion on domain/calendar.ts and domain/business-time.ts. It shares no code with them, and asks `Intl` for
 * what the wall clock shows, never for offsets. Slow, so it looks at a few days only; everything is in whole minutes.
 */
import type { Calendar } from '../domain/calendar.ts';

const MINUTE = 60_000;
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

/** A wall-clock text so many minutes before another. */
function minutesBefore(text: string, minutes: number): string {
  const at = Date.parse(`${text.replace(' ', 'T')}:00Z`) - minutes * MINUTE;
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

export interface NaivePause {
  from: number;
  to: number | null;
}

/** What the wall clock of a zone shows between two instants. */
export interface Wall {
  from: number;
  to: number;
  dates: ReadonlySet<string>;
  /** By what is shown, when it is shown for the first time: of an hour that occurs twice, the first counts. */
  firstShown: ReadonlyMap<string, number>;
}

/** Looks at the wall clock every minute; `from` and `to` are whole minutes. */
export function watchWall(timeZone: string, from: number, to: number): Wall {
  const shows = wallClock(timeZone);
  const firstShown = new Map<string, number>();
  const dates = new Set<string>();
  for (let at = from; at < to; at += MINUTE) {
    const text = shows(at);
    dates.add(text.slice(0, 10));
    if (!firstShown.has(text)) firstShown.set(text, at);
  }
  return { from, to, dates, firstShown };
}

/** The minutes between two instants, each open or not. */
export class NaiveClock {
  readonly #from: number;
  readonly #open: boolean[];

  /** Hours of days that the wall was watched for only a part of may be wrong. */
  constructor(calendar: Calendar, { from, to, dates, firstShown }: Wall) {
    this.#from = from;
    this.#open = Array.from({ length: (to - from) / MINUTE }, () => false);
    for (const date of dates)
      for (const [opens, closes] of this.#windowsOn(calendar, date)) {
        const opensAt = firstShown.get(`${date} ${opens}`);
        // A window whose opening time is never shown does not take place.
        if (opensAt === undefined) continue;
        const closesAt = this.#closing(firstShown, date, closes) ?? to;
        for (let at = opensAt; at < Math.min(closesAt, to); at += MINUTE)
          this.#open[(at - from) / MINUTE] = true;
      }
  }

  #windowsOn(calendar: Calendar, date: string) {
    const exception = calendar.exceptions[date];
    if (exception) return exception;
    if (calendar.holidays.includes(date)) return [];
    return calendar.hours[WEEKDAYS[new Date(`${date}T12:00Z`).getUTCDay()]!] ?? [];
  }

  /** A closing time that is never shown is as many minutes after the last one that is as it should have been. */
  #closing(firstShown: ReadonlyMap<string, number>, date: string, closes: string): number | undefined {
    const text = closes === '24:00' ? minutesBefore(`${date} 00:00`, -24 * 60) : `${date} ${closes}`;
    for (let minutes = 0; minutes <= 25 * 60; minutes += 1) {
      const at = firstShown.get(minutesBefore(text, minutes));
      if (at !== undefined) return at + minutes * MINUTE;
    }
    return undefined;
  }

  /** Whether a minute counts; undefined where it is not known. */
  #counts(at: number, pauses: readonly NaivePause[]): boolean {
    const open = this.#open[(at - this.#from) / MINUTE];
    if (open === undefined) throw new RangeError('the naive clock looks at a few days only');
    return open && !pauses.some(({ from, to }) => from <= at && (to === null || at < to));
  }

  add(start: number, amountMs: number, pauses: readonly NaivePause[] = []): number {
    let at = start;
    for (let left = amountMs; left > 0; at += MINUTE) if (this.#counts(at, pauses)) left -= MINUTE;
    return at;
  }

  subtract(end: number, amountMs: number, pauses: readonly NaivePause[] = []): number {
    let at = end;
    for (let left = amountMs; left > 0;) {
      at -= MINUTE;
      if (this.#counts(at, pauses)) left -= MINUTE;
    }
    return at;
  }

  elapsed(start: number, end: number, pauses: readonly NaivePause[] = []): number {
    let total = 0;
    for (let at = start; at < end; at += MINUTE) if (this.#counts(at, pauses)) total += MINUTE;
    return total;
  }

  /** Opening intervals between two instants, as ISO text: `from/to`. */
  intervals(from: number, to: number): string[] {
    const found: string[] = [];
    let opened: number | null = null;
    for (let at = from; at <= to; at += MINUTE) {
      const open = at < to && this.#counts(at, []);
      if (open && opened === null) opened = at;
      if (open || opened === null) continue;
      found.push(`${new Date(opened).toISOString()}/${new Date(at).toISOString()}`);
      opened = null;
    }
    return found;
  }
}

/** Every instant between two others at which the wall clock of a zone does not go on as it did the minute before. */
export function clockChanges(timeZone: string, from: number, to: number): number[] {
  const shows = wallClock(timeZone);
  /** Minutes that the wall clock is away from UTC. */
  const ahead = (at: number) => (Date.parse(`${shows(at).replace(' ', 'T')}:00Z`) - at) / MINUTE;
  const changes: number[] = [];
  const day = 24 * 60 * MINUTE;
  for (let at = from; at < to; at += day) {
    if (ahead(at) === ahead(at + day)) continue;
    let [low, high] = [at, at + day];
    while (high - low > MINUTE) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
      if (ahead(middle) === ahead(low)) low = middle;
      else high = middle;
    }
    changes.push(high);
  }
  return changes;
}
