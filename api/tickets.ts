/** Routes that open and show tickets. */
import { uuidv7 } from 'uuidv7';
import { resolveRules } from '../domain/calendar.ts';
import type { Opening } from '../domain/decide.ts';
import type { Actor, TextReference, TicketAttributes } from '../domain/events.ts';
import { lowestTier, matchPolicy, priorityOf, type AppliedRules, type Policy } from '../domain/policy.ts';
import { rebuild } from '../domain/ticket.ts';
import { markOf, type TicketMark, type TicketRecord } from '../prisma/tickets.ts';
import { checkBackdating } from './backdating.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { EngineUnavailable } from './engine.ts';
import { takeIn, type TakenIn } from './intake.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import {
  clocksView as clocksSchema,
  openTicketBody,
  ticketPage,
  ticketParams,
  ticketQuery,
  ticketView as ticketSchema,
  timelineQuery,
  timelineView,
  type OpenTicketBody,
  type TicketQuery,
} from './schemas/tickets.ts';
import { clocksView, ticketView, timelineEvent } from './views.ts';

type OpenCall = Call<unknown, unknown, OpenTicketBody>;

const etag = (ticket: TicketRecord): string => `"${ticket.sequence}"`;

/** A ticket as its own resource; `text` of the opening joined in. */
export async function showTicket(deps: ApiDeps, ticket: TicketRecord, reply: Reply = {}): Promise<Reply> {
  const texts = await deps.tickets.openingTexts([ticket.id]);
  return {
    ...reply,
    headers: { etag: etag(ticket), ...reply.headers },
    body: ticketView(ticket, texts.get(ticket.id)),
  };
}

function choosePolicy(policies: readonly Policy[], body: OpenTicketBody): Policy {
  const found =
    body.policy === undefined
      ? matchPolicy(policies, body)
      : policies.find(({ name }) => name === body.policy);
  if (found) return found;
  const detail =
    body.policy === undefined ? 'No policy matches this ticket' : `There is no policy ${body.policy}`;
  throw new Problem('policy_unknown', detail, {
    errors: [{ pointer: '/policy', code: 'policy_unknown', message: detail }],
  });
}

/** What rules and reports need of the body; the rest is text and personal data. */
function attributesOf(body: OpenTicketBody): TicketAttributes {
  const { subject: _s, description: _d, requester: _r, attachments: _a, custom: _c, ...rest } = body;
  const { openedAt: _o, policy: _p, actingFor: _f, ...attributes } = rest;
  return attributes as TicketAttributes;
}

function wordsOf({
  subject,
  description,
  requester,
  attachments,
  custom,
}: OpenTicketBody): Record<string, unknown> {
  return JSON.parse(JSON.stringify({ subject, description, requester, attachments, custom })) as Record<
    string,
    unknown
  >;
}

const newTicketId = (): string => `tkt_${uuidv7().replaceAll('-', '')}`;

/** Tickets of one policy and day share their rules: calendars are expanded once. */
const knownRules = new Map<string, AppliedRules>();
const DAY = 86_400_000;

function rulesFor(policy: Policy, openedAt: number, now: number): AppliedRules {
  const key = [policy.name, policy.version, Math.floor(openedAt / DAY), Math.floor(now / DAY)].join('/');
  const known = knownRules.get(key);
  if (known) return known;
  if (knownRules.size > 500) knownRules.clear();
  const rules = resolveRules(policy, { openedAt, now });
  knownRules.set(key, rules);
  return rules;
}

function openingFrom(
  { body, actor, requestId }: OpenCall,
  { policy, now, taken }: { policy: Policy; now: number; taken: TakenIn },
): Opening {
  const openedAt = Math.min(body.openedAt ?? now, now);
  const by: Actor = body.actingFor ? { ...actor, actingFor: body.actingFor } : actor;
  return {
    type: 'opened',
    ticketId: taken.ticketId,
    messageId: taken.messageId,
    openedAt,
    actor: by,
    requestId,
    ...(taken.text && { text: taken.text satisfies TextReference }),
    attributes: attributesOf(body),
    priority: priorityOf(policy, body.impact, body.urgency),
    tier: lowestTier(policy),
    mode: 'act',
    rules: rulesFor(policy, openedAt, now),
  };
}

/** A reference already held by another ticket is a conflict, unless that ticket was never opened after all. */
async function settleReference(deps: ApiDeps, call: OpenCall, taken: TakenIn): Promise<TakenIn> {
  const holder = taken.externalTicketId;
  if (holder === undefined || holder === taken.ticketId) return taken;
  const exists = (await deps.tickets.get(holder)) !== null;
  if (!exists) return { ...taken, ticketId: holder };
  await deps.intake.release(taken.messageId);
  const { system, id } = call.body.external!;
  throw new Problem('external_reference_taken', `${system}:${id} is ticket ${holder}`, {
    extra: { ticketId: holder },
    headers: { location: `/v1/tickets/${holder}` },
  });
}

async function openTicket(deps: ApiDeps, call: OpenCall): Promise<Reply> {
  const now = (deps.now ?? Date.now)();
  const { body, actor, method, path, idempotencyKey } = call;
  const policy = choosePolicy(await deps.policies(), body);
  if (body.openedAt !== undefined)
    checkBackdating(body.openedAt, { now, role: actor.role, policy, pointer: '/openedAt' });
  const received = await takeIn(deps.intake, {
    actor,
    method,
    path,
    idempotencyKey,
    ticketId: newTicketId(),
    body,
    text: wordsOf(body),
    external: body.external && { system: body.external.system, id: body.external.id },
  });
  const taken = await settleReference(deps, call, received);
  const opening = openingFrom(call, { policy, now, taken });
  const location = `/v1/tickets/${opening.ticketId}`;
  const headers = { location, ...(taken.replayed && { 'idempotency-replayed': 'true' }) };
  try {
    await deps.engine.open(opening);
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    await deps.engine.spoolOpening(opening);
    return { status: 202, headers, body: { id: opening.ticketId, spooled: true, links: { self: location } } };
  }
  const ticket = await findTicket(deps, opening.ticketId);
  return showTicket(deps, ticket, { status: 201, headers });
}

async function listTickets(deps: ApiDeps, query: TicketQuery): Promise<Reply> {
  const { limit, cursor, sort, slaState, ...rest } = query;
  const filters = { sort, slaState, ...rest };
  const after = decodeCursor<TicketMark>(cursor, filters);
  const filter = { ...rest, ...(slaState && { breached: slaState === 'breached' }) };
  const found = await deps.tickets.list(filter, { sort, after, limit: limit + 1 });
  const { rows, page } = pageOf(found, { limit, filters, markOf: (row) => markOf(row, sort) });
  const texts = await deps.tickets.openingTexts(rows.map(({ id }) => id));
  return { body: { data: rows.map((row) => ticketView(row, texts.get(row.id))), page } };
}

export function ticketRoutes(deps: ApiDeps): Route[] {
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
      answers: {
        201: { description: 'Opened', schema: ticketSchema },
        202: { description: 'Kept until the workflow engine is back' },
      },
      problems: ['external_reference_taken', 'idempotency_key_reused', 'policy_unknown'],
      handle: (call) => openTicket(deps, call),
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
      handle: ({ query }) => listTickets(deps, query),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/tickets/{ticketId}',
      operationId: 'getTicket',
      operation: 'ticket.read',
      tag: 'tickets',
      summary: 'Show a ticket',
      params: ticketParams,
      answers: {
        200: { description: 'The ticket', schema: ticketSchema },
        304: { description: 'Unchanged' },
      },
      problems: ['ticket_not_found'],
      async handle({ params, ifNoneMatch }) {
        const ticket = await findTicket(deps, params.ticketId);
        if (ifNoneMatch === etag(ticket)) return { status: 304, headers: { etag: etag(ticket) } };
        return showTicket(deps, ticket);
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
      problems: ['ticket_not_found', 'cursor_invalid'],
      async handle({ params, query: { limit, cursor } }) {
        const ticket = await findTicket(deps, params.ticketId);
        const after = decodeCursor<number>(cursor, ticket.id) ?? 0;
        const found = await deps.tickets.timeline(ticket.id, { after, limit: limit + 1 });
        const { rows, page } = pageOf(found, {
          limit,
          filters: ticket.id,
          markOf: ({ sequence }) => sequence,
        });
        return {
          body: {
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
      problems: ['ticket_not_found'],
      async handle({ params }) {
        const { id } = await findTicket(deps, params.ticketId);
        return { body: clocksView(rebuild(id, await deps.ledger.events(id)), (deps.now ?? Date.now)()) };
      },
    }),
  ];
}
