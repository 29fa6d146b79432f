/** Alerts of queues that grew too long: one at a time for each, raised once, cleared once, and told until it is heard. */
import { randomUUID } from 'node:crypto';
import type { Surge } from '../domain/queue.ts';
import type { Database } from './client.ts';
import type { QueueAlert } from './generated/client.ts';

export type QueueAlertRecord = QueueAlert;

/** A queue: the tickets of a team at a tier, or those of no team. */
export interface QueueKey {
  tier: number;
  team: string | null;
}

export interface QueueAlertStore {
  /** How many wait in each queue of these tiers; one that is empty is not there. */
  depths(tiers: readonly number[]): Promise<(QueueKey & { depth: number })[]>;
  /** Alerts that stand. */
  open(): Promise<QueueAlertRecord[]>;
  /** Raises one, unless one stands already; whether this call did. */
  raise(queue: QueueKey, depth: number, surge: Surge): Promise<boolean>;
  /** Clears one, unless somebody did; whether this call did. */
  clear(id: string, depth: number): Promise<boolean>;
  /**
   * Alerts of which somebody has yet to be told. They are the caller's for the time of an attempt, the next one comes
   * later and later; after ten it is given up.
   */
  claimUntold(): Promise<QueueAlertRecord[]>;
  noteTold(id: string, what: 'raised' | 'cleared'): Promise<void>;
}

export function createQueueAlertStore(database: Database): QueueAlertStore {
  return {
    depths: (tiers) => database.$queryRaw<(QueueKey & { depth: number })[]>`
      SELECT q.tier, q.team, count(*)::int AS depth FROM queue_entries q
      WHERE q.tier = ANY(${[...tiers]}::int[]) GROUP BY q.tier, q.team`,
    open: () => database.queueAlert.findMany({ where: { clearedAt: null }, orderBy: { raisedAt: 'asc' } }),
    async raise({ tier, team }, depth, { policy, depth: threshold, clearAt, raiseTo, notify }) {
      const raised = await database.$executeRaw`
        INSERT INTO queue_alerts (id, tier, team, policy, threshold, clear_at, raise_to, notify, depth, raised_at)
        VALUES (${`qal_${randomUUID()}`}, ${tier}::int, ${team}, ${policy}, ${threshold}::int, ${clearAt}::int,
                ${raiseTo}::int, ${notify}, ${depth}::int, clock_timestamp())
        ON CONFLICT (tier, team) WHERE cleared_at IS NULL DO NOTHING`;
      return raised === 1;
    },
    async clear(id, depth) {
      const cleared = await database.$executeRaw`
        UPDATE queue_alerts SET cleared_at = clock_timestamp(), cleared_depth = ${depth}::int,
          attempts = 0, tell_after = clock_timestamp()
        WHERE id = ${id} AND cleared_at IS NULL`;
      return cleared === 1;
    },
    async claimUntold() {
      const ids = await database.$queryRaw<{ id: string }[]>`
        UPDATE queue_alerts SET attempts = attempts + 1,
          tell_after = clock_timestamp() + (20 + 10 * attempts) * interval '1 second'
        WHERE (raised_told_at IS NULL OR (cleared_at IS NOT NULL AND cleared_told_at IS NULL))
          AND tell_after <= clock_timestamp() AND attempts < 10
        RETURNING id`;
      return database.queueAlert.findMany({
        where: { id: { in: ids.map(({ id }) => id) } },
        orderBy: { raisedAt: 'asc' },
      });
    },
    async noteTold(id, what) {
      const told = what === 'raised' ? { raisedToldAt: new Date() } : { clearedToldAt: new Date() };
      await database.queueAlert.update({ where: { id }, data: told });
    },
  };
}
