/** From a stored policy to the rules that a ticket carries. Reaches calendar.ts, so workflows never import it. */
import { expandCalendar } from './calendar.ts';
import { ALWAYS, type OpenHours } from './open-hours.ts';
import type { AppliedRules, Policy } from './policy.ts';

const DAY = 86_400_000;

/** How far ahead hours are expanded; the end of the horizon is a milestone of the ticket (docs/rules.md §1). */
const HORIZON_MS = 60 * DAY;

/** Start of the UTC day: horizons are aligned so that tickets of one day share their rules word for word. */
function startOfDay(at: number): number {
  return Math.floor(at / DAY) * DAY;
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
  for (const [name, calendar] of Object.entries(calendars))
    hours[name] = expandCalendar(name, calendar, from, until);
  return { policy: applied, hours };
}
