/**
 * From an event to a customer's mailbox: real policies and ladders, a real mail server, and a front end that hears
 * webhooks.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createEmailChannel } from '../../activities/email.ts';
import type { Channels } from '../../activities/channels.ts';
import { createMajorIncidents } from '../../activities/major-incident.ts';
import { createWebhookChannel } from '../../activities/webhook.ts';
import { customerUpdatesOver } from '../../bin/outbox.ts';
import { createPolicyStore } from '../../prisma/policies.ts';
import { createTicketStore } from '../../prisma/tickets.ts';
import { READER_WORKFLOW, readerWorkflowId } from '../../workflows/messages.ts';
import { eventually } from '../support/desk.ts';
import { startMailServer, type MailServer, type ReceivedMail } from '../support/mail-server.ts';
import type { Caller } from './front-door.ts';
import { inMs, MINUTE, openTicket, setUpOffice, type TicketFields } from './office.ts';
import { policyDocument, publish } from './rule-book.ts';

interface Delivery {
  id: string;
  channel: string;
  recipient: string | null;
  state: string;
  attempts: number;
  lastError: string | null;
  mayHaveArrivedTwice: boolean;
}
interface Posted {
  type: string;
  data: { ticketId: string; text: string; requester: { contact?: string } };
}

let mail: MailServer;
let frontEnd: Server;
let hook = '';
let posted: Posted[] = [];
/** Nobody answers the front end's webhook while it is set. */
let isFrontEndStuck = false;
beforeAll(async () => {
  mail = await startMailServer();
  frontEnd = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (isFrontEndStuck) return;
      posted.push(JSON.parse(body) as Posted);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => frontEnd.listen(0, '127.0.0.1', resolve));
  hook = `http://127.0.0.1:${(frontEnd.address() as AddressInfo).port}/hook`;
});
beforeEach(() => {
  mail.received.length = 0;
  posted = [];
});
afterAll(async () => {
  frontEnd.closeAllConnections();
  await new Promise((resolve) => frontEnd.close(resolve));
  await mail.close();
});

const channels = (): Channels => ({
  email: createEmailChannel({ url: mail.url, from: 'Desk <desk@tierline.example>' }),
  webhook: createWebhookChannel({ url: hook, timeoutMs: 3_000 }),
});
const log = pino({ level: 'silent' });
const office = setUpOffice({
  channels,
  highest: { email: 'TLP:GREEN' },
  handlers: ({ database, engine }) => ({
    'customer-updates': customerUpdatesOver(database, { channels: channels(), engine, log }),
    'major-incidents': createMajorIncidents({
      tickets: createTicketStore(database),
      tell: (...told) => engine.tell(...told),
    }),
  }),
});

let admin: Caller;
const startReader = async (reader: string): Promise<void> => {
  const { client, taskQueue } = office.desk;
  await client.workflow.start(READER_WORKFLOW, {
    workflowId: `${taskQueue}/${readerWorkflowId(reader)}`,
    taskQueue,
    args: [{ reader }],
  });
};
beforeAll(async () => {
  admin = await office.caller('admin');
  for (const reader of ['customer-updates', 'major-incidents']) await startReader(reader);
  const targets = { P1: '8h', P2: '8h' };
  await publish(
    admin,
    policyDocument('updates', '8h', {
      clocks: {
        resolution: { calendar: 'always', targets },
        customerUpdate: {
          calendar: 'always',
          targets: { P1: '30m' },
          systemUpdatesCount: true,
          ladder: [{ at: 'breach', actions: [{ sendUpdate: 'status' }] }],
        },
      },
      updates: [
        { on: 'resolved', send: 'resolved' },
        { on: 'vendorEngaged', draft: 'vendor-engaged' },
        { on: 'reopened', send: 'reopened' },
        { on: 'majorDeclared', send: 'no-such-template' },
      ],
    }),
  );
});

type Told = Parameters<typeof office.desk.tell>[1];

let people = 0;
const newAddress = (): string => `requester-${(people += 1)}@customer.example`;
async function open(fields: TicketFields = {}): Promise<{ id: string; address: string }> {
  const address = newAddress();
  const { id } = (await openTicket(admin, {
    policy: 'updates',
    requester: { contact: address },
    ...fields,
  })) as {
    id: string;
  };
  return { id, address };
}
const ask = async (id: string, path: string, body: object = {}): Promise<void> => {
  const { status, text } = await admin.post(`/v1/tickets/${id}/${path}`, body);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
};
const mailsTo = (address: string, count = 1): Promise<ReceivedMail[]> =>
  eventually(
    () => Promise.resolve(mail.received.filter(({ to }) => to.includes(address))),
    (found) => found.length >= count,
  );
const deliveries = async (id: string): Promise<Delivery[]> =>
  ((await admin.get(`/v1/tickets/${id}/deliveries`)).body as { data: Delivery[] }).data;
const delivered = (id: string, enough: (found: Delivery[]) => boolean): Promise<Delivery[]> =>
  eventually(() => deliveries(id), enough);
const updatesIn = async (id: string) =>
  (await office.desk.ledger.events(id)).filter((event) => event.type === 'messageAdded' && event.update);

test('what a policy says is sent when it happens, in the customer’s language and time zone', async () => {
  await admin.put('/v1/customers/nordwind', { language: 'de', timezone: 'Europe/Berlin' });
  const { id, address } = await open({ customer: 'nordwind', subject: 'Drucker druckt nicht' });
  await ask(id, 'resolve', { resolution: 'internal-canary' });
  const [{ headers, text }] = (await mailsTo(address)) as [ReceivedMail];
  expect(headers['subject']).toContain('Drucker');
  expect(text).toMatch(/Ihre Anfrage wurde am \S+, \d+\. \S+ \d{4} um \d\d:\d\d (MEZ|MESZ) gelöst/);
  expect(text).not.toContain('internal-canary');
  const [update] = await eventually(
    () => updatesIn(id),
    (found) => found.length > 0,
  );
  expect(update).toMatchObject({
    author: 'system',
    visibility: 'public',
    template: 'resolved',
    source: 'fact',
  });
  expect(await deliveries(id)).toMatchObject([
    { channel: 'email', state: 'delivered', attempts: 1, recipient: 'r…@customer.example' },
  ]);
});

test('what a requester says of themselves goes before what is known of the customer', async () => {
  const address = newAddress();
  const requester = { contact: address, language: 'en', timezone: 'America/New_York' };
  const { id } = await open({ customer: 'nordwind', requester });
  await ask(id, 'resolve');
  expect((await mailsTo(address))[0]!.text).toMatch(/Your request was resolved on .* (EST|EDT|GMT-[45])\./);
});

test.each([
  ['TLP:GREEN', true],
  ['TLP:AMBER', false],
] as const)(
  'of an incident with label %s, e-mail that may carry TLP:GREEN has the words: %s',
  async (tlp, isWhole) => {
    const subject = `Strange log-ins, ${tlp}`;
    const { id, address } = await open({ subject });
    const responder = await office.caller('responder', 'responder-1');
    const declaration = { severity: 'high', regimes: [], tlp, codename: 'harbour' };
    const path = `/v1/tickets/${id}`;
    expect((await responder.post(`${path}/declare-security-incident`, declaration)).status).toBe(200);
    expect((await responder.post(`${path}/resolve`)).status).toBe(200);
    const [{ headers, text }] = (await mailsTo(address)) as [ReceivedMail];
    expect([headers['subject']!.includes(subject), text.includes('Your request was resolved')]).toEqual([
      isWhole,
      isWhole,
    ]);
    if (!isWhole)
      expect([headers['subject'], text.trim()]).toEqual(['harbour', `harbour: there is news at ${path}`]);
  },
);

test('a ladder sends the update that is due, and names when the next one is', async () => {
  const { id, address } = await open({ openedAt: inMs(-30 * MINUTE + 300) });
  const [{ text }] = (await mailsTo(address)) as [ReceivedMail];
  const deadlines = () =>
    office.desk.database.clock.findMany({
      where: { ticketId: id, clock: 'customerUpdate' },
      orderBy: { cycle: 'asc' },
    });
  const [, next] = await eventually(deadlines, (rows) => rows.length > 1);
  expect(next!.state).toBe('running');
  const inHalfAnHour = new Date(Date.now() + 30 * MINUTE);
  expect(Math.abs(next!.deadlineAt!.getTime() - inHalfAnHour.getTime())).toBeLessThan(15_000);
  const told = /by: .* at (\d\d:\d\d) UTC/.exec(text)?.[1];
  expect(
    [-1, 0, 1].map((min) => new Date(inHalfAnHour.getTime() + min * MINUTE).toISOString().slice(11, 16)),
  ).toContain(told);
});

test('a draft waits for somebody, and is sent as it is', async () => {
  const { id, address } = await open();
  await ask(id, 'engage-vendor', { vendor: 'acme', text: 'Please look' });
  const drafts = async () =>
    ((await admin.get(`/v1/tickets/${id}`)).body as { drafts: { draft: string; template: string }[] }).drafts;
  const [draft] = await eventually(drafts, (found) => found.length > 0);
  expect(draft).toMatchObject({ template: 'vendor-engaged' });
  expect(mail.received.filter(({ to }) => to.includes(address))).toEqual([]);
  await ask(id, 'send-update', { draft: draft!.draft });
  const [{ headers, text }] = (await mailsTo(address)) as [ReceivedMail];
  expect(headers['subject']).toMatch(/^With the manufacturer: VPN/);
  expect(text).toContain('stay in charge of it');
  expect(await drafts()).toEqual([]);
  const again = await admin.post(`/v1/tickets/${id}/send-update`, { draft: draft!.draft });
  expect([again.status, again.body.code]).toEqual([409, 'draft_not_open']);
});

test('words of one’s own go out instead of a draft’s, under its subject', async () => {
  const { id, address } = await open();
  await ask(id, 'engage-vendor', { text: 'Please look' });
  const events = await office.desk.timeline(id, (all) => all.some(({ type }) => type === 'updateDrafted'));
  const { draft } = events.find((event) => event.type === 'updateDrafted')!;
  await ask(id, 'send-update', { draft, text: 'They come at noon.' });
  expect(await mailsTo(address)).toMatchObject([
    { text: 'They come at noon.\n', headers: { subject: expect.stringMatching(/^With the manufacturer/) } },
  ]);
});

test('an agent’s own words reach the customer under the subject of the ticket, a plain reply does not', async () => {
  const { id, address } = await open({ subject: 'Café\u0085 closed' });
  await ask(id, 'reply', { text: 'The front end sends this one.' });
  await ask(id, 'send-update', { text: 'The vendor comes at 14:00.' });
  await delivered(id, ([one]) => one?.state === 'delivered');
  expect(await mailsTo(address)).toMatchObject([{ text: 'The vendor comes at 14:00.\n' }]);
  expect(await updatesIn(id)).toHaveLength(1);
});

test('a customer who writes again hears that the ticket is open again', async () => {
  const { id, address } = await open();
  await ask(id, 'resolve');
  await mailsTo(address);
  const message = { id: 'm1', type: 'messageAdded', author: 'customer', visibility: 'public', text: 'No.' };
  await admin.post(`/v1/tickets/${id}/events`, { events: [{ ...message, occurredAt: inMs(0) }] });
  expect((await mailsTo(address, 2))[1]!.headers['subject']).toMatch(/^Open again/);
  await admin.post(`/v1/tickets/${id}/events`, { events: [{ ...message, id: 'm2', occurredAt: inMs(0) }] });
  await office.desk.timeline(id, (all) => all.some((event) => event.id.includes('m2')));
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(await mailsTo(address, 2)).toHaveLength(2);
});

test('an address that does not exist is given up, shown, and holds nothing up', async () => {
  const { id, address } = await open();
  mail.fatesOf.set(address, [{ recipient: 550 }]);
  await ask(id, 'send-update', { text: 'Hello' });
  expect(await delivered(id, ([one]) => one?.state === 'failed')).toMatchObject([
    {
      state: 'failed',
      attempts: 1,
      lastError: expect.stringMatching(/refused it: .*550/),
      recipient: 'r…@customer.example',
    },
  ]);
  const rows = await office.desk.database.delivery.findMany({
    where: { eventTicketId: id },
    omit: { position: true },
  });
  expect(JSON.stringify(rows)).not.toMatch(/requester-\d+@/);
  await ask(id, 'resolve');
});

test('a server that is busy is asked again; the ticket hears of the update when it is out, once', async () => {
  const { id, address } = await open();
  mail.fatesOf.set(address, [{ data: 451 }, { recipient: 450 }]);
  await ask(id, 'resolve');
  expect(await delivered(id, ([one]) => one?.state === 'delivered')).toMatchObject([
    { attempts: 3, lastError: null, mayHaveArrivedTwice: false },
  ]);
  expect(await mailsTo(address)).toHaveLength(1);
  await eventually(
    () => updatesIn(id),
    (found) => found.length === 1,
  );
});

test('a mail that may have arrived is sent again under the same id, and said to be in doubt', async () => {
  const { id, address } = await open();
  mail.fatesOf.set(address, ['loseAfterData']);
  await ask(id, 'resolve');
  const mails = await mailsTo(address, 2);
  expect(mails[1]!.headers['message-id']).toBe(mails[0]!.headers['message-id']);
  expect(await delivered(id, ([one]) => one?.state === 'delivered')).toMatchObject([
    { attempts: 2, mayHaveArrivedTwice: true },
  ]);
});

test('the updates of one ticket come in order, though the first has to be sent again', async () => {
  const { id, address } = await open();
  mail.fatesOf.set(address, [{ recipient: 450 }, { recipient: 450 }]);
  await ask(id, 'send-update', { text: 'First' });
  await ask(id, 'send-update', { text: 'Second' });
  expect((await mailsTo(address, 2)).map(({ text }) => text)).toEqual(['First\n', 'Second\n']);
});

test('a front end that never answers holds up neither e-mail nor another ticket', async () => {
  await admin.put('/v1/customers/by-hook', { updates: { channel: 'webhook' } });
  isFrontEndStuck = true;
  const stuck = await Promise.all([1, 2, 3, 4, 5, 6].map(() => open({ customer: 'by-hook' })));
  for (const { id } of stuck) await ask(id, 'send-update', { text: 'Hello' });
  const from = Date.now();
  const { id, address } = await open();
  await ask(id, 'send-update', { text: 'Hello you' });
  await mailsTo(address);
  expect(Date.now() - from).toBeLessThan(2_500);
  isFrontEndStuck = false;
  for (const one of stuck)
    expect(await delivered(one.id, ([first]) => first?.state === 'delivered')).toMatchObject([
      { channel: 'webhook' },
    ]);
  expect(posted.find(({ data }) => data.ticketId === stuck[0]!.id)).toMatchObject({
    type: 'ticket.customerUpdate',
    data: { text: 'Hello', requester: { contact: stuck[0]!.address } },
  });
});

test('a customer without an address is told by the front end', async () => {
  const { id } = await open({ requester: { contact: 'extension 4711' } });
  await ask(id, 'resolve');
  expect(await delivered(id, ([one]) => one?.state === 'delivered')).toMatchObject([
    { channel: 'webhook', recipient: null },
  ]);
});

test('where a customer cannot be reached, the update is drafted for somebody, and shown as not sent', async () => {
  await admin.put('/v1/customers/by-pigeon', { updates: { channel: 'pigeon' } });
  const { id } = await open({ customer: 'by-pigeon' });
  await ask(id, 'resolve');
  await office.desk.timeline(id, (all) => all.some(({ type }) => type === 'updateDrafted'));
  expect(await deliveries(id)).toMatchObject([
    { channel: 'none', state: 'failed', attempts: 0, lastError: expect.stringContaining('pigeon') },
  ]);
  expect(await updatesIn(id)).toEqual([]);
});

test('who wants no updates gets none, and nobody is asked to send them', async () => {
  await admin.put('/v1/customers/quiet', { updates: { channel: 'none' } });
  const { id } = await open({ customer: 'quiet' });
  await ask(id, 'resolve');
  await delivered(id, ([one]) => one?.state === 'failed');
  expect(await office.desk.types(id)).not.toContain('updateDrafted');
});

test('a template that there is not is shown as an update that was not sent', async () => {
  const { id } = await open();
  await ask(id, 'declare-major');
  expect(await delivered(id, ([one]) => one !== undefined)).toMatchObject([
    { state: 'failed', lastError: 'There is no template no-such-template' },
  ]);
});

test('imported history and tickets that are only watched send nothing', async () => {
  const { id, address } = await open();
  await office.desk.tell(id, { id: 'r1', type: 'resolved', occurredAt: Date.now(), imported: true } as Told);
  office.desk.policies.push(await createPolicyStore(office.desk.database).version('updates', 1));
  const watched = await office.desk.open({ policy: 'updates', mode: 'observe' });
  await office.desk.ask(watched, { type: 'resolve' });
  await office.desk.timeline(id, (all) => all.some(({ type }) => type === 'resolved'));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect([...(await deliveries(id)), ...(await deliveries(watched))]).toEqual([]);
  expect(mail.received.filter(({ to }) => to.includes(address))).toEqual([]);
});

test('a major incident speaks to the customers of its parts, and its parts say nothing themselves', async () => {
  const whole = await open();
  const part = await open();
  await ask(part.id, 'link', { relation: 'parent', reference: whole.id });
  await office.desk.timeline(whole.id, (all) => all.some(({ type }) => type === 'linked'));
  await ask(whole.id, 'send-update', { text: 'All sites are affected.' });
  for (const { address } of [whole, part])
    expect((await mailsTo(address))[0]!.text).toBe('All sites are affected.\n');
  await ask(part.id, 'resolve');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await deliveries(part.id)).toHaveLength(1);
});

test('words that were erased before they were sent are not sent', async () => {
  const { id, address } = await open();
  mail.fatesOf.set(address, [{ recipient: 450 }]);
  await ask(id, 'send-update', { text: 'Forget this' });
  await office.desk.database.$executeRaw`
    UPDATE texts SET body = NULL, salt = NULL, erased_at = now() WHERE ticket_id = ${id} AND body ? 'text'`;
  expect(await delivered(id, ([one]) => one?.state === 'failed')).toMatchObject([
    { lastError: 'The words were erased' },
  ]);
  expect(mail.received.filter(({ to }) => to.includes(address))).toEqual([]);
});

test('deliveries come in pages, for whoever may read the ticket', async () => {
  const { id } = await open();
  for (const text of ['1', '2', '3']) await ask(id, 'send-update', { text });
  await delivered(id, (found) => found.length === 3);
  const first = await admin.get(`/v1/tickets/${id}/deliveries?limit=2`);
  const { nextCursor } = first.body.page as { nextCursor: string };
  const second = await admin.get(`/v1/tickets/${id}/deliveries?limit=2&cursor=${nextCursor}`);
  expect([first.body.data.length, second.body.data.length, second.body.page.hasMore]).toEqual([2, 1, false]);
  const other = await open();
  expect((await admin.get(`/v1/tickets/${other.id}/deliveries?cursor=${nextCursor}`)).body.code).toBe(
    'cursor_invalid',
  );
  expect((await admin.get('/v1/tickets/nobody/deliveries')).status).toBe(404);
});
