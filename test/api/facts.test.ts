import { expect, test } from '@jest/globals';
import type { Caller } from './front-door.ts';
import { eventually } from '../support/desk.ts';
import { HOUR, inMs, MINUTE, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

const fact = (id: string, more: object = { type: 'acknowledged' }) => ({ id, occurredAt: inMs(0), ...more });
const MESSAGE = { type: 'messageAdded', author: 'customer', visibility: 'public' };

const tell = (ticketId: string, events: object[], caller: Caller = office.agent) =>
  caller.post(`/v1/tickets/${ticketId}/events`, { events });

/** The timeline once it has this many facts. */
async function factsOf(ticketId: string, count: number) {
  const read = async () => (await office.agent.get(`/v1/tickets/${ticketId}/timeline?limit=200`)).body.data;
  const events = await eventually<Record<string, unknown>[]>(
    read,
    (all) => all.filter(({ source }) => source === 'fact').length >= count,
  );
  return events.filter(({ source }) => source === 'fact');
}

test('facts are taken in at once and reach the timeline, with who did it there', async () => {
  const { id } = await openTicket(office.agent, { openedAt: inMs(-5 * MINUTE) });
  const occurredAt = inMs(-3 * MINUTE);
  const { status, body } = await tell(id, [
    fact('m1', { ...MESSAGE, occurredAt, text: 'It has started again.', actor: 'customer-204' }),
    fact('a1', { type: 'assigned', assignee: 'agent-17', team: null }),
  ]);
  expect(status).toBe(202);
  expect(body).toEqual({ accepted: ['m1', 'a1'], duplicates: [], spooled: false });
  const [message, assigned] = await factsOf(id, 2);
  expect(message).toMatchObject({
    id: 'fact:m1',
    occurredAt,
    actor: { subject: office.agent.subject, role: 'agent', actingFor: 'customer-204' },
    text: { body: { text: 'It has started again.' } },
  });
  expect(assigned).toMatchObject({ type: 'assigned', data: { assignee: 'agent-17', team: null } });
});

test.each([
  ['acknowledged', {}],
  ['assigned', { team: 'network' }],
  ['messageAdded', { author: 'agent', visibility: 'internal', text: 'Seen.' }],
  ['held', { reason: 'vendor', comment: 'Ordered.' }],
  ['resumed', {}],
  ['vendorReturned', {}],
  ['prioritised', { priority: 'P2' }],
  ['handoffOffered', { toTier: 2, team: 'network' }],
  ['handoffAccepted', {}],
  ['resolved', { causeCode: 'hardware' }],
  ['reopened', {}],
  ['closed', {}],
  ['cancelled', { comment: 'Opened twice.' }],
])('the fact %s is never refused for the state of the ticket', async (type, more) => {
  const { id } = await openTicket(office.agent);
  expect((await tell(id, [fact('one', { type, ...more })])).status).toBe(202);
  expect(await factsOf(id, 1)).toMatchObject([{ type }]);
});

test('a fact for a closed ticket is kept and changes nothing', async () => {
  const { id } = await openTicket(office.agent);
  await office.agent.post(`/v1/tickets/${id}/resolve`);
  await office.agent.post(`/v1/tickets/${id}/close`);
  const { status } = await tell(id, [fact('late', { ...MESSAGE, text: 'Thanks!' })]);
  expect(status).toBe(202);
  expect(await factsOf(id, 1)).toMatchObject([{ moot: 'after_close' }]);
  expect((await office.agent.get(`/v1/tickets/${id}`)).body.state).toBe('closed');
});

test('the same fact twice counts once, and the second time it is called known', async () => {
  const { id } = await openTicket(office.agent);
  await tell(id, [fact('once', { ...MESSAGE, text: 'First words.' })]);
  await factsOf(id, 1);
  const { body } = await tell(id, [fact('once', { ...MESSAGE, text: 'Other words.' }), fact('new')]);
  expect(body).toEqual({ accepted: ['new'], duplicates: ['once'], spooled: false });
  const facts = await factsOf(id, 2);
  expect(facts.map((one) => one['id'])).toEqual(['fact:once', 'fact:new']);
  expect(facts[0]).toMatchObject({ text: { body: { text: 'First words.' } } });
});

test('the same fact twice within a batch counts once, and both are accounted for', async () => {
  const { id } = await openTicket(office.agent);
  const { body } = await tell(id, [fact('a'), fact('b', MESSAGE), fact('a')]);
  expect(body).toEqual({ accepted: ['a', 'b'], duplicates: ['a'], spooled: false });
  expect((await factsOf(id, 2)).map((one) => one['id'])).toEqual(['fact:a', 'fact:b']);
});

test('the same fact many times at once counts once', async () => {
  const { id } = await openTicket(office.agent);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => tell(id, [fact('p1', { ...MESSAGE, text: 'Hello?' }), fact('p2')])),
  );
  expect(answers.every(({ status }) => status === 202)).toBe(true);
  await tell(id, [fact('last', MESSAGE)]);
  const ids = (await factsOf(id, 3)).map((one) => one['id'] as string);
  expect(ids.toSorted()).toEqual(['fact:last', 'fact:p1', 'fact:p2']);
});

test('a fact of one ticket is not the fact of another by the same id', async () => {
  const [one, other] = [await openTicket(office.agent), await openTicket(office.agent)];
  await tell(one.id, [fact('shared', { ...MESSAGE, text: 'One.' })]);
  await tell(other.id, [fact('shared', { ...MESSAGE, text: 'Other.' })]);
  expect(await factsOf(other.id, 1)).toMatchObject([{ text: { body: { text: 'Other.' } } }]);
});

test('a late fact counts by when it happened: an answer given in time withdraws the breach', async () => {
  const lead = await office.caller('lead');
  const openedAt = inMs(-MINUTE);
  const { id } = await openTicket(lead, { policy: 'demo', openedAt });
  const inTime = new Date(Date.parse(openedAt) + 5_000).toISOString();
  await tell(id, [fact('answer', { ...MESSAGE, author: 'agent', occurredAt: inTime })], lead);
  await eventually(
    () => office.desk.types(id),
    (types) => types.includes('breachWithdrawn'),
  );
  const { body } = await office.agent.get(`/v1/tickets/${id}/clocks`);
  expect(body.data[0]).toMatchObject({
    clock: 'firstResponse',
    state: 'met',
    metAt: inTime,
    breached: false,
  });
});

test.each([
  ['agent', -14 * MINUTE, true],
  ['agent', -16 * MINUTE, false],
  ['integration', -23 * HOUR, true],
  ['integration', -25 * HOUR, false],
  ['lead', -900 * HOUR, true],
  ['lead', 3 * MINUTE, false],
  ['agent', 1 * MINUTE, true],
] as const)('%s dates a fact by %d ms: taken %s', async (role, ms, taken) => {
  const { id } = await openTicket(office.agent);
  const caller = await office.caller(role);
  const events = [fact('good'), fact('dated', { ...MESSAGE, occurredAt: inMs(ms) })];
  const { status, body } = await tell(id, events, caller);
  expect(status).toBe(taken ? 202 : 422);
  if (!taken) {
    expect(body.errors).toMatchObject([{ pointer: '/events/1/occurredAt' }]);
    expect(await office.desk.types(id)).toEqual(['opened']);
  }
});

test.each([
  ['no events', { events: [] }, '/events'],
  ['too many', { events: Array.from({ length: 101 }, (_, i) => fact(`${i}`)) }, '/events'],
  ['no list', {}, '/events'],
  ['a type that does not exist', { events: [fact('a', { type: 'exploded' })] }, '/events/0/type'],
  ['no type', { events: [fact('a', {})] }, '/events/0/type'],
  ['no id', { events: [{ ...fact('a'), id: undefined }] }, '/events/0/id'],
  ['no time', { events: [{ ...fact('a'), occurredAt: undefined }] }, '/events/0/occurredAt'],
  [
    'a time without an offset',
    { events: [fact('a', { type: 'closed', occurredAt: '2026-01-31T09:00:00' })] },
    '/events/0/occurredAt',
  ],
  ['an unknown field', { events: [fact('a'), fact('b', { type: 'closed', why: 'x' })] }, '/events/1/why'],
  ['an unknown author', { events: [fact('a', { ...MESSAGE, author: 'robot' })] }, '/events/0/author'],
  ['U+0000 in an id', { events: [fact('a\0')] }, '/events/0/id'],
  ['something else instead of a fact', { events: ['a'] }, '/events/0'],
])('facts with %s are refused with their place', async (_fault, body, pointer) => {
  const { id } = await openTicket(office.agent);
  const answer = await office.agent.post(`/v1/tickets/${id}/events`, body);
  expect(answer.status).toBe(422);
  expect(answer.body.errors).toEqual([expect.objectContaining({ pointer })]);
});

test('an unknown type of fact is told with those there are', async () => {
  const { id } = await openTicket(office.agent);
  const { body } = await tell(id, [fact('a', { type: 'exploded' })]);
  expect(body.errors).toMatchObject([
    { code: 'value_unknown', message: expect.stringContaining('messageAdded') },
  ]);
});

test('facts for a ticket that does not exist are 404', async () => {
  const { status, body } = await tell('tkt_nobody', [fact('a')]);
  expect([status, body.code]).toEqual([404, 'ticket_not_found']);
});
