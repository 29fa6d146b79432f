/** Routes that open and show tickets. */
import { rebuild } from '../domain/ticket.ts';
import { markOf } from '../prisma/tickets.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { etagOf, isKnownTo } from './headers.ts';
import { find, findTicket } from './lookup.ts';
import { createOpening } from './opening.ts';
import { defineRoute, type Reply, type Route } from './route.ts';
import { clocksView as clocksSchema } from './schemas/clocks.ts';
import { OPEN_TICKET_EXAMPLE } from './schemas/examples.ts';
import {
  openTicketBody,
  ticketMark,
  ticketPage,
  ticketParams,
  ticketQuery,
  ticketView as ticketSchema,
  waitingTicket,
  type TicketQuery,
} from './schemas/tickets.ts';
import { timelineMark, timelineQuery, timelineView } from './schemas/timeline.ts';
import { showTicket, showWaiting } from './show-ticket.ts';
import { clocksView, ticketView, timelineEvent } from './views.ts';

async function listTickets(deps: ApiDeps, query: TicketQuery, sight: Sight): Promise<Reply> {
  const { limit, cursor, sort, slaState, ...rest } = query;
  const filters = { sort, slaState, ...rest };
  const after = decodeCursor(cursor, { filters, mark: ticketMark });
  const filter = { ...rest, sight, ...(slaState && { breached: slaState === 'breached' }) };
  const found = await deps.tickets.list(filter, { sort, after, limit: limit + 1 });
  const { rows, page } = pageOf(found, { limit, filters, markOf: (row) => markOf(row, sort) });
  const texts = await deps.tickets.openingTexts(rows.map(({ id }) => id));
  return { body: { data: rows.map((row) => ticketView(row, texts.get(row.id))), page } };
}

const TAGGED = { ETag: 'The sequence of the ticket in quotes' };
const LOCATED = { Location: 'Where the ticket is' };
const RETRIED = { 'Retry-After': 'Seconds' };

export function ticketRoutes(deps: ApiDeps): Route[] {
  const open = createOpening(deps);
  return [
    defineRoute({
      method: 'post',
      path: '/v1/tickets',
      operationId: 'openTicket',
      operation: 'ticket.tell',
      tag: 'tickets',
      summary: 'Open a ticket',
      description:
        'Answers when the opening is in the ledger. While the workflow engine is away it answers 202: the ticket ' +
        'is kept and opened, with its true opening time, as soon as the engine is back.',
      body: openTicketBody,
      example: OPEN_TICKET_EXAMPLE,
      answers: {
        201: { description: 'Opened', schema: ticketSchema, headers: { ...TAGGED, ...LOCATED } },
        202: {
          description: 'Kept until the workflow engine is back',
          schema: waitingTicket,
          headers: { ...LOCATED, ...RETRIED },
        },
      },
      problems: ['ticket_not_found', 'external_reference_taken', 'idempotency_key_reused', 'policy_unknown'],
      handle: open,
    }),
    defineRoute({
      method: 'get',
      path: '/v1/tickets',
      operationId: 'listTickets',
      operation: 'ticket.read',
      tag: 'tickets',
      summary: 'List tickets',
      query: ticketQuery,
      answers: { 200: { description: 'One page', schema: ticketPage } },
      problems: ['cursor_invalid'],
      handle: ({ query, sight }) => listTickets(deps, query, sight),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/tickets/{ticketId}',
      operationId: 'getTicket',
      operation: 'ticket.read',
      tag: 'tickets',
      summary: 'Show a ticket',
      params: ticketParams,
      preconditions: ['if-none-match'],
      answers: {
        200: { description: 'The ticket', schema: ticketSchema, headers: TAGGED },
        202: {
          description: 'Taken in, and opened as soon as the workflow engine is back',
          schema: waitingTicket,
          headers: { ...LOCATED, ...RETRIED },
        },
        304: { description: 'Unchanged since the entity tag in `If-None-Match`', headers: TAGGED },
      },
      problems: ['ticket_not_found'],
      async handle({ params, ifNoneMatch, sight }) {
        const found = await find(deps, params.ticketId, sight);
        if ('waiting' in found) return showWaiting(found.waiting.ticketId);
        const etag = etagOf(found.ticket);
        return isKnownTo(ifNoneMatch, etag)
          ? { status: 304, headers: { etag } }
          : showTicket(deps, found.ticket);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/tickets/{ticketId}/timeline',
      operationId: 'getTimeline',
      operation: 'ticket.read',
      tag: 'tickets',
      summary: 'What happened to a ticket, in the order it was recorded',
      params: ticketParams,
      query: timelineQuery,
      answers: { 200: { description: 'One page', schema: timelineView } },
      problems: ['ticket_not_found', 'ticket_not_opened_yet', 'cursor_invalid'],
      async handle({ params, query: { limit, cursor }, sight }) {
        const ticket = await findTicket(deps, params.ticketId, sight);
        const after = decodeCursor(cursor, { filters: ticket.id, mark: timelineMark }) ?? 0;
        const found = await deps.tickets.timeline(ticket.id, { after, limit: limit + 1 });
        const { rows, page } = pageOf(found, {
          limit,
          filters: ticket.id,
          markOf: ({ sequence }) => sequence,
        });
        return {
          body: {
            ticketId: ticket.id,
            data: rows.map(timelineEvent),
            page,
            sequence: ticket.sequence,
            asOf: ticket.recordedAt.toISOString(),
          },
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/tickets/{ticketId}/clocks',
      operationId: 'getClocks',
      operation: 'ticket.read',
      tag: 'tickets',
      summary: 'The clocks of a ticket, each with the spans that add up to its elapsed time',
      params: ticketParams,
      answers: { 200: { description: 'Counted up to `asOf`', schema: clocksSchema } },
      problems: ['ticket_not_found', 'ticket_not_opened_yet'],
      async handle({ params, sight }) {
        const { id } = await findTicket(deps, params.ticketId, sight);
        return { body: clocksView(rebuild(id, await deps.ledger.events(id)), (deps.now ?? Date.now)()) };
      },
    }),
  ];
}
