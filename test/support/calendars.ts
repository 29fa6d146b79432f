/** Random calendars, instants and pauses for properties of business time. */
import fc from 'fast-check';
import type { Pause } from '../../domain/business-time.ts';
import { WEEKDAYS, type Calendar, type Window } from '../../domain/calendar.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Zones with all kinds of clock changes between 2005 and 2035, and some with none. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Santiago',
  'America/Havana',
  'America/Caracas',
  'America/Sao_Paulo',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'Asia/Pyongyang',
  'Asia/Gaza',
  'Asia/Tehran',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Apia',
  'Pacific/Fakaofo',
  'Antarctica/Troll',
  'Europe/Volgograd',
];

const timeOf = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** Up to three windows of a day, some of them adjacent, some up to midnight; never closing at 23:59. */
const dayWindows: fc.Arbitrary<Window[]> = fc
  .uniqueArray(
    fc.oneof(
      fc.integer({ min: 0, max: 96 }).map((quarter) => quarter * 15),
      fc.integer({ min: 0, max: 1440 }),
    ),
    { minLength: 0, maxLength: 6 },
  )
  .map((times) => {
    const sorted = times.filter((time) => time !== 1439).toSorted((a, b) => a - b);
    const pairs = sorted.slice(0, sorted.length - (sorted.length % 2));
    return pairs.flatMap<Window>((opens, i) => (i % 2 === 0 ? [[timeOf(opens), timeOf(pairs[i + 1]!)]] : []));
  });

const FIRST_DAY = Date.UTC(2005, 0, 1) / DAY;
const LAST_DAY = Date.UTC(2035, 0, 1) / DAY;
const dateOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);
const dates = fc.integer({ min: FIRST_DAY, max: LAST_DAY }).map(dateOf);

/** Calendars that open at least on Wednesdays. */
export const calendars: fc.Arbitrary<Calendar> = fc
  .record({
    timezone: fc.constantFrom(...ZONES),
    week: fc.tuple(...WEEKDAYS.map(() => dayWindows)),
    holidays: fc.array(dates, { maxLength: 5 }),
    exceptions: fc.dictionary(dates, dayWindows, { maxKeys: 5, noNullPrototype: true }),
  })
  .map(({ timezone, week, holidays, exceptions }) => {
    const hours = Object.fromEntries(WEEKDAYS.map((day, i) => [day, week[i]!]));
    const wed: Window[] = hours['wed']!.length > 0 ? hours['wed']! : [['09:00', '17:00']];
    return { timezone, hours: { ...hours, wed }, holidays, exceptions };
  });

/** Clock changes of the zones above, to start near them. */
const CHANGES = [
  '2011-12-30T10:00Z',
  '2007-12-09T07:00Z',
  '2015-08-14T15:00Z',
  '2018-11-04T03:00Z',
  '2022-03-21T20:30Z',
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-04-04T14:00Z',
  '2026-02-15T02:00Z',
].map((text) => Date.parse(text));

export const instants: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: FIRST_DAY * DAY, max: LAST_DAY * DAY }),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3 * DAY, max: 3 * DAY }))
    .map(([change, offset]) => change + offset),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -288, max: 288 }))
    .map(([change, quarters]) => change + quarters * 900_000),
);

/** Up to four closed pauses from a few days before an instant to a few after it; they may overlap, in any order. */
export function pausesAfter(start: number): fc.Arbitrary<Pause[]> {
  const pause = fc
    .tuple(fc.integer({ min: -2 * DAY, max: 6 * DAY }), fc.integer({ min: 0, max: 3 * DAY }))
    .map(([offset, length]) => ({ from: start + offset, to: start + offset + length }));
  return fc.array(pause, { maxLength: 4 });
}
