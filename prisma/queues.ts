/**
 * Queues: who waits where, who is given what. What a queue is, its order and the reservation that makes a pull safe
 * are in migration 0005; nothing here is decided by two looks at the database.
 */
import type { AssignmentMode } from '../domain/people.ts';
import type { Priority } from '../domain/policy.ts';
import type { Database } from './client.ts';

/** A pull, or a turn of somebody who is given a ticket without asking. */
export interface Pull {
  /** Names it for good: the same pull again leads to the same ticket. */
  id: string;
  /** Hash of what was asked, where the caller named the pull by a key. */
  bodyHash?: string | undefined;
  mode: AssignmentMode;
  agent: string;
  tier: number;
  /** The team whose queue it is; the agent's own if absent. */
  team?: string | undefined;
  /** This ticket and no other. */
  ticketId?: string | undefined;
}

/** A ticket that is kept for an agent until `expiresAt`. */
export interface Reservation {
  ticketId: string;
  /** Also the id of the request that takes the ticket. */
  reservation: string;
  agent: string;
  tier: number;
  /** The team that has the ticket once it is taken. */
  team: string | null;
  /** Epoch milliseconds; null once it was taken. */
  expiresAt: number | null;
  /** It was taken under this id before. */
  granted: boolean;
  /** The pull was here before. */
  replayed: boolean;
}

/** Why nothing was reserved. */
export type ReserveRefusal =
  | { refused: 'conflict' | 'agent_unknown' | 'team_unknown' | 'queue_empty' }
  | { refused: 'agent_absent'; absentUntil: number }
  | { refused: 'agent_elsewhere'; agentTier: number }
  | { refused: 'at_capacity'; limit: number; inProgress: number; reserved: number };

/** A ticket in a queue. */
export interface QueuedTicket {
  ticketId: string;
  tier: number;
  team: string | null;
  /** Whether it is offered here, and still belongs to who offers it. */
  offered: boolean;
  priority: Priority;
  nextDeadlineAt: Date | null;
  queuedAt: Date;
  state: string;
  breached: boolean;
  category: string | null;
  /** For whom it is reserved, if it is. */
  reservedFor: string | null;
  reservedUntil: Date | null;
}

/** The last row of a page: what the next one comes after. */
export interface QueueMark {
  priority: string;
  /** Epoch milliseconds; null sorts last. */
  at: number | null;
  since: number;
  id: string;
}

export const queueMarkOf = (row: QueuedTicket): QueueMark => ({
  priority: row.priority,
  at: row.nextDeadlineAt?.getTime() ?? null,
  since: row.queuedAt.getTime(),
  id: row.ticketId,
});

/** A queue at a glance. */
export interface QueueSummary {
  tier: number;
  /** Null for the tickets of no team. */
  team: string | null;
  assignment: AssignmentMode | null;
  depth: number;
  reserved: number;
  breached: number;
  oldestId: string | null;
  oldestAt: Date | null;
  nextToBreachId: string | null;
  nextToBreachAt: Date | null;
  /** Of the team; of the whole tier where it is the queue of no team. */
  agents: number;
  inProgress: number;
  /** Sum of the limits; null where somebody has none. */
  capacity: number | null;
}

/** A team that is given its tickets, and for which some wait. */
export interface ServedTeam {
  team: string;
  tier: number;
  mode: AssignmentMode;
}

/** A member of a team, with the calendar of the shift. */
export interface MemberRecord {
  agent: string;
  skills: string[];
  load: number;
  limit: number | null;
  /** Name of the stored calendar of the agent, or else the team. */
  calendar: string | null;
  absentUntil: Date | null;
  lastGivenAt: Date | null;
}

/** A ticket that somebody of a team may get, and what it asks for. */
export interface WaitingTicket {
  ticketId: string;
  queuedAt: Date;
  category: string | null;
  /** As the opening said it, in its custom field `skills`; null without one, or once it was erased. */
  skills: string | null;
}

export interface QueueStore {
  /**
   * Keeps the next ticket of a queue for the agent of the pull for 30 s, or says why not. The same pull again answers the
   * same ticket: while the reservation lasts, and once it was taken.
   */
  reserve(pull: Pull): Promise<Reservation | ReserveRefusal>;
  /** Frees a reservation whose ticket refused to be taken; its pull goes on to another ticket. */
  release(reservation: string): Promise<void>;
  /** Tickets in their order: of a tier, or what the members of a team may pull. */
  list(
    queue: { tier: number; team?: string | undefined },
    page: { after: QueueMark | null; limit: number },
  ): Promise<QueuedTicket[]>;
  summaries(): Promise<QueueSummary[]>;
  /** Teams that do not pull and for which something waits that nobody has reserved. */
  servedTeams(): Promise<ServedTeam[]>;
  members(team: string): Promise<MemberRecord[]>;
  /** What waits for a team and is not reserved, in order. */
  waiting(team: Pick<ServedTeam, 'team' | 'tier'>, limit: number): Promise<WaitingTicket[]>;
  /** Forgets reservations that expired long ago and were never taken. */
  sweep(): Promise<void>;
}

/** Longer than a request may take and be repeated. */
const HOLD_MS = 30_000;

export function createQueueStore(database: Database, { holdMs = HOLD_MS } = {}): QueueStore {
  return {
    async reserve(pull) {
      const [row] = await database.$queryRaw<{ answer: Reservation | ReserveRefusal }[]>`
        SELECT tierline_reserve(${JSON.stringify({ ...pull, holdMs })}::jsonb) AS answer`;
      return row!.answer;
    },
    async release(reservation) {
      await database.$queryRaw`SELECT tierline_release(${reservation})::text`;
    },
    list: ({ tier, team }, { after, limit }) => database.$queryRaw<QueuedTicket[]>`
      SELECT q.ticket_id AS "ticketId", q.tier, q.team, q.offered, q.priority, q.next_deadline_at AS "nextDeadlineAt",
             q.queued_at AS "queuedAt", q.state, q.breached, q.category,
             r.agent AS "reservedFor", r.expires_at AS "reservedUntil"
      FROM queue_entries q
      LEFT JOIN reservations r ON r.ticket_id = q.ticket_id AND r.expires_at > clock_timestamp()
      WHERE q.tier = ${tier}::int AND (${team ?? null}::text IS NULL OR q.team = ${team ?? null}::text OR q.team IS NULL)
        AND (${after === null} OR (q.priority, q.breach_at, q.queued_at, q.ticket_id COLLATE "C") > (
          ${after?.priority ?? ''}::text,
          coalesce(${after?.at == null ? null : new Date(after.at)}::timestamptz, 'infinity'::timestamptz),
          ${new Date(after?.since ?? 0)}::timestamptz, ${after?.id ?? ''}::text))
      ORDER BY q.priority, q.breach_at, q.queued_at, q.ticket_id COLLATE "C"
      LIMIT ${limit}`,
    summaries: () => database.$queryRaw<QueueSummary[]>`SELECT * FROM queue_summaries`,
    servedTeams: () => database.$queryRaw<ServedTeam[]>`
      SELECT t.name AS team, t.tier, t.assignment AS mode FROM teams t
      WHERE t.active AND t.assignment <> 'pull' AND EXISTS (
        SELECT FROM queue_entries q WHERE q.tier = t.tier AND (q.team = t.name OR q.team IS NULL)
          AND NOT EXISTS (SELECT FROM reservations r
                          WHERE r.ticket_id = q.ticket_id AND r.expires_at > clock_timestamp()))
      ORDER BY t.tier, t.name`,
    members: (team) => database.$queryRaw<MemberRecord[]>`
      SELECT a.id AS agent, a.skills, coalesce(a.capacity, t.capacity) AS limit,
             coalesce(a.calendar, t.calendar) AS calendar, a.absent_until AS "absentUntil",
             ((SELECT count(*) FROM work_in_progress w WHERE w.agent = a.id)
              + (SELECT count(*) FROM reservations r WHERE r.agent = a.id AND r.expires_at > clock_timestamp()))::int
               AS load,
             (SELECT max(p.created_at) FROM pulls p WHERE p.agent = a.id) AS "lastGivenAt"
      FROM agents a JOIN teams t ON t.name = a.team WHERE a.team = ${team} AND a.active ORDER BY a.id`,
    waiting: ({ team, tier }, limit) => database.$queryRaw<WaitingTicket[]>`
      SELECT q.ticket_id AS "ticketId", q.queued_at AS "queuedAt", q.category,
             (SELECT x.body -> 'custom' ->> 'skills' FROM ledger l JOIN texts x ON x.id = l.text_id
              WHERE l.ticket_id = q.ticket_id AND l.sequence = 1) AS skills
      FROM queue_entries q
      WHERE q.tier = ${tier}::int AND (q.team = ${team} OR q.team IS NULL)
        AND NOT EXISTS (SELECT FROM reservations r WHERE r.ticket_id = q.ticket_id AND r.expires_at > clock_timestamp())
      ORDER BY q.priority, q.breach_at, q.queued_at, q.ticket_id COLLATE "C"
      LIMIT ${limit}`,
    async sweep() {
      await database.$executeRaw`
        DELETE FROM reservations WHERE id IN (
          SELECT id FROM reservations WHERE expires_at < clock_timestamp() - interval '1 hour' FOR UPDATE SKIP LOCKED)`;
    },
  };
}
