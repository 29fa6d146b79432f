/** Rotas of people on call, and who takes over from whom for a while. */
import type { Override, Rota } from '../domain/rota.ts';
import type { Database } from './client.ts';
import { violates } from './constraints.ts';
import type { Rota as RotaRow, RotaOverride } from './generated/client.ts';

/** A rota as it is kept: for a tier or for a team, or for neither, and then it is only looked up. */
export interface NamedRota extends Rota {
  name: string;
  tier: number | null;
  team: string | null;
}
export interface RotaRecord extends NamedRota {
  updatedAt: Date;
}

export interface OverrideRecord extends Override {
  rota: string;
  reason: string | null;
  /** Who made it: the caller, and for whom it said it acts. */
  createdBy: string;
  createdAt: Date;
}
export type NewOverride = Omit<OverrideRecord, 'createdAt'>;

export interface RotaStore {
  get(name: string): Promise<RotaRecord | null>;
  /** All of them, by name. */
  all(): Promise<RotaRecord[]>;
  /** Stores it in place of what was said before; `taken` names the other rota that is for this tier or team. */
  put(rota: NamedRota): Promise<{ created: boolean } | { taken: string }>;
  /** Overrides of these rotas that end after `endingAfter`, in the order in which they were made. */
  overrides(rotas: readonly string[], endingAfter: number): Promise<OverrideRecord[]>;
  override(rota: string, id: string): Promise<OverrideRecord | null>;
  /** Stores it, once for its id; `overlaps` names the one that it would overlap. */
  addOverride(override: NewOverride): Promise<OverrideRecord | { overlaps: OverrideRecord }>;
  /** Takes back an override that has not begun, ends one that has; `over` where it had ended before. */
  endOverride(rota: string, id: string, now: number): Promise<'done' | 'over' | 'unknown'>;
}

const rotaOf = ({ startsAt, rotationMs, ...row }: RotaRow): RotaRecord => ({
  ...row,
  startsAt: startsAt.getTime(),
  rotationMs: Number(rotationMs),
});

const overrideOf = ({ fromAt, toAt, ...row }: RotaOverride): OverrideRecord => ({
  ...row,
  fromAt: fromAt.getTime(),
  toAt: toAt.getTime(),
});

/** The rota that holds the tier or the team; null where it has given it up meanwhile. */
async function holderOf(database: Database, { name, tier, team }: NamedRota): Promise<string | null> {
  const wanted = team === null ? { tier } : { team };
  const row = await database.rota.findFirst({
    where: { ...wanted, name: { not: name } },
    select: { name: true },
  });
  return row?.name ?? null;
}

export function createRotaStore(database: Database): RotaStore {
  const store: RotaStore = {
    async get(name) {
      const row = await database.rota.findUnique({ where: { name } });
      return row && rotaOf(row);
    },
    async all() {
      return (await database.rota.findMany({ orderBy: { name: 'asc' } })).map(rotaOf);
    },
    async put(rota) {
      const { name, tier, team, timezone, startsAt, rotationMs, members } = rota;
      try {
        const [row] = await database.$queryRaw<{ created: boolean }[]>`
          INSERT INTO rotas (name, tier, team, timezone, starts_at, rotation_ms, members, updated_at)
          VALUES (${name}, ${tier}, ${team}, ${timezone}, ${new Date(startsAt)}, ${rotationMs},
                  ${[...members]}::text[], clock_timestamp())
          ON CONFLICT (name) DO UPDATE SET
            tier = excluded.tier, team = excluded.team, timezone = excluded.timezone, starts_at = excluded.starts_at,
            rotation_ms = excluded.rotation_ms, members = excluded.members, updated_at = excluded.updated_at
          RETURNING xmax = 0 AS created`;
        return row!;
      } catch (error) {
        const taken = violates(error, 'unique') ? await holderOf(database, rota) : null;
        if (taken === null) throw error;
        return { taken };
      }
    },
    async overrides(rotas, endingAfter) {
      const rows = await database.rotaOverride.findMany({
        where: { rota: { in: [...rotas] }, toAt: { gt: new Date(endingAfter) } },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map(overrideOf);
    },
    async override(rota, id) {
      const row = await database.rotaOverride.findFirst({ where: { rota, id } });
      return row && overrideOf(row);
    },
    async addOverride({ id, rota, agent, fromAt, toAt, reason, createdBy }) {
      const [from, to] = [new Date(fromAt), new Date(toAt)];
      try {
        await database.$executeRaw`
          INSERT INTO rota_overrides (id, rota, agent, from_at, to_at, reason, created_by, created_at)
          VALUES (${id}, ${rota}, ${agent}, ${from}, ${to}, ${reason}, ${createdBy}, clock_timestamp())
          ON CONFLICT (id) DO NOTHING`;
      } catch (error) {
        if (!violates(error, 'overlap')) throw error;
        const other = await database.rotaOverride.findFirst({
          where: { rota, fromAt: { lt: to }, toAt: { gt: from } },
          orderBy: { fromAt: 'asc' },
        });
        if (!other) throw error;
        return { overlaps: overrideOf(other) };
      }
      return overrideOf(await database.rotaOverride.findUniqueOrThrow({ where: { id } }));
    },
    async endOverride(rota, id, now) {
      const at = new Date(now);
      const done = await database.$queryRaw<{ id: string }[]>`
        WITH taken_back AS (
          DELETE FROM rota_overrides WHERE rota = ${rota} AND id = ${id} AND from_at >= ${at} RETURNING id
        ), ended AS (
          UPDATE rota_overrides SET to_at = ${at}
          WHERE rota = ${rota} AND id = ${id} AND from_at < ${at} AND to_at > ${at} RETURNING id
        )
        SELECT id FROM taken_back UNION ALL SELECT id FROM ended`;
      if (done.length > 0) return 'done';
      return (await store.override(rota, id)) ? 'over' : 'unknown';
    },
  };
  return store;
}
