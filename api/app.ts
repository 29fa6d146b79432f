/** The HTTP edge: `createApp` joins routes, order of middleware and error answers, and listens nowhere. */
import { randomUUID } from 'node:crypto';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import { z } from 'zod';
import { authenticate } from './auth.ts';
import { breachRoutes } from './breaches.ts';
import type { ApiDeps } from './deps.ts';
import { docsRouter } from './docs.ts';
import { factRoutes } from './facts.ts';
import { healthRouter } from './health.ts';
import { fieldErrors, notFound, Problem, problemHandler } from './problem.ts';
import { requestRoutes } from './requests.ts';
import type { Call, Reply, Route } from './route.ts';
import { ticketRoutes } from './tickets.ts';

export const BODY_LIMIT = '64kb';

/** Every route of the API, in the order of the documentation. */
export function allRoutes(deps: ApiDeps): Route[] {
  return [...ticketRoutes(deps), ...requestRoutes(deps), ...factRoutes(deps), ...breachRoutes(deps)];
}

/** A caller's own id for the request goes through logs, ledger and answers; without one we make it. */
const withRequestId: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id');
  const requestId = given && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
  response.locals['requestId'] = requestId;
  response.set('x-request-id', requestId);
  next();
};

const requireJson: RequestHandler = (request, _response, next) => {
  const hasBody =
    request.headers['content-length'] !== '0' && request.headers['content-length'] !== undefined;
  if ((hasBody || request.headers['transfer-encoding']) && !request.is('json'))
    throw new Problem('unsupported_media_type', 'Send JSON: Content-Type: application/json');
  next();
};

function parse<T>(schema: z.ZodType<T> | undefined, value: unknown): T {
  if (!schema) return {} as T;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = fieldErrors(result.error);
  throw new Problem(
    'invalid',
    errors.map(({ pointer, message }) => `${pointer || 'the body'}: ${message}`).join('; '),
    {
      errors,
    },
  );
}

/** An entity tag is the ticket's sequence in quotes. */
function sequenceIn(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const [, digits] = /^(?:W\/)?"(\d+)"$/.exec(ifMatch) ?? [];
  if (digits !== undefined) return Number(digits);
  const message = 'must be the ETag of the ticket, such as "7"';
  throw new Problem('invalid', `If-Match ${message}`, {
    errors: [{ pointer: '', code: 'if_match', message }],
  });
}

function idempotencyKeyIn(request: Request): string | undefined {
  const key = request.get('idempotency-key');
  if (key === undefined || (key.length > 0 && key.length <= 255)) return key;
  const message = 'must have 1 to 255 characters';
  throw new Problem('invalid', `Idempotency-Key ${message}`, {
    errors: [{ pointer: '', code: 'idempotency_key', message }],
  });
}

async function callFrom(deps: ApiDeps, route: Route, request: Request, response: Response) {
  const actor = await authenticate(request, { apiKeys: deps.apiKeys, operation: route.operation });
  return {
    actor,
    params: parse(route.params, request.params),
    query: parse(route.query ?? z.strictObject({}), request.query),
    body: parse(route.body, request.body ?? {}),
    requestId: response.locals['requestId'] as string,
    idempotencyKey: idempotencyKeyIn(request),
    ifMatch: sequenceIn(request.get('if-match')),
    ifNoneMatch: request.get('if-none-match'),
    method: request.method,
    path: request.path,
  } satisfies Call<unknown, unknown, unknown>;
}

async function send(response: Response, { status = 200, headers = {}, body, stream }: Reply): Promise<void> {
  response.status(status).set(headers);
  if (!stream) {
    if (body === undefined) response.end();
    else response.type('application/json').send(JSON.stringify(body));
    return;
  }
  for await (const chunk of stream) {
    if (response.destroyed) return;
    if (!response.write(chunk))
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  response.end();
}

const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

export function createApp(deps: ApiDeps, { version }: { version: string }): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(withRequestId);
  app.use(helmet({ contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } } }));
  app.use(healthRouter(deps));
  const routes = allRoutes(deps);
  app.use(docsRouter(routes, version));
  app.use(requireJson, express.json({ limit: BODY_LIMIT, strict: true }));
  for (const route of routes)
    app[route.method](expressPath(route.path), async (request: Request, response: Response) => {
      const call = await callFrom(deps, route, request, response);
      await send(response, await route.handle(call as Call<never, never, never>));
    });
  for (const path of new Set(routes.map((route) => route.path)))
    app.all(expressPath(path), (request) => {
      const allowed = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
      throw new Problem('method_not_allowed', `${request.method} is not possible here`, {
        headers: { allow: allowed.join(', ') },
      });
    });
  app.use(notFound);
  app.use(problemHandler(deps.onBug));
  return app;
}
