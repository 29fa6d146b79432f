/** Stored calendars, which policies refer to by name. A version is never changed. */
import type { Calendar } from '../domain/calendar.ts';
import type { Database } from './client.ts';
import type { Calendar as CalendarRow } from './generated/client.ts';

/** How a version of a calendar or policy stands: `withdrawn` was taken back before or after it was in force. */
export type VersionState = 'inForce' | 'scheduled' | 'awaitingApproval' | 'superseded' | 'withdrawn';

/** What is kept of every version, whatever it is a version of. */
export interface VersionRecord {
  name: string;
  version: number;
  hash: string;
  createdAt: Date;
  /** Subject of who published it; `file` for a policy file, null from before this was kept. */
  createdBy: string | null;
  reason: string | null;
  effectiveFrom: Date;
  state: VersionState;
  /** The calendar as the domain knows it, or the policy as it was written where that is known. */
  document: unknown;
}

export interface CalendarStore {
  /** Every calendar that is in force now, by name. */
  inForce(): Promise<Record<string, Calendar>>;
  /** The version in force; null where there is none. */
  get(name: string): Promise<VersionRecord | null>;
  /** The versions in force, by name. */
  list(page: { after: string | null; limit: number }): Promise<VersionRecord[]>;
  /** All versions of one, newest first. */
  versions(name: string, page: { before: number | null; limit: number }): Promise<VersionRecord[]>;
  version(name: string, version: number): Promise<VersionRecord | null>;
  /** What the calendar with this name and hash said; null where that was never stored. */
  byHash(name: string, hash: string): Promise<Calendar | null>;
}

type Row = Pick<
  CalendarRow,
  'name' | 'version' | 'hash' | 'createdAt' | 'createdBy' | 'reason' | 'effectiveFrom' | 'current'
>;

/** What the state of a version depends on besides itself. */
export interface Standing {
  inForce: number | null;
  /** A version that somebody has yet to approve. */
  awaiting: number | null;
}

/** How one version stands beside the one in force. */
export function stateOf(
  { version, current, effectiveFrom }: Row,
  { inForce, awaiting }: Standing,
): VersionState {
  if (version === inForce) return 'inForce';
  if (version === awaiting) return 'awaitingApproval';
  if (!current) return 'withdrawn';
  return effectiveFrom.getTime() > Date.now() ? 'scheduled' : 'superseded';
}

/** Which versions of these names are in force, and which await approval. */
export async function standings(
  database: Database,
  kind: 'policy' | 'calendar',
  names: readonly string[],
): Promise<(name: string) => Standing> {
  const rows = await database.$queryRaw<{ name: string; inForce: number | null; awaiting: number | null }[]>`
    SELECT n AS name,
      CASE ${kind} WHEN 'policy' THEN (SELECT version FROM policies_in_force WHERE name = n)
                   ELSE (SELECT version FROM calendars_in_force WHERE name = n) END AS "inForce",
      (SELECT to_version FROM rule_changes c
       WHERE c.kind = ${kind} AND c.name = n AND c.state = 'awaitingApproval') AS awaiting
    FROM unnest(${[...names]}::text[]) n`;
  const byName = new Map(rows.map((row) => [row.name, row]));
  return (name) => byName.get(name) ?? { inForce: null, awaiting: null };
}

export function createCalendarStore(database: Database): CalendarStore {
  const records = async (rows: readonly CalendarRow[]): Promise<VersionRecord[]> => {
    const standing = await standings(database, 'calendar', [...new Set(rows.map(({ name }) => name))]);
    return rows.map(({ body, current, ...row }) => ({
      ...row,
      state: stateOf({ ...row, current }, standing(row.name)),
      document: body,
    }));
  };

  const store: CalendarStore = {
    async inForce() {
      const rows = await database.$queryRaw<{ name: string; body: Calendar }[]>`
        SELECT name, body FROM calendars_in_force`;
      return Object.fromEntries(rows.map(({ name, body }) => [name, body]));
    },
    async get(name) {
      const [row] = await database.$queryRaw<{ version: number }[]>`
        SELECT version FROM calendars_in_force WHERE name = ${name}`;
      return row ? store.version(name, row.version) : null;
    },
    async list({ after, limit }) {
      const keys = await database.$queryRaw<{ name: string; version: number }[]>`
        SELECT name, version FROM calendars_in_force WHERE ${after}::text IS NULL OR name > ${after}::text
        ORDER BY name LIMIT ${limit}`;
      if (keys.length === 0) return [];
      return records(await database.calendar.findMany({ where: { OR: keys }, orderBy: { name: 'asc' } }));
    },
    async versions(name, { before, limit }) {
      return records(
        await database.calendar.findMany({
          where: { name, ...(before !== null && { version: { lt: before } }) },
          orderBy: { version: 'desc' },
          take: limit,
        }),
      );
    },
    async version(name, version) {
      const row = await database.calendar.findUnique({ where: { name_version: { name, version } } });
      return row ? (await records([row]))[0]! : null;
    },
    async byHash(name, hash) {
      const row = await database.calendar.findFirst({ where: { name, hash }, select: { body: true } });
      return row ? (row.body as unknown as Calendar) : null;
    },
  };
  return store;
}
