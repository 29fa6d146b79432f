/** The same story under other rules: judged from how it ends, equal to what settling on the way would have said. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '../../domain/events.ts';
import { foldHistory, type ImportedHistory } from '../../domain/history.ts';
import { PRIORITIES, type Policy } from '../../domain/policy.ts';
import { project } from '../../domain/projection.ts';
import { resolveRules } from '../../domain/rules.ts';
import {
  compareHistories,
  createComparer,
  foldStory,
  judge,
  recordedJudgement,
  recordedStory,
  storyOf,
  type CycleVerdict,
  type Judgement,
  type Outcome,
} from '../../domain/what-if.ts';
import { foldedVerdict, verdictOf } from '../../histories/verdict.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, PaperDesk } from '../support/paper-desk.ts';
import { runs } from '../support/runs.ts';

const bodies = fc.oneof(
  fc.constantFrom<Partial<Fact>>(
    { type: 'acknowledged' },
    { type: 'resumed' },
    { type: 'vendorReturned' },
    { type: 'handoffAccepted' },
    { type: 'resolved' },
    { type: 'reopened' },
    { type: 'messageAdded', author: 'agent', visibility: 'public' },
    { type: 'messageAdded', author: 'customer', visibility: 'public' },
  ),
  fc.constantFrom('customer', 'vendor', 'internal').map((reason) => ({ type: 'held', reason })),
  fc.constantFrom(...PRIORITIES).map((priority) => ({ type: 'prioritised', priority })),
  fc.integer({ min: 1, max: 3 }).map((toTier) => ({ type: 'handoffOffered', toTier })),
  fc.constantFrom({ type: 'closed' }, { type: 'cancelled' }),
) as fc.Arbitrary<Partial<Fact>>;

const history: fc.Arbitrary<ImportedHistory> = fc
  .record({
    priority: fc.constantFrom(...PRIORITIES),
    events: fc.array(fc.tuple(fc.integer({ min: 0, max: 90 * 60 }), bodies), { maxLength: 14 }),
  })
  .map(({ priority, events }) => ({
    caseId: 'T-1',
    openedAt: at(0),
    priority,
    attributes: { type: 'incident', channel: 'email', impact: 'medium', urgency: 'medium' },
    facts: events
      .toSorted(([a], [b]) => a - b)
      .map(([minutes, body], i) => {
        const id = String(i).padStart(3, '0');
        return { ...body, id, occurredAt: at(minutes / 60), imported: true } as Fact;
      }),
  }));

const OFFICE = {
  timezone: 'Europe/Berlin',
  hours: { mon: [['09:00', '17:00']], tue: [['09:00', '12:00']], thu: [['10:00', '24:00']] },
  holidays: [],
  exceptions: {},
} as Policy['calendars'][string];

/** Everything that can be told apart: calendars, pauses, the three rules of reopening. */
function policies(): Policy[] {
  const plain = deskPolicy();
  const { firstResponse, resolution } = plain.clocks;
  const inOffice = Object.fromEntries(
    PRIORITIES.map((priority, i) => [priority, { ms: (i + 2) * 3_600_000, calendar: 'office' }]),
  );
  const clocks = (reopen: 'restart' | 'newCycle') => ({
    ...plain.clocks,
    firstResponse: firstResponse!,
    resolution: { ...resolution!, targets: { ...inOffice, P4: undefined }, pausedBy: ['customer'], reopen },
  });
  return [
    plain,
    deskPolicy({ calendars: { office: OFFICE }, clocks: clocks('restart') as unknown as Policy['clocks'] }),
    deskPolicy({ calendars: { office: OFFICE }, clocks: clocks('newCycle') as unknown as Policy['clocks'] }),
  ].map((policy) => JSON.parse(JSON.stringify(policy)) as Policy);
}

const RULES = policies().map((policy) => resolveRules(policy, { openedAt: at(0), now: at(100) }));

describe('a story folded once', () => {
  test('is judged as the engine judges it that settles at every instant', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 100 * 60 }), (past, minutes) => {
        const until = at(minutes / 60);
        const facts = past.facts.filter(({ occurredAt }) => occurredAt <= until);
        for (const rules of RULES)
          expect(foldedVerdict({ ...past, facts }, rules, until)).toEqual(
            verdictOf(foldHistory({ ...past, facts }, rules, until), until),
          );
      }),
      runs(150),
    );
  });

  test('leaves out what lies beyond the end, and what no rule can read', () => {
    const past: ImportedHistory = {
      caseId: '7',
      openedAt: at(0),
      priority: 'P3',
      attributes: { type: 'incident', channel: 'email', impact: 'medium', urgency: 'medium' },
      facts: [
        { id: 'a', occurredAt: at(1), type: 'assigned', team: 'x'.repeat(201), imported: true },
        { id: 'b', occurredAt: at(2), type: 'resolved', imported: true },
        { id: 'c', occurredAt: at(9), type: 'reopened', imported: true },
      ],
    };
    expect(storyOf(past, at(5), RULES[0]!).events).toMatchObject([{ id: 'b', source: 'fact' }]);
  });
});

describe('a ticket of our own', () => {
  const desk = new PaperDesk();
  desk.agentReplies(1);
  desk.ask(2, { type: 'hold', reason: 'customer' });
  desk.customerWrites(6);
  desk.wait(25);
  desk.ask(30, { type: 'resolve' });
  desk.wait(40);
  const { ticket, clocks } = project(desk.ticket, at(40));
  const recorded = {
    ticketId: 'T-1',
    priority: ticket.priority,
    tier: ticket.tier,
    events: desk.ledger,
    clocks,
  };

  test('folds to what was recorded under the rules it has lived under', () => {
    const { rules } = desk.ticket;
    const again = judge(foldStory(recordedStory(recorded), rules), rules, at(40));
    expect(again).toEqual(recordedJudgement(recorded));
    expect(again.tier).toBe(2);
  });

  test('keeps the hand-off that its ladder made under rules without a ladder', () => {
    const bare = deskPolicy();
    for (const rule of Object.values(bare.clocks)) rule.ladder = [];
    const rules = resolveRules(bare, { openedAt: at(0), now: at(40) });
    expect(judge(foldStory(recordedStory(recorded), rules), rules, at(40)).tier).toBe(2);
  });

  test('does not count what came too late to be folded', () => {
    const late = { ...desk.ledger[1]!, id: 'fact:late', occurredAt: at(0.5), moot: 'too_late' } as const;
    const { rules } = desk.ticket;
    const story = recordedStory({ ...recorded, events: [...desk.ledger, late] });
    expect(foldStory(story, rules)).toEqual(foldStory(recordedStory(recorded), rules));
  });

  test('without an opening is a fault of ours', () => {
    expect(() => recordedStory({ ...recorded, events: desk.ledger.slice(1) })).toThrow('T-1 has no opening');
  });
});

describe('a comparison', () => {
  const verdict = (outcome: Outcome, deadlineAt: number | null = 1): CycleVerdict => {
    return { clock: 'resolution', cycle: 1, outcome, deadlineAt };
  };
  const judged = (...cycles: CycleVerdict[]): Judgement => ({ priority: 'P2', tier: 1, cycles });

  test('counts every change and lists the first', () => {
    const comparer = createComparer({ limit: 2 });
    comparer.add('worse', judged(verdict('met')), judged(verdict('breached')));
    comparer.add('better', judged(verdict('breached')), judged(verdict('running')));
    comparer.add('gone', judged(verdict('breached')), judged());
    comparer.add('new', judged(), judged(verdict('met')));
    comparer.add('moved', judged(verdict('met', 1)), judged(verdict('met', 2)));
    comparer.add('same', judged(verdict('met')), judged(verdict('met')));
    const { cases, casesChanged, clocks, changes } = comparer.result();
    expect({ cases, casesChanged }).toEqual({ cases: 6, casesChanged: 4 });
    expect(changes).toMatchObject({ count: 4, becomeBreached: 1, relieved: 2, deadlinesMoved: 1 });
    expect(
      changes.data.map(({ caseId, before, after }) => [caseId, before?.outcome, after?.outcome]),
    ).toEqual([
      ['worse', 'met', 'breached'],
      ['better', 'breached', 'running'],
    ]);
    expect(clocks).toEqual([
      {
        clock: 'resolution',
        before: { met: 3, breached: 2, running: 0, cancelled: 0, compliance: 0.6 },
        after: { met: 3, breached: 1, running: 1, cancelled: 0, compliance: 0.75 },
      },
    ]);
  });

  test('groups by clock, tier and priority, and has no compliance where nothing was judged', () => {
    const comparer = createComparer({ limit: 0 });
    comparer.add('a', judged(verdict('running')), judged(verdict('running')));
    comparer.add('b', judged(verdict('met')), { ...judged(verdict('met')), priority: 'P1' });
    comparer.add('c', judged(verdict('met')), { ...judged(verdict('met')), tier: 2 });
    const { groups } = comparer.result();
    expect(groups.map(({ tier, priority, after }) => [tier, priority, after.compliance])).toEqual([
      [1, 'P1', 1],
      [1, 'P2', null],
      [2, 'P2', 1],
    ]);
  });

  test('of a log under the same rules finds nothing', () => {
    fc.assert(
      fc.property(fc.array(history, { maxLength: 5 }), (histories) => {
        const [rules] = RULES as [(typeof RULES)[0]];
        const sides = { before: rules, after: rules, until: at(100), limit: 10 };
        const { changes, cases } = compareHistories(histories, sides);
        expect([cases, changes.count, changes.deadlinesMoved]).toEqual([histories.length, 0, 0]);
      }),
      runs(20),
    );
  });
});
