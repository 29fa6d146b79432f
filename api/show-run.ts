/** How a containment run and its plan are shown. */
import type { Approval } from '../domain/approval.ts';
import type { Fault } from '../domain/plan-faults.ts';
import type { Plan } from '../domain/plan.ts';
import { effectsInForce, stateOf, unitsOnTheirWay, type Effect, type Run, type UnderWay } from '../domain/run.ts';
import type { Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { etagOf } from './headers.ts';
import { logView } from './journals.ts';
import { Problem } from './problem.ts';
import type { Reply } from './route.ts';
import type { DryRunView, RunView } from './schemas/containments.ts';

const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

const approvalView = (approval: Approval): RunView['approvals'][number] => ({
  need: approval.need,
  state: approval.state,
  role: approval.terms.role,
  required: approval.terms.required,
  level: approval.level,
  askedAt: isoOrNull(approval.askedAt),
  validUntil: isoOrNull(approval.validUntil),
  votes: approval.votes.map(({ person, role, decision, at }) => ({ person, role, decision, at: iso(at) })),
});

const effectView = (effect: Effect): RunView['effects'][number] => ({
  id: effect.id,
  name: effect.name,
  target: effect.key,
  state: effect.state,
  isVerified: effect.isVerified,
  since: iso(effect.since),
  expiresAt: isoOrNull(effect.expiresAt),
  hasExpired: effect.hasExpired,
  canBeUndone: effect.undo !== null,
  undoOutcome: effect.undoOutcome,
  undoReason: effect.undoReason,
});

const rollBackView = ({ rollBack }: Run): RunView['rollBack'] =>
  rollBack && {
    id: rollBack.id,
    cause: rollBack.cause,
    askedAt: iso(rollBack.askedAt),
    endedAt: isoOrNull(rollBack.endedAt),
    refused: rollBack.refused,
    outcomes: rollBack.outcomes.map((one) => ({ ...one })),
    left: [...rollBack.effects],
  };

const underWayView = ({ unit, step, purpose, orderedAt }: UnderWay) => ({
  unit,
  step,
  purpose,
  since: iso(orderedAt),
});

const waitingView = (unit: UnderWay): RunView['waitingFor'][number] => ({
  ...underWayView(unit),
  answers: { ...unit.manual?.answers },
  needsEvidence: unit.manual?.needsEvidence ?? false,
});

export function runViewOf(run: Run): RunView {
  const { id, version, digest, name } = run.playbook;
  return {
    id: run.id,
    ticketId: run.ticket,
    playbook: { id, version, digest, name },
    state: stateOf(run),
    result: run.result,
    reason: run.reason,
    licence: run.licence.by,
    planHash: run.planHash,
    requestedAt: iso(run.requestedAt),
    requestedBy: run.requestedBy,
    endedAt: isoOrNull(run.endedAt),
    approvals: Object.values(run.approvals).map(approvalView),
    waitingFor: Object.values(run.units).filter(({ manual }) => manual).map(waitingView),
    underWay: unitsOnTheirWay(run).map(underWayView),
    effects: Object.values(run.effects).map(effectView),
    inForce: effectsInForce(run).map((effect) => effect.id),
    unknown: [...run.unknown],
    rollBack: rollBackView(run),
    sequence: run.sequence,
    links: { self: `/v1/containments/${run.id}`, ticket: `/v1/tickets/${run.ticket}` },
  };
}

/** A run by its id; a 404 problem for one that there is not, or that the caller may not see. */
export async function findRun({ containments }: ApiDeps, id: string, sight: Sight): Promise<Run> {
  const run = await containments.get(id, sight);
  if (run) return run;
  throw new Problem('containment_not_found', `There is no containment run ${id}`);
}

/** The run with its log. */
export async function showRun(deps: ApiDeps, run: Run, reply: Reply = {}): Promise<Reply> {
  const log = await logView(deps, await deps.journals.events('containment', run.id));
  return {
    ...reply,
    headers: { ...reply.headers, etag: etagOf(run.sequence) },
    body: { ...runViewOf(run), log },
  };
}

const unitView = (unit: Plan['units'][number]): DryRunView['units'][number] => ({
  id: unit.id,
  step: unit.step,
  stepName: unit.stepName,
  purpose: unit.purpose,
  occurrence: unit.occurrence,
  commandType: unit.commandType,
  text: unit.text,
  agent: unit.agent.name,
  target: { name: unit.target.name, key: unit.target.key },
  isByHand: unit.isByHand,
  isChange: unit.isChange,
  reversibility: unit.reversibility,
  effect: unit.effect,
  expiresAfterSeconds: unit.expires ? unit.expires.afterMs / 1000 : null,
  needs: [...unit.needs],
});

/** A plan for whoever has to agree to it: everything that it would do, to what, and what stands in its way. */
export const planView = (plan: Plan, planHash: string, faults: readonly Fault[]): DryRunView => ({
  ticketId: plan.ticket,
  planHash,
  playbooks: plan.playbooks.map(({ id, modified, digest, name }) => ({ id, version: modified, digest, name })),
  targets: [...plan.targets],
  maxTargets: plan.maxTargets,
  units: plan.units.map(unitView),
  needs: Object.entries(plan.needs).map(([need, { terms, reasons }]) => ({
    need,
    role: terms.role,
    required: terms.required,
    reasons: [...reasons],
  })),
  faults: faults.map(({ weight, code, message, units }) => ({ weight, code, message, units: [...units] })),
  wouldRun: !faults.some(({ weight }) => weight === 'refused'),
});
