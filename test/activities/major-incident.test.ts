/** A major incident and its parts, on the engine: what the whole says and does reaches each part once. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createMajorIncidents } from '../../activities/major-incident.ts';
import { createEngine } from '../../api/engine.ts';
import { createSpool } from '../../prisma/spool.ts';
import { createTicketStore } from '../../prisma/tickets.ts';
import { readerWorkflowId, READER_WORKFLOW } from '../../workflows/messages.ts';
import { createDesk, type Desk } from '../support/desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await createDesk({
    handlers: ({ client, database, ledger, taskQueue }) => {
      const engine = createEngine({ client, taskQueue, ledger, spool: createSpool(database) });
      const tickets = createTicketStore(database);
      return {
        'major-incidents': createMajorIncidents({ tickets, tell: (...told) => engine.tell(...told) }),
      };
    },
  });
  await desk.client.workflow.start(READER_WORKFLOW, {
    workflowId: `${desk.taskQueue}/${readerWorkflowId('major-incidents')}`,
    taskQueue: desk.taskQueue,
    args: [{ reader: 'major-incidents' }],
  });
});
afterAll(() => desk.close());

const has = (type: string) => (events: { type: string }[]) => events.some((event) => event.type === type);
const row = (id: string) => desk.database.ticket.findUniqueOrThrow({ where: { id } });

async function wholeWithParts(count: number): Promise<{ whole: string; parts: string[] }> {
  const whole = await desk.open({ policy: 'three-tiers', priority: 'P1' });
  await desk.ask(whole, { type: 'declareMajor', commander: 'lead-2' });
  const parts: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const part = await desk.open({ policy: 'three-tiers', priority: 'P3' });
    await desk.ask(part, { type: 'link', relation: 'parent', reference: whole });
    parts.push(part);
  }
  await desk.timeline(whole, (events) => events.filter(({ type }) => type === 'linked').length === count);
  return { whole, parts };
}

test('the whole knows its parts, and each part its whole', async () => {
  const { whole, parts } = await wholeWithParts(2);
  const links = (await desk.ledger.events(whole)).flatMap((event) =>
    event.type === 'linked' ? [[event.relation, event.reference]] : [],
  );
  expect(links).toEqual(parts.map((part) => ['child', part]));
  expect((await row(parts[0]!)).parent).toBe(whole);
});

test('its word to the customer is the first response of each part; a part’s own word stays its own', async () => {
  const { whole, parts } = await wholeWithParts(2);
  await desk.ask(whole, { type: 'sendUpdate' });
  for (const part of parts) {
    const events = await desk.timeline(part, has('messageAdded'));
    expect(events.filter(({ type }) => type === 'messageAdded')).toEqual([
      expect.objectContaining({ author: 'agent', visibility: 'public', parent: whole, source: 'fact' }),
    ]);
    const clock = await desk.database.clock.findUniqueOrThrow({
      where: { ticketId_clock_cycle: { ticketId: part, clock: 'firstResponse', cycle: 1 } },
    });
    expect(clock.state).toBe('met');
  }
  await desk.ask(parts[0]!, { type: 'reply' });
  await desk.ask(whole, { type: 'note' });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await desk.types(parts[1]!)).not.toContain('noted');
  const said = (await desk.types(parts[1]!)).filter((type) => type === 'messageAdded');
  expect(said).toHaveLength(1);
});

test('resolved with its parts, it asks for one review, and they for none', async () => {
  const { whole, parts } = await wholeWithParts(2);
  await desk.ask(whole, { type: 'resolve', causeCode: 'network', article: 'art_1', children: true });
  for (const part of parts) {
    const events = await desk.timeline(part, has('resolved'));
    expect(events.find(({ type }) => type === 'resolved')).toMatchObject({ causeCode: 'network' });
    expect(events.some(({ type }) => type === 'reviewRequested')).toBe(false);
  }
  expect((await desk.types(whole)).filter((type) => type === 'reviewRequested')).toHaveLength(1);
});

test('resolved without them, it leaves them open', async () => {
  const { whole, parts } = await wholeWithParts(1);
  await desk.ask(whole, { type: 'resolve', causeCode: 'network', needsArticle: true });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect((await row(parts[0]!)).state).toBe('open');
});
