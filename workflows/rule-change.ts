/**
 * A change of rules on its way to the open tickets: waits for its time, then works until none is behind. How far it
 * has come is in the database, so a run may end anywhere.
 */
import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { lookAgainSignal, type RuleChangeInput } from './messages.ts';
import { workOnRuleChange } from './proxies.ts';

export async function ruleChangeWorkflow(input: RuleChangeInput): Promise<void> {
  let isWoken = false;
  setHandler(lookAgainSignal, () => void (isWoken = true));
  for (;;) {
    const next = await workOnRuleChange(input);
    if ('ended' in next) return;
    if (next.waitMs > 0) await condition(() => isWoken, next.waitMs);
    isWoken = false;
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof ruleChangeWorkflow>(input);
  }
}
