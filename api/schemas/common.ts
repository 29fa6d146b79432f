/** Words that several schemas share. */
import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { HOLD_REASONS, LEVELS, PRIORITIES } from '../../domain/policy.ts';

extendZodWithOpenApi(z);

/** RFC 3339 with an offset, as text: a time without one means a different instant to everybody. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time with an offset, such as 2026-01-31T09:00:00Z' })
  .openapi({ format: 'date-time', example: '2026-01-31T09:00:00Z' });

/** As `instant`, read to epoch milliseconds. */
export const instantMs = instant.transform((text) => Date.parse(text));

export const priority = z.enum(PRIORITIES);
export const level = z.enum(LEVELS);
export const holdReason = z.enum(HOLD_REASONS);
export const word = z.string().trim().min(1).max(200);
export const freeText = z.string().min(1).max(20_000);
export const tierNumber = z.int().min(1).max(9);

/** Whom the caller says it acts for; recorded beside the caller itself. */
export const actingFor = word.optional().openapi({ description: 'Whom the caller acts for, e.g. an agent' });

export const cursor = z
  .string()
  .max(500)
  .optional()
  .openapi({ description: '`page.nextCursor` of the page before' });
export const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(200)
  .default(50)
  .openapi({ type: 'integer', minimum: 1, maximum: 200, default: 50 });

export const page = z
  .object({ hasMore: z.boolean(), nextCursor: z.string().nullable() })
  .openapi('Page', { description: 'Send `nextCursor` as `cursor` for the next page' });

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().openapi({ description: 'Stable; see the list of problems' }),
    instance: z.string(),
    requestId: z.string(),
    state: z.string().optional(),
    ticketId: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem', { description: 'RFC 9457' });
