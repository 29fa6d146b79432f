/** Routes that ask something of a ticket: one per request of the domain, from one table. */
import type { Relation } from '../domain/collaborators.ts';
import type { Command } from '../domain/commands.ts';
import { firstEventIdOf, type Request } from '../domain/decide.ts';
import { SEES_ALL, type Sight } from '../domain/visibility.ts';
import type { TicketRecord } from '../prisma/tickets.ts';
import type { ApiDeps } from './deps.ts';
import { Refused } from './engine-errors.ts';
import { takeIn, type TakenIn } from './intake.ts';
import { find, findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { REQUESTS, textOf, type TicketRequest } from './schemas/requests.ts';
import { ticketParams, ticketView } from './schemas/tickets.ts';
import { showTicket } from './show-ticket.ts';

type RequestCall = Call<{ ticketId: string }, unknown, Record<string, unknown>>;

async function commandOf(
  deps: ApiDeps,
  type: TicketRequest,
  { ticket, body, sight }: { ticket: TicketRecord; body: unknown; sight: Sight },
): Promise<Command> {
  const policy = await deps.policyVersion(ticket.policy, ticket.policyVersion);
  const command = REQUESTS[type].command(body, policy);
  return command.type === 'link' ? asLinked(deps, command, { ticket, sight }) : command;
}

/** Relations between tickets; the others name records of other systems. */
const BETWEEN_TICKETS: ReadonlySet<Relation> = new Set(['related', 'duplicate', 'parent', 'child']);

/** A ticket that is named in a link exists, is another one, and goes by our id from then on. */
async function asLinked(
  deps: ApiDeps,
  link: Extract<Command, { type: 'link' }>,
  { ticket, sight }: { ticket: TicketRecord; sight: Sight },
): Promise<Command> {
  if (!BETWEEN_TICKETS.has(link.relation)) return link;
  const refuse = (message: string) =>
    new Problem('ticket_unknown', message, {
      errors: [{ pointer: '/reference', code: 'ticket_unknown', message }],
    });
  const other = await findTicket(deps, link.reference, sight).catch((error: unknown) => {
    throw error instanceof Problem ? refuse(`There is no ticket ${link.reference}`) : error;
  });
  if (other.id === ticket.id) throw refuse(`Ticket ${ticket.id} cannot be linked to itself`);
  if (link.relation === 'parent' && other.parent !== null)
    throw refuse(`Ticket ${other.id} is itself part of ${other.parent}`);
  return { ...link, reference: other.id };
}

function requestFrom(call: RequestCall, command: Command, taken: TakenIn): Request {
  const { actor, body, requestId, ifMatch } = call;
  const actingFor = body['actingFor'];
  return {
    id: taken.messageId,
    command,
    actor: typeof actingFor === 'string' ? { ...actor, actingFor } : actor,
    requestId,
    ...(taken.text && { text: taken.text }),
    ...(ifMatch !== undefined && { ifSequence: ifMatch }),
  };
}

/** The ticket; one that waits in the spool is opened first, or it is 503 like any request without an engine. */
async function openedTicket(deps: ApiDeps, name: string, sight: Sight): Promise<TicketRecord> {
  const found = await find(deps, name, sight);
  if ('ticket' in found) return found.ticket;
  await deps.engine.drain({ ticketId: found.waiting.ticketId });
  return findTicket(deps, name, sight);
}

/** A request with a key that was used before may long be in the ledger: then nobody has to be asked. */
async function isGranted(deps: ApiDeps, { ticketId, messageId, replayed }: TakenIn): Promise<boolean> {
  return replayed && (await deps.ledger.sequenceOf(ticketId, firstEventIdOf(messageId))) !== null;
}

async function askEngine(deps: ApiDeps, request: Request, taken: TakenIn): Promise<void> {
  try {
    const granted = await deps.engine.ask(taken.ticketId, request);
    if (!granted) throw new Error(`Ticket ${taken.ticketId} is listed but has no ledger`);
  } catch (error) {
    if (error instanceof Refused && !taken.replayed) await deps.intake.release(taken.messageId);
    throw error;
  }
}

const pathOf = (ticket: string, type: TicketRequest): string =>
  ['/v1/tickets', ticket, REQUESTS[type].path].filter(Boolean).join('/');

/** Words for the erasable store. A draft brings its own, for what the body does not say otherwise. */
async function wordsOf(
  deps: ApiDeps,
  type: TicketRequest,
  ticketId: string,
  body: Record<string, unknown>,
): Promise<Record<string, unknown> | undefined> {
  const said = textOf(type, body);
  const { draft } = body;
  if (type !== 'sendUpdate' || draft === undefined) return said;
  const events = await deps.ledger.events(ticketId);
  const drafted = events.find((event) => event.type === 'updateDrafted' && event.draft === draft);
  if (!drafted?.text) return said;
  const words = (await deps.tickets.text(drafted.text.id))?.body as
    Record<string, unknown> | null | undefined;
  if (!words && !said)
    throw new Problem('draft_not_open', 'The words of this draft were erased; send your own');
  return { ...words, ...said };
}

async function ask(deps: ApiDeps, type: TicketRequest, call: RequestCall): Promise<Reply> {
  const { params, body, actor, sight, idempotencyKey } = call;
  const ticket = await openedTicket(deps, params.ticketId, sight);
  const command = await commandOf(deps, type, { ticket, body, sight });
  const taken = await takeIn(deps.intake, {
    actor,
    method: (REQUESTS[type].method ?? 'post').toUpperCase(),
    path: pathOf(ticket.id, type),
    idempotencyKey,
    ticketId: ticket.id,
    body,
    text: await wordsOf(deps, type, ticket.id, body),
  });
  if (!(await isGranted(deps, taken))) await askEngine(deps, requestFrom(call, command, taken), taken);
  const headers: Record<string, string> = taken.replayed ? { 'idempotency-replayed': 'true' } : {};
  // Whoever could ask sees what came of it, even where it takes the ticket out of sight.
  return showTicket(deps, await findTicket(deps, ticket.id, SEES_ALL), { headers });
}

export function requestRoutes(deps: ApiDeps): Route[] {
  return (Object.keys(REQUESTS) as TicketRequest[]).map((type) => {
    const {
      method = 'post',
      operation = 'ticket.work',
      summary,
      description,
      body,
      example,
      refusals,
    } = REQUESTS[type];
    return defineRoute({
      method,
      path: pathOf('{ticketId}', type),
      operationId: `${type}Ticket`,
      operation,
      tag: 'requests',
      summary,
      ...(description && { description }),
      params: ticketParams,
      body,
      example,
      preconditions: ['if-match'],
      answers: {
        200: {
          description: 'Granted and in the ledger; the ticket after it',
          schema: ticketView,
          headers: { ETag: 'The sequence of the ticket in quotes' },
        },
      },
      problems: [
        'ticket_not_found',
        'ticket_closed',
        'ticket_cancelled',
        ...refusals,
        ...(type === 'link' ? (['ticket_unknown'] as const) : []),
        'precondition_failed',
        'idempotency_key_reused',
        'engine_unavailable',
      ],
      handle: (call) => ask(deps, type, call as RequestCall),
    });
  });
}
