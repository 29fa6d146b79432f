/** Suggestions for improvement, and the tickets that prove them. */
import type { Actor } from '../domain/events.ts';
import { STEPS, type SuggestionState, type SuggestionStep } from '../domain/suggestion.ts';
import type { Sight } from '../domain/visibility.ts';
import type { Database } from './client.ts';
import { ofVisibleTicket, visibleTo } from './visibility.ts';
import { Prisma, type Suggestion as SuggestionRow } from './generated/client.ts';

export interface Engagement {
  /** What the team calls it. */
  reference: string;
  team: string;
}

export interface SuggestionRecord extends Omit<
  SuggestionRow,
  'state' | 'engagement' | 'createdBy' | 'changedBy'
> {
  state: SuggestionState;
  engagement: Engagement | null;
  createdBy: Actor;
  changedBy: Actor;
  /** How many tickets prove it. */
  tickets: number;
  /** Their open time by owner, in milliseconds. */
  shares: Record<string, number>;
}

/** The last row of a page: what the next one comes after. */
export interface SuggestionMark {
  at: number;
  id: string;
}

export interface SuggestionStore {
  get(id: string, sight: Sight): Promise<SuggestionRecord | null>;
  /** Newest first. */
  list(
    filter: { state?: SuggestionState | undefined },
    page: { after: SuggestionMark | null; limit: number; sight: Sight },
  ): Promise<SuggestionRecord[]>;
  /** Once for one id. */
  create(suggestion: { id: string; title: string; text: string; by: Actor }): Promise<void>;
  /** Takes a step where the state allows it; false where it does not. */
  take(
    id: string,
    step: SuggestionStep,
    how: { by: Actor; reason?: string | undefined; engagement?: Engagement | undefined },
  ): Promise<boolean>;
  /** Once for each ticket. */
  link(id: string, ticketId: string, by: Actor): Promise<void>;
  ticketIds(id: string, page: { limit: number; sight: Sight }): Promise<string[]>;
}

const withProof = (
  sight: Sight,
  where: Prisma.Sql,
  rest: Prisma.Sql = Prisma.empty,
): Prisma.Sql => Prisma.sql`
  SELECT s.id, s.title, s.text, s.state, s.reason, s.engagement, s.created_by AS "createdBy",
         s.changed_by AS "changedBy", s.created_at AS "createdAt", s.updated_at AS "updatedAt",
         (SELECT count(*)::int FROM suggestion_tickets l WHERE l.suggestion = s.id
            AND ${ofVisibleTicket(Prisma.sql`l.ticket_id`, sight)}) AS tickets,
         (SELECT coalesce(jsonb_object_agg(o.owner, o.ms), '{}')
          FROM (SELECT e.key AS owner, sum(e.value::numeric) AS ms
                FROM suggestion_tickets l JOIN tickets t ON t.id = l.ticket_id, jsonb_each_text(t.shares) e
                WHERE l.suggestion = s.id AND ${visibleTo(sight)} GROUP BY e.key) o) AS shares
  FROM suggestions s WHERE ${where} ${rest}`;

export function createSuggestionStore(database: Database): SuggestionStore {
  return {
    async get(id, sight) {
      const rows = await database.$queryRaw<SuggestionRecord[]>(withProof(sight, Prisma.sql`s.id = ${id}`));
      return rows[0] ?? null;
    },
    list({ state }, { after, limit, sight }) {
      const among = Prisma.sql`(${state ?? null}::text IS NULL OR s.state = ${state ?? null}::text)`;
      const further =
        after === null
          ? Prisma.sql`true`
          : Prisma.sql`(s.created_at < ${new Date(after.at)}::timestamptz
              OR (s.created_at = ${new Date(after.at)}::timestamptz AND s.id > ${after.id}))`;
      return database.$queryRaw<SuggestionRecord[]>(
        withProof(
          sight,
          Prisma.sql`${among} AND ${further}`,
          Prisma.sql`ORDER BY s.created_at DESC, s.id LIMIT ${limit}`,
        ),
      );
    },
    async create({ id, title, text, by }) {
      await database.$executeRaw`
        INSERT INTO suggestions (id, title, text, created_by, changed_by)
        VALUES (${id}, ${title}, ${text}, ${JSON.stringify(by)}::jsonb, ${JSON.stringify(by)}::jsonb)
        ON CONFLICT DO NOTHING`;
    },
    async take(id, step, { by, reason, engagement }) {
      const { from, to } = STEPS[step];
      const count = await database.$executeRaw`
        UPDATE suggestions SET state = ${to}, reason = ${reason ?? null}, changed_by = ${JSON.stringify(by)}::jsonb,
          engagement = coalesce(${engagement ? JSON.stringify(engagement) : null}::jsonb, engagement),
          updated_at = clock_timestamp()
        WHERE id = ${id} AND state = ANY(${[...from]}::text[])`;
      return count > 0;
    },
    async link(id, ticketId, by) {
      await database.$executeRaw`
        INSERT INTO suggestion_tickets (suggestion, ticket_id, linked_by)
        VALUES (${id}, ${ticketId}, ${JSON.stringify(by)}::jsonb) ON CONFLICT DO NOTHING`;
    },
    async ticketIds(id, { limit, sight }) {
      const rows = await database.$queryRaw<{ ticketId: string }[]>`
        SELECT l.ticket_id AS "ticketId" FROM suggestion_tickets l
        WHERE l.suggestion = ${id} AND ${ofVisibleTicket(Prisma.sql`l.ticket_id`, sight)}
        ORDER BY l.linked_at DESC, l.ticket_id LIMIT ${limit}`;
      return rows.map(({ ticketId }) => ticketId);
    },
  };
}
