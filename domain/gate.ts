/**
 * The last look before a changing command leaves: everything that allowed it is asked again of what is read afresh. Each
 * question is a function of its own; the first that says no is the answer.
 */
import { isCarried, isUsable, type Approval } from './approval.ts';
import { reasonNoBreakGlass, reasonNotAuthorised, type Authorisation } from './authorisation.ts';
import { NEED_PLAN, NEED_ROLL_BACK, type Plan, type PlannedUnit } from './plan.ts';
import { protectionOf, type Protection } from './protection.ts';
import type { Halt } from './unit.ts';

/** What lets a run begin without the approval of its plan and steps. */
export type GateLicence =
  { by: 'approval' } | { by: 'authorisation'; authorisation: string } | { by: 'breakGlass' };

/** What the row of a run says of its consent. */
export interface Consent {
  planHash: string;
  licence: GateLicence;
  /** By need; an emergency's ratification by `breakGlass`. */
  approvals: Readonly<Record<string, Approval>>;
  halt: Halt | null;
}

/** What is about to leave. */
export interface AboutToLeave {
  /** The plan that it was ordered under. */
  planHash: string;
  /** `plannedUnitId` of it. */
  unit: string;
  /** Every name of its target, and whatever in the command may name one; the target's own name first. */
  keys: readonly string[];
}

/** How things stand at this moment. */
export interface Standing {
  consent: Consent | null;
  plan: Plan | null;
  /** The one that the licence names. */
  authorisation: Authorisation | null;
  /** Whether a person has a role now. */
  holds: (person: string, role: string) => boolean;
  protections: readonly Protection[];
  isUnderLegalHold: boolean;
  isRevoked: boolean;
  now: number;
}

export type GateCode =
  | 'run_stopped'
  | 'plan_changed'
  | 'not_planned'
  | 'approval_missing'
  | 'role_lost'
  | 'not_authorised'
  | 'not_ratified'
  | 'legal_hold'
  | 'target_protected'
  | 'playbook_revoked'
  | 'too_many_targets';

export interface GateRefusal {
  code: GateCode;
  /** Names nothing that may be hidden. */
  message: string;
}

type Planned = Standing & { consent: Consent; plan: Plan; planned: PlannedUnit };
type Check = (standing: Planned, about: AboutToLeave) => GateRefusal | null;

const no = (code: GateCode, message: string): GateRefusal => ({ code, message });

const stopped: Check = ({ consent }) => (consent.halt ? no('run_stopped', 'The run was stopped') : null);

const samePlan: Check = ({ consent }, { planHash }) =>
  consent.planHash === planHash ? null : no('plan_changed', 'The plan was changed since this was ordered');

/** Where the plan knows the target, it is that one. */
const sameTarget: Check = ({ planned }, { keys }) => {
  const { key } = planned.target;
  return key === null || key === keys[0]
    ? null
    : no('not_planned', 'The target is not the one that stands in the plan');
};

/** By what a licence other than approval stands in for the plan's and the steps' approvals. */
function refusalOfLicence({ consent, plan, authorisation, holds, now }: Planned): GateRefusal | null {
  if (consent.licence.by === 'breakGlass') {
    const state = consent.approvals['breakGlass']?.state;
    const isPending = state === 'prepared' || state === 'open' || state === 'granted';
    if (!isPending) return no('not_ratified', 'The emergency was not ratified');
    const reason = reasonNoBreakGlass(plan);
    return reason === null ? null : no('not_ratified', `It cannot be begun unasked: ${reason}`);
  }
  if (!authorisation) return no('not_authorised', 'There is no such authorisation');
  const reason = reasonNotAuthorised(authorisation, plan, now);
  if (reason !== null) return no('not_authorised', reason);
  const { granted, confirmed } = authorisation;
  const stands = [granted, confirmed].every((by) => by !== null && holds(by.person, by.role));
  return stands ? null : no('role_lost', 'Somebody who authorised it has lost the role');
}

function refusalOfNeed(need: string, { consent, plan, holds, now }: Planned): GateRefusal | null {
  const approval = consent.approvals[need];
  if (!approval || !isUsable(approval, consent.planHash, now))
    return no(
      'approval_missing',
      `Approval of ${need} is ${approval?.state ?? 'missing'}, or its time is over`,
    );
  // The terms are the plan's: what the row says of them is not asked.
  const terms = plan.needs[need]!.terms;
  return isCarried({ terms, votes: approval.votes }, holds)
    ? null
    : no('role_lost', `Somebody who approved ${need} has lost the role`);
}

const consented: Check = (standing) => {
  const { planned, consent } = standing;
  const isLicensed = consent.licence.by !== 'approval';
  const unasked = planned.needs.filter((need) => isLicensed && need !== NEED_ROLL_BACK);
  const asked = planned.needs.filter((need) => !unasked.includes(need));
  // A plan that needs no consent still needs what it was begun by, while that is not an approval.
  const licence = isLicensed && planned.purpose !== 'undo' ? refusalOfLicence(standing) : null;
  if (licence) return licence;
  for (const need of asked) {
    const refusal = refusalOfNeed(need, standing);
    if (refusal) return refusal;
  }
  return null;
};

const notHeld: Check = ({ isUnderLegalHold, planned: { reversibility } }) =>
  isUnderLegalHold && (reversibility === 'irreversible' || reversibility === 'unknown')
    ? no('legal_hold', 'The ticket is under legal hold, and this cannot be undone')
    : null;

/** Giving something back is never barred by what protects it. */
const notProtected: Check = ({ planned, plan, protections, now }, { keys }) => {
  if (planned.purpose === 'undo') return null;
  const found = protectionOf(keys, protections, now);
  if (!found) return null;
  const wasAgreed = plan.needs[NEED_PLAN]?.reasons.includes('protected') ?? false;
  return found.mode === 'approval' && wasAgreed
    ? null
    : no('target_protected', `The target is protected by ${found.pattern}`);
};

const notRevoked: Check = ({ isRevoked, planned }) =>
  isRevoked && planned.purpose !== 'undo' ? no('playbook_revoked', 'The playbook was revoked') : null;

const CHECKS: readonly Check[] = [
  stopped,
  samePlan,
  sameTarget,
  consented,
  notHeld,
  notProtected,
  notRevoked,
];

/** Why this may not leave now; null where it may. */
export function gateRefusal(standing: Standing, about: AboutToLeave): GateRefusal | null {
  const { consent, plan } = standing;
  if (!consent || !plan) return no('not_planned', 'There is no such run, or no such plan');
  const planned = plan.units.find(({ id }) => id === about.unit);
  if (!planned) return no('not_planned', 'It does not stand in the plan');
  for (const check of CHECKS) {
    const refusal = check({ ...standing, consent, plan, planned }, about);
    if (refusal) return refusal;
  }
  return null;
}

/** Everybody whose role counts for this run, each once. */
export function personsAsked(consent: Consent | null, authorisation: Authorisation | null): string[] {
  const voters = Object.values(consent?.approvals ?? {}).flatMap(({ votes }) =>
    votes.map(({ person }) => person),
  );
  const authors = authorisation
    ? [authorisation.granted.person, ...(authorisation.confirmed ? [authorisation.confirmed.person] : [])]
    : [];
  return [...new Set([...voters, ...authors])];
}
