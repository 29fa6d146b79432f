/** Recurrence: tickets with one fingerprint, often enough within so long, open a problem; later ones join it. */
import type { TicketAttributes } from '../domain/events.ts';
import { fingerprintOf } from '../domain/fingerprint.ts';
import { PROBLEM_MANAGER, QUIET_MS } from '../domain/problem.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { ProblemStore } from '../prisma/problems.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { TicketStore } from '../prisma/tickets.ts';
import type { RowHandler } from './follow.ts';
import { digestOf, wakeJournal, type WakingDeps } from './journal.ts';

export interface RecurrenceDeps extends WakingDeps {
  tickets: Pick<TicketStore, 'get'>;
  policies: Pick<PolicyStore, 'version'>;
  problems: Pick<ProblemStore, 'noteOccurrence' | 'forgetOccurrence'>;
}

/** A ticket that opened, or turned out to be about something else; imported past opens nothing. */
function mayRecur({ event }: LedgerRow): boolean {
  if (event.imported || event.moot) return false;
  if (event.type === 'rulesChanged') return event.cause === 'attributesChanged';
  return event.type === 'opened' || event.type === 'attributesChanged';
}

/** The reader `recurrence`: deals with one row of the ledger. */
export function createRecurrence({ tickets, policies, problems, ...waking }: RecurrenceDeps): RowHandler {
  return async (row) => {
    if (!mayRecur(row)) return;
    const ticket = await tickets.get(row.ticketId);
    if (!ticket || ticket.mode === 'observe') return;
    const { recurrence } = await policies.version(ticket.policy, ticket.policyVersion);
    if (!recurrence) return;
    const fingerprint = fingerprintOf(ticket.attributes as unknown as TicketAttributes, recurrence);
    if (fingerprint === null) return problems.forgetOccurrence(ticket.id);
    const { count, withinMs, quietMs = QUIET_MS } = recurrence;
    const noted = await problems.noteOccurrence({
      ticketId: ticket.id,
      fingerprint,
      openedAt: ticket.openedAt.getTime(),
      count,
      withinMs,
      problemId: `prb_${digestOf('recurrence', fingerprint, ticket.id)}`,
      opening: {
        type: 'opened',
        fingerprint,
        owner: PROBLEM_MANAGER,
        quietMs,
        recurrence: { policy: ticket.policy, count, withinMs },
      },
      now: Date.now(),
    });
    if (noted.what !== 'noted') await wakeJournal(waking, 'problem', noted.problemId);
  };
}
