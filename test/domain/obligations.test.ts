/** Duties of law: when each falls due, and that nothing of the ticket's own ends it. */
import { describe, expect, test } from '@jest/globals';
import type { Calendar } from '../../domain/calendar.ts';
import type { Command } from '../../domain/commands.ts';
import type { ObligationRule } from '../../domain/incident.ts';
import {
  deadlineOf,
  DEFAULT_SECURITY,
  obligationState,
  recordOf,
  SEC_CALENDAR,
  SHIPPED_OBLIGATIONS,
} from '../../domain/obligations.ts';
import type { Policy } from '../../domain/policy.ts';
import { project } from '../../domain/projection.ts';
import { resolveRules } from '../../domain/rules.ts';
import { isOver, rebuild } from '../../domain/ticket.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, hourOf, MS, PaperDesk } from '../support/paper-desk.ts';

const AMERICAN: Calendar = {
  timezone: 'America/New_York',
  hours: {
    mon: [['09:00', '17:00']],
    tue: [['09:00', '17:00']],
    wed: [['09:00', '17:00']],
    thu: [['09:00', '17:00']],
    fri: [['09:00', '17:00']],
    sat: [],
    sun: [],
  },
  holidays: ['2026-05-25', '2026-07-03', '2026-11-26'],
  exceptions: {},
};

const lawful = (): Policy => {
  const policy = deskPolicy();
  return {
    ...policy,
    calendars: { ...policy.calendars, [SEC_CALENDAR]: AMERICAN },
    security: DEFAULT_SECURITY,
  };
};

const ruleOf = (id: string): ObligationRule => SHIPPED_OBLIGATIONS.find((one) => one.id === id)!;
const instant = (text: string): number => Date.parse(text);
const by = { subject: 'key-1', role: 'lead' };
const fact = (text: string) => ({ at: instant(text), becameKnownAt: instant(text), by });

describe('falls due', () => {
  const days = resolveRules(lawful(), {
    openedAt: instant('2026-05-20T00:00:00Z'),
    now: instant('2026-11-20T00:00:00Z'),
  }).hours;

  const cases: [what: string, id: string, from: string, facts: Record<string, string>, due: string][] = [
    ['GDPR: 72 hours, over a weekend', 'gdpr-authority', '2026-05-22T16:00:00Z', {}, '2026-05-25T16:00:00Z'],
    [
      'NIS2: the early warning after 24 hours',
      'nis2-early-warning',
      '2026-05-22T16:00:00Z',
      {},
      '2026-05-23T16:00:00Z',
    ],
    [
      'NIS2: the notification after 72 hours',
      'nis2-notification',
      '2026-05-22T16:00:00Z',
      {},
      '2026-05-25T16:00:00Z',
    ],
    [
      'NIS2: a month after the notification, to the end of that day',
      'nis2-final',
      '2026-05-22T16:00:00Z',
      {},
      '2026-06-23T00:00:00Z',
    ],
    [
      'NIS2: a month from the 31st ends with a shorter month',
      'nis2-final',
      '2026-05-31T08:00:00Z',
      {},
      '2026-07-01T00:00:00Z',
    ],
    [
      'NIS2: a month from 31 January ends in February',
      'nis2-final',
      '2027-01-31T08:00:00Z',
      {},
      '2027-03-01T00:00:00Z',
    ],
    [
      'DORA: 4 hours after classification, soon after awareness',
      'dora-initial',
      '2026-05-22T10:00:00Z',
      { aware: '2026-05-22T08:00:00Z' },
      '2026-05-22T14:00:00Z',
    ],
    [
      'DORA: never later than 24 hours after awareness',
      'dora-initial',
      '2026-05-23T06:00:00Z',
      { aware: '2026-05-22T08:00:00Z' },
      '2026-05-23T08:00:00Z',
    ],
    [
      'DORA: classified after those 24 hours, 4 hours',
      'dora-initial',
      '2026-05-23T09:00:00Z',
      { aware: '2026-05-22T08:00:00Z' },
      '2026-05-23T13:00:00Z',
    ],
    [
      'DORA: classified just as they end, at once',
      'dora-initial',
      '2026-05-23T08:00:00Z',
      { aware: '2026-05-22T08:00:00Z' },
      '2026-05-23T08:00:00Z',
    ],
    ['DORA: awareness not known', 'dora-initial', '2026-05-22T10:00:00Z', {}, '2026-05-22T14:00:00Z'],
    [
      'DORA: the intermediate report 72 hours after the initial one',
      'dora-intermediate',
      '2026-05-22T12:30:00Z',
      {},
      '2026-05-25T12:30:00Z',
    ],
    [
      'DORA: a month after the intermediate report',
      'dora-final',
      '2026-05-25T12:30:00Z',
      {},
      '2026-06-26T00:00:00Z',
    ],
    [
      'SEC: the day of the determination does not count',
      'sec-8k',
      '2026-06-01T15:00:00Z',
      {},
      '2026-06-06T04:00:00Z',
    ],
    ['SEC: over a weekend and Memorial Day', 'sec-8k', '2026-05-21T15:00:00Z', {}, '2026-05-29T04:00:00Z'],
    [
      'SEC: determined on a Saturday, day 1 is the Monday',
      'sec-8k',
      '2026-06-06T15:00:00Z',
      {},
      '2026-06-12T04:00:00Z',
    ],
    [
      'SEC: late in the evening there is still that day',
      'sec-8k',
      '2026-06-02T03:30:00Z',
      {},
      '2026-06-06T04:00:00Z',
    ],
  ];

  test.each(cases)('%s', (_what, id, from, facts, due) => {
    const known = Object.fromEntries(Object.entries(facts).map(([name, text]) => [name, fact(text)]));
    const found = deadlineOf(ruleOf(id), { from: instant(from), facts: known, days });
    expect(new Date(found!).toISOString()).toBe(new Date(due).toISOString());
  });

  test('is not known where the calendar does not reach', () => {
    const found = deadlineOf(ruleOf('sec-8k'), { from: instant('2020-01-01T00:00:00Z'), facts: {}, days });
    expect(found).toBeNull();
  });
});

const LEAD = { subject: 'key-2', role: 'lead', actingFor: 'lead-2' };
const MANAGER = { subject: 'key-3', role: 'manager', actingFor: 'manager-1' };

/** A declared incident under the regimes, at hour 0. */
function declared(regimes: string[], policy: Policy = lawful()): PaperDesk {
  const desk = new PaperDesk({ policy });
  expect(desk.ask(0, { type: 'declareSecurityIncident', severity: 'high', regimes }, LEAD)).toBeNull();
  return desk;
}

const established = (what: string, hour: number, isReasoned = false): Command => ({
  type: 'establishFact',
  fact: what,
  at: at(hour),
  ...(isReasoned && { isReasoned }),
});

const reported = (obligation: string, hour: number, more: object = {}): Command => ({
  type: 'reportObligation',
  obligation,
  reportedAt: at(hour),
  ...more,
});

const stateOf = (desk: PaperDesk, obligation: string, hour: number) =>
  obligationState(recordOf(desk.ticket.situation.security!, obligation), at(hour));

describe('a duty of law', () => {
  test('waits for its fact, counts from it, and is met by its report', () => {
    const desk = declared(['gdpr']);
    expect(stateOf(desk, 'gdpr-authority', 1)).toBe('awaitingFact');
    expect(desk.clock('gdpr-authority')).toBeUndefined();
    expect(desk.ask(2, established('personalData', 1.5))).toBeNull();
    expect(desk.clock('gdpr-authority')).toMatchObject({ kind: 'law', startedAt: at(1.5), metAt: null });
    expect(desk.deadline('gdpr-authority')).toBe(73.5);
    expect(stateOf(desk, 'gdpr-authority', 3)).toBe('running');
    expect(desk.ask(40, reported('gdpr-authority', 39, { reference: 'DPA-1' }))).toBeNull();
    expect(hourOf(desk.clock('gdpr-authority')!.metAt)).toBe(39);
    expect(stateOf(desk, 'gdpr-authority', 100)).toBe('reported');
    desk.wait(200);
    expect(desk.all('breached').filter(({ kind }) => kind === 'law')).toEqual([]);
  });

  test('learnt of late is late from the start, which needs a reason', () => {
    const desk = declared(['gdpr']);
    expect(desk.ask(100, established('personalData', 1))).toBe('reason_missing');
    expect(desk.ask(100, established('personalData', 1, true))).toBeNull();
    expect(desk.all('breached')).toContainEqual(
      expect.objectContaining({ clock: 'gdpr-authority', kind: 'law', deadlineAt: at(73) }),
    );
    expect(desk.ticket.situation.security!.facts['personalData']).toMatchObject({
      at: at(1),
      becameKnownAt: at(100),
    });
    expect(stateOf(desk, 'gdpr-authority', 100)).toBe('breached');
    expect(desk.ask(101, reported('gdpr-authority', 101))).toBe('reason_missing');
    expect(desk.ask(101, reported('gdpr-authority', 101, { isReasoned: true }))).toBeNull();
    expect(stateOf(desk, 'gdpr-authority', 102)).toBe('reportedLate');
  });

  test('warns at 50, 75 and 90 percent, and at the breach', () => {
    const desk = declared(['gdpr']);
    desk.ask(0, established('personalData', 0));
    for (let hour = 1; hour < 80; hour += 1) desk.wait(hour);
    const reached = desk.all('stepReached').filter(({ clock }) => clock === 'gdpr-authority');
    expect(reached.map(({ step, dueAt }) => [step, hourOf(dueAt)])).toEqual([
      ['law-50', 36],
      ['law-75', 54],
      ['law-90', 64.8],
      ['law-breach', 72 + MS],
    ]);
    const told = desk
      .all('notificationRequested')
      .filter((one) => 'clock' in one && one.clock === 'gdpr-authority');
    expect(told.filter(({ page }) => page).map(({ audience }) => audience)).toEqual([
      'lead',
      'manager',
      'manager',
    ]);
  });

  test.each<[string, readonly Command[]]>([
    ['a hold', [{ type: 'hold', reason: 'internal' }]],
    ['resolving', [{ type: 'resolve' }]],
    ['closing', [{ type: 'resolve' }, { type: 'close' }]],
    ['cancelling', [{ type: 'cancel' }]],
    ['being a duplicate', [{ type: 'link', relation: 'duplicate', reference: 'T-2' }, { type: 'resolve' }]],
    ['being part of another', [{ type: 'link', relation: 'parent', reference: 'T-2' }]],
    ['a lower priority', [{ type: 'prioritise', priority: 'P4' }]],
  ])('goes on through %s: warned of, and breached', (_what, commands) => {
    const desk = declared(['gdpr']);
    desk.ask(1, established('personalData', 1));
    for (const command of commands) expect(desk.ask(2, command)).toBeNull();
    expect(isOver(desk.ticket)).toBe(false);
    expect(desk.deadline('gdpr-authority')).toBe(73);
    for (let hour = 3; hour < 80; hour += 1) desk.wait(hour);
    const paged = desk
      .all('notificationRequested')
      .filter((one) => 'clock' in one && one.clock === 'gdpr-authority' && one.page);
    expect(paged).toHaveLength(3);
    expect(desk.all('breached')).toContainEqual(
      expect.objectContaining({ clock: 'gdpr-authority', kind: 'law', deadlineAt: at(73) }),
    );
  });

  test('ends the run of a closed ticket only once it is reported', () => {
    const desk = declared(['gdpr']);
    desk.ask(1, established('personalData', 1));
    desk.ask(2, { type: 'resolve' });
    desk.ask(2, { type: 'close' });
    expect(project(desk.ticket, at(3)).ticket.nextMilestoneAt).toBe(at(37));
    expect(desk.ask(3, { type: 'note' })).toBe('ticket_closed');
    expect(desk.ask(4, reported('gdpr-authority', 4))).toBeNull();
    expect(isOver(desk.ticket)).toBe(true);
    expect(project(desk.ticket, at(5)).ticket.nextMilestoneAt).toBeNull();
  });

  test('can begin on a ticket that is closed already', () => {
    const desk = declared(['gdpr']);
    desk.ask(2, { type: 'resolve' });
    desk.ask(2, { type: 'close' });
    expect(isOver(desk.ticket)).toBe(true);
    expect(desk.ask(30, established('personalData', 29))).toBeNull();
    expect(isOver(desk.ticket)).toBe(false);
    expect(desk.deadline('gdpr-authority')).toBe(29 + 72);
  });

  test('judged not to apply ends, its breach is withdrawn, and its fact brings it back', () => {
    const desk = declared(['gdpr']);
    desk.ask(1, established('personalData', 1));
    desk.wait(80);
    expect(desk.ask(81, { type: 'judgeNotApplicable', obligation: 'gdpr-authority' }, MANAGER)).toBeNull();
    expect(stateOf(desk, 'gdpr-authority', 82)).toBe('notApplicable');
    expect(desk.all('breachWithdrawn').map(({ clock }) => clock)).toEqual(['gdpr-authority']);
    expect(desk.clock('gdpr-authority')).toMatchObject({ cancelReason: 'notApplicable' });
    expect(desk.ask(82, reported('gdpr-authority', 82))).toBe('obligation_not_applicable');
    expect(desk.ask(90, established('personalData', 88, true))).toBeNull();
    expect(stateOf(desk, 'gdpr-authority', 91)).toBe('running');
    expect(desk.clock('gdpr-authority')).toMatchObject({ cycle: 2, startedAt: at(88), cancelledAt: null });
  });

  test('judged not to apply before its fact is known starts when it is', () => {
    const desk = declared(['dora']);
    desk.ask(1, { type: 'judgeNotApplicable', obligation: 'dora-initial' }, MANAGER);
    expect(desk.ask(2, established('aware', 1))).toBeNull();
    expect(stateOf(desk, 'dora-initial', 3)).toBe('notApplicable');
    expect(desk.ask(4, established('major', 4))).toBeNull();
    expect(stateOf(desk, 'dora-initial', 5)).toBe('running');
  });

  test('counts anew where its fact is corrected, and a breach that was none is withdrawn', () => {
    const desk = declared(['gdpr']);
    desk.ask(1, established('personalData', 1));
    desk.wait(74);
    expect(desk.ask(75, established('personalData', 20))).toBe('reason_missing');
    expect(desk.ask(75, established('personalData', 20, true))).toBeNull();
    expect(desk.clock('gdpr-authority')).toMatchObject({ cycle: 1, startedAt: at(20) });
    expect(desk.deadline('gdpr-authority')).toBe(92);
    expect(desk.all('breachWithdrawn')).toHaveLength(1);
    desk.wait(93);
    expect(desk.all('breached').filter(({ clock }) => clock === 'gdpr-authority')).toHaveLength(2);
  });

  test('is not moved by another policy', () => {
    const desk = declared(['gdpr', 'sec']);
    desk.ask(1, established('personalData', 1));
    desk.ask(1, established('material', 1));
    const before = desk.deadline('sec-8k');
    expect(desk.changeRules(2, deskPolicy())).toBeNull();
    expect(desk.deadline('sec-8k')).toBe(before);
    expect(desk.deadline('gdpr-authority')).toBe(73);
    expect(rebuild('T-1', desk.ledger).situation).toEqual(desk.ticket.situation);
  });
});

describe('chained duties', () => {
  test('of NIS2: the final report counts from the notification', () => {
    const desk = declared(['nis2']);
    desk.ask(1, established('significant', 1));
    expect(stateOf(desk, 'nis2-final', 1)).toBe('awaitingFact');
    expect(desk.ask(2, reported('nis2-final', 2))).toBe('obligation_not_running');
    desk.ask(10, reported('nis2-early-warning', 10));
    expect(stateOf(desk, 'nis2-final', 10)).toBe('awaitingFact');
    desk.ask(50, reported('nis2-notification', 50));
    expect(stateOf(desk, 'nis2-final', 50)).toBe('running');
    expect(desk.clock('nis2-final')).toMatchObject({ startedAt: at(50) });
    desk.ask(60, reported('nis2-final', 60));
    expect(desk.ask(61, established('handled', 61))).toBeNull();
    expect(stateOf(desk, 'nis2-final-after-handling', 62)).toBe('awaitingFact');
  });

  test('of NIS2: after a progress report, a month from the end of the incident', () => {
    const desk = declared(['nis2']);
    desk.ask(1, established('significant', 1));
    desk.ask(50, reported('nis2-notification', 50));
    desk.ask(60, reported('nis2-final', 60, { isProgress: true }));
    expect(stateOf(desk, 'nis2-final-after-handling', 61)).toBe('awaitingFact');
    desk.ask(100, established('handled', 99));
    expect(stateOf(desk, 'nis2-final-after-handling', 100)).toBe('running');
  });

  test('of NIS2: a progress report after the incident was handled owes the final one at once', () => {
    const desk = declared(['nis2']);
    desk.ask(1, established('significant', 1));
    desk.ask(50, reported('nis2-notification', 50));
    desk.ask(55, established('handled', 54));
    desk.ask(60, reported('nis2-final', 60, { isProgress: true }));
    expect(desk.clock('nis2-final-after-handling')).toMatchObject({ startedAt: at(54) });
  });

  test('of DORA: an updated intermediate report moves the final one', () => {
    const desk = declared(['dora']);
    desk.ask(1, established('aware', 0));
    desk.ask(2, established('major', 2));
    expect(desk.deadline('dora-initial')).toBe(6);
    desk.ask(5, reported('dora-initial', 5));
    expect(desk.deadline('dora-intermediate')).toBe(77);
    desk.ask(30, reported('dora-intermediate', 30));
    const first = desk.deadline('dora-final');
    desk.ask(60, reported('dora-intermediate', 59));
    expect(desk.clock('dora-final')).toMatchObject({ cycle: 1, startedAt: at(59) });
    expect(desk.deadline('dora-final')! - first!).toBe(24);
    expect(desk.ask(61, reported('dora-initial', 61))).toBe('already_reported');
  });

  test('of DORA: awareness learnt of later brings the deadline forward', () => {
    const desk = declared(['dora']);
    desk.ask(22, established('major', 22));
    expect(desk.deadline('dora-initial')).toBe(26);
    desk.ask(23, established('aware', 1));
    expect(desk.deadline('dora-initial')).toBe(25);
  });

  test('a regime that comes into play late counts from the facts that are known', () => {
    const desk = declared(['nis2']);
    desk.ask(2, established('significant', 1));
    desk.ask(3, established('aware', 0));
    expect(desk.ask(5, { type: 'addRegimes', regimes: ['gdpr', 'dora'] }, LEAD)).toBeNull();
    expect(stateOf(desk, 'gdpr-authority', 5)).toBe('awaitingFact');
    desk.ask(6, established('major', 6));
    expect(desk.deadline('dora-initial')).toBe(10);
  });
});

describe('is refused', () => {
  test.each<[string, Command, string]>([
    ['a regime that nobody knows', { type: 'addRegimes', regimes: ['hipaa'] }, 'regime_unknown'],
    ['a fact that no obligation asks for', established('material', 1), 'fact_unknown'],
    ['a fact in the future', established('personalData', 9), 'fact_in_future'],
    ['a report of nothing in play', reported('sec-8k', 1), 'obligation_unknown'],
    [
      'a judgement of nothing in play',
      { type: 'judgeNotApplicable', obligation: 'sec-8k' },
      'obligation_unknown',
    ],
  ])('%s', (_what, command, code) => {
    expect(declared(['gdpr']).ask(5, command, LEAD)).toBe(code);
  });

  test('a regime whose calendar the policy does not have', () => {
    const desk = new PaperDesk();
    const declare: Command = { type: 'declareSecurityIncident', severity: 'low', regimes: ['sec'] };
    expect(desk.ask(1, declare, LEAD)).toBe('regime_unknown');
    expect(desk.ask(1, { ...declare, regimes: ['gdpr'] }, LEAD)).toBeNull();
  });

  test('a fact from before the known days of a calendar', () => {
    const desk = declared(['sec']);
    expect(desk.ask(1, established('material', -24 * 200, true))).toBe('fact_out_of_reach');
    expect(desk.ask(1, established('material', -24 * 60, true))).toBeNull();
  });

  test('a report from before the fact, and one from the future', () => {
    const desk = declared(['gdpr']);
    desk.ask(5, established('personalData', 4));
    expect(desk.ask(6, reported('gdpr-authority', 3))).toBe('report_before_anchor');
    expect(desk.ask(6, reported('gdpr-authority', 7))).toBe('report_in_future');
  });
});
