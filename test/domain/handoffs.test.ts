/** Handoffs from tier to tier: offered with a packet, accepted or returned, automatic by the ladder (docs/rules.md §9). */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Calendar } from '../../domain/calendar.ts';
import type { Command } from '../../domain/commands.ts';
import { elapsedOf } from '../../domain/clock.ts';
import type { LedgerEvent } from '../../domain/events.ts';
import { completenessOf, missingFrom, PACKET_ITEMS, withPacket } from '../../domain/packet.ts';
import { decideRequest } from '../../domain/decide.ts';
import type { Policy } from '../../domain/policy.ts';
import { dividedTime, sharesOf } from '../../domain/shares.ts';
import { allClocks } from '../support/desk-clocks.ts';
import { at, hourOf, PaperDesk } from '../support/paper-desk.ts';

/** Three tiers, of which the upper two require something of a packet. */
function tiers(more: Partial<Policy> = {}): Policy {
  const policy = allClocks({
    tierAccept: { targets: { P3: { ms: 2 * 3_600_000, calendar: 'always' } } },
    tierWork: { targets: { P3: { ms: 10 * 3_600_000, calendar: 'always' } } },
  });
  return {
    ...policy,
    tiers: [
      { tier: 1, name: 'Desk' },
      { tier: 2, name: 'Specialists', requires: ['symptoms', 'stepsTried'] },
      { tier: 3, name: 'Engineering', requires: ['symptoms', 'stepsTried', 'environment'] },
    ],
    ...more,
  };
}

const COMPLETE = { items: ['symptoms' as const, 'stepsTried' as const] };

function refusalOf(desk: PaperDesk, hour: number, command: Command, role = 'agent') {
  const request = { id: `x${hour}`, command, actor: { subject: 'key-1', role } };
  const decision = decideRequest(desk.ticket, request, at(hour));
  return 'refusal' in decision ? decision.refusal : null;
}

describe('an offer', () => {
  test('without what the tier requires is refused, and names every missing item', () => {
    const desk = new PaperDesk({ policy: tiers() });
    const refusal = refusalOf(desk, 1, { type: 'offerHandoff', toTier: 2, items: ['question'] });
    expect(refusal).toMatchObject({ code: 'handoff_incomplete' });
    expect(refusal?.errors).toEqual([
      expect.objectContaining({ pointer: '/packet/symptoms', code: 'packet_item_missing' }),
      expect.objectContaining({ pointer: '/packet/stepsTried' }),
    ]);
    expect(desk.ticket.situation.offer).toBeNull();
  });

  test('counts what was written down before', () => {
    const desk = new PaperDesk({ policy: tiers() });
    expect(desk.ask(1, { type: 'writePacket', items: ['symptoms'] })).toBeNull();
    expect(desk.ask(2, { type: 'offerHandoff', toTier: 2, items: ['stepsTried'] })).toBeNull();
    expect(desk.all('handoffOffered')[0]).toMatchObject({ completeness: 100, items: ['stepsTried'] });
    expect(desk.ticket.situation.packet?.items).toEqual(['symptoms', 'stepsTried']);
  });

  test.each([
    ['agent', 'override_not_allowed'],
    ['integration', 'override_not_allowed'],
    ['lead', null],
    ['admin', null],
  ])('an incomplete packet under an override of a %s: %s', (role, code) => {
    const desk = new PaperDesk({ policy: tiers() });
    const command: Command = { type: 'offerHandoff', toTier: 2, override: true, isReasoned: true };
    expect(refusalOf(desk, 1, command, role)?.code ?? null).toBe(code);
  });

  test('under an override says what is missing; a complete one is no override', () => {
    const request = (items: 'symptoms'[]) => ({
      id: 'x',
      command: {
        type: 'offerHandoff' as const,
        toTier: 2,
        items,
        override: true as const,
        isReasoned: true,
      },
      actor: { subject: 'key-2', role: 'lead' },
    });
    const decision = decideRequest(new PaperDesk({ policy: tiers() }).ticket, request(['symptoms']), at(1));
    expect('turn' in decision && decision.turn.events[0]).toMatchObject({
      override: true,
      missing: ['stepsTried'],
      completeness: 50,
    });
    const desk = new PaperDesk({ policy: tiers() });
    desk.ask(0.5, { type: 'writePacket', ...COMPLETE });
    const complete = decideRequest(desk.ticket, request(['symptoms']), at(1));
    expect('turn' in complete && complete.turn.events[0]).not.toHaveProperty('override');
  });

  test.each<[string, number, Partial<Command>, string | null]>([
    ['leaving a tier out', 3, {}, 'reason_missing'],
    ['leaving a tier out, and saying why', 3, { isReasoned: true }, null],
    ['to the next tier', 2, {}, null],
  ])('%s', (_what, toTier, more, code) => {
    const desk = new PaperDesk({ policy: tiers() });
    desk.ask(0.5, { type: 'writePacket', items: ['symptoms', 'stepsTried', 'environment'] });
    expect(desk.ask(1, { type: 'offerHandoff', toTier, ...more } as Command)).toBe(code);
  });

  test('that leaves tiers out says which', () => {
    const desk = new PaperDesk({ policy: tiers() });
    const items = ['symptoms', 'stepsTried', 'environment'] as const;
    desk.ask(1, { type: 'offerHandoff', toTier: 3, isReasoned: true, items: [...items] });
    expect(desk.all('handoffOffered')[0]).toMatchObject({ skipped: [2] });
  });

  test('back to a lower tier requires a reason and no packet', () => {
    const desk = new PaperDesk({ policy: tiers(), tier: 3 });
    expect(desk.ask(1, { type: 'offerHandoff', toTier: 1 })).toBe('reason_missing');
    expect(desk.ask(1, { type: 'offerHandoff', toTier: 1, isReasoned: true })).toBeNull();
  });

  test('is made once at a time; withdrawn, it may be made again', () => {
    const desk = new PaperDesk({ policy: tiers() });
    desk.ask(1, { type: 'offerHandoff', toTier: 2, ...COMPLETE });
    expect(desk.ask(1, { type: 'offerHandoff', toTier: 2 })).toBe('already_offered');
    expect(desk.ask(2, { type: 'withdrawHandoff' })).toBeNull();
    expect(desk.ask(2, { type: 'withdrawHandoff' })).toBe('nothing_offered');
    expect(desk.clock('tierAccept')).toMatchObject({ cancelReason: 'withdrawn' });
    expect(desk.ask(3, { type: 'offerHandoff', toTier: 2 })).toBeNull();
  });

  test('withdrawn can be neither accepted nor returned', () => {
    const desk = new PaperDesk({ policy: tiers() });
    desk.ask(1, { type: 'offerHandoff', toTier: 2, ...COMPLETE });
    desk.ask(2, { type: 'withdrawHandoff' });
    expect(desk.ask(3, { type: 'acceptHandoff' })).toBe('nothing_offered');
    expect(desk.ask(3, { type: 'returnHandoff' })).toBe('nothing_offered');
    expect(desk.ticket.situation).toMatchObject({ tier: 1, offer: null });
  });

  test('is accepted once: the second is refused and changes nothing', () => {
    const desk = new PaperDesk({ policy: tiers() });
    desk.ask(1, { type: 'offerHandoff', toTier: 2, ...COMPLETE });
    expect(desk.ask(2, { type: 'acceptHandoff', assignee: 'agent-21' })).toBeNull();
    const before = desk.ticket;
    expect(desk.ask(2, { type: 'acceptHandoff', assignee: 'agent-22' })).toBe('nothing_offered');
    expect(desk.ticket).toBe(before);
    expect(desk.ticket.situation.assignee).toBe('agent-21');
  });
});

describe('whose time it is', () => {
  test('the sender owns the clock until the offer is accepted, and again after a return', () => {
    const desk = new PaperDesk({ policy: tiers() });
    desk.ask(1, { type: 'assign', assignee: 'agent-11' });
    desk.ask(2, { type: 'offerHandoff', toTier: 2, ...COMPLETE });
    desk.ask(3, { type: 'returnHandoff', missing: ['environment'] });
    expect(desk.ticket.situation).toMatchObject({ tier: 1, assignee: 'agent-11', handoffReturns: 1 });
    desk.ask(5, { type: 'offerHandoff', toTier: 2, items: ['environment'] });
    desk.ask(6.5, { type: 'acceptHandoff' });
    desk.ask(9, { type: 'resolve' });
    const { situation, rules } = desk.ticket;
    expect(sharesOf(situation, rules, at(9))).toEqual({
      tier1: 4 * 3_600_000,
      handoff: 2.5 * 3_600_000,
      tier2: 2.5 * 3_600_000,
    });
    expect(dividedTime(situation, rules, at(9)).inFlight).toEqual({ 1: 2.5 * 3_600_000 });
  });

  test('tierWork of the sender goes on through a return and ends at acceptance', () => {
    const desk = new PaperDesk({ policy: tiers() });
    desk.ask(1, { type: 'assign', assignee: 'agent-11' });
    desk.ask(2, { type: 'offerHandoff', toTier: 2, ...COMPLETE });
    desk.ask(3, { type: 'returnHandoff' });
    desk.ask(5, { type: 'offerHandoff', toTier: 2 });
    desk.ask(6.5, { type: 'acceptHandoff' });
    const work = desk.ticket.situation.clocks.filter(({ name }) => name === 'tierWork');
    expect(work.map(({ subject, startedAt, metAt }) => [subject, hourOf(startedAt), hourOf(metAt)])).toEqual([
      ['tier1', 1, 6.5],
      ['tier2', 6.5, null],
    ]);
  });

  test('tierAccept of the receiver runs from the offer to the answer, whichever it is', () => {
    const desk = new PaperDesk({ policy: tiers() });
    desk.ask(1, { type: 'acknowledge' });
    desk.ask(2, { type: 'offerHandoff', toTier: 2, ...COMPLETE });
    desk.ask(3, { type: 'returnHandoff' });
    desk.ask(5, { type: 'offerHandoff', toTier: 2 });
    desk.ask(6.5, { type: 'acceptHandoff' });
    const accept = desk.ticket.situation.clocks.filter(({ name }) => name === 'tierAccept');
    expect(
      accept.map(({ subject, startedAt, metAt }) => [subject, hourOf(startedAt), hourOf(metAt)]),
    ).toEqual([
      ['tier1', 0, 1],
      ['tier2', 2, 3],
      ['tier2', 5, 6.5],
    ]);
  });

  test('the shares of unpaused time add up to the elapsed time of the resolution clock, whatever happens', () => {
    const step = fc.constantFrom<Command>(
      { type: 'offerHandoff', toTier: 2, isReasoned: true, ...COMPLETE },
      { type: 'offerHandoff', toTier: 1, isReasoned: true },
      {
        type: 'offerHandoff',
        toTier: 3,
        isReasoned: true,
        items: ['symptoms', 'stepsTried', 'environment'],
      },
      { type: 'acceptHandoff' },
      { type: 'returnHandoff' },
      { type: 'withdrawHandoff' },
      { type: 'assign', assignee: 'agent-1' },
      { type: 'engageVendor', vendor: 'acme' },
      { type: 'vendorReturned' },
      { type: 'consult', toTier: 3 },
      { type: 'hold', reason: 'internal' },
      { type: 'resume' },
      { type: 'resolve' },
      { type: 'reopen' },
    );
    const policy = tiers({ vendors: { acme: { hold: true } } });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), step), { maxLength: 25 }), (steps) => {
        const desk = new PaperDesk({ policy });
        let hour = 0;
        for (const [minutes, command] of steps) desk.ask((hour += minutes / 60), command);
        const { situation, rules } = desk.ticket;
        const { customer = 0, vendor = 0, ...others } = sharesOf(situation, rules, at(hour));
        const owned = Object.values(others).reduce((sum: number, ms) => sum + (ms ?? 0), 0);
        const charged = Object.values(dividedTime(situation, rules, at(hour)).inFlight);
        expect(charged.reduce((sum, ms) => sum + ms, 0)).toBe(others.handoff ?? 0);
        expect(owned).toBe(elapsedOf(desk.clock('resolution')!, rules.hours, at(hour)));
        expect(customer + vendor).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

/** The resolution clock hands off at its breach, after so many hours. */
function ladder(more: Partial<Policy> = {}, before: Policy['clocks'][string]['ladder'] = []): Policy {
  const policy = tiers(more);
  const resolution = {
    ...policy.clocks['resolution']!,
    targets: { P3: { ms: 8 * 3_600_000, calendar: 'always' } },
    ladder: [...before, { id: 'breach', percent: 100, offsetMs: 0, actions: [{ handOff: 'next' as const }] }],
  };
  return { ...policy, clocks: { ...policy.clocks, resolution } };
}

const notified = (events: readonly LedgerEvent[]) =>
  events.flatMap((event) => (event.type === 'notificationRequested' ? [event] : []));

describe('an automatic handoff', () => {
  test('moves the ticket at once, with the packet as it stands and what it lacks', () => {
    const desk = new PaperDesk({ policy: ladder() });
    desk.ask(1, { type: 'writePacket', items: ['symptoms'] });
    desk.wait(9);
    expect(desk.all('handedOff')[0]).toMatchObject({
      automatic: true,
      toTier: 2,
      missing: ['stepsTried'],
      completeness: 50,
    });
    expect(desk.ticket.situation).toMatchObject({ tier: 2, automaticSince: at(9) });
  });

  test('waits to be acknowledged; accepting it says so', () => {
    const desk = new PaperDesk({ policy: ladder() });
    desk.wait(9);
    expect(desk.clock('tierAccept')).toMatchObject({ subject: 'tier2', metAt: null });
    expect(desk.ask(10, { type: 'acceptHandoff', assignee: 'agent-21' })).toBeNull();
    expect(desk.clock('tierAccept')).toMatchObject({ metAt: at(10) });
    expect(desk.ticket.situation).toMatchObject({ automaticSince: null, assignee: 'agent-21' });
    expect(desk.ask(11, { type: 'returnHandoff' })).toBe('nothing_offered');
  });

  test('returned goes to a lead and stays where it is', () => {
    const desk = new PaperDesk({ policy: ladder() });
    desk.wait(9);
    const before = desk.ledger.length;
    expect(desk.ask(10, { type: 'returnHandoff', missing: ['stepsTried'] })).toBeNull();
    expect(desk.all('handoffReturned')[0]).toMatchObject({ automatic: true });
    expect(notified(desk.ledger.slice(before))).toEqual([
      expect.objectContaining({ audience: 'lead', notice: 'handoffReturned' }),
    ]);
    expect(desk.ticket.situation).toMatchObject({ tier: 2, returnedSince: at(10), automaticSince: null });
    expect(desk.ask(11, { type: 'returnHandoff' })).toBe('nothing_offered');
    desk.ask(12, { type: 'assign', assignee: 'agent-21' });
    expect(desk.ticket.situation.returnedSince).toBeNull();
  });

  /** Tier 2 works office hours, tier 3 round the clock or not. */
  function closedTiers(tier3: { onCall?: { calendar: string }; calendar?: string }): Policy {
    const policy = ladder();
    const brief: Calendar = {
      timezone: 'UTC',
      hours: { mon: [['09:00', '10:00']] },
      holidays: [],
      exceptions: {},
    };
    return {
      ...policy,
      calendars: { ...policy.calendars, brief },
      tiers: [
        { tier: 1, name: 'Desk' },
        { tier: 2, name: 'Specialists', calendar: 'brief' },
        { tier: 3, name: 'Engineering', ...tier3 },
      ],
    };
  }

  test.each<[string, Parameters<typeof closedTiers>[0], number, readonly number[] | undefined, number]>([
    ['goes past a tier that is closed to one that is open', {}, 3, [2], 0],
    [
      'goes past a tier that is closed to one that has somebody on call',
      { calendar: 'brief', onCall: { calendar: 'always' } },
      3,
      [2],
      0,
    ],
    [
      'goes to the next where nobody is anywhere, and pages the fallback',
      { calendar: 'brief' },
      2,
      undefined,
      1,
    ],
  ])('%s', (_what, tier3, toTier, skipped, pages) => {
    const desk = new PaperDesk({ policy: closedTiers(tier3), opened: 12 });
    const events = desk.wait(21);
    const [handedOff] = desk.all('handedOff');
    expect(handedOff).toMatchObject({ toTier });
    expect(handedOff!.skipped).toEqual(skipped);
    expect(notified(events).filter(({ page }) => page)).toHaveLength(pages);
  });
});

describe('a suggestion to consult first', () => {
  const suggestion = {
    id: 'suggest',
    percent: 75,
    offsetMs: 0,
    actions: [{ suggestConsult: 'next' as const }],
  };

  test('is made while there is time left, before the ladder hands off', () => {
    const desk = new PaperDesk({ policy: ladder({}, [suggestion]) });
    desk.wait(6.5);
    expect(desk.all('consultSuggested')).toEqual([expect.objectContaining({ toTier: 2, step: 'suggest' })]);
  });

  test('is not made to somebody who has asked already', () => {
    const desk = new PaperDesk({ policy: ladder({}, [suggestion]) });
    desk.ask(1, { type: 'consult', toTier: 2 });
    desk.wait(6.5);
    expect(desk.all('consultSuggested')).toEqual([]);
  });

  test('is not made at the highest tier', () => {
    const desk = new PaperDesk({ policy: ladder({}, [suggestion]), tier: 3 });
    desk.wait(6.5);
    expect(desk.all('consultSuggested')).toEqual([]);
  });

  test('is not made once it is too late', () => {
    const desk = new PaperDesk({ policy: ladder({}, [suggestion]) });
    desk.wait(8.5);
    expect(desk.all('consultSuggested')).toEqual([]);
    expect(desk.all('handedOff')).toHaveLength(1);
  });
});

describe('to and fro', () => {
  const policy = tiers({ handoffs: { returnsBeforeLead: 2 } });

  function returnedTimes(times: number): PaperDesk {
    const desk = new PaperDesk({ policy });
    for (let i = 0; i < times; i += 1) {
      desk.ask(i + 1, { type: 'offerHandoff', toTier: 2, ...COMPLETE });
      desk.ask(i + 1.5, { type: 'returnHandoff' });
    }
    return desk;
  }

  test.each([
    [1, []],
    [2, [2]],
    [3, [2]],
    [4, [2, 4]],
  ])('after %d returns a lead was called at %j', (times, called) => {
    const desk = returnedTimes(times);
    expect(desk.all('leadCalled').map(({ returns }) => returns)).toEqual(called);
    expect(notified(desk.ledger).filter((one) => 'notice' in one && one.notice === 'pingPong')).toHaveLength(
      called.length,
    );
  });

  test('going back to a tier that had it counts as a return too', () => {
    const desk = new PaperDesk({ policy });
    for (const [hour, tier] of [
      [1, 2],
      [2, 1],
      [3, 2],
    ] as const) {
      desk.ask(hour, { type: 'offerHandoff', toTier: tier, isReasoned: true, ...COMPLETE });
      desk.ask(hour + 0.5, { type: 'acceptHandoff' });
    }
    expect(desk.all('leadCalled').map(({ returns }) => returns)).toEqual([2]);
  });
});

describe('a packet', () => {
  const items = fc.subarray([...PACKET_ITEMS]);
  test('is as complete as the share of what is required that it has', () => {
    fc.assert(
      fc.property(items, items, (written, required) => {
        const packet = withPacket({ items: [], articles: [] }, { items: written });
        const missing = missingFrom(packet, required);
        expect(completenessOf(packet, required) === 100).toBe(missing.length === 0);
        expect(missing.every((item) => required.includes(item) && !written.includes(item))).toBe(true);
      }),
    );
  });

  test('keeps what was written, in whatever order', () => {
    fc.assert(
      fc.property(items, items, (one, other) => {
        const empty = { items: [], articles: [] };
        const there = withPacket(withPacket(empty, { items: one }), { items: other });
        expect(there).toEqual(withPacket(withPacket(empty, { items: other }), { items: one }));
      }),
    );
  });

  test('has the item articles once any article was consulted', () => {
    expect(withPacket({ items: [], articles: [] }, { articles: ['art_1'] }).items).toEqual(['articles']);
  });
});
