/**
 * The course of a run: what comes next, worked out from how it stands and from its playbooks, one event at a time. A branch
 * runs until an `end`, and hands back to the step that opened it (CACAO v2.0 §4; docs/containment.md).
 */
import { MOST_STEPS } from './playbook.ts';
import { actionDue } from './run-actions.ts';
import { ifDue, parallelDue, playbookDue, switchDue, whileDue } from './run-constructs.ts';
import { ending, failing, type At, type Course, type Due } from './run-place.ts';
import { expiryDue, undoDue, undoMilestones } from './run-undo.ts';
import { needsOf, type Definitions } from './run-units.ts';
import { approvalDue, manualDue, ratificationDue, waitingFor, waitMilestones } from './run-waits.ts';
import {
  effectsInForce,
  unitsOnTheirWay,
  type Branch,
  type BranchOpening,
  type Run,
  type RunBody,
} from './run.ts';

const MAIN = 'main';

function beginning({ playbook, variables }: Run, first: string): Due {
  const opening: BranchOpening = {
    branch: MAIN,
    playbook: playbook.digest,
    first,
    scope: 'global',
    parentScope: null,
    variables,
  };
  return { id: 'began', body: { type: 'began', opening } };
}

function toBegin(course: Course): Due | null {
  const { run, definitions } = course;
  if (run.stop) return null;
  const needs = run.licence.by === 'approval' ? ['plan'] : [];
  const waiting = waitingFor(course, needs, (reason) => neverBegan(run, reason));
  return waiting ? waiting.due : beginning(run, definitions[run.playbook.digest]!.workflow_start);
}

function neverBegan({ approvals }: Run, reason: string): Due {
  const result = approvals['plan']?.state === 'rejected' ? 'rejected' : 'expired';
  return { id: 'ended', body: { type: 'ended', result, reason } };
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
  const waiting = waitingFor(at, needs, (reason) => failing(at, reason));
  if (waiting) return waiting.due;
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
  return { id: `halted/${run.sequence}`, body: { type: 'halted', inForce, unknown: run.unknown } };
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

/** What time, or what has happened, makes due; logged, it is not due any more. Without the playbooks nothing is. */
export function runDue(run: Run, definitions: Definitions, now: number): Due | null {
  if (!definitions[run.playbook.digest]) return null;
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

function placeMilestones({ place }: Branch): number[] {
  if (!place) return [];
  const { begunAt, beginsAt, endsBy, look } = place;
  return [
    ...(begunAt === null ? [beginsAt] : []),
    ...(endsBy === null ? [] : [endsBy]),
    ...(look?.againAt == null ? [] : [look.againAt]),
  ];
}

/**
 * When something falls due by itself after `now`; null: it waits for an answer only. What is over already, such as the
 * delay of a step that nobody has approved yet, waits for something else.
 */
export function runMilestone(run: Run, now: number): number | null {
  const places = run.stop ? [] : Object.values(run.branches).flatMap(placeMilestones);
  const all = [...waitMilestones(run), ...places, ...undoMilestones(run)].filter((at) => at > now);
  return all.length > 0 ? Math.min(...all) : null;
}
