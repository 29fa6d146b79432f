import { expect, test } from '@jest/globals';
import { REQUESTS } from '../../api/schemas/requests.ts';
import { openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

interface Step {
  path: string;
  body?: object;
}

const REPLY: Step = { path: 'reply', body: { text: 'Which of the two?' } };
const RESOLVE: Step = { path: 'resolve', body: { resolution: 'Restarted.' } };
const CLOSE: Step = { path: 'close' };
const CANCEL: Step = { path: 'cancel', body: { reason: 'Opened twice.' } };

const ask = (id: string, { path, body }: Step) => office.agent.post(`/v1/tickets/${id}/${path}`, body);

/** A ticket after these steps. */
async function ticketAfter(...steps: readonly Step[]): Promise<string> {
  const { id } = await openTicket(office.agent);
  for (const step of steps) {
    const { status, text } = await ask(id, step);
    if (status !== 200) throw new Error(`${step.path}: ${text}`);
  }
  return id;
}

const OFFER = { path: 'offer-handoff', body: { toTier: 2, reason: 'Core routers.' } };

test.each<[Step, readonly Step[], object]>([
  [{ path: 'acknowledge' }, [], { state: 'open', acknowledgedAt: expect.any(String) }],
  [
    { path: 'assign', body: { assignee: 'agent-17', team: 'network' } },
    [],
    { assignee: 'agent-17', team: 'network' },
  ],
  [
    { path: 'assign', body: { assignee: null } },
    [{ path: 'assign', body: { assignee: 'agent-17' } }],
    { assignee: null },
  ],
  [REPLY, [], { state: 'open' }],
  [{ path: 'note', body: { text: 'Same switch as last week.' } }, [], { state: 'open' }],
  [{ path: 'hold', body: { reason: 'vendor' } }, [], { state: 'onHold', holds: [{ reason: 'vendor' }] }],
  [{ path: 'hold', body: { reason: 'customer' } }, [REPLY], { state: 'onHold' }],
  [{ path: 'resume' }, [{ path: 'hold', body: { reason: 'internal' } }], { state: 'open', holds: [] }],
  [{ path: 'prioritise', body: { priority: 'P3' } }, [], { priority: 'P3' }],
  [{ path: 'prioritise', body: { impact: 'low', urgency: 'medium' } }, [], { priority: 'P4' }],
  [OFFER, [], { tier: 1, offer: { toTier: 2, fromTier: 1, since: expect.any(String) } }],
  [
    { path: 'accept-handoff', body: { assignee: 'agent-21' } },
    [OFFER],
    { tier: 2, handoffs: 1, assignee: 'agent-21', offer: null },
  ],
  [RESOLVE, [], { state: 'resolved', resolvedAt: expect.any(String) }],
  [
    { path: 'reopen', body: { reason: 'It fails again.' } },
    [RESOLVE],
    { state: 'open', reopenCount: 1, resolvedAt: null },
  ],
  [CLOSE, [RESOLVE], { state: 'closed', closedAt: expect.any(String) }],
  [CANCEL, [], { state: 'cancelled' }],
])('$path is granted, answered with the ticket after it and its new tag', async (step, before, after) => {
  const id = await ticketAfter(...before);
  const { status, headers, body } = await ask(id, step);
  expect(status).toBe(200);
  expect(body).toMatchObject(after);
  expect(headers['etag']).toBe(`"${body.sequence}"`);
  expect(await office.desk.ledger.events(id)).toHaveLength(body.sequence);
});

test.each<[string, Step, readonly Step[], string, string | undefined]>([
  ['acknowledging twice', { path: 'acknowledge' }, [{ path: 'acknowledge' }], 'already_acknowledged', 'open'],
  [
    'holding for a reason that holds',
    { path: 'hold', body: { reason: 'vendor' } },
    [{ path: 'hold', body: { reason: 'vendor' } }],
    'already_on_hold',
    'open',
  ],
  ['resuming what runs', { path: 'resume' }, [], 'not_on_hold', 'open'],
  ['the priority it has', { path: 'prioritise', body: { priority: 'P1' } }, [], 'same_priority', 'open'],
  [
    'the tier it is at',
    { path: 'offer-handoff', body: { toTier: 1, reason: 'Here.' } },
    [],
    'same_tier',
    'open',
  ],
  [
    'handing on what is resolved',
    { path: 'offer-handoff', body: { toTier: 2, reason: 'There.' } },
    [RESOLVE],
    'ticket_resolved',
    'resolved',
  ],
  ['resolving twice', RESOLVE, [RESOLVE], 'ticket_resolved', 'resolved'],
  [
    'reopening what is open',
    { path: 'reopen', body: { reason: 'Why not.' } },
    [],
    'ticket_not_resolved',
    'open',
  ],
  ['closing what is open', CLOSE, [], 'ticket_not_resolved', 'open'],
  ['resolving a closed ticket', RESOLVE, [RESOLVE, CLOSE], 'ticket_closed', 'closed'],
  ['replying to a closed ticket', REPLY, [RESOLVE, CLOSE], 'ticket_closed', 'closed'],
  [
    'assigning a cancelled ticket',
    { path: 'assign', body: { assignee: 'a' } },
    [CANCEL],
    'ticket_cancelled',
    'cancelled',
  ],
])('%s is refused with the state it is in', async (_what, step, before, code, state) => {
  const id = await ticketAfter(...before);
  const { status, body } = await ask(id, step);
  expect(status).toBe(409);
  expect(body).toMatchObject({ code, state, status: 409 });
  expect(body.detail).toContain(id);
});

test('nobody waits for a customer who was not asked anything', async () => {
  const { status, body } = await ask(await ticketAfter(), { path: 'hold', body: { reason: 'customer' } });
  expect(status).toBe(422);
  expect(body).toMatchObject({ code: 'public_question_missing', errors: [{ pointer: '/reason' }] });
});

test('a tier that the policy does not have is a fault of the field', async () => {
  const { status, body } = await ask(await ticketAfter(), {
    path: 'offer-handoff',
    body: { toTier: 9, reason: 'Up.' },
  });
  expect(status).toBe(422);
  expect(body).toMatchObject({ code: 'tier_unknown', errors: [{ pointer: '/toTier' }] });
});

test.each([
  ['reply', {}, '/text'],
  ['reply', { text: '' }, '/text'],
  ['reply', { text: 'x'.repeat(20_001) }, '/text'],
  ['reply', { text: 'a\0' }, '/text'],
  ['note', { text: 7 }, '/text'],
  ['assign', {}, '/assignee'],
  ['assign', { assignee: 7 }, '/assignee'],
  ['hold', { reason: 'weather' }, '/reason'],
  ['prioritise', {}, '/priority'],
  ['prioritise', { priority: 'P0' }, '/priority'],
  ['prioritise', { priority: 'P1', impact: 'high', urgency: 'high' }, '/priority'],
  ['prioritise', { impact: 'high' }, '/priority'],
  ['offer-handoff', { toTier: 10, reason: 'x' }, '/toTier'],
  ['offer-handoff', { toTier: 2 }, '/reason'],
  ['cancel', {}, '/reason'],
  ['reopen', { reason: 'x', because: 'y' }, '/because'],
  ['close', { at: '2026-01-01T00:00:00Z' }, '/at'],
])('%s with %j is refused with its place', async (path, body, pointer) => {
  const { id } = await openTicket(office.agent);
  const answer = await office.agent.post(`/v1/tickets/${id}/${path}`, body);
  expect(answer.status).toBe(422);
  expect(answer.body.errors).toEqual([expect.objectContaining({ pointer })]);
  expect(await office.desk.types(id)).toEqual(['opened']);
});

test.each(
  Object.entries(REQUESTS).map(
    ([type, { method = 'post' as const, path, example }]) => [type, method, path, example] as const,
  ),
)('%s on a ticket that does not exist is 404', async (_type, method, path, example) => {
  const lead = await office.caller('lead');
  const { status, body } = await lead.send(
    method,
    ['/v1/tickets/tkt_nobody', path].filter(Boolean).join('/'),
    {
      body: JSON.stringify(example),
    },
  );
  expect([status, body.code]).toEqual([404, 'ticket_not_found']);
});

test('a request for a state of the ticket that is past changes nothing', async () => {
  const id = await ticketAfter({ path: 'acknowledge' });
  const stale = await office.agent.post(`/v1/tickets/${id}/resolve`, {}, { 'if-match': '"1"' });
  expect([stale.status, stale.body.code]).toEqual([412, 'precondition_failed']);
  const current = await office.agent.post(`/v1/tickets/${id}/resolve`, {}, { 'if-match': '"2"' });
  expect(current.status).toBe(200);
  const any = await office.agent.post(`/v1/tickets/${id}/close`, {}, { 'if-match': '*' });
  expect(any.status).toBe(200);
});

test('an If-Match that is no tag of a ticket is a fault of the header', async () => {
  const { id } = await openTicket(office.agent);
  for (const tag of ['7', '"seven"', 'W/"1"', '"1", "2"', `"${'9'.repeat(40)}"`]) {
    const { status, body } = await office.agent.post(`/v1/tickets/${id}/resolve`, {}, { 'if-match': tag });
    expect([tag, status, body.errors?.[0].parameter]).toEqual([tag, 422, 'If-Match']);
  }
});

test('a request without a body is one without fields', async () => {
  const { id } = await openTicket(office.agent);
  expect((await office.agent.send('post', `/v1/tickets/${id}/acknowledge`)).status).toBe(200);
});

test('the timeline tells who asked, for whom, under which request id and in which words', async () => {
  const { id } = await openTicket(office.agent);
  const words = { resolution: 'Line card replaced.', causeCode: 'hardware', actingFor: 'agent-17' };
  await office.agent.post(`/v1/tickets/${id}/resolve`, words, { 'x-request-id': 'front-end.42' });
  const { body } = await office.agent.get(`/v1/tickets/${id}/timeline`);
  expect(body.data.at(-1)).toMatchObject({
    type: 'resolved',
    source: 'request',
    requestId: 'front-end.42',
    actor: { subject: office.agent.subject, role: 'agent', actingFor: 'agent-17' },
    text: { body: { resolution: 'Line card replaced.' }, erasedAt: null },
    data: { causeCode: 'hardware' },
  });
});
