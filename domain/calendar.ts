/**
 * Calendars in local time, and their expansion to UTC opening hours.
 *
 * With zone.ts the part that knows time zones. Workflows never reach it: they get expanded `OpenHours`
 * (domain/open-hours.ts) in their input.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { sumsOf, type CountedHours, type LocalDays, type OpenHours, type Span } from './open-hours.ts';
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

const ZERO = 48;
const COLON = 58;
const HYPHEN = 45;

/** The two digits at `index`, or NaN. Written out, as all here that is done for every window: calendars come by the thousand. */
function twoDigits(text: string, index: number): number {
  const tens = text.charCodeAt(index) - ZERO;
  const ones = text.charCodeAt(index + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

const MIDNIGHT = 24 * 60;

/** Minutes from midnight of a time of day `HH:MM`, up to `24:00`, or NaN where it is none. */
function minutesOf(time: string): number {
  if (time.length !== 5 || time.charCodeAt(2) !== COLON) return Number.NaN;
  const minute = twoDigits(time, 3);
  const minutes = twoDigits(time, 0) * 60 + minute;
  return minute <= 59 && minutes <= MIDNIGHT ? minutes : Number.NaN;
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

const MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** Days from 1970-01-01 to the day 0 of March of the year 0, backwards. */
const EPOCH_FROM_MARCH = 719_469;

/** Days from 1970-01-01 to a date `YYYY-MM-DD`, or null where that is no date. */
export function dayNumber(date: string): number | null {
  if (date.length !== 10 || date.charCodeAt(4) !== HYPHEN || date.charCodeAt(7) !== HYPHEN) return null;
  const year = twoDigits(date, 0) * 100 + twoDigits(date, 2);
  const month = twoDigits(date, 5);
  const day = twoDigits(date, 8);
  const length = month === 2 && isLeapYear(year) ? 29 : MONTH_LENGTHS[month - 1];
  if (Number.isNaN(year) || length === undefined || !(day >= 1 && day <= length)) return null;
  // Years that start in March end with their leap day, so that the months before one are always as long.
  const years = month <= 2 ? year - 1 : year;
  const months = month <= 2 ? month + 9 : month - 3;
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return years * 365 + leapDays + Math.floor((153 * months + 2) / 5) + day - EPOCH_FROM_MARCH;
}

/** The date `YYYY-MM-DD` of a day number. */
export function dateOf(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

/** What is wrong with a window, or null; `previousCloses` in minutes from midnight. */
function windowFault(
  [opens, closes]: Window,
  previousCloses: number,
): [code: string, message: string] | null {
  const [from, to] = [minutesOf(opens), minutesOf(closes)];
  if (!(from < MIDNIGHT)) return ['time_malformed', `${opens} is not a time of day HH:MM`];
  if (Number.isNaN(to)) return ['time_malformed', `${closes} is not a time of day HH:MM or 24:00`];
  if (closes === '23:59')
    return ['closing_before_midnight', 'closing at 23:59 loses a minute a day; say 24:00'];
  if (to <= from)
    return ['window_empty', `the window ${opens}-${closes} has no length; a night shift is two windows`];
  if (from < previousCloses)
    return ['windows_overlap', `the window ${opens}-${closes} starts before the one before it ends`];
  return null;
}

function windowFindings(windows: readonly Window[], pointer: string): CalendarFinding[] {
  const findings: CalendarFinding[] = [];
  let previousCloses = -1;
  for (const [i, window] of windows.entries()) {
    const fault = windowFault(window, previousCloses);
    if (fault)
      findings.push({ severity: 'error', pointer: `${pointer}/${i}`, code: fault[0], message: fault[1] });
    else previousCloses = minutesOf(window[1]);
  }
  return findings;
}

/** A date as part of a JSON pointer: what is no date may have any character in it. */
const inPointer = (text: string): string => text.replaceAll('~', '~0').replaceAll('/', '~1');

function dateFinding(date: string, pointer: string): CalendarFinding {
  return { severity: 'error', pointer, code: 'date_malformed', message: `${date} is not a date YYYY-MM-DD` };
}

/** Everything wrong with a calendar, each with its place; empty when it can be used (rules of docs/rules.md §3). */
export function checkCalendar(calendar: Calendar): CalendarFinding[] {
  const findings: CalendarFinding[] = [];
  const { timezone, hours, holidays, exceptions } = calendar;
  const error = (pointer: string, code: string, message: string) =>
    findings.push({ severity: 'error', pointer, code, message });
  if (!isKnownZone(timezone)) error('/timezone', 'zone_unknown', `${timezone} is not a time zone known here`);
  let hasOpenTime = false;
  for (const day of WEEKDAYS) {
    const windows = hours[day];
    if (!windows || windows.length === 0) continue;
    hasOpenTime = true;
    findings.push(...windowFindings(windows, `/hours/${day}`));
  }
  holidays.forEach((date, i) => {
    if (dayNumber(date) === null) findings.push(dateFinding(date, `/holidays/${i}`));
  });
  for (const date of Object.keys(exceptions)) {
    const windows = exceptions[date]!;
    hasOpenTime ||= windows.length > 0;
    const pointer = `/exceptions/${inPointer(date)}`;
    if (dayNumber(date) === null) findings.push(dateFinding(date, pointer));
    findings.push(...windowFindings(windows, pointer));
  }
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
  /** Opening intervals already expanded, by stretch. */
  stretches: Map<number, CountedHours>;
}

const SHUT: Minutes = [];

function minutesOfAll(windows: readonly Window[] = []): Minutes {
  if (windows.length === 0) return SHUT;
  const minutes: number[] = [];
  for (const [opens, closes] of windows) minutes.push(minutesOf(opens), minutesOf(closes));
  return minutes;
}

/** Calendars are never changed in place, so each is read once. */
const readCalendars = new WeakMap<Calendar, ReadCalendar>();

function read(calendar: Calendar): ReadCalendar {
  const known = readCalendars.get(calendar);
  if (known) return known;
  const special = new Map<number, Minutes>();
  for (const date of calendar.holidays) special.set(dayNumber(date)!, SHUT);
  // An exception replaces the hours of its date, also those of a holiday.
  for (const date of Object.keys(calendar.exceptions))
    special.set(dayNumber(date)!, minutesOfAll(calendar.exceptions[date]));
  const week = WEEKDAYS.map((weekday) => minutesOfAll(calendar.hours[weekday]));
  const done = { zone: zoneOf(calendar), week, special, stretches: new Map() };
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

/** Local days in a stretch. Business time is counted stretch by stretch, each expanded when it is first needed. */
export const STRETCH_DAYS = 16;
/** A calendar that is asked about more than 45 years starts again. */
const STRETCHES_KEPT = 1024;

/**
 * The opening intervals of one stretch of a calendar: stretch 0 starts on the local day 1970-01-01. All intervals of a
 * stretch lie before all of the next.
 */
export function stretchAt(calendar: Calendar, index: number): CountedHours {
  const { stretches } = read(calendar);
  const known = stretches.get(index);
  if (known) return known;
  if (stretches.size >= STRETCHES_KEPT) stretches.clear();
  const first = index * STRETCH_DAYS;
  const intervals = openSpansOfDays(calendar, first, first + STRETCH_DAYS - 1);
  const stretch = { intervals, openBefore: sumsOf(intervals) };
  stretches.set(index, stretch);
  return stretch;
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

/** Whoever asks about a calendar is warned of the windows that clock changes drop so long after what was asked. */
const WARNED_AHEAD_MS = 5 * 366 * DAY;

/**
 * Warnings for windows that a clock change drops, because they start inside the hour it skips, from one instant to five
 * years after another (the same, if absent); each window once, with the first day it is dropped (docs/rules.md §3). The
 * calendar has no errors.
 */
export function droppedWindows(calendar: Calendar, from: number, until: number = from): CalendarFinding[] {
  const { zone } = read(calendar);
  const found = new Map<string, CalendarFinding>();
  for (const day of daysWithSkippedHours(zone, from, until + WARNED_AHEAD_MS)) {
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
