/** Rows of a CSV file, plain or gzip, as a stream: of each row only the columns that a reader asks for. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse/sync';

export interface Row {
  /** Data rows count from 1; the header is none of them. */
  number: number;
  /** Line of the file on which the row begins, from 1. */
  line: number;
  /** By column, trimmed of the blanks around them. Empty for a row whose width is not the header's. */
  cells: Readonly<Record<string, string>>;
  /** Why the cells cannot be told apart, where they cannot. */
  fault?: string;
}

/** A file that cannot be read as a log at all; the message names the file and, where it has one, the line. */
export class LogFileError extends Error {
  override readonly name = 'LogFileError';
}

const GZIP_MAGIC = 0x1f8b;

/** Bytes read and unpacked at once: fewer, larger pieces cost less. */
const CHUNK = 256 * 1024;

/** By the first bytes rather than by the name: an export is often renamed. */
async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.readUInt16BE() === GZIP_MAGIC;
  } finally {
    await handle.close();
  }
}

async function textOf(file: string): Promise<Readable> {
  const packed = await isGzip(file);
  const bytes = createReadStream(file, { highWaterMark: CHUNK });
  // The error of either stream reaches whoever reads the last one.
  const text = packed ? pipeline(bytes, createGunzip({ chunkSize: CHUNK }), () => {}) : bytes;
  return text.setEncoding('utf8');
}

const countQuotes = (text: string): number => text.split('"').length - 1;

const withoutReturn = (text: string): string => (text.endsWith('\r') ? text.slice(0, -1) : text);

/** A record that uses quotes, by csv-parse and its rules (RFC 4180). */
function quotedCells(
  text: string,
  { file, line, delimiter }: { file: string; line: number; delimiter: string },
) {
  try {
    return (parse(text, { delimiter }) as string[][])[0] ?? [];
  } catch (error) {
    const reason = (error as Error).message;
    throw new LogFileError(`${file}: line ${line}: not CSV: ${reason}`, { cause: error });
  }
}

function withoutByteOrderMark([first, ...others]: string[]): string[] {
  return [first!.replace(/^\uFEFF/, ''), ...others];
}

/** By place in the header, the wanted columns; of two with one name the first counts. */
function placesOf(
  file: string,
  header: readonly string[],
  columns: readonly string[],
): (string | undefined)[] {
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    const names = missing.map((column) => JSON.stringify(column)).join(', ');
    throw new LogFileError(
      `${file}: line 1: there is no column ${names}; the header has ${header.join(', ')}`,
    );
  }
  const wanted = new Set(columns);
  return header.map((name, i) => (wanted.has(name) && header.indexOf(name) === i ? name : undefined));
}

/** Which columns to read, and what stands between them. */
export interface Shape {
  columns: readonly string[];
  delimiter?: string;
}

const RAGGED = 'the row has not as many columns as the header';

/**
 * Reads records out of the pieces of a file. A line without a quote is a record as it stands, and its wanted cells
 * are cut out of it here: csv-parse takes 35 microseconds for one of 36 columns, and even splitting the line makes
 * more strings than all else that is done with it.
 */
class RecordReader {
  readonly #file: string;
  readonly #columns: readonly string[];
  readonly #delimiter: string;
  #places: (string | undefined)[] | undefined;
  #number = 0;
  #line = 0;
  #rest = '';
  /** Lines of a record whose quotes are still open. */
  #open: string[] = [];
  #openSince = 0;
  #quotes = 0;

  constructor(file: string, { columns, delimiter = ',' }: Shape) {
    this.#file = file;
    this.#columns = columns;
    this.#delimiter = delimiter;
  }

  /** The rows that end in this piece. */
  feed(piece: string): Row[] {
    const text = this.#rest + piece;
    const rows: Row[] = [];
    let start = 0;
    let quote = text.indexOf('"');
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#readLine(text, { start, end, hasQuote: quote !== -1 && quote < end }, rows);
      start = end + 1;
      if (quote !== -1 && quote < start) quote = text.indexOf('"', start);
    }
    this.#rest = text.slice(start);
    return rows;
  }

  /** The row that no line end follows. */
  finish(): Row[] {
    const rows: Row[] = [];
    const text = this.#rest;
    if (text !== '') this.#readLine(text, { start: 0, end: text.length, hasQuote: text.includes('"') }, rows);
    if (this.#open.length > 0)
      throw new LogFileError(`${this.#file}: line ${this.#openSince}: a quote is opened and never closed`);
    if (!this.#places)
      throw new LogFileError(`${this.#file} is empty; the first line of a log names its columns`);
    return rows;
  }

  #readLine(
    text: string,
    { start, end, hasQuote }: { start: number; end: number; hasQuote: boolean },
    rows: Row[],
  ): void {
    this.#line += 1;
    if (hasQuote || this.#open.length > 0) return this.#readQuoted(text.slice(start, end), rows);
    const stop = end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    if (stop === start) return;
    if (!this.#places) return this.#readHeader(text.slice(start, stop).split(this.#delimiter));
    rows.push(this.#cut(text, start, stop));
  }

  #readQuoted(line: string, rows: Row[]): void {
    if (this.#open.length === 0) this.#openSince = this.#line;
    this.#open.push(line);
    this.#quotes += countQuotes(line);
    if (this.#quotes % 2 === 1) return;
    const text = withoutReturn(this.#open.join('\n'));
    this.#open = [];
    this.#quotes = 0;
    const [file, delimiter] = [this.#file, this.#delimiter];
    const cells = quotedCells(text, { file, line: this.#openSince, delimiter });
    if (!this.#places) return this.#readHeader(cells);
    rows.push(this.#pick(cells, this.#openSince));
  }

  #readHeader(cells: string[]): void {
    const header = withoutByteOrderMark(cells).map((name) => name.trim());
    this.#places = placesOf(this.#file, header, this.#columns);
  }

  #pick(cells: readonly string[], line: number): Row {
    const places = this.#places!;
    const number = (this.#number += 1);
    if (cells.length !== places.length) return { number, line, cells: {}, fault: RAGGED };
    const wanted: Record<string, string> = {};
    places.forEach((column, i) => {
      if (column !== undefined) wanted[column] = cells[i]!.trim();
    });
    return { number, line, cells: wanted };
  }

  #cut(text: string, start: number, stop: number): Row {
    const places = this.#places!;
    const delimiter = this.#delimiter;
    const number = (this.#number += 1);
    const wanted: Record<string, string> = {};
    let place = 0;
    for (let from = start; ; place += 1) {
      const next = text.indexOf(delimiter, from);
      const to = next === -1 || next > stop ? stop : next;
      const column = places[place];
      if (column !== undefined) wanted[column] = text.slice(from, to).trim();
      if (to === stop) break;
      from = to + 1;
    }
    if (place + 1 !== places.length) return { number, line: this.#line, cells: {}, fault: RAGGED };
    return { number, line: this.#line, cells: wanted };
  }
}

/** The rows of `file`, as they come, some at a time. Throws LogFileError for a file that is not there, not CSV or lacks a column. */
export async function* rowsOf(file: string, shape: Shape): AsyncGenerator<Row[]> {
  const reader = new RecordReader(file, shape);
  try {
    for await (const piece of await textOf(file)) yield reader.feed(piece as string);
    yield reader.finish();
  } catch (error) {
    if (error instanceof LogFileError) throw error;
    throw new LogFileError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
