/** Facts: what happened elsewhere. They are never refused for the state of the ticket; they count once by id. */
import { factEventId } from '../domain/decide.ts';
import type { Actor, Fact } from '../domain/events.ts';
import type { AppliedPolicy } from '../domain/policy.ts';
import { isVisible, SEES_ALL } from '../domain/visibility.ts';
import { factDigest } from '../prisma/intake.ts';
import { checkBackdating } from './backdating.ts';
import type { ApiDeps } from './deps.ts';
import { takeIn } from './intake.ts';
import { find, type Found } from './lookup.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { FACTS_EXAMPLE } from './schemas/examples.ts';
import { factsAnswer, factsBody, type FactBody } from './schemas/facts.ts';
import { ticketParams } from './schemas/tickets.ts';

type FactsCall = Call<{ ticketId: string }, unknown, { events: FactBody[] }>;

/** Words go to the erasable store, under an id that the same fact gets again. */
async function factFrom(
  deps: ApiDeps,
  ticketId: string,
  { body, actor }: { body: FactBody; actor: Actor },
): Promise<Fact> {
  const { actor: who, comment, text, ...fact } = body as FactBody & { comment?: string; text?: string };
  const words = { ...(text !== undefined && { text }), ...(comment !== undefined && { comment }) };
  const messageId = factDigest(ticketId, fact.id);
  const received = await deps.intake.receive({
    messageId,
    ticketId,
    text: Object.keys(words).length > 0 ? words : undefined,
  });
  return {
    ...fact,
    actor: who ? { ...actor, actingFor: who } : actor,
    ...(received.text && { text: received.text }),
  } as Fact;
}

/** Who is told: a ticket, or the opening of one that waits to be opened. */
interface Recipient {
  ticketId: string;
  policy: Pick<AppliedPolicy, 'backdating'>;
}

/** Whoever opened a ticket may go on telling it things, though it became a security ticket since: nothing is told back. */
async function listening(deps: ApiDeps, { params, sight, actor }: FactsCall): Promise<Found> {
  const found = await find(deps, params.ticketId, SEES_ALL);
  if ('waiting' in found || isVisible(found.ticket, sight)) return found;
  if ((await deps.tickets.openerOf(found.ticket.id)) === actor.subject) return found;
  return find(deps, params.ticketId, sight);
}

async function recipientOf(deps: ApiDeps, call: FactsCall): Promise<Recipient> {
  const found = await listening(deps, call);
  if ('waiting' in found) return { ticketId: found.waiting.ticketId, policy: found.waiting.rules.policy };
  const { id, policy, policyVersion } = found.ticket;
  return { ticketId: id, policy: await deps.policyVersion(policy, policyVersion) };
}

/** The events that are news: neither in the ledger nor a second time in the batch; the others by place. */
async function sorted(deps: ApiDeps, ticketId: string, events: readonly FactBody[]) {
  const ids = events.map(({ id }) => factEventId(id));
  const known = await deps.tickets.knownEventIds(ticketId, ids);
  const isNews = (_event: FactBody, i: number) => !known.has(ids[i]!) && ids.indexOf(ids[i]!) === i;
  return {
    news: events.filter(isNews),
    duplicates: events.filter((event, i) => !isNews(event, i)).map(({ id }) => id),
  };
}

async function tell(deps: ApiDeps, call: FactsCall): Promise<Reply> {
  const { body, actor, idempotencyKey } = call;
  const now = (deps.now ?? Date.now)();
  const { ticketId, policy } = await recipientOf(deps, call);
  body.events.forEach(({ occurredAt }, i) =>
    checkBackdating(occurredAt, { now, role: actor.role, policy, pointer: `/events/${i}/occurredAt` }),
  );
  // Facts count once by their own ids; a key only makes sure that it is not used for something else.
  const path = `/v1/tickets/${ticketId}/events`;
  const { replayed } = await takeIn(deps.intake, {
    actor,
    method: 'POST',
    path,
    idempotencyKey,
    ticketId,
    body,
  });
  const { news, duplicates } = await sorted(deps, ticketId, body.events);
  const facts: Fact[] = [];
  for (const event of news) facts.push(await factFrom(deps, ticketId, { body: event, actor }));
  const how = facts.length > 0 ? await deps.engine.tell(ticketId, facts) : 'told';
  return {
    status: 202,
    headers: replayed ? { 'idempotency-replayed': 'true' } : {},
    body: { accepted: news.map(({ id }) => id), duplicates, spooled: how === 'spooled' },
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
        'changes no verdict. A ticket that itself waits for the workflow engine hears of them once it is open.',
      params: ticketParams,
      body: factsBody,
      example: FACTS_EXAMPLE,
      answers: { 202: { description: 'Taken in', schema: factsAnswer } },
      problems: ['ticket_not_found', 'idempotency_key_reused'],
      handle: (call) => tell(deps, call),
    }),
  ];
}
