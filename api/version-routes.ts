/** Routes that show the versions of policies and of calendars: the same for both. */
import type { z } from 'zod';
import type { ChangeKind } from '../domain/rule-change.ts';
import type { VersionRecord } from '../prisma/calendars.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import { Problem, type ProblemCode } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { FOLDERS, versionView } from './rule-views.ts';
import { nameMark, pageQuery, policyParams, versionMark, versionParams } from './schemas/policies.ts';

/** Where versions are read; the stores of both kinds have it. */
export interface Versions {
  get(name: string): Promise<VersionRecord | null>;
  list(page: { after: string | null; limit: number }): Promise<VersionRecord[]>;
  versions(name: string, page: { before: number | null; limit: number }): Promise<VersionRecord[]>;
  version(name: string, version: number): Promise<VersionRecord | null>;
}

export interface VersionRoutesOptions {
  kind: ChangeKind;
  /** As the operations call them: `Policy`, `Policies`. */
  words: { one: string; many: string };
  /** Asked for every request: routes are also made without anything behind them. */
  versions: () => Versions;
  view: z.ZodType;
  pageView: z.ZodType;
  absent: ProblemCode;
}

/** What is in force under a name, or a 404 problem. */
export async function findInForce(
  versions: Pick<Versions, 'get'>,
  { kind, name, absent }: { kind: ChangeKind; name: string; absent: ProblemCode },
): Promise<VersionRecord> {
  const found = await versions.get(name);
  if (found) return found;
  throw new Problem(absent, `There is no ${kind} ${name} in force`);
}

export function versionRoutes({
  kind,
  words,
  versions,
  view,
  pageView,
  absent,
}: VersionRoutesOptions): Route[] {
  const folder = FOLDERS[kind];
  const shared = { method: 'get', operation: 'rule.read', tag: folder.slice('/v1/'.length) } as const;
  return [
    defineRoute({
      ...shared,
      path: folder,
      operationId: `list${words.many}`,
      summary: `The ${words.many.toLowerCase()} in force, by name`,
      query: pageQuery,
      answers: { 200: { description: 'One page', schema: pageView } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor } }) {
        const after = decodeCursor(cursor, { filters: kind, mark: nameMark });
        const found = await versions().list({ after, limit: limit + 1 });
        const { rows, page } = pageOf(found, { limit, filters: kind, markOf: ({ name }) => name });
        return { body: { data: rows.map((row) => versionView(kind, row)), page } };
      },
    }),
    defineRoute({
      ...shared,
      path: `${folder}/{name}`,
      operationId: `get${words.one}`,
      summary: 'The version in force',
      params: policyParams,
      answers: { 200: { description: 'The version', schema: view } },
      problems: [absent],
      handle: async ({ params: { name } }) => ({
        body: versionView(kind, await findInForce(versions(), { kind, name, absent })),
      }),
    }),
    defineRoute({
      ...shared,
      path: `${folder}/{name}/versions`,
      operationId: `list${words.one}Versions`,
      summary: 'Every version, newest first',
      params: policyParams,
      query: pageQuery,
      answers: { 200: { description: 'One page', schema: pageView } },
      problems: [absent, 'cursor_invalid'],
      async handle({ params: { name }, query: { limit, cursor } }) {
        const filters = { kind, name };
        const before = decodeCursor(cursor, { filters, mark: versionMark });
        const found = await versions().versions(name, { before, limit: limit + 1 });
        if (found.length === 0 && before === null) throw new Problem(absent, `There is no ${kind} ${name}`);
        const { rows, page } = pageOf(found, { limit, filters, markOf: ({ version }) => version });
        return { body: { data: rows.map((row) => versionView(kind, row)), page } };
      },
    }),
    defineRoute({
      ...shared,
      path: `${folder}/{name}/versions/{version}`,
      operationId: `get${words.one}Version`,
      summary: 'One version',
      params: versionParams,
      answers: { 200: { description: 'The version', schema: view } },
      problems: [absent],
      async handle({ params: { name, version } }) {
        const found = await versions().version(name, version);
        if (found) return { body: versionView(kind, found) };
        throw new Problem(absent, `There is no version ${version} of ${kind} ${name}`);
      },
    }),
  ];
}
