/** Action steps: their units one after the other, and a look at what they brought about. */
import { isChangingStep } from './commands-of-steps.ts';
import { extensionOf, MOST_UNITS_IN_FLIGHT } from './playbook.ts';
import { lookDue } from './run-looks.ts';
import { failing, lookupOf, succeeding, type At, type Due } from './run-place.ts';
import { unitsOnTheirWay } from './run.ts';
import { visibleIn } from './run-scopes.ts';
import {
  actionOf,
  effectIdOf,
  effectTermsOf,
  isChange,
  manualTermsOf,
  needsOf,
  timeoutOf,
  unitsOfAction,
  type UnitSpec,
} from './run-units.ts';
import { waitingFor } from './run-waits.ts';

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
  const waiting = waitingFor(at, needs, (reason) => failing(at, reason));
  if (waiting) return waiting.due;
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

/** After a unit that did not go well: again where nothing was sent, a look where nobody knows, else the step has failed. */
function afterFault(at: At, specs: readonly UnitSpec[]): Due | null {
  const { place, step } = at;
  const { outcome, reason, whileStopped, wasLookedAt } = place.fault!;
  const spec = specs[place.cursor];
  if (spec && whileStopped) return ordering(at, spec, { retry: place.attempt + 1 });
  if (spec && outcome === 'unknown' && extensionOf(step).verify && !wasLookedAt && spec.purpose === 'act')
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

/** The next thing of an action; null while something of it is under way. */
export function actionDue(at: At): Due | null {
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
