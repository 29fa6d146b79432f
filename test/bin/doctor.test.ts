import { expect, test } from '@jest/globals';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { examine, type Finding } from '../../bin/doctor.ts';
import { freePortFrom } from '../../bin/ports.ts';
import { temporaryFolder } from './helpers.ts';

async function finding(what: string, env: NodeJS.ProcessEnv): Promise<Finding> {
  const findings = await examine({ TIERLINE_HOME: temporaryFolder(), ...env });
  const found = findings.find((one) => one.what === what);
  if (found === undefined)
    throw new Error(`no finding on ${what} among ${findings.map((one) => one.what).join(', ')}`);
  return found;
}

test('a machine that can run these tests has nothing missing', async () => {
  const findings = await examine({ TIERLINE_HOME: temporaryFolder() });
  expect(findings.filter(({ state }) => state === 'missing')).toEqual([]);
});

test('every finding that is not ok says how to mend it', async () => {
  const findings = await examine({
    TIERLINE_HOME: temporaryFolder(),
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  });
  const ailing = findings.filter(({ state }) => state !== 'ok');
  expect(ailing.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['DATABASE_URL', 'TEMPORAL_ADDRESS']),
  );
  for (const { mend } of ailing) expect(mend).toBeTruthy();
});

test('a bad variable is a finding, not a crash', async () => {
  const environment = await finding('Environment', { TIERLINE_PORT: 'x' });
  expect(environment).toMatchObject({ state: 'missing', found: expect.stringContaining('TIERLINE_PORT') });
});

test('a taken port is worth a note', async () => {
  const port = await freePortFrom(0);
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
  expect(await finding('API port', { TIERLINE_PORT: String(port) })).toMatchObject({ state: 'note' });
  await new Promise((resolve) => squatter.close(resolve));
});

test('a home that does not exist yet is fine', async () => {
  const home = join(temporaryFolder(), 'not', 'yet');
  expect(await finding('Home folder', { TIERLINE_HOME: home })).toMatchObject({ state: 'ok' });
});

const asRoot = process.getuid?.() === 0;

(asRoot ? test.skip : test)('a home that cannot be written to is missing', async () => {
  const home = temporaryFolder();
  chmodSync(home, 0o500);
  expect(await finding('Home folder', { TIERLINE_HOME: home })).toMatchObject({ state: 'missing' });
});
