/**
 * The course of a run: what comes next, worked out from how it stands and from its playbooks, one event at a time. A branch
 * runs until an `end`, and hands back to the step that opened it (CACAO v2.0 §4; docs/containment.md).
 */
import { dueOf, isUsable, nextMilestoneOf as approvalMilestoneOf, type Approval } from './approval.ts';
import {
  extensionOf,
  MOST_PASSES,
  MOST_STEPS,
  MOST_UNITS_IN_FLIGHT,
  type Playbook,
  type Step,
  type Variable,
} from './playbook.ts';
import { evaluateCondition, parseCondition } from './condition.ts';
import {
  effectsInForce,
  type Branch,
  type BranchOpening,
  type Outputs,
  type Place,
  type Run,
  type RunBody,
  unitsOnTheirWay,
  type UnderWay,
} from './run.ts';
import { lookUp, visibleIn, writeProblem } from './run-scopes.ts';
import { isChangingStep } from './command-kind.ts';
import { lookDue } from './run-looks.ts';
import {
  actionOf,
  effectIdOf,
  effectTermsOf,
  isChange,
  manualTermsOf,
  needsOf,
  timeoutOf,
  unitsOfAction,
  type Definitions,
  type UnitSpec,
} from './run-units.ts';
import { expiryDue, undoDue, undoMilestones } from './run-undo.ts';
import type { Lookup } from './variables.ts';
import { soleReference } from './variables.ts';

/** What is due, named for good. */
export interface Due {
  id: string;
  body: RunBody;
}

/** A run, its playbooks, and the instant. */
export interface Course {
  run: Run;
  definitions: Definitions;
  now: number;
}

/** A branch that is at a step. */
interface At extends Course {
  branch: Branch;
  place: Place;
  step: Step;
  playbook: Playbook;
}

/** Manual steps nobody has done are told of after so long, to the lead and then to the manager. */
const MANUAL_ESCALATION = [
  { afterMs: 30 * 60_000, to: 'lead' },
  { afterMs: 2 * 3_600_000, to: 'manager' },
] as const;

const sorted = (names: readonly string[]): string[] => names.toSorted();

/** Approvals that time still does something to. */
function liveApprovals({ approvals, phase, rollBack }: Run): [need: string, approval: Approval][] {
  const isWaitedFor = (need: string): boolean =>
    need === 'breakGlass' || (need === 'rollBack' ? rollBack?.endedAt === null : phase !== 'over');
  return sorted(Object.keys(approvals))
    .filter(isWaitedFor)
    .map((need) => [need, approvals[need]!]);
}

function approvalDue({ run, now }: Course): Due | null {
  for (const [need, approval] of liveApprovals(run)) {
    const due = dueOf(approval, now);
    if (!due) continue;
    const id = `approval/${need}/${approval.askedAt}`;
    if (due.type === 'escalated') {
      const { level, to } = due;
      return { id: `${id}/${level}`, body: { type: 'approvalEscalated', need, level, to } };
    }
    const type = due.type === 'expired' ? ('approvalExpired' as const) : ('approvalLapsed' as const);
    return { id: `${id}/${due.type}`, body: { type, need } };
  }
  return null;
}

const escalationAt = ({ orderedAt, escalations }: UnderWay): number | null => {
  const next = MANUAL_ESCALATION[escalations];
  return next ? orderedAt + next.afterMs : null;
};

function manualDue({ run, now }: Course): Due | null {
  for (const unit of Object.values(run.units)) {
    const at = unit.manual ? escalationAt(unit) : null;
    if (at === null || now < at) continue;
    const level = unit.escalations + 1;
    const { to } = MANUAL_ESCALATION[unit.escalations]!;
    const body: RunBody = { type: 'manualEscalated', unit: unit.unit, level, to };
    return { id: `manual/${unit.unit}/${unit.orderedAt}/${level}`, body };
  }
  return null;
}

/** How a need stands: asked where it was not, or cannot be used any more. */
export function askedFor(
  { run, now }: Course,
  need: string,
): 'granted' | 'open' | { refused: string } | { ask: Due } {
  const approval = run.approvals[need];
  if (!approval || isUsable(approval, run.planHash, now)) return 'granted';
  const { state, askedAt } = approval;
  if (state === 'open') return 'open';
  if (state === 'rejected' || state === 'expired') return { refused: `Approval of ${need} ${state}` };
  const id = `asked/${need}/${askedAt === null ? 'first' : now}`;
  return { ask: { id, body: { type: 'approvalAsked', need } } };
}

const MAIN = 'main';

function beginning({ run }: Course): Due {
  const { digest } = run.playbook;
  const opening: BranchOpening = {
    branch: MAIN,
    playbook: digest,
    first: '',
    scope: 'global',
    parentScope: null,
    variables: run.variables,
  };
  return { id: 'began', body: { type: 'began', opening } };
}

function toBegin(course: Course): Due | null {
  const { run, definitions } = course;
  if (run.stop) return null;
  if (run.licence.by === 'approval' && run.approvals['plan']) {
    const asked = askedFor(course, 'plan');
    if (asked === 'open') return null;
    if (asked !== 'granted') return 'ask' in asked ? asked.ask : neverBegan(run, asked.refused);
  }
  const began = beginning(course);
  const first = definitions[run.playbook.digest]?.workflow_start;
  if (began.body.type !== 'began' || first === undefined) return null;
  return { ...began, body: { ...began.body, opening: { ...began.body.opening, first } } };
}

function neverBegan({ approvals }: Run, reason: string): Due {
  const result = approvals['plan']?.state === 'rejected' ? 'rejected' : 'expired';
  return { id: 'ended', body: { type: 'ended', result, reason } };
}

/** Where a step that failed, or went well, leads. */
function ending(
  at: At,
  result: 'succeeded' | 'failed',
  more: { reason?: string; outputs?: Outputs } = {},
): Due {
  const { branch, place, step } = at;
  const next = result === 'failed' ? step.on_failure : (step.on_success ?? step.on_completion);
  const { reason, outputs } = more;
  return {
    id: `ended/${place.visit}`,
    body: {
      type: 'stepEnded',
      branch: branch.id,
      visit: place.visit,
      step: place.step,
      result,
      next: next ?? null,
      ...(reason !== undefined && { reason }),
      ...(outputs && Object.keys(outputs).length > 0 && { outputs }),
    },
  };
}

const failing = (at: At, reason: string): Due => ending(at, 'failed', { reason });

function opening(
  at: At,
  openings: readonly BranchOpening[],
  more: { value?: string; warning?: string } = {},
): Due {
  const { branch, place } = at;
  return {
    id: `opened/${place.visit}/${place.passes}`,
    body: {
      type: 'branchesOpened',
      branch: branch.id,
      visit: place.visit,
      step: place.step,
      ...more,
      openings,
    },
  };
}

/** A branch of the same playbook that sees what its step sees. */
const branchTo = ({ place, branch }: At, first: string, index = 0): BranchOpening => ({
  branch: `b${place.visit}.${place.passes}.${index}`,
  playbook: branch.playbook,
  first,
  scope: place.scope,
  parentScope: null,
  variables: {},
});

/** How the branches that a step opened have ended; null while one goes on. */
function settled({ run, place }: At): { failures: string[] } | null {
  const children = place.children.flatMap((id) => run.branches[id] ?? []);
  if (children.some(({ outcome }) => outcome === null)) return null;
  const failures = children.flatMap((child) => {
    if (child.outcome === 'failed') return child.reason ?? 'failed';
    return child.handling === null ? [] : `${child.handling} (handled)`;
  });
  return { failures };
}

const lookupOf =
  ({ run, place }: At, outputs: Outputs = {}): Lookup =>
  (name) => {
    const variable = lookUp(run.scopes, place.scope, name);
    const output = outputs[name];
    return output ? ({ type: 'string', ...variable, ...output } as Variable) : variable;
  };

function judged(at: At, text: string): { value: boolean } | { problem: string } {
  const parsed = parseCondition(text);
  return 'problem' in parsed ? parsed : evaluateCondition(parsed.condition, lookupOf(at));
}

function ifDue(at: At): Due | null {
  const { place, step } = at;
  if (step.type !== 'if-condition') return null;
  if (place.passes > 0) return afterBranches(at);
  const verdict = judged(at, step.condition);
  if ('problem' in verdict) return failing(at, verdict.problem);
  const first = verdict.value ? step.on_true : step.on_false;
  return opening(at, first === undefined ? [] : [branchTo(at, first)], { value: String(verdict.value) });
}

function afterBranches(at: At): Due | null {
  const over = settled(at);
  if (!over) return null;
  const { failures } = over;
  return failures.length > 0 ? failing(at, failures.join('; ')) : ending(at, 'succeeded');
}

function whileDue(at: At): Due | null {
  const { place, step } = at;
  if (step.type !== 'while-condition') return null;
  const over = settled(at);
  if (!over) return null;
  if (over.failures.length > 0) return failing(at, over.failures.join('; '));
  const verdict = judged(at, step.condition);
  if ('problem' in verdict) return failing(at, verdict.problem);
  if (!verdict.value) return ending(at, 'succeeded');
  const most = extensionOf(step).maxPasses ?? MOST_PASSES;
  if (place.passes >= most) return failing(at, `It was repeated ${most} times, the most allowed`);
  return opening(at, [branchTo(at, step.on_true)], { value: 'true' });
}

function switchDue(at: At): Due | null {
  const { place, step } = at;
  if (step.type !== 'switch-condition') return null;
  if (place.passes > 0) return afterBranches(at);
  const name = soleReference(step.switch);
  const value = name === null ? step.switch : lookupOf(at)(name)?.value;
  if (value === undefined || value === null) return failing(at, `${step.switch} has no value`);
  const first = Object.hasOwn(step.cases, value) ? step.cases[value] : step.cases['default'];
  if (first === undefined) return opening(at, [], { value, warning: 'No case has this value' });
  return opening(at, [branchTo(at, first)], { value });
}

function parallelDue(at: At): Due | null {
  const { run, place, step } = at;
  if (step.type !== 'parallel') return null;
  if (place.passes === 0) {
    const openings = step.next_steps.map((first, i): BranchOpening => {
      const scope = `p${place.visit}.${i}`;
      return { ...branchTo(at, first, i), scope, parentScope: place.scope, apart: true };
    });
    return opening(at, openings);
  }
  const failed = place.children
    .flatMap((id) => run.branches[id] ?? [])
    .filter((one) => one.outcome === 'failed');
  if (failed.length > 0 && extensionOf(step).failFast)
    return failing(at, failed.map(({ reason }) => reason).join('; '));
  return afterBranches(at);
}

/** What a playbook begins with when another runs it: only `in_args` come in, by equal name. */
function argumentsFor(
  at: At,
  child: Playbook,
  names: readonly string[],
): { variables: Run['variables'] } | { missing: string } {
  const lookup = lookupOf(at);
  const own = child.playbook_variables ?? {};
  const given = names.flatMap((name) => {
    const value = lookup(name);
    const declared = own[name];
    return value && declared ? [[name, { ...declared, ...value, type: declared.type }] as const] : [];
  });
  const variables = { ...own, ...Object.fromEntries(given) };
  const missing = Object.entries(variables).find(
    ([, { external, value, ...rest }]) =>
      external && (value === undefined || value === null) && !('sealed' in rest) && !('vault' in rest),
  );
  return missing ? { missing: missing[0] } : { variables };
}

function playbookDue(at: At): Due | null {
  const { run, definitions, place, step } = at;
  if (step.type !== 'playbook-action') return null;
  const { playbook_id, playbook_version, in_args = [], out_args = [] } = step;
  const pinned = run.pinned[playbook_version ? `${playbook_id}@${playbook_version}` : playbook_id];
  const child = pinned && definitions[pinned.digest];
  if (!child) return failing(at, `Playbook ${playbook_id} is not known`);
  const scope = `g${place.visit}`;
  if (place.passes === 0) {
    const given = argumentsFor(at, child, in_args);
    if ('missing' in given) return failing(at, `Playbook ${playbook_id} needs ${given.missing}`);
    const first = { ...branchTo(at, child.workflow_start), playbook: pinned.digest };
    return opening(at, [{ ...first, scope, variables: given.variables }]);
  }
  const over = settled(at);
  if (!over) return null;
  if (over.failures.length > 0) return failing(at, over.failures.join('; '));
  const outputs = out_args.flatMap((name) => {
    const variable = lookUp(run.scopes, scope, name);
    if (!variable) return [];
    const result =
      variable.sealed === undefined ? { value: variable.value ?? '' } : { sealed: variable.sealed };
    return [[name, result] as const];
  });
  return succeeding(at, Object.fromEntries(outputs));
}

/** The step went well, unless it answered something that it must not write. */
function succeeding(at: At, outputs: Outputs): Due {
  const { run, place } = at;
  const problems = Object.keys(outputs).flatMap((name) => writeProblem(run.scopes, place.scope, name) ?? []);
  return problems.length > 0 ? failing(at, problems.join('; ')) : ending(at, 'succeeded', { outputs });
}

const isUnderWay = ({ run, branch, place }: At): boolean =>
  Object.values(run.units).some((unit) => unit.branch === branch.id && unit.visit === place.visit);

/** A look at an effect that is ordered: which one of the step's, and which attempt. */
interface LookOrder {
  effect: string;
  look: number;
  attempt: number;
}

function unitIdOf({ run, place }: At, spec: UnitSpec, look: LookOrder | undefined, attempt: number): string {
  const { purpose, targetIndex, commandIndex } = spec;
  const what = look ? `${purpose}.${look.effect}.${look.look}` : `${purpose}.${targetIndex}`;
  const id = `${run.id}/${place.visit}/${what}.${commandIndex}`;
  return attempt > 1 ? `${id}#${attempt}` : id;
}

/** Orders a unit, once what it needs is granted; null while somebody is asked, or too much is under way. */
function ordering(
  at: At,
  spec: UnitSpec,
  { retry, look }: { retry?: number; look?: LookOrder } = {},
): Due | null {
  const { run, branch, place, playbook, now } = at;
  if (unitsOnTheirWay(run).length >= MOST_UNITS_IN_FLIGHT) return null;
  const changes = isChange(playbook, spec);
  const needs = changes ? needsOf(run, place.step) : [];
  for (const need of needs) {
    const asked = askedFor(at, need);
    if (asked === 'open') return null;
    if (asked !== 'granted') return 'ask' in asked ? asked.ask : failing(at, asked.refused);
  }
  const seen = visibleIn(run.scopes, place.scope);
  const manual = manualTermsOf(playbook, spec, seen);
  const action = actionOf(playbook, place.step)!;
  const effect = look?.effect ?? (isChangingStep(action) ? effectIdOf(place, spec) : undefined);
  const begins =
    effect !== undefined && spec.purpose !== 'verify' && !run.effects[effect]
      ? effectTermsOf(playbook, spec, { seen, digest: branch.playbook, step: place.step })
      : undefined;
  const unit = unitIdOf(at, spec, look, look?.attempt ?? retry ?? place.attempt);
  const { purpose, step, commandIndex, agent, target } = spec;
  return {
    id: `ordered/${unit}`,
    body: {
      type: 'unitOrdered',
      unit,
      purpose,
      branch: branch.id,
      visit: place.visit,
      playbook: branch.playbook,
      step,
      commandIndex,
      agent,
      target,
      timeoutMs: timeoutOf(place, manual !== undefined, now),
      isChange: changes,
      needs,
      ...(effect !== undefined && { effect }),
      ...(begins && { begins }),
      ...(retry !== undefined && { attempt: retry }),
      ...(manual && { manual }),
    },
  };
}

/** After a unit that did not go well: again where that is safe, a look where nobody knows, else the step has failed. */
function afterFault(at: At, specs: readonly UnitSpec[]): Due | null {
  const { place, step, now } = at;
  const { outcome, reason, at: failedAt, whileStopped, wasLookedAt } = place.fault!;
  const spec = specs[place.cursor];
  const { retry, verify } = extensionOf(step);
  if (spec && whileStopped) return ordering(at, spec, { retry: place.attempt + 1 });
  if (spec && outcome === 'failed' && retry && place.attempt < retry.attempts && spec.purpose === 'act')
    return now >= failedAt + retry.everyMs ? ordering(at, spec, { retry: place.attempt + 1 }) : null;
  if (spec && outcome === 'unknown' && verify && !wasLookedAt && spec.purpose === 'act')
    return looking(at, effectIdOf(place, spec));
  return failing(at, outcome === 'unknown' ? `UNKNOWN: ${reason}` : reason);
}

function looking(at: At, effect: string): Due | null {
  const { run, branch, place, playbook, now } = at;
  const { verify, target = null } = run.effects[effect] ?? { verify: null };
  if (!verify) return null;
  return lookDue({
    playbook,
    look: place.look,
    effect,
    terms: verify,
    target,
    now,
    lookup: (outputs) => lookupOf(at, outputs),
    place: { branch: branch.id, visit: place.visit },
    order: (spec, attempt) =>
      ordering(at, spec, { look: { effect, look: place.looks + (place.look ? 0 : 1), attempt } }),
    prefix: `${place.visit}/${place.looks}`,
  });
}

function actionDue(at: At): Due | null {
  const { run, place, playbook } = at;
  if (isUnderWay(at)) return null;
  const specs = unitsOfAction(playbook, place.step);
  if (place.fault) return place.look ? looking(at, place.look.effect) : afterFault(at, specs);
  const spec = specs[place.cursor];
  if (spec) return ordering(at, spec);
  const unseen = place.effects[place.seen];
  if (unseen !== undefined && run.effects[unseen]?.verify) return looking(at, unseen);
  const declared = actionOf(playbook, place.step)!.out_args ?? [];
  const named = Object.keys(extensionOf(at.step).results ?? {});
  const kept = Object.entries(place.outputs).filter(
    ([name]) => declared.includes(name) || named.includes(name),
  );
  return succeeding(at, Object.fromEntries(kept));
}

function workDue(at: At): Due | null {
  switch (at.step.type) {
    case 'start':
      return ending(at, 'succeeded');
    case 'end':
      return null;
    case 'action':
      return actionDue(at);
    case 'playbook-action':
      return playbookDue(at);
    case 'parallel':
      return parallelDue(at);
    case 'if-condition':
      return ifDue(at);
    case 'while-condition':
      return whileDue(at);
    case 'switch-condition':
      return switchDue(at);
  }
}

/** A step waits for its delay and for its approval, outside its time-out (docs/rules.md §9), and then begins. */
function stepDue(at: At): Due | null {
  const { run, branch, place, step, now } = at;
  if (place.begunAt !== null) {
    const isLate = place.endsBy !== null && now >= place.endsBy;
    return isLate ? failing(at, `ACTION_TIMEOUT: ${place.step}`) : workDue(at);
  }
  if (now < place.beginsAt) return null;
  const needs = step.type === 'action' ? needsOf(run, place.step) : [];
  for (const need of needs) {
    const asked = askedFor(at, need);
    if (asked === 'open') return null;
    if (asked !== 'granted') return 'ask' in asked ? asked.ask : failing(at, asked.refused);
  }
  const endsBy = step.timeout === undefined ? null : now + step.timeout;
  const body: RunBody = {
    type: 'stepBegan',
    branch: branch.id,
    visit: place.visit,
    step: place.step,
    endsBy,
  };
  return { id: `begun/${place.visit}`, body };
}

const branchEnded = (
  branch: Branch,
  result: 'ended' | 'failed',
  more: { step?: string; reason?: string } = {},
): Due => ({
  id: `branch/${branch.id}`,
  body: { type: 'branchEnded', branch: branch.id, result, ...more },
});

/** Whether a branch is the main course of its playbook: there its exception handler applies. */
function isMainCourse({ run }: Course, { parent, playbook }: Branch): boolean {
  return parent === null || run.branches[parent.branch]?.playbook !== playbook;
}

function afterFailure(course: Course, branch: Branch): Due {
  const reason = branch.reason ?? 'failed';
  const handler = course.definitions[branch.playbook]?.workflow_exception;
  if (handler !== undefined && branch.handling === null && isMainCourse(course, branch))
    return {
      id: `exception/${branch.id}`,
      body: { type: 'exceptionEntered', branch: branch.id, step: handler, reason },
    };
  return branchEnded(branch, 'failed', { reason });
}

function enteringDue(course: Course, branch: Branch): Due {
  const { run, definitions, now } = course;
  const { next } = branch;
  if (next === null)
    return branch.reason === null ? branchEnded(branch, 'ended') : afterFailure(course, branch);
  const step = definitions[branch.playbook]?.workflow[next];
  if (!step) return branchEnded(branch, 'failed', { reason: `There is no step ${next}` });
  if (step.type === 'end') return branchEnded(branch, 'ended', { step: next });
  if (run.visits >= MOST_STEPS)
    return branchEnded(branch, 'failed', { reason: `It took ${MOST_STEPS} steps, the most allowed` });
  const visit = run.visits + 1;
  return {
    id: `entered/${visit}`,
    body: {
      type: 'stepEntered',
      branch: branch.id,
      visit,
      step: next,
      beginsAt: now + (step.delay ?? 0),
      variables: step.step_variables ?? {},
    },
  };
}

function branchDue(course: Course, branch: Branch): Due | null {
  if (branch.outcome !== null) return null;
  const { place } = branch;
  if (!place) return enteringDue(course, branch);
  const playbook = course.definitions[branch.playbook]!;
  return stepDue({ ...course, branch, place, playbook, step: playbook.workflow[place.step]! });
}

function endDue({ run }: Course): Due | null {
  const main = run.branches[MAIN];
  if (!main || main.outcome === null || unitsOnTheirWay(run).length > 0) return null;
  const reason = main.reason ?? main.handling;
  const result =
    main.outcome === 'failed' ? 'failed' : main.handling === null ? 'succeeded' : 'failedHandled';
  return { id: 'ended', body: { type: 'ended', result, ...(reason !== null && { reason }) } };
}

function haltDue({ run }: Course): Due | null {
  if (!run.stop || run.stop.haltedAt !== null || unitsOnTheirWay(run).length > 0) return null;
  const inForce = effectsInForce(run).map(({ id }) => id);
  return { id: `halted/${run.stop.askedAt}`, body: { type: 'halted', inForce, unknown: run.unknown } };
}

function forwardDue(course: Course): Due | null {
  const { run } = course;
  if (run.stop) {
    if (run.stop.haltedAt === null) return haltDue(course);
    const isGivenUp = run.rollBack?.endedAt === null;
    return isGivenUp ? { id: 'ended', body: { type: 'ended', result: 'stopped' } } : null;
  }
  for (const branch of Object.values(run.branches)) {
    const due = branchDue(course, branch);
    if (due) return due;
  }
  return endDue(course);
}

/** What time, or what has happened, makes due; logged, it is not due any more. */
export function runDue(run: Run, definitions: Definitions, now: number): Due | null {
  const course: Course = { run, definitions, now };
  const waiting = approvalDue(course) ?? manualDue(course) ?? expiryDue(course);
  if (waiting) return waiting;
  if (run.phase === 'asked') return toBegin(course) ?? askedBeforeBegin(course);
  if (run.phase === 'forward') return ratificationDue(course) ?? forwardDue(course);
  return ratificationDue(course) ?? undoDue(course);
}

/** Stopped before it began: nothing was done, and nothing will be. */
function askedBeforeBegin({ run }: Course): Due | null {
  return run.stop ? { id: 'ended', body: { type: 'ended', result: 'stopped' } } : null;
}

function ratificationDue(course: Course): Due | null {
  const { run } = course;
  if (run.licence.by !== 'breakGlass' || run.approvals['breakGlass']?.state !== 'prepared') return null;
  const asked = askedFor(course, 'breakGlass');
  return typeof asked === 'object' && 'ask' in asked ? asked.ask : null;
}

function placeMilestones({ place }: Branch, retryEveryMs: (place: Place) => number | null): number[] {
  if (!place) return [];
  const { begunAt, beginsAt, endsBy, look, fault } = place;
  const retry = fault?.outcome === 'failed' ? retryEveryMs(place) : null;
  return [
    ...(begunAt === null ? [beginsAt] : []),
    ...(endsBy === null ? [] : [endsBy]),
    ...(look?.againAt == null ? [] : [look.againAt]),
    ...(retry === null ? [] : [fault!.at + retry]),
  ];
}

/** When something falls due by itself; null: it waits for an answer only. */
export function runMilestone(run: Run, definitions: Definitions): number | null {
  const approvals = liveApprovals(run).flatMap(([, approval]) => approvalMilestoneOf(approval) ?? []);
  const manual = Object.values(run.units).flatMap((unit) => (unit.manual ? (escalationAt(unit) ?? []) : []));
  const places = run.stop
    ? []
    : Object.values(run.branches).flatMap((branch) =>
        placeMilestones(branch, ({ step }) => {
          const found = definitions[branch.playbook]?.workflow[step];
          return (found && extensionOf(found).retry?.everyMs) ?? null;
        }),
      );
  const all = [...approvals, ...manual, ...places, ...undoMilestones(run)];
  return all.length > 0 ? Math.min(...all) : null;
}
