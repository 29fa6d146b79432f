import { expect, test } from '@jest/globals';
import { staysOf, type Move } from '../../domain/stays.ts';

const MINUTE = 60_000;

type Told = [minute: number, type: string, more?: Partial<Move>];

const moves = (told: Told[], ticketId = 't'): Move[] =>
  told.map(([minute, type, more]) => ({
    ticketId,
    type,
    at: minute * MINUTE,
    tier: null,
    team: null,
    assignee: null,
    priority: null,
    reason: null,
    ...more,
  }));

const OPENED: Told = [0, 'opened', { tier: 1, priority: 'P2' }];
const GIVEN: Partial<Move> = { assignee: 'agent-1' };

/** `tier: queued-taken-done`, in minutes. */
const inWords = (told: Told[]): string[] =>
  staysOf(moves(told)).map(({ tier, queuedAt, takenAt, doneAt }) => {
    const minute = (at: number | null) => (at === null ? '' : at / MINUTE);
    return `${tier}: ${minute(queuedAt)}-${minute(takenAt)}-${minute(doneAt)}`;
  });

test.each<[string, Told[], string[]]>([
  ['waits until somebody is given it', [OPENED, [5, 'assigned', { team: 'network' }]], ['1: 0--']],
  ['is taken by being given to somebody', [OPENED, [5, 'assigned', GIVEN], [30, 'resolved']], ['1: 0-5-30']],
  ['is taken by a word of whoever saw it', [OPENED, [5, 'acknowledged'], [30, 'resolved']], ['1: 0-5-30']],
  ['is taken once', [OPENED, [5, 'assigned', GIVEN], [9, 'assigned', GIVEN]], ['1: 0-5-']],
  [
    'stays where it is while it is only offered, and waits there, too',
    [OPENED, [5, 'assigned', GIVEN], [20, 'handoffOffered', { tier: 2 }]],
    ['1: 0-5-', '2: 20--'],
  ],
  [
    'moves when the offer is accepted, and was with who accepted it even if nobody was named',
    [
      OPENED,
      [5, 'assigned', GIVEN],
      [20, 'handoffOffered', { tier: 2 }],
      [30, 'handoffAccepted'],
      [90, 'resolved'],
    ],
    ['1: 0-5-30', '2: 20-30-90'],
  ],
  [
    'is taken at the new tier by who is given it there',
    [
      OPENED,
      [20, 'handoffOffered', { tier: 2 }],
      [30, 'handoffAccepted'],
      [31, 'assigned', GIVEN],
      [90, 'resolved'],
    ],
    ['1: 0--30', '2: 20-31-90'],
  ],
  [
    'is nobody’s work where the offer comes back',
    [
      OPENED,
      [5, 'assigned', GIVEN],
      [20, 'handoffOffered', { tier: 2 }],
      [25, 'handoffReturned'],
      [40, 'resolved'],
    ],
    ['1: 0-5-40', '2: 20--25'],
  ],
  [
    'handed on by the engine nobody had worked on it',
    [OPENED, [60, 'handedOff', { tier: 2 }], [70, 'assigned', GIVEN], [80, 'closed']],
    ['1: 0--60', '2: 60-70-80'],
  ],
  [
    'reopened it is with whoever had it, or waits again',
    [OPENED, [5, 'assigned', GIVEN], [30, 'resolved'], [40, 'reopened'], [50, 'autoClosed']],
    ['1: 0-5-30', '1: 40-40-50'],
  ],
])('a ticket %s', (_name, told, expected) => {
  expect(inWords(told)).toEqual(expected);
});

test('what waits for others is held, what waits for ourselves is not', () => {
  const [stay] = staysOf(
    moves([
      OPENED,
      [5, 'assigned', GIVEN],
      [10, 'held', { reason: 'customer' }],
      [12, 'held', { reason: 'internal' }],
      [20, 'customerWrote'],
      [30, 'held', { reason: 'vendor' }],
      [35, 'vendorReturned'],
      [40, 'held', { reason: 'changeWindow' }],
      [50, 'resolved'],
    ]),
  );
  expect(stay!.held!.map(([from, to]) => [from / MINUTE, to / MINUTE])).toEqual([
    [10, 20],
    [30, 35],
    [40, 50],
  ]);
});

test('a change of priority counts for the stay, and every ticket goes its own way', () => {
  const told = [
    ...moves([OPENED, [5, 'prioritised', { priority: 'P1' }]], 'a'),
    ...moves([[3, 'opened', { tier: 2, priority: 'P4' }]], 'b'),
  ];
  expect(staysOf(told)).toMatchObject([
    { tier: 1, priority: 'P1', queuedAt: 0 },
    { tier: 2, priority: 'P4', queuedAt: 3 * MINUTE },
  ]);
});
