/**
 * Opening hours as plain UTC intervals, and the integer arithmetic of business time on them.
 *
 * A calendar is expanded to these intervals outside the workflow (domain/calendar.ts), so that a change of
 * zone data can never change what a replay computes. All instants are epoch milliseconds, all amounts are
 * milliseconds; nothing is rounded.
 */

/** A half-open span `[from, to)` in epoch milliseconds. */
export type Span = readonly [from: number, to: number];

/** The days of a calendar in its own zone, for periods that are counted in days (domain/periods.ts). */
export interface LocalDays {
  /** Days from 1970-01-01 to the first local date. */
  first: number;
  /** Epoch milliseconds at which each local day starts, and the one after the last: one more than days. */
  starts: readonly number[];
  /** A character for each day: `1` where the calendar has open time, `0` where it has none. */
  open: string;
}

/** The known opening hours of one calendar between `from` and `until` (the horizon). */
export interface OpenHours {
  calendar: string;
  /** Hash of the calendar's text: which version of the calendar was expanded. */
  version: string;
  /** Version of the zone data it was expanded with, e.g. `2025c`. */
  zoneData: string;
  from: number;
  until: number;
  /** Sorted, disjoint, non-adjacent; `always` for round the clock, which has no horizon. */
  intervals: readonly Span[] | 'always';
  /** All local days of which some part lies between `from` and `until`; only where they were asked for. */
  days?: LocalDays;
}

/** Round the clock. */
export const ALWAYS: OpenHours = {
  calendar: 'always',
  version: 'always',
  zoneData: 'none',
  from: Number.MIN_SAFE_INTEGER,
  until: Number.MAX_SAFE_INTEGER,
  intervals: 'always',
};

/** All that counting needs: a part of a calendar's hours is counted on like the whole. */
export interface CountedHours {
  intervals: readonly Span[] | 'always';
  /** Open milliseconds before each interval starts, and before the end: turns a sum over intervals into two look-ups. */
  openBefore?: Float64Array;
}

/** Those of hours that came as plain data. */
const openTimeBefore = new WeakMap<readonly Span[], Float64Array>();

/** `openBefore` of opening intervals. */
export function sumsOf(intervals: readonly Span[]): Float64Array {
  const sums = new Float64Array(intervals.length + 1);
  for (let i = 0; i < intervals.length; i += 1)
    sums[i + 1] = sums[i]! + (intervals[i]![1] - intervals[i]![0]);
  return sums;
}

function prefixOf(intervals: readonly Span[], openBefore: Float64Array | undefined): Float64Array {
  const known = openBefore ?? openTimeBefore.get(intervals);
  if (known) return known;
  const sums = sumsOf(intervals);
  openTimeBefore.set(intervals, sums);
  return sums;
}

/** Index of the first interval that ends after `at`. */
function firstEndingAfter(intervals: readonly Span[], at: number): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle]![1] > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Open milliseconds from the first known instant up to `at`. */
function openTimeUpTo(intervals: readonly Span[], at: number, sums: Float64Array): number {
  const index = firstEndingAfter(intervals, at);
  const current = intervals[index];
  return sums[index]! + (current && at > current[0] ? at - current[0] : 0);
}

/** Open milliseconds in `[from, to)`; 0 where `to` is not after `from` (docs/rules.md §3). */
export function openTimeBetween(hours: CountedHours, from: number, to: number): number {
  if (to <= from) return 0;
  if (hours.intervals === 'always') return to - from;
  const sums = prefixOf(hours.intervals, hours.openBefore);
  return openTimeUpTo(hours.intervals, to, sums) - openTimeUpTo(hours.intervals, from, sums);
}

/**
 * The earliest instant by which `amountMs` of open time have passed since `from`; an amount that is used up
 * at closing time ends at closing time. `null` where the horizon ends before.
 */
export function instantAfter(hours: CountedHours, from: number, amountMs: number): number | null {
  if (amountMs <= 0) return from;
  if (hours.intervals === 'always') return from + amountMs;
  const sums = prefixOf(hours.intervals, hours.openBefore);
  const wanted = openTimeUpTo(hours.intervals, from, sums) + amountMs;
  let low = 0;
  let high = hours.intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle + 1]! >= wanted) high = middle;
    else low = middle + 1;
  }
  const interval = hours.intervals[low];
  return interval ? interval[0] + (wanted - sums[low]!) : null;
}

/**
 * The latest instant from which `amountMs` of open time lead up to `to`: the mirror of `instantAfter`, so an amount
 * that is used up at opening time starts there. `null` where the known hours begin after.
 */
export function instantBefore(hours: CountedHours, to: number, amountMs: number): number | null {
  if (amountMs <= 0) return to;
  if (hours.intervals === 'always') return to - amountMs;
  const sums = prefixOf(hours.intervals, hours.openBefore);
  const wanted = openTimeUpTo(hours.intervals, to, sums) - amountMs;
  if (wanted < 0) return null;
  let low = 0;
  let high = hours.intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle + 1]! > wanted) high = middle;
    else low = middle + 1;
  }
  return hours.intervals[low]![0] + (wanted - sums[low]!);
}

/** The first instant from `at` on at which the desk is open; `null` where the known hours end before. */
export function nextOpenAt(hours: OpenHours, at: number): number | null {
  if (hours.intervals === 'always') return at;
  const interval = hours.intervals[firstEndingAfter(hours.intervals, at)];
  return interval ? Math.max(interval[0], at) : null;
}

/** Whether the desk is open at `at`. */
export function isOpenAt(hours: OpenHours, at: number): boolean {
  if (hours.intervals === 'always') return true;
  const interval = hours.intervals[firstEndingAfter(hours.intervals, at)];
  return interval !== undefined && interval[0] <= at;
}

/**
 * The spans of `[from, to)` in order, each marked open or closed. They cover the whole range.
 */
export function openAndClosedSpans(
  hours: OpenHours,
  from: number,
  to: number,
): { from: number; to: number; open: boolean }[] {
  if (to <= from) return [];
  if (hours.intervals === 'always') return [{ from, to, open: true }];
  const spans: { from: number; to: number; open: boolean }[] = [];
  let cursor = from;
  for (let i = firstEndingAfter(hours.intervals, from); i < hours.intervals.length && cursor < to; i += 1) {
    const [opens, closes] = hours.intervals[i]!;
    if (opens >= to) break;
    if (opens > cursor) spans.push({ from: cursor, to: opens, open: false });
    const start = Math.max(cursor, opens);
    const end = Math.min(closes, to);
    spans.push({ from: start, to: end, open: true });
    cursor = end;
  }
  if (cursor < to) spans.push({ from: cursor, to, open: false });
  return spans;
}
