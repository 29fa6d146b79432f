/** What each event makes of a run. Total: an event that fits nowhere, as an answer that came too late, changes what it can. */
import {
  askApproval,
  openApproval,
  prepareApproval,
  vote,
  withDue,
  type ApprovalSubject,
} from './approval.ts';
import type { Actor } from './events.ts';
import type { JournalEvent } from './journal.ts';
import {
  type Branch,
  type BranchOpening,
  type Effect,
  type EffectTerms,
  type Look,
  type Outputs,
  type Place,
  type RollBack,
  type Run,
  type RunBody,
  type RunEvent,
  type RunTerms,
  type UnitPlace,
} from './run.ts';
import { joined, withoutScopes, written, type Scopes } from './run-scopes.ts';

type Told<T extends RunBody['type']> = JournalEvent<Extract<RunBody, { type: T }>>;

const SUBJECTS: Readonly<Record<string, ApprovalSubject>> = {
  plan: 'plan',
  rollBack: 'rollBack',
  breakGlass: 'breakGlass',
};

function questionOf(id: string, { needs, planHash, excluded }: RunTerms, need: string) {
  const subject = SUBJECTS[need] ?? 'step';
  return { id: `${id}/${need}`, subject, need, planHash, terms: needs[need]!, excluded };
}

const approvalsOf = (id: string, terms: RunTerms, at: number): Run['approvals'] =>
  Object.fromEntries(
    Object.keys(terms.needs).map((need) => [need, prepareApproval(questionOf(id, terms, need), at)]),
  );

function opened({ occurredAt, actor, sequence, ...event }: Told<'opened'>, id: string): Run {
  const { ticket, playbook, pins, planHash, variables, licence, needs, excluded, rollsBackOnFailure } = event;
  const terms: RunTerms = {
    ticket,
    playbook,
    pins,
    planHash,
    variables,
    licence,
    needs,
    excluded,
    rollsBackOnFailure,
  };
  return {
    ...terms,
    id,
    sequence,
    requestedAt: occurredAt,
    requestedBy: actor ?? null,
    phase: 'asked',
    result: null,
    reason: null,
    endedAt: null,
    approvals: approvalsOf(id, terms, occurredAt),
    halt: null,
    stop: null,
    visits: 0,
    branches: {},
    scopes: {},
    units: {},
    effects: {},
    rollBack: null,
    rollBacks: 0,
    unknown: [],
  };
}

function withApproval(
  run: Run,
  need: string,
  change: (approval: Run['approvals'][string]) => Run['approvals'][string],
): Partial<Run> {
  const approval = run.approvals[need];
  return approval ? { approvals: { ...run.approvals, [need]: change(approval) } } : {};
}

/** A question that was never asked is asked; one that cannot be used any more is asked anew. */
const asked = (run: Run, { need, occurredAt }: Told<'approvalAsked'>): Partial<Run> =>
  withApproval(run, need, (approval) =>
    approval.state === 'prepared'
      ? askApproval(approval, occurredAt)
      : openApproval(questionOf(run.id, run, need), occurredAt),
  );

function voted(run: Run, { need, decision, planHash, actor, text, occurredAt }: Told<'voted'>): Partial<Run> {
  return withApproval(run, need, (approval) => {
    const request = { actor: actor as Actor, decision, planHash, ...(text && { reason: text }) };
    const counted = vote(approval, request, occurredAt);
    return 'approval' in counted ? counted.approval : approval;
  });
}

function openedBranch({ branch, playbook, first, scope }: BranchOpening, parent: Branch['parent']): Branch {
  return {
    id: branch,
    parent,
    playbook,
    scope,
    next: first,
    place: null,
    outcome: null,
    reason: null,
    handling: null,
  };
}

function withScopeOf(scopes: Scopes, { scope, parentScope, variables, apart }: BranchOpening): Scopes {
  return scopes[scope]
    ? scopes
    : { ...scopes, [scope]: { parent: parentScope, variables, ...(apart && { copied: [] }) } };
}

function withBranch(run: Run, id: string, change: (branch: Branch) => Partial<Branch>): Partial<Run> {
  const branch = run.branches[id];
  return branch ? { branches: { ...run.branches, [id]: { ...branch, ...change(branch) } } } : {};
}

/** The step that an event is about, if the branch is still at it. */
function placeOf(run: Run, { branch, visit }: UnitPlace): Place | null {
  const place = branch === undefined ? null : (run.branches[branch]?.place ?? null);
  return place?.visit === visit ? place : null;
}

function withPlace(run: Run, at: UnitPlace, change: (place: Place) => Partial<Place>): Partial<Run> {
  const place = placeOf(run, at);
  return place ? withBranch(run, at.branch!, () => ({ place: { ...place, ...change(place) } })) : {};
}

function entered(run: Run, event: Told<'stepEntered'>): Partial<Run> {
  const { branch: id, visit, step, beginsAt, variables } = event;
  const branch = run.branches[id];
  if (!branch) return {};
  const hasLocals = Object.keys(variables).length > 0;
  const scope = hasLocals ? `s${visit}` : branch.scope;
  const place: Place = {
    step,
    visit,
    scope,
    beginsAt,
    begunAt: null,
    endsBy: null,
    cursor: 0,
    attempt: 1,
    fault: null,
    outputs: {},
    look: null,
    looks: 0,
    effects: [],
    seen: 0,
    children: [],
    passes: 0,
  };
  return {
    visits: visit,
    ...(hasLocals && { scopes: { ...run.scopes, [scope]: { parent: branch.scope, variables } } }),
    ...withBranch(run, id, () => ({ place, next: null })),
  };
}

/** The branches below a step, and what they see of their own. */
function below(run: Run, { branch, visit }: UnitPlace): { branches: Set<string>; scopes: Set<string> } {
  const branches = new Set<string>();
  const isBelow = ({ parent }: Branch): boolean =>
    parent !== null && ((parent.branch === branch && parent.visit === visit) || branches.has(parent.branch));
  // A branch is opened after the one that it is opened from.
  for (const one of Object.values(run.branches)) if (isBelow(one)) branches.add(one.id);
  const scopes = new Set<string>();
  for (const id of branches) {
    const { place, scope } = run.branches[id]!;
    scopes.add(scope);
    if (place) scopes.add(place.scope);
  }
  return { branches, scopes };
}

function branchesOpened(run: Run, event: Told<'branchesOpened'>): Partial<Run> {
  const { branch, visit, openings } = event;
  const parent = { branch, visit };
  if (!placeOf(run, event)) return {};
  const before = below(run, event);
  const kept = Object.entries(run.branches).filter(([id]) => !before.branches.has(id));
  const opened = openings.map((opening) => [opening.branch, openedBranch(opening, parent)] as const);
  const branches = Object.fromEntries([...kept, ...opened]);
  const children = openings.map((opening) => opening.branch);
  return {
    scopes: openings.reduce(withScopeOf, run.scopes),
    branches: {
      ...branches,
      [branch]: {
        ...branches[branch]!,
        place: { ...placeOf(run, event)!, children, passes: placeOf(run, event)!.passes + 1 },
      },
    },
  };
}

function stepEnded(run: Run, event: Told<'stepEnded'>): Partial<Run> {
  const { branch: id, result, reason = null, next, outputs } = event;
  const branch = run.branches[id];
  const place = placeOf(run, event);
  if (!branch || !place) return {};
  const gone = below(run, event);
  if (place.scope !== branch.scope) gone.scopes.add(place.scope);
  const apart = place.children.flatMap((child) => run.branches[child]?.scope ?? []);
  const merged = result === 'succeeded' ? joined(run.scopes, place.scope, apart) : run.scopes;
  const scopes = written(merged, place.scope, outputs ?? {});
  gone.scopes.delete(branch.scope);
  const kept = Object.entries(run.branches).filter(([one]) => !gone.branches.has(one));
  return {
    scopes: withoutScopes(scopes, gone.scopes),
    branches: {
      ...Object.fromEntries(kept),
      [id]: { ...branch, place: null, next, reason: result === 'failed' ? reason : null },
    },
  };
}

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

const newLook = (effect: string, since: number): Look => ({
  effect,
  since,
  cursor: 0,
  attempt: 1,
  outputs: {},
  againAt: null,
  fault: null,
});

function unitOrdered(run: Run, event: Told<'unitOrdered'>): Partial<Run> {
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

const withEffect = (
  effects: Run['effects'],
  id: string | undefined,
  change: (effect: Effect) => Partial<Effect>,
): Run['effects'] => {
  const effect = id === undefined ? undefined : effects[id];
  return effect ? { ...effects, [effect.id]: { ...effect, ...change(effect) } } : effects;
};

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

function unitReported(run: Run, event: Told<'unitReported'>): Partial<Run> {
  const { unit, purpose, outcome, effect, variables = {} } = event;
  const { [unit]: _done, ...units } = run.units;
  const effects = withEffect(run.effects, effect, (one) => {
    if (purpose === 'act') return effectAfter(one, event);
    return purpose === 'snapshot' && isGood(outcome) ? knowing(one, variables) : {};
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

function looked(run: Run, event: Told<'looked'>): Partial<Run> {
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

/** What people were to do is withdrawn; what is on its way to a machine is not. */
const withoutManual = (units: Run['units']): Run['units'] =>
  Object.fromEntries(Object.entries(units).filter(([, unit]) => !unit.manual));

const ended = ({ units }: Run, { result, reason, occurredAt }: Told<'ended'>): Partial<Run> => ({
  phase: 'over',
  result,
  reason: reason ?? null,
  endedAt: occurredAt,
  halt: null,
  branches: {},
  scopes: {},
  units: withoutManual(units),
});

function rollBackAsked(run: Run, event: Told<'rollBackAsked'>): Partial<Run> {
  const { rollBack: id, cause, effects, needsApproval, occurredAt, actor = null } = event;
  const rollBack: RollBack = {
    id,
    askedAt: occurredAt,
    by: actor,
    cause,
    needsApproval,
    effects,
    current: null,
    outcomes: [],
    endedAt: null,
    refused: null,
  };
  return { rollBack, rollBacks: run.rollBacks + 1 };
}

function undoBegan(run: Run, { effect, stage, occurredAt }: Told<'undoBegan'>): Partial<Run> {
  if (!run.rollBack) return {};
  const { rollBack } = run;
  const before = rollBack.current?.effect === effect ? rollBack.current : null;
  const current: RollBack['current'] = {
    effect,
    stage,
    cursor: 0,
    look: stage === 'undoing' ? null : newLook(effect, occurredAt),
    fault: before?.fault ?? null,
    verdict: null,
    wasUnknown: before?.wasUnknown ?? run.effects[effect]?.state === 'unknown',
  };
  return {
    rollBack: { ...rollBack, current },
    effects: withEffect(run.effects, effect, () => ({ state: 'undoing' })),
  };
}

/** What could not be taken back stands, as far as anybody knows. */
function undoEnded(run: Run, event: Told<'undoEnded'>): Partial<Run> {
  const { effect, outcome, reason = null } = event;
  const { rollBack } = run;
  if (!rollBack) return {};
  const state = outcome === 'undone' ? 'undone' : outcome === 'stillHeld' ? 'released' : 'notUndone';
  return {
    rollBack: {
      ...rollBack,
      current: null,
      effects: rollBack.effects.filter((one) => one !== effect),
      outcomes: [...rollBack.outcomes, { effect, outcome, reason }],
    },
    effects: withEffect(run.effects, effect, () => ({ state, undoOutcome: outcome, undoReason: reason })),
  };
}

function edited(
  run: Run,
  { planHash, variables, needs, excluded, occurredAt }: Told<'edited'>,
): Partial<Run> {
  const terms: RunTerms = { ...run, planHash, variables, needs, excluded };
  return { planHash, variables, needs, excluded, approvals: approvalsOf(run.id, terms, occurredAt) };
}

function evolved(run: Run, event: RunEvent): Partial<Run> {
  const { occurredAt } = event;
  switch (event.type) {
    case 'opened':
      return {};
    case 'edited':
      return edited(run, event);
    case 'approvalAsked':
      return asked(run, event);
    case 'voted':
      return voted(run, event);
    case 'approvalEscalated': {
      const { level, to } = event;
      return withApproval(run, event.need, (one) =>
        withDue(one, { type: 'escalated', level, to }, occurredAt),
      );
    }
    case 'approvalExpired':
      return withApproval(run, event.need, (one) => withDue(one, { type: 'expired' }, occurredAt));
    case 'approvalLapsed':
      return withApproval(run, event.need, (one) => withDue(one, { type: 'lapsed' }, occurredAt));
    case 'began': {
      const { opening } = event;
      const main = openedBranch(opening, null);
      return { phase: 'forward', branches: { [main.id]: main }, scopes: withScopeOf({}, opening) };
    }
    case 'stepEntered':
      return entered(run, event);
    case 'stepBegan':
      return withPlace(run, event, () => ({ begunAt: occurredAt, endsBy: event.endsBy }));
    case 'unitOrdered':
      return unitOrdered(run, event);
    case 'unitReported':
      return unitReported(run, event);
    case 'looked':
      return looked(run, event);
    case 'branchesOpened':
      return branchesOpened(run, event);
    case 'stepEnded':
      return stepEnded(run, event);
    case 'branchEnded': {
      const { result: outcome, reason } = event;
      return withBranch(run, event.branch, (branch) => ({ outcome, reason: reason ?? branch.reason }));
    }
    case 'exceptionEntered': {
      const { step: next, reason } = event;
      return withBranch(run, event.branch, () => ({ next, handling: reason, reason: null }));
    }
    case 'manualEscalated': {
      const unit = run.units[event.unit];
      return unit ? { units: { ...run.units, [event.unit]: { ...unit, escalations: event.level } } } : {};
    }
    case 'stopAsked':
      return {
        stop: { askedAt: occurredAt, by: event.actor ?? null, haltedAt: null },
        halt: 'stop',
        units: withoutManual(run.units),
      };
    case 'halted':
      return run.stop ? { stop: { ...run.stop, haltedAt: occurredAt } } : {};
    case 'resumed':
      return { stop: null, halt: null };
    case 'ended':
      return ended(run, event);
    case 'rollBackAsked':
      return rollBackAsked(run, event);
    case 'undoBegan':
      return undoBegan(run, event);
    case 'undoEnded':
      return undoEnded(run, event);
    case 'rollBackEnded': {
      const { refused = null } = event;
      return run.rollBack ? { rollBack: { ...run.rollBack, endedAt: occurredAt, refused } } : {};
    }
    case 'effectExpired':
      return { effects: withEffect(run.effects, event.effect, () => ({ hasExpired: true })) };
  }
}

/** The run after an event; `id` names it. */
export function evolveRun(run: Run | null, event: RunEvent, id: string): Run {
  if (event.type === 'opened') return run ?? opened(event, id);
  if (!run) throw new Error(`Run ${id} has not been opened`);
  return { ...run, ...evolved(run, event), sequence: event.sequence };
}
