/** The OpenAPI 3.1 document, made from the same routes and schemas that serve the requests. */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { statusOf, type ProblemCode } from './problem.ts';
import type { Answer, Route } from './route.ts';
import { problemSchema } from './schemas/common.ts';
import { queueMessage, skillMissingMessage } from './schemas/queues.ts';
import { endpointMessage, notification, webhookHeaders } from './schemas/notifications.ts';
import { reviewMessage } from './schemas/reviews.ts';
import { taskMessage } from './schemas/tasks.ts';
import { customerUpdateMessage } from './schemas/templates.ts';

/** What every route can answer. */
const COMMON: readonly ProblemCode[] = [
  'malformed_request',
  'unauthenticated',
  'forbidden',
  'invalid',
  'internal_error',
  'database_unavailable',
];
const WITH_BODY: readonly ProblemCode[] = ['malformed_json', 'body_too_large', 'unsupported_media_type'];

const TAGS = [
  { name: 'tickets', description: 'Open and read tickets' },
  { name: 'requests', description: 'Ask something of a ticket; it may be refused' },
  { name: 'facts', description: 'Tell a ticket what happened elsewhere' },
  { name: 'queues', description: 'Who waits at a tier, and who gets the next ticket' },
  { name: 'breaches', description: 'Broken promises' },
  { name: 'reports', description: 'What tiers do with their time, and with each other' },
  { name: 'proactive work', description: 'Procedures, tickets on schedule, suggestions for improvement' },
  { name: 'containment', description: 'What runs of playbooks have brought about, and who holds it' },
  { name: 'tasks', description: 'What is left to do, by whom and by when' },
  { name: 'problems', description: 'What keeps coming back: causes, known errors, fixes' },
  { name: 'reviews', description: 'Looking back on incidents, until what was learnt is done and has worked' },
  { name: 'knowledge', description: 'Articles, their versions, and what fits a ticket' },
  { name: 'calendars', description: 'Business time' },
  {
    name: 'policies',
    description: 'What is promised, as versions; and trying it before anybody is judged by it',
  },
  { name: 'rule changes', description: 'Versions on their way to the open tickets' },
  { name: 'people', description: 'Teams and agents' },
  { name: 'on call', description: 'Who takes turns, who takes over, and who is paged now' },
  { name: 'reference', description: 'What is known of the customers and services that tickets name' },
  { name: 'customer updates', description: 'How they are worded, and what became of them' },
  { name: 'webhooks', description: 'What Tierline sends' },
  { name: 'health', description: 'For load balancers and supervisors' },
];

/** Every problem that a route can answer. */
export function problemsOf(route: Route): ProblemCode[] {
  const body = route.body ? WITH_BODY : [];
  const path = route.params ? (['not_found'] as const) : [];
  return [...new Set<ProblemCode>([...COMMON, ...path, ...body, ...route.problems])];
}

const problemContent = { 'application/problem+json': { schema: problemSchema } };

function problemAnswers(route: Route): RouteConfig['responses'] {
  const codes = problemsOf(route);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.map((code) => `\`${code}\``).join(', '),
        content: problemContent,
      },
    ]),
  );
}

const HEADERS = {
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .openapi({
      description:
        'Names the message: with the same key and body it counts once and gets the same outcome (then ' +
        '`Idempotency-Replayed: true`); with another body it is refused. Keys are per caller and path.',
    }),
  'if-match': z.string().openapi({
    description: 'ETag of the ticket, or of what else the path names; for that state of it only, else 412',
    example: '"7"',
  }),
  'if-none-match': z.string().openapi({
    description: 'ETag as known; 304 if it is still so',
    example: '"7"',
  }),
};

function headersOf({ method, preconditions = [] }: Route): z.ZodObject {
  const names = [...(method === 'post' ? (['idempotency-key'] as const) : []), ...preconditions];
  return z.object(Object.fromEntries(names.map((name) => [name, HEADERS[name].optional()])));
}

function answerDescription({ description, schema, example, contentType, headers }: Answer) {
  const described = Object.entries(headers ?? {}).map(([name, what]) => [
    name,
    { description: what, schema: { type: 'string' as const } },
  ]);
  return {
    description,
    ...(headers && { headers: Object.fromEntries(described) }),
    ...((schema ?? contentType) !== undefined && {
      content: {
        ...(schema && { 'application/json': { schema, ...(example !== undefined && { example }) } }),
        ...(contentType && { [contentType]: { schema: z.string(), ...(!schema && { example }) } }),
      },
    }),
  };
}

function bodyDescription({ body, example }: Route) {
  if (!body) return {};
  const required = !body.safeParse({}).success;
  return { body: { required, content: { 'application/json': { schema: body, example } } } };
}

function describe(route: Route): RouteConfig {
  const answers = Object.entries(route.answers).map(([status, answer]) => [
    status,
    answerDescription(answer),
  ]);
  return {
    method: route.method,
    path: route.path,
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description && { description: route.description }),
    tags: [route.tag],
    security: [{ apiKey: [] }],
    request: {
      ...(route.params && { params: route.params }),
      ...(route.query && { query: route.query }),
      headers: headersOf(route),
      ...bodyDescription(route),
    },
    responses: { ...Object.fromEntries(answers), ...problemAnswers(route) },
  } as RouteConfig;
}

const isWell = z.object({ status: z.literal('ok') });

/** Outside of /v1 and without a key. */
const HEALTH: RouteConfig[] = [
  {
    method: 'get',
    path: '/livez',
    operationId: 'livez',
    summary: 'Whether the process answers',
    tags: ['health'],
    security: [],
    responses: { 200: { description: 'It does', content: { 'application/json': { schema: isWell } } } },
  },
  {
    method: 'get',
    path: '/readyz',
    operationId: 'readyz',
    summary: 'Whether database and workflow engine answer',
    tags: ['health'],
    security: [],
    responses: {
      200: { description: 'They do', content: { 'application/json': { schema: isWell } } },
      503: { description: '`not_ready`: says which does not', content: problemContent },
    },
  },
];

/** What we send, if `TIERLINE_WEBHOOK_URL` says where to. */
const NOTIFICATION: RouteConfig = {
  method: 'post',
  path: 'ticket.notification',
  operationId: 'ticketNotification',
  summary: 'A step of an escalation ladder asks for somebody, or a customer is to hear something',
  description:
    'Anything but 2xx is tried again, a redirect too; after the last attempt it is shown as failed.',
  tags: ['webhooks'],
  security: [],
  request: {
    headers: webhookHeaders,
    body: {
      required: true,
      content: {
        'application/json': { schema: z.union([notification, endpointMessage, customerUpdateMessage]) },
      },
    },
  },
  responses: { 204: { description: 'Any 2xx: taken' } },
};

/** The same of queues. */
const QUEUE_NEWS: RouteConfig = {
  ...NOTIFICATION,
  path: 'queue.overloaded',
  operationId: 'queueNews',
  summary: 'A queue grew too long or has shrunk again; or nobody of a team has the skill for a ticket',
  request: {
    headers: webhookHeaders,
    body: {
      required: true,
      content: { 'application/json': { schema: z.union([queueMessage, skillMissingMessage]) } },
    },
  },
};

/** The same of tasks. */
const TASK_NEWS: RouteConfig = {
  ...NOTIFICATION,
  path: 'task.reminder',
  operationId: 'taskNews',
  summary: 'A task is due soon, is overdue, or has been overdue for so long that somebody else hears of it',
  request: {
    headers: webhookHeaders,
    body: { required: true, content: { 'application/json': { schema: taskMessage } } },
  },
};

/** The same of reviews. */
const REVIEW_NEWS: RouteConfig = {
  ...NOTIFICATION,
  path: 'review.reminder',
  operationId: 'reviewNews',
  summary: 'The meeting, the text or the judgement of a review is due soon, overdue, or has been so for long',
  request: {
    headers: webhookHeaders,
    body: { required: true, content: { 'application/json': { schema: reviewMessage } } },
  },
};

/** The whole document; `version` is the package's. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key: `tl_…`',
  });
  for (const route of routes) registry.registerPath(describe(route));
  for (const one of HEALTH) registry.registerPath(one);
  registry.registerWebhook(NOTIFICATION);
  registry.registerWebhook(QUEUE_NEWS);
  registry.registerWebhook(TASK_NEWS);
  registry.registerWebhook(REVIEW_NEWS);
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Tierline',
      version,
      description:
        'Durable SLA, escalation and containment engine. Times are RFC 3339 in UTC; amounts of time are seconds. ' +
        'Clients must tolerate new fields and new values in answers. Every error is an RFC 9457 problem document; every ' +
        "answer carries `X-Request-Id`, the caller's own where it sent one. Where a path says `{ticketId}`, our id and " +
        '`system:id` of the external reference do equally.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
  });
}
