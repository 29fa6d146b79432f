/** What follows from what happens to a review and to the tasks of an incident: each learns of the others. */
import { SEES_ALL } from '../domain/visibility.ts';
import { TIERLINE, type Fact, type NotedReviewState } from '../domain/events.ts';
import type { JournalEvent, JournalName, JournalRequest } from '../domain/journal.ts';
import type { Review, ReviewEvent } from '../domain/review.ts';
import { isReviewTaskKind, openingOf, stateAfter } from '../domain/review-tasks.ts';
import { taskJournal, type Task, type TaskEvent } from '../domain/task.ts';
import { openInJournal, type JournalStore } from '../prisma/journals.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { ReviewStore } from '../prisma/reviews.ts';
import type { TaskStore } from '../prisma/tasks.ts';
import type { JournalHandler } from './follow.ts';
import { wakeJournal, type WakingDeps } from './journal.ts';
import { ticketTaskId } from './reviews.ts';

export interface ReviewNewsDeps extends WakingDeps {
  journals: Pick<JournalStore, 'record'>;
  reviews: Pick<ReviewStore, 'get' | 'ofTicket'>;
  tasks: Pick<TaskStore, 'get' | 'list'>;
  ledger: Pick<Ledger, 'events'>;
  /** Tells a ticket facts, now or when Temporal is back. */
  tellTicket(ticketId: string, facts: readonly Fact[]): Promise<unknown>;
  /** Asks a journal; what it refuses it has heard of, and nothing follows. */
  tellJournal(kind: JournalName, id: string, request: JournalRequest): Promise<void>;
}

const STATES: Partial<Record<ReviewEvent['type'], NotedReviewState>> = {
  opened: 'open',
  reopened: 'open',
  closed: 'closed',
};

/** No incident has more tasks than fit on a page of this length. */
const MOST_TASKS = 200;

/** The reader `review-news`: deals with one row of the journals. */
export function createReviewNews(deps: ReviewNewsDeps): JournalHandler {
  const { journals, reviews, tasks } = deps;

  const noteTask = (review: string, { id, kind, state }: Task, requestId: string): Promise<void> =>
    deps.tellJournal('review', review, {
      id: requestId,
      command: { type: 'noteTask', task: id, kind, state } as JournalRequest['command'],
      actor: TIERLINE,
    });

  /** Tasks of the ticket are the review's too, also those that were there before it. */
  const adoptTasks = async ({ id, ticket }: Review): Promise<void> => {
    const page = { after: null, limit: MOST_TASKS, now: 0, sight: SEES_ALL };
    const subject = { type: 'ticket' as const, id: ticket };
    const found = await tasks.list({ subject, kind: ['reviewTask', 'actionItem'] }, page);
    for (const task of found) await noteTask(id, task, `adopted-${task.id}-${task.sequence}`);
  };

  const ofReview = async (id: string, event: ReviewEvent): Promise<void> => {
    const review = await reviews.get(id, SEES_ALL);
    if (!review) return;
    const state = STATES[event.type];
    if (state)
      await deps.tellTicket(review.ticket, [
        {
          type: 'reviewNoted',
          id: `review/${id}/${event.sequence}`,
          review: id,
          state,
          occurredAt: event.occurredAt,
        },
      ]);
    if (event.type === 'opened') await adoptTasks(review);
    if (event.type !== 'taskAdded') return;
    await openInJournal(journals, taskJournal, event.task, openingOf(review, event));
    await wakeJournal(deps, 'task', event.task);
  };

  /** A task that a ladder or a front end opened on the ticket stops its clock there too. */
  const tellTicketDone = async ({ id, subject }: Task, event: TaskEvent): Promise<void> => {
    if (event.type !== 'completed' || subject.type !== 'ticket') return;
    const made = (await deps.ledger.events(subject.id)).find(
      (one) =>
        (one.type === 'reviewTaskOpened' || one.type === 'taskCreated') &&
        ticketTaskId(subject.id, one.task) === id,
    );
    if (!made || !('task' in made)) return;
    const { occurredAt, actor, sequence } = event;
    const fact = { type: 'taskDone' as const, id: `task/${id}/${sequence}`, task: made.task, occurredAt };
    await deps.tellTicket(subject.id, [{ ...fact, ...(actor && { actor }) }]);
  };

  const ofTask = async (id: string, event: TaskEvent): Promise<void> => {
    const state = stateAfter(event);
    const task = state && (await tasks.get(id, SEES_ALL));
    if (!task || !isReviewTaskKind(task.kind)) return;
    await tellTicketDone(task, event);
    const { subject } = task;
    const review =
      subject.type === 'review'
        ? await reviews.get(subject.id, SEES_ALL)
        : subject.type === 'ticket'
          ? await reviews.ofTicket(subject.id)
          : null;
    if (review) await noteTask(review.id, { ...task, state }, `task-${id}-${event.sequence}`);
  };

  return async ({
    kind,
    journalId,
    event,
  }: {
    kind: JournalName;
    journalId: string;
    event: JournalEvent;
  }) => {
    if (kind === 'review') await ofReview(journalId, event as ReviewEvent);
    if (kind === 'task') await ofTask(journalId, event as TaskEvent);
  };
}
