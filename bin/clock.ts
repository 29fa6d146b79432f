/**
 * `tierline clock`: business time as a filter. Each line of standard input is a question in JSON, each line of
 * standard output its answer, in order (docs/calendars.md). A faulty line is answered with an error, and the next one
 * is read.
 */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { parseCalendar } from '../api/schemas/calendar.ts';
import { pointerOf } from '../domain/pointer.ts';
import {
  add,
  elapsed,
  FIRST_INSTANT,
  LAST_INSTANT,
  subtract,
  type BusinessCalendar,
  type Pause,
  type Unreachable,
} from '../domain/business-time.ts';
import { dayNumber } from '../domain/calendar.ts';
import { memberSpan } from './json-text.ts';

/** Longer than any question; what is longer is not kept in memory. */
const LINE_LIMIT = 1_000_000;

const OPERATIONS = ['add', 'subtract', 'elapsed'] as const;
type Operation = (typeof OPERATIONS)[number];

/** Fields that each operation takes besides `id`, `calendar`, `op` and `pauses`. */
const FIELDS: Record<Operation, readonly string[]> = {
  add: ['start', 'seconds', 'minutes'],
  subtract: ['start', 'end', 'seconds', 'minutes'],
  elapsed: ['start', 'end'],
};
const COMMON_FIELDS = ['id', 'calendar', 'op', 'pauses'];

/** What is wrong with a line. */
interface LineError {
  /** Stable. */
  code: string;
  detail: string;
  /** JSON pointer into the line. */
  pointer: string;
}

/** Thrown while a line is read, to be its answer. */
class Fault extends Error {
  readonly answer: LineError;
  constructor(code: string, pointer: string, detail: string) {
    super(detail);
    this.answer = { code, detail, pointer };
  }
}

type Question = Record<string, unknown>;

interface Line {
  question: Question;
  /** The calendar as it is written, or null where it is not an object. */
  calendarText: string | null;
  /** The calendar, where that text was met before. */
  known: BusinessCalendar | null;
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const INSTANT =
  /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** RFC 3339 with an offset; digits beyond milliseconds are cut off, as by the API. */
function instantOf(value: unknown, pointer: string): number {
  if (!isGiven(value)) throw new Fault('missing', pointer, `${pointer.slice(1)} is missing`);
  if (typeof value !== 'string') throw new Fault('wrong_kind', pointer, `${pointer.slice(1)} must be text`);
  // Date.parse takes the 30th of February for a day in March.
  if (!INSTANT.test(value) || dayNumber(value.slice(0, 10)) === null)
    throw new Fault(
      'value_invalid',
      pointer,
      'must be an RFC 3339 time with an offset, such as 2026-01-31T09:00:00Z',
    );
  const at = Date.parse(value);
  if (at < FIRST_INSTANT || at > LAST_INSTANT)
    throw new Fault('value_invalid', pointer, 'must lie between 1900 and 2200');
  return at;
}

/** Milliseconds of a number of seconds or minutes. */
function amountIn(value: unknown, pointer: string, unit: number): number {
  if (!isGiven(value)) throw new Fault('missing', pointer, 'an amount is missing: seconds or minutes');
  if (typeof value !== 'number')
    throw new Fault('wrong_kind', pointer, `${pointer.slice(1)} must be a number`);
  const ms = Math.round(value * unit);
  if (value < 0) throw new Fault('value_invalid', pointer, `${pointer.slice(1)} must be 0 or more`);
  // Division by a whole number gives back the very number that was read, if it was one of whole milliseconds.
  if (!Number.isSafeInteger(ms) || ms / unit !== value)
    throw new Fault('value_invalid', pointer, `${pointer.slice(1)} must be exact to the millisecond`);
  return ms;
}

function amountOf({ seconds, minutes }: Question): number {
  if (isGiven(seconds) && isGiven(minutes))
    throw new Fault('amount_ambiguous', '/minutes', 'an amount is one of seconds and minutes');
  return isGiven(minutes) ? amountIn(minutes, '/minutes', 60_000) : amountIn(seconds, '/seconds', 1000);
}

function pauseOf(value: unknown, index: number): Pause {
  const pointer = `/pauses/${index}`;
  if (!Array.isArray(value) || value.length !== 2)
    throw new Fault(
      'wrong_kind',
      pointer,
      'a pause is a pair: its start, and its end or null while it lasts',
    );
  const from = instantOf(value[0], `${pointer}/0`);
  const to = value[1] === null ? null : instantOf(value[1], `${pointer}/1`);
  if (to !== null && to < from)
    throw new Fault('pause_ends_before_start', pointer, 'a pause does not end before it starts');
  return { from, to };
}

const NO_PAUSES: readonly Pause[] = [];

function pausesOf({ pauses }: Question): readonly Pause[] {
  if (!isGiven(pauses)) return NO_PAUSES;
  if (!Array.isArray(pauses)) throw new Fault('wrong_kind', '/pauses', 'pauses must be a list');
  return pauses.map(pauseOf);
}

/** Calendars by their text: lines of one desk repeat it, and what was expanded for one serves the next. */
const calendars = new Map<string, BusinessCalendar>();
const CALENDARS_KEPT = 1000;

function calendarOf({ question, calendarText, known }: Line): BusinessCalendar {
  if (known) return known;
  const written = question['calendar'];
  if (written === 'always') return 'always';
  if (!isGiven(written)) throw new Fault('missing', '/calendar', 'calendar is missing');
  if (typeof written !== 'object')
    throw new Fault(
      'calendar_unknown',
      '/calendar',
      `there is no calendar ${JSON.stringify(written)} here; say always, or write it out`,
    );
  const read = parseCalendar(written);
  if ('issues' in read) {
    const [first] = read.issues;
    throw new Fault(first!.code, `/calendar${pointerOf(first!.path)}`, first!.message);
  }
  if (calendars.size >= CALENDARS_KEPT) calendars.clear();
  if (calendarText !== null) calendars.set(calendarText, read.calendar);
  return read.calendar;
}

function operationOf({ op }: Question): Operation {
  if (!isGiven(op)) throw new Fault('missing', '/op', 'op is missing');
  const known = OPERATIONS.find((operation) => operation === op);
  if (known) return known;
  throw new Fault('value_unknown', '/op', `${String(op)} is not one of ${OPERATIONS.join(', ')}`);
}

function checkFields(question: Question, op: Operation): void {
  for (const key of Object.keys(question)) {
    if (COMMON_FIELDS.includes(key) || FIELDS[op].includes(key) || question[key] === null) continue;
    throw new Fault('unknown_key', pointerOf([key]), `${key} is not a field of ${op}`);
  }
}

function unreachable(why: Unreachable, question: Question): Fault {
  switch (why) {
    case 'no_open_time_found':
      return new Fault(
        why,
        '/calendar',
        'the calendar has no open time within ten years of where the rest is due',
      );
    case 'never_reached':
      return new Fault(why, '/pauses', 'a pause without an end comes first');
    case 'too_far':
      return new Fault(
        why,
        isGiven(question['minutes']) ? '/minutes' : '/seconds',
        'what is asked for lies before 1900 or after 2200',
      );
  }
}

const instantAnswer = (at: number | Unreachable, question: Question) => {
  if (typeof at === 'string') throw unreachable(at, question);
  return { at: new Date(at).toISOString() };
};

function subtractFrom({ start, end }: Question): number {
  if (isGiven(start) && isGiven(end))
    throw new Fault('start_ambiguous', '/end', 'subtract goes back from one of start and end');
  return isGiven(start) || !isGiven(end) ? instantOf(start, '/start') : instantOf(end, '/end');
}

function answerTo(line: Line): { at: string } | { seconds: number } {
  const { question } = line;
  const op = operationOf(question);
  checkFields(question, op);
  const calendar = calendarOf(line);
  const pauses = pausesOf(question);
  if (op === 'subtract')
    return instantAnswer(subtract(calendar, subtractFrom(question), amountOf(question), pauses), question);
  const start = instantOf(question['start'], '/start');
  if (op === 'add') return instantAnswer(add(calendar, start, amountOf(question), pauses), question);
  const end = instantOf(question['end'], '/end');
  if (end < start) throw new Fault('end_before_start', '/end', 'end lies before start');
  return { seconds: elapsed(calendar, start, end, pauses) / 1000 };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Fault('malformed_json', '', 'the line is not JSON');
  }
}

function questionIn(line: string): Question {
  const value = parsed(line);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault('wrong_kind', '', 'a question is a JSON object');
  return value as Question;
}

/** A line as read: most of the text is the calendar, which need not be parsed where it is known. */
function readLine(line: string): Line {
  const span = memberSpan(line, 'calendar');
  if (!span) return { question: questionIn(line), calendarText: null, known: null };
  const calendarText = line.slice(span.from, span.to);
  const known = calendars.get(calendarText) ?? null;
  const rest = known ? `${line.slice(0, span.from)}0${line.slice(span.to)}` : line;
  return { question: questionIn(rest), calendarText, known };
}

/** The answer to one line, without its end. */
export function answerLine(line: string): string {
  let id: unknown = null;
  try {
    const read = readLine(line);
    id = read.question['id'] ?? null;
    return JSON.stringify({ id, ...answerTo(read) });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return JSON.stringify({ id, error: error.answer });
  }
}

const TOO_LONG = JSON.stringify({
  id: null,
  error: { code: 'line_too_long', detail: `a line has at most ${LINE_LIMIT} characters`, pointer: '' },
});

/** Cuts a stream of text into lines; null for one that is too long, whose text is thrown away. */
async function* linesIn(input: AsyncIterable<string>): AsyncIterable<(string | null)[]> {
  let rest = '';
  let isTooLong = false;
  let isFirst = true;
  for await (const chunk of input) {
    // Some shells put a byte order mark before what they pipe.
    const text = isFirst ? chunk.replace(/^\uFEFF/, '') : chunk;
    isFirst = false;
    const lines: (string | null)[] = (rest + text).split('\n');
    rest = lines.pop()!;
    if (isTooLong && lines.length > 0) {
      lines[0] = null;
      isTooLong = false;
    }
    isTooLong ||= rest.length > LINE_LIMIT;
    if (isTooLong) rest = '';
    yield lines.map((line) => (line !== null && line.length > LINE_LIMIT ? null : line));
  }
  yield [isTooLong ? null : rest];
}

/** Answers every line of `input` on `output`, and resolves when all of it was taken. */
export async function answerLines(input: Readable, output: Writable): Promise<void> {
  input.setEncoding('utf8');
  for await (const lines of linesIn(input)) {
    const answers = lines
      .filter((line) => line === null || line.trim() !== '')
      .map((line) => `${line === null ? TOO_LONG : answerLine(line)}\n`);
    // A reader that is slower than we are holds us up instead of filling the memory.
    if (answers.length > 0 && !output.write(answers.join(''))) await once(output, 'drain');
  }
}

/** The command. A reader that goes away early (`| head`) ends it, and nobody is told. */
export async function run(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  await answerLines(process.stdin, process.stdout);
}
