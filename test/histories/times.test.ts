import { expect, test } from '@jest/globals';
import { timeReader } from '../../histories/times.ts';

const read = (format: string, text: string, zone?: string): string | null => {
  const at = timeReader({ format, zone })(text);
  return at === null ? null : new Date(at).toISOString();
};

test.each([
  ['iso', '2010-03-31T16:59:42.5+02:00', undefined, '2010-03-31T14:59:42.500Z'],
  ['iso', '2010-03-31 16:59Z', undefined, '2010-03-31T16:59:00.000Z'],
  ['iso', '2010-03-31T16:59:42.123456789-0330', undefined, '2010-03-31T20:29:42.123Z'],
  ['iso', '2010-07-01', 'Europe/Rome', '2010-06-30T22:00:00.000Z'],
  ['iso', '2010-07-01T10:00:00', undefined, null],
  ['iso', '2010-02-30T10:00:00Z', undefined, null],
  ['d/M/yyyy HH:mm', '1/2/2016 00:05', 'Europe/London', '2016-02-01T00:05:00.000Z'],
  ['d/M/yyyy HH:mm', '29/2/2015 00:05', 'Europe/London', null],
  ['d/M/yyyy HH:mm', '1/2/2016 24:00', 'Europe/London', null],
  ['d/M/yyyy HH:mm', ' 1/2/2016 00:05 ', 'Europe/London', null],
  ['MM-dd-yyyy h:mm a', '07-04-2016 12:30 AM', 'America/New_York', '2016-07-04T04:30:00.000Z'],
  ['MM-dd-yyyy h:mm a', '07-04-2016 1:30 pm', 'America/New_York', '2016-07-04T17:30:00.000Z'],
  ['MM-dd-yyyy h:mm a', '07-04-2016 13:30 pm', 'America/New_York', null],
  ['yyyy/MM/dd HH:mm:ss.SSS', '2012/10/09 14:50:17.250', 'Europe/Rome', '2012-10-09T12:50:17.250Z'],
  ['yyyy-MM-ddTHH:mm:ss', '2012-10-09T14:50:17', 'UTC', '2012-10-09T14:50:17.000Z'],
  ['epochSeconds', '1349794217', undefined, '2012-10-09T14:50:17.000Z'],
  ['epochMilliseconds', '1349794217001', undefined, '2012-10-09T14:50:17.001Z'],
  ['epochSeconds', 'soon', undefined, null],
])('%s: %s in %s is %s', (format, text, zone, expected) => {
  expect(read(format, text, zone)).toBe(expected);
});

test.each([
  ['the hour that March skips comes an hour later', '27/3/2016 01:30', '2016-03-27T01:30:00.000Z'],
  ['the last minute before it', '27/3/2016 00:59', '2016-03-27T00:59:00.000Z'],
  ['the first minute after it', '27/3/2016 02:00', '2016-03-27T01:00:00.000Z'],
  ['the hour that October has twice is the first', '30/10/2016 01:30', '2016-10-30T00:30:00.000Z'],
  ['the first minute after it', '30/10/2016 02:00', '2016-10-30T02:00:00.000Z'],
])('in London %s: %s', (_name, text, expected) => {
  expect(read('d/M/yyyy HH:mm', text, 'Europe/London')).toBe(expected);
});

test('a zone that changes its clocks at one minute past midnight is converted to the minute', () => {
  // St. John's until 2011: one minute past midnight on 13 March 2011 was one minute past one.
  const at = (text: string) => read('yyyy-MM-dd HH:mm', text, 'America/St_Johns');
  expect(at('2011-03-13 00:00')).toBe('2011-03-13T03:30:00.000Z');
  expect(at('2011-03-13 01:01')).toBe('2011-03-13T03:31:00.000Z');
});

test.each([
  ['yyyy-QQ', 'Europe/London', 'Q is none of'],
  ['HH:mm', 'Europe/London', 'it has no year'],
  ['d/M/yyyy HH:mm', undefined, 'name the zone'],
])('%s in %s is refused', (format, zone, message) => {
  expect(() => timeReader({ format, zone })).toThrow(message);
});
