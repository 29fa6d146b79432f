/** Business time is integer arithmetic on UTC intervals. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ALWAYS,
  instantAfter,
  isOpenAt,
  openAndClosedSpans,
  openTimeBetween,
  type OpenHours,
  type Span,
} from '../../domain/open-hours.ts';
import { openHours, openHoursOf } from '../support/arbitraries.ts';
import { runs } from '../support/runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (text: string): number => Date.parse(`2026-${text}Z`);

/** Wednesday to Friday from nine to five with lunch at noon, and the Monday after; Saturday is shut. */
const DESK = openHours(
  ['01-14', '01-15', '01-16', '01-19'].flatMap<Span>((day) => [
    [at(`${day}T09:00`), at(`${day}T12:00`)],
    [at(`${day}T13:00`), at(`${day}T17:00`)],
  ]),
);

describe('the open time between two instants', () => {
  test.each([
    ['counts whole windows', '01-14T00:00', '01-15T00:00', 7 * HOUR],
    ['leaves lunch out', '01-14T11:00', '01-14T14:00', 2 * HOUR],
    ['leaves the weekend out', '01-16T16:00', '01-19T10:00', 2 * HOUR],
    ['is nothing while shut', '01-16T17:00', '01-19T09:00', 0],
    ['is exact to the millisecond', '01-14T16:59:59.999', '01-15T09:00:00.001', 2],
    ['is nothing where the end is before the start', '01-14T14:00', '01-14T10:00', 0],
  ])('%s', (_fact, from, to, ms) => {
    expect(openTimeBetween(DESK, at(from), at(to))).toBe(ms);
  });

  test('round the clock is the time itself', () => {
    expect(openTimeBetween(ALWAYS, at('01-17T00:00'), at('01-18T00:00'))).toBe(24 * HOUR);
  });
});

describe('the instant after an amount of open time', () => {
  test.each<[fact: string, from: string, amount: number, to: string]>([
    ['is later the same day', '01-14T10:00', HOUR, '01-14T11:00'],
    ['jumps lunch', '01-14T11:30', HOUR, '01-14T13:30'],
    ['stays at closing time where the amount is used up there', '01-14T16:00', HOUR, '01-14T17:00'],
    ['stays at lunch where the amount is used up there', '01-14T11:00', HOUR, '01-14T12:00'],
    ['opens the next day for a millisecond more', '01-14T16:00', HOUR + 1, '01-15T09:00:00.001'],
    ['jumps the weekend', '01-16T16:30', HOUR, '01-19T09:30'],
    ['counts from opening for a start while shut', '01-17T12:00', HOUR, '01-19T10:00'],
    ['is the start itself for nothing', '01-17T12:00', 0, '01-17T12:00'],
  ])('%s', (_fact, from, amount, to) => {
    expect(instantAfter(DESK, at(from), amount)).toBe(at(to));
  });

  test('is unknown beyond the known hours', () => {
    expect(instantAfter(DESK, at('01-19T16:00'), HOUR + 1)).toBeNull();
  });

  test('round the clock needs no known hours', () => {
    expect(instantAfter(ALWAYS, at('01-17T00:00'), 9_999 * HOUR)).toBe(at('01-17T00:00') + 9_999 * HOUR);
  });
});

describe('the desk', () => {
  test.each([
    ['is open at opening time', '01-14T09:00', true],
    ['is shut at closing time', '01-14T17:00', false],
    ['is open a millisecond before closing time', '01-14T16:59:59.999', true],
    ['is shut before the first known hour', '01-14T08:00', false],
    ['is shut after the last known hour', '01-20T10:00', false],
  ])('%s', (_fact, instant, open) => {
    expect(isOpenAt(DESK, at(instant))).toBe(open);
  });
});

test('open and closed spans cover the range once, in order', () => {
  const spans = openAndClosedSpans(DESK, at('01-14T11:00'), at('01-14T18:00'));
  expect(spans.map(({ from, to, open }) => [from, to, open])).toEqual([
    [at('01-14T11:00'), at('01-14T12:00'), true],
    [at('01-14T12:00'), at('01-14T13:00'), false],
    [at('01-14T13:00'), at('01-14T17:00'), true],
    [at('01-14T17:00'), at('01-14T18:00'), false],
  ]);
});

/** Hours and an instant within them. */
const hoursAndInstants = (count: number) =>
  openHoursOf().chain((hours) =>
    fc.tuple(
      fc.constant(hours),
      ...Array.from({ length: count }, () => fc.integer({ min: hours.from, max: hours.until })),
    ),
  );

describe('for any opening hours', () => {
  const shareOf = (hours: OpenHours, from: number, part: number) =>
    Math.floor(openTimeBetween(hours, from, hours.until) * part);

  test('the time elapsed up to a deadline is the target', () => {
    fc.assert(
      fc.property(hoursAndInstants(1), fc.double({ min: 0, max: 1, noNaN: true }), ([hours, from], part) => {
        const target = shareOf(hours, from!, part);
        const deadline = instantAfter(hours, from!, target);
        expect(deadline).not.toBeNull();
        expect(openTimeBetween(hours, from!, deadline!)).toBe(target);
      }),
      runs(200),
    );
  });

  test('a deadline is the earliest instant by which its target has elapsed', () => {
    fc.assert(
      fc.property(hoursAndInstants(1), fc.double({ min: 0, max: 1, noNaN: true }), ([hours, from], part) => {
        const target = shareOf(hours, from!, part);
        fc.pre(target > 0);
        const deadline = instantAfter(hours, from!, target)!;
        expect(openTimeBetween(hours, from!, deadline - 1)).toBe(target - 1);
      }),
      runs(200),
    );
  });

  test('the parts of a split add up to the whole', () => {
    fc.assert(
      fc.property(hoursAndInstants(3), ([hours, ...instants]) => {
        const [first, middle, last] = (instants as number[]).toSorted((a, b) => a - b) as [
          number,
          number,
          number,
        ];
        const parts = openTimeBetween(hours, first, middle) + openTimeBetween(hours, middle, last);
        expect(parts).toBe(openTimeBetween(hours, first, last));
      }),
      runs(200),
    );
  });

  test('a later start never has an earlier deadline', () => {
    fc.assert(
      fc.property(
        hoursAndInstants(2),
        fc.integer({ min: 0, max: 20 * HOUR }),
        ([hours, ...instants], amount) => {
          const [earlier, later] = (instants as number[]).toSorted((a, b) => a - b) as [number, number];
          const unknown = Number.MAX_SAFE_INTEGER;
          expect(instantAfter(hours, later, amount) ?? unknown).toBeGreaterThanOrEqual(
            instantAfter(hours, earlier, amount) ?? unknown,
          );
        },
      ),
      runs(200),
    );
  });

  test('an amount in two steps ends where it ends in one', () => {
    fc.assert(
      fc.property(hoursAndInstants(1), fc.nat(10 * HOUR), fc.nat(10 * HOUR), ([hours, from], one, two) => {
        const between = instantAfter(hours, from!, one);
        const end = instantAfter(hours, from!, one + two);
        fc.pre(between !== null && end !== null && two > 0);
        expect(instantAfter(hours, between!, two)).toBe(end);
      }),
      runs(200),
    );
  });

  test('open spans sum to the open time, and every instant belongs to one span', () => {
    fc.assert(
      fc.property(hoursAndInstants(2), ([hours, ...instants]) => {
        const [from, to] = (instants as number[]).toSorted((a, b) => a - b) as [number, number];
        const spans = openAndClosedSpans(hours, from, to);
        const open = spans.filter((span) => span.open).reduce((sum, span) => sum + span.to - span.from, 0);
        expect(open).toBe(openTimeBetween(hours, from, to));
        expect(spans.map((span) => span.from)).toEqual(
          spans.length === 0 ? [] : [from, ...spans.slice(0, -1).map((span) => span.to)],
        );
        expect(spans.at(-1)?.to ?? to).toBe(to);
        for (const span of spans) expect(isOpenAt(hours, span.from)).toBe(span.open);
      }),
      runs(200),
    );
  });
});
