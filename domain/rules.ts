/** From a stored policy to the rules that a ticket carries. Reaches calendar.ts, so workflows never import it. */
import { expandCalendar } from './calendar.ts';
import { ALWAYS, type OpenHours } from './open-hours.ts';
import { targetsOf, type AppliedPolicy, type AppliedRules, type Policy } from './policy.ts';

const DAY = 86_400_000;

/** How far ahead hours are expanded; the end of the horizon is a milestone of the ticket (docs/rules.md §1). */
const HORIZON_MS = 60 * DAY;

/** Start of the UTC day: horizons are aligned so that tickets of one day share their rules word for word. */
function startOfDay(at: number): number {
  return Math.floor(at / DAY) * DAY;
}

/** Whether a duty of law counts days of this calendar. */
const isForLaw = ({ security }: AppliedPolicy, calendar: string): boolean =>
  security?.obligations.some(({ target }) => target.period && target.calendar === calendar) ?? false;

/** How long before a ticket was opened a duty of law may have begun to count days; what is older is refused. */
const LAW_REACH_MS = 92 * DAY;

/** Whether a clock of the policy counts days of a calendar. */
function countsDays(policy: AppliedPolicy, calendar: string): boolean {
  return (
    isForLaw(policy, calendar) ||
    Object.keys(policy.clocks).some((name) =>
      targetsOf(policy, name).some((target) => target.period && target.calendar === calendar),
    )
  );
}

/**
 * The rules that judge a ticket opened at `openedAt`, with every calendar expanded up to the horizon after
 * `now` (epoch milliseconds). What enters the workflow.
 */
export function resolveRules(
  policy: Policy,
  { openedAt, now }: { openedAt: number; now: number },
): AppliedRules {
  const { calendars, examples: _examples, ...applied } = policy;
  const hours: Record<string, OpenHours> = { always: ALWAYS };
  const from = startOfDay(openedAt) - DAY;
  const until = startOfDay(now) + HORIZON_MS;
  for (const [name, calendar] of Object.entries(calendars)) {
    const since = isForLaw(applied, name) ? from - LAW_REACH_MS : from;
    hours[name] = expandCalendar(name, calendar, since, until, { days: countsDays(applied, name) });
  }
  return { policy: applied, hours };
}

export type RulesFor = (policy: Policy, when: { openedAt: number; now: number }) => AppliedRules;

/**
 * `resolveRules` that expands the calendars of one policy object once a day: tickets opened on the same day share
 * their rules. By object, not by version: a stored calendar may change without the policy.
 */
export function createRulesCache(): RulesFor {
  const known = new WeakMap<Policy, Map<string, AppliedRules>>();
  return (policy, when) => {
    const days = known.get(policy) ?? new Map<string, AppliedRules>();
    known.set(policy, days);
    const key = `${startOfDay(when.openedAt)}/${startOfDay(when.now)}`;
    const rules = days.get(key) ?? resolveRules(policy, when);
    days.set(key, rules);
    return rules;
  };
}

/** Round the clock, and the calendar of whoever has the ticket: nobody defines these. */
const BUILT_IN = new Set(['always', 'tier']);

/** Wherever a policy names a calendar, the field is called `calendar`. */
function calendarsNamedIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === 'calendar' && typeof part === 'string' ? [part] : calendarsNamedIn(part),
  );
}

/** The calendars that a policy refers to and does not define itself: stored ones (docs/rule-changes.md). */
export function storedCalendarsOf({ calendars, examples: _examples, ...applied }: Policy): string[] {
  const stored = calendarsNamedIn(applied).filter(
    (name) => !BUILT_IN.has(name) && !Object.hasOwn(calendars, name),
  );
  return [...new Set(stored)].toSorted();
}
