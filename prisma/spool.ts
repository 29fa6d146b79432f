/** What arrived while Temporal could not be reached, in order, until it is applied (docs/rules.md §1). */
import type { Opening } from '../domain/decide.ts';
import type { Fact } from '../domain/events.ts';
import type { Database } from './client.ts';

export type Spooled = { position: bigint; ticketId: string } & (
  { kind: 'opening'; body: Opening } | { kind: 'facts'; body: Fact[] }
);

export interface Spool {
  add(
    entry: { ticketId: string } & ({ kind: 'opening'; body: Opening } | { kind: 'facts'; body: Fact[] }),
  ): Promise<void>;
  /** Entries not yet applied, oldest first: one ticket's, or the oldest `limit` of all. */
  pending(filter: { ticketId: string } | { limit: number }): Promise<Spooled[]>;
  applied(position: bigint): Promise<void>;
}

export function createSpool(database: Database): Spool {
  return {
    async add({ ticketId, kind, body }) {
      await database.$executeRaw`
        INSERT INTO spool (ticket_id, kind, body) VALUES (${ticketId}, ${kind}, ${JSON.stringify(body)}::jsonb)`;
    },
    async pending(filter) {
      const rows = await database.spooled.findMany({
        where: { appliedAt: null, ...('ticketId' in filter && { ticketId: filter.ticketId }) },
        orderBy: { position: 'asc' },
        ...('limit' in filter && { take: filter.limit }),
      });
      return rows as unknown as Spooled[];
    },
    async applied(position) {
      await database.spooled.update({ where: { position }, data: { appliedAt: new Date() } });
    },
  };
}
