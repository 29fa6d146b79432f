/** Opaque cursors: where the next page starts, good only for the same filters. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Problem } from './problem.ts';

const hashOf = (filters: unknown): string =>
  createHash('sha256').update(JSON.stringify(filters)).digest('base64url').slice(0, 12);

export function encodeCursor(mark: unknown, filters: unknown): string {
  return Buffer.from(JSON.stringify({ mark, filters: hashOf(filters) })).toString('base64url');
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/**
 * The mark in a cursor; null without one. Throws a 400 problem where it is none of ours or belongs to other filters:
 * anybody can write one, so the mark is checked like any input.
 */
export function decodeCursor<M>(
  cursor: string | undefined,
  { filters, mark }: { filters: unknown; mark: z.ZodType<M> },
): M | null {
  if (cursor === undefined) return null;
  const read = z.strictObject({ mark, filters: z.literal(hashOf(filters)) }).safeParse(parsed(cursor));
  if (read.success) return read.data.mark as M;
  throw new Problem(
    'cursor_invalid',
    'This cursor belongs to another list or other filters; start without it',
  );
}

/** One page of `rows`, read one row further than `limit` to know whether there are more. */
export function pageOf<R>(
  rows: readonly R[],
  { limit, filters, markOf }: { limit: number; filters: unknown; markOf: (row: R) => unknown },
): { rows: readonly R[]; page: { hasMore: boolean; nextCursor: string | null } } {
  const shown = rows.slice(0, limit);
  const hasMore = rows.length > limit;
  const last = shown.at(-1);
  return {
    rows: shown,
    page: { hasMore, nextCursor: hasMore && last ? encodeCursor(markOf(last), filters) : null },
  };
}
