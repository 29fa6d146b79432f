/** What is asked of a containment run: to approve, to answer, to stop, to go on, to take back, to change its plan. */
import { excludedBy } from '../domain/approval.ts';
import type { RunCommand } from '../domain/run-requests.ts';
import type { Run } from '../domain/run.ts';
import type { z } from 'zod';
import type { ApiDeps } from './deps.ts';
import { invalid } from './input.ts';
import { answersOfJournal } from './journal-routes.ts';
import { actorOf, askJournal } from './journals.ts';
import { findTicket } from './lookup.ts';
import type { Operation } from './roles.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { assertMayRun, planFor, termsFor } from './run-asking.ts';
import {
  approveBody,
  approveStepBody,
  changePlanBody,
  completeStepBody,
  failStepBody,
  rejectBody,
  rejectStepBody,
  rollBackBody,
  RUN_HEADERS,
  runParams,
  runWithLog,
  stepParams,
  reasonedBody,
} from './schemas/containments.ts';
import { findRun, showRun } from './show-run.ts';

interface Asked {
  command: RunCommand;
  words?: Record<string, string | undefined>;
}

interface Common {
  actingFor?: string | undefined;
}

type AskCall<B> = Call<{ containmentId: string; step?: string }, unknown, B>;

interface RequestSpec<B extends Common> {
  /** After the run, and after the step for those of one. */
  path: string;
  ofStep?: true;
  operationId: string;
  operation: Operation;
  summary: string;
  description?: string;
  body: z.ZodType<B>;
  example: object;
  refusals: readonly Parameters<typeof defineRoute>[0]['problems'][number][];
  ask(deps: ApiDeps, run: Run, call: AskCall<B>): Asked | Promise<Asked>;
}

const requestOf = <B extends Common>(spec: RequestSpec<B>): RequestSpec<Common> =>
  spec as unknown as RequestSpec<Common>;

const PLAN = '5b4f1c0f6e9a5d1d8f6a7d2c3b4a59687706f5e4d3c2b1a09f8e7d6c5b4a3921';
const VOTING = [
  'approval_unknown',
  'approval_not_open',
  'approval_by_requester',
  'approver_role_missing',
  'personal_credentials_missing',
  'plan_changed',
  'already_voted',
  'run_over',
] as const;

/** The manual unit that a step waits for; the only one, unless it is named. */
function unitOf(run: Run, step: string | undefined, unit: string | undefined): string {
  if (unit !== undefined) return unit;
  const waiting = Object.values(run.units).filter((one) => one.manual && one.step === step);
  const [only, ...more] = waiting;
  if (more.length > 0) {
    const message = `The step waits for ${waiting.map((one) => one.unit).join(', ')}; say which`;
    throw invalid([{ pointer: '/unit', code: 'unit_ambiguous', message }]);
  }
  return only?.unit ?? step ?? '';
}

/** Evidence that is named has to be on record, of this ticket. */
async function checkEvidence(deps: ApiDeps, run: Run, ids: readonly string[]): Promise<void> {
  for (const [i, id] of ids.entries()) {
    const found = await deps.evidence.get(run.ticket, id);
    if (found) continue;
    const message = `There is no evidence ${id} of ticket ${run.ticket}`;
    throw invalid([{ pointer: `/evidence/${i}`, code: 'evidence_unknown', message }]);
  }
}

const stepNeed = (step: string | undefined): string => `step/${step}`;

const REQUESTS = [
  requestOf({
    path: 'approve',
    operationId: 'approveContainment',
    operation: 'containment.approve',
    summary: 'Agree to the plan, to rolling back, or to what was begun in an emergency',
    description:
      'Only with a personal key, and not by whoever asked for it or wrote the playbook. It is bound to the plan that ' +
      'you have read: another `planHash` is refused. The same vote again changes nothing.',
    body: approveBody,
    example: { need: 'plan', planHash: PLAN },
    refusals: VOTING,
    ask: (_deps, _run, { body: { need, planHash, reason } }) => ({
      command: { type: 'vote', need, decision: 'approve', planHash },
      words: { reason },
    }),
  }),
  requestOf({
    path: 'reject',
    operationId: 'rejectContainment',
    operation: 'containment.approve',
    summary: 'Do not agree, and say why',
    body: rejectBody,
    example: { need: 'plan', planHash: PLAN, reason: 'The host runs the payroll; wait until six' },
    refusals: VOTING,
    ask: (_deps, _run, { body: { need, planHash, reason } }) => ({
      command: { type: 'vote', need, decision: 'reject', planHash },
      words: { reason },
    }),
  }),
  requestOf({
    path: 'approve',
    ofStep: true,
    operationId: 'approveContainmentStep',
    operation: 'containment.approve',
    summary: 'Agree to a step, also before the run has come to it',
    body: approveStepBody,
    example: { planHash: PLAN },
    refusals: VOTING,
    ask: (_deps, _run, { params: { step }, body: { planHash, reason } }) => ({
      command: { type: 'vote', need: stepNeed(step), decision: 'approve', planHash },
      words: { reason },
    }),
  }),
  requestOf({
    path: 'reject',
    ofStep: true,
    operationId: 'rejectContainmentStep',
    operation: 'containment.approve',
    summary: 'Do not agree to a step, and say why: it fails when the run comes to it',
    body: rejectStepBody,
    example: { planHash: PLAN, reason: 'Evidence first' },
    refusals: VOTING,
    ask: (_deps, _run, { params: { step }, body: { planHash, reason } }) => ({
      command: { type: 'vote', need: stepNeed(step), decision: 'reject', planHash },
      words: { reason },
    }),
  }),
  requestOf({
    path: 'complete',
    ofStep: true,
    operationId: 'completeContainmentStep',
    operation: 'containment.complete',
    summary: 'Say that a manual step is done, with its answers and evidence',
    body: completeStepBody,
    example: { variables: { __outcome__: 'reset' }, evidence: [] },
    refusals: ['step_not_waiting', 'answer_invalid', 'evidence_missing'],
    async ask(deps, run, { params: { step }, body: { unit, variables, evidence, comment } }) {
      await checkEvidence(deps, run, evidence);
      const command: RunCommand = {
        type: 'complete',
        unit: unitOf(run, step, unit),
        variables,
        ...(evidence.length > 0 && { evidence }),
      };
      return { command, words: { comment } };
    },
  }),
  requestOf({
    path: 'fail',
    ofStep: true,
    operationId: 'failContainmentStep',
    operation: 'containment.complete',
    summary: 'Say that a manual step cannot be done, and why',
    body: failStepBody,
    example: { reason: 'Nobody answers at the site' },
    refusals: ['step_not_waiting'],
    ask: (_deps, run, { params: { step }, body: { unit, reason } }) => ({
      command: { type: 'fail', unit: unitOf(run, step, unit) },
      words: { reason },
    }),
  }),
  requestOf({
    path: 'stop',
    operationId: 'stopContainment',
    operation: 'containment.stop',
    summary: 'Begin nothing more',
    description:
      'What is under way is answered; then the log lists what stays in force. It may go on, or be rolled back.',
    body: reasonedBody,
    example: { reason: 'Wrong host' },
    refusals: ['run_over', 'already_stopped'],
    ask: (_deps, _run, { body: { reason } }) => ({ command: { type: 'stop' }, words: { reason } }),
  }),
  requestOf({
    path: 'resume',
    operationId: 'resumeContainment',
    operation: 'containment.request',
    summary: 'Go on after a stop',
    body: reasonedBody,
    example: { reason: 'It was the right host' },
    refusals: ['not_stopped', 'already_rolling_back'],
    ask: (_deps, _run, { body: { reason } }) => ({ command: { type: 'resume' }, words: { reason } }),
  }),
  requestOf({
    path: 'roll-back',
    operationId: 'rollBackContainment',
    operation: 'containment.request',
    summary: 'Take back what is in force, the newest first',
    description:
      'A run that goes on is stopped first. What gives somebody access again waits for an approval. What cannot be ' +
      'taken back is told one by one, and becomes a task.',
    body: rollBackBody,
    example: { reason: 'False alarm' },
    refusals: ['nothing_in_force', 'already_rolling_back'],
    ask: (_deps, _run, { body: { effects, reason } }) => ({
      command: { type: 'rollBack', ...(effects && { effects }) },
      words: { reason },
    }),
  }),
  requestOf({
    path: 'change-plan',
    operationId: 'changeContainmentPlan',
    operation: 'containment.request',
    summary: 'Give other variables, before it begins',
    description: 'The plan becomes another, and every approval of it is void.',
    body: changePlanBody,
    example: { variables: { __host__: 'ws-1043' }, reason: 'Wrong host' },
    refusals: ['run_begun', 'nothing_changed', 'plan_refused'],
    async ask(deps, run, { body: { variables, reason }, actor, sight }) {
      const now = (deps.now ?? Date.now)();
      const ticket = await findTicket(deps, run.ticket, sight);
      const { id, version } = run.playbook;
      const wish = { playbook: { id, version }, variables };
      const asking = await planFor(deps, ticket, { wish, actor, isDryRun: false, now });
      const terms = await termsFor(deps, asking, { wish, actor, now });
      const excluded = [...new Set([...run.excluded, ...terms.excluded, ...excludedBy([actor])])];
      const { planHash, needs, variables: scope } = terms;
      return { command: { type: 'edit', planHash, variables: scope, needs, excluded }, words: { reason } };
    },
  }),
];

const pathOf = ({ path, ofStep }: RequestSpec<Common>, step: string): string =>
  ofStep ? `steps/${step}/${path}` : path;

async function handle(deps: ApiDeps, request: RequestSpec<Common>, call: AskCall<Common>): Promise<Reply> {
  const { params, body, sight } = call;
  const before = await findRun(deps, params.containmentId, sight);
  if (request.operation === 'containment.request') {
    const stored = await deps.playbooks.byDigest(before.playbook.digest);
    if (stored) assertMayRun(call.actor, stored);
  }
  const { command, words = {} } = await request.ask(deps, before, call);
  const path = `/v1/containments/${before.id}/${pathOf(request, params.step ?? '')}`;
  const actor = actorOf(call.actor, body.actingFor);
  const asking = { ...call, actor, path, command, words };
  const headers = await askJournal(deps, { kind: 'containment', id: before.id }, asking);
  return showRun(deps, await findRun(deps, before.id, sight), { headers });
}

export function containmentRequestRoutes(deps: ApiDeps): Route[] {
  return REQUESTS.map((request) => {
    const { operationId, operation, summary, description, body, example, refusals } = request;
    return defineRoute({
      path: `/v1/containments/{containmentId}/${pathOf(request, '{step}')}`,
      operationId,
      operation,
      tag: 'containments',
      summary,
      ...(description !== undefined && { description }),
      params: request.ofStep ? stepParams : runParams,
      body,
      example,
      ...answersOfJournal({
        noun: 'run',
        schema: runWithLog,
        headers: RUN_HEADERS,
        problems: ['containment_not_found', ...refusals],
      }),
      handle: (call) => handle(deps, request, call as AskCall<Common>),
    });
  });
}
