import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareRules, HELD_OUT, pooled, TUNED } from '../../bench/forecast.ts';
import { chanceAbove, forecastQueue, type QueuedTicket } from '../../domain/forecast.ts';
import { ALWAYS, type OpenHours } from '../../domain/open-hours.ts';
import { measurePace, type Pace, type Stay } from '../../domain/pace.ts';
import { PRIORITIES, type Priority } from '../../domain/policy.ts';

const HOUR = 3_600_000;
const MONDAY = Date.parse('2026-03-02T00:00Z');
const at = (hours: number) => MONDAY + hours * HOUR;

/** Nine to five, Monday to Friday, in UTC, for ten weeks around that Monday. */
const OFFICE: OpenHours = {
  calendar: 'office',
  version: '1',
  zoneData: 'none',
  from: at(-35 * 24),
  until: at(35 * 24),
  intervals: Array.from({ length: 70 }, (_, i) => i - 35)
    .filter((day) => ((day % 7) + 7) % 7 < 5)
    .map((day) => [at(day * 24 + 9), at(day * 24 + 17)] as const),
};

/** Two average tickets an hour, known well. */
const PACE: Pace = {
  rate: 2 / HOUR,
  usualRate: 2 / HOUR,
  uncertainty: 0.1,
  variability: 1,
  byPriority: Object.fromEntries(
    PRIORITIES.map((priority) => [
      priority,
      { handlingMs: HOUR, weight: 1, arrivalRate: 0, arrivalRateClosed: 0, leftRate: 0, measured: 100 },
    ]),
  ) as Pace['byPriority'],
  dayPattern: Array.from({ length: 24 }, () => 1),
  from: at(-14 * 24),
  busyMs: 50 * HOUR,
  finished: 100,
};

const withArrivals = (priority: Priority, perHour: number, closed = 0): Pace => ({
  ...PACE,
  byPriority: {
    ...PACE.byPriority,
    [priority]: {
      ...PACE.byPriority[priority],
      arrivalRate: perHour / HOUR,
      arrivalRateClosed: closed / HOUR,
    },
  },
});

const waiting = (
  count: number,
  deadlineAt: number,
  metBy: 'start' | 'finish' = 'start',
  priority: Priority = 'P3',
) =>
  Array.from({ length: count }, (_, i): QueuedTicket => {
    return { ticketId: `t${i}`, priority, clocks: [{ clock: 'firstResponse', deadlineAt, metBy }] };
  });

const forecast = (tickets: QueuedTicket[], now: number, more: Partial<{ pace: Pace; free: number }> = {}) =>
  forecastQueue({ tickets, now, hours: OFFICE, pace: PACE, ...more });

test('who stands further back waits longer, by the pace', () => {
  const found = forecast(waiting(4, at(17)), at(9));
  expect(found.map(({ startAt }) => startAt)).toEqual([at(9.5), at(10), at(10.5), at(11)]);
  expect(found.map(({ finishAt }) => finishAt)).toEqual([at(10.5), at(11), at(11.5), at(12)]);
  expect(found.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
});

test('whoever is free takes the first ones at once', () => {
  const found = forecast(waiting(3, at(17)), at(9), { free: 2 });
  expect(found.map(({ startAt }) => startAt)).toEqual([at(9), at(9), at(9.5)]);
  expect(found[0]).toMatchObject({ probability: 0, willBreach: false });
});

test('what is not begun by closing time is begun in the morning', () => {
  expect(forecast(waiting(4, at(17)), at(16)).map(({ startAt }) => startAt)).toEqual([
    at(16.5),
    at(17),
    at(33.5),
    at(34),
  ]);
});

test('a tier that opens only after the deadline breaks the promise for certain', () => {
  const [night, morning] = [waiting(1, at(8)), waiting(1, at(16))].map((tickets) => forecast(tickets, at(2)));
  expect(night![0]).toMatchObject({ probability: 1, willBreach: true, startAt: at(9.5) });
  expect(morning![0]!.probability).toBeLessThan(0.01);
});

test('a deadline that has passed is a breach; a ticket without a clock breaches nothing', () => {
  expect(forecast(waiting(1, at(9)), at(10))[0]!.probability).toBe(1);
  const [one] = forecast([{ ticketId: 't', priority: 'P1', clocks: [] }], at(10));
  expect(one).toMatchObject({ probability: 0, willBreach: false });
});

test('arrivals that are more urgent overtake; those that are less or as urgent do not', () => {
  const startOf = (pace: Pace) => forecast(waiting(1, at(17)), at(9), { pace })[0]!.startAt;
  expect(startOf(withArrivals('P1', 1))).toBe(at(10));
  expect(startOf(withArrivals('P3', 1))).toBe(at(9.5));
  expect(startOf(withArrivals('P4', 1))).toBe(at(9.5));
});

test('what arrives at night stands in front in the morning', () => {
  // An eighth of a ticket an hour for the sixteen hours between closing and opening: two tickets, an hour of work.
  const pace = withArrivals('P1', 0, 1 / 8);
  const [, second] = forecast(waiting(3, at(17)), at(16.5), { pace });
  expect(second!.startAt).toBeCloseTo(at(34.5), -1);
});

test('however much arrives, something is left for those who wait', () => {
  const [one] = forecast(waiting(1, at(17)), at(9), { pace: withArrivals('P1', 50) });
  expect(one!.startAt).not.toBeNull();
  expect(one!.probability).toBeGreaterThan(0.8);
});

test('a promise of a solution counts the work on the ticket, one of an answer does not', () => {
  const [answer, solution] = (['start', 'finish'] as const).map(
    (metBy) => forecast(waiting(1, at(10), metBy), at(9))[0]!.probability,
  );
  expect(answer).toBeLessThan(0.5);
  expect(solution).toBeGreaterThan(0.5);
});

const SCENE = fc.record({
  count: fc.integer({ min: 1, max: 30 }),
  now: fc.integer({ min: 0, max: 120 }).map((quarters) => at(quarters / 4)),
  left: fc.integer({ min: 1, max: 400 }).map((quarters) => (quarters * HOUR) / 4),
});

test('law: nobody is safer for standing further back, or for less time', () => {
  fc.assert(
    fc.property(SCENE, ({ count, now, left }) => {
      const chances = forecast(waiting(count, now + left), now).map(({ probability }) => probability);
      expect(chances).toEqual(chances.toSorted((a, b) => a - b));
      const later = forecast(waiting(count, now + left + HOUR), now);
      later.forEach(({ probability }, i) => expect(probability).toBeLessThanOrEqual(chances[i]! + 1e-9));
      for (const chance of chances) expect(chance >= 0 && chance <= 1).toBe(true);
    }),
  );
});

test.each([
  // Shape k and scale 1: upper tails of the gamma distribution, from tables of chi square with 2k degrees of freedom.
  [1, 2.3026, 0.1],
  [1, 0.6931, 0.5],
  [2, 4.7439, 0.05],
  [5, 4.6709, 0.5],
  [10, 5.4254, 0.95],
  [20, 31.8454, 0.01],
])('a gamma time of shape %d is above %d with a chance of %d', (shape, limit, chance) => {
  expect(chanceAbove(limit, { mean: shape, variance: shape })).toBeCloseTo(chance, 2);
});

// ------------------------------------------------------------------------------------------------------------ pace

const stay = (
  queuedAt: number,
  takenAt: number | null,
  doneAt: number | null,
  priority: Priority = 'P3',
): Stay => ({
  priority,
  queuedAt,
  takenAt,
  doneAt,
});

const measure = (stays: Stay[], now = at(17), hours = OFFICE) =>
  measurePace(stays, { hours, from: at(-14 * 24), now });

test('only hours in which somebody waited say how much can be done', () => {
  // One after the other an hour each, for three weeks: with a queue the same desk is as fast as without one.
  const work = Array.from({ length: 30 }, (_, i) => at(-72 + 9 + (i % 8) - 24 * Math.floor(i / 8)));
  const calm = work.map((from) => stay(from, from, from + HOUR));
  const rare = calm.map((one, i) =>
    i % 3 === 0 ? one : stay(one.queuedAt, one.queuedAt, one.takenAt! + HOUR / 4),
  );
  const never = measure(calm);
  expect(never).toMatchObject({ busyMs: 0, finished: 0 });
  expect(measure(rare).busyMs).toBe(0);
  const busy = measure([...calm, stay(at(-14 * 24 + 9), null, null)]);
  expect(busy.finished).toBeCloseTo(30, 5);
  expect(busy.busyMs).toBe(10 * 8 * HOUR + 8 * HOUR);
});

test('nights, weekends and holds are not time that a ticket takes', () => {
  const overnight = stay(at(-72 + 15), at(-72 + 16), at(10));
  const held: Stay = { ...stay(at(9), at(9), at(14)), held: [[at(10), at(13)]] };
  const times = (stays: Stay[]) => measure(stays).byPriority.P3.handlingMs;
  const same = times([stay(at(9), at(9), at(11))]);
  expect(times([overnight])).toBeCloseTo(same, 3);
  expect(times([held])).toBeCloseTo(same, 3);
});

test('a priority that was seldom seen takes what tickets take on average', () => {
  const usual = Array.from({ length: 50 }, (_, i) => stay(at(9), at(9 + i / 50), at(10 + i / 50)));
  const { P2, P3, P1 } = measure([...usual, stay(at(9), at(9), at(17), 'P1')]).byPriority;
  expect(P3.handlingMs / HOUR).toBeCloseTo(1.03, 1);
  expect(P2.handlingMs / P3.handlingMs).toBeCloseTo(1.1, 1);
  expect([P1.measured, P2.measured, P3.measured]).toEqual([1, 0, 50]);
  // One ticket of eight hours is not proof that they all take eight.
  expect(P1.handlingMs / HOUR).toBeLessThan(2);
});

test('without any work to measure it is a guess, and says so', () => {
  const { rate, uncertainty, finished, byPriority } = measure([]);
  expect(rate * HOUR).toBeCloseTo(1, 5);
  expect(uncertainty).toBe(0.5);
  expect(finished).toBe(0);
  expect(byPriority.P1.handlingMs).toBe(HOUR);
  const three = measurePace([], { hours: ALWAYS, from: at(0), now: at(1), agents: 3 });
  expect(three.rate * HOUR).toBeCloseTo(3, 5);
});

test('what comes while the tier is closed is told apart from what comes in the day', () => {
  const night = Array.from({ length: 14 }, (_, i) => stay(at(3 - 24 * i), null, null, 'P1'));
  const { arrivalRate, arrivalRateClosed } = measure(night).byPriority.P1;
  expect(arrivalRate).toBe(0);
  expect(arrivalRateClosed * HOUR * 16).toBeCloseTo(0.86, 1);
});

// ------------------------------------------------------------------------------------------------------ simulation

test('in simulated days the forecast beats the rule that whatever is past 75 % will breach', () => {
  for (const desk of [TUNED, HELD_OUT]) {
    const { ours, plain } = pooled([1, 3].map((seed) => compareRules(desk, seed, 10)));
    expect(ours.breaches).toBeGreaterThan(100);
    expect(ours.forecasts).toBe(plain.forecasts);
    expect(ours.f1).toBeGreaterThan(plain.f1 + 0.2);
    expect(ours.brier).toBeLessThan(plain.brier / 2);
  }
});

test('the same seed gives the same month', () => {
  expect(compareRules(HELD_OUT, 7, 3)).toEqual(compareRules(HELD_OUT, 7, 3));
});
