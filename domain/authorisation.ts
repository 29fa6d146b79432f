/**
 * What may run without being asked: a playbook that two persons have authorised beforehand, and what a responder begins
 * in an emergency. Either only what can be taken back, on a few targets that are known (docs/rules.md §9, security).
 */
import type { ApprovalTerms } from './playbook.ts';
import { changesOfUnknownTargets, isReversible, NEED_PLAN, type Plan } from './plan.ts';

/** An authorisation is looked at again this often at the latest. */
export const LONGEST_AUTHORISATION_MS = 90 * 86_400_000;

/** What was begun in an emergency is ratified within four hours, or a lead looks into it. */
export const RATIFICATION: ApprovalTerms = {
  role: 'approver',
  required: 1,
  respondWithinMs: 4 * 3_600_000,
  escalateTo: [],
  validForMs: 24 * 3_600_000,
};

export interface Authorisation {
  id: string;
  playbookId: string;
  /** Of the exact version that it is for. */
  digest: string;
  maxTargets: number;
  validUntil: number;
  /** Persons, and the role that each decided by. */
  granted: { person: string; role: string };
  confirmed: { person: string; role: string } | null;
  revokedAt: number | null;
}

export type AuthorisationState = 'awaitingConfirmation' | 'valid' | 'expired' | 'revoked';

/** How an authorisation stands at `now`; valid up to and with its last instant. */
export function authorisationState(
  { confirmed, revokedAt, validUntil }: Pick<Authorisation, 'confirmed' | 'revokedAt' | 'validUntil'>,
  now: number,
): AuthorisationState {
  if (revokedAt !== null) return 'revoked';
  if (now > validUntil) return 'expired';
  return confirmed === null ? 'awaitingConfirmation' : 'valid';
}

/** Why a plan cannot run without being asked, by whatever licence; null where it could. */
function reasonToAsk(plan: Plan, maxTargets: number): string | null {
  if (!isReversible(plan)) return 'it has steps that cannot be taken back';
  if (changesOfUnknownTargets(plan).length > 0) return 'what it changes is not known before it runs';
  if (plan.targets.length > maxTargets)
    return `it changes ${plan.targets.length} targets, and ${maxTargets} are allowed`;
  if (plan.needs[NEED_PLAN]?.reasons.includes('protected')) return 'it touches protected assets';
  return plan.isPastValidity ? 'the time of its playbook is over' : null;
}

/** Why an authorisation does not stand in for the approval of this plan; null where it does, exactly. */
export function reasonNotAuthorised(authorisation: Authorisation, plan: Plan, now: number): string | null {
  const state = authorisationState(authorisation, now);
  if (state !== 'valid') return `authorisation ${authorisation.id} is ${state}`;
  const [only, ...more] = plan.playbooks;
  // What runs from within may be another version tomorrow: nobody has looked at that.
  if (only?.digest !== authorisation.digest || more.length > 0)
    return `authorisation ${authorisation.id} is for another version, or for one playbook alone`;
  return reasonToAsk(plan, authorisation.maxTargets);
}

/** Why a responder cannot begin this without being asked; null where they can. */
export const reasonNoBreakGlass = (plan: Plan): string | null => reasonToAsk(plan, plan.maxTargets);
