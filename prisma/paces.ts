/** What the pace of a queue is measured from, and the clocks that run in it, straight from ledger and tickets. */
import { MOVES, type Move } from '../domain/stays.ts';
import type { Database } from './client.ts';

/** A running clock of a ticket with a deadline, and the policy that judges it. */
export interface RunningClock {
  ticketId: string;
  clock: string;
  /** Epoch milliseconds. */
  deadlineAt: number;
  calendar: string;
  policy: string;
  policyVersion: number;
}

export interface PaceStore {
  /** The moves of tickets that were recorded since, or are open: at most so many tickets, the latest. */
  moves(since: Date, mostTickets: number): Promise<Move[]>;
  clocksOf(ticketIds: readonly string[]): Promise<RunningClock[]>;
}

export function createPaceStore(database: Database): PaceStore {
  return {
    moves: (since, mostTickets) => database.$queryRaw<Move[]>`
      WITH meant AS (
        SELECT id FROM tickets
        WHERE mode = 'act' AND tlp IS NULL AND (state IN ('open', 'onHold') OR recorded_at >= ${since}::timestamptz)
        ORDER BY recorded_at DESC LIMIT ${mostTickets}
      )
      SELECT l.ticket_id AS "ticketId",
        CASE l.type WHEN 'messageAdded' THEN 'customerWrote' ELSE l.type END AS type,
        tierline_ms(l.occurred_at)::float8 AS at, coalesce(l.data ->> 'tier', l.data ->> 'toTier')::int AS tier,
        l.data ->> 'team' AS team, l.data ->> 'assignee' AS assignee, l.data ->> 'priority' AS priority,
        l.data ->> 'reason' AS reason
      FROM meant m JOIN ledger l ON l.ticket_id = m.id
      WHERE l.moot IS NULL AND (l.type = ANY(${[...MOVES]}::text[])
        OR (l.type = 'messageAdded' AND l.data ->> 'author' = 'customer'))
      ORDER BY l.ticket_id, l.occurred_at, l.sequence`,
    clocksOf: (ticketIds) => database.$queryRaw<RunningClock[]>`
      SELECT c.ticket_id AS "ticketId", c.clock, tierline_ms(c.deadline_at)::float8 AS "deadlineAt", c.calendar, t.policy,
        t.policy_version AS "policyVersion"
      FROM clocks c JOIN tickets t ON t.id = c.ticket_id
      WHERE c.ticket_id = ANY(${[...ticketIds]}::text[]) AND c.state = 'running' AND c.deadline_at IS NOT NULL
      ORDER BY c.ticket_id, c.deadline_at, c.clock`,
  };
}
