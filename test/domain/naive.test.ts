/**
 * The engine and a naive model (bench/naive-clock.ts) agree at clock changes of every zone: all of them from
 * 2000 to 2040 in a full run (`TIERLINE_FULL`), another sample every day in an ordinary one.
 */
import { afterAll, describe, expect, test } from '@jest/globals';
import { add, elapsed, intervalsOf, subtract } from '../../domain/business-time.ts';
import { expandCalendar, type Calendar, type Window } from '../../domain/calendar.ts';
import { clockChanges, NaiveClock, watchWall, type Wall } from '../../bench/naive-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const FULL = process.env['TIERLINE_FULL'] !== undefined;
const ZONES = Intl.supportedValuesOf('timeZone');
const [FIRST, LAST] = [Date.UTC(2000, 0, 1), Date.UTC(2041, 0, 1)];

/** Moves on by one a day, so that in time an ordinary run has seen everything. */
const TODAY = Math.floor(Date.now() / DAY);
const SAMPLED_ZONES = 20;
const SAMPLED_YEARS = 3;

const sampledZones = FULL
  ? ZONES
  : Array.from({ length: SAMPLED_ZONES }, (_, i) => ZONES[(TODAY + i * 21) % ZONES.length]!);

const everyDay = (...windows: Window[]) =>
  Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, windows]));

/** Hours with windows that start, end, and lie in what clock changes skip and repeat: they come at 0, 1, 2 or 3 o'clock. */
const HOURS: Calendar['hours'][] = [
  everyDay(['00:00', '01:30'], ['01:45', '02:15'], ['02:30', '05:00'], ['09:00', '24:00']),
  everyDay(
    ['00:15', '00:45'],
    ['01:00', '02:00'],
    ['02:00', '02:30'],
    ['03:00', '03:30'],
    ['22:00', '23:30'],
  ),
  everyDay(['00:30', '02:45'], ['04:00', '23:15'], ['23:45', '24:00']),
];

function changesIn(zone: string): number[] {
  if (FULL) return clockChanges(zone, FIRST, LAST);
  const year = 2000 + ((TODAY + zone.length * 7) % 38);
  return clockChanges(zone, Date.UTC(year, 0, 1), Date.UTC(year + SAMPLED_YEARS, 0, 1));
}

const told = (intervals: readonly (readonly [number, number])[]) =>
  intervals.map(([from, to]) => `${new Date(from).toISOString()}/${new Date(to).toISOString()}`);

/** Open time of which the last may take days where little is open. */
const AMOUNTS = [25 * MINUTE, 3 * HOUR, 5 * HOUR];
const STARTS = [-27 * HOUR, -3 * HOUR, -20 * MINUTE, 0, 50 * MINUTE];
/** Elapsed from a start on, which most windows of a day and the change lie in. */
const SPAN = 31 * HOUR;

/** How many clock changes were looked at, and how many answers were compared there. */
let changes = 0;
let compared = 0;

/** What is asked around a change, each with what the naive clock and what the engine says. */
function answersAround(calendar: Calendar, change: number, wall: Wall) {
  const naive = new NaiveClock(calendar, wall);
  const answers: [asked: string, naive: unknown, engine: unknown][] = [];
  for (const pauses of [[], [{ from: change - 40 * MINUTE, to: change + 95 * MINUTE }]])
    for (const offset of STARTS) {
      const start = change + offset;
      const asked = `${new Date(start).toISOString()}, ${pauses.length} pauses:`;
      for (const amount of AMOUNTS) {
        const added = naive.add(start, amount, pauses);
        answers.push([`${asked} add ${amount}`, added, add(calendar, start, amount, pauses)]);
        const end = start + 6 * HOUR;
        const taken = naive.subtract(end, amount, pauses);
        answers.push([`${asked} + 6 h subtract ${amount}`, taken, subtract(calendar, end, amount, pauses)]);
      }
      const end = start + SPAN;
      const ms = naive.elapsed(start, end, pauses);
      answers.push([`${asked} elapsed`, ms, elapsed(calendar, start, end, pauses)]);
      const running = intervalsOf(calendar, { start, end, pauses, most: 100 })!.map(({ from, to, kind }) =>
        kind === 'running' ? to - from : 0,
      );
      answers.push([`${asked} intervals`, ms, running.reduce((sum, length) => sum + length, 0)]);
    }
  const [from, to] = [change - DAY, change + DAY];
  const { intervals } = expandCalendar('desk', calendar, from, to);
  answers.push(['hours', naive.intervals(from, to).join(), told(intervals as [number, number][]).join()]);
  return answers;
}

function agreeAround(change: number, calendars: readonly Calendar[]): void {
  const { timezone } = calendars[0]!;
  const wall = watchWall(timezone, change - 3 * DAY, change + 3 * DAY);
  const answers = calendars.flatMap((calendar) => answersAround(calendar, change, wall));
  compared += answers.length;
  expect(answers.filter(([, naive, engine]) => naive !== engine)).toEqual([]);
}

/** The same ones for all changes of a zone. */
const calendarsIn = (timezone: string): Calendar[] =>
  HOURS.map((hours) => ({ timezone, hours, holidays: [], exceptions: {} }));

describe('a second count, minute by minute, agrees at the clock changes of', () => {
  test.each(sampledZones)(
    '%s',
    (timezone) => {
      const calendars = calendarsIn(timezone);
      changesIn(timezone).forEach((change, i) => {
        agreeAround(change, FULL ? calendars : [calendars[(i + TODAY) % calendars.length]!]);
        changes += 1;
      });
    },
    600_000,
  );

  afterAll(() => {
    if (FULL) process.stderr.write(`${changes} clock changes, ${compared} answers compared\n`);
  });
});

/** Days that a zone left out or had twice, and changes that are odd in another way, looked at in every run. */
test.each([
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Pacific/Fakaofo', '2011-12-30T11:00Z'],
  ['Pacific/Kwajalein', '1993-08-21T12:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['Pacific/Chatham', '2026-04-04T14:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Africa/Casablanca', '2026-03-22T02:00Z'],
  ['America/Caracas', '2016-05-01T07:00Z'],
  ['America/Caracas', '2007-12-09T07:00Z'],
  ['Asia/Pyongyang', '2015-08-14T15:00Z'],
  ['Asia/Pyongyang', '2018-05-04T15:00Z'],
  ['Asia/Kathmandu', '1985-12-31T18:30Z'],
  ['Europe/Volgograd', '2018-10-27T23:00Z'],
  ['Europe/Volgograd', '2020-12-26T22:00Z'],
  // A minute past midnight.
  ['America/St_Johns', '2006-10-29T02:31Z'],
  ['America/St_Johns', '2007-03-11T03:31Z'],
  ['Antarctica/Casey', '2020-10-03T16:01Z'],
  // Just where one of the blocks ends in which zone.ts keeps changes, and a week before the next one.
  ['Asia/Gaza', '2040-10-20T00:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['Africa/Cairo', '2026-04-23T22:00Z'],
  ['America/Havana', '2026-11-01T05:00Z'],
  ['Antarctica/Troll', '2026-03-29T01:00Z'],
])('and at the change of %s at %s', (timezone, at) => {
  const change = Date.parse(at);
  expect(clockChanges(timezone, change - DAY, change + DAY)).toEqual([change]);
  agreeAround(change, calendarsIn(timezone));
});
