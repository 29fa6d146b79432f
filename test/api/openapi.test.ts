import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { z } from 'zod';
import { messageOf } from '../../activities/notify.ts';
import { allRoutes } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { PROBLEM_CODES } from '../../api/problem.ts';
import * as examples from '../../api/schemas/examples.ts';
import { packetView } from '../../api/schemas/packet.ts';
import * as articleExamples from '../../api/schemas/article-examples.ts';
import { articlePage, articleView, suggestedArticles } from '../../api/schemas/articles.ts';
import * as proactive from '../../api/schemas/proactive-examples.ts';
import { procedureView } from '../../api/schemas/procedures.ts';
import { scheduleView as ticketScheduleView, triggeredView } from '../../api/schemas/schedules.ts';
import { suggestionView } from '../../api/schemas/suggestions.ts';
import { calendarVersionView, policyVersionView } from '../../api/schemas/policies.ts';
import { changedTicketView, forecastView, ruleChangeView } from '../../api/schemas/rule-changes.ts';
import * as queueExamples from '../../api/schemas/queue-examples.ts';
import * as ruleExamples from '../../api/schemas/rule-examples.ts';
import { breachView } from '../../api/schemas/breaches.ts';
import { clocksView } from '../../api/schemas/clocks.ts';
import { problemSchema } from '../../api/schemas/common.ts';
import { factsAnswer } from '../../api/schemas/facts.ts';
import { notification } from '../../api/schemas/notifications.ts';
import { onCallView, overrideView, rotaView, scheduleView } from '../../api/schemas/on-call.ts';
import { agentView, teamView } from '../../api/schemas/people.ts';
import * as peopleExamples from '../../api/schemas/people-examples.ts';
import { customerView, serviceView } from '../../api/schemas/reference.ts';
import * as problemExamples from '../../api/schemas/problem-examples.ts';
import { problemRecordView, problemTickets, problemTimeline } from '../../api/schemas/problems.ts';
import * as reviewExamples from '../../api/schemas/review-examples.ts';
import * as taskExamples from '../../api/schemas/task-examples.ts';
import { reviewMessage, reviewTimeline, reviewView, reviewWithLog } from '../../api/schemas/reviews.ts';
import { taskMessage, taskView, taskWithLog } from '../../api/schemas/tasks.ts';
import { pulledView, queuedTicketView, queueMessage, queueView } from '../../api/schemas/queues.ts';
import * as reportExamples from '../../api/schemas/report-examples.ts';
import * as reports from '../../api/schemas/reports.ts';
import { ticketView } from '../../api/schemas/tickets.ts';
import {
  customerUpdateMessage,
  deliveryView,
  renderedView,
  templateView,
} from '../../api/schemas/templates.ts';
import { timelineView } from '../../api/schemas/timeline.ts';
import * as updateExamples from '../../api/schemas/update-examples.ts';
import { projectRoot } from '../../bin/config.ts';
import { openApiText } from '../../bin/openapi.ts';

type Json = { [key: string]: Json } & Json[] & string;

const document = JSON.parse(openApiText()) as Json;
const routes = allRoutes({} as ApiDeps);

interface Operation {
  path: string;
  method: string;
  operation: Json;
}

const operations: Operation[] = Object.entries(document['paths']!).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Every schema of the document, with where it stands. */
function* schemasIn(value: unknown, path: string): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const within = `${path}/${key}`;
    const isSchema =
      ['schema', 'items', 'additionalProperties'].includes(key) || /\/(properties|schemas)$/.test(path);
    if (isSchema && typeof part === 'object') yield [within, part as Record<string, unknown>];
    if (key !== 'example' && key !== 'examples') yield* schemasIn(part, within);
  }
}

function resolved(schema: Json): Json {
  const reference = schema['$ref'] as string | undefined;
  return reference ? document['components']!['schemas']![reference.split('/').at(-1)!]! : schema;
}

test('openapi.json is what the routes say', () => {
  const committed = readFileSync(join(projectRoot, 'openapi.json'), 'utf8');
  // As a whole: a difference is mended by `npm run generate:openapi`, not by reading it.
  expect(committed === openApiText()).toBe(true);
});

test('every route is an operation, and every operation has a name of its own', () => {
  const described = operations.map(({ method, path }) => `${method} ${path}`);
  expect(described).toEqual(expect.arrayContaining(routes.map(({ method, path }) => `${method} ${path}`)));
  const names = operations.map(({ operation }) => operation['operationId']);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z]+$/);
});

test.each(operations)(
  '$method $path says what it does, who may, and what it answers',
  ({ path, operation }) => {
    expect(operation['summary']!.length).toBeGreaterThan(3);
    const statuses = Object.keys(operation['responses']!);
    expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
    if (path.startsWith('/v1')) {
      expect(operation['security']).toEqual([{ apiKey: [] }]);
      expect(statuses).toEqual(expect.arrayContaining(['401', '403', '500', '503']));
    }
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = (operation['parameters'] ?? []).filter((one) => one['in'] === 'path');
    expect(inPath.map((one) => one['name'])).toEqual(named);
  },
);

/** What others wrote by a standard, and is kept with all that is in it. */
const TAKE_ANY_FIELD = ['/v1/playbooks', '/v1/playbooks/check'];

test.each(operations.filter(({ method }) => method === 'post'))(
  '$method $path shows a body',
  ({ path, operation }) => {
    const { example, schema } = operation['requestBody']!['content']!['application/json']! as unknown as {
      example: unknown;
      schema: Json;
    };
    expect(example).toBeDefined();
    expect(resolved(schema)).toMatchObject(
      'oneOf' in resolved(schema)
        ? {}
        : { type: 'object', additionalProperties: TAKE_ANY_FIELD.includes(path) },
    );
  },
);

test.each(operations)('$method $path shows an answer, or describes each of its fields', ({ operation }) => {
  for (const [status, answer] of Object.entries(operation['responses']!)) {
    for (const content of Object.values(answer['content'] ?? {})) {
      const schema = resolved(content['schema']!);
      const rows = schema['properties']?.['data']?.['items'];
      const shown = content['example'] ?? schema['example'] ?? (rows && resolved(rows)['example']);
      const isWordy = Object.keys(schema['properties'] ?? {}).length <= 3 || schema['type'] === 'string';
      expect([status, shown !== undefined || isWordy]).toEqual([status, true]);
    }
  }
});

test('no schema is empty: everything that may be sent or comes back is said', () => {
  const emptyIn = (value: unknown) =>
    [...schemasIn(value, '')]
      .filter(([, schema]) => Object.keys(schema).every((key) => ['description', 'example'].includes(key)))
      .map(([path]) => path);
  expect(emptyIn({ schema: { properties: { any: { description: 'Anything' } } } })).toEqual([
    '/schema/properties/any',
  ]);
  expect(emptyIn(document)).toEqual([]);
});

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, path]) => path!);
  const known = Object.keys(document['components']!['schemas']!).map(
    (name) => `#/components/schemas/${name}`,
  );
  expect(known).toEqual(expect.arrayContaining([...new Set(references)]));
});

test.each(routes.filter(({ body }) => body !== undefined))(
  'the example of $operationId is one',
  ({ body, example }) => {
    expect(body!.safeParse(example).error?.issues ?? []).toEqual([]);
  },
);

/** Strict all the way down: an example shows no field that does not exist. */
const KEPT: [string, z.ZodType, unknown][] = [
  ['ticket', ticketView, examples.TICKET_EXAMPLE],
  ['packet', packetView, examples.PACKET_EXAMPLE],
  ['timeline', timelineView, examples.TIMELINE_EXAMPLE],
  ['clocks', clocksView, examples.CLOCKS_EXAMPLE],
  ['breach', breachView, examples.BREACH_EXAMPLE],
  ['report of effort', reports.effortReport, reportExamples.EFFORT_EXAMPLE],
  ['report of avoided escalations', reports.avoidedReport, reportExamples.AVOIDED_EXAMPLE],
  ['report of handoffs', reports.handoffReport, reportExamples.HANDOFFS_EXAMPLE],
  ['report to shift left', reports.shiftLeftReport, reportExamples.SHIFT_LEFT_EXAMPLE],
  ['report for coaching', reports.coachingReport, reportExamples.COACHING_EXAMPLE],
  ['report of breaches by tier', reports.breachReport, reportExamples.BREACHES_EXAMPLE],
  ['queue', queueView, queueExamples.QUEUE_EXAMPLE],
  ['queued ticket', queuedTicketView, queueExamples.QUEUED_TICKET_EXAMPLE],
  ['pulled ticket', pulledView, queueExamples.PULLED_EXAMPLE],
  ['queue message', queueMessage, queueExamples.QUEUE_MESSAGE_EXAMPLE],
  ['facts answer', factsAnswer, examples.FACTS_ANSWER_EXAMPLE],
  ['notification', notification, examples.NOTIFICATION_EXAMPLE],
  ['problem', problemSchema, examples.PROBLEM_EXAMPLE],
  ['policy version', policyVersionView, ruleExamples.POLICY_VERSION_EXAMPLE],
  ['calendar version', calendarVersionView, ruleExamples.CALENDAR_VERSION_EXAMPLE],
  ['forecast', forecastView, ruleExamples.FORECAST_EXAMPLE],
  ['change of rules', ruleChangeView, ruleExamples.RULE_CHANGE_EXAMPLE],
  ['changed ticket', changedTicketView, ruleExamples.CHANGED_TICKET_EXAMPLE],
  ['article', articleView, articleExamples.ARTICLE_EXAMPLE],
  ['page of articles', articlePage, articleExamples.FOUND_ARTICLES_EXAMPLE],
  ['suggestion', suggestedArticles, articleExamples.SUGGESTED_ARTICLES_EXAMPLE],
  ['procedure', procedureView, proactive.PROCEDURE_EXAMPLE],
  ['schedule of tickets', ticketScheduleView, proactive.SCHEDULE_EXAMPLE],
  ['ticket on request', triggeredView, proactive.TRIGGERED_EXAMPLE],
  ['suggestion for improvement', suggestionView, proactive.SUGGESTION_EXAMPLE],
  ['team', teamView, peopleExamples.TEAM_EXAMPLE],
  ['agent', agentView, peopleExamples.AGENT_EXAMPLE],
  ['rota', rotaView, peopleExamples.ROTA_EXAMPLE],
  ['person on call', onCallView, peopleExamples.ON_CALL_EXAMPLE],
  ['override', overrideView, peopleExamples.OVERRIDE_EXAMPLE],
  ['schedule', scheduleView, peopleExamples.SCHEDULE_EXAMPLE],
  ['customer', customerView, peopleExamples.CUSTOMER_EXAMPLE],
  ['service', serviceView, peopleExamples.SERVICE_EXAMPLE],
  ['message of a task', taskMessage, taskExamples.TASK_MESSAGE_EXAMPLE],
  ['template', templateView, updateExamples.TEMPLATE_EXAMPLE],
  ['rendered template', renderedView, updateExamples.RENDERED_EXAMPLE],
  ['delivery', deliveryView, updateExamples.DELIVERY_EXAMPLE],
  ['customer update', customerUpdateMessage, updateExamples.CUSTOMER_UPDATE_EXAMPLE],
  ['message of a review', reviewMessage, reviewExamples.REVIEW_MESSAGE_EXAMPLE],
  ['review', reviewView, reviewExamples.REVIEW_EXAMPLE],
  ['review with its log', reviewWithLog, reviewExamples.REVIEW_WITH_LOG_EXAMPLE],
  ['timeline of a review', reviewTimeline, reviewExamples.REVIEW_TIMELINE_EXAMPLE],
  ['task', taskView, taskExamples.TASK_EXAMPLE],
  ['problem of several incidents', problemRecordView, problemExamples.PROBLEM_RECORD_EXAMPLE],
  ['timeline of a problem', problemTimeline, problemExamples.PROBLEM_TIMELINE_EXAMPLE],
  ['tickets of a problem', problemTickets, problemExamples.PROBLEM_TICKETS_EXAMPLE],
  ['task with its log', taskWithLog, taskExamples.TASK_WITH_LOG_EXAMPLE],
];
test.each(KEPT)('the example of a %s is one', (_name, schema, example) => {
  expect(schema.parse(example)).toEqual(example);
});

test('the webhook that is described is the one that is sent', () => {
  const event = {
    id: 'clock:resolution/1/breach/notify/lead',
    sequence: 9,
    type: 'notificationRequested',
    source: 'engine',
    occurredAt: 1_769_792_400_004,
    receivedAt: 1_769_792_400_004,
    clock: 'resolution',
    cycle: 1,
    step: 'breach',
    audience: 'lead',
    tier: 2,
  } as const;
  const addressed = { recipients: [{ agent: 'lead-2', via: 'lead' as const, contact: { phone: '1' } }] };
  const sent = messageOf({ ticketId: 'tkt_1', event, xid: 1n, position: 1n }, addressed);
  expect(notification.parse(sent)).toEqual(sent);
  const described = document['webhooks']!['ticket.notification']!['post']!;
  const headers = described['parameters']!.map((one) => one['name']);
  expect(headers).toEqual(['webhook-id', 'webhook-timestamp', 'webhook-signature']);
});

test('every code of a problem is one that some operation can answer', () => {
  const text = JSON.stringify(document);
  // Of no operation: the path or the method is none; or a ticket's answer to a change of rules,
  // which skips it, or to a pull, which tries the next one.
  const beyond = ['not_found', 'method_not_allowed', 'policy_differs', 'already_assigned', 'not_in_queue'];
  expect(PROBLEM_CODES.filter((code) => !beyond.includes(code) && !text.includes(`\`${code}\``))).toEqual([]);
});
