/**
 * Calendars in local time, and their expansion to UTC opening hours.
 *
 * The one file that knows time zones (temporal-polyfill). Workflows never reach it: they get expanded
 * `OpenHours` (domain/open-hours.ts) in their input.
 */
import { createHash } from 'node:crypto';
import { Temporal } from 'temporal-polyfill/implementation';
import { canonicalJson } from './canonical-json.ts';
import type { OpenHours, Span } from './open-hours.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Local wall-clock window of a day, `HH:MM`, closing up to `24:00`. */
export type Window = readonly [opens: string, closes: string];

/** Weekly hours in an IANA zone; an entry in `exceptions` replaces that date's hours, a holiday empties it. */
export interface Calendar {
  timezone: string;
  hours: Partial<Record<Weekday, readonly Window[]>>;
  holidays: readonly string[];
  exceptions: Readonly<Record<string, readonly Window[]>>;
}

/** A fact about a calendar that its owner must mend (`error`) or should know (`warning`). */
export interface CalendarFinding {
  severity: 'error' | 'warning';
  /** JSON pointer into the calendar. */
  pointer: string;
  code: string;
  message: string;
}

/** Version of the zone data in this runtime, e.g. `2025c`. */
export function zoneDataVersion(): string {
  return process.versions['tz'] ?? 'unknown';
}

/** Short hash that names this version of a calendar: by what it says, whatever order a store gives its fields. */
export function calendarVersion(calendar: Calendar): string {
  return createHash('sha256').update(canonicalJson(calendar)).digest('hex').slice(0, 12);
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** Whether `zone` is an IANA zone that this runtime knows. A bare offset is none: it knows no clock changes. */
export function isKnownZone(zone: string): boolean {
  if (/^[+-]/.test(zone)) return false;
  try {
    Temporal.PlainDate.from('2024-01-01').toZonedDateTime(zone);
    return true;
  } catch {
    return false;
  }
}

function isDate(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text).toString() === text;
  } catch {
    return false;
  }
}

function windowFindings(windows: readonly Window[], pointer: string): CalendarFinding[] {
  const findings: CalendarFinding[] = [];
  let previousCloses = -1;
  windows.forEach(([opens, closes], i) => {
    const at = `${pointer}/${i}`;
    const error = (code: string, message: string) =>
      findings.push({ severity: 'error', pointer: at, code, message });
    if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(opens))
      return error('time_malformed', `${opens} is not a time of day HH:MM`);
    if (!/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(closes))
      return error('time_malformed', `${closes} is not a time of day HH:MM or 24:00`);
    if (closes === '23:59')
      return error('closing_before_midnight', 'closing at 23:59 loses a minute a day; say 24:00');
    if (minutesOf(closes) <= minutesOf(opens))
      return error(
        'window_empty',
        `the window ${opens}-${closes} has no length; a night shift is two windows`,
      );
    if (minutesOf(opens) < previousCloses)
      return error('windows_overlap', `the window ${opens}-${closes} starts before the one before it ends`);
    previousCloses = minutesOf(closes);
  });
  return findings;
}

/** Everything wrong with a calendar, each with its place; empty when it can be used (rules of docs/rules.md §3). */
export function checkCalendar(calendar: Calendar): CalendarFinding[] {
  const findings: CalendarFinding[] = [];
  const error = (pointer: string, code: string, message: string) =>
    findings.push({ severity: 'error', pointer, code, message });
  if (!isKnownZone(calendar.timezone))
    error('/timezone', 'zone_unknown', `${calendar.timezone} is not a time zone known here`);
  for (const day of WEEKDAYS) findings.push(...windowFindings(calendar.hours[day] ?? [], `/hours/${day}`));
  calendar.holidays.forEach((date, i) => {
    if (!isDate(date)) error(`/holidays/${i}`, 'date_malformed', `${date} is not a date YYYY-MM-DD`);
  });
  for (const [date, windows] of Object.entries(calendar.exceptions)) {
    if (!isDate(date)) error(`/exceptions/${date}`, 'date_malformed', `${date} is not a date YYYY-MM-DD`);
    findings.push(...windowFindings(windows, `/exceptions/${date}`));
  }
  const hasOpenTime =
    WEEKDAYS.some((day) => (calendar.hours[day] ?? []).length > 0) ||
    Object.values(calendar.exceptions).some((windows) => windows.length > 0);
  if (!hasOpenTime)
    error('/hours', 'never_open', 'the calendar has no open time; no deadline could ever be met');
  return findings;
}

function windowsOn(
  calendar: Calendar,
  holidays: ReadonlySet<string>,
  date: Temporal.PlainDate,
): readonly Window[] {
  const name = date.toString();
  const exception = calendar.exceptions[name];
  if (exception) return exception;
  if (holidays.has(name)) return [];
  return calendar.hours[WEEKDAYS[date.dayOfWeek - 1]!] ?? [];
}

/** Instant of a local time of day; `24:00` is the start of the next day. */
function instantOf(date: Temporal.PlainDate, time: string, timeZone: string): number {
  const minutes = minutesOf(time);
  const day = minutes === 24 * 60 ? date.add({ days: 1 }) : date;
  const local = day.toPlainDateTime({ hour: Math.floor(minutes / 60) % 24, minute: minutes % 60 });
  return local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds;
}

const HOUR = 3_600_000;

/** Milliseconds that local clocks are ahead of UTC at a wall-clock time (given as if it were UTC). */
function offsetAt(wallClock: number, timeZone: string): number {
  const local = Temporal.Instant.fromEpochMilliseconds(wallClock).toZonedDateTimeISO('UTC').toPlainDateTime();
  return wallClock - local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds;
}

/** By zone and local hour; null for an hour in which the offset changes. */
const offsetsByHour = new Map<string, Map<number, number | null>>();

function offsetInHour(hour: number, timeZone: string): number | null {
  const known = offsetsByHour.get(timeZone) ?? new Map<number, number | null>();
  offsetsByHour.set(timeZone, known);
  let offset = known.get(hour);
  if (offset === undefined) {
    const first = offsetAt(hour * HOUR, timeZone);
    offset = first === offsetAt((hour + 1) * HOUR, timeZone) ? first : null;
    known.set(hour, offset);
  }
  return offset;
}

/**
 * Instant (epoch milliseconds) of a wall-clock time in an IANA zone; `wallClock` is that time as if it were UTC.
 * A time that a clock change skips is taken as much later, one that occurs twice is the first of the two (RFC 5545
 * and Temporal's `compatible`). Offsets are remembered by the hour: whole logs are converted with it.
 */
export function localInstant(wallClock: number, timeZone: string): number {
  const offset = offsetInHour(Math.floor(wallClock / HOUR), timeZone);
  return wallClock - (offset ?? offsetAt(wallClock, timeZone));
}

/** Whether the local time exists on that day: false inside the hour a clock change skips. */
function isSkipped(date: Temporal.PlainDate, time: string, timeZone: string): boolean {
  const minutes = minutesOf(time);
  if (minutes === 24 * 60) return false;
  const local = date.toPlainDateTime({ hour: Math.floor(minutes / 60), minute: minutes % 60 });
  return !local.toZonedDateTime(timeZone).toPlainDateTime().equals(local);
}

/** Local dates on which clocks change between two instants: the date before each change and the one after it. */
function datesOfClockChanges(timeZone: string, from: number, until: number): Temporal.PlainDate[] {
  const dates: Temporal.PlainDate[] = [];
  let change = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timeZone);
  for (;;) {
    const next = change.getTimeZoneTransition('next');
    if (!next || next.epochMilliseconds >= until) return dates;
    dates.push(next.subtract({ nanoseconds: 1 }).toPlainDate(), next.toPlainDate());
    change = next;
  }
}

/**
 * Warnings for windows that a clock change between two instants drops, because they start inside the hour it
 * skips; each window once, with the first day it is dropped (docs/rules.md §3). The calendar has no errors.
 */
export function droppedWindows(calendar: Calendar, from: number, until: number): CalendarFinding[] {
  const zone = calendar.timezone;
  const holidays = new Set(calendar.holidays);
  const found = new Map<string, CalendarFinding>();
  for (const date of datesOfClockChanges(zone, from, until)) {
    const day =
      date.toString() in calendar.exceptions
        ? `exceptions/${date.toString()}`
        : `hours/${WEEKDAYS[date.dayOfWeek - 1]!}`;
    windowsOn(calendar, holidays, date).forEach(([opens, closes], i) => {
      const pointer = `/${day}/${i}`;
      if (!isSkipped(date, opens, zone) || found.has(pointer)) return;
      const message = `the window ${opens}-${closes} does not open on ${date.toString()}: clocks skip ${opens} that day`;
      found.set(pointer, { severity: 'warning', pointer, code: 'window_dropped', message });
    });
  }
  return [...found.values()];
}

function mergeAdjacent(spans: Span[]): Span[] {
  const merged: [number, number][] = [];
  for (const [from, to] of spans) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/**
 * Opening hours between two instants (epoch milliseconds), in UTC. A window that starts inside a skipped local
 * hour is dropped; across a clock change the real length counts (docs/rules.md §3).
 */
export function expandCalendar(name: string, calendar: Calendar, from: number, until: number): OpenHours {
  const holidays = new Set(calendar.holidays);
  const zone = calendar.timezone;
  const first = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).toPlainDate();
  const last = Temporal.Instant.fromEpochMilliseconds(until).toZonedDateTimeISO(zone).toPlainDate();
  const spans: Span[] = [];
  for (
    let date = first.subtract({ days: 1 });
    Temporal.PlainDate.compare(date, last) <= 0;
    date = date.add({ days: 1 })
  ) {
    for (const [opens, closes] of windowsOn(calendar, holidays, date)) {
      if (isSkipped(date, opens, zone)) continue;
      const start = Math.max(instantOf(date, opens, zone), from);
      const end = Math.min(instantOf(date, closes, zone), until);
      if (end > start) spans.push([start, end]);
    }
  }
  return {
    calendar: name,
    version: calendarVersion(calendar),
    zoneData: zoneDataVersion(),
    from,
    until,
    intervals: mergeAdjacent(spans),
  };
}
