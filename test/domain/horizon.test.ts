/** A ticket outlives the hours that were known when it was opened, and is as right after years as on its first day. */
import { expect, test } from '@jest/globals';
import { elapsed } from '../../domain/business-time.ts';
import { deadlineOf, elapsedOf } from '../../domain/clock.ts';
import { decideLongerHours } from '../../domain/decide.ts';
import { nextMilestone } from '../../domain/escalation.ts';
import { resolveRules } from '../../domain/rules.ts';
import type { Ticket } from '../../domain/ticket.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { mixedPolicy } from '../support/desk-days.ts';
import { at, PaperDesk } from '../support/paper-desk.ts';

const HOUR = 3_600_000;
const YEAR = 365 * 24;

/** Brings longer hours whenever they are asked for, as the engine does, up to an hour. */
function liveOn(desk: PaperDesk, until: number): number {
  const policy = mixedPolicy();
  let brought = 0;
  for (
    let next = nextMilestone(desk.ticket);
    next && next.at <= at(until);
    next = nextMilestone(desk.ticket)
  ) {
    if (next.kind !== 'rulesExpire') throw new Error(`${next.kind} falls due while the ticket waits`);
    const { openedAt } = desk.ticket.situation;
    const { hours } = resolveRules(policy, { openedAt, now: next.at });
    desk.ticket = decideLongerHours(desk.ticket, hours, next.at).ticket;
    brought += 1;
  }
  return brought;
}

const resolution = (ticket: Ticket) => ticket.situation.clocks.find(({ name }) => name === 'resolution')!;

test('two years on hold leave the rest of the target as it was, to the millisecond', () => {
  const desk = new PaperDesk({ policy: mixedPolicy(), priority: 'P3', opened: 9 });
  desk.agentReplies(10);
  desk.ask(11, { type: 'hold', reason: 'customer' });
  const end = 11 + 2 * YEAR + 0.25;
  expect(liveOn(desk, end)).toBeGreaterThan(10);
  desk.customerWrites(end);
  const clock = resolution(desk.ticket);
  const { hours } = desk.ticket.rules;
  const calendar = mixedPolicy().calendars['office']!;
  // Counted anew from the calendar itself, which knows no horizon.
  const hold = { from: at(11), to: at(end) };
  const deadline = deadlineOf(clock, hours)!;
  expect(elapsed(calendar, at(9), deadline, [hold])).toBe(12 * HOUR);
  expect(elapsedOf(clock, hours, at(end))).toBe(elapsed(calendar, at(9), at(11)));
});

test('where nothing counts on a calendar, no hours are ever asked for', () => {
  const desk = new PaperDesk({ policy: deskPolicy(), priority: 'P4' });
  desk.agentReplies(0);
  desk.ask(1, { type: 'hold', reason: 'customer' });
  expect(nextMilestone(desk.ticket)).toBeNull();
});
