/** Rules that run short: a ticket's calendars, expanded further ahead. */
import type { MatchedRules } from '../domain/decide.ts';
import { matchPolicy, type Matchable } from '../domain/policy.ts';
import { calendarVersion, type Calendar } from '../domain/calendar.ts';
import { resolveRules } from '../domain/rules.ts';
import type { OpenHours } from '../domain/open-hours.ts';
import type { CalendarStore } from '../prisma/calendars.ts';
import type { PolicyStore } from '../prisma/policies.ts';

export interface RulesDeps {
  policies: Pick<PolicyStore, 'version' | 'current'>;
  calendars: Pick<CalendarStore, 'byHash'>;
}

export interface Rules {
  /**
   * Opening hours of the calendars of a policy version, from before `openedAt` up to the horizon after `now`
   * (epoch milliseconds). A stored calendar that has a newer version meanwhile is expanded as the ticket knows it:
   * only a change of rules changes that (docs/rule-changes.md). Retried until the version can be read.
   */
  loadLongerHours(wanted: {
    policy: string;
    version: number;
    /** Calendar → the version of it by which the ticket is judged. */
    calendars?: Readonly<Record<string, string>>;
    openedAt: number;
    now: number;
  }): Promise<Record<string, OpenHours>>;
  /**
   * The policy for what a ticket is about by now, with its rules from `openedAt` on (epoch milliseconds); the policy it
   * has, where that is still the one or none fits. Retried until the policies can be read.
   */
  matchRules(wanted: {
    matchedOn: Matchable;
    policy: string;
    version: number;
    openedAt: number;
    now: number;
  }): Promise<MatchedRules>;
}

export function createRules({ policies, calendars }: RulesDeps): Rules {
  return {
    async loadLongerHours({ policy, version, calendars: judgedBy = {}, openedAt, now }) {
      const stored = await policies.version(policy, version);
      const known: Record<string, Calendar> = {};
      for (const [name, calendar] of Object.entries(stored.calendars)) {
        const wanted = judgedBy[name] ?? calendarVersion(calendar);
        const isOther = wanted !== calendarVersion(calendar);
        known[name] = (isOther && (await calendars.byHash(name, wanted))) || calendar;
      }
      return resolveRules({ ...stored, calendars: known }, { openedAt, now }).hours;
    },
    async matchRules({ matchedOn, policy, version, openedAt, now }) {
      const matched = matchPolicy(await policies.current(), matchedOn);
      if (!matched || matched.name === policy) return { matchedOn, policy, version };
      return { matchedOn, rules: resolveRules(matched, { openedAt, now }) };
    },
  };
}
