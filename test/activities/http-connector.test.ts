/** HTTP commands against a real server: what is known of a command after every way it can end. */
import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAddressGuard } from '../../activities/address-guard.ts';
import type { ConnectorAnswer, Credentials } from '../../activities/connector.ts';
import { HTTP_LIMITS } from '../../activities/guarded-http.ts';
import { createHttpConnector } from '../../activities/http-connector.ts';
import { requestOf } from '../support/commands.ts';
import { EDR_TOKEN, startFakeEdr, type FakeEdr, type Fault } from '../support/fake-edr.ts';

const guard = createAddressGuard(['127.0.0.1', 'localhost']);
const connector = createHttpConnector({ guard });
const bearer: Credentials = { type: 'oauth2', header: `Bearer ${EDR_TOKEN}` };
const targetAt = (url: string) => ({ type: 'http-api', name: 'edr', address: { url: [url] } });

let edr: FakeEdr;
beforeAll(async () => {
  edr = await startFakeEdr();
});
beforeEach(() => edr.setFaults({}));
afterAll(() => edr.close());

const send = (command: string, more: Parameters<typeof requestOf>[2] = {}) =>
  connector.carryOut(
    requestOf('http-api', command, { target: targetAt(edr.url), credentials: bearer, ...more }),
  );
const effectsOn = async (id: string) =>
  (await edr.journal()).effects.filter((effect) => effect.id === id).map(({ what, on }) => [what, on]);

describe('a command that is answered', () => {
  test('was done, and the answer is its output', async () => {
    const answer = await send('PUT /v1/hosts/h-1/isolated HTTP/1.1');
    expect(answer).toMatchObject({ outcome: 'succeeded' });
    expect(JSON.parse((answer as { output: string }).output)).toMatchObject({ id: 'h-1', on: true });
    expect(await effectsOn('h-1')).toEqual([['isolated', true]]);
  });

  test('carries its idempotency key, the same at each attempt, so that an action is done once', async () => {
    await send('POST /v1/hosts/h-2/scan HTTP/1.1');
    await send('POST /v1/hosts/h-2/scan HTTP/1.1');
    expect(await effectsOn('h-2')).toEqual([['scan', null]]);
    await send('POST /v1/hosts/h-2/scan HTTP/1.1', { idempotencyKey: 'run_2/scan/h-2/act' });
    expect(await effectsOn('h-2')).toHaveLength(2);
    const keys = (await edr.journal()).requests
      .filter(({ path }) => path.includes('h-2'))
      .map(({ key }) => key);
    expect(keys).toEqual(['run_1/isolate/host-1/act', 'run_1/isolate/host-1/act', 'run_2/scan/h-2/act']);
  });

  test('goes to the path of the target with its own behind it', async () => {
    const answer = await send('GET /hosts/h-3/isolated', { target: targetAt(`${edr.url}/v1/`) });
    expect(answer).toMatchObject({ outcome: 'succeeded' });
  });

  test('goes to host and port where the target has no URL', async () => {
    const target = {
      type: 'http-api',
      name: 'edr',
      address: { ipv4: ['10.9.9.9'], dname: ['localhost'] },
      port: String(edr.port),
    };
    expect(await send('GET /v1/hosts/h-3/isolated', { target })).toMatchObject({ outcome: 'succeeded' });
  });

  test('has the headers of the command, without those that are not its business', async () => {
    await edr.setFaults({ rules: [{ fault: 'echo' }] });
    const headers = {
      'X-Case': ['7', '8'],
      Host: ['elsewhere.example'],
      'Content-Length': ['9999'],
      'Idempotency-Key': ['"mine"'],
      Authorization: ['Bearer of-the-playbook'],
    };
    const answer = await send('POST /v1/hosts/h-4/scan', { headers, content: '{"deep":true}' });
    expect(JSON.parse((answer as { output: string }).output)).toMatchObject({
      'x-case': '7, 8',
      host: new URL(edr.url).host,
      'content-length': '13',
      'idempotency-key': '"run_1/isolate/host-1/act"',
      authorization: `Bearer ${EDR_TOKEN}`,
    });
  });

  test('is sent with a user name and password as Basic', async () => {
    const credentials = { type: 'http-basic', username: 'desk', password: 'pässword' };
    const closed = await startFakeEdr({ token: 'x' });
    await closed.setFaults({ rules: [{ fault: 'echo' }] });
    const answer = await send('GET /v1/hosts/h/isolated', { target: targetAt(closed.url), credentials });
    expect(answer).toMatchObject({ outcome: 'failed', reason: 'It answered 401' });
    await closed.close();
  });
});

describe('what is known of it afterwards', () => {
  test.each<[what: string, fault: Fault, change: ConnectorAnswer['outcome'], read: string, isDone: boolean]>([
    ['done, and the answer lost', 'doneThenCut', 'unknown', 'failed', true],
    ['not done, and the connection lost', 'cutBeforeDone', 'unknown', 'failed', false],
    ['503, which may come from a gateway', 'unavailable', 'unknown', 'failed', false],
    ['refused with 403', { refused: 403 }, 'failed', 'failed', false],
    ['refused with 409', { refused: 409 }, 'failed', 'failed', false],
    ['not yet: 425', { refused: 425 }, 'failed', 'failed', false],
    ['too often: 429', { refused: 429 }, 'failed', 'failed', false],
    ['sent elsewhere with 307', { refused: 307 }, 'failed', 'failed', false],
    ['sent elsewhere with 303, as after a change', { refused: 303 }, 'unknown', 'failed', false],
    ['done twice by a proxy', 'twice', 'succeeded', 'succeeded', true],
    ['done, with an answer of rubbish', 'garbled', 'succeeded', 'succeeded', true],
  ])('%s', async (what, fault, change, read, isDone) => {
    const id = `h-${what.replaceAll(/\W/g, '')}`;
    await edr.setFaults({ rules: [{ fault }] });
    expect((await send(`PUT /v1/hosts/${id}/isolated`)).outcome).toBe(change);
    expect((await send(`GET /v1/hosts/${id}/isolated`)).outcome).toBe(read);
    expect(await effectsOn(id)).toEqual(isDone ? [['isolated', true]] : []);
  });

  test('nobody listens: nothing was sent', async () => {
    const answer = await send('PUT /v1/hosts/h-9/isolated', { target: targetAt('http://127.0.0.1:1') });
    expect(answer).toEqual({ outcome: 'failed', reason: '127.0.0.1:1 could not be reached (ECONNREFUSED)' });
  });

  test('no TLS there: nothing was sent', async () => {
    const target = targetAt(edr.url.replace('http:', 'https:'));
    expect(await send('PUT /v1/hosts/h-9/isolated', { target })).toMatchObject({ outcome: 'failed' });
    expect(await effectsOn('h-9')).toEqual([]);
  });

  test('an address that may not be reached: nothing was sent', async () => {
    const closed = createHttpConnector({ guard: createAddressGuard([]) });
    const before = (await edr.journal()).requests.length;
    const answer = await closed.carryOut(
      requestOf('http-api', 'PUT /v1/hosts/h-9/isolated', { target: targetAt(edr.url) }),
    );
    expect(answer).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/^127\.0\.0\.1 is not a public address/),
    });
    expect((await edr.journal()).requests).toHaveLength(before);
  });

  test('stopped before it was sent: failed; stopped while it is waited for: unknown', async () => {
    expect(await send('PUT /v1/hosts/h-10/isolated', { signal: AbortSignal.abort() })).toMatchObject({
      outcome: 'failed',
    });
    expect(await effectsOn('h-10')).toEqual([]);
    await edr.setFaults({ rules: [{ fault: { late: 60_000 } }] });
    const stop = new AbortController();
    const sent = send('PUT /v1/hosts/h-10/isolated', { signal: stop.signal });
    while ((await effectsOn('h-10')).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    expect(await sent).toMatchObject({ outcome: 'unknown' });
  });

  test('no answer within the time for all: unknown', async () => {
    await edr.setFaults({ rules: [{ fault: { late: 60_000 } }] });
    const hasty = createHttpConnector({ guard, limits: { ...HTTP_LIMITS, totalMs: 200 } });
    const request = requestOf('http-api', 'DELETE /v1/hosts/h-11/isolated', {
      target: targetAt(edr.url),
      credentials: bearer,
    });
    expect(await hasty.carryOut(request)).toMatchObject({
      outcome: 'unknown',
      reason: expect.stringMatching(/TimeoutError/),
    });
  });
});

describe('a server that does not keep to HTTP', () => {
  let server: Server;
  let requests = 0;
  let speak: (socket: Socket) => void;
  beforeAll(async () => {
    server = createPlainServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        requests++;
        speak(socket);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    requests = 0;
  });
  afterAll(() => void server.close());
  const sendThere = (command: string) =>
    send(command, { target: targetAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) });

  test.each<[what: string, words: string]>([
    ['an answer cut short', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id"'],
    ['rubbish', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['nothing', ''],
    ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`],
    [
      'an answer of more than a mebibyte',
      `HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n${'x'.repeat(1_048_577)}`,
    ],
  ])('%s leaves it unknown, and it is sent once', async (_what, words) => {
    speak = (socket) => socket.end(words);
    expect(await sendThere('PUT /v1/hosts/h-1/isolated')).toMatchObject({ outcome: 'unknown' });
    expect(requests).toBe(1);
  });

  test('a redirect is not followed', async () => {
    const before = (await edr.journal()).requests.length;
    speak = (socket) =>
      socket.end(
        `HTTP/1.1 307 Elsewhere\r\nlocation: ${edr.url}/v1/hosts/h-1/isolated\r\ncontent-length: 0\r\n\r\n`,
      );
    expect(await sendThere('GET /v1/hosts/h-1/isolated')).toMatchObject({ outcome: 'failed' });
    expect((await edr.journal()).requests).toHaveLength(before);
  });
});

describe('what cannot be sent, is not', () => {
  test.each([
    ['no start line', 'isolate h-1'],
    ['a whole URL', 'GET http://elsewhere.example/ HTTP/1.1'],
    ['a tunnel', 'CONNECT /v1/hosts'],
    ['a path out of the target', 'PUT /v1/hosts/../../admin'],
    ['the same, encoded', 'PUT /v1/hosts/%2E%2e/isolated'],
    ['a second line', 'GET /v1/hosts/h-1/isolated HTTP/1.1\r\nX-Evil: 1'],
    ['a blank in the path', 'GET /v1/hosts/h 1/isolated HTTP/1.1'],
  ])('%s', async (_what, command) => {
    const before = (await edr.journal()).requests.length;
    expect(await send(command)).toMatchObject({ outcome: 'failed' });
    expect((await edr.journal()).requests).toHaveLength(before);
  });

  test.each([
    ['no address', {}],
    ['another scheme', { url: ['file:///etc/passwd'] }],
    ['a password in it', { url: ['http://desk:canary-pass@127.0.0.1/'] }],
    ['a query in it', { url: ['http://127.0.0.1/?next='] }],
  ])('a target with %s', async (_what, address) => {
    const answer = await send('GET /v1/hosts/h-1/isolated', {
      target: { type: 'http-api', name: 'x', address },
    });
    expect(answer).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/^The (?:target|address)/),
    });
    expect(JSON.stringify(answer)).not.toContain('canary-pass');
  });

  test('a line break in a header', async () => {
    const answer = await send('GET /v1/hosts/h-1/isolated', {
      headers: { 'X-Host': ['a\r\nX-Evil: canary'] },
    });
    expect(answer).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/header x-host/) });
    expect(JSON.stringify(answer)).not.toContain('canary');
  });
});

test('no reason tells a credential, whatever goes wrong', async () => {
  const faults: Fault[] = ['doneThenCut', 'cutBeforeDone', 'unavailable', { refused: 403 }];
  for (const fault of faults) {
    await edr.setFaults({ rules: [{ fault }] });
    expect(JSON.stringify(await send('PUT /v1/hosts/h-1/isolated'))).not.toContain(EDR_TOKEN);
  }
  for (const header of [`Bearer ${EDR_TOKEN}\r\n`, `Bearer ${EDR_TOKEN}\u{1F511}`]) {
    const answer = await send('PUT /v1/hosts/h-1/isolated', { credentials: { type: 'oauth2', header } });
    expect(answer).toMatchObject({ outcome: 'failed' });
    expect(JSON.stringify(answer)).not.toContain(EDR_TOKEN);
  }
});

test.each([
  ['GET', false, true],
  ['HEAD', false, true],
  ['OPTIONS', false, true],
  ['PUT', true, true],
  ['DELETE', true, true],
  ['POST', true, false],
  ['PATCH', true, false],
])('%s changes something: %s; may be repeated: %s', (method, isChange, isRepeatable) => {
  const { command } = requestOf('http-api', `${method} /v1/hosts HTTP/1.1`);
  expect([connector.isChange(command), connector.isRepeatable(command)]).toEqual([isChange, isRepeatable]);
});
