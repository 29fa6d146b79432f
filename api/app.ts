/** The HTTP edge: `createApp` joins routes, order of middleware and error answers, and listens nowhere. */
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { agentRoutes } from './agents.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { articleRoutes } from './articles.ts';
import { authenticate, type Caller } from './auth.ts';
import { breachRoutes } from './breaches.ts';
import { calendarRoutes } from './calendars.ts';
import { containmentRoutes } from './containments.ts';
import type { ApiDeps } from './deps.ts';
import { docsRouter } from './docs.ts';
import { evaluateRoutes } from './evaluate.ts';
import { explainRoutes } from './explain.ts';
import { factRoutes } from './facts.ts';
import { idempotencyKeyIn, ifMatchIn, requestIdIn } from './headers.ts';
import { forecastRoutes } from './forecast.ts';
import { healthRouter } from './health.ts';
import { readBody, readPath, readQuery } from './input.ts';
import { onCallRoutes } from './on-call.ts';
import { inForceRoutes } from './in-force.ts';
import { openApiDocument } from './openapi.ts';
import { packetRoutes } from './packet.ts';
import { playbookRoutes } from './playbooks.ts';
import { policyRoutes } from './policies.ts';
import { methodNotAllowed, notFound, Problem, problemHandler } from './problem.ts';
import { procedureRoutes } from './procedures.ts';
import { referenceRoutes } from './reference.ts';
import { problemRoutes } from './problems.ts';
import { playbookAuthorisationRoutes } from './playbook-authorisations.ts';
import { protectedAssetRoutes } from './protected-assets.ts';
import { reviewRoutes } from './reviews.ts';
import { reportRoutes } from './reports.ts';
import { requestRoutes } from './requests.ts';
import { queueRoutes } from './queues.ts';
import type { Call, Reply, Route } from './route.ts';
import { ruleChangeRoutes } from './rule-changes.ts';
import { scheduleRoutes } from './schedules.ts';
import { securityHeaders } from './security-headers.ts';
import { storedCalendarRoutes } from './stored-calendars.ts';
import { suggestionRoutes } from './suggestions.ts';
import { teamRoutes } from './teams.ts';
import { evidenceRoutes } from './evidence.ts';
import { taskRoutes } from './tasks.ts';
import { deliveryRoutes, templateRoutes } from './templates.ts';
import { ticketRoutes } from './tickets.ts';
import { whatIfRoutes } from './what-ifs.ts';

const BODY_LIMIT = '64kb';

/** Every route of the API, in the order of the documentation. */
export function allRoutes(deps: ApiDeps): Route[] {
  return [
    ...ticketRoutes(deps),
    ...requestRoutes(deps),
    ...packetRoutes(deps),
    ...factRoutes(deps),
    ...queueRoutes(deps),
    ...forecastRoutes(deps),
    ...breachRoutes(deps),
    ...reportRoutes(deps),
    ...articleRoutes(deps),
    ...procedureRoutes(deps),
    ...scheduleRoutes(deps),
    ...suggestionRoutes(deps),
    ...calendarRoutes(deps),
    ...explainRoutes(deps),
    ...evaluateRoutes(deps),
    ...whatIfRoutes(deps),
    ...storedCalendarRoutes(deps),
    ...policyRoutes(deps),
    ...ruleChangeRoutes(deps),
    ...inForceRoutes(deps),
    ...evidenceRoutes(deps),
    ...taskRoutes(deps),
    ...problemRoutes(deps),
    ...reviewRoutes(deps),
    ...containmentRoutes(deps),
    ...protectedAssetRoutes(deps),
    ...playbookAuthorisationRoutes(deps),
    ...teamRoutes(deps),
    ...agentRoutes(deps),
    ...apiKeyRoutes(deps),
    ...onCallRoutes(deps),
    ...playbookRoutes(deps),
    ...referenceRoutes(deps),
    ...templateRoutes(deps),
    ...deliveryRoutes(deps),
  ];
}

/** The OpenAPI document of the API, without an API to run. */
export function describeApi(version: string): object {
  // Dependencies are for answering; a description asks for none.
  return openApiDocument(allRoutes({} as ApiDeps), version);
}

const withRequestId: RequestHandler = (request, response, next) => {
  const requestId = requestIdIn(request);
  response.locals['requestId'] = requestId;
  response.set('x-request-id', requestId);
  next();
};

const requireJson: RequestHandler = (request, _response, next) => {
  const length = request.headers['content-length'];
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (hasBody && !request.is('json'))
    throw new Problem('unsupported_media_type', 'Send JSON: Content-Type: application/json');
  next();
};

const NO_QUERY = z.strictObject({});

/** Asks who it is before anything is read: the body of a stranger is not parsed. */
function admit({ apiKeys }: ApiDeps, { operation }: Route): RequestHandler {
  return async (request, response, next) => {
    response.locals['caller'] = await authenticate(request, { apiKeys, operation });
    next();
  };
}

function callFrom(route: Route, request: Request, response: Response) {
  return {
    ...(response.locals['caller'] as Caller),
    params: readPath(route.params, request.params),
    query: readQuery(route.query ?? NO_QUERY, request.query),
    body: readBody(route.body, request.body ?? {}),
    requestId: response.locals['requestId'] as string,
    idempotencyKey: idempotencyKeyIn(request),
    ifMatch: ifMatchIn(request),
    ifNoneMatch: request.get('if-none-match'),
    accept: request.get('accept'),
  } satisfies Call<unknown, unknown, unknown>;
}

/** Nothing is said before there is something to say: a stream that fails at once is still answered with a problem. */
async function stream(response: Response, chunks: AsyncIterable<string>, begin: () => void): Promise<void> {
  for await (const chunk of chunks) {
    if (response.destroyed) return;
    if (!response.headersSent) begin();
    if (!response.write(chunk))
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  response.end();
}

async function send(
  response: Response,
  { status = 200, headers = {}, body, stream: chunks }: Reply,
): Promise<void> {
  const begin = () => void response.status(status).set(headers);
  if (chunks) return stream(response, chunks, begin);
  begin();
  if (body === undefined) response.end();
  // Not `send`: that answers 304 by itself, to `If-None-Match: *` even where there is no entity tag.
  else response.type('application/json').end(JSON.stringify(body));
}

const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** The API over its dependencies; `version` is the package's, for the documentation. */
export function createApp(deps: ApiDeps, { version }: { version: string }): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(withRequestId, securityHeaders());
  app.use(healthRouter(deps));
  const routes = allRoutes(deps);
  app.use(docsRouter(openApiDocument(routes, version)));
  const readJson = ({ bodyLimit = BODY_LIMIT }: Route) => [
    requireJson,
    express.json({ limit: bodyLimit, strict: true }),
  ];
  for (const route of routes)
    app[route.method](
      expressPath(route.path),
      admit(deps, route),
      ...(route.body ? readJson(route) : []),
      async (request: Request, response: Response) => {
        const call = callFrom(route, request, response);
        await send(response, await route.handle(call as Call<never, never, never>));
      },
    );
  for (const path of new Set(routes.map((route) => route.path)))
    app.all(
      expressPath(path),
      methodNotAllowed(routes.filter((route) => route.path === path).map(({ method }) => method)),
    );
  app.use(notFound);
  app.use(problemHandler((error, requestId) => deps.onBug(error, requestId)));
  return app;
}
