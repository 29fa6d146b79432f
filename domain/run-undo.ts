/**
 * Taking back what a run did: the newest first, each looked at before and after. What is not as the run left it is left
 * alone, and said (docs/rules.md §9).
 */
import type { Course, Due } from './run-place.ts';
import { waitingFor } from './run-waits.ts';
import { lookDue, type Looking } from './run-looks.ts';
import { effectsInForce, type Effect, type RollBack, type Run, type UndoOutcome } from './run.ts';
import { isChange, manualTermsOf, timeoutOf, unitsOnTarget, type UnitSpec } from './run-units.ts';
import type { Variable } from './playbook.ts';

/** What can be taken back, or has to be reported: the newest first. */
export const toUndo = (run: Run): Effect[] => effectsInForce(run).toReversed();

/** Whether taking these back gives somebody access again. */
export const restoresAccess = (effects: readonly Effect[]): boolean =>
  effects.some(({ undoRestoresAccess }) => undoRestoresAccess);

function rollBackOf(run: Run, cause: RollBack['cause'], effects: readonly Effect[]): Due {
  const rollBack = `rb${run.rollBacks + 1}`;
  const ids = effects.map(({ id }) => id);
  return {
    id: `rollBack/${rollBack}`,
    body: { type: 'rollBackAsked', rollBack, cause, effects: ids, needsApproval: restoresAccess(effects) },
  };
}

/** An effect in force for as long as it may be: somebody looks at it, or it is taken back. */
export function expiryDue({ run, now }: Course): Due | null {
  const expired = effectsInForce(run).find(
    ({ expiresAt, hasExpired }) => expiresAt !== null && !hasExpired && now >= expiresAt,
  );
  if (!expired) return null;
  const { id: effect, expiresAt, expires } = expired;
  return {
    id: `expired/${effect}/${expiresAt}`,
    body: { type: 'effectExpired', effect, atEnd: expires?.atEnd ?? 'review' },
  };
}

/** A roll back that nobody asked for: after a failure, or when something has expired. */
function ownRollBack({ run }: Course): Due | null {
  const hasFailed = run.result === 'failed' || run.result === 'failedHandled';
  if (hasFailed && run.rollsBackOnFailure && run.rollBacks === 0) {
    const effects = toUndo(run);
    return effects.length > 0 ? rollBackOf(run, 'failure', effects) : null;
  }
  const expired = toUndo(run).filter(
    ({ hasExpired, expires, undoOutcome }) => hasExpired && expires?.atEnd === 'undo' && undoOutcome === null,
  );
  return expired.length > 0 ? rollBackOf(run, 'expiry', expired) : null;
}

function ended({ id, outcomes }: RollBack, refused?: string): Due {
  const notUndone = outcomes.flatMap(({ effect, outcome }) =>
    outcome === 'undone' || outcome === 'stillHeld' ? [] : effect,
  );
  return {
    id: `rollBackEnded/${id}`,
    body: { type: 'rollBackEnded', rollBack: id, notUndone, ...(refused !== undefined && { refused }) },
  };
}

function undoEnded({ id }: RollBack, effect: string, outcome: UndoOutcome, reason?: string): Due {
  const body = { type: 'undoEnded' as const, effect, outcome, ...(reason !== undefined && { reason }) };
  return { id: `undone/${id}/${effect}`, body };
}

const began = ({ id }: RollBack, effect: string, stage: 'looking' | 'undoing' | 'verifying'): Due => ({
  id: `undo/${id}/${effect}/${stage}`,
  body: { type: 'undoBegan', effect, stage },
});

function nextEffect(run: Run, rollBack: RollBack): Due {
  const effect = run.effects[rollBack.effects[0] ?? ''];
  if (!effect) return ended(rollBack);
  if (effect.state === 'absent') return undoEnded(rollBack, effect.id, 'undone', 'It had never taken effect');
  if (effect.isIrreversible)
    return undoEnded(rollBack, effect.id, 'irreversible', 'The playbook says that nothing takes it back');
  if (effect.undo === null)
    return undoEnded(rollBack, effect.id, 'irreversible', 'The playbook has no step that takes it back');
  return began(rollBack, effect.id, effect.verify ? 'looking' : 'undoing');
}

/** An undo under way. */
interface Undoing extends Course {
  rollBack: RollBack;
  current: NonNullable<RollBack['current']>;
  effect: Effect;
}

function ordering(
  { run, definitions, rollBack, effect, now }: Undoing,
  spec: UnitSpec,
  attempt: number,
): Due {
  const playbook = definitions[effect.playbook]!;
  const { purpose, step, commandIndex, agent, target } = spec;
  const unit = `${run.id}/${rollBack.id}/${effect.id}/${purpose}.${commandIndex}${attempt > 1 ? `#${attempt}` : ''}`;
  const manual = manualTermsOf(playbook, spec, effect.variables);
  return {
    id: `ordered/${unit}`,
    body: {
      type: 'unitOrdered',
      unit,
      purpose,
      effect: effect.id,
      playbook: effect.playbook,
      step,
      commandIndex,
      agent,
      target,
      timeoutMs: timeoutOf({ endsBy: null }, manual !== undefined, now),
      isChange: isChange(playbook, spec),
      needs: rollBack.needsApproval ? ['rollBack'] : [],
      ...(manual && { manual }),
    },
  };
}

function looking(undoing: Undoing, more: Pick<Looking, 'terms' | 'purpose'> & Partial<Looking>): Due | null {
  const { definitions, rollBack, current, effect, now } = undoing;
  return lookDue({
    playbook: definitions[effect.playbook]!,
    look: current.look,
    effect: effect.id,
    target: effect.target,
    now,
    lookup: (outputs) => (name) => {
      const known = effect.variables[name];
      const output = outputs[name];
      return output ? ({ type: 'string', ...known, ...output } as Variable) : known;
    },
    place: {},
    order: (spec, attempt) => ordering(undoing, spec, attempt),
    prefix: `${rollBack.id}/${current.stage}`,
    ...more,
  });
}

/** Looked at before it is taken back: what somebody else has changed meanwhile is not touched. */
function lookingDue(undoing: Undoing): Due | null {
  const { rollBack, effect, current } = undoing;
  if (current.look) return looking(undoing, { terms: effect.verify!, purpose: 'verify', once: true });
  return began(rollBack, effect.id, 'undoing');
}

function undoingDue(undoing: Undoing): Due | null {
  const { definitions, rollBack, current, effect } = undoing;
  const { fault, cursor } = current;
  if (fault?.outcome === 'stillHeld')
    return undoEnded(rollBack, effect.id, 'stillHeld', 'Another run holds the same effect');
  const canBeSeen = effect.verifyUndone !== null || effect.verify !== null;
  if (fault?.outcome === 'unknown')
    return canBeSeen
      ? began(rollBack, effect.id, 'verifying')
      : undoEnded(rollBack, effect.id, 'unknown', fault.reason);
  if (fault) return undoEnded(rollBack, effect.id, 'failed', fault.reason);
  const target = { purpose: 'undo' as const, target: effect.target };
  const spec = unitsOnTarget(definitions[effect.playbook]!, effect.undo!, target)[cursor];
  if (spec) return ordering(undoing, spec, 1);
  if (canBeSeen) return began(rollBack, effect.id, 'verifying');
  return undoEnded(rollBack, effect.id, 'unknown', 'It answered well, and no step looks whether it is so');
}

/** The effect is gone where a step sees that it is, or does not see it any more. */
function verifyingDue(undoing: Undoing): Due | null {
  const { effect } = undoing;
  const { verify, verifyUndone } = effect;
  return verifyUndone
    ? looking(undoing, { terms: verifyUndone, purpose: 'verifyUndone' })
    : looking(undoing, { terms: verify!, purpose: 'verifyUndone', expectsAbsence: true });
}

function currentDue(
  course: Course,
  rollBack: RollBack,
  current: NonNullable<RollBack['current']>,
): Due | null {
  const { run } = course;
  const effect = run.effects[current.effect]!;
  const isUnderWay = Object.values(run.units).some(
    (unit) => unit.branch === undefined && unit.effect === effect.id,
  );
  if (isUnderWay) return null;
  const undoing: Undoing = { ...course, rollBack, current, effect };
  if (current.verdict) return afterVerdict(undoing, current.verdict);
  switch (current.stage) {
    case 'looking':
      return lookingDue(undoing);
    case 'undoing':
      return undoingDue(undoing);
    case 'verifying':
      return verifyingDue(undoing);
  }
}

/** What a look came to, before or after. */
function afterVerdict(
  { rollBack, current, effect }: Undoing,
  { holds, reason }: NonNullable<NonNullable<RollBack['current']>['verdict']>,
): Due {
  const { stage, fault, wasUnknown } = current;
  if (stage === 'looking') {
    if (holds || reason === null) return began(rollBack, effect.id, 'undoing');
    return wasUnknown
      ? undoEnded(rollBack, effect.id, 'undone', 'It had never taken effect')
      : undoEnded(
          rollBack,
          effect.id,
          'drifted',
          'It was not in force any more; somebody else has changed it',
        );
  }
  if (holds) return undoEnded(rollBack, effect.id, 'undone');
  if (reason === null)
    return undoEnded(rollBack, effect.id, 'unknown', 'It answered well, and nobody could look');
  const outcome = fault?.outcome === 'unknown' ? 'unknown' : 'failed';
  return undoEnded(rollBack, effect.id, outcome, 'It was still seen in force');
}

/** What comes next of taking back, once the run itself is over. */
export function undoDue(course: Course): Due | null {
  const { run } = course;
  const { rollBack } = run;
  if (!rollBack || rollBack.endedAt !== null) return ownRollBack(course);
  if (run.halt !== null) return null;
  if (rollBack.current) return currentDue(course, rollBack, rollBack.current);
  if (rollBack.needsApproval) {
    if (!run.approvals['rollBack']) return ended(rollBack, 'Nobody may approve it');
    const waiting = waitingFor(course, ['rollBack'], (reason) => ended(rollBack, reason));
    if (waiting) return waiting.due;
  }
  return nextEffect(run, rollBack);
}

/** When something of it falls due by itself. */
export function undoMilestones(run: Run): number[] {
  const { rollBack } = run;
  const expiries = effectsInForce(run).flatMap(({ expiresAt, hasExpired }) =>
    expiresAt === null || hasExpired ? [] : expiresAt,
  );
  const again = rollBack?.endedAt === null ? rollBack.current?.look?.againAt : null;
  return again == null ? expiries : [...expiries, again];
}
