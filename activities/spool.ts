/** Facts that wait in the spool, for a ticket that is about to judge something long overdue (docs/rules.md §1). */
import type { Fact } from '../domain/events.ts';
import type { Spool } from '../prisma/spool.ts';

export interface SpoolReading {
  /** The ticket's spooled facts, oldest first. They stay in the spool: told twice, they count once. */
  spooledFacts(input: { ticketId: string }): Promise<Fact[]>;
}

export function createSpoolReading({ spool }: { spool: Pick<Spool, 'pending'> }): SpoolReading {
  return {
    async spooledFacts({ ticketId }) {
      const entries = await spool.pending({ ticketId });
      return entries.flatMap((entry) => (entry.kind === 'facts' ? entry.body : []));
    },
  };
}
