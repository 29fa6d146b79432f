/** What the OpenAPI document promises, held against every answer that a test sees. */
import type { Response } from 'supertest';
import { allRoutes } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { problemsOf } from '../../api/openapi.ts';
import type { Route } from '../../api/route.ts';
import { problemSchema } from '../../api/schemas/common.ts';

interface Asked {
  method: string;
  path: string;
}

export interface Contract {
  routes: readonly Route[];
  /** Throws where the answer is not as described for its route. */
  check(response: Response, asked: Asked): void;
  /** `operationId status` of everything seen so far. */
  seen: ReadonlySet<string>;
}

const pathOf = (url: string): string => url.split('?')[0]!;

function matches(route: Route, { method, path }: Asked): boolean {
  const pattern = route.path.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]+');
  const methods = route.method === 'get' ? ['get', 'head'] : [route.method];
  return methods.includes(method) && new RegExp(`^${pattern}$`).test(pathOf(path));
}

function fail(asked: Asked, response: Response, why: string, cause?: unknown): never {
  const answer = `${response.status} ${response.text?.slice(0, 2_000)}`;
  throw new Error(`${asked.method} ${asked.path} broke its contract: ${why}\n${answer}`, { cause });
}

/** Fields that a schema does not name are stripped by parsing: what is left must be all there was. */
function surplus(seen: unknown, known: unknown): boolean {
  return JSON.stringify(seen, sorted) !== JSON.stringify(known, sorted);
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function createContract(deps: ApiDeps): Contract {
  const routes = allRoutes(deps);
  const seen = new Set<string>();

  const checkProblem = (response: Response, asked: Asked, route: Route | undefined) => {
    const problem = problemSchema.safeParse(JSON.parse(response.text));
    if (!problem.success) fail(asked, response, 'not a problem document', problem.error);
    if (surplus(JSON.parse(response.text), problem.data))
      fail(asked, response, 'a problem with unknown fields');
    const { code, status, requestId } = problem.data;
    if (status !== response.status) fail(asked, response, 'the status in the body is another');
    if (requestId !== response.headers['x-request-id']) fail(asked, response, 'the request id is another');
    if (route && !problemsOf(route).some((one) => one === code))
      fail(asked, response, `${route.operationId} does not say that it can answer ${code}`);
  };

  const checkAnswer = (response: Response, asked: Asked, route: Route) => {
    const answer = route.answers[response.status];
    if (!answer) fail(asked, response, `${route.operationId} does not describe this status`);
    for (const header of Object.keys(answer.headers ?? {}))
      if (response.headers[header.toLowerCase()] === undefined) fail(asked, response, `no header ${header}`);
    if (!answer.schema || asked.method === 'head') return;
    const isOther = answer.contentType && response.headers['content-type']?.startsWith(answer.contentType);
    if (isOther) return;
    const body = JSON.parse(response.text) as unknown;
    const read = answer.schema.safeParse(body);
    if (!read.success) fail(asked, response, 'not as its schema says', read.error);
    if (surplus(body, read.data)) fail(asked, response, 'fields that its schema does not name');
  };

  return {
    routes,
    seen,
    check(response, asked) {
      const route = routes.find((one) => matches(one, asked));
      if (response.headers['x-request-id'] === undefined) fail(asked, response, 'no x-request-id');
      if (route) seen.add(`${route.operationId} ${response.status}`);
      const isProblem = response.headers['content-type']?.startsWith('application/problem+json') ?? false;
      if (response.status >= 400 && !isProblem)
        fail(asked, response, 'an error that is not a problem document');
      if (asked.method === 'head') return;
      if (isProblem) checkProblem(response, asked, route);
      else if (route) checkAnswer(response, asked, route);
    },
  };
}
