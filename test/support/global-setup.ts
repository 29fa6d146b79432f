/** Starts one PostgreSQL and one Temporal server for the whole run, on free ports and in a folder of its own. */
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { prepareDatabase } from '../../bin/database.ts';
import { startPostgres } from '../../bin/embedded-postgres.ts';
import { startTemporal } from '../../bin/embedded-temporal.ts';
import { projectRoot } from '../../bin/config.ts';
import { bundleWorkflows } from '../../bin/workflow-bundle.ts';
import type { Rig } from './rig.ts';

const TEMPLATE = 'tierline_template';
/** No test lets this server or the machine die; whose servers do, starts one of its own, as durable as a user's. */
const SETTINGS = { max_connections: '300', fsync: 'off', full_page_writes: 'off' };

async function makeTemplate(postgresUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  const url = new URL(postgresUrl);
  url.pathname = `/${TEMPLATE}`;
  await prepareDatabase(url.href, { policiesDir: join(projectRoot, 'policies') });
}

export default async function setUp(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'tierline-test-'));
  chmodSync(home, 0o711);
  const [postgres, temporal, bundle] = await Promise.all([
    startPostgres({ home, port: 0, settings: SETTINGS }),
    startTemporal({ home, port: 0 }),
    bundleWorkflows(),
  ]);
  await makeTemplate(postgres.url);
  const bundlePath = join(home, 'workflows.js');
  writeFileSync(bundlePath, bundle.code);
  const rig: Rig = {
    postgres: postgres.url,
    template: TEMPLATE,
    temporal: temporal.address,
    bundle: bundlePath,
  };
  process.env['TIERLINE_TEST_RIG'] = JSON.stringify(rig);
  globalThis.tierlineRig = { home, stop: () => Promise.all([postgres.stop(), temporal.stop()]) };
}

declare global {
  var tierlineRig: { home: string; stop(): Promise<unknown> };
}
