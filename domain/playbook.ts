/**
 * A CACAO v2.0 playbook as the engine reads it, with Tierline's extension of a step. Its shape and its graph are
 * checked where it comes in (domain/playbook-check.ts); inside, types are believed. What is unknown is kept and not
 * listed here.
 */

export const VARIABLE_TYPES = [
  'bool',
  'dictionary',
  'float',
  'hash',
  'hexstring',
  'integer',
  'ipv4-addr',
  'ipv6-addr',
  'long',
  'mac-addr',
  'md5-hash',
  'sha256-hash',
  'string',
  'uri',
  'uuid',
] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

/** Numbers and truths are texts, as in the file; null: not known. */
export interface Variable {
  type: VariableType;
  description?: string;
  value?: string | null;
  constant?: boolean;
  /** The value comes from whoever starts the playbook. */
  external?: boolean;
}

/** By name, `__name__`. */
export type Variables = Readonly<Record<string, Variable>>;

/** Command types that a connector of ours carries out. */
export const EXECUTABLE_COMMANDS = ['http-api', 'openc2-http', 'ssh', 'manual', 'bash', 'x-ldap'] as const;

/**
 * One command; which fields it has depends on its type. `http-api` and `openc2-http` have a start line as `command`, with
 * `headers` and a body; `ssh`, `bash` and `manual` a text. `x-ldap` (ours) has JSON as its command:
 * `{"operation": "modify", "dn", "changes": [{"operation": "add" | "delete" | "replace", "attribute", "values"}]}`,
 * or `{"operation": "search", "base", "scope", "filter", "attributes"}`. `dn` and `base` may be
 * `{"rdn": {attribute: value}, "base"}`, `filter` may be `{attribute: value}`: so written, no value can name another entry.
 */
export interface Command {
  type: string;
  description?: string;
  command?: string;
  command_b64?: string;
  headers?: Readonly<Record<string, readonly string[]>>;
  content?: string;
  content_b64?: string;
}

/** Who carries out a command, or what it acts on. `address` by kind of network address, each a list. */
export interface AgentTarget {
  type: string;
  name: string;
  address?: Readonly<Record<string, readonly string[]>>;
  port?: string;
  /** Id in `authentication_info_definitions`. */
  authentication_info?: string;
  category?: string | readonly string[];
  contact?: unknown;
}

/** Secrets are named by variables, or by `kms_key_identifier` (a name in the vault); never written out. */
export interface AuthenticationInfo {
  /** `http-basic`, `user-auth` or `oauth2`. */
  type: string;
  user_id?: string;
  username?: string;
  password?: string;
  oauth_header?: string;
  token?: string;
  kms?: boolean;
  kms_key_identifier?: string;
}

/** Durations are whole milliseconds, as CACAO has them. */
interface StepCommon {
  name?: string;
  description?: string;
  owner?: string;
  delay?: number;
  timeout?: number;
  step_variables?: Variables;
  on_completion?: string;
  on_success?: string;
  on_failure?: string;
  step_extensions?: Readonly<Record<string, unknown>>;
}

export interface StartStep extends StepCommon {
  type: 'start';
}
export interface EndStep extends StepCommon {
  type: 'end';
}
export interface ActionStep extends StepCommon {
  type: 'action';
  commands: readonly Command[];
  agent: string;
  targets?: readonly string[];
  in_args?: readonly string[];
  out_args?: readonly string[];
}
export interface PlaybookStep extends StepCommon {
  type: 'playbook-action';
  playbook_id: string;
  playbook_version?: string;
  in_args?: readonly string[];
  out_args?: readonly string[];
}
export interface ParallelStep extends StepCommon {
  type: 'parallel';
  next_steps: readonly string[];
}
export interface IfStep extends StepCommon {
  type: 'if-condition';
  condition: string;
  on_true: string;
  on_false?: string;
}
export interface WhileStep extends StepCommon {
  type: 'while-condition';
  condition: string;
  on_true: string;
}
export interface SwitchStep extends StepCommon {
  type: 'switch-condition';
  switch: string;
  cases: Readonly<Record<string, string>>;
}

export type Step =
  StartStep | EndStep | ActionStep | PlaybookStep | ParallelStep | IfStep | WhileStep | SwitchStep;
export type StepType = Step['type'];

export interface Playbook {
  type: 'playbook';
  spec_version: 'cacao-2.0';
  id: string;
  name: string;
  description?: string;
  created_by: string;
  created: string;
  /** With `id`, the version. */
  modified: string;
  revoked?: boolean;
  valid_from?: string;
  valid_until?: string;
  playbook_types?: readonly string[];
  playbook_activities?: readonly string[];
  /** 0–100; the harm that the playbook itself may do. */
  impact?: number;
  markings?: readonly string[];
  playbook_variables?: Variables;
  workflow_start: string;
  workflow_exception?: string;
  workflow: Readonly<Record<string, Step>>;
  agent_definitions?: Readonly<Record<string, AgentTarget>>;
  target_definitions?: Readonly<Record<string, AgentTarget>>;
  authentication_info_definitions?: Readonly<Record<string, AuthenticationInfo>>;
  extension_definitions?: Readonly<Record<string, unknown>>;
  data_marking_definitions?: Readonly<Record<string, unknown>>;
  playbook_extensions?: Readonly<Record<string, unknown>>;
  signatures?: readonly unknown[];
}

/** Key of our extension in `step_extensions` and `playbook_extensions`. */
export const TIERLINE_EXTENSION = 'extension-definition--6f0a5c1e-3b7d-4c52-9a41-8e2d7f64b0c9';

/** Who has to say yes before something is done. The requester and the author of the plan never count. */
export interface ApprovalTerms {
  /** A role of the API, `approver` unless said otherwise. */
  role: string;
  /** How many different persons. */
  required: number;
  /** Each of these roles has to be among them; whoever has one counts. */
  including?: readonly string[];
  /** Unanswered for so long, the next of `escalateTo` is asked, and at its end the question expires. It never approves. */
  respondWithinMs: number;
  escalateTo: readonly string[];
  /** How long a granted approval may be used. */
  validForMs: number;
}

export interface VerificationTerms {
  /** The action step that looks. */
  step: string;
  /** A condition over its `out_args`, true where the effect is there. */
  expect: string;
  /** Looks again this often until it holds, for so long; default every 2 s, for 1 minute. */
  everyMs?: number;
  withinMs?: number;
}

/** What Tierline knows of an action step beyond CACAO. Steps that it names are action steps of the same playbook. */
export interface StepExtension {
  /** What it brings about on a target, `hostIsolated`: the register of what is in force counts holders by (target, effect). */
  effect?: string;
  /** Whether it changes anything. Else: true, but for `GET` and `HEAD` and `x-ldap` searches and manual steps. */
  changes?: boolean;
  approval?: Partial<ApprovalTerms>;
  /** The step that takes it back, on the same target, or `irreversible`. Absent for one that changes nothing. */
  undo?: string;
  /** Taking it back restores somebody's access: that needs an approval of its own. */
  undoRestoresAccess?: boolean;
  /** The step that looks how things were before; its `out_args` are kept for undo. */
  snapshot?: string;
  verify?: VerificationTerms;
  verifyUndone?: VerificationTerms;
  /** In force for so long, it is looked at again (`review`, the default) or taken back. */
  expires?: { afterMs: number; atEnd?: 'review' | 'undo' };
  /** A manual step is complete only with evidence, whose hash is kept. */
  evidence?: boolean;
  /** Only for what may be done twice. */
  retry?: { attempts: number; everyMs: number };
  /** Done twice is as done once: the other side honours the idempotency key, or sets a state. Else: by the command. */
  repeatable?: boolean;
  /** Variable ← JSON Pointer into the answer of the last command (RFC 6901). */
  results?: Readonly<Record<string, string>>;
  /** `while-condition`: most passes. `parallel`: a branch that failed stops the others at their next step. */
  maxPasses?: number;
  failFast?: boolean;
}

/** What Tierline knows of a playbook beyond CACAO. */
export interface PlaybookExtension {
  /** Variables that must never be seen; those of `authentication_info_definitions` are anyway. */
  sensitive?: readonly string[];
  /** Most targets that one run may change. */
  maxTargets?: number;
  /** The whole plan is approved before anything is done. */
  approval?: Partial<ApprovalTerms>;
  /** A run that failed takes back what it did; else it stays, and is listed. */
  onFailure?: 'keep' | 'rollBack';
}

export const DEFAULT_APPROVAL: ApprovalTerms = {
  role: 'approver',
  required: 1,
  respondWithinMs: 15 * 60_000,
  escalateTo: ['lead', 'manager'],
  validForMs: 60 * 60_000,
};

/** No step blocks for ever (CACAO §4.1): the engine's own longest wait for one command, and for people. */
export const LONGEST_COMMAND_MS = 5 * 60_000;
export const LONGEST_MANUAL_MS = 24 * 3_600_000;
export const MOST_PASSES = 1_000;
export const MOST_STEPS = 10_000;
export const MOST_UNITS_IN_FLIGHT = 50;
/** What one variable may hold, in characters; an answer that is longer is kept by its hash only. */
export const LONGEST_VALUE = 8_192;

/** Our extension of a step; empty where it has none. Its shape was checked at import. */
export const extensionOf = (step: Pick<StepCommon, 'step_extensions'>): StepExtension =>
  (step.step_extensions?.[TIERLINE_EXTENSION] ?? {}) as StepExtension;

/** Our extension of a playbook; empty where it has none. */
export const playbookExtensionOf = (playbook: Pick<Playbook, 'playbook_extensions'>): PlaybookExtension =>
  (playbook.playbook_extensions?.[TIERLINE_EXTENSION] ?? {}) as PlaybookExtension;

/** The type of playbooks that automate what the desk does on any ticket; CACAO's vocabulary of types is open. */
const RUNBOOK = 'runbook';

/** Whether a playbook is a runbook, and nothing that is for security alone. */
export const isRunbook = ({ playbook_types = [] }: Pick<Playbook, 'playbook_types'>): boolean =>
  playbook_types.length > 0 && playbook_types.every((type) => type === RUNBOOK);
