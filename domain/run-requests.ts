/** What may be asked of a run: to approve or reject, to answer a manual step, to stop, to go on, to take back, to change the plan. */
import { vote, type Decision } from './approval.ts';
import type { Actor } from './events.ts';
import type { JournalRequest } from './journal.ts';
import type { Refusal } from './refusals.ts';
import { restoresAccess, toUndo } from './run-undo.ts';
import { stateOf, type Run, type RunBody, type RunTerms } from './run.ts';
import type { UnitReport } from './unit.ts';
import { valueProblem } from './variables.ts';

export type RunCommand =
  | { type: 'vote'; need: string; decision: Decision; planHash: string }
  /** A manual step is done: its answers by name, and evidence that is on record. */
  | {
      type: 'complete';
      unit: string;
      variables: Readonly<Record<string, string>>;
      evidence?: readonly string[];
    }
  /** A manual step cannot be done. */
  | { type: 'fail'; unit: string }
  | { type: 'stop' }
  | { type: 'resume' }
  /** Without a list: everything that is in force. */
  | { type: 'rollBack'; effects?: readonly string[] }
  | ({ type: 'edit' } & Pick<RunTerms, 'planHash' | 'variables' | 'needs' | 'excluded'>)
  /** What came of a unit: from within, never from outside. */
  | { type: 'report'; report: UnitReport };
export type RunCommandType = RunCommand['type'];

type Decided = { bodies: readonly RunBody[] } | { refusal: Refusal };
type Asked<T extends RunCommandType> = JournalRequest<Extract<RunCommand, { type: T }>>;

const refuse = (run: Run, code: Refusal['code'], fact: string, pointer?: string): { refusal: Refusal } => ({
  refusal: {
    code,
    message: `Run ${run.id} ${fact}`,
    state: stateOf(run),
    ...(pointer !== undefined && { pointer }),
  },
});

const isRollingBack = ({ rollBack }: Run): boolean => rollBack !== null && rollBack.endedAt === null;

function voting(run: Run, { command, actor, text }: Asked<'vote'>, now: number): Decided {
  const { need, decision, planHash } = command;
  const approval = run.approvals[need];
  if (!approval) return refuse(run, 'approval_unknown', `asks no approval ${need}`, '/need');
  const isOver =
    run.phase === 'over' && need !== 'breakGlass' && !(need === 'rollBack' && isRollingBack(run));
  if (isOver) return refuse(run, 'run_over', `is over; ${need} is not asked any more`);
  const request = { actor: actor as Actor, decision, planHash, ...(text && { reason: text }) };
  const counted = vote(approval, request, now);
  if ('refusal' in counted) return counted;
  return { bodies: [{ type: 'voted', need, decision, planHash }] };
}

function answerProblem(
  answers: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
): { name: string; problem: string } | null {
  const unknown = Object.keys(given).find((name) => !(name in answers));
  if (unknown !== undefined) return { name: unknown, problem: 'is not asked for' };
  for (const [name, type] of Object.entries(answers)) {
    const value = given[name];
    if (value === undefined) return { name, problem: 'is missing' };
    const problem = valueProblem(type as Parameters<typeof valueProblem>[0], value);
    if (problem !== null) return { name, problem };
  }
  return null;
}

function completing(run: Run, { command }: Asked<'complete'>): Decided {
  const { unit: id, variables, evidence = [] } = command;
  const unit = run.units[id];
  if (!unit?.manual) return refuse(run, 'step_not_waiting', `waits for nobody at ${id}`, '/unit');
  const faulty = answerProblem(unit.manual.answers, variables);
  if (faulty)
    return refuse(
      run,
      'answer_invalid',
      `asks ${faulty.name}, which ${faulty.problem}`,
      `/variables/${faulty.name}`,
    );
  if (unit.manual.needsEvidence && evidence.length === 0)
    return refuse(run, 'evidence_missing', `asks evidence of ${unit.step}`, '/evidence');
  const { branch, visit, effect, purpose } = unit;
  return {
    bodies: [
      {
        type: 'unitReported',
        unit: id,
        purpose,
        outcome: 'succeeded',
        ...(branch !== undefined && { branch }),
        ...(visit !== undefined && { visit }),
        ...(effect !== undefined && { effect }),
        variables: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, { value }])),
        ...(evidence.length > 0 && { evidence }),
      },
    ],
  };
}

function reportBody(
  run: Run,
  report: Pick<UnitReport, 'unit' | 'outcome'> & Partial<UnitReport>,
): RunBody | null {
  const unit = run.units[report.unit];
  if (!unit) return null;
  const { branch, visit, effect, purpose } = unit;
  const { outcome, reason, variables, requestHash, answerHash } = report;
  return {
    type: 'unitReported',
    unit: report.unit,
    purpose,
    outcome,
    ...(branch !== undefined && { branch }),
    ...(visit !== undefined && { visit }),
    ...(effect !== undefined && { effect }),
    ...(reason !== undefined && { reason }),
    ...(variables && { variables }),
    ...(requestHash !== undefined && { requestHash }),
    ...(answerHash !== undefined && { answerHash }),
  };
}

function failing(run: Run, { command, text }: Asked<'fail'>): Decided {
  const unit = run.units[command.unit];
  if (!unit?.manual) return refuse(run, 'step_not_waiting', `waits for nobody at ${command.unit}`, '/unit');
  if (!text) return refuse(run, 'reason_missing', 'asks why a step cannot be done', '/reason');
  const body = reportBody(run, {
    unit: command.unit,
    outcome: 'failed',
    reason: 'Whoever was to do it says that it cannot be done',
  });
  return { bodies: body ? [body] : [] };
}

function stopping(run: Run): Decided {
  if (run.phase === 'over' && !isRollingBack(run)) return refuse(run, 'run_over', 'is over');
  if (run.halt !== null) return refuse(run, 'already_stopped', 'is stopped');
  return { bodies: [{ type: 'stopAsked' }] };
}

function resuming(run: Run): Decided {
  if (run.halt === null) return refuse(run, 'not_stopped', 'is not stopped');
  if (run.phase === 'forward' && isRollingBack(run))
    return refuse(run, 'already_rolling_back', 'is being rolled back');
  return { bodies: [{ type: 'resumed' }] };
}

function rollingBack(run: Run, { command }: Asked<'rollBack'>): Decided {
  if (isRollingBack(run)) return refuse(run, 'already_rolling_back', 'is being rolled back');
  const all = toUndo(run);
  const wanted = command.effects ?? all.map(({ id }) => id);
  const unknown = wanted.find((id) => !all.some((effect) => effect.id === id));
  if (unknown !== undefined)
    return refuse(run, 'nothing_in_force', `has no effect ${unknown} in force`, '/effects');
  if (wanted.length === 0) return refuse(run, 'nothing_in_force', 'has nothing in force');
  const effects = all.filter(({ id }) => wanted.includes(id));
  const asked: RunBody = {
    type: 'rollBackAsked',
    rollBack: `rb${run.rollBacks + 1}`,
    cause: 'asked',
    effects: effects.map(({ id }) => id),
    needsApproval: restoresAccess(effects),
  };
  const isForward = run.phase !== 'over' && !run.stop;
  return { bodies: isForward ? [{ type: 'stopAsked' }, asked] : [asked] };
}

function editing(run: Run, { command }: Asked<'edit'>): Decided {
  if (run.phase !== 'asked') return refuse(run, 'run_begun', 'has begun; its plan cannot be changed');
  if (command.planHash === run.planHash) return refuse(run, 'nothing_changed', 'has this plan already');
  const { planHash, variables, needs, excluded } = command;
  return { bodies: [{ type: 'edited', planHash, variables, needs, excluded }] };
}

/** What a request stands for, or why it cannot be granted as things stand. */
export function decideRun(run: Run, request: JournalRequest<RunCommand>, now: number): Decided {
  const { command } = request;
  switch (command.type) {
    case 'vote':
      return voting(run, request as Asked<'vote'>, now);
    case 'complete':
      return completing(run, request as Asked<'complete'>);
    case 'fail':
      return failing(run, request as Asked<'fail'>);
    case 'stop':
      return stopping(run);
    case 'resume':
      return resuming(run);
    case 'rollBack':
      return rollingBack(run, request as Asked<'rollBack'>);
    case 'edit':
      return editing(run, request as Asked<'edit'>);
    case 'report': {
      const body = reportBody(run, command.report);
      return { bodies: body ? [body] : [] };
    }
  }
}
