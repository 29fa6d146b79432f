/** What a person may decide at this moment: asked again just before something that cannot be taken back is done. */
import { isRole, type Role } from '../domain/role.ts';
import { isLive } from './api-keys.ts';
import type { Database } from './client.ts';

export interface Authority {
  /**
   * The roles of a person's live keys: neither revoked nor expired, of somebody who has not left. Empty for a person
   * without any. Keys without a person count for nobody.
   */
  rolesOf(person: string): Promise<Set<Role>>;
}

export function createAuthority(database: Database): Authority {
  return {
    async rolesOf(person) {
      const [agent, keys] = await Promise.all([
        database.agent.findUnique({ where: { id: person }, select: { active: true } }),
        database.apiKey.findMany({
          where: { person },
          select: { role: true, revokedAt: true, expiresAt: true },
        }),
      ]);
      if (agent?.active === false) return new Set();
      const now = Date.now();
      return new Set(
        keys.filter((key) => isLive(key, now)).flatMap(({ role }) => (isRole(role) ? [role] : [])),
      );
    },
  };
}
