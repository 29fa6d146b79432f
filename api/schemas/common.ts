/** Words that several schemas share. */
import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { HOLD_REASONS, isStandardClock, LEVELS, PRIORITIES, STANDARD_CLOCKS } from '../../domain/policy.ts';
import { PROBLEM_EXAMPLE } from './examples.ts';

extendZodWithOpenApi(z);

/** RFC 3339 with an offset, as text: a time without one means a different instant to everybody. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time with an offset, such as 2026-01-31T09:00:00Z' })
  .openapi({ format: 'date-time', example: '2026-01-31T09:00:00Z' });

/** As `instant`, read to epoch milliseconds. Not before 1970: nothing we keep is older, and year 0 has no storage. */
export const instantMs = instant
  .refine((text) => !(Date.parse(text) < 0), { error: 'must be in 1970 or later' })
  .transform((text) => Date.parse(text));

/** An amount of time in an answer. */
export const seconds = z.number().openapi({ description: 'Seconds, exact to the millisecond' });

export const priority = z.enum(PRIORITIES);
export const level = z.enum(LEVELS);
export const holdReason = z.enum(HOLD_REASONS);
/** A standard clock, or one that the policy anchors on marks of its own. */
export const clockName = z
  .string()
  .max(100)
  .refine((name) => isStandardClock(name) || name.includes('-'), {
    error: `is neither a standard clock (${STANDARD_CLOCKS.join(', ')}) nor a policy's own, whose name has a hyphen`,
  })
  .openapi({ description: 'A standard clock, or one of the policy’s own', examples: [...STANDARD_CLOCKS] });
/** What a clock measures: what the desk promised, or a duty of law that outlives the ticket. */
export const clockKind = z.enum(['promise', 'law']);
export const word = z.string().trim().min(1).max(200);
export const freeText = z.string().min(1).max(20_000);
/** Shown as links: no `javascript:`, no `data:`. */
export const link = z
  .url({ protocol: /^https?$/, error: 'must be a URL that starts with https:// or http://' })
  .max(2000);
export const tierNumber = z.int().min(1).max(9);

/** Attributes of a ticket to set; null takes one away. The policy is chosen again by customer, service, category, type. */
export const attributeChanges = z
  .strictObject({
    type: word.optional(),
    customer: word.nullable().optional(),
    contract: word.nullable().optional(),
    service: word.nullable().optional(),
    configurationItem: word.nullable().optional(),
    site: word.nullable().optional(),
    category: word.nullable().optional(),
    symptom: word.nullable().optional(),
    affectedUsers: z.int().min(0).nullable().optional(),
    fingerprint: word.nullable().optional(),
  })
  .refine((changes) => Object.keys(changes).length > 0, { error: 'name at least one attribute to change' });

/** Whom the caller says it acts for; recorded beside the caller itself. */
export const actingFor = word.optional().openapi({ description: 'Whom the caller acts for, e.g. an agent' });

/** Who did something, as it was recorded. */
export const actorView = z.object({
  subject: z.string().openapi({ description: 'Who was authenticated' }),
  role: z.string(),
  person: z.string().optional().openapi({ description: 'Whose personal key it was' }),
  actingFor: z.string().optional().openapi({ description: 'Whom it said it acts for' }),
});

/** What the marks in cursors are made of: what the database can compare with. */
export const markedInstant = z.int().min(0).max(Date.parse('9999-12-31T23:59:59.999Z'));
export const markedId = z
  .string()
  .max(500)
  .regex(/^[^\0]*$/);
export const markedCount = z.int().min(0).max(2_147_483_647);

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

const fault = z.object({
  pointer: z.string().optional().openapi({ description: 'JSON pointer (RFC 6901) into the body' }),
  parameter: z.string().optional().openapi({ description: 'Name of the query parameter or header' }),
  code: z.string().openapi({ description: 'Stable' }),
  message: z.string(),
});

export const problemSchema = z
  .object({
    type: z.string().openapi({ description: 'Where the code is explained' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().openapi({ description: 'Stable; all of them are listed at /docs/problems' }),
    instance: z.string().openapi({ description: 'What was asked for' }),
    requestId: z.string().openapi({ description: 'As in X-Request-Id; names the request in the logs' }),
    state: z
      .string()
      .optional()
      .openapi({ description: 'The state the ticket is in, where that is the reason' }),
    ticketId: z.string().optional().openapi({ description: 'The other ticket, where there is one' }),
    limit: z
      .int()
      .optional()
      .openapi({ description: 'How many tickets the agent may have, where that is the reason' }),
    inProgress: z.int().optional().openapi({ description: 'How many the agent has' }),
    reserved: z.int().optional().openapi({ description: 'How many the agent is about to get' }),
    errors: z
      .array(fault)
      .optional()
      .openapi({ description: 'Everything wrong with the request, at most 50' }),
  })
  .openapi('Problem', {
    description: 'RFC 9457',
    example: PROBLEM_EXAMPLE,
  });
