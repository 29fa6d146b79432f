/** Publishing policies and calendars: what is stored, what is refused, and who is told what. */
import { beforeAll, expect, test } from '@jest/globals';
import type { Caller } from './front-door.ts';
import { openTicket, setUpOffice } from './office.ts';
import { ended, policyDocument, post, postCalendar, publish } from './rule-book.ts';

const office = setUpOffice();
let manager: Caller;
let auditor: Caller;
beforeAll(async () => {
  manager = await office.caller('manager');
  auditor = await office.caller('auditor');
});

let names = 0;
const newName = (): string => `policy-${(names += 1)}`;
const OFFICE = { timezone: 'Europe/Berlin', hours: { mon: [['09:00', '17:00']] } };
const LONGER = { timezone: 'Europe/Berlin', hours: { mon: [['08:00', '18:00']] } };

test('a version is stored with who published it, when and why, and new tickets get it at once', async () => {
  const document = policyDocument(newName(), '8h');
  const name = document['name'] as string;
  const answer = await post(manager, document, { reason: 'First of its name', actingFor: 'lead-3' });
  expect(answer.status).toBe(202);
  expect(answer.headers['location']).toBe(`/v1/rule-changes/${answer.body.id}`);
  expect(answer.body).toMatchObject({
    kind: 'policy',
    name,
    fromVersion: null,
    toVersion: 1,
    state: 'running',
    retroactive: false,
    reason: 'First of its name',
    requestedBy: { subject: manager.subject, role: 'manager', actingFor: 'lead-3' },
  });
  const ticket = await openTicket(office.agent, { policy: name });
  expect(ticket.policy).toEqual({ name, version: 1 });

  const shown = await auditor.get(`/v1/policies/${name}`);
  expect(shown.body).toMatchObject({
    version: 1,
    state: 'inForce',
    policy: document,
    reason: 'First of its name',
  });
  expect((await ended(manager, answer.body.id)).state).toBe('done');

  expect((await openTicket(office.agent, { policy: name })).policy.version).toBe(1);
  const next = await post(manager, policyDocument(name, '6h'));
  expect((await openTicket(office.agent, { policy: name })).policy.version).toBe(2);
  expect((await ended(manager, next.body.id)).state).toBe('done');
});

test('the same content as in force changes nothing: 200, whoever asks', async () => {
  const document = policyDocument(newName(), '8h');
  await publish(manager, document);
  const again = await post(manager, document, { reason: 'Once more' });
  expect([again.status, again.body.version, again.body.reason]).toEqual([200, 1, 'The contract was renewed']);
});

test('a repeated post under one key is one change; another body under it is refused', async () => {
  const document = policyDocument(newName(), '8h');
  const path = `/v1/policies/${document['name'] as string}/versions`;
  const key = { 'idempotency-key': 'renewal-2026' };
  const first = await manager.post(path, { policy: document, reason: 'Renewed' }, key);
  const second = await manager.post(path, { policy: document, reason: 'Renewed' }, key);
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(second.body.id).toBe(first.body.id);
  expect(second.headers['idempotency-replayed']).toBe('true');
  const other = await manager.post(path, { policy: document, reason: 'Renewed again' }, key);
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  await ended(manager, first.body.id);
  expect((await manager.get(path)).body.data).toHaveLength(1);
});

test('what is wrong with a policy is told with its place in the body, all at once', async () => {
  const name = newName();
  const broken = policyDocument(name, 'soon', { precedence: -1 });
  const answer = await post(manager, broken);
  expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
  const pointers = (answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer);
  expect(pointers).toEqual(
    expect.arrayContaining(['/policy/precedence', '/policy/clocks/resolution/targets/P1']),
  );
  expect((await manager.get(`/v1/policies/${name}`)).body.code).toBe('policy_not_found');
});

test.each([
  ['not an object', { policy: 'gold', reason: 'x' }, '/policy'],
  ['without a reason', { policy: policyDocument('gold', '8h') }, '/reason'],
  ['of another name than the path', { policy: policyDocument('silver', '8h'), reason: 'x' }, '/policy/name'],
  [
    'with an unknown field beside it',
    { policy: policyDocument('gold', '8h'), reason: 'x', force: true },
    '/force',
  ],
])('a policy %s is refused', async (_how, body, pointer) => {
  const answer = await manager.post('/v1/policies/gold/versions', body);
  expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, pointer]);
});

test('a policy nested a thousand deep is refused, not followed', async () => {
  const deep = '['.repeat(10_000) + ']'.repeat(10_000);
  const answer = await manager.send('post', '/v1/policies/gold/versions', {
    body: `{"reason":"x","policy":{"name":"gold","match":${deep}}}`,
  });
  expect(answer.status).toBe(422);
});

test('a policy that does not keep its examples is refused, and each failing one is named', async () => {
  const name = newName();
  const example = (title: string, breached: boolean) => ({
    name: title,
    priority: 'P1',
    opened: '2026-01-12T09:00:00Z',
    until: '2026-01-12T12:00:00Z',
    expect: { clocks: { resolution: { breached } } },
  });
  const examples = [example('late after two hours', true), example('kept for three hours', false)];
  const answer = await post(manager, policyDocument(name, '2h', { examples }));
  expect([answer.status, answer.body.code]).toEqual([422, 'examples_failed']);
  expect(answer.body.errors).toEqual([
    expect.objectContaining({
      pointer: expect.stringMatching(/^\/policy\/examples\/1/),
      code: 'example_failed',
      message: expect.stringContaining('kept for three hours'),
    }),
  ]);
  expect((await post(manager, policyDocument(name, '2h', { examples: examples.slice(0, 1) }))).status).toBe(
    202,
  );
});

test('one change of a policy at a time: another is told which is under way', async () => {
  const name = newName();
  await publish(manager, policyDocument(name, '8h'));
  const effectiveFrom = new Date(Date.now() + 3_600_000).toISOString();
  const scheduled = await post(manager, policyDocument(name, '4h'), { effectiveFrom });
  expect([scheduled.status, scheduled.body.state]).toEqual([202, 'scheduled']);
  const other = await post(manager, policyDocument(name, '2h'));
  expect([other.status, other.body.code]).toEqual([409, 'change_in_progress']);
  expect(other.headers['location']).toBe(scheduled.headers['location']);
  const same = await post(manager, policyDocument(name, '4h'), { effectiveFrom });
  expect([same.status, same.body.id]).toEqual([202, scheduled.body.id]);

  const cancelled = await manager.post(`/v1/rule-changes/${scheduled.body.id}/cancel`, {
    reason: 'Too early',
  });
  expect(cancelled.body).toMatchObject({ state: 'cancelled', note: 'Too early' });
  expect((await manager.get(`/v1/policies/${name}/versions/2`)).body.state).toBe('withdrawn');
  expect((await publish(manager, policyDocument(name, '2h'))).toVersion).toBe(3);
  const again = await manager.post(`/v1/rule-changes/${scheduled.body.id}/cancel`);
  expect(again.status).toBe(200);
});

test('a change that has ended cannot be cancelled', async () => {
  const { id } = await publish(manager, policyDocument(newName(), '8h'));
  const answer = await manager.post(`/v1/rule-changes/${id}/cancel`);
  expect([answer.status, answer.body.code]).toEqual([409, 'change_ended']);
});

test('a policy may name a stored calendar, and one that is not stored is told where', async () => {
  const name = newName();
  const document = policyDocument(name, '8h', {
    clocks: { resolution: { calendar: 'berlin', targets: { P1: '8h' } } },
  });
  const before = await post(manager, document);
  expect([before.status, before.body.errors?.[0]]).toEqual([
    422,
    expect.objectContaining({ pointer: '/policy/clocks/resolution/calendar', code: 'calendar_unknown' }),
  ]);
  const stored = await postCalendar(manager, 'berlin', OFFICE);
  expect(stored.status).toBe(202);
  await ended(manager, stored.body.id);
  await publish(manager, document);
  expect((await openTicket(office.agent, { policy: name })).policy.version).toBe(1);
  expect((await manager.get(`/v1/policies/${name}`)).body.policy).toEqual(document);
});

test('calendars have versions, and one in force', async () => {
  await ended(manager, (await postCalendar(manager, 'plain', OFFICE)).body.id);
  expect((await postCalendar(manager, 'plain', OFFICE)).status).toBe(200);
  await ended(manager, (await postCalendar(manager, 'plain', LONGER)).body.id);
  const shown = await auditor.get('/v1/calendars/plain');
  expect(shown.body).toMatchObject({ version: 2, state: 'inForce', calendar: LONGER, reason: 'New hours' });
  const versions = await auditor.get('/v1/calendars/plain/versions?limit=1');
  expect(versions.body.data.map(({ version }: { version: number }) => version)).toEqual([2]);
  const next = await auditor.get(
    `/v1/calendars/plain/versions?limit=1&cursor=${versions.body.page.nextCursor as string}`,
  );
  expect(next.body).toMatchObject({ data: [{ version: 1, state: 'superseded' }], page: { hasMore: false } });
  const listed = await auditor.get('/v1/calendars');
  expect(listed.body.data.map(({ name }: { name: string }) => name)).toContain('plain');
});

test('saving a calendar warns of hours that a clock change drops; a policy, of what it hardly means', async () => {
  const night = { timezone: 'Europe/Berlin', hours: { sun: [['02:30', '06:00']] } };
  const dropped = [expect.objectContaining({ pointer: '/calendar/hours/sun/0', code: 'window_dropped' })];
  const { body: foreseen } = await manager.post('/v1/calendars/nights/versions?dryRun=true', {
    calendar: night,
    reason: 'Sunday watch',
  });
  expect(foreseen.warnings).toEqual(dropped);
  const saved = await postCalendar(manager, 'nights', night);
  expect([saved.status, saved.body.warnings]).toEqual([202, dropped]);
  const unused = { ...policyDocument(newName(), '8h'), calendars: { spare: OFFICE } };
  const { body } = await post(manager, unused);
  expect(body.warnings).toContainEqual(
    expect.objectContaining({ pointer: '/policy/calendars/spare', code: 'calendar_unused' }),
  );
});

test('a calendar that is wrong is refused; the built-in ones have no versions', async () => {
  const answer = await postCalendar(manager, 'mars', { ...OFFICE, timezone: 'Mars/Olympus' });
  expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, '/calendar/timezone']);
  expect((await postCalendar(manager, 'always', OFFICE)).status).toBe(404);
});

test('policies are listed by name, a page at a time', async () => {
  const first = await auditor.get('/v1/policies?limit=1');
  expect(first.body.data).toHaveLength(1);
  const second = await auditor.get(`/v1/policies?limit=1&cursor=${first.body.page.nextCursor as string}`);
  expect(second.body.data[0].name > first.body.data[0].name).toBe(true);
});

test.each([
  ['/v1/policies/nobody', 'policy_not_found'],
  ['/v1/policies/nobody/versions', 'policy_not_found'],
  ['/v1/policies/standard/versions/99', 'policy_not_found'],
  ['/v1/calendars/nobody', 'calendar_not_found'],
  ['/v1/calendars/nobody/versions', 'calendar_not_found'],
  ['/v1/calendars/nobody/versions/1', 'calendar_not_found'],
  ['/v1/rule-changes/chg_nobody', 'change_not_found'],
  ['/v1/rule-changes/chg_nobody/tickets', 'change_not_found'],
])('%s is %s', async (path, code) => {
  const answer = await auditor.get(path);
  expect([answer.status, answer.body.code]).toEqual([404, code]);
});

test('a policy of a file shows as written, and is said to come from a file', async () => {
  const { body } = await auditor.get('/v1/policies/standard');
  expect(body).toMatchObject({
    version: 1,
    state: 'inForce',
    createdBy: 'file',
    policy: { name: 'standard' },
  });
});
