/** The register of what is in force. */
import type { Hold } from '../prisma/in-force.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { findTicket } from './lookup.ts';
import { defineRoute, type Route } from './route.ts';
import { inForceMark, inForcePage, inForceQuery } from './schemas/in-force.ts';

const viewOf = ({ effect, targetKey, run, ticketId, state, ...hold }: Hold) => ({
  effect,
  target: targetKey,
  run,
  ticket: ticketId,
  state,
  since: hold.since.toISOString(),
  snapshotHash: hold.snapshotHash,
  releasedAt: hold.releasedAt?.toISOString() ?? null,
  releasedBecause: hold.releasedBecause,
});

export const inForceRoutes = (deps: ApiDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/in-force',
    operationId: 'listInForce',
    operation: 'containment.read',
    tag: 'containment',
    summary: 'What is in force: which run holds which effect on which target, the newest first',
    description:
      'Several runs may hold one effect; the last one that lets go takes it back. `uncertain` ones were sent without an ' +
      'answer that settles it.',
    query: inForceQuery,
    answers: { 200: { description: 'One page', schema: inForcePage } },
    problems: ['cursor_invalid', 'ticket_not_found', 'ticket_not_opened_yet'],
    async handle({ query: { limit, cursor, ...filters }, sight }) {
      const mark = decodeCursor(cursor, { filters, mark: inForceMark });
      const { ticket: name } = filters;
      const ticket = name === undefined ? undefined : (await findTicket(deps, name, sight)).id;
      const after = mark && BigInt(mark.id);
      const found = await deps.inForce.list({ ...filters, ticket, sight }, { after, limit: limit + 1 });
      const { rows, page } = pageOf(found, { limit, filters, markOf: ({ id }) => ({ id: String(id) }) });
      return { body: { data: rows.map(viewOf), page } };
    },
  }),
];
