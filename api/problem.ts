/** Every error answer is an RFC 9457 problem document; here is the one table from code to HTTP status. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import type { RefusalCode } from '../domain/refusals.ts';
import { EngineUnavailable, Refused } from './engine.ts';

const STATUS = {
  malformed_json: 400,
  cursor_invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  ticket_not_found: 404,
  method_not_allowed: 405,
  ticket_closed: 409,
  ticket_cancelled: 409,
  ticket_resolved: 409,
  ticket_not_resolved: 409,
  already_acknowledged: 409,
  already_on_hold: 409,
  not_on_hold: 409,
  same_priority: 409,
  same_tier: 409,
  external_reference_taken: 409,
  precondition_failed: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  invalid: 422,
  idempotency_key_reused: 422,
  public_question_missing: 422,
  tier_unknown: 422,
  policy_unknown: 422,
  internal_error: 500,
  engine_unavailable: 503,
} as const satisfies Record<string, number> & Record<RefusalCode, number>;

export type ProblemCode = keyof typeof STATUS;
export const PROBLEM_CODES = Object.keys(STATUS) as ProblemCode[];
export const statusOf = (code: ProblemCode): number => STATUS[code];

const TITLES: Record<number, string> = {
  400: 'Malformed request',
  401: 'Authentication required',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict with the state of the ticket',
  412: 'Precondition failed',
  413: 'Body too large',
  415: 'Unsupported media type',
  422: 'Invalid request',
  500: 'Internal error',
  503: 'Temporarily unavailable',
};

/** One fault of a request: where (JSON pointer), which, and in words. */
export interface FieldError {
  pointer: string;
  code: string;
  message: string;
}

/** Ends a request with a problem document. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[];
  readonly extra: Record<string, unknown>;
  readonly headers: Record<string, string>;
  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      errors?: readonly FieldError[];
      extra?: Record<string, unknown>;
      headers?: Record<string, string>;
    } = {},
  ) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.errors = more.errors ?? [];
    this.extra = more.extra ?? {};
    this.headers = more.headers ?? {};
  }
}

const escapeToken = (token: PropertyKey): string => String(token).replaceAll('~', '~0').replaceAll('/', '~1');
export const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((token) => `/${escapeToken(token)}`).join('');

/** One error per fault; each unknown field is named by itself. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [{ pointer: pointerOf(issue.path), code: issue.code, message: issue.message }];
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key]),
      code: 'unknown_field',
      message: `${key} is not a field here`,
    }));
  });
}

interface BodyParserError {
  type: string;
}
const isBodyParserError = (error: unknown): error is BodyParserError =>
  typeof (error as BodyParserError | null)?.type === 'string';

const RETRY_AFTER_S = '2';

/** What any thrown thing means to the caller. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refused) {
    const { code, message, state, pointer } = error.refusal;
    return new Problem(code, message, {
      ...(pointer && { errors: [{ pointer, code, message }] }),
      ...(state && { extra: { state } }),
    });
  }
  if (error instanceof EngineUnavailable)
    return new Problem('engine_unavailable', `${error.message}; try again with the same Idempotency-Key`, {
      headers: { 'retry-after': RETRY_AFTER_S },
    });
  if (isBodyParserError(error)) {
    if (error.type === 'entity.too.large')
      return new Problem('body_too_large', 'The body is larger than 64 KB');
    if (error.type === 'entity.parse.failed') return new Problem('malformed_json', 'The body is not JSON');
    if (error.type === 'charset.unsupported' || error.type === 'encoding.unsupported')
      return new Problem('unsupported_media_type', 'The body must be JSON in UTF-8');
  }
  return new Problem('internal_error', 'Something went wrong here; the request id names it in the logs');
}

export function sendProblem(response: Response, problem: Problem): void {
  const status = statusOf(problem.code);
  response
    .status(status)
    .set(problem.headers)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `/docs/problems#${problem.code}`,
        title: TITLES[status],
        status,
        detail: problem.message,
        code: problem.code,
        instance: response.req.originalUrl,
        requestId: response.locals['requestId'] as string,
        ...problem.extra,
        ...(problem.errors.length > 0 && { errors: problem.errors }),
      }),
    );
}

export const notFound: RequestHandler = (request) => {
  throw new Problem('not_found', `There is nothing at ${request.method} ${request.path}`);
};

/** Express recognises an error handler by its four parameters. */
export function problemHandler(onBug: (error: unknown, requestId: string) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const problem = problemOf(error);
    if (problem.code === 'internal_error') onBug(error, response.locals['requestId'] as string);
    sendProblem(response, problem);
  };
}
