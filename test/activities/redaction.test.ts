/** What leaves of a security incident, channel by channel, over a real database. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
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

async function send(about: string): Promise<Map<ChannelName, string>> {
  sent = [];
  const deliveries = createDeliveryStore(database);
  const outbox = outboxOver(database, {
    channels,
    engine: { tell: async () => 'told' as const },
    log: pino({ level: 'silent' }),
  });
  for (const channel of ['webhook', 'chat'] as const) {
    const message = { type: 'ticket.notification', text: SECRET_WORDS, data: { ticketId: about } };
    const delivery = {
      ticketId: about,
      eventId: 'event-1',
      purpose: 'ticket.notification',
      messageId: `${about}.1`,
    };
    await deliveries.enqueue({ ...delivery, channel, message });
    await outbox.sendDue(channel);
  }
  return new Map(sent.map(([name, message]) => [name, JSON.stringify(message)]));
}

test.each<[Tlp | null, boolean]>([
  [null, true],
  ['TLP:CLEAR', true],
  ['TLP:AMBER', true],
  ['TLP:AMBER+STRICT', false],
  ['TLP:RED', false],
])('a ticket with label %s is told in full: %s', async (tlp, isWhole) => {
  const id = await ticketOf(tlp);
  const told = await send(id);
  expect([...told.keys()]).toEqual(['webhook', 'chat']);
  for (const words of told.values()) {
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
  for (const words of (await send('tsk_red')).values()) {
    expect(words).not.toContain(SECRET_WORDS);
    expect(words).toContain('teal-otter');
  }
});
