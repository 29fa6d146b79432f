/** Starting the workflow of a change of rules. The change is in the database; a start that fails is made up for later. */
import type { Client } from '@temporalio/client';
import type { RuleChangeStore } from '../prisma/rule-changes.ts';
import {
  lookAgainSignal,
  RULE_CHANGE_WORKFLOW,
  ruleChangeWorkflowId,
  type RuleChangeInput,
} from '../workflows/messages.ts';
import { calledBy, wasHeard } from './engine-errors.ts';

export interface RuleChangeRunner {
  /** Starts it unless it runs. */
  ensure(changeId: string): Promise<void>;
  /** Starts it, or makes it look at its row again; `false` where Temporal is away: the watchdog starts it later. */
  wake(changeId: string): Promise<boolean>;
}

const START_WITHIN_MS = 3_000;

export function createRuleChangeRunner({
  client,
  taskQueue,
}: {
  client: Client;
  taskQueue: string;
}): RuleChangeRunner {
  const options = (changeId: string) => ({
    workflowId: ruleChangeWorkflowId(changeId),
    taskQueue,
    args: [{ changeId }] as [RuleChangeInput],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  });
  const soon = <R>(call: () => Promise<R>) => calledBy(client, Date.now() + START_WITHIN_MS, call);
  return {
    async ensure(changeId) {
      await soon(() => client.workflow.start(RULE_CHANGE_WORKFLOW, options(changeId)));
    },
    wake: (changeId) =>
      wasHeard(() =>
        soon(() =>
          client.workflow.signalWithStart(RULE_CHANGE_WORKFLOW, {
            ...options(changeId),
            signal: lookAgainSignal,
            signalArgs: [],
          }),
        ),
      ),
  };
}

/** Starts every change that somebody must work on and whose workflow may be missing: what the watchdog does. */
export async function startUnfinished(
  changes: Pick<RuleChangeStore, 'unfinished'>,
  runner: Pick<RuleChangeRunner, 'ensure'>,
): Promise<void> {
  for (const changeId of await changes.unfinished()) await runner.ensure(changeId);
}
