/** API keys: 256 random bits, stored as SHA-256, shown once. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from './client.ts';

export interface ApiKey {
  id: string;
  name: string;
  role: string;
}

export interface ListedApiKey extends ApiKey {
  createdAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

export interface ApiKeyStore {
  /** Makes a key and answers it in clear, for the only time. */
  create(key: { name: string; role: string }): Promise<{ id: string; secret: string }>;
  /** The key that this text is, unless it is unknown or revoked. */
  find(text: string): Promise<ApiKey | null>;
  list(): Promise<ListedApiKey[]>;
  /** False where there is no such key, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
}

const FORM = /^tl_([0-9a-f]{16})_([\w-]{43})$/;
const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
/** A key's last use is worth a write this often, not at every request. */
const LAST_USED_EVERY_MS = 3_600_000;

export function createApiKeyStore(database: Database): ApiKeyStore {
  return {
    async create({ name, role }) {
      const id = randomBytes(8).toString('hex');
      const secret = `tl_${id}_${randomBytes(32).toString('base64url')}`;
      await database.apiKey.create({ data: { id, name, role, hash: digestOf(secret) } });
      return { id, secret };
    },
    async find(text) {
      const [, id] = FORM.exec(text) ?? [];
      if (!id) return null;
      const row = await database.apiKey.findUnique({ where: { id } });
      if (!row || row.revokedAt !== null) return null;
      if (!timingSafeEqual(Buffer.from(row.hash), Buffer.from(digestOf(text)))) return null;
      if ((row.lastUsedAt?.getTime() ?? 0) < Date.now() - LAST_USED_EVERY_MS)
        await database.apiKey.update({ where: { id }, data: { lastUsedAt: new Date() } });
      return { id, name: row.name, role: row.role };
    },
    async list() {
      const rows = await database.apiKey.findMany({ orderBy: { createdAt: 'asc' } });
      return rows.map(({ hash: _hash, ...row }) => row);
    },
    async revoke(id) {
      const { count } = await database.apiKey.updateMany({
        where: { id, revokedAt: null },
        data: { revokedAt: new Date() },
      });
      return count === 1;
    },
  };
}
