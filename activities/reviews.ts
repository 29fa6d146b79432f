/**
 * Reviews and tasks of an incident begin where its ticket asks for them: one review for the whole incident, and a task
 * with a journal of its own, that outlives the ticket, for each that a ladder or a front end opened on it.
 */
import { deadlineOf } from '../domain/clock.ts';
import { TIERLINE, type TicketAttributes } from '../domain/events.ts';
import { fingerprintOf } from '../domain/fingerprint.ts';
import type { JournalName, JournalRequest } from '../domain/journal.ts';
import { reviewIdOf } from '../domain/review.ts';
import { reviewJournal } from '../domain/review-journal.ts';
import { reviewOpening, wholeOf } from '../domain/review-opening.ts';
import { DEFAULT_REVIEW_RULE, type RequestCause } from '../domain/review-rule.ts';
import { TASK_REMINDERS } from '../domain/task.ts';
import { rebuild } from '../domain/ticket.ts';
import { endOf } from '../domain/within.ts';
import { openInJournal } from '../prisma/journals.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { ReviewStore } from '../prisma/reviews.ts';
import type { TicketStore } from '../prisma/tickets.ts';
import type { RowHandler } from './follow.ts';
import { digestOf, openTask, wakeJournal, type TaskOpeningDeps } from './journal.ts';

export interface ReviewDeps extends TaskOpeningDeps {
  tickets: Pick<TicketStore, 'get'>;
  policies: Pick<PolicyStore, 'version'>;
  ledger: Pick<Ledger, 'events'>;
  reviews: Pick<ReviewStore, 'ofTicket' | 'watching'>;
  /** Asks a journal; what it refuses it has heard of, and nothing follows. */
  tellJournal(kind: JournalName, id: string, request: JournalRequest): Promise<void>;
}

/** The task that keeps what a ladder or a front end opened on a ticket. */
export const ticketTaskId = (ticketId: string, task: string): string =>
  `tsk_${digestOf('ticketTask', ticketId, task)}`;

/** The reader `reviews`: deals with one row of the ledger. */
export function createReviews(deps: ReviewDeps): RowHandler {
  const { tickets, policies, reviews } = deps;

  const open = async ({ ticketId, event }: LedgerRow, cause: RequestCause): Promise<void> => {
    const ticket = await tickets.get(ticketId);
    if (!ticket || ticket.mode === 'observe') return;
    const policy = await policies.version(ticket.policy, ticket.policyVersion);
    const rule = policy.reviews;
    // A major incident asks in any case; whether it is heard, its policy says.
    if (!rule?.opensOn.includes(cause)) return;
    const whole = await wholeOf(ticket, (parent) => tickets.get(parent));
    const id = reviewIdOf(whole.id);
    const at = event.occurredAt;
    const opening = reviewOpening(whole, { cause, rule, policy, at });
    await openInJournal(deps.journals, reviewJournal, id, { ...opening, occurredAt: at });
    await wakeJournal(deps, 'review', id);
  };

  const openTaskOf = async (
    { ticketId, event }: LedgerRow,
    { task, kind, title }: { task: string; kind: 'reviewTask' | 'actionItem'; title: string },
  ): Promise<void> => {
    const ticket = await tickets.get(ticketId);
    if (!ticket || ticket.mode === 'observe') return;
    const { situation, rules } = rebuild(ticketId, await deps.ledger.events(ticketId));
    const clock = situation.clocks.find(({ name, subject }) => name === kind && subject === task);
    const { actions } = rules.policy.reviews ?? DEFAULT_REVIEW_RULE;
    await openTask(deps, {
      id: ticketTaskId(ticketId, task),
      title,
      openedAt: event.occurredAt,
      terms: {
        kind,
        subject: { type: 'ticket', id: ticketId },
        owner: ticket.assignee,
        dueAt:
          (clock && deadlineOf(clock, rules.hours)) ?? endOf(actions.otherwise, 'always', event.occurredAt),
        needsVerification: true,
        ...TASK_REMINDERS,
      },
    });
  };

  const ask = (
    kind: JournalName,
    id: string,
    { ticketId, event }: LedgerRow,
    command: { type: string } & Record<string, unknown>,
  ): Promise<void> =>
    deps.tellJournal(kind, id, {
      id: `ledger-${ticketId}-${event.sequence}`,
      command,
      actor: event.actor ?? TIERLINE,
      ...(event.text && { text: event.text }),
    });

  const noteRecurrence = async (row: LedgerRow): Promise<void> => {
    const ticket = await tickets.get(row.ticketId);
    if (!ticket || ticket.mode === 'observe') return;
    const { recurrence } = await policies.version(ticket.policy, ticket.policyVersion);
    const fingerprint = fingerprintOf(ticket.attributes as unknown as TicketAttributes, recurrence);
    if (fingerprint === null) return;
    for (const id of await reviews.watching(fingerprint))
      await ask('review', id, row, { type: 'noteRecurrence', ticket: ticket.id });
  };

  return async (row) => {
    const { ticketId, event } = row;
    // A task may be done after its ticket was closed: then the ticket does not count it, and the task does.
    if (event.type === 'taskDone')
      return ask('task', ticketTaskId(ticketId, event.task), row, { type: 'complete' });
    if (event.imported || event.moot !== undefined) return;
    if (event.type === 'reviewRequested') return open(row, event.cause);
    if (event.type === 'reviewTaskOpened')
      return openTaskOf(row, { task: event.task, kind: 'reviewTask', title: event.title });
    if (event.type === 'taskCreated')
      return openTaskOf(row, { task: event.task, kind: event.clock, title: `Task ${event.task}` });
    if (event.type === 'opened') return noteRecurrence(row);
    if (event.type !== 'closed' || !event.override) return;
    const review = await reviews.ofTicket(ticketId);
    if (review) await ask('review', review.id, row, { type: 'noteOverride', ticket: ticketId });
  };
}
