/** Recurring tickets become one problem, its tickets learn of it, and its fix is watched: over HTTP, on real servers. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { problemReaders, recurrenceReaders } from '../../bin/problem-readers.ts';
import type { LedgerEvent, ProblemNews } from '../../domain/events.ts';
import { journalWorkflowId, READER_WORKFLOW } from '../../workflows/messages.ts';
import { wakeOverslept } from '../../api/journal-runner.ts';
import { eventually } from '../support/desk.ts';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, openTicket, setUpOffice } from './office.ts';
import { policyDocument, publish } from './rule-book.ts';

const DAY = 24 * HOUR;
const office = setUpOffice({
  handlers: ({ database, client, taskQueue }) => recurrenceReaders(database, { client, taskQueue }),
  journalHandlers: ({ database, client, taskQueue, engine }) =>
    problemReaders(database, { client, taskQueue, engine }),
});
let lead: Caller;

beforeAll(async () => {
  lead = await office.caller('lead');
  const manager = await office.caller('manager');
  const recurrence = { count: 5, within: '1d', quiet: '3d' };
  await publish(
    manager,
    policyDocument('recurring', '8h', {
      recurrence,
      knowledge: { articleTask: { within: '5d' } },
    }),
  );
  await publish(manager, policyDocument('once', '8h'));
  for (const reader of ['recurrence', 'article-tasks', 'problem-news'])
    await office.desk.client.workflow.start(READER_WORKFLOW, {
      workflowId: `reader/${reader}/${randomUUID()}`,
      taskQueue: office.desk.taskQueue,
      args: [{ reader }],
    });
});

interface View {
  id: string;
  state: string;
  tickets: number;
  [field: string]: unknown;
}

const openRecurring = (fingerprint: string, fields: Record<string, unknown> = {}) =>
  openTicket(office.agent, { policy: 'recurring', fingerprint, ...fields });

const listed = async (fingerprint: string): Promise<View[]> =>
  (await lead.get(`/v1/problems?fingerprint=${encodeURIComponent(fingerprint)}`)).body.data as View[];

/** The problem of a fingerprint, once it has so many tickets. */
async function problemOf(fingerprint: string, tickets: number): Promise<View> {
  const found = await eventually(
    () => listed(fingerprint),
    ([problem]) => problem?.tickets === tickets,
    60_000,
  );
  expect(found).toHaveLength(1);
  return found[0]!;
}

async function recurring(): Promise<{ problem: View; tickets: string[]; fingerprint: string }> {
  const fingerprint = `f-${randomUUID()}`;
  const opened = await Promise.all([1, 2, 3, 4, 5].map(() => openRecurring(fingerprint)));
  return {
    problem: await problemOf(fingerprint, 5),
    tickets: opened.map(({ id }) => id as string),
    fingerprint,
  };
}

const show = async (id: string): Promise<View> => (await lead.get(`/v1/problems/${id}`)).body as View;
const becomes = (id: string, state: string) =>
  eventually(
    () => show(id),
    (problem) => problem.state === state,
  );
const ask = async (id: string, path: string, body: object = {}) => {
  const response = await lead.post(`/v1/problems/${id}/${path}`, body);
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${response.text}`);
  return response.body as View;
};
const typesOf = async (id: string): Promise<string[]> =>
  ((await lead.get(`/v1/problems/${id}/timeline?limit=200`)).body.data as { type: string }[]).map(
    ({ type }) => type,
  );

/** What a ticket has heard of problems, once it has heard so much. */
async function newsOf(ticketId: string, count: number): Promise<ProblemNews[]> {
  const isNews = (event: LedgerEvent) => event.type === 'problemNoted';
  const events = await eventually(
    () => office.desk.ledger.events(ticketId),
    (all) => all.filter(isNews).length >= count,
    60_000,
  );
  return events.flatMap((event) => (event.type === 'problemNoted' ? [event.news] : []));
}

test('thirty tickets with one fingerprint, posted at once, open exactly one problem', async () => {
  const fingerprint = `f-${randomUUID()}`;
  const tickets = await Promise.all(Array.from({ length: 30 }, () => openRecurring(fingerprint)));
  const problem = await problemOf(fingerprint, 30);
  expect(problem).toMatchObject({
    state: 'open',
    title: `Recurrence of ${fingerprint}`,
    owner: 'problem-manager',
    openedBy: null,
    recurrence: { policy: 'recurring', count: 5, withinSeconds: 86_400 },
    quietSeconds: 3 * 86_400,
  });
  const { body } = await lead.get(`/v1/problems/${problem.id}/tickets`);
  const linked = (body.data as { ticketId: string }[]).map(({ ticketId }) => ticketId);
  expect(linked).toEqual(tickets.map(({ id }) => id as string).toSorted());
  const handle = office.desk.client.workflow.getHandle(journalWorkflowId('problem', problem.id));
  expect((await handle.describe()).status.name).toBe('RUNNING');
  for (const { id } of tickets) expect(await newsOf(id as string, 1)).toEqual(['linked']);
  expect(await listed(fingerprint)).toHaveLength(1);
}, 240_000);

test('a problem begins with the tasks of finding its root cause, each with an owner and a due date', async () => {
  const { problem } = await recurring();
  const { body } = await eventually(
    () => lead.get(`/v1/tasks?subject=problem:${problem.id}`),
    (response) => response.body.data.length === 3,
  );
  const tasks = body.data as { kind: string; owner: string; title: string }[];
  expect(new Set(tasks.map(({ kind, owner }) => `${kind} ${owner}`))).toEqual(
    new Set(['rootCause problem-manager']),
  );
  expect(tasks.map(({ title }) => title.split(':')[0] ?? '').toSorted()).toEqual([
    'Contributing factors',
    'Five whys',
    'Timeline',
  ]);
  const more = { title: 'Compare both gateways', owner: 'agent-17', due: { after: '3d' } };
  const { status, body: task } = await lead.post(`/v1/problems/${problem.id}/tasks`, more);
  expect([status, task.kind, task.owner, task.subject]).toEqual([
    201,
    'rootCause',
    'agent-17',
    { type: 'problem', id: problem.id },
  ]);
});

describe('what does not open one', () => {
  test('a policy without a rule, other fingerprints, imported past', async () => {
    const fingerprint = `f-${randomUUID()}`;
    await Promise.all([
      ...Array.from({ length: 6 }, () => openTicket(office.agent, { policy: 'once', fingerprint })),
      ...Array.from({ length: 4 }, () => openRecurring(fingerprint)),
      ...Array.from({ length: 4 }, (_one, i) => openRecurring(`${fingerprint}-${i}`)),
    ]);
    const { problem } = await recurring(); // The reader has come so far.
    expect(problem.state).toBe('open');
    expect(await listed(fingerprint)).toEqual([]);
  });

  test('tickets that say too little of themselves; corrected, they count', async () => {
    const mark = `s-${randomUUID()}`;
    const fields = { category: 'Network', service: 'VPN' };
    const opened = await Promise.all(
      [1, 2, 3, 4, 5].map(() => openTicket(office.agent, { policy: 'recurring', ...fields })),
    );
    const fingerprint = `category=network | service=vpn | symptom=${mark}`;
    await recurring();
    expect(await listed(fingerprint)).toEqual([]);
    for (const { id } of opened)
      await office.agent.send('patch', `/v1/tickets/${id}`, {
        body: JSON.stringify({ changes: { symptom: mark.toUpperCase() } }),
      });
    expect((await problemOf(fingerprint, 5)).state).toBe('open');
  });
});

test('from known error to resolved: open tickets learn of every step, closed ones of none', async () => {
  const { problem, tickets } = await recurring();
  const { id } = problem;
  const [first, closed] = tickets;
  await newsOf(closed!, 1);
  const cancelled = await office.agent.post(`/v1/tickets/${closed}/cancel`, { reason: 'Another cause' });
  expect(cancelled.status).toBe(200);
  const known = await ask(id, 'known-error', {
    rootCause: 'Keys change at three',
    workaround: 'Connect again',
  });
  expect(known).toMatchObject({
    state: 'knownError',
    rootCause: 'Keys change at three',
    workaround: 'Connect again',
  });
  const planned = await ask(id, 'plan-fix', { owner: 'agent-17', dueAt: inMs(9 * DAY), change: 'CHG-7' });
  expect(planned).toMatchObject({ state: 'fixPlanned', change: 'CHG-7', fix: { owner: 'agent-17' } });
  const fixed = await ask(id, 'fixed', { quietPeriod: '2d' });
  expect(fixed).toMatchObject({ state: 'fixed', change: 'CHG-7' });
  expect(Date.parse(fixed['quietUntil'] as string) - Date.parse(fixed['fixedAt'] as string)).toBe(2 * DAY);
  await office.desk.fastForwardWorkflow(journalWorkflowId('problem', id), 2 * DAY + 1_000);
  await becomes(id, 'resolved');
  const heard = ['linked', 'knownError', 'workaround', 'fixPlanned', 'fixed', 'resolved'];
  expect((await newsOf(first!, 6)).toSorted()).toEqual(heard.toSorted());
  expect(await newsOf(closed!, 1)).toEqual(['linked']);
  expect((await typesOf(id)).filter((type) => type !== 'linked')).toEqual([
    'opened',
    'knownErrorNoted',
    'fixPlanned',
    'fixed',
    'resolved',
  ]);
  const tasks = await lead.get(`/v1/tasks?subject=problem:${id}&kind=permanentFix`);
  expect(tasks.body.data).toMatchObject([
    { id: (planned['fix'] as { taskId: string }).taskId, owner: 'agent-17', state: 'open' },
  ]);
  const handle = office.desk.client.workflow.getHandle(journalWorkflowId('problem', id));
  expect((await handle.describe()).status.name).toBe('COMPLETED');
});

test('a ticket that comes in the quiet period puts the problem back, and hears of the workaround', async () => {
  const { problem, tickets, fingerprint } = await recurring();
  await ask(problem.id, 'known-error', { workaround: 'Connect again' });
  await ask(problem.id, 'fixed');
  const { id: late } = await openRecurring(fingerprint);
  expect(await becomes(problem.id, 'open')).toMatchObject({ recurrences: 1, quietUntil: null, tickets: 6 });
  expect((await newsOf(late as string, 3)).toSorted()).toEqual(['linked', 'recurred', 'workaround']);
  expect(await newsOf(tickets[0]!, 4)).toEqual(expect.arrayContaining(['fixed', 'recurred']));
  expect(await typesOf(problem.id)).toEqual(expect.arrayContaining(['recurred']));
});

test('a problem whose workflow was lost while its fix was watched is resolved all the same', async () => {
  const { problem } = await recurring();
  await ask(problem.id, 'fixed', { quietPeriod: '1s' });
  await office.desk.client.workflow.getHandle(journalWorkflowId('problem', problem.id)).terminate('lost');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await wakeOverslept(office.desk.journals, office.desk.journalRunner, { graceMs: 200, limit: 10 });
  await becomes(problem.id, 'resolved');
});

describe('by hand', () => {
  const problemBody = (fields: Record<string, unknown> = {}) => ({
    title: 'Backups fail on Sundays',
    ...fields,
  });
  const openProblem = async (fields: Record<string, unknown> = {}): Promise<View> => {
    const { status, body, text } = await lead.post('/v1/problems', problemBody(fields));
    if (status !== 201) throw new Error(text);
    return body as View;
  };

  test('is opened with tickets, which learn of it; one is taken away, another linked', async () => {
    const [one, other] = [await openTicket(office.agent), await openTicket(office.agent)];
    const problem = await openProblem({ tickets: [one.id, one.id], description: 'Since the move' });
    expect(problem).toMatchObject({
      title: 'Backups fail on Sundays',
      description: 'Since the move',
      tickets: 1,
    });
    expect(await newsOf(one.id, 1)).toEqual(['linked']);
    expect((await ask(problem.id, 'link-ticket', { ticket: other.id })).tickets).toBe(2);
    const twice = await lead.post(
      `/v1/problems/${problem.id}/link-ticket`,
      { ticket: other.id },
      { 'idempotency-key': 'link-twice' },
    );
    expect([twice.status, twice.body.code]).toEqual([409, 'ticket_linked']);
    expect((await ask(problem.id, 'unlink-ticket', { ticket: one.id, reason: 'Cable' })).tickets).toBe(1);
    const gone = await lead.post(`/v1/problems/${problem.id}/unlink-ticket`, { ticket: one.id });
    expect([gone.status, gone.body.code]).toEqual([409, 'ticket_not_linked']);
    const of = async (ticket: string) =>
      ((await lead.get(`/v1/problems?ticket=${ticket}`)).body.data as View[]).map(({ id }) => id);
    expect([await of(one.id), await of(other.id)]).toEqual([[], [problem.id]]);
  });

  test('a request that is sent again under its key is answered as before, and counts once', async () => {
    const { id: ticket } = await openTicket(office.agent);
    const { id } = await openProblem();
    for (const [path, body] of [
      ['link-ticket', { ticket }],
      ['unlink-ticket', { ticket }],
      ['plan-fix', { owner: 'agent-17', due: { after: '1d' } }],
    ] as const) {
      const send = () =>
        lead.post(`/v1/problems/${id}/${path}`, body, { 'idempotency-key': 'problem-again' });
      const [first, second] = [await send(), await send()];
      expect([path, first.status, second.status, second.body]).toEqual([path, 200, 200, first.body]);
      expect(second.headers['idempotency-replayed']).toBe('true');
    }
    expect(await typesOf(id)).toEqual(['opened', 'linked', 'unlinked', 'fixPlanned']);
  });

  test('the same key opens one; a fingerprint that has an unresolved problem is taken', async () => {
    const fingerprint = `f-${randomUUID()}`;
    const body = problemBody({ fingerprint });
    const both = await Promise.all(
      [1, 2].map(() => lead.post('/v1/problems', body, { 'idempotency-key': fingerprint })),
    );
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    expect(both[0]!.body.id).toBe(both[1]!.body.id);
    const taken = await lead.post('/v1/problems', body);
    expect([taken.status, taken.body.code]).toEqual([409, 'problem_exists']);
    const { id } = both[0]!.body as View;
    await ask(id, 'close', { reason: 'Risk accepted' });
    const again = await openProblem({ fingerprint });
    const refused = await lead.post(`/v1/problems/${id}/reopen`, { reason: 'It is back' });
    expect([refused.status, refused.body.code]).toEqual([409, 'problem_exists']);
    await ask(again.id, 'close', { reason: 'The same' });
    expect(await ask(id, 'reopen', { reason: 'It is back' })).toMatchObject({
      state: 'open',
      closingReason: null,
    });
  });

  test('a ticket with its fingerprint joins it at once', async () => {
    const fingerprint = `f-${randomUUID()}`;
    const { id } = await openProblem({ fingerprint });
    await openRecurring(fingerprint);
    expect((await problemOf(fingerprint, 1)).id).toBe(id);
  });

  test('a new plan drops the task of the one before', async () => {
    const { id } = await openProblem();
    const first = await ask(id, 'plan-fix', { owner: 'agent-17', dueAt: inMs(DAY) });
    const { taskId } = first['fix'] as { taskId: string };
    const task = () => lead.get(`/v1/tasks/${taskId}`);
    await eventually(task, ({ status }) => status === 200);
    const second = await ask(id, 'plan-fix', { owner: 'agent-18', due: { after: '5d' } });
    expect((second['fix'] as { taskId: string }).taskId).not.toBe(taskId);
    expect((await task()).body.state).toBe('cancelled');
  });

  test('closed without a fix, and what may not be asked any more', async () => {
    const { id } = await openProblem();
    const closed = await ask(id, 'close', { reason: 'Replaced in March' });
    expect(closed).toMatchObject({ state: 'closed', closingReason: 'Replaced in March' });
    for (const [path, body] of [
      ['known-error', { rootCause: 'x' }],
      ['plan-fix', { owner: 'agent-17', due: { after: '1d' } }],
      ['fixed', {}],
      ['close', { reason: 'x' }],
    ] as const) {
      const { status, body: told } = await lead.post(`/v1/problems/${id}/${path}`, body);
      expect([path, status, told.code, told.state]).toEqual([path, 409, 'problem_closed', 'closed']);
    }
  });

  test.each<[string, string, object, string]>([
    ['a title is needed', '', {}, '/title'],
    ['a ticket that there is not', '', { title: 'x', tickets: ['tkt_0'] }, '/tickets/0'],
    ['an error that is not known', '/known-error', {}, '/rootCause'],
    ['a plan without a date', '/plan-fix', { owner: 'agent-17' }, '/dueAt'],
    ['a plan without an owner', '/plan-fix', { due: { after: '1d' } }, '/owner'],
    ['closing without a reason', '/close', {}, '/reason'],
    ['a quiet period that is none', '/fixed', { quietPeriod: 'a while' }, '/quietPeriod'],
    ['a task without an owner', '/tasks', { title: 'x', due: { after: '1d' } }, '/owner'],
  ])('%s: 422, with its place', async (_what, path, body, pointer) => {
    const { id } = await openProblem();
    const target = path === '' ? '/v1/problems' : `/v1/problems/${id}${path}`;
    const { status, body: told } = await lead.post(target, body);
    expect([status, told.errors.map((one: { pointer: string }) => one.pointer)]).toEqual([422, [pointer]]);
  });

  test.each(['', '/timeline', '/tickets'])('what there is not is 404: %s', async (path) => {
    const { status, body } = await lead.get(`/v1/problems/prb_0${path}`);
    expect([status, body.code]).toEqual([404, 'problem_not_found']);
  });

  test('the list goes page by page, newest first, and by state', async () => {
    const owner = `owner-${randomUUID()}`;
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.unshift((await openProblem({ owner })).id);
    const pageOf = async (query: string) => (await lead.get(`/v1/problems?owner=${owner}&${query}`)).body;
    const first = await pageOf('limit=2');
    const rest = await pageOf(`limit=2&cursor=${first.page.nextCursor}`);
    expect([...first.data, ...rest.data].map(({ id }: View) => id)).toEqual(ids);
    await ask(ids[0]!, 'close', { reason: 'x' });
    expect((await pageOf('state=closed')).data.map(({ id }: View) => id)).toEqual([ids[0]]);
    const timeline = (query: string) => lead.get(`/v1/problems/${ids[0]}/timeline?${query}`);
    const page = (await timeline('limit=1')).body;
    expect(page.data.map(({ type }: { type: string }) => type)).toEqual(['opened']);
    const next = (await timeline(`limit=1&cursor=${page.page.nextCursor}`)).body;
    expect(next.data.map(({ type }: { type: string }) => type)).toEqual(['closed']);
  });
});

test('the words of a problem are in no journal, row or workflow', async () => {
  const canary = 'canary-9be2';
  const { body } = await lead.post('/v1/problems', { title: canary, description: canary });
  const { id } = body as View;
  await ask(id, 'known-error', { rootCause: canary, workaround: canary });
  await ask(id, 'close', { reason: canary });
  const { database, client } = office.desk;
  const kept = [
    await database.journalEvent.findMany({ where: { kind: 'problem', journalId: id } }),
    await database.problem.findUnique({ where: { id } }),
  ];
  const text = JSON.stringify(kept, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  expect(text).not.toContain(canary);
  const history = await client.workflow.getHandle(journalWorkflowId('problem', id)).fetchHistory();
  expect(JSON.stringify(history)).not.toContain(canary);
  await database.$executeRaw`UPDATE texts SET body = NULL, salt = NULL WHERE ticket_id = ${id}`;
  expect(await show(id)).toMatchObject({
    title: null,
    rootCause: null,
    workaround: null,
    closingReason: null,
  });
});

test('a ticket that was resolved and needs an article: somebody has the task to write it, once', async () => {
  const { id } = await openTicket(office.agent, { policy: 'recurring' });
  await office.agent.post(`/v1/tickets/${id}/assign`, { assignee: 'agent-17' });
  const resolved = await office.agent.post(`/v1/tickets/${id}/resolve`, {
    causeCode: 'network',
    needsArticle: true,
  });
  expect(resolved.status).toBe(200);
  const { body } = await eventually(
    () => lead.get(`/v1/tasks?subject=ticket:${id}`),
    (response) => response.body.data.length > 0,
  );
  expect(body.data).toMatchObject([{ kind: 'article', owner: 'agent-17', state: 'open' }]);
  const [{ dueAt, openedAt }] = body.data as { dueAt: string; openedAt: string }[] as [
    { dueAt: string; openedAt: string },
  ];
  expect(Date.parse(dueAt) - Date.parse(openedAt)).toBe(5 * DAY);
  const other = await openTicket(office.agent, { policy: 'recurring' });
  await office.agent.post(`/v1/tickets/${other.id}/resolve`, { resolution: 'Rebooted' });
  await recurring();
  expect((await lead.get(`/v1/tasks?subject=ticket:${other.id}`)).body.data).toEqual([]);
});
