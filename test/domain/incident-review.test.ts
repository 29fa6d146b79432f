/** The ticket that is looked back on: when it asks for its review, and what the review keeps from happening. */
import { describe, expect, test } from '@jest/globals';
import { decideRequest } from '../../domain/decide.ts';
import type { Command } from '../../domain/commands.ts';
import { nextMilestone } from '../../domain/escalation.ts';
import { DEFAULT_REVIEW_RULE, type ReviewRule } from '../../domain/review-rule.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, PaperDesk, type PaperOptions } from '../support/paper-desk.ts';

const DAY = 24;
const RULE: ReviewRule = { ...DEFAULT_REVIEW_RULE, opensOn: ['majorIncident', 'P1'], gate: true };
const OPEN = { type: 'reviewNoted', review: 'rvw_T-1', state: 'open' } as const;
const CLOSED = { ...OPEN, state: 'closed' } as const;

const opened = (rule: Partial<ReviewRule> | null = {}, options: PaperOptions = {}): PaperDesk =>
  new PaperDesk({
    priority: 'P1',
    policy: deskPolicy(rule === null ? {} : { reviews: { ...RULE, ...rule } }),
    ...options,
  });

function resolved(rule: Partial<ReviewRule> | null = {}, options: PaperOptions = {}): PaperDesk {
  const desk = opened(rule, options);
  desk.ask(0.5, { type: 'reply' });
  desk.ask(1, { type: 'resolve' });
  return desk;
}

/** What a request of this role comes to: null, or the code of the refusal. */
function asked({ ticket }: PaperDesk, command: Command, role = 'lead'): string | null {
  const decision = decideRequest(ticket, { id: 'm', command, actor: { subject: 'key-2', role } }, at(2));
  return 'refusal' in decision ? decision.refusal.code : null;
}

describe('asking for it', () => {
  test.each<[string, PaperDesk, string[]]>([
    ['a P1', resolved(), ['P1']],
    ['a P2', resolved({}, { priority: 'P2' }), []],
    ['a P1 whose policy reviews major incidents alone', resolved({ opensOn: ['majorIncident'] }), []],
    ['a P1 without a rule', resolved(null), []],
    ['a P1 that is only observed', resolved({}, { mode: 'observe' }), []],
  ])('%s', (_what, desk, causes) => {
    expect(desk.all('reviewRequested').map(({ cause }) => cause)).toEqual(causes);
  });

  test('a major incident asks as that, once for a resolution', () => {
    const desk = opened();
    desk.ask(0.5, { type: 'declareMajor' });
    desk.ask(1, { type: 'resolve' });
    expect(desk.all('reviewRequested').map(({ cause }) => cause)).toEqual(['majorIncident']);
  });

  test('what another system closed without resolving it is over all the same', () => {
    const desk = opened();
    desk.tell(1, { type: 'closed' });
    expect(desk.ticket.situation.state).toBe('closed');
    expect(desk.all('reviewRequested')).toHaveLength(1);
  });
});

describe('the gate', () => {
  test.each<[string, PaperDesk, string | null]>([
    ['before there is a review', resolved(), 'review_open'],
    ['of a P2', resolved({}, { priority: 'P2' }), null],
    ['without a gate', resolved({ gate: false }), null],
    ['without a rule', resolved(null), null],
  ])('closing %s', (_what, desk, code) => {
    expect(asked(desk, { type: 'close' })).toBe(code);
  });

  test('closes and opens with the review', () => {
    const desk = resolved();
    desk.tell(1, OPEN);
    expect(desk.ask(2, { type: 'close' })).toBe('review_open');
    expect(desk.ask(2, { type: 'cancel' })).toBe('review_open');
    desk.tell(3, CLOSED);
    expect(desk.ask(4, { type: 'close' })).toBeNull();
    expect(desk.all('closed')).toEqual([expect.not.objectContaining({ override: true })]);
  });

  test('holds also for a review that somebody opened by hand', () => {
    const desk = resolved({}, { priority: 'P3' });
    desk.tell(1, OPEN);
    expect(asked(desk, { type: 'close' })).toBe('review_open');
  });

  test('does not hold a part of a larger incident', () => {
    const desk = opened();
    desk.ask(0.5, { type: 'link', relation: 'parent', reference: 'T-2' });
    desk.ask(1, { type: 'resolve' });
    expect(asked(desk, { type: 'close' })).toBeNull();
  });

  test.each<[string, Command, string, string | null]>([
    ['a lead with a reason', { type: 'close', override: true, isReasoned: true }, 'lead', null],
    ['a lead without one', { type: 'close', override: true }, 'lead', 'reason_missing'],
    ['an agent', { type: 'close', override: true, isReasoned: true }, 'agent', 'override_not_allowed'],
  ])('is let pass: %s', (_who, command, role, code) => {
    expect(asked(resolved(), command, role)).toBe(code);
  });

  test('letting it pass is recorded, and only where there was something to pass', () => {
    const override: Command = { type: 'close', override: true, isReasoned: true };
    const actor = { subject: 'key-2', role: 'lead' };
    const closing = ({ ticket }: PaperDesk) => {
      const decision = decideRequest(ticket, { id: 'm', command: override, actor }, at(2));
      return 'turn' in decision ? decision.turn.events.find(({ type }) => type === 'closed') : null;
    };
    expect(closing(resolved())).toMatchObject({ override: true });
    expect(closing(resolved({ gate: false }))).not.toHaveProperty('override');
  });
});

describe('closing by itself', () => {
  test('waits for the review, and comes at once when its time is past by then', () => {
    const desk = resolved();
    expect(nextMilestone(desk.ticket)).toBeNull();
    desk.tell(1, OPEN);
    desk.wait(40 * DAY);
    expect(desk.ticket.situation.state).toBe('resolved');
    desk.tell(41 * DAY, CLOSED);
    expect(desk.ticket.situation).toMatchObject({ state: 'closed', closedAt: at(41 * DAY) });
    expect(desk.all('autoClosed')).toHaveLength(1);
  });

  test('comes at its own time where the review was quicker', () => {
    const desk = resolved();
    desk.tell(2, CLOSED);
    expect(nextMilestone(desk.ticket)).toEqual({ at: at(1 + 5 * DAY), kind: 'autoClose' });
  });
});
