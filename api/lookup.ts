/** Finding the ticket that a path names: by our id, or as `system:id` of its external reference. */
import type { Opening } from '../domain/decide.ts';
import { isVisible, type Sight } from '../domain/visibility.ts';
import type { TicketRecord } from '../prisma/tickets.ts';
import type { ApiDeps } from './deps.ts';
import { Problem, RETRY_LATER } from './problem.ts';

type LookupDeps = Pick<ApiDeps, 'intake' | 'tickets' | 'engine'>;

/** A ticket, or the opening of one that waits until the workflow engine is back. */
export type Found = { ticket: TicketRecord } | { waiting: Opening };

/** Our id for the name in the path; the name itself where it is not an external reference. */
async function ticketIdOf(deps: LookupDeps, name: string): Promise<string> {
  const colon = name.indexOf(':');
  if (colon < 1) return name;
  const external = { system: name.slice(0, colon), id: name.slice(colon + 1) };
  return (await deps.intake.ticketOf(external)) ?? name;
}

/** A ticket that the caller may not know of is none. */
const seenBy = (sight: Sight, ticket: TicketRecord | null): TicketRecord | null =>
  ticket && isVisible(ticket, sight) ? ticket : null;

/** What our id stands for; null for nothing that the caller may know of. */
export async function lookUp(deps: LookupDeps, ticketId: string, sight: Sight): Promise<Found | null> {
  const seen = async () => seenBy(sight, await deps.tickets.get(ticketId));
  const ticket = await seen();
  if (ticket) return { ticket };
  const waiting = await deps.engine.waitingOpening(ticketId);
  if (waiting) return { waiting };
  // It may have left the spool between the two questions.
  const opened = await seen();
  return opened && { ticket: opened };
}

/** What the name in the path stands for; a 404 problem for nothing. */
export async function find(deps: LookupDeps, name: string, sight: Sight): Promise<Found> {
  const found = await lookUp(deps, await ticketIdOf(deps, name), sight);
  if (found) return found;
  throw new Problem('ticket_not_found', `There is no ticket ${name}`);
}

/** As `find`, for what makes no sense before the ticket is open. */
export async function findTicket(deps: LookupDeps, name: string, sight: Sight): Promise<TicketRecord> {
  const found = await find(deps, name, sight);
  if ('ticket' in found) return found.ticket;
  const detail = `Ticket ${name} was taken in and will be open as soon as the workflow engine is back`;
  throw new Problem('ticket_not_opened_yet', detail, { headers: RETRY_LATER });
}
