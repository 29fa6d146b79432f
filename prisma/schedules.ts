/** Schedules: what opens when, and which tickets it opened. What Temporal has of it is a mirror. */
import { createHash } from 'node:crypto';
import type { Actor } from '../domain/events.ts';
import type { Schedule } from '../domain/schedule.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { Prisma, type Schedule as ScheduleRow, type ScheduledTicket } from './generated/client.ts';
import { ofVisibleTicket } from './visibility.ts';

export type ScheduleRecord = Omit<ScheduleRow, 'body' | 'changedBy'> & Schedule & { changedBy: Actor };
export type ScheduledTicketRecord = ScheduledTicket;

/** The ids of the ticket that an occasion of a schedule opens. */
export function scheduledTicketIds(
  schedule: string,
  occasion: string,
): { ticketId: string; messageId: string } {
  const digest = createHash('sha256').update(`${schedule}/${occasion}`).digest('hex');
  return { ticketId: `tkt_${digest.slice(0, 32)}`, messageId: `schedule-${digest}` };
}

export interface ScheduleStore {
  /** Null where there is none, or not any more. */
  get(name: string): Promise<ScheduleRecord | null>;
  list(page: { after: string | null; limit: number }): Promise<ScheduleRecord[]>;
  /** Stores it in place of what was said before; `paused` undefined: as it was, or not. Answers whether it is new. */
  put(
    name: string,
    schedule: Schedule,
    options: { paused: boolean | undefined; by: Actor },
  ): Promise<{ created: boolean }>;
  /** False where there is none. */
  setPaused(name: string, paused: boolean, by: Actor): Promise<boolean>;
  /** False where there was none. */
  remove(name: string, by: Actor): Promise<boolean>;
  /** As `get`, with those that were removed and are still mirrored. */
  toMirror(name: string): Promise<ScheduleRecord | null>;
  /** Names of all that are or may be in Temporal; with `behind`, of those that Temporal has otherwise or not at all. */
  names(which: 'all' | 'behind'): Promise<string[]>;
  /** Temporal has this revision. False where there is a newer one by now. A removed one is forgotten. */
  mirrored(name: string, revision: number): Promise<boolean>;
  /** Notes the ticket of an occasion; the first one stands. Answers its id. */
  noteTicket(schedule: string, occasion: string, ticketId: string): Promise<string>;
  /** The tickets that it opened last, newest first. */
  tickets(schedule: string, page: { limit: number; sight: Sight }): Promise<ScheduledTicketRecord[]>;
}

const recordOf = ({ body, changedBy, ...row }: ScheduleRow): ScheduleRecord => ({
  ...row,
  ...(body as unknown as Schedule),
  changedBy: changedBy as unknown as Actor,
});

export function createScheduleStore(database: Database): ScheduleStore {
  const store: ScheduleStore = {
    async get(name) {
      const row = await store.toMirror(name);
      return row?.deleted === false ? row : null;
    },
    async list({ after, limit }) {
      const where = { deleted: false, ...(after !== null && { name: { gt: after } }) };
      const rows = await database.schedule.findMany({ where, orderBy: { name: 'asc' }, take: limit });
      return rows.map(recordOf);
    },
    async put(name, schedule, { paused, by }) {
      const before = await store.get(name);
      await database.$executeRaw`
        INSERT INTO schedules AS s (name, body, paused, changed_by)
        VALUES (${name}, ${JSON.stringify(schedule)}::jsonb, ${paused ?? false}, ${JSON.stringify(by)}::jsonb)
        ON CONFLICT (name) DO UPDATE SET
          body = excluded.body, deleted = false, revision = s.revision + 1, changed_by = excluded.changed_by,
          paused = CASE WHEN ${paused === undefined} AND NOT s.deleted THEN s.paused ELSE excluded.paused END,
          created_at = CASE WHEN s.deleted THEN clock_timestamp() ELSE s.created_at END,
          updated_at = clock_timestamp()
        WHERE s.deleted OR s.body <> excluded.body OR (${paused !== undefined} AND s.paused <> excluded.paused)`;
      return { created: before === null };
    },
    async setPaused(name, paused, by) {
      await database.$executeRaw`
        UPDATE schedules SET paused = ${paused}, revision = revision + 1, changed_by = ${JSON.stringify(by)}::jsonb,
          updated_at = clock_timestamp()
        WHERE name = ${name} AND NOT deleted AND paused <> ${paused}`;
      return (await store.get(name)) !== null;
    },
    async remove(name, by) {
      const count = await database.$executeRaw`
        UPDATE schedules SET deleted = true, revision = revision + 1, changed_by = ${JSON.stringify(by)}::jsonb,
          updated_at = clock_timestamp()
        WHERE name = ${name} AND NOT deleted`;
      return count > 0;
    },
    async toMirror(name) {
      const row = await database.schedule.findUnique({ where: { name } });
      return row && recordOf(row);
    },
    async names(which) {
      const rows = await database.$queryRaw<{ name: string }[]>`
        SELECT name FROM schedules WHERE ${which === 'all'} OR mirrored IS DISTINCT FROM revision ORDER BY name`;
      return rows.map(({ name }) => name);
    },
    async mirrored(name, revision) {
      const [row] = await database.$queryRaw<{ count: number }[]>`
        WITH forgotten AS (
          DELETE FROM schedules WHERE name = ${name} AND revision = ${revision} AND deleted RETURNING 1),
        noted AS (
          UPDATE schedules SET mirrored = revision
          WHERE name = ${name} AND revision = ${revision} AND NOT deleted RETURNING 1)
        SELECT ((SELECT count(*) FROM forgotten) + (SELECT count(*) FROM noted))::int AS count`;
      return row!.count > 0;
    },
    async noteTicket(schedule, occasion, ticketId) {
      await database.$executeRaw`
        INSERT INTO scheduled_tickets (schedule, occasion, ticket_id)
        VALUES (${schedule}, ${occasion}, ${ticketId}) ON CONFLICT DO NOTHING`;
      const row = await database.scheduledTicket.findUniqueOrThrow({
        where: { schedule_occasion: { schedule, occasion } },
      });
      return row.ticketId;
    },
    tickets: (schedule, { limit, sight }) => database.$queryRaw<ScheduledTicket[]>`
      SELECT s.schedule, s.occasion, s.ticket_id AS "ticketId", s.opened_at AS "openedAt" FROM scheduled_tickets s
      WHERE s.schedule = ${schedule} AND ${ofVisibleTicket(Prisma.sql`s.ticket_id`, sight)}
      ORDER BY s.opened_at DESC, s.occasion DESC LIMIT ${limit}`,
  };
  return store;
}
