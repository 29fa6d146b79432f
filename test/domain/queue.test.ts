/** The order of a queue, what counts as work in progress, who gets the next ticket, and when it is too many. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PRIORITIES, type SurgeRule } from '../../domain/policy.ts';
import {
  chooseMember,
  compareInQueue,
  isInProgress,
  queueOf,
  surgesOf,
  weighQueue,
  type Member,
  type QueueEntry,
  type Standing,
} from '../../domain/queue.ts';
import { deskPolicy } from '../support/desk-policy.ts';

const HOUR = 3_600_000;

const entry = (ticketId: string, more: Partial<QueueEntry> = {}): QueueEntry => ({
  ticketId,
  priority: 'P3',
  nextDeadlineAt: 10 * HOUR,
  queuedAt: 0,
  ...more,
});

const inOrder = (entries: readonly QueueEntry[]): string[] =>
  entries.toSorted(compareInQueue).map(({ ticketId }) => ticketId);

describe('the order of a queue', () => {
  test('is by priority first, even before one that is late', () => {
    const late = entry('late', { priority: 'P2', nextDeadlineAt: -HOUR });
    const urgent = entry('urgent', { priority: 'P1', nextDeadlineAt: 100 * HOUR });
    expect(inOrder([late, urgent])).toEqual(['urgent', 'late']);
  });

  test('is then by time to breach: late ones first, those without a deadline last', () => {
    const none = entry('none', { nextDeadlineAt: null });
    const soon = entry('soon', { nextDeadlineAt: HOUR });
    const late = entry('late', { nextDeadlineAt: -HOUR });
    expect(inOrder([none, soon, late])).toEqual(['late', 'soon', 'none']);
  });

  test('is then by who has waited longest, and at last by id', () => {
    const entries = [entry('c', { queuedAt: 5 }), entry('b', { queuedAt: 1 }), entry('a', { queuedAt: 5 })];
    expect(inOrder(entries)).toEqual(['b', 'a', 'c']);
  });

  test('is one order, however the tickets came', () => {
    const entries = fc.uniqueArray(
      fc.record({
        ticketId: fc.string({ minLength: 1, maxLength: 3 }),
        priority: fc.constantFrom(...PRIORITIES),
        nextDeadlineAt: fc.option(fc.integer({ min: -3, max: 3 })),
        queuedAt: fc.integer({ min: 0, max: 3 }),
      }),
      { selector: ({ ticketId }) => ticketId, maxLength: 12 },
    );
    fc.assert(
      fc.property(entries, (some) => {
        expect(inOrder(some.toReversed())).toEqual(inOrder(some));
      }),
    );
  });
});

const standing = (more: Partial<Standing> = {}): Standing => ({
  state: 'open',
  mode: 'act',
  tier: 1,
  team: null,
  assignee: 'agent-1',
  holds: [],
  nextDeadlineAt: 10 * HOUR,
  offered: null,
  ...more,
});
const held = (reason: 'customer' | 'vendor' | 'changeWindow' | 'internal') =>
  ({ state: 'onHold', holds: [{ reason }] }) as const;

describe('work in progress', () => {
  test.each([
    ['an open ticket that somebody has', {}, true],
    ['one that nobody has', { assignee: null }, false],
    ['one that waits for the customer', held('customer'), false],
    ['one that waits for a vendor', held('vendor'), false],
    ['one that waits for a change window', held('changeWindow'), false],
    ['one that waits for ourselves', held('internal'), true],
    ['one that is offered to another tier and not accepted yet', { offered: { tier: 2, team: null } }, true],
    ['one that is resolved', { state: 'resolved' }, false],
    ['one that is only watched', { mode: 'observe' }, false],
  ] as const)('%s', (_what, more, counts) => {
    expect(isInProgress(standing(more))).toBe(counts);
  });
});

describe('the queue of a ticket', () => {
  const mine = { tier: 1, team: 'network' };
  test.each([
    ['none while somebody has it', { team: 'network' }, null],
    ['its team’s while nobody has it', { team: 'network', assignee: null }, mine],
    ['the tier’s where it is of no team', { assignee: null }, { tier: 1, team: null }],
    [
      'where it is offered, though its sender still has it',
      { offered: { tier: 2, team: null } },
      { tier: 2, team: null },
    ],
    [
      'where it is offered, and not at its own tier too',
      { assignee: null, offered: { tier: 3, team: 'dba' } },
      { tier: 3, team: 'dba' },
    ],
    [
      'none while it waits for the customer and nothing runs',
      { ...held('customer'), assignee: null, nextDeadlineAt: null },
      null,
    ],
    [
      'its team’s while it waits for a vendor and the acceptance runs',
      { ...held('vendor'), assignee: null, team: 'network' },
      mine,
    ],
    [
      'its team’s while it waits for ourselves',
      { ...held('internal'), assignee: null, team: 'network', nextDeadlineAt: null },
      mine,
    ],
    ['none once it is resolved', { state: 'resolved', assignee: null }, null],
    ['none if it is only watched', { mode: 'observe', assignee: null }, null],
  ] as const)('is %s', (_what, more, queue) => {
    expect(queueOf(standing(more))).toEqual(queue);
  });
});

const member = (agent: string, more: Partial<Member> = {}): Member => ({
  agent,
  skills: [],
  load: 0,
  limit: 5,
  isThere: true,
  lastGivenAt: null,
  ...more,
});

describe('who gets the next ticket', () => {
  test('nobody, where the team pulls', () => {
    expect(chooseMember('pull', [], [member('agent-1')])).toEqual({ nobody: 'pull' });
  });

  test('by turn: whoever was given something longest ago, a new colleague first', () => {
    const members = [
      member('agent-1', { lastGivenAt: 30, load: 0 }),
      member('agent-2', { lastGivenAt: 10, load: 4 }),
      member('agent-3', { lastGivenAt: 20 }),
    ];
    expect(chooseMember('roundRobin', [], members)).toEqual({ agent: 'agent-2' });
    expect(chooseMember('roundRobin', [], [...members, member('agent-4')])).toEqual({ agent: 'agent-4' });
  });

  test('by load: by the share of the limit, not by the number of tickets', () => {
    const members = [member('agent-1', { load: 2, limit: 3 }), member('agent-2', { load: 4, limit: 10 })];
    expect(chooseMember('leastLoaded', [], members)).toEqual({ agent: 'agent-2' });
  });

  test('by load: who has no limit is measured by the largest among the others', () => {
    const members = [member('agent-1', { load: 3, limit: 4 }), member('agent-2', { load: 4, limit: null })];
    expect(chooseMember('leastLoaded', [], members)).toEqual({ agent: 'agent-1' });
    expect(
      chooseMember('leastLoaded', [], [members[1]!, member('agent-3', { load: 9, limit: null })]),
    ).toEqual({
      agent: 'agent-2',
    });
  });

  test('by skill: the least loaded who has every skill that is asked for', () => {
    const members = [
      member('agent-1', { skills: ['bgp'] }),
      member('agent-2', { skills: ['bgp', 'ipsec'], load: 3 }),
      member('agent-3', { skills: ['ipsec', 'bgp', 'dns'], load: 1 }),
    ];
    expect(chooseMember('bySkill', ['bgp', 'ipsec'], members)).toEqual({ agent: 'agent-3' });
  });

  test('by skill: a ticket that asks for none goes to the least loaded', () => {
    const members = [member('agent-1', { load: 1 }), member('agent-2')];
    expect(chooseMember('bySkill', [], members)).toEqual({ agent: 'agent-2' });
  });

  test('by skill: who has it and is busy is waited for; where nobody has it, that is another matter', () => {
    const expert = member('agent-1', { skills: ['bgp'], load: 5 });
    const free = member('agent-2');
    expect(chooseMember('bySkill', ['bgp'], [expert, free])).toEqual({ nobody: 'busy' });
    expect(chooseMember('bySkill', ['bgp'], [free])).toEqual({ nobody: 'skillMissing' });
  });

  test.each(['roundRobin', 'leastLoaded', 'bySkill'] as const)(
    '%s: never somebody who is away or at the limit',
    (mode) => {
      const members = [
        member('agent-1', { isThere: false }),
        member('agent-2', { load: 5 }),
        member('agent-3', { load: 6 }),
      ];
      expect(chooseMember(mode, [], members)).toEqual({ nobody: 'busy' });
      expect(chooseMember(mode, [], [])).toEqual({ nobody: mode === 'bySkill' ? 'skillMissing' : 'busy' });
    },
  );

  test('by turn, given one after the other, everybody gets as many', () => {
    const team = ['agent-1', 'agent-2', 'agent-3'].map((agent) => member(agent, { limit: null }));
    const given = Array.from({ length: 9 }, (_, now) => {
      const choice = chooseMember('roundRobin', [], team) as { agent: string };
      team.find(({ agent }) => agent === choice.agent)!.lastGivenAt = now;
      return choice.agent;
    });
    expect(given.slice(0, 3).toSorted()).toEqual(['agent-1', 'agent-2', 'agent-3']);
    expect(given.slice(3)).toEqual([...given.slice(0, 3), ...given.slice(0, 3)]);
  });
});

describe('overload', () => {
  const policy = (name: string, ...surge: SurgeRule[]) => deskPolicy({ name, surge });
  const rule = (more: Partial<SurgeRule> = {}): SurgeRule => ({
    tier: 1,
    depth: 10,
    notify: 'lead',
    ...more,
  });

  test('of several policies with a rule for a tier the one that warns first holds', () => {
    const policies = [
      policy('calm', rule({ depth: 50 })),
      policy('strict', rule({ raiseTo: 2 })),
      deskPolicy(),
    ];
    expect(surgesOf(policies)).toEqual([
      { tier: 1, depth: 10, clearAt: 8, raiseTo: 2, notify: 'lead', policy: 'strict' },
    ]);
  });

  test('is over at four fifths unless the rule says otherwise, and never where it began', () => {
    const clearAt = (more: Partial<SurgeRule>) => surgesOf([policy('one', rule(more))])[0]!.clearAt;
    expect(clearAt({ depth: 40 })).toBe(32);
    expect(clearAt({ depth: 40, clearAt: 5 })).toBe(5);
    expect(clearAt({ depth: 1 })).toBe(0);
    expect(clearAt({ depth: 4, clearAt: 4 })).toBe(3);
  });

  test('is raised once and cleared once, however the depth goes up and down between', () => {
    const [surge] = surgesOf([policy('one', rule())]);
    let alert: { clearAt: number } | undefined;
    const told = [9, 10, 12, 9, 11, 9, 8, 7, 9, 10].flatMap((depth) => {
      const verdict = weighQueue(depth, surge, alert);
      if (verdict) alert = verdict === 'raise' ? surge : undefined;
      return verdict ? [`${verdict} ${depth}`] : [];
    });
    expect(told).toEqual(['raise 10', 'clear 8', 'raise 10']);
  });

  test('ends with the rule that raised it', () => {
    expect(weighQueue(100, undefined, { clearAt: 8 })).toBe('clear');
    expect(weighQueue(100, undefined, undefined)).toBeNull();
  });
});
