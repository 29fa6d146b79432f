/** Carrying out the units of runs, over a real database, the connectors and the vault that are configured. */
import { createActuating, createActuator, type Actuating, type ActuatorDeps } from '../activities/actuate.ts';
import { createConnectors } from '../activities/connectors.ts';
import { createSealing, type Sealing } from '../activities/sealing.ts';
import { createVault } from '../activities/vault.ts';
import { createArtifactStore } from '../prisma/artifacts.ts';
import type { Database } from '../prisma/client.ts';
import { createSealedValueStore } from '../prisma/sealed-values.ts';
import { createUnitStore } from '../prisma/units.ts';
import type { Config } from './config.ts';
import { sealingKeys } from './sealing-key.ts';

/** For workers that carry nothing out. */
export const NO_ACTUATING: Actuating = {
  actuate: () => Promise.reject(new Error('This worker carries out no units')),
};

export const sealingOver = (database: Database, config: Pick<Config, 'home' | 'sealingKeys'>): Sealing =>
  createSealing({ keys: sealingKeys(config), values: createSealedValueStore(database) });

export function actuatingOver(
  database: Database,
  {
    config,
    ...deps
  }: Pick<ActuatorDeps, 'gate' | 'log' | 'playbookOf'> &
    Partial<ActuatorDeps> & {
      config: Pick<Config, 'home' | 'sealingKeys' | 'connectors' | 'vault'>;
    },
): Actuating {
  const actuator = createActuator({
    units: createUnitStore(database),
    artifacts: createArtifactStore(database),
    connectors: createConnectors(config.connectors),
    vault: createVault(config.vault),
    sealing: sealingOver(database, config),
    ...deps,
  });
  return createActuating({ actuator });
}
