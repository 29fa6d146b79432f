/** Calendars are checked twice: quickly where their form is right, by the schema where it is not. Both say the same. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { calendarSchema, parseCalendar } from '../../api/schemas/calendar.ts';
import { issuesOf } from '../../api/schemas/issues.ts';
import { runs } from '../support/runs.ts';

const told = (issues: readonly { path: readonly PropertyKey[]; code: string }[]) =>
  issues.map(({ path, code }) => `/${path.join('/')} ${code}`);

/** What the schema alone makes of it. */
function bySchema(value: unknown): object {
  const result = calendarSchema.safeParse(value);
  if (result.success) return { calendar: result.data };
  return { issues: told(issuesOf(result.error, { value, called: 'the calendar' })) };
}

function quickly(value: unknown): object {
  const result = parseCalendar(value);
  return 'issues' in result ? { issues: told(result.issues) } : result;
}

const officeDay = [['09:00', '17:00']];

describe('the quick check says what the schema says of', () => {
  test.each<[fact: string, value: unknown]>([
    ['a sound calendar', { timezone: 'UTC', hours: { mon: officeDay } }],
    [
      'one with everything',
      { timezone: 'UTC', hours: {}, holidays: ['2026-01-01'], exceptions: { '2026-01-02': officeDay } },
    ],
    [
      'many faults',
      {
        timezone: 'x',
        hours: { mon: [['9', '23:59']] },
        holidays: ['y'],
        exceptions: { 'a/b~c': [['2', '1']] },
      },
    ],
    ['no calendar at all', 'always'],
    ['nothing', null],
    ['a list', []],
    ['a day that is none', { timezone: 'UTC', hours: { monday: officeDay } }],
    ['a window of three', { timezone: 'UTC', hours: { mon: [['09:00', '10:00', '11:00']] } }],
    ['holidays that are no list', { timezone: 'UTC', hours: { mon: officeDay }, holidays: '2026-01-01' }],
    ['holidays that are null', { timezone: 'UTC', hours: { mon: officeDay }, holidays: null }],
    ['an unknown field', { timezone: 'UTC', hours: { mon: officeDay }, zone: 'UTC' }],
    [
      'a field that libraries lose',
      JSON.parse('{"timezone":"UTC","hours":{},"exceptions":{"__proto__":[]}}'),
    ],
  ])('%s', (_fact, value) => {
    expect(quickly(value)).toEqual(bySchema(value));
  });

  test('anything else', () => {
    const scrap = fc.oneof(
      fc.constantFrom<unknown>('UTC', '09:00', '24:00', '2026-01-01', 'Europe/Berlin', null, 1, {}, []),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const windows = fc.oneof(
      fc.array(
        fc.array(fc.constantFrom('00:00', '09:00', '12:30', '23:59', '24:00', '7:00'), { maxLength: 3 }),
      ),
      scrap,
    );
    const calendar = fc.record(
      {
        timezone: fc.oneof(fc.constantFrom('UTC', 'Europe/Berlin', '+01:00', 'Nowhere'), scrap),
        hours: fc.oneof(fc.dictionary(fc.constantFrom('mon', 'sun', 'day'), windows), scrap),
        holidays: fc.oneof(fc.array(fc.constantFrom('2026-01-01', '2026-02-30', '')), scrap),
        exceptions: fc.oneof(fc.dictionary(fc.constantFrom('2026-01-01', 'x/y'), windows), scrap),
      },
      { requiredKeys: ['timezone', 'hours'] },
    );
    fc.assert(
      fc.property(calendar, (value) => expect(quickly(value)).toEqual(bySchema(value))),
      runs(300),
    );
  });
});
