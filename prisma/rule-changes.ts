/** Changes of rules on their way to the open tickets: what was asked, how far it has come, what became of each ticket. */
import type { Actor, LedgerEvent } from '../domain/events.ts';
import type { AppliedRules } from '../domain/policy.ts';
import type { ChangeKind, ChangeState } from '../domain/rule-change.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { ofVisibleTicket, visibleTo } from './visibility.ts';
import { Prisma, type RuleChange as ChangeRow, type RuleChangeTicket } from './generated/client.ts';

export interface RuleChangeRecord extends Omit<
  ChangeRow,
  'kind' | 'state' | 'requestedBy' | 'approvedBy' | 'cancelledBy'
> {
  kind: ChangeKind;
  state: ChangeState;
  requestedBy: Actor;
  approvedBy: Actor | null;
  cancelledBy: Actor | null;
}

export interface Proposal {
  id: string;
  kind: ChangeKind;
  name: string;
  requestedBy: Actor;
  reason: string;
  /** Epoch milliseconds; null for at once. */
  effectiveFrom: number | null;
  /** Judges tickets anew that were opened since `effectiveFrom`: awaits a second person. */
  retroactive: boolean;
}

/** A version to store; a calendar has neither source nor calendars of its own. */
export interface NewVersion {
  hash: string;
  body: unknown;
  source?: unknown;
  storedCalendars?: readonly string[];
}

/** The rules that tickets should have: everything older is behind. */
export type Target =
  { kind: 'policy'; name: string; version: number } | { kind: 'calendar'; name: string; hash: string };

/** An open ticket, and by which policy it is judged. */
export interface OpenTicket {
  id: string;
  openedAt: Date;
  policy: string;
  policyVersion: number;
}

export interface Progress {
  applied: number;
  skipped: number;
  failed: number;
  /** Claimed, and not yet dealt with. */
  pending: number;
  /** Behind, and not claimed yet. */
  behind: number;
}

export type TicketChangeState = 'pending' | 'applied' | 'skipped' | 'failed';
export type TicketChangeRecord = RuleChangeTicket;

export interface ChangeFilter {
  kind?: ChangeKind | undefined;
  name?: string | undefined;
  state?: ChangeState | undefined;
}

/** The last row of a page. */
export interface ChangeMark {
  at: number;
  id: string;
}

export interface RuleChangeStore {
  /**
   * Stores a change with the version it brings, both or neither; without a version it is for the one in force.
   * `inProgress`: another change of the same policy or calendar has not ended, and nothing was stored.
   */
  propose(
    proposal: Proposal,
    version: NewVersion | null,
  ): Promise<{ changeId: string } | { inProgress: string }>;
  get(id: string): Promise<RuleChangeRecord | null>;
  /** Newest first. */
  list(filter: ChangeFilter, page: { after: ChangeMark | null; limit: number }): Promise<RuleChangeRecord[]>;
  /** Lets an awaited change begin; false where it does not wait. */
  approve(id: string, by: Actor): Promise<boolean>;
  /** Ends it early, and withdraws its version if that was not yet in force; false where it has ended before. */
  cancel(id: string, by: Actor | null, note: string | null): Promise<boolean>;
  /** Lets a scheduled change begin whose time has come; one that a newer version has overtaken is cancelled. */
  begin(id: string): Promise<void>;
  /** Ends it: failed if it failed for a ticket. */
  finish(id: string): Promise<void>;
  /** The changes that somebody must work on, now or at their time. */
  unfinished(): Promise<string[]>;
  /** What the tickets that this change is for should have. */
  targetOf(change: RuleChangeRecord): Promise<Target>;
  /** Open tickets that are behind, by id. */
  behind(target: Target, page: { after: string | null; limit: number; sight: Sight }): Promise<OpenTicket[]>;
  /** Openings that wait in the spool and were resolved under older rules, perhaps. */
  waitingOpenings(): Promise<number>;
  /** The next tickets to work on: claimed before and not dealt with, then newly claimed, most urgent first. */
  claim(change: RuleChangeRecord, limit: number): Promise<OpenTicket[]>;
  /** What became of a ticket; the first word stands. */
  settleTicket(
    changeId: string,
    ticketId: string,
    result: { state: TicketChangeState; outcome: unknown },
  ): Promise<void>;
  /** One more attempt that came to nothing; answers how many that makes. */
  countAttempt(changeId: string, ticketId: string): Promise<number>;
  progress(change: RuleChangeRecord, sight: Sight): Promise<Progress>;
  /** What a change came to, summed over its tickets by the names of the lists in their outcomes. */
  outcomes(changeId: string, sight: Sight): Promise<Record<string, number>>;
  tickets(
    changeId: string,
    page: { after: string | null; limit: number; state?: TicketChangeState | undefined; sight: Sight },
  ): Promise<TicketChangeRecord[]>;
  /** The whole ledgers of some tickets; tickets that share their rules share the object. */
  stories(ticketIds: readonly string[]): Promise<Map<string, LedgerEvent[]>>;
}

const asChange = (row: ChangeRow): RuleChangeRecord => row as unknown as RuleChangeRecord;
const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

/** Open tickets behind a target, as `t`. */
function behindQuery(target: Target): Prisma.Sql {
  const open = Prisma.sql`FROM tickets t WHERE t.state NOT IN ('closed', 'cancelled')`;
  if (target.kind === 'policy')
    return Prisma.sql`${open} AND t.policy = ${target.name} AND t.policy_version < ${target.version}::int`;
  return Prisma.sql`${open}
    AND (t.policy, t.policy_version) IN (
      SELECT p.name, p.version FROM policies p WHERE ${target.name} = ANY(p.stored_calendars))
    AND tierline_calendar_of(t.id, ${target.name}) IS DISTINCT FROM ${target.hash}`;
}

export function createRuleChangeStore(database: Database): RuleChangeStore {
  const notClaimed = (changeId: string) => Prisma.sql`
    NOT EXISTS (SELECT FROM rule_change_tickets r WHERE r.change_id = ${changeId} AND r.ticket_id = t.id)`;

  /** A file may publish while a change waits: then it comes too late, and is cancelled. */
  const isOvertaken = async (id: string): Promise<boolean> => {
    const [newer] = await database.$queryRaw<{ version: number }[]>`
      SELECT p.version FROM rule_changes c JOIN policies_in_force p ON p.name = c.name AND p.version > c.to_version
      WHERE c.id = ${id} AND c.kind = 'policy' AND (c.state = 'awaitingApproval'
        OR c.state = 'scheduled' AND c.effective_from <= clock_timestamp())`;
    if (newer) await store.cancel(id, null, `Version ${newer.version} was published before its time came`);
    return newer !== undefined;
  };

  const store: RuleChangeStore = {
    async propose(proposal, version) {
      const [row] = await database.$queryRaw<{ answer: { changeId: string } | { inProgress: string } }[]>`
        SELECT tierline_propose(${JSON.stringify(proposal)}::jsonb, ${json(version)}::jsonb) AS answer`;
      return row!.answer;
    },
    async get(id) {
      const row = await database.ruleChange.findUnique({ where: { id } });
      return row && asChange(row);
    },
    async list({ kind, name, state }, { after, limit }) {
      const older = after && {
        OR: [
          { createdAt: { lt: new Date(after.at) } },
          { createdAt: new Date(after.at), id: { lt: after.id } },
        ],
      };
      const rows = await database.ruleChange.findMany({
        where: {
          ...(kind && { kind }),
          ...(name !== undefined && { name }),
          ...(state && { state }),
          ...older,
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      });
      return rows.map(asChange);
    },
    async approve(id, by) {
      if (await isOvertaken(id)) return false;
      const [row] = await database.$queryRaw<{ done: boolean }[]>`
        SELECT tierline_approve(${id}, ${JSON.stringify(by)}::jsonb) AS done`;
      return row!.done;
    },
    async cancel(id, by, note) {
      const [row] = await database.$queryRaw<{ done: boolean }[]>`
        SELECT tierline_cancel(${id}, ${json(by)}::jsonb, ${note}) AS done`;
      return row!.done;
    },
    async begin(id) {
      if (await isOvertaken(id)) return;
      await database.$executeRaw`
        UPDATE rule_changes SET state = 'running', started_at = clock_timestamp()
        WHERE id = ${id} AND state = 'scheduled' AND effective_from <= clock_timestamp()`;
    },
    async finish(id) {
      await database.$executeRaw`
        UPDATE rule_changes SET finished_at = clock_timestamp(),
          state = CASE WHEN EXISTS (SELECT FROM rule_change_tickets WHERE change_id = ${id} AND state = 'failed')
                       THEN 'failed' ELSE 'done' END
        WHERE id = ${id} AND state = 'running'`;
    },
    async unfinished() {
      const rows = await database.ruleChange.findMany({
        where: { state: { in: ['scheduled', 'running'] } },
        orderBy: { createdAt: 'asc' },
        select: { id: true },
      });
      return rows.map(({ id }) => id);
    },
    async targetOf({ kind, name, toVersion: version }) {
      if (kind === 'policy') return { kind, name, version };
      const row = await database.calendar.findUniqueOrThrow({ where: { name_version: { name, version } } });
      return { kind, name, hash: row.hash };
    },
    behind: (target, { after, limit, sight }) => database.$queryRaw<OpenTicket[]>`
      SELECT t.id, t.opened_at AS "openedAt", t.policy, t.policy_version AS "policyVersion" ${behindQuery(target)}
        AND ${visibleTo(sight)} AND (${after}::text IS NULL OR t.id > ${after}::text)
      ORDER BY t.id LIMIT ${limit}`,
    async waitingOpenings() {
      return database.spooled.count({ where: { kind: 'opening', appliedAt: null } });
    },
    async claim(change, limit) {
      const target = await store.targetOf(change);
      const pending = () => database.$queryRaw<OpenTicket[]>`
        SELECT t.id, t.opened_at AS "openedAt", t.policy, t.policy_version AS "policyVersion"
        FROM rule_change_tickets r JOIN tickets t ON t.id = r.ticket_id
        WHERE r.change_id = ${change.id} AND r.state = 'pending'
        ORDER BY r.attempts, t.next_deadline_at NULLS LAST, t.id LIMIT ${limit}`;
      const left = await pending();
      if (left.length === limit) return left;
      await database.$executeRaw`
        INSERT INTO rule_change_tickets (change_id, ticket_id, state)
        SELECT ${change.id}, t.id, 'pending' ${behindQuery(target)} AND ${notClaimed(change.id)}
        ORDER BY t.next_deadline_at NULLS LAST, t.id LIMIT ${limit - left.length}
        ON CONFLICT DO NOTHING`;
      return pending();
    },
    async settleTicket(changeId, ticketId, { state, outcome }) {
      await database.$executeRaw`
        UPDATE rule_change_tickets SET state = ${state}, outcome = ${json(outcome)}::jsonb, decided_at = clock_timestamp()
        WHERE change_id = ${changeId} AND ticket_id = ${ticketId} AND state = 'pending'`;
    },
    async countAttempt(changeId, ticketId) {
      const [row] = await database.$queryRaw<{ attempts: number }[]>`
        UPDATE rule_change_tickets SET attempts = attempts + 1
        WHERE change_id = ${changeId} AND ticket_id = ${ticketId} RETURNING attempts`;
      return row?.attempts ?? 0;
    },
    async progress(change, sight) {
      const groups = await database.$queryRaw<{ state: string; count: number }[]>`
        SELECT r.state, count(*)::int AS count FROM rule_change_tickets r
        WHERE r.change_id = ${change.id} AND ${ofVisibleTicket(Prisma.sql`r.ticket_id`, sight)} GROUP BY r.state`;
      const counted = Object.fromEntries(groups.map(({ state, count }) => [state, count]));
      const isOpen = change.state === 'running' || change.state === 'scheduled';
      const of = async () => database.$queryRaw<{ count: number }[]>`
        SELECT count(*)::int AS count ${behindQuery(await store.targetOf(change))} AND ${notClaimed(change.id)}
          AND ${visibleTo(sight)}`;
      return {
        applied: counted['applied'] ?? 0,
        skipped: counted['skipped'] ?? 0,
        failed: counted['failed'] ?? 0,
        pending: counted['pending'] ?? 0,
        behind: isOpen ? (await of())[0]!.count : 0,
      };
    },
    async outcomes(changeId, sight) {
      const rows = await database.$queryRaw<{ key: string; count: number }[]>`
        SELECT o.key, sum(jsonb_array_length(o.value))::int AS count
        FROM rule_change_tickets r, jsonb_each(r.outcome) o
        WHERE r.change_id = ${changeId} AND r.state = 'applied' AND jsonb_typeof(o.value) = 'array'
          AND ${ofVisibleTicket(Prisma.sql`r.ticket_id`, sight)}
        GROUP BY o.key`;
      return Object.fromEntries(rows.map(({ key, count }) => [key, count]));
    },
    async tickets(changeId, { after, limit, state, sight }) {
      const shown = await database.$queryRaw<{ id: string }[]>`
        SELECT r.ticket_id AS id FROM rule_change_tickets r
        WHERE r.change_id = ${changeId} AND (${state ?? null}::text IS NULL OR r.state = ${state ?? null}::text)
          AND (${after}::text IS NULL OR r.ticket_id > ${after}::text)
          AND ${ofVisibleTicket(Prisma.sql`r.ticket_id`, sight)}
        ORDER BY r.ticket_id LIMIT ${limit}`;
      return database.ruleChangeTicket.findMany({
        where: { changeId, ticketId: { in: shown.map(({ id }) => id) } },
        orderBy: { ticketId: 'asc' },
      });
    },
    async stories(ticketIds) {
      const rows = await database.$queryRaw<{ id: string; rulesId: string | null; event: LedgerEvent }[]>`
        SELECT l.ticket_id AS id, l.rules_id AS "rulesId",
          tierline_event(jsonb_populate_record(l, '{"rules_id": null}')) AS event
        FROM ledger l WHERE l.ticket_id = ANY(${[...ticketIds]}::text[]) ORDER BY l.ticket_id, l.sequence`;
      const wanted = [...new Set(rows.flatMap(({ rulesId }) => rulesId ?? []))];
      const sets = await database.ruleSet.findMany({ where: { id: { in: wanted } } });
      const rules = new Map(sets.map(({ id, body }) => [id, body as unknown as AppliedRules]));
      const stories = new Map<string, LedgerEvent[]>();
      for (const { id, rulesId, event } of rows) {
        const story = stories.get(id) ?? [];
        stories.set(id, story);
        story.push(rulesId === null ? event : ({ ...event, rules: rules.get(rulesId) } as LedgerEvent));
      }
      return stories;
    },
  };
  return store;
}
