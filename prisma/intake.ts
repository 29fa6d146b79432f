/** What callers send, taken in before the engine is asked: receipts of idempotency keys, texts, references. */
import { createHash, randomBytes } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { TextReference } from '../domain/events.ts';
import type { Database } from './client.ts';

export interface Intake {
  /** Names the message for good. */
  messageId: string;
  ticketId: string;
  /** Hash of the body, where the caller gave an idempotency key. */
  bodyHash?: string | undefined;
  /** Free text and personal data, kept erasable. */
  text?: Record<string, unknown> | undefined;
  external?: { system: string; id: string } | undefined;
}

export interface Received {
  /** The ticket that this message, or an earlier one with the same key, is about. */
  ticketId: string;
  /** The key was used before. */
  replayed: boolean;
  /** The key was used before, with another body. */
  conflict: boolean;
  text?: TextReference;
  /** Who holds the external reference. */
  externalTicketId?: string;
}

export interface IntakeStore {
  receive(intake: Intake): Promise<Received>;
  /** Forgets a message that was refused: its key may be used again, its text is gone. */
  release(messageId: string): Promise<void>;
  /** The message is about this ticket instead of the one it was received for. */
  adopt(messageId: string, ticketId: string): Promise<void>;
  ticketOf(external: { system: string; id: string }): Promise<string | null>;
}

/** Whatever is made from a fact of a ticket is named after this, so that it is made once, however often it is told. */
export const factDigest = (ticketId: string, factId: string): string =>
  createHash('sha256').update(`${ticketId}/${factId}`).digest('hex');

const textId = (messageId: string): string => `txt_${messageId}`;

/**
 * Salted, so that the digest in the ledger does not give away a short text. Of the canonical form: what is stored
 * comes back with its fields in another order, and must still have this digest.
 */
export function textDigest(salt: string, body: unknown): string {
  return createHash('sha256').update(salt).update(canonicalJson(body)).digest('hex');
}

interface Answer {
  ticketId: string;
  bodyHash: string | null;
  replayed: boolean;
  digest?: string | null;
  externalTicketId?: string | null;
}

function saltedText(messageId: string, body: Record<string, unknown>) {
  const salt = randomBytes(16).toString('hex');
  return { id: textId(messageId), salt, body, digest: textDigest(salt, body) };
}

export function createIntakeStore(database: Database): IntakeStore {
  return {
    async receive({ messageId, ticketId, bodyHash, text, external }) {
      if (!bodyHash && !text && !external) return { ticketId, replayed: false, conflict: false };
      const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
      const receipt = json(bodyHash && { id: messageId, bodyHash });
      const [row] = await database.$queryRaw<{ answer: Answer }[]>`
        SELECT tierline_receive(${receipt}::jsonb, ${ticketId},
          ${json(text && saltedText(messageId, text))}::jsonb, ${json(external)}::jsonb) AS answer`;
      const { answer } = row!;
      return {
        ticketId: answer.ticketId,
        replayed: answer.replayed,
        conflict: bodyHash !== undefined && answer.bodyHash !== bodyHash,
        ...(answer.digest && { text: { id: textId(messageId), digest: answer.digest } }),
        ...(answer.externalTicketId && { externalTicketId: answer.externalTicketId }),
      };
    },
    async release(messageId) {
      await database.$executeRaw`
        WITH forgotten AS (DELETE FROM receipts WHERE id = ${messageId})
        DELETE FROM texts WHERE id = ${textId(messageId)}`;
    },
    async adopt(messageId, ticketId) {
      await database.$executeRaw`
        WITH moved AS (UPDATE receipts SET ticket_id = ${ticketId} WHERE id = ${messageId})
        UPDATE texts SET ticket_id = ${ticketId} WHERE id = ${textId(messageId)}`;
    },
    async ticketOf({ system, id }) {
      const row = await database.externalReference.findUnique({ where: { system_id: { system, id } } });
      return row?.ticketId ?? null;
    },
  };
}
