/**
 * Giving tickets to the members of teams that do not pull: the reader `assignment` looks at the queues whenever an event
 * may have changed them. What it gives is reserved and taken as in a pull, so that nobody gets more than the limit and no
 * ticket goes to two, whoever else pulls at the moment. It decides from how things stand, not from the event: looked at
 * twice, nothing is given twice.
 */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Request } from '../domain/decide.ts';
import { TIERLINE, type LedgerEvent } from '../domain/events.ts';
import { isOnShift } from '../domain/people.ts';
import type { Policy } from '../domain/policy.ts';
import { chooseMember, type Member } from '../domain/queue.ts';
import type { CalendarStore } from '../prisma/calendars.ts';
import type { MemberRecord, QueueStore, Reservation, ServedTeam, WaitingTicket } from '../prisma/queues.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { RowHandler, Wait } from './follow.ts';
import { weighQueues, type OverloadDeps } from './overload.ts';
import type { QueueMessenger } from './queue-messages.ts';
import type { Asked } from './rule-change.ts';

export interface AssignmentDeps {
  queues: Pick<QueueStore, 'servedTeams' | 'members' | 'waiting' | 'reserve' | 'release' | 'sweep'>;
  alerts: OverloadDeps['alerts'];
  policies: { current(): Promise<Policy[]> };
  calendars: Pick<CalendarStore, 'inForce'>;
  messenger: QueueMessenger;
  /** Asks a ticket; throws where it is not known what became of that. */
  askTicket(ticketId: string, request: Request): Promise<Asked>;
  log: Logger;
}

export interface Assignment {
  /** The reader `assignment`: deals with one row of the ledger. */
  onRow: RowHandler;
  /**
   * Looks at all queues, whatever happened: shifts begin, agents come back, limits are changed and reservations expire
   * without an event. Every half minute will do.
   */
  lookAgain(): Promise<void>;
}

/** After these a ticket may wait where it did not, or somebody may have room who had not. */
const CHANGES: ReadonlySet<LedgerEvent['type']> = new Set([
  'opened',
  'assigned',
  'held',
  'resumed',
  'holdExpired',
  'vendorReturned',
  'messageAdded',
  'handoffOffered',
  'handoffAccepted',
  'handoffReturned',
  'handoffWithdrawn',
  'handedOff',
  'resolved',
  'reopened',
  'closed',
  'cancelled',
] satisfies LedgerEvent['type'][]);

/** What is older says nothing of how things stand; a reader that catches up leaves it to the next look at everything. */
const STALE_MS = 60_000;

function mayChangeQueues({ event }: LedgerRow): boolean {
  return CHANGES.has(event.type) && event.receivedAt > Date.now() - STALE_MS;
}

/** A look gives so many to a team; what was given is news itself and leads to the next look. */
const PER_LOOK = 20;
/** Behind tickets that wait for somebody with their skill there may be one for somebody who is free. */
const SEEN_BY_SKILL = 200;
const RULES_KEPT_MS = 2_000;

/** What changes rarely is asked every few seconds. */
function kept<T>(load: () => Promise<T>): () => Promise<T> {
  let known: { at: number; value: Promise<T> } | null = null;
  return () => {
    if (!known || known.at < Date.now() - RULES_KEPT_MS) {
      const value = load();
      value.catch(() => (known = null));
      known = { at: Date.now(), value };
    }
    return known.value;
  };
}

/** The skills that a ticket asks for: as its opening says in `custom.skills`, else its category. */
function wantedSkills({ skills, category }: WaitingTicket): string[] {
  const named = (skills ?? '')
    .split(',')
    .map((skill) => skill.trim())
    .filter(Boolean);
  return named.length > 0 ? named : category === null ? [] : [category];
}

/** The same look leads to the same request, however often its row is read. */
const idOf = (ticketId: string, cause: string): string =>
  createHash('sha256')
    .update(JSON.stringify(['assignment', ticketId, cause]))
    .digest('hex');

export function createAssignment(deps: AssignmentDeps): Assignment {
  const { queues, alerts, messenger, log } = deps;
  const calendars = kept(() => deps.calendars.inForce());
  const policies = kept(() => deps.policies.current());

  const members = async (team: string): Promise<Member[]> => {
    const [rows, inForce] = await Promise.all([queues.members(team), calendars()]);
    const at = Date.now();
    return rows.map(({ lastGivenAt, absentUntil, ...row }: MemberRecord) => {
      const agent = { active: true, absentUntil: absentUntil?.getTime() ?? null, calendar: row.calendar };
      const isThere = isOnShift(agent, { team: undefined, calendars: inForce, at });
      return { ...row, isThere, lastGivenAt: lastGivenAt?.getTime() ?? null };
    });
  };

  /** Whether the ticket answered; asked once more under the same id where it is not known what became of it. */
  const take = async ({ ticketId, reservation, agent, tier, team }: Reservation): Promise<boolean> => {
    const request: Request = {
      id: reservation,
      command: { type: 'take', assignee: agent, tier, reservation, ...(team !== null && { team }) },
      actor: TIERLINE,
    };
    try {
      const asked = await deps.askTicket(ticketId, request).catch(() => deps.askTicket(ticketId, request));
      if (asked !== 'granted') await queues.release(reservation);
      return true;
    } catch (error) {
      // It stays reserved for whom it was meant for; when that expires, the next look finds it.
      log.warn({ ticketId, agent, err: error }, 'a ticket that was given does not answer');
      return false;
    }
  };

  const give = async (ticketId: string, team: ServedTeam, agent: string, cause: string): Promise<boolean> => {
    const { mode, tier, team: name } = team;
    const reserved = await queues.reserve({
      id: idOf(ticketId, cause),
      mode,
      agent,
      tier,
      team: name,
      ticketId,
    });
    // Somebody was quicker, with the ticket or with another one for the agent: the next look knows.
    return 'refused' in reserved || reserved.granted || take(reserved);
  };

  const serve = async (team: ServedTeam, cause: string, wait: Wait): Promise<void> => {
    let there = await members(team.team);
    for (const ticket of await queues.waiting(team, team.mode === 'bySkill' ? SEEN_BY_SKILL : PER_LOOK)) {
      const skills = wantedSkills(ticket);
      const choice = chooseMember(team.mode, skills, there);
      if ('agent' in choice) {
        // The engine may be away: nobody waits here for each ticket in turn to say so.
        if (!(await give(ticket.ticketId, team, choice.agent, cause))) return;
        there = await members(team.team);
      } else if (choice.nobody === 'skillMissing')
        await messenger.tellSkillMissing({ ...ticket, skills }, team);
      // By skill, the next ticket may be for somebody else.
      else if (team.mode !== 'bySkill') return;
      await wait(0);
    }
  };

  const look = async (cause: string, wait: Wait): Promise<boolean> => {
    for (const team of await queues.servedTeams()) await serve(team, cause, wait);
    return weighQueues({ alerts, policies });
  };

  return {
    async onRow(row, wait) {
      if (!mayChangeQueues(row)) return;
      if (await look(`${row.ticketId}/${row.event.id}`, wait)) await messenger.tellAlerts();
    },
    async lookAgain() {
      await look(`look/${Date.now()}`, () => Promise.resolve());
      await messenger.tellAlerts();
      await queues.sweep();
    },
  };
}
