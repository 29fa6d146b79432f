/** A ticket that is judged by other rules from now on: the same story, told again (docs/rules.md §9, versions). */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deadlineOf, elapsedOf } from '../../domain/clock.ts';
import type { LedgerEvent } from '../../domain/events.ts';
import type { Policy } from '../../domain/policy.ts';
import { project } from '../../domain/projection.ts';
import { sharesOf } from '../../domain/shares.ts';
import { areRulesDue, rebuild, STORY_LIMIT, type Ticket } from '../../domain/ticket.ts';
import { nextDecision, settle } from '../../domain/escalation.ts';
import { decideFact } from '../../domain/decide.ts';
import { anyBodies, deskDays } from '../support/desk-days.ts';
import { allClocks, busyPolicy, clockIn, DAYTIME } from '../support/desk-clocks.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, hourOf, PaperDesk, type PaperOptions } from '../support/paper-desk.ts';
import { EPOCH } from '../support/arbitraries.ts';
import { runs } from '../support/runs.ts';

/** A policy with these hours for the resolution of any ticket, and nothing else promised. */
const resolvedIn = (hours: number, more: Partial<Policy> = {}): Policy =>
  deskPolicy({ version: hours, clocks: { resolution: clockIn(hours) }, ...more });

const clocksTold = ({ situation, rules }: Ticket, now: number) =>
  situation.clocks.map((clock) => ({
    clock,
    deadline: deadlineOf(clock, rules.hours),
    elapsed: elapsedOf(clock, rules.hours, now),
  }));

describe('there and back', () => {
  const home = busyPolicy();
  const { resolution: _resolution, nextResponse: _nextResponse, ...others } = home.clocks;
  /** Other rules, each different in its own way. */
  const elsewhere: readonly Policy[] = [
    { ...home, version: 2, clocks: {} },
    { ...home, version: 3, clocks: others },
    { ...home, version: 4, clocks: { resolution: clockIn(1) } },
    { ...home, version: 5, tiers: [{ tier: 1, name: 'Everybody' }], holds: {} },
    allClocks({ consult: { targets: {} } }, { version: 6, calendars: {} }),
    {
      ...allClocks({ resolution: clockIn({ ms: 7_200_000, calendar: 'elsewhere' }) }),
      version: 7,
      calendars: { elsewhere: DAYTIME['late']! },
    },
  ];

  const journeys = fc.tuple(
    deskDays({ of: anyBodies }).map((facts) => facts.toSorted((a, b) => a.occurredAt - b.occurredAt)),
    fc.array(fc.tuple(fc.constantFrom(...elsewhere), fc.boolean()), { minLength: 1, maxLength: 3 }),
    fc.nat(40),
  );

  test('every clock, share and deadline is as if nothing had been', () => {
    fc.assert(
      fc.property(journeys, ([facts, stops, turn]) => {
        // Observed: what a ladder does under other rules has happened, and is not taken back.
        const options: PaperOptions = { policy: home, mode: 'observe' };
        const [stayed, left] = [new PaperDesk(options), new PaperDesk(options)];
        let now = EPOCH;
        facts.forEach((fact, i) => {
          now = fact.occurredAt;
          stayed.carryOn(decideFact(stayed.ticket, fact, now).ticket);
          left.carryOn(decideFact(left.ticket, fact, now).ticket);
          if (i !== turn) return;
          for (const [policy, retroactive] of stops) {
            left.changeRules(hourOf(now)!, policy, { retroactive });
            expect(() => project(left.ticket, now)).not.toThrow();
          }
          left.changeRules(hourOf(now)!, home);
        });
        fc.pre(left.ticket.situation.state !== 'closed');
        expect(clocksTold(left.ticket, now)).toEqual(clocksTold(stayed.ticket, now));
        expect(sharesOf(left.ticket.situation, left.ticket.rules, now)).toEqual(
          sharesOf(stayed.ticket.situation, stayed.ticket.rules, now),
        );
        expect(left.ticket.situation).toEqual(stayed.ticket.situation);
      }),
      runs(200),
    );
  });

  test('what the desk did under other rules stays done', () => {
    const desk = new PaperDesk({ policy: resolvedIn(10) });
    const urgent = resolvedIn(2);
    const [step] = deskPolicy().clocks.resolution.ladder.slice(1);
    desk.changeRules(1, { ...urgent, clocks: { resolution: clockIn(2, { ladder: [step!] }) } });
    desk.wait(3);
    desk.changeRules(4, resolvedIn(10));
    expect(desk.ticket.situation.tier).toBe(2);
    expect(desk.deadline('resolution')).toBe(10);
  });
});

describe('a clock that the new policy does not have', () => {
  const without = deskPolicy({ version: 2, clocks: {} });

  test('ends at the change, and says why', () => {
    const desk = new PaperDesk({ policy: resolvedIn(10) });
    desk.changeRules(3, without);
    expect(desk.clock('resolution')).toBeUndefined();
    expect(desk.ticket.dropped).toMatchObject([
      { name: 'resolution', cancelledAt: at(3), cancelReason: 'notInPolicy' },
    ]);
  });

  test('is shown with its last deadline', () => {
    const desk = new PaperDesk({ policy: resolvedIn(10) });
    desk.changeRules(3, without);
    expect(project(desk.ticket, at(4)).clocks).toMatchObject([
      { clock: 'resolution', state: 'cancelled', deadlineAt: at(10), cancelledAt: at(3) },
    ]);
  });

  test('is shown with its last deadline also where its calendar has gone with it', () => {
    const desk = new PaperDesk({
      policy: deskPolicy({
        clocks: { resolution: clockIn({ ms: 7_200_000, calendar: 'office' }) },
        calendars: DAYTIME,
      }),
    });
    desk.changeRules(3, without);
    expect(project(desk.ticket, at(4)).clocks).toMatchObject([
      { clock: 'resolution', state: 'cancelled', deadlineAt: at(11), cancelledAt: at(3) },
    ]);
  });

  test('keeps that it was met', () => {
    const desk = new PaperDesk({ policy: resolvedIn(10) });
    desk.ask(2, { type: 'resolve' });
    desk.changeRules(3, without);
    expect(desk.ticket.dropped).toMatchObject([{ name: 'resolution', metAt: at(2), cancelledAt: null }]);
  });

  test('runs again from its first start when a policy has it again', () => {
    const desk = new PaperDesk({ policy: resolvedIn(10) });
    desk.changeRules(3, without);
    desk.changeRules(5, resolvedIn(12));
    expect(desk.clock('resolution')).toMatchObject({ cycle: 1, startedAt: at(0), cancelledAt: null });
    expect(desk.deadline('resolution')).toBe(12);
    expect(desk.ticket.dropped).toEqual([]);
  });
});

describe('a verdict that stands', () => {
  const late = (): PaperDesk => {
    const desk = new PaperDesk({ policy: resolvedIn(4) });
    desk.wait(5);
    return desk;
  };

  test('is upheld by new rules that promise less', () => {
    const desk = late();
    desk.changeRules(6, resolvedIn(40));
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
    expect(desk.ticket.breaches['resolution/1']!.standing).toBe(true);
  });

  test('is given under the old rules where it was due before the change', () => {
    const desk = new PaperDesk({ policy: resolvedIn(4) });
    desk.changeRules(6, resolvedIn(40));
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
  });

  test('is upheld where the new rules have no such clock, and where they have it again', () => {
    const desk = late();
    desk.changeRules(6, deskPolicy({ version: 2, clocks: {} }));
    desk.wait(7);
    desk.changeRules(8, resolvedIn(40));
    desk.wait(9);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
  });

  test('is withdrawn by new rules that judge anew', () => {
    const desk = late();
    desk.changeRules(6, resolvedIn(40), { retroactive: true });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4', 'resolution/1 breachWithdrawn 4']);
  });

  test('is withdrawn by rules that judge anew and have no such clock', () => {
    const desk = late();
    desk.changeRules(6, deskPolicy({ version: 2, clocks: {} }), { retroactive: true });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4', 'resolution/1 breachWithdrawn 4']);
  });

  test('is withdrawn by a late fact that shows it was met before its old deadline', () => {
    const desk = late();
    desk.changeRules(6, resolvedIn(40));
    desk.tell(3, { type: 'resolved' }, { heard: 7 });
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4', 'resolution/1 breachWithdrawn 4']);
  });

  test('is not withdrawn by one that shows it was met later, however early that is for the new rules', () => {
    const desk = late();
    desk.changeRules(6, resolvedIn(40));
    desk.tell(4.5, { type: 'resolved' }, { heard: 7 });
    expect(desk.ticket.breaches['resolution/1']!.standing).toBe(true);
  });

  test('and was upheld is judged anew by a later change that does so', () => {
    const desk = late();
    desk.changeRules(6, resolvedIn(40));
    desk.changeRules(7, resolvedIn(50), { retroactive: true });
    expect(desk.ticket.breaches['resolution/1']!.standing).toBe(false);
  });

  test('is given by the new rules at once where they promise more', () => {
    const desk = new PaperDesk({ policy: resolvedIn(40) });
    desk.changeRules(6, resolvedIn(4));
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
  });
});

describe('another customer', () => {
  const gold: Policy = { ...resolvedIn(2), name: 'gold', match: [{ customer: 'acme' }] };
  const changed = (): PaperDesk => {
    const desk = new PaperDesk({ policy: resolvedIn(4) });
    desk.tell(1, { type: 'attributesChanged', changes: { customer: 'acme' } });
    return desk;
  };

  test('makes the rules due', () => {
    expect(areRulesDue(changed().ticket)).toBe(true);
  });

  test.each([
    ['another contract', { contract: 'c-1' }],
    ['another site', { site: 'Graz' }],
    ['the same type', { type: 'incident' }],
  ])('is one thing, %s another: it does not', (_what, changes) => {
    const desk = new PaperDesk();
    desk.tell(1, { type: 'attributesChanged', changes });
    expect(areRulesDue(desk.ticket)).toBe(false);
  });

  test('lets nothing be judged until they are known', () => {
    const desk = changed();
    desk.wait(10);
    expect(desk.ask(11, { type: 'acknowledge' })).toBeNull();
    expect(desk.verdicts()).toEqual([]);
  });

  test('leaves no instant to wait for until they are known', () => {
    const desk = changed();
    expect(nextDecision(desk.ticket)).toBeNull();
    desk.matchRules(1, gold);
    expect(nextDecision(desk.ticket)).toEqual({ at: at(2) + 1, kind: 'breach' });
  });

  test('is judged by the rules that were found, from the opening on', () => {
    const desk = changed();
    desk.matchRules(10, gold);
    expect(areRulesDue(desk.ticket)).toBe(false);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 2']);
    expect(desk.all('rulesChanged')).toMatchObject([
      { policy: 'gold', version: 2, cause: 'attributesChanged' },
    ]);
  });

  test('is judged by the old rules where they are still the ones', () => {
    const desk = changed();
    desk.matchRules(10);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
    expect(desk.all('rulesConfirmed')).toMatchObject([{ policy: 'desk', version: 4 }]);
  });

  test('and back again before anybody looked makes nothing due', () => {
    const desk = changed();
    desk.tell(2, { type: 'attributesChanged', changes: { customer: null } });
    expect(areRulesDue(desk.ticket)).toBe(false);
    expect(desk.matchRules(3, gold)).toEqual([]);
  });

  test('twice in a row is looked up once more: the first answer is for somebody else', () => {
    const desk = changed();
    desk.tell(2, { type: 'attributesChanged', changes: { customer: 'beta' } });
    expect(desk.matchRules(3, gold, { type: 'incident', customer: 'acme' })).toEqual([]);
    expect(areRulesDue(desk.ticket)).toBe(true);
    desk.matchRules(4);
    expect(areRulesDue(desk.ticket)).toBe(false);
    expect(desk.ticket.rules.policy.name).toBe('desk');
  });

  test('corrected late is told in its own place: the last word is the later one', () => {
    const desk = changed();
    desk.tell(0.5, { type: 'attributesChanged', changes: { customer: 'beta' } }, { heard: 2 });
    expect(desk.ticket.attributes.customer).toBe('acme');
  });

  test('is asked for by a request in the same way', () => {
    const desk = new PaperDesk({ policy: resolvedIn(4) });
    expect(desk.ask(1, { type: 'update', changes: { customer: 'acme' } })).toBeNull();
    expect(areRulesDue(desk.ticket)).toBe(true);
    expect(desk.ask(1, { type: 'update', changes: { customer: 'acme' } })).toBe('nothing_changed');
  });

  test('refuses a change of the policy that does not judge it any more', () => {
    const desk = changed();
    desk.matchRules(2, gold);
    expect(desk.changeRules(3, resolvedIn(5))).toBe('policy_differs');
    expect(desk.changeRules(3, { ...gold, version: 9 })).toBeNull();
  });

  test('once the ticket is closed changes nothing', () => {
    const desk = new PaperDesk({ policy: resolvedIn(4) });
    desk.tell(1, { type: 'closed' });
    desk.tell(2, { type: 'attributesChanged', changes: { customer: 'acme' } });
    expect(areRulesDue(desk.ticket)).toBe(false);
    expect(desk.changeRules(3, resolvedIn(5))).toBe('ticket_closed');
  });

  test.each([
    ['whose policy was named', { pinned: true as const }],
    ['that was imported', { imported: true as const }],
  ])('does not make the rules of a ticket due %s', (_which, envelope) => {
    const desk = new PaperDesk({ policy: resolvedIn(4) });
    const [opening] = desk.ledger as [LedgerEvent];
    desk.carryOn(rebuild('T-1', [{ ...opening, ...envelope } as LedgerEvent]));
    desk.tell(1, { type: 'attributesChanged', changes: { customer: 'acme' } });
    desk.wait(5);
    expect(areRulesDue(desk.ticket)).toBe(false);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 4']);
    expect(desk.matchRules(6, gold)).toEqual([]);
  });
});

describe('a story so long that its older half is folded', () => {
  /** On hold for half of every hour, for more hours than are carried one by one. */
  function longLife(policy: Policy): PaperDesk {
    const desk = new PaperDesk({ policy, mode: 'observe' });
    for (let hour = 1; hour <= STORY_LIMIT; hour += 1) {
      desk.tell(hour, { type: 'held', reason: 'vendor' });
      desk.tell(hour + 0.5, { type: 'resumed' });
    }
    return desk;
  }
  const paused = { pausedBy: ['vendor' as const] };
  const by = (hours: number, calendar: string, version = 2) =>
    deskPolicy({
      version,
      clocks: { resolution: clockIn({ ms: hours * 3_600_000, calendar }, paused) },
      calendars: DAYTIME,
    });
  const longPromise = by(400, 'always', 1);

  test('keeps the time that ran, under other targets', () => {
    const desk = longLife(longPromise);
    const before = desk.deadline('resolution')!;
    desk.changeRules(STORY_LIMIT + 1, by(410, 'always'));
    expect(desk.deadline('resolution')).toBe(before + 10);
  });

  test('and back again is where it was', () => {
    const desk = longLife(longPromise);
    const told = clocksTold(desk.ticket, at(300));
    desk.changeRules(STORY_LIMIT + 1, by(410, 'always'));
    desk.changeRules(STORY_LIMIT + 2, longPromise);
    expect(clocksTold(desk.ticket, at(300)).map(({ deadline }) => deadline)).toEqual(
      told.map(({ deadline }) => deadline),
    );
  });

  test('runs a clock again that the rules between did not have', () => {
    const desk = longLife(longPromise);
    const before = desk.deadline('resolution')!;
    desk.changeRules(STORY_LIMIT + 1, deskPolicy({ version: 2, clocks: {} }));
    desk.changeRules(STORY_LIMIT + 1, longPromise);
    expect(desk.deadline('resolution')).toBe(before);
  });

  test('is shown and settled also where the old calendar is gone', () => {
    const desk = longLife(by(400, 'office', 1));
    const gone = deskPolicy({ version: 2, clocks: { resolution: clockIn(400, paused) } });
    desk.changeRules(STORY_LIMIT + 1, gone);
    expect(() => project(desk.ticket, at(STORY_LIMIT + 2))).not.toThrow();
    expect(() => settle(desk.ticket, at(STORY_LIMIT + 2))).not.toThrow();
  });

  test('has every second of its shares, whichever calendar counts now', () => {
    const desk = longLife(longPromise);
    const now = at(STORY_LIMIT + 1);
    desk.changeRules(STORY_LIMIT + 1, by(410, 'office'));
    const clock = desk.clock('resolution')!;
    const shares = sharesOf(desk.ticket.situation, desk.ticket.rules, now);
    const { vendor: _vendor, ...unpaused } = shares;
    const sum = Object.values(unpaused).reduce<number>((total, ms) => total + (ms ?? 0), 0);
    expect(sum).toBe(elapsedOf(clock, desk.ticket.rules.hours, now));
  });

  test('is rebuilt from its ledger exactly', () => {
    const desk = longLife(longPromise);
    desk.changeRules(STORY_LIMIT + 1, by(40, 'office'));
    desk.agentReplies(STORY_LIMIT + 2);
    expect(rebuild('T-1', desk.ledger)).toEqual(desk.ticket);
  });
});
