/**
 * A plan: every unit that a run may carry out, in the order of the graph, with what of it can be taken back and who has
 * to agree. Approvals are bound to the hash of its text: whatever is changed in it, it is another plan.
 */
import { canonicalJson } from './canonical-json.ts';
import type { Occurrence } from './plan-course.ts';
import type { ApprovalTerms, Playbook, PlaybookStep } from './playbook.ts';
import type { Protection } from './protection.ts';
import type { Scope, UnitPurpose } from './unit.ts';

/** `unknown`: it changes something, and nobody has said how to take it back; treated as if nothing could. */
export type Reversibility = 'noChange' | 'reversible' | 'irreversible' | 'unknown';

export interface PlannedTarget {
  /** Id in `target_definitions`; null: the agent itself. */
  id: string | null;
  name: string;
  address: Readonly<Record<string, readonly string[]>>;
  /** What it is counted by; null while a variable in it is not known. */
  key: string | null;
}

export interface PlannedUnit {
  /** Digest of the playbook, step, command, target and purpose: found again just before it is carried out. */
  id: string;
  playbook: string;
  step: string;
  stepName: string | null;
  /** The action that it belongs to: itself, or the one that it looks at or takes back. */
  action: string;
  purpose: UnitPurpose;
  occurrence: Occurrence;
  commandIndex: number;
  commandType: string;
  /** What is sent, as people read it: hidden values hidden, and what is not known yet as the reference that it is. */
  text: string;
  content: string | null;
  agent: { id: string; name: string };
  target: PlannedTarget;
  isByHand: boolean;
  isChange: boolean;
  reversibility: Reversibility;
  effect: string | null;
  undo: string | null;
  snapshot: string | null;
  verify: string | null;
  /** In force for so long, it is taken back, or somebody looks at it. */
  expires: { afterMs: number; isTakenBack: boolean } | null;
  /** Whose consent it takes, by need. */
  needs: readonly string[];
}

/** Why consent is needed. */
export type NeedReason = 'declared' | 'impact' | 'irreversible' | 'noUndo' | 'protected' | 'restoresAccess';

export interface Need {
  terms: ApprovalTerms;
  reasons: readonly NeedReason[];
}

export interface Plan {
  format: 1;
  ticket: string;
  /** The one that is asked for first. */
  playbooks: readonly { id: string; modified: string; digest: string; name: string }[];
  /** What it is given; hidden values as references. */
  variables: Scope;
  /** Most targets that it may change, and those known by now. */
  maxTargets: number;
  targets: readonly string[];
  units: readonly PlannedUnit[];
  /** By need: `plan` before anything is done, `step/…` when that is come to, `rollBack` before access is given back. */
  needs: Readonly<Record<string, Need>>;
  /** Somebody let it run although the playbook's time is over. */
  isPastValidity: boolean;
}

export const NEED_PLAN = 'plan';
export const NEED_ROLL_BACK = 'rollBack';
export const needOfStep = (step: string): string => `step/${step}`;

/** What an approval's hash is made of (SHA-256 of it): says all that a run may do, and nothing else. */
export const planText = (plan: Plan): string => canonicalJson(plan);

/** What names a unit in its plan. */
export const plannedUnitId = ({
  playbook,
  step,
  commandIndex,
  target,
  purpose,
}: {
  playbook: string;
  step: string;
  commandIndex: number;
  target: string | null;
  purpose: UnitPurpose;
}): string => `${playbook}/${step}/${commandIndex}/${target ?? '-'}/${purpose}`;

/** What has to be granted, and by whom: what a run is asked for with. */
export const termsOfNeeds = ({ needs }: Pick<Plan, 'needs'>): Record<string, ApprovalTerms> =>
  Object.fromEntries(Object.entries(needs).map(([need, { terms }]) => [need, terms]));

/** Whether everything that it changes can be taken back. */
export const isReversible = ({ units }: Pick<Plan, 'units'>): boolean =>
  units.every(
    ({ reversibility, purpose }) =>
      purpose === 'undo' || reversibility === 'reversible' || reversibility === 'noChange',
  );

/** Units that change something, on targets that nobody can name yet. */
export const changesOfUnknownTargets = ({ units }: Pick<Plan, 'units'>): PlannedUnit[] =>
  units.filter(({ isChange, target }) => isChange && target.key === null);

/** The playbooks that a plan is made of, by digest, and which one a step means by its id and version. */
export interface Shelf {
  byDigest: Readonly<Record<string, Playbook>>;
  /** The digest of what a step runs from within; null where it is not here. */
  digestOf(step: Pick<PlaybookStep, 'playbook_id' | 'playbook_version'>): string | null;
}

/** What a plan is made from. */
export interface PlanInput {
  ticket: string;
  /** Every playbook that may be run, by the digest of its exact version, and the one that is asked for. */
  playbooks: Readonly<Record<string, Playbook>>;
  main: string;
  /** The digest that a step's playbook was pinned to; null where it is not here. Unless given, by id and version. */
  digestOf?: Shelf['digestOf'];
  /** The playbook's own variables with what was given; hidden ones as references. */
  variables: Scope;
  /** Most targets, where the playbook does not say. */
  maxTargets: number;
  protections: readonly Protection[];
  isUnderLegalHold: boolean;
  /** Types of commands that somebody here can carry out, besides people. */
  connectors: readonly string[];
  /** Somebody answers for running it before or after its time (`valid_from`, `valid_until`). */
  isPastValidity?: boolean;
  now: number;
}
