/** Brings a database into the state that API and worker expect: migrated, policies published, a first key made. */
import { loadPolicies, policyHash } from '../api/schemas/policy.ts';
import { createApiKeyStore } from '../prisma/api-keys.ts';
import { assertUtc, openDatabase } from '../prisma/client.ts';
import { migrate } from '../prisma/migrate.ts';
import { createPolicyStore } from '../prisma/policies.ts';

export interface PreparedDatabase {
  /** Names of the migrations applied now. */
  migrations: string[];
  /** The first admin key in clear, if it was made now; it cannot be shown again. */
  apiKey: string | null;
}

/**
 * Safe to repeat. The policy files are read first: a malformed one refuses the start, with file, line and
 * field, before anything is changed.
 */
export async function prepareDatabase(
  databaseUrl: string,
  { policiesDir }: { policiesDir: string },
): Promise<PreparedDatabase> {
  const policies = await loadPolicies(policiesDir);
  const migrations = await migrate(databaseUrl);
  const database = openDatabase(databaseUrl);
  try {
    await assertUtc(database);
    await createPolicyStore(database).publish(
      policies.map((policy) => ({ policy, hash: policyHash(policy) })),
    );
    const keys = createApiKeyStore(database);
    const isFirst = (await keys.list()).length === 0;
    const apiKey = isFirst ? (await keys.create({ name: 'first admin', role: 'admin' })).secret : null;
    return { migrations, apiKey };
  } finally {
    await database.$disconnect();
  }
}
