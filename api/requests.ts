/** Routes that ask something of a ticket: one per request of the domain, from one table. */
import type { Command, CommandType, Request } from '../domain/decide.ts';
import type { TicketRecord } from '../prisma/tickets.ts';
import type { ApiDeps } from './deps.ts';
import { Refused } from './engine.ts';
import { takeIn, type TakenIn } from './intake.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { REQUESTS, textOf } from './schemas/requests.ts';
import { ticketParams, ticketView } from './schemas/tickets.ts';
import { showTicket } from './tickets.ts';

type RequestCall = Call<{ ticketId: string }, unknown, Record<string, unknown>>;

async function commandOf(
  deps: ApiDeps,
  type: CommandType,
  ticket: TicketRecord,
  body: unknown,
): Promise<Command> {
  const policy = await deps.policyVersion(ticket.policy, ticket.policyVersion);
  return REQUESTS[type].command(body, policy);
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

async function ask(deps: ApiDeps, type: CommandType, call: RequestCall): Promise<Reply> {
  const { params, body, actor, method, idempotencyKey } = call;
  const ticket = await findTicket(deps, params.ticketId);
  const taken = await takeIn(deps.intake, {
    actor,
    method,
    path: `/v1/tickets/${ticket.id}/${REQUESTS[type].path}`,
    idempotencyKey,
    ticketId: ticket.id,
    body,
    text: textOf(type, body),
  });
  const request = requestFrom(call, await commandOf(deps, type, ticket, body), taken);
  try {
    const granted = await deps.engine.ask(ticket.id, request);
    if (!granted) throw new Problem('ticket_not_found', `There is no ticket ${params.ticketId}`);
  } catch (error) {
    if (error instanceof Refused && !taken.replayed) await deps.intake.release(taken.messageId);
    throw error;
  }
  const headers: Record<string, string> = taken.replayed ? { 'idempotency-replayed': 'true' } : {};
  return showTicket(deps, await findTicket(deps, ticket.id), { headers });
}

export function requestRoutes(deps: ApiDeps): Route[] {
  return (Object.keys(REQUESTS) as CommandType[]).map((type) => {
    const { path, summary, body } = REQUESTS[type];
    return defineRoute({
      method: 'post',
      path: `/v1/tickets/{ticketId}/${path}`,
      operationId: `${type}Ticket`,
      operation: 'ticket.work',
      tag: 'requests',
      summary,
      params: ticketParams,
      body,
      answers: { 200: { description: 'Granted and in the ledger; the ticket after it', schema: ticketView } },
      problems: [
        'ticket_not_found',
        'ticket_closed',
        'ticket_cancelled',
        'precondition_failed',
        'idempotency_key_reused',
        'engine_unavailable',
      ],
      handle: (call) => ask(deps, type, call as RequestCall),
    });
  });
}
