/** One way in for everything that changes a ticket: message id, receipt, text, and the answer to a repeat. */
import { createHash, randomUUID } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { TextReference } from '../domain/events.ts';
import type { IntakeStore } from '../prisma/intake.ts';
import { Problem } from './problem.ts';

export interface Incoming {
  actor: { subject: string };
  method: string;
  /** The route's path with the ticket's own id, so that both names of a ticket share their keys. */
  path: string;
  idempotencyKey: string | undefined;
  ticketId: string;
  body: unknown;
  text?: Record<string, unknown> | undefined;
  external?: { system: string; id: string } | undefined;
}

export interface TakenIn {
  messageId: string;
  ticketId: string;
  text?: TextReference;
  replayed: boolean;
  externalTicketId?: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** hash(caller, method, path, key): the same key of another caller is another message (docs/rules.md §1). */
export function messageIdOf({
  actor,
  method,
  path,
  idempotencyKey,
}: Pick<Incoming, 'actor' | 'method' | 'path' | 'idempotencyKey'>): string {
  if (idempotencyKey === undefined) return randomUUID();
  return sha256(JSON.stringify([actor.subject, method, path, idempotencyKey]));
}

/** What a body said, whatever the order of its fields. */
export const bodyHashOf = (body: unknown): string => sha256(canonicalJson(body));

/** Takes a message in; a 422 problem where its key was used with another body. */
export async function takeIn(intake: IntakeStore, incoming: Incoming): Promise<TakenIn> {
  const messageId = messageIdOf(incoming);
  const { ticketId, text, external, idempotencyKey, body } = incoming;
  const bodyHash = idempotencyKey === undefined ? undefined : bodyHashOf(body);
  const received = await intake.receive({ messageId, ticketId, bodyHash, text, external });
  if (received.conflict)
    throw new Problem('idempotency_key_reused', 'This Idempotency-Key was used before with another body');
  const { conflict: _conflict, ...rest } = received;
  return { messageId, ...rest };
}
