import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDesk, type Desk } from '../support/desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await createDesk();
});
afterAll(() => desk.close());

test('a ticket nobody works on breaches once, at its deadline, and moves to tier 2 by itself', async () => {
  const ticketId = await desk.open({ priority: 'P1' });
  await desk.fastForward(ticketId, 60_000);
  const events = await desk.timeline(ticketId, (all) => all.some(({ type }) => type === 'handedOff'));
  const openedAt = events[0]!.occurredAt;
  const breaches = events.filter(({ type }) => type === 'breached');
  expect(breaches).toMatchObject([
    { clock: 'firstResponse', deadlineAt: openedAt + 10_000, tier: 1 },
    { clock: 'resolution', deadlineAt: openedAt + 20_000 },
  ]);
  expect(events.find(({ type }) => type === 'handedOff')).toMatchObject({ fromTier: 1, toTier: 2, automatic: true });
});

test('an answered request is in the ledger', async () => {
  const ticketId = await desk.open({ priority: 'P4' });
  const sequence = await desk.ask(ticketId, { type: 'acknowledge' });
  expect((await desk.ledger.events(ticketId)).at(-1)).toMatchObject({ type: 'acknowledged', sequence });
});
