/** Routes of schedules: tickets that open by themselves. */
import type { Actor } from '../domain/events.ts';
import type { ScheduleRecord } from '../prisma/schedules.ts';
import type { Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { pageByName, pathTo, PUT_ANSWERS, putReply } from './directory.ts';
import { invalid } from './input.ts';
import { messageIdOf } from './intake.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { PUT_SCHEDULE_EXAMPLE } from './schemas/proactive-examples.ts';
import {
  putScheduleBody,
  scheduleActionBody,
  schedulePage,
  scheduleParams,
  scheduleQuery,
  scheduleView,
  triggeredView,
} from './schemas/schedules.ts';

const TICKETS_SHOWN = 5;

const summaryOf = (row: ScheduleRecord) => ({
  name: row.name,
  cron: row.cron,
  times: row.times,
  timezone: row.timezone,
  catchUpSeconds: row.catchUpMs / 1000,
  ticket: row.ticket,
  procedure: row.procedure,
  paused: row.paused,
  mirrored: row.mirrored === row.revision,
  changedBy: row.changedBy,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  links: { self: pathTo('schedules', row.name) },
});

async function find({ schedules }: ApiDeps, name: string): Promise<ScheduleRecord> {
  const found = await schedules.get(name);
  if (found) return found;
  throw new Problem('schedule_not_found', `There is no schedule ${name}`);
}

async function viewOf(deps: ApiDeps, name: string, sight: Sight) {
  const row = await find(deps, name);
  const summary = summaryOf(row);
  const [nextTimes, tickets] = await Promise.all([
    // What Temporal has otherwise or not at all, it cannot tell the times of; asking would be waiting.
    summary.mirrored ? deps.scheduleMirror.nextTimes(name) : null,
    deps.schedules.tickets(name, { limit: TICKETS_SHOWN, sight }),
  ]);
  return {
    ...summary,
    nextTimes: nextTimes?.map((at) => at.toISOString()) ?? null,
    lastTickets: tickets.map(({ ticketId, occasion, openedAt }) => ({
      ticketId,
      occasion,
      openedAt: openedAt.toISOString(),
    })),
  };
}

/** What a schedule names must be there when it is stored; what is taken away later is told by the ticket that fails. */
async function checkNames(
  deps: ApiDeps,
  { policy, procedure }: { policy: string | undefined; procedure: string | null },
): Promise<void> {
  const policies = policy === undefined ? [] : await deps.policies();
  const faults = [
    ...(policy !== undefined && !policies.some(({ name }) => name === policy)
      ? [{ pointer: '/ticket/policy', code: 'policy_unknown', message: `There is no policy ${policy}` }]
      : []),
    ...(procedure !== null && !(await deps.procedures.get(procedure))
      ? [{ pointer: '/procedure', code: 'procedure_unknown', message: `There is no procedure ${procedure}` }]
      : []),
  ];
  if (faults.length > 0) throw invalid(faults);
}

const actorOf = (actor: Actor, actingFor: string | undefined): Actor =>
  actingFor ? { ...actor, actingFor } : actor;

function readingRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'get', operation: 'schedule.read', tag: 'proactive work' } as const;
  return [
    defineRoute({
      ...shared,
      path: '/v1/schedules',
      operationId: 'listSchedules',
      summary: 'Schedules, by name',
      query: scheduleQuery,
      answers: { 200: { description: 'One page', schema: schedulePage } },
      problems: ['cursor_invalid'],
      handle: ({ query: { limit, cursor } }) =>
        pageByName({ limit, cursor, filters: 'schedules' }, (page) => deps.schedules.list(page), {
          nameOf: ({ name }) => name,
          view: summaryOf,
        }),
    }),
    defineRoute({
      ...shared,
      path: '/v1/schedules/{schedule}',
      operationId: 'getSchedule',
      summary: 'A schedule, when it fires next, and the tickets that it opened last',
      params: scheduleParams,
      answers: { 200: { description: 'The schedule', schema: scheduleView } },
      problems: ['schedule_not_found'],
      handle: async ({ params: { schedule: name }, sight }) => ({ body: await viewOf(deps, name, sight) }),
    }),
  ];
}

/** `pause` and `resume`: doing it twice is the same as once. */
function pausingRoute(deps: ApiDeps, action: 'pause' | 'resume'): Route {
  return defineRoute({
    method: 'post',
    path: `/v1/schedules/{schedule}/${action}`,
    operationId: `${action}Schedule`,
    operation: 'schedule.change',
    tag: 'proactive work',
    summary:
      action === 'pause' ? 'Let a schedule open nothing until it is resumed' : 'Let it open tickets again',
    description:
      action === 'pause'
        ? 'Times that pass meanwhile are left out. Doing it twice is the same as once.'
        : 'From the next time on: those that passed while it was paused are left out.',
    params: scheduleParams,
    body: scheduleActionBody,
    example: { actingFor: 'lead-2' },
    answers: { 200: { description: 'The schedule', schema: scheduleView } },
    problems: ['schedule_not_found'],
    async handle({ params: { schedule: name }, body: { actingFor }, actor, sight }) {
      await deps.schedules.setPaused(name, action === 'pause', actorOf(actor, actingFor));
      await find(deps, name);
      await deps.scheduleMirror.mirror(name);
      return { body: await viewOf(deps, name, sight) };
    },
  });
}

function changingRoutes(deps: ApiDeps): Route[] {
  const shared = { operation: 'schedule.change', tag: 'proactive work', params: scheduleParams } as const;
  const path = '/v1/schedules/{schedule}';
  return [
    defineRoute({
      ...shared,
      method: 'put',
      path,
      operationId: 'putSchedule',
      summary: 'Say when a ticket opens by itself, and what it says',
      description:
        'Each time opens one ticket, whatever fails in between. Local times that a clock change skips are left out, ' +
        'and those that it repeats count once or twice, as Temporal’s schedules do. While Temporal is away the schedule ' +
        'is stored, `mirrored` is false, and it is brought over as soon as Temporal is back.',
      body: putScheduleBody,
      example: PUT_SCHEDULE_EXAMPLE,
      answers: {
        200: { description: PUT_ANSWERS.stored, schema: scheduleView, headers: PUT_ANSWERS.headers },
        201: { description: PUT_ANSWERS.created, schema: scheduleView, headers: PUT_ANSWERS.headers },
      },
      problems: [],
      async handle({ params: { schedule: name }, body, actor, sight }) {
        const { actingFor, paused, catchUpSeconds, cron = [], times = null, ...rest } = body;
        await checkNames(deps, { policy: rest.ticket.policy, procedure: rest.procedure });
        const schedule = { ...rest, cron, times, catchUpMs: catchUpSeconds * 1000 };
        const by = actorOf(actor, actingFor);
        const stored = await deps.schedules.put(name, schedule, { paused, by });
        await deps.scheduleMirror.mirror(name);
        return putReply(stored, await viewOf(deps, name, sight));
      },
    }),
    pausingRoute(deps, 'pause'),
    pausingRoute(deps, 'resume'),
    defineRoute({
      ...shared,
      method: 'post',
      path: `${path}/trigger`,
      operationId: 'triggerSchedule',
      summary: 'Open its ticket now, also while it is paused',
      description: 'The ticket is there a moment later. The same idempotency key opens one.',
      body: scheduleActionBody,
      example: { actingFor: 'lead-2' },
      answers: {
        202: {
          description: 'It will be open in a moment',
          schema: triggeredView,
          headers: { Location: 'Where the ticket will be' },
        },
      },
      problems: ['schedule_not_found', 'engine_unavailable'],
      async handle({ params: { schedule: name }, body: { actingFor }, actor, idempotencyKey }) {
        await find(deps, name);
        const asked = { actor, method: 'POST', path: `/v1/schedules/${name}/trigger`, idempotencyKey };
        const occasion = `request/${messageIdOf(asked)}`;
        const by = actorOf(actor, actingFor);
        const ticketId = await deps.scheduleMirror.trigger(name, { occasion, actor: by });
        const ticket = `/v1/tickets/${ticketId}`;
        return { status: 202, headers: { location: ticket }, body: { ticketId, links: { ticket } } };
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path,
      operationId: 'removeSchedule',
      summary: 'Remove a schedule',
      description: 'It opens nothing any more. The tickets that it opened stay.',
      answers: { 204: { description: 'It is gone' } },
      problems: ['schedule_not_found'],
      async handle({ params: { schedule: name }, actor }) {
        if (!(await deps.schedules.remove(name, actor))) await find(deps, name);
        await deps.scheduleMirror.mirror(name);
        return { status: 204 };
      },
    }),
  ];
}

export const scheduleRoutes = (deps: ApiDeps): Route[] => [...readingRoutes(deps), ...changingRoutes(deps)];
