/** What reviews ask to tell: a reminder, that something is overdue, a step of its escalation; to the log and the outbox. */
import { SEES_ALL } from '../domain/visibility.ts';
import type { ReviewDue, ReviewEvent, ReviewReminder } from '../domain/review.ts';
import type { ReviewStore } from '../prisma/reviews.ts';
import { createDispatch, type DispatchDeps } from './dispatch.ts';
import type { JournalHandler } from './follow.ts';

const TYPES = {
  reminded: 'review.reminder',
  overdue: 'review.overdue',
  escalated: 'review.escalated',
} as const;

interface ReviewMessage {
  type: (typeof TYPES)[keyof typeof TYPES];
  timestamp: string;
  data: {
    reviewId: string;
    ticketId: string;
    sequence: number;
    /** What is due. */
    about: ReviewDue;
    owner: string | null;
    dueAt: string;
    /** Of an escalation: which step, and whom it tells. */
    step?: number;
    to?: string;
    links: { review: string };
  };
}

type ToldEvent = Extract<ReviewEvent, ReviewReminder>;

const isTold = (event: ReviewEvent): event is ToldEvent => event.type in TYPES;

export interface ReviewMessengerDeps extends DispatchDeps {
  reviews: Pick<ReviewStore, 'get'>;
}

/** The reader `review-messages`: deals with one row of the journals. */
export function createReviewMessenger({ reviews, log, ...deps }: ReviewMessengerDeps): JournalHandler {
  const dispatch = createDispatch(deps);
  return async ({ kind, journalId, event: told }) => {
    const event = told as ReviewEvent;
    if (kind !== 'review' || !isTold(event)) return;
    const review = await reviews.get(journalId, SEES_ALL);
    if (!review) return;
    const message: ReviewMessage = {
      type: TYPES[event.type],
      timestamp: new Date(event.occurredAt).toISOString(),
      data: {
        reviewId: journalId,
        ticketId: review.ticket,
        sequence: event.sequence,
        about: event.about,
        owner: event.owner,
        dueAt: new Date(event.dueAt).toISOString(),
        ...(event.type === 'escalated' && { step: event.step, to: event.to }),
        links: { review: `/v1/reviews/${journalId}` },
      },
    };
    log.info({ ...message.data }, `${message.type} to ${message.data.to ?? event.owner ?? 'nobody'}`);
    await dispatch({ about: journalId, event, message });
  };
}
