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
import { createFollowUps } from '../activities/follow-up.ts';
import { createKnowledge } from '../activities/knowledge.ts';
import { createMajorIncidents } from '../activities/major-incident.ts';
import type { Channels } from '../activities/channels.ts';
import { createNotifier } from '../activities/notify.ts';
import type { Outbox } from '../activities/outbox.ts';
import { createReviewMessenger } from '../activities/review-messages.ts';
import { createRecipients } from '../activities/recipients.ts';
import { DEFAULT_PACE, type Asked, type Pace } from '../activities/rule-change.ts';
import type { ScheduledOpening } from '../activities/scheduled-ticket.ts';
import { createTaskMessenger } from '../activities/task-messages.ts';
import { createTaskPriority } from '../activities/task-priority.ts';
import { createArticleStore } from '../prisma/articles.ts';
import { createCalendarStore } from '../prisma/calendars.ts';
import { assertUtc, openDatabase, type Database } from '../prisma/client.ts';
import { createDeliveryStore } from '../prisma/deliveries.ts';
import { createIntakeStore } from '../prisma/intake.ts';
import { createJournalStore } from '../prisma/journals.ts';
import { createLedger } from '../prisma/ledger.ts';
import { createPeopleStore } from '../prisma/people.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createReviewStore } from '../prisma/reviews.ts';
import { createReaderStore } from '../prisma/readers.ts';
import { createRotaStore } from '../prisma/rotas.ts';
import { createRuleChangeStore } from '../prisma/rule-changes.ts';
import { createScheduleStore } from '../prisma/schedules.ts';
import { createSpool } from '../prisma/spool.ts';
import { createTaskStore } from '../prisma/tasks.ts';
import { createTicketStore } from '../prisma/tickets.ts';
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
import {
  CONTAINMENT_READERS,
  containmentActuating,
  containmentReaders,
  playbookLoadingOver,
} from './containment.ts';
import type { ServiceConfig } from './config.ts';
import { createLogger, type Logger } from './log.ts';
import { channelsOf, customerUpdatesOver, namesOf, outboxOver } from './outbox.ts';
import { problemReaders, recurrenceReaders } from './problem-readers.ts';
import { reviewJournalReaders, reviewReaders } from './review-readers.ts';
import { createReconciling, NO_SCHEDULING, schedulingOver } from './scheduling.ts';
import { assignmentOver } from './queues.ts';
import { temporalTarget } from './temporal.ts';
import { startWatchdog } from './watchdog.ts';
import { bundleWorkflows } from './workflow-bundle.ts';

/** The readers of the ledger; each is one long-lived workflow. */
export const READERS = [
  'notifications',
  'task-priority',
  'follow-ups',
  'major-incidents',
  'recurrence',
  'article-tasks',
  'customer-updates',
  'knowledge',
  'assignment',
  'reviews',
] as const;
/** The readers of the journals of tasks, problems and reviews. */
const JOURNAL_READERS = [
  'task-messages',
  'problem-news',
  'review-news',
  'review-messages',
  ...CONTAINMENT_READERS,
] as const;

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

interface ReaderDeps {
  client: Client;
  engine: Engine;
  log: Logger;
  /** The ways out that are configured. */
  channels: Channels;
}

/** What each reader of the journals does with the rows it finds. */
function journalHandlers(
  database: Database,
  { client, engine, log, channels }: ReaderDeps,
): Record<(typeof JOURNAL_READERS)[number], JournalHandler> {
  const deliveries = createDeliveryStore(database);
  const tasks = createTaskStore(database);
  return {
    'task-messages': createTaskMessenger({ tasks, deliveries, log, channels: namesOf(channels) }),
    ...problemReaders(database, { client, taskQueue: TASK_QUEUE, engine }),
    ...reviewJournalReaders(database, { client, taskQueue: TASK_QUEUE, engine }),
    ...containmentReaders(database, { client, taskQueue: TASK_QUEUE, log, channels: namesOf(channels) }),
    'review-messages': createReviewMessenger({
      reviews: createReviewStore(database),
      deliveries,
      log,
      channels: namesOf(channels),
    }),
  };
}

/** Who notifications are for, by the directory of a real database. */
export function recipientsOver(database: Database): ReturnType<typeof createRecipients> {
  return createRecipients({
    people: createPeopleStore(database),
    rotas: createRotaStore(database),
    calendars: createCalendarStore(database),
    tickets: createTicketStore(database),
    policies: createPolicyStore(database),
  });
}

/** What each reader does with the rows it finds. */
function rowHandlers(
  database: Database,
  { client, engine, log, channels, assignment }: ReaderDeps & { assignment: Assignment },
): Record<(typeof READERS)[number], RowHandler> {
  const { namespace } = client.options;
  return {
    notifications: createNotifier({
      deliveries: createDeliveryStore(database),
      log,
      channels: namesOf(channels),
      recipientsOf: recipientsOver(database),
    }),
    'customer-updates': customerUpdatesOver(database, { channels, engine, log }),
    ...recurrenceReaders(database, { client, taskQueue: TASK_QUEUE }),
    ...reviewReaders(database, { client, taskQueue: TASK_QUEUE }),
    assignment: assignment.onRow,
    'task-priority': createTaskPriority({ connection: client.connection as Connection, namespace }),
    'major-incidents': createMajorIncidents({
      tickets: createTicketStore(database),
      tell: (...told) => engine.tell(...told),
    }),
    knowledge: createKnowledge({
      articles: createArticleStore(database),
      tickets: createTicketStore(database),
      tell: (...told) => engine.tell(...told),
    }),
    'follow-ups': createFollowUps({
      client,
      taskQueue: TASK_QUEUE,
      ledger: createLedger(database),
      policies: createPolicyStore(database),
      tickets: createTicketStore(database),
      intake: createIntakeStore(database),
    }),
  };
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

async function startReaders(client: Client): Promise<void> {
  for (const reader of [...READERS, ...JOURNAL_READERS])
    await client.workflow.start(READER_WORKFLOW, {
      workflowId: readerWorkflowId(reader),
      taskQueue: TASK_QUEUE,
      args: [{ reader }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
}

/** One for each channel that is configured. What waits for another stays, and is sent when it is configured again. */
async function startOutboxes(client: Client, channels: Channels): Promise<void> {
  for (const channel of namesOf(channels))
    await client.workflow.start(OUTBOX_WORKFLOW, {
      workflowId: outboxWorkflowId(channel),
      taskQueue: TASK_QUEUE,
      args: [{ channel }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
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
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: activitiesOver(database, {
      handlers: rowHandlers(database, { client, engine, log, channels, assignment }),
      journalHandlers: journalHandlers(database, { client, engine, log, channels }),
      engine,
      outbox: outboxOver(database, { channels, engine, log }),
      scheduling: schedulingOver(database, { client, taskQueue: TASK_QUEUE, engine }),
      actuating: containmentActuating(database, { config, log }),
      pace: { ...DEFAULT_PACE, perSecond: config.ruleChangesPerSecond },
    }),
    maxCachedWorkflows: 2000,
    shutdownGraceTime: '2s',
    shutdownForceTime: '10s',
  });
  const running = worker.run();
  await startReaders(client);
  await startOutboxes(client, channels);
  const runner = createRuleChangeRunner({ client, taskQueue: TASK_QUEUE });
  const changes = createRuleChangeStore(database);
  const journals = createJournalStore(database);
  const journalRunner = createJournalRunner({ client, taskQueue: TASK_QUEUE, journals });
  const reconcileSchedules = createReconciling(
    createScheduleMirror({
      client,
      taskQueue: TASK_QUEUE,
      schedules: createScheduleStore(database),
    }),
  );
  const watchdog = startWatchdog({
    databaseUrl: config.databaseUrl,
    engine,
    log,
    // A change of rules whose workflow was never started, or was lost; a task or problem that overslept; a schedule
    // that Temporal does not have, or has otherwise.
    async also() {
      await startUnfinished(changes, runner);
      await wakeOverslept(journals, journalRunner);
      // Shifts begin and reservations expire without an event.
      await assignment.lookAgain();
      await reconcileSchedules();
    },
  });
  process.stderr.write('worker ready\n');
  await running;
  await watchdog.stop();
  await Promise.all([clientConnection.close(), connection.close(), database.$disconnect()]);
}
