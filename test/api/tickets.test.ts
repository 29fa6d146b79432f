import { expect, test } from '@jest/globals';
import { eventually } from '../support/desk.ts';
import { HOUR, inMs, MINUTE, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

interface Span {
  kind: string;
  from: string;
  to: string;
  seconds: number;
  reason?: string;
}

const clocksOf = async (ticketId: string) => (await office.agent.get(`/v1/tickets/${ticketId}/clocks`)).body;

test('a ticket that nobody knows is not found, by any route that names it', async () => {
  for (const path of ['', '/timeline', '/clocks']) {
    const { status, body } = await office.agent.get(`/v1/tickets/tkt_nobody${path}`);
    expect([status, body.code]).toEqual([404, 'ticket_not_found']);
  }
  for (const name of ['nosuch:1', '%00', 'a%00b', ':', 'a:'])
    expect((await office.agent.get(`/v1/tickets/${name}`)).status).toBe(404);
});

test('a path that is not UTF-8 is malformed', async () => {
  const { status, body } = await office.agent.get('/v1/tickets/zendesk:%ED%A0%80');
  expect([status, body.code]).toEqual([400, 'malformed_request']);
});

test('an unchanged ticket is not sent again, and its entity tag changes with it', async () => {
  const { id } = await openTicket(office.agent);
  const get = (tag: string) => office.agent.get(`/v1/tickets/${id}`, { 'if-none-match': tag });
  const { headers } = await office.agent.get(`/v1/tickets/${id}`);
  const etag = headers['etag']!;
  for (const tag of [etag, `W/${etag}`, `"0", ${etag}`, '*']) {
    const unchanged = await get(tag);
    expect([unchanged.status, unchanged.text, unchanged.headers['etag']]).toEqual([304, '', etag]);
  }
  await office.agent.post(`/v1/tickets/${id}/acknowledge`);
  const changed = await get(etag);
  expect(changed.status).toBe(200);
  expect(changed.headers['etag']).not.toBe(etag);
});

test('what has no entity tag is sent again whatever is known of it', async () => {
  const { id } = await openTicket(office.agent);
  for (const path of ['/v1/tickets', `/v1/tickets/${id}/timeline`, `/v1/tickets/${id}/clocks`])
    expect((await office.agent.get(path, { 'if-none-match': '*' })).status).toBe(200);
});

test('the timeline is shown in pages that together are all of it, in order', async () => {
  const { id } = await openTicket(office.agent);
  for (let i = 0; i < 4; i += 1) await office.agent.post(`/v1/tickets/${id}/note`, { text: `Note ${i}` });
  const seen: { sequence: number; text?: { body: { text?: string } } }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await office.agent.get(`/v1/tickets/${id}/timeline?limit=2${query}`);
    expect(body).toMatchObject({ ticketId: id, sequence: 5 });
    expect(body.data.length).toBeLessThanOrEqual(2);
    seen.push(...body.data);
    cursor = body.page.nextCursor;
    expect(body.page.hasMore).toBe(cursor !== null);
  }
  expect(seen.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  expect(seen.map(({ text }) => text?.body.text).slice(1)).toEqual(['Note 0', 'Note 1', 'Note 2', 'Note 3']);
});

test('a cursor of one timeline is none of another', async () => {
  const [one, other] = [await openTicket(office.agent), await openTicket(office.agent)];
  for (const { id } of [one, other]) await office.agent.post(`/v1/tickets/${id}/acknowledge`);
  const first = await office.agent.get(`/v1/tickets/${one.id}/timeline?limit=1`);
  const cursor = first.body.page.nextCursor as string;
  const { status, body } = await office.agent.get(`/v1/tickets/${other.id}/timeline?cursor=${cursor}`);
  expect([status, body.code]).toEqual([400, 'cursor_invalid']);
});

test('the running spans of a clock add up to its elapsed time, to the millisecond', async () => {
  const lead = await office.caller('lead');
  // Long ago enough for nights and week-ends: P4 counts office hours.
  const { id } = await openTicket(lead, {
    impact: 'low',
    urgency: 'low',
    openedAt: inMs(-200 * HOUR - 1_234),
  });
  const fact = (name: string, ms: number, more: object) => ({
    id: `sum-${name}`,
    occurredAt: inMs(ms),
    ...more,
  });
  const message = { type: 'messageAdded', author: 'agent', visibility: 'public' };
  const events = [
    fact('asked', -150 * HOUR - 17, message),
    fact('held', -149 * HOUR - 333, { type: 'held', reason: 'customer' }),
    fact('resumed', -80 * HOUR - 1, { type: 'resumed' }),
    fact('vendor', -40 * HOUR, { type: 'held', reason: 'vendor' }),
    fact('returned', -20 * HOUR - 7, { type: 'vendorReturned' }),
  ];
  await lead.post(`/v1/tickets/${id}/events`, { events });
  await eventually(
    () => office.desk.types(id),
    (types) => types.includes('vendorReturned'),
  );
  const { data } = await clocksOf(id);
  expect(data.map(({ clock }: { clock: string }) => clock)).toEqual(['firstResponse', 'resolution']);
  for (const { explain, elapsedSeconds, targetSeconds, remainingSeconds, startedAt } of data) {
    const spans = explain as Span[];
    const running = spans.filter(({ kind }) => kind === 'running');
    const total = (some: Span[]) =>
      some.reduce((sum, { from, to }) => sum + Date.parse(to) - Date.parse(from), 0);
    expect(total(running)).toBe(Math.round(elapsedSeconds * 1000));
    expect(elapsedSeconds + remainingSeconds).toBeCloseTo(targetSeconds, 6);
    for (const span of spans) expect(Math.round(span.seconds * 1000)).toBe(total([span]));
    expect(spans[0]!.from).toBe(startedAt);
    spans.slice(1).forEach(({ from }, i) => expect(from).toBe(spans[i]!.to));
  }
  const kinds = (data[1].explain as Span[]).map(({ kind, reason }) => reason ?? kind);
  expect(kinds).toEqual(expect.arrayContaining(['running', 'closed', 'customer', 'vendor']));
});

test('a clock that was met is counted to then, however late it is read', async () => {
  const { id } = await openTicket(office.agent, { openedAt: inMs(-5 * MINUTE) });
  await office.agent.post(`/v1/tickets/${id}/reply`, { text: 'We are on it.' });
  const [{ state, metAt, startedAt, elapsedSeconds, breached }] = (await clocksOf(id)).data;
  expect([state, breached]).toEqual(['met', false]);
  expect(elapsedSeconds).toBeCloseTo((Date.parse(metAt) - Date.parse(startedAt)) / 1000, 6);
});

test('a fact dated before its ticket was opened is kept and changes nothing', async () => {
  const lead = await office.caller('lead');
  const { id } = await openTicket(lead);
  const event = { id: 'early', type: 'messageAdded', author: 'agent', visibility: 'public' };
  await lead.post(`/v1/tickets/${id}/events`, { events: [{ ...event, occurredAt: inMs(-500 * HOUR) }] });
  await eventually(
    () => office.desk.types(id),
    (types) => types.includes('messageAdded'),
  );
  const timeline = await office.agent.get(`/v1/tickets/${id}/timeline`);
  expect(timeline.body.data.at(-1)).toMatchObject({ id: 'fact:early', moot: 'before_opening' });
  expect((await clocksOf(id)).data[0]).toMatchObject({ clock: 'firstResponse', state: 'running' });
});
