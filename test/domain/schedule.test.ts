import { describe, expect, test } from '@jest/globals';
import { cronExpressionsOf, cronFault } from '../../domain/schedule.ts';

describe('cron expressions', () => {
  test.each(['0 9 * * mon', '*/15 8-17 * * 1-5', '0 0 1,15 JAN-jun *', '5 4 * * sun,7', '59 23 31 12 *'])(
    '%s is one',
    (text) => expect(cronFault(text)).toBeNull(),
  );
  test.each([
    ['', 'five fields'],
    ['0 9 * *', 'five fields'],
    ['0 9 * * mon 2026', 'five fields'],
    ['@daily', 'five fields'],
    ['60 9 * * *', 'minute'],
    ['0 24 * * *', 'hour'],
    ['0 9 0 * *', 'day of month'],
    ['0 9 * 13 *', 'month'],
    ['0 9 * * 8', 'day of week'],
    ['0 17-9 * * *', 'hour'],
    ['*/0 9 * * *', 'minute'],
    ['1/2/3 9 * * *', 'minute'],
    ['0 9 L * *', 'day of month'],
    ['0 9 * * mon#1', 'day of week'],
    ['0 9 1 * mon', 'both have to hold'],
  ])('%s is none', (text, why) => expect(cronFault(text)).toContain(why));
});

test('times are cron expressions in which everything has to hold', () => {
  const times = {
    at: ['09:05', '17:30'],
    weekdays: ['mon', 'sun'],
    daysOfMonth: [1, 2, 3],
    months: [1, 7],
  } as const;
  expect(cronExpressionsOf({ cron: [], times })).toEqual(['5 9 1,2,3 1,7 1,0', '30 17 1,2,3 1,7 1,0']);
  expect(cronExpressionsOf({ cron: [], times: { at: ['00:00'] } })).toEqual(['0 0 * * *']);
  expect(cronExpressionsOf({ cron: ['0 9 * * *'], times: null })).toEqual(['0 9 * * *']);
});
