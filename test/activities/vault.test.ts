/** Where secrets come from, and that what goes wrong is told without them. */
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { credentialsFor, secretsIn } from '../../activities/credentials.ts';
import { countEntries, createVault, secretVariables, VaultError } from '../../activities/vault.ts';
import type { AuthenticationInfo } from '../../domain/playbook.ts';

let folder: string, file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tierline-vault-'));
  file = join(folder, 'vault.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));
const keep = (text: string, mode = 0o600) => {
  writeFileSync(file, text);
  chmodSync(file, mode);
};

describe('the environment', () => {
  const variables = secretVariables({
    TIERLINE_SECRET_EDR_TOKEN: 'from-env',
    TIERLINE_SECRET_EMPTY: '',
    PATH: '/bin',
  });

  test('has the secret of a path by a name made from it', async () => {
    const vault = createVault({ variables });
    expect(await vault.read('edr/token')).toBe('from-env');
    expect(await vault.read('edr.token')).toBe('from-env');
    expect(await vault.read('empty')).toBeNull();
    expect(await vault.read('path')).toBeNull();
  });

  test('comes before the file', async () => {
    keep('edr/token: from-file\nldap/admin: from-file\n');
    const vault = createVault({ variables, file });
    expect([await vault.read('edr/token'), await vault.read('ldap/admin')]).toEqual([
      'from-env',
      'from-file',
    ]);
    expect(await countEntries({ variables, file })).toEqual({ inEnvironment: 1, inFile: 2 });
  });

  test('is not written out with the settings that hold it', () => {
    expect(JSON.stringify({ vault: { variables } })).not.toContain('from-env');
  });
});

describe('the file', () => {
  test('is YAML or JSON, and a secret is text whatever it looks like', async () => {
    keep('pin: 0042\nflag: yes\nldap/admin: {username: "cn=admin", password: "0815"}\nnone: ""\n');
    const vault = createVault({ file });
    expect(await vault.read('pin')).toBe('0042');
    expect(await vault.read('flag')).toBe('yes');
    expect(JSON.parse((await vault.read('ldap/admin'))!)).toEqual({ username: 'cn=admin', password: '0815' });
    keep('{"edr/token": "from-json"}');
    expect(await createVault({ file }).read('edr/token')).toBe('from-json');
  });

  test('is read again when it has changed', async () => {
    keep('edr/token: first\n');
    const vault = createVault({ file });
    expect(await vault.read('edr/token')).toBe('first');
    const next = join(folder, 'next.yaml');
    writeFileSync(next, 'edr/token: other\n', { mode: 0o600 });
    renameSync(next, file);
    expect(await vault.read('edr/token')).toBe('other');
  });

  test.each([0o640, 0o604, 0o660, 0o666, 0o644, 0o610, 0o602])('is refused with mode %i', async (mode) => {
    keep('edr/token: canary\n', mode);
    const reading = createVault({ file }).read('edr/token');
    await expect(reading).rejects.toThrow(VaultError);
    await expect(reading).rejects.toThrow(/open to others/);
  });

  test('is refused as soon as others may read it', async () => {
    keep('edr/token: canary\n');
    const vault = createVault({ file });
    await vault.read('edr/token');
    chmodSync(file, 0o644);
    await expect(vault.read('edr/token')).rejects.toThrow(/open to others/);
  });

  test.each(['canary: [unclosed', '- canary', 'canary', '{"a": "canary"'])(
    'that is no map is refused without a word of it: %s',
    async (text) => {
      keep(text);
      const error = await createVault({ file })
        .read('a')
        .catch((one: unknown) => one as Error);
      expect(error).toBeInstanceOf(VaultError);
      expect(`${(error as Error).message}${(error as Error).stack}`).not.toContain('canary');
    },
  );

  test('that is not there is told', async () => {
    await expect(createVault({ file: join(folder, 'none') }).read('a')).rejects.toThrow(/is not there/);
  });
});

describe('credentials', () => {
  const entries: Record<string, string> = {
    'edr/token': 'vault-token',
    'ldap/admin': '{"username":"cn=admin","password":"vault-password","passphrase":7}',
    'ssh/key': '-----BEGIN OPENSSH PRIVATE KEY-----\nvault-key\n-----END OPENSSH PRIVATE KEY-----\n',
    'ssh/pass': 'vault-password',
  };
  const values: Record<string, string> = { '__user__:value': 'desk', '__pass__:value': 'plain-password' };
  const sources = {
    lookup: (text: string) => (text.startsWith('__') ? (values[text] ?? null) : text),
    vault: { read: (path: string) => Promise.resolve(entries[path] ?? null) },
  };
  const of = (auth: AuthenticationInfo) => credentialsFor(auth, sources);

  test.each<[what: string, auth: AuthenticationInfo, credentials: object]>([
    [
      'http-basic of variables',
      { type: 'http-basic', user_id: '__user__:value', password: '__pass__:value' },
      { type: 'http-basic', username: 'desk', password: 'plain-password' },
    ],
    [
      'user-auth of the vault, as JSON',
      { type: 'user-auth', kms: true, kms_key_identifier: 'ldap/admin' },
      { type: 'user-auth', username: 'cn=admin', password: 'vault-password' },
    ],
    [
      'user-auth with a password of the vault',
      { type: 'user-auth', username: 'root', kms: true, kms_key_identifier: 'ssh/pass' },
      { type: 'user-auth', username: 'root', password: 'vault-password' },
    ],
    [
      'user-auth with a key of the vault',
      { type: 'user-auth', username: 'root', kms: true, kms_key_identifier: 'ssh/key' },
      { type: 'user-auth', username: 'root', privateKey: entries['ssh/key'] },
    ],
    [
      'oauth2 of the vault',
      { type: 'oauth2', kms: true, kms_key_identifier: 'edr/token' },
      { type: 'oauth2', header: 'Bearer vault-token' },
    ],
    [
      'oauth2 of a variable, with a scheme',
      { type: 'oauth2', oauth_header: 'Authorization: Token', token: '__pass__:value' },
      { type: 'oauth2', header: 'Token plain-password' },
    ],
  ])('%s', async (_what, auth, credentials) => {
    expect(await of(auth)).toEqual(credentials);
  });

  test.each<[auth: AuthenticationInfo, words: RegExp]>([
    [{ type: 'oauth2', kms: true, kms_key_identifier: 'edr/other' }, /^The vault has no entry edr\/other$/],
    [{ type: 'oauth2', kms: true }, /no kms_key_identifier/],
    [{ type: 'oauth2' }, /no token/],
    [{ type: 'http-basic', user_id: 'desk' }, /no password/],
    [{ type: 'user-auth', password: '__pass__:value' }, /no user name/],
    [{ type: 'user-auth', username: 'root', password: '__none__:value' }, /password .* has no value/],
  ])('%j is not enough', async (auth, words) => {
    const error = await of(auth).catch((one: unknown) => one as Error);
    expect(error).toBeInstanceOf(VaultError);
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).not.toMatch(/vault-|plain-/);
  });

  test('tell what of them must not be seen', async () => {
    expect(secretsIn(await of({ type: 'oauth2', kms: true, kms_key_identifier: 'edr/token' }))).toEqual(
      expect.arrayContaining(['vault-token', 'Bearer vault-token']),
    );
    const pair = await of({ type: 'user-auth', kms: true, kms_key_identifier: 'ldap/admin' });
    expect(secretsIn(pair)).toEqual(expect.arrayContaining(['vault-password', 'cn=admin:vault-password']));
    const key = await of({ type: 'user-auth', username: 'root', kms: true, kms_key_identifier: 'ssh/key' });
    expect(secretsIn(key)).toEqual(expect.arrayContaining(['vault-key']));
  });
});
