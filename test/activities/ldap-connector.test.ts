/** A directory that is changed and searched: Debian's slapd, and sockets that break off. */
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAddressGuard } from '../../activities/address-guard.ts';
import type { Credentials } from '../../activities/connector.ts';
import { createLdapConnector } from '../../activities/ldap-connector.ts';
import { requestOf } from '../support/commands.ts';
import {
  DIRECTORY_ADMIN,
  PASSWORD,
  PEOPLE,
  personName,
  SLAPD,
  startLdapServer,
  type LdapServer,
} from '../support/ldap-server.ts';
import { isThere } from '../support/system-servers.ts';

const guard = createAddressGuard(['127.0.0.1', 'localhost']);
const connector = createLdapConnector({ guard });
const admin: Credentials = { type: 'user-auth', ...DIRECTORY_ADMIN };

const commandAt = (url: string, command: unknown, more: Parameters<typeof requestOf>[2] = {}) =>
  requestOf('x-ldap', typeof command === 'string' ? command : JSON.stringify(command), {
    target: { type: 'net-address', name: 'directory', address: { url: [url] } },
    credentials: admin,
    ...more,
  });

const FOR_EVER = '000001010000Z';
const modify = (uid: string, ...changes: unknown[]) => ({
  operation: 'modify',
  dn: { rdn: { uid }, base: PEOPLE },
  changes,
});
const LOCK = { operation: 'add', attribute: 'pwdAccountLockedTime', values: [FOR_EVER] };
const UNLOCK = { operation: 'delete', attribute: 'pwdAccountLockedTime' };

(isThere(SLAPD, 'slapd') ? describe : describe.skip)('against slapd', () => {
  let directory: LdapServer;
  beforeAll(async () => {
    directory = await startLdapServer();
  });
  afterAll(() => directory.close());
  beforeEach(() => send(modify('agent-17', UNLOCK)));
  const send = (command: unknown, more: Parameters<typeof requestOf>[2] = {}) =>
    connector.carryOut(commandAt(directory.url, command, more));

  test('a lock bars one person and no other, and unlocking admits them again', async () => {
    expect(await directory.admits('agent-17')).toBe(true);
    expect(await send(modify('agent-17', LOCK))).toEqual({ outcome: 'succeeded', output: 'changed' });
    expect([await directory.admits('agent-17'), await directory.admits('agent-18')]).toEqual([false, true]);
    expect(await send(modify('agent-17', UNLOCK))).toEqual({ outcome: 'succeeded', output: 'changed' });
    expect(await directory.admits('agent-17')).toBe(true);
  });

  test('what is so already counts as done, and stays so', async () => {
    await send(modify('agent-17', LOCK));
    expect(await send(modify('agent-17', LOCK))).toEqual({ outcome: 'succeeded', output: 'so already' });
    expect(await directory.admits('agent-17')).toBe(false);
    await send(modify('agent-17', UNLOCK));
    expect(await send(modify('agent-17', UNLOCK))).toEqual({ outcome: 'succeeded', output: 'so already' });
  });

  test('of several changes one that is so already keeps all from being made, and that is told', async () => {
    await send(modify('agent-17', LOCK));
    const shell = { operation: 'replace', attribute: 'loginShell', values: ['/usr/sbin/nologin'] };
    const answer = await send(modify('agent-17', LOCK, shell));
    expect(answer).toEqual({
      outcome: 'failed',
      reason: 'The directory refused it: TypeOrValueExists (20)',
    });
    expect(await directory.valuesOf('agent-17', 'loginShell')).toEqual(['/bin/bash']);
  });

  test('replace sets what is there, as often as it is said', async () => {
    const shell = (path: string) => ({ operation: 'replace', attribute: 'loginShell', values: [path] });
    for (const _attempt of [1, 2]) {
      expect(await send(modify('agent-18', shell('/usr/sbin/nologin')))).toMatchObject({
        outcome: 'succeeded',
      });
      expect(await directory.valuesOf('agent-18', 'loginShell')).toEqual(['/usr/sbin/nologin']);
    }
  });

  test('a search tells entries as JSON, each value in a list', async () => {
    await send(modify('agent-17', LOCK));
    const answer = (await send({
      operation: 'search',
      base: { rdn: { uid: 'agent-17' }, base: PEOPLE },
      scope: 'base',
      attributes: ['uid', 'pwdAccountLockedTime'],
    })) as { output: string };
    expect(JSON.parse(answer.output)).toEqual([
      { dn: personName('agent-17'), uid: ['agent-17'], pwdAccountLockedTime: [FOR_EVER] },
    ]);
  });

  test.each(['*', 'agent-17)(uid=*', 'agent-17,ou=people', '\\2a', '#agent', 'a\0b', 'ä"+<>;='])(
    'a value of %j names nobody else',
    async (uid) => {
      const search = { operation: 'search', base: PEOPLE, filter: { uid }, attributes: ['uid'] };
      expect(await send(search)).toEqual({ outcome: 'succeeded', output: '[]' });
      expect(await send(modify(uid, LOCK))).toMatchObject({ outcome: 'failed' });
      expect([await directory.admits('agent-17'), await directory.admits('agent-18')]).toEqual([true, true]);
    },
  );

  test('a wrong password, a right that is missing, an entry that is not there: not done', async () => {
    const wrong = { type: 'user-auth', username: DIRECTORY_ADMIN.username, password: 'canary-wrong' };
    const refused = await send(modify('agent-17', LOCK), { credentials: wrong });
    expect(refused).toEqual({
      outcome: 'failed',
      reason: 'The directory could not be used (InvalidCredentials (49))',
    });
    const person = { type: 'user-auth', username: personName('agent-18'), password: PASSWORD };
    expect(await send(modify('agent-17', LOCK), { credentials: person })).toEqual({
      outcome: 'failed',
      reason: 'The directory refused it: InsufficientAccess (50)',
    });
    expect(await send(modify('agent-99', LOCK))).toMatchObject({ outcome: 'failed' });
    expect(await directory.admits('agent-17')).toBe(true);
  });

  test('over TLS only where the certificate is vouched for, and is for this name', async () => {
    if (directory.tls === null) return void process.stderr.write('Skipped: there is no openssl\n');
    const { url, certificate } = directory.tls;
    const command = modify('agent-17', LOCK);
    expect(await connector.carryOut(commandAt(url, command))).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/SELF_SIGNED/),
    });
    const knowing = createLdapConnector({ guard, ca: certificate });
    const elsewhere = url.replace('localhost', '127.0.0.1');
    expect(await knowing.carryOut(commandAt(elsewhere, command))).toMatchObject({ outcome: 'failed' });
    expect(await directory.admits('agent-17')).toBe(true);
    expect(await knowing.carryOut(commandAt(url, command))).toMatchObject({ outcome: 'succeeded' });
    expect(await directory.admits('agent-17')).toBe(false);
  });

  test('over a network, TLS is started before the password goes out, or nothing does', async () => {
    const { networkAddress: address, tls, port } = directory;
    if (address === null || tls === null)
      return void process.stderr.write('Skipped: there is no network, or no openssl\n');
    const lan = createAddressGuard([address]);
    const command = commandAt(`ldap://${address}:${port}`, modify('agent-17', LOCK));
    expect(await createLdapConnector({ guard: lan }).carryOut(command)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/SELF_SIGNED/),
    });
    expect(await directory.admits('agent-17')).toBe(true);
    const knowing = createLdapConnector({ guard: lan, ca: tls.certificate });
    expect(await knowing.carryOut(command)).toEqual({ outcome: 'succeeded', output: 'changed' });
    expect(await directory.admits('agent-17')).toBe(false);
  });

  test('an address that may not be reached is not', async () => {
    const closed = createLdapConnector({ guard: createAddressGuard([]) });
    expect(await closed.carryOut(commandAt(directory.url, modify('agent-17', LOCK)))).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/not a public address/),
    });
    expect(await directory.admits('agent-17')).toBe(true);
  });
});

describe('a directory that breaks off', () => {
  /** A bind that succeeded, in answer to the message with this id. */
  const bound = (id: number) => Buffer.from([0x30, 12, 2, 1, id, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]);
  let server: Server;
  let heard: Socket | undefined;
  let onOperation: (socket: Socket) => void;
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bind) => {
        socket.write(bound(bind[4]!));
        socket.once('data', () => onOperation((heard = socket)));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    heard = undefined;
  });
  afterAll(() => void server.close());
  const send = (command: unknown, more: Parameters<typeof requestOf>[2] = {}) =>
    connector.carryOut(
      commandAt(`ldap://127.0.0.1:${(server.address() as AddressInfo).port}`, command, more),
    );
  const search = { operation: 'search', base: PEOPLE };

  test('after a change was sent: it may have been made', async () => {
    onOperation = (socket) => socket.destroy();
    expect(await send(modify('agent-17', LOCK))).toMatchObject({ outcome: 'unknown' });
  });

  test('after a search was sent: nothing was changed', async () => {
    onOperation = (socket) => socket.destroy();
    expect(await send(search)).toMatchObject({ outcome: 'failed' });
  });

  test('and one that keeps silent until it is stopped: it may have been made', async () => {
    const stop = new AbortController();
    onOperation = () => stop.abort();
    expect(await send(modify('agent-17', LOCK), { signal: stop.signal })).toMatchObject({
      outcome: 'unknown',
    });
    expect(heard).toBeDefined();
  });

  test('stopped before it is asked, it hears nothing', async () => {
    onOperation = () => undefined;
    const answer = await send(modify('agent-17', LOCK), { signal: AbortSignal.abort() });
    expect(answer).toMatchObject({ outcome: 'failed' });
    expect(heard).toBeUndefined();
  });

  test('and one that is not there: nothing was sent', async () => {
    const answer = await connector.carryOut(commandAt('ldap://127.0.0.1:1', modify('agent-17', LOCK)));
    expect(answer).toEqual({
      outcome: 'failed',
      reason: 'The directory could not be used (ECONNREFUSED)',
    });
  });
});

test.each([
  'lock agent-17',
  '{}',
  '{"operation":"delete","dn":"uid=agent-17"}',
  '{"operation":"modify","dn":"","changes":[]}',
  '{"operation":"modify","dn":"uid=a","changes":[]}',
  '{"operation":"modify","dn":"uid=a","changes":[{"operation":"add","attribute":"x","values":[]}]}',
  '{"operation":"modify","dn":"uid=a","changes":[{"operation":"add","attribute":"x","values":[1]}]}',
  '{"operation":"search"}',
  '{"operation":"search","base":"dc=x","scope":"all"}',
])('%s is no command', async (command) => {
  expect(await connector.carryOut(commandAt('ldap://127.0.0.1:1', command))).toEqual({
    outcome: 'failed',
    reason: 'The command is no LDAP operation as JSON',
  });
});

test.each([
  ['a search', { operation: 'search', base: PEOPLE }, false, true],
  ['one lock', modify('agent-17', LOCK), true, true],
  ['one unlock', modify('agent-17', UNLOCK), true, true],
  [
    'two replacements',
    modify('a', ...['x', 'y'].map((attribute) => ({ operation: 'replace', attribute }))),
    true,
    true,
  ],
  ['a lock among others', modify('a', LOCK, { operation: 'replace', attribute: 'x' }), true, false],
  ['nothing that can be read', 'lock', true, false],
])('%s: changes %s, repeatable %s', (_what, said, isChange, isRepeatable) => {
  const { command } = commandAt('ldap://127.0.0.1', said);
  expect([connector.isChange(command), connector.isRepeatable(command)]).toEqual([isChange, isRepeatable]);
});
