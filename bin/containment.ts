/** Containment runs over a real database: their playbooks, the gate before every change, and what follows from them. */
import type { Client } from '@temporalio/client';
import type { Actuating, ActuatorDeps } from '../activities/actuate.ts';
import type { ChannelName } from '../activities/channels.ts';
import { createContainmentMessenger } from '../activities/containment-messages.ts';
import { createContainmentTasks } from '../activities/containment-tasks.ts';
import type { JournalHandler } from '../activities/follow.ts';
import { createGate } from '../activities/gate.ts';
import { createPlaybookLoading, type PlaybookLoading } from '../activities/playbooks.ts';
import type { Playbook } from '../domain/playbook.ts';
import { createAuthority } from '../prisma/authority.ts';
import type { Database } from '../prisma/client.ts';
import { createContainmentStore } from '../prisma/containments.ts';
import { createDeliveryStore } from '../prisma/deliveries.ts';
import { createGateReading } from '../prisma/gate-reading.ts';
import { createIntakeStore } from '../prisma/intake.ts';
import { createJournalStore } from '../prisma/journals.ts';
import { createPlanStore } from '../prisma/plans.ts';
import { createAuthorisationStore } from '../prisma/playbook-authorisations.ts';
import { createPlaybookStore, type PlaybookStore } from '../prisma/playbooks.ts';
import { createProtectedAssetStore } from '../prisma/protected-assets.ts';
import { actuatingOver } from './actuating.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';

/** The playbooks of runs, for their workflows. */
export const playbookLoadingOver = (database: Database): PlaybookLoading =>
  createPlaybookLoading({
    containments: createContainmentStore(database),
    playbooks: createPlaybookStore(database),
  });

/** A version never changes: each is read once, and not again for every unit. What is not there may be soon. */
function cachedPlaybooks(playbooks: PlaybookStore): ActuatorDeps['playbookOf'] {
  const known = new Map<string, Playbook>();
  return async (digest) => {
    const playbook = known.get(digest) ?? (await playbooks.byDigest(digest))?.playbook ?? null;
    if (playbook) known.set(digest, playbook);
    return playbook;
  };
}

/** Carrying out units with the real gate before them. */
export function containmentActuating(
  database: Database,
  {
    config,
    log,
    ...more
  }: Partial<ActuatorDeps> & {
    config: Pick<Config, 'home' | 'sealingKeys' | 'connectors' | 'vault'>;
    log: Logger;
  },
): Actuating {
  const playbooks = createPlaybookStore(database);
  return actuatingOver(database, {
    config,
    log,
    playbookOf: cachedPlaybooks(playbooks),
    gate: createGate({
      reading: createGateReading(database),
      plans: createPlanStore(database),
      authorisations: createAuthorisationStore(database),
      protectedAssets: createProtectedAssetStore(database),
      authority: createAuthority(database),
      async isRevoked(digest) {
        const used = await playbooks.byDigest(digest);
        if (!used) return false;
        const latest = await playbooks.get(used.id);
        return used.playbook.revoked === true || latest?.playbook.revoked === true;
      },
    }),
    ...more,
  });
}

/** The readers of the journals that follow containment runs. */
export function containmentReaders(
  database: Database,
  {
    client,
    taskQueue,
    log,
    channels,
  }: { client: Client; taskQueue: string; log: Logger; channels: readonly ChannelName[] },
): Record<'containment-messages' | 'containment-tasks', JournalHandler> {
  const containments = createContainmentStore(database);
  return {
    'containment-messages': createContainmentMessenger({
      containments,
      deliveries: createDeliveryStore(database),
      log,
      channels,
    }),
    'containment-tasks': createContainmentTasks({
      containments,
      journals: createJournalStore(database),
      intake: createIntakeStore(database),
      client,
      taskQueue,
    }),
  };
}
