/** Commands on another host: Debian's sshd, with keys made for the run. */
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAddressGuard } from '../../activities/address-guard.ts';
import { createSshConnector } from '../../activities/ssh-connector.ts';
import { requestOf } from '../support/commands.ts';
import { SSHD, startSshServer, type SshServer } from '../support/ssh-server.ts';
import { isThere } from '../support/system-servers.ts';

(isThere(SSHD, 'openssh-server') ? describe : describe.skip)('against sshd', () => {
  let host: SshServer;
  beforeAll(async () => {
    host = await startSshServer();
  });
  afterAll(() => host.close());

  const guard = createAddressGuard(['127.0.0.1', 'localhost']);
  const knowing = (knownHosts: string | null) =>
    createSshConnector({ guard, knownHosts: () => Promise.resolve(knownHosts) });
  const requestFor = (command: string, more: Parameters<typeof requestOf>[2] = {}) =>
    requestOf('ssh', command, {
      target: { type: 'ssh', name: 'h-1', address: { ipv4: ['127.0.0.1'] }, port: String(host.port) },
      credentials: { type: 'user-auth', username: host.username, privateKey: host.privateKey },
      ...more,
    });
  const send = (command: string, more: Parameters<typeof requestOf>[2] = {}, known = host.knownHosts) =>
    knowing(known).carryOut(requestFor(command, more));
  const fileOf = (name: string) => join(host.folder, name);

  test('a command is done, and what it said is the output', async () => {
    const answer = await send(`echo isolated; echo done > ${fileOf('a')}; echo noise >&2`);
    expect(answer).toEqual({ outcome: 'succeeded', output: 'isolated\n' });
    expect(readFileSync(fileOf('a'), 'utf8')).toBe('done\n');
  });

  test('one that ends with another code than 0 failed, and says what it said', async () => {
    expect(await send('echo no such interface >&2; exit 3')).toEqual({
      outcome: 'failed',
      reason: 'It ended with 3',
      output: 'no such interface\n',
    });
  });

  test('one whose connection is lost may have been done', async () => {
    expect(await send(`touch ${fileOf('b')}; kill -9 $PPID; sleep 30`)).toMatchObject({
      outcome: 'unknown',
    });
    expect(existsSync(fileOf('b'))).toBe(true);
  });

  test('one that a signal ended may have been done', async () => {
    expect(await send('kill -TERM $$')).toEqual({
      outcome: 'unknown',
      reason: 'It was ended by SIGTERM',
      output: '',
    });
  });

  test('one that is stopped while it runs may have been done', async () => {
    const stop = new AbortController();
    const running = send(`touch ${fileOf('c')}; exec sleep 30`, { signal: stop.signal });
    while (!existsSync(fileOf('c'))) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    expect(await running).toMatchObject({ outcome: 'unknown' });
  });

  test('stopped before, it is not sent', async () => {
    const answer = await send(`touch ${fileOf('d')}`, { signal: AbortSignal.abort() });
    expect(answer).toMatchObject({ outcome: 'failed' });
    expect(existsSync(fileOf('d'))).toBe(false);
  });

  test('more output than a mebibyte is cut, and the command ends all the same', async () => {
    const answer = (await send('head -c 3000000 /dev/zero | tr "\\0" x; exit 0')) as { output: string };
    expect(answer).toMatchObject({ outcome: 'succeeded' });
    expect(answer.output).toHaveLength(1024 * 1024);
  });

  test('a log-in that is refused: not done, and no word of the password', async () => {
    const credentials = { type: 'user-auth', username: host.username, password: 'canary-password' };
    const answer = await send(`touch ${fileOf('e')}`, { credentials });
    expect(answer).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/the log-in was refused/),
    });
    expect(JSON.stringify(answer)).not.toContain('canary-password');
    expect(await send('id', { credentials: null })).toMatchObject({ outcome: 'failed' });
    const rubbish = { type: 'user-auth', username: host.username, privateKey: 'canary-key' };
    const refused = await send('id', { credentials: rubbish });
    expect(refused).toMatchObject({ outcome: 'failed' });
    expect(JSON.stringify(refused)).not.toContain('canary-key');
    expect(existsSync(fileOf('e'))).toBe(false);
  });

  describe('a host is talked to only when its key is known', () => {
    const command = () => `touch ${fileOf('f')}`;
    const keyOf = () => host.knownHosts.split(' ').slice(1).join(' ');
    const name = () => `[127.0.0.1]:${host.port}`;

    test.each<[what: string, known: () => string]>([
      ['no file', () => ''],
      ['another host', () => `[127.0.0.2]:${host.port} ${keyOf()}`],
      ['the same host at another port', () => `127.0.0.1 ${keyOf()}`],
      ['a revoked key', () => `${name()} ${keyOf()}\n@revoked * ${keyOf()}`],
      ['a name that is taken out again', () => `*,!${name()} ${keyOf()}`],
      ['another key', () => `${name()} ${keyOf().replace(/.{20}(?= host)/, 'A'.repeat(20))}`],
    ])('with %s: not', async (_what, known) => {
      expect(await send(command(), {}, known())).toMatchObject({ outcome: 'failed' });
      expect(existsSync(fileOf('f'))).toBe(false);
    });

    test.each<[what: string, known: () => string]>([
      ['its line', () => host.knownHosts],
      ['a pattern', () => `# servers\n\n[127.0.0.*]:* ${keyOf()}`],
      [
        'a hashed name',
        () => {
          const salt = Buffer.from('0123456789abcdefghij');
          const hash = createHmac('sha1', salt).update(name()).digest('base64');
          return `|1|${salt.toString('base64')}|${hash} ${keyOf()}`;
        },
      ],
    ])('with %s: yes', async (_what, known) => {
      expect(await send('true', {}, known())).toMatchObject({ outcome: 'succeeded' });
    });
  });

  test('an address that may not be reached is not', async () => {
    const closed = createSshConnector({
      guard: createAddressGuard([]),
      knownHosts: () => Promise.resolve(host.knownHosts),
    });
    expect(await closed.carryOut(requestFor(`touch ${fileOf('g')}`))).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/not a public address/),
    });
    expect(existsSync(fileOf('g'))).toBe(false);
  });
});
