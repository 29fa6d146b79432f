/** Queues over HTTP: what waits, who may pull it, and that each ticket goes to one agent within the limit. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import type { ApiDeps } from '../../api/deps.ts';
import { EngineUnavailable } from '../../api/engine-errors.ts';
import { createQueueAlertStore } from '../../prisma/queue-alerts.ts';
import { eventually } from '../support/desk.ts';
import { putAgent, putTeam } from '../support/queue-rows.ts';
import { runs } from '../support/runs.ts';
import type { Caller } from './front-door.ts';
import { openTicket, setUpOffice, ticketBody } from './office.ts';

/** What a test does to the way to the tickets; as it is, unless it says otherwise. */
let meddle: (real: ApiDeps['engine']['ask']) => ApiDeps['engine']['ask'] = (real) => real;

const office = setUpOffice({
  // Fifty at once take their time on a busy machine.
  deadlineMs: 20_000,
  deps: ({ engine }) => ({
    engine: { ...engine, ask: (...args) => meddle((...real) => engine.ask(...real))(...args) },
  }),
});

const ROUNDS = Math.min(100, runs(3).numRuns);

let lead: Caller;
beforeAll(async () => {
  lead = await office.caller('lead');
});
beforeEach(async () => {
  meddle = (real) => real;
  // Tickets of other tests are in nobody's way: they wait for nobody any more.
  await office.desk.database.$executeRaw`UPDATE tickets SET mode = 'observe'`;
  await office.desk.database.$executeRaw`TRUNCATE agents, teams, reservations, queue_alerts CASCADE`;
});

async function staff(count: number, capacity: number | null = null): Promise<void> {
  await putTeam(office.desk.database, 'desk', { capacity });
  for (let i = 1; i <= count; i += 1) await putAgent(office.desk.database, `agent-${i}`, 'desk');
}

const pull = (agent: string, more: { team?: string; key?: string; tier?: number } = {}): Promise<Response> =>
  office.agent.post(
    `/v1/queues/${more.tier ?? 1}/pull`,
    { agent, ...(more.team && { team: more.team }) },
    more.key ? { 'idempotency-key': more.key } : {},
  );

/** As a good front end does: told to come back later, it does so with the same key. */
async function insist(agent: string): Promise<Response> {
  const key = randomUUID();
  for (;;) {
    const answer = await pull(agent, { key });
    if (answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const stillOpen = async (agent: string): Promise<number> => {
  const { body } = await office.agent.get(`/v1/tickets?assignee=${agent}&state=open&limit=200`);
  return body.data.filter(({ mode }: { mode: string }) => mode === 'act').length;
};

describe('pulling', () => {
  test('gives the most urgent ticket, then the one that breaches first, then the one that waited longest', async () => {
    await staff(1);
    const low = await openTicket(office.agent, { impact: 'low', urgency: 'low' });
    const first = await openTicket(office.agent);
    const second = await openTicket(office.agent);
    const got = [];
    for (let n = 0; n < 3; n += 1) got.push((await pull('agent-1')).body.ticket.id);
    expect(got).toEqual([first.id, second.id, low.id]);
    expect((await pull('agent-1')).status).toBe(204);
  });

  test('answers the ticket as it is now: the agent’s and the team’s, and in the ledger', async () => {
    await staff(1);
    const { id } = await openTicket(office.agent);
    const { status, body, headers } = await pull('agent-1');
    expect(status).toBe(200);
    expect(body.ticket).toMatchObject({ id, assignee: 'agent-1', team: 'desk', state: 'open' });
    expect(headers['etag']).toBe(`"${body.ticket.sequence}"`);
    expect(body.reservation).toMatchObject({ agent: 'agent-1', tier: 1, team: 'desk' });
    const events = await office.desk.ledger.events(id);
    expect(events.find(({ type }) => type === 'assigned')).toMatchObject({
      assignee: 'agent-1',
      reservation: body.reservation.id,
    });
    // Consumed by the same write.
    expect(await office.desk.database.$queryRaw`SELECT count(*)::int FROM reservations`).toEqual([
      { count: 0 },
    ]);
  });

  test('tells who is at the limit how much they have, until something is done', async () => {
    await staff(1, 2);
    for (let n = 0; n < 3; n += 1) await openTicket(office.agent);
    const { body } = await pull('agent-1');
    await pull('agent-1');
    const refused = await pull('agent-1');
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'at_capacity', limit: 2, inProgress: 2, reserved: 0 });
    await office.agent.post(`/v1/tickets/${body.ticket.id}/resolve`);
    expect((await pull('agent-1')).status).toBe(200);
  });

  test('frees a place while a ticket waits for a vendor', async () => {
    await staff(1, 1);
    await openTicket(office.agent);
    await openTicket(office.agent);
    const { body } = await pull('agent-1');
    expect((await pull('agent-1')).status).toBe(409);
    await office.agent.post(`/v1/tickets/${body.ticket.id}/hold`, { reason: 'vendor' });
    expect((await pull('agent-1')).status).toBe(200);
  });

  test('is no way round the tier, the team or the list of agents', async () => {
    await staff(1);
    await putTeam(office.desk.database, 'second', { tier: 2 });
    await putAgent(office.desk.database, 'agent-9', 'second', { tier: 2 });
    await putAgent(office.desk.database, 'agent-away', 'desk', {
      absentUntil: new Date(Date.now() + 60_000),
    });
    const codeOf = async (...asked: Parameters<typeof pull>) => {
      const { status, body } = await pull(...asked);
      return [status, body.code, body.errors?.[0].pointer];
    };
    expect(await codeOf('agent-nobody')).toEqual([422, 'agent_unknown', '/agent']);
    expect(await codeOf('agent-1', { team: 'second' })).toEqual([422, 'team_unknown', '/team']);
    expect(await codeOf('agent-9')).toEqual([409, 'agent_elsewhere', undefined]);
    expect(await codeOf('agent-away')).toEqual([409, 'agent_absent', undefined]);
    expect((await office.agent.post('/v1/queues/1/pull', {})).body.errors[0].pointer).toBe('/agent');
    expect((await office.agent.post('/v1/queues/10/pull', { agent: 'agent-1' })).status).toBe(404);
  });
});

describe('the same pull again', () => {
  test('gets the same ticket, however often and however late', async () => {
    await staff(1);
    await openTicket(office.agent);
    await openTicket(office.agent);
    const key = randomUUID();
    const first = await pull('agent-1', { key });
    await office.agent.post(`/v1/tickets/${first.body.ticket.id}/resolve`);
    const again = await pull('agent-1', { key });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body.reservation).toEqual(first.body.reservation);
    expect(again.body.ticket).toMatchObject({ id: first.body.ticket.id, state: 'resolved' });
    expect(await stillOpen('agent-1')).toBe(0);
  });

  test('at the same time is one pull', async () => {
    await staff(1);
    for (let n = 0; n < 4; n += 1) await openTicket(office.agent);
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => pull('agent-1', { key })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.ticket.id)).size).toBe(1);
    expect(await stillOpen('agent-1')).toBe(1);
  });

  test('with another body is refused; of another caller it is another pull', async () => {
    await staff(2);
    await openTicket(office.agent);
    await openTicket(office.agent);
    const key = randomUUID();
    const first = await pull('agent-1', { key });
    expect((await pull('agent-2', { key })).body.code).toBe('idempotency_key_reused');
    const other = await lead.post('/v1/queues/1/pull', { agent: 'agent-2' }, { 'idempotency-key': key });
    expect(other.status).toBe(200);
    expect(other.body.ticket.id).not.toBe(first.body.ticket.id);
  });

  test('may succeed after an empty queue or a limit: nothing was had, so the key is free', async () => {
    await staff(1, 1);
    const key = randomUUID();
    expect((await pull('agent-1', { key })).status).toBe(204);
    const { id } = await openTicket(office.agent);
    expect((await pull('agent-1', { key })).body.ticket.id).toBe(id);
  });
});

describe('when the ticket does not do as expected', () => {
  test('one that was just given to somebody else is freed, and the next one tried', async () => {
    await staff(2);
    const first = await openTicket(office.agent);
    const second = await openTicket(office.agent);
    let times = 0;
    meddle = (real) => async (ticketId, request) => {
      if (request.command.type === 'take' && (times += 1) === 1) {
        // A lead is quicker: the row that the queue was read from says nothing of it yet.
        await real(ticketId, {
          ...request,
          id: randomUUID(),
          command: { type: 'assign', assignee: 'agent-2' },
        });
      }
      return real(ticketId, request);
    };
    const { body } = await pull('agent-1');
    expect(body.ticket.id).toBe(second.id);
    expect((await office.agent.get(`/v1/tickets/${first.id}`)).body.assignee).toBe('agent-2');
    expect(await office.desk.database.$queryRaw`SELECT count(*)::int FROM reservations`).toEqual([
      { count: 0 },
    ]);
  });

  test('no answer keeps it reserved: for others it is not there, and the same pull gets it', async () => {
    await staff(2);
    const { id } = await openTicket(office.agent);
    meddle = () => () => Promise.reject(new EngineUnavailable(new Error('a test')));
    const key = randomUUID();
    const unanswered = await pull('agent-1', { key });
    expect([unanswered.status, unanswered.headers['retry-after']]).toEqual([503, '2']);
    meddle = (real) => real;
    expect((await pull('agent-2')).status).toBe(204);
    expect((await pull('agent-1', { key })).body.ticket).toMatchObject({ id, assignee: 'agent-1' });
  });

  test('an answer that was lost on the way is found again, and counted once', async () => {
    await staff(1);
    const { id } = await openTicket(office.agent);
    await openTicket(office.agent);
    meddle = (real) => async (ticketId, request) => {
      await real(ticketId, request);
      throw new EngineUnavailable(new Error('a test'));
    };
    const key = randomUUID();
    expect((await pull('agent-1', { key })).status).toBe(503);
    meddle = (real) => real;
    expect((await pull('agent-1', { key })).body.ticket.id).toBe(id);
    expect(await stillOpen('agent-1')).toBe(1);
    expect((await office.desk.types(id)).filter((type) => type === 'assigned')).toHaveLength(1);
  });

  test('a reservation that nobody came back for lets the ticket go when it expires', async () => {
    await staff(2);
    const { id } = await openTicket(office.agent);
    meddle = () => () => Promise.reject(new EngineUnavailable(new Error('a test')));
    await pull('agent-1');
    meddle = (real) => real;
    expect((await pull('agent-2')).status).toBe(204);
    await office.desk.database.$executeRaw`UPDATE reservations SET expires_at = clock_timestamp()`;
    expect((await pull('agent-2')).body.ticket.id).toBe(id);
  });
});

describe('what waits', () => {
  test('is shown in order, with the reason for each place', async () => {
    await staff(2);
    const low = await openTicket(office.agent, { impact: 'low', urgency: 'low', subject: 'A dead key' });
    const urgent = await openTicket(office.agent, { category: 'network' });
    const { body } = await office.agent.get('/v1/queues/1');
    expect(body.data.map(({ ticketId }: { ticketId: string }) => ticketId)).toEqual([urgent.id, low.id]);
    const [{ place, waitingSeconds, subject, category, offered, reservedFor }] = body.data;
    expect(place).toMatchObject({ priority: 'P1', nextDeadlineAt: urgent.nextDeadlineAt });
    const left = (Date.parse(urgent.nextDeadlineAt) - Date.parse(body.asOf)) / 1000;
    expect(place.timeToBreachSeconds).toBeCloseTo(left, 3);
    expect(waitingSeconds).toBeCloseTo((Date.parse(body.asOf) - Date.parse(place.queuedAt)) / 1000, 3);
    expect({ subject, category, offered, reservedFor }).toEqual({
      subject: urgent.subject,
      category: 'network',
      offered: false,
      reservedFor: null,
    });
  });

  test('comes in pages, and to the members of a team without what other teams have', async () => {
    await staff(1);
    await putTeam(office.desk.database, 'network');
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push((await openTicket(office.agent)).id);
    await office.agent.post(`/v1/tickets/${ids[1]}/assign`, { team: 'network' });
    await office.agent.post(`/v1/tickets/${ids[3]}/assign`, { team: 'desk' });
    const pages = [];
    for (let path: string | null = '/v1/queues/1?limit=2'; path;) {
      const { body }: Response = await office.agent.get(path);
      pages.push(body.data.map(({ ticketId }: { ticketId: string }) => ticketId));
      path = body.page.hasMore ? `/v1/queues/1?limit=2&cursor=${body.page.nextCursor}` : null;
    }
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(ids);
    const { body } = await office.agent.get('/v1/queues/1?team=network');
    expect(body.data.map(({ ticketId }: { ticketId: string }) => ticketId)).toEqual(
      ids.filter((_, i) => i !== 3),
    );
    const { nextCursor } = (await office.agent.get('/v1/queues/1?limit=1')).body.page;
    expect((await office.agent.get(`/v1/queues/2?cursor=${nextCursor}`)).body.code).toBe('cursor_invalid');
    expect((await office.agent.get('/v1/queues/9')).body.data).toEqual([]);
  });

  test('is not what somebody has, what is done, or what waits for the customer alone', async () => {
    await staff(1);
    const [had, done, waits, held] = await Promise.all(
      Array.from({ length: 4 }, () => openTicket(office.agent, { impact: 'low', urgency: 'low' })),
    );
    await office.agent.post(`/v1/tickets/${had.id}/assign`, { assignee: 'agent-1' });
    await office.agent.post(`/v1/tickets/${done.id}/resolve`);
    await office.agent.post(`/v1/tickets/${held.id}/hold`, { reason: 'internal' });
    const { body } = await office.agent.get('/v1/queues/1');
    expect(new Set(body.data.map(({ ticketId }: { ticketId: string }) => ticketId))).toEqual(
      new Set([waits.id, held.id]),
    );
  });

  test('is summed up for each queue, with the alert that stands', async () => {
    await staff(2, 4);
    const { id } = await openTicket(office.agent);
    await openTicket(office.agent, { impact: 'low', urgency: 'low' });
    await pull('agent-1');
    const surge = { tier: 1, depth: 1, clearAt: 0, raiseTo: 2, notify: 'lead', policy: 'standard' } as const;
    await createQueueAlertStore(office.desk.database).raise({ tier: 1, team: null }, 1, surge);
    const { body } = await lead.get('/v1/queues');
    expect(body.data).toEqual([
      expect.objectContaining({
        tier: 1,
        team: null,
        depth: 1,
        assignment: null,
        overload: expect.objectContaining({
          depth: 1,
          threshold: 1,
          clearAt: 0,
          raisedTo: 2,
          policy: 'standard',
        }),
      }),
      expect.objectContaining({
        tier: 1,
        team: 'desk',
        depth: 0,
        assignment: 'pull',
        oldest: null,
        people: { agents: 2, inProgress: 1, capacity: 8 },
        overload: null,
      }),
    ]);
    expect(body.data[0].oldest.ticketId).not.toBe(id);
  });
});

/** Opens a ticket; one that was taken in while the machine was too busy to answer is opened afterwards. */
async function openInTime(): Promise<string> {
  const { status, body } = await office.agent.post('/v1/tickets', ticketBody());
  const drained = () =>
    office.desk.engine.drain({ ticketId: body.id }).then(
      () => 'opened',
      (error: unknown) => String(error),
    );
  if (status === 202) await eventually(drained, (answer) => answer === 'opened', 120_000);
  return body.id;
}

const WORDS = `each of 40 tickets goes to one agent and nobody is over the limit when 50 pull at once, ${ROUNDS} times`;
test(
  WORDS,
  async () => {
    await staff(25, 2);
    for (let round = 0; round < ROUNDS; round += 1) {
      await office.desk.database.$executeRaw`UPDATE tickets SET mode = 'observe'`;
      const opened: string[] = [];
      for (let n = 0; n < 4; n += 1)
        opened.push(...(await Promise.all(Array.from({ length: 10 }, openInTime))));
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => insist(`agent-${1 + (i % 25)}`)),
      );
      const pulled = answers.filter(({ status }) => status === 200).map(({ body }) => body.ticket);
      expect(answers.filter(({ status }) => ![200, 204, 409].includes(status))).toEqual([]);
      expect(pulled).toHaveLength(40);
      expect(new Set(pulled.map(({ id }) => id))).toEqual(new Set(opened));
      // What they were told is what the ledger says: each was assigned once, to who was told so.
      const rows = await office.desk.database.$queryRaw<{ id: string; agents: string[] }[]>`
        SELECT ticket_id AS id, array_agg(data ->> 'assignee') AS agents FROM ledger
        WHERE type = 'assigned' AND ticket_id = ANY(${opened}) GROUP BY ticket_id`;
      const told = new Map(pulled.map(({ id, assignee }) => [id, [assignee]]));
      expect(new Map(rows.map(({ id, agents }) => [id, agents]))).toEqual(told);
      const counts = new Map<string, number>();
      for (const { assignee } of pulled) counts.set(assignee, (counts.get(assignee) ?? 0) + 1);
      expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
    }
  },
  ROUNDS * 60_000,
);
