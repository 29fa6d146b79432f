/** The tasks of a review: how those open that it plans, and which events of a task it has to hear of. */
import type { JournalOpening } from './journal.ts';
import type { PlannedTask, Review, ReviewEvent, ReviewTaskKind } from './review.ts';
import type { TaskBody, TaskEvent, TaskKind, TaskState } from './task.ts';

export const isReviewTaskKind = (kind: TaskKind): kind is ReviewTaskKind =>
  kind === 'reviewTask' || kind === 'actionItem';

/** A planned task as its own journal begins: its title is in the words of the event that planned it. */
export function openingOf(
  { id, remindBeforeMs, escalateAfterMs, escalateTo }: Review,
  { kind, owner, dueAt, text, actor, occurredAt }: ReviewEvent & PlannedTask,
): JournalOpening<TaskBody> {
  return {
    body: {
      type: 'opened',
      kind,
      subject: { type: 'review', id },
      owner,
      dueAt,
      remindBeforeMs,
      escalateAfterMs,
      escalateTo,
      // What one says is done, another has seen: else nothing was learnt.
      needsVerification: true,
    },
    occurredAt,
    ...(actor && { actor }),
    ...(text && { text }),
  };
}

const STATES: Partial<Record<TaskEvent['type'], TaskState>> = {
  opened: 'open',
  completed: 'done',
  verified: 'verified',
  cancelled: 'cancelled',
  reopened: 'open',
};

/** The state that a task is in after an event; null for one that changes none. */
export const stateAfter = ({ type }: Pick<TaskEvent, 'type'>): TaskState | null => STATES[type] ?? null;
