/** Sends what is in the outbox on one channel. The waiting is inside an activity, as a reader's is. */
import { continueAsNew } from '@temporalio/workflow';
import type { OutboxInput } from './messages.ts';
import { sendDeliveries } from './proxies.ts';

const ROUNDS_PER_RUN = 200;

export async function outboxWorkflow(input: OutboxInput): Promise<void> {
  for (let round = 0; round < ROUNDS_PER_RUN; round += 1) await sendDeliveries(input);
  await continueAsNew<typeof outboxWorkflow>(input);
}
