/** The command: what a user sees of it, on samples. */
import { afterAll, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { replay, type ReplayOptions, type ReplayTools } from '../../bin/replay.ts';
import { foldLog } from '../../histories/report.ts';
import type { PlayOnEngine } from '../../histories/verdict.ts';
import { removeSamples, sampleFile } from './samples.ts';

afterAll(removeSamples);

const LOG = `Case ID,Activity,Complete Timestamp,seriousness_2,customer,product
Case 1,Assign seriousness,2024/03/05 10:00:00.000,Value 4,Value 1,Value 1
Case 1,Take in charge ticket,2024/03/05 10:10:00.000,Value 4,Value 1,Value 1
Case 1,Wait,2024/03/05 11:00:00.000,Value 4,Value 1,Value 1
Case 1,Resolve ticket,2024/03/05 12:00:00.000,Value 4,Value 1,Value 1
Case 1,Resolve ticket,2024/03/05 12:00:00.000,Value 4,Value 1,Value 1
Case 2,Assign seriousness,2024/03/05 10:00:00.000,Value 4,Value 1,Value 1
Case 2,Closed,2024/03/05 16:00:00.000,Value 4,Value 1,Value 1
Case 2,Closed,yesterday,Value 4,Value 1,Value 1
`;

const policiesDir = fileURLToPath(new URL('../../policies', import.meta.url));

async function run(options: Partial<ReplayOptions> = {}, engine?: PlayOnEngine) {
  const printed: string[] = [];
  const said: string[] = [];
  const tools: ReplayTools = {
    policiesDir,
    print: (text) => printed.push(text),
    say: (text) => said.push(text),
    ...(engine && { playOnEngine: () => engine }),
  };
  const outcome = await replay(sampleFile('desk.csv', LOG), { format: 'helpdesk', ...options }, tools);
  return { ...outcome, printed, said };
}

const pureEngine: PlayOnEngine = async (histories, rules, until) =>
  foldLog({ histories: [...histories], until }, rules);

test('--json prints one document with the account of the rows and every clock', async () => {
  const { printed } = await run({ json: true });
  expect(printed).toHaveLength(1);
  expect(JSON.parse(printed[0]!)).toMatchObject({
    file: expect.stringContaining('desk.csv'),
    format: 'helpdesk',
    policy: { name: 'standard', version: 1 },
    rows: 8,
    cases: 2,
    rowsUsed: 7,
    rowsWithoutChange: 1,
    rowsSkipped: [
      {
        reason: 'Complete Timestamp is not a time yyyy/MM/dd HH:mm:ss.SSS',
        count: 1,
        examples: ['line 9: "yesterday"'],
      },
    ],
    notes: [],
    clocks: [
      { clock: 'firstResponse', priority: 'P1', met: 1, breached: 1, running: 0, cancelled: 0 },
      { clock: 'resolution', priority: 'P1', met: 1, breached: 1, running: 0, cancelled: 0 },
    ],
    timeInTier: { tier1: 7 * 3600, customer: 3600 },
    handoffs: 0,
    pingPong: 0,
    casesHeld: 1,
  });
});

test('without it the figures are tables, and progress goes its own way', async () => {
  const { printed, said } = await run();
  const text = printed.join('\n');
  expect(text).toContain('2 cases; of 8 rows 7 used, 1 skipped');
  expect(text).toMatch(/^clock +priority +met +breached +running +cancelled +met in time$/m);
  expect(text).toMatch(/^resolution +P1 +1 +1 +0 +0 +50\.0 %$/m);
  expect(text).toMatch(/^tier1 +7$/m);
  expect(said).toEqual([expect.stringContaining('8 rows read')]);
});

test('with the engine the two are compared, ticket by ticket', async () => {
  const agreeing = await run({ engine: true }, pureEngine);
  expect(agreeing.agrees).toBe(true);
  expect(agreeing.printed.at(-1)).toContain('and agrees on every figure');

  const forgetful: PlayOnEngine = async (...given) =>
    (await pureEngine(...given)).map((verdict) => ({ ...verdict, handoffs: 1 }));
  const differing = await run({ engine: true }, forgetful);
  expect(differing.agrees).toBe(false);
  expect(differing.printed.at(-1)).toContain('Case 1 handoffs: fold 0, engine 1');
});

test.each([
  [{ policy: 'golden' }, /There is no policy golden in .*; known are .*standard/],
  [{ format: 'xes' }, 'xes is not a format'],
  [{ format: 'csv' }, '--mapping'],
  [{ limit: 'all' }, '--limit all is not a number of cases from 1'],
  [{ limit: 0 }, '--limit 0 is not'],
  [{ engine: true }, 'There is no engine here'],
  [{ format: 'uci' }, /desk\.csv: line 1: there is no column "number"/],
])('%j is refused with a reason', async (options, message) => {
  await expect(run(options)).rejects.toThrow(message);
});

test('--limit leaves out cases, and says so', async () => {
  const { result } = await run({ limit: '1' });
  expect(result).toMatchObject({ cases: 1, rowsUsed: 5 });
  expect(result.rowsSkipped).toContainEqual({
    reason: 'the case is beyond the first 1',
    count: 2,
    examples: ['Case 2'],
  });
});

test('with --varied the whole log is judged, and the engine plays the cases with holds first', async () => {
  const { result, printed } = await run({ engine: true, varied: true, limit: 1 }, pureEngine);
  expect(result.cases).toBe(2);
  expect(result.engine).toEqual({
    tickets: 1,
    varieties: { held: 1, reopened: 0, reprioritised: 0, plain: 0 },
    differences: [],
  });
  expect(printed.at(-1)).toContain(
    'the engine played 1 cases (held 1, reopened 0, changed in priority 0) and agrees on every figure',
  );
});

test('a case that the engine could not play is a difference', async () => {
  const lossy: PlayOnEngine = async (...given) => (await pureEngine(...given)).slice(1);
  const { agrees, result } = await run({ engine: true, varied: true }, lossy);
  expect(agrees).toBe(false);
  expect(result.engine!.differences).toEqual([
    { caseId: 'Case 1', field: 'case', pure: 'present', engine: null },
  ]);
});

test('--varied and --keep are nothing without an engine', async () => {
  await expect(run({ varied: true })).rejects.toThrow('say --engine too');
  await expect(run({ keep: 'x' })).rejects.toThrow('say --engine too');
});
