/** Routes of suggestions for improvement. */
import { uuidv7 } from 'uuidv7';
import type { Actor } from '../domain/events.ts';
import type { SuggestionStep } from '../domain/suggestion.ts';
import { STEPS } from '../domain/suggestion.ts';
import type { Engagement, SuggestionRecord } from '../prisma/suggestions.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { takeIn } from './intake.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { CREATE_SUGGESTION_EXAMPLE } from './schemas/proactive-examples.ts';
import {
  acceptBody,
  createSuggestionBody,
  declineBody,
  deliverBody,
  engageBody,
  linkTicketBody,
  suggestionMark,
  suggestionPage,
  suggestionParams,
  suggestionQuery,
  suggestionView,
} from './schemas/suggestions.ts';

const TICKETS_SHOWN = 200;
const pathOf = (id: string): string => `/v1/suggestions/${id}`;

function summaryOf({ tickets, shares, createdAt, updatedAt, ...row }: SuggestionRecord) {
  const spent = Object.entries(shares).map(([owner, ms]) => [owner, ms / 1000] as const);
  return {
    ...row,
    ticketCount: tickets,
    timeByOwner: Object.fromEntries(spent),
    timeSpent: Object.values(shares).reduce((sum, ms) => sum + ms, 0) / 1000,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    links: { self: pathOf(row.id) },
  };
}

async function find({ suggestions }: ApiDeps, id: string, sight: Sight): Promise<SuggestionRecord> {
  const found = await suggestions.get(id, sight);
  if (found) return found;
  throw new Problem('suggestion_not_found', `There is no suggestion ${id}`);
}

async function viewOf(deps: ApiDeps, id: string, sight: Sight) {
  const tickets = await deps.suggestions.ticketIds(id, { limit: TICKETS_SHOWN, sight });
  return { ...summaryOf(await find(deps, id, sight)), tickets };
}

const actorOf = (actor: Actor, actingFor: string | undefined): Actor =>
  actingFor ? { ...actor, actingFor } : actor;

/** Takes a step; one that was taken already, in the same words, is the same as once. */
async function take(
  deps: ApiDeps,
  id: string,
  {
    step,
    sight,
    ...how
  }: {
    step: SuggestionStep;
    by: Actor;
    sight: Sight;
    reason?: string | undefined;
    engagement?: Engagement;
  },
) {
  const before = await find(deps, id, sight);
  const isRepeat = before.state === STEPS[step].to && step !== 'engage';
  if (!isRepeat && !(await deps.suggestions.take(id, step, how))) {
    const { state } = await find(deps, id, sight);
    throw new Problem('suggestion_state', `Suggestion ${id} is ${state}; it cannot be ${STEPS[step].to} now`);
  }
  return { body: await viewOf(deps, id, sight) };
}

function readingRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'get', operation: 'suggestion.read', tag: 'proactive work' } as const;
  return [
    defineRoute({
      ...shared,
      path: '/v1/suggestions',
      operationId: 'listSuggestions',
      summary: 'Suggestions for improvement, newest first',
      query: suggestionQuery,
      answers: { 200: { description: 'One page', schema: suggestionPage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor, ...filters }, sight }) {
        const after = decodeCursor(cursor, { filters, mark: suggestionMark });
        const found = await deps.suggestions.list(filters, { after, limit: limit + 1, sight });
        const { rows, page } = pageOf(found, {
          limit,
          filters,
          markOf: ({ createdAt, id }) => ({ at: createdAt.getTime(), id }),
        });
        return { body: { data: rows.map(summaryOf), page } };
      },
    }),
    defineRoute({
      ...shared,
      path: '/v1/suggestions/{suggestionId}',
      operationId: 'getSuggestion',
      summary: 'A suggestion, the tickets that prove it, and what they cost',
      params: suggestionParams,
      answers: { 200: { description: 'The suggestion', schema: suggestionView } },
      problems: ['suggestion_not_found'],
      handle: async ({ params, sight }) => ({ body: await viewOf(deps, params.suggestionId, sight) }),
    }),
  ];
}

function writingRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'post', operation: 'suggestion.write', tag: 'proactive work' } as const;
  return [
    defineRoute({
      ...shared,
      path: '/v1/suggestions',
      operationId: 'createSuggestion',
      summary: 'Suggest an improvement',
      body: createSuggestionBody,
      example: CREATE_SUGGESTION_EXAMPLE,
      answers: {
        201: {
          description: 'The suggestion',
          schema: suggestionView,
          headers: { Location: 'Where the suggestion is' },
        },
      },
      problems: ['idempotency_key_reused'],
      async handle({ body, actor, sight, idempotencyKey }) {
        const { actingFor, title, text } = body;
        // The receipt of the key holds the suggestion's id as it does a ticket's.
        const { ticketId: id, replayed } = await takeIn(deps.intake, {
          actor,
          method: 'POST',
          path: '/v1/suggestions',
          idempotencyKey,
          ticketId: `sug_${uuidv7().replaceAll('-', '')}`,
          body,
        });
        await deps.suggestions.create({ id, title, text, by: actorOf(actor, actingFor) });
        const headers = { location: pathOf(id), ...(replayed && { 'idempotency-replayed': 'true' }) };
        return { status: 201, headers, body: await viewOf(deps, id, sight) };
      },
    }),
    defineRoute({
      ...shared,
      path: '/v1/suggestions/{suggestionId}/link-ticket',
      operationId: 'linkSuggestionTicket',
      summary: 'Say that a ticket proves it',
      description: 'The ticket is told, once: its timeline has the link, also where it is closed.',
      params: suggestionParams,
      body: linkTicketBody,
      example: { ticket: 'zendesk:1042' },
      answers: { 200: { description: 'The suggestion', schema: suggestionView } },
      problems: ['suggestion_not_found', 'ticket_not_found', 'ticket_not_opened_yet'],
      async handle({ params: { suggestionId: id }, body: { ticket: name, actingFor }, actor, sight }) {
        await find(deps, id, sight);
        const ticket = await findTicket(deps, name, sight);
        const by = actorOf(actor, actingFor);
        await deps.suggestions.link(id, ticket.id, by);
        await deps.engine.tell(ticket.id, [
          {
            type: 'linked',
            id: `suggestion/${id}`,
            occurredAt: (deps.now ?? Date.now)(),
            actor: by,
            relation: 'suggestion',
            reference: id,
            url: pathOf(id),
          },
        ]);
        return { body: await viewOf(deps, id, sight) };
      },
    }),
  ];
}

function decidingRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'post', operation: 'suggestion.decide', tag: 'proactive work' } as const;
  const answers = { 200: { description: 'The suggestion', schema: suggestionView } };
  const path = '/v1/suggestions/{suggestionId}';
  const common = { ...shared, params: suggestionParams, answers } as const;
  return [
    defineRoute({
      ...common,
      path: `${path}/accept`,
      operationId: 'acceptSuggestion',
      summary: 'Accept it: it is worth doing',
      body: acceptBody,
      example: { reason: 'Four tickets a week' },
      problems: ['suggestion_not_found', 'suggestion_state'],
      handle: ({ params: { suggestionId }, body: { actingFor, reason }, actor, sight }) =>
        take(deps, suggestionId, { step: 'accept', sight, by: actorOf(actor, actingFor), reason }),
    }),
    defineRoute({
      ...common,
      path: `${path}/decline`,
      operationId: 'declineSuggestion',
      summary: 'Decline it, with a reason; it may be accepted later all the same',
      body: declineBody,
      example: { reason: 'The gateway is replaced in spring' },
      problems: ['suggestion_not_found', 'suggestion_state'],
      handle: ({ params: { suggestionId }, body: { actingFor, reason }, actor, sight }) =>
        take(deps, suggestionId, { step: 'decline', sight, by: actorOf(actor, actingFor), reason }),
    }),
    defineRoute({
      ...common,
      path: `${path}/engage`,
      operationId: 'engageSuggestion',
      summary: 'Say which team builds it, and under what reference; again where another team takes over',
      body: engageBody,
      example: { reference: 'DEV-311', team: 'gateway' },
      problems: ['suggestion_not_found', 'suggestion_state'],
      handle: ({ params: { suggestionId }, body: { actingFor, ...engagement }, actor, sight }) =>
        take(deps, suggestionId, { step: 'engage', sight, by: actorOf(actor, actingFor), engagement }),
    }),
    defineRoute({
      ...common,
      path: `${path}/deliver`,
      operationId: 'deliverSuggestion',
      summary: 'Say that it is there',
      body: deliverBody,
      example: {},
      problems: ['suggestion_not_found', 'suggestion_state'],
      handle: ({ params: { suggestionId }, body: { actingFor, reason }, actor, sight }) =>
        take(deps, suggestionId, { step: 'deliver', sight, by: actorOf(actor, actingFor), reason }),
    }),
  ];
}

export const suggestionRoutes = (deps: ApiDeps): Route[] => [
  ...readingRoutes(deps),
  ...writingRoutes(deps),
  ...decidingRoutes(deps),
];
