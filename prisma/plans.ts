/** Plans of runs, each by the hash that approvals are bound to; never changed. */
import { createHash } from 'node:crypto';
import { planText, type Plan } from '../domain/plan.ts';
import type { Database } from './client.ts';

export interface PlanStore {
  /** Keeps it, once, and answers its hash: SHA-256 of its text, in hexadecimal digits. */
  put(plan: Plan): Promise<string>;
  get(hash: string): Promise<Plan | null>;
}

/** What a plan is known by. */
export const planHashOf = (plan: Plan): string => createHash('sha256').update(planText(plan)).digest('hex');

export function createPlanStore(database: Database): PlanStore {
  return {
    async put(plan) {
      const [hash, body] = [planHashOf(plan), planText(plan)];
      await database.$executeRaw`
        INSERT INTO plans (hash, ticket_id, body) VALUES (${hash}, ${plan.ticket}, ${body}) ON CONFLICT DO NOTHING`;
      return hash;
    },
    async get(hash) {
      const row = await database.plan.findUnique({ where: { hash } });
      return row && (JSON.parse(row.body) as Plan);
    },
  };
}
