/**
 * Which of the tickets in a queue will breach at the measured pace: position by pace, with more urgent arrivals that
 * overtake, and a gamma tail for what nobody knows. docs/forecast.md has the method and what it leaves out.
 */
import {
  instantAfter,
  nextOpenAt,
  openAndClosedSpans,
  openTimeBetween,
  type OpenHours,
} from './open-hours.ts';
import type { Pace, PriorityPace } from './pace.ts';
import { isMoreUrgent, PRIORITIES, type ClockName, type Priority, type StandardClock } from './policy.ts';

/** A running clock of a queued ticket. Epoch milliseconds. */
export interface QueuedClock {
  clock: ClockName;
  deadlineAt: number;
  /** What meets it: that somebody takes the ticket, or that it is done. */
  metBy: 'start' | 'finish';
}

/** Met when somebody takes the ticket, as a rule: whoever takes it answers. */
const MET_BY_START: ReadonlySet<string> = new Set([
  'firstResponse',
  'nextResponse',
  'customerUpdate',
  'tierAccept',
] satisfies StandardClock[]);
const MET_BY_FINISH: ReadonlySet<string> = new Set([
  'resolution',
  'restore',
  'tierWork',
] satisfies StandardClock[]);

/** What in a queue meets a clock; null for clocks that are about something else. */
export function metByOf(clock: ClockName): QueuedClock['metBy'] | null {
  if (MET_BY_START.has(clock)) return 'start';
  return MET_BY_FINISH.has(clock) ? 'finish' : null;
}

export interface QueuedTicket {
  ticketId: string;
  priority: Priority;
  clocks: readonly QueuedClock[];
}

export interface ClockForecast extends QueuedClock {
  /** Of a breach, from 0 to 1. */
  probability: number;
  willBreach: boolean;
}

export interface TicketForecast {
  ticketId: string;
  /** From 1. */
  position: number;
  /** Tickets of average size that must be done before somebody takes it, and that are expected to overtake it. */
  workAhead: number;
  overtaken: number;
  /** When somebody will take it and when it will be done, by expectation; null beyond the known hours. */
  startAt: number | null;
  finishAt: number | null;
  /** Expected open time until then. */
  waitMs: number;
  handlingMs: number;
  clocks: ClockForecast[];
  /** Of the clock that is most likely to breach; 0 where none runs. */
  probability: number;
  willBreach: boolean;
}

export interface QueueNow {
  /** In the order in which they will be taken. */
  tickets: readonly QueuedTicket[];
  now: number;
  /** Opening hours of the tier. */
  hours: OpenHours;
  pace: Pace;
  /** Agents with nothing to do; none unless told. */
  free?: number;
}

/** As likely as not. */
const LIKELY = 0.5;
/** However much arrives, this share of the pace is left for those who wait. */
const LEAST_SHARE = 0.01;

const HOUR = 3_600_000;
/** How far off the arrivals of some hours may be, as a share of them. */
const ARRIVALS_VARY = 0.15;
/** How long the pace of the recent hours is taken to go on. */
const TODAY_MS = 12 * HOUR;
/** Nights are reckoned with for so long; whoever waits longer is late by then. */
const FAR_MS = 21 * 86_400_000;

/** Mean and variance of a time. */
interface Moments {
  mean: number;
  variance: number;
}

/** Standard normal distribution (Abramowitz and Stegun 26.2.17, off by less than 1e-7). */
function normalBelow(x: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(x));
  const series =
    t *
    (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return x > 0 ? 1 - tail : tail;
}

/** The chance that a gamma distributed time of these moments exceeds `limit` (by Wilson and Hilferty's cube root). */
export function chanceAbove(limit: number, { mean, variance }: Moments): number {
  if (limit <= 0) return 1;
  if (mean <= 0 || variance <= 0) return mean > limit ? 1 : 0;
  const ninth = variance / (9 * mean * mean);
  return 1 - normalBelow((Math.cbrt(limit / mean) - 1 + ninth) / Math.sqrt(ninth));
}

/** Work that more urgent arrivals bring, in average tickets per millisecond while open and while closed. */
interface Arrivals {
  open: number;
  closed: number;
  /** Mean of the squared work of one of them over that of its work. */
  size: number;
}

function urgentArrivals({ byPriority, variability }: Pace, priority: Priority): Arrivals {
  const urgent = PRIORITIES.filter((one) => isMoreUrgent(one, priority)).map((one) => byPriority[one]);
  const total = (of: (one: PriorityPace) => number) => urgent.reduce((sum, one) => sum + of(one), 0);
  const work = total(({ arrivalRate, weight }) => arrivalRate * weight);
  const squares = total(({ arrivalRate, weight }) => arrivalRate * weight ** 2 * (1 + variability));
  return {
    open: work,
    closed: total(({ arrivalRateClosed, weight }) => arrivalRateClosed * weight),
    size: work > 0 ? squares / work : 0,
  };
}

/** Of the day, UTC. */
const hourOf = (at: number): number => Math.floor(at / HOUR) % 24;
const nextHour = (at: number): number => (Math.floor(at / HOUR) + 1) * HOUR;

type Spans = readonly { from: number; to: number; open: boolean }[];

/** Spans cut at every full hour, since arrivals follow the time of day. */
function hourly(spans: Spans): Spans {
  return spans.flatMap(({ from, to, open }) => {
    const cuts = [{ from, to, open }];
    for (let last = cuts[0]!; open && nextHour(last.from) < to; last = cuts.at(-1)!) {
      cuts.push({ from: nextHour(last.from), to, open });
      last.to = nextHour(last.from);
    }
    return cuts;
  });
}

/** Where and when a queue is worked off: from now on, as far as it matters. */
interface Ahead {
  spans: Spans;
  pace: Pace;
}

/** What a span adds, in average tickets: what can be finished in it, and what more urgent arrivals bring. */
function spanOf(ahead: Ahead, { from, open }: Spans[number], arrivals: Arrivals) {
  const { pace, spans } = ahead;
  // Whatever is special about today is over tomorrow.
  const rate = from < spans[0]!.from + TODAY_MS ? pace.rate : pace.usualRate;
  return open
    ? { rate, comes: arrivals.open * pace.dayPattern[hourOf(from)]! }
    : { rate: 0, comes: arrivals.closed };
}

interface Wait extends Moments {
  /** Work of more urgent arrivals that is expected to come first. */
  overtaken: number;
}

const NO_WAIT: Wait = { mean: 0, variance: 0, overtaken: 0 };

/** Open time until `work` is done and whatever more urgent arrives by then. */
function waitFor(work: number, priority: Priority, ahead: Ahead): Wait {
  if (work === 0) return NO_WAIT;
  const { pace, spans } = ahead;
  const arrivals = urgentArrivals(pace, priority);
  // As much is left for this priority and below as was finished of them, whatever arrives.
  const least = Math.max(pace.byPriority[priority].leftRate, pace.rate * LEAST_SHARE);
  let [left, mean, overtaken, net] = [work, 0, 0, least];
  for (const span of spans) {
    if (left <= 0) break;
    const { rate, comes } = spanOf(ahead, span, arrivals);
    net = span.open ? Math.max(rate - comes, least) : net;
    const lasts = span.open ? Math.min(span.to - span.from, left / net) : span.to - span.from;
    const overtakes = lasts * (span.open ? Math.max(0, rate - net) : comes);
    left += span.open ? -lasts * net : overtakes;
    overtaken += overtakes;
    if (span.open) mean += lasts;
  }
  mean += Math.max(left, 0) / net;
  return { mean, variance: varianceOf({ work, overtaken, mean, arrivals, pace }), overtaken };
}

/** Of a wait: by chance, since no two tickets take the same time, and because pace and arrivals are only estimates. */
function varianceOf({
  work,
  overtaken,
  mean,
  arrivals,
  pace,
}: {
  work: number;
  overtaken: number;
  mean: number;
  arrivals: Arrivals;
  pace: Pace;
}): number {
  // What is off by so much of all that is done is off by more of what is left for those who wait.
  const perWork = mean / work;
  const chance = work * pace.variability + overtaken * arrivals.size;
  const error = Math.hypot(pace.uncertainty * (work + overtaken), ARRIVALS_VARY * overtaken);
  // No wait is less certain than one that might end at any moment; the tail is not made for more.
  return Math.min((chance + error ** 2) * perWork ** 2, mean ** 2);
}

/** Nobody takes anything before the tier opens. */
function reachedAt(hours: OpenHours, now: number, ms: number): number | null {
  const opensAt = nextOpenAt(hours, now);
  return opensAt === null ? null : instantAfter(hours, opensAt, ms);
}

/** A forecast for every ticket of a queue, in its order. Pure: the same queue and pace give the same forecast. */
export function forecastQueue({ tickets, now, hours, pace, free = 0 }: QueueNow): TicketForecast[] {
  const until = Math.min(now + FAR_MS, hours.until);
  const far: Ahead = { spans: hourly(openAndClosedSpans(hours, now, until)), pace };
  let ahead = 0;
  return tickets.map(({ ticketId, priority, clocks }, i) => {
    const { handlingMs, weight } = pace.byPriority[priority];
    // Who is free takes the first ones at once; for every other the one before it must be done, and one under way.
    const work = i < free ? 0 : ahead + 1;
    if (i >= free) ahead += weight;
    const { overtaken, ...start } = waitFor(work, priority, far);
    const finish: Moments = {
      mean: start.mean + handlingMs,
      variance: start.variance + handlingMs ** 2 * pace.variability,
    };
    const forecasts = clocks.map((clock): ClockForecast => {
      // Nothing is left, also where the tier opens only after the deadline.
      const leftMs = openTimeBetween(hours, now, clock.deadlineAt);
      const probability = chanceAbove(leftMs, clock.metBy === 'start' ? start : finish);
      return { ...clock, probability, willBreach: probability >= LIKELY };
    });
    return {
      ticketId,
      position: i + 1,
      workAhead: work,
      overtaken,
      startAt: reachedAt(hours, now, start.mean),
      finishAt: reachedAt(hours, now, finish.mean),
      waitMs: start.mean,
      handlingMs,
      clocks: forecasts,
      probability: Math.max(0, ...forecasts.map(({ probability }) => probability)),
      willBreach: forecasts.some(({ willBreach }) => willBreach),
    };
  });
}
