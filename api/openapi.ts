/** The OpenAPI 3.1 document, made from the same routes and schemas that serve the requests. */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { statusOf, type ProblemCode } from './problem.ts';
import type { Route } from './route.ts';
import { problemSchema } from './schemas/common.ts';

/** What every route can answer. */
const COMMON: readonly ProblemCode[] = ['unauthenticated', 'forbidden', 'internal_error'];
const WITH_BODY: readonly ProblemCode[] = [
  'malformed_json',
  'body_too_large',
  'unsupported_media_type',
  'invalid',
];

const TAGS = [
  { name: 'tickets', description: 'Open and read tickets' },
  { name: 'requests', description: 'Ask something of a ticket; it may be refused' },
  { name: 'facts', description: 'Tell a ticket what happened elsewhere' },
  { name: 'breaches', description: 'Broken promises' },
  { name: 'health', description: 'For load balancers and supervisors' },
];

function problemAnswers(route: Route): RouteConfig['responses'] {
  const hasInput = route.body !== undefined || route.query !== undefined;
  const codes = [
    ...COMMON,
    ...route.problems,
    ...(route.body ? WITH_BODY : []),
    ...(hasInput ? (['invalid'] as const) : []),
  ];
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: [...new Set(some)].map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  );
}

const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .openapi({ description: 'The same key and body get the same outcome; another body is refused' }),
  'if-match': z
    .string()
    .optional()
    .openapi({ description: 'ETag of the ticket that the request is meant for' }),
});

function describe(route: Route): RouteConfig {
  const answers = Object.entries(route.answers).map(([status, { description, schema, contentType }]) => [
    status,
    {
      description,
      ...(schema && { content: { 'application/json': { schema } } }),
      ...(contentType && { content: { [contentType]: { schema: z.string() } } }),
    },
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
      ...(route.body && {
        body: { required: true, content: { 'application/json': { schema: route.body } } },
      }),
      ...(route.method === 'post' && { headers: idempotencyHeader }),
    },
    responses: { ...Object.fromEntries(answers), ...problemAnswers(route) },
  } as RouteConfig;
}

/** The whole document; `version` is the package's. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key: `tl_…`',
  });
  for (const route of routes) registry.registerPath(describe(route));
  for (const [path, description] of [
    ['/livez', 'The process answers'],
    ['/readyz', 'Database and workflow engine answer'],
  ] as const)
    registry.registerPath({
      method: 'get',
      path,
      operationId: path.slice(1),
      summary: description,
      tags: ['health'],
      security: [],
      responses: {
        200: {
          description,
          content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
        },
        ...(path === '/readyz' && {
          503: {
            description: 'Not now; says why',
            content: { 'application/problem+json': { schema: problemSchema } },
          },
        }),
      },
    });
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Tierline',
      version,
      description:
        'Durable SLA, escalation and containment engine. Times are RFC 3339 in UTC; amounts of time are seconds. ' +
        'Clients must tolerate new fields and new values in answers.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
  });
}
