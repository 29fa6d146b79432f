/**
 * A run without Temporal: its journal in a real database, its units carried out by the real actuator and connectors
 * behind the real gate. Its clock is moved by hand, and its worker dies where it is told to.
 */
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { ActuatorDeps } from '../../activities/actuate.ts';
import { createConnectors, type ConnectorSettings } from '../../activities/connectors.ts';
import { createGate } from '../../activities/gate.ts';
import { createPlaybookLoading } from '../../activities/playbooks.ts';
import { createSealing } from '../../activities/sealing.ts';
import { createVault } from '../../activities/vault.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { digestOf } from '../../api/playbooks.ts';
import { planFor, termsFor, type Given } from '../../api/run-asking.ts';
import type { Actor } from '../../domain/events.ts';
import { checkPlaybook } from '../../domain/playbook-check.ts';
import type { Refusal } from '../../domain/refusals.ts';
import type { Role } from '../../domain/role.ts';
import { runJournal } from '../../domain/run-journal.ts';
import type { RunTerms } from '../../domain/run.ts';
import { createApiKeyStore } from '../../prisma/api-keys.ts';
import { createArtifactStore } from '../../prisma/artifacts.ts';
import { createAuthority } from '../../prisma/authority.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createContainmentStore } from '../../prisma/containments.ts';
import { createGateReading } from '../../prisma/gate-reading.ts';
import { createJournalStore, openInJournal } from '../../prisma/journals.ts';
import { createPlanStore } from '../../prisma/plans.ts';
import { createAuthorisationStore } from '../../prisma/playbook-authorisations.ts';
import { createPlaybookStore, type StoredPlaybook } from '../../prisma/playbooks.ts';
import { createProtectedAssetStore } from '../../prisma/protected-assets.ts';
import { createSealedValueStore } from '../../prisma/sealed-values.ts';
import { createUnitStore } from '../../prisma/units.ts';
import type { TicketRecord } from '../../prisma/tickets.ts';
import { createTestDatabase } from './database.ts';
import { followRun, type LiveRun } from './live-worker.ts';
import type { Document } from './playbooks.ts';

export const LIVE_SEALING_KEY = new Uint8Array(32).fill(7);
const START = Date.UTC(2026, 0, 5, 9);

export interface LiveDeskOptions {
  connectors?: Partial<ConnectorSettings>;
  /** Path in the vault → secret. */
  secrets?: Readonly<Record<string, string>>;
  /** In place of the real ones. */
  actuator?: Partial<ActuatorDeps>;
  /** Most targets of a run, where its playbook does not say. */
  maxTargets?: number;
  /** One that is there already; else a new one. */
  databaseUrl?: string;
}

export interface Wish {
  playbook: StoredPlaybook;
  variables?: Readonly<Record<string, Given>>;
  by: Actor;
  /** One of its own, unless given. */
  ticket?: string;
  breakGlass?: boolean;
}

/** One database, its people and playbooks, and as many runs as are asked for. */
export interface LiveDesk {
  readonly database: Database;
  readonly databaseUrl: string;
  /** What units are carried out with. */
  readonly actuating: ActuatorDeps;
  /** Epoch milliseconds; the same for all runs. */
  readonly clock: { now: number };
  /** Every line that was logged. */
  readonly lines: string[];
  readonly playbooks: ReturnType<typeof createPlaybookStore>;
  readonly protectedAssets: ReturnType<typeof createProtectedAssetStore>;
  /** Somebody with a personal key of this role. */
  person(name: string, role: Role): Promise<Actor>;
  /** Takes every key from somebody. */
  dismiss(name: string): Promise<void>;
  /** Stores a playbook; fails where it cannot be carried out. */
  store(document: Document, importedBy?: string): Promise<StoredPlaybook>;
  /** Plans as the API does, keeps the plan, and opens the run's journal. Not followed yet: `go`. */
  ask(wish: Wish): Promise<LiveRun>;
  /** Other variables for a run that has not begun, as the API gives them. */
  change(run: LiveRun, wish: Wish): Promise<Refusal | null>;
  /** The plan that would be asked for, and what stands in its way. */
  dryRun(wish: Wish): ReturnType<typeof planFor>;
  close(): Promise<void>;
}

export async function openLiveDesk(options: LiveDeskOptions = {}): Promise<LiveDesk> {
  const { secrets = {}, maxTargets = 10, actuator = {} } = options;
  const settings = { allow: ['127.0.0.0/8', 'localhost'], sshKnownHosts: undefined, bash: false };
  const connectors = createConnectors({ ...settings, ...options.connectors });
  const databaseUrl = options.databaseUrl ?? (await createTestDatabase());
  const database = openDatabase(databaseUrl);
  const clock = { now: START };
  const lines: string[] = [];
  const log = pino(
    { level: 'trace' },
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    }),
  );
  const stores = {
    playbooks: createPlaybookStore(database),
    plans: createPlanStore(database),
    authorisations: createAuthorisationStore(database),
    protectedAssets: createProtectedAssetStore(database),
    containments: createContainmentStore(database),
    journals: createJournalStore(database),
    apiKeys: createApiKeyStore(database),
    sealing: createSealing({ keys: [LIVE_SEALING_KEY], values: createSealedValueStore(database) }),
  };
  const { playbooks, journals } = stores;
  /** A version never changes: read once. */
  const read = new Map<string, Promise<StoredPlaybook | null>>();
  const byDigest = (digest: string): Promise<StoredPlaybook | null> => {
    const known = read.get(digest) ?? playbooks.byDigest(digest);
    read.set(digest, known);
    return known;
  };
  const asking = { ...stores, maxTargets, connectors: Object.keys(connectors), now: () => clock.now };
  // Asking for a run needs these of all that the API has.
  const api = asking as unknown as ApiDeps;
  const gate = createGate({
    ...stores,
    reading: createGateReading(database),
    authority: createAuthority(database),
    async isRevoked(digest) {
      const used = await byDigest(digest);
      const latest = used && (await playbooks.get(used.id));
      return used?.playbook.revoked === true || latest?.playbook.revoked === true;
    },
    now: () => clock.now,
  });
  const actuating: ActuatorDeps = {
    units: createUnitStore(database),
    artifacts: createArtifactStore(database),
    playbookOf: async (digest) => (await byDigest(digest))?.playbook ?? null,
    connectors,
    vault: createVault({ variables: variablesOf(secrets) }),
    sealing: stores.sealing,
    gate,
    log,
    leaseMs: 2_000,
    pauseMs: 5,
    ...actuator,
  };
  const ticketOf = ({ ticket = `tkt_${randomUUID()}` }: Wish) =>
    ({ id: ticket, legalHold: false }) as TicketRecord;
  const wishOf = ({ playbook, variables = {}, breakGlass }: Wish) => ({
    playbook: { id: playbook.id, version: playbook.modified },
    variables,
    breakGlass,
  });
  const termsOf = async (wish: Wish): Promise<RunTerms> => {
    const given = { wish: wishOf(wish), actor: wish.by, isDryRun: false, now: clock.now };
    const planned = await planFor(api, ticketOf(wish), given);
    return termsFor(api, planned, { wish: given.wish, actor: wish.by, now: clock.now });
  };
  return {
    database,
    databaseUrl,
    actuating,
    clock,
    lines,
    playbooks,
    protectedAssets: stores.protectedAssets,
    async person(name, role) {
      const { id } = await stores.apiKeys.create({ name, role, person: name });
      return { subject: `key:${id}`, role, person: name };
    },
    async dismiss(name) {
      await database.apiKey.updateMany({ where: { person: name }, data: { revokedAt: new Date() } });
    },
    async store(document, importedBy = 'author-1') {
      const { verdict, findings } = checkPlaybook(document, { now: clock.now });
      if (verdict !== 'executable') throw new Error(`It is ${verdict}: ${JSON.stringify(findings)}`);
      const { id, modified } = document as { id: string; modified: string };
      const version = { id, modified, digest: digestOf(document), document, verdict, findings };
      return (await playbooks.import({ ...version, signatures: [], importedBy })).stored;
    },
    async ask(wish) {
      const id = `run_${randomUUID()}`;
      const terms = await termsOf(wish);
      await openInJournal(journals, runJournal({}), id, {
        body: { type: 'opened', ...terms },
        occurredAt: clock.now,
        actor: wish.by,
      });
      const definitions = await createPlaybookLoading(stores).loadPlaybooks({ run: id });
      return followRun({ id, definitions, database, journals, actuating, clock });
    },
    async change(run, wish) {
      const { planHash, variables, needs, excluded } = await termsOf({ ...wish, ticket: run.run.ticket });
      const all = [...new Set([...run.run.excluded, ...excluded])];
      return run.ask({ type: 'edit', planHash, variables, needs, excluded: all }, wish.by);
    },
    dryRun: (wish) =>
      planFor(api, ticketOf(wish), { wish: wishOf(wish), actor: wish.by, isDryRun: true, now: clock.now }),
    async close() {
      await database.$disconnect();
    },
  };
}

const variablesOf = (secrets: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(secrets).map(([path, secret]) => [
      `TIERLINE_SECRET_${path.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`,
      secret,
    ]),
  );
