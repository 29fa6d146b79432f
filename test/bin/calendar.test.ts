/** `tierline calendar`: what it prints can be pasted, and what is wrong is told with its place. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { check, importHolidays } from '../../bin/calendar.ts';
import { temporaryFolder } from './helpers.ts';

const printed: string[] = [];
const said: string[] = [];
const tools = {
  print: (text: string) => void printed.push(text),
  say: (text: string) => void said.push(text),
  now: () => Date.parse('2026-06-01T00:00Z'),
};
afterEach(() => {
  printed.length = 0;
  said.length = 0;
  process.exitCode = 0;
});

function fileOf(name: string, text: string): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, text);
  return file;
}

const ICS = [
  'BEGIN:VCALENDAR',
  'BEGIN:VEVENT',
  'UID:1',
  'SUMMARY:Labour Day',
  'DTSTART;VALUE=DATE:20200501',
  'RRULE:FREQ=YEARLY',
  'END:VEVENT',
  'BEGIN:VEVENT',
  'UID:2',
  'SUMMARY:Party',
  'DTSTART:20260630T180000Z',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n');

test('import prints holidays that are YAML, and says what it left out', async () => {
  await importHolidays(fileOf('holidays.ics', ICS), { from: '2026', to: '2027' }, tools);
  expect(printed).toEqual(["holidays:\n  - '2026-05-01' # Labour Day\n  - '2027-05-01' # Labour Day"]);
  expect(parse(printed[0]!)).toEqual({ holidays: ['2026-05-01', '2027-05-01'] });
  expect(said).toEqual([expect.stringContaining('Party on 2026-06-30 has a time of day')]);
});

test('import --json prints everything as one document', async () => {
  await importHolidays(fileOf('holidays.ics', ICS), { from: '2026', to: '2026', json: true }, tools);
  expect(JSON.parse(printed[0]!)).toMatchObject({
    holidays: ['2026-05-01'],
    findings: [{ code: 'event_timed' }],
  });
});

test.each([
  ['a year that is none', 'soon', '2027', '--from soon is not a year'],
  ['years in the wrong order', '2027', '2026', 'not a range'],
])('import refuses %s', async (_fact, from, to, message) => {
  await expect(importHolidays(fileOf('holidays.ics', ICS), { from, to }, tools)).rejects.toThrow(message);
});

const NIGHTS = `timezone: Europe/Berlin
hours:
  sat: [['22:00', '24:00']]
  sun: [['02:30', '06:00']]
`;

test('check warns of a window that a clock change drops, and leaves the exit code alone', async () => {
  const file = fileOf('nights.yaml', NIGHTS);
  await check(file, {}, tools);
  expect(printed).toEqual([
    `${file}:4:9 warning /hours/sun/0: the window 02:30-06:00 does not open on 2027-03-28: clocks skip 02:30 that day`,
  ]);
  expect(process.exitCode ?? 0).toBe(0);
});

test('check tells every fault of every calendar of a policy, with its place', async () => {
  const file = fileOf(
    'policy.yaml',
    `calendars:\n  one:\n    timezone: Nowhere\n    hours: {mon: [['09:00', '23:59']]}\n  two: {}\n`,
  );
  await check(file, { json: true }, tools);
  const { findings } = JSON.parse(printed[0]!) as {
    findings: { line: number; pointer: string; code: string }[];
  };
  expect(findings.map(({ line, pointer, code }) => [line, pointer, code])).toEqual([
    [3, '/calendars/one/timezone', 'zone_unknown'],
    [4, '/calendars/one/hours/mon/0', 'closing_before_midnight'],
    [5, '/calendars/two/timezone', 'missing'],
    [5, '/calendars/two/hours', 'missing'],
  ]);
  expect(process.exitCode).toBe(1);
});

test('check says of a sound calendar that there is nothing to mend', async () => {
  const file = fileOf('desk.json', '{"timezone":"UTC","hours":{"mon":[["09:00","17:00"]]}}');
  await check(file, {}, tools);
  expect(printed).toEqual([`${file}: nothing to mend`]);
});

test('a file that is not there is named', async () => {
  await expect(check('/nowhere/desk.yaml', {}, tools)).rejects.toThrow('There is no file /nowhere/desk.yaml');
});
