/** Routes of containment runs: asked for on a ticket, read. What is asked of one is in containment-requests.ts. */
import { createHash } from 'node:crypto';
import { runJournal } from '../domain/run-journal.ts';
import type { Run } from '../domain/run.ts';
import { openInJournal } from '../prisma/journals.ts';
import { containmentRecordRoutes } from './containment-records.ts';
import { containmentRequestRoutes } from './containment-requests.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { takeIn } from './intake.ts';
import { actorOf, journalMessageId, saidWords } from './journals.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { dryRunView } from './plan-views.ts';
import { planFor, termsFor, type RunWish } from './run-asking.ts';
import { REQUEST_RUN_EXAMPLE } from './schemas/containment-examples.ts';
import {
  requestRunBody,
  RUN_HEADERS,
  runMark,
  runPage,
  runParams,
  runQuery,
  runWithLog,
  type RequestRunBody,
} from './schemas/containments.ts';
import { planView } from './schemas/plans.ts';
import { ticketParams } from './schemas/tickets.ts';
import { findRun, runViewOf, showRun } from './show-run.ts';

const nowOf = ({ now = Date.now }: ApiDeps): number => now();

type AskingCall = Call<{ ticketId: string }, unknown, RequestRunBody>;

/** The same request gets the same id, so that a run is asked for once. */
const runIdOf = (messageId: string): string =>
  `run_${createHash('sha256').update(messageId).digest('hex').slice(0, 32)}`;

async function dryRun(deps: ApiDeps, call: AskingCall): Promise<Reply> {
  const { body, params, actor, sight } = call;
  const ticket = await findTicket(deps, params.ticketId, sight);
  const asking = await planFor(deps, ticket, { wish: body, actor, isDryRun: true, now: nowOf(deps) });
  return { status: 200, body: dryRunView(asking) };
}

/** Answers a repeat with the run that the first one asked for. */
async function askedBefore(deps: ApiDeps, id: string, { sight }: AskingCall): Promise<Reply | null> {
  const run = await deps.containments.get(id, sight);
  if (!run) return null;
  await deps.journalRunner.wake('containment', id);
  const headers = { location: `/v1/containments/${id}`, 'idempotency-replayed': 'true' };
  return showRun(deps, run, { status: 201, headers });
}

async function request(deps: ApiDeps, call: AskingCall): Promise<Reply> {
  const { body, params, actor, sight, requestId, idempotencyKey } = call;
  const ticket = await findTicket(deps, params.ticketId, sight);
  if (ticket.state === 'closed' || ticket.state === 'cancelled')
    throw new Problem('ticket_closed', `Ticket ${ticket.id} is ${ticket.state}`);
  const path = `/v1/tickets/${ticket.id}/containments`;
  const id = runIdOf(journalMessageId({ actor, idempotencyKey }, path));
  const text = saidWords({ reason: body.reason });
  const incoming = { actor, method: 'POST', path, idempotencyKey, ticketId: id, body: withoutValues(body) };
  const taken = await takeIn(deps.intake, { ...incoming, text });
  const before = taken.replayed ? await askedBefore(deps, taken.ticketId, call) : null;
  if (before) return before;
  const now = nowOf(deps);
  try {
    const wish: RunWish = body;
    const asking = await planFor(deps, ticket, { wish, actor, isDryRun: false, now });
    const who = actorOf(actor, body.actingFor);
    const terms = await termsFor(deps, asking, { wish, actor: who, now });
    await openInJournal(deps.journals, runJournal({}), taken.ticketId, {
      body: { type: 'opened', ...terms },
      occurredAt: now,
      actor: who,
      requestId,
      ...(taken.text && { text: taken.text }),
    });
  } catch (error) {
    if (!taken.replayed) await deps.intake.release(taken.messageId);
    throw error;
  }
  await deps.journalRunner.wake('containment', taken.ticketId);
  const run = await findRun(deps, taken.ticketId, sight);
  return showRun(deps, run, { status: 201, headers: { location: `/v1/containments/${run.id}` } });
}

/** What is compared of a repeated request must not be kept in clear: values of variables are hashed. */
function withoutValues({ variables, ...rest }: RequestRunBody): object {
  const digest = createHash('sha256').update(JSON.stringify(variables)).digest('hex');
  return { ...rest, variables: digest };
}

export function containmentRoutes(deps: ApiDeps): Route[] {
  const tag = 'containments';
  return [
    defineRoute({
      method: 'post',
      path: '/v1/tickets/{ticketId}/containments',
      operationId: 'requestContainment',
      operation: 'containment.request',
      tag,
      summary: 'Ask for a run of a playbook on a ticket, or for its plan only',
      description:
        'With `dryRun` the plan is answered: every command with its target, what of it can be taken back, who has to ' +
        'agree, and what stands in the way. Else a run begins with the same plan, as soon as it is allowed to.',
      params: ticketParams,
      body: requestRunBody,
      example: REQUEST_RUN_EXAMPLE,
      answers: {
        200: { description: 'A dry run: the plan', schema: planView },
        201: { description: 'The run', schema: runWithLog, headers: RUN_HEADERS },
      },
      problems: [
        'ticket_not_found',
        'ticket_not_opened_yet',
        'ticket_closed',
        'plan_refused',
        'break_glass_denied',
        'idempotency_key_reused',
      ],
      handle: (call) => (call.body.dryRun ? dryRun(deps, call) : request(deps, call)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/containments',
      operationId: 'listContainments',
      operation: 'containment.read',
      tag,
      summary: 'Containment runs, newest first',
      query: runQuery,
      answers: { 200: { description: 'One page', schema: runPage } },
      problems: ['cursor_invalid', 'ticket_not_found', 'ticket_not_opened_yet'],
      async handle({ query: { limit, cursor, ticket, ...rest }, sight }) {
        const ticketId = ticket === undefined ? undefined : (await findTicket(deps, ticket, sight)).id;
        const filters = { ...rest, ticketId };
        const after = decodeCursor(cursor, { filters, mark: runMark });
        const found = await deps.containments.list(filters, { after, limit: limit + 1, sight });
        const markOf = ({ requestedAt, id }: Run) => ({ at: requestedAt, id });
        const { rows, page } = pageOf(found, { limit, filters, markOf });
        return { body: { data: rows.map(runViewOf), page } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/containments/{containmentId}',
      operationId: 'getContainment',
      operation: 'containment.read',
      tag,
      summary: 'A containment run with its log',
      params: runParams,
      answers: { 200: { description: 'The run', schema: runWithLog, headers: RUN_HEADERS } },
      problems: ['containment_not_found'],
      handle: async ({ params, sight }) => showRun(deps, await findRun(deps, params.containmentId, sight)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/containments/{containmentId}/plan',
      operationId: 'getContainmentPlan',
      operation: 'containment.read',
      tag,
      summary: 'The plan of a run: what whoever approves it agrees to',
      params: runParams,
      answers: { 200: { description: 'The plan', schema: planView } },
      problems: ['containment_not_found'],
      async handle({ params, sight }) {
        const { planHash, id } = await findRun(deps, params.containmentId, sight);
        const plan = await deps.plans.get(planHash);
        if (!plan) throw new Problem('containment_not_found', `The plan of ${id} is not kept`);
        return { body: dryRunView({ plan, faults: [] }) };
      },
    }),
    ...containmentRecordRoutes(deps),
    ...containmentRequestRoutes(deps),
  ];
}
