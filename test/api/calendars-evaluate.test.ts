/** Business time on a calendar that is not stored. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Caller } from './front-door.ts';
import { setUpOffice } from './office.ts';

const office = setUpOffice({ worker: false });
const PATH = '/v1/calendars/evaluate';

let auditor: Caller;
beforeAll(async () => {
  auditor = await office.caller('auditor');
});

const OFFICE = {
  timezone: 'Europe/Berlin',
  hours: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [['09:00', '17:00']]])),
};

const evaluate = (body: object) => auditor.post(PATH, { calendar: OFFICE, ...body });

interface Told {
  from: string;
  to: string;
  kind: string;
  seconds: number;
}

const runningSeconds = (intervals: Told[]) =>
  intervals.filter(({ kind }) => kind === 'running').reduce((sum, { seconds }) => sum + seconds, 0);

test('a deadline is told with every interval that leads to it', async () => {
  const { status, body } = await evaluate({
    start: '2026-01-16T16:30:00+01:00',
    add: '1h',
    pauses: [{ from: '2026-01-16T16:45:00+01:00', to: '2026-01-16T16:50:00+01:00' }],
  });
  expect(status).toBe(200);
  expect(body.deadlineAt).toBe('2026-01-19T08:35:00.000Z');
  expect(body.intervals.map(({ from, kind, seconds }: Told) => [from, kind, seconds])).toEqual([
    ['2026-01-16T15:30:00.000Z', 'running', 900],
    ['2026-01-16T15:45:00.000Z', 'paused', 300],
    ['2026-01-16T15:50:00.000Z', 'running', 600],
    ['2026-01-16T16:00:00.000Z', 'closed', 230_400],
    ['2026-01-19T08:00:00.000Z', 'running', 2100],
  ]);
  expect(body.elapsedSeconds).toBe(3600);
});

test('the running intervals of a year sum to what has elapsed, and all of them to the year', async () => {
  const { body } = await evaluate({ start: '2026-01-01T00:00:00.001Z', end: '2027-01-01T00:00:00Z' });
  expect(runningSeconds(body.intervals)).toBe(body.elapsedSeconds);
  expect(body.elapsedSeconds).toBe(261 * 8 * 3600);
  const whole = body.intervals.reduce((sum: number, { seconds }: Told) => sum + seconds * 1000, 0);
  expect(whole).toBe(365 * 86_400_000 - 1);
});

test('going back from an end gives the start', async () => {
  const { body } = await evaluate({ end: '2026-01-19T10:00:00+01:00', subtract: 7200 });
  expect(body.startAt).toBe('2026-01-16T15:00:00.000Z');
  expect(body).not.toHaveProperty('deadlineAt');
});

test('round the clock needs no calendar', async () => {
  const { body } = await evaluate({ calendar: 'always', start: '2026-01-16T16:30:00Z', add: '5d' });
  expect(body.deadlineAt).toBe('2026-01-21T16:30:00.000Z');
});

test('a window that a clock change drops is warned of', async () => {
  const nights = { timezone: 'Europe/Berlin', hours: { sun: [['02:30', '06:00']] } };
  const { body } = await evaluate({ calendar: nights, start: '2026-03-01T00:00:00Z', add: '1h' });
  expect(body.warnings).toMatchObject([{ pointer: '/hours/sun/0', code: 'window_dropped' }]);
});

describe('is refused, and where it is wrong is said:', () => {
  const start = '2026-01-16T16:30:00+01:00';
  test.each<[fact: string, body: object, pointer: string, code: string]>([
    ['no question', { start }, '', 'question_ambiguous'],
    ['two questions', { start, add: '1h', subtract: '1h' }, '', 'question_ambiguous'],
    ['a time without an offset', { start: '2026-01-16T16:30:00', add: '1h' }, '/start', 'value_invalid'],
    ['an end before the start', { start, end: '2026-01-16T15:00:00Z' }, '/end', 'end_before_start'],
    ['an amount in no unit we know', { start, add: '1 week' }, '/add', 'duration_malformed'],
    ['an amount finer than a millisecond', { start, add: 0.0001 }, '/add', 'duration_malformed'],
    [
      'a pause that ends before it starts',
      { start, add: '1h', pauses: [{ from: start, to: '2026-01-16T15:00:00Z' }] },
      '/pauses/0',
      'pause_ends_before_start',
    ],
    [
      'a deadline behind a pause without an end',
      { start, add: '1h', pauses: [{ from: start, to: null }] },
      '/pauses',
      'never_reached',
    ],
    [
      'a calendar that does not open again',
      {
        start,
        add: '1h',
        calendar: { timezone: 'UTC', hours: {}, exceptions: { '2020-01-01': [['09:00', '10:00']] } },
      },
      '/calendar',
      'no_open_time_found',
    ],
    ['a deadline in another century', { start, add: 9_000_000_000 }, '', 'too_far'],
    [
      'more intervals than anybody reads',
      { start, end: '2126-01-16T16:30:00+01:00' },
      '',
      'too_many_intervals',
    ],
    [
      'a calendar in an unknown zone',
      { start, add: '1h', calendar: { ...OFFICE, timezone: 'Europe/Atlantis' } },
      '/calendar/timezone',
      'zone_unknown',
    ],
    ['a calendar by name', { start, add: '1h', calendar: 'office' }, '/calendar', 'wrong_kind'],
  ])('%s', async (_fact, body, pointer, code) => {
    const response = await evaluate(body);
    expect([response.status, response.body.code]).toEqual([422, 'invalid']);
    expect(response.body.errors).toEqual([expect.objectContaining({ pointer, code })]);
  });
});
