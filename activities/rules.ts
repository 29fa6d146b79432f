/** Rules that run short: a ticket's calendars, expanded further ahead. */
import { resolveRules } from '../domain/rules.ts';
import type { OpenHours } from '../domain/open-hours.ts';
import type { PolicyStore } from '../prisma/policies.ts';

export interface Rules {
  /**
   * Opening hours of the calendars of a policy version, from before `openedAt` up to the horizon after `now`
   * (epoch milliseconds). Retried until the version can be read.
   */
  loadLongerHours(wanted: {
    policy: string;
    version: number;
    openedAt: number;
    now: number;
  }): Promise<Record<string, OpenHours>>;
}

export function createRules({ policies }: { policies: Pick<PolicyStore, 'version'> }): Rules {
  return {
    async loadLongerHours({ policy, version, openedAt, now }) {
      const stored = await policies.version(policy, version);
      return resolveRules(stored, { openedAt, now }).hours;
    },
  };
}
