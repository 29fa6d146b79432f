/** `tierline keys`: makes, lists and revokes API keys in the database of the running tree or of DATABASE_URL. */
import { isRole, keyFault, ROLES } from '../domain/role.ts';
import { createApiKeyStore, type ApiKeyStore, type NewApiKey } from '../prisma/api-keys.ts';
import { openDatabase } from '../prisma/client.ts';
import type { ServiceConfig } from './config.ts';

interface CreateOptions {
  name: string;
  role: string;
  person?: string;
  tier?: number;
  expires?: string;
  json?: boolean;
}

async function withKeys<R>(config: ServiceConfig, act: (keys: ApiKeyStore) => Promise<R>): Promise<R> {
  const database = openDatabase(config.databaseUrl);
  try {
    return await act(createApiKeyStore(database));
  } finally {
    await database.$disconnect();
  }
}

const print = (value: unknown, json: boolean | undefined, text: string) =>
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);

/** Makes a key and prints it, for the only time. */
export function create(config: ServiceConfig, options: CreateOptions): Promise<void> {
  const key = readOptions(options);
  return withKeys(config, async (keys) => {
    const { id, secret } = await keys.create(key);
    const { role, person } = key;
    const whose = person === undefined ? '' : `, of ${person}`;
    print(
      { id, role, ...(person !== undefined && { person }), apiKey: secret },
      options.json,
      `${secret}\nShown once: role ${role}${whose}, id ${id}`,
    );
  });
}

/** Whoever has the database may make any key: so the first manager gets one (docs/access.md). */
function readOptions({ name, role, person, tier, expires }: CreateOptions): NewApiKey {
  if (!isRole(role)) throw new Error(`--role ${role} is not one of ${ROLES.join(', ')}`);
  if (tier !== undefined && !(Number.isInteger(tier) && tier >= 1 && tier <= 9))
    throw new Error('--tier is a number from 1 to 9');
  const expiresAt = expires === undefined ? undefined : Date.parse(expires);
  if (Number.isNaN(expiresAt)) throw new Error(`--expires ${expires} is not a time`);
  const fault = keyFault({ role, person, tier });
  if (fault) throw new Error(`--${fault.field}: ${fault.message}`);
  return { name, role, person, tier, expiresAt };
}

export function list(config: ServiceConfig, { json }: { json?: boolean }): Promise<void> {
  return withKeys(config, async (keys) => {
    const all = await keys.list();
    const line = ({ id, role, name, person, revokedAt }: (typeof all)[number]) =>
      `${id}  ${role.padEnd(12)} ${(person ?? '').padEnd(12)} ${revokedAt ? 'revoked ' : ''}${name}`;
    print(all, json, all.map(line).join('\n'));
  });
}

export function revoke(config: ServiceConfig, id: string): Promise<void> {
  return withKeys(config, async (keys) => {
    if (!(await keys.revoke(id))) throw new Error(`There is no live API key with the id ${id}`);
    print({ id }, false, `Revoked ${id}`);
  });
}
