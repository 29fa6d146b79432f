/**
 * What a route is: its contract and what answers it, in one value. Express gets its handler from it
 * (api/app.ts), the OpenAPI document its description (api/openapi.ts), so they cannot disagree.
 */
import type { z } from 'zod';
import type { Actor } from '../domain/events.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Operation } from './roles.ts';
import type { ProblemCode } from './problem.ts';

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** Sent as JSON; a generator of strings is streamed with the content type among the headers. */
  body?: unknown;
  stream?: AsyncIterable<string>;
}

/** What a handler gets: everything validated, and who asks. */
export interface Call<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  actor: Actor;
  /** Which tickets the caller may know of; whatever leaves goes by it. */
  sight: Sight;
  /** The only tier whose queue the caller's key pulls from; null for any. */
  tier: number | null;
  requestId: string;
  idempotencyKey: string | undefined;
  /** Sequence in `If-Match`; the request is for that state of the ticket only. */
  ifMatch: number | undefined;
  ifNoneMatch: string | undefined;
  /** What the caller would like, where a route answers in several formats. */
  accept: string | undefined;
}

export interface Answer {
  description: string;
  schema?: z.ZodType;
  example?: unknown;
  /** Where it is not JSON, or, beside a schema, not only. */
  contentType?: string;
  /** Headers that always come with it, with what they say. */
  headers?: Record<string, string>;
}

export interface Route {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{name}` for parameters, as OpenAPI writes it. */
  path: string;
  operationId: string;
  operation: Operation;
  summary: string;
  description?: string;
  tag: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** How large a body may be, such as `1mb`; as most may be, unless said. */
  bodyLimit?: string;
  /** A body, for the documentation. */
  example?: unknown;
  /** Headers by which the caller says what it knows of the ticket. */
  preconditions?: readonly ('if-match' | 'if-none-match')[];
  answers: Record<number, Answer>;
  /** Problems it can answer besides those every route can. */
  problems: readonly ProblemCode[];
  handle(call: Call<never, never, never>): Promise<Reply>;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : Record<string, never>;

/** A route whose handler sees the types of its own schemas. */
export function defineRoute<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(
  route: Omit<Route, 'params' | 'query' | 'body' | 'handle'> & {
    params?: P;
    query?: Q;
    body?: B;
    handle(call: Call<Parsed<P>, Parsed<Q>, Parsed<B>>): Promise<Reply>;
  },
): Route {
  return route as unknown as Route;
}
