/** Facts: what happened elsewhere. They are never refused for the state of the ticket; they count once by id. */
import { createHash } from 'node:crypto';
import { factEventId } from '../domain/decide.ts';
import type { Actor, Fact } from '../domain/events.ts';
import type { TicketRecord } from '../prisma/tickets.ts';
import { checkBackdating } from './backdating.ts';
import type { ApiDeps } from './deps.ts';
import { findTicket } from './lookup.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { factsAnswer, factsBody, type FactBody } from './schemas/facts.ts';
import { ticketParams } from './schemas/tickets.ts';

type FactsCall = Call<{ ticketId: string }, unknown, { events: FactBody[] }>;

/** Words go to the erasable store, under an id that the same fact gets again. */
async function factFrom(
  deps: ApiDeps,
  ticket: TicketRecord,
  { body, actor }: { body: FactBody; actor: Actor },
): Promise<Fact> {
  const { actor: who, comment, text, ...fact } = body as FactBody & { comment?: string; text?: string };
  const words = { ...(text !== undefined && { text }), ...(comment !== undefined && { comment }) };
  const messageId = createHash('sha256').update(`${ticket.id}/${fact.id}`).digest('hex');
  const received = await deps.intake.receive({
    messageId,
    ticketId: ticket.id,
    text: Object.keys(words).length > 0 ? words : undefined,
  });
  return {
    ...fact,
    actor: who ? { ...actor, actingFor: who } : actor,
    ...(received.text && { text: received.text }),
  } as Fact;
}

/** Ids that are in the ledger already, or a second time in the batch. */
async function duplicatesAmong(
  deps: ApiDeps,
  ticketId: string,
  events: readonly FactBody[],
): Promise<Set<string>> {
  const known = await deps.tickets.knownEventIds(
    ticketId,
    events.map(({ id }) => factEventId(id)),
  );
  return new Set(events.filter(({ id }) => known.has(factEventId(id))).map(({ id }) => id));
}

async function tell(deps: ApiDeps, { params, body, actor }: FactsCall): Promise<Reply> {
  const now = (deps.now ?? Date.now)();
  const ticket = await findTicket(deps, params.ticketId);
  const policy = await deps.policyVersion(ticket.policy, ticket.policyVersion);
  body.events.forEach(({ occurredAt }, i) =>
    checkBackdating(occurredAt, { now, role: actor.role, policy, pointer: `/events/${i}/occurredAt` }),
  );
  const duplicates = await duplicatesAmong(deps, ticket.id, body.events);
  const fresh = body.events.filter(
    ({ id }, i) => !duplicates.has(id) && body.events.findIndex((other) => other.id === id) === i,
  );
  const facts: Fact[] = [];
  for (const event of fresh) facts.push(await factFrom(deps, ticket, { body: event, actor }));
  const how = facts.length > 0 ? await deps.engine.tell(ticket.id, facts) : 'told';
  return {
    status: 202,
    body: { accepted: fresh.map(({ id }) => id), duplicates: [...duplicates], spooled: how === 'spooled' },
  };
}

export function factRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/tickets/{ticketId}/events',
      operationId: 'postEvents',
      operation: 'ticket.tell',
      tag: 'facts',
      summary: 'Tell a ticket what happened elsewhere',
      description:
        'Facts may come late, twice and out of order: they fold by `occurredAt`, then by id, and count once. They ' +
        'are durable when this answers and reach the timeline soon after. A fact for a closed ticket is kept, and ' +
        'changes no verdict.',
      params: ticketParams,
      body: factsBody,
      answers: { 202: { description: 'Taken in', schema: factsAnswer } },
      problems: ['ticket_not_found'],
      handle: (call) => tell(deps, call),
    }),
  ];
}
