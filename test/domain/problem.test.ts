/** A problem from the first ticket to the quiet period in which its fix proves itself. */
import { describe, expect, test } from '@jest/globals';
import type { Actor } from '../../domain/events.ts';
import { decideJournal, foldJournal, openJournal, settleJournal } from '../../domain/journal.ts';
import {
  problemJournal,
  type Problem,
  type ProblemCommand,
  type ProblemEvent,
} from '../../domain/problem.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5, 9);
const LEAD: Actor = { subject: 'key:2', role: 'lead' };

const opened = (): Problem =>
  openJournal(problemJournal, 'prb_1', {
    body: { type: 'opened', fingerprint: 'disk-full', owner: 'problem-manager', quietMs: 7 * DAY },
    occurredAt: START,
  }).state;

let messages = 0;
const ask = (problem: Problem, command: ProblemCommand, at = START) =>
  decideJournal(problemJournal, problem, { id: `m${(messages += 1)}`, command, actor: LEAD }, at);

function granted(problem: Problem, command: ProblemCommand, at = START): Problem {
  const decided = ask(problem, command, at);
  if ('refusal' in decided) throw new Error(decided.refusal.message);
  return decided.turn.state;
}

const PLAN: ProblemCommand = { type: 'planFix', owner: 'agent-17', dueAt: START + 9 * DAY, task: 'tsk_1' };
const fixedAt = (at: number) => granted(opened(), { type: 'fixed' }, at);

/** A ticket with the fingerprint, as the database appends it. */
function occurrence(problem: Problem, ticket: string, openedAt: number): Problem {
  const event: ProblemEvent = {
    id: `occurrence/${ticket}`,
    sequence: problem.sequence + 1,
    occurredAt: openedAt + 1_000,
    type: 'linked',
    ticket,
    openedAt,
    by: 'recurrence',
  };
  return problemJournal.evolve(problem, event, problem.id);
}

test('from the investigation to resolved, a state at a time', () => {
  const known = granted(opened(), { type: 'noteKnownError', rootCause: true, workaround: false });
  const planned = granted(known, PLAN);
  const fixed = granted(planned, { type: 'fixed', change: 'CHG-7' }, START + DAY);
  const { state, events } = settleJournal(problemJournal, fixed, START + 8 * DAY);
  expect([opened(), known, planned, fixed, state].map((one) => one.state)).toEqual([
    'open',
    'knownError',
    'fixPlanned',
    'fixed',
    'resolved',
  ]);
  expect(events.map(({ type }) => type)).toEqual(['resolved']);
  expect(state).toMatchObject({ change: 'CHG-7', fix: { owner: 'agent-17', task: 'tsk_1' } });
  expect(problemJournal.isRunning(state)).toBe(false);
});

describe('the quiet period', () => {
  test('ends to the millisecond, and is as long as was said when it was fixed', () => {
    const fixed = fixedAt(START);
    expect(problemJournal.nextMilestone(fixed, START)).toBe(START + 7 * DAY);
    expect(settleJournal(problemJournal, fixed, START + 7 * DAY - 1).events).toEqual([]);
    expect(settleJournal(problemJournal, fixed, START + 7 * DAY).state.state).toBe('resolved');
    const shorter = granted(opened(), { type: 'fixed', quietMs: HOUR });
    expect(problemJournal.nextMilestone(shorter, START)).toBe(START + HOUR);
  });

  test('a ticket that was opened after the fix puts the problem back, once', () => {
    const back = occurrence(fixedAt(START), 'tkt_2', START + DAY);
    const { state, events } = settleJournal(problemJournal, back, START + DAY);
    expect(events).toMatchObject([{ type: 'recurred', ticket: 'tkt_2' }]);
    expect(state).toMatchObject({ state: 'open', recurrences: 1, fixedAt: null, quietUntil: null });
    expect(
      settleJournal(problemJournal, occurrence(state, 'tkt_3', START + 2 * DAY), START + 9 * DAY).events,
    ).toEqual([]);
  });

  test('one that was opened before the fix, or at that very instant, says nothing against it', () => {
    for (const openedAt of [START - DAY, START]) {
      const late = occurrence(fixedAt(START), 'tkt_2', openedAt);
      expect(settleJournal(problemJournal, late, START + DAY).events).toEqual([]);
    }
  });

  test('what came before it was over counts, though the engine only looks after it', () => {
    const back = occurrence(fixedAt(START), 'tkt_2', START + 6 * DAY);
    const { events, state } = settleJournal(problemJournal, back, START + 30 * DAY);
    expect(events.map(({ type }) => type)).toEqual(['recurred']);
    expect(state.state).toBe('open');
  });

  test('fixed again, it starts anew', () => {
    const back = settleJournal(
      problemJournal,
      occurrence(fixedAt(START), 'tkt_2', START + DAY),
      START + DAY,
    ).state;
    const again = granted(back, { type: 'fixed' }, START + 2 * DAY);
    expect(problemJournal.nextMilestone(again, START + 2 * DAY)).toBe(START + 9 * DAY);
    const twice = settleJournal(problemJournal, occurrence(again, 'tkt_3', START + 3 * DAY), START + 3 * DAY);
    expect(twice.state.recurrences).toBe(2);
  });
});

describe('what may be asked', () => {
  const resolved = settleJournal(problemJournal, fixedAt(START), START + 7 * DAY).state;
  const closed = granted(opened(), { type: 'close' });
  const link: ProblemCommand = { type: 'linkTicket', ticket: 'tkt_1', openedAt: START };
  const note: ProblemCommand = { type: 'noteKnownError', rootCause: true, workaround: true };

  test.each<[string, Problem, ProblemCommand, string | null]>([
    ['close without a fix', opened(), { type: 'close' }, null],
    ['close while watching', fixedAt(START), { type: 'close' }, null],
    ['close twice', closed, { type: 'close' }, 'problem_closed'],
    ['close what is resolved', resolved, { type: 'close' }, 'problem_closed'],
    ['reopen what is resolved', resolved, { type: 'reopen' }, null],
    ['reopen what was closed', closed, { type: 'reopen' }, null],
    ['reopen what is open', opened(), { type: 'reopen' }, 'problem_not_closed'],
    ['fix what nobody planned', opened(), { type: 'fixed' }, null],
    ['fix twice', fixedAt(START), { type: 'fixed' }, 'problem_fixed'],
    ['plan after the fix', fixedAt(START), PLAN, 'problem_fixed'],
    ['plan anew', granted(opened(), PLAN), PLAN, null],
    ['note a workaround while watching', fixedAt(START), note, null],
    ['note anything after the end', closed, note, 'problem_closed'],
    ['link after the end', resolved, link, 'problem_closed'],
    ['link', opened(), link, null],
  ])('%s', (_what, problem, command, code) => {
    const decided = ask(problem, command, START);
    expect('refusal' in decided ? decided.refusal.code : null).toBe(code);
  });

  test('what is known stays known, whatever comes after it', () => {
    const noted = granted(opened(), note);
    const again = granted(granted(noted, { type: 'close' }), { type: 'reopen' });
    expect(again).toMatchObject({ state: 'open', closedAt: null, closing: null });
    expect(granted(granted(noted, PLAN), note).state).toBe('fixPlanned');
  });
});

test('the log folds to what stands, links and all', () => {
  const { state, events } = openJournal(problemJournal, 'prb_1', {
    body: { type: 'opened', fingerprint: null, owner: null, quietMs: HOUR },
    more: [{ type: 'linked', ticket: 'tkt_1', openedAt: START, by: 'hand' }],
    occurredAt: START,
  });
  const decided = ask(state, { type: 'fixed' }, START);
  if ('refusal' in decided) throw new Error(decided.refusal.message);
  const settled = settleJournal(problemJournal, decided.turn.state, START + HOUR);
  const log = [...events, ...decided.turn.events, ...settled.events];
  expect(log.map(({ sequence, type }) => `${sequence} ${type}`)).toEqual([
    '1 opened',
    '2 linked',
    '3 fixed',
    '4 resolved',
  ]);
  expect(foldJournal(problemJournal, 'prb_1', log)).toEqual(settled.state);
});
