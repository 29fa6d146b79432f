/** Notifications against a real receiver: an HTTP server with a journal of its own. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createChatChannel } from '../../activities/chat.ts';
import { createNotifier } from '../../activities/notify.ts';
import type { Channels } from '../../activities/channels.ts';
import { createWebhookChannel, signatureOf } from '../../activities/webhook.ts';
import { namesOf, outboxOver } from '../../bin/outbox.ts';
import { recipientsOver } from '../../bin/readers.ts';
import type { LedgerEvent } from '../../domain/events.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createDeliveryStore } from '../../prisma/deliveries.ts';
import { createPeopleStore } from '../../prisma/people.ts';
import type { LedgerRow } from '../../prisma/readers.ts';
import { createRotaStore } from '../../prisma/rotas.ts';
import { createTestDatabase } from '../support/database.ts';

const SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3';
interface Received {
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

let database: Database;
let receiver: Server;
let url: string;
let received: Received[];
/** Statuses to answer, in turn; 200 when it runs out. */
let answers: number[];
let logged: string[];

beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 200, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
beforeEach(() => {
  received = [];
  answers = [];
  logged = [];
});
afterAll(async () => {
  await new Promise((resolve) => receiver.close(resolve));
  await database.$disconnect();
});

let count = 0;
const rowOf = (event: Partial<LedgerEvent> = {}): LedgerRow => ({
  ticketId: `tkt_${(count += 1)}`,
  xid: 1n,
  position: 1n,
  event: {
    id: 'clock:resolution/1/breach/notify/lead',
    type: 'notificationRequested',
    sequence: 7,
    source: 'engine',
    occurredAt: Date.parse('2026-01-12T09:00:00Z'),
    receivedAt: 0,
    audience: 'lead',
    tier: 2,
    clock: 'resolution',
    cycle: 1,
    step: 'breach',
    ...event,
  } as LedgerEvent,
});

/** Pauses between attempts: none to speak of, so that what is tried again is due at once. */
const outboxWith = (channels: Channels) =>
  outboxOver(database, {
    highest: {},
    channels,
    engine: { tell: () => Promise.resolve('told' as const) },
    log: pino({ level: 'silent' }),
    retryAfterMs: [0, 0, 0],
  });
const webhook = () => createWebhookChannel({ url, secret: SECRET });
/** Until nothing is due any more. */
async function sendAll(channels: Channels): Promise<void> {
  const outbox = outboxWith(channels);
  for (const name of namesOf(channels)) while ((await outbox.sendDue(name)) > 0);
}

/** Notes what a row asks for, and sends it. */
const notifier =
  (channels: Channels = { webhook: webhook() }) =>
  async (row: LedgerRow): Promise<void> => {
    const notify = createNotifier({
      deliveries: createDeliveryStore(database),
      log: pino({ level: 'info' }, { write: (line: string) => void logged.push(line) }),
      recipientsOf: recipientsOver(database),
      channels: namesOf(channels),
    });
    await notify(row);
    await sendAll(channels);
  };

test('a notification reaches the receiver signed as Standard Webhooks says', async () => {
  const row = rowOf();
  await notifier()(row);
  const [{ headers, body }] = received as [Received];
  const id = String(headers['webhook-id']);
  const timestamp = Number(headers['webhook-timestamp']);
  expect(headers['webhook-signature']).toBe(signatureOf(SECRET, { id, timestamp, body }));
  expect(JSON.parse(body)).toMatchObject({
    type: 'ticket.notification',
    timestamp: '2026-01-12T09:00:00.000Z',
    data: { ticketId: row.ticketId, audience: 'lead', tier: 2, step: 'breach' },
  });
});

test('a page names who is on call, and how to reach them; the log does not say how', async () => {
  const people = createPeopleStore(database);
  const team = { name: 'network', tier: 2, assignment: 'pull' as const, calendar: null, capacity: null };
  await people.putTeam({ ...team, lead: null, manager: null, rate: null });
  const agent = { id: 'agent-17', team: 'network', tier: 2, skills: [], capacity: null, calendar: null };
  const contact = { phone: '+49 30 555 0117' };
  await people.putAgent({ ...agent, contact, active: true, absentUntil: null });
  const turns = { timezone: 'UTC', startsAt: 0, rotationMs: 86_400_000, members: ['agent-17'] };
  await createRotaStore(database).put({ name: 'nights', tier: 3, team: null, ...turns });
  await notifier()(rowOf({ page: true } as Partial<LedgerEvent>));
  const recipients = [{ agent: 'agent-17', via: 'onCall', insteadOf: 'onCall' }];
  expect(JSON.parse(received[0]!.body).data).toMatchObject({
    audience: 'lead',
    tier: 2,
    page: true,
    insteadOf: 'onCall',
    recipients: [{ ...recipients[0], contact }],
    onCall: { rota: 'nights' },
  });
  expect(logged).toHaveLength(1);
  expect(JSON.parse(logged[0]!)).toMatchObject({ recipients, onCall: { rota: 'nights' } });
  expect(logged[0]).not.toContain('555');
});

test('a step may tell an endpoint by its name, a page must wake somebody, a hold is told as one', async () => {
  const step = { clock: 'restore', cycle: 1, step: 'breach' };
  const told = [
    { type: 'webhookRequested', endpoint: 'status-page', ...step },
    { type: 'notificationRequested', audience: 'team', tier: 1, page: true, insteadOf: 'assignee', ...step },
  ] as Partial<LedgerEvent>[];
  for (const event of told) await notifier()(rowOf(event));
  const {
    clock: _c,
    cycle: _y,
    step: _s,
    ...held
  } = rowOf({ hold: 'customer' } as Partial<LedgerEvent>).event as unknown as Record<string, unknown>;
  await notifier()({ ...rowOf(), event: held as unknown as LedgerEvent });
  expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([
    { type: 'ticket.stepReached', data: { endpoint: 'status-page', ...step } },
    { type: 'ticket.notification', data: { audience: 'team', page: true, insteadOf: 'assignee', ...step } },
    { type: 'ticket.notification', data: { audience: 'lead', page: false, hold: 'customer' } },
  ]);
});

test('other events are nobody’s business', async () => {
  await notifier()(rowOf({ type: 'acknowledged' } as Partial<LedgerEvent>));
  expect(received).toEqual([]);
});

test('a failed send is tried again under the same id, and noted', async () => {
  answers = [500, 302];
  const row = rowOf();
  await notifier()(row);
  expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(`${row.ticketId}.7`));
  expect(await database.delivery.findFirst({ where: { eventTicketId: row.ticketId } })).toMatchObject({
    state: 'delivered',
    attempts: 3,
    lastError: null,
  });
});

test('a receiver that stays away is given up after some attempts, shown as failed', async () => {
  answers = [503, 503, 503, 503];
  const row = rowOf();
  await notifier()(row);
  const delivery = await database.delivery.findFirst({ where: { eventTicketId: row.ticketId } });
  expect(delivery).toMatchObject({ state: 'failed', attempts: 4 });
  expect(delivery!.lastError).toMatch(/answered 503/);
});

test('what was delivered is not sent again when a reader repeats a row', async () => {
  const row = rowOf();
  await notifier()(row);
  await notifier()(row);
  expect(received).toHaveLength(1);
});

test('a page is shown in the chat too, with whom it is for; what is for programs is not', async () => {
  const chat = createChatChannel({ url, format: 'slack' });
  await notifier({ chat })(rowOf({ page: true } as Partial<LedgerEvent>));
  const step = { clock: 'restore', cycle: 1, step: 'breach' };
  await notifier({ chat })(
    rowOf({ type: 'webhookRequested', endpoint: 'status-page', ...step } as Partial<LedgerEvent>),
  );
  expect(received.map(({ body }) => JSON.parse(body))).toEqual([
    { text: expect.stringMatching(/^page lead of tkt_\d+: breach/) },
  ]);
});

test('a chat takes nothing in the words for a command', async () => {
  const about = { clock: 'resolution', cycle: 1, step: '<!channel> & *bold* [x](http://evil.example)' };
  await notifier({ chat: createChatChannel({ url, format: 'slack' }) })(rowOf(about as Partial<LedgerEvent>));
  await notifier({ chat: createChatChannel({ url, format: 'teams' }) })(rowOf(about as Partial<LedgerEvent>));
  const [slack, teams] = received.map(({ body }) => body);
  expect(slack).toContain('&lt;!channel&gt; &amp; *bold*');
  expect(JSON.parse(teams!)).toMatchObject({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          body: [{ type: 'TextBlock', text: expect.stringContaining('\\*bold\\* \\[x\\]\\(http') }],
        },
      },
    ],
  });
});

test('contact data leaves the outbox with the message that needed it', async () => {
  const row = rowOf();
  await notifier()(row);
  expect(await database.delivery.findFirst({ where: { eventTicketId: row.ticketId } })).toMatchObject({
    state: 'delivered',
    message: null,
  });
});
