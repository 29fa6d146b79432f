/** Values that nobody may see, as they are kept: encrypted, by an id that may be seen. */
import type { Database } from './client.ts';

export interface SealedValue {
  id: string;
  ticketId: string;
  keyId: string;
  nonce: Uint8Array<ArrayBuffer>;
  ciphertext: Uint8Array<ArrayBuffer>;
}

export interface SealedValueStore {
  add(sealed: SealedValue): Promise<void>;
  get(id: string): Promise<SealedValue | null>;
}

export function createSealedValueStore(database: Database): SealedValueStore {
  return {
    async add(sealed) {
      await database.sealedValue.create({ data: sealed });
    },
    get: (id) => database.sealedValue.findUnique({ where: { id }, omit: { createdAt: true } }),
  };
}
