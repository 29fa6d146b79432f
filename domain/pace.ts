/**
 * How fast a queue is worked off, measured from what was done: tickets finished per open hour in which somebody
 * waited. Hours without a queue say how much arrived, not how much can be done, so they do not count
 * (docs/forecast.md).
 */
import {
  instantBefore,
  isOpenAt,
  openAndClosedSpans,
  openTimeBetween,
  type OpenHours,
  type Span,
} from './open-hours.ts';
import { isMoreUrgent, PRIORITIES, type Priority } from './policy.ts';

/** One stay of a ticket at a tier. Epoch milliseconds. */
export interface Stay {
  priority: Priority;
  /** Since when nobody had it there. */
  queuedAt: number;
  /** When somebody took it; null while nobody has. */
  takenAt: number | null;
  /** When it was resolved or handed on; null while it is there. */
  doneAt: number | null;
  /** When it waited for others, in order. */
  held?: readonly Span[];
}

/** What tickets of one priority take, and how many of them come. */
export interface PriorityPace {
  /** Open time from taken to done, without holds, in milliseconds. */
  handlingMs: number;
  /** Work of one of them in tickets of average size. */
  weight: number;
  /** Tickets that arrive per millisecond while the tier is open, and while it is closed. */
  arrivalRate: number;
  arrivalRateClosed: number;
  /** Work finished for this priority and less urgent ones, in tickets of average size per millisecond of open time. */
  leftRate: number;
  /** Finished tickets that this was measured from. */
  measured: number;
}

export interface Pace {
  /** Tickets of average size finished per millisecond of open time while somebody waits. */
  rate: number;
  /** The same without what the recent hours say: what it will be on another day. */
  usualRate: number;
  /** How far off the rate may be: its standard deviation as a share of it. */
  uncertainty: number;
  /** Variance of the handling time as a share of its square. */
  variability: number;
  byPriority: Record<Priority, PriorityPace>;
  /** Arrivals of each hour of the day, UTC, while open, as a share of the average; 1 where little is known. */
  dayPattern: readonly number[];
  /** What it was measured from: from when, and in how much open time with a queue how many were finished. */
  from: number;
  busyMs: number;
  finished: number;
}

/** How many finished tickets the prior is worth for how long a priority takes, for how variable that is, and for the rate. */
const HANDLING_WORTH = 10;
const RATE_WORTH = 4;
/** What all before the recent hours is worth at most: staff and trouble change from day to day. */
const PAST_WORTH = 30;
/** Average arrivals that an hour of the day is credited with. */
const PATTERN_WORTH = 5;
/** Open time that tells of today. */
const RECENT_MS = 4 * 3_600_000;
/** Where nothing was measured yet. */
const UNKNOWN_HANDLING_MS = 3_600_000;

const HOUR = 3_600_000;
const hourOf = (at: number): number => Math.floor(at / HOUR) % 24;
const nextHour = (at: number): number => (Math.floor(at / HOUR) + 1) * HOUR;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** Spans that overlap or touch become one. */
function union(spans: readonly Span[]): Span[] {
  const joined: [number, number][] = [];
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else if (to > from) joined.push([from, to]);
  }
  return joined;
}

/** When anybody waited between two instants. */
function busySpans(stays: readonly Stay[], from: number, now: number): Span[] {
  const waits = stays.map(({ queuedAt, takenAt, doneAt }): Span => {
    return [Math.max(queuedAt, from), Math.min(takenAt ?? doneAt ?? now, now)];
  });
  return union(waits.filter(([begins, ends]) => ends > begins));
}

interface Work {
  finished: number;
  busyMs: number;
}

interface Finished {
  priority: Priority;
  doneAt: number;
  handlingMs: number;
}

function finishedIn(stays: readonly Stay[], hours: OpenHours, from: number, now: number): Finished[] {
  return stays.flatMap(({ priority, takenAt, doneAt, held = [] }) => {
    if (takenAt === null || doneAt === null || doneAt <= from || doneAt > now) return [];
    const heldMs = sum(
      held.map(([a, b]) => openTimeBetween(hours, Math.max(a, takenAt), Math.min(b, doneAt))),
    );
    return [{ priority, doneAt, handlingMs: openTimeBetween(hours, takenAt, doneAt) - heldMs }];
  });
}

/** Work done while somebody waited; what is finished at the very end of a wait made room for who waited. */
function workIn(
  finished: readonly Finished[],
  { spans, hours, weights }: { spans: readonly Span[]; hours: OpenHours; weights: Weights },
): Work {
  const busyMs = sum(spans.map(([from, to]) => openTimeBetween(hours, from, to)));
  let next = 0;
  let done = 0;
  for (const { priority, doneAt } of finished.toSorted((a, b) => a.doneAt - b.doneAt)) {
    while (next < spans.length && spans[next]![1] < doneAt) next += 1;
    if (next < spans.length && spans[next]![0] < doneAt) done += weights[priority];
  }
  return { finished: done, busyMs };
}

type Weights = Record<Priority, number>;

const perPriority = <T>(of: (priority: Priority) => T): Record<Priority, T> =>
  Object.fromEntries(PRIORITIES.map((priority) => [priority, of(priority)])) as Record<Priority, T>;

/** Where a priority was seldom seen, the mean over all counts for so many tickets more. */
function handlingTimes(finished: readonly Finished[]): { meanMs: number; byPriority: Weights } {
  const meanMs =
    (sum(finished.map(({ handlingMs }) => handlingMs)) + UNKNOWN_HANDLING_MS) / (finished.length + 1);
  const byPriority = perPriority((priority) => {
    const own = finished.filter((one) => one.priority === priority);
    return (
      (sum(own.map(({ handlingMs }) => handlingMs)) + HANDLING_WORTH * meanMs) / (own.length + HANDLING_WORTH)
    );
  });
  return { meanMs, byPriority };
}

function variabilityOf(finished: readonly Finished[], means: Weights): number {
  const squares = finished.map(({ priority, handlingMs }) => (handlingMs / means[priority] - 1) ** 2);
  return (sum(squares) + HANDLING_WORTH) / (finished.length + HANDLING_WORTH);
}

/** The rate before and in the recent hours as one: each counts by what was seen, what is past for at most so much. */
function joined(prior: number, past: Work, recent: Work) {
  const seen = RATE_WORTH + past.finished;
  const before = seen / (RATE_WORTH / prior + past.busyMs);
  const worth = Math.min(seen, PAST_WORTH);
  const rate = (worth + recent.finished) / (worth / before + recent.busyMs);
  return { rate, usualRate: before, uncertainty: 1 / Math.sqrt(worth + recent.finished) };
}

/** How the arrivals while open are spread over the hours of the day, against open time. */
function dayPatternOf(arrivedAt: readonly number[], hours: OpenHours, from: number, now: number): number[] {
  const arrived = Array.from({ length: 24 }, () => 0);
  const openMs = Array.from({ length: 24 }, () => 0);
  for (const at of arrivedAt) arrived[hourOf(at)]! += 1;
  for (const { from: begins, to, open } of openAndClosedSpans(hours, from, now))
    for (let at = begins; open && at < to; at = nextHour(at))
      openMs[hourOf(at)]! += Math.min(to, nextHour(at)) - at;
  const rate = arrivedAt.length / Math.max(sum(openMs), 1);
  return arrived.map((some, i) => (some + PATTERN_WORTH) / (rate * openMs[i]! + PATTERN_WORTH));
}

export interface Measuring {
  hours: OpenHours;
  /** The window begins here. */
  from: number;
  now: number;
  /** Who works there now; only a first guess rests on it, where nothing was measured. */
  agents?: number | null;
}

/**
 * The pace of a tier from the stays of its tickets in a window. Total: without any stays it is a guess, one ticket an
 * hour for each agent, and says so by its uncertainty.
 */
export function measurePace(stays: readonly Stay[], { hours, from, now, agents }: Measuring): Pace {
  const finished = finishedIn(stays, hours, from, now);
  const { meanMs, byPriority: handling } = handlingTimes(finished);
  // Of what was finished, the average ticket weighs 1.
  const averageMs =
    finished.length > 0 ? sum(finished.map(({ priority }) => handling[priority])) / finished.length : meanMs;
  const weights = perPriority((priority) => handling[priority] / averageMs);
  const recentFrom = Math.max(instantBefore(hours, now, RECENT_MS) ?? from, from);
  const work = (begins: number, ends: number) =>
    workIn(
      finished.filter(({ doneAt }) => doneAt > begins && doneAt <= ends),
      { spans: busySpans(stays, begins, ends), hours, weights },
    );
  const [past, recent] = [work(from, recentFrom), work(recentFrom, now)];
  const openMs = Math.max(openTimeBetween(hours, from, now), 1);
  const closedMs = Math.max(now - from - openMs, 1);
  const arrived = stays
    .filter(({ queuedAt }) => queuedAt > from && queuedAt <= now)
    .map(({ priority, queuedAt }) => ({ priority, queuedAt, isOpen: isOpenAt(hours, queuedAt) }));
  const arrivedOf = (priority: Priority, whileOpen: boolean) =>
    arrived.filter((one) => one.priority === priority && one.isOpen === whileOpen).length;
  return {
    ...joined(Math.max(agents ?? 1, 1) / averageMs, past, recent),
    variability: variabilityOf(finished, handling),
    byPriority: perPriority((priority) => ({
      handlingMs: handling[priority],
      weight: weights[priority],
      leftRate:
        sum(
          finished.filter((one) => !isMoreUrgent(one.priority, priority)).map((one) => weights[one.priority]),
        ) / openMs,
      arrivalRate: arrivedOf(priority, true) / openMs,
      arrivalRateClosed: arrivedOf(priority, false) / closedMs,
      measured: finished.filter((one) => one.priority === priority).length,
    })),
    dayPattern: dayPatternOf(
      arrived.filter(({ isOpen }) => isOpen).map(({ queuedAt }) => queuedAt),
      hours,
      from,
      now,
    ),
    from,
    busyMs: past.busyMs + recent.busyMs,
    finished: past.finished + recent.finished,
  };
}
