/** What the gate reads afresh, beside plans, authorisations and protected assets. */
import { createHash } from 'node:crypto';
import type { Consent } from '../domain/gate.ts';
import type { Database } from './client.ts';

/** What the body of a run's row has to say. */
type RunBody = Pick<Consent, 'licence' | 'approvals'> & Partial<Pick<Consent, 'halt'>>;

export interface GateReading {
  /** What the row of a run says of its consent; null where there is no such run. */
  consentOf(run: string): Promise<Consent | null>;
  isUnderLegalHold(ticketId: string): Promise<boolean>;
  /** Counts a target for a run; false where it would be one more than it may change. */
  countTarget(run: string, key: string, max: number): Promise<boolean>;
}

export function createGateReading(database: Database): GateReading {
  return {
    async consentOf(run) {
      const row = await database.containment.findUnique({ where: { id: run } });
      if (!row) return null;
      const { licence, approvals, halt = null } = row.body as unknown as RunBody;
      return { planHash: row.planHash, licence, approvals, halt };
    },
    async isUnderLegalHold(ticketId) {
      const rows = await database.$queryRaw<{ held: boolean }[]>`
        SELECT legal_hold AS held FROM tickets WHERE id = ${ticketId}`;
      return rows[0]?.held ?? false;
    },
    async countTarget(run, key, max) {
      const hash = createHash('sha256').update(key).digest('hex');
      const rows = await database.$queryRaw<{ may: boolean }[]>`
        SELECT tierline_count_target(${run}, ${hash}, ${max}::int) AS may`;
      return rows[0]!.may;
    },
  };
}
