/** What falls due by itself: verdicts, ladders, closing. Deadlines of the desk policy: see support/desk-policy. */
import { describe, expect, test } from '@jest/globals';
import { expandCalendar } from '../../domain/calendar.ts';
import { decideLongerHours } from '../../domain/decide.ts';
import { HORIZON_MARGIN_MS, nextDecision, nextMilestone } from '../../domain/escalation.ts';
import type { ClockRule, LadderStep, Policy } from '../../domain/policy.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, MS, PaperDesk, type PaperOptions } from '../support/paper-desk.ts';

const HOUR = 3_600_000;
const DAY = 24;
const SECOND = 1 / 3600;

/** A ticket whose first response is out of the way: only its resolution can be late. */
function answered(options: PaperOptions = {}): PaperDesk {
  return new PaperDesk({ priority: 'P1', ...options, attributes: { channel: 'phone' } });
}

function policyWith(change: Partial<ClockRule>, others: Partial<Policy> = {}): Policy {
  const policy = deskPolicy(others);
  return { ...policy, clocks: { ...policy.clocks, resolution: { ...policy.clocks.resolution, ...change } } };
}

const withLadder = (...ladder: LadderStep[]): Policy => policyWith({ ladder });

describe('a breach', () => {
  test('is not yet at the deadline: met exactly there is met', () => {
    const desk = answered();
    desk.wait(4);
    expect(desk.ask(4, { type: 'resolve' })).toBeNull();
    desk.wait(9);
    expect(desk.verdicts()).toEqual([]);
  });

  test('is recorded one millisecond after it, at the deadline', () => {
    const desk = answered();
    desk.wait(4 + MS);
    expect(desk.all('breached')).toMatchObject([
      {
        clock: 'resolution',
        cycle: 1,
        revision: 1,
        deadlineAt: at(4),
        tier: 1,
        priority: 'P1',
        occurredAt: at(4) + 1,
      },
    ]);
  });

  test('is recorded at its deadline however late the engine looks', () => {
    const desk = answered();
    desk.wait(50);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
  });

  test('is recorded once', () => {
    const desk = answered();
    for (const hour of [5, 6, 7]) desk.wait(hour);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
  });

  test('cannot be hidden by a resolution one second late', () => {
    const desk = answered();
    desk.ask(4 + SECOND, { type: 'resolve' });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
  });

  test('cannot be hidden by closing or cancelling late', () => {
    const desk = answered();
    desk.ask(5, { type: 'cancel' });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
    expect(desk.ticket.breaches['resolution/1']!.standing).toBe(true);
  });

  test('cannot happen while the clock stands', () => {
    const desk = answered();
    desk.ask(4, { type: 'hold', reason: 'vendor' });
    desk.wait(1000);
    expect(desk.verdicts()).toEqual([]);
    desk.ask(1001, { type: 'resume' });
    desk.wait(1001 + MS);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 1001']);
  });

  test('stays although the priority is lowered', () => {
    const desk = answered();
    desk.ask(5, { type: 'prioritise', priority: 'P4' });
    desk.wait(6);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
    expect(desk.ticket.breaches['resolution/1']!.standing).toBe(true);
  });

  test('stays although the ticket is held afterwards', () => {
    const desk = answered();
    desk.ask(5, { type: 'hold', reason: 'vendor' });
    desk.ask(9, { type: 'resume' });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
  });

  test('is withdrawn by an answer that was given in time and heard of late', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.wait(5);
    desk.agentReplies(3, 6);
    expect(desk.verdicts()).toEqual(['firstResponse/1 breached 4', 'firstResponse/1 breachWithdrawn 4']);
  });

  test('is not recorded where the answer in time is heard before the engine looks again', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.agentReplies(3, 6);
    expect(desk.verdicts()).toEqual([]);
  });

  test('is withdrawn and recorded anew as late facts move the deadline, each an appended revision', () => {
    const desk = answered();
    desk.wait(5);
    desk.tell(3, { type: 'held', reason: 'vendor' }, { heard: 5.2 });
    desk.tell(3.5, { type: 'vendorReturned' }, { heard: 5.3 });
    expect(desk.verdicts()).toEqual([
      'resolution/1 breached 4',
      'resolution/1 breachWithdrawn 4',
      'resolution/1 breached 4.5',
    ]);
    expect(desk.ticket.breaches['resolution/1']).toEqual({
      revision: 3,
      standing: true,
      deadlineAt: at(4.5),
    });
  });

  test('at another deadline is a revision, not a second breach', () => {
    const desk = answered({ priority: 'P3' });
    desk.ask(1, { type: 'hold', reason: 'vendor' });
    desk.ask(3, { type: 'resume' });
    desk.wait(20);
    desk.tell(2, { type: 'vendorReturned' }, { heard: 21 });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 18', 'resolution/1 breached 17']);
    expect(Object.keys(desk.ticket.breaches)).toEqual(['resolution/1']);
  });

  test('of a cycle that a late fact unmade is withdrawn', () => {
    const desk = answered({ policy: policyWith({ reopen: 'newCycle' }) });
    desk.ask(1, { type: 'resolve' });
    desk.customerWrites(3);
    desk.wait(8);
    desk.tell(2, { type: 'closed' }, { heard: 9 });
    expect(desk.verdicts()).toEqual(['resolution/2 breached 7', 'resolution/2 breachWithdrawn 7']);
  });

  test('is recorded at opening for a ticket the engine hears of too late', () => {
    const desk = answered({ heard: 6 });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
  });
});

describe('the next milestone', () => {
  test('is the first step of the ladder, then the breach, to the millisecond', () => {
    const desk = answered();
    expect(nextMilestone(desk.ticket)).toEqual({ at: at(3), kind: 'step' });
    desk.wait(3);
    expect(nextMilestone(desk.ticket)!.at).toBe(at(4) + 1);
  });

  test('moves with a pause, and is none while everything stands', () => {
    const desk = answered();
    desk.ask(1, { type: 'hold', reason: 'vendor' });
    expect(nextMilestone(desk.ticket)).toBeNull();
    desk.ask(3, { type: 'resume' });
    expect(nextMilestone(desk.ticket)).toEqual({ at: at(5), kind: 'step' });
  });

  test('of two clocks is the earlier', () => {
    const desk = new PaperDesk({ priority: 'P1' });
    expect(nextMilestone(desk.ticket)!.at).toBe(at(0.75));
  });

  test('is none once the ticket is closed or cancelled', () => {
    const closed = answered();
    closed.ask(1, { type: 'resolve' });
    closed.ask(2, { type: 'close' });
    const cancelled = answered();
    cancelled.ask(1, { type: 'cancel' });
    expect([nextMilestone(closed.ticket), nextMilestone(cancelled.ticket)]).toEqual([null, null]);
  });
});

describe('the ladder', () => {
  test('tells the assignee at its share of the target, not before', () => {
    const desk = answered();
    desk.ask(1, { type: 'assign', assignee: 'agent-1' });
    desk.wait(3 - MS);
    expect(desk.ladder()).toEqual([]);
    desk.wait(3);
    expect(desk.told()).toEqual(['assignee at 1']);
  });

  test('hands the ticket to the next tier at breach, by itself and at once', () => {
    const desk = answered();
    desk.wait(3);
    desk.wait(4 + MS);
    expect(desk.all('handedOff')).toMatchObject([
      { fromTier: 1, toTier: 2, automatic: true, occurredAt: at(4) + 1 },
    ]);
    expect(desk.ticket.situation.tier).toBe(2);
  });

  test('tells the tier that has the ticket by then', () => {
    const desk = answered();
    desk.wait(3);
    desk.wait(4 + MS);
    desk.wait(5);
    expect(desk.told()).toEqual(['team at 1', 'lead at 2', 'manager at 2']);
  });

  test('does each step once', () => {
    const desk = answered();
    for (const hour of [3, 3.5, 4 + MS, 4.5, 5, 6, 7]) desk.wait(hour);
    expect(desk.ladder()).toEqual(['resolution warn', 'resolution breach', 'resolution late']);
  });

  test('does not repeat its steps for a breach that is withdrawn and recorded anew', () => {
    const desk = answered();
    desk.wait(3);
    desk.wait(4 + MS);
    desk.tell(3, { type: 'held', reason: 'vendor' }, { heard: 4.1 });
    desk.tell(3.5, { type: 'vendorReturned' }, { heard: 4.2 });
    desk.wait(4.6);
    expect(desk.ladder()).toEqual(['resolution warn', 'resolution breach']);
    expect(desk.ticket.situation).toMatchObject({ tier: 2, handoffs: 1 });
  });

  test('runs again for a new cycle', () => {
    const desk = answered({ policy: policyWith({ reopen: 'newCycle' }) });
    desk.wait(3);
    desk.ask(3.5, { type: 'resolve' });
    desk.ask(10, { type: 'reopen' });
    desk.wait(13);
    expect(desk.all('stepReached').map(({ cycle, step }) => `${cycle} ${step}`)).toEqual([
      '1 warn',
      '2 warn',
    ]);
  });

  test('moves with a pause', () => {
    const desk = answered();
    desk.ask(1, { type: 'hold', reason: 'vendor' });
    desk.ask(3, { type: 'resume' });
    desk.wait(5 - MS);
    expect(desk.ladder()).toEqual([]);
    desk.wait(5);
    expect(desk.ladder()).toEqual(['resolution warn']);
  });

  test('rests while the ticket is resolved', () => {
    const desk = answered();
    desk.ask(2, { type: 'resolve' });
    desk.wait(50);
    expect(desk.ladder()).toEqual([]);
  });

  test('goes on after acknowledging: later thresholds and the breach step still come', () => {
    const desk = answered();
    desk.wait(3);
    desk.ask(3.1, { type: 'acknowledge' });
    desk.wait(4 + MS);
    expect(desk.ladder()).toEqual(['resolution warn', 'resolution breach']);
    expect(desk.ticket.situation.tier).toBe(2);
  });

  test('of two clocks does the steps in the order they fell due', () => {
    const desk = new PaperDesk({ priority: 'P1' });
    for (const hour of [0.75, 1 + MS, 2, 3, 4 + MS]) desk.wait(hour);
    expect(desk.ladder()).toEqual([
      'firstResponse warn',
      'firstResponse breach',
      'firstResponse late',
      'resolution warn',
      'resolution breach',
    ]);
    expect(desk.ticket.situation.tier).toBe(3);
  });
});

describe('steps that are overdue together', () => {
  test('collapse into the highest: the others are logged as skipped and tell nobody', () => {
    const desk = answered();
    desk.wait(6);
    expect(desk.ladder()).toEqual([
      'resolution warn skipped',
      'resolution breach skipped',
      'resolution late',
    ]);
    expect(desk.told()).toEqual(['manager at 2']);
    expect(desk.all('stepSkipped').map(({ supersededBy }) => supersededBy)).toEqual(['late', 'late']);
  });

  test('still make the hand-off among them, once', () => {
    const desk = answered();
    desk.wait(6);
    expect(desk.all('handedOff')).toMatchObject([{ fromTier: 1, toTier: 2 }]);
  });

  test('of another clock are not swallowed', () => {
    const desk = new PaperDesk({ priority: 'P1' });
    desk.wait(6);
    expect(desk.ladder().filter((step) => !step.endsWith('skipped'))).toEqual([
      'firstResponse late',
      'resolution late',
    ]);
  });

  test('are remembered by when each fell due', () => {
    const desk = answered();
    desk.wait(6);
    const due = [...desk.all('stepSkipped'), ...desk.all('stepReached')].map(({ dueAt }) => dueAt - at(0));
    expect(due).toEqual([3 * HOUR, 4 * HOUR + 1, 5 * HOUR]);
  });
});

describe('an automatic hand-off', () => {
  const climb = (to: 'next' | number): Policy =>
    withLadder({ id: 'climb', percent: 100, offsetMs: 0, actions: [{ handOff: to }, { notify: 'lead' }] });

  test('is not made above the highest tier; the lead is told all the same', () => {
    const desk = answered({ policy: climb('next'), tier: 3 });
    desk.wait(5);
    expect(desk.all('handedOff')).toEqual([]);
    expect(desk.told()).toEqual(['lead at 3']);
  });

  test('to a named tier skips those between', () => {
    const desk = answered({ policy: climb(3) });
    desk.wait(5);
    expect(desk.ticket.situation.tier).toBe(3);
  });

  test.each([2, 3])('to tier 2 is not made from tier %i', (tier) => {
    const desk = answered({ policy: climb(2), tier });
    desk.wait(5);
    expect(desk.all('handedOff')).toEqual([]);
    expect(desk.ticket.situation.tier).toBe(tier);
  });

  test('to the next tier jumps a gap in the numbers', () => {
    const tiers = [
      { tier: 1, name: 'Desk' },
      { tier: 3, name: 'Engineering' },
    ];
    const desk = answered({ policy: { ...climb('next'), tiers } });
    desk.wait(5);
    expect(desk.ticket.situation.tier).toBe(3);
  });

  test('stands although a late fact shows the ticket was resolved before', () => {
    const desk = answered();
    desk.wait(5);
    desk.tell(2, { type: 'resolved' }, { heard: 6 });
    expect(desk.ticket.situation).toMatchObject({ state: 'resolved', tier: 2, resolvedAt: at(2) });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4', 'resolution/1 breachWithdrawn 4']);
  });

  test('ends an offer that was in flight', () => {
    const desk = answered();
    desk.tell(1, { type: 'handoffOffered', toTier: 3 });
    desk.wait(5);
    expect(desk.ticket.situation).toMatchObject({ tier: 2, offer: null });
  });
});

describe('a step at an offset', () => {
  const at30 = { percent: 100, actions: [{ notify: 'lead' as const }] };

  test('before the deadline is due that much earlier', () => {
    const desk = answered({ policy: withLadder({ id: 'early', offsetMs: -HOUR / 2, ...at30 }) });
    expect(nextMilestone(desk.ticket)!.at).toBe(at(3.5));
  });

  test('counts open time only', () => {
    const office = {
      timezone: 'UTC',
      hours: { mon: [['09:00', '17:00']], tue: [['09:00', '17:00']] },
    } as const;
    const calendars = { office: { ...office, holidays: [], exceptions: {} } };
    const targets = { P1: { ms: 8 * HOUR, calendar: 'office' } };
    const policy = {
      ...policyWith({ targets, ladder: [{ id: 'late', offsetMs: HOUR, ...at30 }] }),
      calendars,
    };
    const desk = answered({ policy, opened: 9 });
    desk.wait(17 + MS);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 17']);
    expect(nextMilestone(desk.ticket)!.at).toBe(at(DAY + 10));
  });

  test('tells an audience once that is named twice', () => {
    const actions = [{ notify: 'lead' as const }, { notify: 'lead' as const }];
    const desk = answered({ policy: withLadder({ id: 'twice', percent: 50, offsetMs: 0, actions }) });
    desk.wait(3);
    expect(desk.told()).toEqual(['lead at 1']);
  });
});

describe('closing by itself', () => {
  test('comes five days after resolution, round the clock', () => {
    const desk = answered();
    desk.ask(1, { type: 'resolve' });
    expect(nextMilestone(desk.ticket)).toEqual({ at: at(1 + 5 * DAY), kind: 'autoClose' });
    desk.wait(1 + 5 * DAY - MS);
    expect(desk.ticket.situation.state).toBe('resolved');
    desk.wait(1 + 5 * DAY);
    expect(desk.ticket.situation).toMatchObject({ state: 'closed', closedAt: at(1 + 5 * DAY) });
  });

  test('starts over with the last resolution', () => {
    const desk = answered();
    desk.ask(1, { type: 'resolve' });
    desk.customerWrites(2);
    desk.ask(3, { type: 'resolve' });
    expect(nextMilestone(desk.ticket)!.at).toBe(at(3 + 5 * DAY));
  });

  test('never comes where the policy says so', () => {
    const desk = answered({ policy: deskPolicy({ autoCloseAfterMs: null }) });
    desk.ask(1, { type: 'resolve' });
    expect(nextMilestone(desk.ticket)).toBeNull();
  });
});

describe('a ticket that is only observed', () => {
  test('records steps and breaches, but hands off to nobody and tells nobody', () => {
    const desk = answered({ mode: 'observe' });
    for (const hour of [3, 4 + MS, 5]) desk.wait(hour);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
    expect(desk.all('stepReached').map(({ step, observed }) => [step, observed])).toEqual([
      ['warn', true],
      ['breach', true],
      ['late', true],
    ]);
    expect([...desk.all('handedOff'), ...desk.all('notificationRequested')]).toEqual([]);
    expect(desk.ticket.situation.tier).toBe(1);
  });

  test('is not closed by itself', () => {
    const desk = answered({ mode: 'observe' });
    desk.ask(1, { type: 'resolve' });
    desk.wait(1000);
    expect(desk.ticket.situation.state).toBe('resolved');
  });
});

describe('the end of the known hours', () => {
  const office = {
    timezone: 'UTC',
    hours: { mon: [['09:00', '17:00']] },
    holidays: [],
    exceptions: {},
  } as const;
  const policy = (): Policy => {
    const targets = { P1: { ms: 200 * HOUR, calendar: 'office' } };
    return { ...policyWith({ targets }), calendars: { office } };
  };

  test('is a milestone a week before, also while everything stands', () => {
    const desk = answered({ policy: policy() });
    desk.ask(10, { type: 'hold', reason: 'vendor' });
    expect(nextMilestone(desk.ticket)).toEqual({
      at: at(60 * DAY) - HORIZON_MARGIN_MS,
      kind: 'rulesExpire',
    });
    expect(nextDecision(desk.ticket)).toBeNull();
  });

  test('hides a deadline beyond it until longer hours are known', () => {
    const desk = answered({ policy: policy() });
    expect(desk.deadline('resolution')).toBeNull();
    const hours = { office: expandCalendar('office', office, at(-DAY), at(400 * DAY)) };
    const { ticket, events } = decideLongerHours(desk.ticket, hours, at(53 * DAY));
    expect(events[0]).toMatchObject({ type: 'rulesExtended' });
    desk.ticket = ticket;
    // 200 hours are 25 Mondays of eight.
    expect(desk.deadline('resolution')).toBe(24 * 7 * DAY + 17);
  });

  test('is no matter where every clock counts round the clock', () => {
    expect(nextMilestone(answered({ policy: withLadder() }).ticket)).toEqual({
      at: at(4) + 1,
      kind: 'breach',
    });
  });
});
