/** The API process: the HTTP edge over real stores and the workflow engine. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import { createApp } from '../api/app.ts';
import type { ApiDeps } from '../api/deps.ts';
import { createEngine, type Engine } from '../api/engine.ts';
import { EngineUnavailable } from '../api/engine-errors.ts';
import { Problem, RETRY_LATER } from '../api/problem.ts';
import { createJournalRunner } from '../api/journal-runner.ts';
import { createScheduleMirror } from '../api/schedule-mirror.ts';
import { createRuleChangeRunner } from '../api/rule-change-runner.ts';
import type { Policy } from '../domain/policy.ts';
import { createApiKeyStore } from '../prisma/api-keys.ts';
import { createArticleStore } from '../prisma/articles.ts';
import { createBreachStore } from '../prisma/breaches.ts';
import { createCalendarStore } from '../prisma/calendars.ts';
import { assertUtc, openDatabase, type Database } from '../prisma/client.ts';
import { createDeliveryStore } from '../prisma/deliveries.ts';
import { createHistoryStore } from '../prisma/histories.ts';
import { createInForceStore } from '../prisma/in-force.ts';
import { createIntakeStore } from '../prisma/intake.ts';
import { createJournalStore } from '../prisma/journals.ts';
import { createLedger } from '../prisma/ledger.ts';
import { createPaceStore } from '../prisma/paces.ts';
import { createPeopleStore } from '../prisma/people.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createPlaybookStore } from '../prisma/playbooks.ts';
import { createProblemStore } from '../prisma/problems.ts';
import { createAuthorisationStore } from '../prisma/playbook-authorisations.ts';
import { createProtectedAssetStore } from '../prisma/protected-assets.ts';
import { createReviewStore } from '../prisma/reviews.ts';
import { createReferenceStore } from '../prisma/reference.ts';
import { createRotaStore } from '../prisma/rotas.ts';
import { createQueueAlertStore } from '../prisma/queue-alerts.ts';
import { createQueueStore } from '../prisma/queues.ts';
import { createProcedureStore } from '../prisma/procedures.ts';
import { createScheduleStore } from '../prisma/schedules.ts';
import { createSuggestionStore } from '../prisma/suggestions.ts';
import { createReportStore } from '../prisma/reports.ts';
import { createRuleChangeStore } from '../prisma/rule-changes.ts';
import { createSpool } from '../prisma/spool.ts';
import { createContainmentStore } from '../prisma/containments.ts';
import { createPlanStore } from '../prisma/plans.ts';
import { createArtifactStore } from '../prisma/artifacts.ts';
import { createUnitStore } from '../prisma/units.ts';
import { createEvidenceStore } from '../prisma/evidence.ts';
import { createTaskStore } from '../prisma/tasks.ts';
import { createTemplateStore } from '../prisma/templates.ts';
import { createTicketStore } from '../prisma/tickets.ts';
import { TASK_QUEUE } from '../workflows/messages.ts';
import { configuredConnectors } from '../activities/connectors.ts';
import { sealingOver } from './actuating.ts';
import type { Config, ServiceConfig } from './config.ts';
import { createLogger, type Logger } from './log.ts';
import { pinnedKeysIn } from './playbook-keys.ts';
import { lazyClient, temporalTarget } from './temporal.ts';
import { packageVersion } from './version.ts';

const POLICIES_CACHED_MS = 2_000;
const DRAIN_EVERY_MS = 2_000;
const DRAIN_BATCH = 100;

/**
 * What a policy version says never changes, so each is read once; the calendars that are joined into it are as they
 * were then. What is in force is asked again every few seconds.
 */
function cachedPolicies(
  database: Database,
): Pick<ApiDeps, 'policies' | 'policyVersion' | 'forgetPolicies' | 'policyStore'> {
  const store = createPolicyStore(database);
  const versions = new Map<string, Promise<Policy>>();
  let current: { at: number; policies: Promise<Policy[]> } | null = null;
  return {
    policyStore: store,
    forgetPolicies: () => void (current = null),
    policies() {
      if (!current || current.at < Date.now() - POLICIES_CACHED_MS)
        current = { at: Date.now(), policies: store.current() };
      return current.policies;
    },
    policyVersion(name, version) {
      const key = `${name}@${version}`;
      const known = versions.get(key) ?? store.version(name, version);
      versions.set(key, known);
      known.catch(() => versions.delete(key));
      return known;
    },
  };
}

/** The routes' dependencies over a real database and a real Temporal client. */
export function apiDeps(
  database: Database,
  {
    client,
    taskQueue,
    onBug,
    deadlineMs,
    config,
    playbookKeys = [],
  }: {
    client: Client;
    taskQueue: string;
    onBug: ApiDeps['onBug'];
    deadlineMs?: number;
    config: Pick<Config, 'home' | 'sealingKeys' | 'connectors' | 'maxTargets'>;
    playbookKeys?: ApiDeps['playbookKeys'];
  },
): ApiDeps {
  const ledger = createLedger(database);
  const spool = createSpool(database);
  const schedules = createScheduleStore(database);
  const journals = createJournalStore(database);
  return {
    tickets: createTicketStore(database),
    breaches: createBreachStore(database),
    articles: createArticleStore(database),
    procedures: createProcedureStore(database),
    schedules,
    scheduleMirror: createScheduleMirror({ client, taskQueue, schedules, withinMs: deadlineMs }),
    suggestions: createSuggestionStore(database),
    ledger,
    intake: createIntakeStore(database),
    histories: createHistoryStore(database),
    engine: createEngine({
      client,
      taskQueue,
      ledger,
      spool,
      ...(deadlineMs !== undefined && { deadlineMs }),
    }),
    apiKeys: createApiKeyStore(database),
    ...cachedPolicies(database),
    calendars: createCalendarStore(database),
    queues: createQueueStore(database),
    queueAlerts: createQueueAlertStore(database),
    paces: createPaceStore(database),
    reports: createReportStore(database),
    ruleChanges: createRuleChangeStore(database),
    ruleChangeRunner: createRuleChangeRunner({ client, taskQueue }),
    journals,
    journalRunner: createJournalRunner({
      client,
      taskQueue,
      journals,
      ...(deadlineMs !== undefined && { deadlineMs }),
    }),
    containments: createContainmentStore(database),
    plans: createPlanStore(database),
    units: createUnitStore(database),
    artifacts: createArtifactStore(database),
    sealing: sealingOver(database, config),
    connectors: configuredConnectors(config.connectors),
    maxTargets: config.maxTargets,
    evidence: createEvidenceStore(database),
    tasks: createTaskStore(database),
    inForce: createInForceStore(database),
    problems: createProblemStore(database),
    playbooks: createPlaybookStore(database),
    playbookKeys,
    reviews: createReviewStore(database),
    protectedAssets: createProtectedAssetStore(database),
    authorisations: createAuthorisationStore(database),
    people: createPeopleStore(database),
    rotas: createRotaStore(database),
    reference: createReferenceStore(database),
    templates: createTemplateStore(database),
    deliveries: createDeliveryStore(database),
    async checkReady() {
      // Anybody may ask: where database and Temporal are is not told.
      await database.$queryRaw`SELECT 1`.catch(() => {
        throw new Problem('not_ready', 'The database does not answer', { headers: RETRY_LATER });
      });
      await client.connection
        .withDeadline(Date.now() + 2_000, () => client.workflowService.getSystemInfo({}))
        .catch(() => {
          throw new Problem('not_ready', 'Temporal does not answer', { headers: RETRY_LATER });
        });
    },
    onBug,
  };
}

/** Tells the engine what was spooled while it was away, for as long as the process runs. */
function keepDraining(engine: Engine, log: Logger): () => void {
  let stopped = false;
  const round = async () => {
    const count = await engine.drain({ limit: DRAIN_BATCH }).catch((error: unknown) => {
      if (!(error instanceof EngineUnavailable)) log.error({ err: error }, 'spooled messages wait');
      return 0;
    });
    if (count > 0) log.info({ count }, 'spooled messages applied');
    if (!stopped) setTimeout(() => void round(), DRAIN_EVERY_MS).unref();
  };
  void round();
  return () => void (stopped = true);
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

/** Runs until SIGINT or SIGTERM; answers under way are finished first. */
export async function run(config: ServiceConfig): Promise<void> {
  const log = createLogger('api', config.logLevel);
  const database = openDatabase(config.databaseUrl, {
    onError: (error) => log.warn({ err: error }, 'database'),
  });
  await assertUtc(database);
  const client = lazyClient(temporalTarget(config));
  const deps = apiDeps(database, {
    client,
    config,
    taskQueue: TASK_QUEUE,
    onBug: (error, requestId) => log.error({ err: error, requestId }, 'a request failed'),
    playbookKeys: config.playbookKeys === undefined ? [] : pinnedKeysIn(config.playbookKeys),
  });
  const server = createServer(createApp(deps, { version: packageVersion }));
  const port = await listen(server, config);
  log.info({ host: config.host, port }, 'api listening');
  const stopDraining = keepDraining(deps.engine, log);
  await untilAskedToStop();
  stopDraining();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await closed;
  await Promise.all([client.connection.close(), database.$disconnect()]);
}
