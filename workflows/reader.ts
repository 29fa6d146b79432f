/**
 * A reader of the ledger: follows it from its own cursor and acts on what it finds (notifications, task
 * priorities). The reading waits inside an activity, so an idle reader costs next to no history.
 */
import { continueAsNew } from '@temporalio/workflow';
import { followLedger } from './proxies.ts';

const ROUNDS_PER_RUN = 200;

export async function readerWorkflow(input: { reader: string }): Promise<void> {
  for (let round = 0; round < ROUNDS_PER_RUN; round += 1) await followLedger(input);
  await continueAsNew<typeof readerWorkflow>(input);
}
