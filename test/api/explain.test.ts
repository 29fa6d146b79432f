/** Why a clock says what it says, as CSV and as text. */
import { parse } from 'csv-parse/sync';
import { beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/desk.ts';
import { HOUR, inMs, MINUTE, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

let id: string;
const openedAt = inMs(-2 * HOUR);
const later = (minutes: number) => new Date(Date.parse(openedAt) + minutes * MINUTE).toISOString();

beforeAll(async () => {
  const lead = await office.caller('lead');
  ({ id } = await openTicket(lead, { openedAt, channel: 'email' }));
  const events = [
    { id: 'a', type: 'messageAdded', author: 'agent', visibility: 'public', occurredAt: later(5) },
    { id: 'b', type: 'held', reason: 'customer', occurredAt: later(20) },
    { id: 'c', type: 'messageAdded', author: 'customer', visibility: 'public', occurredAt: later(50) },
    { id: 'd', type: 'resolved', occurredAt: later(80) },
  ];
  await lead.post(`/v1/tickets/${id}/events`, { events });
  await eventually(
    async () => (await lead.get(`/v1/tickets/${id}`)).body,
    ({ state }) => state === 'resolved',
  );
});

test('the CSV has a row a span, and what ran adds up to the elapsed time to the millisecond', async () => {
  const { headers, text } = await office.agent.get(`/v1/tickets/${id}/clocks.csv`);
  expect(headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(headers['content-disposition']).toContain('clocks.csv');
  expect(text.startsWith('\ufeffticketId,clock,')).toBe(true);
  const rows = parse<Record<string, string>>(text, { bom: true, columns: true, record_delimiter: '\r\n' });
  const resolution = rows.filter(({ clock, cycle }) => clock === 'resolution' && cycle === '1');
  expect(resolution).toMatchObject([
    { from: openedAt, to: later(20), kind: 'running', seconds: '1200', runningSeconds: '1200' },
    {
      from: later(20),
      to: later(50),
      kind: 'paused',
      reason: 'customer',
      seconds: '1800',
      runningSeconds: '0',
    },
    { from: later(50), to: later(80), kind: 'running', runningSeconds: '1800' },
  ]);
  expect(resolution[0]).toMatchObject({
    ticketId: id,
    calendar: 'always',
    calendarVersion: 'always',
    policy: 'standard',
    policyVersion: '1',
  });
  const { body } = await office.agent.get(`/v1/tickets/${id}/clocks`);
  for (const { clock, cycle, elapsedSeconds } of body.data) {
    const own = rows.filter((row) => row['clock'] === clock && row['cycle'] === String(cycle));
    const sum = own.reduce((ms, row) => ms + Math.round(Number(row['runningSeconds']) * 1000), 0);
    expect([clock, sum]).toEqual([clock, Math.round(elapsedSeconds * 1000)]);
  }
});

test('the text tells each clock, how it stands, and the spans that led there', async () => {
  const { headers, text } = await office.agent.get(`/v1/tickets/${id}/clocks.txt`);
  expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(text).toContain(`Ticket ${id}, policy standard version 1, as of `);
  expect(text).toContain(
    `resolution: met at ${later(80).replace('.000Z', 'Z')}\n  50m of 4h on the calendar always`,
  );
  expect(text).toMatch(/ paused: customer +30m$/m);
});

test('neither tells of a ticket that there is not', async () => {
  for (const form of ['csv', 'txt']) {
    const { status, body } = await office.agent.get(`/v1/tickets/tkt_nobody/clocks.${form}`);
    expect([form, status, body.code]).toEqual([form, 404, 'ticket_not_found']);
  }
});
