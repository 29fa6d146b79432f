/** Suggestions for improvement. */
import { z } from 'zod';
import { SUGGESTION_STATES } from '../../domain/suggestion.ts';
import { actingFor, cursor, instant, limit, markedId, markedInstant, page, seconds, word } from './common.ts';
import { CREATE_SUGGESTION_EXAMPLE, SUGGESTION_EXAMPLE } from './proactive-examples.ts';
import { writer } from './procedures.ts';

export const createSuggestionBody = z
  .strictObject({
    title: z.string().trim().min(1).max(500),
    text: z.string().max(20_000).default(''),
    actingFor,
  })
  .openapi('CreateSuggestion', { example: CREATE_SUGGESTION_EXAMPLE });

export const suggestionParams = z.object({
  suggestionId: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .openapi({ example: SUGGESTION_EXAMPLE.id }),
});

const state = z.enum(SUGGESTION_STATES);
export const suggestionQuery = z.strictObject({ state: state.optional(), limit, cursor });
export const suggestionMark = z.strictObject({ at: markedInstant, id: markedId });

export const linkTicketBody = z
  .strictObject({
    ticket: z.string().min(1).max(500).openapi({ description: 'Our id, or `system:id`' }),
    actingFor,
  })
  .openapi('LinkSuggestionTicket');
const reason = z.string().trim().min(1).max(2000);
export const acceptBody = z
  .strictObject({ reason: reason.optional(), actingFor })
  .openapi('AcceptSuggestion');
export const declineBody = z.strictObject({ reason, actingFor }).openapi('DeclineSuggestion');
export const engageBody = z
  .strictObject({
    reference: word.openapi({ description: 'What the team calls it' }),
    team: word,
    actingFor,
  })
  .openapi('EngageSuggestion');
export const deliverBody = z
  .strictObject({ reason: reason.optional(), actingFor })
  .openapi('DeliverSuggestion');

const shared = {
  id: z.string(),
  title: z.string(),
  text: z.string(),
  state,
  reason: z.string().nullable().openapi({ description: 'What was said with the last step' }),
  engagement: z.object({ reference: z.string(), team: z.string() }).nullable(),
  ticketCount: z.int().openapi({ description: 'Tickets that prove it' }),
  timeByOwner: z
    .record(z.string(), seconds)
    .openapi({ description: 'What these tickets cost: their open time by who owned it, in seconds' }),
  timeSpent: seconds.openapi({ description: 'The sum of it' }),
  createdBy: writer,
  changedBy: writer,
  createdAt: instant,
  updatedAt: instant,
  links: z.object({ self: z.string() }),
};

export const suggestionView = z
  .object({
    ...shared,
    tickets: z.array(z.string()).openapi({ description: 'The last 200 that were linked, newest first' }),
  })
  .openapi('Suggestion', { example: SUGGESTION_EXAMPLE });
export const suggestionPage = z.object({ data: z.array(z.object(shared)), page }).openapi('SuggestionPage');
