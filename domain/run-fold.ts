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
import {
  type Branch,
  type BranchOpening,
  type Place,
  type RollBack,
  type Run,
  type RunEvent,
  type RunTerms,
  type UnitPlace,
} from './run.ts';
import { looked, unitOrdered, unitReported } from './run-fold-units.ts';
import { newLook, placeOf, withBranch, withEffect, withPlace, type Told } from './run-parts.ts';
import { joined, withoutScopes, written, type Scopes } from './run-scopes.ts';

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
  return { rollBack, rollBacks: run.rollBacks + 1, ...withRollBackUnasked(run, occurredAt) };
}

/** Each roll back has an approval of its own: what became of the one before does not count. */
const withRollBackUnasked = (run: Run, at: number): Partial<Run> =>
  withApproval(run, 'rollBack', (approval) =>
    approval.state === 'prepared' ? approval : prepareApproval(questionOf(run.id, run, 'rollBack'), at),
  );

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
