/** Reviews over HTTP: opened, written, accepted, followed to the end; their timeline and their document. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { reviewJournalReaders, reviewReaders } from '../../bin/review-readers.ts';
import { reviewIdOf } from '../../domain/review.ts';
import { READER_WORKFLOW, readerWorkflowId } from '../../workflows/messages.ts';
import { eventually } from '../support/desk.ts';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, MINUTE, openTicket, setUpOffice } from './office.ts';

const DAY = 24 * HOUR;
const office = setUpOffice({
  handlers: ({ database, client, taskQueue }) => reviewReaders(database, { client, taskQueue }),
  journalHandlers: ({ database, client, taskQueue, engine }) =>
    reviewJournalReaders(database, { client, taskQueue, engine }),
});
let lead: Caller;
beforeAll(async () => {
  lead = await office.caller('lead');
  for (const reader of ['reviews', 'review-news'])
    await office.desk.client.workflow.start(READER_WORKFLOW, {
      workflowId: `${office.desk.taskQueue}/${readerWorkflowId(reader)}`,
      taskQueue: office.desk.taskQueue,
      args: [{ reader }],
    });
});

const SECTIONS = {
  summary: 'The certificate of the gateway ended during the night.',
  impact: 'Nobody could pay for two hours.',
  contributingFactors: 'The alert went to a mailbox that nobody reads.',
  rootCause: 'Nobody was told who renews it.',
  lessons: 'What ends by itself needs an owner.',
};

async function opened(fields: Record<string, unknown> = {}, ticket: Record<string, unknown> = {}) {
  const { id: ticketId } = await openTicket(office.agent, ticket);
  const response = await office.agent.post('/v1/reviews', { ticket: ticketId, ...fields });
  if (response.status !== 201) throw new Error(`Not opened: ${response.status} ${response.text}`);
  return response;
}
const openReview = async (fields: Record<string, unknown> = {}) => (await opened(fields)).body;

const ask = (id: string, request: string, body: object = {}, caller: Caller = office.agent) =>
  caller.post(`/v1/reviews/${id}/${request}`, body);

async function granted(...asked: Parameters<typeof ask>) {
  const response = await ask(...asked);
  if (response.status !== 200) throw new Error(`${asked[1]}: ${response.status} ${response.text}`);
  return response.body;
}

async function submitted(fields: Record<string, unknown> = {}): Promise<string> {
  const { id } = await openReview(fields);
  await granted(id, 'hold-meeting');
  await granted(id, 'write', { sections: SECTIONS });
  await granted(id, 'submit');
  return id;
}

const once = (id: string, enough: (review: Record<string, unknown>) => boolean) =>
  eventually(async () => (await office.agent.get(`/v1/reviews/${id}`)).body, enough);

describe('opening', () => {
  test('shows the review, where it is, what is due, and its log', async () => {
    const { body, headers } = await opened({
      owner: 'agent-17',
      reason: 'Worth a look',
      actingFor: 'lead-2',
    });
    expect(headers['location']).toBe(`/v1/reviews/${body.id}`);
    expect(headers['etag']).toBe('"1"');
    expect(body).toMatchObject({
      id: reviewIdOf(body.ticketId),
      cause: 'hand',
      severity: 'P1',
      state: 'opened',
      owner: 'agent-17',
      openedBy: { actingFor: 'lead-2' },
      due: { about: 'meeting', overdue: false },
      missing: ['summary', 'impact', 'contributingFactors', 'rootCause', 'lessons'],
    });
    // A P1: three days round the clock.
    expect(Date.parse(body.meetingDueAt) - Date.parse(body.openedAt)).toBe(3 * DAY);
    expect(body.log[0].text.body).toEqual({ reason: 'Worth a look' });
  });

  test('a second one is refused and names the first; the same key is answered with it', async () => {
    const { id: ticket } = await openTicket(office.agent);
    const key = { 'idempotency-key': `review-${ticket}` };
    const both = [
      await office.agent.post('/v1/reviews', { ticket }, key),
      await office.agent.post('/v1/reviews', { ticket }, key),
    ];
    expect(both.map(({ status, body }) => [status, body.id])).toEqual([
      [201, reviewIdOf(ticket)],
      [201, reviewIdOf(ticket)],
    ]);
    const other = await lead.post('/v1/reviews', { ticket });
    expect([other.status, other.body.code]).toEqual([409, 'review_exists']);
    expect(other.body.detail).toContain(reviewIdOf(ticket));
  });

  test('of a part it is the review of the whole', async () => {
    const [whole, part] = [await openTicket(office.agent), await openTicket(office.agent)];
    await office.agent.post(`/v1/tickets/${part.id}/link`, { relation: 'parent', reference: whole.id });
    const { body } = await office.agent.post('/v1/reviews', { ticket: part.id });
    expect(body.ticketId).toBe(whole.id);
  });

  test('an auditor reads and does not open', async () => {
    const auditor = await office.caller('auditor');
    const { id, ticketId } = await openReview();
    expect((await auditor.get(`/v1/reviews/${id}`)).status).toBe(200);
    expect((await auditor.post('/v1/reviews', { ticket: ticketId })).status).toBe(403);
  });

  test('one that there is not is 404, and a ticket that there is not too', async () => {
    const { status, body } = await office.agent.get('/v1/reviews/rvw_0');
    expect([status, body.code]).toEqual([404, 'review_not_found']);
    const none = await office.agent.post('/v1/reviews', { ticket: 'tkt_0' });
    expect([none.status, none.body.code]).toEqual([404, 'ticket_not_found']);
  });
});

describe('to the end', () => {
  test('meeting, text, submission, acceptance by another, action verified, quiet, closed', async () => {
    const { id } = await openReview({ owner: 'agent-17' });
    await granted(id, 'add-participants', { people: ['agent-17', 'agent-21'] });
    await granted(id, 'remove-participants', { people: ['agent-21'] });
    expect((await granted(id, 'schedule', { meetingAt: inMs(DAY) })).state).toBe('scheduled');
    expect((await granted(id, 'hold-meeting')).state).toBe('drafted');
    const early = await ask(id, 'submit');
    expect([early.status, early.body.code]).toEqual([422, 'review_incomplete']);
    expect(early.body.errors.map((one: { pointer: string }) => one.pointer)).toContain('/sections/lessons');
    await granted(id, 'write', { sections: { ...SECTIONS, impact: 'agent-17 did nothing wrong' } });
    const inReview = await granted(id, 'submit');
    expect(inReview).toMatchObject({
      state: 'inReview',
      findings: ['namesPerson', 'noActions', 'noLuck', 'oneParticipant'],
      sections: { summary: SECTIONS.summary },
    });
    expect((await granted(id, 'return', { reason: 'Say what, not who' }, lead)).state).toBe('drafted');
    await granted(id, 'write', { sections: { impact: SECTIONS.impact, gotLucky: 'It was at night.' } });
    const added = await granted(id, 'add-action-item', {
      title: 'Give it an owner',
      owner: 'agent-18',
      urgent: true,
    });
    const [{ id: task }] = added.tasks;
    expect((await granted(id, 'submit')).findings).toEqual(['oneParticipant']);
    const own = await ask(id, 'accept');
    expect([own.status, own.body.code]).toEqual([403, 'acceptance_by_author']);
    expect((await granted(id, 'accept', {}, lead)).state).toBe('awaitingActions');
    const { body: item } = await office.agent.get(`/v1/tasks/${task}`);
    expect(item).toMatchObject({
      title: 'Give it an owner',
      kind: 'actionItem',
      needsVerification: true,
      subject: { type: 'review', id },
    });
    // Counted from the request, a moment before the task was opened.
    expect(Math.round((Date.parse(item.dueAt) - Date.parse(item.openedAt)) / HOUR)).toBe(28 * 24);
    const open = await ask(id, 'close', { reason: 'Enough' }, lead);
    expect([open.status, open.body.code]).toEqual([409, 'actions_open']);
    await office.agent.post(`/v1/tasks/${task}/complete`);
    await lead.post(`/v1/tasks/${task}/verify`);
    await once(id, ({ state }) => state === 'quiet');
    const judged = await ask(id, 'judge-effectiveness', { effective: true }, lead);
    expect([judged.status, judged.body.code]).toEqual([409, 'review_state']);
    expect((await granted(id, 'close', { reason: 'The gateway is gone' }, lead)).state).toBe('closed');
    expect((await granted(id, 'reopen', { reason: 'Another cause' }, lead)).state).toBe('drafted');
  });

  test('an action item that is dropped takes a reason, and counts as settled', async () => {
    const id = await submitted();
    const { tasks } = await granted(id, 'add-task', { title: 'Ask the vendor', due: { after: '3d' } });
    await granted(id, 'accept', {}, lead);
    const bare = await office.agent.post(`/v1/tasks/${tasks[0].id}/cancel`);
    expect(bare.status).toBe(422);
    await office.agent.post(`/v1/tasks/${tasks[0].id}/cancel`, { reason: 'They answered' });
    expect((await once(id, ({ state }) => state === 'quiet'))['tasks']).toMatchObject([
      { state: 'cancelled' },
    ]);
  });

  test('the same key adds one action item, with one task', async () => {
    const { id } = await openReview();
    const body = { title: 'Give it an owner', owner: null };
    const key = { 'idempotency-key': `action-${id}` };
    const path = `/v1/reviews/${id}/add-action-item`;
    const both = [await office.agent.post(path, body, key), await office.agent.post(path, body, key)];
    expect(both.map((one) => one.body.tasks.length)).toEqual([1, 1]);
    const { body: page } = await office.agent.get(`/v1/tasks?subject=review:${id}`);
    expect(page.data).toHaveLength(1);
  });

  test('a task that is opened for it elsewhere is one of its own; for a review that there is not it is refused', async () => {
    const { id } = await openReview();
    const task = { kind: 'actionItem', title: 'Elsewhere', dueAt: inMs(DAY) };
    const { body } = await office.agent.post('/v1/tasks', { ...task, subject: { type: 'review', id } });
    expect((await once(id, ({ tasks }) => (tasks as unknown[]).length === 1))['tasks']).toMatchObject([
      { id: body.id },
    ]);
    const none = await office.agent.post('/v1/tasks', { ...task, subject: { type: 'review', id: 'rvw_0' } });
    expect([none.status, none.body.errors[0].code]).toEqual([422, 'subject_unknown']);
  });

  test('what was asked of another state of it is refused', async () => {
    const { id } = await openReview();
    const response = await office.agent.post(
      `/v1/reviews/${id}/assign`,
      { owner: 'agent-9' },
      { 'if-match': '"9"' },
    );
    expect([response.status, response.body.code]).toEqual([412, 'precondition_failed']);
  });

  test.each<[string, string, object, string, string]>([
    ['no section', 'write', { sections: {} }, '/sections', 'missing'],
    ['an unknown section', 'write', { sections: { blame: 'x' } }, '/sections/blame', 'unknown_key'],
    [
      'a meeting in the past',
      'schedule',
      { meetingAt: '2020-01-01T00:00:00Z' },
      '/meetingAt',
      'meeting_in_past',
    ],
    [
      'a meeting before the review',
      'hold-meeting',
      { heldAt: '2020-01-01T00:00:00Z' },
      '/heldAt',
      'meeting_not_held',
    ],
    ['no action for what did not work', 'judge-effectiveness', { effective: false }, '/action', 'missing'],
    [
      'two due dates',
      'add-task',
      { title: 'x', dueAt: inMs(DAY), due: { after: '1d' } },
      '/due',
      'question_ambiguous',
    ],
    ['a return without a reason', 'return', {}, '/reason', 'missing'],
  ])('%s is refused, with its place', async (_what, request, body, pointer, code) => {
    const { id } = await openReview();
    const response = await ask(id, request, body);
    expect([response.status, response.body.errors]).toEqual([
      422,
      expect.arrayContaining([expect.objectContaining({ pointer, code })]),
    ]);
  });
});

describe('finding them', () => {
  test('by state, owner, ticket and what is overdue; page by page', async () => {
    const owner = `agent-${Date.now()}`;
    const mine = [await openReview({ owner }), await openReview({ owner }), await openReview({ owner })];
    await granted(mine[0].id, 'hold-meeting');
    const find = async (query: string) =>
      (await office.agent.get(`/v1/reviews?owner=${owner}&${query}`)).body.data.map(
        ({ id }: { id: string }) => id,
      );
    expect(await find('')).toEqual(mine.map(({ id }) => id).toReversed());
    expect(await find('state=drafted')).toEqual([mine[0].id]);
    expect(await find(`ticket=${mine[1].ticketId}`)).toEqual([mine[1].id]);
    expect(await find('overdue=true')).toEqual([]);
    expect(await find('overdue=false')).toHaveLength(3);
    const first = await office.agent.get(`/v1/reviews?owner=${owner}&limit=2`);
    const next = await office.agent.get(
      `/v1/reviews?owner=${owner}&limit=2&cursor=${first.body.page.nextCursor}`,
    );
    expect([...first.body.data, ...next.body.data].map(({ id }: { id: string }) => id)).toEqual(
      await find(''),
    );
  });

  test('action items of every review, by owner and by being overdue', async () => {
    const { id } = await openReview();
    const owner = `agent-${Date.now()}-x`;
    await granted(id, 'add-action-item', { title: 'Later', owner });
    const soon = await granted(id, 'add-action-item', { title: 'Soon', owner, dueAt: inMs(1_500) });
    const { body } = await office.agent.get(`/v1/action-items?owner=${owner}`);
    expect(body.data.map(({ title }: { title: string }) => title)).toEqual(['Soon', 'Later']);
    const late = await eventually(
      async () => (await office.agent.get(`/v1/action-items?owner=${owner}&overdue=true`)).body.data,
      (found) => found.length > 0,
    );
    expect(late.map((one: { id: string }) => one.id)).toEqual([soon.tasks[1].id]);
  });
});

describe('what happened', () => {
  async function incident() {
    const { id: ticketId } = await openTicket(office.agent, { subject: 'Nobody can pay' });
    const { id: partId } = await openTicket(office.agent, { subject: 'I cannot pay' });
    await office.agent.post(`/v1/tickets/${partId}/link`, { relation: 'parent', reference: ticketId });
    await office.desk.tell(ticketId, {
      type: 'linked',
      relation: 'child',
      reference: partId,
      occurredAt: Date.now(),
    });
    await office.agent.post(`/v1/tickets/${ticketId}/reply`, { text: 'We look <b>into</b> it | now' });
    await office.agent.post(`/v1/tickets/${ticketId}/consult`, { toTier: 2, text: 'Which gateway?' });
    const { body: problem } = await office.agent.post('/v1/problems', {
      title: 'Certificates',
      tickets: [ticketId],
    });
    const { body: review } = await office.agent.post('/v1/reviews', { ticket: ticketId });
    await office.desk.timeline(ticketId, (events) => events.some(({ type }) => type === 'reviewNoted'));
    return { ticketId, partId, problem: problem.id as string, id: review.id as string };
  }

  test('the timeline has every log in one order, each with its source', async () => {
    const { id, ticketId, partId, problem } = await incident();
    const { body } = await office.agent.get(`/v1/reviews/${id}/timeline`);
    const found = body.data.map((entry: Record<string, unknown>) => [
      entry['source'],
      entry['of'],
      entry['type'],
    ]);
    expect(found).toEqual(
      expect.arrayContaining([
        ['ticket', ticketId, 'opened'],
        ['child', partId, 'opened'],
        ['ticket', ticketId, 'messageAdded'],
        ['ticket', ticketId, 'consultAsked'],
        ['problem', problem, 'opened'],
      ]),
    );
    const instants = body.data.map(({ at }: { at: string }) => Date.parse(at));
    expect(instants).toEqual(instants.toSorted((a: number, b: number) => a - b));
    expect(body.data.find((entry: { type: string }) => entry.type === 'messageAdded').words).toMatchObject({
      text: 'We look <b>into</b> it | now',
    });
  });

  test('a long silence is an entry of its own: how long, and what was open', async () => {
    const { id: ticketId } = await openTicket(lead, { openedAt: inMs(-3 * HOUR) });
    const { body: review } = await office.agent.post('/v1/reviews', { ticket: ticketId });
    const { body } = await office.agent.get(`/v1/reviews/${review.id}/timeline?gap=1h`);
    expect(body.gapSeconds).toBe(3600);
    const [opening, gap] = body.data;
    expect([opening.type, gap.type, gap.source, gap.at]).toEqual(['opened', 'gap', 'gap', opening.at]);
    expect(gap.openThen).toEqual(['tier 1', 'nobody assigned']);
    expect(gap.lengthSeconds).toBeGreaterThan(3 * 3600 - 60);
    const { body: patient } = await office.agent.get(`/v1/reviews/${review.id}/timeline?gap=4h`);
    expect(patient.data.map(({ type }: { type: string }) => type)).not.toContain('gap');
  });

  test('the document has the parts, the people, the actions and the timeline, and nobody’s markup', async () => {
    const { id } = await incident();
    await granted(id, 'add-participants', { people: ['agent-17'] });
    await granted(id, 'write', { sections: SECTIONS });
    await granted(id, 'add-action-item', { title: 'Give it | an owner', owner: 'agent-18' });
    const { status, headers, text } = await office.agent.get(`/v1/reviews/${id}/export`);
    expect([status, headers['content-type']]).toEqual([200, 'text/markdown; charset=utf-8']);
    expect(text).toContain(`## Root cause\n\n${SECTIONS.rootCause}`);
    expect(text).toContain('- agent-17');
    expect(text).toContain(String.raw`| Give it \| an owner | actionItem | agent-18 |`);
    expect(text).toContain(String.raw`We look &lt;b>into&lt;/b> it \| now`);
    expect(text).not.toContain('<b>');
  });
});

test(
  'a ticket under a gate is closed after its review, or by a lead with a reason',
  async () => {
    const ticket = await openTicket(office.agent, { policy: 'three-tiers' });
    const path = `/v1/tickets/${ticket.id}`;
    await office.agent.post(`${path}/resolve`, { causeCode: 'network', needsArticle: true });
    const early = await office.agent.post(`${path}/close`);
    expect([early.status, early.body.code]).toEqual([409, 'review_open']);
    expect(early.body.detail).toContain(reviewIdOf(ticket.id));
    const body = { override: true, reason: 'The customer asked for it' };
    const agent = await office.agent.post(`${path}/close`, body);
    expect([agent.status, agent.body.code]).toEqual([403, 'override_not_allowed']);
    const bare = await lead.post(`${path}/close`, { override: true });
    expect([bare.status, bare.body.code]).toEqual([422, 'reason_missing']);
    expect((await lead.post(`${path}/close`, body)).body.state).toBe('closed');
    const review = await once(reviewIdOf(ticket.id), ({ overrides }) => overrides === 1);
    const noted = (review['log'] as { type: string; text?: { body: unknown } }[]).find(
      ({ type }) => type === 'gateOverridden',
    );
    expect(noted?.text?.body).toEqual({ reason: 'The customer asked for it' });
  },
  60_000 + MINUTE,
);
