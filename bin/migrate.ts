/** `tierline migrate`: brings the database up to date and seeds it, without starting anything else. */
import type { Config } from './config.ts';
import { startPostgres } from './embedded-postgres.ts';
import { ensureHome } from './files.ts';
import { runningInstance, takeHome } from './home.ts';

export interface MigrateOptions {
  json?: boolean;
}

/** Migrates DATABASE_URL, else the database of the running tree, else the embedded one, started for the purpose. */
export async function run(config: Config, { json }: MigrateOptions = {}): Promise<void> {
  const apiKey = await migrate(config);
  if (json) process.stdout.write(`${JSON.stringify({ apiKey })}\n`);
  else
    process.stdout.write(
      `The database is up to date.\n${apiKey === null ? '' : `First API key, shown once: ${apiKey}\n`}`,
    );
}

async function migrate(config: Config): Promise<string | null> {
  const { prepareDatabase } = await import('./database.ts');
  const prepare = async (url: string) => {
    const { apiKey, notices } = await prepareDatabase(url, { policiesDir: config.policiesDir });
    for (const notice of notices) process.stderr.write(`${notice}\n`);
    return apiKey;
  };
  const known = config.databaseUrl ?? runningInstance(config.home)?.database;
  if (known) return prepare(known);

  const home = ensureHome(config.home);
  const lock = await takeHome(home);
  try {
    const postgres = await startPostgres({
      home,
      onProgress: (message) => process.stderr.write(`${message}\n`),
    });
    try {
      return await prepare(postgres.url);
    } finally {
      await postgres.stop();
    }
  } finally {
    lock.release();
  }
}
