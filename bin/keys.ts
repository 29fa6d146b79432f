/** `tierline keys`: makes, lists and revokes API keys in the database of the running tree or of DATABASE_URL. */
import { isRole, ROLES } from '../api/roles.ts';
import { createApiKeyStore, type ApiKeyStore } from '../prisma/api-keys.ts';
import { openDatabase } from '../prisma/client.ts';
import type { ServiceConfig } from './config.ts';

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
export function create(
  config: ServiceConfig,
  options: { name: string; role: string; json?: boolean },
): Promise<void> {
  const { name, role, json } = options;
  if (!isRole(role)) throw new Error(`--role ${role} is not one of ${ROLES.join(', ')}`);
  return withKeys(config, async (keys) => {
    const { id, secret } = await keys.create({ name, role });
    print({ id, role, apiKey: secret }, json, `${secret}\nShown once: role ${role}, id ${id}`);
  });
}

export function list(config: ServiceConfig, { json }: { json?: boolean }): Promise<void> {
  return withKeys(config, async (keys) => {
    const all = await keys.list();
    const line = ({ id, role, name, revokedAt }: (typeof all)[number]) =>
      `${id}  ${role.padEnd(12)} ${revokedAt ? 'revoked ' : ''}${name}`;
    print(all, json, all.map(line).join('\n'));
  });
}

export function revoke(config: ServiceConfig, id: string): Promise<void> {
  return withKeys(config, async (keys) => {
    if (!(await keys.revoke(id))) throw new Error(`There is no live API key with the id ${id}`);
    print({ id }, false, `Revoked ${id}`);
  });
}
