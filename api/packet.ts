/** What a ticket's handoff packet says by now, held against what each tier requires. */
import { completenessOf, missingFrom, PACKET_ITEMS, type Packet } from '../domain/packet.ts';
import { requiredBy } from '../domain/policy.ts';
import type { Teamwork } from '../domain/projection.ts';
import type { ApiDeps } from './deps.ts';
import { findTicket } from './lookup.ts';
import { defineRoute, type Route } from './route.ts';
import { packetView } from './schemas/packet.ts';
import { ticketParams } from './schemas/tickets.ts';

type Words = Record<string, unknown>;

/** The newest words of each item; what was erased is gone, though the item still counts as there. */
function newestWords(bodies: readonly unknown[]): Words {
  const written = bodies.flatMap((body) => (body as { packet?: Words } | null)?.packet ?? []);
  const merged: Words = Object.assign({}, ...written);
  return Object.fromEntries(PACKET_ITEMS.flatMap((item) => (item in merged ? [[item, merged[item]]] : [])));
}

export function packetRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/tickets/{ticketId}/packet',
      operationId: 'getPacket',
      operation: 'ticket.read',
      tag: 'tickets',
      summary: 'What was written down for the next tier, and what each tier would still miss',
      params: ticketParams,
      answers: { 200: { description: 'The packet as it stands', schema: packetView } },
      problems: ['ticket_not_found', 'ticket_not_opened_yet'],
      async handle({ params, sight }) {
        const ticket = await findTicket(deps, params.ticketId, sight);
        const { policy, policyVersion, teamwork } = ticket;
        const { tiers, ...rules } = await deps.policyVersion(policy, policyVersion);
        const packet = (teamwork as unknown as Partial<Teamwork>).packet ?? { items: [], articles: [] };
        const held = (tier: number) => heldAgainst(packet as Packet, requiredBy({ ...rules, tiers }, tier));
        return {
          body: {
            ticketId: ticket.id,
            items: packet.items,
            packet: newestWords(await deps.tickets.packetTexts(ticket.id)),
            tiers: tiers.map(({ tier }) => ({ tier, ...held(tier) })),
            sequence: ticket.sequence,
            asOf: ticket.recordedAt.toISOString(),
          },
        };
      },
    }),
  ];
}

const heldAgainst = (packet: Packet, requires: Parameters<typeof missingFrom>[1]) => ({
  requires,
  missing: missingFrom(packet, requires),
  completeness: completenessOf(packet, requires),
});
