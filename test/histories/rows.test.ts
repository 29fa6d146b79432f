import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import { rowsOf, type Row, type Shape } from '../../histories/rows.ts';
import { removeSamples, sampleFile } from './samples.ts';

afterAll(removeSamples);

async function allRows(file: string, shape: Shape): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const some of rowsOf(file, shape)) rows.push(...some);
  return rows;
}

const rowsIn = (
  name: string,
  content: string | Buffer,
  shape: Shape = { columns: ['a', 'b'] },
): Promise<Row[]> => allRows(sampleFile(name, content), shape);

const cellsOf = (rows: readonly Row[]) => rows.map(({ cells }) => [cells['a'], cells['b']]);

test.each([
  ['plain', 'a,b\n1,2\n3,4\n'],
  ['without a last line end', 'a,b\n1,2\n3,4'],
  ['with the line ends of Windows, blank lines and a byte order mark', '\uFEFFa,b\r\n1,2\r\n\r\n3,4\r\n'],
  ['with columns in another order, and others beside them', 'x,b,a\n0,2,1\n0,4,3\n'],
  ['with two columns of one name, of which the first counts', 'a,b,a\n1,2,9\n3,4,9\n'],
  ['with quotes', '"a",b\n"1","2"\n3," 4 "\n'],
  ['gzip by its content, whatever its name', gzipSync('a,b\n1,2\n3,4\n')],
])('a file %s gives its rows', async (_name, content) => {
  expect(cellsOf(await rowsIn('log.csv', content))).toEqual([
    ['1', '2'],
    ['3', '4'],
  ]);
});

test('quoted cells keep delimiters, quotes and line ends, and the lines after them keep their numbers', async () => {
  const rows = await rowsIn('quoted.csv', 'a,b\n"1,\r\nand ""more""",2\n3,4\n');
  expect(cellsOf(rows)[0]).toEqual(['1,\r\nand "more"', '2']);
  expect(rows.map(({ number, line }) => [number, line])).toEqual([
    [1, 2],
    [2, 4],
  ]);
});

test('letters of several bytes survive the borders of what is read at once', async () => {
  const lines = Array.from({ length: 40_000 }, (_, i) => `${i},žluťoučký`);
  const rows = await rowsIn('long.csv', `a,b\n${lines.join('\n')}`);
  expect(rows).toHaveLength(40_000);
  expect(new Set(rows.map(({ cells }) => cells['b']))).toEqual(new Set(['žluťoučký']));
});

test('another delimiter can be told', async () => {
  expect(
    cellsOf(await rowsIn('semicolons.csv', 'a;b\n1;2\n', { columns: ['a', 'b'], delimiter: ';' })),
  ).toEqual([['1', '2']]);
});

test('a row of another width than the header is told, not guessed at', async () => {
  const [row] = await rowsIn('ragged.csv', 'a,b\n1,2,3\n');
  expect(row).toEqual({
    number: 1,
    line: 2,
    cells: {},
    fault: 'the row has not as many columns as the header',
  });
});

test.each([
  ['empty.csv', '', 'empty.csv is empty'],
  ['columns.csv', 'a,c\n1,2\n', 'columns.csv: line 1: there is no column "b"; the header has a, c'],
  ['open.csv', 'a,b\n1,2\n3,"4\n5,6\n', 'open.csv: line 3: a quote is opened and never closed'],
  ['stray.csv', 'a,b\n1,2\n3,4" 5"\n', 'stray.csv: line 3: not CSV'],
  [
    'torn.csv.gz',
    gzipSync('a,b\n1,2\n').subarray(0, 20),
    'torn.csv.gz cannot be read: unexpected end of file',
  ],
])('%s is refused with its place', async (name, content, message) => {
  await expect(rowsIn(name, content)).rejects.toThrow(message);
});

test('a file that is not there is told by its name', async () => {
  const reading = allRows('nowhere/log.csv', { columns: ['a'] });
  await expect(reading).rejects.toThrow('nowhere/log.csv cannot be read: ENOENT');
});
