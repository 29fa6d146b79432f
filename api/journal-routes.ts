/** What the routes share that ask something of a journal, a task, a problem, a review or a run: how they answer. */
import type { z } from 'zod';
import type { ProblemCode } from './problem.ts';

/**
 * The contract of such a route but for its names: 200 with the journal after the request, once that is in its log; the
 * problems of the request, and those that each of them has.
 */
export const answersOfJournal = ({
  noun,
  schema,
  headers,
  problems,
}: {
  noun: string;
  schema: z.ZodType;
  headers: Record<string, string>;
  problems: readonly ProblemCode[];
}) => ({
  method: 'post' as const,
  preconditions: ['if-match'] as const,
  answers: { 200: { description: `In its log; the ${noun} after it`, schema, headers } },
  problems: [
    ...problems,
    'precondition_failed',
    'idempotency_key_reused',
    'engine_unavailable',
  ] satisfies ProblemCode[],
});
