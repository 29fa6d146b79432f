/** Stored policy versions. A version is never changed: tickets that were judged by it keep it. */
import type { Policy } from '../domain/policy.ts';
import type { Database } from './client.ts';

export interface PolicyStore {
  /**
   * Stores each policy whose content is new as the next version of its name, and makes the given ones, and
   * only them, current. Answers them with their versions.
   */
  publish(policies: readonly { policy: Policy; hash: string }[]): Promise<Policy[]>;
  /** The current version of every policy. */
  current(): Promise<Policy[]>;
  /** One version; throws where it does not exist. */
  version(name: string, version: number): Promise<Policy>;
}

function withVersion(row: { version: number; body: unknown }): Policy {
  return { ...(row.body as Policy), version: row.version };
}

export function createPolicyStore(database: Database): PolicyStore {
  return {
    async publish(policies) {
      const published: Policy[] = [];
      for (const { policy, hash } of policies) {
        const { version: _version, ...body } = policy;
        const [row] = await database.$queryRaw<{ version: number; body: unknown }[]>`
          INSERT INTO policies (name, version, hash, body, current)
          SELECT ${policy.name}, coalesce(max(version), 0) + 1, ${hash}, ${JSON.stringify(body)}::jsonb, true
          FROM policies WHERE name = ${policy.name}
          ON CONFLICT (name, hash) DO UPDATE SET current = true
          RETURNING version, body`;
        published.push(withVersion(row!));
      }
      const kept = published.map(({ name, version }) => `${name}@${version}`);
      await database.$executeRaw`
        UPDATE policies SET current = false WHERE current AND NOT (name || '@' || version = ANY(${kept}))`;
      return published;
    },
    async current() {
      const rows = await database.policy.findMany({ where: { current: true } });
      return rows.map(withVersion);
    },
    async version(name, version) {
      const row = await database.policy.findUnique({ where: { name_version: { name, version } } });
      if (!row) throw new Error(`Policy ${name} has no version ${version}`);
      return withVersion(row);
    },
  };
}
