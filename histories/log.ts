/** A log from another system, read whole: its cases as histories, and an account of every row. */
import type { TicketAttributes } from '../domain/events.ts';
import type { ImportedHistory } from '../domain/history.ts';
import type { Format } from './format.ts';
import { caseOf, type ReadCase, type Reading } from './reading.ts';
import { LogFileError, rowsOf, type Row } from './rows.ts';

/** Rows left out for one reason, with the first few of them. */
export interface SkippedRows {
  reason: string;
  count: number;
  examples: string[];
}

/** Every row is either used or skipped: `rows = rowsUsed + the sum of rowsSkipped`. */
export interface ImportedLog {
  /** As it was named by the caller. */
  file: string;
  format: string;
  rows: number;
  cases: number;
  /** Rows that open a case, change it, or repeat what was known. */
  rowsUsed: number;
  /** Those among them that repeat what was known. */
  rowsWithoutChange: number;
  rowsSkipped: SkippedRows[];
  /** What a reader of the figures should know, in sentences. */
  notes: string[];
  /** In the order in which the file names them. */
  histories: ImportedHistory[];
  /** First opening of these cases and last instant of the whole file, epoch milliseconds. */
  from: number;
  until: number;
}

export interface ReadOptions {
  /** Only so many cases, the first of the file. */
  limit?: number | undefined;
  /** Called now and then with the rows read so far. */
  onProgress?: (rows: number) => void;
}

const EXAMPLES = 3;
const PROGRESS_EVERY = 20_000;

/** The rows of one case, and what the earliest of them says of the ticket. */
interface GatheredCase {
  readings: Reading[];
  firstAt: number;
  attributes: TicketAttributes;
}

/** Rows gathered so far. */
interface Gathered {
  rows: number;
  until: number;
  cases: Map<string, GatheredCase>;
  skipped: Map<string, SkippedRows>;
}

function addSkipped({ skipped }: Gathered, reason: string, example: string): void {
  const known = skipped.get(reason) ?? { reason, count: 0, examples: [] };
  skipped.set(reason, known);
  known.count += 1;
  if (known.examples.length < EXAMPLES && !known.examples.includes(example)) known.examples.push(example);
}

interface Placing {
  format: Format;
  row: Row;
  limit: number;
}

function addReading(gathered: Gathered, reading: Reading, { format, row, limit }: Placing): void {
  gathered.until = Math.max(gathered.until, reading.at);
  const { caseId, at } = reading;
  const known = gathered.cases.get(caseId);
  if (!known && gathered.cases.size >= limit)
    return addSkipped(gathered, `the case is beyond the first ${limit}`, caseId);
  if (!known) {
    const attributes = format.attributesOf(row, reading);
    return void gathered.cases.set(caseId, { readings: [reading], firstAt: at, attributes });
  }
  known.readings.push(reading);
  if (at >= known.firstAt) return;
  known.firstAt = at;
  known.attributes = format.attributesOf(row, reading);
}

async function gather(file: string, format: Format, { limit, onProgress }: ReadOptions): Promise<Gathered> {
  const gathered: Gathered = {
    rows: 0,
    until: Number.NEGATIVE_INFINITY,
    cases: new Map(),
    skipped: new Map(),
  };
  for await (const rows of rowsOf(file, format))
    for (const row of rows) {
      gathered.rows += 1;
      if (gathered.rows % PROGRESS_EVERY === 0) onProgress?.(gathered.rows);
      const reading = row.fault === undefined ? format.read(row) : { skip: row.fault, detail: '' };
      if ('skip' in reading)
        addSkipped(gathered, reading.skip, `line ${row.line}${reading.detail && `: ${reading.detail}`}`);
      else addReading(gathered, reading, { format, row, limit: limit ?? Number.POSITIVE_INFINITY });
    }
  onProgress?.(gathered.rows);
  return gathered;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

function notesOn(cases: readonly ReadCase[]): string[] {
  const note = (count: number, one: string, several: string) =>
    count === 0 ? [] : [count === 1 ? `1 row ${one}` : `${count} rows ${several}`];
  return [
    ...note(
      sum(cases.map((one) => one.rowsClosedTooSoon)),
      'closes a case that is reopened later, and counts as resolved only',
      'close cases that are reopened later, and count as resolved only',
    ),
    ...note(
      sum(cases.map((one) => one.rowsOutOfOrder)),
      'is earlier than the row above it, and counts by its time',
      'are earlier than the row above them, and count by their time',
    ),
    ...note(
      sum(cases.map((one) => one.rowsBeforeOpening)),
      'is dated before its case was opened, and counts at the opening',
      'are dated before their case was opened, and count at the opening',
    ),
  ];
}

function nothingRead(file: string, { rows, skipped }: Gathered): LogFileError {
  const reasons = [...skipped.values()].map(
    ({ reason, count, examples }) => `${reason} (${count}, ${examples[0]})`,
  );
  const why = rows === 0 ? 'it has no rows below its header' : reasons.join('; ');
  return new LogFileError(`${file} has no row that can be used: ${why}`);
}

/** Reads a log. Throws LogFileError for a file that is no such log, or in which no row can be used. */
export async function readLog(file: string, format: Format, options: ReadOptions = {}): Promise<ImportedLog> {
  const gathered = await gather(file, format, options);
  if (gathered.cases.size === 0) throw nothingRead(file, gathered);
  const cases = [...gathered.cases.values()].map(({ readings, attributes }) => caseOf(readings, attributes));
  const rowsSkipped = [...gathered.skipped.values()];
  const histories = cases.map(({ history }) => history);
  const from = histories.reduce((first, { openedAt }) => Math.min(first, openedAt), Number.POSITIVE_INFINITY);
  return {
    file,
    format: format.name,
    rows: gathered.rows,
    cases: cases.length,
    rowsUsed: gathered.rows - sum(rowsSkipped.map(({ count }) => count)),
    rowsWithoutChange: sum(cases.map((one) => one.rowsWithoutChange)),
    rowsSkipped,
    notes: notesOn(cases),
    histories,
    from,
    until: gathered.until,
  };
}
