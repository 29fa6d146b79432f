/**
 * The register of what is in force: which run holds which effect on which target. It is written with the units that
 * bring effects about and take them back (prisma/units.ts); here it is read.
 */
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { Prisma } from './generated/client.ts';
import { ofVisibleTicket } from './visibility.ts';

/**
 * How a hold stands. `acquiring`, `releasing`: a unit is at it. `uncertain`: it may be in force, somebody has to look.
 */
export type HoldState = 'acquiring' | 'held' | 'releasing' | 'uncertain' | 'released';

/** Why a run holds an effect no more: it was undone, others hold it on, or it was never brought about. */
export type ReleasedBecause = 'undone' | 'stillHeld' | 'neverThere';

export interface Hold {
  id: bigint;
  effect: string;
  targetKey: string;
  run: string;
  ticketId: string;
  /** The unit that moved it last. */
  unit: string;
  state: HoldState;
  /** The artifact that says how things were before. */
  snapshotHash: string | null;
  since: Date;
  releasedAt: Date | null;
  releasedBecause: ReleasedBecause | null;
}

export interface HoldFilter {
  ticket?: string | undefined;
  run?: string | undefined;
  effect?: string | undefined;
  /** Key of the target, as the register has it. */
  target?: string | undefined;
  /** Whose tickets count: null, everybody's. */
  sight: Sight;
  /** What was in force once, too. */
  released?: boolean | undefined;
}

export interface InForceStore {
  /** The newest first; `after`: the last id of the page before. */
  list(filter: HoldFilter, page: { after: bigint | null; limit: number }): Promise<Hold[]>;
}

const equals = (column: Prisma.Sql, value: string | undefined): Prisma.Sql =>
  value === undefined ? Prisma.sql`true` : Prisma.sql`${column} = ${value}`;

export function createInForceStore(database: Database): InForceStore {
  return {
    list: ({ ticket, run, effect, target, released, sight }, { after, limit }) => database.$queryRaw<Hold[]>`
      SELECT h.id, h.effect, h.target_key AS "targetKey", h.run, h.ticket_id AS "ticketId", h.unit, h.state,
             h.snapshot_hash AS "snapshotHash", h.since, h.released_at AS "releasedAt",
             h.released_because AS "releasedBecause"
      FROM in_force h
      WHERE ${equals(Prisma.sql`h.ticket_id`, ticket)} AND ${equals(Prisma.sql`h.run`, run)}
        AND ${equals(Prisma.sql`h.effect`, effect)} AND ${equals(Prisma.sql`h.target_key`, target)}
        AND ${ofVisibleTicket(Prisma.sql`h.ticket_id`, sight)}
        AND (${released ?? false} OR h.released_at IS NULL)
        AND (${after}::bigint IS NULL OR h.id < ${after}::bigint)
      ORDER BY h.id DESC LIMIT ${limit}`,
  };
}
