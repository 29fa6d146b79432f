import { beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/desk.ts';
import { inMs, MINUTE, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

const list = async (query: string) => {
  const { status, body } = await office.agent.get(`/v1/tickets?${query}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body as { data: Record<string, unknown>[]; page: { hasMore: boolean; nextCursor: string | null } };
};

const subjects = async (query: string) => (await list(query)).data.map(({ subject }) => subject as string);

/** Every page of a list; `between` happens before each but the first. */
async function walk(
  query: string,
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const seen: string[] = [];
  let { data, page } = await list(query);
  for (;;) {
    seen.push(...data.map(({ subject }) => subject as string));
    if (page.nextCursor === null) return seen;
    await between();
    ({ data, page } = await list(`${query}&cursor=${page.nextCursor}`));
  }
}

beforeAll(async () => {
  const { agent } = office;
  const lead = await office.caller('lead');
  // Oldest first, each of another kind. `one` is opened long ago and breached.
  await openTicket(lead, { subject: 'one', customer: 'acme', policy: 'demo', openedAt: inMs(-60 * MINUTE) });
  await openTicket(agent, { subject: 'two', customer: 'acme', impact: 'low', openedAt: inMs(-14 * MINUTE) });
  const three = await openTicket(agent, {
    subject: 'three',
    customer: 'globex',
    openedAt: inMs(-13 * MINUTE),
  });
  const four = await openTicket(agent, { subject: 'four', customer: 'globex', openedAt: inMs(-12 * MINUTE) });
  const five = await openTicket(agent, {
    subject: 'five',
    customer: 'initech',
    openedAt: inMs(-11 * MINUTE),
  });
  await agent.post(`/v1/tickets/${three.id}/assign`, { assignee: 'agent-17' });
  await agent.post(`/v1/tickets/${four.id}/offer-handoff`, { toTier: 2, reason: 'Needs the core routers.' });
  await agent.post(`/v1/tickets/${four.id}/accept-handoff`);
  await agent.post(`/v1/tickets/${five.id}/resolve`, { resolution: 'Restarted.' });
  await eventually(
    () => subjects('slaState=breached'),
    (found) => found.length === 1,
  );
});

test.each([
  ['tier=2', ['one', 'four']],
  ['tier=1,3', ['five', 'three', 'two']],
  ['priority=P3', ['two']],
  ['state=resolved', ['five']],
  ['state=open,onHold', ['four', 'three', 'two', 'one']],
  ['slaState=breached', ['one']],
  ['slaState=onTrack&customer=acme', ['two']],
  ['customer=globex', ['four', 'three']],
  ['assignee=agent-17', ['three']],
  ['customer=nobody', []],
])('%s lists %j', async (query, expected) => {
  expect((await subjects(query)).toSorted()).toEqual(expected.toSorted());
});

test('the newest come first, the oldest on wish', async () => {
  expect(await subjects('')).toEqual(['five', 'four', 'three', 'two', 'one']);
  expect(await subjects('sort=openedAt')).toEqual(['one', 'two', 'three', 'four', 'five']);
});

test('by deadline the most urgent come first, and those without one last', async () => {
  const found = await list('sort=nextDeadlineAt');
  const deadlines = found.data.map(({ nextDeadlineAt }) => nextDeadlineAt as string | null);
  const known = deadlines.filter((at) => at !== null);
  expect(known).toEqual(known.toSorted());
  expect(deadlines.slice(0, known.length)).toEqual(known);
  expect(found.data.at(-1)).toMatchObject({ subject: 'five', nextDeadlineAt: null });
});

test.each(['-openedAt', 'openedAt', 'nextDeadlineAt'])(
  'pages by %s are together all of the list',
  async (sort) => {
    const all = await subjects(`sort=${sort}`);
    for (const limit of [1, 2, 4]) expect(await walk(`sort=${sort}&limit=${limit}`)).toEqual(all);
  },
);

test('a page that ends the list says so', async () => {
  expect((await list('limit=5')).page).toEqual({ hasMore: false, nextCursor: null });
  expect((await list('limit=4')).page.hasMore).toBe(true);
});

test('walking pages loses and repeats nothing while tickets are added', async () => {
  let added = 0;
  const add = () =>
    openTicket(office.agent, {
      subject: `added ${(added += 1)}`,
      customer: 'umbrella',
      openedAt: inMs(-MINUTE),
    });
  await add();
  await add();
  const seen = await walk('customer=umbrella&limit=1', () => (added < 6 ? add() : Promise.resolve()));
  expect(seen).toEqual(['added 2', 'added 1']);
  const forward = await walk('customer=umbrella&sort=openedAt&limit=2', () =>
    added < 9 ? add() : Promise.resolve(),
  );
  expect(forward).toEqual(Array.from({ length: added }, (_, i) => `added ${i + 1}`));
});

test('a cursor goes with the filters and the sort it was made for', async () => {
  const { page } = await list('customer=globex&limit=1');
  for (const query of [
    'customer=acme',
    '',
    'customer=globex&sort=openedAt',
    'customer=globex&slaState=onTrack',
  ]) {
    const { status, body } = await office.agent.get(`/v1/tickets?${query}&cursor=${page.nextCursor}`);
    expect([query, status, body.code]).toEqual([query, 400, 'cursor_invalid']);
  }
  expect(await subjects(`customer=globex&limit=9&cursor=${page.nextCursor}`)).toEqual(['three']);
});

test('a cursor that is none of ours is refused, however well it is made', async () => {
  const { page } = await list('limit=1');
  const ours = JSON.parse(Buffer.from(page.nextCursor!, 'base64url').toString()) as {
    mark: object;
    filters: string;
  };
  const forged = [
    { at: 'yesterday', id: 'x' },
    { at: -8.64e15, id: 'x' },
    { at: 1e300, id: 'x' },
    { at: 0.5, id: 'x' },
    { at: 0, id: 7 },
    { at: 0, id: 'a\0b' },
    { at: 0 },
    null,
  ].map((mark) => Buffer.from(JSON.stringify({ ...ours, mark })).toString('base64url'));
  for (const cursor of ['x', '!', 'bnVsbA', ...forged]) {
    const { status, body } = await office.agent.get(`/v1/tickets?cursor=${cursor}`);
    expect([cursor, status, body.code]).toEqual([cursor, 400, 'cursor_invalid']);
  }
});

test.each([
  ['color=red', 'color'],
  ['limit=0', 'limit'],
  ['limit=201', 'limit'],
  ['limit=many', 'limit'],
  ['limit=1.5', 'limit'],
  ['tier=x', 'tier'],
  ['tier=', 'tier'],
  ['tier=1&tier=2', 'tier'],
  ['priority=P9', 'priority'],
  ['priority=P1,', 'priority'],
  ['state=asleep', 'state'],
  ['slaState=fine', 'slaState'],
  ['sort=subject', 'sort'],
  ['customer=', 'customer'],
  ['customer=%00', 'customer'],
  ['__proto__=x', '__proto__'],
])('the query %s is refused with its parameter', async (query, parameter) => {
  const { status, body } = await office.agent.get(`/v1/tickets?${query}`);
  expect(status).toBe(422);
  expect(body.errors).toEqual([expect.objectContaining({ parameter })]);
});
