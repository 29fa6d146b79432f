import { afterAll, expect, test } from '@jest/globals';
import { uci } from '../../histories/uci.ts';
import { isAccountedFor, readSample, removeSamples, tell } from './samples.ts';

afterAll(removeSamples);

const usual = {
  number: 'INC1',
  opened_at: '1/3/2016 08:00',
  priority: '3 - Moderate',
  assignment_group: 'Group 1',
  impact: '2 - Medium',
  urgency: '2 - Medium',
  category: 'Category 1',
  u_symptom: '?',
  cmdb_ci: '?',
};

type Snapshot = [state: string, at: string, changes?: Record<string, string>];

const sample = (snapshots: readonly Snapshot[]) => ({
  usual,
  rows: snapshots.map(([incident_state, sys_updated_at, changes]) => ({
    incident_state,
    sys_updated_at,
    ...changes,
  })),
});

/** Name, snapshots, facts. London is on UTC until 27 March 2016. */
const cases: [string, Snapshot[], string[]][] = [
  [
    'the first row that is not New is the first response',
    [
      ['New', '1/3/2016 08:05'],
      ['New', '1/3/2016 08:10'],
      ['Active', '1/3/2016 08:20'],
      ['Active', '1/3/2016 08:30'],
    ],
    ['2016-03-01 08:05 assigned Group 1', '2016-03-01 08:20 agent says in public'],
  ],
  [
    'a case that starts in the middle of its life is answered by its first row',
    [['Resolved', '2/3/2016 09:00']],
    [
      '2016-03-02 09:00 assigned Group 1',
      '2016-03-02 09:00 agent says in public',
      '2016-03-02 09:00 resolved',
    ],
  ],
  [
    'a hold ends with the next row in another state, and another wait follows at once',
    [
      ['Awaiting User Info', '1/3/2016 09:00', { assignment_group: '?' }],
      ['Awaiting User Info', '1/3/2016 09:30'],
      ['Awaiting Vendor', '1/3/2016 10:00'],
      ['Awaiting Problem', '1/3/2016 11:00'],
      ['Active', '1/3/2016 12:00'],
    ],
    [
      '2016-03-01 09:00 agent says in public',
      '2016-03-01 09:00 held customer',
      '2016-03-01 09:30 assigned Group 1',
      '2016-03-01 10:00 resumed customer',
      '2016-03-01 10:00 held vendor',
      '2016-03-01 11:00 resumed vendor',
      '2016-03-01 11:00 held internal',
      '2016-03-01 12:00 resumed internal',
    ],
  ],
  [
    'evidence is waited for from the customer like any other answer: one wait',
    [
      ['Awaiting User Info', '1/3/2016 09:00', { assignment_group: '?' }],
      ['Awaiting Evidence', '1/3/2016 10:00', { assignment_group: '?' }],
    ],
    ['2016-03-01 09:00 agent says in public', '2016-03-01 09:00 held customer'],
  ],
  [
    'a new priority counts from its row, a new group is a reassignment, a missing group is none',
    [
      ['New', '1/3/2016 08:00'],
      ['New', '1/3/2016 08:10', { priority: '1 - Critical', assignment_group: '?' }],
      ['New', '1/3/2016 08:20', { priority: '1 - Critical', assignment_group: 'Group 1' }],
      ['New', '1/3/2016 08:30', { priority: '1 - Critical', assignment_group: 'Group 2' }],
    ],
    [
      '2016-03-01 08:00 assigned Group 1',
      '2016-03-01 08:10 prioritised P1',
      '2016-03-01 08:30 assigned Group 2',
    ],
  ],
  [
    'a row in Awaiting after Resolved reopens and holds',
    [
      ['Resolved', '1/3/2016 09:00', { assignment_group: '?' }],
      ['Resolved', '1/3/2016 09:30', { assignment_group: '?' }],
      ['Awaiting User Info', '1/3/2016 10:00', { assignment_group: '?' }],
    ],
    [
      '2016-03-01 09:00 agent says in public',
      '2016-03-01 09:00 resolved',
      '2016-03-01 10:00 reopened',
      '2016-03-01 10:00 held customer',
    ],
  ],
  [
    'only the last closing closes: an earlier one was a resolution',
    [
      ['Active', '1/3/2016 09:00', { assignment_group: '?' }],
      ['Closed', '1/3/2016 10:00', { assignment_group: '?' }],
      ['Active', '1/3/2016 11:00', { assignment_group: '?' }],
      ['Closed', '1/3/2016 12:00', { assignment_group: '?' }],
      ['Closed', '1/3/2016 13:00', { assignment_group: '?' }],
    ],
    [
      '2016-03-01 09:00 agent says in public',
      '2016-03-01 10:00 resolved',
      '2016-03-01 11:00 reopened',
      '2016-03-01 12:00 resolved',
      '2016-03-01 12:00 closed',
    ],
  ],
  [
    'rows count by their time, not by their place',
    [
      ['New', '1/3/2016 11:10', { assignment_group: '?' }],
      ['New', '1/3/2016 09:52', { assignment_group: '?' }],
      ['Resolved', '1/3/2016 11:03', { assignment_group: '?' }],
    ],
    ['2016-03-01 11:03 agent says in public', '2016-03-01 11:03 resolved', '2016-03-01 11:10 reopened'],
  ],
  [
    'of one minute the file keeps the order',
    [
      ['Active', '1/3/2016 09:00', { assignment_group: 'Group 2' }],
      ['Active', '1/3/2016 09:00', { assignment_group: 'Group 1' }],
    ],
    [
      '2016-03-01 09:00 assigned Group 2',
      '2016-03-01 09:00 agent says in public',
      '2016-03-01 09:00 assigned Group 1',
    ],
  ],
  [
    'a row dated before the opening counts at the opening',
    [['Active', '1/3/2016 07:14', { assignment_group: '?' }]],
    ['2016-03-01 08:00 agent says in public'],
  ],
  [
    'a state that ServiceNow does not know ends a wait and reopens nothing',
    [
      ['Awaiting User Info', '1/3/2016 09:00', { assignment_group: '?' }],
      ['-100', '1/3/2016 10:00', { assignment_group: '?' }],
      ['Resolved', '1/3/2016 11:00', { assignment_group: '?' }],
      ['-100', '1/3/2016 12:00', { assignment_group: '?' }],
    ],
    [
      '2016-03-01 09:00 agent says in public',
      '2016-03-01 09:00 held customer',
      '2016-03-01 10:00 resumed customer',
      '2016-03-01 11:00 resolved',
    ],
  ],
  [
    'times are of London: an hour ahead of UTC in summer',
    [['Active', '1/7/2016 09:00', { assignment_group: '?' }]],
    ['2016-07-01 08:00 agent says in public'],
  ],
];

test.each(cases)('%s', async (_name, snapshots, facts) => {
  const log = await readSample(uci, sample(snapshots));
  expect(tell(log.histories[0]!)).toEqual(facts);
  expect(isAccountedFor(log)).toBe(true);
});

test('a case opens at opened_at, of the priority and tier of its first row, and is not taken for a call', async () => {
  const { histories } = await readSample(uci, sample([['New', '1/3/2016 09:00', { priority: '2 - High' }]]));
  expect(histories[0]).toMatchObject({
    caseId: 'INC1',
    openedAt: Date.UTC(2016, 2, 1, 8),
    priority: 'P2',
    tier: 1,
    attributes: { channel: 'api', category: 'Category 1', external: { system: 'uci', id: 'INC1' } },
  });
  expect(histories[0]!.attributes).not.toHaveProperty('symptom');
});

test('facts are marked as imported, name nobody, and sort as the file does', async () => {
  const rows = Array.from({ length: 12 }, (_, i): Snapshot => [
    'Active',
    '1/3/2016 09:00',
    { assignment_group: `Group ${i}` },
  ]);
  const { facts } = (await readSample(uci, sample(rows))).histories[0]!;
  expect(facts.every((fact) => fact.imported && fact.actor === undefined)).toBe(true);
  expect(facts.map(({ id }) => id)).toEqual(facts.map(({ id }) => id).toSorted());
});

test('every row that cannot be read is counted under its column, with its line', async () => {
  const log = await readSample(
    uci,
    sample([
      ['New', '1/3/2016 08:05'],
      ['Active', '31/4/2016 08:05'],
      ['Active', '2016-03-01'],
      ['Paused', '1/3/2016 08:05'],
      ['Active', '1/3/2016 08:05', { opened_at: '?' }],
      ['Active', '1/3/2016 08:05', { priority: 'constructor' }],
      ['Active', '1/3/2016 08:05', { number: '?' }],
    ]),
  );
  expect(log).toMatchObject({ rows: 7, cases: 1, rowsUsed: 1 });
  expect(log.rowsSkipped).toEqual([
    {
      reason: 'sys_updated_at is not a time d/M/yyyy HH:mm',
      count: 2,
      examples: ['line 3: "31/4/2016 08:05"', 'line 4: "2016-03-01"'],
    },
    { reason: 'incident_state is not a known state', count: 1, examples: ['line 5: "Paused"'] },
    { reason: 'opened_at is not a time d/M/yyyy HH:mm', count: 1, examples: ['line 6: "?"'] },
    { reason: 'priority is not a known priority', count: 1, examples: ['line 7: "constructor"'] },
    { reason: 'number names no incident', count: 1, examples: ['line 8: "?"'] },
  ]);
});

test('what was read in a way a user may want to know is told', async () => {
  const { notes, rowsWithoutChange } = await readSample(
    uci,
    sample([
      ['New', '1/3/2016 07:00'],
      ['Closed', '1/3/2016 10:00'],
      ['Active', '1/3/2016 09:00'],
      ['Active', '1/3/2016 11:00'],
      ['Active', '1/3/2016 12:00'],
    ]),
  );
  expect(notes).toEqual([
    '1 row closes a case that is reopened later, and counts as resolved only',
    '1 row is earlier than the row above it, and counts by its time',
    '1 row is dated before its case was opened, and counts at the opening',
  ]);
  expect(rowsWithoutChange).toBe(1);
});
