/** Finding the ticket that a path names: by our id, or as `system:id` of its external reference. */
import type { TicketRecord } from '../prisma/tickets.ts';
import type { ApiDeps } from './deps.ts';
import { Problem } from './problem.ts';

/** Our id for the name in the path; the name itself where it is not an external reference. */
export async function ticketIdOf(deps: Pick<ApiDeps, 'intake'>, name: string): Promise<string> {
  const colon = name.indexOf(':');
  if (colon < 1) return name;
  const external = { system: name.slice(0, colon), id: name.slice(colon + 1) };
  return (await deps.intake.ticketOf(external)) ?? name;
}

/** The ticket, or a 404 problem. */
export async function findTicket(
  deps: Pick<ApiDeps, 'intake' | 'tickets'>,
  name: string,
): Promise<TicketRecord> {
  const ticket = await deps.tickets.get(await ticketIdOf(deps, name));
  if (!ticket) throw new Problem('ticket_not_found', `There is no ticket ${name}`);
  return ticket;
}
