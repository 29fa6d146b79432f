/** A worker for containment runs, in any process, that tells where it is between the steps of a unit. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { createConnectors } from '../../activities/connectors.ts';
import type { Connector } from '../../activities/connector.ts';
import type { JournalWrite } from '../../prisma/journals.ts';
import { containmentActuating } from '../../bin/containment.ts';
import { activitiesOver } from '../../bin/worker.ts';
import type { UnitOrder } from '../../domain/unit.ts';
import type { Database } from '../../prisma/client.ts';
import { createUnitStore } from '../../prisma/units.ts';
import { securitySettings } from './security.ts';

/**
 * Where a worker may be lost. `claimed`: nothing is sent yet. `noted`: noted as sending, and not sent. `sent`: answered,
 * and the answer not stored. `stored`: and nobody told. `reported`: told to the run, and not in its journal. `recorded`:
 * in its journal, before anything else begins.
 */
export const MOMENTS = ['claimed', 'noted', 'sent', 'stored', 'reported', 'recorded'] as const;
export type Moment = (typeof MOMENTS)[number];

export interface RunWorkerOptions {
  databaseUrl: string;
  temporal: string;
  bundle: string;
  taskQueue: string;
  secrets: Readonly<Record<string, string>>;
  /** Names of the steps of its playbook, by id. */
  steps: Readonly<Record<string, string>>;
}

export interface About {
  /** `back`: of a roll back. */
  way: 'forward' | 'back';
  step: string;
}

/** Told of each moment of each unit. */
export type Visit = (moment: Moment, about: About) => void;

export const pointOf = (moment: Moment, { way, step }: About): string => `${way} ${step} ${moment}`;

interface Place {
  unit: string;
  step: string;
}

/** The worker, not yet running. */
export async function createRunWorker(
  database: Database,
  connection: NativeConnection,
  { bundle, taskQueue, secrets, steps: names }: Omit<RunWorkerOptions, 'temporal' | 'databaseUrl'>,
  visit: Visit = () => undefined,
): Promise<Worker> {
  const config = securitySettings(secrets);
  const underWay = new AsyncLocalStorage<UnitOrder>();
  const steps = new Map<string, string>();
  const tell = (moment: Moment, { unit, step }: Place) =>
    visit(moment, { way: /\/rb\d+\//.test(unit) ? 'back' : 'forward', step: names[step] ?? step });
  const after =
    <A extends unknown[], R>(moment: Moment, work: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      const result = await work(...given);
      const order = underWay.getStore()!;
      tell(moment, { unit: order.id, step: order.step });
      return result;
    };
  const units = createUnitStore(database);
  const connectors = Object.entries(createConnectors(config.connectors)).map(
    ([type, connector]): [string, Connector] => [
      type,
      {
        isChange: (command) => connector.isChange(command),
        isRepeatable: (command) => connector.isRepeatable(command),
        carryOut: after('sent', (request) => connector.carryOut(request)),
      },
    ],
  );
  const actuating = containmentActuating(database, {
    config,
    log: pino({ level: 'silent' }),
    units: {
      claim: after('claimed', (...given: Parameters<typeof units.claim>) => units.claim(...given)),
      send: after('noted', (...given: Parameters<typeof units.send>) => units.send(...given)),
      settle: after('stored', (...given: Parameters<typeof units.settle>) => units.settle(...given)),
      renew: (...given) => units.renew(...given),
    },
    connectors: Object.fromEntries(connectors),
    leaseMs: 2_000,
    pauseMs: 200,
  });
  const activities = activitiesOver(database, {
    actuating: {
      actuate(order) {
        steps.set(order.id, order.step);
        return underWay.run(order, () => actuating.actuate(order));
      },
    },
  });
  const reportsIn = ({ events }: JournalWrite): Place[] =>
    (events as readonly { type: string; unit?: string }[]).flatMap(({ type, unit = '' }) =>
      type === 'unitReported' && steps.has(unit) ? { unit, step: steps.get(unit)! } : [],
    );
  return Worker.create({
    connection,
    taskQueue,
    workflowBundle: { codePath: bundle },
    activities: {
      ...activities,
      async recordJournal(turn: JournalWrite) {
        const reports = reportsIn(turn);
        for (const place of reports) tell('reported', place);
        const answer = await activities.recordJournal(turn);
        for (const place of reports) tell('recorded', place);
        return answer;
      },
    },
    // Nobody waits for the cache of a worker that is dead.
    stickyQueueScheduleToStartTimeout: '1s',
  });
}
