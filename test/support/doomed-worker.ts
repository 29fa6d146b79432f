/**
 * A worker process that dies at the worst moment: the row of a marked request is committed, and then the
 * Temporal server and this process are killed before the task that accepts the request can end.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { activitiesOver } from '../../bin/worker.ts';
import { openDatabase } from '../../prisma/client.ts';
import type { LedgerTurn } from '../../prisma/ledger.ts';

export interface DoomedWorkerOptions {
  databaseUrl: string;
  temporal: string;
  temporalPid: number;
  bundle: string;
  taskQueue: string;
  /** Message id of the request that is not survived. */
  doomed: string;
}

const options = JSON.parse(process.argv[2]!) as DoomedWorkerOptions;
const activities = activitiesOver(openDatabase(options.databaseUrl));

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: options.temporal }),
  taskQueue: options.taskQueue,
  workflowBundle: { codePath: options.bundle },
  activities: {
    ...activities,
    async record(turn: LedgerTurn) {
      const answer = await activities.record(turn);
      if (turn.events.some(({ id }) => id.startsWith(`request:${options.doomed}/`))) {
        process.kill(options.temporalPid, 'SIGKILL');
        process.kill(process.pid, 'SIGKILL');
      }
      return answer;
    },
  },
});
process.send?.('ready');
await worker.run();
