/** How a containment run and its plan are shown. */
import type { Approval } from '../domain/approval.ts';
import {
  effectsInForce,
  stateOf,
  unitsOnTheirWay,
  type Effect,
  type Run,
  type UnderWay,
} from '../domain/run.ts';
import type { Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { etagOf } from './headers.ts';
import { logView } from './journals.ts';
import { Problem } from './problem.ts';
import type { Reply } from './route.ts';
import type { RunView } from './schemas/containments.ts';

const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

const approvalView = (approval: Approval): RunView['approvals'][number] => ({
  need: approval.need,
  state: approval.state,
  role: approval.terms.role,
  required: approval.terms.required,
  including: [...(approval.terms.including ?? [])],
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
    waitingFor: Object.values(run.units)
      .filter(({ manual }) => manual)
      .map(waitingView),
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
    headers: { ...reply.headers, etag: etagOf(run) },
    body: { ...runViewOf(run), log },
  };
}
