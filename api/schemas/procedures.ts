/** Procedures: checklists in versions. */
import { z } from 'zod';
import { actingFor, actorView, cursor, instant, limit, markedCount, page, word } from './common.ts';
import { PROCEDURE_EXAMPLE, PUT_PROCEDURE_EXAMPLE } from './proactive-examples.ts';
import { ruleName } from './rule-changes.ts';

export const writer = actorView.openapi({ description: 'Who wrote it so' });

const item = z.strictObject({
  id: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'an id is letters, digits, dots, hyphens and underscores')
    .openapi({ description: 'Names the item for `complete-item`; unique within the procedure' }),
  text: z.string().trim().min(1).max(1000),
  required: z.boolean().default(true),
});

export const putProcedureBody = z
  .strictObject({
    title: word,
    items: z
      .array(item)
      .min(1)
      .max(100)
      .superRefine((items, context) => {
        for (const [i, { id }] of items.entries())
          if (items.findIndex((one) => one.id === id) < i)
            context.addIssue({ code: 'custom', path: [i, 'id'], message: `is the id of two items` });
      }),
    actingFor,
  })
  .openapi('PutProcedure', { example: PUT_PROCEDURE_EXAMPLE });

export const procedureParams = z.object({ procedure: ruleName });
export const procedureVersionParams = procedureParams.extend({
  version: z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform(Number)
    .openapi({ type: 'integer', minimum: 1, example: 2 }),
});

export const procedureView = z
  .object({
    name: z.string(),
    version: z.int(),
    current: z.boolean().openapi({ description: 'Whether new tickets get this version' }),
    title: z.string(),
    items: z.array(z.object({ id: z.string(), text: z.string(), required: z.boolean() })),
    createdBy: writer,
    createdAt: instant,
    links: z.object({ self: z.string(), versions: z.string() }),
  })
  .openapi('Procedure', { example: PROCEDURE_EXAMPLE });

export const procedurePage = z.object({ data: z.array(procedureView), page }).openapi('ProcedurePage');
export const procedureQuery = z.strictObject({ limit, cursor });
export const procedureVersionMark = markedCount;
