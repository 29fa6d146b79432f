/**
 * One clock of a ticket: the honest triple `startedAt`, `deadlineAt`, `metAt`, with its pauses as intervals.
 * Everything else (state, deadline, elapsed, breached) is derived and never stored twice.
 */
import { instantAfter, openTimeBetween, type OpenHours } from './open-hours.ts';
import type { ClockName, HoldReason, Target } from './policy.ts';

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
  targetMs: number;
  calendar: string;
}

export interface Clock {
  name: ClockName;
  /** From 1; a new cycle starts where the reopen rule says so. */
  cycle: number;
  startedAt: number;
  limits: readonly Limit[];
  pauses: readonly Pause[];
  metAt: number | null;
  cancelledAt: number | null;
  cancelReason: string | null;
}

export type ClockState = 'running' | 'paused' | 'met' | 'cancelled';

export type HoursByCalendar = Readonly<Record<string, OpenHours>>;

export function startClock(name: ClockName, cycle: number, at: number, target: Target): Clock {
  return {
    name,
    cycle,
    startedAt: at,
    limits: [{ from: at, targetMs: target.ms, calendar: target.calendar }],
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

function hoursOf(hours: HoursByCalendar, calendar: string): OpenHours {
  const found = hours[calendar];
  if (!found) throw new Error(`The rules of this ticket have no calendar ${calendar}`);
  return found;
}

/** Milliseconds of open time on `calendar` from `from` to `to` that no pause covers. */
export function runningTime(
  clock: Clock,
  hours: HoursByCalendar,
  { from, to, calendar }: { from: number; to: number; calendar: string },
): number {
  const open = hoursOf(hours, calendar);
  let total = openTimeBetween(open, from, to);
  for (const pause of clock.pauses)
    total -= openTimeBetween(open, Math.max(pause.from, from), Math.min(pause.to ?? to, to));
  return total;
}

/**
 * The instant by which `amountMs` have run since `from`, pauses left out; `null` where a pause without an end,
 * or the end of the known hours, comes first.
 */
export function instantOfRunningTime(
  clock: Clock,
  hours: HoursByCalendar,
  { from, amountMs, calendar }: { from: number; amountMs: number; calendar: string },
): number | null {
  const open = hoursOf(hours, calendar);
  let remaining = amountMs;
  let cursor = from;
  for (const pause of clock.pauses) {
    if (pause.to !== null && pause.to <= cursor) continue;
    const available = openTimeBetween(open, cursor, pause.from);
    if (available >= remaining) return instantAfter(open, cursor, remaining);
    remaining -= available;
    if (pause.to === null) return null;
    cursor = Math.max(cursor, pause.to);
  }
  return instantAfter(open, cursor, remaining);
}

function limitInstant(clock: Clock, hours: HoursByCalendar, limit: Limit): number | null {
  const { from, targetMs: amountMs, calendar } = limit;
  return instantOfRunningTime(clock, hours, { from, amountMs, calendar });
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
  const to = stoppedAt(clock) ?? now;
  return runningTime(clock, hours, {
    from: clock.startedAt,
    to,
    calendar: governingLimit(clock, hours).calendar,
  });
}

/** Milliseconds of open time left to the deadline; negative after it. */
export function remainingOf(clock: Clock, hours: HoursByCalendar, now: number): number {
  const limit = governingLimit(clock, hours);
  const to = stoppedAt(clock) ?? now;
  return limit.targetMs - runningTime(clock, hours, { from: limit.from, to, calendar: limit.calendar });
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

/** A stop closes an open pause first (design.md §3). */
export function meetClock(clock: Clock, at: number): Clock {
  return { ...resumeClock(clock, at), metAt: at };
}

export function cancelClock(clock: Clock, at: number, reason: string): Clock {
  return { ...resumeClock(clock, at), cancelledAt: at, cancelReason: reason };
}

/**
 * The clock under a more urgent target from `at` on: the earlier of the old deadline and the change plus the
 * new target (design.md §9).
 */
export function tightenClock(clock: Clock, at: number, target: Target): Clock {
  return {
    ...clock,
    limits: [...clock.limits, { from: at, targetMs: target.ms, calendar: target.calendar }],
  };
}

/** The clock under a less urgent target: counted again from its start. */
export function relaxClock(clock: Clock, target: Target): Clock {
  return {
    ...clock,
    limits: [{ from: clock.startedAt, targetMs: target.ms, calendar: target.calendar }],
  };
}
