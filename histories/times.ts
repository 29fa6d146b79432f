/** Times as logs write them, read as instants. */
import { localInstant } from '../domain/calendar.ts';

/** Epoch milliseconds of a text, or null for one that is not written so. */
export type TimeReader = (text: string) => number | null;

export interface TimeFormat {
  /** `iso`, `epochSeconds`, `epochMilliseconds`, or a pattern such as `d/M/yyyy HH:mm:ss`. */
  format: string;
  /** IANA zone of times written without an offset. */
  zone?: string | undefined;
}

type Part = 'year' | 'month' | 'day' | 'hour' | 'hour12' | 'minute' | 'second' | 'millisecond' | 'half';

/** The tokens of a pattern (Unicode TR 35); one letter takes one digit or two. */
const TOKENS: Record<string, { part: Part; source: string }> = {
  yyyy: { part: 'year', source: '(\\d{4})' },
  MM: { part: 'month', source: '(\\d{2})' },
  M: { part: 'month', source: '(\\d{1,2})' },
  dd: { part: 'day', source: '(\\d{2})' },
  d: { part: 'day', source: '(\\d{1,2})' },
  HH: { part: 'hour', source: '(\\d{2})' },
  H: { part: 'hour', source: '(\\d{1,2})' },
  hh: { part: 'hour12', source: '(\\d{2})' },
  h: { part: 'hour12', source: '(\\d{1,2})' },
  mm: { part: 'minute', source: '(\\d{2})' },
  ss: { part: 'second', source: '(\\d{2})' },
  SSS: { part: 'millisecond', source: '(\\d{3})' },
  a: { part: 'half', source: '([AaPp][Mm])' },
};
const TOKEN = /yyyy|MM?|dd?|HH?|hh?|mm|ss|SSS|a|[^a-zA-Z]+|./g;

interface Pattern {
  expression: RegExp;
  parts: readonly Part[];
}

/** Throws, naming the letter, for a pattern with a letter that stands for nothing. */
function compile(format: string): Pattern {
  const parts: Part[] = [];
  const sources = (format.match(TOKEN) ?? []).map((piece) => {
    const token = TOKENS[piece];
    if (token) parts.push(token.part);
    else if (/[a-zA-Z]/.test(piece) && piece !== 'T' && piece !== 'Z')
      throw new Error(`${format} is no time format: ${piece} is none of ${Object.keys(TOKENS).join(', ')}`);
    return token?.source ?? piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  for (const needed of ['year', 'month', 'day'] as const)
    if (!parts.includes(needed)) throw new Error(`${format} is no time format: it has no ${needed}`);
  return { expression: new RegExp(`^${sources.join('')}$`), parts };
}

type Parts = Partial<Record<Part, number>>;

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The wall clock as if it were UTC; null for one that no day has, such as 31 April or 24:10. */
function wallClockOf({
  year = 0,
  month = 0,
  day = 0,
  hour = 0,
  minute = 0,
  second = 0,
  millisecond = 0,
}: Parts) {
  const exists = month >= 1 && month <= 12 && hour <= 23 && minute <= 59 && second <= 59;
  if (!exists || day < 1 || (day > 28 && day > daysIn(year, month))) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
}

function hourOf12({ hour12, half }: Parts): number {
  if (hour12 === undefined || hour12 < 1 || hour12 > 12) return 24;
  return (hour12 % 12) + (half === 1 ? 12 : 0);
}

function readParts({ expression, parts }: Pattern, text: string): Parts | null {
  const match = expression.exec(text);
  if (!match) return null;
  const found: Parts = {};
  parts.forEach((part, i) => {
    const digits = match[i + 1]!;
    found[part] = part === 'half' ? Number(digits.toLowerCase() === 'pm') : Number(digits);
  });
  return parts.includes('hour12') ? { ...found, hour: hourOf12(found) } : found;
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?:(Z)|([+-])(\d\d):?(\d\d))?$/i;

function readIso(text: string, zone: string | undefined): number | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  const millisecond = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const wallClock = wallClockOf({ year, month, day, hour, minute, second, millisecond } as Parts);
  if (wallClock === null || match[8]) return wallClock;
  if (!match[9]) return zone === undefined ? null : localInstant(wallClock, zone);
  const offset = (Number(match[10]) * 60 + Number(match[11])) * 60_000;
  return match[9] === '-' ? wallClock + offset : wallClock - offset;
}

/** Rows of one case often repeat a time, that of its opening above all. */
function rememberingTheLast(read: TimeReader): TimeReader {
  let lastText: string | undefined;
  let lastAt: number | null = null;
  return (text) => {
    if (text !== lastText) [lastText, lastAt] = [text, read(text)];
    return lastAt;
  };
}

/** Throws for a format that cannot be understood, or that needs a zone and has none. */
export function timeReader({ format, zone }: TimeFormat): TimeReader {
  if (format === 'iso') return (text) => readIso(text, zone);
  if (format === 'epochSeconds') return (text) => (/^\d{1,12}$/.test(text) ? Number(text) * 1000 : null);
  if (format === 'epochMilliseconds') return (text) => (/^\d{1,15}$/.test(text) ? Number(text) : null);
  const pattern = compile(format);
  if (zone === undefined) throw new Error(`${format} has no offset in it; name the zone of these times`);
  return rememberingTheLast((text) => {
    const parts = readParts(pattern, text);
    const wallClock = parts && wallClockOf(parts);
    return wallClock === null ? null : localInstant(wallClock, zone);
  });
}
