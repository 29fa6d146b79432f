/** Routes that ask something of a problem: tickets, known error, fix, the end. */
import type { z } from 'zod';
import { firstJournalIdOf } from '../domain/journal.ts';
import type { ProblemCommand } from '../domain/problem.ts';
import type { ProblemRecord } from '../prisma/problems.ts';
import { SEES_ALL, type Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { dueAtOf } from './due-dates.ts';
import { answersOfJournal } from './journal-routes.ts';
import { actorOf, askJournal, journalMessageId } from './journals.ts';
import { findTicket } from './lookup.ts';
import { Problem, type ProblemCode } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import {
  closeProblemBody,
  fixedBody,
  knownErrorBody,
  linkTicketBody,
  planFixBody,
  problemParams,
  problemRecordView,
  reopenProblemBody,
  unlinkTicketBody,
} from './schemas/problems.ts';
import { PROBLEM_HEADERS } from './schemas/problems.ts';
import { showProblem } from './show-problem.ts';

/** The problem, or a 404 (RFC 9457) problem. */
export async function findProblem({ problems }: ApiDeps, id: string, sight: Sight): Promise<ProblemRecord> {
  const found = await problems.get(id, sight);
  if (found) return found;
  throw new Problem('problem_not_found', `There is no problem ${id}`);
}

interface Asked {
  command: ProblemCommand;
  words?: Record<string, string | undefined>;
}

interface RequestOf<B extends z.ZodType<{ actingFor?: string | undefined }>> {
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  body: B;
  example: z.input<B>;
  refusals: readonly ProblemCode[];
  ask(deps: ApiDeps, problem: ProblemRecord, call: RequestCall<z.output<B>>): Promise<Asked>;
  /** What is done once it is granted. */
  afterwards?(deps: ApiDeps, before: ProblemRecord, call: RequestCall<z.output<B>>): Promise<void>;
}

type RequestCall<B> = Call<{ problemId: string }, unknown, B>;

const requestOf = <B extends z.ZodType<{ actingFor?: string | undefined }>>(request: RequestOf<B>) =>
  request as unknown as RequestOf<z.ZodType<{ actingFor?: string | undefined }>>;

const pathOf = ({ id }: ProblemRecord, request: string): string => `/v1/problems/${id}/${request}`;

/** Whether this very request is in the log already: then how things stand by now is no reason to refuse it. */
async function isRepeat(
  { journals }: ApiDeps,
  problem: ProblemRecord,
  call: RequestCall<unknown>,
  path: string,
) {
  if (call.idempotencyKey === undefined) return false;
  const first = firstJournalIdOf(journalMessageId(call, pathOf(problem, path)));
  return (await journals.events('problem', problem.id)).some(({ id }) => id === first);
}

async function checkLink(
  deps: ApiDeps,
  problem: ProblemRecord,
  { ticketId, wanted, call }: { ticketId: string; wanted: boolean; call: RequestCall<unknown> },
): Promise<void> {
  if ((await deps.problems.isLinked(problem.id, ticketId)) === wanted) return;
  if (await isRepeat(deps, problem, call, wanted ? 'unlink-ticket' : 'link-ticket')) return;
  const [code, fact] = wanted
    ? (['ticket_not_linked', 'is not'] as const)
    : (['ticket_linked', 'is'] as const);
  throw new Problem(code, `Ticket ${ticketId} ${fact} linked to problem ${problem.id}`);
}

/** A plan that takes the place of another: its task is dropped, if it is still open. */
async function dropTask(
  deps: ApiDeps,
  taskId: string,
  { actor, requestId }: RequestCall<unknown>,
): Promise<void> {
  const request = { id: `replaced-${taskId}`, command: { type: 'cancel' }, actor, requestId };
  const task = await deps.tasks.get(taskId, SEES_ALL);
  if (task?.state === 'open') await deps.journalRunner.ask('task', taskId, request).catch(() => null);
}

const REQUESTS = [
  requestOf({
    path: 'link-ticket',
    operationId: 'linkProblemTicket',
    summary: 'Link a ticket',
    description: 'While a fix is being watched, one that was opened after it counts as a recurrence.',
    body: linkTicketBody,
    example: { ticket: 'zendesk:1042' },
    refusals: ['ticket_linked', 'ticket_not_found', 'ticket_not_opened_yet', 'problem_closed'],
    async ask(deps, problem, call) {
      const ticket = await findTicket(deps, call.body.ticket, call.sight);
      await checkLink(deps, problem, { ticketId: ticket.id, wanted: false, call });
      return { command: { type: 'linkTicket', ticket: ticket.id, openedAt: ticket.openedAt.getTime() } };
    },
  }),
  requestOf({
    path: 'unlink-ticket',
    operationId: 'unlinkProblemTicket',
    summary: 'Take a ticket away that has another cause',
    description: 'It is not counted again for the fingerprint.',
    body: unlinkTicketBody,
    example: { ticket: 'zendesk:1042', reason: 'The cable was cut' },
    refusals: ['ticket_not_linked', 'ticket_not_found', 'ticket_not_opened_yet', 'problem_closed'],
    async ask(deps, problem, call) {
      const { id: ticketId } = await findTicket(deps, call.body.ticket, call.sight);
      await checkLink(deps, problem, { ticketId, wanted: true, call });
      return { command: { type: 'unlinkTicket', ticket: ticketId }, words: { reason: call.body.reason } };
    },
  }),
  requestOf({
    path: 'known-error',
    operationId: 'noteKnownError',
    summary: 'Say the root cause, a workaround, or both',
    description: 'The open tickets of the problem learn of it, and those that are linked later, too.',
    body: knownErrorBody,
    example: { rootCause: 'Keys change at three', workaround: 'Connect again' },
    refusals: ['problem_closed'],
    ask: async (_deps, _problem, { body: { rootCause, workaround } }) => ({
      command: {
        type: 'noteKnownError',
        rootCause: rootCause !== undefined,
        workaround: workaround !== undefined,
      },
      words: { rootCause, workaround },
    }),
  }),
  requestOf({
    path: 'plan-fix',
    operationId: 'planProblemFix',
    summary: 'Plan the permanent fix: by whom, by when',
    description:
      'It becomes a task of its owner, which reminds and escalates. A new plan drops the task of the one before.',
    body: planFixBody,
    example: {
      owner: 'agent-17',
      due: { after: '10 business days', calendar: 'office', policy: 'standard' },
      change: 'CHG-1042',
    },
    refusals: ['problem_closed', 'problem_fixed'],
    async ask(deps, problem, call) {
      const { owner, change, description } = call.body;
      const dueAt = await dueAtOf(deps, call.body, (deps.now ?? Date.now)());
      const message = journalMessageId(call, pathOf(problem, 'plan-fix'));
      const task = `tsk_${message.replaceAll('-', '').slice(0, 32)}`;
      const command = {
        type: 'planFix' as const,
        owner,
        dueAt,
        task,
        ...(change !== undefined && { change }),
      };
      return { command, words: { description } };
    },
    async afterwards(deps, before, call) {
      const now = await deps.problems.get(before.id, SEES_ALL);
      if (before.fix && before.fix.task !== now?.fix?.task) await dropTask(deps, before.fix.task, call);
    },
  }),
  requestOf({
    path: 'fixed',
    operationId: 'fixProblem',
    summary: 'Say that it is fixed, and watch it',
    description:
      'It is resolved when it has stayed quiet for the quiet period. A ticket that is opened meanwhile puts it back to `open`.',
    body: fixedBody,
    example: { change: 'CHG-1042', quietPeriod: '7d' },
    refusals: ['problem_closed', 'problem_fixed'],
    ask: async (_deps, _problem, { body: { change, quietPeriod, comment } }) => ({
      command: {
        type: 'fixed',
        ...(change !== undefined && { change }),
        ...(quietPeriod !== undefined && { quietMs: quietPeriod }),
      },
      words: { comment },
    }),
  }),
  requestOf({
    path: 'close',
    operationId: 'closeProblem',
    summary: 'Close it without a fix',
    body: closeProblemBody,
    example: { reason: 'Risk accepted: the gateway is replaced in March' },
    refusals: ['problem_closed'],
    ask: async (_deps, _problem, { body: { reason } }) => ({ command: { type: 'close' }, words: { reason } }),
  }),
  requestOf({
    path: 'reopen',
    operationId: 'reopenProblem',
    summary: 'Take it up again',
    description: 'Not while another problem with its fingerprint is unresolved.',
    body: reopenProblemBody,
    example: { reason: 'It is back' },
    refusals: ['problem_not_closed', 'problem_exists'],
    ask: async (_deps, _problem, { body: { reason } }) => ({
      command: { type: 'reopen' },
      words: { reason },
    }),
  }),
];

async function handle(
  deps: ApiDeps,
  request: (typeof REQUESTS)[number],
  call: RequestCall<{ actingFor?: string | undefined }>,
): Promise<Reply> {
  const before = await findProblem(deps, call.params.problemId, call.sight);
  const { command, words = {} } = await request.ask(deps, before, call);
  const path = pathOf(before, request.path);
  const actor = actorOf(call.actor, call.body.actingFor);
  const headers = await askJournal(
    deps,
    { kind: 'problem', id: before.id },
    { ...call, actor, path, command, words },
  );
  await request.afterwards?.(deps, before, call);
  return showProblem(deps, await findProblem(deps, before.id, call.sight), { headers });
}

export function problemRequestRoutes(deps: ApiDeps): Route[] {
  return REQUESTS.map((request) => {
    const { path, operationId, summary, description, body, example, refusals } = request;
    return defineRoute({
      path: `/v1/problems/{problemId}/${path}`,
      operationId,
      operation: 'problem.work',
      tag: 'problems',
      summary,
      ...(description && { description }),
      params: problemParams,
      body,
      example,
      ...answersOfJournal({
        noun: 'problem',
        schema: problemRecordView,
        headers: PROBLEM_HEADERS,
        problems: ['problem_not_found', ...refusals],
      }),
      handle: (call) => handle(deps, request, call),
    });
  });
}
