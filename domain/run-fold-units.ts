/** What is made of a unit that was ordered or has answered, and of a look at what it brought about. */
import type { Effect, EffectTerms, Look, Outputs, Place, RollBack, Run } from './run.ts';
import { newLook, withEffect, withPlace, type Told } from './run-parts.ts';

function begunEffect(id: string, terms: EffectTerms, at: number): Effect {
  return {
    ...terms,
    id,
    state: 'attempting',
    isVerified: false,
    since: at,
    expiresAt: null,
    hasExpired: false,
    undoOutcome: null,
    undoReason: null,
  };
}

export function unitOrdered(run: Run, event: Told<'unitOrdered'>): Partial<Run> {
  const { id: _id, sequence: _sequence, type: _type, occurredAt, begins, attempt, ...unit } = event;
  const { effect, purpose } = unit;
  const ordered: Run = {
    ...run,
    units: { ...run.units, [unit.unit]: { ...unit, orderedAt: occurredAt, escalations: 0 } },
    ...(begins &&
      effect && { effects: { ...run.effects, [effect]: begunEffect(effect, begins, occurredAt) } }),
  };
  const { branches = run.branches } = withPlace(ordered, unit, ({ effects, look, ...place }) => ({
    effects: begins && effect && !effects.includes(effect) ? [...effects, effect] : effects,
    look: purpose === 'verify' && !look ? newLook(effect!, occurredAt) : look,
    looks: purpose === 'verify' && !look ? place.looks + 1 : place.looks,
    ...(attempt !== undefined && { attempt, fault: null }),
    ...(attempt === undefined && { attempt: place.attempt }),
  }));
  return { units: ordered.units, effects: ordered.effects, branches };
}

function effectAfter(effect: Effect, { outcome, occurredAt }: Told<'unitReported'>): Partial<Effect> {
  if (outcome === 'succeeded' || outcome === 'alreadyInForce') {
    const { expires, expiresAt } = effect;
    return {
      state: effect.state === 'unknown' ? 'unknown' : 'inForce',
      since: occurredAt,
      expiresAt: expires ? (expiresAt ?? occurredAt + expires.afterMs) : null,
    };
  }
  if (outcome === 'unknown') return { state: 'unknown' };
  return effect.state === 'attempting' ? { state: 'absent' } : {};
}

/** What taking it back will need to know: how things were. */
const knowing = (effect: Effect, outputs: Outputs): Partial<Effect> => ({
  variables: Object.entries(outputs).reduce(
    (all, [name, result]) => ({ ...all, [name]: { type: 'string' as const, ...all[name], ...result } }),
    effect.variables,
  ),
});

const isGood = (outcome: Told<'unitReported'>['outcome']): boolean =>
  outcome === 'succeeded' || outcome === 'alreadyInForce';

function faultOf({ outcome, reason, occurredAt }: Told<'unitReported'>, run: Run): Place['fault'] {
  if (outcome === 'succeeded' || outcome === 'alreadyInForce') return null;
  const whileStopped = run.stop !== null && outcome === 'blocked';
  return { outcome, reason: reason ?? outcome, at: occurredAt, ...(whileStopped && { whileStopped: true }) };
}

function lookAfter(look: Look | null, event: Told<'unitReported'>): Look | null {
  if (!look) return null;
  const { outcome, reason = outcome, variables = {} } = event;
  if (!isGood(outcome)) return { ...look, fault: reason };
  return { ...look, cursor: look.cursor + 1, outputs: { ...look.outputs, ...variables } };
}

function placeAfter(place: Place, event: Told<'unitReported'>, run: Run): Partial<Place> {
  const { purpose, outcome, variables = {} } = event;
  if (purpose === 'verify') return { look: lookAfter(place.look, event) };
  if (!isGood(outcome)) return { fault: faultOf(event, run) };
  const outputs = purpose === 'act' ? { ...place.outputs, ...variables } : place.outputs;
  return { cursor: place.cursor + 1, attempt: 1, outputs };
}

function rollBackAfter(rollBack: RollBack | null, event: Told<'unitReported'>, run: Run): RollBack | null {
  const current = rollBack?.current;
  if (!rollBack || !current || current.effect !== event.effect || event.branch !== undefined) return rollBack;
  if (event.purpose !== 'undo')
    return { ...rollBack, current: { ...current, look: lookAfter(current.look, event) } };
  const after = isGood(event.outcome) ? { cursor: current.cursor + 1 } : { fault: faultOf(event, run) };
  return { ...rollBack, current: { ...current, ...after } };
}

/**
 * What a person did of an effect that is counted. Half of what they bring about is in force; what they take back is gone
 * with the last of it.
 */
function byHandOf({ isCounted }: Effect, event: Told<'unitReported'>, run: Run): Partial<Effect> {
  const { unit, purpose, outcome } = event;
  const manual = run.units[unit]?.manual;
  if (!manual || !isCounted || outcome !== 'succeeded') return {};
  if (purpose !== 'act' && !(purpose === 'undo' && manual.isLast)) return {};
  return { byHand: { did: purpose, unit } };
}

export function unitReported(run: Run, event: Told<'unitReported'>): Partial<Run> {
  const { unit, purpose, outcome, effect, variables = {} } = event;
  const { [unit]: _done, ...units } = run.units;
  const effects = withEffect(run.effects, effect, (one) => {
    const byHand = byHandOf(one, event, run);
    if (purpose === 'act') return { ...effectAfter(one, event), ...byHand };
    return purpose === 'snapshot' && isGood(outcome) ? knowing(one, variables) : byHand;
  });
  return {
    units,
    effects,
    unknown: outcome === 'unknown' && !run.unknown.includes(unit) ? [...run.unknown, unit] : run.unknown,
    rollBack: rollBackAfter(run.rollBack, event, run),
    ...withPlace(run, event, (place) => placeAfter(place, event, run)),
  };
}

const again = (look: Look | null, { attempt, againAt }: Told<'looked'>): Look | null =>
  look && againAt !== null
    ? { ...look, cursor: 0, outputs: {}, fault: null, attempt: attempt + 1, againAt }
    : null;

function placeLooked(place: Place, event: Told<'looked'>): Partial<Place> {
  const { holds, againAt, reason = 'The effect was not seen', occurredAt } = event;
  const isInDoubt = place.fault?.outcome === 'unknown';
  if (holds && isInDoubt) return { look: null, fault: null, cursor: place.cursor + 1, attempt: 1 };
  if (holds) return { look: null, seen: place.seen + 1 };
  if (againAt !== null) return { look: again(place.look, event) };
  const fault: Place['fault'] = isInDoubt
    ? { ...place.fault!, wasLookedAt: true }
    : { outcome: 'failed', reason, at: occurredAt, wasLookedAt: true };
  return { look: null, fault };
}

export function looked(run: Run, event: Told<'looked'>): Partial<Run> {
  const { effect, holds, againAt, branch, occurredAt } = event;
  if (branch === undefined) {
    const current = run.rollBack?.current;
    if (!current) return {};
    const look = holds ? null : again(current.look, event);
    const isOver = look === null;
    const verdict = isOver ? { holds, reason: event.blind ? null : (event.reason ?? null) } : null;
    return { rollBack: { ...run.rollBack!, current: { ...current, look, verdict } } };
  }
  const effects = withEffect(run.effects, effect, ({ expires, expiresAt, state }) => {
    if (holds)
      return {
        state: 'inForce',
        isVerified: true,
        expiresAt: expires ? (expiresAt ?? occurredAt + expires.afterMs) : null,
      };
    return againAt === null && state === 'inForce' ? { state: 'unknown' } : {};
  });
  return { effects, ...withPlace(run, event, (place) => placeLooked(place, event)) };
}
