/** Which addresses connectors reach, and that a name leads where it was found to lead. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AddressRefused, allowListIn, createAddressGuard } from '../../activities/address-guard.ts';
import { guardedFetch } from '../../activities/guarded-http.ts';

const { signal } = new AbortController();
const addressesOf = (host: string, allow: string[] = []) =>
  createAddressGuard(allow).addressesOf(host, signal);

describe('without a list, only public addresses are reached', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '192.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.7',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::1',
    '2001::1',
    '2001:db8::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '100::1',
    '1::1',
    '4000::1',
    '8000::1',
    'localhost',
  ])('%s is refused', async (host) => {
    await expect(addressesOf(host)).rejects.toThrow(AddressRefused);
  });

  test.each([
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://[::1]/',
    'http://[0:0:0:0:0:ffff:7f00:1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://①②⑦.0.0.1/',
    'http://LOCALHOST/',
    'http://localhost./',
  ])('%s is refused, however it is written', async (url) => {
    await expect(addressesOf(new URL(url).hostname)).rejects.toThrow();
  });

  test.each(['2130706433', '0x7f000001', '127.1'])('%s as a host of ssh is refused too', async (host) => {
    await expect(addressesOf(host)).rejects.toThrow();
  });

  test.each(['8.8.8.8', '93.184.216.34', '2606:4700::1111'])('%s is reached', async (host) => {
    await expect(addressesOf(host)).resolves.toMatchObject([{ address: host }]);
  });
});

describe('a list', () => {
  test('opens its networks and no others', async () => {
    await expect(addressesOf('10.1.2.3', ['10.0.0.0/8'])).resolves.toHaveLength(1);
    await expect(addressesOf('::ffff:10.1.2.3', ['10.0.0.0/8'])).resolves.toHaveLength(1);
    await expect(addressesOf('192.168.0.1', ['10.0.0.0/8'])).rejects.toThrow(AddressRefused);
    await expect(addressesOf('fd00::7', ['fd00::/64'])).resolves.toHaveLength(1);
    await expect(addressesOf('fd00:1::7', ['fd00::/64'])).rejects.toThrow(AddressRefused);
    await expect(addressesOf('127.0.0.1', ['127.0.0.1'])).resolves.toHaveLength(1);
    await expect(addressesOf('127.0.0.2', ['127.0.0.1'])).rejects.toThrow(AddressRefused);
  });

  test('opens what the names in it lead to within the house', async () => {
    const lookup = () => Promise.resolve([{ address: '10.4.4.4', family: 4 }]);
    const guard = createAddressGuard(['edr.internal'], lookup);
    await expect(guard.addressesOf('edr.internal', signal)).resolves.toHaveLength(1);
    await expect(guard.addressesOf('EDR.Internal.', signal)).resolves.toHaveLength(1);
    await expect(guard.addressesOf('other.internal', signal)).rejects.toThrow(AddressRefused);
    await expect(addressesOf('localhost', ['localhost'])).resolves.not.toHaveLength(0);
    await expect(addressesOf('127.0.0.1', ['localhost'])).rejects.toThrow(AddressRefused);
  });

  test('names no link-local address: cloud credentials are there', async () => {
    const lookup = () => Promise.resolve([{ address: '169.254.169.254', family: 4 }]);
    const guard = createAddressGuard(['edr.internal'], lookup);
    await expect(guard.addressesOf('edr.internal', signal)).rejects.toThrow(AddressRefused);
  });

  test('is read once, and refused where an entry is nothing', () => {
    expect(allowListIn(' 127.0.0.1/32, edr.internal ,,fd00::/8')).toEqual([
      '127.0.0.1/32',
      'edr.internal',
      'fd00::/8',
    ]);
    for (const bad of ['10.0.0.0/33', '10.0.0', 'http://edr.internal', '*.internal', '300.1.1.1'])
      expect(() => allowListIn(bad)).toThrow(bad);
  });
});

describe('a name server that changes its mind', () => {
  let meant: Server, other: Server;
  let reached: string[] = [];
  beforeAll(async () => {
    const serve = (name: string) =>
      createServer((_request, response) => {
        reached.push(name);
        response.end(name);
      });
    meant = serve('meant').listen(0, '127.0.0.2');
    await once(meant, 'listening');
    other = serve('other').listen((meant.address() as AddressInfo).port, '127.0.0.1');
    await once(other, 'listening');
  });
  afterAll(() => {
    meant.close();
    other.close();
  });

  test('is asked once: the connection goes where it was seen to lead', async () => {
    reached = [];
    const answers = ['127.0.0.2', '127.0.0.1', '127.0.0.1'];
    let asked = 0;
    const lookup = () => Promise.resolve([{ address: answers[asked++]!, family: 4 }]);
    const guard = createAddressGuard(['127.0.0.2'], lookup);
    const origin = new URL(`http://rebinding.example:${(meant.address() as AddressInfo).port}`);
    const answer = await guardedFetch({ origin, method: 'GET', path: '/', headers: {}, signal }, { guard });
    expect({ answer, asked, reached }).toEqual({
      answer: { status: 200, text: 'meant' },
      asked: 1,
      reached: ['meant'],
    });
  });

  test('is refused when one of its answers may not be reached', async () => {
    const lookup = () =>
      Promise.resolve([
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    await expect(createAddressGuard([], lookup).addressesOf('mixed.example', signal)).rejects.toThrow(
      AddressRefused,
    );
  });

  test('and never answers, is not waited for longer than the signal says', async () => {
    const guard = createAddressGuard([], () => new Promise(() => undefined));
    const stopped = AbortSignal.timeout(20);
    await expect(guard.addressesOf('silent.example', stopped)).rejects.toThrow(/timeout|aborted/i);
  });
});
