/** Calendars in local time become opening hours in UTC. Instants in the tables are written with their offset. */
import { describe, expect, test } from '@jest/globals';
import {
  calendarVersion,
  checkCalendar,
  droppedWindows,
  expandCalendar,
  type Calendar,
  type Window,
} from '../../domain/calendar.ts';
import { resolveRules } from '../../domain/rules.ts';
import { openTimeBetween } from '../../domain/open-hours.ts';
import { deskPolicy } from '../support/desk-policy.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const officeDay: readonly Window[] = [['09:00', '17:00']];

/** Open Monday to Friday from nine to five, unless said otherwise. */
function calendar(timezone: string, changes: Partial<Calendar> = {}): Calendar {
  const hours = { mon: officeDay, tue: officeDay, wed: officeDay, thu: officeDay, fri: officeDay };
  return { timezone, hours, holidays: [], exceptions: {}, ...changes };
}

function everyDay(timezone: string, ...windows: Window[]): Calendar {
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
  return calendar(timezone, { hours: Object.fromEntries(days.map((day) => [day, windows])) });
}

interface Case {
  fact: string;
  of: Calendar;
  /** The span looked at. */
  from: string;
  until: string;
  /** Opening intervals within it, `from/to`. */
  open: string[];
}

const ORDINARY: Case[] = [
  {
    fact: 'opens on a working day from nine to five, local time',
    of: calendar('Europe/Berlin'),
    from: '2026-01-14T00:00+01:00',
    until: '2026-01-15T00:00+01:00',
    open: ['2026-01-14T09:00+01:00/2026-01-14T17:00+01:00'],
  },
  {
    fact: 'closes for lunch',
    of: everyDay('Europe/Berlin', ['09:00', '12:00'], ['13:00', '17:00']),
    from: '2026-01-14T00:00+01:00',
    until: '2026-01-15T00:00+01:00',
    open: ['2026-01-14T09:00+01:00/2026-01-14T12:00+01:00', '2026-01-14T13:00+01:00/2026-01-14T17:00+01:00'],
  },
  {
    fact: 'stays closed over the weekend',
    of: calendar('Europe/Berlin'),
    from: '2026-01-16T12:00+01:00',
    until: '2026-01-19T12:00+01:00',
    open: ['2026-01-16T12:00+01:00/2026-01-16T17:00+01:00', '2026-01-19T09:00+01:00/2026-01-19T12:00+01:00'],
  },
  {
    fact: 'stays open over midnight where one window ends at 24:00 and the next starts at 00:00',
    of: calendar('Europe/Berlin', { hours: { mon: [['22:00', '24:00']], tue: [['00:00', '06:00']] } }),
    from: '2026-01-12T00:00+01:00',
    until: '2026-01-15T00:00+01:00',
    open: ['2026-01-12T22:00+01:00/2026-01-13T06:00+01:00'],
  },
  {
    fact: 'is closed on a holiday',
    of: calendar('Europe/Berlin', { holidays: ['2026-01-14'] }),
    from: '2026-01-14T00:00+01:00',
    until: '2026-01-15T12:00+01:00',
    open: ['2026-01-15T09:00+01:00/2026-01-15T12:00+01:00'],
  },
  {
    fact: 'keeps the hours of an exception instead of the weekday’s',
    of: calendar('Europe/Berlin', { exceptions: { '2026-12-24': [['09:00', '12:00']] } }),
    from: '2026-12-24T00:00+01:00',
    until: '2026-12-25T00:00+01:00',
    open: ['2026-12-24T09:00+01:00/2026-12-24T12:00+01:00'],
  },
  {
    fact: 'opens on a holiday that has an exception',
    of: calendar('Europe/Berlin', {
      holidays: ['2026-12-26'],
      exceptions: { '2026-12-26': [['10:00', '11:00']] },
    }),
    from: '2026-12-26T00:00+01:00',
    until: '2026-12-27T00:00+01:00',
    open: ['2026-12-26T10:00+01:00/2026-12-26T11:00+01:00'],
  },
  {
    fact: 'is closed on a date whose exception is empty',
    of: calendar('Europe/Berlin', { exceptions: { '2026-01-14': [] } }),
    from: '2026-01-14T00:00+01:00',
    until: '2026-01-15T00:00+01:00',
    open: [],
  },
  {
    fact: 'has no empty interval where the span starts at closing time or ends at opening time',
    of: calendar('Europe/Berlin'),
    from: '2026-01-14T17:00+01:00',
    until: '2026-01-15T09:00+01:00',
    open: [],
  },
];

const CLOCK_CHANGES: Case[] = [
  {
    fact: 'is open 23 hours on the day clocks go forward',
    of: everyDay('Europe/Berlin', ['00:00', '24:00']),
    from: '2026-03-29T00:00+01:00',
    until: '2026-03-30T00:00+02:00',
    open: ['2026-03-29T00:00+01:00/2026-03-30T00:00+02:00'],
  },
  {
    fact: 'is open 25 hours on the day clocks go back',
    of: everyDay('Europe/Berlin', ['00:00', '24:00']),
    from: '2026-10-25T00:00+02:00',
    until: '2026-10-26T00:00+01:00',
    open: ['2026-10-25T00:00+02:00/2026-10-26T00:00+01:00'],
  },
  {
    fact: 'counts the real length of a window that clocks go forward in',
    of: everyDay('Europe/Berlin', ['01:00', '06:00']),
    from: '2026-03-29T00:00+01:00',
    until: '2026-03-30T00:00+02:00',
    open: ['2026-03-29T01:00+01:00/2026-03-29T06:00+02:00'],
  },
  {
    fact: 'starts at the first of two equal local times, and ends at the first',
    of: everyDay('America/New_York', ['01:30', '01:45'], ['03:00', '04:00']),
    from: '2026-11-01T00:00-04:00',
    until: '2026-11-02T00:00-05:00',
    open: ['2026-11-01T01:30-04:00/2026-11-01T01:45-04:00', '2026-11-01T03:00-05:00/2026-11-01T04:00-05:00'],
  },
  {
    fact: 'drops a window that starts inside the hour that is skipped, and keeps the next',
    of: everyDay('Europe/Berlin', ['02:30', '06:00'], ['07:00', '08:00']),
    from: '2026-03-29T00:00+01:00',
    until: '2026-03-30T00:00+02:00',
    open: ['2026-03-29T07:00+02:00/2026-03-29T08:00+02:00'],
  },
  {
    fact: 'drops a window that starts at midnight where clocks skip midnight',
    of: everyDay('Africa/Cairo', ['00:00', '08:00'], ['20:00', '24:00']),
    from: '2026-04-23T12:00+02:00',
    until: '2026-04-24T12:00+03:00',
    open: ['2026-04-23T20:00+02:00/2026-04-24T01:00+03:00'],
  },
  {
    fact: 'ends a window inside the skipped hour as much later as clocks go forward',
    of: everyDay('Europe/Berlin', ['01:00', '02:30']),
    from: '2026-03-29T00:00+01:00',
    until: '2026-03-30T00:00+02:00',
    open: ['2026-03-29T01:00+01:00/2026-03-29T03:30+02:00'],
  },
];

const ODD_ZONES: Case[] = [
  {
    fact: 'counts in a zone 5 h 45 min ahead',
    of: everyDay('Asia/Kathmandu', ['09:00', '17:00']),
    from: '2026-05-04T00:00Z',
    until: '2026-05-05T00:00Z',
    open: ['2026-05-04T03:15Z/2026-05-04T11:15Z'],
  },
  {
    fact: 'is open 24 h 30 min on the day a zone goes back by half an hour',
    of: everyDay('Australia/Lord_Howe', ['00:00', '24:00']),
    from: '2026-04-05T00:00+11:00',
    until: '2026-04-06T00:00+10:30',
    open: ['2026-04-05T00:00+11:00/2026-04-06T00:00+10:30'],
  },
  {
    fact: 'drops a window that starts in the half hour that is skipped',
    of: everyDay('Australia/Lord_Howe', ['02:15', '03:00']),
    from: '2026-10-04T00:00+10:30',
    until: '2026-10-05T00:00+11:00',
    open: [],
  },
  {
    fact: 'keeps a window that starts right after the half hour that is skipped',
    of: everyDay('Australia/Lord_Howe', ['02:30', '03:00']),
    from: '2026-10-04T00:00+10:30',
    until: '2026-10-05T00:00+11:00',
    open: ['2026-10-04T02:30+11:00/2026-10-04T03:00+11:00'],
  },
  {
    fact: 'is open an hour longer on the evening a zone moves west for good',
    of: everyDay('Asia/Almaty', ['20:00', '24:00']),
    from: '2024-02-29T12:00+06:00',
    until: '2024-03-01T12:00+05:00',
    open: ['2024-02-29T20:00+06:00/2024-03-01T00:00+05:00'],
  },
  {
    fact: 'keeps local hours after a zone has moved west for good',
    of: everyDay('Asia/Almaty', ['09:00', '10:00']),
    from: '2024-02-29T00:00Z',
    until: '2024-03-02T00:00Z',
    open: ['2024-02-29T03:00Z/2024-02-29T04:00Z', '2024-03-01T04:00Z/2024-03-01T05:00Z'],
  },
  {
    fact: 'has no hours on a day that a zone left out',
    of: everyDay('Pacific/Apia', ['09:00', '17:00']),
    from: '2011-12-29T00:00-10:00',
    until: '2012-01-01T00:00+14:00',
    open: ['2011-12-29T09:00-10:00/2011-12-29T17:00-10:00', '2011-12-31T09:00+14:00/2011-12-31T17:00+14:00'],
  },
];

const utc = (text: string): string => new Date(text).toISOString();

describe.each([
  ['on ordinary days', ORDINARY],
  ['across clock changes', CLOCK_CHANGES],
  ['in odd zones', ODD_ZONES],
])('a calendar %s', (_when, cases) => {
  test.each(cases)('$fact', ({ of, from, until, open }) => {
    const { intervals } = expandCalendar('desk', of, Date.parse(from), Date.parse(until));
    const spans = (intervals as [number, number][]).map((span) =>
      span.map((at) => new Date(at).toISOString()),
    );
    expect(spans).toEqual(open.map((span) => span.split('/').map(utc)));
  });
});

describe('the rules of a ticket', () => {
  const policy = deskPolicy({ calendars: { desk: calendar('Europe/Berlin') } });
  const rules = resolveRules(policy, {
    openedAt: Date.parse('2026-01-14T10:00+01:00'),
    now: Date.parse('2026-02-20T10:00+01:00'),
  });

  test('know the hours since before its opening', () => {
    const day = Date.parse('2026-01-14T00:00Z');
    expect(openTimeBetween(rules.hours['desk']!, day, day + DAY)).toBe(8 * HOUR);
    expect(rules.hours['desk']!.from).toBeLessThanOrEqual(day - DAY);
  });

  test('know the hours of the next sixty days', () => {
    expect(rules.hours['desk']!.until).toBe(Date.parse('2026-04-21T00:00Z'));
  });

  test('are word for word the same for two tickets of one day', () => {
    const later = {
      openedAt: Date.parse('2026-01-14T16:30+01:00'),
      now: Date.parse('2026-02-20T18:00+01:00'),
    };
    expect(resolveRules(policy, later)).toEqual(rules);
  });

  test('carry no zone and no local time into the ticket', () => {
    expect(rules.policy).not.toHaveProperty('calendars');
    expect(rules.hours['always']!.intervals).toBe('always');
  });
});

describe('the version of a calendar', () => {
  const one = calendar('Europe/Berlin', { holidays: ['2026-01-01'] });

  test('is the same after a store has reordered its fields', () => {
    const { timezone, hours, holidays, exceptions } = one;
    expect(calendarVersion({ exceptions, holidays, hours, timezone })).toBe(calendarVersion(one));
  });

  test('changes with a holiday', () => {
    expect(calendarVersion({ ...one, holidays: ['2026-01-02'] })).not.toBe(calendarVersion(one));
  });
});

describe('a calendar is refused', () => {
  const on = (...windows: Window[]): Partial<Calendar> => ({ hours: { mon: windows } });

  test.each<[fact: string, faulty: Calendar, finding: string]>([
    ['with an unknown zone', calendar('Europe/Atlantis'), '/timezone zone_unknown'],
    ['with an offset for a zone', calendar('+01:00'), '/timezone zone_unknown'],
    ['that never opens', calendar('UTC', { hours: {} }), '/hours never_open'],
    ['closing at 23:59', calendar('UTC', on(['09:00', '23:59'])), '/hours/mon/0 closing_before_midnight'],
    ['opening at 24:00', calendar('UTC', on(['24:00', '24:00'])), '/hours/mon/0 time_malformed'],
    ['closing after 24:00', calendar('UTC', on(['09:00', '24:30'])), '/hours/mon/0 time_malformed'],
    ['with an hour of one digit', calendar('UTC', on(['9:00', '17:00'])), '/hours/mon/0 time_malformed'],
    ['with a window of no length', calendar('UTC', on(['09:00', '09:00'])), '/hours/mon/0 window_empty'],
    ['with a window over midnight', calendar('UTC', on(['22:00', '06:00'])), '/hours/mon/0 window_empty'],
    [
      'with windows that overlap',
      calendar('UTC', on(['09:00', '12:00'], ['11:59', '17:00'])),
      '/hours/mon/1 windows_overlap',
    ],
    [
      'with windows in the wrong order',
      calendar('UTC', on(['13:00', '17:00'], ['09:00', '12:00'])),
      '/hours/mon/1 windows_overlap',
    ],
    [
      'with a holiday that never comes',
      calendar('UTC', { holidays: ['2026-02-29'] }),
      '/holidays/0 date_malformed',
    ],
    [
      'with an exception on no date',
      calendar('UTC', { exceptions: { 'dec 24': [['09:00', '12:00']] } }),
      '/exceptions/dec 24 date_malformed',
    ],
    [
      'with faulty hours in an exception',
      calendar('UTC', { exceptions: { '2026-12-24': [['12:00', '09:00']] } }),
      '/exceptions/2026-12-24/0 window_empty',
    ],
  ])('%s', (_fact, faulty, finding) => {
    expect(
      checkCalendar(faulty).map(({ severity, pointer, code }) => [severity, `${pointer} ${code}`]),
    ).toEqual([['error', finding]]);
  });

  test('with every fault named at once', () => {
    const faulty = calendar('Nowhere', { hours: { mon: [['09:00', '23:59']] }, holidays: ['x'] });
    expect(checkCalendar(faulty).map(({ code }) => code)).toEqual([
      'zone_unknown',
      'closing_before_midnight',
      'date_malformed',
    ]);
  });
});

describe('a calendar is accepted', () => {
  test.each<[fact: string, fine: Calendar]>([
    [
      'with adjacent windows',
      calendar('UTC', {
        hours: {
          mon: [
            ['09:00', '12:00'],
            ['12:00', '17:00'],
          ],
        },
      }),
    ],
    ['round the clock', everyDay('UTC', ['00:00', '24:00'])],
    [
      'that opens on a single date only',
      calendar('UTC', { hours: {}, exceptions: { '2026-12-24': officeDay } }),
    ],
  ])('%s', (_fact, fine) => {
    expect(checkCalendar(fine)).toEqual([]);
  });
});

describe('a window inside a skipped hour', () => {
  const newYear = Date.parse('2026-01-01T00:00Z');

  test('is warned of once, with the first day it does not open', () => {
    const nights = everyDay('Europe/Berlin', ['00:00', '02:00'], ['02:30', '06:00']);
    expect(droppedWindows(nights, newYear)).toEqual([
      {
        severity: 'warning',
        pointer: '/hours/sun/1',
        code: 'window_dropped',
        message: 'the window 02:30-06:00 does not open on 2026-03-29: clocks skip 02:30 that day',
      },
    ]);
  });

  test('is no matter on a day that an exception replaces', () => {
    const nights = everyDay('Europe/Berlin', ['02:30', '06:00']);
    const years = ['2026-03-29', '2027-03-28', '2028-03-26', '2029-03-25', '2030-03-31'];
    const exceptions = Object.fromEntries(years.map((day) => [day, officeDay]));
    expect(droppedWindows({ ...nights, exceptions }, newYear)).toEqual([]);
  });

  test.each<[fact: string, day: string, pointers: string[]]>([
    ['within five years of what was asked about is warned of', '2030-03-31', ['/exceptions/2030-03-31/0']],
    ['later than that is not', '2031-03-30', []],
  ])('%s', (_fact, day, pointers) => {
    const once = calendar('Europe/Berlin', { exceptions: { [day]: [['02:30', '06:00']] } });
    expect(droppedWindows(once, newYear).map(({ pointer }) => pointer)).toEqual(pointers);
  });

  test('cannot be where clocks never change', () => {
    expect(droppedWindows(everyDay('Asia/Kathmandu', ['02:30', '06:00']), newYear)).toEqual([]);
  });
});
