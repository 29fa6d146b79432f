/** Why a clock says what it says: spans that a person can follow. */
import { expect, test } from '@jest/globals';
import {
  foldClock,
  limitOf,
  meetClock,
  pauseClock,
  resumeClock,
  startClock,
  type Clock,
} from '../../domain/clock.ts';
import { explainClock } from '../../domain/explain.ts';
import { openHours } from '../support/arbitraries.ts';
import { at, hourOf } from '../support/paper-desk.ts';

const HOUR = 3_600_000;
const target = { ms: 8 * HOUR, calendar: 'office' };
/** Open from nine to twelve and from one to five. */
const hours = {
  office: openHours(
    [
      [at(9), at(12)],
      [at(13), at(17)],
    ],
    'office',
  ),
};
const clock = startClock({ name: 'resolution', cycle: 1, at: at(10), limit: limitOf(target) });

/** `from-to kind reason`, in hours. */
const told = (one: Clock, now: number): string[] =>
  explainClock(one, hours, at(now)).map(({ from, to, kind, reason }) =>
    [`${hourOf(from)}-${hourOf(to)}`, kind, reason ?? []].flat().join(' '),
  );

test('tells running from closed hours up to now', () => {
  expect(told(clock, 18)).toEqual(['10-12 running', '12-13 closed', '13-17 running', '17-18 closed']);
});

test('names the reason of a pause, which wins over closed hours', () => {
  const paused = resumeClock(pauseClock(clock, at(11), 'customer'), at(14));
  expect(told(paused, 15)).toEqual(['10-11 running', '11-14 paused customer', '14-15 running']);
});

test('ends with the stop, whenever it is asked', () => {
  expect(told(meetClock(clock, at(11)), 18)).toEqual(['10-11 running']);
});

test('ends with an open pause, and with nothing where the pause starts now', () => {
  const standing = pauseClock(clock, at(11), 'vendor');
  expect(told(standing, 15)).toEqual(['10-11 running', '11-15 paused vendor']);
  expect(told(standing, 11)).toEqual(['10-11 running']);
});

test('tells folded time in one span, with what ran of it', () => {
  const paused = resumeClock(pauseClock(clock, at(11), 'customer'), at(14));
  const folded = foldClock(paused, hours, { until: at(15), targets: [target] });
  expect(told(folded, 16)).toEqual(['10-15 folded', '15-16 running']);
  expect(explainClock(folded, hours, at(16))[0]!.runningMs).toBe(2 * HOUR);
});
