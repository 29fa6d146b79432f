/** The database or the other side of the ledger misbehaves; nothing acknowledged is lost. */
import { afterEach, expect, test } from '@jest/globals';
import { append, startTurn } from '../../domain/turn.ts';
import { project } from '../../domain/projection.ts';
import { rebuild } from '../../domain/ticket.ts';
import { ticketWorkflowId } from '../../workflows/messages.ts';
import { createDesk, eventually, type Desk, type DeskOptions } from '../support/desk.ts';

let desk: Desk;
afterEach(() => desk.close());

const deskWith = async (options: DeskOptions) => (desk = await createDesk(options));

test('while the database is away a request is not answered; when it is back, it is, once', async () => {
  let away = false;
  let attempts = 0;
  await deskWith({
    activities: (real) => ({
      record(turn) {
        if (!away) return real.record(turn);
        attempts += 1;
        return Promise.reject(new Error('connection refused'));
      },
    }),
  });
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  away = true;
  let answered = false;
  const asked = desk.ask(ticketId, { type: 'note' }).then((sequence) => {
    answered = true;
    return sequence;
  });
  await eventually(
    async () => attempts,
    (count) => count >= 4,
  );
  expect(answered).toBe(false);
  away = false;
  expect(await asked).toBe(2);
  expect(await desk.types(ticketId)).toEqual(['opened', 'messageAdded']);
});

test('an outage of the database does not grow the history', async () => {
  let away = false;
  let attempts = 0;
  await deskWith({
    activities: (real) => ({
      record(turn) {
        if (!away) return real.record(turn);
        attempts += 1;
        return Promise.reject(new Error('connection refused'));
      },
    }),
  });
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  away = true;
  const asked = desk.ask(ticketId, { type: 'note' });
  const handle = desk.client.workflow.getHandle(ticketWorkflowId(ticketId));
  await eventually(
    async () => attempts,
    (count) => count >= 4,
  );
  const { historyLength } = await handle.describe();
  await eventually(
    async () => attempts,
    (count) => count >= 6,
  );
  expect((await handle.describe()).historyLength).toBe(historyLength);
  away = false;
  await asked;
});

test('a commit whose answer was lost is not written twice', async () => {
  let loseAnswer = true;
  await deskWith({
    activities: (real) => ({
      async record(turn) {
        const answer = await real.record(turn);
        if (turn.head > 0 && loseAnswer) {
          loseAnswer = false;
          throw new Error('the connection broke after the commit');
        }
        return answer;
      },
    }),
  });
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  expect(await desk.ask(ticketId, { type: 'note' })).toBe(2);
  expect(await desk.ask(ticketId, { type: 'acknowledge' })).toBe(3);
  expect(await desk.types(ticketId)).toEqual(['opened', 'messageAdded', 'acknowledged']);
});

test('a request is decided again when the ledger turns out to be ahead', async () => {
  await deskWith({});
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  const ticket = rebuild(ticketId, await desk.ledger.events(ticketId));
  const now = Date.now();
  const draft = { source: 'request' as const, occurredAt: now, receivedAt: now };
  const elsewhere = append(startTurn(ticket), { ...draft, id: 'request:elsewhere/0' }, { type: 'cancelled' });
  await desk.ledger.record({
    ticketId,
    head: ticket.sequence,
    events: elsewhere.events,
    projection: project(elsewhere.ticket, now),
  });
  await expect(desk.ask(ticketId, { type: 'note' })).rejects.toThrow(/is cancelled/);
  expect(await desk.types(ticketId)).toEqual(['opened', 'cancelled']);
});

test('workers with next to no cache come to the same', async () => {
  await deskWith({ maxCachedWorkflows: 2 });
  const tickets = await Promise.all(
    [1, 2, 3, 4, 5].map(() => desk.open({ policy: 'standard', priority: 'P4' })),
  );
  for (let round = 0; round < 3; round += 1)
    await Promise.all(tickets.map((ticketId) => desk.ask(ticketId, { type: 'note' })));
  for (const ticketId of tickets) expect(await desk.types(ticketId)).toHaveLength(4);
});

test('a ledger restored to an earlier point is believed: the run ends, and the ticket goes on from the ledger', async () => {
  await deskWith({});
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  await desk.ask(ticketId, { type: 'note' });
  await desk.ask(ticketId, { type: 'note' });
  await desk.database.$executeRawUnsafe('ALTER TABLE ledger DISABLE TRIGGER ALL');
  await desk.database.ledgerEvent.deleteMany({ where: { ticketId, sequence: 3 } });
  await desk.database.$executeRawUnsafe('ALTER TABLE ledger ENABLE TRIGGER ALL');
  const handle = desk.client.workflow.getHandle(ticketWorkflowId(ticketId));
  const { historyLength } = await handle.describe();
  expect(await desk.ask(ticketId, { type: 'acknowledge' })).toBe(3);
  expect(await desk.types(ticketId)).toEqual(['opened', 'messageAdded', 'acknowledged']);
  expect(historyLength).toBeLessThan(60);
});
