/** Stored policy versions. A version is never changed: tickets that were judged by it keep it. */
import { storedCalendarsOf } from '../domain/rules.ts';
import type { Policy } from '../domain/policy.ts';
import { standings, stateOf, type VersionRecord } from './calendars.ts';
import type { Database } from './client.ts';
import type { Policy as PolicyRow } from './generated/client.ts';

/** A policy as a file or a caller brings it. */
export interface PolicyDraft {
  policy: Policy;
  /** Names what it promises; equal for two that promise the same. */
  hash: string;
  /** The document as it was written. */
  source?: unknown;
}

/** Open tickets that run under an older version of a policy than the one in force. */
export interface LeftBehind {
  name: string;
  /** The version in force. */
  version: number;
  tickets: number;
}

export interface PolicyStore {
  /**
   * Publishes the policies of files: those whose own content changed since they were last published, as the next
   * version of their name. A policy that was published over the API meanwhile is not overwritten by an older file,
   * and one whose file is gone is no longer offered. Open tickets stay as they are. Answers what is in force.
   */
  publish(policies: readonly PolicyDraft[]): Promise<Policy[]>;
  /** The version in force of every policy, with the stored calendars that it refers to as they are now. */
  current(): Promise<Policy[]>;
  /** One version, with stored calendars as they are now; throws where it does not exist. */
  version(name: string, version: number): Promise<Policy>;
  /** Which open tickets are left under older versions. */
  leftBehind(): Promise<LeftBehind[]>;
  /** The version in force; null where there is none. */
  get(name: string): Promise<VersionRecord | null>;
  list(page: { after: string | null; limit: number }): Promise<VersionRecord[]>;
  /** All versions of one, newest first. */
  versions(name: string, page: { before: number | null; limit: number }): Promise<VersionRecord[]>;
  versionRecord(name: string, version: number): Promise<VersionRecord | null>;
}

/** What the database stores of a version. */
export function storedVersion({ policy, hash, source }: PolicyDraft) {
  const { version: _version, ...body } = policy;
  return { hash, body, source: source ?? null, storedCalendars: storedCalendarsOf(policy) };
}

export function createPolicyStore(database: Database): PolicyStore {
  const records = async (rows: readonly PolicyRow[]): Promise<VersionRecord[]> => {
    const standing = await standings(database, 'policy', [...new Set(rows.map(({ name }) => name))]);
    return rows.map(({ body: _body, source, current, storedCalendars: _stored, ...row }) => ({
      ...row,
      state: stateOf({ ...row, current }, standing(row.name)),
      document: source,
    }));
  };

  const store: PolicyStore = {
    async publish(policies) {
      for (const draft of policies)
        await database.$queryRaw`
          SELECT tierline_publish_file(${draft.policy.name}, ${JSON.stringify(storedVersion(draft))}::jsonb)`;
      const names = policies.map(({ policy }) => policy.name);
      await database.$queryRaw`SELECT tierline_retire_files(${names}::text[])::text`;
      return store.current();
    },
    async current() {
      const rows = await database.$queryRaw<{ policy: Policy }[]>`
        SELECT tierline_policy(body, version, stored_calendars) AS policy FROM policies_in_force`;
      return rows.map(({ policy }) => policy);
    },
    async version(name, version) {
      const [row] = await database.$queryRaw<{ policy: Policy }[]>`
        SELECT tierline_policy(body, version, stored_calendars) AS policy
        FROM policies WHERE name = ${name} AND version = ${version}`;
      if (!row) throw new Error(`Policy ${name} has no version ${version}`);
      return row.policy;
    },
    async leftBehind() {
      return database.$queryRaw<LeftBehind[]>`
        SELECT p.name, p.version, count(*)::int AS tickets
        FROM policies_in_force p JOIN tickets t ON t.policy = p.name AND t.policy_version < p.version
        WHERE t.state NOT IN ('closed', 'cancelled') GROUP BY p.name, p.version ORDER BY p.name`;
    },
    async get(name) {
      const [row] = await database.$queryRaw<{ version: number }[]>`
        SELECT version FROM policies_in_force WHERE name = ${name}`;
      return row ? store.versionRecord(name, row.version) : null;
    },
    async list({ after, limit }) {
      const keys = await database.$queryRaw<{ name: string; version: number }[]>`
        SELECT name, version FROM policies_in_force WHERE ${after}::text IS NULL OR name > ${after}::text
        ORDER BY name LIMIT ${limit}`;
      if (keys.length === 0) return [];
      return records(await database.policy.findMany({ where: { OR: keys }, orderBy: { name: 'asc' } }));
    },
    async versions(name, { before, limit }) {
      return records(
        await database.policy.findMany({
          where: { name, ...(before !== null && { version: { lt: before } }) },
          orderBy: { version: 'desc' },
          take: limit,
        }),
      );
    },
    async versionRecord(name, version) {
      const row = await database.policy.findUnique({ where: { name_version: { name, version } } });
      return row ? (await records([row]))[0]! : null;
    },
  };
  return store;
}
