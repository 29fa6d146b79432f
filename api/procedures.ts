/** Routes of procedures: versioned checklists. */
import type { ProcedureRecord } from '../prisma/procedures.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { pageByName, pathTo } from './directory.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { PUT_PROCEDURE_EXAMPLE } from './schemas/proactive-examples.ts';
import {
  procedurePage,
  procedureParams,
  procedureQuery,
  procedureVersionMark,
  procedureVersionParams,
  procedureView,
  putProcedureBody,
} from './schemas/procedures.ts';

const viewOf = ({ createdAt, ...row }: ProcedureRecord) => ({
  name: row.name,
  version: row.version,
  current: row.current,
  title: row.title,
  items: row.items,
  createdBy: row.createdBy,
  createdAt: createdAt.toISOString(),
  links: {
    self: pathTo('procedures', row.name),
    versions: `${pathTo('procedures', row.name)}/versions`,
  },
});

async function find({ procedures }: ApiDeps, name: string, version?: number): Promise<ProcedureRecord> {
  const found = await procedures.get(name, version);
  if (found) return found;
  const what = version === undefined ? `procedure ${name}` : `version ${version} of procedure ${name}`;
  throw new Problem('procedure_not_found', `There is no ${what}`);
}

export function procedureRoutes(deps: ApiDeps): Route[] {
  const reading = { method: 'get', operation: 'schedule.read', tag: 'proactive work' } as const;
  const path = '/v1/procedures/{procedure}';
  return [
    defineRoute({
      ...reading,
      path: '/v1/procedures',
      operationId: 'listProcedures',
      summary: 'Procedures, by name, each in its current version',
      query: procedureQuery,
      answers: { 200: { description: 'One page', schema: procedurePage } },
      problems: ['cursor_invalid'],
      handle: ({ query: { limit, cursor } }) =>
        pageByName({ limit, cursor, filters: 'procedures' }, (page) => deps.procedures.list(page), {
          nameOf: ({ name }) => name,
          view: viewOf,
        }),
    }),
    defineRoute({
      ...reading,
      path,
      operationId: 'getProcedure',
      summary: 'The current version of a procedure',
      params: procedureParams,
      answers: { 200: { description: 'The version', schema: procedureView } },
      problems: ['procedure_not_found'],
      handle: async ({ params }) => ({ body: viewOf(await find(deps, params.procedure)) }),
    }),
    defineRoute({
      ...reading,
      path: `${path}/versions`,
      operationId: 'listProcedureVersions',
      summary: 'Every version, newest first',
      params: procedureParams,
      query: procedureQuery,
      answers: { 200: { description: 'One page', schema: procedurePage } },
      problems: ['procedure_not_found', 'cursor_invalid'],
      async handle({ params: { procedure: name }, query: { limit, cursor } }) {
        const filters = { procedure: name };
        const before = decodeCursor(cursor, { filters, mark: procedureVersionMark });
        if (before === null) await find(deps, name);
        const found = await deps.procedures.versions(name, { before, limit: limit + 1 });
        const { rows, page } = pageOf(found, { limit, filters, markOf: ({ version }) => version });
        return { body: { data: rows.map(viewOf), page } };
      },
    }),
    defineRoute({
      ...reading,
      path: `${path}/versions/{version}`,
      operationId: 'getProcedureVersion',
      summary: 'One version',
      params: procedureVersionParams,
      answers: { 200: { description: 'The version', schema: procedureView } },
      problems: ['procedure_not_found'],
      handle: async ({ params: { procedure, version } }) => ({
        body: viewOf(await find(deps, procedure, version)),
      }),
    }),
    defineRoute({
      method: 'put',
      path,
      operationId: 'putProcedure',
      operation: 'schedule.change',
      tag: 'proactive work',
      summary: 'Write the next version of a procedure',
      description:
        'Tickets that are open keep the checklist that they have. Where nothing differs there is no new version.',
      params: procedureParams,
      body: putProcedureBody,
      example: PUT_PROCEDURE_EXAMPLE,
      answers: {
        200: { description: 'The current version', schema: procedureView },
        201: {
          description: 'Its first version',
          schema: procedureView,
          headers: { Location: 'Where it is' },
        },
      },
      problems: [],
      async handle({ params: { procedure: name }, body: { actingFor, ...procedure }, actor }) {
        const by = actingFor ? { ...actor, actingFor } : actor;
        const { version, stored } = await deps.procedures.put(name, procedure, by);
        const body = viewOf(await find(deps, name));
        return version === 1 && stored
          ? { status: 201, headers: { location: body.links.self }, body }
          : { body };
      },
    }),
  ];
}
