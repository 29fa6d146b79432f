import { expect, test } from '@jest/globals';
import { eventually } from '../support/desk.ts';
import { HOUR, inMs, MINUTE, openTicket, setUpOffice, ticketBody } from './office.ts';

const office = setUpOffice();

const timelineOf = async (ticketId: string) =>
  (await office.agent.get(`/v1/tickets/${ticketId}/timeline`)).body.data as Record<string, unknown>[];

test('an opened ticket is answered with its place, its entity tag and how it stands', async () => {
  const { status, headers, body } = await office.agent.post(
    '/v1/tickets',
    ticketBody({ subject: ' VPN ', channel: 'email', customer: 'acme', impact: 'high', urgency: 'medium' }),
  );
  expect(status).toBe(201);
  expect(headers['location']).toBe(`/v1/tickets/${body.id}`);
  expect(headers['etag']).toBe(`"${body.sequence}"`);
  expect(body.id).toMatch(/^tkt_[0-9a-f]{32}$/);
  expect(body).toMatchObject({
    state: 'open',
    priority: 'P2',
    tier: 1,
    subject: 'VPN',
    channel: 'email',
    customer: 'acme',
    policy: { name: 'standard', version: 1 },
    sequence: 1,
    breached: false,
  });
});

test('what was sent to open a ticket is what its page shows', async () => {
  const sent = ticketBody({
    description: 'Since this morning.',
    requester: { id: 'customer-204', contact: 'desk@example.com', language: 'de', timezone: 'Europe/Berlin' },
    customer: 'acme',
    service: 'vpn',
    category: 'network',
    external: { system: 'zendesk', id: 'shown-1', url: 'https://example.com/1' },
  });
  const beside = {
    contract: 'gold',
    site: 'berlin',
    symptom: 'drops',
    affectedUsers: 40,
    fingerprint: 'vpn/berlin',
  };
  const words = { attachments: ['https://example.com/a.png'], custom: { floor: 3, vip: true, room: '3.14' } };
  const { id } = await openTicket(office.agent, {
    ...sent,
    ...beside,
    ...words,
    detectedAt: '2026-01-31T10:00:00+01:00',
  });
  const { body } = await office.agent.get(`/v1/tickets/${id}`);
  expect(body).toMatchObject(sent);
  expect(body.attributes).toEqual({ ...beside, ...words, detectedAt: '2026-01-31T09:00:00.000Z' });
});

test('the timeline of a new ticket starts with its opening, its caller and whom that acts for', async () => {
  const { id } = await openTicket(office.agent, {
    actingFor: 'agent-17',
    detectedAt: '2026-01-31T10:00:00+01:00',
  });
  const [opening] = await timelineOf(id);
  expect(opening).toMatchObject({
    sequence: 1,
    type: 'opened',
    source: 'request',
    data: { attributes: { detectedAt: '2026-01-31T09:00:00.000Z' } },
    actor: { subject: office.agent.subject, role: 'agent', actingFor: 'agent-17' },
  });
});

test('a policy that is named judges the ticket, whatever would match', async () => {
  const { policy, nextDeadlineAt, openedAt } = await openTicket(office.agent, { policy: 'demo' });
  expect(policy.name).toBe('demo');
  expect(Date.parse(nextDeadlineAt) - Date.parse(openedAt)).toBe(10_000);
});

test('a policy that does not exist is a fault of the field', async () => {
  const { status, body } = await office.agent.post('/v1/tickets', ticketBody({ policy: 'platinum' }));
  expect(status).toBe(422);
  expect(body).toMatchObject({ code: 'policy_unknown', errors: [{ pointer: '/policy' }] });
});

test.each([
  ['an unknown field', { severity: 1 }, '/severity', 'unknown_key'],
  ['an unknown field within one', { requester: { name: 'A' } }, '/requester/name', 'unknown_key'],
  ['a field that is missing', { subject: undefined }, '/subject', 'missing'],
  ['text of nothing but space', { subject: '   ' }, '/subject', 'value_invalid'],
  ['a number for a text', { subject: 7 }, '/subject', 'wrong_kind'],
  ['null for a text', { customer: null }, '/customer', 'wrong_kind'],
  ['a text for a number', { affectedUsers: '7' }, '/affectedUsers', 'wrong_kind'],
  ['a fraction of a user', { affectedUsers: 1.5 }, '/affectedUsers', 'wrong_kind'],
  ['more users than a number can count', { affectedUsers: 1e300 }, '/affectedUsers', undefined],
  ['a level that does not exist', { impact: 'huge' }, '/impact', 'value_unknown'],
  ['a channel that does not exist', { channel: 'fax' }, '/channel', 'value_unknown'],
  ['a time without an offset', { openedAt: '2026-01-31T09:00:00' }, '/openedAt', 'value_invalid'],
  ['a date without a time', { openedAt: '2026-01-31' }, '/openedAt', 'value_invalid'],
  ['a day that does not exist', { openedAt: '2026-02-30T09:00:00Z' }, '/openedAt', 'value_invalid'],
  ['a time as a number', { openedAt: 1_769_850_000_000 }, '/openedAt', 'wrong_kind'],
  ['a time before 1970', { detectedAt: '0000-01-01T00:00:00Z' }, '/detectedAt', 'value_invalid'],
  [
    'a link that would run as a script',
    { external: { system: 's', id: '1', url: 'javascript:alert(1)' } },
    '/external/url',
    'value_invalid',
  ],
  [
    'an attachment that is no link',
    { attachments: ['https://example.com', 'file:///etc/passwd'] },
    '/attachments/1',
    'value_invalid',
  ],
  ['a system with a colon', { external: { system: 'a:b', id: '1' } }, '/external/system', 'value_invalid'],
  ['a custom field of another kind', { custom: { list: [1] } }, '/custom/list', undefined],
  ['a list for the body of a field', { requester: [] }, '/requester', 'wrong_kind'],
  ['the character U+0000', { subject: 'a\0b' }, '/subject', 'value_invalid'],
  ['U+0000 deep inside', { attachments: ['https://example.com/\0'] }, '/attachments/0', 'value_invalid'],
  ['U+0000 in a name', { custom: { 'a\0': 1 } }, '/custom/a\0', 'value_invalid'],
  ['half of a surrogate pair', { description: 'a\ud800b' }, '/description', 'value_invalid'],
  ['a name with a slash and a tilde', { custom: { 'a/b~c': [] } }, '/custom/a~1b~0c', undefined],
])('%s is refused with its place', async (_fault, fields, pointer, code) => {
  const { status, body } = await office.agent.post('/v1/tickets', ticketBody(fields));
  expect(status).toBe(422);
  expect(body.errors).toEqual([expect.objectContaining({ pointer, ...(code !== undefined && { code }) })]);
});

test('a key that would change the prototype is refused like any unknown field', async () => {
  const send = (body: string) => office.agent.send('post', '/v1/tickets', { body });
  const text = JSON.stringify(ticketBody());
  const above = await send(`{"__proto__":{"admin":true},${text.slice(1)}`);
  expect(above.status).toBe(422);
  expect(above.body.errors).toMatchObject([{ pointer: '/__proto__' }]);
  const within = await send(`{"custom":{"__proto__":"x"},${text.slice(1)}`);
  expect(within.status).toBe(422);
  expect(within.body.errors).toMatchObject([{ pointer: '/custom/__proto__' }]);
});

test('everything wrong is told at once, but not without end', async () => {
  const two = await office.agent.post('/v1/tickets', { subject: 7, type: 'incident', impact: 'x' });
  expect(two.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    '/subject',
    '/impact',
    '/urgency',
  ]);
  const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`field${i}`, 1]));
  const { status, body, text } = await office.agent.post('/v1/tickets', ticketBody(many));
  expect(status).toBe(422);
  expect(body.errors).toHaveLength(50);
  expect(text.length).toBeLessThan(20_000);
});

test('a refused opening leaves nothing behind', async () => {
  const count = async () => (await office.agent.get('/v1/tickets?limit=200')).body.data.length as number;
  const before = await count();
  await office.agent.post('/v1/tickets', ticketBody({ impact: 'huge' }));
  expect(await count()).toBe(before);
});

test.each([
  ['agent', -14 * MINUTE, 201],
  ['agent', -16 * MINUTE, 422],
  ['integration', -23 * HOUR, 201],
  ['integration', -25 * HOUR, 422],
  ['lead', -1_000 * HOUR, 201],
  ['admin', -1_000 * HOUR, 201],
  ['lead', -6 * 365 * 24 * HOUR, 422],
  ['lead', 3 * MINUTE, 422],
  ['integration', 1 * MINUTE, 201],
] as const)('%s dates an opening by %d ms: %d', async (role, ms, expected) => {
  const caller = await office.caller(role);
  const { status, body } = await caller.post('/v1/tickets', ticketBody({ openedAt: inMs(ms) }));
  expect(status).toBe(expected);
  if (status === 422)
    expect(body.errors).toMatchObject([
      { pointer: '/openedAt', code: ms > 0 ? 'in_the_future' : 'too_far_back' },
    ]);
});

test('a ticket dated back has the clocks of the day it was opened', async () => {
  const openedAt = inMs(-10 * MINUTE);
  const { id } = await openTicket(office.agent, { openedAt });
  const { body } = await office.agent.get(`/v1/tickets/${id}/clocks`);
  expect(body.data[0]).toMatchObject({ clock: 'firstResponse', startedAt: openedAt });
  expect(body.data[0].elapsedSeconds).toBeGreaterThanOrEqual(600);
});

test('a clock a little ahead of ours opens a ticket now, not in the future', async () => {
  const { openedAt } = await openTicket(office.agent, { openedAt: inMs(90_000) });
  expect(Date.parse(openedAt)).toBeLessThanOrEqual(Date.now());
});

test('a ticket that is overdue when it is opened is breached at once, at its true deadline', async () => {
  const lead = await office.caller('lead');
  const openedAt = inMs(-HOUR);
  const { id, breached } = await openTicket(lead, { policy: 'demo', openedAt });
  expect(breached).toBe(true);
  const events = await eventually(
    () => timelineOf(id),
    (all) => all.some(({ type }) => type === 'breached'),
  );
  const deadlines = events
    .filter(({ type }) => type === 'breached')
    .map(({ data }) => (data as { deadlineAt: string }).deadlineAt);
  expect(deadlines).toContain(new Date(Date.parse(openedAt) + 10_000).toISOString());
});

test('an external reference addresses its ticket everywhere', async () => {
  const { id } = await openTicket(office.agent, { external: { system: 'jira', id: 'OPS/7 ü' } });
  const name = `jira:${encodeURIComponent('OPS/7 ü')}`;
  for (const path of ['', '/timeline', '/clocks'])
    expect((await office.agent.get(`/v1/tickets/${name}${path}`)).text).toContain(id);
  const asked = await office.agent.post(`/v1/tickets/${name}/acknowledge`);
  expect(asked.body).toMatchObject({ id, sequence: 2 });
  const fact = { type: 'messageAdded', id: 'f1', occurredAt: inMs(0), author: 'agent', visibility: 'public' };
  expect((await office.agent.post(`/v1/tickets/${name}/events`, { events: [fact] })).status).toBe(202);
});

test('the longest reference there is addresses its ticket, and a longer name leads nowhere', async () => {
  const external = { system: 's'.repeat(200), id: 'i'.repeat(200) };
  const { id } = await openTicket(office.agent, { external });
  expect((await office.agent.get(`/v1/tickets/${external.system}:${external.id}`)).body.id).toBe(id);
  expect((await office.agent.get(`/v1/tickets/${'x'.repeat(5_000)}`)).status).toBe(404);
});

test('a second ticket for one external reference is a conflict that names the first', async () => {
  const external = { system: 'zendesk', id: 'twice' };
  const first = await openTicket(office.agent, { external });
  const other = await office.caller('integration');
  const { status, headers, body } = await other.post('/v1/tickets', ticketBody({ external }));
  expect(status).toBe(409);
  expect(body).toMatchObject({ code: 'external_reference_taken', ticketId: first.id });
  expect(headers['location']).toBe(`/v1/tickets/${first.id}`);
});

test('of many that open one reference at once, one opens it and the others are told whose it is', async () => {
  const external = { system: 'zendesk', id: 'at-once' };
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      office.agent.post('/v1/tickets', ticketBody({ external, subject: `Try ${i}` })),
    ),
  );
  const [opened, ...more] = answers.filter(({ status }) => status === 201);
  expect(more).toEqual([]);
  const refused = answers.filter(({ status }) => status === 409);
  expect(refused).toHaveLength(7);
  expect(new Set(refused.map(({ body }) => body.ticketId))).toEqual(new Set([opened!.body.id]));
  const { body } = await office.agent.get('/v1/tickets/zendesk:at-once');
  expect(body).toMatchObject({ id: opened!.body.id, subject: opened!.body.subject });
});

test('a reference whose opening was cut short is taken over, and a repeat gets the same answer', async () => {
  const external = { system: 'zendesk', id: 'cut-short' };
  await office.desk.database.externalReference.create({ data: { ...external, ticketId: 'tkt_neverOpened' } });
  const open = () =>
    office.agent.post('/v1/tickets', ticketBody({ external, subject: 'Again' }), {
      'idempotency-key': 'cut-short',
    });
  const { status, body } = await open();
  expect(status).toBe(201);
  expect(body).toMatchObject({ id: 'tkt_neverOpened', subject: 'Again' });
  const again = await open();
  expect(again.status).toBe(201);
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(again.body.id).toBe('tkt_neverOpened');
});
