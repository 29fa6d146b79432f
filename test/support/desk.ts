/**
 * A help desk for engine tests: a database and a worker of its own on the run's servers, and words that read
 * like the desk's day. Which server runs, and how time is moved, is known only here.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import Long from 'long';
import { pino } from 'pino';
import type { JournalHandler, RowHandler } from '../../activities/follow.ts';
import type { Activities } from '../../activities/index.ts';
import { DEFAULT_PACE, type Pace } from '../../activities/rule-change.ts';
import { createEngine, type Engine } from '../../api/engine.ts';
import { createJournalRunner, type JournalRunner } from '../../api/journal-runner.ts';
import { createRuleChangeRunner } from '../../api/rule-change-runner.ts';
import type { ChannelLabels } from '../../activities/channel-labels.ts';
import type { Channels } from '../../activities/channels.ts';
import { namesOf, outboxOver } from '../../bin/outbox.ts';
import { schedulingOver } from '../../bin/scheduling.ts';
import { containmentActuating, containmentReaders } from '../../bin/containment.ts';
import { activitiesOver } from '../../bin/worker.ts';
import { resolveRules } from '../../domain/rules.ts';
import type { Command } from '../../domain/commands.ts';
import type { Opening } from '../../domain/decide.ts';
import type { DeskBody, Fact, LedgerEvent, TicketAttributes } from '../../domain/events.ts';
import type { Policy, Priority } from '../../domain/policy.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createJournalStore, type JournalStore } from '../../prisma/journals.ts';
import { createLedger, type Ledger } from '../../prisma/ledger.ts';
import { createPolicyStore } from '../../prisma/policies.ts';
import { createRuleChangeStore, type RuleChangeStore } from '../../prisma/rule-changes.ts';
import { createSpool } from '../../prisma/spool.ts';
import { OUTBOX_WORKFLOW, outboxWorkflowId, ticketWorkflowId } from '../../workflows/messages.ts';
import { createTestDatabase } from './database.ts';
import { rig } from './rig.ts';
import { securitySettings } from './security.ts';

/** Who client and worker are to Temporal: histories are recorded, and have nothing of the machine in them. */
const IDENTITY = 'desk';

export const ACTOR = { subject: 'key-1', role: 'agent' };

export interface Desk {
  database: Database;
  databaseUrl: string;
  ledger: Ledger;
  client: Client;
  engine: Engine;
  taskQueue: string;
  policies: Policy[];
  ruleChanges: RuleChangeStore;
  journals: JournalStore;
  journalRunner: JournalRunner;
  /** What containment runs are carried out with. */
  security: ReturnType<typeof securitySettings>;
  /** What the watchdog does for a change whose workflow does not run. */
  startRuleChange(changeId: string): Promise<void>;
  open(
    ticket?: Partial<Omit<Opening, 'attributes'>> & {
      policy?: string;
      attributes?: Partial<TicketAttributes>;
    },
  ): Promise<string>;
  ask(ticketId: string, command: Command, id?: string): Promise<number>;
  tell(ticketId: string, ...facts: (DeskBody & { occurredAt: number; id?: string })[]): Promise<void>;
  /** Moves the ticket's own clock ahead. */
  fastForward(ticketId: string, ms: number): Promise<void>;
  /** As `fastForward`, for any workflow. */
  fastForwardWorkflow(workflowId: string, ms: number): Promise<void>;
  /** The ledger once `enough` holds for it. */
  timeline(ticketId: string, enough?: (events: LedgerEvent[]) => boolean): Promise<LedgerEvent[]>;
  types(ticketId: string): Promise<string[]>;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
  close(): Promise<void>;
}

export interface DeskOptions {
  /** How long a request may take; longer than the engine's own limit unless a test is about that. */
  requestWithinMs?: number;
  /** Replaces some activities, typed as the real ones. */
  activities?: (real: Activities) => Partial<Activities>;
  maxCachedWorkflows?: number;
  /** Off where the test starts worker processes of its own. */
  worker?: boolean;
  /** What the readers of the ledger do. */
  handlers?: (
    desk: Pick<
      Desk,
      'client' | 'database' | 'ledger' | 'taskQueue' | 'engine' | 'journals' | 'journalRunner'
    >,
  ) => Record<string, RowHandler>;
  /** What the readers of the journals do. */
  journalHandlers?: (
    desk: Pick<
      Desk,
      'client' | 'database' | 'ledger' | 'taskQueue' | 'engine' | 'journals' | 'journalRunner'
    >,
  ) => Record<string, JournalHandler>;
  /** The ways out; what is put into the outbox is sent by them. Asked when the desk opens. */
  channels?: () => Channels;
  /** The highest label that each of them carries in full. */
  highest?: ChannelLabels;
  /** What the vault holds, by variable of the environment. */
  secrets?: Readonly<Record<string, string>>;
  /** Where the worker's log goes; nowhere unless a test is about it. */
  logTo?: NodeJS.WritableStream;
  /** How fast changes of rules go; at once unless said otherwise. */
  pace?: Partial<Pace>;
  /** Another Temporal server than the run's. */
  temporal?: string;
}

/** A shared machine, its disk above all, may stand still for as long: nothing is wrong with what is tested then. */
export const A_STALL_MS = 45_000;

/** Polls until `read` answers something that passes `enough`; fails with the last answer after `withinMs`. */
export async function eventually<T>(
  read: () => Promise<T>,
  enough: (value: T) => boolean,
  withinMs = A_STALL_MS,
): Promise<T> {
  const from = Date.now();
  for (;;) {
    const value = await read();
    if (enough(value)) return value;
    const waitedMs = Date.now() - from;
    if (waitedMs > withinMs) throw new Error(`Still not so after ${withinMs} ms: ${JSON.stringify(value)}`);
    // The longer it takes, the less often it is asked: many that wait must not keep the machine from what they wait for.
    await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, 50 + waitedMs / 20)));
  }
}

let quiet = false;
/** Once per process: the SDK tells of nothing but trouble. */
function hushWorkers(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
}

export async function createDesk(options: DeskOptions = {}): Promise<Desk> {
  hushWorkers();
  const { bundle } = rig();
  const temporal = options.temporal ?? rig().temporal;
  const databaseUrl = await createTestDatabase();
  const database = openDatabase(databaseUrl);
  const ledger = createLedger(database);
  const policyStore = createPolicyStore(database);
  const policies = await policyStore.current();
  const connection = await Connection.connect({ address: temporal });
  const nativeConnection = await NativeConnection.connect({ address: temporal });
  const client = new Client({ connection, identity: IDENTITY });
  const taskQueue = `desk-${randomUUID()}`;
  const engine = createEngine({
    client,
    taskQueue,
    ledger,
    spool: createSpool(database),
    deadlineMs: options.requestWithinMs ?? A_STALL_MS,
  });
  const journals = createJournalStore(database);
  const journalRunner = createJournalRunner({ client, taskQueue, journals });
  const shared = { client, database, ledger, taskQueue, engine, journals, journalRunner };
  const channels = options.channels?.() ?? {};
  const security = securitySettings(options.secrets);
  const log = options.logTo ? pino({ level: 'trace' }, options.logTo) : pino({ level: 'silent' });
  const outbox = outboxOver(database, {
    channels,
    engine,
    log,
    retryAfterMs: [100, 100, 100],
    highest: options.highest ?? {},
  });
  const real = activitiesOver(database, {
    handlers: options.handlers?.(shared) ?? {},
    journalHandlers: {
      ...containmentReaders(database, { client, taskQueue, log, channels: namesOf(channels) }),
      ...options.journalHandlers?.(shared),
    },
    actuating: containmentActuating(database, { config: security, log }),
    engine,
    outbox,
    scheduling: schedulingOver(database, { client, taskQueue, engine }),
    pace: { ...DEFAULT_PACE, perSecond: 500, graceMs: 0, ...options.pace },
  });
  let running: { worker: Worker; done: Promise<void> } | null = null;
  let forwards = 0;

  const desk: Desk = {
    database,
    databaseUrl,
    ledger,
    client,
    engine,
    taskQueue,
    policies,
    ruleChanges: createRuleChangeStore(database),
    journals,
    journalRunner,
    security,
    startRuleChange: (changeId) => createRuleChangeRunner({ client, taskQueue }).ensure(changeId),
    async open({ policy: name = 'demo', attributes, ...rest } = {}) {
      const policy = policies.find((one) => one.name === name)!;
      const now = Date.now();
      const openedAt = rest.openedAt ?? now;
      const priority: Priority = rest.priority ?? 'P1';
      const ticketId = rest.ticketId ?? `tkt_${randomUUID()}`;
      await engine.open({
        type: 'opened',
        messageId: randomUUID(),
        actor: ACTOR,
        tier: 1,
        mode: 'act',
        rules: resolveRules(policy, { openedAt, now }),
        ...rest,
        ticketId,
        openedAt,
        priority,
        attributes: { type: 'incident', channel: 'web', impact: 'high', urgency: 'high', ...attributes },
      });
      return ticketId;
    },
    async ask(ticketId, command, id = randomUUID()) {
      const granted = await engine.ask(ticketId, { id, command, actor: ACTOR });
      if (!granted) throw new Error(`There is no ticket ${ticketId}`);
      return granted.sequence;
    },
    async tell(ticketId, ...facts) {
      await engine.tell(
        ticketId,
        facts.map((fact) => ({ id: randomUUID(), ...fact }) as Fact),
      );
    },
    fastForward: (ticketId, ms) => desk.fastForwardWorkflow(ticketWorkflowId(ticketId), ms),
    async fastForwardWorkflow(workflowId, ms) {
      const workflowExecution = { workflowId };
      const fastForwardId = `ff-${(forwards += 1)}`;
      await connection.workflowService.updateWorkflowExecutionOptions({
        namespace: 'default',
        workflowExecution,
        workflowExecutionOptions: {
          timeSkippingConfig: {
            enabled: true,
            fastForwardConfig: {
              id: fastForwardId,
              duration: { seconds: Long.fromNumber(Math.round(ms / 1000)) },
            },
          },
        },
        updateMask: { paths: ['time_skipping_config'] },
      });
      await connection.workflowService.pollWorkflowExecutionTimeSkipping({
        namespace: 'default',
        workflowExecution,
        fastForwardId,
      });
    },
    timeline: (ticketId, enough = () => true) => eventually(() => ledger.events(ticketId), enough),
    async types(ticketId) {
      return (await ledger.events(ticketId)).map(({ type }) => type);
    },
    async startWorker() {
      const worker = await Worker.create({
        connection: nativeConnection,
        identity: IDENTITY,
        taskQueue,
        workflowBundle: { codePath: bundle },
        activities: { ...real, ...options.activities?.(real) },
        maxCachedWorkflows: options.maxCachedWorkflows ?? 200,
      });
      running = { worker, done: worker.run() };
    },
    async stopWorker() {
      running?.worker.shutdown();
      await running?.done;
      running = null;
    },
    async close() {
      await desk.stopWorker();
      await connection.close();
      await nativeConnection.close();
      await database.$disconnect();
      await Runtime.instance().shutdown();
    },
  };
  if (options.worker !== false) await desk.startWorker();
  for (const channel of namesOf(channels))
    await client.workflow.start(OUTBOX_WORKFLOW, {
      workflowId: `${taskQueue}/${outboxWorkflowId(channel)}`,
      taskQueue,
      args: [{ channel }],
    });
  return desk;
}
