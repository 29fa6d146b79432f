/** The reader `knowledge` over a real ledger: what is offered when, and what it was used for. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createKnowledge } from '../../activities/knowledge.ts';
import type { LedgerEvent } from '../../domain/events.ts';
import { createArticleStore, type ArticleStore } from '../../prisma/articles.ts';
import { createIntakeStore } from '../../prisma/intake.ts';
import { createTicketStore } from '../../prisma/tickets.ts';
import { readerWorkflowId, READER_WORKFLOW } from '../../workflows/messages.ts';
import { createDesk, eventually, type Desk } from '../support/desk.ts';

const BY = { subject: 'key:1', role: 'agent' };

let desk: Desk;
let articles: ArticleStore;
/** What the desk of the test asks the ledger for, once the engine is there. */
let tell: Desk['engine']['tell'];

beforeAll(async () => {
  desk = await createDesk({
    handlers: ({ database }) => ({
      knowledge: createKnowledge({
        articles: createArticleStore(database),
        tickets: createTicketStore(database),
        tell: (...told) => tell(...told),
      }),
    }),
  });
  tell = (...told) => desk.engine.tell(...told);
  articles = createArticleStore(desk.database);
  await desk.client.workflow.start(READER_WORKFLOW, {
    workflowId: `${desk.taskQueue}/${readerWorkflowId('knowledge')}`,
    taskQueue: desk.taskQueue,
    args: [{ reader: 'knowledge' }],
  });
  for (const [id, title] of Object.entries({
    tap: 'Dripping tap',
    bulb: 'Broken light bulb',
    door: 'Squeaking door',
  }))
    await articles.create(
      id,
      {
        title,
        body: `How to mend it: ${title}.`,
        categories: [],
        services: [],
        audience: 'agent',
        language: 'en',
        state: 'published',
        externalUrl: id === 'door' ? 'https://wiki.example/door' : null,
      },
      BY,
    );
});
afterAll(() => desk.close());

/** Opens a ticket with words. */
async function openSaying(subject: string, fields: Parameters<Desk['open']>[0] = {}): Promise<string> {
  const ticketId = `tkt_${randomUUID()}`;
  const messageId = randomUUID();
  const { text } = await createIntakeStore(desk.database).receive({ messageId, ticketId, text: { subject } });
  return desk.open({ policy: 'standard', ticketId, messageId, text: text!, ...fields });
}

const offersOf = (events: LedgerEvent[]) => events.filter(({ type }) => type === 'articlesOffered');
const usesOf = async (ticketId: string) =>
  (await articles.usesOn(ticketId)).map(({ article, how }) => `${how} ${article}`);
/** Uses in which everything that the reader has seen is counted: it works in the order of the ledger. */
const settledUses = async (ticketId: string): Promise<string[]> => {
  const last = await openSaying('Dripping tap again');
  await eventually(
    () => usesOf(last),
    (uses) => uses.length > 0,
  );
  return usesOf(ticketId);
};

test('articles that fit are offered at opening, once, by Tierline itself', async () => {
  const ticketId = await openSaying('Our tap is dripping');
  const events = await desk.timeline(ticketId, (all) => offersOf(all).length > 0);
  expect(offersOf(events)).toMatchObject([
    { articles: ['tap'], at: 'opening', source: 'fact', actor: { subject: 'tierline' } },
  ]);
  expect(await settledUses(ticketId)).toEqual(['offered tap']);
  const [opened] = events;
  await tell(ticketId, [
    {
      type: 'articlesOffered',
      id: `knowledge/${opened!.id}`,
      occurredAt: Date.now(),
      articles: ['bulb'],
      at: 'opening',
    },
  ]);
  expect(await settledUses(ticketId)).toEqual(['offered tap']);
});

test('where nothing fits, nothing is said', async () => {
  const ticketId = await openSaying('Please send me the minutes of Tuesday');
  expect(await settledUses(ticketId)).toEqual([]);
  expect(await desk.types(ticketId)).toEqual(['opened']);
});

test('a ticket that is only observed, or that came in long ago, is offered nothing', async () => {
  const observed = await openSaying('Dripping tap', { mode: 'observe' });
  const told: unknown[] = [];
  const reader = createKnowledge({
    articles,
    tickets: createTicketStore(desk.database),
    tell: async (...all) => void told.push(all),
  });
  const [event] = await desk.ledger.events(observed);
  const row = { ticketId: observed, xid: 1n, position: 1n };
  await reader({ ...row, event: event! });
  await reader({
    ...row,
    event: { ...event!, mode: 'act', receivedAt: Date.now() - 11 * 60_000 } as LedgerEvent,
  });
  await reader({ ...row, event: { ...event!, mode: 'act', imported: true } as LedgerEvent });
  expect(told).toEqual([]);
  await reader({ ...row, event: { ...event!, mode: 'act' } as LedgerEvent });
  expect(told).toHaveLength(1);
});

test('before a ticket climbs, articles are offered for the escalation', async () => {
  const ticketId = await openSaying('Light bulb broken');
  const told: unknown[] = [];
  const reader = createKnowledge({
    articles,
    tickets: createTicketStore(desk.database),
    tell: async (...all) => void told.push(all),
  });
  const event = {
    id: 'resolution/1/warn/suggestConsult',
    type: 'consultSuggested',
    toTier: 2,
    clock: 'resolution',
    cycle: 1,
    step: 'warn',
    receivedAt: Date.now(),
    occurredAt: Date.now(),
  } as unknown as LedgerEvent;
  await reader({ ticketId, event, xid: 1n, position: 1n });
  expect(told).toMatchObject([
    [ticketId, [{ id: 'knowledge/resolution/1/warn/suggestConsult', articles: ['bulb'], at: 'escalation' }]],
  ]);
});

test('what was consulted and what solved it is noted from the ledger, by id or by address, each once', async () => {
  const ticketId = await openSaying('Nothing that anybody wrote about');
  const facts = (id: string) =>
    [
      { type: 'packetWritten', items: ['symptoms'], articles: ['bulb', 'bulb', 'nobody-wrote-this'] },
      { type: 'resolved', article: 'https://wiki.example/door' },
    ].map((body, i) => ({ ...body, id: `${id}-${i}`, occurredAt: Date.now() }));
  await tell(ticketId, facts('one') as Parameters<typeof tell>[1]);
  await tell(ticketId, facts('two') as Parameters<typeof tell>[1]);
  await desk.timeline(ticketId, (all) => all.length >= 5);
  expect((await settledUses(ticketId)).toSorted()).toEqual(['consulted bulb', 'solved door']);
});
