/**
 * Problems (ITIL): the cause of several incidents, from the investigation over a known error and a planned fix to the
 * quiet period in which the fix proves itself. Its words are erasable text, stored apart; its tickets have rows of
 * their own and are told by readers of its log.
 */
import type { Actor, TextReference } from './events.ts';
import type { JournalEvent, JournalKind } from './journal.ts';
import type { Refusal } from './refusals.ts';

export const PROBLEM_STATES = ['open', 'knownError', 'fixPlanned', 'fixed', 'resolved', 'closed'] as const;
export type ProblemState = (typeof PROBLEM_STATES)[number];

/** What has ended: the fix held, or nobody will fix it. */
export const isUnresolved = (state: ProblemState): boolean => state !== 'resolved' && state !== 'closed';

/** Who looks after a problem that opened by itself. */
export const PROBLEM_MANAGER = 'problem-manager';

/** How long it has to stay quiet after a fix, where nobody says otherwise. */
export const QUIET_MS = 7 * 86_400_000;

export const LINKED_BY = ['recurrence', 'hand'] as const;

/** Why a problem opened by itself: so many tickets with one fingerprint within so long. */
export interface Recurrence {
  policy: string;
  count: number;
  withinMs: number;
}

export type ProblemBody =
  | {
      type: 'opened';
      fingerprint: string | null;
      owner: string | null;
      quietMs: number;
      recurrence?: Recurrence;
    }
  | { type: 'linked'; ticket: string; openedAt: number; by: (typeof LINKED_BY)[number] }
  | { type: 'unlinked'; ticket: string }
  /** Which of the two it says, or says anew. */
  | { type: 'knownErrorNoted'; rootCause: boolean; workaround: boolean }
  /** `task` is the task that the fix became. */
  | { type: 'fixPlanned'; owner: string; dueAt: number; task: string; change?: string }
  | { type: 'fixed'; quietMs: number; change?: string }
  | { type: 'recurred'; ticket: string }
  | { type: 'resolved' }
  | { type: 'closed' }
  | { type: 'reopened' };

export type ProblemEvent = JournalEvent<ProblemBody>;

export type ProblemCommand =
  | { type: 'linkTicket'; ticket: string; openedAt: number }
  | { type: 'unlinkTicket'; ticket: string }
  | { type: 'noteKnownError'; rootCause: boolean; workaround: boolean }
  | { type: 'planFix'; owner: string; dueAt: number; task: string; change?: string }
  | { type: 'fixed'; quietMs?: number; change?: string }
  | { type: 'close' }
  | { type: 'reopen' };

/** The fix that somebody plans, or made. */
export interface PlannedFix {
  owner: string;
  dueAt: number;
  task: string;
}

export interface Problem {
  id: string;
  sequence: number;
  state: ProblemState;
  fingerprint: string | null;
  owner: string | null;
  quietMs: number;
  recurrence: Recurrence | null;
  /** What it is called, and described as; null where it opened by itself. */
  words: TextReference | null;
  openedAt: number;
  openedBy: Actor | null;
  /** The newest words that have it. */
  rootCause: TextReference | null;
  workaround: TextReference | null;
  fix: PlannedFix | null;
  /** Reference of the change record. */
  change: string | null;
  fixedAt: number | null;
  /** Until when it has to stay quiet. */
  quietUntil: number | null;
  /** A ticket that came after the fix and is not answered yet. */
  recurredWith: string | null;
  recurrences: number;
  resolvedAt: number | null;
  closedAt: number | null;
  /** Why it was closed without a fix. */
  closing: TextReference | null;
}

function opened(event: JournalEvent<Extract<ProblemBody, { type: 'opened' }>>, id: string): Problem {
  return {
    id,
    sequence: event.sequence,
    state: 'open',
    fingerprint: event.fingerprint,
    owner: event.owner,
    quietMs: event.quietMs,
    recurrence: event.recurrence ?? null,
    words: event.text ?? null,
    openedAt: event.occurredAt,
    openedBy: event.actor ?? null,
    rootCause: null,
    workaround: null,
    fix: null,
    change: null,
    ...NOT_FIXED,
    recurrences: 0,
    resolvedAt: null,
    closedAt: null,
    closing: null,
  };
}

const NOT_FIXED = { fixedAt: null, quietUntil: null, recurredWith: null };

/** A ticket that was opened before the fix says nothing against it, however late it is linked. */
function afterLink(
  { state, fixedAt, recurredWith }: Problem,
  { ticket, openedAt }: Extract<ProblemBody, { type: 'linked' }>,
): Partial<Problem> {
  const isRecurrence = state === 'fixed' && fixedAt !== null && openedAt > fixedAt && recurredWith === null;
  return isRecurrence ? { recurredWith: ticket } : {};
}

function evolved(problem: Problem, event: ProblemEvent): Partial<Problem> {
  const { occurredAt, text = null } = event;
  switch (event.type) {
    case 'opened':
    case 'unlinked':
      return {};
    case 'linked':
      return afterLink(problem, event);
    case 'knownErrorNoted':
      return {
        ...(problem.state === 'open' && { state: 'knownError' as const }),
        ...(event.rootCause && { rootCause: text }),
        ...(event.workaround && { workaround: text }),
      };
    case 'fixPlanned': {
      const { owner, dueAt, task, change = problem.change } = event;
      return { state: 'fixPlanned', fix: { owner, dueAt, task }, change };
    }
    case 'fixed':
      return {
        state: 'fixed',
        fixedAt: occurredAt,
        quietUntil: occurredAt + event.quietMs,
        change: event.change ?? problem.change,
      };
    case 'recurred':
      return { state: 'open', ...NOT_FIXED, recurrences: problem.recurrences + 1 };
    case 'resolved':
      return { state: 'resolved', resolvedAt: occurredAt };
    case 'closed':
      return { state: 'closed', closedAt: occurredAt, closing: text };
    case 'reopened':
      return { state: 'open', ...NOT_FIXED, resolvedAt: null, closedAt: null, closing: null };
  }
}

/** A recurrence comes first: what came before the quiet period was over is no silence. */
function due(problem: Problem, now: number): { id: string; body: ProblemBody } | null {
  const { state, recurredWith, quietUntil, sequence } = problem;
  if (state !== 'fixed') return null;
  if (recurredWith !== null)
    return { id: `recurred/${sequence}`, body: { type: 'recurred', ticket: recurredWith } };
  return quietUntil !== null && now >= quietUntil
    ? { id: `resolved/${quietUntil}/${sequence}`, body: { type: 'resolved' } }
    : null;
}

function nextMilestone({ state, recurredWith, quietUntil, fixedAt }: Problem): number | null {
  if (state !== 'fixed') return null;
  return recurredWith === null ? quietUntil : fixedAt;
}

function refusalOf({ id, state }: Problem, command: ProblemCommand): Refusal | null {
  const no = (code: Refusal['code'], fact: string): Refusal => ({
    code,
    message: `Problem ${id} ${fact}`,
    state,
  });
  if (command.type === 'reopen')
    return isUnresolved(state) ? no('problem_not_closed', `is ${state}; it is not resolved or closed`) : null;
  if (!isUnresolved(state)) return no('problem_closed', `is ${state}; reopen it first`);
  const isAboutFixing = command.type === 'planFix' || command.type === 'fixed';
  return isAboutFixing && state === 'fixed' ? no('problem_fixed', 'is fixed, and is being watched') : null;
}

function bodyOf({ quietMs }: Problem, command: ProblemCommand): ProblemBody {
  switch (command.type) {
    case 'linkTicket':
      return { type: 'linked', ticket: command.ticket, openedAt: command.openedAt, by: 'hand' };
    case 'unlinkTicket':
      return { type: 'unlinked', ticket: command.ticket };
    case 'noteKnownError': {
      const { rootCause, workaround } = command;
      return { type: 'knownErrorNoted', rootCause, workaround };
    }
    case 'planFix': {
      const { type: _type, ...plan } = command;
      return { type: 'fixPlanned', ...plan };
    }
    case 'fixed':
      return {
        type: 'fixed',
        quietMs: command.quietMs ?? quietMs,
        ...(command.change !== undefined && { change: command.change }),
      };
    case 'close':
      return { type: 'closed' };
    case 'reopen':
      return { type: 'reopened' };
  }
}

/** The journal of a problem. */
export const problemJournal: JournalKind<Problem, ProblemBody, ProblemCommand> = {
  name: 'problem',
  evolve(problem, event, id) {
    if (event.type === 'opened') return problem ?? opened(event, id);
    if (!problem) throw new Error(`Problem ${id} has not been opened`);
    return { ...problem, ...evolved(problem, event), sequence: event.sequence };
  },
  decide(problem, { command }) {
    const refusal = refusalOf(problem, command);
    return refusal ? { refusal } : { bodies: [bodyOf(problem, command)] };
  },
  due,
  nextMilestone,
  isRunning: ({ state }) => isUnresolved(state),
  columns: ({ state, fingerprint, owner, openedAt }) => ({ state, fingerprint, owner, openedAt }),
};

/** A task that every problem begins with. */
export interface TaskTemplate {
  code: string;
  title: string;
  dueAfterMs: number;
}

/** What finding the root cause takes; due so long after the problem was opened. */
export const ROOT_CAUSE_TASKS: readonly TaskTemplate[] = [
  {
    code: 'timeline',
    title: 'Timeline: what happened when, from the tickets and the changes before them',
    dueAfterMs: 2 * 86_400_000,
  },
  {
    code: 'fiveWhys',
    title: 'Five whys: ask why until the answer is something that can be changed',
    dueAfterMs: 5 * 86_400_000,
  },
  {
    code: 'contributingFactors',
    title: 'Contributing factors: what made it likelier, worse or longer',
    dueAfterMs: 5 * 86_400_000,
  },
];
