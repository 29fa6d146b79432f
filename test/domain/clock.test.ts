/** One clock: when it runs, when it stands, and when its promise runs out. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  cancelClock,
  clockState,
  deadlineOf,
  elapsedOf,
  foldClock,
  instantOfAmount,
  governingLimit,
  meetClock,
  pauseClock,
  relaxClock,
  remainingOf,
  resumeClock,
  limitOf,
  startClock,
  tightenClock,
  type Clock,
  type HoursByCalendar,
} from '../../domain/clock.ts';
import { explainClock } from '../../domain/explain.ts';
import { ALWAYS, openTimeBetween, type Span } from '../../domain/open-hours.ts';
import type { Target } from '../../domain/policy.ts';
import { EPOCH, openHours, openHoursOf } from '../support/arbitraries.ts';
import { runs } from '../support/runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Hours after the Monday midnight that tests start from. */
const at = (hours: number): number => EPOCH + hours * HOUR;

/** Monday to Wednesday from nine to five. */
const OFFICE: HoursByCalendar = {
  always: ALWAYS,
  office: openHours(
    [0, 24, 48].map<Span>((day) => [at(day + 9), at(day + 17)]),
    'office',
  ),
};

const resolutionClock = (startedAt: number, target: Target): Clock =>
  startClock({ name: 'resolution', cycle: 1, at: startedAt, limit: limitOf(target) });

const started = (startHour: number, targetHours: number, calendar = 'office'): Clock =>
  resolutionClock(at(startHour), { ms: targetHours * HOUR, calendar });

const paused = (clock: Clock, from: number, to: number): Clock =>
  resumeClock(pauseClock(clock, at(from), 'customer'), at(to));

describe('a deadline', () => {
  test.each<[fact: string, clock: Clock, deadline: number]>([
    ['is the target after the start', started(10, 3), 13],
    ['stays at closing time where the target is used up there', started(13, 4), 17],
    ['goes on when the desk opens again', started(16, 4), 24 + 12],
    ['counts from opening for a ticket opened at night', started(3, 2), 11],
    ['moves by the length of a pause', paused(started(10, 3), 11, 12), 14],
    ['moves by the open part of a pause over night', paused(started(15, 3), 16, 24 + 10), 24 + 12],
    ['is not moved by a pause outside opening hours', paused(started(10, 3), 1, 8), 13],
    ['is not moved by a pause after it', paused(started(10, 3), 14, 15), 13],
    ['moves by the sum of two pauses', paused(paused(started(10, 3), 11, 12), 13, 14), 15],
  ])('%s', (_fact, clock, deadline) => {
    expect(deadlineOf(clock, OFFICE)).toBe(at(deadline));
  });

  test('is open while the clock stands', () => {
    expect(deadlineOf(pauseClock(started(10, 3), at(11), 'customer'), OFFICE)).toBeNull();
  });

  test('stays where it was once it has passed, whatever stands later', () => {
    expect(deadlineOf(pauseClock(started(10, 3), at(14), 'customer'), OFFICE)).toBe(at(13));
  });

  test('cannot fall while the clock stands, not even in the instant in which the pause starts', () => {
    const standing = pauseClock(started(10, 3), at(13), 'customer');
    expect(deadlineOf(standing, OFFICE)).toBeNull();
    expect(deadlineOf(resumeClock(standing, at(15)), OFFICE)).toBe(at(15));
  });

  test('that fell at closing time is not undone by a pause that starts after hours', () => {
    expect(deadlineOf(pauseClock(started(13, 4), at(18), 'customer'), OFFICE)).toBe(at(17));
    expect(deadlineOf(paused(started(13, 4), 18, 24 + 10), OFFICE)).toBe(at(17));
    expect(deadlineOf(pauseClock(started(13, 4), at(17), 'customer'), OFFICE)).toBeNull();
  });

  test('is unknown beyond the known hours', () => {
    expect(deadlineOf(started(10, 1000), OFFICE)).toBeNull();
  });
});

describe('a pause', () => {
  test('stops the count and the clock says so', () => {
    const standing = pauseClock(started(10, 3), at(11), 'vendor');
    expect(clockState(standing)).toBe('paused');
    expect(elapsedOf(standing, OFFICE, at(16))).toBe(HOUR);
  });

  test('is not doubled by a second reason', () => {
    const standing = pauseClock(pauseClock(started(10, 3), at(11), 'vendor'), at(12), 'customer');
    expect(standing.pauses).toEqual([{ from: at(11), to: null, reason: 'vendor' }]);
  });

  test('of no length leaves no trace', () => {
    expect(paused(started(10, 3), 11, 11)).toEqual(started(10, 3));
  });

  test('is closed first by a stop', () => {
    const met = meetClock(pauseClock(started(10, 3), at(11), 'customer'), at(12));
    expect(met.pauses).toEqual([{ from: at(11), to: at(12), reason: 'customer' }]);
    expect(elapsedOf(met, OFFICE, at(16))).toBe(HOUR);
  });

  test('is closed first by cancelling', () => {
    const cancelled = cancelClock(pauseClock(started(10, 3), at(11), 'customer'), at(12), 'notInPolicy');
    expect(clockState(cancelled)).toBe('cancelled');
    expect(cancelled.pauses.at(-1)?.to).toBe(at(12));
  });
});

describe('the elapsed time', () => {
  test('is open time only', () => {
    expect(elapsedOf(started(16, 4), OFFICE, at(24 + 10))).toBe(2 * HOUR);
  });

  test('stands at the stop', () => {
    expect(elapsedOf(meetClock(started(10, 3), at(12)), OFFICE, at(16))).toBe(2 * HOUR);
  });

  test('is nothing before the start', () => {
    expect(elapsedOf(started(10, 3), OFFICE, at(9))).toBe(0);
  });

  test('leaves what is left, and is negative once late', () => {
    expect(remainingOf(started(10, 3), OFFICE, at(12))).toBe(HOUR);
    expect(remainingOf(started(10, 3), OFFICE, at(15))).toBe(-2 * HOUR);
  });
});

describe('a change of priority', () => {
  const target = (hours: number, calendar = 'office') => ({ ms: hours * HOUR, calendar });

  test('to a more urgent target promises the change plus the new target', () => {
    expect(deadlineOf(tightenClock(started(9, 16), at(11), target(2)), OFFICE)).toBe(at(13));
  });

  test('to a more urgent target never gives more time than the old deadline', () => {
    expect(deadlineOf(tightenClock(started(9, 4), at(12), target(3)), OFFICE)).toBe(at(13));
  });

  test('to a more urgent target may count on another calendar', () => {
    const clock = tightenClock(started(9, 16), at(16), target(4, 'always'));
    expect(deadlineOf(clock, OFFICE)).toBe(at(20));
    expect(governingLimit(clock, OFFICE).calendar).toBe('always');
  });

  test('to a less urgent target counts that target from the start', () => {
    expect(deadlineOf(relaxClock(started(9, 2), target(6)), OFFICE)).toBe(at(15));
  });

  test('keeps every pause: they move the new deadline as they moved the old', () => {
    const clock = paused(started(9, 16), 10, 11);
    expect(deadlineOf(relaxClock(clock, target(6)), OFFICE)).toBe(at(16));
    expect(deadlineOf(paused(tightenClock(clock, at(12), target(2)), 13, 15), OFFICE)).toBe(at(16));
  });

  test('up and back leaves the deadline of a clock that was never changed', () => {
    const clock = paused(started(9, 7), 10, 11);
    expect(deadlineOf(relaxClock(tightenClock(clock, at(12), target(1)), target(7)), OFFICE)).toBe(
      deadlineOf(clock, OFFICE),
    );
  });

  test('down and back promises the change back plus the target', () => {
    expect(deadlineOf(tightenClock(relaxClock(started(9, 2), target(16)), at(10), target(2)), OFFICE)).toBe(
      at(12),
    );
  });
});

/** A life of a clock: pauses in order, up to `until`. The last may be open. */
const lives = fc.record({
  office: openHoursOf('office'),
  targetMs: fc.integer({ min: 1, max: 60 * HOUR }),
  gaps: fc.array(fc.integer({ min: 0, max: 30 * HOUR }), { maxLength: 12 }),
  raiseAfter: fc.option(fc.nat(40 * HOUR)),
});
type Life = typeof lives extends fc.Arbitrary<infer T> ? T : never;

function lived({ office, targetMs, gaps, raiseAfter }: Life): {
  clock: Clock;
  hours: HoursByCalendar;
  end: number;
} {
  const hours = { always: ALWAYS, office };
  let clock = resolutionClock(EPOCH, { ms: targetMs, calendar: 'office' });
  let cursor = EPOCH;
  gaps.forEach((gap, i) => {
    cursor += gap;
    if (raiseAfter !== null && i === 3)
      clock = tightenClock(clock, cursor, { ms: raiseAfter, calendar: 'always' });
    clock = i % 2 === 0 ? pauseClock(clock, cursor, 'customer') : resumeClock(clock, cursor);
  });
  return { clock, hours, end: cursor };
}

describe('for any life of a clock', () => {
  test('a pause that ends before the deadline moves it by exactly its open length', () => {
    fc.assert(
      fc.property(
        openHoursOf('office'),
        fc.nat(40 * HOUR),
        fc.nat(20 * HOUR),
        fc.nat(30 * HOUR),
        (...given) => {
          const [office, targetMs, pauseAfter, pauseMs] = given;
          const hours = { office };
          const clock = resolutionClock(EPOCH, { ms: targetMs, calendar: 'office' });
          const deadline = deadlineOf(clock, hours);
          const pause: Span = [EPOCH + pauseAfter, EPOCH + pauseAfter + pauseMs];
          fc.pre(deadline !== null && pause[1] < deadline && pauseMs > 0);
          const moved = resumeClock(pauseClock(clock, pause[0], 'vendor'), pause[1]);
          const longer = resolutionClock(EPOCH, {
            ms: targetMs + openTimeBetween(office, ...pause),
            calendar: 'office',
          });
          expect(deadlineOf(moved, hours)).toBe(deadlineOf(longer, hours));
        },
      ),
      runs(300),
    );
  });

  test('the time elapsed at the deadline is the target', () => {
    fc.assert(
      fc.property(lives, (life) => {
        const { clock, hours } = lived({ ...life, raiseAfter: null });
        const deadline = deadlineOf(clock, hours);
        fc.pre(deadline !== null);
        expect(elapsedOf(clock, hours, deadline!)).toBe(life.targetMs);
        expect(remainingOf(clock, hours, deadline!)).toBe(0);
      }),
      runs(200),
    );
  });

  test('the deadline never falls within a pause', () => {
    fc.assert(
      fc.property(lives, (life) => {
        const { clock, hours } = lived(life);
        const deadline = deadlineOf(clock, hours);
        fc.pre(deadline !== null);
        for (const { from, to } of clock.pauses)
          expect(deadline! < from || (to !== null && deadline! >= to)).toBe(true);
      }),
      runs(200),
    );
  });

  test('its explanation covers the time from start to now, and what ran sums to the elapsed time', () => {
    fc.assert(
      fc.property(lives, fc.oneof(fc.constant(0), fc.nat(60 * HOUR)), (life, more) => {
        const { clock, hours, end } = lived(life);
        const now = end + more;
        const spans = explainClock(clock, hours, now);
        let cursor = clock.startedAt;
        for (const { from, to } of spans) {
          expect(from).toBe(cursor);
          expect(to).toBeGreaterThan(from);
          cursor = to;
        }
        expect(cursor).toBe(now);
        const ran = spans
          .filter(({ kind }) => kind === 'running')
          .reduce((sum, { from, to }) => sum + to - from, 0);
        expect(ran).toBe(elapsedOf(clock, hours, now));
      }),
      runs(200),
    );
  });
});

/** A life on whole hours, where ends of windows, pauses and targets often coincide. */
const hourlyLives = fc.record({
  windows: fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })), {
    minLength: 1,
    maxLength: 8,
  }),
  targetHours: fc.integer({ min: 1, max: 16 }),
  gaps: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 8 }),
  foldAt: fc.option(fc.nat(40)),
});

type HourlyLife = typeof hourlyLives extends fc.Arbitrary<infer T> ? T : never;

/** The windows as hours from the start. */
function windowsOf({ windows }: HourlyLife): Span[] {
  let cursor = 0;
  return windows.map(([gap, length]) => {
    const opens = cursor + gap;
    cursor = opens + length;
    return [opens, cursor];
  });
}

/** Hours at which the clock is paused and resumed in turn. */
const changesOf = ({ gaps }: HourlyLife): number[] =>
  gaps.map((_, i) => gaps.slice(0, i + 1).reduce((sum, gap) => sum + gap, 0));

function pausesOf(life: HourlyLife): Span[] {
  const changes = changesOf(life);
  return changes.flatMap((from, i) =>
    i % 2 === 0 ? [[from, changes[i + 1] ?? Number.POSITIVE_INFINITY]] : [],
  );
}

/** The clock of a life, folded as soon as `foldAt` is over: whatever changes then or later finds it folded. */
function hourlyClock(life: HourlyLife): { clock: Clock; hours: HoursByCalendar } {
  const target = { ms: life.targetHours * HOUR, calendar: 'office' };
  const spans = windowsOf(life).map<Span>(([opens, closes]) => [at(opens), at(closes)]);
  const hours = { always: ALWAYS, office: openHours(spans, 'office') };
  const folded = (clock: Clock): Clock =>
    life.foldAt === null ? clock : foldClock(clock, hours, { until: at(life.foldAt), targets: [target] });
  const changes = changesOf(life);
  const foldBefore = changes.findIndex((hour) => hour >= (life.foldAt ?? 0));
  const clock = changes.reduce(
    (soFar, hour, i) => {
      const one = i === foldBefore ? folded(soFar) : soFar;
      return i % 2 === 0 ? pauseClock(one, at(hour), 'vendor') : resumeClock(one, at(hour));
    },
    resolutionClock(EPOCH, target),
  );
  return { clock: foldBefore < 0 ? folded(clock) : clock, hours };
}

/** When so many hours have run, by counting: open and unpaused hours count, and the end is in no pause. */
function countedInstant(life: HourlyLife, amountHours: number): number | null {
  const isIn = (spans: readonly Span[], hour: number) =>
    spans.some(([from, to]) => from <= hour && hour < to);
  const [windows, pauses] = [windowsOf(life), pausesOf(life)];
  let left = amountHours;
  for (let hour = 0; hour <= 100; hour += 1) {
    if (isIn(pauses, hour)) continue;
    if (left === 0) return at(hour);
    if (isIn(windows, hour)) left -= 1;
  }
  return null;
}

describe('for any life on whole hours', () => {
  test('the deadline is where counting hour by hour finds it, folded or not', () => {
    fc.assert(
      fc.property(hourlyLives, (life) => {
        const { clock, hours } = hourlyClock(life);
        expect(deadlineOf(clock, hours)).toBe(countedInstant(life, life.targetHours));
      }),
      runs(500),
    );
  });

  test('so is every step; one due before the fold is answered as of the fold', () => {
    fc.assert(
      fc.property(hourlyLives, fc.integer({ min: 1, max: 20 }), (life, amountHours) => {
        const { clock, hours } = hourlyClock(life);
        const instant = instantOfAmount(clock, hours, clock.limits[0]!, amountHours * HOUR);
        const counted = countedInstant(life, amountHours);
        const isPast = clock.folded && counted !== null && counted < clock.folded.until;
        if (isPast && amountHours !== life.targetHours) expect(instant).toBe(clock.folded!.until);
        else expect(instant).toBe(counted);
      }),
      runs(500),
    );
  });
});

describe('folding old pauses', () => {
  const fold = (clock: Clock, hours: HoursByCalendar, until: number, ...targetMs: number[]) =>
    foldClock(clock, hours, {
      until,
      targets: [20 * HOUR, ...targetMs].flatMap((ms) =>
        ['office', 'always'].map((calendar) => ({ ms, calendar })),
      ),
    });
  const ran = (spans: ReturnType<typeof explainClock>) =>
    spans.reduce((sum, { kind, from, to, runningMs }) => {
      if (kind === 'folded') return sum + runningMs!;
      return kind === 'running' ? sum + to - from : sum;
    }, 0);

  test('keeps one sum instead of each pause', () => {
    const clock = paused(paused(started(9, 20), 10, 11), 12, 13);
    const folded = fold(clock, OFFICE, at(12));
    expect(folded.pauses).toEqual([{ from: at(12), to: at(13), reason: 'customer' }]);
    expect(folded.folded).toEqual({
      until: at(12),
      runningMs: { office: 2 * HOUR, always: 2 * HOUR },
      reached: [],
    });
  });

  test('changes no deadline, elapsed or remaining time from then on, nor what is explained', () => {
    fc.assert(
      fc.property(
        lives,
        fc.array(fc.nat(200 * HOUR), { minLength: 1, maxLength: 3 }),
        fc.nat(60 * HOUR),
        (life, cuts, more) => {
          const { clock, hours, end } = lived(life);
          const instants = cuts.map((cut) => Math.min(EPOCH + cut, end)).toSorted((a, b) => a - b);
          const folded = instants.reduce((soFar, until) => fold(soFar, hours, until), clock);
          const now = end + more;
          expect(deadlineOf(folded, hours)).toBe(deadlineOf(clock, hours));
          expect(elapsedOf(folded, hours, now)).toBe(elapsedOf(clock, hours, now));
          expect(remainingOf(folded, hours, now)).toBe(remainingOf(clock, hours, now));
          expect(ran(explainClock(folded, hours, now))).toBe(elapsedOf(clock, hours, now));
        },
      ),
      runs(300),
    );
  });

  test('changes nothing of what comes later: pauses, steps, other targets', () => {
    fc.assert(
      fc.property(
        lives,
        fc.nat(200 * HOUR),
        fc.nat(20 * HOUR),
        fc.nat(90 * HOUR),
        (life, cut, more, targetMs) => {
          const { clock, hours, end } = lived(life);
          const until = Math.min(EPOCH + cut, end);
          const later = (one: Clock) =>
            resumeClock(pauseClock(resumeClock(one, end + more), end + 2 * more, 'vendor'), end + 3 * more);
          const [plain, folded] = [later(clock), later(fold(clock, hours, until, targetMs))];
          expect(deadlineOf(folded, hours)).toBe(deadlineOf(plain, hours));
          const stepOf = (one: Clock, share: number) => {
            const limit = governingLimit(one, hours);
            return instantOfAmount(one, hours, limit, Math.floor(limit.targetMs * share));
          };
          for (const share of [0.5, 0.75, 1, 1.5]) {
            const instant = stepOf(plain, share);
            // What was due before the fold is past, and is answered as of the fold.
            if (instant === null || instant > until) expect(stepOf(folded, share)).toBe(instant);
            else expect(stepOf(folded, share)).toBeLessThanOrEqual(until);
          }
          for (const calendar of ['office', 'always']) {
            const target = { ms: targetMs, calendar };
            expect(deadlineOf(relaxClock(folded, target), hours)).toBe(
              deadlineOf(relaxClock(plain, target), hours),
            );
          }
        },
      ),
      runs(300),
    );
  });

  test('leaves a deadline just at the fold to a pause that starts there', () => {
    const met = meetClock(paused(started(9, 2), 10, 11), at(12));
    const again = (clock: Clock): Clock => ({
      ...clock,
      metAt: null,
      pauses: [...clock.pauses, { from: at(12), to: at(15), reason: 'resolved' }],
    });
    expect(deadlineOf(again(fold(met, OFFICE, at(12))), OFFICE)).toBe(at(15));
  });

  test('keeps the deadline of a clock that stopped, and moves it rightly when it runs again', () => {
    const met = meetClock(paused(started(9, 10), 10, 11), at(12));
    const folded = fold(met, OFFICE, at(60));
    expect(folded.pauses).toEqual([]);
    expect(deadlineOf(folded, OFFICE)).toBe(deadlineOf(met, OFFICE));
    const again = (clock: Clock): Clock => ({
      ...clock,
      metAt: null,
      pauses: [...clock.pauses, { from: at(12), to: at(24 + 9), reason: 'resolved' }],
    });
    expect(deadlineOf(again(folded), OFFICE)).toBe(deadlineOf(again(met), OFFICE));
  });
});
