/** Routes of problems (ITIL): opened, read, their tickets and tasks. */
import { uuidv7 } from 'uuidv7';
import { QUIET_MS, problemJournal, type ProblemBody } from '../domain/problem.ts';
import { taskJournal, TASK_REMINDERS } from '../domain/task.ts';
import { openInJournal } from '../prisma/journals.ts';
import type { ProblemRecord } from '../prisma/problems.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { JournalEvent } from '../domain/journal.ts';
import type { Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { dueAtOf } from './due-dates.ts';
import { invalid } from './input.ts';
import { takeIn } from './intake.ts';
import { actorOf, logView, saidWords } from './journals.ts';
import { findTicket } from './lookup.ts';
import { findProblem, problemRequestRoutes } from './problem-requests.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { OPEN_PROBLEM_EXAMPLE } from './schemas/problem-examples.ts';
import {
  openProblemBody,
  PROBLEM_HEADERS,
  problemMark,
  problemPageQuery,
  problemParams,
  problemQuery,
  problemRecordPage,
  problemRecordView,
  problemTaskBody,
  problemTicketMark,
  problemTickets,
  problemTimeline,
  problemTimelineMark,
  type OpenProblemBody,
} from './schemas/problems.ts';
import { taskWithLog } from './schemas/tasks.ts';
import { problemViews, showProblem } from './show-problem.ts';
import { showOpenedTask } from './tasks.ts';

const nowOf = ({ now = Date.now }: ApiDeps): number => now();
const newId = (prefix: 'prb' | 'tsk'): string => `${prefix}_${uuidv7().replaceAll('-', '')}`;

/** The tickets that are linked from the beginning; a 422 problem names the one that there is not. */
async function linksOf(deps: ApiDeps, names: readonly string[], sight: Sight): Promise<ProblemBody[]> {
  const links = new Map<string, ProblemBody>();
  for (const [i, name] of names.entries()) {
    const ticket = await findTicket(deps, name, sight).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== 'ticket_not_found') throw error;
      throw invalid([{ pointer: `/tickets/${i}`, code: 'ticket_unknown', message: error.message }]);
    });
    links.set(ticket.id, {
      type: 'linked',
      ticket: ticket.id,
      openedAt: ticket.openedAt.getTime(),
      by: 'hand',
    });
  }
  return [...links.values()];
}

/** Without what was said of tickets that the caller may not know of. */
async function toldOf(
  { problems }: ApiDeps,
  events: readonly JournalEvent[],
  sight: Sight,
): Promise<readonly JournalEvent[]> {
  const ticketOf = (event: JournalEvent) => (event as { ticket?: string }).ticket;
  const hidden = await problems.hidden(
    events.flatMap((event) => ticketOf(event) ?? []),
    sight,
  );
  return events.filter((event) => !hidden.has(ticketOf(event) ?? ''));
}

/** Opened in the database, or not at all where its fingerprint has an unresolved problem. */
async function open(deps: ApiDeps, call: Call<unknown, unknown, OpenProblemBody>): Promise<Reply> {
  const { body, actor, sight, requestId, idempotencyKey } = call;
  const more = await linksOf(deps, body.tickets, sight);
  const taken = await takeIn(deps.intake, {
    actor,
    method: 'POST',
    path: '/v1/problems',
    idempotencyKey,
    ticketId: newId('prb'),
    body,
    text: saidWords({ title: body.title, description: body.description }),
  });
  const id = taken.ticketId;
  const answer = await openInJournal(deps.journals, problemJournal, id, {
    body: {
      type: 'opened',
      fingerprint: body.fingerprint ?? null,
      owner: body.owner,
      quietMs: body.quietPeriod ?? QUIET_MS,
    },
    more,
    occurredAt: nowOf(deps),
    actor: actorOf(actor, body.actingFor),
    requestId,
    ...(taken.text && { text: taken.text }),
  });
  if (!answer.recorded && answer.taken !== undefined) {
    if (!taken.replayed) await deps.intake.release(taken.messageId);
    const known = await deps.problems.get(answer.taken, sight);
    throw new Problem(
      'problem_exists',
      `${known ? `Problem ${known.id}` : 'Another problem'} has this fingerprint and is not resolved`,
    );
  }
  await deps.journalRunner.wake('problem', id);
  const replayed: Record<string, string> = taken.replayed ? { 'idempotency-replayed': 'true' } : {};
  const headers = { location: `/v1/problems/${id}`, ...replayed };
  return showProblem(deps, await findProblem(deps, id, sight), { status: 201, headers });
}

export function problemRoutes(deps: ApiDeps): Route[] {
  const tag = 'problems';
  return [
    defineRoute({
      method: 'post',
      path: '/v1/problems',
      operationId: 'openProblem',
      operation: 'problem.work',
      tag,
      summary: 'Open a problem by hand',
      description:
        'By itself one opens where tickets with the same fingerprint come as often as their policy says. Every problem ' +
        'begins with the tasks of finding its root cause.',
      body: openProblemBody,
      example: OPEN_PROBLEM_EXAMPLE,
      answers: {
        201: {
          description: 'Opened',
          schema: problemRecordView,
          headers: { ...PROBLEM_HEADERS, Location: 'Where the problem is' },
        },
      },
      problems: ['problem_exists', 'ticket_not_opened_yet', 'idempotency_key_reused'],
      handle: (call) => open(deps, call),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/problems',
      operationId: 'listProblems',
      operation: 'problem.read',
      tag,
      summary: 'Problems, newest first',
      query: problemQuery,
      answers: { 200: { description: 'One page', schema: problemRecordPage } },
      problems: ['cursor_invalid', 'ticket_not_found', 'ticket_not_opened_yet'],
      async handle({ query: { limit, cursor, ticket, ...rest }, sight }) {
        const ticketId = ticket === undefined ? undefined : (await findTicket(deps, ticket, sight)).id;
        const filters = { ...rest, ticketId };
        const after = decodeCursor(cursor, { filters, mark: problemMark });
        const found = await deps.problems.list(filters, { after, limit: limit + 1, sight });
        const markOf = ({ openedAt, id }: ProblemRecord) => ({ at: openedAt, id });
        const { rows, page } = pageOf(found, { limit, filters, markOf });
        return { body: { data: await problemViews(deps, rows), page } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/problems/{problemId}',
      operationId: 'getProblem',
      operation: 'problem.read',
      tag,
      summary: 'A problem',
      params: problemParams,
      answers: { 200: { description: 'The problem', schema: problemRecordView, headers: PROBLEM_HEADERS } },
      problems: ['problem_not_found'],
      handle: async ({ params, sight }) =>
        showProblem(deps, await findProblem(deps, params.problemId, sight)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/problems/{problemId}/timeline',
      operationId: 'getProblemTimeline',
      operation: 'problem.read',
      tag,
      summary: 'What happened to a problem, oldest first',
      params: problemParams,
      query: problemPageQuery,
      answers: { 200: { description: 'One page', schema: problemTimeline } },
      problems: ['problem_not_found', 'cursor_invalid'],
      async handle({ params, query: { limit, cursor }, sight }) {
        const { id } = await findProblem(deps, params.problemId, sight);
        const filters = { timelineOf: id };
        const after = decodeCursor(cursor, { filters, mark: problemTimelineMark }) ?? 0;
        const found = (await deps.journals.events('problem', id, after)).slice(0, limit + 1);
        const { rows, page } = pageOf(found, { limit, filters, markOf: ({ sequence }) => sequence });
        return { body: { data: await logView(deps, await toldOf(deps, rows, sight)), page } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/problems/{problemId}/tickets',
      operationId: 'listProblemTickets',
      operation: 'problem.read',
      tag,
      summary: 'The tickets of a problem, by id',
      params: problemParams,
      query: problemPageQuery,
      answers: { 200: { description: 'One page', schema: problemTickets } },
      problems: ['problem_not_found', 'cursor_invalid'],
      async handle({ params, query: { limit, cursor }, sight }) {
        const { id } = await findProblem(deps, params.problemId, sight);
        const filters = { ticketsOf: id };
        const after = decodeCursor(cursor, { filters, mark: problemTicketMark });
        const found = await deps.problems.tickets(id, { after, limit: limit + 1, sight });
        const { rows, page } = pageOf(found, { limit, filters, markOf: ({ ticketId }) => ticketId });
        const data = rows.map(({ ticketId, by, openedAt, linkedAt }) => ({
          ticketId,
          by,
          openedAt: openedAt.toISOString(),
          linkedAt: linkedAt.toISOString(),
          links: { ticket: `/v1/tickets/${ticketId}` },
        }));
        return { body: { data, page } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/problems/{problemId}/tasks',
      operationId: 'openRootCauseTask',
      operation: 'problem.work',
      tag,
      summary: 'Open another task of finding the root cause',
      params: problemParams,
      body: problemTaskBody,
      example: { title: 'Compare the logs of both gateways', owner: 'agent-17', due: { after: '3d' } },
      answers: {
        201: {
          description: 'Opened',
          schema: taskWithLog,
          headers: { ETag: 'The sequence of the task in quotes', Location: 'Where the task is' },
        },
      },
      problems: ['problem_not_found', 'idempotency_key_reused'],
      async handle({ params, body, actor, sight, requestId, idempotencyKey }) {
        const { id } = await findProblem(deps, params.problemId, sight);
        const now = nowOf(deps);
        const dueAt = await dueAtOf(deps, body, now);
        const taken = await takeIn(deps.intake, {
          actor,
          method: 'POST',
          path: `/v1/problems/${id}/tasks`,
          idempotencyKey,
          ticketId: newId('tsk'),
          body,
          text: { title: body.title },
        });
        await openInJournal(deps.journals, taskJournal, taken.ticketId, {
          body: {
            type: 'opened',
            kind: 'rootCause',
            subject: { type: 'problem', id },
            owner: body.owner,
            dueAt,
            needsVerification: false,
            ...TASK_REMINDERS,
          },
          occurredAt: now,
          actor: actorOf(actor, body.actingFor),
          requestId,
          ...(taken.text && { text: taken.text }),
        });
        return showOpenedTask(deps, taken, sight);
      },
    }),
    ...problemRequestRoutes(deps),
  ];
}
