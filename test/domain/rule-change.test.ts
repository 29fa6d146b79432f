/** What a change of rules makes of one ticket: foreseen and looked back on by the same eyes. */
import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { decideRequest } from '../../domain/decide.ts';
import type { Policy } from '../../domain/policy.ts';
import {
  addTo,
  differenceBetween,
  emptyForecast,
  foresee,
  isDifferent,
  lookBack,
  requestOf,
  SHOWN_LIMIT,
  type Difference,
  type RuleChange,
} from '../../domain/rule-change.ts';
import { resolveRules, storedCalendarsOf } from '../../domain/rules.ts';
import { rebuild } from '../../domain/ticket.ts';
import { deskDays, mixedPolicy } from '../support/desk-days.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, hourOf, openingOf, PaperDesk } from '../support/paper-desk.ts';
import { runs } from '../support/runs.ts';
import { decideFact, decideOpening } from '../../domain/decide.ts';

const change: RuleChange = {
  id: 'chg_1',
  kind: 'policy',
  actor: { subject: 'key:manager', role: 'manager' },
  judgesAnewSince: null,
};

/** The desk's policy, version 2, with a resolution in so many hours for every priority; 0 for no such clock. */
function resolvedIn(hours: number): Policy {
  const { clocks, ...policy } = deskPolicy({ version: 2 });
  const { resolution, ...others } = clocks;
  if (hours === 0) return { ...policy, clocks: others };
  const target = { ms: hours * 3_600_000, calendar: 'always' };
  return {
    ...policy,
    clocks: {
      ...others,
      resolution: { ...resolution, targets: { P1: target, P2: target, P3: target, P4: target } },
    },
  };
}

function requested(desk: PaperDesk, policy: Policy, hour: number, more: Partial<RuleChange> = {}) {
  const { openedAt } = desk.ticket.situation;
  return requestOf(
    { ...change, ...more },
    { openedAt, rules: resolveRules(policy, { openedAt, now: at(hour) }) },
  );
}

/** What is foreseen at an hour, as `clock before→after` under its kind. */
function foreseen(desk: PaperDesk, policy: Policy, hour: number, more: Partial<RuleChange> = {}) {
  const difference = foresee(desk.ticket, requested(desk, policy, hour, more), at(hour))!;
  return Object.fromEntries(
    Object.entries(difference)
      .filter(([, changes]) => changes.length > 0)
      .map(([kind, changes]) => [
        kind,
        changes.map(
          ({ clock, deadlineBefore, deadlineAfter }) =>
            `${clock} ${hourOf(deadlineBefore)}→${hourOf(deadlineAfter)}`,
        ),
      ]),
  );
}

// A P3: first response by 4, resolution by 16; answered at 1, so that only the resolution clock runs.
const answered = (): PaperDesk => {
  const desk = new PaperDesk();
  desk.agentReplies(1);
  return desk;
};

describe('a change of the resolution target', () => {
  test.each<[fact: string, hours: number, now: number, expected: Record<string, string[]>]>([
    ['to the same is no difference', 16, 5, {}],
    ['to less moves the deadline', 10, 5, { deadlineMoved: ['resolution 16→10'] }],
    [
      'to less than has passed breaks the promise',
      4,
      5,
      { becomesBreached: ['resolution 16→4'], deadlineMoved: ['resolution 16→4'] },
    ],
    ['to exactly what has passed is still kept', 5, 5, { deadlineMoved: ['resolution 16→5'] }],
    ['to none ends the clock', 0, 5, { clocksCancelled: ['resolution 16→16'] }],
    [
      'to more, once broken, moves the deadline and leaves the breach',
      20,
      17,
      { deadlineMoved: ['resolution 16→20'] },
    ],
  ])('%s', (_fact, hours, now, expected) => {
    expect(foreseen(answered(), resolvedIn(hours), now)).toEqual(expected);
  });

  test('withdraws a breach where it judges anew, of a ticket opened since', () => {
    const since = (hour: number) => ({ judgesAnewSince: at(hour) });
    expect(foreseen(answered(), resolvedIn(20), 17, since(0))).toMatchObject({
      relieved: ['resolution 16→20'],
    });
    expect(foreseen(answered(), resolvedIn(20), 17, since(1))).not.toHaveProperty('relieved');
  });

  test('of a standing clock is seen, though it has no deadline', () => {
    const desk = answered();
    desk.tell(2, { type: 'held', reason: 'vendor' });
    expect(foreseen(desk, resolvedIn(10), 5)).toEqual({ deadlineMoved: ['resolution null→null'] });
  });

  test('does not blame the change for what fell due before it', () => {
    const desk = answered();
    // Nobody has looked since hour 1; the breach at 16 is the old rules' own.
    expect(foreseen(desk, resolvedIn(15), 17)).toEqual({ deadlineMoved: ['resolution 16→15'] });
  });
});

test('a clock that only the new rules have begins', () => {
  const { clocks } = deskPolicy();
  const desk = new PaperDesk({
    policy: deskPolicy({ clocks: { firstResponse: clocks.firstResponse } as never }),
  });
  expect(foreseen(desk, deskPolicy({ version: 2 }), 1)).toEqual({ clocksStarted: ['resolution null→16'] });
});

test('nothing is foreseen for a closed ticket, nor for one under another policy', () => {
  const desk = answered();
  const elsewhere = { ...resolvedIn(4), name: 'other' };
  expect(foresee(desk.ticket, requested(desk, elsewhere, 5), at(5))).toBeNull();
  desk.ask(2, { type: 'resolve' });
  desk.ask(3, { type: 'close' });
  expect(foresee(desk.ticket, requested(desk, resolvedIn(4), 5), at(5))).toBeNull();
});

test('whatever has happened, what is foreseen is what is looked back on', () => {
  fc.assert(
    fc.property(
      deskDays(),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 100 }),
      fc.constantFrom(null, at(0)),
      (facts, hours, hour, judgesAnewSince) => {
        const opening = openingOf({ policy: mixedPolicy({ name: 'desk' }) });
        const events = [...decideOpening(opening, opening.openedAt).events];
        let ticket = rebuild('T-1', events);
        for (const fact of facts.filter(({ occurredAt }) => occurredAt <= at(hour))) {
          const turn = decideFact(ticket, fact, fact.occurredAt);
          events.push(...turn.events);
          ticket = turn.ticket;
        }
        const rules = resolveRules(resolvedIn(hours), { openedAt: opening.openedAt, now: at(hour) });
        const request = requestOf({ ...change, judgesAnewSince }, { openedAt: opening.openedAt, rules });
        const foretold = foresee(ticket, request, at(hour));
        const decision = decideRequest(ticket, request, at(hour));
        if ('refusal' in decision) return foretold === null;
        events.push(...decision.turn.events);
        // What happens later is no part of it.
        const later = decideFact(
          decision.turn.ticket,
          { id: 'later', type: 'acknowledged', occurredAt: at(hour) },
          at(hour) + 1,
        );
        events.push(...later.events);
        expect(lookBack('T-1', events, change.id)).toEqual(foretold);
        return true;
      },
    ),
    runs(100),
  );
});

test('a ticket that the change never reached has nothing to look back on', () => {
  expect(lookBack('T-1', answered().ledger, change.id)).toBeNull();
});

test('a forecast counts everything and shows the first thousand', () => {
  const { ticket } = answered();
  const none = differenceBetween(ticket, ticket, at(1));
  expect(isDifferent(none)).toBe(false);
  const moved = { clock: 'resolution', cycle: 1, deadlineBefore: 1, deadlineAfter: 2 };
  const difference: Difference = { ...none, deadlineMoved: [moved] };
  const forecast = emptyForecast();
  for (let i = 0; i < SHOWN_LIMIT + 5; i += 1) addTo(forecast, `T-${i}`, difference);
  addTo(forecast, 'T-quiet', none);
  expect(forecast).toMatchObject({ tickets: SHOWN_LIMIT + 6, affected: SHOWN_LIMIT + 5, unchanged: 1 });
  const { count, shown } = forecast.differences.deadlineMoved;
  expect([count, shown.length]).toEqual([SHOWN_LIMIT + 5, SHOWN_LIMIT]);
  expect(shown[0]).toEqual({ ticketId: 'T-0', ...moved });
});

test('the stored calendars of a policy are those it names and does not define, wherever it names them', () => {
  const { clocks } = deskPolicy();
  const on = (calendar: string) => ({ ms: 1_000, calendar });
  const policy: Policy = deskPolicy({
    tiers: [{ tier: 1, name: 'Desk', calendar: 'desk', teams: [{ name: 'night', calendar: 'night' }] }],
    clocks: {
      ...clocks,
      resolution: {
        ...clocks.resolution,
        targets: { P1: on('plain'), P2: on('own'), P3: on('always'), P4: on('tier') },
        ladder: [
          { id: 'late', percent: 100, offsetMs: 1, calendar: 'ladder', actions: [{ notify: 'lead' }] },
        ],
      },
    },
    holds: { vendor: { maxMs: 1, calendar: 'holds' } } as never,
    calendars: { own: { timezone: 'UTC', hours: {}, holidays: [], exceptions: {} } },
    examples: [{ calendar: 'never' }],
  });
  expect(storedCalendarsOf(policy)).toEqual(['desk', 'holds', 'ladder', 'night', 'plain']);
});
