/**
 * Sealing: a value that nobody may see is encrypted at the door (AES-256-GCM) and goes about as an id. It is opened only
 * where a command is made ready.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { SealedValueStore } from '../prisma/sealed-values.ts';

export interface Sealing {
  /** Encrypts a value for a ticket, and answers the id that stands for it: `sealed_…`. */
  seal(value: string, about: { ticket: string }): Promise<string>;
  /** The value. Throws `CannotOpen` for an id of another ticket, or one whose key is not here. */
  open(id: string, about: { ticket: string }): Promise<string>;
}

/** It says what is missing, never what is in it. */
export class CannotOpen extends Error {
  constructor(id: string, reason: string) {
    super(`${id} cannot be opened: ${reason}`);
    this.name = 'CannotOpen';
  }
}

const CIPHER = 'aes-256-gcm';
export const SEALING_KEY_BYTES = 32;
/** As NIST SP 800-38D recommends for random nonces: 96 bits. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const idOfKey = (key: Uint8Array): string => createHash('sha256').update(key).digest('hex').slice(0, 16);
/** Bound into the encryption, so that a row cannot be given another name or ticket. */
const labelOf = (id: string, ticket: string): Buffer => Buffer.from(`${id}\n${ticket}`);

/** `keys`: the first seals; all of them open. Each is 32 bytes. */
export function createSealing({
  keys,
  values,
}: {
  keys: readonly Uint8Array[];
  values: SealedValueStore;
}): Sealing {
  const [first] = keys;
  if (!first) throw new Error('Sealing needs a key');
  const byId = new Map(keys.map((key) => [idOfKey(key), key]));
  return {
    async seal(value, { ticket }) {
      const id = `sealed_${randomBytes(16).toString('hex')}`;
      const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
      const cipher = createCipheriv(CIPHER, first, nonce).setAAD(labelOf(id, ticket));
      const parts = [cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()];
      const ciphertext = new Uint8Array(Buffer.concat(parts));
      await values.add({ id, ticketId: ticket, keyId: idOfKey(first), nonce, ciphertext });
      return id;
    },
    async open(id, { ticket }) {
      const sealed = await values.get(id);
      if (!sealed) throw new CannotOpen(id, 'there is no such value');
      const key = byId.get(sealed.keyId);
      if (!key) throw new CannotOpen(id, `it was sealed with the key ${sealed.keyId}, which is not here`);
      const { nonce, ciphertext } = sealed;
      const text = ciphertext.subarray(0, ciphertext.byteLength - TAG_BYTES);
      const tag = ciphertext.subarray(ciphertext.byteLength - TAG_BYTES);
      try {
        const decipher = createDecipheriv(CIPHER, key, nonce).setAAD(labelOf(id, ticket)).setAuthTag(tag);
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
      } catch {
        throw new CannotOpen(id, 'it belongs to another ticket, or was changed');
      }
    },
  };
}
