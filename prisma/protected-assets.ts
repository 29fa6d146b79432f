/** Protected assets: what containment never touches, or only with consent. */
import type { Actor } from '../domain/events.ts';
import type { Protection } from '../domain/protection.ts';
import type { Database } from './client.ts';
import type { ProtectedAsset as Row } from './generated/client.ts';

export interface ProtectedAsset extends Protection {
  id: string;
  reason: string;
  addedBy: Actor;
  addedAt: number;
}

export interface ProtectedAssetMark {
  at: number;
  id: string;
}

export interface ProtectedAssetStore {
  /** Once for one id. */
  add(asset: Omit<ProtectedAsset, 'addedAt'>): Promise<void>;
  get(id: string): Promise<ProtectedAsset | null>;
  /** Newest first; without those that were taken away. */
  list(page: { after: ProtectedAssetMark | null; limit: number }): Promise<ProtectedAsset[]>;
  /** Everything that protects now. */
  all(): Promise<ProtectedAsset[]>;
  /** False where it is not there, or not any more. */
  remove(id: string, by: Actor): Promise<boolean>;
}

const assetOf = ({ removedBy: _by, removedAt: _at, ...row }: Row): ProtectedAsset => ({
  ...row,
  kind: row.kind as Protection['kind'],
  mode: row.mode as Protection['mode'],
  until: row.until?.getTime() ?? null,
  addedBy: row.addedBy as unknown as Actor,
  addedAt: row.addedAt.getTime(),
});

export function createProtectedAssetStore(database: Database): ProtectedAssetStore {
  return {
    async add({ id, kind, pattern, mode, reason, until, addedBy }) {
      await database.$executeRaw`
        INSERT INTO protected_assets (id, kind, pattern, mode, reason, until, added_by)
        VALUES (${id}, ${kind}, ${pattern}, ${mode}, ${reason},
                ${until === null ? null : new Date(until)}::timestamptz, ${JSON.stringify(addedBy)}::jsonb)
        ON CONFLICT DO NOTHING`;
    },
    async get(id) {
      const row = await database.protectedAsset.findUnique({ where: { id } });
      return row && row.removedAt === null ? assetOf(row) : null;
    },
    async list({ after, limit }) {
      const at = after && new Date(after.at);
      const rows = await database.protectedAsset.findMany({
        where: {
          removedAt: null,
          ...(at && { OR: [{ addedAt: { lt: at } }, { addedAt: at, id: { gt: after.id } }] }),
        },
        orderBy: [{ addedAt: 'desc' }, { id: 'asc' }],
        take: limit,
      });
      return rows.map(assetOf);
    },
    async all() {
      return (await database.protectedAsset.findMany({ where: { removedAt: null } })).map(assetOf);
    },
    async remove(id, by) {
      const count = await database.$executeRaw`
        UPDATE protected_assets SET removed_by = ${JSON.stringify(by)}::jsonb, removed_at = clock_timestamp()
        WHERE id = ${id} AND removed_at IS NULL`;
      return count > 0;
    },
  };
}
