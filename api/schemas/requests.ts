/** Bodies of the requests on a ticket, and what each asks of the engine. */
import { z } from 'zod';
import type { CommandType } from '../../domain/commands.ts';
import type { AttributeChanges } from '../../domain/events.ts';
import { priorityOf, type Level } from '../../domain/policy.ts';
import { attributeChanges, freeText, holdReason, level, priority, word } from './common.ts';
import { HANDOFF_REQUESTS } from './handoff-requests.ts';
import { comment, common, spec, type RequestSpec } from './request-spec.ts';
import { SECURITY_REQUESTS } from './security-requests.ts';
import { TOGETHER_REQUESTS } from './together-requests.ts';

const priorityOrMatrix = z
  .strictObject({
    priority: priority.optional(),
    impact: level.optional(),
    urgency: level.optional(),
    comment,
    ...common,
  })
  .refine(({ priority: p, impact, urgency }) => (p ? !impact && !urgency : impact && urgency), {
    error: 'send either priority, or impact and urgency together',
    path: ['priority'],
  });

const assignment = z
  .strictObject({
    assignee: word.nullable().optional(),
    team: word.nullable().optional(),
    comment,
    ...common,
  })
  .refine(({ assignee, team }) => assignee !== undefined || team !== undefined, {
    error: 'send assignee, team, or both',
    path: ['assignee'],
  });

const resolutionBody = z
  .strictObject({
    resolution: freeText.optional(),
    causeCode: word.optional().openapi({ description: 'One of the policy’s, where it lists any' }),
    article: word.optional().openapi({ description: 'The article with the solution' }),
    needsArticle: z
      .literal(true)
      .optional()
      .openapi({ description: 'Somebody has to write one: opens a task' }),
    resolveChildren: z.literal(true).optional().openapi({
      description: 'Resolve the tickets of the major incident with it',
    }),
    ...common,
  })
  .refine(({ article, needsArticle }) => !(article && needsArticle), {
    error: 'send article or needsArticle, not both',
    path: ['needsArticle'],
  });

/** What is asked of one ticket by name; a change of rules is asked of many, and a queue is pulled, elsewhere. */
export type TicketRequest = Exclude<CommandType, 'changeRules' | 'take'>;

export const REQUESTS: Record<TicketRequest, RequestSpec> = {
  acknowledge: spec({
    path: 'acknowledge',
    summary: 'Say that somebody looks at it; never a first response',
    body: z.strictObject({ comment, ...common }),
    example: { comment: 'Looking at it.' },
    refusals: ['already_acknowledged'],
    command: () => ({ type: 'acknowledge' }),
  }),
  assign: spec({
    path: 'assign',
    summary: 'Give it to a person or a team of the tier',
    body: assignment,
    example: { assignee: 'agent-17', team: 'network' },
    refusals: [],
    command: ({ assignee, team }) => ({
      type: 'assign',
      ...(assignee !== undefined && { assignee }),
      ...(team !== undefined && { team }),
    }),
  }),
  reply: spec({
    path: 'reply',
    summary: 'Public message of an agent; stops the first response clock',
    body: z.strictObject({ text: freeText, ...common }),
    example: { text: 'We have found the cause and are working on it.' },
    refusals: [],
    command: () => ({ type: 'reply' }),
  }),
  note: spec({
    path: 'note',
    summary: 'Internal message',
    body: z.strictObject({ text: freeText, ...common }),
    example: { text: 'Same switch as last week.' },
    refusals: [],
    command: () => ({ type: 'note' }),
  }),
  hold: spec({
    path: 'hold',
    summary: 'Wait for the customer, a vendor, or something internal',
    body: z.strictObject({ reason: holdReason, comment, ...common }),
    example: { reason: 'vendor', comment: 'Waiting for a replacement line card.' },
    refusals: ['ticket_resolved', 'already_on_hold', 'public_question_missing'],
    command: ({ reason }) => ({ type: 'hold', reason }),
  }),
  resume: spec({
    path: 'resume',
    summary: 'Stop waiting: for one reason, or altogether',
    body: z.strictObject({ reason: holdReason.optional(), comment, ...common }),
    example: { reason: 'vendor' },
    refusals: ['not_on_hold'],
    command: ({ reason }) => ({ type: 'resume', ...(reason && { reason }) }),
  }),
  prioritise: spec({
    path: 'prioritise',
    summary: 'Change the priority, directly or by impact and urgency',
    body: priorityOrMatrix,
    example: { impact: 'high', urgency: 'medium' },
    refusals: ['same_priority'],
    command: ({ priority: wanted, impact, urgency }, policy) => ({
      type: 'prioritise',
      priority: wanted ?? priorityOf(policy, impact as Level, urgency as Level),
      ...(impact && { impact }),
      ...(urgency && { urgency }),
    }),
  }),
  ...HANDOFF_REQUESTS,
  ...TOGETHER_REQUESTS,
  ...SECURITY_REQUESTS,
  resolve: spec({
    path: 'resolve',
    summary: 'Say that it is solved; stops the resolution clock',
    body: resolutionBody,
    example: { resolution: 'Line card replaced.', causeCode: 'hardware', needsArticle: true },
    refusals: ['ticket_resolved', 'cause_code_missing', 'cause_code_unknown', 'article_missing'],
    command: ({ causeCode, article, needsArticle, resolveChildren }) => ({
      type: 'resolve',
      ...(causeCode && { causeCode }),
      ...(article && { article }),
      ...(needsArticle && { needsArticle }),
      ...(resolveChildren && { children: true as const }),
    }),
  }),
  reopen: spec({
    path: 'reopen',
    summary: 'Say that it is not solved after all',
    body: z.strictObject({ reason: freeText, ...common }),
    example: { reason: 'It fails again.' },
    refusals: ['ticket_not_resolved'],
    command: () => ({ type: 'reopen' }),
  }),
  close: spec({
    path: 'close',
    summary: 'End a resolved ticket; nothing reopens it',
    description:
      'Where the policy says so, one whose review is not closed stays resolved; a lead may close it with `override` and ' +
      'a reason, and both are in the ledger and in the log of the review.',
    body: z.strictObject({
      comment,
      reason: freeText.optional(),
      override: z.literal(true).optional().openapi({ description: 'Before its review is closed' }),
      ...common,
    }),
    example: {},
    refusals: ['ticket_not_resolved', 'review_open', 'reason_missing', 'override_not_allowed'],
    command: ({ override, reason }) => ({
      type: 'close',
      ...(override && { override, isReasoned: reason !== undefined }),
    }),
  }),
  cancel: spec({
    path: 'cancel',
    summary: 'End it without a resolution; its clocks are cancelled',
    body: z.strictObject({ reason: freeText, ...common }),
    example: { reason: 'Opened twice.' },
    refusals: ['review_open'],
    command: () => ({ type: 'cancel' }),
  }),
  update: spec({
    method: 'patch',
    path: '',
    summary: 'Correct what it is about; another customer, service, category or type may mean another policy',
    body: z.strictObject({ changes: attributeChanges, comment, ...common }),
    example: { changes: { customer: 'northwind', category: 'network' } },
    refusals: ['nothing_changed'],
    command: ({ changes }) => ({ type: 'update', changes: changes as AttributeChanges }),
  }),
};

/** Where `reason` is a word of the engine rather than somebody's own words. */
const REASON_IS_A_WORD: ReadonlySet<CommandType> = new Set(['hold', 'resume']);

/** The free text in a body, if any: kept erasable, and out of the engine. A packet is text, item by item. */
export function textOf(
  type: TicketRequest,
  body: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const names = ['text', 'comment', 'resolution', ...(REASON_IS_A_WORD.has(type) ? [] : ['reason'])];
  const texts = names.flatMap((name) =>
    typeof body[name] === 'string' ? [[name, body[name]] as const] : [],
  );
  const packet = body['packet'] as Record<string, unknown> | undefined;
  if (texts.length === 0 && !packet) return undefined;
  return { ...Object.fromEntries(texts), ...(packet && { packet }) };
}
