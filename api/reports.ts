/** Reports of what tiers do (docs/reports.md): lines as JSON or CSV, and behind each line the facts that it adds up. */
import { stringify } from 'csv-stringify/sync';
import type { z } from 'zod';
import type { Sight } from '../domain/visibility.ts';
import type { ReportFilter } from '../prisma/report-filter.ts';
import { factMarkOf, type FactKey, type FactMark, type ReportFact } from '../prisma/reports.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { invalid } from './input.ts';
import { reportsOver, type Asked, type Period, type ReportDefinition } from './report-definitions.ts';
import { cellOf, withTicket, type Shown } from './report-views.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { factMark, REPORT_DAYS } from './schemas/reports.ts';

const DAY = 86_400_000;
const CSV_BATCH = 500;
const CSV_OPTIONS = {
  escape_formulas: true,
  record_delimiter: 'windows' as const,
  cast: { boolean: String },
};
const CSV_ANSWER =
  'JSON; or CSV (RFC 4180, UTF-8 with a byte order mark) with `format=csv` or `Accept: text/csv`';

type Query = Readonly<Record<string, unknown>>;

/** The period that is meant, in epoch milliseconds. Throws a 422 problem where it ends before it begins or is too long. */
function periodOf(query: Query, now: number): Period {
  const to = (query['to'] as number | undefined) ?? now;
  const from = (query['from'] as number | undefined) ?? Math.max(0, to - REPORT_DAYS.usual * DAY);
  const fault = (message: string) => invalid([{ parameter: 'from', code: 'value_invalid', message }]);
  if (from > to) throw fault('is after the end of the period');
  if (to - from > REPORT_DAYS.most * DAY)
    throw fault(`is more than ${REPORT_DAYS.most} days before the end of the period`);
  return { from, to };
}

const ABOUT = ['customer', 'service', 'policy'] as const;

/** What is asked, with everything that was left out filled in. */
function askedOf(
  query: Query,
  { keys }: Pick<ReportDefinition, 'keys'>,
  { now, sight }: { now: number; sight: Sight },
): Asked {
  const { from, to } = periodOf(query, now);
  const named = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])));
  const filter = {
    by: query['by'],
    from,
    to,
    mode: query['mode'],
    sight,
    ...named(ABOUT),
  } as unknown as ReportFilter;
  return {
    filter,
    asOf: (query['asOf'] as number | undefined) ?? now,
    team: query['team'] as string | null | undefined,
    key: named(keys.filter((key) => key !== 'team')) as FactKey,
    more: query,
  };
}

/** A parameter; null is the empty text, and lists are separated by commas. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
}

/** The same question for another path, whatever the time is then. */
function pathOf(path: string, { filter, asOf, team, more }: Asked, extra: Query): string {
  const { by, from, to, mode, sight: _s, ...about } = filter;
  const parts: Query = {
    by,
    from: new Date(from!).toISOString(),
    to: new Date(to!).toISOString(),
    ...about,
    ...(mode !== 'act' && { mode }),
    ...('asOf' in more && { asOf: new Date(asOf).toISOString() }),
    ...(team !== undefined && { team }),
    ...extra,
  };
  const query = Object.entries(parts)
    .map(([name, value]) => `${name}=${encodeURIComponent(textOf(value))}`)
    .join('&');
  return `${path}?${query}`;
}

const wantsCsv = ({ query, accept }: { query: Query; accept: string | undefined }): boolean =>
  query['format'] === undefined ? /\btext\/csv\b/i.test(accept ?? '') : query['format'] === 'csv';

const columnsOf = (shape: z.ZodObject['shape']): string[] =>
  Object.keys(shape).filter((column) => column !== 'links');

function rowsOf(columns: readonly string[], shown: readonly Shown[]): string {
  return stringify(
    shown.map((one) => columns.map((column) => cellOf(one[column]))),
    CSV_OPTIONS,
  );
}

function csvReply(name: string, stream: AsyncIterable<string>): Reply {
  return {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}.csv"`,
    },
    stream,
  };
}

const headOf = (columns: readonly string[]): string =>
  stringify([[...columns]], { ...CSV_OPTIONS, bom: true });

async function* linesAsCsv(columns: readonly string[], lines: readonly Shown[]): AsyncIterable<string> {
  yield headOf(columns) + rowsOf(columns, lines);
}

const factView = (report: ReportDefinition, fact: ReportFact): Shown =>
  withTicket(fact, report.showFact(fact));

async function* factsAsCsv(
  report: ReportDefinition,
  asked: Asked,
  columns: readonly string[],
): AsyncIterable<string> {
  let after: FactMark | null = null;
  for (;;) {
    const facts: ReportFact[] = await report.facts(asked, { after, limit: CSV_BATCH });
    const rows = facts.map((fact) => factView(report, fact));
    yield (after === null ? headOf(columns) : '') + rowsOf(columns, rows);
    if (facts.length < CSV_BATCH) return;
    after = factMarkOf(facts.at(-1)!);
  }
}

/** The schema of each row of a list in an answer. */
const rowOf = (answer: z.ZodObject): z.ZodObject =>
  (answer.shape['data'] as unknown as z.ZodArray<z.ZodObject>).element;

type ReportCall = Pick<Call<unknown, unknown, unknown>, 'accept' | 'sight'> & { query: Query };

function linesRoute(report: ReportDefinition, nowOf: () => number): Route {
  const { name, schemas } = report;
  const path = `/v1/reports/${name}`;
  const columns = columnsOf(rowOf(schemas.lines).shape);
  return defineRoute({
    method: 'get',
    path,
    operationId: report.operationIds.lines,
    operation: 'report.read',
    tag: 'reports',
    summary: report.summary,
    description: report.description,
    query: schemas.query,
    answers: { 200: { description: CSV_ANSWER, schema: schemas.lines, contentType: 'text/csv' } },
    problems: [],
    async handle(call) {
      const { query, accept, sight } = call as ReportCall;
      const now = nowOf();
      const asked = askedOf(query, { keys: [] }, { now, sight });
      const { lines, hasMore, ...rest } = await report.lines(asked);
      if (wantsCsv({ query, accept }))
        return csvReply(
          name,
          linesAsCsv(
            columns,
            lines.map(({ shown }) => shown),
          ),
        );
      const { by, from, to } = asked.filter;
      const stable = { ...asked, more: { ...query, ...('openTickets' in rest && { asOf: asked.asOf }) } };
      const grouped: Query = Object.fromEntries(
        ['groupBy', 'atLeast'].flatMap((one) => (one in query ? [[one, query[one]]] : [])),
      );
      const body = {
        report: name,
        by,
        from: new Date(from!).toISOString(),
        to: new Date(to!).toISOString(),
        asOf: new Date(asked.asOf).toISOString(),
        hasMore,
        links: {
          csv: pathOf(path, stable, { ...grouped, format: 'csv' }),
          tickets: pathOf(`${path}/tickets`, stable, {}),
        },
        ...rest,
        data: lines.map(({ shown, key }) => ({
          ...shown,
          links: { tickets: pathOf(`${path}/tickets`, stable, key) },
        })),
      };
      return { body };
    },
  });
}

function factsRoute(report: ReportDefinition, nowOf: () => number): Route {
  const { name, schemas } = report;
  const columns = columnsOf(rowOf(schemas.facts).shape);
  return defineRoute({
    method: 'get',
    path: `/v1/reports/${name}/tickets`,
    operationId: report.operationIds.facts,
    operation: 'report.read',
    tag: 'reports',
    summary: `What the report “${name}” adds up, ticket by ticket`,
    description:
      'In the order of ticket ids. With the keys of a line, as its `links.tickets` has them, what that line adds up. ' +
      'As CSV: all of it.',
    query: schemas.factQuery,
    answers: { 200: { description: CSV_ANSWER, schema: schemas.facts, contentType: 'text/csv' } },
    problems: ['cursor_invalid'],
    async handle(call) {
      const { query, accept, sight } = call as ReportCall;
      const {
        limit,
        cursor,
        format: _format,
        ...filters
      } = query as Query & {
        limit: number;
        cursor: string | undefined;
      };
      const asked = askedOf(query, report, { now: nowOf(), sight });
      if (wantsCsv({ query, accept })) return csvReply(`${name}-tickets`, factsAsCsv(report, asked, columns));
      const after = decodeCursor(cursor, { filters, mark: factMark });
      const found = await report.facts(asked, { after, limit: limit + 1 });
      const { rows, page } = pageOf(found, { limit, filters, markOf: factMarkOf });
      return { body: { data: rows.map((fact) => factView(report, fact)), page } };
    },
  });
}

/** `GET /v1/reports/{name}` and `GET /v1/reports/{name}/tickets`, a pair for each report. */
export function reportRoutes(deps: ApiDeps): Route[] {
  const nowOf = () => (deps.now ?? Date.now)();
  return reportsOver(deps).flatMap((report) => [linesRoute(report, nowOf), factsRoute(report, nowOf)]);
}
