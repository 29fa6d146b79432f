/** The breach register. */
import { z } from 'zod';
import {
  clockKind,
  clockName,
  cursor,
  instant,
  instantMs,
  limit,
  markedCount,
  markedId,
  markedInstant,
  page,
  priority,
} from './common.ts';
import { BREACH_EXAMPLE } from './examples.ts';

export const breachView = z
  .object({
    ticketId: z.string(),
    clock: clockName,
    kind: clockKind,
    cycle: z.int(),
    breachedAt: instant.openapi({ description: 'The deadline that was missed, to the millisecond' }),
    decidedAt: instant.openapi({ description: 'When the engine recorded it' }),
    withdrawn: z.boolean().openapi({ description: 'A late fact showed that the promise was kept' }),
    withdrawnAt: instant.nullable(),
    revision: z.int(),
    tier: z.int(),
    priority,
    customer: z.string().nullable(),
    policy: z.object({ name: z.string(), version: z.int() }),
    links: z.object({ ticket: z.string() }),
  })
  .openapi('Breach', { example: BREACH_EXAMPLE });
export type BreachView = z.input<typeof breachView>;

export const breachPage = z.object({ data: z.array(breachView), page }).openapi('BreachPage');

export const breachFilter = z.strictObject({
  clock: clockName.optional(),
  kind: clockKind.optional(),
  tier: z.coerce.number().int().min(1).max(9).optional().openapi({ type: 'integer', minimum: 1, maximum: 9 }),
  priority: priority.optional(),
  customer: z.string().max(200).optional(),
  breachedAfter: instantMs.optional(),
  breachedBefore: instantMs.optional(),
});

export const breachQuery = breachFilter.extend({ limit, cursor });

export const breachMark = z.strictObject({
  at: markedInstant,
  ticketId: markedId,
  clock: clockName,
  cycle: markedCount,
});
