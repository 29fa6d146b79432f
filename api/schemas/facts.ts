/** Facts: what happened elsewhere, posted in a batch. Each has its sender's own id and counts once. */
import { z } from 'zod';
import { AUTHORS, PROMISES, TASK_CLOCKS, VISIBILITIES } from '../../domain/events.ts';
import { FACTS_ANSWER_EXAMPLE, FACTS_EXAMPLE } from './examples.ts';
import { attributeChanges, freeText, holdReason, instantMs, priority, tierNumber, word } from './common.ts';

const base = {
  id: word.openapi({ description: "The sender's own id of the fact; the same id counts once" }),
  occurredAt: instantMs.openapi({ description: 'When it happened, not when it is sent' }),
  actor: word.optional().openapi({ description: 'Who did it there' }),
};
const comment = freeText.optional();

export const factBody = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('acknowledged'), ...base, comment }),
    z.strictObject({
      type: z.literal('assigned'),
      ...base,
      assignee: word.nullable().optional(),
      team: word.nullable().optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('messageAdded'),
      ...base,
      author: z.enum(AUTHORS),
      visibility: z.enum(VISIBILITIES),
      text: freeText.optional(),
    }),
    z.strictObject({ type: z.literal('held'), ...base, reason: holdReason, comment }),
    z.strictObject({ type: z.literal('resumed'), ...base, reason: holdReason.optional(), comment }),
    z.strictObject({
      type: z.literal('vendorEngaged'),
      ...base,
      engagement: word,
      vendor: word.optional(),
      comment,
    }),
    z.strictObject({ type: z.literal('vendorReturned'), ...base, engagement: word.optional(), comment }),
    z.strictObject({ type: z.literal('prioritised'), ...base, priority, comment }),
    z.strictObject({
      type: z.literal('handoffOffered'),
      ...base,
      toTier: tierNumber,
      team: word.optional(),
      comment,
    }),
    z.strictObject({ type: z.literal('handoffAccepted'), ...base, comment }),
    z.strictObject({ type: z.literal('handoffReturned'), ...base, comment }),
    z.strictObject({
      type: z.literal('consultAsked'),
      ...base,
      consult: word,
      toTier: tierNumber.optional(),
      team: word.optional(),
      comment,
    }),
    z.strictObject({ type: z.literal('consultAnswered'), ...base, consult: word, comment }),
    z.strictObject({ type: z.literal('restored'), ...base, comment }),
    z.strictObject({
      type: z.literal('committed'),
      ...base,
      dueAt: instantMs.openapi({ description: 'The promised time' }),
      to: z.enum(PROMISES).optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('taskCreated'),
      ...base,
      task: word,
      clock: z.enum(TASK_CLOCKS),
      comment,
    }),
    z.strictObject({ type: z.literal('taskDone'), ...base, task: word, comment }),
    z.strictObject({ type: z.literal('marked'), ...base, mark: word, comment }),
    z.strictObject({ type: z.literal('attributesChanged'), ...base, changes: attributeChanges, comment }),
    z.strictObject({ type: z.literal('resolved'), ...base, causeCode: word.optional(), comment }),
    z.strictObject({ type: z.literal('reopened'), ...base, comment }),
    z.strictObject({ type: z.literal('closed'), ...base, comment }),
    z.strictObject({ type: z.literal('cancelled'), ...base, comment }),
  ])
  .openapi('Fact');
export type FactBody = z.output<typeof factBody>;

export const factsBody = z
  .strictObject({ events: z.array(factBody).min(1).max(100) })
  .openapi('Facts', { example: FACTS_EXAMPLE });

export const factsAnswer = z
  .object({
    accepted: z.array(z.string()).openapi({ description: 'Ids taken in' }),
    duplicates: z
      .array(z.string())
      .openapi({ description: 'Ids that were known, or came before in the same batch' }),
    spooled: z.boolean().openapi({ description: 'Kept until the workflow engine is back' }),
  })
  .openapi('FactsAnswer', { example: FACTS_ANSWER_EXAMPLE });
