/** The record of a containment run: each unit with what became of it, and what was sent and answered. */
import type { UnitRecord } from '../prisma/units.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { runParams } from './schemas/containments.ts';
import {
  artifactParams,
  artifactView,
  unitMark,
  unitPage,
  unitQuery,
  type UnitView,
} from './schemas/unit-records.ts';
import { findRun } from './show-run.ts';

const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

const viewOf = ({ run: _run, startedAt, sentAt, endedAt, ...unit }: UnitRecord): UnitView => ({
  ...unit,
  startedAt: startedAt.toISOString(),
  sentAt: isoOrNull(sentAt),
  endedAt: isoOrNull(endedAt),
});

/** UTF-8 where it is; else base64. */
function shownContent(content: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(content) };
  } catch {
    return { base64: Buffer.from(content).toString('base64') };
  }
}

export function containmentRecordRoutes(deps: ApiDeps): Route[] {
  const tag = 'containments';
  return [
    defineRoute({
      method: 'get',
      path: '/v1/containments/{containmentId}/units',
      operationId: 'listContainmentUnits',
      operation: 'containment.read',
      tag,
      summary: 'What was carried out, in the order in which it began, and what became of it',
      description:
        '`requestHash` and `answerHash` name what was sent and answered, kept with every secret masked.',
      params: runParams,
      query: unitQuery,
      answers: { 200: { description: 'One page', schema: unitPage } },
      problems: ['containment_not_found', 'cursor_invalid'],
      async handle({ params, query: { limit, cursor }, sight }) {
        const run = await findRun(deps, params.containmentId, sight);
        const filters = { run: run.id };
        const mark = decodeCursor(cursor, { filters, mark: unitMark });
        const after = mark && { at: new Date(mark.at), id: mark.id };
        const found = await deps.units.ofRun(run.id, { after, limit: limit + 1 });
        const markOf = ({ startedAt, id }: UnitRecord) => ({ at: startedAt.getTime(), id });
        const { rows, page } = pageOf(found, { limit, filters, markOf });
        return { body: { data: rows.map(viewOf), page } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/containments/{containmentId}/artifacts/{hash}',
      operationId: 'getContainmentArtifact',
      operation: 'containment.read',
      tag,
      summary: 'What was sent or answered, with every secret masked',
      params: artifactParams,
      answers: { 200: { description: 'The first mebibyte of it', schema: artifactView } },
      problems: ['containment_not_found', 'artifact_not_found'],
      async handle({ params: { containmentId, hash }, sight }) {
        const run = await findRun(deps, containmentId, sight);
        const artifact = (await deps.units.hasArtifact(run.id, hash)) ? await deps.artifacts.get(hash) : null;
        if (!artifact)
          throw new Problem(
            'artifact_not_found',
            `Run ${run.id} sent and was answered nothing with this hash`,
          );
        const { sizeBytes, content } = artifact;
        return { body: { hash, sizeBytes, ...shownContent(content) } };
      },
    }),
  ];
}
