/** OpenC2 over HTTP: two answers in one, and both have to say that it was done. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAddressGuard } from '../../activities/address-guard.ts';
import { createOpenC2Connector } from '../../activities/openc2-connector.ts';
import { requestOf } from '../support/commands.ts';
import { EDR_TOKEN, startFakeEdr, type FakeEdr } from '../support/fake-edr.ts';

const connector = createOpenC2Connector({ guard: createAddressGuard(['127.0.0.1']) });
const contain = JSON.stringify({ action: 'contain', target: { device: { hostname: 'h-1' } } });
const query = JSON.stringify({ action: 'query', target: { device: { hostname: 'h-1' } } });
const credentials = { type: 'oauth2', header: `Bearer ${EDR_TOKEN}` };
const targetAt = (url: string) => ({ type: 'http-api', name: 'consumer', address: { url: [url] } });

describe('with a consumer that does what it says', () => {
  let edr: FakeEdr;
  beforeAll(async () => {
    edr = await startFakeEdr();
  });
  afterAll(() => edr.close());
  const send = (content: string) =>
    connector.carryOut(
      requestOf('openc2-http', 'POST /openc2 HTTP/1.1', { content, credentials, target: targetAt(edr.url) }),
    );

  test('contains, tells, allows', async () => {
    expect(await send(contain)).toMatchObject({ outcome: 'succeeded' });
    expect(await edr.inForce()).toEqual(['device/h-1/contained']);
    const told = (await send(query)) as { output: string };
    expect(JSON.parse(told.output)).toMatchObject({ results: { contained: true } });
    expect(await send(contain.replace('contain', 'allow'))).toMatchObject({ outcome: 'succeeded' });
    expect(await edr.inForce()).toEqual([]);
  });

  test('an action that it does not know was not done', async () => {
    expect(await send(contain.replace('contain', 'detonate'))).toMatchObject({
      outcome: 'failed',
      reason: 'It answered 501',
    });
  });
});

describe('with a consumer that answers what a test wants', () => {
  let server: Server;
  let answer = { status: 200, body: '' };
  let seen: Record<string, unknown> = {};
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen = request.headers;
      response.writeHead(answer.status).end(answer.body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => void server.close());
  const send = (content: string) =>
    connector.carryOut(
      requestOf('openc2-http', 'POST /openc2 HTTP/1.1', {
        content,
        target: targetAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      }),
    );

  test.each([
    [200, '{"status":200}', 'succeeded', 'succeeded'],
    [200, '{"body":{"openc2":{"response":{"status":200}}}}', 'succeeded', 'succeeded'],
    [200, '{"status":102}', 'unknown', 'failed'],
    [200, '{"status":400}', 'failed', 'failed'],
    [200, '{"status":500}', 'unknown', 'failed'],
    [200, '{"status":501}', 'failed', 'failed'],
    [200, '{"status":503}', 'unknown', 'failed'],
    [200, '{"status":"200"}', 'unknown', 'failed'],
    [200, 'fine', 'unknown', 'failed'],
    [200, '', 'unknown', 'failed'],
    [403, '{"status":200}', 'failed', 'failed'],
    [500, '{"status":200}', 'unknown', 'failed'],
  ])('HTTP %s with %s: a change %s, a query %s', async (status, body, change, read) => {
    answer = { status, body };
    expect((await send(contain)).outcome).toBe(change);
    expect((await send(query)).outcome).toBe(read);
  });

  test('says what it sends and under which key', async () => {
    answer = { status: 200, body: '{"status":200}' };
    await send(contain);
    expect(seen).toMatchObject({
      'content-type': 'application/openc2+json;version=1.0',
      'x-request-id': 'run_1/isolate/host-1/act',
      'idempotency-key': '"run_1/isolate/host-1/act"',
    });
  });
});

test('only a query reads, and only it may be repeated; what cannot be read is taken for a change', () => {
  const judged = [contain, query, 'query', ''].map((content) => {
    const { command } = requestOf('openc2-http', 'POST / HTTP/1.1', { content });
    return [connector.isChange(command), connector.isRepeatable(command)];
  });
  expect(judged).toEqual([
    [true, false],
    [false, true],
    [true, false],
    [true, false],
  ]);
});

test('is sent by POST and nothing else', async () => {
  const answer = await connector.carryOut(requestOf('openc2-http', 'GET / HTTP/1.1', { content: contain }));
  expect(answer).toEqual({ outcome: 'failed', reason: 'An OpenC2 command is sent by POST' });
});
