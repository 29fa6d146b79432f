/** Occurrences in the database: each ticket once, one unresolved problem for a fingerprint, however many come at once. */
import { SEES_ALL } from '../../domain/visibility.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import {
  problemJournal,
  type ProblemBody,
  type ProblemCommand,
  type ProblemEvent,
} from '../../domain/problem.ts';
import {
  decideJournal,
  foldJournal,
  journalRow,
  openJournal,
  settleJournal,
  type JournalEvent,
} from '../../domain/journal.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createJournalStore, openInJournal, type JournalStore } from '../../prisma/journals.ts';
import { createProblemStore, type NotedOccurrence, type ProblemStore } from '../../prisma/problems.ts';
import { createTestDatabase } from '../support/database.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5, 9);

let url: string;
let database: Database;
let problems: ProblemStore;
let journals: JournalStore;
beforeAll(async () => {
  url = await createTestDatabase();
  database = openDatabase(url);
  problems = createProblemStore(database);
  journals = createJournalStore(database);
});
afterAll(() => database.$disconnect());

const newFingerprint = (): string => `fingerprint ${randomUUID()}`;
const openingOf = (fingerprint: string): Extract<ProblemBody, { type: 'opened' }> => ({
  type: 'opened',
  fingerprint,
  owner: 'problem-manager',
  quietMs: 7 * DAY,
});

const note = (
  fingerprint: string,
  ticketId: string,
  { at = START, count = 3, withinMs = DAY } = {},
): Promise<NotedOccurrence> =>
  problems.noteOccurrence({
    ticketId,
    fingerprint,
    openedAt: at,
    count,
    withinMs,
    problemId: `prb_${ticketId}`,
    opening: openingOf(fingerprint),
    now: Date.now(),
  });

const ofFingerprint = (fingerprint: string) =>
  problems.list({ fingerprint }, { after: null, limit: 50, sight: SEES_ALL });
const ticketsOf = async (id: string) =>
  (await problems.tickets(id, { after: null, limit: 200, sight: SEES_ALL })).map(({ ticketId }) => ticketId);
const newTickets = (count: number) => Array.from({ length: count }, () => `tkt_${randomUUID()}`);

/** Writes what a request or the time does to a problem, as its workflow would. */
async function move(id: string, what: ProblemCommand | { settle: number }): Promise<unknown> {
  const events = (await journals.events('problem', id)) as ProblemEvent[];
  const state = foldJournal(problemJournal, id, events)!;
  const actor = { subject: 'key:1', role: 'lead' };
  const decided =
    'settle' in what
      ? { turn: settleJournal(problemJournal, state, what.settle) }
      : decideJournal(problemJournal, state, { id: randomUUID(), command: what, actor }, Date.now());
  if ('refusal' in decided) throw new Error(decided.refusal.message);
  const { turn } = decided;
  const row = journalRow(problemJournal, turn.state, Date.now());
  return journals.record({ kind: 'problem', id, head: state.sequence, events: turn.events, row });
}

async function resolve(id: string): Promise<void> {
  await move(id, { type: 'fixed', quietMs: HOUR });
  expect(await move(id, { settle: Date.now() + HOUR })).toEqual({ recorded: true });
  expect((await problems.get(id, SEES_ALL))?.state).toBe('resolved');
}

test('thirty tickets with one fingerprint at once: one problem, and each belongs to it', async () => {
  for (let round = 0; round < 5; round += 1) {
    const fingerprint = newFingerprint();
    const tickets = newTickets(30);
    const answers = await Promise.all(
      tickets.map((ticket, i) => note(fingerprint, ticket, { at: START + i * 1_000, count: 5 })),
    );
    const found = await ofFingerprint(fingerprint);
    expect(found).toHaveLength(1);
    expect(await ticketsOf(found[0]!.id)).toEqual(tickets.toSorted());
    expect(answers.filter(({ what }) => what === 'opened')).toHaveLength(1);
    expect(answers.filter(({ what }) => what === 'noted')).toHaveLength(4);
    const log = await journals.events('problem', found[0]!.id);
    expect(log.map(({ type }) => type)).toEqual(['opened', ...tickets.map(() => 'linked')]);
    expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_event, i) => i + 1));
  }
});

test('the same ticket counts once, however often it is noted, also at once', async () => {
  const fingerprint = newFingerprint();
  const [ticket] = newTickets(1);
  const answers = await Promise.all(Array.from({ length: 20 }, () => note(fingerprint, ticket!)));
  expect(new Set(answers.map(({ what }) => what))).toEqual(new Set(['noted']));
  expect(await ofFingerprint(fingerprint)).toEqual([]);
  await note(fingerprint, newTickets(1)[0]!);
  const last = newTickets(1)[0]!;
  const opened = await note(fingerprint, last);
  expect(opened).toEqual({ what: 'opened', problemId: `prb_${last}` });
  expect(await note(fingerprint, last)).toEqual({ what: 'known', problemId: `prb_${last}` });
  expect(await note(fingerprint, ticket!)).toEqual({ what: 'known', problemId: `prb_${last}` });
});

test.each<[string, number[], boolean]>([
  ['three within a day', [0, 12 * HOUR, DAY], true],
  ['three a millisecond too far apart', [0, 12 * HOUR, DAY + 1], false],
  ['the one that came last was opened first', [12 * HOUR, DAY, 0], true],
  ['the one that came last was opened between', [0, DAY, HOUR], true],
  ['three with a day before and after the middle one', [0, 2 * DAY, DAY], false],
  ['three at one instant', [0, 0, 0], true],
])('%s', async (_what, instants, isOpened) => {
  const fingerprint = newFingerprint();
  for (const at of instants) await note(fingerprint, newTickets(1)[0]!, { at: START + at });
  expect(await ofFingerprint(fingerprint)).toHaveLength(isOpened ? 1 : 0);
});

test('once there is a problem, a ticket joins it, whenever it was opened', async () => {
  const fingerprint = newFingerprint();
  const tickets = newTickets(5);
  const instants = [0, 1, 2, 90 * DAY, -90 * DAY];
  for (const [i, ticket] of tickets.entries()) await note(fingerprint, ticket, { at: START + instants[i]! });
  const [problem] = await ofFingerprint(fingerprint);
  expect(problem).toMatchObject({ state: 'open', tickets: 5, fingerprint });
  expect(await ticketsOf(problem!.id)).toEqual(tickets.toSorted());
});

test('after it is resolved, old tickets do not count again: it takes as many new ones', async () => {
  const fingerprint = newFingerprint();
  const [a, b, c, d, e, f] = newTickets(6);
  for (const ticket of [a!, b!, c!]) await note(fingerprint, ticket);
  await resolve(`prb_${c}`);
  expect((await note(fingerprint, d!)).what).toBe('noted');
  expect((await note(fingerprint, e!)).what).toBe('noted');
  expect(await note(fingerprint, f!)).toEqual({ what: 'opened', problemId: `prb_${f}` });
  expect(await ticketsOf(`prb_${f}`)).toEqual([d!, e!, f!].toSorted());
});

test('a ticket that turns out to have another fingerprint counts there, and not where it counted before', async () => {
  const [before, after] = [newFingerprint(), newFingerprint()];
  const [moving, x, y, z] = newTickets(4);
  await note(before, moving!);
  await note(before, x!);
  await note(after, moving!);
  expect((await note(before, y!)).what).toBe('noted');
  expect((await note(before, z!)).what).toBe('opened');
  await problems.forgetOccurrence(moving!);
  for (const ticket of newTickets(2)) expect((await note(after, ticket)).what).toBe('noted');
});

test('of a problem by hand and one by recurrence at the same moment there is one', async () => {
  for (let round = 0; round < 10; round += 1) {
    const fingerprint = newFingerprint();
    const tickets = newTickets(3);
    await Promise.all([note(fingerprint, tickets[0]!), note(fingerprint, tickets[1]!)]);
    const byHand = `prb_hand-${randomUUID()}`;
    const [noted, opened] = await Promise.all([
      note(fingerprint, tickets[2]!),
      openInJournal(journals, problemJournal, byHand, { body: openingOf(fingerprint), occurredAt: START }),
    ]);
    const found = await ofFingerprint(fingerprint);
    expect(found).toHaveLength(1);
    expect(noted).toMatchObject({ problemId: found[0]!.id });
    if (found[0]!.id === byHand) expect(opened).toEqual({ recorded: true });
    else expect(opened).toMatchObject({ recorded: false, taken: found[0]!.id });
  }
});

test('the database itself keeps a second unresolved problem of a fingerprint out', async () => {
  const fingerprint = newFingerprint();
  const row = (id: string, state: string) => database.$executeRaw`
    INSERT INTO problems (id, state, fingerprint, opened_at, body, sequence, recorded_at)
    VALUES (${id}, ${state}, ${fingerprint}, now(), '{}', 1, now())`;
  await row(`prb_${randomUUID()}`, 'resolved');
  await row(`prb_${randomUUID()}`, 'closed');
  await row(`prb_${randomUUID()}`, 'open');
  for (const state of ['open', 'knownError', 'fixPlanned', 'fixed'])
    await expect(row(`prb_${randomUUID()}`, state)).rejects.toThrow(/[Uu]nique/);
});

test('a problem that is reopened while another has its fingerprint stays as it is', async () => {
  const fingerprint = newFingerprint();
  const first = newTickets(3);
  for (const ticket of first) await note(fingerprint, ticket);
  await resolve(`prb_${first[2]}`);
  const second = newTickets(3);
  for (const ticket of second) await note(fingerprint, ticket);
  const answer = await move(`prb_${first[2]}`, { type: 'reopen' });
  expect(answer).toEqual({ recorded: false, events: [], known: [], taken: `prb_${second[2]}` });
  expect((await problems.get(`prb_${first[2]}`, SEES_ALL))?.state).toBe('resolved');
  expect((await journals.events('problem', `prb_${first[2]}`)).at(-1)?.type).toBe('resolved');
});

test('a ticket that comes while the fix is being recorded as good is not lost: the problem has it, or a new one will', async () => {
  for (let round = 0; round < 10; round += 1) {
    const fingerprint = newFingerprint();
    const tickets = newTickets(3);
    for (const ticket of tickets) await note(fingerprint, ticket);
    const id = `prb_${tickets[2]}`;
    await move(id, { type: 'fixed', quietMs: HOUR });
    const late = newTickets(1)[0]!;
    const [noted] = await Promise.all([
      note(fingerprint, late, { at: Date.now() + HOUR }),
      move(id, { settle: Date.now() + HOUR }),
    ]);
    const last = (await journals.events('problem', id)).at(-1)!.type;
    const { state, nextMilestoneAt } = (await database.problem.findUnique({ where: { id } }))!;
    expect([noted.what, last]).toEqual(
      noted.what === 'noted' ? ['noted', 'resolved'] : ['joined', last === 'linked' ? 'linked' : 'recurred'],
    );
    // Nobody has looked at it yet: its row asks for that.
    if (last === 'linked') expect([state, nextMilestoneAt! <= new Date()]).toEqual(['fixed', true]);
  }
});

test('whoever notes a ticket waits for a problem that is just being resolved, and then counts anew', async () => {
  const fingerprint = newFingerprint();
  const tickets = newTickets(3);
  for (const ticket of tickets) await note(fingerprint, ticket);
  const id = `prb_${tickets[2]}`;
  await move(id, { type: 'fixed', quietMs: HOUR });
  const state = foldJournal(problemJournal, id, (await journals.events('problem', id)) as ProblemEvent[])!;
  const turn = settleJournal(problemJournal, state, Date.now() + HOUR);
  const resolving = new pg.Client({ connectionString: url });
  await resolving.connect();
  await resolving.query('BEGIN');
  await resolving.query('SELECT tierline_record_journal($1, $2, $3, $4, $5)', [
    'problem',
    id,
    state.sequence,
    JSON.stringify(turn.events),
    JSON.stringify(journalRow(problemJournal, turn.state, Date.now())),
  ]);
  const noting = note(fingerprint, newTickets(1)[0]!);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await resolving.query('COMMIT');
  await resolving.end();
  expect(await noting).toEqual({ what: 'noted' });
  expect((await problems.get(id, SEES_ALL))!.tickets).toBe(3);
});

test('linked by hand and taken away again, whatever else is linked', async () => {
  const id = `prb_${randomUUID()}`;
  const [a, b] = newTickets(2);
  const link = (ticket: string): ProblemBody => ({ type: 'linked', ticket, openedAt: START, by: 'hand' });
  const opening = { body: openingOf(newFingerprint()), more: [link(a!), link(b!)], occurredAt: START };
  await openInJournal(journals, problemJournal, id, opening);
  expect(await ticketsOf(id)).toEqual([a!, b!].toSorted());
  await move(id, { type: 'unlinkTicket', ticket: a! });
  expect(await ticketsOf(id)).toEqual([b]);
  await move(id, { type: 'linkTicket', ticket: a!, openedAt: START });
  expect(await problems.isLinked(id, a!)).toBe(true);
  const { events } = openJournal(problemJournal, id, opening);
  const log: JournalEvent[] = await journals.events('problem', id);
  expect(log.slice(0, 3)).toEqual(events);
});
