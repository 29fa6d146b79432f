/**
 * Approvals: the consent of so many persons, other than whoever asks, to exactly one plan. One question with a quorum,
 * as plain data that the run carries. Time brings it up the chain and ends it; it never says yes by itself.
 */
import type { Actor, TextReference } from './events.ts';
import { namesOf } from './journal.ts';
import type { ApprovalTerms } from './playbook.ts';
import type { Refusal } from './refusals.ts';

/** What is asked: the whole plan, one step, taking back, an effect that ran out, or starting before anybody was asked. */
export const APPROVAL_SUBJECTS = ['plan', 'step', 'rollBack', 'effect', 'breakGlass'] as const;
export type ApprovalSubject = (typeof APPROVAL_SUBJECTS)[number];

/**
 * `prepared`: it may be answered early and is not waited for yet. `expired`: nobody along the chain answered. `void`: it
 * was open or granted, and cannot be used any more.
 */
export const APPROVAL_STATES = ['prepared', 'open', 'granted', 'rejected', 'expired', 'void'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

export type VoidReason = 'planChanged' | 'lapsed' | 'roleLost' | 'stopped';

export type Decision = 'approve' | 'reject';

export interface Vote {
  person: string;
  /** The role that it counts by: has the person lost it, it counts no longer. */
  role: string;
  at: number;
  decision: Decision;
  actor: Actor;
  /** The words of it, stored apart. */
  reason: TextReference | null;
}

export interface Approval {
  id: string;
  subject: ApprovalSubject;
  /** The need of the plan that it answers, `plan` or `step/…` (domain/plan.ts). */
  need: string;
  /** The plan that it is bound to: a changed plan has another. */
  planHash: string;
  terms: ApprovalTerms;
  /** Names that do not count, whether of a person, a key or whom a key acts for. */
  excluded: readonly string[];
  state: ApprovalState;
  requestedAt: number;
  /** Since when it is waited for; null while prepared. */
  askedAt: number | null;
  /** 0: the role of the terms is asked; n: the n-th of `escalateTo` as well, since `levelAt`. */
  level: number;
  levelAt: number;
  votes: readonly Vote[];
  grantedAt: number | null;
  /** The last instant at which it may be used. */
  validUntil: number | null;
  voidReason: VoidReason | null;
  /** Everything that it was for is done: it does not lapse any more. */
  usedAt: number | null;
}

export interface ApprovalQuestion {
  id: string;
  subject: ApprovalSubject;
  need: string;
  planHash: string;
  terms: ApprovalTerms;
  excluded: readonly string[];
}

export interface VoteRequest {
  actor: Actor;
  decision: Decision;
  /** The plan that the voter has read. */
  planHash: string;
  reason?: TextReference;
}

/** What time does to an approval; logged, it is not due any more. */
export type ApprovalDue =
  | { type: 'escalated'; level: number; to: string }
  /** Nobody answered: whoever commands is paged. */
  | { type: 'expired' }
  /** Granted and not used in time. */
  | { type: 'lapsed' };

// Asserted names are free text: `Agent-17` must not pass for somebody else than `agent-17`.
const nameKey = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

/** Names of those who may not approve: who asked, for whom, whose key it was; who wrote or imported what is to be run. */
export const excludedBy = (
  actors: readonly (Actor | null)[],
  names: readonly string[] = [],
): readonly string[] => [...new Set([...actors.flatMap((actor) => (actor ? namesOf(actor) : [])), ...names])];

/** A question that may be answered from now on, and is waited for once it is asked. */
export function prepareApproval(question: ApprovalQuestion, now: number): Approval {
  return {
    ...question,
    state: 'prepared',
    requestedAt: now,
    askedAt: null,
    level: 0,
    levelAt: now,
    votes: [],
    grantedAt: null,
    validUntil: null,
    voidReason: null,
    usedAt: null,
  };
}

/** It is waited for from now on; answers that came before count now. */
export function askApproval(approval: Approval, now: number): Approval {
  if (approval.state !== 'prepared') return approval;
  return tallied({ ...approval, state: 'open', askedAt: now, levelAt: now }, now);
}

/** A question that is waited for at once. */
export const openApproval = (question: ApprovalQuestion, now: number): Approval =>
  askApproval(prepareApproval(question, now), now);

/** Whose yes counts at present. */
export function rolesAsked({ terms, level }: Pick<Approval, 'terms' | 'level'>): readonly string[] {
  const { role, including = [], escalateTo } = terms;
  return [...new Set([role, ...including, ...escalateTo.slice(0, level)])];
}

/** Whether these votes are enough: so many different persons, and each role that has to be among them. */
export function isQuorum(
  { required, including = [] }: Pick<ApprovalTerms, 'required' | 'including'>,
  votes: readonly Pick<Vote, 'person' | 'role' | 'decision'>[],
): boolean {
  const approving = votes.filter(({ decision }) => decision === 'approve');
  const persons = new Set(approving.map(({ person }) => nameKey(person)));
  const hasRoles = including.every((wanted) => approving.some(({ role }) => role === wanted));
  return persons.size >= Math.max(required, 1) && hasRoles;
}

/** An open question after its votes: one no ends it, enough yeses grant it. */
function tallied(approval: Approval, now: number): Approval {
  if (approval.votes.some(({ decision }) => decision === 'reject')) return { ...approval, state: 'rejected' };
  if (!isQuorum(approval.terms, approval.votes)) return approval;
  return { ...approval, state: 'granted', grantedAt: now, validUntil: now + approval.terms.validForMs };
}

const canStillBeAnswered = ({ state }: Approval): boolean => state === 'prepared' || state === 'open';

/** Only persons with credentials of their own, of a role that is asked, and not whoever asked or wrote it. */
function refusalOfVoter(approval: Approval, actor: Actor): Refusal | null {
  const { id, excluded } = approval;
  const { person, role, actingFor } = actor;
  if (person === undefined || (actingFor !== undefined && nameKey(actingFor) !== nameKey(person)))
    return {
      code: 'personal_credentials_missing',
      message: `Approval ${id} takes a person with a personal key, who speaks for nobody else`,
    };
  const barred = new Set(excluded.map(nameKey));
  if (namesOf(actor).some((name) => barred.has(nameKey(name))))
    return {
      code: 'approval_by_requester',
      message: `${person} asked for what approval ${id} is about, or wrote it; somebody else has to decide`,
    };
  const roles = rolesAsked(approval);
  return roles.includes(role)
    ? null
    : {
        code: 'approver_role_missing',
        message: `Approval ${id} asks ${roles.join(' or ')}; this key has the role ${role}`,
      };
}

function refusalOfVote(approval: Approval, request: VoteRequest, before: Vote | undefined): Refusal | null {
  const { id, state, planHash } = approval;
  if (state === 'void' && approval.voidReason === 'planChanged')
    return {
      code: 'plan_changed',
      message: `The plan of approval ${id} was changed since it was asked`,
      state,
    };
  if (!canStillBeAnswered(approval))
    return { code: 'approval_not_open', message: `Approval ${id} is ${state}`, state };
  if (request.planHash !== planHash)
    return {
      code: 'plan_changed',
      message: `Approval ${id} is about plan ${planHash}, not ${request.planHash}; read it again`,
      pointer: '/planHash',
    };
  // Who said yes may still say no; a no is final.
  if (before?.decision === 'reject')
    return { code: 'already_voted', message: `${before.person} has rejected approval ${id}`, state };
  if (request.decision === 'reject' && !request.reason)
    return { code: 'reason_missing', message: 'A rejection needs a reason', pointer: '/reason' };
  return null;
}

const isTheirs = (person: string) => (one: Vote) => nameKey(one.person) === nameKey(person);

/** The approval after a vote that was let in: one per person, the last one. */
export function withVote(approval: Approval, cast: Vote): Approval {
  const isSame = isTheirs(cast.person);
  const counted = { ...approval, votes: [...approval.votes.filter((one) => !isSame(one)), cast] };
  return approval.state === 'open' ? tallied(counted, cast.at) : counted;
}

/**
 * The approval after this vote, or why it does not count: `plan_changed`, `personal_credentials_missing`,
 * `approval_by_requester`, `approver_role_missing`, `already_voted`, `reason_missing`, `approval_not_open`. The same vote
 * again is granted and casts none.
 */
export function vote(
  approval: Approval,
  request: VoteRequest,
  now: number,
): { approval: Approval; cast: Vote | null } | { refusal: Refusal } {
  const { actor, decision, reason = null } = request;
  const refusedVoter = refusalOfVoter(approval, actor);
  if (refusedVoter) return { refusal: refusedVoter };
  const person = actor.person!;
  const before = approval.votes.find(isTheirs(person));
  const isRepeat = before?.decision === decision && request.planHash === approval.planHash;
  if (isRepeat && approval.state !== 'void' && approval.state !== 'expired') return { approval, cast: null };
  const refusal = refusalOfVote(approval, request, before);
  if (refusal) return { refusal };
  const cast: Vote = { person, role: actor.role, at: now, decision, actor, reason };
  return { approval: withVote(approval, cast), cast };
}

/**
 * What time has done to it by `now`; null for nothing. An answer exactly when it is due is in time. Every level has its
 * full time, counted from when it was really asked: after an outage nobody is passed over.
 */
export function dueOf(approval: Approval, now: number): ApprovalDue | null {
  const milestone = nextMilestoneOf(approval);
  if (milestone === null || now < milestone) return null;
  if (approval.state === 'granted') return { type: 'lapsed' };
  const to = approval.terms.escalateTo[approval.level];
  return to === undefined ? { type: 'expired' } : { type: 'escalated', level: approval.level + 1, to };
}

/** The approval after what was due. */
export function withDue(approval: Approval, due: ApprovalDue, now: number): Approval {
  switch (due.type) {
    case 'escalated':
      return { ...approval, level: due.level, levelAt: now };
    case 'expired':
      return { ...approval, state: 'expired' };
    case 'lapsed':
      return { ...approval, state: 'void', voidReason: 'lapsed' };
  }
}

/** When time next does something to it; null where it waits for nothing. */
export function nextMilestoneOf(approval: Approval): number | null {
  const { state, levelAt, terms, validUntil, usedAt } = approval;
  if (state === 'open') return levelAt + terms.respondWithinMs + 1;
  return state === 'granted' && usedAt === null && validUntil !== null ? validUntil + 1 : null;
}

/** Whether it allows something of this plan at `now`. */
export const isUsable = ({ state, planHash, validUntil }: Approval, plan: string, now: number): boolean =>
  state === 'granted' && planHash === plan && validUntil !== null && now <= validUntil;

/** It cannot be used any more, whatever it was; one that had ended without a yes stays as it is. */
export function voided(approval: Approval, reason: VoidReason): Approval {
  const isOver = approval.state === 'rejected' || approval.state === 'expired' || approval.state === 'void';
  return isOver ? approval : { ...approval, state: 'void', voidReason: reason };
}

/** Everything that it was for is done. */
export const usedUp = (approval: Approval, now: number): Approval => ({ ...approval, usedAt: now });

/** Whether a yes still carries: enough of those who gave it hold the role that it counted by. */
export function isCarried(
  { terms, votes }: Pick<Approval, 'terms' | 'votes'>,
  holds: (person: string, role: string) => boolean,
): boolean {
  return isQuorum(
    terms,
    votes.filter(({ person, role }) => holds(person, role)),
  );
}
