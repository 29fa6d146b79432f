/** Procedures as versions, and suggestions from an idea to what was built. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();
let lead: Caller;
let agent: Caller;
beforeAll(async () => {
  lead = await office.caller('lead');
  agent = office.agent;
});

describe('procedures', () => {
  const name = `patch-day-${randomUUID()}`;
  const put = (body: object, caller = lead) =>
    caller.send('put', `/v1/procedures/${name}`, { body: JSON.stringify(body) });
  const first = { title: 'Patch day', items: [{ id: 'backup', text: 'Make a backup' }] };
  const second = { ...first, items: [...first.items, { id: 'restart', text: 'Restart', required: false }] };

  test('are kept in versions; what says the same is none', async () => {
    const written = await put(first);
    expect([written.status, written.body.version, written.body.items[0].required]).toEqual([201, 1, true]);
    expect((await put(first)).body.version).toBe(1);
    const again = await put(second);
    expect([again.status, again.body.version, again.body.current]).toEqual([200, 2, true]);
    const { body } = await agent.get(`/v1/procedures/${name}/versions?limit=1`);
    expect(body.data.map(({ version }: { version: number }) => version)).toEqual([2]);
    const next = await agent.get(
      `/v1/procedures/${name}/versions?limit=1&cursor=${body.page.nextCursor as string}`,
    );
    expect(next.body.data).toEqual([expect.objectContaining({ version: 1, current: false })]);
    expect((await agent.get(`/v1/procedures/${name}/versions/1`)).body.items).toHaveLength(1);
    expect((await agent.get(`/v1/procedures/${name}`)).body.items).toHaveLength(2);
    expect((await agent.get('/v1/procedures?limit=200')).body.data).toContainEqual(
      expect.objectContaining({ name, version: 2 }),
    );
  });

  test('are kept by the database as they are', async () => {
    await put(first);
    for (const attempt of [
      `UPDATE procedures SET body = '{}'`,
      `UPDATE procedures SET body = '{}', current = false`,
      `UPDATE procedures SET current = true`,
      `DELETE FROM procedures`,
      `TRUNCATE procedures`,
    ])
      await expect(office.desk.database.$executeRawUnsafe(attempt)).rejects.toThrow(/refused/);
  });

  test('of many who write at once each has a version of its own', async () => {
    const { version } = (await put(second)).body;
    const titles = Array.from({ length: 8 }, (_, i) => `Patch day ${i}`);
    const answers = await Promise.all(titles.map((title) => put({ ...first, title })));
    expect(answers.map(({ status }) => status)).toEqual(titles.map(() => 200));
    const { body } = await agent.get(`/v1/procedures/${name}/versions`);
    expect(body.data[0].version).toBe(version + 8);
    expect(body.data.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);
  });

  test.each([
    [{ items: [] }, '/items'],
    [
      {
        items: [
          { id: 'a', text: 'x' },
          { id: 'a', text: 'y' },
        ],
      },
      '/items/1/id',
    ],
    [{ items: [{ id: 'two words', text: 'x' }] }, '/items/0/id'],
    [{ title: ' ' }, '/title'],
  ])('a fault is refused and says where (%#)', async (fields, pointer) => {
    const { status, body } = await put({ ...first, ...fields });
    expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
  });

  test('agents read them and do not write them; what is not there is not found', async () => {
    expect((await put(first, agent)).status).toBe(403);
    for (const path of ['nobody', 'nobody/versions', 'nobody/versions/1', `${name}/versions/999`])
      expect((await agent.get(`/v1/procedures/${path}`)).body.code).toBe('procedure_not_found');
  });
});

describe('suggestions', () => {
  const suggest = async (title = 'Keep tunnels open'): Promise<string> => {
    const { status, body } = await agent.post('/v1/suggestions', { title });
    expect([status, body.state, body.ticketCount, body.timeSpent]).toEqual([201, 'new', 0, 0]);
    return body.id as string;
  };
  const step = (id: string, action: string, body: object = {}) =>
    lead.post(`/v1/suggestions/${id}/${action}`, body);
  const ENGAGEMENT = { reference: 'DEV-311', team: 'gateway' };

  test('tickets prove one, each once, and are told; what they cost is their open time', async () => {
    const id = await suggest();
    const one = await openTicket(lead, { openedAt: inMs(-2 * HOUR), external: { system: 'desk', id } });
    const other = await openTicket(lead, { openedAt: inMs(-HOUR) });
    for (const name of [one.id, `desk:${id}`, other.id]) {
      const { status } = await agent.post(`/v1/suggestions/${id}/link-ticket`, { ticket: name });
      expect(status).toBe(200);
    }
    const events = await office.desk.timeline(one.id, (all) => all.some(({ type }) => type === 'linked'));
    expect(events.filter(({ type }) => type === 'linked')).toMatchObject([
      { relation: 'suggestion', reference: id, actor: { subject: agent.subject } },
    ]);
    await office.desk.timeline(other.id, (all) => all.some(({ type }) => type === 'linked'));
    const { body } = await agent.get(`/v1/suggestions/${id}`);
    expect(body.ticketCount).toBe(2);
    expect(new Set(body.tickets)).toEqual(new Set([one.id, other.id]));
    const shares = await Promise.all(
      [one.id, other.id].map(
        async (ticketId: string) => (await lead.get(`/v1/tickets/${ticketId}`)).body.timeByOwner,
      ),
    );
    const spent = shares
      .flatMap((owners: Record<string, number>) => Object.values(owners))
      .reduce((a, b) => a + b, 0);
    expect(spent).toBeGreaterThan(0);
    expect(body.timeSpent).toBeCloseTo(spent, 3);
    expect(Object.values(body.timeByOwner as Record<string, number>).reduce((a, b) => a + b, 0)).toBeCloseTo(
      spent,
      3,
    );
    const missing = await agent.post(`/v1/suggestions/${id}/link-ticket`, { ticket: 'desk:nobody' });
    expect([missing.status, missing.body.code]).toEqual([404, 'ticket_not_found']);
  });

  test('goes from new to delivered, and says who built it', async () => {
    const id = await suggest();
    expect((await step(id, 'accept', { actingFor: 'lead-2' })).body).toMatchObject({
      state: 'accepted',
      changedBy: { actingFor: 'lead-2' },
    });
    expect((await step(id, 'engage', ENGAGEMENT)).body).toMatchObject({
      state: 'engaged',
      engagement: ENGAGEMENT,
    });
    const moved = { reference: 'NET-7', team: 'network' };
    expect((await step(id, 'engage', moved)).body.engagement).toEqual(moved);
    expect((await step(id, 'deliver')).body).toMatchObject({ state: 'delivered', engagement: moved });
    expect((await agent.get('/v1/suggestions?state=delivered')).body.data).toContainEqual(
      expect.objectContaining({ id }),
    );
    expect((await agent.get('/v1/suggestions?state=new&limit=200')).body.data).not.toContainEqual(
      expect.objectContaining({ id }),
    );
  });

  test('a step that the state does not allow is refused; the same step twice is the same as once', async () => {
    const id = await suggest();
    for (const [action, body] of [
      ['engage', ENGAGEMENT],
      ['deliver', {}],
    ] as const) {
      const { status, body: problem } = await step(id, action, body);
      expect([status, problem.code]).toEqual([409, 'suggestion_state']);
    }
    await step(id, 'accept');
    expect((await step(id, 'accept')).status).toBe(200);
    expect((await step(id, 'decline')).status).toBe(422);
    expect((await step(id, 'decline', { reason: 'Too dear' })).body).toMatchObject({
      state: 'declined',
      reason: 'Too dear',
    });
    expect((await step(id, 'engage', ENGAGEMENT)).status).toBe(409);
    expect((await step(id, 'accept', { reason: 'After all' })).body.state).toBe('accepted');
  });

  test('of two who decide at once one is heard, and the other is told how it is', async () => {
    const id = await suggest();
    await step(id, 'accept');
    await step(id, 'engage', ENGAGEMENT);
    const answers = await Promise.all([step(id, 'deliver'), step(id, 'decline', { reason: 'No' })]);
    expect(answers.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([200, 409]);
    const { state } = (await agent.get(`/v1/suggestions/${id}`)).body;
    expect(state).toBe(answers[0].status === 200 ? 'delivered' : 'declined');
  });

  test('pages follow each other, newest first', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.push(await suggest(`Page ${i}`));
    const first = (await agent.get('/v1/suggestions?limit=2')).body;
    expect(first.data.map(({ id }: { id: string }) => id)).toEqual([ids[2], ids[1]]);
    const next = await agent.get(`/v1/suggestions?limit=2&cursor=${first.page.nextCursor as string}`);
    expect(next.body.data[0].id).toBe(ids[0]);
  });

  test('the same key suggests once; agents do not decide', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const one = await agent.post('/v1/suggestions', { title: 'Once' }, key);
    const two = await agent.post('/v1/suggestions', { title: 'Once' }, key);
    expect([two.body.id, two.headers['idempotency-replayed']]).toEqual([one.body.id, 'true']);
    expect((await agent.post(`/v1/suggestions/${one.body.id as string}/accept`)).status).toBe(403);
    expect((await lead.post('/v1/suggestions/sug_nobody/accept')).body.code).toBe('suggestion_not_found');
  });
});
