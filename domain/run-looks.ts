/** Looking whether an effect is there: a step that asks, and a condition on its answer, again until it holds. */
import { evaluateCondition, parseCondition } from './condition.ts';
import type { Playbook, VerificationTerms } from './playbook.ts';
import type { Due } from './run-place.ts';
import type { Look, Outputs } from './run.ts';
import { newLook } from './run-parts.ts';
import { unitsOnTarget, type UnitSpec } from './run-units.ts';
import type { UnitPurpose } from './unit.ts';
import type { Lookup } from './variables.ts';

const LOOK_EVERY_MS = 2_000;
const LOOK_WITHIN_MS = 60_000;

export interface Looking {
  playbook: Playbook;
  look: Look | null;
  effect: string;
  terms: VerificationTerms;
  purpose?: Extract<UnitPurpose, 'verify' | 'verifyUndone'>;
  target: string | null;
  now: number;
  /** What the condition sees beside what the look answered. */
  lookup: (outputs: Outputs) => Lookup;
  place: { branch?: string; visit?: number };
  order: (spec: UnitSpec, attempt: number) => Due | null;
  /** Names the looks of this place. */
  prefix: string;
  /** Looks for the contrary. */
  expectsAbsence?: boolean;
  /** Looks once. */
  once?: boolean;
}

interface Seen {
  holds: boolean;
  reason?: string;
  /** It could not look. */
  blind?: true;
}

function verdictOf({ look, terms, lookup, expectsAbsence = false }: Looking): Seen {
  if (look!.fault !== null) return { holds: false, reason: look!.fault, blind: true };
  const parsed = parseCondition(terms.expect);
  const verdict = 'problem' in parsed ? parsed : evaluateCondition(parsed.condition, lookup(look!.outputs));
  if ('problem' in verdict) return { holds: false, reason: verdict.problem };
  return verdict.value === expectsAbsence
    ? { holds: false, reason: `Not so: ${terms.expect}` }
    : { holds: true };
}

/** The next thing of a look; null while it waits for an answer, or for its next attempt. */
export function lookDue(looking: Looking): Due | null {
  const { playbook, look, effect, terms, purpose = 'verify', target, now, place, order, prefix } = looking;
  const specs = unitsOnTarget(playbook, terms.step, { purpose, target });
  const attempt = look?.attempt ?? 1;
  if (look?.againAt != null && look.cursor === 0 && look.fault === null && now < look.againAt) return null;
  const spec = specs[look?.cursor ?? 0];
  if (spec && !look?.fault) return order(spec, attempt);
  const { holds, reason, blind } = verdictOf({ ...looking, look: look ?? newLook(effect, now) });
  const since = look?.since ?? now;
  const next = now + (terms.everyMs ?? LOOK_EVERY_MS);
  const isLast = looking.once === true || next > since + (terms.withinMs ?? LOOK_WITHIN_MS);
  return {
    id: `looked/${prefix}/${effect}/${purpose}/${since}/${attempt}`,
    body: {
      type: 'looked',
      effect,
      holds,
      attempt,
      againAt: holds || isLast ? null : next,
      ...(reason !== undefined && { reason }),
      ...(blind && { blind }),
      ...place,
    },
  };
}
