/** Every error answer is an RFC 9457 problem document; here is the one table from code to HTTP status. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { RefusalCode } from '../domain/refusals.ts';
import { isDatabaseOutage } from '../prisma/outage.ts';
import { EngineUnavailable, Refused } from './engine-errors.ts';

const STATUS = {
  malformed_json: 400,
  malformed_request: 400,
  cursor_invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  approval_by_requester: 403,
  approver_role_missing: 403,
  personal_credentials_missing: 403,
  verification_by_completer: 403,
  acceptance_by_author: 403,
  override_not_allowed: 403,
  key_not_allowed: 403,
  lifted_by_placer: 403,
  not_found: 404,
  ticket_not_found: 404,
  ticket_not_opened_yet: 404,
  key_not_found: 404,
  policy_not_found: 404,
  calendar_not_found: 404,
  change_not_found: 404,
  article_not_found: 404,
  procedure_not_found: 404,
  schedule_not_found: 404,
  suggestion_not_found: 404,
  protected_asset_not_found: 404,
  authorisation_not_found: 404,
  team_not_found: 404,
  agent_not_found: 404,
  rota_not_found: 404,
  override_not_found: 404,
  customer_not_found: 404,
  service_not_found: 404,
  template_not_found: 404,
  task_not_found: 404,
  evidence_not_found: 404,
  problem_not_found: 404,
  playbook_not_found: 404,
  review_not_found: 404,
  method_not_allowed: 405,
  ticket_closed: 409,
  ticket_cancelled: 409,
  ticket_resolved: 409,
  ticket_not_resolved: 409,
  already_acknowledged: 409,
  already_on_hold: 409,
  not_on_hold: 409,
  same_priority: 409,
  nothing_changed: 409,
  policy_differs: 409,
  already_offered: 409,
  already_assigned: 409,
  already_joined: 409,
  already_linked: 409,
  already_major: 409,
  already_restored: 409,
  nothing_offered: 409,
  not_in_queue: 409,
  not_joined: 409,
  not_linked: 409,
  consult_not_open: 409,
  engagement_not_open: 409,
  draft_not_open: 409,
  item_not_open: 409,
  same_tier: 409,
  external_reference_taken: 409,
  change_in_progress: 409,
  suggestion_state: 409,
  authorisation_not_open: 409,
  change_not_awaiting_approval: 409,
  change_ended: 409,
  agent_absent: 409,
  agent_elsewhere: 409,
  at_capacity: 409,
  team_occupied: 409,
  on_call_taken: 409,
  override_ended: 409,
  task_open: 409,
  task_not_open: 409,
  task_not_done: 409,
  same_owner: 409,
  playbook_version_exists: 409,
  problem_exists: 409,
  problem_closed: 409,
  problem_not_closed: 409,
  problem_fixed: 409,
  approval_unknown: 404,
  run_over: 409,
  run_begun: 409,
  step_not_waiting: 409,
  answer_invalid: 422,
  evidence_missing: 422,
  already_stopped: 409,
  not_stopped: 409,
  already_rolling_back: 409,
  nothing_in_force: 409,
  break_glass_denied: 409,
  containment_not_found: 404,
  artifact_not_found: 404,
  review_open: 409,
  review_exists: 409,
  review_closed: 409,
  review_not_closed: 409,
  review_state: 409,
  review_full: 409,
  actions_open: 409,
  approval_not_open: 409,
  plan_changed: 409,
  already_voted: 409,
  ticket_linked: 409,
  ticket_not_linked: 409,
  evidence_disposed: 409,
  under_legal_hold: 409,
  already_security: 409,
  not_security: 409,
  obligation_not_running: 409,
  obligation_not_applicable: 409,
  already_reported: 409,
  already_named: 409,
  not_named: 409,
  already_held: 409,
  not_held: 409,
  precondition_failed: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  invalid: 422,
  literal_secret: 422,
  idempotency_key_reused: 422,
  public_question_missing: 422,
  due_not_later: 422,
  review_incomplete: 422,
  reason_missing: 422,
  handoff_incomplete: 422,
  promise_in_past: 422,
  cause_code_missing: 422,
  cause_code_unknown: 422,
  article_missing: 422,
  regime_unknown: 422,
  fact_unknown: 422,
  fact_in_future: 422,
  fact_out_of_reach: 422,
  obligation_unknown: 422,
  report_in_future: 422,
  report_before_anchor: 422,
  nobody_named: 422,
  consent_by_requester: 422,
  tier_unknown: 422,
  plan_refused: 422,
  agent_unknown: 422,
  team_unknown: 422,
  policy_unknown: 422,
  ticket_unknown: 422,
  examples_failed: 422,
  internal_error: 500,
  not_ready: 503,
  engine_unavailable: 503,
  database_unavailable: 503,
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
  409: 'Conflict with how things stand',
  412: 'Precondition failed',
  413: 'Body too large',
  415: 'Unsupported media type',
  422: 'Invalid request',
  500: 'Internal error',
  503: 'Temporarily unavailable',
};

/** One fault of a request: where, which, and in words. */
export interface FieldError {
  /** JSON pointer (RFC 6901) into the body. */
  pointer?: string;
  /** Name of the query parameter or header. */
  parameter?: string;
  /** Stable. */
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

/** A front end that comes back after so many seconds meets a restarted server or worker. */
export const RETRY_LATER = { 'retry-after': '2' };

function refusalProblem({ refusal: { code, message, state, pointer, errors } }: Refused): Problem {
  return new Problem(code, message, {
    ...(pointer && { errors: [{ pointer, code, message }] }),
    ...(errors && { errors }),
    ...(state && { extra: { state } }),
  });
}

/** What Express and its body parser throw (by http-errors). */
interface HttpError {
  status: number;
  type?: string;
}
const isClientError = (error: unknown): error is HttpError => {
  const status = (error as Partial<HttpError> | null)?.status;
  return status !== undefined && status >= 400 && status < 500;
};

function clientProblem({ status, type }: HttpError): Problem {
  if (status === 413) return new Problem('body_too_large', 'The body is larger than 64 KB');
  if (status === 415) return new Problem('unsupported_media_type', 'The body must be JSON in UTF-8');
  if (type === 'entity.parse.failed') return new Problem('malformed_json', 'The body is not a JSON object');
  return new Problem('malformed_request', 'The path or the body cannot be decoded');
}

/** What any thrown thing means to the caller. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refused) return refusalProblem(error);
  if (error instanceof EngineUnavailable)
    return new Problem('engine_unavailable', `${error.message}; try again with the same Idempotency-Key`, {
      headers: RETRY_LATER,
    });
  if (isDatabaseOutage(error))
    return new Problem('database_unavailable', 'The database does not answer at the moment; try again', {
      headers: RETRY_LATER,
    });
  if (isClientError(error)) return clientProblem(error);
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

/** The answer to every other method on a path that takes these. */
export function methodNotAllowed(methods: readonly string[]): RequestHandler {
  const allow = methods
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ');
  return (request) => {
    throw new Problem('method_not_allowed', `${request.method} is not possible here`, { headers: { allow } });
  };
}

/** Express recognises an error handler by its four parameters. */
export function problemHandler(onBug: (error: unknown, requestId: string) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const problem = problemOf(error);
    if (problem.code === 'internal_error') onBug(error, response.locals['requestId'] as string);
    sendProblem(response, problem);
  };
}
