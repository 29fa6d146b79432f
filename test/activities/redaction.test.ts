/** What leaves of a security incident, channel by channel, over a real database. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { ChannelLabels } from '../../activities/channel-labels.ts';
import type { ChannelMessage, ChannelName, Channels } from '../../activities/channels.ts';
import { outboxOver } from '../../bin/outbox.ts';
import type { Tlp } from '../../domain/incident.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createDeliveryStore } from '../../prisma/deliveries.ts';
import { createTestDatabase } from '../support/database.ts';

const SECRET_WORDS = 'ransomware on host web-3';
let database: Database;
let sent: [ChannelName, ChannelMessage][];
beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
});
afterAll(() => database.$disconnect());

const kept = (name: ChannelName) => ({
  async send(message: ChannelMessage) {
    sent.push([name, message]);
    return { id: message.id };
  },
});
const channels: Channels = { webhook: kept('webhook'), chat: kept('chat') };

let count = 0;
/** A ticket's row, with the label that is asked of it. */
async function ticketOf(tlp: Tlp | null): Promise<string> {
  const id = `tkt_${(count += 1)}`;
  await database.$executeRaw`
    INSERT INTO tickets (id, state, priority, tier, holds, opened_at, reopen_count, handoffs, tier_returns, policy,
      policy_version, mode, type, attributes, breached, shares, shares_at, sequence, recorded_at, tlp, codename)
    VALUES (${id}, 'open', 'P1', 1, '[]', now(), 0, 0, 0, 'standard', 1, 'act', 'incident', '{}', false, '{}', now(),
      1, now(), ${tlp}, 'teal-otter')`;
  return id;
}

async function put(about: string, channel: ChannelName): Promise<void> {
  const message = { type: 'ticket.notification', text: SECRET_WORDS, data: { ticketId: about } };
  await createDeliveryStore(database).enqueue({
    ticketId: about,
    eventId: 'event-1',
    purpose: 'ticket.notification',
    messageId: `${about}.1`,
    channel,
    message,
  });
}

async function send(
  abouts: readonly string[],
  highest: ChannelLabels = {},
): Promise<[ChannelName, ChannelMessage][]> {
  sent = [];
  const outbox = outboxOver(database, {
    channels,
    highest,
    engine: { tell: async () => 'told' as const },
    log: pino({ level: 'silent' }),
  });
  for (const channel of ['webhook', 'chat'] as const) {
    for (const about of abouts) await put(about, channel);
    await outbox.sendDue(channel, abouts.length);
  }
  return sent;
}

/** What each channel says of it. */
const told = async (about: string, highest?: ChannelLabels): Promise<Map<ChannelName, string>> =>
  new Map((await send([about], highest)).map(([name, message]) => [name, JSON.stringify(message)]));

test.each<[Tlp | null, boolean]>([
  [null, true],
  ['TLP:CLEAR', true],
  ['TLP:AMBER', true],
  ['TLP:AMBER+STRICT', false],
  ['TLP:RED', false],
])('a ticket with label %s is told in full: %s', async (tlp, isWhole) => {
  const id = await ticketOf(tlp);
  const all = await told(id);
  expect([...all.keys()]).toEqual(['webhook', 'chat']);
  for (const words of all.values()) {
    expect(words.includes(SECRET_WORDS)).toBe(isWhole);
    expect(words.includes('teal-otter')).toBe(!isWhole);
    expect(words.includes(`/v1/tickets/${id}`)).toBe(!isWhole);
  }
});

test('a task of a TLP:RED ticket is told as little of as the ticket', async () => {
  const id = await ticketOf('TLP:RED');
  await database.$executeRaw`
    INSERT INTO tasks (id, kind, state, subject_type, subject_id, due_at, opened_at, body, sequence, recorded_at)
    VALUES ('tsk_red', 'actionItem', 'open', 'ticket', ${id}, now(), now(), '{}', 1, now())`;
  for (const words of (await told('tsk_red')).values()) {
    expect(words).not.toContain(SECRET_WORDS);
    expect(words).toContain('teal-otter');
  }
});

test('each channel has a highest label of its own', async () => {
  const id = await ticketOf('TLP:AMBER');
  const all = await told(id, { chat: 'TLP:GREEN' });
  expect([...all].map(([name, words]) => [name, words.includes(SECRET_WORDS)])).toEqual([
    ['webhook', true],
    ['chat', false],
  ]);
});

test('of what is sent together, each is told by the label of its own ticket, a problem by the strictest', async () => {
  const [plain, red, green] = [await ticketOf(null), await ticketOf('TLP:RED'), await ticketOf('TLP:GREEN')];
  await database.$executeRaw`
    INSERT INTO problem_tickets (problem_id, ticket_id, by, opened_at, linked_at)
    SELECT 'prb_1', id, 'agent-17', now(), now() FROM unnest(${[green, red]}::text[]) AS id`;
  const all = await send(['prb_1', plain, red, green]);
  const inFull = all.filter(([, message]) => JSON.stringify(message).includes(SECRET_WORDS));
  expect(inFull.map(([name, { id }]) => `${name} ${id}`).toSorted()).toEqual(
    ['chat', 'webhook'].flatMap((name) => [plain, green].map((id) => `${name} ${id}.1`)).toSorted(),
  );
  expect(all).toHaveLength(8);
  expect(all.filter(([, { id }]) => id === 'prb_1.1').map(([, message]) => JSON.stringify(message))).toEqual(
    Array(2).fill(expect.stringContaining(`/v1/tickets/${red}`)),
  );
});
