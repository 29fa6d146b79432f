/**
 * A worker process that dies at the worst moment: the row of a marked request is committed, and then the
 * Temporal server and this process are killed before the task that accepts the request can end.
 */
import { Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import { openDatabase } from '../../prisma/client.ts';
import { createLedger } from '../../prisma/ledger.ts';
import { createPolicyStore } from '../../prisma/policies.ts';
import { createReaderStore } from '../../prisma/readers.ts';
import { createSpool } from '../../prisma/spool.ts';

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
const database = openDatabase(options.databaseUrl);
const ledger = createLedger(database);

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: options.temporal }),
  taskQueue: options.taskQueue,
  workflowBundle: { codePath: options.bundle },
  activities: createActivities({
    ledger: {
      async record(turn) {
        const answer = await ledger.record(turn);
        if (turn.events.some(({ id }) => id.startsWith(`request:${options.doomed}/`))) {
          process.kill(options.temporalPid, 'SIGKILL');
          process.kill(process.pid, 'SIGKILL');
        }
        return answer;
      },
    },
    policies: createPolicyStore(database),
    spool: createSpool(database),
    readers: createReaderStore(database),
    handlers: {},
  }),
});
await Connection.connect({ address: options.temporal });
process.send?.('ready');
await worker.run();
