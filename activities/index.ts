/** Everything the workflows can do to the outside world, joined from its parts. */
import { createFollowing, type FollowDeps, type Following } from './follow.ts';
import { createRecording, type Recording } from './record.ts';
import { createRules, type Rules } from './rules.ts';
import { createSpoolReading, type SpoolReading } from './spool.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { Spool } from '../prisma/spool.ts';

export type Activities = Recording & Rules & SpoolReading & Following;

export interface ActivityDeps extends FollowDeps {
  ledger: Pick<Ledger, 'record'>;
  policies: Pick<PolicyStore, 'version'>;
  spool: Pick<Spool, 'pending'>;
}

export function createActivities(deps: ActivityDeps): Activities {
  return {
    ...createRecording(deps),
    ...createRules(deps),
    ...createSpoolReading(deps),
    ...createFollowing(deps),
  };
}
