import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { ticketWorkflowId } from '../../workflows/messages.ts';
import { eventually } from '../support/desk.ts';
import { inMs, setUpOffice, ticketBody } from './office.ts';

const office = setUpOffice();

/** Found nowhere but in the words of the customer. */
const CANARY = 'canary-7f3a';
const words = (name: string) => `${name} ${CANARY} "quoted" \u2028 ${'é'.normalize('NFD')}`;

/** A ticket with words in every place that takes some; closed in the end. */
async function talkativeTicket(): Promise<string> {
  const { agent } = office;
  const opened = await agent.post('/v1/tickets', {
    ...ticketBody(),
    subject: words('subject'),
    description: words('description'),
    requester: { id: words('id'), contact: words('contact'), language: words('l'), timezone: words('t') },
    attachments: [`https://example.com/${CANARY}`],
    custom: { [words('name')]: words('value'), 'a longer name': 1.5e-7 },
  });
  const { id } = opened.body as { id: string };
  const steps: [string, object][] = [
    ['acknowledge', { comment: words('acknowledge') }],
    ['assign', { assignee: 'agent-17', comment: words('assign') }],
    ['reply', { text: words('reply') }],
    ['note', { text: words('note') }],
    ['hold', { reason: 'customer', comment: words('hold') }],
    ['resume', { comment: words('resume') }],
    ['prioritise', { priority: 'P2', comment: words('prioritise') }],
    ['offer-handoff', { toTier: 2, reason: words('handoff') }],
    ['resolve', { resolution: words('resolve') }],
    ['reopen', { reason: words('reopen') }],
  ];
  for (const [path, body] of steps) {
    const { status, text } = await agent.post(`/v1/tickets/${id}/${path}`, body);
    if (status !== 200) throw new Error(`${path}: ${text}`);
  }
  const facts = [
    { id: 'f1', type: 'messageAdded', author: 'customer', visibility: 'public', text: words('fact') },
    { id: 'f2', type: 'resolved', comment: words('comment') },
  ];
  await agent.post(`/v1/tickets/${id}/events`, {
    events: facts.map((one) => ({ ...one, occurredAt: inMs(0) })),
  });
  await eventually(
    () => office.desk.types(id),
    (types) => types.length === 14,
  );
  await agent.post(`/v1/tickets/${id}/cancel`, { reason: words('cancel') });
  return id;
}

const ledgerOf = (ticketId: string) =>
  office.desk.database.ledgerEvent.findMany({ where: { ticketId }, orderBy: { sequence: 'asc' } });

const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));

/** Every event of the workflow's history, with what its payloads say. */
async function historyOf(ticketId: string): Promise<string> {
  const { events } = await office.desk.client.workflow.getHandle(ticketWorkflowId(ticketId)).fetchHistory();
  return JSON.stringify(events, (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  );
}

test('words are shown in the timeline and kept out of the ledger, the tickets and the workflow history', async () => {
  const id = await talkativeTicket();
  const timeline = await office.agent.get(`/v1/tickets/${id}/timeline`);
  for (const name of ['subject', 'acknowledge', 'reply', 'hold', 'handoff', 'fact', 'comment', 'cancel'])
    expect(timeline.text).toContain(JSON.stringify(words(name)));
  const { database } = office.desk;
  const ticket = await database.ticket.findUniqueOrThrow({ where: { id } });
  const rules = await database.ruleSet.findMany();
  for (const kept of [await ledgerOf(id), ticket, rules]) expect(jsonOf(kept)).not.toContain(CANARY);
  const history = await historyOf(id);
  expect(history.includes('agent-17')).toBe(true); // words in a payload would be found
  expect(history.includes(CANARY)).toBe(false);
});

test('the ledger holds the salted digest of the words, and it can be computed again from what is stored', async () => {
  const id = await talkativeTicket();
  const events = (await ledgerOf(id)).filter(({ textId }) => textId !== null);
  expect(events.map(({ type }) => type)).toContain('opened');
  expect(events).toHaveLength(14);
  for (const { textId, textDigest } of events) {
    const { salt, body } = await office.desk.database.text.findUniqueOrThrow({ where: { id: textId! } });
    expect(salt).toMatch(/^[0-9a-f]{32}$/);
    const digest = createHash('sha256')
      .update(`${salt}${canonicalJson(body)}`)
      .digest('hex');
    expect(textDigest).toBe(digest);
  }
});

test('once the words are erased they are gone everywhere, and the record still says that there were some', async () => {
  const id = await talkativeTicket();
  const { database } = office.desk;
  const before = (await office.agent.get(`/v1/tickets/${id}/timeline`)).body.data;
  await database.text.updateMany({
    where: { ticketId: id },
    data: { body: undefined as never, salt: null, erasedAt: new Date() },
  });
  await database.$executeRaw`UPDATE texts SET body = NULL WHERE ticket_id = ${id}`;
  const ticket = await office.agent.get(`/v1/tickets/${id}`);
  expect(ticket.body).toMatchObject({ subject: null, description: null, requester: null });
  const timeline = await office.agent.get(`/v1/tickets/${id}/timeline`);
  expect(ticket.text + timeline.text).not.toContain(CANARY);
  expect(timeline.body.data[0].text).toEqual({
    body: null,
    digest: before[0].text.digest,
    erasedAt: expect.any(String),
  });
});

test('every text of a ticket is kept under that ticket, so that erasing misses none', async () => {
  const id = await talkativeTicket();
  const ids = (await ledgerOf(id)).flatMap(({ textId }) => textId ?? []);
  const texts = await office.desk.database.text.findMany({ where: { id: { in: ids } } });
  expect(texts).toHaveLength(ids.length);
  expect(new Set(texts.map(({ ticketId }) => ticketId))).toEqual(new Set([id]));
});

test.each([
  ['ledger', `UPDATE ledger SET type = 'opened'`],
  ['ledger', 'DELETE FROM ledger'],
  ['ledger', 'TRUNCATE ledger'],
  ['breaches', `UPDATE breaches SET verdict = 'withdrawn'`],
  ['breaches', 'DELETE FROM breaches'],
  ['breaches', 'TRUNCATE breaches'],
])('the table %s refuses: %s', async (table, statement) => {
  await expect(office.desk.database.$executeRawUnsafe(statement)).rejects.toThrow(`${table} is append-only`);
});
