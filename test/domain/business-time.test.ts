/** Business time holds these laws on any calendar, in any zone, with any pauses. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  add,
  elapsed,
  intervalsOf,
  subtract,
  type BusinessCalendar,
  type Pause,
} from '../../domain/business-time.ts';
import { checkCalendar, expandCalendar, type Calendar } from '../../domain/calendar.ts';
import { instantAfter, openTimeBetween } from '../../domain/open-hours.ts';
import { calendars, instants, pausesAfter } from '../support/calendars.ts';
import { runs } from '../support/runs.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);

const amounts = fc.oneof(
  fc.integer({ min: 1, max: 60 * HOUR }),
  fc.integer({ min: 1, max: 40 }).map((n) => n * HOUR),
);

const dayTime = (time: string): number =>
  Date.UTC(2000, 0, 1, Number(time.slice(0, 2)), Number(time.slice(3)));

/** What a calendar is open in a week without anything special. */
const weekOf = ({ hours }: Calendar): number =>
  sum(Object.values(hours).flatMap((day) => day.map(([from, to]) => dayTime(to) - dayTime(from))));

/**
 * A calendar, a start, an amount, and pauses about where they count. Some calendars open for a minute a week: what they
 * are open in three weeks is the most, so that no answer lies decades ahead.
 */
const question = fc
  .record({ calendar: calendars, start: instants, amount: amounts })
  .map((asked) => ({ ...asked, amount: Math.min(asked.amount, 3 * weekOf(asked.calendar)) }))
  .chain((asked) => pausesAfter(asked.start).map((pauses) => ({ ...asked, pauses })));

/** For calendars that open rarely there may be no answer; the law is about those that have one. */
function reached(at: ReturnType<typeof add>): number {
  fc.pre(typeof at === 'number');
  return at as number;
}

const law = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): void =>
  fc.assert(fc.property(arbitrary, holds), runs(200));

/** Pauses without those that overlap: in order and apart. */
function merged(pauses: readonly Pause[]): { from: number; to: number }[] {
  const apart: { from: number; to: number }[] = [];
  for (const { from, to } of pauses.toSorted((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to!);
    else apart.push({ from, to: to! });
  }
  return apart;
}

describe('on any calendar', () => {
  test('the drawn ones are calendars', () => {
    law(calendars, (calendar) => expect(checkCalendar(calendar)).toEqual([]));
  });

  test('what elapses up to a deadline is the amount, and a millisecond earlier it is not', () => {
    law(question, ({ calendar, start, amount, pauses }) => {
      const deadline = reached(add(calendar, start, amount, pauses));
      expect(elapsed(calendar, start, deadline, pauses)).toBe(amount);
      expect(elapsed(calendar, start, deadline - 1, pauses)).toBe(amount - 1);
    });
  });

  test('what elapses from where subtracting leads is the amount, and a millisecond later it is not', () => {
    law(question, ({ calendar, start: end, amount, pauses }) => {
      const start = reached(subtract(calendar, end, amount, pauses));
      expect(elapsed(calendar, start, end, pauses)).toBe(amount);
      expect(elapsed(calendar, start + 1, end, pauses)).toBe(amount - 1);
    });
  });

  test('subtracting what was added leads to the start, or later by time that does not count', () => {
    law(question, ({ calendar, start, amount, pauses }) => {
      const back = reached(subtract(calendar, reached(add(calendar, start, amount, pauses)), amount, pauses));
      expect(back).toBeGreaterThanOrEqual(start);
      expect(elapsed(calendar, start, back, pauses)).toBe(0);
    });
  });

  test('parts of a span add up to the whole', () => {
    law(fc.tuple(question, fc.nat(40 * DAY), fc.nat(40 * DAY)), ([{ calendar, start, pauses }, one, two]) => {
      const [middle, end] = [start + one, start + one + two];
      const parts = elapsed(calendar, start, middle, pauses) + elapsed(calendar, middle, end, pauses);
      expect(parts).toBe(elapsed(calendar, start, end, pauses));
    });
  });

  test('an amount in two steps leads where it leads in one', () => {
    law(fc.tuple(question, amounts), ([{ calendar, start, amount, pauses }, more]) => {
      const between = reached(add(calendar, start, amount, pauses));
      expect(add(calendar, between, more, pauses)).toBe(add(calendar, start, amount + more, pauses));
    });
  });

  test('a later start never has an earlier deadline', () => {
    law(fc.tuple(question, fc.nat(9 * DAY)), ([{ calendar, start, amount, pauses }, later]) => {
      const deadline = reached(add(calendar, start, amount, pauses));
      expect(reached(add(calendar, start + later, amount, pauses))).toBeGreaterThanOrEqual(deadline);
    });
  });

  test('a pause that ends before the deadline moves it by exactly its business length', () => {
    law(question, ({ calendar, start, amount, pauses }) => {
      const [pause] = pauses;
      fc.pre(pause !== undefined && pause.from >= start && pause.to! < reached(add(calendar, start, amount)));
      const length = elapsed(calendar, pause!.from, pause!.to!);
      expect(add(calendar, start, amount, [pause!])).toBe(add(calendar, start, amount + length));
    });
  });

  test('neither the order of pauses nor how they overlap matters', () => {
    law(question, ({ calendar, start, amount, pauses }) => {
      const apart = merged(pauses);
      expect(add(calendar, start, amount, pauses)).toBe(add(calendar, start, amount, apart));
      expect(subtract(calendar, start, amount, pauses)).toBe(subtract(calendar, start, amount, apart));
      const end = start + 40 * DAY;
      const paused = sum(
        apart.map(({ from, to }) => elapsed(calendar, Math.max(from, start), Math.min(to, end))),
      );
      expect(elapsed(calendar, start, end, pauses)).toBe(elapsed(calendar, start, end) - paused);
    });
  });

  test('an open pause is one that ends after everything else', () => {
    law(fc.tuple(question, fc.nat(9 * DAY)), ([{ calendar, start, amount, pauses }, later]) => {
      const since = start + later;
      const end = start + 40 * DAY;
      const [still, long] = [
        { from: since, to: null },
        { from: since, to: end },
      ];
      expect(elapsed(calendar, start, end, [...pauses, still])).toBe(
        elapsed(calendar, start, end, [...pauses, long]),
      );
      const deadline = add(calendar, start, amount, [...pauses, still]);
      const isReached = elapsed(calendar, start, since, pauses) >= amount;
      expect(deadline).toBe(isReached ? add(calendar, start, amount, pauses) : 'never_reached');
    });
  });

  test('intervals cover a span once, in order, and the running ones sum to what elapses', () => {
    law(fc.tuple(question, fc.nat(40 * DAY)), ([{ calendar, start, pauses }, length]) => {
      const end = start + length;
      const intervals = intervalsOf(calendar, { start, end, pauses, most: 10_000 })!;
      const isInOrder = intervals.every(
        ({ from, to, kind }, i) =>
          from === (intervals[i - 1]?.to ?? start) && to > from && kind !== intervals[i - 1]?.kind,
      );
      expect([isInOrder, intervals.at(-1)?.to ?? end]).toEqual([true, end]);
      const running = intervals.filter(({ kind }) => kind === 'running').map(({ from, to }) => to - from);
      expect(sum(running)).toBe(elapsed(calendar, start, end, pauses));
    });
  });

  test('the hours that a ticket carries give the same deadlines', () => {
    law(question, ({ calendar, start, amount }) => {
      const hours = expandCalendar('desk', calendar, start, start + 40 * DAY);
      const end = start + 20 * DAY;
      expect(openTimeBetween(hours, start, end)).toBe(elapsed(calendar, start, end));
      const deadline = add(calendar, start, amount);
      const known = typeof deadline === 'number' && deadline <= hours.until ? deadline : null;
      expect(instantAfter(hours, start, amount)).toBe(known);
    });
  });
});

test('of more intervals than are wanted none is told', () => {
  const calendar: BusinessCalendar = {
    timezone: 'UTC',
    hours: { mon: [['09:00', '10:00']] },
    holidays: [],
    exceptions: {},
  };
  const span = { start: Date.parse('2026-01-12T09:00Z'), end: Date.parse('2026-01-19T10:00Z') };
  expect(intervalsOf(calendar, { ...span, most: 3 })).toHaveLength(3);
  expect(intervalsOf(calendar, { ...span, most: 2 })).toBeNull();
});
