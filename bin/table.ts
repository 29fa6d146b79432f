/** Tables for a terminal. */

/** A number as people read it: `25,000`. */
export const count = (number: number): string => number.toLocaleString('en-US');

/** Columns of text to the left, of numbers to the right. */
export function table(head: readonly string[], lines: readonly (readonly (string | number)[])[]): string {
  const cells = lines.map((line) => line.map((cell) => (typeof cell === 'number' ? count(cell) : cell)));
  const widths = head.map((name, i) => Math.max(name.length, ...cells.map((line) => line[i]!.length)));
  const isNumber = (i: number) => lines.some((line) => typeof line[i] === 'number');
  const row = (line: readonly string[]) =>
    line.map((cell, i) => (isNumber(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('  ');
  return [head, ...cells].map((line) => row(line).trimEnd()).join('\n');
}
