/**
 * Calendars in local time, and their expansion to UTC opening hours.
 *
 * With zone.ts the part that knows time zones. Workflows never reach it: they get expanded `OpenHours`
 * (domain/open-hours.ts) in their input.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { LocalDays, OpenHours, Span } from './open-hours.ts';
import { wallClockOf, zoneNamed, type Zone } from './zone.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

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

/** Minutes from midnight of `HH:MM`. */
function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** Whether `zone` is an IANA zone that this runtime knows. A bare offset is none: it knows no clock changes. */
export function isKnownZone(zone: string): boolean {
  return zoneNamed(zone) !== null;
}

function zoneOf({ timezone }: Pick<Calendar, 'timezone'>): Zone {
  const zone = zoneNamed(timezone);
  if (!zone) throw new RangeError(`${timezone} is not a time zone known here`);
  return zone;
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Days from 1970-01-01 to a date `YYYY-MM-DD`, or null where that is no date. */
export function dayNumber(date: string): number | null {
  const parts = DATE.exec(date);
  if (!parts) return null;
  const at = Date.parse(`${date}T00:00Z`);
  // What the engine makes of the 30th of February differs; no day of ours may be another one.
  return dateOf(at / DAY) === date ? at / DAY : null;
}

/** The date `YYYY-MM-DD` of a day number. */
export function dateOf(day: number): string {
  return Number.isFinite(day) ? new Date(day * DAY).toISOString().slice(0, 10) : '';
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
    if (dayNumber(date) === null)
      error(`/holidays/${i}`, 'date_malformed', `${date} is not a date YYYY-MM-DD`);
  });
  for (const [date, windows] of Object.entries(calendar.exceptions)) {
    if (dayNumber(date) === null)
      error(`/exceptions/${date}`, 'date_malformed', `${date} is not a date YYYY-MM-DD`);
    findings.push(...windowFindings(windows, `/exceptions/${date}`));
  }
  const hasOpenTime =
    WEEKDAYS.some((day) => (calendar.hours[day] ?? []).length > 0) ||
    Object.values(calendar.exceptions).some((windows) => windows.length > 0);
  if (!hasOpenTime)
    error('/hours', 'never_open', 'the calendar has no open time; no deadline could ever be met');
  return findings;
}

/** Windows of a day as minutes from midnight: opens, closes, opens, closes, … */
type Minutes = readonly number[];

/** A calendar read for arithmetic. */
interface ReadCalendar {
  zone: Zone;
  /** By weekday, from Monday. */
  week: readonly Minutes[];
  /** By day number, the days that differ from their weekday. */
  special: ReadonlyMap<number, Minutes>;
}

const minutesOfAll = (windows: readonly Window[] = []): Minutes =>
  windows.flatMap(([opens, closes]) => [minutesOf(opens), minutesOf(closes)]);

/** Calendars are never changed in place, so each is read once. */
const readCalendars = new WeakMap<Calendar, ReadCalendar>();

function read(calendar: Calendar): ReadCalendar {
  const known = readCalendars.get(calendar);
  if (known) return known;
  const special = new Map<number, Minutes>();
  for (const date of calendar.holidays) special.set(dayNumber(date)!, []);
  // An exception replaces the hours of its date, also those of a holiday.
  for (const date of Object.keys(calendar.exceptions))
    special.set(dayNumber(date)!, minutesOfAll(calendar.exceptions[date]));
  const week = WEEKDAYS.map((weekday) => minutesOfAll(calendar.hours[weekday]));
  const done = { zone: zoneOf(calendar), week, special };
  readCalendars.set(calendar, done);
  return done;
}

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;

function windowsOn({ week, special }: ReadCalendar, day: number): Minutes {
  return special.get(day) ?? week[weekdayOf(day)]!;
}

/**
 * Tells every window that opens on the local days `first` to `last`, in order, as epoch milliseconds. One that starts
 * inside a skipped local hour is dropped; across a clock change the real length counts (docs/rules.md §3).
 */
function eachWindow(
  calendar: ReadCalendar,
  { first, last }: { first: number; last: number },
  tell: (opensAt: number, closesAt: number, day: number) => void,
): void {
  const around = calendar.zone.offsetsAround(first * DAY, (last + 1) * DAY);
  const { changes } = around;
  let { offset } = around;
  let next = 0;
  for (let day = first; day <= last; day += 1) {
    const windows = windowsOn(calendar, day);
    for (let i = 0; i < windows.length; i += 2) {
      const opens = day * DAY + windows[i]! * MINUTE;
      const closes = day * DAY + windows[i + 1]! * MINUTE;
      while (next < changes.length && opens >= wallClockOf(changes[next]!)) {
        offset = changes[next]!.after;
        next += 1;
      }
      const change = changes[next];
      if (change === undefined) tell(opens - offset, closes - offset, day);
      else if (opens < change.at + change.before)
        tell(opens - offset, closes - (closes >= wallClockOf(change) ? change.after : offset), day);
    }
  }
}

/** No clock change is longer than a day, and no window of a day reaches further than two days on. */
const REACH = 2;

/**
 * Opening intervals of the windows that open on the local days `first` to `last`, in order and apart: what an earlier
 * window still covers, its closing time put off by a clock change, is left out.
 */
export function openSpansOfDays(calendar: Calendar, first: number, last: number): Span[] {
  const spans: [number, number][] = [];
  let covered = Number.NEGATIVE_INFINITY;
  eachWindow(read(calendar), { first: first - REACH, last }, (opensAt, closesAt, day) => {
    const from = Math.max(opensAt, covered);
    covered = Math.max(covered, closesAt);
    if (day < first || closesAt <= from) return;
    const before = spans.at(-1);
    if (before?.[1] === from) before[1] = closesAt;
    else spans.push([from, closesAt]);
  });
  return spans;
}

/** The local day of an instant, as a day number; the later one of a change that repeats or leaves out a day. */
export function localDayOf(calendar: Pick<Calendar, 'timezone'>, at: number): number {
  return Math.floor((at + zoneOf(calendar).offsetAt(at)) / DAY);
}

/**
 * Instant (epoch milliseconds) of a wall-clock time in an IANA zone; `wallClock` is that time as if it were UTC.
 * A time that a clock change skips is taken as much later, one that occurs twice is the first of the two (RFC 5545
 * and Temporal's `compatible`).
 */
export function localInstant(wallClock: number, timeZone: string): number {
  return zoneOf({ timezone: timeZone }).instantOf(wallClock);
}

/** The instant at which a local day starts: with the clock change where that skips midnight. */
function startOfDay(zone: Zone, day: number): number {
  return zone.changeSkipping(day * DAY)?.at ?? zone.instantOf(day * DAY);
}

/** The local days from `first` to `last`, each with whether the calendar opens on it. */
function localDays(calendar: ReadCalendar, first: number, last: number): LocalDays {
  const open = new Set<number>();
  eachWindow(calendar, { first, last }, (_opensAt, _closesAt, day) => open.add(day));
  const days = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return {
    first,
    starts: [...days, last + 1].map((day) => startOfDay(calendar.zone, day)),
    open: days.map((day) => (open.has(day) ? '1' : '0')).join(''),
  };
}

/** Local days between two instants of which a clock change skips a part, or all. */
function daysWithSkippedHours(zone: Zone, from: number, until: number): number[] {
  return zone.offsetsBetween(from, until).changes.flatMap(({ at, before, after }) => {
    const first = Math.floor((at + before) / DAY);
    const last = Math.floor((at + after - 1) / DAY);
    return Array.from({ length: after > before ? last - first + 1 : 0 }, (_, i) => first + i);
  });
}

/**
 * Warnings for windows that a clock change between two instants drops, because they start inside the hour it
 * skips; each window once, with the first day it is dropped (docs/rules.md §3). The calendar has no errors.
 */
export function droppedWindows(calendar: Calendar, from: number, until: number): CalendarFinding[] {
  const { zone } = read(calendar);
  const found = new Map<string, CalendarFinding>();
  for (const day of daysWithSkippedHours(zone, from, until)) {
    const date = dateOf(day);
    const weekday = WEEKDAYS[weekdayOf(day)]!;
    const isException = Object.hasOwn(calendar.exceptions, date);
    if (!isException && calendar.holidays.includes(date)) continue;
    const windows = isException ? calendar.exceptions[date]! : (calendar.hours[weekday] ?? []);
    windows.forEach(([opens, closes], i) => {
      const pointer = `${isException ? `/exceptions/${date}` : `/hours/${weekday}`}/${i}`;
      if (found.has(pointer) || !zone.changeSkipping(day * DAY + minutesOf(opens) * MINUTE)) return;
      const message = `the window ${opens}-${closes} does not open on ${date}: clocks skip ${opens} that day`;
      found.set(pointer, { severity: 'warning', pointer, code: 'window_dropped', message });
    });
  }
  return [...found.values()];
}

/**
 * Opening hours between two instants (epoch milliseconds), in UTC, and where asked for the local days, which periods
 * of law are counted in (domain/periods.ts). A window that starts inside a skipped local hour is dropped; across a
 * clock change the real length counts (docs/rules.md §3).
 */
export function expandCalendar(
  name: string,
  calendar: Calendar,
  from: number,
  until: number,
  { days = false }: { days?: boolean } = {},
): OpenHours {
  const first = localDayOf(calendar, from);
  const last = localDayOf(calendar, Math.max(from, until - 1));
  const spans = openSpansOfDays(calendar, first - REACH, last + REACH);
  return {
    calendar: name,
    version: calendarVersion(calendar),
    zoneData: zoneDataVersion(),
    from,
    until,
    intervals: spans
      .map<Span>(([opensAt, closesAt]) => [Math.max(opensAt, from), Math.min(closesAt, until)])
      .filter(([opensAt, closesAt]) => opensAt < closesAt),
    ...(days && { days: localDays(read(calendar), first, last) }),
  };
}
