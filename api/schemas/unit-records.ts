/** How the record of a containment run is shown: its units, and what was sent and answered. */
import { z } from 'zod';
import { UNIT_OUTCOMES, UNIT_PURPOSES } from '../../domain/unit.ts';
import { cursor, instant, limit, markedId, markedInstant, page } from './common.ts';
import { runParams } from './containments.ts';

export const unitView = z
  .object({
    id: z.string(),
    step: z.string(),
    commandIndex: z.int(),
    agent: z.string().nullable(),
    target: z.string().nullable(),
    purpose: z.enum(UNIT_PURPOSES),
    effect: z.object({ name: z.string(), key: z.string() }).nullable(),
    isChange: z.boolean(),
    state: z.enum(['claimed', 'sending', 'done']),
    outcome: z.enum(UNIT_OUTCOMES).nullable(),
    reason: z.string().nullable(),
    attempts: z.int(),
    requestHash: z.string().nullable(),
    answerHash: z.string().nullable(),
    startedAt: instant,
    sentAt: instant.nullable(),
    endedAt: instant.nullable(),
  })
  .openapi('ContainmentUnit');
export type UnitView = z.output<typeof unitView>;
export const unitPage = z.object({ data: z.array(unitView), page }).openapi('ContainmentUnitPage');
export const unitQuery = z.strictObject({ limit, cursor });
export const unitMark = z.strictObject({ at: markedInstant, id: markedId });

export const artifactParams = runParams.extend({
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 lower-case hexadecimal digits'),
});
export const artifactView = z
  .object({
    hash: z.string(),
    sizeBytes: z.int().openapi({ description: 'Of the whole' }),
    text: z.string().optional(),
    base64: z.string().optional().openapi({ description: 'Where it is no UTF-8' }),
  })
  .openapi('ContainmentArtifact', {
    example: {
      hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      sizeBytes: 28,
      text: '{"host":"ws-1042","on":true}',
    },
  });
