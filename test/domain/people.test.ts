/** Who is there: shifts in local time, absence, and people who left. */
import { describe, expect, test } from '@jest/globals';
import type { Calendar } from '../../domain/calendar.ts';
import { isOnShift, isPresent } from '../../domain/people.ts';

const at = (text: string): number => Date.parse(text);
const HERE = { active: true, absentUntil: null };

describe('somebody is present', () => {
  test.each([
    ['as long as nothing else is said', HERE, true],
    ['not after leaving', { ...HERE, active: false }, false],
    ['not while away', { ...HERE, absentUntil: at('2026-01-14T12:00:00.001Z') }, false],
    ['from the instant on at which they are back', { ...HERE, absentUntil: at('2026-01-14T12:00Z') }, true],
  ])('%s', (_fact, agent, expected) => {
    expect(isPresent(agent, at('2026-01-14T12:00Z'))).toBe(expected);
  });
});

const calendar = (timezone: string, opens: string, closes: string): Calendar => ({
  timezone,
  hours: { wed: [[opens, closes]] },
  holidays: [],
  exceptions: {},
});
const calendars = {
  day: calendar('Europe/Berlin', '09:00', '17:00'),
  auckland: calendar('Pacific/Auckland', '00:00', '04:00'),
};

describe('a shift', () => {
  test.each([
    ['begins at the instant it opens', 'day', null, '2026-01-14T09:00+01:00', true],
    ['not before', 'day', null, '2026-01-14T08:59:59.999+01:00', false],
    ['is over at closing time', 'day', null, '2026-01-14T17:00+01:00', false],
    ['is the team’s for who has none', null, 'day', '2026-01-14T20:00+01:00', false],
    ['of their own comes first', 'day', 'auckland', '2026-01-14T10:00+01:00', true],
    ['is round the clock where nobody has one', null, null, '2026-01-18T03:00Z', true],
    ['in a calendar that is not in force hides nobody', 'gone', 'day', '2026-01-18T03:00Z', true],
    // Midnight in Auckland is the day before by UTC, here also the last one before another stretch of known hours.
    ['is in local time, whatever day it is by UTC', 'auckland', null, '2026-07-22T00:00+12:00', true],
  ])('%s', (_fact, own, ofTeam, instant, expected) => {
    const agent = { ...HERE, calendar: own };
    expect(isOnShift(agent, { team: { calendar: ofTeam }, calendars, at: at(instant) })).toBe(expected);
  });

  test('is nobody’s who is away', () => {
    const away = { active: true, absentUntil: at('2026-01-14T13:00Z'), calendar: 'day' };
    expect(isOnShift(away, { team: undefined, calendars, at: at('2026-01-14T12:00Z') })).toBe(false);
  });
});
