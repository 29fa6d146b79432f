import { parse } from 'csv-parse/sync';
import { beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/desk.ts';
import { HOUR, inMs, openTicket, setUpOffice } from './office.ts';
import type { Caller } from './front-door.ts';

const office = setUpOffice();

interface Breach {
  ticketId: string;
  clock: string;
  breachedAt: string;
  withdrawn: boolean;
}

let manager: Caller;
/** Breached on both clocks; the first of `withdrawn` was answered in time after all. */
const tickets = { kept: '', withdrawn: '', formula: '' };
const FORMULA = '=HYPERLINK("https://example.com")';
const openedAt = inMs(-HOUR);
const deadline = (seconds: number) => new Date(Date.parse(openedAt) + seconds * 1000).toISOString();

const list = async (query = ''): Promise<Breach[]> => (await manager.get(`/v1/breaches?${query}`)).body.data;

beforeAll(async () => {
  const lead = await office.caller('lead');
  manager = await office.caller('manager');
  const open = (fields: object) => openTicket(lead, { policy: 'demo', openedAt, ...fields });
  tickets.kept = (await open({ customer: 'acme, "the best"\nof all', impact: 'medium' })).id;
  tickets.withdrawn = (await open({ customer: 'globex' })).id;
  tickets.formula = (await open({ customer: FORMULA })).id;
  const answer = {
    id: 'answer',
    type: 'messageAdded',
    author: 'agent',
    visibility: 'public',
    occurredAt: deadline(5),
  };
  await lead.post(`/v1/tickets/${tickets.withdrawn}/events`, { events: [answer] });
  await eventually(list, (all) => all.length === 6 && all.some(({ withdrawn }) => withdrawn));
});

test('every promise that was broken is there once, newest first, at its deadline to the millisecond', async () => {
  const all = await list();
  expect(all.map(({ breachedAt }) => breachedAt)).toEqual(
    all
      .map(({ breachedAt }) => breachedAt)
      .toSorted()
      .toReversed(),
  );
  expect(all.filter(({ ticketId }) => ticketId === tickets.kept)).toMatchObject([
    { clock: 'resolution', cycle: 1, breachedAt: deadline(40), withdrawn: false, priority: 'P2', tier: 1 },
    { clock: 'firstResponse', cycle: 1, breachedAt: deadline(20), withdrawn: false },
  ]);
});

test('a breach that a late fact disproved stays, marked', async () => {
  const [first] = await list('customer=globex&clock=firstResponse');
  expect(first).toMatchObject({
    breachedAt: deadline(10),
    withdrawn: true,
    withdrawnAt: expect.any(String),
    revision: 2,
  });
});

test.each([
  ['clock=resolution', 3],
  ['customer=globex', 2],
  ['priority=P2', 2],
  ['tier=3', 0],
  ['breachedAfter=2026-01-01T00:00:00Z', 6],
  ['breachedBefore=2026-01-01T00:00:00Z', 0],
])('%s lists %d', async (query, count) => {
  expect(await list(query)).toHaveLength(count);
});

test('the bounds of a period are exclusive', async () => {
  const at = encodeURIComponent(deadline(40));
  const beforeAndAfter = await Promise.all([list(`breachedBefore=${at}`), list(`breachedAfter=${at}`)]);
  expect(beforeAndAfter.flat().map(({ breachedAt }) => breachedAt)).not.toContain(deadline(40));
  expect(beforeAndAfter.flat()).toHaveLength(5);
});

test('pages are together all of it', async () => {
  const seen: Breach[] = [];
  let { data, page } = (await manager.get('/v1/breaches?limit=1')).body;
  for (;;) {
    seen.push(...data);
    if (!page.hasMore) break;
    ({ data, page } = (await manager.get(`/v1/breaches?limit=1&cursor=${page.nextCursor}`)).body);
  }
  expect(seen).toEqual(await list());
});

test.each([
  ['tier=99999999999', 'tier'],
  ['tier=', 'tier'],
  ['clock=tea', 'clock'],
  ['priority=high', 'priority'],
  ['breachedAfter=yesterday', 'breachedAfter'],
  ['breachedAfter=2026-01-01T00:00:00', 'breachedAfter'],
  ['breachedBefore=0000-01-01T00:00:00Z', 'breachedBefore'],
  ['customer=a%00', 'customer'],
  ['state=open', 'state'],
])('the query %s is refused with its parameter', async (query, parameter) => {
  for (const path of ['/v1/breaches', '/v1/breaches.csv']) {
    const { status, body } = await manager.get(`${path}?${query}`);
    expect([path, status, body.errors[0].parameter]).toEqual([path, 422, parameter]);
  }
});

test('a cursor of other filters, or a forged one, is refused', async () => {
  const { body } = await manager.get('/v1/breaches?limit=1');
  const cursor = body.page.nextCursor as string;
  const ours = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  const forged = Buffer.from(JSON.stringify({ ...ours, mark: { ...ours.mark, cycle: 1e12 } })).toString(
    'base64url',
  );
  for (const query of [`clock=resolution&cursor=${cursor}`, `cursor=${forged}`]) {
    const answer = await manager.get(`/v1/breaches?${query}`);
    expect([query, answer.status, answer.body.code]).toEqual([query, 400, 'cursor_invalid']);
  }
});

test('the CSV is the list, for a spreadsheet', async () => {
  const { headers, text } = await manager.get('/v1/breaches.csv');
  expect(headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(headers['content-disposition']).toContain('breaches.csv');
  expect(text.startsWith('\ufeffticketId,')).toBe(true);
  expect(text.replaceAll(/"[^"]*"/g, '').replaceAll('\r\n', '')).not.toContain('\n');
  const rows = parse<Record<string, string>>(text, { bom: true, columns: true, record_delimiter: '\r\n' });
  const listed = await list();
  const columns = ['ticketId', 'clock', 'breachedAt'] as const;
  const shown = (some: readonly object[]) =>
    some.map((row) => columns.map((column) => (row as Record<string, string>)[column]));
  expect(shown(rows)).toEqual(shown(listed));
  expect(rows.map(({ withdrawn }) => withdrawn)).toEqual(listed.map(({ withdrawn }) => String(withdrawn)));
  expect(rows.find(({ ticketId }) => ticketId === tickets.kept)!['customer']).toBe(
    'acme, "the best"\nof all',
  );
});

test('a cell that a spreadsheet would run is only text', async () => {
  const { text } = await manager.get(`/v1/breaches.csv?customer=${encodeURIComponent(FORMULA)}`);
  const rows = parse<Record<string, string>>(text, { bom: true, columns: true });
  expect(rows.map(({ customer }) => customer)).toEqual([`'${FORMULA}`, `'${FORMULA}`]);
});

test('the CSV takes the filters of the list', async () => {
  const { text } = await manager.get('/v1/breaches.csv?clock=resolution&customer=globex');
  expect(text.trim().split('\r\n')).toHaveLength(2);
});

test('a long register is exported whole, batch by batch', async () => {
  const { database } = office.desk;
  const period = 'breachedBefore=2020-01-01T00:00:00Z';
  await database.$executeRaw`
    INSERT INTO breaches (ticket_id, clock, cycle, revision, verdict, breached_at, decided_at, tier, priority, event_id)
    SELECT ${tickets.kept}, 'resolution', n, 1, 'breached', '2019-01-01T00:00:00Z'::timestamptz + n / 3 * interval '1 second',
      now(), 1, 'P1', 'event-' || n FROM generate_series(100, 1300) AS n`;
  const { text } = await manager.get(`/v1/breaches.csv?${period}`);
  const rows = parse<{ cycle: string }>(text, { bom: true, columns: true });
  expect(new Set(rows.map(({ cycle }) => cycle)).size).toBe(1_201);
  expect(rows).toHaveLength(1_201);
});
