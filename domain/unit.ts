/**
 * A unit: one command of one step on one target, for one purpose. It is what a run asks to be carried out, and what is
 * carried out exactly once, recorded and taken back (docs/containment.md, "Units").
 */
import type { Variable } from './playbook.ts';

export const UNIT_PURPOSES = ['act', 'snapshot', 'verify', 'undo', 'verifyUndone'] as const;
export type UnitPurpose = (typeof UNIT_PURPOSES)[number];

/**
 * A variable in the scope of a run. One whose value nobody may see has no `value`: `sealed` is the id of a sealed value,
 * `vault` a path in the vault; both are opened only where the command is made ready.
 */
export interface ScopeVariable extends Variable {
  sealed?: string;
  vault?: string;
}

/** By name, `__name__`; what is sensitive only as a reference, so that it may stand in a history. */
export type Scope = Readonly<Record<string, ScopeVariable>>;

/** What an act brings about: two acts with the same name and key bring about the same. */
export interface Effect {
  /** As the step's extension names it, `hostIsolated`. */
  name: string;
  /** The target, normalised, so that two ways to write it are one. */
  key: string;
}

/** What the run asks to be carried out. Plain data that stands in the workflow's history: never a secret. */
export interface UnitOrder {
  /**
   * Run, branch, visit, step, command, target and purpose: unique, and the same at every attempt. The idempotency key
   * comes from it.
   */
  id: string;
  run: string;
  ticket: string;
  /** Digest of the playbook's exact version. */
  playbook: string;
  step: string;
  commandIndex: number;
  /** Ids in the playbook's definitions; no target: the agent itself. */
  agent: string | null;
  target: string | null;
  purpose: UnitPurpose;
  planHash: string;
  /** The scope as the step sees it. */
  variables: Scope;
  /** What `act` brings about, or `undo` takes back; null where nobody counts it. */
  effect: Effect | null;
  /** For the one command, from the first byte on. */
  timeoutMs: number;
  /** Whether done twice is as done once: what the playbook says, else null and the connector knows. */
  repeatable: boolean | null;
  isChange: boolean;
  requiresApproval: boolean;
}

/**
 * How a unit ended. `failed`: it was not done. `unknown`: it may have been done; somebody has to look. `blocked`: it was
 * not allowed any more, or the run was stopped; nothing was sent. `alreadyInForce`: another run brought the effect about;
 * this one now holds it too. `stillHeld`: other runs hold the effect; this one does not any more, and it stays.
 */
export const UNIT_OUTCOMES = [
  'succeeded',
  'failed',
  'unknown',
  'blocked',
  'alreadyInForce',
  'stillHeld',
] as const;
export type UnitOutcome = (typeof UNIT_OUTCOMES)[number];

/** What a command answered for a variable; `sealed` where nobody may see it. Masked, and of the declared type. */
export type UnitResult = { value: string } | { sealed: string };

/** What came of a unit; the same however often it is asked. Instants are epoch milliseconds. */
export interface UnitReport {
  unit: string;
  outcome: UnitOutcome;
  /** Why it ended so; always there but for `succeeded`. Masked. */
  reason?: string;
  /** By the names in the step's `out_args`; after `succeeded` only. */
  variables?: Readonly<Record<string, UnitResult>>;
  /** SHA-256 of what was sent and answered, both masked; the artifacts of these names have them. */
  requestHash?: string;
  answerHash?: string;
  startedAt: number;
  endedAt: number;
  /** How often it was sent. */
  attempts: number;
}

/**
 * What stops units of a run, as the body of its row says (`halt`, absent or null where nothing does): `stop` sends
 * nothing more and waits for what is under way; `abort` cuts that too. Rolling back takes it away.
 */
export type Halt = 'stop' | 'abort';

/** How often a command that may be repeated is sent, where each attempt ended in doubt. */
export const MOST_ATTEMPTS = 3;
