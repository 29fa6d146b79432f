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
  .openapi('ContainmentUnit', {
    example: {
      id: 'run_0192f3a4b5c6d7e8f9a0b1c2d3e4f5a6/2/act.0.0',
      step: 'action--0c2e6f3a-5b0e-4c57-9d3b-2f6f0d9f1a01',
      commandIndex: 0,
      agent: 'http-api--4a7d7b1e-21c5-4f0c-8a06-1f9b4f3f2d11',
      target: 'net-address--8c3e7f55-0d0a-4a9e-9f2d-5b1d6c2a7e90',
      purpose: 'act',
      effect: { name: 'hostIsolated', key: 'ws-1042' },
      isChange: true,
      state: 'done',
      outcome: 'succeeded',
      reason: null,
      attempts: 1,
      requestHash: 'd0c1ffee0000000000000000000000000000000000000000000000000000beef',
      answerHash: 'd0c1ffee0000000000000000000000000000000000000000000000000000cafe',
      startedAt: '2026-11-20T09:05:00.000Z',
      sentAt: '2026-11-20T09:05:00.010Z',
      endedAt: '2026-11-20T09:05:00.210Z',
    },
  });
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
      hash: 'd0c1ffee0000000000000000000000000000000000000000000000000000beef',
      sizeBytes: 45,
      text: '{"id":"ws-1042","state":"isolated","on":true}',
    },
  });
