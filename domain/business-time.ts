/**
 * Business time on a calendar: add, subtract, and what has elapsed, with pauses, however far it goes.
 *
 * Exact: epoch milliseconds in and out, nothing is rounded, real time counts across clock changes (docs/rules.md §3).
 * Reaches calendar.ts, so workflows never import it; they count on expanded hours (domain/open-hours.ts).
 */
import { STRETCH_DAYS, stretchAt, type Calendar } from './calendar.ts';
import { instantAfter, instantBefore, openTimeBetween, type Span } from './open-hours.ts';

const DAY = 86_400_000;

/** The instants that are counted on: the 20th to the 22nd century. */
export const FIRST_INSTANT = Date.UTC(1900, 0, 1);
export const LAST_INSTANT = Date.UTC(2200, 0, 1);

/** A calendar, or round the clock. */
export type BusinessCalendar = Calendar | 'always';

/** Time that does not count; `to` is null while it lasts. In any order, they may overlap. */
export interface Pause {
  from: number;
  to: number | null;
}

/**
 * Why there is no such instant: the calendar has no open time within ten years, a pause without an end comes first,
 * or it lies outside the centuries that are counted on.
 */
export type Unreachable = 'no_open_time_found' | 'never_reached' | 'too_far';

/** The search for open time ends after so many stretches without any: ten years. */
const STRETCHES_SEARCHED = Math.ceil(3653 / STRETCH_DAYS);
/** A window lies within so many days of its local date read as UTC, whatever the zone and its clock changes. */
const SLACK_DAYS = 3;

/** No stretch before it has hours that end after `at`. */
const firstStretchAt = (at: number): number => Math.floor((at / DAY - SLACK_DAYS) / STRETCH_DAYS);
/** No stretch after it has hours that start before `at`. */
const lastStretchAt = (at: number): number => Math.floor((at / DAY + SLACK_DAYS) / STRETCH_DAYS);

/** Open milliseconds in `[from, to)`. */
function openTime(calendar: BusinessCalendar, from: number, to: number): number {
  if (to <= from) return 0;
  if (calendar === 'always') return to - from;
  let total = 0;
  for (let index = firstStretchAt(from); index <= lastStretchAt(to); index += 1)
    total += openTimeBetween(stretchAt(calendar, index), from, to);
  return total;
}

/** How far a walk came: where the amount was used up, or what is left of it at the end. */
type Walked = { at: number } | { left: number } | Unreachable;

/** Forward through `[from, to)`, to where `amount` (above 0) is used up. */
function walkForward(calendar: BusinessCalendar, from: number, to: number, amount: number): Walked {
  if (calendar === 'always')
    return amount <= to - from ? { at: from + amount } : { left: amount - (to - from) };
  let left = amount;
  let empty = 0;
  const last = lastStretchAt(Math.min(to, LAST_INSTANT));
  for (let index = firstStretchAt(from); index <= last; index += 1) {
    const stretch = stretchAt(calendar, index);
    const available = openTimeBetween(stretch, from, to);
    if (available >= left) return { at: instantAfter(stretch, from, left)! };
    left -= available;
    empty = available > 0 ? 0 : empty + 1;
    if (empty > STRETCHES_SEARCHED) return 'no_open_time_found';
  }
  return to > LAST_INSTANT ? 'too_far' : { left };
}

/** Backward through `[from, to)`, to where `amount` (above 0) is used up. */
function walkBackward(calendar: BusinessCalendar, from: number, to: number, amount: number): Walked {
  if (calendar === 'always')
    return amount <= to - from ? { at: to - amount } : { left: amount - (to - from) };
  let left = amount;
  let empty = 0;
  const first = firstStretchAt(Math.max(from, FIRST_INSTANT));
  for (let index = lastStretchAt(to); index >= first; index -= 1) {
    const stretch = stretchAt(calendar, index);
    const available = openTimeBetween(stretch, from, to);
    if (available >= left) return { at: instantBefore(stretch, to, left)! };
    left -= available;
    empty = available > 0 ? 0 : empty + 1;
    if (empty > STRETCHES_SEARCHED) return 'no_open_time_found';
  }
  return from < FIRST_INSTANT ? 'too_far' : { left };
}

function withinReach(at: number): number | Unreachable {
  return at >= FIRST_INSTANT && at <= LAST_INSTANT ? at : 'too_far';
}

const endOf = ({ to }: Pause): number => to ?? Number.POSITIVE_INFINITY;

/**
 * The earliest instant by which `amountMs` of open time have passed since `start`, pauses left out. An amount that is
 * used up just at closing time, or where a pause starts, ends there; nothing ends at the start itself.
 */
export function add(
  calendar: BusinessCalendar,
  start: number,
  amountMs: number,
  pauses: readonly Pause[] = [],
): number | Unreachable {
  if (amountMs <= 0) return start;
  if (amountMs > LAST_INSTANT - start) return 'too_far';
  let cursor = start;
  let left = amountMs;
  for (const pause of pauses.toSorted((a, b) => a.from - b.from)) {
    if (endOf(pause) <= cursor) continue;
    if (pause.from > cursor) {
      const walked = walkForward(calendar, cursor, pause.from, left);
      if (typeof walked === 'string') return walked;
      if ('at' in walked) return withinReach(walked.at);
      left = walked.left;
    }
    if (pause.to === null) return 'never_reached';
    cursor = pause.to;
  }
  const walked = walkForward(calendar, cursor, Number.POSITIVE_INFINITY, left);
  return typeof walked === 'string' ? walked : withinReach((walked as { at: number }).at);
}

/**
 * The latest instant from which `amountMs` of open time pass until `end`, pauses left out: the mirror of `add`. An
 * amount that is used up just at opening time, or where a pause ends, stays there; nothing is the end itself.
 */
export function subtract(
  calendar: BusinessCalendar,
  end: number,
  amountMs: number,
  pauses: readonly Pause[] = [],
): number | Unreachable {
  if (amountMs <= 0) return end;
  if (amountMs > end - FIRST_INSTANT) return 'too_far';
  let cursor = end;
  let left = amountMs;
  // Not by difference: two pauses without an end would give NaN.
  for (const pause of pauses.toSorted((a, b) => (endOf(a) < endOf(b) ? 1 : -1))) {
    if (pause.from >= cursor) continue;
    if (endOf(pause) < cursor) {
      const walked = walkBackward(calendar, endOf(pause), cursor, left);
      if (typeof walked === 'string') return walked;
      if ('at' in walked) return withinReach(walked.at);
      left = walked.left;
    }
    cursor = pause.from;
  }
  const walked = walkBackward(calendar, Number.NEGATIVE_INFINITY, cursor, left);
  return typeof walked === 'string' ? walked : withinReach((walked as { at: number }).at);
}

/** Open milliseconds in `[start, end)`, pauses left out; 0 where the end is not after the start. */
export function elapsed(
  calendar: BusinessCalendar,
  start: number,
  end: number,
  pauses: readonly Pause[] = [],
): number {
  let total = 0;
  let cursor = start;
  for (const pause of pauses.toSorted((a, b) => a.from - b.from)) {
    if (endOf(pause) <= cursor) continue;
    total += openTime(calendar, cursor, Math.min(pause.from, end));
    cursor = endOf(pause);
  }
  return total + openTime(calendar, cursor, end);
}

/** A part of a span of time; the lengths of those that run sum to what has elapsed. */
export interface Interval {
  from: number;
  to: number;
  kind: 'running' | 'paused' | 'closed';
}

/** Appends what has a length; where it goes on the same way, the last interval becomes longer. */
function append(intervals: Interval[], interval: Interval): void {
  const last = intervals.at(-1);
  if (interval.to <= interval.from) return;
  if (last?.kind === interval.kind) last.to = interval.to;
  else intervals.push(interval);
}

/** Appends the open and closed intervals of `[from, to)`. */
function appendUnpaused(
  intervals: Interval[],
  calendar: BusinessCalendar,
  { from, to, most }: { from: number; to: number; most: number },
): void {
  if (calendar === 'always') return append(intervals, { from, to, kind: 'running' });
  let cursor = from;
  for (let index = firstStretchAt(from); index <= lastStretchAt(to) && intervals.length <= most; index += 1)
    for (const [opensAt, closesAt] of stretchAt(calendar, index).intervals as Span[]) {
      if (closesAt <= cursor || opensAt >= to) continue;
      append(intervals, { from: cursor, to: opensAt, kind: 'closed' });
      cursor = Math.min(closesAt, to);
      append(intervals, { from: Math.max(opensAt, from), to: cursor, kind: 'running' });
    }
  append(intervals, { from: cursor, to, kind: 'closed' });
}

/**
 * What `[start, end)` is made of, in order and without gaps: the lengths of the running intervals sum to `elapsed`. A
 * pause wins over closed hours. `null` where there are more than `most` of them.
 */
export function intervalsOf(
  calendar: BusinessCalendar,
  { start, end, pauses = [], most }: { start: number; end: number; pauses?: readonly Pause[]; most: number },
): Interval[] | null {
  const intervals: Interval[] = [];
  let cursor = start;
  for (const pause of pauses.toSorted((a, b) => a.from - b.from)) {
    if (endOf(pause) <= cursor || pause.from >= end) continue;
    appendUnpaused(intervals, calendar, { from: cursor, to: Math.max(cursor, pause.from), most });
    const to = Math.min(endOf(pause), end);
    append(intervals, { from: Math.max(cursor, pause.from), to, kind: 'paused' });
    cursor = to;
  }
  appendUnpaused(intervals, calendar, { from: cursor, to: end, most });
  return intervals.length > most ? null : intervals;
}
