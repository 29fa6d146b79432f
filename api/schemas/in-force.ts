/** What is in force: which run holds which effect on which target. */
import { z } from 'zod';
import { cursor, instant, limit, page, word } from './common.ts';

const HOLD_STATES = ['acquiring', 'held', 'releasing', 'uncertain', 'released'] as const;
const RELEASED_BECAUSE = ['undone', 'stillHeld', 'neverThere'] as const;

export const IN_FORCE_EXAMPLE = {
  effect: 'hostIsolated',
  target: 'h-1042.example.com',
  run: 'run_0199b6d2',
  ticket: 'tkt_0199b6d1',
  state: 'held',
  since: '2026-01-31T09:00:00.000Z',
  snapshotHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  releasedAt: null,
  releasedBecause: null,
} as const;

const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .optional();

export const inForceQuery = z.strictObject({
  ticket: z.string().min(1).max(500).optional().openapi({ description: 'Our id, or `system:id`' }),
  run: word.optional(),
  effect: word.optional(),
  target: z.string().min(1).max(2000).optional().openapi({ description: 'As the register has it' }),
  released: flag.openapi({
    type: 'string',
    enum: ['true', 'false'],
    description: '`true`: also what is not held any more',
  }),
  limit,
  cursor,
});

/** The id of a row: a bigint, as text. */
export const inForceMark = z.strictObject({ id: z.string().regex(/^\d{1,18}$/) });

const holdView = z
  .object({
    effect: z.string(),
    target: z.string().openapi({ description: 'Its key: one for all ways to write it' }),
    run: z.string(),
    ticket: z.string(),
    state: z
      .enum(HOLD_STATES)
      .openapi({ description: '`uncertain`: it may be in force, and somebody has to look' }),
    since: instant,
    snapshotHash: z
      .string()
      .nullable()
      .openapi({ description: 'SHA-256 of what was read before: how things were' }),
    releasedAt: instant.nullable(),
    releasedBecause: z.enum(RELEASED_BECAUSE).nullable(),
  })
  .openapi('Hold', { example: IN_FORCE_EXAMPLE });

export const inForcePage = z.object({ data: z.array(holdView), page }).openapi('InForcePage');
