/** Where a run is: a branch at a step, what that sees, and how it ends. What the chapters of its course share. */
import type { Playbook, Step, Variable } from './playbook.ts';
import type { Branch, Outputs, Place, Run, RunBody } from './run.ts';
import { lookUp, writeProblem } from './run-scopes.ts';
import type { Definitions } from './run-units.ts';
import type { Lookup } from './variables.ts';

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
export interface At extends Course {
  branch: Branch;
  place: Place;
  step: Step;
  playbook: Playbook;
}

/** What the step sees, and what it was answered. */
export const lookupOf =
  ({ run, place }: At, outputs: Outputs = {}): Lookup =>
  (name) => {
    const variable = lookUp(run.scopes, place.scope, name);
    const output = outputs[name];
    return output ? ({ type: 'string', ...variable, ...output } as Variable) : variable;
  };

/** Where a step that failed, or went well, leads. */
export function ending(
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

export const failing = (at: At, reason: string): Due => ending(at, 'failed', { reason });

/** The step went well, unless it answered something that it must not write. */
export function succeeding(at: At, outputs: Outputs): Due {
  const { run, place } = at;
  const problems = Object.keys(outputs).flatMap((name) => writeProblem(run.scopes, place.scope, name) ?? []);
  return problems.length > 0 ? failing(at, problems.join('; ')) : ending(at, 'succeeded', { outputs });
}
