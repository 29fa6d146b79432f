/** When each clock starts, stands, ends and is taken up again: the table of docs/rules.md §3 and the sentences of §9. */
import { describe, expect, test } from '@jest/globals';
import { clockState, deadlineOf, type Clock } from '../../domain/clock.ts';
import type { DeskBody } from '../../domain/events.ts';
import { HOLD_REASONS, type ReopenRule } from '../../domain/policy.ts';
import { allClocks, clockIn, DAYTIME, HOURS_OF, inHours, forAll } from '../support/desk-clocks.ts';
import { at, hourOf, PaperDesk, type PaperOptions } from '../support/paper-desk.ts';

const HOUR = 3_600_000;

/** A ticket with every clock; opened by e-mail at hour 0, P3, unless said otherwise. */
const desk = (options: PaperOptions = {}): PaperDesk => new PaperDesk({ policy: allClocks(), ...options });

/** `running 0→16`, `met 2`, `cancelled 2 ticketResolved`, for every cycle of a clock in order; its subject first. */
function cyclesOf({ ticket }: PaperDesk, name: string): string[] {
  const told = (clock: Clock): string => {
    const state = clockState(clock);
    if (state === 'met') return `met ${hourOf(clock.metAt)}`;
    if (state === 'cancelled') return `cancelled ${hourOf(clock.cancelledAt)} ${clock.cancelReason}`;
    return `${state} ${hourOf(clock.startedAt)}→${hourOf(deadlineOf(clock, ticket.rules.hours)) ?? '?'}`;
  };
  return ticket.situation.clocks
    .filter((clock) => clock.name === name)
    .map((clock) => (clock.subject === undefined ? '' : `${clock.subject} `) + told(clock));
}

type Told = [hour: number, body: DeskBody];

const said = (author: 'agent' | 'customer' | 'system', visibility: 'public' | 'internal'): DeskBody => ({
  type: 'messageAdded',
  author,
  visibility,
});
const reply = said('agent', 'public');
const note = said('agent', 'internal');
const question = said('customer', 'public');
const acknowledged: DeskBody = { type: 'acknowledged' };
const resolved: DeskBody = { type: 'resolved' };
const reopened: DeskBody = { type: 'reopened' };
const closed: DeskBody = { type: 'closed' };
const given: DeskBody = { type: 'assigned', assignee: 'agent-1' };
const offered = (toTier: number): DeskBody => ({ type: 'handoffOffered', toTier });
const accepted: DeskBody = { type: 'handoffAccepted' };
const returned: DeskBody = { type: 'handoffReturned' };
const held = (reason: 'customer' | 'vendor' | 'internal' | 'changeWindow'): DeskBody => ({
  type: 'held',
  reason,
});
const marked = (mark: string): DeskBody => ({ type: 'marked', mark });

function lived(story: readonly Told[], options: PaperOptions = {}): PaperDesk {
  const one = desk(options);
  for (const [hour, body] of story) one.tell(hour, body, { imported: true });
  return one;
}

describe.each<[clock: string, facts: [fact: string, story: Told[], cycles: string[]][]]>([
  [
    'firstResponse',
    [
      ['starts at opening', [], ['running 0→4']],
      ['stops at the first public reply of an agent', [[1, reply]], ['met 1']],
      ['goes on after a note', [[1, note]], ['running 0→4']],
      ['goes on after what the system sends', [[1, said('system', 'public')]], ['running 0→4']],
      ['goes on after another message of the customer', [[1, question]], ['running 0→4']],
      ['goes on after an acknowledgement', [[1, acknowledged]], ['running 0→4']],
      ['stands while the ticket is resolved', [[1, resolved]], ['paused 0→?']],
      [
        'goes on when it is reopened',
        [
          [1, resolved],
          [5, reopened],
        ],
        ['running 0→8'],
      ],
      ['is cancelled by a close without an answer', [[1, closed]], ['cancelled 1 closedWithoutResponse']],
      ['is cancelled with the ticket', [[1, { type: 'cancelled' }]], ['cancelled 1 ticketCancelled']],
    ],
  ],
  [
    'nextResponse',
    [
      ['does not start at opening', [], []],
      ['does not start before the first response', [[1, question]], []],
      ['does not start at the reply', [[1, reply]], []],
      [
        'starts at the customer’s message after it',
        [
          [1, reply],
          [2, question],
        ],
        ['running 2→5'],
      ],
      [
        'starts at the first of several messages, not at the last',
        [
          [1, reply],
          [2, question],
          [3, question],
        ],
        ['running 2→5'],
      ],
      [
        'stops at the next public reply',
        [
          [1, reply],
          [2, question],
          [3, reply],
        ],
        ['met 3'],
      ],
      [
        'goes on after a note',
        [
          [1, reply],
          [2, question],
          [3, note],
        ],
        ['running 2→5'],
      ],
      [
        'goes on after what the system sends',
        [
          [1, reply],
          [2, question],
          [3, said('system', 'public')],
        ],
        ['running 2→5'],
      ],
      [
        'goes on after an acknowledgement',
        [
          [1, reply],
          [2, question],
          [3, acknowledged],
        ],
        ['running 2→5'],
      ],
      [
        'has a cycle for each time',
        [
          [1, reply],
          [2, question],
          [3, reply],
          [4, reply],
          [6, question],
        ],
        ['met 3', 'running 6→9'],
      ],
      [
        'is cancelled where the ticket is resolved',
        [
          [1, reply],
          [2, question],
          [3, resolved],
        ],
        ['cancelled 3 ticketResolved'],
      ],
      [
        'starts at the message that reopens the ticket',
        [
          [1, reply],
          [2, resolved],
          [5, question],
        ],
        ['running 5→8'],
      ],
      [
        'does not start when an agent reopens it',
        [
          [1, reply],
          [2, resolved],
          [5, reopened],
        ],
        [],
      ],
    ],
  ],
  [
    'customerUpdate',
    [
      ['starts at opening', [], ['running 0→6']],
      [
        'starts anew at each public update',
        [
          [2, reply],
          [5, reply],
        ],
        ['met 2', 'met 5', 'running 5→11'],
      ],
      ['goes on after a note', [[2, note]], ['running 0→6']],
      ['goes on after the customer’s message', [[2, question]], ['running 0→6']],
      ['goes on after what the system sends', [[2, said('system', 'public')]], ['running 0→6']],
      ['is cancelled where the ticket is resolved', [[2, resolved]], ['cancelled 2 ticketResolved']],
      [
        'starts anew when it is reopened',
        [
          [2, resolved],
          [5, reopened],
        ],
        ['cancelled 2 ticketResolved', 'running 5→11'],
      ],
      [
        'does not start at a reply to a resolved ticket',
        [
          [2, resolved],
          [5, reply],
        ],
        ['cancelled 2 ticketResolved'],
      ],
    ],
  ],
  [
    'resolution',
    [
      ['starts at opening', [], ['running 0→16']],
      ['stops when the ticket is resolved', [[2, resolved]], ['met 2']],
      ['stops when it is closed without that', [[2, closed]], ['met 2']],
      ['is cancelled with the ticket', [[2, { type: 'cancelled' }]], ['cancelled 2 ticketCancelled']],
      [
        'goes on after a handoff',
        [
          [2, offered(2)],
          [3, accepted],
        ],
        ['running 0→16'],
      ],
      ['goes on when the service works again', [[2, { type: 'restored' }]], ['running 0→16']],
    ],
  ],
  [
    'restore',
    [
      ['starts at opening', [], ['running 0→8']],
      ['stops when the service works again', [[2, { type: 'restored' }]], ['met 2']],
      [
        'stops once',
        [
          [2, { type: 'restored' }],
          [3, { type: 'restored' }],
        ],
        ['met 2'],
      ],
      ['stops at the latest when the ticket is resolved', [[3, resolved]], ['met 3']],
      [
        'stays met when the ticket is reopened',
        [
          [2, { type: 'restored' }],
          [3, resolved],
          [5, reopened],
        ],
        ['met 2'],
      ],
      [
        'goes on when only the solution had met it',
        [
          [3, resolved],
          [5, reopened],
        ],
        ['running 0→10'],
      ],
    ],
  ],
  [
    'commitment',
    [
      ['does not start at opening', [], []],
      ['runs to the promised time', [[1, { type: 'committed', dueAt: at(5) }]], ['update running 1→5']],
      [
        'of an update is met by a public reply',
        [
          [1, { type: 'committed', dueAt: at(5) }],
          [2, reply],
        ],
        ['update met 2'],
      ],
      [
        'of an update is not met by a note',
        [
          [1, { type: 'committed', dueAt: at(5) }],
          [2, note],
        ],
        ['update running 1→5'],
      ],
      [
        'of an update is cancelled where the ticket is resolved',
        [
          [1, { type: 'committed', dueAt: at(5) }],
          [2, resolved],
        ],
        ['update cancelled 2 ticketResolved'],
      ],
      [
        'of service restored is met by that, and not by a reply',
        [
          [1, { type: 'committed', dueAt: at(5), to: 'restore' }],
          [2, reply],
          [3, { type: 'restored' }],
        ],
        ['restore met 3'],
      ],
      [
        'of service restored is met by the solution',
        [
          [1, { type: 'committed', dueAt: at(5), to: 'restore' }],
          [3, resolved],
        ],
        ['restore met 3'],
      ],
      [
        'of the solution is met by it, and not by service restored',
        [
          [1, { type: 'committed', dueAt: at(5), to: 'resolution' }],
          [2, { type: 'restored' }],
          [3, resolved],
        ],
        ['resolution met 3'],
      ],
      [
        'made anew takes the place of the old one',
        [
          [1, { type: 'committed', dueAt: at(5) }],
          [2, { type: 'committed', dueAt: at(7) }],
        ],
        ['update cancelled 2 promisedAnew', 'update running 2→7'],
      ],
      [
        'of one thing stands beside that of another',
        [
          [1, { type: 'committed', dueAt: at(5) }],
          [2, { type: 'committed', dueAt: at(7), to: 'resolution' }],
        ],
        ['update running 1→5', 'resolution running 2→7'],
      ],
      [
        'is not moved by a hold or another priority',
        [
          [1, { type: 'committed', dueAt: at(5) }],
          [2, held('customer')],
          [3, { type: 'prioritised', priority: 'P1' }],
          [4, { type: 'prioritised', priority: 'P4' }],
        ],
        ['update running 1→5'],
      ],
      [
        'is not made on a resolved ticket',
        [
          [1, resolved],
          [2, { type: 'committed', dueAt: at(5) }],
        ],
        [],
      ],
    ],
  ],
  [
    'tierAccept',
    [
      ['starts at opening: an offer to the first tier', [], ['tier1 running 0→1']],
      ['stops when somebody acknowledges', [[0.5, acknowledged]], ['tier1 met 0.5']],
      ['stops when somebody is given the ticket', [[0.5, given]], ['tier1 met 0.5']],
      [
        'goes on when only a team is given it',
        [[0.5, { type: 'assigned', team: 'mail' }]],
        ['tier1 running 0→1'],
      ],
      [
        'starts for the tier that a handoff is offered to',
        [
          [0.5, acknowledged],
          [2, offered(2)],
        ],
        ['tier1 met 0.5', 'tier2 running 2→3'],
      ],
      [
        'stops at acceptance',
        [
          [0.5, acknowledged],
          [2, offered(2)],
          [2.5, accepted],
        ],
        ['tier1 met 0.5', 'tier2 met 2.5'],
      ],
      [
        'stops when the offer is returned',
        [
          [0.5, acknowledged],
          [2, offered(2)],
          [2.5, returned],
        ],
        ['tier1 met 0.5', 'tier2 met 2.5'],
      ],
      [
        'goes on when the sender is given the ticket',
        [
          [0.5, acknowledged],
          [2, offered(2)],
          [2.5, given],
        ],
        ['tier1 met 0.5', 'tier2 running 2→3'],
      ],
      [
        'ends when the ticket is offered to another tier',
        [
          [0.5, acknowledged],
          [2, offered(2)],
          [2.5, offered(3)],
        ],
        ['tier1 met 0.5', 'tier2 cancelled 2.5 offeredAnew', 'tier3 running 2.5→3.5'],
      ],
      [
        'ends when the ticket moves on without a word of the tier',
        [
          [0.25, offered(2)],
          [0.5, accepted],
        ],
        ['tier1 cancelled 0.5 handedOn', 'tier2 met 0.5'],
      ],
      ['is met by the solution', [[0.5, resolved]], ['tier1 met 0.5']],
      [
        'is not paused by any hold',
        HOLD_REASONS.map((reason): Told => [0.5, held(reason)]),
        ['tier1 running 0→1'],
      ],
    ],
  ],
  [
    'tierWork',
    [
      ['does not start at opening: nobody has accepted', [], []],
      ['starts when somebody acknowledges', [[0.5, acknowledged]], ['tier1 running 0.5→10.5']],
      ['starts when somebody is given the ticket', [[0.5, given]], ['tier1 running 0.5→10.5']],
      [
        'starts once',
        [
          [0.5, given],
          [1, acknowledged],
        ],
        ['tier1 running 0.5→10.5'],
      ],
      [
        'goes on while the ticket is offered',
        [
          [0.5, given],
          [2, offered(2)],
        ],
        ['tier1 running 0.5→10.5'],
      ],
      [
        'ends at acceptance, when the next tier’s starts',
        [
          [0.5, given],
          [2, offered(2)],
          [3, accepted],
        ],
        ['tier1 met 3', 'tier2 running 3→13'],
      ],
      [
        'goes on after a return: the cycle is the same',
        [
          [0.5, given],
          [2, offered(2)],
          [3, returned],
        ],
        ['tier1 running 0.5→10.5'],
      ],
      [
        'ends with the solution',
        [
          [0.5, given],
          [2, resolved],
        ],
        ['tier1 met 2'],
      ],
      [
        'stands while on hold',
        [
          [0.5, given],
          [2, held('vendor')],
          [4, { type: 'resumed' }],
        ],
        ['tier1 running 0.5→12.5'],
      ],
      [
        'does not start on a resolved ticket, whoever is given it',
        [
          [0.5, given],
          [2, resolved],
          [3, { type: 'assigned', assignee: 'agent-2' }],
          [4, reopened],
        ],
        ['tier1 running 0.5→12.5'],
      ],
      [
        'does not start on a resolved ticket that somebody acknowledges',
        [
          [0.5, given],
          [2, resolved],
          [3, acknowledged],
          [4, reopened],
        ],
        ['tier1 running 0.5→12.5'],
      ],
      [
        'has a cycle for each stay at a tier',
        [
          [0.5, given],
          [2, offered(2)],
          [2, accepted],
          [3, offered(1)],
          [4, accepted],
        ],
        ['tier1 met 2', 'tier2 met 4', 'tier1 running 4→14'],
      ],
    ],
  ],
  [
    'consult',
    [
      ['runs from question to answer', [[1, { type: 'consultAsked', consult: 'c1' }]], ['c1 running 1→3']],
      [
        'is met by its own answer',
        [
          [1, { type: 'consultAsked', consult: 'c1' }],
          [1.5, { type: 'consultAsked', consult: 'c2' }],
          [2, { type: 'consultAnswered', consult: 'c2' }],
        ],
        ['c1 running 1→3', 'c2 met 2'],
      ],
      [
        'is cancelled where the ticket is resolved',
        [
          [1, { type: 'consultAsked', consult: 'c1' }],
          [2, resolved],
        ],
        ['c1 cancelled 2 ticketResolved'],
      ],
    ],
  ],
  [
    'vendor',
    [
      ['runs from the engagement', [[1, { type: 'vendorEngaged', engagement: 'e1' }]], ['e1 running 1→21']],
      [
        'is met by the return of its own vendor',
        [
          [1, { type: 'vendorEngaged', engagement: 'e1' }],
          [2, { type: 'vendorEngaged', engagement: 'e2' }],
          [3, { type: 'vendorReturned', engagement: 'e1' }],
        ],
        ['e1 met 3', 'e2 running 2→22'],
      ],
      [
        'is met by a return that names none',
        [
          [1, { type: 'vendorEngaged', engagement: 'e1' }],
          [2, { type: 'vendorEngaged', engagement: 'e2' }],
          [3, { type: 'vendorReturned' }],
        ],
        ['e1 met 3', 'e2 met 3'],
      ],
      [
        'is cancelled where the ticket is resolved',
        [
          [1, { type: 'vendorEngaged', engagement: 'e1' }],
          [2, resolved],
        ],
        ['e1 cancelled 2 ticketResolved'],
      ],
    ],
  ],
  ...(['reviewTask', 'actionItem'] as const).map((clock): [string, [string, Told[], string[]][]] => [
    clock,
    [
      [
        'runs from the task to its end',
        [[1, { type: 'taskCreated', task: 't1', clock }]],
        [`t1 running 1→${1 + HOURS_OF[clock]}`],
      ],
      [
        'ends with its own task',
        [
          [1, { type: 'taskCreated', task: 't1', clock }],
          [2, { type: 'taskCreated', task: 't2', clock }],
          [3, { type: 'taskDone', task: 't1' }],
        ],
        ['t1 met 3', `t2 running 2→${2 + HOURS_OF[clock]}`],
      ],
      [
        'outlives the solution, and does not stand meanwhile',
        [
          [1, { type: 'taskCreated', task: 't1', clock }],
          [2, resolved],
        ],
        [`t1 running 1→${1 + HOURS_OF[clock]}`],
      ],
    ],
  ]),
  [
    'law-warning',
    [
      ['does not start at opening', [], []],
      ['starts at its mark', [[1, marked('aware')]], ['running 1→25']],
      [
        'starts once',
        [
          [1, marked('aware')],
          [2, marked('aware')],
        ],
        ['running 1→25'],
      ],
      [
        'stops at its other mark',
        [
          [1, marked('aware')],
          [2, marked('warned')],
        ],
        ['met 2'],
      ],
      [
        'is not stopped by any other',
        [
          [1, marked('aware')],
          [2, marked('reported')],
        ],
        ['running 1→25'],
      ],
      [
        'outlives the solution',
        [
          [1, marked('aware')],
          [2, resolved],
        ],
        ['running 1→25'],
      ],
      [
        'is not stopped by reopening',
        [
          [1, marked('aware')],
          [2, resolved],
          [3, reopened],
        ],
        ['running 1→25'],
      ],
    ],
  ],
  [
    'law-report',
    [
      ['does not start with the clock before it', [[1, marked('aware')]], []],
      [
        'starts where the clock before it stops',
        [
          [1, marked('aware')],
          [2, marked('warned')],
        ],
        ['running 2→50'],
      ],
    ],
  ],
])('%s', (clock, facts) => {
  test.each(facts)('%s', (_fact, story, cycles) => {
    expect(cyclesOf(lived(story), clock)).toEqual(cycles);
  });
});

describe('holds', () => {
  const stood = (clock: string, reason: (typeof HOLD_REASONS)[number]): boolean => {
    const one = lived([
      [0.5, given],
      [0.5, reply],
      [0.6, question],
      [0.7, { type: 'consultAsked', consult: 'c1' }],
      [0.7, { type: 'vendorEngaged', engagement: 'e1' }],
      [0.7, offered(2)],
      [0.7, { type: 'taskCreated', task: 't1', clock: 'reviewTask' }],
      [0.7, { type: 'taskCreated', task: 't2', clock: 'actionItem' }],
      [0.7, { type: 'committed', dueAt: at(5) }],
      [0.7, marked('aware')],
      [0.8, held(reason)],
    ]);
    return clockState(one.clock(clock)!) === 'paused';
  };

  test.each([
    ['nextResponse', []],
    ['customerUpdate', ['customer']],
    ['resolution', ['customer', 'vendor']],
    ['restore', ['customer', 'vendor']],
    ['commitment', []],
    ['tierAccept', []],
    ['tierWork', ['customer', 'vendor']],
    ['consult', []],
    ['vendor', []],
    ['reviewTask', []],
    ['actionItem', []],
    ['law-warning', []],
  ])('that pause %s: %j', (clock, reasons) => {
    expect(HOLD_REASONS.filter((reason) => stood(clock, reason))).toEqual(reasons);
  });

  test('never pause an acceptance, whatever the policy says', () => {
    const policy = allClocks({ tierAccept: { pausedBy: [...HOLD_REASONS] } });
    const one = desk({ policy });
    for (const reason of HOLD_REASONS) one.tell(0.5, held(reason), { imported: true });
    one.wait(2);
    expect(one.verdicts()).toContain('tierAccept/1 breached 1');
  });

  test('never move a period of days', () => {
    const days = { ms: 0, calendar: 'office', period: { unit: 'businessDays' as const, count: 2 } };
    const policy = allClocks({ resolution: { targets: forAll(days) } }, { calendars: DAYTIME });
    const one = desk({ policy });
    one.tell(1, held('vendor'));
    expect(cyclesOf(one, 'resolution')).toEqual(['running 0→72']);
  });

  test('that started before a clock stop it from its first second', () => {
    const policy = allClocks({ consult: { pausedBy: ['vendor'] } });
    const one = desk({ policy });
    one.tell(1, held('vendor'));
    one.tell(2, { type: 'consultAsked', consult: 'c1' });
    one.tell(5, { type: 'resumed' });
    expect(one.deadline('consult')).toBe(7);
  });
});

describe('what the system sends', () => {
  const counting = (systemUpdatesCount: boolean) =>
    desk({ policy: allClocks({ customerUpdate: { systemUpdatesCount } }) });

  test('restarts the update clock where the policy says so', () => {
    const one = counting(true);
    one.tell(2, said('system', 'public'));
    expect(cyclesOf(one, 'customerUpdate')).toEqual(['met 2', 'running 2→8']);
  });

  test('does not where the policy says it does not', () => {
    const one = counting(false);
    one.tell(2, said('system', 'public'));
    expect(cyclesOf(one, 'customerUpdate')).toEqual(['running 0→6']);
  });

  test('never stops a response clock or keeps a promise, even there', () => {
    const one = counting(true);
    one.tell(1, { type: 'committed', dueAt: at(5) });
    one.tell(2, said('system', 'public'));
    expect(cyclesOf(one, 'firstResponse')).toEqual(['running 0→4']);
    expect(cyclesOf(one, 'commitment')).toEqual(['update running 1→5']);
  });

  test('does not count where it is internal', () => {
    const one = counting(true);
    one.tell(2, said('system', 'internal'));
    expect(cyclesOf(one, 'customerUpdate')).toEqual(['running 0→6']);
  });
});

describe('the next response', () => {
  test.each(['phone', 'inPerson', 'monitoring', 'internal'] as const)(
    'runs from the first message behind a ticket from %s: nobody waits for a first one there',
    (channel) => {
      const one = desk({ attributes: { channel } });
      one.customerWrites(2);
      expect(cyclesOf(one, 'nextResponse')).toEqual(['running 2→5']);
    },
  );

  test('is told from the first message that nobody answered, however many follow', () => {
    const one = desk();
    one.agentReplies(1);
    for (const hour of [2, 3, 4]) one.customerWrites(hour);
    expect(one.ticket.situation.unansweredSince).toBe(at(2));
    one.agentReplies(5);
    expect(one.ticket.situation.unansweredSince).toBeNull();
  });

  test('starts at a message that turns up late, at the instant it was written', () => {
    const one = desk();
    one.agentReplies(1);
    one.customerWrites(4);
    one.customerWrites(2, 4.5);
    expect(cyclesOf(one, 'nextResponse')).toEqual(['running 2→5']);
  });

  test('is split by a reply that turns up late', () => {
    const one = desk();
    one.agentReplies(1);
    one.customerWrites(2);
    one.customerWrites(4);
    one.agentReplies(3, 4.5);
    expect(cyclesOf(one, 'nextResponse')).toEqual(['met 3', 'running 4→7']);
  });

  test('is late with each cycle by itself', () => {
    const one = desk();
    one.agentReplies(1);
    one.customerWrites(2);
    one.agentReplies(6);
    one.customerWrites(7);
    one.agentReplies(8);
    expect(one.verdicts().filter((verdict) => verdict.startsWith('nextResponse'))).toEqual([
      'nextResponse/1 breached 5',
    ]);
  });
});

describe('an automatic handoff', () => {
  // The tier’s acceptance is late at 1; a ladder step hands the ticket off there.
  const ladder = [{ id: 'breach', percent: 100, offsetMs: 0, actions: [{ handOff: 'next' as const }] }];
  const handedOff = (): PaperDesk => {
    const one = desk({ policy: allClocks({ firstResponse: { ladder } }) });
    one.tell(0.5, given);
    one.wait(5);
    return one;
  };

  test('starts the receiver’s work at once, and its acceptance', () => {
    const one = handedOff();
    expect(cyclesOf(one, 'tierWork')).toEqual(['tier1 met 5', 'tier2 running 5→15']);
    expect(cyclesOf(one, 'tierAccept')).toEqual(['tier1 met 0.5', 'tier2 running 5→6']);
  });

  test('runs the acceptance until somebody of the tier acknowledges', () => {
    const one = handedOff();
    one.ask(5.5, { type: 'acknowledge' });
    expect(cyclesOf(one, 'tierAccept')).toEqual(['tier1 met 0.5', 'tier2 met 5.5']);
    expect(cyclesOf(one, 'tierWork')).toEqual(['tier1 met 5', 'tier2 running 5→15']);
  });

  test('or is given the ticket', () => {
    const one = handedOff();
    one.ask(5.5, { type: 'assign', assignee: 'agent-7' });
    expect(cyclesOf(one, 'tierAccept')).toEqual(['tier1 met 0.5', 'tier2 met 5.5']);
  });

  test('is late where nobody does', () => {
    const one = handedOff();
    one.wait(7);
    expect(one.verdicts()).toContain('tierAccept/2 breached 6');
  });

  test('ends an acceptance that nobody gave', () => {
    const one = desk({ policy: allClocks({ firstResponse: { ladder }, tierAccept: clockIn(9) }) });
    one.wait(5);
    expect(cyclesOf(one, 'tierAccept')).toEqual(['tier1 cancelled 5 handedOn', 'tier2 running 5→14']);
  });
});

describe('the basis of a clock', () => {
  const based = (basis: 'accepted' | 'assigned') => desk({ policy: allClocks({ resolution: { basis } }) });

  test.each<[fact: string, basis: 'accepted' | 'assigned', story: Told[], cycles: string[]]>([
    ['accepted: not before anybody accepts', 'accepted', [[1, reply]], []],
    ['accepted: from the acknowledgement', 'accepted', [[2, acknowledged]], ['running 2→18']],
    ['accepted: from being given to somebody', 'accepted', [[2, given]], ['running 2→18']],
    [
      'accepted: from an accepted handoff',
      'accepted',
      [
        [1, offered(2)],
        [2, accepted],
      ],
      ['running 2→18'],
    ],
    [
      'accepted: once',
      'accepted',
      [
        [2, acknowledged],
        [3, given],
      ],
      ['running 2→18'],
    ],
    ['assigned: not by an acknowledgement', 'assigned', [[2, acknowledged]], []],
    ['assigned: from being given to somebody', 'assigned', [[2, given]], ['running 2→18']],
    [
      'assigned: from being given to a team',
      'assigned',
      [[2, { type: 'assigned', team: 'mail' }]],
      ['running 2→18'],
    ],
    [
      'assigned: not by being taken away from nobody',
      'assigned',
      [[2, { type: 'assigned', assignee: null }]],
      [],
    ],
  ])('%s', (_fact, basis, story, cycles) => {
    const one = based(basis);
    for (const [hour, body] of story) one.tell(hour, body);
    expect(cyclesOf(one, 'resolution')).toEqual(cycles);
  });
});

describe('a reopened ticket', () => {
  test.each<[clock: string, rule: ReopenRule, cycles: string[]]>([
    ['resolution', 'continue', ['running 0→19']],
    ['resolution', 'restart', ['cancelled 2 restarted', 'running 5→21']],
    ['resolution', 'newCycle', ['met 2', 'running 5→21']],
    ['restore', 'continue', ['running 0→11']],
    ['restore', 'restart', ['cancelled 2 restarted', 'running 5→13']],
    ['restore', 'newCycle', ['met 2', 'running 5→13']],
    ['tierWork', 'continue', ['tier1 running 1→14']],
    ['tierWork', 'restart', ['tier1 cancelled 2 restarted', 'tier1 running 5→15']],
    ['tierWork', 'newCycle', ['tier1 met 2', 'tier1 running 5→15']],
  ])('takes %s up by the rule %s', (clock, reopen, cycles) => {
    const one = lived(
      [
        [1, given],
        [2, resolved],
        [5, reopened],
      ],
      { policy: allClocks({ [clock]: { reopen } }) },
    );
    expect(cyclesOf(one, clock)).toEqual(cycles);
  });

  test('has one work cycle at a tier that it came to while resolved', () => {
    const one = lived([
      [1, given],
      [2, resolved],
      [3, offered(2)],
      [3, accepted],
      [5, reopened],
    ]);
    expect(cyclesOf(one, 'tierWork')).toEqual(['tier1 met 2', 'tier2 running 3→15']);
  });
});

describe('the calendar of a tier', () => {
  const tiers = [
    { tier: 1, name: 'Desk', calendar: 'office', teams: [{ name: 'evening', calendar: 'late' }] },
    { tier: 2, name: 'Specialists' },
    { tier: 3, name: 'Engineering', calendar: 'late' },
  ];
  const policy = allClocks(
    {
      resolution: { targets: forAll(inHours(4, 'tier')) },
      tierAccept: { targets: forAll(inHours(1, 'tier')), byTier: { 3: { P3: inHours(2, 'tier') } } },
    },
    { tiers, calendars: DAYTIME },
  );

  test('counts for its own clocks', () => {
    const one = desk({ policy });
    expect([one.deadline('resolution'), one.deadline('tierAccept')]).toEqual([13, 10]);
  });

  test('counts from the start once the tier owns the ticket', () => {
    const one = lived(
      [
        [1, offered(3)],
        [10, accepted],
      ],
      { policy },
    );
    expect(one.deadline('resolution')).toBe(17);
  });

  test('of a team with hours of its own counts as soon as the team has the ticket', () => {
    const one = lived([[1, { type: 'assigned', team: 'evening' }]], { policy });
    expect(one.deadline('resolution')).toBe(17);
    expect(one.deadline('tierAccept')).toBe(14);
  });

  test('of the tier that is asked counts for its answer, with the tier’s own target', () => {
    const one = lived([[1, offered(3)]], { policy });
    expect(one.deadline('tierAccept')).toBe(15);
    expect(one.deadline('resolution')).toBe(13);
  });

  test('does not relieve a clock that is late already', () => {
    const one = lived(
      [
        [14, offered(3)],
        [14, accepted],
      ],
      { policy },
    );
    expect(one.deadline('resolution')).toBe(13);
  });

  test('does not move a promise that another calendar makes', () => {
    const urgent = allClocks(
      { resolution: { targets: { P3: inHours(16), P1: inHours(4, 'tier') } } },
      { tiers, calendars: DAYTIME },
    );
    // The old promise is at 16; the new one, four of the desk’s hours from 9, at 13. At tier 3 it is at 17.
    const one = lived([[1, { type: 'prioritised', priority: 'P1' }]], { policy: urgent });
    expect(one.deadline('resolution')).toBe(13);
    one.tell(2, offered(3));
    one.tell(2, accepted);
    expect(one.deadline('resolution')).toBe(16);
  });
});

describe('periods of days', () => {
  const days = (unit: 'businessDays' | 'months', count: number) => ({
    ms: 0,
    calendar: 'office',
    period: { unit, count },
  });
  const policy = allClocks(
    {
      'law-warning': { targets: forAll(days('businessDays', 4)) },
      'law-report': { targets: forAll(days('months', 1)) },
    },
    {
      calendars: {
        office: {
          timezone: 'Europe/Berlin',
          hours: DAYTIME['office']!.hours,
          holidays: ['2026-01-14'],
          exceptions: {},
        },
      },
    },
  );

  test('leave the day of the fact, the holiday and the weekend out, and end at midnight of the zone', () => {
    const one = lived([[10, marked('aware')]], { policy });
    // Monday the 12th; Tuesday, Thursday and Friday count, the 14th is a holiday: the fourth is Monday the 19th.
    expect(deadlineOf(one.clock('law-warning')!, one.ticket.rules.hours)).toBe(
      Date.parse('2026-01-19T23:00Z'),
    );
  });

  test('of months end on the same date of the next one, at midnight of the zone', () => {
    const one = lived(
      [
        [10, marked('aware')],
        [20, marked('warned')],
      ],
      { policy },
    );
    expect(deadlineOf(one.clock('law-report')!, one.ticket.rules.hours)).toBe(
      Date.parse('2026-02-12T23:00Z'),
    );
  });

  test('are met at their last millisecond and late after it', () => {
    const one = lived([[10, marked('aware')]], { policy });
    const deadline = hourOf(deadlineOf(one.clock('law-warning')!, one.ticket.rules.hours))!;
    one.wait(deadline);
    expect(one.verdicts().filter((verdict) => verdict.startsWith('law'))).toEqual([]);
    one.wait(deadline + 1 / HOUR);
    expect(one.verdicts()).toContain(`law-warning/1 breached ${deadline}`);
  });
});

describe('a clock that the priority does not promise', () => {
  const policy = allClocks({ consult: { targets: { P1: inHours(2), P2: inHours(3) } } });
  const asked: DeskBody = { type: 'consultAsked', consult: 'c1' };
  const low: DeskBody = { type: 'prioritised', priority: 'P4' };
  const high: DeskBody = { type: 'prioritised', priority: 'P1' };

  test('starts again with the priority that does', () => {
    const one = lived(
      [
        [1, asked],
        [2, low],
        [3, high],
      ],
      { policy, priority: 'P2' },
    );
    expect(cyclesOf(one, 'consult')).toEqual(['c1 cancelled 2 notInPolicy', 'c1 running 3→5']);
  });

  test('does not where what it measured has ended meanwhile', () => {
    const one = lived(
      [
        [1, asked],
        [2, low],
        [2.5, { type: 'consultAnswered', consult: 'c1' }],
        [3, high],
      ],
      {
        policy,
        priority: 'P2',
      },
    );
    expect(cyclesOf(one, 'consult')).toEqual(['c1 cancelled 2 notInPolicy']);
  });

  test('starts again for each of several', () => {
    const one = lived(
      [
        [1, asked],
        [1, { type: 'consultAsked', consult: 'c2' }],
        [2, low],
        [3, high],
      ],
      {
        policy,
        priority: 'P2',
      },
    );
    expect(cyclesOf(one, 'consult').slice(2)).toEqual(['c1 running 3→5', 'c2 running 3→5']);
  });
});
