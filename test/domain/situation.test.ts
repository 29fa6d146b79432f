/** How things stand with a ticket after what happened to it: the rules of docs/rules.md §9, line by line. */
import { describe, expect, test } from '@jest/globals';
import { clockState, elapsedOf } from '../../domain/clock.ts';
import { CHANNELS } from '../../domain/events.ts';
import { sharesOf } from '../../domain/shares.ts';
import type { ClockRule, Policy } from '../../domain/policy.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, hourOf, MS, PaperDesk } from '../support/paper-desk.ts';

const HOUR = 3_600_000;

function policyWith(change: Partial<ClockRule>): Policy {
  const policy = deskPolicy();
  return { ...policy, clocks: { ...policy.clocks, resolution: { ...policy.clocks.resolution, ...change } } };
}

const stateOf = (desk: PaperDesk, name: 'firstResponse' | 'resolution') => clockState(desk.clock(name)!);

describe('the first response', () => {
  test('is met by an agent’s public message', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    expect(hourOf(desk.clock('firstResponse')!.metAt)).toBe(1);
  });

  test.each([
    ['an internal note of an agent', 'agent', 'internal'],
    ['a public message of the system', 'system', 'public'],
    ['an internal message of the system', 'system', 'internal'],
    ['a message of the customer', 'customer', 'public'],
  ] as const)('is not met by %s', (_what, author, visibility) => {
    const desk = new PaperDesk();
    desk.tell(1, { type: 'messageAdded', author, visibility });
    expect(stateOf(desk, 'firstResponse')).toBe('running');
  });

  test('is not met by acknowledging', () => {
    const desk = new PaperDesk();
    desk.ask(1, { type: 'acknowledge' });
    expect(stateOf(desk, 'firstResponse')).toBe('running');
  });

  test('is met once: a second reply does not move it', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.agentReplies(2);
    expect(hourOf(desk.clock('firstResponse')!.metAt)).toBe(1);
  });

  test.each(['phone', 'inPerson'] as const)('is met at opening for a ticket opened by %s', (channel) => {
    const desk = new PaperDesk({ attributes: { channel } });
    expect(hourOf(desk.clock('firstResponse')!.metAt)).toBe(0);
  });

  test.each(['monitoring', 'internal'] as const)('is not promised for a ticket from %s', (channel) => {
    const desk = new PaperDesk({ attributes: { channel } });
    expect(desk.clock('firstResponse')).toBeUndefined();
    expect(stateOf(desk, 'resolution')).toBe('running');
  });

  test('runs for every other channel', () => {
    const others = CHANNELS.filter((one) => !['phone', 'inPerson', 'monitoring', 'internal'].includes(one));
    for (const channel of others)
      expect(stateOf(new PaperDesk({ attributes: { channel } }), 'firstResponse')).toBe('running');
  });

  test('does not stand while the ticket is held', () => {
    const desk = new PaperDesk();
    desk.tell(1, { type: 'held', reason: 'vendor' });
    expect(stateOf(desk, 'firstResponse')).toBe('running');
  });

  test('ends unanswered, not met, when a ticket is closed without it', () => {
    const desk = new PaperDesk();
    desk.ask(1, { type: 'resolve' });
    desk.ask(2, { type: 'close' });
    expect(desk.clock('firstResponse')).toMatchObject({ metAt: null, cancelReason: 'closedWithoutResponse' });
  });
});

describe('a hold', () => {
  test.each(['customer', 'vendor'] as const)('for the %s stops the resolution clock', (reason) => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.ask(2, { type: 'hold', reason });
    desk.ask(5, { type: 'resume' });
    expect(desk.deadline('resolution')).toBe(16 + 3);
  });

  test('for an internal reason does not, unless the policy says so', () => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'hold', reason: 'internal' });
    expect(stateOf(desk, 'resolution')).toBe('running');
    const strict = new PaperDesk({ policy: policyWith({ pausedBy: ['internal'] }) });
    strict.ask(2, { type: 'hold', reason: 'internal' });
    expect(stateOf(strict, 'resolution')).toBe('paused');
  });

  test('of two reasons lasts until the last is gone', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.ask(2, { type: 'hold', reason: 'customer' });
    desk.ask(3, { type: 'hold', reason: 'vendor' });
    desk.ask(4, { type: 'resume', reason: 'customer' });
    expect(stateOf(desk, 'resolution')).toBe('paused');
    desk.ask(6, { type: 'resume', reason: 'vendor' });
    expect(desk.deadline('resolution')).toBe(16 + 4);
  });

  test('names each reason’s own time in the pauses', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.ask(2, { type: 'hold', reason: 'customer' });
    desk.ask(3, { type: 'hold', reason: 'vendor' });
    desk.ask(4, { type: 'resume', reason: 'customer' });
    desk.ask(6, { type: 'resume', reason: 'vendor' });
    const pauses = desk
      .clock('resolution')!
      .pauses.map(({ from, to, reason }) => [hourOf(from), hourOf(to), reason]);
    expect(pauses).toEqual([
      [2, 4, 'customer'],
      [4, 6, 'vendor'],
    ]);
  });

  test('for the customer ends with the customer’s message, at the instant it was written', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.ask(2, { type: 'hold', reason: 'customer' });
    desk.customerWrites(5, 9);
    expect(desk.ticket.situation.holds).toEqual([]);
    expect(desk.deadline('resolution')).toBe(16 + 3);
  });

  test('for the vendor is not ended by the customer’s message', () => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'hold', reason: 'vendor' });
    desk.customerWrites(5);
    expect(desk.ticket.situation.holds).toEqual([{ reason: 'vendor', since: at(2) }]);
  });

  test('for the vendor ends with the vendor’s return, at the instant of it', () => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'hold', reason: 'vendor' });
    desk.tell(4, { type: 'vendorReturned' }, { heard: 8 });
    expect(desk.deadline('resolution')).toBe(16 + 2);
  });

  test('ends when the ticket is resolved, and the clock stops at that instant', () => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'hold', reason: 'vendor' });
    desk.ask(4, { type: 'resolve' });
    const clock = desk.clock('resolution')!;
    expect(elapsedOf(clock, desk.ticket.rules.hours, at(9))).toBe(2 * HOUR);
    expect(desk.ticket.situation.holds).toEqual([]);
  });
});

describe('a hold for the customer needs a public question since the customer’s last message', () => {
  const hold = { type: 'hold', reason: 'customer' } as const;
  const held = { type: 'held', reason: 'customer' } as const;

  test('asked for without one, it is refused', () => {
    expect(new PaperDesk().ask(1, hold)).toBe('public_question_missing');
  });

  test('an internal note is no question', () => {
    const desk = new PaperDesk();
    desk.ask(1, { type: 'note' });
    expect(desk.ask(2, hold)).toBe('public_question_missing');
  });

  test('a question that was answered since is none', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.customerWrites(2);
    expect(desk.ask(3, hold)).toBe('public_question_missing');
    desk.agentReplies(4);
    expect(desk.ask(5, hold)).toBeNull();
  });

  test('told as a fact without one, it is kept and changes nothing', () => {
    const desk = new PaperDesk();
    const [event] = desk.tell(1, held);
    expect(event).toMatchObject({ type: 'held', moot: 'public_question_missing' });
    expect(desk.ticket.situation.holds).toEqual([]);
  });

  test('imported, it stands as it was', () => {
    const desk = new PaperDesk();
    desk.tell(1, held, { imported: true });
    expect(stateOf(desk, 'resolution')).toBe('paused');
  });

  test('a question that arrives late makes the moot hold count after all', () => {
    const desk = new PaperDesk();
    desk.tell(3, held);
    desk.agentReplies(2, 4);
    expect(desk.ticket.situation.holds).toEqual([{ reason: 'customer', since: at(3) }]);
  });

  test('granted, it stands even when a customer message from before turns up late', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.ask(3, hold);
    desk.customerWrites(2, 4);
    expect(stateOf(desk, 'resolution')).toBe('paused');
  });
});

describe('a change of priority', () => {
  test('upwards promises the change plus the new target', () => {
    const desk = new PaperDesk({ priority: 'P4' });
    desk.ask(5, { type: 'prioritise', priority: 'P1' });
    expect(desk.deadline('resolution')).toBe(5 + 4);
  });

  test('upwards keeps an old deadline that is earlier', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.ask(15, { type: 'prioritise', priority: 'P1' });
    expect(desk.deadline('resolution')).toBe(16);
  });

  test('downwards counts the new target from the start, pauses kept', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.ask(1, { type: 'hold', reason: 'vendor' });
    desk.ask(3, { type: 'resume' });
    desk.ask(5, { type: 'prioritise', priority: 'P4' });
    expect(desk.deadline('resolution')).toBe(32 + 2);
  });

  test('downwards never relieves a clock that is late', () => {
    const desk = new PaperDesk({ priority: 'P1' });
    desk.ask(4 + MS, { type: 'prioritise', priority: 'P4' });
    expect(desk.deadline('resolution')).toBe(4);
  });

  test('downwards relieves a clock that is exactly at its deadline', () => {
    const desk = new PaperDesk({ priority: 'P1' });
    desk.ask(4, { type: 'prioritise', priority: 'P4' });
    expect(desk.deadline('resolution')).toBe(32);
  });

  test('up and back leaves the deadline where it was', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.ask(2, { type: 'prioritise', priority: 'P1' });
    desk.ask(3, { type: 'prioritise', priority: 'P3' });
    expect(desk.deadline('resolution')).toBe(16);
  });

  test('does not touch a clock that has stopped', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.agentReplies(1);
    desk.ask(2, { type: 'prioritise', priority: 'P1' });
    expect(desk.deadline('firstResponse')).toBe(4);
  });

  test('heard of late counts from when it was made', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.tell(2, { type: 'prioritised', priority: 'P1' }, { heard: 5 });
    expect(desk.deadline('resolution')).toBe(6);
  });

  describe('where the policy promises nothing for P4', () => {
    const policy = policyWith({ targets: { P1: { ms: 4 * HOUR, calendar: 'always' } } });

    test('downwards ends the clock', () => {
      const desk = new PaperDesk({ policy, priority: 'P1' });
      desk.ask(1, { type: 'prioritise', priority: 'P4' });
      expect(desk.clock('resolution')).toMatchObject({ cancelledAt: at(1), cancelReason: 'notInPolicy' });
    });

    test('downwards leaves a late clock running', () => {
      const desk = new PaperDesk({ policy, priority: 'P1' });
      desk.ask(5, { type: 'prioritise', priority: 'P4' });
      expect(stateOf(desk, 'resolution')).toBe('running');
      expect(desk.verdicts()).toContain('resolution/1 breached 4');
    });

    test('upwards starts the clock at the change', () => {
      const desk = new PaperDesk({ policy, priority: 'P4' });
      expect(desk.clock('resolution')).toBeUndefined();
      desk.ask(3, { type: 'prioritise', priority: 'P1' });
      expect(desk.deadline('resolution')).toBe(7);
    });

    test('down and back starts a new cycle at the change back', () => {
      const desk = new PaperDesk({ policy, priority: 'P1' });
      desk.ask(1, { type: 'prioritise', priority: 'P4' });
      desk.ask(2, { type: 'prioritise', priority: 'P1' });
      expect(desk.clock('resolution')).toMatchObject({ cycle: 2, startedAt: at(2) });
      expect(desk.deadline('resolution')).toBe(6);
    });

    test('upwards on a ticket that was held stands from the start', () => {
      const desk = new PaperDesk({ policy, priority: 'P4' });
      desk.ask(1, { type: 'hold', reason: 'vendor' });
      desk.ask(2, { type: 'prioritise', priority: 'P1' });
      expect(stateOf(desk, 'resolution')).toBe('paused');
    });
  });

  describe('where the policy promises a first response for P1 only', () => {
    const policy = deskPolicy();
    const { firstResponse } = policy.clocks;
    const only: Policy = {
      ...policy,
      clocks: {
        ...policy.clocks,
        firstResponse: { ...firstResponse, targets: { P1: { ms: HOUR, calendar: 'always' } } },
      },
    };

    test('upwards promises one', () => {
      const desk = new PaperDesk({ policy: only, priority: 'P3' });
      desk.ask(2, { type: 'prioritise', priority: 'P1' });
      expect(desk.deadline('firstResponse')).toBe(3);
    });

    test.each(['monitoring', 'internal', 'phone', 'inPerson'] as const)(
      'upwards promises none for a ticket from %s',
      (channel) => {
        const desk = new PaperDesk({ policy: only, priority: 'P3', attributes: { channel } });
        desk.ask(2, { type: 'prioritise', priority: 'P1' });
        expect(desk.clock('firstResponse')).toBeUndefined();
      },
    );

    test('upwards promises none to a customer who already had an answer', () => {
      const desk = new PaperDesk({ policy: only, priority: 'P3' });
      desk.agentReplies(1);
      desk.ask(2, { type: 'prioritise', priority: 'P1' });
      expect(desk.clock('firstResponse')).toBeUndefined();
    });
  });
});

describe('a resolved ticket', () => {
  test('is reopened by a message of the customer, at the instant it was written', () => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'resolve' });
    desk.customerWrites(5, 6);
    expect(desk.ticket.situation).toMatchObject({ state: 'open', reopenCount: 1, resolvedAt: null });
    expect(desk.deadline('resolution')).toBe(16 + 3);
  });

  test.each([
    ['an agent', 'agent'],
    ['the system', 'system'],
  ] as const)('is not reopened by a message of %s', (_who, author) => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'resolve' });
    desk.tell(5, { type: 'messageAdded', author, visibility: 'public' });
    expect(desk.ticket.situation.state).toBe('resolved');
  });

  test('keeps the first resolution beside the final one', () => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'resolve' });
    desk.ask(5, { type: 'reopen' });
    desk.ask(7, { type: 'resolve' });
    expect(desk.ticket.situation).toMatchObject({ firstResolvedAt: at(2), resolvedAt: at(7) });
  });

  test('does not run out its first response: resolved time is no time', () => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'resolve' });
    desk.wait(20);
    desk.ask(30, { type: 'reopen' });
    expect(desk.verdicts()).toEqual([]);
    expect(desk.deadline('firstResponse')).toBe(30 + 2);
  });

  test('cannot be put on hold', () => {
    const desk = new PaperDesk();
    desk.ask(2, { type: 'resolve' });
    expect(desk.ask(3, { type: 'hold', reason: 'vendor' })).toBe('ticket_resolved');
    expect(desk.tell(4, { type: 'held', reason: 'vendor' })[0]).toMatchObject({ moot: 'ticket_resolved' });
  });
});

describe('reopening', () => {
  function reopened(reopen: ClockRule['reopen']): PaperDesk {
    const desk = new PaperDesk({ policy: policyWith({ reopen }) });
    desk.ask(2, { type: 'resolve' });
    desk.ask(5, { type: 'reopen' });
    return desk;
  }

  test('by the rule continue goes on with the same cycle, the resolved time a pause', () => {
    const desk = reopened('continue');
    expect(desk.clock('resolution')).toMatchObject({ cycle: 1, metAt: null });
    expect(desk.deadline('resolution')).toBe(16 + 3);
  });

  test('by the rule restart starts over and the first try does not count as met', () => {
    const desk = reopened('restart');
    expect(desk.clock('resolution', 1)).toMatchObject({
      metAt: null,
      cancelledAt: at(2),
      cancelReason: 'restarted',
    });
    expect(desk.clock('resolution')).toMatchObject({ cycle: 2, startedAt: at(5) });
    expect(desk.deadline('resolution')).toBe(5 + 16);
  });

  test('by the rule newCycle starts a second cycle beside the first, which stays met', () => {
    const desk = reopened('newCycle');
    expect(desk.clock('resolution', 1)).toMatchObject({ metAt: at(2), cancelledAt: null });
    expect(desk.deadline('resolution')).toBe(5 + 16);
  });

  test('by the rule newCycle leaves a first cycle that was late late', () => {
    const desk = new PaperDesk({ policy: policyWith({ reopen: 'newCycle' }), priority: 'P1' });
    desk.ask(5, { type: 'resolve' });
    desk.ask(6, { type: 'reopen' });
    desk.wait(7);
    expect(desk.verdicts().filter((verdict) => verdict.startsWith('resolution'))).toEqual([
      'resolution/1 breached 4',
    ]);
  });

  test('again and again counts every time', () => {
    const desk = reopened('newCycle');
    desk.ask(6, { type: 'resolve' });
    desk.ask(7, { type: 'reopen' });
    expect(desk.ticket.situation.reopenCount).toBe(2);
    expect(desk.clock('resolution')).toMatchObject({ cycle: 3, startedAt: at(7) });
  });

  test('after the priority was raised meanwhile promises the new target from the reopening', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.ask(2, { type: 'resolve' });
    desk.ask(3, { type: 'prioritise', priority: 'P1' });
    desk.ask(5, { type: 'reopen' });
    expect(desk.deadline('resolution')).toBe(5 + 4);
  });

  test('after the priority was lowered meanwhile counts the new target from the start', () => {
    const desk = new PaperDesk({ priority: 'P3' });
    desk.ask(2, { type: 'resolve' });
    desk.ask(3, { type: 'prioritise', priority: 'P4' });
    desk.ask(5, { type: 'reopen' });
    expect(desk.deadline('resolution')).toBe(32 + 3);
  });
});

describe('ownership of the time', () => {
  const shares = (desk: PaperDesk, hour: number) => {
    const { situation, rules } = desk.ticket;
    const inHours = Object.entries(sharesOf(situation, rules, at(hour))).map(([share, ms]) => [
      share,
      (ms ?? 0) / HOUR,
    ]);
    return Object.fromEntries(inHours) as Record<string, number>;
  };

  test('is the tier’s until somebody else is waited for', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.ask(2, { type: 'hold', reason: 'customer' });
    desk.ask(5, { type: 'resume' });
    desk.ask(6, { type: 'hold', reason: 'vendor' });
    desk.tell(8, { type: 'vendorReturned' });
    expect(shares(desk, 10)).toEqual({ tier1: 5, customer: 3, vendor: 2 });
  });

  test('is the customer’s before the vendor’s while both are waited for', () => {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.ask(2, { type: 'hold', reason: 'vendor' });
    desk.ask(3, { type: 'hold', reason: 'customer' });
    expect(shares(desk, 5)).toEqual({ tier1: 2, vendor: 1, customer: 2 });
  });

  test('is in flight between offer and acceptance, then the receiver’s', () => {
    const desk = new PaperDesk();
    desk.tell(2, { type: 'handoffOffered', toTier: 2 });
    desk.tell(3, { type: 'handoffAccepted' });
    expect(shares(desk, 7)).toEqual({ tier1: 2, handoff: 1, tier2: 4 });
  });

  test('is nobody’s after resolution', () => {
    const desk = new PaperDesk();
    desk.ask(3, { type: 'resolve' });
    expect(shares(desk, 9)).toEqual({ tier1: 3 });
  });
});

describe('a hand-off', () => {
  test('asked for moves the ticket and forgets who had it', () => {
    const desk = new PaperDesk();
    desk.ask(1, { type: 'assign', assignee: 'agent-7', team: 'desk' });
    desk.ask(1, { type: 'acknowledge' });
    expect(desk.handOn(2, 2, 'network')).toBeNull();
    expect(desk.ticket.situation).toMatchObject({
      tier: 2,
      team: 'network',
      assignee: null,
      acknowledgedAt: null,
    });
  });

  test.each([
    ['to the tier it is at', 1, 'same_tier'],
    ['to a tier the policy does not have', 9, 'tier_unknown'],
  ])('%s is refused', (_where, toTier, code) => {
    expect(new PaperDesk().ask(1, { type: 'offerHandoff', toTier })).toBe(code);
  });

  test('told as a fact to a tier the policy does not have changes nothing', () => {
    const desk = new PaperDesk();
    expect(desk.tell(1, { type: 'handoffOffered', toTier: 9 })[0]).toMatchObject({ moot: 'tier_unknown' });
    expect(desk.tell(2, { type: 'handoffAccepted' })[0]).toMatchObject({ moot: 'nothing_offered' });
    expect(desk.ticket.situation.tier).toBe(1);
  });

  test('back to a tier it came from counts as a return', () => {
    const desk = new PaperDesk();
    desk.handOn(1, 2);
    desk.handOn(2, 1);
    desk.handOn(3, 3);
    expect(desk.ticket.situation).toMatchObject({ handoffs: 3, tierReturns: 1 });
  });

  test('to another team and back counts as a return of teams', () => {
    const desk = new PaperDesk();
    for (const [i, team] of ['mail', 'network', 'mail'].entries()) desk.ask(i + 1, { type: 'assign', team });
    expect(desk.ticket.situation).toMatchObject({ teamChanges: 2, teamReturns: 1, handoffs: 0 });
  });
});

describe('an event that makes no sense where it falls is kept and says why', () => {
  test.each([
    ['a resume of what is not held', { type: 'resumed' }, 'not_on_hold'],
    ['a vendor’s return nobody waited for', { type: 'vendorReturned' }, 'not_on_hold'],
    ['a reopening of what is open', { type: 'reopened' }, 'not_resolved'],
    ['the priority it has', { type: 'prioritised', priority: 'P3' }, 'same_priority'],
    ['an acceptance without offer', { type: 'handoffAccepted' }, 'nothing_offered'],
  ] as const)('%s', (_what, body, reason) => {
    const desk = new PaperDesk();
    const before = desk.ticket.situation;
    expect(desk.tell(1, body)[0]).toMatchObject({ moot: reason });
    expect(desk.ticket.situation).toEqual(before);
  });

  test('what is dated before the opening, not what is dated at it', () => {
    const desk = new PaperDesk({ opened: 5 });
    expect(desk.tell(4, { type: 'resolved' }, { heard: 6 })[0]).toMatchObject({ moot: 'before_opening' });
    expect(desk.ticket.situation.state).toBe('open');
    desk.tell(5, { type: 'resolved' }, { heard: 6 });
    expect(desk.ticket.situation.state).toBe('resolved');
  });
});
