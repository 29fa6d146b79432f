/** Whose time a ticket took: the parts add up to the resolution clock and its holds, whatever happened. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countingCalendar, elapsedOf, governingLimit } from '../../domain/clock.ts';
import { decideFact } from '../../domain/decide.ts';
import { ownedTimes, runsClock, ticketAt, timesOf, type OwnedTime } from '../../domain/effort.ts';
import { openTimeBetween } from '../../domain/open-hours.ts';
import { dividedTime } from '../../domain/shares.ts';
import { EPOCH } from '../support/arbitraries.ts';
import { busyPolicy, clockIn, DAYTIME, TIERS_WITH_HOURS } from '../support/desk-clocks.ts';
import { anyBodies, deskDays } from '../support/desk-days.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, PaperDesk } from '../support/paper-desk.ts';
import { runs } from '../support/runs.ts';

const HOUR = 3_600_000;
const END = EPOCH + 72 * HOUR;
const POLICIES = [
  busyPolicy(),
  busyPolicy({ resolution: { ...busyPolicy().clocks['resolution']!, pausedBy: ['internal', 'vendor'] } }),
];

const sum = (parts: readonly OwnedTime[]): number => parts.reduce((total, { ms }) => total + ms, 0);

describe('for any days at the desk', () => {
  const days = fc.tuple(deskDays({ of: anyBodies }), fc.constantFrom(...POLICIES), fc.nat(50 * HOUR));

  function lived(facts: Parameters<typeof decideFact>[1][], policy: (typeof POLICIES)[number]): PaperDesk {
    const desk = new PaperDesk({ policy, mode: 'act' });
    for (const fact of facts.toSorted((a, b) => a.occurredAt - b.occurredAt)) {
      const { ticket, events } = decideFact(desk.ticket, fact, fact.occurredAt);
      desk.carryOn(ticket);
      desk.ledger.push(...events);
    }
    return desk;
  }

  test('the parts that run the clock are its elapsed time, and all parts are every open second of somebody', () => {
    fc.assert(
      fc.property(days, ([facts, policy, later]) => {
        const { ticket } = lived(facts, policy);
        const { situation, rules } = ticket;
        const until = END + later;
        const clock = situation.clocks.findLast(({ name }) => name === 'resolution')!;
        const hours = rules.hours[countingCalendar(governingLimit(clock, rules.hours))]!;
        const resolved = situation.shares.reduce((total, { from, share }, i) => {
          const to = situation.shares[i + 1]?.from ?? until;
          return share === 'none' ? total + openTimeBetween(hours, from, to) : total;
        }, 0);
        const parts = timesOf(ticket, until);
        const running = parts.filter(({ owner }) => runsClock(rules, owner));
        expect(sum(running)).toBe(elapsedOf(clock, rules.hours, until));
        expect(sum(parts) + resolved).toBe(openTimeBetween(hours, EPOCH, until));
        expect(parts.every(({ ms }) => ms > 0)).toBe(true);
      }),
      runs(200),
    );
  });

  test('cut off at any instant, the parts are still the elapsed time of the clock then', () => {
    fc.assert(
      fc.property(days, ([facts, policy, later]) => {
        const instant = EPOCH + later;
        const { ledger } = lived(facts, policy);
        const { situation, rules } = ticketAt('T-1', ledger, { at: instant, decidedAt: instant });
        const clock = situation.clocks.findLast(({ name }) => name === 'resolution')!;
        const { shares, inFlight } = dividedTime(situation, rules, instant);
        const parts = ownedTimes(shares, inFlight);
        const running = parts.filter(({ owner }) => runsClock(rules, owner));
        expect(sum(running)).toBe(elapsedOf(clock, rules.hours, instant));
      }),
      runs(200),
    );
  });
});

test('time in flight is charged to the tier that offered; what nobody knows it of stays apart', () => {
  expect(ownedTimes({ tier1: 5, handoff: 7, uncovered: 2, none: 9 }, { 1: 3, 2: 2 })).toEqual([
    { owner: 'tier', tier: 1, ms: 5 },
    { owner: 'uncovered', tier: null, ms: 2 },
    { owner: 'inFlight', tier: 1, ms: 3 },
    { owner: 'inFlight', tier: 2, ms: 2 },
    { owner: 'inFlight', tier: null, ms: 2 },
  ]);
});

test('up to its deadline a late resolution took exactly its target, whoever had it in the end', () => {
  const policy = deskPolicy({
    clocks: { resolution: clockIn(16, { pausedBy: ['customer', 'vendor'] }) },
    tiers: TIERS_WITH_HOURS,
    calendars: DAYTIME,
  });
  const desk = new PaperDesk({ policy, opened: 9, mode: 'observe' });
  desk.tell(12, { type: 'held', reason: 'vendor' });
  desk.tell(14, { type: 'vendorReturned' });
  desk.tell(16, { type: 'handoffOffered', toTier: 3 });
  desk.tell(18, { type: 'handoffAccepted' });
  desk.tell(40, { type: 'resolved' });
  const [verdict] = desk.all('breached');
  const ticket = ticketAt('T-1', desk.ledger, { at: verdict!.deadlineAt, decidedAt: verdict!.receivedAt });
  const parts = timesOf(ticket, verdict!.deadlineAt);
  expect(verdict!.deadlineAt).toBe(at(9 + 16 + 2));
  expect(parts.map(({ owner, tier, ms }) => [owner, tier, ms / HOUR])).toEqual([
    ['tier', 1, 5],
    ['vendor', null, 2],
    ['uncovered', null, 1],
    ['tier', 3, 9],
    ['inFlight', 1, 1],
  ]);
  expect(sum(parts.filter(({ owner }) => runsClock(ticket.rules, owner)))).toBe(16 * HOUR);
});
