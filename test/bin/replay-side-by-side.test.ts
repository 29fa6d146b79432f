/** Time per tier, handoffs, ping-pong and accept times, against a count in SQL that shares nothing with ours. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, jest, test } from '@jest/globals';
import { randomFrom } from '../../bench/random.ts';
import { bpic2013 } from '../../histories/bpic2013.ts';
import { createTestDatabase } from '../support/database.ts';
import { removeSamples, sampleCsv, sampleFile } from '../histories/samples.ts';
import { countedByReplay, countedBySql, sideBySide, type Figures } from '../histories/side-by-side.ts';

jest.setTimeout(120_000);
afterAll(removeSamples);

const LOG = fileURLToPath(new URL('../../../shared/data/bpic2013_incidents.dev30.csv.gz', import.meta.url));
const HEAD = [
  'case:concept:name',
  'time:timestamp',
  'concept:name',
  'lifecycle:transition',
  'org:group',
  'org:role',
  'organization involved',
  'impact',
  'product',
  'organization country',
  'resource country',
  'org:resource',
];

async function countedTwice(file: string): Promise<{ replayed: Figures; counted: Figures }> {
  const url = await createTestDatabase();
  return { replayed: await countedByReplay(file), counted: await countedBySql(file, url) };
}

const isHere = existsSync(LOG);
if (!isHere) process.stderr.write('skipped: the BPI 2013 incidents are not in ../shared/data\n');

(isHere ? test : test.skip)(
  'every figure on the BPI 2013 incidents agrees with SQL, and with the table in the docs',
  async () => {
    const { replayed, counted } = await countedTwice(LOG);
    expect(Object.keys(counted).length).toBeGreaterThan(70);
    expect(replayed).toEqual(counted);
    const docs = readFileSync(new URL('../../docs/replay-bpic2013.md', import.meta.url), 'utf8');
    expect(docs).toContain(sideBySide(replayed, counted));
  },
);

const STATUSES = [
  'Accepted/In Progress',
  'Accepted/Assigned',
  'Accepted/Wait - User',
  'Accepted/Wait - Vendor',
  'Accepted/Wait',
  'Queued/Awaiting Assignment',
  'Queued/Awaiting Assignment',
  'Completed/Resolved',
  'Completed/Closed',
  'Completed/In Call',
  'Unmatched/Unmatched',
];
const TEAMS = ['V1', 'V2', 'V3 2nd', 'V4 2nd', 'V5 3rd'];

/** Lives that no desk would lead: every status may follow every other, at any line, also at one instant. */
function wildLog(seed: number, cases: number): string {
  const random = randomFrom(seed);
  const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const rows = Array.from({ length: cases }, (_, i) => {
    // Some hours, or some days, or nothing at all between two rows.
    let at = Date.UTC(2011, 0, 1) + Math.floor(random() * 300 * 86_400) * 1000;
    let team = oneOf(TEAMS);
    const impact = oneOf(['Major', 'High', 'Medium', 'Low']);
    return Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
      at += oneOf([0, 1, 3600, 86_400]) * Math.floor(random() * 9) * 1000;
      if (random() < 0.5) team = oneOf(TEAMS);
      const [status, subStatus] = oneOf(STATUSES).split('/');
      return {
        'case:concept:name': `1-${i}`,
        'time:timestamp': `${new Date(at + 7_200_000).toISOString().slice(0, -1)}+02:00`,
        'concept:name': status!,
        'lifecycle:transition': subStatus!,
        'org:group': team,
        impact,
      };
    });
  });
  return sampleCsv(HEAD, { product: 'PROD1' }, rows.flat());
}

test.each([1, 2, 3])('every figure on 400 made-up wild lives agrees with SQL (seed %d)', async (seed) => {
  const file = sampleFile(`wild-${seed}.csv`, wildLog(seed, 400));
  const { replayed, counted } = await countedTwice(file);
  expect(counted['pingPong']).toBeGreaterThan(50);
  expect(counted['offers.made']! - counted['offers.accepted']!).toBeGreaterThan(50);
  expect(replayed).toEqual(counted);
});

test('the made-up lives have the columns that the reader asks for', () => {
  expect(HEAD).toEqual(expect.arrayContaining([...bpic2013.columns]));
});
