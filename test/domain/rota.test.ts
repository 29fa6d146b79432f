/** Rotas: exactly one person at every instant, hand-overs in local time, and overrides. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  nextChangeAfter,
  onCallAt,
  onCallBetween,
  type OnCallSpan,
  type Override,
  type Rota,
} from '../../domain/rota.ts';
import { runs } from '../support/runs.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const at = (text: string): number => Date.parse(text);

/** Hand-over every Monday at nine in Berlin. */
const WEEKLY: Rota = {
  timezone: 'Europe/Berlin',
  startsAt: at('2026-03-16T09:00+01:00'),
  rotationMs: WEEK,
  members: ['agent-1', 'agent-2', 'agent-3'],
};

const override = (id: string, agent: string, from: string, to: string): Override => ({
  id,
  agent,
  fromAt: at(from),
  toAt: at(to),
});

const told = (spans: readonly OnCallSpan[]): string[] =>
  spans.map(
    ({ agent, fromAt, toAt }) => `${agent} ${new Date(fromAt).toISOString()} ${new Date(toAt).toISOString()}`,
  );

describe('turns', () => {
  test.each([
    ['nobody before the first', '2026-03-16T08:59:59.999+01:00', undefined],
    ['the first member from the start on', '2026-03-16T09:00+01:00', 'agent-1'],
    ['to the last millisecond', '2026-03-23T08:59:59.999+01:00', 'agent-1'],
    ['then the second', '2026-03-23T09:00+01:00', 'agent-2'],
    ['at nine still, in summer time', '2026-03-30T08:59:59.999+02:00', 'agent-2'],
    ['the third from nine on', '2026-03-30T09:00+02:00', 'agent-3'],
    ['and the first again', '2026-04-06T09:00+02:00', 'agent-1'],
    ['in winter at nine again, half a year on', '2026-10-26T08:59:59.999+01:00', 'agent-2'],
    ['and not an hour early', '2026-10-26T09:00+01:00', 'agent-3'],
  ])('%s', (_fact, instant, agent) => {
    expect(onCallAt(WEEKLY, [], at(instant))?.agent).toBe(agent);
  });

  test('a week with a clock change is an hour shorter or longer, and nothing else', () => {
    const [spring] = onCallBetween(WEEKLY, [], {
      from: at('2026-03-23T09:00+01:00'),
      to: at('2026-03-30T09:00+02:00'),
    });
    expect(spring!.toAt - spring!.fromAt).toBe(WEEK - HOUR);
    const autumn = onCallBetween(WEEKLY, [], {
      from: at('2026-10-19T09:00+02:00'),
      to: at('2026-10-26T09:00+01:00'),
    });
    expect(autumn).toHaveLength(1);
    expect(autumn[0]!.toAt - autumn[0]!.fromAt).toBe(WEEK + HOUR);
  });

  const nightly = (startsAt: string): Rota => ({ ...WEEKLY, startsAt: at(startsAt), rotationMs: DAY });
  test('a hand-over in the hour that is skipped is at the change', () => {
    const rota = nightly('2026-03-28T02:30+01:00');
    expect(nextChangeAfter(rota, [], at('2026-03-28T12:00+01:00'))).toBe(at('2026-03-29T03:00+02:00'));
    expect(nextChangeAfter(rota, [], at('2026-03-29T12:00+02:00'))).toBe(at('2026-03-30T02:30+02:00'));
  });

  test('a hand-over in the hour that comes twice is at its first, and once', () => {
    const rota = nightly('2026-10-24T02:30+02:00');
    expect(
      told(onCallBetween(rota, [], { from: at('2026-10-24T02:30+02:00'), to: at('2026-10-26T02:30+01:00') })),
    ).toEqual([
      'agent-1 2026-10-24T00:30:00.000Z 2026-10-25T00:30:00.000Z',
      'agent-2 2026-10-25T00:30:00.000Z 2026-10-26T01:30:00.000Z',
    ]);
  });

  test('a rota that starts in the second of two hours starts there', () => {
    const rota = nightly('2026-10-25T02:30+01:00');
    expect(onCallAt(rota, [], at('2026-10-25T02:30+02:00'))).toBeNull();
    expect(onCallAt(rota, [], rota.startsAt)).toEqual({ agent: 'agent-1' });
  });

  test('an hour’s turn that a clock change skips is nobody’s', () => {
    const rota: Rota = { ...WEEKLY, startsAt: at('2026-03-29T01:00+01:00'), rotationMs: HOUR };
    expect(told(onCallBetween(rota, [], { from: rota.startsAt, to: rota.startsAt + 2 * HOUR }))).toEqual([
      'agent-1 2026-03-29T00:00:00.000Z 2026-03-29T01:00:00.000Z',
      'agent-3 2026-03-29T01:00:00.000Z 2026-03-29T02:00:00.000Z',
    ]);
  });
});

describe('overrides', () => {
  const night = override('o-1', 'agent-9', '2026-03-18T18:00+01:00', '2026-03-19T08:00+01:00');

  test.each([
    ['not a millisecond before', '2026-03-18T17:59:59.999+01:00', { agent: 'agent-1' }],
    ['from the very instant', '2026-03-18T18:00+01:00', { agent: 'agent-9', override: 'o-1' }],
    ['to the last millisecond', '2026-03-19T07:59:59.999+01:00', { agent: 'agent-9', override: 'o-1' }],
    ['and then whoever has the turn', '2026-03-19T08:00+01:00', { agent: 'agent-1' }],
  ])('count %s', (_fact, instant, who) => {
    expect(onCallAt(WEEKLY, [night], at(instant))).toEqual(who);
  });

  test('the last one made wins, and gives way where it ends', () => {
    const hour = override('o-2', 'agent-8', '2026-03-18T20:00+01:00', '2026-03-18T21:00+01:00');
    expect(
      told(onCallBetween(WEEKLY, [night, hour], { from: night.fromAt - HOUR, to: night.toAt + HOUR })),
    ).toEqual([
      'agent-1 2026-03-18T16:00:00.000Z 2026-03-18T17:00:00.000Z',
      'agent-9 2026-03-18T17:00:00.000Z 2026-03-18T19:00:00.000Z',
      'agent-8 2026-03-18T19:00:00.000Z 2026-03-18T20:00:00.000Z',
      'agent-9 2026-03-18T20:00:00.000Z 2026-03-19T07:00:00.000Z',
      'agent-1 2026-03-19T07:00:00.000Z 2026-03-19T08:00:00.000Z',
    ]);
  });

  test('count before the first turn, too, and across hand-overs as one span', () => {
    const early = override('o-1', 'agent-9', '2026-03-10T00:00Z', '2026-04-10T00:00Z');
    expect(
      told(onCallBetween(WEEKLY, [early], { from: at('2026-03-01T00:00Z'), to: at('2026-04-10T00:00Z') })),
    ).toEqual(['agent-9 2026-03-10T00:00:00.000Z 2026-04-10T00:00:00.000Z']);
  });
});

describe('the next change', () => {
  test('of somebody alone is when an override comes, or never', () => {
    const alone: Rota = { ...WEEKLY, members: ['agent-1', 'agent-1'] };
    expect(nextChangeAfter(alone, [], alone.startsAt)).toBeNull();
    expect(nextChangeAfter(alone, [], alone.startsAt - DAY)).toBe(alone.startsAt);
    const later = override('o-1', 'agent-9', '2027-03-10T00:00Z', '2027-03-11T00:00Z');
    expect(nextChangeAfter(alone, [later], alone.startsAt)).toBe(later.fromAt);
  });

  test('is not a hand-over to the same person', () => {
    const twice: Rota = { ...WEEKLY, members: ['agent-1', 'agent-1', 'agent-2'] };
    expect(nextChangeAfter(twice, [], twice.startsAt)).toBe(at('2026-03-30T09:00+02:00'));
    const same = override('o-1', 'agent-1', '2026-03-17T00:00Z', '2026-03-18T00:00Z');
    expect(nextChangeAfter(WEEKLY, [same], WEEKLY.startsAt)).toBe(at('2026-03-23T09:00+01:00'));
  });
});

const FROM = at('2026-01-01T00:00Z');
const instant = fc.integer({ min: FROM, max: FROM + 400 * DAY });
const agent = fc.constantFrom('agent-1', 'agent-2', 'agent-3', 'agent-4');
const rotas: fc.Arbitrary<Rota> = fc.record({
  timezone: fc.constantFrom(
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'UTC',
  ),
  startsAt: instant,
  rotationMs: fc.oneof(fc.constantFrom(HOUR, 8 * HOUR, DAY, WEEK), fc.integer({ min: HOUR, max: 10 * DAY })),
  members: fc.array(agent, { minLength: 1, maxLength: 4 }),
});
const overrides: fc.Arbitrary<Override[]> = fc
  .array(fc.tuple(agent, instant, fc.integer({ min: 1, max: 20 * DAY })), { maxLength: 5 })
  .map((all) => all.map(([who, fromAt, ms], i) => ({ id: `o-${i}`, agent: who, fromAt, toAt: fromAt + ms })));

describe('of any rota', () => {
  test('spans follow each other from the start on without gap or overlap, and say who is on call', () => {
    fc.assert(
      fc.property(
        rotas,
        overrides,
        instant,
        fc.integer({ min: 1, max: 30 * DAY }),
        (rota, some, from, ms) => {
          const to = from + ms;
          const spans = onCallBetween(rota, some, { from, to });
          for (const [i, span] of spans.entries()) {
            expect(span.fromAt).toBeLessThan(span.toAt);
            if (i > 0 && span.fromAt > rota.startsAt) expect(span.fromAt).toBe(spans[i - 1]!.toAt);
            for (const inside of [span.fromAt, Math.floor((span.fromAt + span.toAt) / 2), span.toAt - 1])
              expect(onCallAt(rota, some, inside)?.agent).toBe(span.agent);
          }
          if (from >= rota.startsAt) expect([spans[0]!.fromAt, spans.at(-1)!.toAt]).toEqual([from, to]);
        },
      ),
      runs(300),
    );
  });

  test('the override made last wins, without one whoever has the turn', () => {
    fc.assert(
      fc.property(rotas, overrides, instant, (rota, some, when) => {
        const meant = some.filter(({ fromAt, toAt }) => fromAt <= when && when < toAt).at(-1);
        const turn = onCallAt(rota, [], when);
        expect(onCallAt(rota, some, when)).toEqual(meant ? { agent: meant.agent, override: meant.id } : turn);
        expect(turn === null).toBe(when < rota.startsAt);
      }),
      runs(300),
    );
  });

  test('until the next change it is the same person, and at it another', () => {
    fc.assert(
      fc.property(
        rotas,
        overrides,
        instant,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rota, some, when, part) => {
          const who = (instantAt: number) => onCallAt(rota, some, instantAt)?.agent;
          const change = nextChangeAfter(rota, some, when);
          const last = (change ?? when + 60 * DAY) - 1;
          for (const between of [last, Math.floor(when + (last - when) * part)])
            expect(who(between)).toBe(who(when));
          if (change !== null) expect(who(change)).not.toBe(who(when));
        },
      ),
      runs(300),
    );
  });

  test('hand-overs keep their time of day', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Sydney'),
        instant,
        (timezone, some) => {
          const local = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, timeStyle: 'medium' });
          // Off the small hours, in which clocks change.
          const startsAt = Math.floor(some / DAY) * DAY + 12 * HOUR;
          const rota: Rota = { timezone, startsAt, rotationMs: DAY, members: ['agent-1', 'agent-2'] };
          fc.pre(!/^0[0-4]/.test(local.format(startsAt)));
          const spans = onCallBetween(rota, [], { from: startsAt, to: startsAt + 300 * DAY });
          expect(new Set(spans.map(({ fromAt }) => local.format(fromAt)))).toEqual(
            new Set([local.format(startsAt)]),
          );
        },
      ),
      runs(20),
    );
  });
});
