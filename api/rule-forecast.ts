/** What a change of rules would do to the open tickets, read from their ledgers; nothing is written. */
import type { Sight } from '../domain/visibility.ts';
import { setImmediate as letOthersIn } from 'node:timers/promises';
import type { Policy } from '../domain/policy.ts';
import {
  addTo,
  emptyForecast,
  foresee,
  requestOf,
  type Forecast,
  type RuleChange,
} from '../domain/rule-change.ts';
import { createRulesCache } from '../domain/rules.ts';
import { rebuild } from '../domain/ticket.ts';
import type { OpenTicket, RuleChangeStore, Target } from '../prisma/rule-changes.ts';

export interface Foreseen {
  change: RuleChange;
  target: Target;
  /** What would judge a ticket. */
  policyOf: (ticket: OpenTicket) => Promise<Policy>;
}

const PAGE = 200;
/** How long the process may think before it answers somebody else. */
const TURN_MS = 20;

/** Looks at every open ticket that the target is ahead of, a page at a time, as of `now`. */
export async function forecastOf(
  changes: Pick<RuleChangeStore, 'behind' | 'stories'>,
  { change, target, policyOf }: Foreseen,
  { now, sight }: { now: number; sight: Sight },
): Promise<Forecast> {
  const forecast = emptyForecast();
  const rulesFor = createRulesCache();
  let turnEndsAt = Date.now() + TURN_MS;
  for (let after: string | null = null; ;) {
    const tickets: OpenTicket[] = await changes.behind(target, { after, limit: PAGE, sight });
    const stories = await changes.stories(tickets.map(({ id }) => id));
    for (const open of tickets) {
      const ticket = rebuild(open.id, stories.get(open.id)!);
      const { openedAt } = ticket.situation;
      const rules = rulesFor(await policyOf(open), { openedAt, now });
      const difference = foresee(ticket, requestOf(change, { openedAt, rules }), now);
      if (difference) addTo(forecast, open.id, difference);
      if (Date.now() < turnEndsAt) continue;
      await letOthersIn();
      turnEndsAt = Date.now() + TURN_MS;
    }
    if (tickets.length < PAGE) return forecast;
    after = tickets.at(-1)!.id;
  }
}
