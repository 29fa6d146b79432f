/** Rows for tests of queues: teams, agents and tickets as the ledger would have left them. */
import type { Database } from '../../prisma/client.ts';
import type { Standing } from '../../domain/queue.ts';
import type { Priority } from '../../domain/policy.ts';

export interface QueueRow extends Partial<Standing> {
  id: string;
  priority?: Priority;
  queuedAt?: number;
  breached?: boolean;
  category?: string;
}

const at = (ms: number | null | undefined): Date | null => (ms == null ? null : new Date(ms));

/** A ticket row: open at tier 1, nobody's, without a deadline. */
export async function putTicket(database: Database, row: QueueRow): Promise<void> {
  const { state = 'open', mode = 'act', priority = 'P3', tier = 1, team = null, assignee = null } = row;
  const { holds = [], nextDeadlineAt = null, offered = null, queuedAt = 0, breached = false } = row;
  await database.$executeRaw`
    INSERT INTO tickets (id, state, priority, tier, team, assignee, holds, opened_at, reopen_count, handoffs, tier_returns,
      policy, policy_version, mode, type, category, attributes, next_deadline_at, breached, shares, shares_at, sequence,
      recorded_at, offered_tier, offered_team, offered_at, queued_at)
    VALUES (${row.id}, ${state}, ${priority}, ${tier}::int, ${team}, ${assignee}, ${JSON.stringify(holds)}::jsonb, now(), 0, 0,
      0, 'standard', 1, ${mode}, 'incident', ${row.category ?? null}, '{}', ${at(nextDeadlineAt)}::timestamptz, ${breached},
      '{}', now(), 1, now(), ${offered?.tier ?? null}::int, ${offered?.team ?? null},
      ${offered ? at(queuedAt) : null}::timestamptz,
      ${assignee === null ? at(queuedAt) : null}::timestamptz)`;
}

export async function putTeam(
  database: Database,
  name: string,
  more: { tier?: number; assignment?: string; capacity?: number | null; calendar?: string } = {},
): Promise<void> {
  await database.team.create({ data: { name, tier: 1, ...more } });
}

export async function putAgent(
  database: Database,
  id: string,
  team: string,
  more: {
    tier?: number;
    capacity?: number;
    skills?: string[];
    active?: boolean;
    absentUntil?: Date;
    calendar?: string;
  } = {},
): Promise<void> {
  await database.agent.create({ data: { id, team, tier: 1, ...more } });
}
