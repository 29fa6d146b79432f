/** Who owned the time: every open second of the resolution calendar has one owner (docs/rules.md §3, §9). */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countingCalendar, elapsedOf, governingLimit } from '../../domain/clock.ts';
import { decideFact } from '../../domain/decide.ts';
import type { DeskBody } from '../../domain/events.ts';
import { openTimeBetween } from '../../domain/open-hours.ts';
import { HOLD_REASONS, type HoldReason, type Policy } from '../../domain/policy.ts';
import { sharesOf } from '../../domain/shares.ts';
import { STORY_LIMIT } from '../../domain/ticket.ts';
import { EPOCH } from '../support/arbitraries.ts';
import { anyBodies, deskDays } from '../support/desk-days.ts';
import { busyPolicy, clockIn, DAYTIME, TIERS_WITH_HOURS } from '../support/desk-clocks.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, PaperDesk } from '../support/paper-desk.ts';
import { runs } from '../support/runs.ts';

const HOUR = 3_600_000;

/** Resolution round the clock; the first tier is there from 9 to 17, its network team and the second from 13 to 21. */
const policyWith = (pausedBy: readonly HoldReason[] = ['customer', 'vendor'], calendar = 'always'): Policy =>
  deskPolicy({
    clocks: { resolution: clockIn({ ms: 100 * HOUR, calendar }, { pausedBy }) },
    tiers: TIERS_WITH_HOURS,
    calendars: DAYTIME,
  });

type Told = [hour: number, body: DeskBody];

function lived(story: readonly Told[], policy: Policy = policyWith()): PaperDesk {
  const desk = new PaperDesk({ policy, mode: 'observe' });
  for (const [hour, body] of story) desk.tell(hour, body, { imported: true });
  return desk;
}

/** Hours of each owner by an hour. */
const hoursBy = ({ ticket }: PaperDesk, hour: number): Record<string, number> =>
  Object.fromEntries(
    Object.entries(sharesOf(ticket.situation, ticket.rules, at(hour))).map(([share, ms]) => [
      share,
      ms! / HOUR,
    ]),
  );

const held = (reason: HoldReason): DeskBody => ({ type: 'held', reason });
const offered = (toTier: number): DeskBody => ({ type: 'handoffOffered', toTier });
const accepted: DeskBody = { type: 'handoffAccepted' };

describe('the first day, round the clock', () => {
  test.each<[fact: string, story: Told[], hours: Record<string, number>]>([
    ['nobody owns the night: it is uncovered', [], { uncovered: 16, tier1: 8 }],
    [
      'a team with hours of its own has those',
      [[0, { type: 'assigned', team: 'network' }]],
      { uncovered: 16, tier1: 8 },
    ],
    [
      'a team that gets it at noon closes later than the one that had it',
      [[12, { type: 'assigned', team: 'network' }]],
      { uncovered: 9 + 1 + 3, tier1: 3 + 8 },
    ],
    [
      'a tier round the clock is always there',
      [
        [10, offered(3)],
        [10, accepted],
      ],
      { uncovered: 9, tier1: 1, tier3: 14 },
    ],
    [
      'an offer is in flight while its sender is there, and uncovered while it is not',
      [
        [10, offered(2)],
        [20, accepted],
      ],
      { uncovered: 9 + 3 + 3, tier1: 1, handoff: 7, tier2: 1 },
    ],
    [
      'after a return the sender owns every second again',
      [
        [10, offered(2)],
        [11, { type: 'handoffReturned' }],
      ],
      { uncovered: 16, tier1: 7, handoff: 1 },
    ],
    [
      'what the customer owns is theirs at night too',
      [
        [8, held('customer')],
        [12, { type: 'resumed' }],
      ],
      {
        uncovered: 15,
        customer: 4,
        tier1: 5,
      },
    ],
    [
      'the customer comes before the vendor',
      [
        [10, held('vendor')],
        [11, held('customer')],
      ],
      {
        uncovered: 9,
        tier1: 1,
        vendor: 1,
        customer: 13,
      },
    ],
    [
      'a hold comes before an offer',
      [
        [10, offered(2)],
        [11, held('vendor')],
      ],
      {
        uncovered: 9,
        tier1: 1,
        handoff: 1,
        vendor: 13,
      },
    ],
    ['a hold that pauses nothing owns nothing', [[10, held('internal')]], { uncovered: 16, tier1: 8 }],
    ['resolved time is nobody’s', [[10, { type: 'resolved' }]], { uncovered: 9, tier1: 1 }],
    [
      'reopened time is somebody’s again',
      [
        [10, { type: 'resolved' }],
        [16, { type: 'reopened' }],
      ],
      {
        uncovered: 9 + 7,
        tier1: 2,
      },
    ],
  ])('%s', (_fact, story, hours) => {
    expect(hoursBy(lived(story), 24)).toEqual(hours);
  });

  test('a reason that pauses the clock owns its time', () => {
    expect(hoursBy(lived([[10, held('internal')]], policyWith(['internal'])), 24)).toEqual({
      uncovered: 9,
      tier1: 1,
      internal: 14,
    });
  });

  test('of two reasons the one that pauses the clock owns the time', () => {
    const desk = lived(
      [
        [10, held('customer')],
        [10, held('vendor')],
      ],
      policyWith(['vendor']),
    );
    expect(hoursBy(desk, 24)).toEqual({ uncovered: 9, tier1: 1, vendor: 14 });
  });

  test('on a calendar of its own only its open time is shared out', () => {
    const desk = lived(
      [
        [14, offered(2)],
        [14, accepted],
      ],
      policyWith(undefined, 'office'),
    );
    expect(hoursBy(desk, 24)).toEqual({ tier1: 5, tier2: 3 });
  });

  test('open time in which the owner is closed is uncovered', () => {
    const desk = lived(
      [
        [0, offered(2)],
        [0, accepted],
      ],
      policyWith(undefined, 'office'),
    );
    expect(hoursBy(desk, 24)).toEqual({ uncovered: 4, tier2: 4 });
  });
});

// The older half ends at one in the morning.
test('a folded story keeps what was uncovered', () => {
  const story = Array.from({ length: STORY_LIMIT + 1 }, (_, i): Told => [
    i / 100,
    { type: 'messageAdded', author: 'agent', visibility: 'internal' },
  ]);
  const desk = lived(story);
  expect(desk.ticket.baseline.at).toBeGreaterThan(desk.ticket.situation.openedAt);
  expect(hoursBy(desk, 48)).toEqual({ uncovered: 32, tier1: 16 });
});

/** Policies that differ in who is there when, what the resolution counts by and what pauses it; made once each. */
const POLICIES = [
  TIERS_WITH_HOURS,
  [
    { tier: 1, name: 'Night', calendar: 'late' },
    { tier: 2, name: 'Always' },
    { tier: 3, name: 'Day', calendar: 'office', teams: [{ name: 'mail', calendar: 'always' }] },
  ],
].flatMap((tiers) =>
  ([['customer', 'vendor'], ['vendor'], ['internal', 'vendor'], [...HOLD_REASONS], []] as HoldReason[][]).map(
    (pausedBy) => busyPolicy({ resolution: { ...busyPolicy().clocks['resolution']!, pausedBy } }, { tiers }),
  ),
);

describe('for any days at the desk', () => {
  const days = fc.tuple(deskDays({ of: anyBodies }), fc.constantFrom(...POLICIES), fc.nat(50 * HOUR));
  const END = EPOCH + 72 * HOUR;

  function livedAny(facts: Parameters<typeof decideFact>[1][], policy: Policy) {
    const desk = new PaperDesk({ policy, mode: 'act' });
    for (const fact of facts.toSorted((a, b) => a.occurredAt - b.occurredAt))
      desk.carryOn(decideFact(desk.ticket, fact, fact.occurredAt).ticket);
    return desk.ticket;
  }
  const sumOf = (amounts: readonly (number | undefined)[]): number =>
    amounts.reduce<number>((sum, one) => sum + (one ?? 0), 0);

  test('every open second from opening to resolution has exactly one owner', () => {
    fc.assert(
      fc.property(days, ([facts, policy, later]) => {
        const { situation, rules } = livedAny(facts, policy);
        const until = END + later;
        const clock = situation.clocks.findLast(({ name }) => name === 'resolution')!;
        const hours = rules.hours[countingCalendar(governingLimit(clock, rules.hours))]!;
        const unowned = situation.shares.map(({ from, share }, i) =>
          share === 'none' ? openTimeBetween(hours, from, situation.shares[i + 1]?.from ?? until) : 0,
        );
        const owned = sumOf(Object.values(sharesOf(situation, rules, until)));
        expect(owned + sumOf(unowned)).toBe(openTimeBetween(hours, EPOCH, until));
      }),
      runs(200),
    );
  });

  test('what no pausing hold owns is the elapsed time of the resolution', () => {
    fc.assert(
      fc.property(days, ([facts, policy, later]) => {
        const { situation, rules } = livedAny(facts, policy);
        const shares: Record<string, number | undefined> = sharesOf(situation, rules, END + later);
        const { pausedBy } = policy.clocks['resolution']!;
        const unpaused = Object.entries(shares).filter(([share]) => !pausedBy.includes(share as HoldReason));
        const clock = situation.clocks.findLast(({ name }) => name === 'resolution')!;
        expect(sumOf(unpaused.map(([, ms]) => ms))).toBe(elapsedOf(clock, rules.hours, END + later));
      }),
      runs(200),
    );
  });
});
