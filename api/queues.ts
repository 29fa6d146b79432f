/** Routes of queues: who waits where and why there, and the next ticket for whoever asks. */
import type { QueueAlertRecord } from '../prisma/queue-alerts.ts';
import { queueMarkOf, type QueuedTicket, type QueueSummary } from '../prisma/queues.ts';
import type { TextRecord } from '../prisma/tickets.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { lookUp } from './lookup.ts';
import { Problem } from './problem.ts';
import { pullNext } from './pull.ts';
import { defineRoute, type Route } from './route.ts';
import { PULL_EXAMPLE, PULLED_EXAMPLE } from './schemas/queue-examples.ts';
import {
  pullBody,
  pulledView,
  queueList,
  queueMark,
  queuePage,
  queueParams,
  queueQuery,
  type QueuedTicketView,
  type QueueView,
} from './schemas/queues.ts';
import { locationOf, showTicket } from './show-ticket.ts';

const secondsFrom = (from: number, to: number): number => (to - from) / 1000;

const queuePath = (tier: number, team: string | null): string =>
  `/v1/queues/${tier}${team === null ? '' : `?team=${encodeURIComponent(team)}`}`;

function overloadView(alert: QueueAlertRecord): NonNullable<QueueView['overload']> {
  const { id, raisedAt, depth, threshold, clearAt, raiseTo, policy } = alert;
  return { id, raisedAt: raisedAt.toISOString(), depth, threshold, clearAt, raisedTo: raiseTo, policy };
}

function queueView(row: QueueSummary, alert: QueueAlertRecord | undefined, now: number): QueueView {
  const { tier, team, assignment, depth, reserved, breached, agents, inProgress, capacity } = row;
  const { oldestId, oldestAt, nextToBreachId, nextToBreachAt } = row;
  return {
    tier,
    team,
    assignment,
    depth,
    reserved,
    breached,
    oldest:
      oldestId === null || oldestAt === null
        ? null
        : {
            ticketId: oldestId,
            queuedAt: oldestAt.toISOString(),
            waitingSeconds: secondsFrom(oldestAt.getTime(), now),
          },
    nextToBreach:
      nextToBreachId === null || nextToBreachAt === null
        ? null
        : {
            ticketId: nextToBreachId,
            deadlineAt: nextToBreachAt.toISOString(),
            timeToBreachSeconds: secondsFrom(now, nextToBreachAt.getTime()),
          },
    people: { agents, inProgress, capacity },
    overload: alert ? overloadView(alert) : null,
    links: { tickets: queuePath(tier, team) },
  };
}

function queuedTicketView(row: QueuedTicket, text: TextRecord | undefined, now: number): QueuedTicketView {
  const { ticketId, state, team, priority, nextDeadlineAt, queuedAt, breached, offered, category } = row;
  return {
    ticketId,
    subject: (text?.body as { subject?: string } | null | undefined)?.subject ?? null,
    state: state as QueuedTicketView['state'],
    team,
    place: {
      priority,
      nextDeadlineAt: nextDeadlineAt?.toISOString() ?? null,
      timeToBreachSeconds: nextDeadlineAt ? secondsFrom(now, nextDeadlineAt.getTime()) : null,
      queuedAt: queuedAt.toISOString(),
    },
    waitingSeconds: secondsFrom(queuedAt.getTime(), now),
    breached,
    offered,
    category,
    reservedFor:
      row.reservedFor === null || row.reservedUntil === null
        ? null
        : { agent: row.reservedFor, until: row.reservedUntil.toISOString() },
    links: { ticket: locationOf(ticketId) },
  };
}

const nowOf = ({ now = Date.now }: ApiDeps): number => now();

export function queueRoutes(deps: ApiDeps): Route[] {
  const tag = 'queues';
  return [
    defineRoute({
      method: 'get',
      path: '/v1/queues',
      operationId: 'listQueues',
      operation: 'queue.read',
      tag,
      summary: 'Every queue at a glance: those of teams, and those that hold something',
      answers: { 200: { description: 'By tier and team', schema: queueList } },
      problems: [],
      async handle() {
        const [rows, alerts] = await Promise.all([deps.queues.summaries(), deps.queueAlerts.open()]);
        const now = nowOf(deps);
        const data = rows.map((row) =>
          queueView(
            row,
            alerts.find(({ tier, team }) => tier === row.tier && team === row.team),
            now,
          ),
        );
        return { body: { data, asOf: new Date(now).toISOString() } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/queues/{tier}',
      operationId: 'getQueue',
      operation: 'queue.read',
      tag,
      summary: 'Who waits at a tier, in order, and why there',
      description:
        'By priority, then by time to breach (late ones first, those without a deadline last), then by waiting time. ' +
        'A tier that holds nothing, or that nobody knows, is an empty queue.',
      params: queueParams,
      query: queueQuery,
      answers: { 200: { description: 'One page', schema: queuePage } },
      problems: ['cursor_invalid'],
      async handle({ params: { tier }, query: { team, limit, cursor } }) {
        const filters = { tier, team };
        const after = decodeCursor(cursor, { filters, mark: queueMark });
        const found = await deps.queues.list(filters, { after, limit: limit + 1 });
        const { rows, page } = pageOf(found, { limit, filters, markOf: queueMarkOf });
        const texts = await deps.tickets.openingTexts(rows.map(({ ticketId }) => ticketId));
        const now = nowOf(deps);
        const data = rows.map((row) => queuedTicketView(row, texts.get(row.ticketId), now));
        return { body: { tier, data, page, asOf: new Date(now).toISOString() } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/queues/{tier}/pull',
      operationId: 'pullTicket',
      operation: 'queue.pull',
      tag,
      summary: 'Give an agent the next ticket of a queue',
      description:
        'The first ticket of the agent’s team, or of no team, that nobody is about to take. It is answered when the ' +
        'ledger has it. With an `Idempotency-Key` the same pull gets the same ticket, however often it is sent; after ' +
        '503 send it again with the same key. While a queue is overloaded, agents of the tier it is raised to may pull, too.',
      params: queueParams,
      body: pullBody,
      example: PULL_EXAMPLE,
      answers: {
        200: {
          description: 'The ticket is the agent’s',
          schema: pulledView,
          example: PULLED_EXAMPLE,
          headers: { ETag: 'The sequence of the ticket in quotes' },
        },
        204: { description: 'Nothing waits that the agent may have' },
      },
      problems: [
        'agent_unknown',
        'team_unknown',
        'agent_absent',
        'agent_elsewhere',
        'at_capacity',
        'idempotency_key_reused',
        'engine_unavailable',
      ],
      async handle({ params: { tier }, body, actor, sight, tier: own, idempotencyKey, requestId }) {
        if (own !== null && own !== tier)
          throw new Problem('forbidden', `This key pulls from tier ${own} only`);
        const pulled = await pullNext(deps, { tier, body, actor, idempotencyKey, requestId });
        if (!pulled) return { status: 204 };
        const { reservation: id, agent, team, replayed } = pulled;
        const found = await lookUp(deps, pulled.ticketId, sight);
        // It became a security ticket since.
        if (!found || !('ticket' in found)) return { status: 204 };
        const shown = await showTicket(deps, found.ticket, {
          headers: replayed ? { 'idempotency-replayed': 'true' } : {},
        });
        return {
          ...shown,
          body: { ticket: shown.body, reservation: { id, agent, tier: pulled.tier, team } },
        };
      },
    }),
  ];
}
