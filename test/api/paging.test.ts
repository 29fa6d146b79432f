/** From a broken promise to a person: a real ladder, a real directory, and a receiver of webhooks with a journal. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createNotifier } from '../../activities/notify.ts';
import { createWebhookChannel } from '../../activities/webhook.ts';
import { recipientsOver } from '../../bin/readers.ts';
import { createDeliveryStore } from '../../prisma/deliveries.ts';
import { READER_WORKFLOW, readerWorkflowId } from '../../workflows/messages.ts';
import { eventually } from '../support/desk.ts';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, MINUTE, openTicket, setUpOffice } from './office.ts';
import { policyDocument, publish } from './rule-book.ts';

interface Received {
  data: {
    ticketId: string;
    step: string;
    recipients: unknown[];
    onCall?: { rota: string };
    insteadOf?: string;
  };
}

let receiver: Server;
let url = '';
const received: Received[] = [];
beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push(JSON.parse(body) as Received);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterAll(() => new Promise((resolve) => receiver.close(resolve)));

const office = setUpOffice({
  channels: () => ({ webhook: createWebhookChannel({ url }) }),
  handlers: ({ database }) => ({
    notifications: createNotifier({
      deliveries: createDeliveryStore(database),
      log: pino({ level: 'silent' }),
      channels: ['webhook'],
      recipientsOf: recipientsOver(database),
    }),
  }),
});

let admin: Caller;
beforeAll(async () => {
  admin = await office.caller('admin');
  const { client, taskQueue } = office.desk;
  await client.workflow.start(READER_WORKFLOW, {
    workflowId: `${taskQueue}/${readerWorkflowId('notifications')}`,
    taskQueue,
    args: [{ reader: 'notifications' }],
  });
  const ladder = [{ at: 'breach', actions: [{ page: 'team' }] }];
  await publish(
    admin,
    policyDocument('paging', '1h', {
      clocks: { resolution: { calendar: 'always', targets: { P1: '1h' }, ladder } },
      onCallFallback: 'duty-phone',
    }),
  );
});

/** What is sent for a ticket whose promise is broken in a moment. */
async function pageOf(): Promise<Received['data']> {
  const { id } = await openTicket(admin, { policy: 'paging', openedAt: inMs(-HOUR + 300) });
  const found = await eventually(
    () => Promise.resolve(received.filter(({ data }) => data.ticketId === id)),
    (messages) => messages.length > 0,
  );
  expect(found).toHaveLength(1);
  return found[0]!.data;
}

test('a broken promise wakes whoever is on call, or takes over, or stands in', async () => {
  expect(await pageOf()).toMatchObject({
    recipients: [{ agent: 'duty-phone', via: 'fallback' }],
    insteadOf: 'onCall',
  });

  await admin.put('/v1/teams/desk', { tier: 1 });
  const contact = { phone: '+49 30 555 0101' };
  for (const id of ['agent-1', 'agent-2', 'lead-1'])
    await admin.put(`/v1/agents/${id}`, { team: 'desk', contact });
  await admin.put('/v1/teams/desk', { tier: 1, lead: 'lead-1' });
  expect(await pageOf()).toMatchObject({
    recipients: [{ agent: 'lead-1', via: 'lead', insteadOf: 'onCall', contact }],
  });

  const turns = { timezone: 'Europe/Berlin', startsAt: inMs(-MINUTE), rotationSeconds: 604_800 };
  await admin.put('/v1/on-call/desk', { ...turns, tier: 1, members: ['agent-1', 'agent-2'] });
  const byTurn = await pageOf();
  expect(byTurn).toMatchObject({
    recipients: [{ agent: 'agent-1', via: 'onCall', contact }],
    onCall: { rota: 'desk' },
  });
  expect(byTurn).not.toHaveProperty('insteadOf');

  const override = { agent: 'agent-2', from: inMs(0), to: inMs(HOUR), reason: 'Ill' };
  expect((await admin.post('/v1/on-call/desk/overrides', override)).status).toBe(201);
  expect((await pageOf()).recipients).toEqual([{ agent: 'agent-2', via: 'onCall', contact }]);

  await admin.put('/v1/agents/agent-2', { team: 'desk', contact, absentUntil: inMs(HOUR) });
  expect(await pageOf()).toMatchObject({
    recipients: [{ agent: 'lead-1', via: 'lead' }],
    insteadOf: 'onCall',
  });
});
