/** `tierline clock`, as a process: JSON lines in, JSON lines out. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { HARD_CASES, msOf, type HardCase } from '../domain/hard-cases.ts';
import { projectRoot, temporaryFolder } from './helpers.ts';

interface Filter {
  code: number | null;
  lines: string[];
}

/** Runs the filter on a text; a reader may be slow, or go away after so many characters. */
async function clock(input: string, { slow = false, leaveAfter = Infinity } = {}): Promise<Filter> {
  const child = spawn(process.execPath, [join(projectRoot, 'bin', 'tierline.mjs'), 'clock'], {
    cwd: temporaryFolder(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  // A filter that has ended does not read on.
  child.stdin.on('error', () => {}).end(input);
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += chunk;
    if (slow) await wait(5);
    if (output.length > leaveAfter) break;
  }
  return { code: await ended, lines: output.split('\n').slice(0, -1) };
}

function questionOf({ calendar, op, from, by, pauses }: HardCase, id: number): object {
  const question = { id, calendar, op, start: from, ...(pauses && { pauses }) };
  return op === 'elapsed' ? { ...question, end: by } : { ...question, seconds: msOf(by) / 1000 };
}

function answerTo({ op, expected }: HardCase, id: number): object {
  if (op === 'elapsed') return { id, seconds: msOf(expected) / 1000 };
  if (/^(?:19|20|21)/.test(expected)) return { id, at: new Date(expected).toISOString() };
  return { id, error: expect.objectContaining({ code: expected }) };
}

test('answers every hard case as the functions do, in order', async () => {
  const lines = HARD_CASES.map((hardCase, id) => JSON.stringify(questionOf(hardCase, id)));
  const { code, lines: answers } = await clock(`${lines.join('\n')}\n`);
  expect(code).toBe(0);
  expect(answers.map((line) => JSON.parse(line) as object)).toEqual(HARD_CASES.map(answerTo));
});

const DESK = { timezone: 'Europe/Berlin', hours: { mon: [['09:00', '17:00']] } };
const START = '2026-01-12T10:00:00+01:00';
const add = { calendar: DESK, op: 'add', start: START, seconds: 60 };

/** A line, and what it is answered with. */
const FAULTY: [fact: string, line: string, id: unknown, code: string, pointer: string][] = [
  ['what is no JSON', '{"id":1,', null, 'malformed_json', ''],
  ['a list', '[1]', null, 'wrong_kind', ''],
  ['no operation', '{"id":"a"}', 'a', 'missing', '/op'],
  ['an unknown operation', '{"id":{"n":1},"op":"divide"}', { n: 1 }, 'value_unknown', '/op'],
  ...(
    [
      ['an unknown field', { ...add, sta: 1 }, 'unknown_key', '/sta'],
      ['an end for add', { ...add, end: START }, 'unknown_key', '/end'],
      ['no calendar', { ...add, calendar: undefined }, 'missing', '/calendar'],
      ['a calendar by name', { ...add, calendar: 'desk' }, 'calendar_unknown', '/calendar'],
      [
        'an unknown zone',
        { ...add, calendar: { ...DESK, timezone: 'Mars/Base' } },
        'zone_unknown',
        '/calendar/timezone',
      ],
      ['no hours', { ...add, calendar: { timezone: 'UTC' } }, 'missing', '/calendar/hours'],
      [
        'a field no calendar has',
        { ...add, calendar: { ...DESK, tz: 'UTC' } },
        'unknown_key',
        '/calendar/tz',
      ],
      [
        'closing at 23:59',
        { ...add, calendar: { timezone: 'UTC', hours: { mon: [['09:00', '23:59']] } } },
        'closing_before_midnight',
        '/calendar/hours/mon/0',
      ],
      [
        'a holiday that is no date',
        { ...add, calendar: { ...DESK, holidays: ['2026-02-29'] } },
        'date_malformed',
        '/calendar/holidays/0',
      ],
      ['no start', { ...add, start: undefined }, 'missing', '/start'],
      ['a start without an offset', { ...add, start: '2026-01-12T10:00:00' }, 'value_invalid', '/start'],
      ['a start on no date', { ...add, start: '2026-02-30T10:00:00Z' }, 'value_invalid', '/start'],
      ['a start that is a number', { ...add, start: 1 }, 'wrong_kind', '/start'],
      ['a start in another age', { ...add, start: '1815-06-18T10:00:00Z' }, 'value_invalid', '/start'],
      ['no amount', { ...add, seconds: undefined }, 'missing', '/seconds'],
      ['two amounts', { ...add, minutes: 1 }, 'amount_ambiguous', '/minutes'],
      ['a negative amount', { ...add, seconds: -1 }, 'value_invalid', '/seconds'],
      ['an amount finer than a millisecond', { ...add, seconds: 0.0005 }, 'value_invalid', '/seconds'],
      ['an amount in words', { ...add, seconds: '60' }, 'wrong_kind', '/seconds'],
      ['pauses that are no list', { ...add, pauses: {} }, 'wrong_kind', '/pauses'],
      ['a pause that is no pair', { ...add, pauses: [[START]] }, 'wrong_kind', '/pauses/0'],
      [
        'a pause that ends before it starts',
        {
          ...add,
          pauses: [
            [START, START],
            [START, '2026-01-12T08:59:59Z'],
          ],
        },
        'pause_ends_before_start',
        '/pauses/1',
      ],
      [
        'an end before the start',
        { calendar: DESK, op: 'elapsed', start: START, end: '2026-01-12T08:59:59Z' },
        'end_before_start',
        '/end',
      ],
    ] as [string, object, string, string][]
  ).map(
    ([fact, question, code, pointer]) =>
      [fact, JSON.stringify({ id: 7, ...question }), 7, code, pointer] as [
        string,
        string,
        unknown,
        string,
        string,
      ],
  ),
];

describe('a faulty line', () => {
  const sound = JSON.stringify({ id: 'sound', ...add });
  let lines: string[];
  beforeAll(async () => {
    ({ lines } = await clock(FAULTY.map(([, line]) => `${line}\r\n\n${sound}\n`).join('')));
  });

  test('does not stop those after it, and empty ones are skipped', () => {
    expect(lines.length).toBe(FAULTY.length * 2);
    const rest = lines.filter((_line, i) => i % 2 === 1);
    expect(new Set(rest)).toEqual(new Set(['{"id":"sound","at":"2026-01-12T09:01:00.000Z"}']));
  });

  test.each(FAULTY.map(([fact, , id, code, pointer], i) => ({ fact, i, id, code, pointer })))(
    'is answered with what is wrong with it: $fact',
    ({ i, id, code, pointer }) => {
      expect(JSON.parse(lines[i * 2]!)).toEqual({ id, error: { code, pointer, detail: expect.any(String) } });
    },
  );
});

test('minutes, an end to go back from, absent and empty fields, and a last line without an end are understood', async () => {
  const { lines } = await clock(
    [
      { id: 1, calendar: 'always', op: 'add', start: START, minutes: 1.5, end: null, pauses: null },
      { id: 2, calendar: 'always', op: 'subtract', end: START, seconds: 60 },
      { calendar: 'always', op: 'elapsed', start: START, end: '2026-01-12T10:00:00.250+01:00' },
    ]
      .map((question) => JSON.stringify(question))
      .join('\n'),
  );
  expect(lines).toEqual([
    '{"id":1,"at":"2026-01-12T09:01:30.000Z"}',
    '{"id":2,"at":"2026-01-12T08:59:00.000Z"}',
    '{"id":null,"seconds":0.25}',
  ]);
});

test('a byte order mark is no part of the first line', async () => {
  const { lines } = await clock(`\uFEFF${JSON.stringify({ id: 1, ...add })}\n`);
  expect(lines).toEqual(['{"id":1,"at":"2026-01-12T09:01:00.000Z"}']);
});

test('a line that never ends is refused without being kept', async () => {
  const { lines } = await clock(
    `{"id":1,"x":"${'x'.repeat(3_000_000)}"}\n${JSON.stringify({ id: 2, ...add })}\n`,
  );
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    { id: null, error: { code: 'line_too_long', pointer: '', detail: expect.any(String) } },
    { id: 2, at: '2026-01-12T09:01:00.000Z' },
  ]);
});

test('a slow reader loses nothing', async () => {
  const count = 20_000;
  const input = Array.from({ length: count }, (_, id) => JSON.stringify({ id, ...add })).join('\n');
  const { code, lines } = await clock(input, { slow: true });
  expect(code).toBe(0);
  expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual(
    Array.from({ length: count }, (_, id) => id),
  );
});

test('a reader that goes away ends it quietly', async () => {
  const input = Array.from({ length: 50_000 }, (_, id) => JSON.stringify({ id, ...add })).join('\n');
  expect((await clock(input, { leaveAfter: 100_000 })).code).toBe(0);
});
