/** A worker for containment runs that kills itself, `kill -9`, at one moment of one unit. */
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { openDatabase } from '../../prisma/client.ts';
import { createRunWorker, pointOf, type RunWorkerOptions } from './run-worker.ts';

export interface DoomedRunWorkerOptions extends RunWorkerOptions {
  /** As `pointOf` names it. */
  point: string;
}

const { point, ...options } = JSON.parse(process.argv[2]!) as DoomedRunWorkerOptions;
Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
const connection = await NativeConnection.connect({ address: options.temporal });
const worker = await createRunWorker(
  openDatabase(options.databaseUrl),
  connection,
  options,
  (moment, about) => {
    if (pointOf(moment, about) === point) process.kill(process.pid, 'SIGKILL');
  },
);
process.send?.('ready');
await worker.run();
