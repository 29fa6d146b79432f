/** The forecast of a queue over HTTP: the pace from the ledger, and what it means for those who wait. */
import { beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/desk.ts';
import type { Caller } from './front-door.ts';
import { HOUR, MINUTE, inMs, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

interface Forecast {
  tier: number;
  pace: {
    perOpenHour: number;
    uncertainty: number;
    finished: number;
    busySeconds: number;
    calendar: string;
    byPriority: { priority: string; measured: number; handlingSeconds: number }[];
  };
  willBreach: number;
  data: {
    ticketId: string;
    position: number;
    startAt: string;
    probability: number;
    willBreach: boolean;
    why: { workAhead: number };
    clocks: { clock: string; metBy: string; probability: number }[];
  }[];
  hasMore: boolean;
}

let lead: Caller;
/** Ten tickets, done one after the other, a quarter of an hour each, while others waited. */
const DONE = 10;
/** Their first response is due within two hours, their resolution within a day, day and night. */
const FIELDS = { policy: 'round-the-clock', impact: 'medium', urgency: 'medium' };

const forecast = async (query = ''): Promise<Forecast> =>
  (await lead.get(`/v1/queues/1/forecast${query}`)).body as Forecast;

async function tellLife(index: number): Promise<void> {
  const { id } = await openTicket(lead, { ...FIELDS, openedAt: inMs(-6 * HOUR) });
  const startedAgo = 5 * HOUR - index * 15 * MINUTE;
  const events = [
    { id: 'given', type: 'assigned', assignee: 'agent-1', occurredAt: inMs(-startedAgo) },
    { id: 'done', type: 'resolved', occurredAt: inMs(-startedAgo + 15 * MINUTE) },
  ];
  const { status } = await lead.post(`/v1/tickets/${id}/events`, { events });
  expect(status).toBe(202);
}

beforeAll(async () => {
  lead = await office.caller('lead');
});

test('an empty queue has a forecast of nobody, and a pace that is a guess', async () => {
  const { data, pace, willBreach, hasMore } = await forecast();
  expect({ data, willBreach, hasMore }).toEqual({ data: [], willBreach: 0, hasMore: false });
  expect(pace).toMatchObject({ uncertainty: 0.5, finished: 0 });
  expect(pace.perOpenHour).toBeCloseTo(1, 9);
});

test('a ticket at the end of a long queue breaches, one in front does not', async () => {
  for (let i = 0; i < DONE; i += 1) await tellLife(i);
  const waiting: string[] = [];
  for (let i = 0; i < 14; i += 1)
    waiting.push((await openTicket(lead, { ...FIELDS, openedAt: inMs(-30 * MINUTE + i * 1000) })).id);
  // What was measured is kept for a moment; another door has not looked yet.
  const door = await office.openDoor({});
  const fresh = await door.caller('lead');
  const look = async () => (await fresh.get('/v1/queues/1/forecast')).body as Forecast;
  await eventually(
    async () => (await office.desk.database.ticket.findMany({ where: { state: 'resolved' } })).length,
    (count) => count === DONE,
  );
  const { data, pace, willBreach } = await look();
  expect(data.map(({ ticketId }) => ticketId)).toEqual(waiting);
  expect(data.map(({ position }) => position)).toEqual(waiting.map((_, i) => i + 1));
  // Four an hour, and somewhat less for what is not sure. While the last was worked on nobody waited.
  expect(pace.finished).toBeCloseTo(DONE - 1, 1);
  expect(pace.perOpenHour).toBeGreaterThan(1.5);
  expect(pace.perOpenHour).toBeLessThan(4);
  expect(pace.calendar).toBe('always');
  expect(pace.byPriority.find(({ priority }) => priority === 'P3')).toMatchObject({ measured: DONE });
  const [first, last] = [data[0]!, data.at(-1)!];
  expect(first).toMatchObject({ willBreach: false, why: { workAhead: 1 } });
  expect(last).toMatchObject({ willBreach: true });
  expect(last.why.workAhead).toBeCloseTo(14, 5);
  expect(last.clocks.map(({ clock, metBy }) => `${clock} ${metBy}`)).toContain('firstResponse start');
  expect(data.map(({ probability }) => probability)).toEqual(
    data.map(({ probability }) => probability).toSorted((a, b) => a - b),
  );
  expect(willBreach).toBe(data.filter((one) => one.willBreach).length);
});

test('another tier, and another team, have queues of their own', async () => {
  expect((await lead.get('/v1/queues/3/forecast')).body).toMatchObject({ tier: 3, team: null, data: [] });
  // Tickets of no team are everybody's.
  expect((await forecast('?team=network')).data).toHaveLength(14);
});

test.each([
  ['0', '', 404],
  ['ten', '', 404],
  ['1', '?limit=5', 422],
  ['1', '?team=', 422],
])('tier %s with %s is refused', async (tier, query, expected) => {
  expect((await lead.get(`/v1/queues/${tier}/forecast${query}`)).status).toBe(expected);
});
