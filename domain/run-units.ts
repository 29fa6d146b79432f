/** The units of a step, in the order in which they are carried out, and what each is ordered with. */
import { commandIsChange, isByHand } from './commands-of-steps.ts';
import { substituteAgent } from './command-text.ts';
import {
  extensionOf,
  LONGEST_COMMAND_MS,
  LONGEST_MANUAL_MS,
  type ActionStep,
  type Playbook,
  type VerificationTerms,
} from './playbook.ts';
import type { EffectTerms, OrderedUnit, Place, Run } from './run.ts';
import { targetKeyOf } from './target.ts';
import type { Scope, UnitPurpose } from './unit.ts';
import { referencesIn } from './variables.ts';

/** Every playbook of a run by its digest. */
export type Definitions = Readonly<Record<string, Playbook>>;

/** One command of one step on one target. */
export interface UnitSpec {
  purpose: UnitPurpose;
  /** The step that has the command. */
  step: string;
  commandIndex: number;
  targetIndex: number;
  agent: string;
  target: string | null;
}

export function actionOf(playbook: Playbook, id: string): ActionStep | null {
  const step = playbook.workflow[id];
  return step?.type === 'action' ? step : null;
}

const targetsOf = ({ targets }: ActionStep): (string | null)[] =>
  targets && targets.length > 0 ? [...targets] : [null];

const commandsOf = (
  playbook: Playbook,
  stepId: string,
  { purpose, target, targetIndex }: Pick<UnitSpec, 'purpose' | 'target' | 'targetIndex'>,
): UnitSpec[] => {
  const step = actionOf(playbook, stepId);
  if (!step) return [];
  const { commands, agent } = step;
  return commands.map((_command, commandIndex) => ({
    purpose,
    step: stepId,
    commandIndex,
    targetIndex,
    agent,
    target,
  }));
};

/** First how things are on every target, then each command on each target (CACAO v2.0 §4.4, in listed order). */
export function unitsOfAction(playbook: Playbook, stepId: string): UnitSpec[] {
  const step = actionOf(playbook, stepId);
  if (!step) return [];
  const { snapshot } = extensionOf(step);
  const targets = targetsOf(step).map((target, targetIndex) => ({ target, targetIndex }));
  const before = snapshot
    ? targets.flatMap((one) => commandsOf(playbook, snapshot, { purpose: 'snapshot', ...one }))
    : [];
  const acts = targets.map((one) => commandsOf(playbook, stepId, { purpose: 'act', ...one }));
  return [...before, ...step.commands.flatMap((_command, i) => acts.map((ofTarget) => ofTarget[i]!))];
}

/** The commands that look at an effect, or take it back, on its own target. */
export const unitsOnTarget = (
  playbook: Playbook,
  stepId: string,
  { purpose, target }: Pick<UnitSpec, 'purpose' | 'target'>,
): UnitSpec[] => commandsOf(playbook, stepId, { purpose, target, targetIndex: 0 });

/** What one step brings about on one target, named for good. */
export const effectIdOf = ({ visit }: Pick<Place, 'visit'>, { targetIndex }: UnitSpec): string =>
  `e${visit}.${targetIndex}`;

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** The names that some steps need, in their commands and in whom they speak to, and those that they answer. */
function namesIn(playbook: Playbook, steps: readonly string[], target: string | null): string[] {
  const { agent_definitions, target_definitions, authentication_info_definitions } = playbook;
  const people = { ...agent_definitions, ...target_definitions };
  const texts = steps.flatMap((id) => {
    const step = actionOf(playbook, id);
    const parties = [step?.agent, target].flatMap((one) => (one ? (people[one] ?? []) : []));
    const logins = parties.flatMap(
      ({ authentication_info: login }) => (login && authentication_info_definitions?.[login]) || [],
    );
    return textsOf([step?.commands, parties, logins]);
  });
  const answered = steps.flatMap((id) => {
    const step = actionOf(playbook, id);
    return step ? [...(step.out_args ?? []), ...Object.keys(extensionOf(step).results ?? {})] : [];
  });
  return [...new Set([...texts.flatMap(referencesIn), ...answered])];
}

/** The key of what an effect is on: what the target is called and where it is, with its variables put in. */
export function effectKeyOf(
  playbook: Playbook,
  { target, agent }: Pick<UnitSpec, 'target' | 'agent'>,
  seen: Scope,
): string {
  const { agent_definitions = {}, target_definitions = {} } = playbook;
  const party = (target && target_definitions[target]) ?? agent_definitions[agent];
  if (!party) return target ?? agent;
  try {
    return targetKeyOf(substituteAgent(party, (name) => seen[name]));
  } catch {
    // A value that is not known here; the command itself will say so.
    return targetKeyOf(party);
  }
}

function verificationSteps(...terms: readonly (VerificationTerms | undefined)[]): string[] {
  return terms.flatMap((one) => one?.step ?? []);
}

/** What an action is about to bring about on a target, and what taking it back will need. */
export function effectTermsOf(
  playbook: Playbook,
  spec: UnitSpec,
  { seen, digest, step: stepId }: { seen: Scope; digest: string; step: string },
): EffectTerms {
  const step = actionOf(playbook, stepId)!;
  const { effect, undo, undoRestoresAccess = false, verify, verifyUndone, expires } = extensionOf(step);
  const needed = [
    ...(undo && undo !== 'irreversible' ? [undo] : []),
    ...verificationSteps(verify, verifyUndone),
  ];
  const names = [
    ...namesIn(playbook, needed, spec.target),
    ...[verify, verifyUndone].flatMap((one) => (one ? referencesIn(one.expect) : [])),
  ];
  const known = names.flatMap((name) => (seen[name] ? [[name, seen[name]] as const] : []));
  return {
    name: effect ?? step.name ?? stepId,
    key: effectKeyOf(playbook, spec, seen),
    isCounted: effect !== undefined,
    target: spec.target,
    agent: spec.agent,
    playbook: digest,
    step: stepId,
    undo: undo === undefined || undo === 'irreversible' ? null : undo,
    isIrreversible: undo === 'irreversible',
    undoRestoresAccess,
    verify: verify ?? null,
    verifyUndone: verifyUndone ?? null,
    expires: expires ? { afterMs: expires.afterMs, atEnd: expires.atEnd ?? 'review' } : null,
    variables: Object.fromEntries(known),
  };
}

/** Whether this unit changes something outside. */
export function isChange(playbook: Playbook, { purpose, step: stepId, commandIndex }: UnitSpec): boolean {
  if (purpose === 'snapshot' || purpose === 'verify' || purpose === 'verifyUndone') return false;
  const step = actionOf(playbook, stepId)!;
  return extensionOf(step).changes ?? commandIsChange(step.commands[commandIndex]!);
}

/** What has to be granted for a unit: the plan as a whole, and the step where it asks for itself. */
export function needsOf({ licence, needs }: Pick<Run, 'licence' | 'needs'>, stepId: string): string[] {
  if (licence.by !== 'approval') return [];
  return ['plan', `step/${stepId}`].filter((need) => needs[need]);
}

/** How long a command may take: never longer than its step has left. */
export function timeoutOf({ endsBy }: Pick<Place, 'endsBy'>, isManual: boolean, now: number): number {
  const longest = isManual ? LONGEST_MANUAL_MS : LONGEST_COMMAND_MS;
  return endsBy === null ? longest : Math.max(1, Math.min(longest, endsBy - now));
}

/** What a person answers with, where the command is theirs. */
export function manualTermsOf(playbook: Playbook, spec: UnitSpec, seen: Scope): OrderedUnit['manual'] {
  const step = actionOf(playbook, spec.step)!;
  if (!isByHand(playbook, step, step.commands[spec.commandIndex]!)) return undefined;
  const answers = (step.out_args ?? []).map((name) => [name, seen[name]?.type ?? 'string'] as const);
  return {
    answers: Object.fromEntries(answers),
    needsEvidence: spec.purpose === 'act' && (extensionOf(step).evidence ?? false),
    ...(spec.commandIndex === step.commands.length - 1 && { isLast: true as const }),
  };
}
