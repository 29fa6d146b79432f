/** What may be asked of a review, what falls due by itself, and its journal. */
import type { Actor } from './events.ts';
import type { JournalKind } from './journal.ts';
import type { Refusal } from './refusals.ts';
import { nextReminderAt, reminderDue } from './reminders.ts';
import {
  evolveReview,
  isAuthor,
  isTaskSettled,
  JUDGE_WITHIN_MS,
  missingSections,
  unsettledTasks,
  type PlannedTask,
  type Review,
  type ReviewBody,
  type ReviewFinding,
  type ReviewTaskKind,
} from './review.ts';
import type { ReviewSection } from './review-rule.ts';
import type { TaskState } from './task.ts';

export type ReviewCommand =
  | { type: 'assign'; owner: string | null }
  | { type: 'addParticipants'; people: string[] }
  | { type: 'removeParticipants'; people: string[] }
  | { type: 'schedule'; meetingAt: number }
  /** `acceptanceDueAt`: until when somebody has to have accepted what is written now. */
  | { type: 'holdMeeting'; heldAt: number; acceptanceDueAt: number }
  | { type: 'write'; sections: ReviewSection[] }
  | { type: 'submit'; findings: ReviewFinding[] }
  | { type: 'return'; acceptanceDueAt: number }
  | { type: 'accept' }
  | ({ type: 'addTask' } & PlannedTask)
  /** Not effective comes with what will be done instead. */
  | { type: 'judgeEffectiveness'; effective: true }
  | { type: 'judgeEffectiveness'; effective: false; action: PlannedTask }
  | { type: 'reopen'; acceptanceDueAt: number }
  | { type: 'close' }
  /** Told by readers: how a task stands, the same incident again, a ticket closed before its review. */
  | { type: 'noteTask'; task: string; kind: ReviewTaskKind; state: TaskState }
  | { type: 'noteRecurrence'; ticket: string }
  | { type: 'noteOverride'; ticket: string };
export type ReviewCommandType = ReviewCommand['type'];

/** What readers tell, and nobody asks over HTTP. */
export type ReviewNote = Extract<ReviewCommandType, 'noteTask' | 'noteRecurrence' | 'noteOverride'>;

/** More would make a row, and a meeting, too large. */
const MOST_TASKS = 200;
const MOST_PARTICIPANTS = 100;
const MOST_RECURRENCES = 100;

type No = (code: Refusal['code'], fact: string, more?: Partial<Refusal>) => Refusal;

const noAbout =
  ({ id, state }: Review): No =>
  (code, fact, more = {}) => ({ code, message: `Review ${id} ${fact}`, state, ...more });

function submitRefusal(review: Review, no: No): Refusal | null {
  if (review.state !== 'drafted')
    return no('review_state', `is ${review.state}; only a draft is submitted, after the meeting`);
  const missing = missingSections(review);
  if (missing.length === 0) return null;
  return no('review_incomplete', `does not say ${missing.join(', ')} yet`, {
    errors: missing.map((section) => ({
      pointer: `/sections/${section}`,
      code: 'section_missing',
      message: `write ${section} before somebody else reads it`,
    })),
  });
}

function closeRefusal(review: Review, no: No): Refusal | null {
  const left = unsettledTasks(review);
  if (left.length > 0)
    return no('actions_open', `waits for ${left.map(({ id }) => id).join(', ')} to be verified or cancelled`);
  return review.state === 'quiet' ? null : no('review_state', `is ${review.state}; it was not accepted yet`);
}

function peopleRefusal(review: Review, command: ReviewCommand, no: No): Refusal | null {
  if (command.type !== 'addParticipants' && command.type !== 'removeParticipants') return null;
  const here = new Set(review.participants);
  const changes = command.people.filter((one) => here.has(one) !== (command.type === 'addParticipants'));
  if (changes.length === 0) return no('nothing_changed', 'has it so already', { pointer: '/people' });
  const isFull = command.type === 'addParticipants' && here.size + changes.length > MOST_PARTICIPANTS;
  return isFull ? no('review_full', `has ${MOST_PARTICIPANTS} participants at most`) : null;
}

/** What a reader tells counts once, and only where it changes anything. */
function noteRefusal(review: Review, command: ReviewCommand, no: No): Refusal | null {
  if (command.type === 'noteTask') {
    const known = review.tasks.find(({ id }) => id === command.task);
    const changes = known ? known.state !== command.state : !isTaskSettled(command);
    if (!changes) return no('nothing_changed', `knows that task ${command.task} is ${command.state}`);
    return !known && review.tasks.length >= MOST_TASKS
      ? no('review_full', `has ${MOST_TASKS} tasks at most`)
      : null;
  }
  if (command.type !== 'noteRecurrence') return null;
  const isWatched = review.state === 'quiet' && command.ticket !== review.ticket;
  const isNew = isWatched && !review.recurredWith.includes(command.ticket);
  return isNew && review.recurredWith.length < MOST_RECURRENCES
    ? null
    : no('nothing_changed', 'does not watch for it');
}

const isNote = (command: ReviewCommand): command is Extract<ReviewCommand, { type: ReviewNote }> =>
  command.type.startsWith('note');

function refusalOf(review: Review, command: ReviewCommand, actor: Actor): Refusal | null {
  const { state } = review;
  const no = noAbout(review);
  if (isNote(command)) return noteRefusal(review, command, no);
  if (command.type === 'reopen')
    return state === 'closed' ? null : no('review_not_closed', `is ${state}; it was not closed`);
  if (state === 'closed') return no('review_closed', 'is closed; reopen it first');
  switch (command.type) {
    case 'assign':
      return command.owner === review.owner
        ? no('same_owner', `already belongs to ${review.owner ?? 'nobody'}`, { pointer: '/owner' })
        : null;
    case 'addParticipants':
    case 'removeParticipants':
      return peopleRefusal(review, command, no);
    case 'schedule':
    case 'holdMeeting':
      return state === 'opened' || state === 'scheduled'
        ? null
        : no('review_state', `is ${state}; its meeting was held`);
    case 'write':
      return review.acceptedAt === null && state !== 'inReview'
        ? null
        : no('review_state', `is ${state}; what somebody reads or accepted is not changed`);
    case 'submit':
      return submitRefusal(review, no);
    case 'return':
      return state === 'inReview' ? null : no('review_state', `is ${state}; nobody reads it`);
    case 'accept':
      if (state !== 'inReview') return no('review_state', `is ${state}; it was not submitted`);
      return isAuthor(review, actor)
        ? no('acceptance_by_author', 'was written by you; another has to accept it')
        : null;
    case 'addTask':
      return review.tasks.length < MOST_TASKS ? null : no('review_full', `has ${MOST_TASKS} tasks at most`);
    case 'judgeEffectiveness':
      return state === 'quiet' && review.judgeBy !== null
        ? null
        : no('review_state', `is ${state}; whether it worked is judged after the quiet period`);
    case 'close':
      return closeRefusal(review, no);
  }
}

function noteBodies(
  review: Review,
  { task, kind, state }: Extract<ReviewCommand, { type: 'noteTask' }>,
): ReviewBody[] {
  const isKnown = review.tasks.some(({ id }) => id === task);
  const isOpenAgain = review.state === 'closed' && !isTaskSettled({ state });
  return [
    // What was finished is not, if its action was not.
    ...(isOpenAgain ? [{ type: 'reopened' as const, acceptanceDueAt: null }] : []),
    ...(isKnown ? [] : [{ type: 'taskNoted' as const, task, kind }]),
    ...(isKnown || state !== 'open' ? [{ type: 'taskChanged' as const, task, state }] : []),
  ];
}

function bodiesOf(review: Review, command: ReviewCommand): ReviewBody[] {
  switch (command.type) {
    case 'assign':
      return [{ type: 'ownerChanged', owner: command.owner, from: review.owner }];
    case 'addParticipants':
      return [{ type: 'participantsAdded', people: command.people }];
    case 'removeParticipants':
      return [{ type: 'participantsRemoved', people: command.people }];
    case 'schedule':
      return [{ type: 'meetingScheduled', meetingAt: command.meetingAt }];
    case 'holdMeeting': {
      const { heldAt, acceptanceDueAt } = command;
      return [{ type: 'meetingHeld', heldAt, acceptanceDueAt }];
    }
    case 'write':
      return [{ type: 'sectionsWritten', sections: command.sections }];
    case 'submit':
      return [{ type: 'submitted', findings: command.findings }];
    case 'return':
      return [{ type: 'returned', acceptanceDueAt: command.acceptanceDueAt }];
    case 'accept':
      return [{ type: 'accepted' }];
    case 'addTask': {
      const { type: _type, ...task } = command;
      return [{ type: 'taskAdded', ...task }];
    }
    case 'judgeEffectiveness':
      // The words of the request are those of the first event: the title of the action.
      return command.effective
        ? [{ type: 'effectivenessJudged', effective: true }, { type: 'closed' }]
        : [
            { type: 'taskAdded', ...command.action },
            { type: 'effectivenessJudged', effective: false },
          ];
    case 'reopen':
      return [{ type: 'reopened', acceptanceDueAt: command.acceptanceDueAt }];
    case 'close':
      return [{ type: 'closed' }];
    case 'noteTask':
      return noteBodies(review, command);
    case 'noteRecurrence':
      return [{ type: 'recurred', ticket: command.ticket }];
    case 'noteOverride':
      return [{ type: 'gateOverridden', ticket: command.ticket }];
  }
}

/** The quiet period begins once every action is verified; after it somebody judges whether they worked. */
function due(review: Review, now: number): { id: string; body: ReviewBody } | null {
  const { state, sequence, quietMs, quietUntil, judgeBy, recurredWith } = review;
  if (state === 'awaitingActions' && unsettledTasks(review).length === 0)
    return { id: `quiet/${sequence}`, body: { type: 'quietBegan', until: now + quietMs } };
  if (state === 'quiet' && judgeBy === null && quietUntil !== null && now >= quietUntil) {
    const dueAt = quietUntil + JUDGE_WITHIN_MS;
    return {
      id: `effectiveness/${quietUntil}/${sequence}`,
      body: { type: 'effectivenessDue', dueAt, recurrences: recurredWith.length },
    };
  }
  const told = review.due && reminderDue(review.due, now);
  if (!told) return null;
  const { about, dueSince } = review.due!;
  return { id: `${about}/${dueSince}/${told.id}`, body: { ...told.body, about } };
}

function nextMilestone(review: Review): number | null {
  const { state, quietUntil, judgeBy } = review;
  if (state === 'quiet' && judgeBy === null) return quietUntil;
  return review.due && nextReminderAt(review.due);
}

/** The journal of a review. */
export const reviewJournal: JournalKind<Review, ReviewBody, ReviewCommand> = {
  name: 'review',
  evolve: evolveReview,
  decide(review, { command, actor }) {
    const refusal = refusalOf(review, command, actor);
    return refusal ? { refusal } : { bodies: bodiesOf(review, command) };
  },
  due,
  nextMilestone,
  isRunning: ({ state }) => state !== 'closed',
  columns: ({ state, ticket, owner, severity, due: next, openedAt }) => ({
    state,
    ticketId: ticket,
    owner,
    severity,
    dueAt: next?.dueAt ?? null,
    openedAt,
  }),
};
