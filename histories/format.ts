/** A kind of log: which columns it needs, and what one of its rows says. */
import type { TicketAttributes } from '../domain/events.ts';
import type { Reading } from './reading.ts';
import type { Row } from './rows.ts';

/** Why a row says nothing that can be used; it is counted under its reason, and shown by its detail. */
export interface Skip {
  skip: string;
  /** The offending value. */
  detail: string;
}

export interface Format {
  name: string;
  columns: readonly string[];
  delimiter?: string;
  read(row: Row): Reading | Skip;
  /** What the row says of the ticket itself; asked only of the row that opens a case. */
  attributesOf(row: Row, reading: Reading): TicketAttributes;
}

/** What a table says of a cell's text; a cell may well say `constructor`. */
export function lookUp<T>(table: Readonly<Record<string, T>>, text: string): T | undefined {
  return Object.hasOwn(table, text) ? table[text] : undefined;
}

/** `field` names the column; all rows with the same trouble share the reason. */
export function skip(field: string, trouble: string, value: string): Skip {
  return { skip: `${field} ${trouble}`, detail: value === '' ? 'nothing' : JSON.stringify(value) };
}
