/** Headers that mean the same on every route: request id, idempotency key, preconditions. */
import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { invalidHeader } from './input.ts';

/** A caller's own id for the request goes through logs, ledger and answers; without one we make it. */
export function requestIdIn(request: Request): string {
  const given = request.get('x-request-id');
  return given && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
}

export function idempotencyKeyIn(request: Request): string | undefined {
  const key = request.get('idempotency-key');
  if (key === undefined || (key.length > 0 && key.length <= 255)) return key;
  throw invalidHeader('Idempotency-Key', 'must have 1 to 255 characters');
}

/** An entity tag is the ticket's sequence in quotes. */
export const etagOf = ({ sequence }: { sequence: number }): string => `"${sequence}"`;

/** The sequence in `If-Match`; undefined where any will do. */
export function ifMatchIn(request: Request): number | undefined {
  const tag = request.get('if-match');
  if (tag === undefined || tag === '*') return undefined;
  const [, digits] = /^"(\d{1,15})"$/.exec(tag) ?? [];
  if (digits !== undefined) return Number(digits);
  throw invalidHeader('If-Match', 'must be the ETag of the ticket, such as "7"');
}

/** Whether `If-None-Match` names this entity tag (RFC 9110 §13.1.2: weakly compared, one or more, or `*`). */
export function isKnownTo(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes('*') || tags.includes(etag);
}
