/** A ticket as an answer: its view, its entity tag; or that it waits to be opened. */
import type { TicketRecord } from '../prisma/tickets.ts';
import type { ApiDeps } from './deps.ts';
import { etagOf } from './headers.ts';
import { RETRY_LATER } from './problem.ts';
import type { Reply } from './route.ts';
import { ticketView } from './views.ts';

export const locationOf = (ticketId: string): string => `/v1/tickets/${ticketId}`;

/** The ticket, with the words of its opening joined in. */
export async function showTicket(
  deps: Pick<ApiDeps, 'tickets'>,
  ticket: TicketRecord,
  reply: Reply = {},
): Promise<Reply> {
  const texts = await deps.tickets.openingTexts([ticket.id]);
  return {
    ...reply,
    headers: { etag: etagOf(ticket), ...reply.headers },
    body: ticketView(ticket, texts.get(ticket.id)),
  };
}

/** 202: kept, and opened when the workflow engine is back. */
export function showWaiting(ticketId: string, headers: Record<string, string> = {}): Reply {
  const location = locationOf(ticketId);
  return {
    status: 202,
    headers: { location, ...RETRY_LATER, ...headers },
    body: { id: ticketId, spooled: true, links: { self: location } },
  };
}
