/** Holidays from iCalendar files, with the oddities that such files have. */
import { describe, expect, test } from '@jest/globals';
import { holidaysIn, ImportError } from '../../api/schemas/icalendar.ts';

const calendar = (...events: string[][]): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    ...events.flatMap((lines, i) => ['BEGIN:VEVENT', `UID:${i}`, ...lines, 'END:VEVENT']),
    'END:VCALENDAR',
    '',
  ].join('\r\n');

const imported = (...events: string[][]) => holidaysIn(calendar(...events), { from: 2026, to: 2028 });

const yearly = (date: string, rule: string, ...more: string[]) => [
  `DTSTART;VALUE=DATE:${date}`,
  `RRULE:FREQ=YEARLY${rule}`,
  ...more,
];

describe('holidays are', () => {
  test.each<[fact: string, event: string[], holidays: string[]]>([
    ['single days', ['DTSTART;VALUE=DATE:20260501'], ['2026-05-01']],
    [
      'single days that end on themselves',
      ['DTSTART;VALUE=DATE:20260501', 'DTEND;VALUE=DATE:20260501'],
      ['2026-05-01'],
    ],
    [
      'several days, without the one on which they end',
      ['DTSTART;VALUE=DATE:20260403', 'DTEND;VALUE=DATE:20260407'],
      ['2026-04-03', '2026-04-04', '2026-04-05', '2026-04-06'],
    ],
    ['days by their duration', ['DTSTART;VALUE=DATE:20261224', 'DURATION:P2D'], ['2026-12-24', '2026-12-25']],
    [
      'only those of the years that are wanted',
      ['DTSTART;VALUE=DATE:20251230', 'DTEND;VALUE=DATE:20260102'],
      ['2026-01-01'],
    ],
    ['every year', yearly('19900501', ''), ['2026-05-01', '2027-05-01', '2028-05-01']],
    ['every other year', yearly('20260501', ';INTERVAL=2'), ['2026-05-01', '2028-05-01']],
    ['so many times', yearly('20260501', ';COUNT=2'), ['2026-05-01', '2027-05-01']],
    ['until a day', yearly('20260501', ';UNTIL=20270501'), ['2026-05-01', '2027-05-01']],
    [
      'the fourth Thursday of November',
      yearly('20201126', ';BYMONTH=11;BYDAY=4TH'),
      ['2026-11-26', '2027-11-25', '2028-11-23'],
    ],
    [
      'the last Monday of May',
      yearly('20200525', ';BYMONTH=5;BYDAY=-1MO'),
      ['2026-05-25', '2027-05-31', '2028-05-29'],
    ],
    ['the 29th of February only where there is one', yearly('20240229', ''), ['2028-02-29']],
    ['never the 30th of February', yearly('20240201', ';BYMONTH=2;BYMONTHDAY=30'), []],
    [
      'not those that are taken out',
      yearly('20260501', '', 'EXDATE;VALUE=DATE:20270501'),
      ['2026-05-01', '2028-05-01'],
    ],
    [
      'those that are added',
      yearly('20260501', ';COUNT=1', 'RDATE;VALUE=DATE:20270601'),
      ['2026-05-01', '2027-06-01'],
    ],
    [
      'several days every year',
      yearly('20251231', '', 'DTEND;VALUE=DATE:20260102').slice(0),
      ['2026-01-01', '2026-12-31', '2027-01-01', '2027-12-31', '2028-01-01', '2028-12-31'],
    ],
    ['not those that are cancelled', ['DTSTART;VALUE=DATE:20260501', 'STATUS:CANCELLED'], []],
  ])('%s', (_fact, event, holidays) => {
    expect(imported(event)).toMatchObject({ holidays, findings: [] });
  });
});

test('a year in which a holiday is moved or cancelled is another than the rest', () => {
  const text = calendar(yearly('20260501', ';COUNT=3', 'SUMMARY:Labour Day')).replace(
    'END:VCALENDAR',
    [
      'BEGIN:VEVENT',
      'UID:0',
      'RECURRENCE-ID;VALUE=DATE:20270501',
      'DTSTART;VALUE=DATE:20270503',
      'SUMMARY:Labour Day (moved)',
      'END:VEVENT',
      'BEGIN:VEVENT',
      'UID:0',
      'RECURRENCE-ID;VALUE=DATE:20280501',
      'DTSTART;VALUE=DATE:20280501',
      'STATUS:CANCELLED',
      'END:VEVENT',
      'END:VCALENDAR',
    ].join('\r\n'),
  );
  expect(holidaysIn(text, { from: 2026, to: 2028 })).toEqual({
    holidays: ['2026-05-01', '2027-05-03'],
    names: { '2026-05-01': 'Labour Day', '2027-05-03': 'Labour Day (moved)' },
    findings: [],
  });
});

test('names are told on one line, and those of one day together', () => {
  const { holidays, names } = imported(
    ['DTSTART;VALUE=DATE:20260501', String.raw`SUMMARY:Labour\nDay`],
    ['DTSTART;VALUE=DATE:20260501', 'SUMMARY:May Day'],
  );
  expect(holidays).toEqual(['2026-05-01']);
  expect(names).toEqual({ '2026-05-01': 'Labour Day, May Day' });
});

describe('is left out with a warning:', () => {
  test.each<[fact: string, event: string[], code: string]>([
    ['what has a time of day', ['DTSTART:20260501T090000Z'], 'event_timed'],
    [
      'what repeats every day',
      ['DTSTART;VALUE=DATE:20260501', 'RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'],
      'rule_unsupported',
    ],
    ['what repeats by the week of the year', yearly('20260501', ';BYWEEKNO=20'), 'rule_unsupported'],
    ['what lasts for years', ['DTSTART;VALUE=DATE:20260101', 'DTEND;VALUE=DATE:20280101'], 'event_too_long'],
    [
      'what ends before it starts',
      ['DTSTART;VALUE=DATE:20260501', 'DTEND;VALUE=DATE:20260430'],
      'event_ends_before_start',
    ],
    ['what has no start', ['SUMMARY:Some day'], 'event_without_start'],
  ])('%s', (_fact, event, code) => {
    const { holidays, findings } = imported(event, ['DTSTART;VALUE=DATE:20261225']);
    expect(holidays).toEqual(['2026-12-25']);
    expect(findings).toEqual([{ severity: 'warning', code, message: expect.stringContaining('left out') }]);
  });
});

test('two calendars in one file are both read', () => {
  const text = calendar(['DTSTART;VALUE=DATE:20260501']) + calendar(['DTSTART;VALUE=DATE:20260601']);
  expect(holidaysIn(text, { from: 2026, to: 2026 }).holidays).toEqual(['2026-05-01', '2026-06-01']);
});

test.each<[fact: string, text: string, from: number, to: number]>([
  ['what is no iCalendar', 'holidays: []', 2026, 2027],
  ['nothing', '', 2026, 2027],
  ['years in the wrong order', calendar(), 2027, 2026],
  ['a century', calendar(), 2000, 2100],
  ['more text than any calendar has', 'x'.repeat(5_000_001), 2026, 2027],
])('%s is refused', (_fact, text, from, to) => {
  expect(() => holidaysIn(text, { from, to })).toThrow(ImportError);
});
