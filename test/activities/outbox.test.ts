/** The outbox over a real database: nothing is lost, nothing is sent by two at once, and what is in doubt is said. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { SendFault, type Channel } from '../../activities/channels.ts';
import { createOutbox, type OutboxDeps } from '../../activities/outbox.ts';
import type { Fact } from '../../domain/events.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import {
  createDeliveryStore,
  CUSTOMER_UPDATE,
  type DeliveryStore,
  type FactAfterwards,
  type NewDelivery,
} from '../../prisma/deliveries.ts';
import { createTestDatabase } from '../support/database.ts';

let database: Database;
let deliveries: DeliveryStore;
beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
  deliveries = createDeliveryStore(database);
});
afterAll(() => database.$disconnect());

let count = 0;
const delivery = (more: Partial<NewDelivery> = {}): NewDelivery => {
  const ticketId = `tkt_${(count += 1)}`;
  return {
    ticketId,
    eventId: 'e1',
    channel: 'webhook',
    purpose: 'ticket.notification',
    messageId: `${ticketId}.1`,
    message: { type: 'ticket.notification' },
    ...more,
  } as NewDelivery;
};
const FACT: FactAfterwards = {
  id: 'e1/update/0',
  type: 'messageAdded',
  author: 'system',
  visibility: 'public',
  update: true,
  text: { id: 'txt_1', digest: 'd' },
};

const rowOf = (ticketId: string) =>
  database.delivery.findFirstOrThrow({ where: { eventTicketId: ticketId } });

/** An outbox of one channel that does as it is told. */
function outboxOf(send: Channel['send'], more: Partial<OutboxDeps> = {}) {
  const told: { ticketId: string; facts: readonly Fact[] }[] = [];
  const outbox = createOutbox({
    deliveries,
    channels: { webhook: { send } },
    compose: () => Promise.reject(new SendFault('There are no words', { permanent: true })),
    tell: (ticketId, facts) => Promise.resolve(void told.push({ ticketId, facts })),
    log: pino({ level: 'silent' }),
    retryAfterMs: [0, 0],
    ...more,
  });
  return { outbox, told };
}
const taken: Channel['send'] = ({ id }) => Promise.resolve({ id });
const refused =
  (options: ConstructorParameters<typeof SendFault>[1] = {}): Channel['send'] =>
  () =>
    Promise.reject(new SendFault('example.com answered 503', options));

/** Until nothing is due. */
async function sendAll({ outbox }: ReturnType<typeof outboxOf>): Promise<void> {
  while ((await outbox.sendDue('webhook', 50)) > 0);
}

describe('what was put in', () => {
  test('is sent once, and put in again, stays sent', async () => {
    const ids: string[] = [];
    const one = delivery();
    const desk = outboxOf(({ id }) => Promise.resolve({ id: ids[ids.push(id) - 1]! }));
    await deliveries.enqueue(one);
    await deliveries.enqueue(one);
    await sendAll(desk);
    await deliveries.enqueue(one);
    await sendAll(desk);
    expect(ids).toEqual([one.messageId]);
    expect(await rowOf(one.ticketId)).toMatchObject({
      state: 'delivered',
      attempts: 1,
      message: null,
      uncertain: false,
    });
  });

  test('is given to one of many who ask at once', async () => {
    const all = Array.from({ length: 60 }, () => delivery());
    for (const one of all) await deliveries.enqueue(one);
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => deliveries.claim('webhook', { limit: 5, leaseMs: 60_000 })),
    );
    const ids = claims.flat().map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(5);
    for (const one of claims.flat()) await deliveries.settle(one, { state: 'delivered' });
    await sendAll(outboxOf(taken));
  });

  test('is tried as often as there are pauses, then given up, and keeps nothing that was in it', async () => {
    const one = delivery({ fact: FACT });
    await deliveries.enqueue(one);
    const desk = outboxOf(refused());
    await sendAll(desk);
    expect(await rowOf(one.ticketId)).toMatchObject({
      state: 'failed',
      attempts: 3,
      lastError: 'example.com answered 503',
      message: null,
      fact: null,
      nextAttemptAt: null,
    });
    expect(desk.told).toEqual([]);
  });

  test('is not tried again where that is no use', async () => {
    const one = delivery();
    await deliveries.enqueue(one);
    await sendAll(outboxOf(refused({ permanent: true })));
    expect(await rowOf(one.ticketId)).toMatchObject({ state: 'failed', attempts: 1 });
  });

  test('is not sent a day late', async () => {
    const one = delivery();
    await deliveries.enqueue(one);
    await database.$executeRaw`
      UPDATE deliveries SET created_at = now() - interval '25 hours' WHERE ticket_id = ${one.ticketId}`;
    await sendAll(outboxOf(taken));
    expect(await rowOf(one.ticketId)).toMatchObject({
      state: 'failed',
      lastError: expect.stringContaining('a day'),
    });
  });

  test('that breaks what prepares it is told without its words', async () => {
    const one = delivery();
    await deliveries.enqueue(one);
    await sendAll(outboxOf(() => Promise.reject(new Error('canary-secret'))));
    expect(await rowOf(one.ticketId)).toMatchObject({ lastError: expect.not.stringContaining('canary') });
  });
});

describe('a worker that is lost', () => {
  test('in the middle of an attempt leaves it to another, under the same id and said to be in doubt', async () => {
    const one = delivery();
    await deliveries.enqueue(one);
    const [lost] = await deliveries.claim('webhook', { limit: 1, leaseMs: 0 });
    expect(lost).toMatchObject({ ticketId: one.ticketId, attempts: 1 });
    const ids: string[] = [];
    await sendAll(outboxOf(({ id }) => Promise.resolve({ id: ids[ids.push(id) - 1]! })));
    expect(ids).toEqual([one.messageId]);
    expect(await rowOf(one.ticketId)).toMatchObject({ state: 'delivered', attempts: 2, uncertain: true });
    // The lost one turns up, and says that it failed.
    expect(await deliveries.settle(lost!, { state: 'failed', error: 'late' })).toBeNull();
    expect(await rowOf(one.ticketId)).toMatchObject({ state: 'delivered', lastError: null });
  });

  test('and given up meanwhile stays so, in doubt: nobody is told twice how it ended', async () => {
    const one = delivery({ fact: FACT });
    await deliveries.enqueue(one);
    const [lost] = await deliveries.claim('webhook', { limit: 1, leaseMs: 0 });
    await sendAll(outboxOf(refused({ permanent: true })));
    expect(await deliveries.settle(lost!, { state: 'delivered' })).toBeNull();
    expect(await rowOf(one.ticketId)).toMatchObject({ state: 'failed', uncertain: true });
  });

  test('after sending, before the ticket was told, leaves that to another', async () => {
    const one = delivery({ fact: FACT });
    await deliveries.enqueue(one);
    const away = outboxOf(taken, { tell: () => Promise.reject(new Error('lost')), leaseMs: 0 });
    await away.outbox.sendDue('webhook');
    const { deliveredAt } = await rowOf(one.ticketId);
    const next = outboxOf(() => Promise.reject(new Error('It was sent already')));
    await sendAll(next);
    expect(next.told).toMatchObject([
      { ticketId: one.ticketId, facts: [{ ...FACT, occurredAt: deliveredAt!.getTime() }] },
    ]);
    expect(await rowOf(one.ticketId)).toMatchObject({
      state: 'delivered',
      attempts: 1,
      fact: null,
      nextAttemptAt: null,
    });
  });

  test('holds nobody off for longer than its lease', async () => {
    const one = delivery();
    await deliveries.enqueue(one);
    expect(await deliveries.claim('webhook', { limit: 50, leaseMs: 300 })).toHaveLength(1);
    expect(await deliveries.claim('webhook', { limit: 50, leaseMs: 300 })).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(await deliveries.claim('webhook', { limit: 50, leaseMs: 60_000 })).toHaveLength(1);
  });
});

test('one that is slow leaves the other lanes to the others', async () => {
  const slow = delivery();
  const others = Array.from({ length: 12 }, () => delivery());
  for (const one of [slow, ...others]) await deliveries.enqueue(one);
  const sent: string[] = [];
  let release = (): void => undefined;
  const desk = outboxOf(async ({ id }) => {
    if (id === slow.messageId) await new Promise<void>((resolve) => (release = resolve));
    sent.push(id);
    return { id };
  });
  const from = Date.now();
  await desk.outbox.keepSending('webhook', {
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
    isStopped: () => {
      if (sent.length < others.length && Date.now() - from < 5_000) return false;
      release();
      return true;
    },
  });
  expect(sent.slice(0, -1).toSorted()).toEqual(others.map(({ messageId }) => messageId).toSorted());
  expect(sent.at(-1)).toBe(slow.messageId);
});

test('what fell due first is claimed first, whatever lies where', async () => {
  const all = Array.from({ length: 300 }, () => delivery());
  for (const one of all) await deliveries.enqueue(one);
  await database.$executeRaw`
    UPDATE deliveries SET next_attempt_at = now() - interval '1 hour' - (position * 7919 % 1009) * interval '1 second'
    WHERE state = 'pending'`;
  await database.$executeRaw`ANALYZE deliveries`;
  const rows = await database.delivery.findMany({
    where: { state: 'pending' },
    orderBy: [{ nextAttemptAt: 'asc' }, { position: 'asc' }],
  });
  const claimed = await deliveries.claim('webhook', { limit: 1_000, leaseMs: 60_000 });
  expect(claimed.map(({ ticketId }) => ticketId)).toEqual(rows.map(({ eventTicketId }) => eventTicketId));
  expect(claimed.length).toBeGreaterThanOrEqual(all.length);
});

test('the labels of all that is sent together are asked for at once; unread, nothing is sent and all is tried again', async () => {
  const all = Array.from({ length: 5 }, () => delivery());
  for (const one of all) await deliveries.enqueue(one);
  const asked: (readonly string[])[] = [];
  const sent: string[] = [];
  const labelsOf: DeliveryStore['labelsOf'] = (abouts) => {
    asked.push(abouts);
    return asked.length === 1 ? Promise.reject(new Error('away')) : deliveries.labelsOf(abouts);
  };
  const { outbox } = outboxOf(({ id }) => Promise.resolve({ id: sent[sent.push(id) - 1]! }), {
    deliveries: { ...deliveries, labelsOf },
  });
  const ids = all.map(({ ticketId }) => ticketId);
  expect(await outbox.sendDue('webhook', 50)).toBe(5);
  expect([asked, sent]).toEqual([[ids], []]);
  expect(await outbox.sendDue('webhook', 50)).toBe(5);
  expect(asked).toHaveLength(2);
  expect(sent.toSorted()).toEqual(all.map(({ messageId }) => messageId).toSorted());
});

test('the updates of one ticket go one after the other, those of others beside them', async () => {
  const ticketId = 'tkt_in_order';
  const update = (eventId: string) =>
    delivery({ ticketId, eventId, purpose: CUSTOMER_UPDATE, messageId: eventId });
  for (const one of [update('first'), update('second'), delivery({ purpose: CUSTOMER_UPDATE })])
    await deliveries.enqueue(one);
  const claimed = await deliveries.claim('webhook', { limit: 50, leaseMs: 60_000 });
  expect(claimed.map(({ eventId }) => eventId)).toEqual(['first', 'e1']);
  await deliveries.settle(claimed[0]!, { state: 'failed', error: 'gone' });
  const [next] = await deliveries.claim('webhook', { limit: 50, leaseMs: 60_000 });
  expect(next).toMatchObject({ eventId: 'second' });
});

test('the database keeps no message that has ended, and nothing that waits without a time', async () => {
  const one = delivery();
  await deliveries.enqueue(one);
  const attempts = [
    `UPDATE deliveries SET next_attempt_at = NULL WHERE ticket_id = '${one.ticketId}'`,
    `UPDATE deliveries SET state = 'delivered', next_attempt_at = NULL WHERE ticket_id = '${one.ticketId}'`,
    `UPDATE deliveries SET state = 'lost' WHERE ticket_id = '${one.ticketId}'`,
  ];
  for (const attempt of attempts)
    await expect(database.$executeRawUnsafe(attempt)).rejects.toThrow(/deliveries_\w+_check/);
});
