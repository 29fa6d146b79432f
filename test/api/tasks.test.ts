/** Tasks over HTTP: opened, found, worked on; and everything that may be wrong with what is sent. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { journalWorkflowId } from '../../workflows/messages.ts';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, openTicket, setUpOffice } from './office.ts';

const DAY = 24 * HOUR;
const office = setUpOffice();
let lead: Caller;
let ticketId: string;
beforeAll(async () => {
  lead = await office.caller('lead');
  ticketId = (await openTicket(office.agent, { external: { system: 'desk', id: 'tasks-1' } })).id as string;
});

const taskBody = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  kind: 'actionItem',
  title: 'Alert a month before the certificate ends',
  subject: { type: 'ticket', id: ticketId },
  owner: 'agent-17',
  dueAt: inMs(5 * DAY),
  ...fields,
});

async function opened(fields: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
  const { dueAt, due } = fields;
  const body = taskBody(fields);
  if (due !== undefined && dueAt === undefined) delete body['dueAt'];
  const response = await office.agent.post('/v1/tasks', body, headers);
  if (response.status !== 201) throw new Error(`Not opened: ${response.status} ${response.text}`);
  return response;
}
const openTask = async (fields: Record<string, unknown> = {}) => (await opened(fields)).body;

const typesOf = ({ log }: { log: { type: string }[] }) => log.map(({ type }) => type);

describe('opening', () => {
  test('shows the task, where it is, and its log', async () => {
    const { body, headers } = await opened({ actingFor: 'lead-2' });
    expect(headers['location']).toBe(`/v1/tasks/${body.id}`);
    expect(headers['etag']).toBe('"1"');
    expect(body).toMatchObject({
      title: 'Alert a month before the certificate ends',
      state: 'open',
      isSettled: false,
      overdue: false,
      openedBy: { subject: office.agent.subject, role: 'agent', actingFor: 'lead-2' },
      escalateTo: ['lead', 'manager'],
      links: { subject: `/v1/tickets/${ticketId}` },
    });
    expect(typesOf(body)).toEqual(['opened']);
    const { body: read, headers: again } = await office.agent.get(`/v1/tasks/${body.id}`);
    expect(read).toEqual(body);
    expect(again['etag']).toBe('"1"');
  });

  test('its workflow runs, and knows when it is due', async () => {
    const { id } = await openTask();
    const handle = office.desk.client.workflow.getHandle(journalWorkflowId('task', id));
    expect((await handle.describe()).status.name).toBe('RUNNING');
  });

  test('the same key opens one task; with another body it is refused', async () => {
    const body = taskBody();
    const key = { 'idempotency-key': 'task-1' };
    const both = await Promise.all([1, 2].map(() => office.agent.post('/v1/tasks', body, key)));
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    expect(both[0]!.body.id).toBe(both[1]!.body.id);
    const other = await office.agent.post('/v1/tasks', { ...body, owner: null }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('a ticket may be named by its external reference', async () => {
    const { subject } = await openTask({ subject: { type: 'ticket', id: 'desk:tasks-1' } });
    expect(subject).toEqual({ type: 'ticket', id: ticketId });
  });

  test('is opened while Temporal is away: it is in the database, and the watchdog starts it', async () => {
    const door = await office.openDoor({ temporal: 'away', deadlineMs: 300 });
    const agent = await door.caller('agent');
    const { status, body } = await agent.post('/v1/tasks', taskBody());
    expect([status, body.state]).toEqual([201, 'open']);
    const asked = await agent.post(`/v1/tasks/${body.id}/complete`);
    expect([asked.status, asked.body.code]).toEqual([503, 'engine_unavailable']);
    expect((await office.agent.post(`/v1/tasks/${body.id}/complete`)).body.state).toBe('done');
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    ['no due date', { dueAt: undefined }, '/dueAt', 'missing'],
    ['two due dates', { due: { after: '1d' } }, '/due', 'question_ambiguous'],
    ['a due date in the past', { dueAt: '2020-01-01T00:00:00Z' }, '/dueAt', 'due_in_past'],
    ['an unknown kind', { kind: 'errand' }, '/kind', 'value_unknown'],
    ['no title', { title: '   ' }, '/title', 'value_invalid'],
    [
      'a ticket that there is not',
      { subject: { type: 'ticket', id: 'tkt_0' } },
      '/subject/id',
      'subject_unknown',
    ],
    [
      'an unknown calendar',
      { dueAt: undefined, due: { after: '1d', calendar: 'moon' } },
      '/due/calendar',
      'calendar_unknown',
    ],
    [
      'a calendar of a policy that there is not',
      { dueAt: undefined, due: { after: '1d', calendar: 'office', policy: 'none' } },
      '/due/calendar',
      'calendar_unknown',
    ],
    [
      'an amount that is none',
      { dueAt: undefined, due: { after: 'soon' } },
      '/due/after',
      'duration_malformed',
    ],
    ['no time at all', { dueAt: undefined, due: { after: '0h' } }, '/due/after', 'duration_malformed'],
    ['a reminder that is no duration', { remindBefore: ['often'] }, '/remindBefore/0', 'duration_malformed'],
    ['a field that there is not', { priority: 'P1' }, '/priority', 'unknown_key'],
  ])('%s is refused, with its place', async (_what, fields, pointer, code) => {
    const { status, body } = await office.agent.post('/v1/tasks', taskBody(fields));
    expect([
      status,
      body.errors.map((one: { pointer: string; code: string }) => [one.pointer, one.code]),
    ]).toEqual([422, expect.arrayContaining([[pointer, code]])]);
  });

  test('business time counts on the calendar: five days of it are due in five days of open hours', async () => {
    const standard = office.desk.policies.find(({ name }) => name === 'standard')!;
    const [calendar] = Object.keys(standard.calendars);
    const [always, open, days] = await Promise.all([
      openTask({ due: { after: '24h' } }),
      openTask({ due: { after: '24h', calendar, policy: 'standard' } }),
      openTask({ due: { after: '3 business days', calendar, policy: 'standard' } }),
    ]);
    const from = (task: { dueAt: string; openedAt: string }) =>
      Date.parse(task.dueAt) - Date.parse(task.openedAt);
    expect(from(always)).toBe(DAY);
    expect(from(open)).toBeGreaterThan(2 * DAY);
    const { timezone } = standard.calendars[calendar!]!;
    const local = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, timeStyle: 'medium' });
    expect(local.format(Date.parse(days.dueAt))).toBe('00:00:00');
  });
});

describe('working on one', () => {
  test('complete, verify by another, reopen, and every word of it is in the log', async () => {
    const { id } = await openTask({ needsVerification: true });
    const complete = await office.agent.post(`/v1/tasks/${id}/complete`, { comment: 'Alert set' });
    expect(complete.body).toMatchObject({ state: 'done', isSettled: false, completedBy: { role: 'agent' } });
    const own = await office.agent.post(`/v1/tasks/${id}/verify`);
    expect([own.status, own.body.code]).toEqual([403, 'verification_by_completer']);
    const verified = await lead.post(`/v1/tasks/${id}/verify`, { comment: 'It fired' });
    expect(verified.body).toMatchObject({ state: 'verified', isSettled: true, verifiedBy: { role: 'lead' } });
    const { body } = await lead.post(`/v1/tasks/${id}/reopen`, { reason: 'Only once' });
    expect(body).toMatchObject({ state: 'open', completedAt: null, verifiedAt: null, sequence: 4 });
    expect(typesOf(body)).toEqual(['opened', 'completed', 'verified', 'reopened']);
    expect(body.log.map(({ text }: { text: { body: unknown } }) => text.body)).toEqual([
      { title: 'Alert a month before the certificate ends' },
      { comment: 'Alert set' },
      { comment: 'It fired' },
      { reason: 'Only once' },
    ]);
  });

  test('give it to another, postpone it, cancel it', async () => {
    const { id, dueAt } = await openTask();
    expect((await lead.post(`/v1/tasks/${id}/reassign`, { owner: 'agent-18' })).body.owner).toBe('agent-18');
    expect((await lead.post(`/v1/tasks/${id}/reassign`, { owner: null })).body.owner).toBeNull();
    const later = inMs(9 * DAY);
    const postponed = await lead.post(`/v1/tasks/${id}/postpone`, { dueAt: later, reason: 'Freeze' });
    expect(postponed.body).toMatchObject({ dueAt: later, postponements: 1 });
    expect(postponed.body.log[3].data).toEqual({ dueAt: later, from: Date.parse(dueAt as string) });
    const { body } = await lead.post(`/v1/tasks/${id}/cancel`, { reason: 'Service gone' });
    expect(body).toMatchObject({ state: 'cancelled', isSettled: true });
  });

  test('postponing to an earlier time, or to what is past, is refused', async () => {
    const { id } = await openTask();
    const earlier = await lead.post(`/v1/tasks/${id}/postpone`, { dueAt: inMs(DAY), reason: 'Sooner' });
    expect([earlier.status, earlier.body.code]).toEqual([422, 'due_not_later']);
    const past = await lead.post(`/v1/tasks/${id}/postpone`, { dueAt: inMs(-DAY), reason: 'Sooner' });
    expect([past.status, past.body.errors[0].code]).toEqual([422, 'due_in_past']);
  });

  test('a request is for the state its caller knows', async () => {
    const { id } = await openTask();
    const stale = await lead.post(`/v1/tasks/${id}/complete`, {}, { 'if-match': '"7"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'precondition_failed']);
    const { headers } = await lead.post(`/v1/tasks/${id}/complete`, {}, { 'if-match': '"1"' });
    expect(headers['etag']).toBe('"2"');
  });

  test('a key is used once: the repeat says so, another body is refused, a refused one may be used again', async () => {
    const { id } = await openTask();
    const key = { 'idempotency-key': 'task-request-1' };
    const refused = await lead.post(`/v1/tasks/${id}/reopen`, { reason: 'Early' }, key);
    expect([refused.status, refused.body.code, refused.body.state]).toEqual([409, 'task_open', 'open']);
    const done = await lead.post(`/v1/tasks/${id}/complete`, { comment: 'Done' }, key);
    const again = await lead.post(`/v1/tasks/${id}/complete`, { comment: 'Done' }, key);
    expect([done.status, again.status, again.headers['idempotency-replayed']]).toEqual([200, 200, 'true']);
    expect(again.body).toEqual(done.body);
    const other = await lead.post(`/v1/tasks/${id}/complete`, { comment: 'Other' }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test.each(['complete', 'verify', 'cancel'])('%s of a task that there is not is 404', async (path) => {
    const { status, body } = await lead.post(
      `/v1/tasks/tsk_0/${path}`,
      path === 'cancel' ? { reason: 'x' } : {},
    );
    expect([status, body.code]).toEqual([404, 'task_not_found']);
  });

  test('what waited for a reason is refused without one', async () => {
    const { id } = await openTask();
    for (const path of ['cancel', 'reopen', 'postpone']) {
      const { status, body } = await lead.post(`/v1/tasks/${id}/${path}`, {});
      expect([path, status, body.errors.map((one: { pointer: string }) => one.pointer)]).toEqual([
        path,
        422,
        expect.arrayContaining(['/reason']),
      ]);
    }
  });
});

describe('finding them', () => {
  const ids = ({ body }: { body: { data: { id: string }[] } }) => body.data.map(({ id }) => id);
  let mine: string[];
  let review: string;
  beforeAll(async () => {
    const lead = await office.caller('lead');
    review = (await lead.post('/v1/reviews', { ticket: ticketId })).body.id;
    const terms = [
      { dueAt: inMs(3 * DAY) },
      { dueAt: inMs(DAY), kind: 'reviewTask' },
      { dueAt: inMs(2 * DAY), subject: { type: 'review', id: review } },
    ];
    mine = [];
    for (const one of terms) mine.push((await openTask({ owner: 'agent-finder', ...one })).id);
  });
  const find = (query: string) => office.agent.get(`/v1/tasks?owner=agent-finder&${query}`);

  test('by owner, the next due first; by kind, subject and state', async () => {
    expect(ids(await find(''))).toEqual([mine[1], mine[2], mine[0]]);
    expect(ids(await find('kind=reviewTask'))).toEqual([mine[1]]);
    expect(ids(await find(`subject=review:${review}`))).toEqual([mine[2]]);
    expect(ids(await find(`subject=ticket:${ticketId}`))).toEqual([mine[1], mine[0]]);
    expect(ids(await find('state=done,verified'))).toEqual([]);
    expect(ids(await find('overdue=true'))).toEqual([]);
    expect(ids(await find('overdue=false'))).toHaveLength(3);
  });

  test('page by page, each once', async () => {
    const first = await find('limit=2');
    const { nextCursor } = first.body.page;
    const rest = await find(`limit=2&cursor=${nextCursor}`);
    expect([...ids(first), ...ids(rest)]).toEqual([mine[1], mine[2], mine[0]]);
    expect(rest.body.page).toEqual({ hasMore: false, nextCursor: null });
    const other = await office.agent.get(`/v1/tasks?limit=2&cursor=${nextCursor}`);
    expect([other.status, other.body.code]).toEqual([400, 'cursor_invalid']);
  });

  test.each(['subject=tkt_1', 'state=lost', 'overdue=maybe', 'assignee=agent-17'])(
    'what cannot be asked is refused: %s',
    async (query) => {
      expect((await find(query)).status).toBe(422);
    },
  );

  test('what is overdue is shown as such, and found by it', async () => {
    const { id } = await openTask({ owner: 'agent-late', dueAt: inMs(400) });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await office.agent.get(`/v1/tasks/${id}`)).body.overdue).toBe(true);
    expect(ids(await office.agent.get('/v1/tasks?owner=agent-late&overdue=true'))).toEqual([id]);
  });
});

test('words are kept apart: no title and no reason is in the journal, and what was erased is null', async () => {
  const canary = 'canary-51c7';
  const { id } = await openTask({ title: canary });
  await lead.post(`/v1/tasks/${id}/cancel`, { reason: canary });
  const rows = await office.desk.database.journalEvent.findMany({ where: { kind: 'task', journalId: id } });
  const task = await office.desk.database.task.findUnique({ where: { id } });
  const text = JSON.stringify([rows, task], (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  expect(text).not.toContain(canary);
  const handle = office.desk.client.workflow.getHandle(journalWorkflowId('task', id));
  expect(JSON.stringify(await handle.fetchHistory())).not.toContain(Buffer.from(canary).toString('base64'));
  await office.desk.database
    .$executeRaw`UPDATE texts SET body = NULL, salt = NULL, erased_at = now() WHERE ticket_id = ${id}`;
  const { body } = await lead.get(`/v1/tasks/${id}`);
  expect(body.title).toBeNull();
  expect(body.log[1].text).toMatchObject({ body: null, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
});
