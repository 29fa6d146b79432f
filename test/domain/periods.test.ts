/** Periods of law, counted in days as Regulation 1182/71 counts them. Instants are written with their offset. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { wallClock } from '../../bench/naive-clock.ts';
import { expandCalendar, type Calendar, type Window } from '../../domain/calendar.ts';
import { ALWAYS } from '../../domain/open-hours.ts';
import { endOfBusinessDays, endOfMonths } from '../../domain/periods.ts';
import { calendars, instants } from '../support/calendars.ts';
import { runs } from '../support/runs.ts';

const officeDay: readonly Window[] = [['09:00', '17:00']];

/** Open Monday to Friday. */
function office(timezone: string, changes: Partial<Calendar> = {}): Calendar {
  const hours = { mon: officeDay, tue: officeDay, wed: officeDay, thu: officeDay, fri: officeDay };
  return { timezone, hours, holidays: [], exceptions: {}, ...changes };
}

const daily = (timezone: string, ...windows: Window[]): Calendar =>
  office(timezone, {
    hours: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, windows])),
  });

function hoursOf(calendar: Calendar, from: string, until: string) {
  return expandCalendar('law', calendar, Date.parse(from), Date.parse(until), { days: true });
}

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());
const utc = (text: string) => new Date(text).toISOString();

interface Case {
  fact: string;
  calendar: Calendar;
  event: string;
  n: number;
  end: string;
}

const berlin = office('Europe/Berlin');
const holidays = ['2026-04-03', '2026-04-06', '2026-12-25'];

/** Known from a month before the event to 26 months after it. */
function knownAround(calendar: Calendar, event: string) {
  const at = Date.parse(event);
  const month = 31 * 86_400_000;
  return expandCalendar('law', calendar, at - month, at + 26 * month, { days: true });
}

describe('a period of business days', () => {
  test.each<Case>([
    {
      fact: 'does not count the day of the event',
      calendar: berlin,
      event: '2026-01-14T10:00+01:00', // Wednesday
      n: 1,
      end: '2026-01-16T00:00+01:00',
    },
    {
      fact: 'is the same however late on the day the event was',
      calendar: berlin,
      event: '2026-01-14T23:59:59.999+01:00',
      n: 1,
      end: '2026-01-16T00:00+01:00',
    },
    {
      fact: 'counts the next day for an event at midnight',
      calendar: berlin,
      event: '2026-01-15T00:00+01:00',
      n: 1,
      end: '2026-01-17T00:00+01:00',
    },
    {
      fact: 'of four days leaves a weekend out',
      calendar: office('America/New_York'),
      event: '2026-03-05T16:00-05:00', // Thursday; clocks change on Sunday
      n: 4,
      end: '2026-03-12T00:00-04:00',
    },
    {
      fact: 'leaves holidays out',
      calendar: office('Europe/Berlin', { holidays }),
      event: '2026-04-02T12:00+02:00', // Thursday before Easter
      n: 1,
      end: '2026-04-08T00:00+02:00', // Tuesday after it
    },
    {
      fact: 'counts a holiday on which the desk opens by an exception',
      calendar: office('Europe/Berlin', { holidays, exceptions: { '2026-04-03': [['09:00', '10:00']] } }),
      event: '2026-04-02T12:00+02:00',
      n: 1,
      end: '2026-04-04T00:00+02:00',
    },
    {
      fact: 'of an event on a Saturday starts on Monday',
      calendar: berlin,
      event: '2026-01-17T12:00+01:00',
      n: 1,
      end: '2026-01-20T00:00+01:00',
    },
    {
      fact: 'does not count a day whose only window a clock change drops',
      calendar: daily('Europe/Berlin', ['02:15', '02:45']),
      event: '2026-03-28T12:00+01:00',
      n: 1,
      end: '2026-03-31T00:00+02:00',
    },
    {
      fact: 'does not count a day that a zone left out',
      calendar: daily('Pacific/Apia', ['09:00', '17:00']),
      event: '2011-12-28T12:00-10:00',
      n: 2,
      end: '2012-01-01T00:00+14:00',
    },
    {
      fact: 'ends at the change where that skips midnight',
      calendar: daily('Africa/Cairo', ['09:00', '17:00']),
      event: '2026-04-22T12:00+02:00', // clocks go from 24:00 on Thursday the 23rd to 01:00
      n: 1,
      end: '2026-04-24T01:00+03:00',
    },
    {
      fact: 'ends after the hour that occurs twice',
      calendar: daily('Africa/Cairo', ['09:00', '17:00']),
      event: '2026-10-28T12:00+03:00', // clocks go from 24:00 on Thursday the 29th back to 23:00
      n: 1,
      end: '2026-10-30T00:00+02:00',
    },
  ])('$fact', ({ calendar, event, n, end }) => {
    expect(iso(endOfBusinessDays(knownAround(calendar, event), Date.parse(event), n))).toBe(utc(end));
  });
});

describe('a period of months', () => {
  test.each<Case>([
    {
      fact: 'ends with the same date',
      calendar: berlin,
      event: '2026-02-16T10:00+01:00',
      n: 1,
      end: '2026-03-17T00:00+01:00',
    },
    {
      fact: 'ends on Monday where the date is a Saturday',
      calendar: berlin,
      event: '2026-01-14T10:00+01:00',
      n: 1,
      end: '2026-02-17T00:00+01:00',
    },
    {
      fact: 'ends with the same date of the next year',
      calendar: berlin,
      event: '2025-07-14T10:00+02:00',
      n: 12,
      end: '2026-07-15T00:00+02:00',
    },
    {
      fact: 'ends with the last day of a month that has no such date',
      calendar: daily('Europe/Berlin', ['09:00', '17:00']),
      event: '2026-01-31T10:00+01:00',
      n: 1,
      end: '2026-03-01T00:00+01:00',
    },
    {
      fact: 'ends with the 29th in a leap year',
      calendar: daily('Europe/Berlin', ['09:00', '17:00']),
      event: '2028-01-30T10:00+01:00',
      n: 1,
      end: '2028-03-01T00:00+01:00',
    },
    {
      fact: 'goes on over the end of a year',
      calendar: berlin,
      event: '2026-11-30T10:00+01:00',
      n: 3,
      end: '2027-03-02T00:00+01:00', // 28 February 2027 is a Sunday
    },
    {
      fact: 'ends with the next business day where its last day is a holiday',
      calendar: office('Europe/Berlin', { holidays }),
      event: '2026-03-03T10:00+01:00',
      n: 1,
      end: '2026-04-08T00:00+02:00', // Good Friday to Easter Monday are none
    },
  ])('$fact', ({ calendar, event, n, end }) => {
    expect(iso(endOfMonths(knownAround(calendar, event), Date.parse(event), n))).toBe(utc(end));
  });
});

describe('round the clock', () => {
  test('every day is a business day, in UTC', () => {
    expect(iso(endOfBusinessDays(ALWAYS, Date.parse('2026-01-16T23:00Z'), 4))).toBe(utc('2026-01-21T00:00Z'));
    expect(iso(endOfMonths(ALWAYS, Date.parse('2024-01-31T23:00Z'), 1))).toBe(utc('2024-03-01T00:00Z'));
  });
});

describe('where the hours are not known', () => {
  const hours = hoursOf(berlin, '2026-01-01T00:00Z', '2026-02-01T00:00Z');
  const at = (text: string) => Date.parse(text);

  test('a period that ends beyond them has no end yet', () => {
    expect(endOfBusinessDays(hours, at('2026-01-28T12:00Z'), 2)).toBe(at('2026-01-31T00:00+01:00'));
    expect(endOfBusinessDays(hours, at('2026-01-28T12:00Z'), 3)).toBeNull();
    expect(endOfMonths(hours, at('2026-01-14T12:00Z'), 1)).toBeNull();
  });

  test('an event before or after them has none', () => {
    expect(endOfBusinessDays(hours, at('2025-12-30T12:00Z'), 1)).toBeNull();
    expect(endOfMonths(hours, at('2026-03-01T12:00Z'), 1)).toBeNull();
  });

  test('days that were not expanded are a fault of the program', () => {
    const { days: _days, ...without } = hours;
    expect(() => endOfBusinessDays(without, at('2026-01-14T12:00Z'), 1)).toThrow('without their days');
  });
});

test('the days of a calendar are told only where asked for, one start more than days', () => {
  const [from, until] = [Date.parse('2026-03-28T00:00+01:00'), Date.parse('2026-03-31T00:00+02:00')];
  expect(expandCalendar('law', berlin, from, until)).not.toHaveProperty('days');
  expect(expandCalendar('law', berlin, from, until, { days: true }).days).toEqual({
    first: 20_540,
    starts: [
      '2026-03-28T00:00+01:00',
      '2026-03-29T00:00+01:00',
      '2026-03-30T00:00+02:00',
      '2026-03-31T00:00+02:00',
    ].map((text) => Date.parse(text)),
    open: '001',
  });
});

describe('on any calendar', () => {
  const DAY = 86_400_000;
  /** Known hours around an event, and the local dates on which windows open. */
  const drawn = fc.record({ calendar: calendars, event: instants }).map(({ calendar, event }) => {
    const hours = expandCalendar('law', calendar, event - 3 * DAY, event + 130 * DAY, { days: true });
    const shows = wallClock(calendar.timezone);
    const dateOf = (at: number) => shows(at).slice(0, 10);
    const openDates = new Set(
      (hours.intervals as [number, number][]).flatMap(([from, to]) => datesIn(from, to, dateOf)),
    );
    return { hours, event, dateOf, openDates: [...openDates].toSorted() };
  });

  /** Open intervals of days that follow each other without a break are one: every date in it is open. */
  function datesIn(from: number, to: number, dateOf: (at: number) => string): string[] {
    const dates = [dateOf(from)];
    for (let at = from; at < to; at += DAY / 4) dates.push(dateOf(at));
    return [...dates, dateOf(to - 1)];
  }

  test('a period of business days ends with the last of them', () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 1, max: 12 }), ({ hours, event, dateOf, openDates }, n) => {
        const end = endOfBusinessDays(hours, event, n);
        fc.pre(end !== null);
        const last = dateOf(end! - 1);
        const counted = openDates.filter((date) => date > dateOf(event) && date <= last);
        expect([counted.length, counted.at(-1), dateOf(end!) > last]).toEqual([n, last, true]);
      }),
      runs(200),
    );
  });

  test('a period of months ends with the first business day from the same date on', () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 1, max: 3 }), ({ hours, event, dateOf, openDates }, n) => {
        const end = endOfMonths(hours, event, n);
        fc.pre(end !== null);
        const [year, month, date] = dateOf(event).split('-').map(Number) as [number, number, number];
        const lastOfMonth = new Date(Date.UTC(year, month - 1 + n + 1, 0)).getUTCDate();
        const same = new Date(Date.UTC(year, month - 1 + n, Math.min(date, lastOfMonth)));
        const due = same.toISOString().slice(0, 10);
        expect(dateOf(end! - 1)).toBe(openDates.find((one) => one >= due));
      }),
      runs(200),
    );
  });
});
