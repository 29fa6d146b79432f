import { afterAll, expect, test } from '@jest/globals';
import { foldHistory } from '../../domain/history.ts';
import { bpic2013 } from '../../histories/bpic2013.ts';
import { passagesOf, teamChangesOf } from '../../histories/passages.ts';
import { rulesOver } from '../../histories/report.ts';
import { policyOn } from './policy.ts';
import { isAccountedFor, readSample, removeSamples, tell } from './samples.ts';

afterAll(removeSamples);

const usual = { 'case:concept:name': '1-1', impact: 'Medium', product: 'PROD1' };

/** `Accepted/In Progress`, minute of the day, team. */
type Change = [status: string, at: string, team?: string];

const sample = (changes: readonly Change[]) => ({
  usual,
  rows: changes.map(([status, at, team = 'V1']) => {
    const [name, subStatus] = status.split('/');
    return {
      'concept:name': name!,
      'lifecycle:transition': subStatus!,
      'time:timestamp': `2012-05-01T${at}:00.000+02:00`,
      'org:group': team,
    };
  }),
});

const WORKS = 'Accepted/In Progress';
const QUEUED = 'Queued/Awaiting Assignment';

/** Name, rows, facts without their date. Two o'clock in the log is noon in UTC. */
const cases: [string, Change[], string[]][] = [
  [
    'the first row in progress is the first response, however often it was accepted or waited for before',
    [
      ['Accepted/Assigned', '14:00'],
      ['Accepted/Wait', '14:05'],
      [WORKS, '14:10'],
      [WORKS, '14:20'],
    ],
    ['12:00 assigned V1', '12:05 held internal', '12:10 resumed internal', '12:10 agent says in public'],
  ],
  [
    'queued at another line is an offer, taken by the next accepted row of that line',
    [
      [WORKS, '14:00'],
      [QUEUED, '14:10', 'V2 2nd'],
      [QUEUED, '14:20', 'V2 2nd'],
      ['Accepted/Wait - User', '14:30', 'V2 2nd'],
    ],
    [
      '12:00 assigned V1',
      '12:00 agent says in public',
      '12:10 offered to 2 V2 2nd',
      '12:30 accepted',
      '12:30 held customer',
    ],
  ],
  [
    'any other change of line is an offer accepted at once, one on a completed row too',
    [
      [WORKS, '14:00'],
      [WORKS, '14:10', 'V3 3rd'],
      ['Completed/Resolved', '14:20', 'V1'],
    ],
    [
      '12:00 assigned V1',
      '12:00 agent says in public',
      '12:10 offered to 3 V3 3rd',
      '12:10 accepted',
      '12:20 offered to 1 V1',
      '12:20 accepted',
      '12:20 resolved',
    ],
  ],
  [
    'an offer that is passed on before it was taken is replaced',
    [
      [QUEUED, '14:00'],
      [QUEUED, '14:10', 'V2 2nd'],
      [QUEUED, '14:20', 'V3 3rd'],
      [WORKS, '14:30', 'V3 3rd'],
    ],
    [
      '12:00 assigned V1',
      '12:10 offered to 2 V2 2nd',
      '12:20 offered to 3 V3 3rd',
      '12:30 accepted',
      '12:30 agent says in public',
    ],
  ],
  [
    'another team of the line that was offered takes the offer over',
    [
      [QUEUED, '14:00'],
      [QUEUED, '14:10', 'V2 2nd'],
      [QUEUED, '14:20', 'V4 2nd'],
      [WORKS, '14:30', 'V4 2nd'],
    ],
    [
      '12:00 assigned V1',
      '12:10 offered to 2 V2 2nd',
      '12:20 offered to 2 V4 2nd',
      '12:30 accepted',
      '12:30 agent says in public',
    ],
  ],
  [
    'another team of the same line is a reassignment, queued or not',
    [
      [QUEUED, '14:00'],
      [QUEUED, '14:10', 'V2'],
      [WORKS, '14:20', 'V3'],
    ],
    ['12:00 assigned V1', '12:10 assigned V2', '12:20 assigned V3', '12:20 agent says in public'],
  ],
  [
    'a wait for a user and a wait for a customer are one wait; for a vendor another',
    [
      ['Accepted/Wait - User', '14:00'],
      ['Accepted/Wait - Customer', '14:10'],
      ['Accepted/Wait - Vendor', '14:20'],
      ['Accepted/Wait - Implementation', '14:30'],
      ['Accepted/Assigned', '14:40'],
    ],
    [
      '12:00 assigned V1',
      '12:00 held customer',
      '12:20 resumed customer',
      '12:20 held vendor',
      '12:30 resumed vendor',
      '12:30 held internal',
      '12:40 resumed internal',
    ],
  ],
  [
    'completed in call is resolved; unmatched changes nothing; queued again reopens',
    [
      ['Completed/In Call', '14:00'],
      ['Unmatched/Unmatched', '14:10'],
      ['Completed/Resolved', '14:20'],
      [QUEUED, '14:30'],
    ],
    ['12:00 assigned V1', '12:00 resolved', '12:30 reopened'],
  ],
  [
    'an offer nobody took before the case was resolved is still open when it is reopened',
    [
      [WORKS, '14:00'],
      [QUEUED, '14:10', 'V2 2nd'],
      ['Completed/Resolved', '14:20', 'V2 2nd'],
      [WORKS, '14:30', 'V2 2nd'],
    ],
    [
      '12:00 assigned V1',
      '12:00 agent says in public',
      '12:10 offered to 2 V2 2nd',
      '12:20 resolved',
      '12:30 reopened',
      '12:30 offered to 2 V2 2nd',
      '12:30 accepted',
    ],
  ],
];

test.each(cases)('%s', async (_name, changes, facts) => {
  const log = await readSample(bpic2013, sample(changes));
  expect(tell(log.histories[0]!)).toEqual(facts.map((fact) => `2012-05-01 ${fact}`));
  expect(isAccountedFor(log)).toBe(true);
});

test('the line is the ending of the team, the tier of the first row where the case begins', async () => {
  const tierOf = async (team: string) =>
    (await readSample(bpic2013, sample([[QUEUED, '14:00', team]]))).histories[0]!.tier;
  expect(await Promise.all(['V1', 'V5 2nd', 'V5 3rd', 'V13 2nd 3rd', 'V2nd'].map(tierOf))).toEqual([
    1, 2, 3, 3, 1,
  ]);
});

test('each offset is minded', async () => {
  const { rows } = sample([[WORKS, '14:00']]);
  const winter = { ...rows[0]!, 'time:timestamp': '2012-01-10T14:00:00.500+01:00' };
  const { histories } = await readSample(bpic2013, { usual, rows: [winter] });
  expect(histories[0]!.openedAt).toBe(Date.UTC(2012, 0, 10, 13, 0, 0, 500));
});

test('up, back down and up again: three handoffs, two of them returns, and a team that had it before', async () => {
  const log = await readSample(
    bpic2013,
    sample([
      [WORKS, '14:00'],
      [QUEUED, '14:10', 'V2 2nd'],
      [WORKS, '14:40', 'V2 2nd'],
      [WORKS, '15:00'],
      [QUEUED, '15:10', 'V2 2nd'],
      [WORKS, '15:20', 'V2 2nd'],
      ['Completed/Closed', '16:00', 'V2 2nd'],
    ]),
  );
  const history = log.histories[0]!;
  const { situation } = foldHistory(history, rulesOver(policyOn('always'), log), log.until);
  expect(situation).toMatchObject({ tier: 2, team: 'V2 2nd', handoffs: 3, tierReturns: 2, state: 'closed' });
  expect(situation).toMatchObject({ teamChanges: 3, teamReturns: 2 });
  expect(teamChangesOf(history)).toEqual({ changes: 3, returns: 2 });
  const waits = passagesOf(history).offers.map(
    ({ offeredAt, acceptedAt }) => (acceptedAt! - offeredAt) / 60_000,
  );
  expect(waits).toEqual([30, 0, 10]);
});

test('an offer is waited for from its first row, whoever of the line it is passed to', async () => {
  const log = await readSample(
    bpic2013,
    sample([
      [WORKS, '14:00'],
      [QUEUED, '14:10', 'V2 2nd'],
      [QUEUED, '14:20', 'V4 2nd'],
      [QUEUED, '14:30', 'V5 3rd'],
    ]),
  );
  const minute = (n: number) => Date.UTC(2012, 4, 1, 12, n);
  expect(passagesOf(log.histories[0]!).offers).toEqual([
    { toTier: 2, offeredAt: minute(10), acceptedAt: null },
    { toTier: 3, offeredAt: minute(30), acceptedAt: null },
  ]);
});

test('impacts are priorities, and unknown words are skipped by column', async () => {
  const { rows } = sample([
    [WORKS, '14:00'],
    [WORKS, '14:00'],
    ['Parked/In Progress', '14:00'],
    [WORKS, '14:00'],
  ]);
  const log = await readSample(bpic2013, {
    usual,
    rows: [
      { ...rows[0]!, impact: 'Major' },
      { ...rows[1]!, impact: 'Huge' },
      rows[2]!,
      { ...rows[3]!, 'time:timestamp': '2012-05-01T14:00:00' },
    ],
  });
  expect(log.histories[0]!.priority).toBe('P1');
  expect(log.rowsSkipped).toEqual([
    { reason: 'impact is not a known impact', count: 1, examples: ['line 3: "Huge"'] },
    { reason: 'concept:name is not a known status', count: 1, examples: ['line 4: "Parked"'] },
    {
      reason: 'time:timestamp is not an ISO 8601 time with its offset',
      count: 1,
      examples: ['line 5: "2012-05-01T14:00:00"'],
    },
  ]);
});
