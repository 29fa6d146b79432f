/**
 * The BPI 2013 incidents counted twice, by `tierline replay` and by bpic2013.sql, which shares nothing with it:
 *
 *   node --import tsx test/histories/side-by-side.ts incidents.csv.gz
 *
 * starts a PostgreSQL of its own, prints both columns as a table and fails where they differ.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { startPostgres } from '../../bin/embedded-postgres.ts';
import { replay } from '../../bin/replay.ts';
import type { ReplayReport } from '../../histories/report.ts';

/** Figures by name: the path to it in the report. One that nothing was measured for is not there. */
export type Figures = Record<string, number>;

const POLICIES_DIR = fileURLToPath(new URL('../../policies', import.meta.url));
const SQL = new URL('bpic2013.sql', import.meta.url);

/** Every number inside, each under the path that leads to it. */
function flattened(value: unknown, path: string): Figures {
  if (typeof value === 'number') return { [path]: value };
  if (typeof value !== 'object' || value === null) return {};
  const inside = Object.entries(value).map(([name, one]) => flattened(one, `${path}.${name}`));
  return Object.assign({}, ...inside) as Figures;
}

const byName = <T>(all: readonly T[], name: (one: T) => string): Record<string, T> =>
  Object.fromEntries(all.map((one) => [name(one), one]));

/** The figures of a report that a log alone can tell: all but clocks, teams and states. */
function figuresOf(report: ReplayReport): Figures {
  const { rows, cases, timeInTier, handoffs, pingPong, casesHandedOff, casesPingPong, climbs, offers } =
    report;
  const plain = { rows, cases, handoffs, pingPong, casesHandedOff, casesPingPong };
  const tiers = byName(
    report.tiers.map(({ tier, ...rest }) => ({ tier, rest })),
    ({ tier }) => `tier${tier}`,
  );
  const moves = byName(report.moves, ({ from, to }) => `tier${from}-tier${to}`);
  return {
    ...plain,
    ...flattened(timeInTier, 'timeInTier'),
    ...flattened(climbs, 'climbs'),
    ...flattened(offers, 'offers'),
    ...Object.assign(
      {},
      ...Object.entries(tiers).map(([name, { rest }]) => flattened(rest, `tiers.${name}`)),
    ),
    ...Object.assign(
      {},
      ...Object.entries(moves).map(([name, { handoffs: moved, returns, cases: some }]) =>
        flattened({ handoffs: moved, returns, cases: some }, `moves.${name}`),
      ),
    ),
  } as Figures;
}

async function reportUnder(file: string, policy: string): Promise<ReplayReport> {
  const silent = { policiesDir: POLICIES_DIR, print: () => undefined, say: () => undefined };
  return (await replay(file, { format: 'bpic2013', policy }, silent)).result;
}

/** By `tierline replay`: under `round-the-clock`, and the time in office hours under `standard`. */
export async function countedByReplay(file: string): Promise<Figures> {
  const always = await reportUnder(file, 'round-the-clock');
  const { timeInTier } = await reportUnder(file, 'standard');
  return { ...figuresOf(always), ...flattened(timeInTier, 'office.timeInTier') };
}

/** The same by PostgreSQL: the script as it stands, over a copy of the file that the server can read. */
export async function countedBySql(file: string, postgresUrl: string): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'tierline-copy-'));
  const client = new pg.Client({ connectionString: postgresUrl });
  try {
    const bytes = readFileSync(file);
    const copy = join(folder, 'log.csv');
    writeFileSync(copy, file.endsWith('.gz') ? gunzipSync(bytes) : bytes, { mode: 0o644 });
    chmodSync(folder, 0o755);
    await client.connect();
    const script = readFileSync(SQL, 'utf8').replace(":'log' WITH", `${client.escapeLiteral(copy)} WITH`);
    // One result per statement; the last that answers rows has the figures.
    const results = (await client.query(script)) as unknown as pg.QueryResult<{
      figure: string;
      value: string;
    }>[];
    const rows = results.findLast(({ command, rows: some }) => command === 'SELECT' && some.length > 0)!.rows;
    return Object.fromEntries(rows.map(({ figure, value }) => [figure, Number(value)]));
  } finally {
    await client.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both columns as a Markdown table, in the order of their names. */
export function sideBySide(replayed: Figures, counted: Figures): string {
  const names = [...new Set([...Object.keys(replayed), ...Object.keys(counted)])].toSorted();
  const shown = (value: number | undefined) => value?.toLocaleString('en-US') ?? '';
  const lines = names.map((name) => [`\`${name}\``, shown(replayed[name]), shown(counted[name])]);
  const head = ['figure', '`tierline replay`', 'SQL'];
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]!.length)));
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [row(head), rule, ...lines.map(row)].join('\n');
}

async function main(file: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'tierline-side-by-side-'));
  chmodSync(home, 0o711);
  const postgres = await startPostgres({ home, port: 0 });
  try {
    const [replayed, counted] = [await countedByReplay(file), await countedBySql(file, postgres.url)];
    process.stdout.write(`${sideBySide(replayed, counted)}\n`);
    const differ = Object.keys({ ...replayed, ...counted }).filter(
      (name) => replayed[name] !== counted[name],
    );
    process.stderr.write(differ.length === 0 ? 'every figure agrees\n' : `differ: ${differ.join(', ')}\n`);
    if (differ.length > 0) process.exitCode = 1;
  } finally {
    await postgres.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]!);
