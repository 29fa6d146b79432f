/** Everything the workflows can do to the outside world, joined from its parts. */
import type { Actuating } from './actuate.ts';
import { createFollowing, type FollowDeps, type Following } from './follow.ts';
import { createJournaling, type Journaling } from './journal.ts';
import { createSending, type Outbox, type Sending } from './outbox.ts';
import { createRecording, type Recording } from './record.ts';
import { createRuleChanging, type RuleChangeDeps, type RuleChanging } from './rule-change.ts';
import { createRules, type Rules } from './rules.ts';
import { createSpoolReading, type SpoolReading } from './spool.ts';
import type { ScheduledOpening } from './scheduled-ticket.ts';
import type { CalendarStore } from '../prisma/calendars.ts';
import type { JournalStore } from '../prisma/journals.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { Spool } from '../prisma/spool.ts';

export type Activities = Journaling &
  Recording &
  Rules &
  SpoolReading &
  Following &
  RuleChanging &
  ScheduledOpening &
  Sending &
  Actuating;

export interface ActivityDeps extends Omit<FollowDeps, 'journals'>, Omit<RuleChangeDeps, 'policies'> {
  ledger: Pick<Ledger, 'record'>;
  journals: JournalStore;
  policies: Pick<PolicyStore, 'current' | 'version'>;
  calendars: Pick<CalendarStore, 'byHash'>;
  spool: Pick<Spool, 'pending'>;
  outbox: Outbox;
  scheduling: ScheduledOpening;
  actuating: Actuating;
}

export function createActivities(deps: ActivityDeps): Activities {
  return {
    ...createJournaling(deps),
    ...createRecording(deps),
    ...createRules(deps),
    ...createSpoolReading(deps),
    ...createFollowing(deps),
    ...createRuleChanging(deps),
    ...deps.scheduling,
    ...createSending(deps),
    ...deps.actuating,
  };
}
