/** Brings a database into the state that API and worker expect: migrated, policies published, a first key made. */
import { loadPolicyFiles, policyHash } from '../api/schemas/policy.ts';
import { DEFAULT_TEMPLATES } from '../domain/default-templates.ts';
import { createApiKeyStore } from '../prisma/api-keys.ts';
import { assertUtc, openDatabase } from '../prisma/client.ts';
import { migrate } from '../prisma/migrate.ts';
import { createPolicyStore, type LeftBehind } from '../prisma/policies.ts';
import { createTemplateStore } from '../prisma/templates.ts';

export interface PreparedDatabase {
  /** Names of the migrations applied now. */
  migrations: string[];
  /** The first admin key in clear, if it was made now; it cannot be shown again. */
  apiKey: string | null;
  /** What its operator should know. */
  notices: string[];
}

/** Open tickets keep their rules over a start; somebody has to want them changed (docs/rule-changes.md). */
const noticeOf = ({ name, version, tickets }: LeftBehind): string =>
  `${tickets} open ${tickets === 1 ? 'ticket has' : 'tickets have'} an older version of policy ${name} than ${version}; ` +
  `POST /v1/rule-changes brings it to them`;

/**
 * Safe to repeat. The policy files are read first: a malformed one refuses the start, with file, line and
 * field, before anything is changed.
 */
export async function prepareDatabase(
  databaseUrl: string,
  { policiesDir }: { policiesDir: string },
): Promise<PreparedDatabase> {
  const files = await loadPolicyFiles(policiesDir);
  const migrations = await migrate(databaseUrl);
  const database = openDatabase(databaseUrl);
  try {
    await assertUtc(database);
    const store = createPolicyStore(database);
    await store.publish(
      files.map(({ policy, document }) => ({ policy, hash: policyHash(policy), source: document })),
    );
    await createTemplateStore(database).publishDefaults(DEFAULT_TEMPLATES);
    const notices = (await store.leftBehind()).map(noticeOf);
    const keys = createApiKeyStore(database);
    const isFirst = (await keys.list()).length === 0;
    const apiKey = isFirst ? (await keys.create({ name: 'first admin', role: 'admin' })).secret : null;
    return { migrations, apiKey, notices };
  } finally {
    await database.$disconnect();
  }
}
