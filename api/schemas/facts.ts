/** Facts: what happened elsewhere, posted in a batch. Each has its sender's own id and counts once. */
import { z } from 'zod';
import { ENGAGEMENTS, PARTICIPATIONS, RELATIONS } from '../../domain/collaborators.ts';
import {
  ARTICLE_MOMENTS,
  AUTHORS,
  PROBLEM_NEWS,
  PROMISES,
  TASK_CLOCKS,
  VISIBILITIES,
} from '../../domain/events.ts';
import { FACTS_ANSWER_EXAMPLE, FACTS_EXAMPLE } from './examples.ts';
import {
  attributeChanges,
  freeText,
  holdReason,
  instantMs,
  link,
  priority,
  tierNumber,
  word,
} from './common.ts';
import { packetItem } from './packet.ts';

const base = {
  id: word.openapi({ description: "The sender's own id of the fact; the same id counts once" }),
  occurredAt: instantMs.openapi({ description: 'When it happened, not when it is sent' }),
  actor: word.optional().openapi({ description: 'Who did it there' }),
};
const comment = freeText.optional();
const items = z.array(packetItem).max(50);
const words = z.array(word).max(100);

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
      kind: z.enum(ENGAGEMENTS).optional(),
      reference: word.optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('vendorAsked'),
      ...base,
      engagement: word,
      reference: word.optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('vendorReturned'),
      ...base,
      engagement: word.optional(),
      outcome: word.optional(),
      comment,
    }),
    z.strictObject({ type: z.literal('prioritised'), ...base, priority, comment }),
    z.strictObject({
      type: z.literal('handoffOffered'),
      ...base,
      toTier: tierNumber,
      team: word.optional(),
      items: items.optional().openapi({ description: 'What its packet has' }),
      articles: words.optional(),
      missing: items.optional(),
      comment,
    }),
    z.strictObject({ type: z.literal('handoffAccepted'), ...base, comment }),
    z.strictObject({ type: z.literal('handoffReturned'), ...base, missing: items.optional(), comment }),
    z.strictObject({ type: z.literal('handoffWithdrawn'), ...base, comment }),
    z.strictObject({
      type: z.literal('packetWritten'),
      ...base,
      items,
      articles: words.optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('consultAsked'),
      ...base,
      consult: word,
      toTier: tierNumber.optional(),
      team: word.optional(),
      agent: word.optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('consultAnswered'),
      ...base,
      consult: word,
      solved: z.boolean().optional(),
      comment,
    }),
    z.strictObject({ type: z.literal('consultWithdrawn'), ...base, consult: word, comment }),
    z.strictObject({
      type: z.literal('joined'),
      ...base,
      agent: word,
      as: z.enum(PARTICIPATIONS),
      skills: words.optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('left'),
      ...base,
      agent: word,
      as: z.enum(PARTICIPATIONS).optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('linked'),
      ...base,
      relation: z.enum(RELATIONS),
      reference: word,
      url: link.max(200).optional(),
      comment,
    }),
    z.strictObject({
      type: z.literal('unlinked'),
      ...base,
      relation: z.enum(RELATIONS),
      reference: word,
      comment,
    }),
    z.strictObject({ type: z.literal('reproduced'), ...base, environment: word, comment }),
    z.strictObject({
      type: z.literal('rated'),
      ...base,
      score: z.number().min(0),
      outOf: z.number().positive(),
      comment,
    }),
    z.strictObject({
      type: z.literal('updateDrafted'),
      ...base,
      draft: word,
      template: word.optional(),
      text: freeText.optional(),
    }),
    z.strictObject({ type: z.literal('majorDeclared'), ...base, commander: word.optional(), comment }),
    z.strictObject({
      type: z.literal('checklistAttached'),
      ...base,
      procedure: word,
      version: z.int().min(1),
      items: words,
      comment,
    }),
    z.strictObject({ type: z.literal('checklistItemDone'), ...base, item: word, comment }),
    z.strictObject({
      type: z.literal('articlesOffered'),
      ...base,
      articles: words,
      at: z.enum(ARTICLE_MOMENTS),
      comment,
    }),
    z.strictObject({
      type: z.literal('problemNoted'),
      ...base,
      problem: word,
      news: z.enum(PROBLEM_NEWS),
      comment,
    }),
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
    z.strictObject({
      type: z.literal('resolved'),
      ...base,
      causeCode: word.optional(),
      article: word.optional(),
      needsArticle: z.literal(true).optional(),
      comment,
    }),
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
