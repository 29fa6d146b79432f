/** What a dry run answers: all that a run of this plan may do, whose consent it takes, and what stands in its way. */
import { reasonNoBreakGlass } from '../domain/authorisation.ts';
import { refusalOfPlan, type Fault } from '../domain/plan-faults.ts';
import type { Need, Plan, PlannedUnit } from '../domain/plan.ts';
import { planHashOf } from '../prisma/plans.ts';
import type { PlanView } from './schemas/plans.ts';

const seconds = (ms: number): number => ms / 1000;

function needView(need: string, { terms, reasons }: Need): PlanView['approvals'][number] {
  const { role, required, including = [], escalateTo } = terms;
  return {
    need,
    reasons: [...reasons],
    role,
    required,
    including: [...including],
    respondWithinSeconds: seconds(terms.respondWithinMs),
    escalateTo: [...escalateTo],
    validForSeconds: seconds(terms.validForMs),
  };
}

function unitView(unit: PlannedUnit, faults: readonly Fault[]): PlanView['units'][number] {
  const { expires } = unit;
  return {
    step: unit.step,
    name: unit.stepName,
    purpose: unit.purpose,
    occurrence: unit.occurrence,
    commandType: unit.commandType,
    command: unit.text,
    content: unit.content,
    agent: unit.agent.name,
    target: unit.target.name,
    targetKey: unit.target.key,
    byHand: unit.isByHand,
    changes: unit.isChange,
    reversibility: unit.reversibility,
    effect: unit.effect,
    undoStep: unit.undo,
    snapshotStep: unit.snapshot,
    verifyStep: unit.verify,
    expiresAfterSeconds: expires && seconds(expires.afterMs),
    thenTakenBack: expires?.isTakenBack ?? false,
    approvals: [...unit.needs],
    faults: faults.filter(({ units }) => units.includes(unit.id)).map(({ code }) => code),
  };
}

const isDestructive = ({ reversibility }: PlannedUnit): boolean =>
  reversibility === 'irreversible' || reversibility === 'unknown';

/** A plan for people, with its hash. */
export function dryRunView({ plan, faults }: { plan: Plan; faults: readonly Fault[] }): PlanView {
  return {
    hash: planHashOf(plan),
    ticket: plan.ticket,
    playbooks: plan.playbooks.map((one) => ({ ...one })),
    refused: refusalOfPlan(faults) !== null,
    maxTargets: plan.maxTargets,
    targets: [...plan.targets],
    approvals: Object.entries(plan.needs).map(([need, one]) => needView(need, one)),
    irreversible: [...new Set(plan.units.filter(isDestructive).map(({ step }) => step))],
    runsUnasked: reasonNoBreakGlass(plan),
    faults: faults.map(({ weight, code, message }) => ({ weight, code, message })),
    units: plan.units.map((unit) => unitView(unit, faults)),
  };
}
