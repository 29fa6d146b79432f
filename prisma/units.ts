/** Units of containment runs: claimed by one worker, sent, and ended once, each by one SQL function (migration 0015). */
import type {
  Effect,
  Halt,
  UnitOrder,
  UnitOutcome,
  UnitPurpose,
  UnitReport,
  UnitResult,
} from '../domain/unit.ts';
import type { Database } from './client.ts';

/** What is known of a unit at once, whatever its command. */
export type UnitKey = Pick<
  UnitOrder,
  | 'id'
  | 'run'
  | 'ticket'
  | 'playbook'
  | 'step'
  | 'commandIndex'
  | 'agent'
  | 'target'
  | 'purpose'
  | 'planHash'
  | 'effect'
  | 'isChange'
> & {
  /** Among the commands of its step. */
  isFirst: boolean;
  isLast: boolean;
  /** Of the whole order: one id is one order. */
  orderHash: string;
};

export type Claim =
  /** It has ended, with this or before. */
  | { claim: 'done'; report: UnitReport }
  /** Another worker carries it out. */
  | { claim: 'busy' }
  /** Another run, or another unit of this one, is bringing the same effect about or taking it back. */
  | { claim: 'wait' }
  /** The id was given to another order: a fault of the caller. */
  | { claim: 'differs' }
  /** It was sent, so often, and nobody knows what came of it. */
  | { claim: 'doubt'; attempts: number }
  /** It may be sent. `othersInDoubt`: another run may have brought the effect about. */
  | { claim: 'go'; othersInDoubt: boolean };

/** `lost`: another worker may have the unit. `noRun`: there is no such run. */
export type Sending = 'sending' | 'lost' | Halt | 'noRun';

export interface UnitEnd {
  outcome: UnitOutcome;
  reason?: string;
  variables?: Readonly<Record<string, UnitResult>>;
  answerHash?: string;
}

/** A worker's hold of a unit; the token is its own for this one attempt. */
export interface Lease {
  worker: string;
  leaseMs: number;
}

/** A unit as its run's record shows it. */
export interface UnitRecord {
  id: string;
  run: string;
  step: string;
  commandIndex: number;
  agent: string | null;
  target: string | null;
  purpose: UnitPurpose;
  effect: Effect | null;
  isChange: boolean;
  state: 'claimed' | 'sending' | 'done';
  outcome: UnitOutcome | null;
  reason: string | null;
  attempts: number;
  requestHash: string | null;
  answerHash: string | null;
  startedAt: Date;
  sentAt: Date | null;
  endedAt: Date | null;
}

export interface UnitStore {
  /** Makes the worker the one that carries it out, and takes hold of its effect or begins to let go of it. */
  claim(unit: UnitKey, lease: Lease): Promise<Claim>;
  /** The last word before the first byte leaves. From here on the unit is in doubt until it is settled. */
  send(id: string, lease: Lease & { requestHash: string }): Promise<Sending>;
  /** Keeps the unit for longer; answers what stops its run, and null where the unit is lost. */
  renew(id: string, lease: Lease): Promise<{ halt: Halt | null } | null>;
  /** Ends it, for good, with its hold of the effect; null where another worker has it. */
  settle(id: string, worker: string, end: UnitEnd): Promise<UnitReport | null>;
  /** Whether something of a run was sent or answered so. */
  hasArtifact(run: string, hash: string): Promise<boolean>;
  /** The units of a run, in the order in which they began. */
  ofRun(run: string, page: { after: { at: Date; id: string } | null; limit: number }): Promise<UnitRecord[]>;
}

export function createUnitStore(database: Database): UnitStore {
  return {
    async claim(unit, { worker, leaseMs }) {
      const [row] = await database.$queryRaw<{ claim: Claim }[]>`
        SELECT tierline_claim_unit(${JSON.stringify(unit)}::jsonb, ${worker}, ${leaseMs}::int) AS claim`;
      return row!.claim;
    },
    async send(id, { worker, leaseMs, requestHash }) {
      const [row] = await database.$queryRaw<{ sending: Sending }[]>`
        SELECT tierline_send_unit(${id}, ${worker}, ${leaseMs}::int, ${requestHash}) AS sending`;
      return row!.sending;
    },
    async renew(id, { worker, leaseMs }) {
      const rows = await database.$queryRaw<{ halt: Halt | null }[]>`
        UPDATE units u SET lease_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
        WHERE id = ${id} AND worker = ${worker} AND state <> 'done'
        RETURNING (SELECT c.body ->> 'halt' FROM containments c WHERE c.id = u.run) AS halt`;
      return rows[0] ?? null;
    },
    async settle(id, worker, end) {
      const [row] = await database.$queryRaw<{ report: UnitReport | null }[]>`
        SELECT tierline_settle_unit(${id}, ${worker}, ${JSON.stringify(end)}::jsonb) AS report`;
      return row!.report;
    },
    async hasArtifact(run, hash) {
      const found = await database.unit.count({
        where: { run, OR: [{ requestHash: hash }, { answerHash: hash }] },
        take: 1,
      });
      return found > 0;
    },
    ofRun: (run, { after, limit }) => database.$queryRaw<UnitRecord[]>`
      SELECT id, run, step, command_index AS "commandIndex", agent, target, purpose,
             CASE WHEN effect IS NOT NULL THEN jsonb_build_object('name', effect, 'key', effect_key) END AS effect,
             is_change AS "isChange", state, outcome, reason, attempts, request_hash AS "requestHash",
             answer_hash AS "answerHash", started_at AS "startedAt", sent_at AS "sentAt", ended_at AS "endedAt"
      FROM units
      WHERE run = ${run}
        AND (${after?.at ?? null}::timestamptz IS NULL
             OR (started_at, id) > (${after?.at ?? null}::timestamptz, ${after?.id ?? ''}))
      ORDER BY started_at, id LIMIT ${limit}`,
  };
}
