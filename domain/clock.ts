/**
 * One clock of a ticket: the honest triple `startedAt`, `deadlineAt`, `metAt`, with its pauses as intervals.
 * Everything else (state, deadline, elapsed, breached) is derived and never stored twice.
 */
import { instantAfter, openTimeBetween, type OpenHours } from './open-hours.ts';
import { endOfBusinessDays, endOfMonths } from './periods.ts';
import type { ClockName, HoldReason, Period, Target } from './policy.ts';

/** Why a clock stands: a hold, or the time a ticket lay resolved before it was reopened. */
export type PauseReason = HoldReason | 'resolved';

export interface Pause {
  from: number;
  /** null while it lasts. */
  to: number | null;
  reason: PauseReason;
}

/** A promise that starts counting at `from`. The earliest of a clock's limits is its deadline. */
export interface Limit {
  from: number;
  /** 0 where a period or an instant is promised. */
  targetMs: number;
  calendar: string;
  /** Whole days of the calendar instead of open time. */
  period?: Period;
  /** Counted on the calendar of whoever has the ticket: `calendar` is that of its owner by now. */
  byOwner?: true;
  /** A promised time; it stays where it is, whatever happens. */
  until?: number;
  /** In a folded clock: how much of the target had run by `folded.until`. */
  spentMs?: number;
  /** In a folded clock: when the target ran out, if it had by `folded.until`. */
  reachedAt?: number;
  /** In a folded clock: whether all of `spentMs` was reached by `folded.until`, and not just where a pause starts. */
  isSpent?: boolean;
}

/**
 * Old pauses, folded: only how long the clock ran is kept. Everything from `until` on is as exact as before; what
 * is asked of earlier instants is answered as of `until`.
 */
export interface Folded {
  until: number;
  /** Milliseconds of open time from the start to `until`, pauses left out, per calendar that may judge the clock. */
  runningMs: Readonly<Record<string, number>>;
  /** When a target that may be set had run out, counted from the start, if it had by `until`. */
  reached: readonly (Target & { at: number })[];
}

export interface Clock {
  name: ClockName;
  /** A duty of law: nothing pauses it, and it goes on when the ticket is closed (docs/rules.md §7). */
  kind?: 'law';
  /** From 1; every time a clock starts anew. */
  cycle: number;
  /** What it measures, where there may be several at once: a tier, a consult, an engagement, a task. */
  subject?: string;
  startedAt: number;
  limits: readonly Limit[];
  /** In order, disjoint; those before `folded.until` are in it. */
  pauses: readonly Pause[];
  folded?: Folded;
  metAt: number | null;
  cancelledAt: number | null;
  cancelReason: string | null;
  /** For a clock that a lower priority ended: what it measured is over since, and needs no clock any more. */
  isOver?: true;
}

export type ClockState = 'running' | 'paused' | 'met' | 'cancelled';

export type HoursByCalendar = Readonly<Record<string, OpenHours>>;

/** What a clock starts with. */
export interface Start {
  name: ClockName;
  cycle: number;
  subject?: string;
  at: number;
  limit: Omit<Limit, 'from'>;
}

/** A target on a real calendar, and whether that is the calendar of whoever has the ticket. */
export interface OwnedTarget extends Target {
  byOwner?: true;
}

export const limitOf = ({ ms, calendar, period, byOwner }: OwnedTarget): Omit<Limit, 'from'> => ({
  targetMs: ms,
  calendar,
  ...(period && { period }),
  ...(byOwner && { byOwner }),
});

export function startClock({ name, cycle, subject, at, limit }: Start): Clock {
  return {
    name,
    cycle,
    ...(subject !== undefined && { subject }),
    startedAt: at,
    limits: [{ from: at, ...limit }],
    pauses: [],
    metAt: null,
    cancelledAt: null,
    cancelReason: null,
  };
}

export function isActive(clock: Clock): boolean {
  return clock.metAt === null && clock.cancelledAt === null;
}

export function clockState(clock: Clock): ClockState {
  if (clock.cancelledAt !== null) return 'cancelled';
  if (clock.metAt !== null) return 'met';
  return openPause(clock) ? 'paused' : 'running';
}

export function openPause(clock: Clock): Pause | undefined {
  const last = clock.pauses.at(-1);
  return last && last.to === null ? last : undefined;
}

/** The end of what a clock measures, as far as it is known. */
export function stoppedAt(clock: Clock): number | null {
  return clock.metAt ?? clock.cancelledAt;
}

/** Whether a limit is an instant, by promise or by a period of days: pauses do not move it. */
export const isFixed = ({ period, until }: Limit): boolean => period !== undefined || until !== undefined;

/** The calendar that time under a limit is counted on: days and promised times pass round the clock. */
export const countingCalendar = (limit: Limit): string => (isFixed(limit) ? 'always' : limit.calendar);

function fixedInstant(hours: HoursByCalendar, { from, calendar, period, until }: Limit): number | null {
  if (until !== undefined || !period) return until ?? null;
  const days = hoursOf(hours, calendar);
  return period.unit === 'months'
    ? endOfMonths(days, from, period.count)
    : endOfBusinessDays(days, from, period.count);
}

/** How long a limit is, on the calendar it is counted on; null while the known days end before it does. */
export function lengthOf(hours: HoursByCalendar, limit: Limit): number | null {
  if (!isFixed(limit)) return limit.targetMs;
  const end = fixedInstant(hours, limit);
  return end === null ? null : end - limit.from;
}

function hoursOf(hours: HoursByCalendar, calendar: string): OpenHours {
  const found = hours[calendar];
  if (!found) throw new Error(`The rules of this ticket have no calendar ${calendar}`);
  return found;
}

/** From where on the pauses are known one by one. */
export function knownFrom(clock: Clock): number {
  return clock.folded?.until ?? clock.startedAt;
}

interface Stretch {
  from: number;
  to: number;
  calendar: string;
}

/** Open time of a stretch that no pause covers. */
function unpausedTime(clock: Clock, hours: HoursByCalendar, { from, to, calendar }: Stretch): number {
  const open = hoursOf(hours, calendar);
  let total = openTimeBetween(open, from, to);
  for (const pause of clock.pauses)
    total -= openTimeBetween(open, Math.max(pause.from, from), Math.min(pause.to ?? to, to));
  return total;
}

/** How much of a limit's target has run by `to`. */
function spentBy(clock: Clock, hours: HoursByCalendar, limit: Limit, to: number): number {
  const from = Math.max(limit.from, knownFrom(clock));
  return (limit.spentMs ?? 0) + unpausedTime(clock, hours, { from, to, calendar: countingCalendar(limit) });
}

/**
 * The instant by which `amountMs` have run under a limit, pauses left out; `null` where a pause without an end, or
 * the end of the known hours, comes first. An amount that is used up just where a pause starts is reached at the
 * end of the pause: a paused clock cannot breach (docs/rules.md §9).
 */
export function instantOfAmount(
  clock: Clock,
  hours: HoursByCalendar,
  limit: Limit,
  amountMs: number,
): number | null {
  if (limit.reachedAt !== undefined && amountMs === limit.targetMs) return limit.reachedAt;
  const open = hoursOf(hours, limit.calendar);
  let remaining = amountMs - (limit.spentMs ?? 0);
  let cursor = Math.max(limit.from, knownFrom(clock));
  if (limit.spentMs !== undefined && (remaining < 0 || (remaining === 0 && limit.isSpent))) return cursor;
  for (const pause of clock.pauses) {
    if (pause.to !== null && pause.to <= cursor) continue;
    const available = openTimeBetween(open, cursor, pause.from);
    const at = available >= remaining ? instantAfter(open, cursor, remaining) : null;
    if (at !== null && at < pause.from) return at;
    remaining -= available;
    if (pause.to === null) return null;
    cursor = pause.to;
  }
  return instantAfter(open, cursor, remaining);
}

function limitInstant(clock: Clock, hours: HoursByCalendar, limit: Limit): number | null {
  if (isFixed(limit)) return fixedInstant(hours, limit);
  return instantOfAmount(clock, hours, limit, limit.targetMs);
}

/** The limit that falls first: the one whose percentages and deadline count. */
export function governingLimit(clock: Clock, hours: HoursByCalendar): Limit {
  if (clock.limits.length === 1) return clock.limits[0]!;
  const instants = clock.limits.map((limit) => limitInstant(clock, hours, limit) ?? Number.MAX_SAFE_INTEGER);
  return clock.limits[instants.indexOf(Math.min(...instants))]!;
}

/** Epoch milliseconds; `null` while a pause leaves it open or the calendar horizon ends before it. */
export function deadlineOf(clock: Clock, hours: HoursByCalendar): number | null {
  return limitInstant(clock, hours, governingLimit(clock, hours));
}

/** Open, unpaused milliseconds from the start to the stop, or to `now`, on the governing limit's calendar. */
export function elapsedOf(clock: Clock, hours: HoursByCalendar, now: number): number {
  return runningTime(clock, hours, {
    to: stoppedAt(clock) ?? now,
    calendar: countingCalendar(governingLimit(clock, hours)),
  });
}

/** Open, unpaused milliseconds on one calendar from the start to `to`. */
function runningTime(clock: Clock, hours: HoursByCalendar, { to, calendar }: Omit<Stretch, 'from'>): number {
  return (
    (clock.folded?.runningMs[calendar] ?? 0) +
    unpausedTime(clock, hours, { from: knownFrom(clock), to, calendar })
  );
}

/** Milliseconds of open time left to the deadline; negative after it; null while the known days end before it. */
export function remainingOf(clock: Clock, hours: HoursByCalendar, now: number): number | null {
  const limit = governingLimit(clock, hours);
  const end = stoppedAt(clock) ?? now;
  if (!isFixed(limit)) return limit.targetMs - spentBy(clock, hours, limit, end);
  const deadline = fixedInstant(hours, limit);
  return deadline === null ? null : deadline - end;
}

export function pauseClock(clock: Clock, at: number, reason: PauseReason): Clock {
  if (openPause(clock)) return clock;
  return { ...clock, pauses: [...clock.pauses, { from: at, to: null, reason }] };
}

export function resumeClock(clock: Clock, at: number): Clock {
  const pause = openPause(clock);
  if (!pause) return clock;
  const earlier = clock.pauses.slice(0, -1);
  return { ...clock, pauses: at > pause.from ? [...earlier, { ...pause, to: at }] : earlier };
}

/** A stop closes an open pause first (docs/rules.md §3). */
export function meetClock(clock: Clock, at: number): Clock {
  return { ...resumeClock(clock, at), metAt: at };
}

export function cancelClock(clock: Clock, at: number, reason: string): Clock {
  return { ...resumeClock(clock, at), cancelledAt: at, cancelReason: reason };
}

/**
 * The clock under a more urgent target from `at` on: the earlier of the old deadline and the change plus the
 * new target (docs/rules.md §9).
 */
export function tightenClock(clock: Clock, at: number, target: OwnedTarget): Clock {
  return {
    ...clock,
    limits: [...clock.limits, { from: at, ...limitOf(target) }],
  };
}

/** A target counted from the clock's start. */
function limitFromStart(clock: Clock, target: OwnedTarget): Limit {
  const { ms: targetMs, calendar } = target;
  const limit: Limit = { from: clock.startedAt, ...limitOf(target) };
  if (!clock.folded || isFixed(limit)) return limit;
  const { runningMs, reached } = clock.folded;
  const known = reached.find((one) => one.calendar === calendar && one.ms === targetMs);
  return { ...limit, spentMs: runningMs[calendar] ?? 0, ...(known && { reachedAt: known.at }) };
}

/** The clock under a less urgent target: counted again from its start. */
export function relaxClock(clock: Clock, target: OwnedTarget): Clock {
  return { ...clock, limits: [limitFromStart(clock, target)] };
}

/** Marks the hours of a calendar as they were under rules that do not judge the ticket any more. */
const FORMER = '@';

/** The name under which a calendar's hours are kept for clocks that ended under former rules. */
export const formerCalendar = (name: string, version = 'none'): string =>
  name === 'always' || name.includes(FORMER) ? name : `${name}${FORMER}${version}`;

/** The calendar as its owner calls it. */
export const calendarCalled = (name: string): string => name.split(FORMER, 1)[0]!;

/** The clock with its calendars, and what is known by calendar, under other names. */
export function onFormerCalendars(clock: Clock, rename: (calendar: string) => string): Clock {
  const limits = clock.limits.map((limit) => ({ ...limit, calendar: rename(limit.calendar) }));
  if (!clock.folded) return { ...clock, limits };
  const runningMs = Object.entries(clock.folded.runningMs).map(([name, ms]) => [rename(name), ms] as const);
  return { ...clock, limits, folded: { ...clock.folded, runningMs: Object.fromEntries(runningMs) } };
}

/**
 * The clock of another owner: what counts by the owner's calendar is counted on this one, from its start. Folded time
 * that the calendar has no sum for stays as it was.
 */
export function moveClock(clock: Clock, calendar: string): Clock {
  const limits = clock.limits.map((limit) => {
    const { from, targetMs, spentMs, byOwner } = limit;
    if (!byOwner) return limit;
    if (spentMs === undefined) return { ...limit, calendar };
    const isFromStart = from === clock.startedAt && clock.folded?.runningMs[calendar] !== undefined;
    return isFromStart ? limitFromStart(clock, { ms: targetMs, calendar, byOwner }) : { ...limit, calendar };
  });
  return { ...clock, limits };
}

/**
 * A limit as it is carried once everything before `to` is folded. What is reached just at `to` is left open: a
 * pause that starts there would still move it.
 */
function foldedLimit(clock: Clock, hours: HoursByCalendar, limit: Limit, to: number): Limit {
  if (isFixed(limit)) return limit;
  const spentMs = spentBy(clock, hours, limit, to);
  const reachedAt = limitInstant(clock, hours, limit);
  const spentAt = instantOfAmount(clock, hours, limit, spentMs);
  return {
    ...limit,
    spentMs,
    isSpent: spentAt !== null && spentAt < to,
    ...(reachedAt !== null && reachedAt < to && { reachedAt }),
  };
}

/**
 * The clock with its pauses before `until` folded; `targets` are all that may be set for it. No answer about
 * `until` or later changes, whichever target is set afterwards.
 */
export function foldClock(
  clock: Clock,
  hours: HoursByCalendar,
  { until, targets }: { until: number; targets: readonly Target[] },
): Clock {
  // A stopped clock may run again after a pause that starts at its stop: nothing is folded beyond it.
  const to = Math.min(until, stoppedAt(clock) ?? until);
  const isOver = (pause: Pause) => pause.to !== null && pause.to <= to;
  if (!clock.pauses.some(isOver)) return clock;
  const fromStart = targets
    .filter(({ period }) => !period)
    .map((target) => foldedLimit(clock, hours, limitFromStart(clock, target), to));
  return {
    ...clock,
    limits: clock.limits.map((limit) => foldedLimit(clock, hours, limit, to)),
    pauses: clock.pauses.filter((pause) => !isOver(pause)),
    folded: {
      until: to,
      runningMs: Object.fromEntries(fromStart.map(({ calendar, spentMs }) => [calendar, spentMs!])),
      reached: fromStart.flatMap(({ targetMs: ms, calendar, reachedAt }) =>
        reachedAt === undefined ? [] : [{ ms, calendar, at: reachedAt }],
      ),
    },
  };
}
