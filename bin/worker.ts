/** The worker process: runs the workflows and their activities. */
import { Client, Connection } from '@temporalio/client';
import {
  NativeConnection,
  type NativeConnectionOptions,
  Runtime,
  Worker,
  type LogLevel,
  type LogMetadata,
} from '@temporalio/worker';
import type { Actuating } from '../activities/actuate.ts';
import type { Assignment } from '../activities/assignment.ts';
import { createActivities, type Activities } from '../activities/index.ts';
import type { JournalHandler, RowHandler } from '../activities/follow.ts';
import type { ChannelName } from '../activities/channels.ts';
import type { Outbox } from '../activities/outbox.ts';
import { DEFAULT_PACE, type Asked, type Pace } from '../activities/rule-change.ts';
import type { ScheduledOpening } from '../activities/scheduled-ticket.ts';
import { createCalendarStore } from '../prisma/calendars.ts';
import { assertUtc, openDatabase, type Database } from '../prisma/client.ts';
import { createJournalStore } from '../prisma/journals.ts';
import { createLedger } from '../prisma/ledger.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createReaderStore } from '../prisma/readers.ts';
import { createRuleChangeStore } from '../prisma/rule-changes.ts';
import { createScheduleStore } from '../prisma/schedules.ts';
import { createSpool } from '../prisma/spool.ts';
import {
  OUTBOX_WORKFLOW,
  outboxWorkflowId,
  READER_WORKFLOW,
  readerWorkflowId,
  TASK_QUEUE,
} from '../workflows/messages.ts';
import { createEngine, type Engine } from '../api/engine.ts';
import { Refused } from '../api/engine-errors.ts';
import { createJournalRunner, wakeOverslept } from '../api/journal-runner.ts';
import { createRuleChangeRunner, startUnfinished } from '../api/rule-change-runner.ts';
import { createScheduleMirror } from '../api/schedule-mirror.ts';
import { NO_ACTUATING } from './actuating.ts';
import { containmentActuating, playbookLoadingOver } from './containment.ts';
import type { ServiceConfig } from './config.ts';
import { createLogger, type Logger } from './log.ts';
import { channelsOf, namesOf, outboxOver } from './outbox.ts';
import { journalReaders, ledgerReaders } from './readers.ts';
import { createReconciling, NO_SCHEDULING, schedulingOver } from './scheduling.ts';
import { assignmentOver } from './queues.ts';
import { temporalTarget } from './temporal.ts';
import { startWatchdog } from './watchdog.ts';
import { bundleWorkflows } from './workflow-bundle.ts';

export interface Doing {
  /** Reader of the ledger → what it does with each row; without one, nobody reads it. */
  handlers?: Record<string, RowHandler>;
  /** Reader of the journals → what it does with each row. */
  journalHandlers?: Record<string, JournalHandler>;
  /** The way to the tickets, for changes of rules; without it they wait. */
  engine?: Pick<Engine, 'ask'>;
  pace?: Pace;
  /** Sends what waits to be sent; without it, nothing is. */
  outbox?: Outbox;
  /** Opens the tickets of schedules; without it they wait. */
  scheduling?: ScheduledOpening;
  /** Carries out the units of runs; without it they wait. */
  actuating?: Actuating;
}

/** A ticket's answer to a change of rules; what is no answer is thrown, and asked again. */
async function askTicket(
  engine: Doing['engine'],
  ...[ticketId, request]: Parameters<Engine['ask']>
): Promise<Asked> {
  if (!engine) throw new Error('There is no way to the tickets');
  try {
    return (await engine.ask(ticketId, request)) ? 'granted' : 'unknown';
  } catch (error) {
    if (error instanceof Refused) return { refusal: error.refusal };
    throw error;
  }
}

/** For workers that send nothing. */
const NO_OUTBOX: Outbox = {
  sendDue: () => Promise.resolve(0),
  keepSending: (channel) => Promise.reject(new Error(`There is no channel ${channel}`)),
};

/** The activities over a real database. */
export function activitiesOver(
  database: Database,
  { handlers = {}, journalHandlers = {}, engine, pace, outbox, scheduling, actuating }: Doing = {},
): Activities {
  return createActivities({
    ledger: createLedger(database),
    journals: createJournalStore(database),
    policies: createPolicyStore(database),
    calendars: createCalendarStore(database),
    spool: createSpool(database),
    readers: createReaderStore(database),
    handlers,
    journalHandlers,
    changes: createRuleChangeStore(database),
    askTicket: (...request) => askTicket(engine, ...request),
    pace: pace ?? DEFAULT_PACE,
    outbox: outbox ?? NO_OUTBOX,
    scheduling: scheduling ?? NO_SCHEDULING,
    actuating: actuating ?? NO_ACTUATING,
    playbookLoading: playbookLoadingOver(database),
  });
}

/** The SDK's own words go to the same log. */
function bridgeLogs(log: Logger): void {
  const write = (level: LogLevel, message: string, meta?: LogMetadata) => {
    const { sdkComponent: _component, taskQueue: _queue, ...rest } = meta ?? {};
    if (level === 'ERROR') log.error(rest, message);
    else if (level === 'WARN') log.warn(rest, message);
    else log.debug(rest, message);
  };
  Runtime.install({
    logger: {
      log: write,
      trace: (message, meta) => write('TRACE', message, meta),
      debug: (message, meta) => write('DEBUG', message, meta),
      info: (message, meta) => write('INFO', message, meta),
      warn: (message, meta) => write('WARN', message, meta),
      error: (message, meta) => write('ERROR', message, meta),
    },
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
}

interface Kept {
  readers: readonly string[];
  channels: readonly ChannelName[];
}

/**
 * The workflows that go on for ever: one for each reader, and one for each channel that is configured. What waits for
 * another channel stays, and is sent when it is configured again.
 */
async function keepRunning(client: Client, { readers, channels }: Kept): Promise<void> {
  const lives = [
    ...readers.map((reader) => [READER_WORKFLOW, readerWorkflowId(reader), { reader }] as const),
    ...channels.map((channel) => [OUTBOX_WORKFLOW, outboxWorkflowId(channel), { channel }] as const),
  ];
  for (const [type, workflowId, input] of lives)
    await client.workflow.start(type, {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
}

/**
 * What the watchdog sees to besides tickets: a change of rules whose workflow was never started, or was lost; a journal
 * that overslept; a schedule that Temporal does not have, or has otherwise.
 */
function upkeepOver(
  database: Database,
  { client, assignment }: { client: Client; assignment: Assignment },
): () => Promise<void> {
  const there = { client, taskQueue: TASK_QUEUE };
  const runner = createRuleChangeRunner(there);
  const changes = createRuleChangeStore(database);
  const journals = createJournalStore(database);
  const journalRunner = createJournalRunner({ ...there, journals });
  const mirror = createScheduleMirror({ ...there, schedules: createScheduleStore(database) });
  const reconcileSchedules = createReconciling(mirror);
  return async () => {
    await startUnfinished(changes, runner);
    await wakeOverslept(journals, journalRunner);
    // Shifts begin and reservations expire without an event.
    await assignment.lookAgain();
    await reconcileSchedules();
  };
}

/** Runs until SIGINT or SIGTERM; a workflow task or write under way is finished first. */
export async function run(config: ServiceConfig): Promise<void> {
  const log = createLogger('worker', config.logLevel);
  bridgeLogs(log);
  const database = openDatabase(config.databaseUrl, {
    onError: (error) => log.warn({ err: error }, 'database'),
  });
  await assertUtc(database);
  const { connectionOptions, namespace } = temporalTarget(config);
  const [workflowBundle, connection, clientConnection] = await Promise.all([
    bundleWorkflows(),
    NativeConnection.connect(connectionOptions as NativeConnectionOptions),
    Connection.connect(connectionOptions),
  ]);
  const client = new Client({ connection: clientConnection, namespace });
  const engine = createEngine({
    client,
    taskQueue: TASK_QUEUE,
    ledger: createLedger(database),
    spool: createSpool(database),
  });
  const channels = channelsOf(config);
  const assignment = assignmentOver(database, {
    askTicket: (...request) => askTicket(engine, ...request),
    log,
    channels: namesOf(channels),
  });
  const reading = { client, taskQueue: TASK_QUEUE, engine, log, channels };
  const handlers = ledgerReaders(database, { ...reading, assignment });
  const journalHandlers = journalReaders(database, reading);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: activitiesOver(database, {
      handlers,
      journalHandlers,
      engine,
      outbox: outboxOver(database, { channels, engine, log, highest: config.channelLabels }),
      scheduling: schedulingOver(database, { client, taskQueue: TASK_QUEUE, engine }),
      actuating: containmentActuating(database, { config, log }),
      pace: { ...DEFAULT_PACE, perSecond: config.ruleChangesPerSecond },
    }),
    maxCachedWorkflows: 2000,
    shutdownGraceTime: '2s',
    shutdownForceTime: '10s',
  });
  const running = worker.run();
  await keepRunning(client, {
    readers: [...Object.keys(handlers), ...Object.keys(journalHandlers)],
    channels: namesOf(channels),
  });
  const watchdog = startWatchdog({
    databaseUrl: config.databaseUrl,
    engine,
    log,
    also: upkeepOver(database, { client, assignment }),
  });
  process.stderr.write('worker ready\n');
  await running;
  await watchdog.stop();
  await Promise.all([clientConnection.close(), connection.close(), database.$disconnect()]);
}
