/**
 * Post-incident reviews: looking back on an incident, blamelessly, until what was learnt is done and has worked. A
 * review outlives its ticket. Its words are erasable text, stored apart; its tasks have journals of their own and
 * are told here by a reader.
 */
import type { Actor, TextReference } from './events.ts';
import { mayBeSamePerson, type JournalEvent } from './journal.ts';
import {
  inOrder,
  NOTHING_TOLD,
  toldWith,
  type DueDate,
  type ReminderBody,
  type Reminding,
} from './reminders.ts';
import { REQUEST_CAUSES, type ReviewSection } from './review-rule.ts';
import type { TaskKind, TaskState } from './task.ts';

/**
 * `opened`: a meeting has to be found. `scheduled`: it has a date. `drafted`: it was held, the text is being written.
 * `inReview`: somebody else reads it. `awaitingActions`: accepted, and not every action is verified. `quiet`: they are,
 * and have to prove themselves.
 */
export const REVIEW_STATES = [
  'opened',
  'scheduled',
  'drafted',
  'inReview',
  'awaitingActions',
  'quiet',
  'closed',
] as const;
export type ReviewState = (typeof REVIEW_STATES)[number];

/** Why there is a review. */
export const REVIEW_CAUSES = [...REQUEST_CAUSES, 'hand'] as const;
export type ReviewCause = (typeof REVIEW_CAUSES)[number];

/** What a reader should look at twice; told with the submission, and in nobody's way. */
export const REVIEW_FINDINGS = ['namesPerson', 'noActions', 'noLuck', 'oneParticipant'] as const;
export type ReviewFinding = (typeof REVIEW_FINDINGS)[number];

/** What is due next. */
export const REVIEW_DUES = ['meeting', 'acceptance', 'effectiveness'] as const;
export type ReviewDue = (typeof REVIEW_DUES)[number];

/** How long somebody has to judge whether the actions worked, once the quiet period is over. */
export const JUDGE_WITHIN_MS = 7 * 86_400_000;

export interface ReviewTerms extends Reminding {
  /** The incident: the parent where tickets are grouped. */
  ticket: string;
  cause: ReviewCause;
  severity: string | null;
  owner: string | null;
  /** When the meeting has to be held. */
  meetingDueAt: number;
  quietMs: number;
  /** What it has to say before somebody reads it; `fiveWhys` stands for `rootCause`. */
  required: readonly ReviewSection[];
  /** What tickets that would be the same incident again have in common. */
  fingerprint: string | null;
}

export type ReviewTaskKind = Extract<TaskKind, 'reviewTask' | 'actionItem'>;

/** A task that the review opens; who opens it takes its title from the words of the event. */
export interface PlannedTask {
  task: string;
  kind: ReviewTaskKind;
  owner: string | null;
  dueAt: number;
}

/** Body `overdue` and the like, and of what. */
export type ReviewReminder = ReminderBody & { about: ReviewDue };

export type ReviewBody =
  | ({ type: 'opened' } & ReviewTerms)
  | { type: 'ownerChanged'; owner: string | null; from: string | null }
  | { type: 'participantsAdded'; people: string[] }
  | { type: 'participantsRemoved'; people: string[] }
  | { type: 'meetingScheduled'; meetingAt: number }
  | { type: 'meetingHeld'; heldAt: number; acceptanceDueAt: number }
  | { type: 'sectionsWritten'; sections: ReviewSection[] }
  | { type: 'submitted'; findings: ReviewFinding[] }
  | { type: 'returned'; acceptanceDueAt: number }
  | { type: 'accepted' }
  | ({ type: 'taskAdded' } & PlannedTask)
  /** A task that was opened elsewhere, and is for this incident. */
  | { type: 'taskNoted'; task: string; kind: ReviewTaskKind }
  | { type: 'taskChanged'; task: string; state: TaskState }
  | { type: 'quietBegan'; until: number }
  /** The same incident again, while its review watches whether what was done worked. */
  | { type: 'recurred'; ticket: string }
  | { type: 'effectivenessDue'; dueAt: number; recurrences: number }
  | { type: 'effectivenessJudged'; effective: boolean }
  /** A ticket was closed all the same, by somebody who may. */
  | { type: 'gateOverridden'; ticket: string }
  /** To be written and accepted anew by then; null where only an action is open again. */
  | { type: 'reopened'; acceptanceDueAt: number | null }
  | { type: 'closed' }
  | ReviewReminder;

export type ReviewEvent = JournalEvent<ReviewBody>;

export interface ReviewTask {
  id: string;
  kind: ReviewTaskKind;
  state: TaskState;
}

export interface Review extends ReviewTerms {
  id: string;
  sequence: number;
  state: ReviewState;
  openedAt: number;
  openedBy: Actor | null;
  participants: readonly string[];
  meetingAt: number | null;
  heldAt: number | null;
  acceptanceDueAt: number | null;
  /** The newest words of each part. */
  sections: Readonly<Partial<Record<ReviewSection, TextReference>>>;
  /** Everybody who wrote a part of it or submitted it: none of them accepts it. */
  authors: readonly Actor[];
  findings: readonly ReviewFinding[];
  submittedAt: number | null;
  returns: number;
  acceptedAt: number | null;
  acceptedBy: Actor | null;
  tasks: readonly ReviewTask[];
  quietUntil: number | null;
  recurredWith: readonly string[];
  judgeBy: number | null;
  effective: boolean | null;
  overrides: number;
  reopenings: number;
  closedAt: number | null;
  /** What was told of the due date that it has now; null where nothing is due. */
  due: (DueDate & { about: ReviewDue }) | null;
}

/** The one review of an incident: its id is known before there is one (docs/rules.md §9). */
export const reviewIdOf = (ticketId: string): string => `rvw_${ticketId.replace(/^tkt_/, '')}`;

/** Nothing is left to do: somebody saw that it is done, or somebody said why not. */
export const isTaskSettled = ({ state }: Pick<ReviewTask, 'state'>): boolean =>
  state === 'verified' || state === 'cancelled';

export const unsettledTasks = ({ tasks }: Pick<Review, 'tasks'>): ReviewTask[] =>
  tasks.filter((task) => !isTaskSettled(task));

/** The parts that it lacks before somebody can read it. */
export const missingSections = ({ required, sections }: Pick<Review, 'required' | 'sections'>) =>
  required.filter((section) => !sections[section] && !(section === 'rootCause' && sections.fiveWhys));

const NOT_ACCEPTED = { acceptedAt: null, acceptedBy: null };
const NOT_WATCHED = { quietUntil: null, recurredWith: [], judgeBy: null };

function opened(event: JournalEvent<Extract<ReviewBody, { type: 'opened' }>>, id: string): Review {
  const { ticket, cause, severity, owner, meetingDueAt, quietMs, required, fingerprint } = event;
  return {
    id,
    sequence: event.sequence,
    state: 'opened',
    ticket,
    cause,
    severity,
    owner,
    meetingDueAt,
    quietMs,
    required,
    fingerprint,
    remindBeforeMs: inOrder(event.remindBeforeMs),
    escalateAfterMs: inOrder(event.escalateAfterMs),
    escalateTo: event.escalateTo,
    openedAt: event.occurredAt,
    openedBy: event.actor ?? null,
    participants: [],
    meetingAt: null,
    heldAt: null,
    acceptanceDueAt: null,
    sections: {},
    authors: [],
    findings: [],
    submittedAt: null,
    returns: 0,
    ...NOT_ACCEPTED,
    tasks: [],
    ...NOT_WATCHED,
    effective: null,
    overrides: 0,
    reopenings: 0,
    closedAt: null,
    due: null,
  };
}

function withAuthor(authors: readonly Actor[], actor: Actor | undefined): readonly Actor[] {
  const isKnown = !actor || authors.some((one) => JSON.stringify(one) === JSON.stringify(actor));
  return isKnown ? authors : [...authors, actor];
}

/** Whether somebody may be one of those who wrote it. */
export const isAuthor = ({ authors }: Review, actor: Actor): boolean =>
  authors.some((author) => mayBeSamePerson(author, actor));

function written(
  { sections, authors }: Review,
  event: JournalEvent<Extract<ReviewBody, { type: 'sectionsWritten' }>>,
): Partial<Review> {
  const { text } = event;
  const more = text ? Object.fromEntries(event.sections.map((section) => [section, text])) : {};
  return { sections: { ...sections, ...more }, authors: withAuthor(authors, event.actor) };
}

/** What is open again has to be waited for, and what was watched was not yet all. */
function withTask(review: Review, task: ReviewTask): Partial<Review> {
  const known = review.tasks.findIndex(({ id }) => id === task.id);
  const tasks = known < 0 ? [...review.tasks, task] : review.tasks.with(known, task);
  const isWaitedFor = review.state === 'quiet' && !isTaskSettled(task);
  return { tasks, ...(isWaitedFor && { state: 'awaitingActions' as const, ...NOT_WATCHED }) };
}

function evolved(review: Review, event: ReviewEvent): Partial<Review> {
  const { occurredAt, actor } = event;
  const { participants } = review;
  switch (event.type) {
    case 'opened':
      return {};
    case 'ownerChanged':
      return { owner: event.owner };
    case 'participantsAdded':
      return { participants: [...new Set([...participants, ...event.people])] };
    case 'participantsRemoved':
      return { participants: participants.filter((one) => !event.people.includes(one)) };
    case 'meetingScheduled':
      return { state: 'scheduled', meetingAt: event.meetingAt };
    case 'meetingHeld': {
      const { heldAt, acceptanceDueAt } = event;
      return { state: 'drafted', heldAt, acceptanceDueAt };
    }
    case 'sectionsWritten':
      return written(review, event);
    case 'submitted': {
      const { findings } = event;
      const authors = withAuthor(review.authors, actor);
      return { state: 'inReview', findings, authors, submittedAt: occurredAt };
    }
    case 'returned': {
      const { acceptanceDueAt } = event;
      return { state: 'drafted', acceptanceDueAt, submittedAt: null, returns: review.returns + 1 };
    }
    case 'accepted':
      return { state: 'awaitingActions', acceptedAt: occurredAt, acceptedBy: actor ?? null };
    case 'taskAdded':
    case 'taskNoted':
      return withTask(review, { id: event.task, kind: event.kind, state: 'open' });
    case 'taskChanged': {
      const known = review.tasks.find(({ id }) => id === event.task);
      return known ? withTask(review, { ...known, state: event.state }) : {};
    }
    case 'quietBegan':
      return { state: 'quiet', quietUntil: event.until };
    case 'recurred':
      return { recurredWith: [...review.recurredWith, event.ticket] };
    case 'effectivenessDue':
      return { judgeBy: event.dueAt };
    case 'effectivenessJudged':
      return { effective: event.effective };
    case 'gateOverridden':
      return { overrides: review.overrides + 1 };
    case 'reopened': {
      const { acceptanceDueAt } = event;
      const again = { ...NOT_WATCHED, effective: null, closedAt: null, reopenings: review.reopenings + 1 };
      return acceptanceDueAt === null
        ? { ...again, state: 'awaitingActions' }
        : { ...again, ...NOT_ACCEPTED, state: 'drafted', acceptanceDueAt, submittedAt: null };
    }
    case 'closed':
      return { state: 'closed', closedAt: occurredAt };
    case 'reminded':
    case 'overdue':
    case 'escalated':
      return { due: review.due && { ...review.due, ...toldWith(event) } };
  }
}

/** What is due as things stand; waiting for actions is no due date of the review: they have their own. */
function dueOf(review: Review): { about: ReviewDue; dueAt: number } | null {
  const { state, meetingDueAt, acceptanceDueAt, judgeBy } = review;
  switch (state) {
    case 'opened':
    case 'scheduled':
      return { about: 'meeting', dueAt: meetingDueAt };
    case 'drafted':
    case 'inReview':
      return acceptanceDueAt === null ? null : { about: 'acceptance', dueAt: acceptanceDueAt };
    case 'quiet':
      return judgeBy === null ? null : { about: 'effectiveness', dueAt: judgeBy };
    case 'awaitingActions':
    case 'closed':
      return null;
  }
}

/** The due date it has by now, with what was told of it; of a new one nothing was. */
function withDue(review: Review, since: number): Review {
  const next = dueOf(review);
  if (!next) return { ...review, due: null };
  const { owner, remindBeforeMs, escalateAfterMs, escalateTo, due } = review;
  const isSame = due?.about === next.about && due.dueAt === next.dueAt;
  const told = isSame ? due : { ...NOTHING_TOLD, dueSince: since };
  return { ...review, due: { ...told, ...next, owner, remindBeforeMs, escalateAfterMs, escalateTo } };
}

/** Total: every event leads somewhere. */
export function evolveReview(review: Review | null, event: ReviewEvent, id: string): Review {
  if (event.type === 'opened') return review ?? withDue(opened(event, id), event.occurredAt);
  if (!review) throw new Error(`Review ${id} has not been opened`);
  return withDue({ ...review, ...evolved(review, event), sequence: event.sequence }, event.occurredAt);
}
