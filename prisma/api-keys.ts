/** API keys: 256 random bits, stored as SHA-256, shown once. A personal one says whose it is. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../domain/events.ts';
import type { Role } from '../domain/role.ts';
import type { Database } from './client.ts';
import type { ApiKey as Row } from './generated/client.ts';
import type { NamePage } from './people.ts';

/** What a key says of its bearer. */
export interface ApiKey {
  id: string;
  name: string;
  role: string;
  /** Whose it is; null for one that many use. */
  person: string | null;
  /** The team that the directory has that person in. */
  team: string | null;
  /** Of an agent: the only tier whose queue it pulls from. */
  tier: number | null;
}

export interface ApiKeyRecord extends Omit<ApiKey, 'team'> {
  createdAt: Date;
  /** Null for one that was made at the machine (`tierline keys create`, the first start). */
  createdBy: Actor | null;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

export interface NewApiKey {
  name: string;
  role: Role;
  person?: string | undefined;
  tier?: number | undefined;
  /** Epoch milliseconds. */
  expiresAt?: number | undefined;
  by?: Actor;
}

export interface ApiKeyStore {
  /** Makes a key and answers it in clear, for the only time. */
  create(key: NewApiKey): Promise<{ id: string; secret: string }>;
  /** The key that this text is, unless it is unknown, revoked or expired, or its person has left. */
  find(text: string): Promise<ApiKey | null>;
  get(id: string): Promise<ApiKeyRecord | null>;
  /** By id, revoked ones too; all of them without a page. */
  list(page?: NamePage): Promise<ApiKeyRecord[]>;
  /** False where there is no such key, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
}

const FORM = /^tl_([0-9a-f]{16})_([\w-]{43})$/;
const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
/** A key's last use is worth a write this often, not at every request. */
const LAST_USED_EVERY_MS = 3_600_000;

const recordOf = ({ hash: _hash, createdBy, ...row }: Row): ApiKeyRecord => ({
  ...row,
  createdBy: createdBy as unknown as Actor | null,
});

/** Neither revoked nor past its time. */
export const isLive = (
  { revokedAt, expiresAt }: Pick<Row, 'revokedAt' | 'expiresAt'>,
  now: number,
): boolean => revokedAt === null && (expiresAt === null || expiresAt.getTime() > now);

export function createApiKeyStore(database: Database): ApiKeyStore {
  return {
    async create({ name, role, person, tier, expiresAt, by }) {
      const id = randomBytes(8).toString('hex');
      const secret = `tl_${id}_${randomBytes(32).toString('base64url')}`;
      await database.apiKey.create({
        data: {
          id,
          name,
          role,
          hash: digestOf(secret),
          person: person ?? null,
          tier: tier ?? null,
          expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
          ...(by && { createdBy: by as object }),
        },
      });
      return { id, secret };
    },
    async find(text) {
      const [, id] = FORM.exec(text) ?? [];
      if (!id) return null;
      const row = await database.apiKey.findUnique({ where: { id } });
      if (!row || !isLive(row, Date.now())) return null;
      if (!timingSafeEqual(Buffer.from(row.hash), Buffer.from(digestOf(text)))) return null;
      const { name, role, person, tier } = row;
      const agent = person === null ? null : await database.agent.findUnique({ where: { id: person } });
      if (agent?.active === false) return null;
      if ((row.lastUsedAt?.getTime() ?? 0) < Date.now() - LAST_USED_EVERY_MS)
        await database.apiKey.update({ where: { id }, data: { lastUsedAt: new Date() } });
      return { id, name, role, person, team: agent?.team ?? null, tier };
    },
    async get(id) {
      const row = await database.apiKey.findUnique({ where: { id } });
      return row && recordOf(row);
    },
    async list(page) {
      const rows = await database.apiKey.findMany({
        where: page?.after ? { id: { gt: page.after } } : {},
        orderBy: { id: 'asc' },
        ...(page && { take: page.limit }),
      });
      return rows.map(recordOf);
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
