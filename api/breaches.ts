/** The breach register, for managers: as pages and as CSV. */
import { stringify } from 'csv-stringify/sync';
import { breachMarkOf, type BreachFilter, type BreachMark, type BreachRecord } from '../prisma/breaches.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { defineRoute, type Route } from './route.ts';
import { breachFilter, breachMark, breachPage, breachQuery } from './schemas/breaches.ts';
import { breachView } from './views.ts';

const CSV_BATCH = 500;
const COLUMNS = [
  'ticketId',
  'clock',
  'kind',
  'cycle',
  'breachedAt',
  'decidedAt',
  'withdrawn',
  'withdrawnAt',
  'revision',
  'tier',
  'priority',
  'customer',
  'policy',
  'policyVersion',
] as const;

function csvRow(row: BreachRecord): unknown[] {
  const { policy, links: _links, ...view } = breachView(row);
  const flat = { ...view, policy: policy.name, policyVersion: policy.version };
  return COLUMNS.map((column) => flat[column]);
}

/** RFC 4180 with a byte order mark; cells that a spreadsheet would run as formulas are quoted away. */
async function* csvOf(deps: ApiDeps, filter: BreachFilter): AsyncIterable<string> {
  const options = { escape_formulas: true, record_delimiter: 'windows' as const, cast: { boolean: String } };
  const head = stringify([[...COLUMNS]], { ...options, bom: true });
  let after: BreachMark | null = null;
  for (;;) {
    const rows: BreachRecord[] = await deps.breaches.list(filter, { after, limit: CSV_BATCH });
    yield (after === null ? head : '') + stringify(rows.map(csvRow), options);
    if (rows.length < CSV_BATCH) return;
    after = breachMarkOf(rows.at(-1)!);
  }
}

export function breachRoutes(deps: ApiDeps): Route[] {
  const shared = { operation: 'breach.read', tag: 'breaches' } as const;
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/v1/breaches',
      operationId: 'listBreaches',
      summary: 'Broken promises, newest first; a withdrawn one stays, marked',
      query: breachQuery,
      answers: { 200: { description: 'One page', schema: breachPage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor, ...filter }, sight }) {
        const after = decodeCursor(cursor, { filters: filter, mark: breachMark });
        const found = await deps.breaches.list({ ...filter, sight }, { after, limit: limit + 1 });
        const { rows, page } = pageOf(found, { limit, filters: filter, markOf: breachMarkOf });
        return { body: { data: rows.map(breachView), page } };
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/v1/breaches.csv',
      operationId: 'exportBreaches',
      summary: 'The same as CSV, all of it',
      query: breachFilter,
      answers: { 200: { description: 'RFC 4180, UTF-8 with a byte order mark', contentType: 'text/csv' } },
      problems: [],
      handle: async ({ query, sight }) => ({
        headers: {
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': 'attachment; filename="breaches.csv"',
        },
        stream: csvOf(deps, { ...query, sight }),
      }),
    }),
  ];
}
