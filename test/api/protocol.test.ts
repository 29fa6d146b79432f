import { createConnection } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { PROBLEM_CODES } from '../../api/problem.ts';
import { createApiKeyStore } from '../../prisma/api-keys.ts';
import { openTicket, setUpOffice, ticketBody } from './office.ts';

const office = setUpOffice();

const post = (body: string, headers: Record<string, string> = {}) =>
  office.agent.send('post', '/v1/tickets', { body, headers });

/** Sends exactly these bytes; answers what comes back until the server closes. */
function sendRaw(text: string): Promise<string> {
  const { port } = new URL(office.door.url);
  return new Promise((resolve, reject) => {
    const socket = createConnection(Number(port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk));
    socket.once('end', () => resolve(answer)).once('error', reject);
  });
}

test.each([
  ['no key', undefined],
  ['another scheme', 'Basic YWdlbnQ6c2VjcmV0'],
  ['a word that is no key', 'Bearer secret'],
  ['a key that was never made', `Bearer tl_0123456789abcdef_${'x'.repeat(43)}`],
])('a caller with %s is 401, and told how to come in', async (_what, authorization) => {
  for (const path of ['/v1/tickets', '/v1/breaches.csv']) {
    const { status, headers, body } = await office.door.stranger(authorization).get(path);
    expect([status, body.code]).toEqual([401, 'unauthenticated']);
    expect(headers['www-authenticate']).toMatch(/^Bearer realm=/);
  }
});

test('a key with its last character changed opens nothing', async () => {
  const good = office.agent.authorization!;
  const forged = `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`;
  expect((await office.door.stranger(good).get('/v1/tickets')).status).toBe(200);
  expect((await office.door.stranger(forged).get('/v1/tickets')).status).toBe(401);
});

test('a key that was revoked opens nothing any more', async () => {
  const caller = await office.caller('agent');
  expect((await caller.get('/v1/tickets')).status).toBe(200);
  await createApiKeyStore(office.desk.database).revoke(caller.subject.replace('key:', ''));
  const { status, headers } = await caller.get('/v1/tickets');
  expect(status).toBe(401);
  expect(headers['www-authenticate']).toContain('invalid_token');
});

test.each([
  ['nothing but an opening brace', '{'],
  ['a text', '"ticket"'],
  ['a number', '7'],
  ['null', 'null'],
  ['two values', '{} {}'],
  ['a byte order mark and half a list', '\ufeff[1,'],
])('a body of %s is 400', async (_what, body) => {
  const answer = await post(body);
  expect([answer.status, answer.body.code]).toEqual([400, 'malformed_json']);
});

test('a list for a body is a fault of the whole', async () => {
  const { status, body } = await post('[]');
  expect([status, body.errors]).toEqual([422, [expect.objectContaining({ pointer: '' })]]);
});

test('a body of lists in lists, however deep, is refused as quickly', async () => {
  const deep = '['.repeat(30_000) + ']'.repeat(30_000);
  for (const body of [`{"subject":${deep}}`, `{"impact":${deep}}`, `{"custom":{"a":${deep}}}`, deep]) {
    const started = performance.now();
    expect((await post(body)).status).toBe(422);
    expect(performance.now() - started).toBeLessThan(2_000);
  }
});

test.each([
  ['text/plain'],
  ['application/x-www-form-urlencoded'],
  ['multipart/form-data; boundary=x'],
  ['application/xml'],
  [''],
])('a body called %j is 415', async (type) => {
  const { status, body } = await post(JSON.stringify(ticketBody()), { 'content-type': type });
  expect([status, body.code]).toEqual([415, 'unsupported_media_type']);
});

test('JSON in another encoding than UTF-8 is 415, in UTF-8 it is welcome', async () => {
  const text = JSON.stringify(ticketBody());
  expect((await post(text, { 'content-type': 'application/json; charset=iso-8859-1' })).status).toBe(415);
  expect((await post(text, { 'content-type': 'application/json; charset=UTF-8' })).status).toBe(201);
});

test('a packed body is unpacked; one that is not packed as it says is 400, of an unknown kind 415', async () => {
  const { url } = office.door;
  const send = (body: Buffer, encoding: string) =>
    fetch(`${url}/v1/tickets`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: {
        authorization: office.agent.authorization!,
        'content-type': 'application/json',
        'content-encoding': encoding,
      },
    });
  expect((await send(gzipSync(JSON.stringify(ticketBody())), 'gzip')).status).toBe(201);
  expect((await send(Buffer.from(JSON.stringify(ticketBody())), 'gzip')).status).toBe(400);
  expect((await send(Buffer.from('{}'), 'zip')).status).toBe(415);
  expect((await send(gzipSync('x'.repeat(10_000_000)), 'gzip')).status).toBe(413);
});

test('a body of 64 KB is read, one byte more is 413', async () => {
  const filled = (length: number) => {
    const empty = JSON.stringify({ ...ticketBody(), padding: '' });
    return JSON.stringify({ ...ticketBody(), padding: 'x'.repeat(length - empty.length) });
  };
  expect(filled(65_536)).toHaveLength(65_536);
  expect((await post(filled(65_536))).body.errors).toMatchObject([{ pointer: '/padding' }]);
  const { status, body } = await post(filled(65_537));
  expect([status, body.code]).toEqual([413, 'body_too_large']);
});

test('the body of a stranger is not read', async () => {
  const { status } = await office.door.stranger().send('post', '/v1/tickets', { body: '{' });
  expect(status).toBe(401);
});

test.each([
  ['delete', '/v1/tickets', 'POST, GET, HEAD'],
  ['put', '/v1/tickets', 'POST, GET, HEAD'],
  ['post', '/v1/tickets/tkt_1', 'GET, HEAD, PATCH'],
  ['delete', '/v1/tickets/tkt_1', 'GET, HEAD, PATCH'],
  ['get', '/v1/tickets/tkt_1/resolve', 'POST'],
  ['head', '/v1/tickets/tkt_1/resolve', 'POST'],
  ['delete', '/v1/breaches', 'GET, HEAD'],
  ['options', '/v1/breaches', 'GET, HEAD'],
  ['post', '/livez', 'GET, HEAD'],
  ['post', '/readyz', 'GET, HEAD'],
] as const)('%s %s is 405, and told what is possible', async (method, path, allow) => {
  const { status, headers } = await office.agent.send(method, path);
  expect([status, headers['allow']]).toEqual([405, allow]);
});

test.each([
  '/',
  '/v1',
  '/v2/tickets',
  '/v1/ticket',
  '/v1/tickets/a/b',
  '/v1/tickets/a/explode',
  '/docs/assets/index.html',
])('there is nothing at %s', async (path) => {
  const { status, body } = await office.agent.get(path);
  expect([status, body.code]).toEqual([404, 'not_found']);
});

test('HEAD says what GET would, without the body', async () => {
  const { id } = await openTicket(office.agent);
  const path = `/v1/tickets/${id}`;
  const [head, get] = [await office.agent.send('head', path), await office.agent.get(path)];
  expect([head.status, head.headers['etag'], head.text ?? '']).toEqual([200, get.headers['etag'], '']);
});

test("a caller's own request id is given back, one that does not look like one is replaced", async () => {
  const given = await office.agent.get('/v1/tickets', { 'x-request-id': 'front-end.42' });
  expect(given.headers['x-request-id']).toBe('front-end.42');
  for (const odd of ['a b', 'x'.repeat(129), '<script>']) {
    const { headers } = await office.agent.get('/v1/tickets', { 'x-request-id': odd });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test('every problem says where it is explained, and the page explains every code', async () => {
  const { body } = await office.agent.get('/v1/tickets/tkt_nobody');
  expect(body).toMatchObject({
    type: '/docs/problems#ticket_not_found',
    instance: '/v1/tickets/tkt_nobody',
    status: 404,
  });
  const page = await office.agent.get('/docs/problems');
  expect(page.status).toBe(200);
  for (const code of PROBLEM_CODES) expect(page.text).toContain(`id="${code}"`);
});

test('an answer is the same whatever host it was asked of', async () => {
  const { port } = new URL(office.door.url);
  const answer = await sendRaw(
    `GET /v1/tickets/tkt_nobody HTTP/1.1\r\nHost: evil.example:${port}\r\n` +
      `Authorization: ${office.agent.authorization}\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 404 /);
  expect(answer).not.toContain('evil.example');
});

test.each([
  ['no host', 'GET /livez HTTP/1.1\r\n\r\n'],
  ['a header without a name', 'GET /livez HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n'],
  ['two lengths', 'POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
])('a message with %s is turned away without a crash', async (_what, text) => {
  expect(await sendRaw(text)).toMatch(/^HTTP\/1.1 400 /);
  expect((await office.agent.get('/livez')).status).toBe(200);
});

test('the documentation loads from here alone', async () => {
  const { status, headers, text } = await office.agent.get('/docs');
  expect(status).toBe(200);
  const policy = headers['content-security-policy']!;
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/https?:|unsafe-eval/);
  const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(loaded.length).toBeGreaterThanOrEqual(4);
  for (const path of loaded) {
    expect(path).toMatch(/^\/docs\//);
    expect((await office.agent.get(path)).status).toBe(200);
  }
  const { text: script } = await office.agent.get('/docs/docs.js');
  expect(script).toContain('/openapi.json');
});

test('no answer tells what it is made with, and no page of another site may frame one', async () => {
  const { headers } = await office.agent.get('/v1/tickets');
  expect(headers['x-powered-by']).toBeUndefined();
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['content-security-policy']).toContain("frame-ancestors 'self'");
});
