/**
 * A run: one execution of a playbook, as plain data. It is the fold of its journal; what comes next is worked out from it
 * and the playbook (domain/run-course.ts), so that it goes on anywhere from here.
 */
import type { Approval, Decision } from './approval.ts';
import type { Actor } from './events.ts';
import type { JournalEvent } from './journal.ts';
import type { ApprovalTerms, VerificationTerms } from './playbook.ts';
import type { Scopes } from './run-scopes.ts';
import type { Halt, Scope, UnitOutcome, UnitPurpose, UnitResult } from './unit.ts';

/** A version of a playbook, and what it said. */
export interface PinnedPlaybook {
  id: string;
  /** Its `modified`. */
  version: string;
  /** SHA-256 of its canonical JSON. */
  digest: string;
  name: string;
}

/** What lets a run begin: somebody approves the plan, a standing authorisation, or a responder's emergency. */
export type Licence =
  | { by: 'approval' }
  /** A standing authorisation of two persons, for exactly this playbook (docs/approvals.md). */
  | { by: 'authorisation'; authorisation: string }
  /** To be ratified, or a lead looks into it (docs/rules.md §9). */
  | { by: 'breakGlass' };

/** What a run is asked for with. */
export interface RunTerms {
  ticket: string;
  playbook: PinnedPlaybook;
  /** What is run from within: by digest of a playbook and id of its step, the digest of the part. */
  pins: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** SHA-256 of the plan; approvals are bound to it. */
  planHash: string;
  /** The playbook's own variables with what was given; sensitive ones as references. */
  variables: Scope;
  licence: Licence;
  /** What has to be approved, by need: the whole `plan`, a `step/…`, the `rollBack`, an emergency afterwards. */
  needs: Readonly<Record<string, ApprovalTerms>>;
  /** Persons and subjects whose vote does not count: the requester, and the authors of the plan. */
  excluded: readonly string[];
  /** A run that failed takes back what it did. */
  rollsBackOnFailure: boolean;
}

export const RUN_RESULTS = [
  'succeeded',
  'failed',
  'failedHandled',
  'rejected',
  'expired',
  'stopped',
] as const;
export type RunResult = (typeof RUN_RESULTS)[number];

/** How an undo ended (docs/rules.md §9); `stillHeld`: another run holds the same effect. */
export const UNDO_OUTCOMES = ['undone', 'failed', 'unknown', 'irreversible', 'drifted', 'stillHeld'] as const;
export type UndoOutcome = (typeof UNDO_OUTCOMES)[number];

/** A branch that begins: at which step, in which scope, with which variables of its own. */
export interface BranchOpening {
  branch: string;
  playbook: string;
  first: string;
  scope: string;
  parentScope: string | null;
  variables: Scope;
  /** Runs beside others: sees copies. */
  apart?: true;
}

/** Where a unit belongs: to a step under way, or to an effect that is taken back. */
export interface UnitPlace {
  branch?: string;
  visit?: number;
  /** Id of the effect that it brings about, looks at or takes back. */
  effect?: string;
}

/** A unit as it is ordered. The command itself is read in the playbook. */
export interface OrderedUnit extends UnitPlace {
  unit: string;
  purpose: UnitPurpose;
  playbook: string;
  /** The step that has the command: the action itself, or the one that takes back, or looks. */
  step: string;
  commandIndex: number;
  agent: string;
  /** Id in `target_definitions`; null: the agent itself. */
  target: string | null;
  timeoutMs: number;
  isChange: boolean;
  /** What has to be granted for it, by need. */
  needs: readonly string[];
  /** A person does it: what they answer with, by name and type, and whether the step has no command after it. */
  manual?: { answers: Readonly<Record<string, string>>; needsEvidence: boolean; isLast?: true };
}

/** What an effect is when it begins. */
export interface EffectTerms {
  name: string;
  /** The target's key in the register of what is in force. */
  key: string;
  /** The playbook names it, so that holders of the same effect are counted across runs. */
  isCounted: boolean;
  target: string | null;
  agent: string;
  playbook: string;
  step: string;
  undo: string | null;
  isIrreversible: boolean;
  undoRestoresAccess: boolean;
  verify: VerificationTerms | null;
  verifyUndone: VerificationTerms | null;
  expires: { afterMs: number; atEnd: 'review' | 'undo' } | null;
  /** What taking it back will need to know, as it was then. */
  variables: Scope;
}

export type EffectState =
  'attempting' | 'inForce' | 'absent' | 'unknown' | 'undoing' | 'undone' | 'released' | 'notUndone';

export interface Effect extends EffectTerms {
  id: string;
  state: EffectState;
  /** Seen, not only said. */
  isVerified: boolean;
  since: number;
  expiresAt: number | null;
  hasExpired: boolean;
  undoOutcome: UndoOutcome | null;
  undoReason: string | null;
  /** What a person did of it last: the register hears of it with the row of the run (migration 0017). */
  byHand?: { did: 'act' | 'undo'; unit: string };
}

/** What commands answered, by name of the variable. */
export type Outputs = Readonly<Record<string, UnitResult>>;

/** Looking whether an effect is there: again and again until it is, or the time is over. */
export interface Look {
  effect: string;
  since: number;
  /** Commands of the look that are done. */
  cursor: number;
  attempt: number;
  outputs: Outputs;
  againAt: number | null;
  /** The look itself failed. */
  fault: string | null;
}

export interface Fault {
  outcome: Exclude<UnitOutcome, 'succeeded' | 'alreadyInForce'>;
  reason: string;
  at: number;
  /** It was stopped before anything was sent: it goes on when the run does. */
  whileStopped?: true;
  /** Somebody looked whether the effect is there, in vain. */
  wasLookedAt?: true;
}

/** The step that a branch is at. */
export interface Place {
  step: string;
  /** Counts the steps of the run: names this entering of it for good. */
  visit: number;
  scope: string;
  beginsAt: number;
  begunAt: number | null;
  /** When its time-out falls. */
  endsBy: number | null;
  /** How many units of an action are done. */
  cursor: number;
  attempt: number;
  fault: Fault | null;
  outputs: Outputs;
  look: Look | null;
  /** How many looks were begun. */
  looks: number;
  /** Effects of this step, in the order of its targets; how many of them were seen. */
  effects: readonly string[];
  seen: number;
  children: readonly string[];
  passes: number;
}

export interface Branch {
  id: string;
  /** The step that opened it; null for the run's own. */
  parent: { branch: string; visit: number } | null;
  playbook: string;
  scope: string;
  /** The step to enter; null after a failure that no pointer leads on from. */
  next: string | null;
  place: Place | null;
  outcome: 'ended' | 'failed' | null;
  reason: string | null;
  /** Within `workflow_exception`: why. */
  handling: string | null;
}

/** What is under way, or waits for a person. */
export interface UnderWay extends OrderedUnit {
  orderedAt: number;
  /** Steps of escalation of a manual one. */
  escalations: number;
}

export interface RollBack {
  id: string;
  askedAt: number;
  by: Actor | null;
  cause: 'asked' | 'failure' | 'expiry';
  /** It gives somebody access again, or undoes what others rely on: to be approved first. */
  needsApproval: boolean;
  /** Still to be taken back, the newest first. */
  effects: readonly string[];
  /** The one that is being taken back. */
  current: {
    effect: string;
    stage: 'looking' | 'undoing' | 'verifying';
    cursor: number;
    look: Look | null;
    fault: Fault | null;
    /** What a look came to; a reason only where somebody really looked. */
    verdict: { holds: boolean; reason: string | null } | null;
    /** Nobody knew whether it had taken effect. */
    wasUnknown: boolean;
  } | null;
  outcomes: readonly { effect: string; outcome: UndoOutcome; reason: string | null }[];
  endedAt: number | null;
  /** Its approval was refused, or nobody answered. */
  refused: string | null;
}

export interface Run extends RunTerms {
  id: string;
  sequence: number;
  requestedAt: number;
  requestedBy: Actor | null;
  phase: 'asked' | 'forward' | 'over';
  result: RunResult | null;
  reason: string | null;
  endedAt: number | null;
  /** By need. */
  approvals: Readonly<Record<string, Approval>>;
  /** What the worker looks at just before it sends anything. */
  halt: Halt | null;
  stop: { askedAt: number; by: Actor | null; haltedAt: number | null } | null;
  visits: number;
  branches: Readonly<Record<string, Branch>>;
  scopes: Scopes;
  units: Readonly<Record<string, UnderWay>>;
  effects: Readonly<Record<string, Effect>>;
  rollBack: RollBack | null;
  rollBacks: number;
  /** Ids of units whose effect nobody knows. */
  unknown: readonly string[];
}

export type RunBody =
  | ({ type: 'opened' } & RunTerms)
  /** Other variables, before it began: what was approved is void. */
  | ({ type: 'edited' } & Pick<RunTerms, 'planHash' | 'variables' | 'needs' | 'excluded'>)
  /** Anew where it was asked before and cannot be used any more. */
  | { type: 'approvalAsked'; need: string }
  | { type: 'voted'; need: string; decision: Decision; planHash: string }
  | { type: 'approvalEscalated'; need: string; level: number; to: string }
  | { type: 'approvalExpired'; need: string }
  | { type: 'approvalLapsed'; need: string }
  | { type: 'began'; opening: BranchOpening }
  | {
      type: 'stepEntered';
      branch: string;
      visit: number;
      step: string;
      beginsAt: number;
      variables: Scope;
    }
  | { type: 'stepBegan'; branch: string; visit: number; step: string; endsBy: number | null }
  | ({ type: 'unitOrdered'; begins?: EffectTerms; attempt?: number } & OrderedUnit)
  | ({
      type: 'unitReported';
      unit: string;
      purpose: UnitPurpose;
      outcome: UnitOutcome;
      reason?: string;
      variables?: Readonly<Record<string, UnitResult>>;
      requestHash?: string;
      answerHash?: string;
      evidence?: readonly string[];
    } & UnitPlace)
  /** One look at an effect: whether it is there. Without a next look it is given up. */
  | ({
      type: 'looked';
      effect: string;
      holds: boolean;
      attempt: number;
      againAt: number | null;
      reason?: string;
      /** It could not look. */
      blind?: true;
    } & {
      branch?: string;
      visit?: number;
    })
  | {
      type: 'branchesOpened';
      branch: string;
      visit: number;
      step: string;
      /** What a condition or switch came to. */
      value?: string;
      warning?: string;
      openings: readonly BranchOpening[];
    }
  | {
      type: 'stepEnded';
      branch: string;
      visit: number;
      step: string;
      result: 'succeeded' | 'failed';
      reason?: string;
      next: string | null;
      /** Values that outlive the step. */
      outputs?: Outputs;
    }
  | { type: 'branchEnded'; branch: string; result: 'ended' | 'failed'; step?: string; reason?: string }
  | { type: 'exceptionEntered'; branch: string; step: string; reason: string }
  | { type: 'manualEscalated'; unit: string; level: number; to: string }
  | { type: 'stopAsked' }
  | { type: 'halted'; inForce: readonly string[]; unknown: readonly string[] }
  | { type: 'resumed' }
  | { type: 'ended'; result: RunResult; reason?: string }
  | {
      type: 'rollBackAsked';
      rollBack: string;
      cause: RollBack['cause'];
      effects: readonly string[];
      needsApproval: boolean;
    }
  | { type: 'undoBegan'; effect: string; stage: 'looking' | 'undoing' | 'verifying' }
  | { type: 'undoEnded'; effect: string; outcome: UndoOutcome; reason?: string }
  | { type: 'rollBackEnded'; rollBack: string; notUndone: readonly string[]; refused?: string }
  | { type: 'effectExpired'; effect: string; atEnd: 'review' | 'undo' };

export type RunEvent = JournalEvent<RunBody>;

/** Whether something of it may still stand. */
export const isInForce = ({ state }: Effect): boolean =>
  state === 'inForce' || state === 'unknown' || state === 'attempting' || state === 'notUndone';

export const effectsInForce = ({ effects }: Pick<Run, 'effects'>): Effect[] =>
  Object.values(effects).filter(isInForce);

/** What is on its way to a machine; people take their time. */
export const unitsOnTheirWay = ({ units }: Pick<Run, 'units'>): UnderWay[] =>
  Object.values(units).filter(({ manual }) => !manual);

/** The person who asked for it, whom its news are for. */
export const whoAsked = ({ requestedBy }: Pick<Run, 'requestedBy'>): string =>
  requestedBy?.person ?? requestedBy?.subject ?? 'responder';

/** How it stands, in one word. */
export function stateOf(
  run: Run,
): 'awaitingApproval' | 'running' | 'stopping' | 'rollingBack' | 'rolledBack' | RunResult {
  const { rollBack } = run;
  if (rollBack && rollBack.endedAt === null) return 'rollingBack';
  if (rollBack && rollBack.refused === null && effectsInForce(run).length === 0) return 'rolledBack';
  if (run.result) return run.result;
  if (run.stop) return run.stop.haltedAt === null ? 'stopping' : 'stopped';
  return run.phase === 'asked' ? 'awaitingApproval' : 'running';
}
