/** Holds that may last only so long (docs/rules.md §9). Resolution is due at 16 and stands while the vendor has the ticket. */
import { describe, expect, test } from '@jest/globals';
import { nextDecision } from '../../domain/escalation.ts';
import type { HoldRule, Policy } from '../../domain/policy.ts';
import { rebuild } from '../../domain/ticket.ts';
import { DAYTIME } from '../support/desk-clocks.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, hourOf, PaperDesk, type PaperOptions } from '../support/paper-desk.ts';

const HOUR = 3_600_000;

const limited = (rule: Partial<HoldRule> = {}, more: Partial<Policy> = {}): Policy =>
  deskPolicy({
    holds: { vendor: { maxMs: 4 * HOUR, calendar: 'always', atEnd: 'resume', ...rule } },
    calendars: DAYTIME,
    ...more,
  });

const deskWith = (rule: Partial<HoldRule> = {}, options: PaperOptions = {}, more: Partial<Policy> = {}) =>
  new PaperDesk({ policy: limited(rule, more), attributes: { channel: 'phone' }, ...options });

const held = { type: 'held', reason: 'vendor' } as const;

describe('a hold that lasts as long as it may', () => {
  test('is waited for', () => {
    const desk = deskWith();
    desk.tell(1, held);
    expect(nextDecision(desk.ticket)).toEqual({ at: at(5), kind: 'holdExpires' });
  });

  test('goes on until then', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.wait(4.99);
    expect(desk.ticket.situation.holds).toEqual([{ reason: 'vendor', since: at(1) }]);
  });

  test.each([5, 9, 19])('ends at that instant, also when the engine looks at %s', (looked) => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.wait(looked);
    expect(desk.all('holdExpired')).toMatchObject([{ occurredAt: at(5), since: at(1), atEnd: 'resume' }]);
    expect(desk.deadline('resolution')).toBe(16 + 4);
  });

  test.each<[what: string, end: () => Parameters<PaperDesk['tell']>[1]]>([
    ['the return of the vendor', () => ({ type: 'vendorReturned' })],
    ['another hold for the same reason', () => held],
  ])('ended then, where %s is the first thing heard after it', (_what, end) => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.tell(9, end());
    const [pause] = desk.clock('resolution')!.pauses;
    expect([hourOf(pause!.from), hourOf(pause!.to)]).toEqual([1, 5]);
  });

  test('stays ended under rules that let a hold last', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.wait(5);
    desk.changeRules(6, deskPolicy());
    expect(desk.ticket.situation.holds).toEqual([]);
    expect(desk.deadline('resolution')).toBe(16 + 4);
  });

  test('is counted on its calendar', () => {
    const desk = deskWith({ calendar: 'office' });
    desk.tell(1, held);
    desk.wait(15);
    expect(desk.all('holdExpired').map(({ occurredAt }) => hourOf(occurredAt))).toEqual([13]);
    expect(desk.deadline('resolution')).toBe(16 + 12);
  });

  test('lets the clock breach that went on by then, at its deadline', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.wait(30);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 20']);
  });

  test('ends once', () => {
    const desk = deskWith();
    desk.tell(1, held);
    for (const hour of [6, 7, 8]) desk.wait(hour);
    expect(desk.all('holdExpired')).toHaveLength(1);
  });

  test('may be followed by another, which has its own time', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.wait(6);
    desk.tell(7, held);
    desk.wait(12);
    expect(desk.all('holdExpired').map(({ occurredAt }) => hourOf(occurredAt))).toEqual([5, 11]);
    expect(desk.deadline('resolution')).toBe(16 + 8);
  });

  test('leaves the hold for another reason alone', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.tell(2, { type: 'held', reason: 'internal' });
    desk.wait(30);
    expect(desk.ticket.situation.holds).toEqual([{ reason: 'internal', since: at(2) }]);
  });

  test('that had ended before, as a late fact tells, changes nothing', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.wait(6);
    desk.tell(3, { type: 'vendorReturned' }, { heard: 7 });
    expect(desk.deadline('resolution')).toBe(16 + 2);
  });

  test('does not end the next one, which a late fact tells of', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.wait(5.5);
    desk.tell(3, { type: 'vendorReturned' }, { heard: 5.6 });
    desk.tell(4, held, { heard: 5.7 });
    expect(desk.ticket.situation.holds).toEqual([{ reason: 'vendor', since: at(4) }]);
    desk.wait(9);
    expect(desk.deadline('resolution')).toBe(16 + 2 + 4);
  });

  test('is heard of too late and ends at its instant all the same', () => {
    const desk = deskWith();
    desk.tell(1, held, { heard: 10 });
    expect(desk.deadline('resolution')).toBe(16 + 4);
  });

  test('is over with the solution: it ends nothing later', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.ask(2, { type: 'resolve' });
    desk.wait(9);
    expect(desk.all('holdExpired')).toEqual([]);
  });

  test('ends also while only looking on: clocks run there as they would', () => {
    const desk = deskWith({}, { mode: 'observe' });
    desk.tell(1, held);
    desk.wait(9);
    expect(desk.deadline('resolution')).toBe(16 + 4);
  });

  test('is rebuilt from the ledger', () => {
    const desk = deskWith();
    desk.tell(1, held);
    desk.wait(9);
    expect(rebuild('T-1', desk.ledger)).toEqual(desk.ticket);
  });

  test('without a longest time lasts', () => {
    const desk = new PaperDesk({ attributes: { channel: 'phone' } });
    desk.tell(1, held);
    desk.wait(500);
    expect(desk.ticket.situation.holds).toHaveLength(1);
  });
});

describe('a hold that the lead is asked about', () => {
  const asking = { atEnd: 'askLead' as const };

  test('goes on, and the lead is told once', () => {
    const desk = deskWith(asking);
    desk.tell(1, held);
    for (const hour of [5, 6, 30]) desk.wait(hour);
    expect(desk.ticket.situation.holds).toEqual([{ reason: 'vendor', since: at(1) }]);
    expect(desk.all('notificationRequested')).toMatchObject([{ audience: 'lead', hold: 'vendor', tier: 1 }]);
    expect(desk.verdicts()).toEqual([]);
  });

  test('is told to the manager where the lead is not there', () => {
    const desk = deskWith(asking, {}, { tiers: [{ tier: 1, name: 'Desk', calendar: 'office' }] });
    desk.tell(1, held);
    desk.wait(5);
    expect(desk.told()).toEqual(['manager at 1']);
  });

  test('is asked about again when it is another one', () => {
    const desk = deskWith(asking);
    desk.tell(1, held);
    desk.wait(6);
    desk.tell(7, { type: 'resumed' });
    desk.tell(8, held);
    desk.wait(13);
    expect(desk.told()).toEqual(['lead at 1', 'lead at 1']);
  });

  test('is told to nobody while only looking on', () => {
    const desk = deskWith(asking, { mode: 'observe' });
    desk.tell(1, held);
    desk.wait(9);
    expect(desk.told()).toEqual([]);
    expect(desk.all('holdExpired')).toMatchObject([{ atEnd: 'askLead' }]);
  });
});
