import { expect, test } from '@jest/globals';
import { chmodSync, writeFileSync } from 'node:fs';
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

test('says up to which label each channel carries a ticket in full', async () => {
  expect(await finding('Channels', {})).toMatchObject({ state: 'ok', found: 'none is configured' });
  const env = {
    TIERLINE_SMTP_URL: 'smtp://mail.example.com',
    TIERLINE_MAIL_FROM: 'desk@example.com',
    TIERLINE_WEBHOOK_URL: 'https://example.org/hook',
  };
  expect(await finding('Channels', { ...env, TIERLINE_CHANNEL_TLP: 'email=GREEN' })).toMatchObject({
    state: 'ok',
    found: 'in full up to: webhook TLP:AMBER, email TLP:GREEN',
  });
  expect(await finding('Channels', { ...env, TIERLINE_CHANNEL_TLP: 'chat=GREEN' })).toMatchObject({
    state: 'note',
    mend: expect.stringContaining('chat'),
  });
});

test('says which connectors there are and how far they reach', async () => {
  expect(await finding('Connectors', {})).toMatchObject({
    state: 'ok',
    found: 'http-api, openc2-http, x-ldap; they reach public addresses alone',
  });
  const told = { TIERLINE_CONNECTOR_ALLOW: '10.0.0.0/8', TIERLINE_BASH_CONNECTOR: 'on' };
  expect(await finding('Connectors', told)).toMatchObject({
    found: 'http-api, openc2-http, bash, x-ldap; they reach public addresses and 1 listed',
  });
});

test('counts what is in the vault, tells none of it, and refuses a file that is open to others', async () => {
  const file = join(temporaryFolder(), 'vault.yaml');
  writeFileSync(file, 'edr/token: canary-file\nldap/admin: canary-file\n', { mode: 0o600 });
  const env = { TIERLINE_VAULT_FILE: file, TIERLINE_SECRET_EDR_TOKEN: 'canary-env' };
  expect(await finding('Vault', env)).toEqual({
    what: 'Vault',
    state: 'ok',
    found: 'entries: 1 in the environment, 2 in a file',
  });
  chmodSync(file, 0o644);
  const open = await finding('Vault', env);
  expect(open).toMatchObject({ state: 'missing' });
  expect(JSON.stringify(open)).not.toContain('canary');
});
