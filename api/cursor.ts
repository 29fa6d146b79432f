/** Opaque cursors: where the next page starts, good only for the same filters. */
import { createHash } from 'node:crypto';
import { Problem } from './problem.ts';

const hashOf = (filters: unknown): string =>
  createHash('sha256').update(JSON.stringify(filters)).digest('base64url').slice(0, 12);

export function encodeCursor(mark: unknown, filters: unknown): string {
  return Buffer.from(JSON.stringify({ mark, filters: hashOf(filters) })).toString('base64url');
}

/** The mark in a cursor; null without one. Throws a 400 problem where it belongs to other filters. */
export function decodeCursor<M>(cursor: string | undefined, filters: unknown): M | null {
  if (cursor === undefined) return null;
  try {
    const { mark, filters: hash } = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as {
      mark: M;
      filters: string;
    };
    if (hash === hashOf(filters)) return mark;
  } catch {
    // Not one of ours: the same answer as for one of other filters.
  }
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
