/** Steps that open branches: conditions, loops, choices, branches side by side, and playbooks from within. */
import { evaluateCondition, parseCondition } from './condition.ts';
import { extensionOf, MOST_PASSES, type Playbook } from './playbook.ts';
import { ending, failing, lookupOf, succeeding, type At, type Due } from './run-place.ts';
import type { BranchOpening, Run } from './run.ts';
import { lookUp } from './run-scopes.ts';
import { soleReference } from './variables.ts';

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

function judged(at: At, text: string): { value: boolean } | { problem: string } {
  const parsed = parseCondition(text);
  return 'problem' in parsed ? parsed : evaluateCondition(parsed.condition, lookupOf(at));
}

export function ifDue(at: At): Due | null {
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

export function whileDue(at: At): Due | null {
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

export function switchDue(at: At): Due | null {
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

export function parallelDue(at: At): Due | null {
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

export function playbookDue(at: At): Due | null {
  const { run, definitions, place, step } = at;
  if (step.type !== 'playbook-action') return null;
  const { playbook_id, in_args = [], out_args = [] } = step;
  const digest = run.pins[at.branch.playbook]?.[place.step];
  const child = digest === undefined ? undefined : definitions[digest];
  if (digest === undefined || !child) return failing(at, `Playbook ${playbook_id} is not known`);
  const scope = `g${place.visit}`;
  if (place.passes === 0) {
    const given = argumentsFor(at, child, in_args);
    if ('missing' in given) return failing(at, `Playbook ${playbook_id} needs ${given.missing}`);
    const first = { ...branchTo(at, child.workflow_start), playbook: digest };
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
