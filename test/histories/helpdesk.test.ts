import { afterAll, expect, test } from '@jest/globals';
import { helpdesk } from '../../histories/helpdesk.ts';
import { isAccountedFor, readSample, removeSamples, tell } from './samples.ts';

afterAll(removeSamples);

const usual = { 'Case ID': 'Case 1', seriousness_2: 'Value 2', customer: 'Value 9', product: 'Value 3' };

type Activity = [activity: string, at: string, seriousness?: string];

const sample = (activities: readonly Activity[]) => ({
  usual,
  rows: activities.map(([Activity, at, seriousness_2 = 'Value 2']) => ({
    Activity,
    'Complete Timestamp': `2012/10/09 ${at}:00.000`,
    seriousness_2,
  })),
});

const TAKEN = 'Take in charge ticket';

/** Name, activities, facts without their date. Rome is two hours ahead of UTC on that day. */
const cases: [string, Activity[], string[]][] = [
  [
    'the case opens with its first activity, and is answered when it is first taken in charge',
    [
      ['Insert ticket', '10:00'],
      ['Assign seriousness', '10:05'],
      [TAKEN, '10:10'],
      [TAKEN, '10:20'],
    ],
    ['08:10 agent says in public'],
  ],
  [
    'a wait ends with the next activity, whatever it is',
    [
      ['Wait', '10:00'],
      ['Wait', '10:10'],
      ['Create SW anomaly', '10:20'],
      ['Wait', '10:30'],
      ['Resolve ticket', '10:40'],
    ],
    [
      '08:00 held customer',
      '08:20 resumed customer',
      '08:30 held customer',
      '08:40 resumed customer',
      '08:40 resolved',
    ],
  ],
  [
    'taken in charge after it was resolved it is open again, assigned a seriousness it is not',
    [
      ['Resolve ticket', '10:00'],
      ['Assign seriousness', '10:10'],
      ['Resolve ticket', '10:20'],
      [TAKEN, '10:30'],
      ['Closed', '10:40'],
    ],
    ['08:00 resolved', '08:30 reopened', '08:30 agent says in public', '08:40 resolved', '08:40 closed'],
  ],
  [
    'a seriousness is a priority from its row on: value 4 is the most urgent',
    [
      ['Assign seriousness', '10:00', 'Value 1'],
      ['Assign seriousness', '10:10', 'Value 4'],
      ['Assign seriousness', '10:20', 'Value 3'],
    ],
    ['08:10 prioritised P1', '08:20 prioritised P2'],
  ],
];

test.each(cases)('%s', async (_name, activities, facts) => {
  const log = await readSample(helpdesk, sample(activities));
  expect(tell(log.histories[0]!)).toEqual(facts.map((fact) => `2012-10-09 ${fact}`));
  expect(isAccountedFor(log)).toBe(true);
});

test('rows that repeat another are kept: they are read, and change nothing', async () => {
  const log = await readSample(
    helpdesk,
    sample([
      [TAKEN, '10:00'],
      [TAKEN, '10:00'],
      ['Closed', '11:00'],
      ['Closed', '11:00'],
    ]),
  );
  expect(log).toMatchObject({ rows: 4, rowsUsed: 4, rowsWithoutChange: 2, rowsSkipped: [] });
});

test('customer and product go with the ticket', async () => {
  const { histories } = await readSample(helpdesk, sample([[TAKEN, '10:00']]));
  expect(histories[0]!.attributes).toMatchObject({ customer: 'Value 9', service: 'Value 3' });
});
