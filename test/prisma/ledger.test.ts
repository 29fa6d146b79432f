import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decideFact, decideOpening, decideRequest } from '../../domain/decide.ts';
import type { LedgerEvent } from '../../domain/events.ts';
import { project } from '../../domain/projection.ts';
import { rebuild, type Ticket } from '../../domain/ticket.ts';
import type { Turn } from '../../domain/turn.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createLedger, type Ledger } from '../../prisma/ledger.ts';
import { createTestDatabase } from '../support/database.ts';
import { openingOf } from '../support/paper-desk.ts';

let database: Database;
let ledger: Ledger;
beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
  ledger = createLedger(database);
});
afterAll(() => database.$disconnect());

let count = 0;
const open = async (): Promise<Ticket> => {
  const opening = { ...openingOf(), ticketId: `tkt_${(count += 1)}` };
  const turn = decideOpening(opening, opening.openedAt);
  await write(turn, 0);
  return turn.ticket;
};
const write = (turn: Turn, head: number, now = turn.ticket.situation.openedAt) =>
  ledger.record({
    ticketId: turn.ticket.id,
    head,
    events: turn.events,
    projection: project(turn.ticket, now),
  });

function asked(ticket: Ticket, id: string, after = 1_000): Turn {
  const request = { id, command: { type: 'note' as const }, actor: { subject: 'key', role: 'agent' } };
  const decision = decideRequest(ticket, request, ticket.situation.openedAt + after);
  if ('refusal' in decision) throw new Error(decision.refusal.message);
  return decision.turn;
}

test('a ledger read back is, event for event, what was recorded', async () => {
  const ticket = await open();
  const turn = asked(ticket, 'one');
  expect(await write(turn, 1)).toEqual({ recorded: true });
  const events = await ledger.events(ticket.id);
  expect(events.slice(1)).toEqual(turn.events);
  expect(rebuild(ticket.id, events)).toEqual(turn.ticket);
});

test('a turn whose head is not the last any more writes nothing and gets what lies beyond', async () => {
  const ticket = await open();
  const first = asked(ticket, 'first');
  await write(first, 1);
  const answer = await write(asked(ticket, 'second', 2_000), 1);
  expect(answer).toEqual({ recorded: false, events: first.events, known: [] });
  expect(await ledger.events(ticket.id)).toHaveLength(2);
});

test('of two turns at once on one head, one is recorded', async () => {
  const ticket = await open();
  const answers = await Promise.all([write(asked(ticket, 'a'), 1), write(asked(ticket, 'b'), 1)]);
  expect(answers.filter(({ recorded }) => recorded)).toHaveLength(1);
  expect(await ledger.events(ticket.id)).toHaveLength(2);
});

test('an event id older than the ticket remembers is named, and nothing is written', async () => {
  const ticket = await open();
  const fact = { type: 'assigned', team: 'network', id: 'f', occurredAt: ticket.situation.openedAt } as const;
  const once = decideFact(ticket, fact, fact.occurredAt);
  await write(once, 1);
  const forgetful: Ticket = { ...once.ticket, seen: [] };
  const twice = decideFact(forgetful, fact, fact.occurredAt + 1_000);
  expect(await write(twice, 2)).toEqual({
    recorded: false,
    events: [],
    known: [{ id: 'fact:f', sequence: 2 }],
  });
  expect(await ledger.events(ticket.id)).toHaveLength(2);
});

test('a turn is written whole or not at all', async () => {
  const ticket = await open();
  const turn = asked(ticket, 'broken');
  const twisted = turn.events.map((event) => ({ ...event, occurredAt: 'never' })) as unknown as LedgerEvent[];
  await expect(
    ledger.record({ ticketId: ticket.id, head: 1, events: twisted, projection: project(turn.ticket, 0) }),
  ).rejects.toThrow();
  expect(await ledger.events(ticket.id)).toHaveLength(1);
  expect(await database.ticket.findUniqueOrThrow({ where: { id: ticket.id } })).toMatchObject({
    sequence: 1,
  });
});

test('tickets with the same rules share one copy of them', async () => {
  await open();
  const before = await database.ruleSet.count();
  await open();
  expect(await database.ruleSet.count()).toBe(before);
});

test.each(['ledger', 'breaches'])('nobody changes or removes a row of %s', async (table) => {
  await open();
  await expect(database.$executeRawUnsafe(`UPDATE ${table} SET ticket_id = 'x'`)).rejects.toThrow(
    /append-only/,
  );
  await expect(database.$executeRawUnsafe(`DELETE FROM ${table}`)).rejects.toThrow(/append-only/);
  await expect(database.$executeRawUnsafe(`TRUNCATE ${table}`)).rejects.toThrow(/append-only/);
});

test('instants keep their milliseconds, and mean the same to a reader that is not ours', async () => {
  const ticket = await open();
  const [row] = await database.$queryRaw<{ text: string }[]>`
    SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS text
    FROM ledger WHERE ticket_id = ${ticket.id}`;
  expect(row!.text).toBe(new Date(ticket.situation.openedAt).toISOString());
});

test('rows of clock cycles: an undone newest one goes, old ones no longer carried stay', async () => {
  const ticket = await open();
  const [clock] = project(ticket, 0).clocks.filter(({ clock: name }) => name === 'resolution');
  const cyclesAfter = async (turn: Turn, head: number, cycles: number[]) => {
    const projection = { ...project(turn.ticket, 0), clocks: cycles.map((cycle) => ({ ...clock!, cycle })) };
    await ledger.record({ ticketId: ticket.id, head, events: turn.events, projection });
    const rows = await database.clock.findMany({ where: { ticketId: ticket.id, clock: 'resolution' } });
    return rows.map(({ cycle }) => cycle).toSorted((a, b) => a - b);
  };
  const first = asked(ticket, 'one');
  expect(await cyclesAfter(first, 1, [1, 2, 3])).toEqual([1, 2, 3]);
  expect(await cyclesAfter(asked(first.ticket, 'two', 2_000), 2, [2])).toEqual([1, 2]);
});
