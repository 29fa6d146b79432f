/**
 * A stage for one act: PostgreSQL, Temporal, a prepared database and a worker, all in a temporary folder and gone
 * afterwards. For replays on the engine and for benchmarks; nothing of the user's own data is touched.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { openDatabase, type Database } from '../prisma/client.ts';
import { TASK_QUEUE } from '../workflows/messages.ts';
import { readConfig } from './config.ts';
import { prepareDatabase } from './database.ts';
import { startPostgres } from './embedded-postgres.ts';
import { startTemporal } from './embedded-temporal.ts';
import { activitiesOver } from './worker.ts';
import { bundleWorkflows } from './workflow-bundle.ts';

export interface Stage {
  client: Client;
  database: Database;
  taskQueue: string;
  /** Key of the role admin. */
  apiKey: string;
}

export interface StageOptions {
  /** Told what is being done. */
  say: (text: string) => void;
  /** Workflows skip idle time. */
  virtualTime?: boolean;
}

/** The server stops skipping, silently, at 200 unless told more. */
const MOST_SKIPS = 10_000;

/** Every workflow started over this connection lives in virtual time; the SDK's client has no option for it. */
function withTimeSkipping(connection: Connection): Connection {
  const service = connection.workflowService;
  const start = service.startWorkflowExecution.bind(service);
  const skipping = { timeSkippingConfig: { enabled: true, maxSessionSkipCount: MOST_SKIPS } };
  service.startWorkflowExecution = ((request: Parameters<typeof start>[0]) =>
    start({ ...request, ...skipping } as Parameters<typeof start>[0])) as typeof start;
  return connection;
}

function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'tierline-stage-'));
  // PostgreSQL may run as another user, who has to get through.
  chmodSync(home, 0o711);
  return home;
}

/** Runs `act` while a worker serves its stage; everything is stopped and removed whatever comes of it. */
export async function onStage<R>(
  { say, virtualTime }: StageOptions,
  act: (stage: Stage) => Promise<R>,
): Promise<R> {
  const home = temporaryHome();
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
  const [postgres, temporal, workflowBundle] = await Promise.all([
    startPostgres({ home, port: 0, onProgress: say }),
    startTemporal({ home, port: 0, onProgress: say }),
    bundleWorkflows(),
  ]);
  const database = openDatabase(postgres.url);
  const { apiKey } = await prepareDatabase(postgres.url, { policiesDir: readConfig().policiesDir });
  const connection = await Connection.connect({ address: temporal.address });
  const nativeConnection = await NativeConnection.connect({ address: temporal.address });
  try {
    const worker = await Worker.create({
      connection: nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle,
      activities: activitiesOver(database),
    });
    const client = new Client({ connection: virtualTime ? withTimeSkipping(connection) : connection });
    return await worker.runUntil(act({ client, database, taskQueue: TASK_QUEUE, apiKey: apiKey! }));
  } finally {
    await Promise.all([connection.close(), nativeConnection.close(), database.$disconnect()]);
    await Promise.all([postgres.stop(), temporal.stop()]);
    await Runtime.instance().shutdown();
    rmSync(home, { recursive: true, force: true });
  }
}
