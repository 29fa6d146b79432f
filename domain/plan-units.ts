/** The units of a plan: what each step of the course would send, and what goes with it before, after and back. */
import { commandIsChange, isByHand, isChangingStep } from './commands-of-steps.ts';
import type { PlannedTarget, PlannedUnit, Reversibility, Shelf } from './plan.ts';
import { plannedUnitId } from './plan.ts';
import { courseOf, eitherWay, occurrenceOf, SURELY, type Way } from './plan-course.ts';
import { openNames, readCommand, readParty, textsNeeded, valuesOf, type Values } from './plan-values.ts';
import { extensionOf, type ActionStep, type Playbook, type PlaybookStep } from './playbook.ts';
import type { Scope, UnitPurpose } from './unit.ts';

/** A unit before anybody has said whose consent it takes, and what only the making of the plan has to know. */
export interface DraftUnit {
  unit: Omit<PlannedUnit, 'needs' | 'occurrence'>;
  way: Way;
  /** Names of the target, and whatever in the command may name one. */
  targetKeys: readonly string[];
  keys: readonly string[];
  /** Variables of it that are found out on the way, and those that nothing gives a value. */
  late: readonly string[];
  missing: readonly string[];
}

const actionAt = (playbook: Playbook, id: string): ActionStep | null => {
  const step = playbook.workflow[id];
  return step?.type === 'action' ? step : null;
};

function reversibilityOf(step: ActionStep): Reversibility {
  if (!isChangingStep(step)) return 'noChange';
  const { undo } = extensionOf(step);
  return undo === undefined ? 'unknown' : undo === 'irreversible' ? 'irreversible' : 'reversible';
}

interface Action {
  digest: string;
  playbook: Playbook;
  /** The action that is planned for, and the step whose commands are sent for it. */
  action: string;
  step: string;
  purpose: UnitPurpose;
  target: string | null;
  given: Scope;
  way: Way;
}

function partiesIn(playbook: Playbook, target: string | null, agent: string) {
  const { agent_definitions = {}, target_definitions = {} } = playbook;
  const missing = { type: 'unknown', name: target ?? agent };
  return {
    agent: agent_definitions[agent] ?? missing,
    target: (target === null ? agent_definitions[agent] : target_definitions[target]) ?? missing,
  };
}

function targetOf(id: string | null, { name, address, keys }: ReturnType<typeof readParty>): PlannedTarget {
  return { id, name, address, key: keys[0] ?? null };
}

/** Whether this command changes something: what looks on does so only where its own step says that it changes. */
function unitIsChange(step: ActionStep, purpose: UnitPurpose, index: number): boolean {
  const { changes } = extensionOf(step);
  if (purpose === 'act') return isChangingStep(step) && (changes ?? true);
  return purpose === 'undo' ? (changes ?? true) : (changes ?? commandIsChange(step.commands[index]!));
}

function unitOf(of: Action, step: ActionStep, index: number, values: Values): DraftUnit {
  const { digest, playbook, purpose, target } = of;
  const planned = actionAt(playbook, of.action)!;
  const { effect, undo, snapshot, verify, expires } = extensionOf(planned);
  const command = step.commands[index]!;
  const party = partiesIn(playbook, target, step.agent);
  const [shownTarget, shown] = [readParty(party.target, values), readCommand(command, values)];
  const isChange = unitIsChange(step, purpose, index);
  return {
    unit: {
      id: plannedUnitId({ playbook: digest, step: of.step, commandIndex: index, target, purpose }),
      playbook: digest,
      step: of.step,
      stepName: step.name ?? null,
      action: of.action,
      purpose,
      commandIndex: index,
      commandType: command.type,
      text: shown.text,
      content: shown.content,
      agent: { id: step.agent, name: readParty(party.agent, values).name },
      target: targetOf(target, shownTarget),
      isByHand: isByHand(playbook, step, command),
      isChange,
      reversibility: isChange && purpose === 'act' ? reversibilityOf(planned) : 'noChange',
      effect: effect ?? null,
      undo: undo === undefined || undo === 'irreversible' ? null : undo,
      snapshot: snapshot ?? null,
      verify: verify?.step ?? null,
      expires: expires ? { afterMs: expires.afterMs, isTakenBack: expires.atEnd === 'undo' } : null,
    },
    way: of.way,
    targetKeys: shownTarget.keys,
    keys: [...shownTarget.keys, ...shown.keys],
    ...openNames(textsNeeded(command, party.agent, party.target), values),
  };
}

function unitsFor(of: Action): DraftUnit[] {
  const step = actionAt(of.playbook, of.step);
  if (!step) return [];
  const values = valuesOf(of.playbook, of.given, step);
  return step.commands.map((_command, index) => unitOf(of, step, index, values));
}

/** What is sent for one action: on each target a look before, the action, a look after; then what takes it back. */
function unitsOfAction(of: Omit<Action, 'step' | 'purpose' | 'target'>): DraftUnit[] {
  const step = actionAt(of.playbook, of.action)!;
  const { snapshot, verify, undo, verifyUndone } = extensionOf(step);
  const parts: [UnitPurpose, string | undefined, Way][] = [
    ['snapshot', snapshot, of.way],
    ['act', of.action, of.way],
    ['verify', verify?.step, { ...of.way, isRepeated: true }],
    ['undo', undo === 'irreversible' ? undefined : undo, { ...of.way, isConditional: true }],
    ['verifyUndone', verifyUndone?.step, { isConditional: true, isRepeated: true }],
  ];
  const targets = step.targets && step.targets.length > 0 ? step.targets : [null];
  return parts.flatMap(([purpose, named, way]) =>
    named === undefined
      ? []
      : targets.flatMap((target) => unitsFor({ ...of, step: named, purpose, target, way })),
  );
}

/** What a playbook that is run from within is given: its own variables, and those handed in, as far as they are known. */
function givenTo(child: Playbook, step: PlaybookStep, outer: Values): Scope {
  const handed = (step.in_args ?? []).flatMap((name) => {
    const variable = outer.of(name);
    if (!variable) return [];
    const { value, ...declared } = variable;
    const isLate = outer.knowledgeOf(name) === 'late';
    return [[name, isLate ? declared : { ...declared, ...(value !== undefined && { value }) }] as const];
  });
  return { ...child.playbook_variables, ...Object.fromEntries(handed) };
}

/** Every unit once: one that is come to on two ways is sent on either. */
function once(units: readonly DraftUnit[]): DraftUnit[] {
  const byId = new Map<string, DraftUnit>();
  for (const draft of units) {
    const before = byId.get(draft.unit.id);
    if (!before) byId.set(draft.unit.id, draft);
    else
      byId.set(draft.unit.id, { ...before, way: { ...eitherWay(before.way, draft.way), isRepeated: true } });
  }
  return [...byId.values()];
}

export interface Course {
  units: readonly DraftUnit[];
  /** Digests, in the order in which they are come to, the first one first. */
  digests: readonly string[];
  /** Steps that run a playbook which is not here, or which is being run already. */
  absent: readonly { step: string; playbook: string }[];
}

/** All that a playbook may send, and what it runs from within. */
export function courseOfRun(shelf: Shelf, main: string, variables: Scope): Course {
  const digests: string[] = [];
  const absent: { step: string; playbook: string }[] = [];
  const walk = (digest: string, given: Scope, way: Way, within: readonly string[]): DraftUnit[] => {
    const playbook = shelf.byDigest[digest]!;
    if (!digests.includes(digest)) digests.push(digest);
    return [...courseOf(playbook, way)].flatMap(([id, on]) => {
      const step = playbook.workflow[id]!;
      if (step.type === 'action') return unitsOfAction({ digest, playbook, action: id, given, way: on });
      if (step.type !== 'playbook-action') return [];
      const inner = shelf.digestOf(step);
      const child = inner === null ? undefined : shelf.byDigest[inner];
      if (inner === null || !child || within.includes(inner)) {
        absent.push({ step: id, playbook: step.playbook_id });
        return [];
      }
      const handed = givenTo(child, step, valuesOf(playbook, given, step));
      return walk(inner, handed, on, [...within, inner]);
    });
  };
  const units = once(walk(main, variables, SURELY, [main]));
  return { units, digests, absent };
}

export const withWay = ({ unit, way }: DraftUnit, needs: readonly string[]): PlannedUnit => ({
  ...unit,
  occurrence: occurrenceOf(way),
  needs,
});
