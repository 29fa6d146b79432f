/** A unit under way as it is asked of the worker: everything that it needs to know, and never a secret. */
import { extensionOf } from './playbook.ts';
import { visibleIn } from './run-scopes.ts';
import type { Run, UnderWay } from './run.ts';
import { actionOf, type Definitions } from './run-units.ts';
import type { Scope, ScopeVariable, UnitOrder } from './unit.ts';

/** What the unit sees: its step's scope with what the step has answered so far, or what is known of the effect. */
function seenBy(run: Run, { branch, visit, effect }: UnderWay): Scope {
  const place = branch === undefined ? null : (run.branches[branch]?.place ?? null);
  if (place?.visit !== visit || !place) return (effect !== undefined && run.effects[effect]?.variables) || {};
  const seen = visibleIn(run.scopes, place.scope);
  const answered = Object.entries(place.outputs).map(([name, result]): [string, ScopeVariable] => {
    const { value: _value, sealed: _sealed, vault: _vault, ...declared } = seen[name] ?? { type: 'string' };
    return [name, { ...declared, ...result }];
  });
  return { ...seen, ...Object.fromEntries(answered) };
}

/** The order of a unit that is under way. */
export function orderOf(run: Run, definitions: Definitions, id: string): UnitOrder {
  const unit = run.units[id]!;
  const { purpose, playbook, step, commandIndex, agent, target, timeoutMs, isChange, needs } = unit;
  const effect = unit.effect === undefined ? undefined : run.effects[unit.effect];
  const action = definitions[playbook] ? actionOf(definitions[playbook], step) : null;
  const countsHolders = effect?.isCounted === true && (purpose === 'act' || purpose === 'undo');
  return {
    id,
    run: run.id,
    ticket: run.ticket,
    playbook,
    step,
    commandIndex,
    agent,
    target,
    purpose,
    planHash: run.planHash,
    // A step that looks or takes back sees the step it serves, over what it declares itself.
    variables: { ...action?.step_variables, ...seenBy(run, unit) },
    effect: countsHolders ? { name: effect.name, key: effect.key } : null,
    timeoutMs,
    repeatable: (action && extensionOf(action).repeatable) ?? null,
    isChange,
    requiresApproval: needs.length > 0,
  };
}
