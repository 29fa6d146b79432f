/** What a review says about itself as time goes by, and what may be asked of it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Actor } from '../../domain/events.ts';
import { decideJournal, foldJournal, openJournal, settleJournal } from '../../domain/journal.ts';
import {
  isTaskSettled,
  JUDGE_WITHIN_MS,
  REVIEW_STATES,
  type Review,
  type ReviewEvent,
  type ReviewTerms,
} from '../../domain/review.ts';
import { reviewJournal, type ReviewCommand } from '../../domain/review-journal.ts';
import { TASK_STATES } from '../../domain/task.ts';
import { runs } from '../support/runs.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5, 9);
const MEETING = START + 3 * DAY;

const AGENT: Actor = { subject: 'key:1', role: 'agent' };
const LEAD: Actor = { subject: 'key:2', role: 'lead' };

const TERMS: ReviewTerms = {
  ticket: 'tkt_1',
  cause: 'majorIncident',
  severity: 'P1',
  owner: 'agent-17',
  meetingDueAt: MEETING,
  quietMs: 30 * DAY,
  required: ['summary', 'rootCause'],
  fingerprint: null,
  remindBeforeMs: [DAY],
  escalateAfterMs: [3 * DAY, DAY],
  escalateTo: ['lead', 'manager'],
};

function openReview(terms: Partial<ReviewTerms> = {}): Review {
  const body = { type: 'opened' as const, ...TERMS, ...terms };
  return openJournal(reviewJournal, 'rvw_1', { body, occurredAt: START }).state;
}

let messages = 0;
function ask(review: Review, command: ReviewCommand, { at = START, actor = AGENT } = {}) {
  const id = `m${(messages += 1)}`;
  // Words always come with what writes them.
  const request = { id, command, actor, text: { id: `t-${id}`, digest: 'd' } };
  return decideJournal(reviewJournal, review, request, at);
}

function granted(...asked: Parameters<typeof ask>): Review {
  const decided = ask(...asked);
  if ('refusal' in decided) throw new Error(decided.refusal.message);
  return decided.turn.state;
}

const refusalOf = (...asked: Parameters<typeof ask>): string | null => {
  const decided = ask(...asked);
  return 'refusal' in decided ? decided.refusal.code : null;
};

const after = (review: Review, ...commands: [ReviewCommand, Actor?][]): Review =>
  commands.reduce((soFar, [command, actor = AGENT]) => granted(soFar, command, { actor }), review);

const MEET: ReviewCommand = { type: 'holdMeeting', heldAt: START, acceptanceDueAt: START + 10 * DAY };
const WRITE: ReviewCommand = { type: 'write', sections: ['summary', 'rootCause'] };
const SUBMIT: ReviewCommand = { type: 'submit', findings: [] };
const ACTION: ReviewCommand = {
  type: 'addTask',
  task: 'tsk_1',
  kind: 'actionItem',
  owner: 'agent-18',
  dueAt: START + 28 * DAY,
};
const noted = (state: (typeof TASK_STATES)[number], task = 'tsk_1'): ReviewCommand => ({
  type: 'noteTask',
  task,
  kind: 'actionItem',
  state,
});

const drafted = () => after(openReview(), [MEET], [WRITE]);
const submitted = () => after(drafted(), [SUBMIT]);
const accepted = () => after(submitted(), [ACTION], [{ type: 'accept' }, LEAD]);

/** The review woken at every milestone up to `until`, as its workflow does it. */
function played(review: Review, until: number): { review: Review; log: ReviewEvent[] } {
  const log: ReviewEvent[] = [];
  let current = review;
  for (let at = reviewJournal.nextMilestone(current, review.openedAt); at !== null && at <= until;) {
    const turn = settleJournal(reviewJournal, current, at);
    expect(turn.events).not.toEqual([]);
    log.push(...turn.events);
    current = turn.state;
    at = reviewJournal.nextMilestone(current, at);
  }
  return { review: current, log };
}

describe('as time goes by', () => {
  test('reminds of the meeting, is overdue a millisecond after, and goes up step by step', () => {
    const { log } = played(openReview(), MEETING + 30 * DAY);
    expect(
      log.map((event) => [event.type, 'about' in event && event.about, event.occurredAt - MEETING]),
    ).toEqual([
      ['reminded', 'meeting', -DAY],
      ['overdue', 'meeting', 1],
      ['escalated', 'meeting', DAY],
      ['escalated', 'meeting', 3 * DAY],
    ]);
    expect(log.flatMap((event) => ('to' in event ? [event.to] : []))).toEqual(['lead', 'manager']);
  });

  test('after a long sleep only the latest is told', () => {
    const { events } = settleJournal(reviewJournal, openReview(), MEETING + 40 * DAY);
    expect(events.map(({ type }) => type)).toEqual(['overdue', 'escalated']);
  });

  test('once the meeting was held the text is due, and nothing is said of the meeting any more', () => {
    const { log } = played(drafted(), START + 30 * DAY);
    expect(log.map((event) => 'about' in event && event.about)).toEqual(Array(4).fill('acceptance'));
  });

  test('while it waits for actions nothing of its own is due', () => {
    const { review, log } = played(accepted(), START + 400 * DAY);
    expect([review.state, log]).toEqual(['awaitingActions', []]);
  });

  test('the quiet period begins with the last verified action; after it the judgement is due, and late', () => {
    const at = START + 20 * DAY;
    const quiet = granted(accepted(), noted('verified'), { at });
    expect(quiet).toMatchObject({ state: 'quiet', quietUntil: at + 30 * DAY });
    const { log } = played(quiet, START + 90 * DAY);
    expect(log.map(({ type, occurredAt }) => [type, occurredAt - at - 30 * DAY])).toEqual([
      ['effectivenessDue', 0],
      ['reminded', JUDGE_WITHIN_MS - DAY],
      ['overdue', JUDGE_WITHIN_MS + 1],
      ['escalated', JUDGE_WITHIN_MS + DAY],
      ['escalated', JUDGE_WITHIN_MS + 3 * DAY],
    ]);
  });

  test('an action that is open again ends the quiet period, and starts it anew', () => {
    const quiet = granted(accepted(), noted('verified'));
    const waiting = granted(quiet, noted('open'), { at: START + DAY });
    expect(waiting).toMatchObject({ state: 'awaitingActions', quietUntil: null });
    expect(granted(waiting, noted('verified'), { at: START + 5 * DAY }).quietUntil).toBe(START + 35 * DAY);
  });

  test('done is not verified: the quiet period does not begin', () => {
    expect(granted(accepted(), noted('done')).state).toBe('awaitingActions');
  });
});

describe('what may be asked', () => {
  const judging = () => {
    const quiet = granted(accepted(), noted('verified'));
    return played(quiet, START + 31 * DAY).review;
  };
  const closed = () => granted(judging(), { type: 'judgeEffectiveness', effective: true });

  test.each<[string, () => Review, ReviewCommand, Actor, string | null]>([
    ['a second meeting', drafted, MEET, AGENT, 'review_state'],
    [
      'a date for a meeting that was held',
      drafted,
      { type: 'schedule', meetingAt: MEETING },
      AGENT,
      'review_state',
    ],
    ['submitting before the meeting', () => after(openReview(), [WRITE]), SUBMIT, AGENT, 'review_state'],
    ['submitting without the parts', () => after(openReview(), [MEET]), SUBMIT, AGENT, 'review_incomplete'],
    ['writing while somebody reads it', submitted, WRITE, AGENT, 'review_state'],
    ['accepting what one wrote', submitted, { type: 'accept' }, AGENT, 'acceptance_by_author'],
    ['accepting as a reader', submitted, { type: 'accept' }, LEAD, null],
    ['returning it', submitted, { type: 'return', acceptanceDueAt: START + DAY }, LEAD, null],
    ['accepting a draft', drafted, { type: 'accept' }, LEAD, 'review_state'],
    ['closing with an open action', accepted, { type: 'close' }, LEAD, 'actions_open'],
    ['closing a draft', drafted, { type: 'close' }, LEAD, 'review_state'],
    [
      'closing in the quiet period',
      () => granted(accepted(), noted('verified')),
      { type: 'close' },
      LEAD,
      null,
    ],
    ['judging too early', accepted, { type: 'judgeEffectiveness', effective: true }, LEAD, 'review_state'],
    ['judging', judging, { type: 'judgeEffectiveness', effective: true }, LEAD, null],
    [
      'reopening what is open',
      accepted,
      { type: 'reopen', acceptanceDueAt: START },
      LEAD,
      'review_not_closed',
    ],
    ['writing in what is closed', closed, WRITE, AGENT, 'review_closed'],
    ['giving it to whom has it', openReview, { type: 'assign', owner: 'agent-17' }, LEAD, 'same_owner'],
    [
      'leaving out who is not there',
      openReview,
      { type: 'removeParticipants', people: ['a'] },
      LEAD,
      'nothing_changed',
    ],
  ])('%s', (_what, review, command, actor, code) => {
    expect(refusalOf(review(), command, { actor, at: START + 60 * DAY })).toBe(code);
  });

  test('who submitted it for somebody is an author too, and the front end may name another who accepts', () => {
    const frontEnd = (actingFor: string): Actor => ({ subject: 'key:9', role: 'integration', actingFor });
    const review = granted(drafted(), SUBMIT, { actor: frontEnd('agent-21') });
    const accept: ReviewCommand = { type: 'accept' };
    expect(refusalOf(review, accept, { actor: frontEnd('agent-21') })).toBe('acceptance_by_author');
    expect(refusalOf(review, accept, { actor: frontEnd('lead-2') })).toBeNull();
  });

  test('five whys are a root cause', () => {
    const review = after(openReview(), [MEET], [{ type: 'write', sections: ['summary', 'fiveWhys'] }]);
    expect(refusalOf(review, SUBMIT)).toBeNull();
  });

  test('what was not effective comes with another action, and is watched anew after it', () => {
    const { type: _type, ...action } = ACTION;
    const command: ReviewCommand = {
      type: 'judgeEffectiveness',
      effective: false,
      action: { ...action, task: 'tsk_2' },
    };
    const again = granted(judging(), command, { at: START + 31 * DAY });
    expect(again).toMatchObject({ state: 'awaitingActions', effective: false, judgeBy: null });
    const quiet = granted(again, noted('verified', 'tsk_2'), { at: START + 40 * DAY });
    expect(quiet.quietUntil).toBe(START + 70 * DAY);
  });

  test('an action that is open again opens a closed review, whose text stays accepted', () => {
    expect(closed()).toMatchObject({ state: 'closed', effective: true });
    const again = granted(closed(), noted('open'), { at: START + 60 * DAY });
    expect(again).toMatchObject({ state: 'awaitingActions', reopenings: 1, closedAt: null });
    expect(again.acceptedAt).not.toBeNull();
  });

  test('a task that nobody told it of is noted; one that was over before is not', () => {
    const review = granted(openReview(), noted('done', 'tsk_9'));
    expect(review.tasks).toEqual([{ id: 'tsk_9', kind: 'actionItem', state: 'done' }]);
    expect(refusalOf(review, noted('done', 'tsk_9'))).toBe('nothing_changed');
    expect(refusalOf(review, noted('cancelled', 'tsk_10'))).toBe('nothing_changed');
  });

  test('the same incident again counts only while it is watched, and each ticket once', () => {
    const again: ReviewCommand = { type: 'noteRecurrence', ticket: 'tkt_2' };
    expect(refusalOf(accepted(), again)).toBe('nothing_changed');
    const quiet = granted(granted(accepted(), noted('verified')), again);
    expect(quiet.recurredWith).toEqual(['tkt_2']);
    expect(refusalOf(quiet, again)).toBe('nothing_changed');
    const { log } = played(quiet, START + 31 * DAY);
    expect(log).toMatchObject([{ type: 'effectivenessDue', recurrences: 1 }]);
  });
});

const taskName = fc.constantFrom('tsk_1', 'tsk_2', 'tsk_3');
const actor = fc.constantFrom<Actor>(AGENT, LEAD, { subject: 'key:3', role: 'agent' });
const command: fc.Arbitrary<ReviewCommand> = fc.oneof(
  fc.constantFrom<ReviewCommand>(
    { type: 'assign', owner: null },
    { type: 'addParticipants', people: ['agent-17'] },
    { type: 'schedule', meetingAt: MEETING },
    MEET,
    WRITE,
    SUBMIT,
    { type: 'return', acceptanceDueAt: START + 20 * DAY },
    { type: 'accept' },
    { type: 'judgeEffectiveness', effective: true },
    { type: 'reopen', acceptanceDueAt: START + 50 * DAY },
    { type: 'close' },
    { type: 'noteRecurrence', ticket: 'tkt_2' },
    { type: 'noteOverride', ticket: 'tkt_1' },
  ),
  taskName.map((task): ReviewCommand => ({ ...ACTION, task }) as ReviewCommand),
  fc.tuple(taskName, fc.constantFrom(...TASK_STATES)).map(([task, state]) => noted(state, task)),
);
const step = fc.record({ command, actor, afterMs: fc.integer({ min: 0, max: 20 * DAY }) });
/** The way to the end, so that random steps meet every state. */
const usual: ReviewCommand[] = [MEET, WRITE, SUBMIT, { type: 'accept' }];

test('whatever is asked, whenever: one meeting, no unsettled action behind it, never accepted by an author', () => {
  const states = new Set<string>();
  fc.assert(
    fc.property(fc.nat(4), fc.array(step, { maxLength: 40 }), (begun, steps) => {
      let at = START;
      let review = openReview();
      const log: ReviewEvent[] = [];
      const all = [
        ...usual
          .slice(0, begun)
          .map((one) => ({ command: one, actor: one.type === 'accept' ? LEAD : AGENT, afterMs: HOUR })),
        ...steps,
      ];
      for (const { command: asked, actor: by, afterMs } of all) {
        at += afterMs;
        const decided = ask(review, asked, { at, actor: by });
        if ('refusal' in decided) continue;
        log.push(...decided.turn.events);
        review = decided.turn.state;
        states.add(review.state);
        expect(log.filter(({ type }) => type === 'meetingHeld').length).toBeLessThanOrEqual(1);
        if (review.state === 'closed' || review.state === 'quiet')
          expect(review.tasks.every(isTaskSettled)).toBe(true);
        if (decided.turn.events.some(({ type }) => type === 'accepted'))
          expect(review.authors).not.toContainEqual(by);
        // Settled once, nothing is due at the same instant any more.
        expect(settleJournal(reviewJournal, review, at).events).toEqual([]);
      }
      const opened: ReviewEvent = { id: 'opened', sequence: 1, occurredAt: START, type: 'opened', ...TERMS };
      expect(foldJournal(reviewJournal, 'rvw_1', [opened, ...log])).toEqual(review);
    }),
    runs(300),
  );
  expect(states).toEqual(new Set(REVIEW_STATES));
});
