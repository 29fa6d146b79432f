/** What a task says about itself as time goes by, and what may be asked of it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Actor } from '../../domain/events.ts';
import {
  decideJournal,
  foldJournal,
  openJournal,
  settleJournal,
  type JournalRequest,
} from '../../domain/journal.ts';
import {
  taskJournal,
  type Task,
  type TaskCommand,
  type TaskEvent,
  type TaskTerms,
} from '../../domain/task.ts';
import { runs } from '../support/runs.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5, 9);
const DUE = START + 5 * DAY;

const AGENT: Actor = { subject: 'key:1', role: 'agent' };
const LEAD: Actor = { subject: 'key:2', role: 'lead' };

const TERMS: TaskTerms = {
  kind: 'actionItem',
  subject: { type: 'ticket', id: 'tkt_1' },
  owner: 'agent-17',
  dueAt: DUE,
  remindBeforeMs: [DAY, 2 * HOUR],
  escalateAfterMs: [DAY, 3 * DAY],
  escalateTo: ['lead', 'manager'],
  needsVerification: false,
};

function openTask(terms: Partial<TaskTerms> = {}): Task {
  const body = { type: 'opened' as const, ...TERMS, ...terms };
  return openJournal(taskJournal, 'tsk_1', { body, occurredAt: START, actor: AGENT }).state;
}

let messages = 0;
function ask(task: Task, command: TaskCommand, { at = START, actor = AGENT, more = {} } = {}) {
  const request: JournalRequest<TaskCommand> = { id: `m${(messages += 1)}`, command, actor, ...more };
  return decideJournal(taskJournal, task, request, at);
}

function granted(...asked: Parameters<typeof ask>): Task {
  const decided = ask(...asked);
  if ('refusal' in decided) throw new Error(decided.refusal.message);
  return decided.turn.state;
}

const refusalOf = (...asked: Parameters<typeof ask>): string | null => {
  const decided = ask(...asked);
  return 'refusal' in decided ? decided.refusal.code : null;
};

/** The task woken at every milestone up to `until`, as its workflow does it. */
function played(task: Task, until: number): { task: Task; log: { at: number; event: TaskEvent }[] } {
  const log: { at: number; event: TaskEvent }[] = [];
  let current = task;
  for (let at = taskJournal.nextMilestone(current, START); at !== null && at <= until;) {
    const turn = settleJournal(taskJournal, current, at);
    expect(turn.events).not.toEqual([]);
    log.push(...turn.events.map((event) => ({ at: event.occurredAt, event })));
    current = turn.state;
    at = taskJournal.nextMilestone(current, at);
  }
  return { task: current, log };
}

const told = (task: Task, until = DUE + 30 * DAY) =>
  played(task, until).log.map(({ at, event }) => [
    event.type,
    (at - DUE) / HOUR,
    ...('to' in event ? [event.to] : []),
  ]);

describe('as time goes by', () => {
  test('reminds a day and two hours before, is overdue a millisecond after, and goes up step by step', () => {
    expect(told(openTask())).toEqual([
      ['reminded', -24],
      ['reminded', -2],
      ['overdue', 1 / HOUR],
      ['escalated', 24, 'lead'],
      ['escalated', 72, 'manager'],
    ]);
  });

  test('says nothing more once it is done, and nothing at all of what was done in time', () => {
    const done = granted(openTask(), { type: 'complete' }, { at: START + HOUR });
    expect(told(done)).toEqual([]);
    expect(taskJournal.nextMilestone(done, START + HOUR)).toBeNull();
  });

  test('what is done exactly when it is due is in time', () => {
    const done = granted(openTask({ remindBeforeMs: [] }), { type: 'complete' }, { at: DUE });
    expect(done).toMatchObject({ state: 'done', isOverdue: false });
    const late = granted(openTask({ remindBeforeMs: [] }), { type: 'complete' }, { at: DUE + 1 });
    expect(late).toMatchObject({ state: 'done', isOverdue: true });
  });

  test('a reminder that would have come before the task was there is not sent', () => {
    expect(told(openTask({ dueAt: START + HOUR }), START + HOUR)).toEqual([]);
    expect(told(openTask({ dueAt: START + 2 * HOUR }), START + HOUR)).toEqual([]);
  });

  test('after a week in which nobody looked, the latest of each is told, once', () => {
    const { events, state } = settleJournal(taskJournal, openTask(), DUE + 7 * DAY);
    expect(events.map(({ type }) => type)).toEqual(['overdue', 'escalated']);
    expect(events[1]).toMatchObject({ step: 2, to: 'manager' });
    expect(settleJournal(taskJournal, state, DUE + 7 * DAY).events).toEqual([]);
    expect(taskJournal.nextMilestone(state, DUE + 7 * DAY)).toBeNull();
  });

  test('of two reminders that are due together only the later one is sent', () => {
    const { events } = settleJournal(taskJournal, openTask(), DUE - HOUR);
    expect(events).toMatchObject([{ type: 'reminded', beforeMs: 2 * HOUR }]);
  });

  test('postponed, everything starts again for the new date, under ids of its own', () => {
    const late = settleJournal(taskJournal, openTask(), DUE + 2 * DAY).state;
    const postponed = granted(late, { type: 'postpone', dueAt: DUE + 9 * DAY }, { at: DUE + 2 * DAY });
    expect(postponed).toMatchObject({ dueAt: DUE + 9 * DAY, postponements: 1, isOverdue: false });
    expect(told(postponed).map(([type]) => type)).toEqual([
      'reminded',
      'reminded',
      'overdue',
      'escalated',
      'escalated',
    ]);
    const ids = [...played(openTask(), DUE + 2 * DAY).log, ...played(postponed, DUE + 30 * DAY).log].map(
      ({ event }) => event.id,
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('reopened after its due date it is overdue at once, and not twice', () => {
    const done = granted(openTask(), { type: 'complete' }, { at: START });
    const reopened = granted(done, { type: 'reopen' }, { at: DUE + HOUR });
    expect(reopened).toMatchObject({ state: 'open', isOverdue: true, completedBy: null });
    expect(told(reopened).map(([type]) => type)).toEqual(['escalated', 'escalated']);
  });

  test('whenever it is woken, late or in time, it never tells a thing twice and never waits for the past', () => {
    const wakes = fc.array(fc.integer({ min: 0, max: 12 * 24 }), { maxLength: 12 });
    const before = fc.array(fc.integer({ min: 0, max: 6 * 24 }), { maxLength: 4 });
    fc.assert(
      fc.property(wakes, before, before, (hours, remind, escalate) => {
        let task = openTask({
          remindBeforeMs: remind.map((hour) => hour * HOUR),
          escalateAfterMs: escalate.map((hour) => hour * HOUR),
        });
        const ids: string[] = [];
        for (const hour of hours.toSorted((a, b) => a - b)) {
          const now = START + hour * HOUR;
          const turn = settleJournal(taskJournal, task, now);
          ids.push(...turn.events.map(({ id }) => id));
          task = turn.state;
          expect(taskJournal.nextMilestone(task, now) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(now);
        }
        expect(new Set(ids).size).toBe(ids.length);
      }),
      // A step that comes at once is still not before the task is late.
      { ...runs(200), examples: [[[120], [], [0]]] },
    );
  });
});

describe('what may be asked', () => {
  const done = granted(openTask(), { type: 'complete' });
  const verified = granted(done, { type: 'verify' }, { actor: LEAD });
  const cancelled = granted(openTask(), { type: 'cancel' });

  test.each<[string, Task, TaskCommand, string | null]>([
    ['complete what is open', openTask(), { type: 'complete' }, null],
    ['complete twice', done, { type: 'complete' }, 'task_not_open'],
    ['verify what nobody did', openTask(), { type: 'verify' }, 'task_not_done'],
    ['verify twice', verified, { type: 'verify' }, 'task_not_done'],
    ['verify what was cancelled', cancelled, { type: 'verify' }, 'task_not_done'],
    ['reopen what is open', openTask(), { type: 'reopen' }, 'task_open'],
    ['reopen what was verified', verified, { type: 'reopen' }, null],
    ['reopen what was cancelled', cancelled, { type: 'reopen' }, null],
    ['give it to another', openTask(), { type: 'reassign', owner: 'agent-18' }, null],
    ['give it to nobody', openTask(), { type: 'reassign', owner: null }, null],
    ['give it to its owner', openTask(), { type: 'reassign', owner: 'agent-17' }, 'same_owner'],
    ['give away what is done', done, { type: 'reassign', owner: 'agent-18' }, 'task_not_open'],
    ['postpone', openTask(), { type: 'postpone', dueAt: DUE + 1 }, null],
    ['postpone to the same time', openTask(), { type: 'postpone', dueAt: DUE }, 'due_not_later'],
    ['bring forward', openTask(), { type: 'postpone', dueAt: DUE - 1 }, 'due_not_later'],
    ['cancel what was cancelled', cancelled, { type: 'cancel' }, 'task_not_open'],
  ])('%s', (_what, task, command, code) => {
    expect(refusalOf(task, command, { actor: LEAD })).toBe(code);
  });

  const FRONT_END: Actor = { subject: 'key:9', role: 'integration' };
  test.each<[string, Actor, Actor, string | null]>([
    ['the same key', AGENT, AGENT, 'verification_by_completer'],
    ['another key', AGENT, LEAD, null],
    [
      'another key for the one who did it',
      { ...AGENT, actingFor: 'agent-17' },
      { ...LEAD, actingFor: 'agent-17' },
      'verification_by_completer',
    ],
    [
      'the same key of a person, for another',
      AGENT,
      { ...AGENT, actingFor: 'agent-18' },
      'verification_by_completer',
    ],
    [
      'a front end for two people',
      { ...FRONT_END, actingFor: 'agent-1' },
      { ...FRONT_END, actingFor: 'agent-2' },
      null,
    ],
    [
      'a front end for one person',
      { ...FRONT_END, actingFor: 'agent-1' },
      { ...FRONT_END, actingFor: 'agent-1' },
      'verification_by_completer',
    ],
    [
      'a front end that names nobody',
      { ...FRONT_END, actingFor: 'agent-1' },
      FRONT_END,
      'verification_by_completer',
    ],
  ])('%s verifies', (_who, completer, verifier, code) => {
    const completed = granted(openTask(), { type: 'complete' }, { actor: completer });
    expect(refusalOf(completed, { type: 'verify' }, { actor: verifier })).toBe(code);
  });

  test('a request that was meant for an earlier state is refused', () => {
    expect(refusalOf(done, { type: 'reopen' }, { more: { ifSequence: 1 } })).toBe('precondition_failed');
    expect(refusalOf(done, { type: 'reopen' }, { more: { ifSequence: 2 } })).toBeNull();
  });

  test('what was due is logged before what was asked', () => {
    const decided = ask(openTask(), { type: 'complete' }, { at: DUE + 2 * DAY });
    expect('turn' in decided && decided.turn.events.map(({ type }) => type)).toEqual([
      'overdue',
      'escalated',
      'completed',
    ]);
  });
});

test('the log folds to what stands', () => {
  const opening = openJournal(taskJournal, 'tsk_1', {
    body: { type: 'opened', ...TERMS },
    occurredAt: START,
    actor: AGENT,
  });
  const asked: [TaskCommand, number, Actor][] = [
    [{ type: 'reassign', owner: null }, START + HOUR, LEAD],
    [{ type: 'postpone', dueAt: DUE + DAY }, DUE + HOUR, AGENT],
    [{ type: 'complete' }, DUE + 3 * DAY, AGENT],
    [{ type: 'verify' }, DUE + 4 * DAY, LEAD],
  ];
  let { state } = opening;
  const log = [...opening.events];
  asked.forEach(([command, now, actor], i) => {
    const decided = decideJournal(taskJournal, state, { id: `r${i}`, command, actor }, now);
    if ('refusal' in decided) throw new Error(decided.refusal.message);
    log.push(...decided.turn.events);
    state = decided.turn.state;
  });
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_event, i) => i + 1));
  expect(foldJournal(taskJournal, 'tsk_1', log)).toEqual(state);
  expect(state.state).toBe('verified');
});
