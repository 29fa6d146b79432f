/** Pasts read for what-if: every ticket once, in the order of opening, page by page, as it was recorded. */
import { SEES_ALL } from '../../domain/visibility.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { project } from '../../domain/projection.ts';
import { isStoryEvent } from '../../domain/situation.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import {
  createHistoryStore,
  type HistoryFilter,
  type HistoryStore,
  type RecordedHistory,
} from '../../prisma/histories.ts';
import { createLedger } from '../../prisma/ledger.ts';
import { createTestDatabase } from '../support/database.ts';
import { at, PaperDesk } from '../support/paper-desk.ts';

let database: Database;
let histories: HistoryStore;
const desks = new Map<string, PaperDesk>();

/** Opened an hour apart, but for two at one instant. */
beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
  histories = createHistoryStore(database);
  const ledger = createLedger(database);
  for (const [i, opened] of [0, 1, 1, 2, 3].entries()) {
    const desk = new PaperDesk({
      opened,
      attributes: { customer: i % 2 === 0 ? 'acme' : 'globex', service: 'mail', category: 'login' },
    });
    desk.wait(opened + 20);
    desk.ask(opened + 21, { type: 'resolve' });
    const ticketId = `tkt_${i}`;
    desks.set(ticketId, desk);
    const projection = project(desk.ticket, at(opened + 21));
    await ledger.record({ ticketId, head: 0, events: desk.ledger, projection });
  }
});
afterAll(() => database.$disconnect());

const period: HistoryFilter = { from: at(0), to: at(10) };

async function read(filter: HistoryFilter, size = 100): Promise<RecordedHistory[][]> {
  const pages: RecordedHistory[][] = [];
  for await (const page of histories.pages(filter, { size, sight: SEES_ALL })) pages.push(page);
  return pages;
}
const idsOf = (pages: RecordedHistory[][]) => pages.map((page) => page.map(({ ticketId }) => ticketId));

test('each ticket is read once, also where a page ends between two of one instant', async () => {
  const all = ['tkt_0', 'tkt_1', 'tkt_2', 'tkt_3', 'tkt_4'];
  for (const size of [1, 2, 3, 5, 100]) expect(idsOf(await read(period, size)).flat()).toEqual(all);
  expect(idsOf(await read(period, 2))).toEqual([['tkt_0', 'tkt_1'], ['tkt_2', 'tkt_3'], ['tkt_4']]);
});

test('its story is what folds of the ledger, without rules, and its clocks are the recorded ones', async () => {
  const [[first]] = (await read(period)) as [[RecordedHistory]];
  const desk = desks.get('tkt_0')!;
  const story = desk.ledger.filter(isStoryEvent).map(({ id, type, occurredAt }) => [id, type, occurredAt]);
  expect(first.events.map(({ id, type, occurredAt }) => [id, type, occurredAt])).toEqual(story);
  expect(first.events[0]).not.toHaveProperty('rules');
  expect(first).toMatchObject({ openedAt: at(0), priority: 'P3', tier: 3 });
  const { clocks } = project(desk.ticket, at(21));
  expect(first.clocks).toEqual(
    expect.arrayContaining(
      clocks.map(({ clock, cycle, state, deadlineAt, breachedAt }) => {
        return { clock, cycle, state, deadlineAt, breachedAt };
      }),
    ),
  );
});

test.each<[Partial<HistoryFilter>, number]>([
  [{}, 5],
  [{ from: at(1) }, 4],
  [{ to: at(1) }, 1],
  [{ customer: 'acme' }, 3],
  [{ customer: 'acme', service: 'mail', category: 'login', type: 'incident' }, 3],
  [{ service: 'phone' }, 0],
  [{ category: 'network' }, 0],
  [{ type: 'request' }, 0],
  [{ policy: 'desk' }, 5],
  [{ policy: 'other' }, 0],
])('%j selects, and counts, %d', async (filter, count) => {
  expect(await histories.count({ ...period, ...filter }, SEES_ALL)).toBe(count);
  expect((await read({ ...period, ...filter }, 2)).flat()).toHaveLength(count);
});
