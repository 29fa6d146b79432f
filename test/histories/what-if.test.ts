/** The command: what a user sees of a comparison, on a small log and on a ledger. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { whatIf, type WhatIfOptions, type WhatIfTools } from '../../bin/what-if.ts';
import type { HistoryFilter, RecordedHistory } from '../../prisma/histories.ts';
import { project } from '../../domain/projection.ts';
import { at, PaperDesk } from '../support/paper-desk.ts';
import { removeSamples, sampleFile } from './samples.ts';

afterAll(removeSamples);

const policiesDir = fileURLToPath(new URL('../../policies', import.meta.url));
const standard = readFileSync(join(policiesDir, 'standard.yaml'), 'utf8');

/** Value 4 is P1: four hours round the clock. Case 1 takes two, case 2 six. */
const LOG = `Case ID,Activity,Complete Timestamp,seriousness_2,customer,product
Case 1,Assign seriousness,2024/03/05 10:00:00.000,Value 4,Value 1,Value 1
Case 1,Take in charge ticket,2024/03/05 10:10:00.000,Value 4,Value 1,Value 1
Case 1,Resolve ticket,2024/03/05 12:00:00.000,Value 4,Value 1,Value 1
Case 2,Assign seriousness,2024/03/06 10:00:00.000,Value 4,Value 1,Value 1
Case 2,Take in charge ticket,2024/03/06 10:10:00.000,Value 4,Value 1,Value 1
Case 2,Resolve ticket,2024/03/06 16:00:00.000,Value 4,Value 1,Value 1
`;

const candidate = (hours: number): string =>
  sampleFile(
    `candidate-${hours}.yaml`,
    standard
      .slice(0, standard.indexOf('\nexamples:'))
      .replace('P1: { target: 4h, calendar: always }', `P1: { target: ${hours}h, calendar: always }`),
  );

async function run(
  options: Partial<WhatIfOptions> = {},
  { file = sampleFile('desk.csv', LOG) as string | null, tools = {} as Partial<WhatIfTools> } = {},
) {
  const printed: string[] = [];
  const said: string[] = [];
  const result = await whatIf(
    file ?? undefined,
    { policy: candidate(1), ...(file !== null && { format: 'helpdesk' }), ...options },
    {
      policiesDir,
      openHistories: () => Promise.reject(new Error('no ledger here')),
      now: () => at(100),
      print: (text) => printed.push(text),
      say: (text) => said.push(text),
      ...tools,
    },
  );
  return { result, text: printed.join('\n'), said };
}

test('a log is judged by the candidate beside the policy of its name, clock by clock and priority by priority', async () => {
  const { result, text } = await run();
  expect(result).toMatchObject({
    cases: 2,
    casesChanged: 1,
    before: { name: 'standard', source: join(policiesDir, 'standard.yaml') },
    changes: { count: 1, becomeBreached: 1, relieved: 0, deadlinesMoved: 1 },
  });
  expect(text).toMatch(/^resolution +all +all +1 +1 +50\.0 % +0 +2 +0\.0 % +-50\.0$/m);
  expect(text).toMatch(/^ +1 +P1 +1 +1 +50\.0 %/m);
  expect(text).toContain(
    'verdicts that change: 1, in cases: 1; become breached: 1, relieved: 0, others: 0; deadlines that only move: 1',
  );
  expect(text).toMatch(
    /^Case 1 +resolution\/1 +1 +P1 +met \(2024-03-05T13:00:00\.000Z\) +breached \(2024-03-05T10:00/m,
  );
});

test('--json prints one document, and says nothing else on standard output', async () => {
  const { result, text, said } = await run({ json: true, policy: candidate(8) });
  const { data } = result.changes;
  expect(JSON.parse(text)).toMatchObject({
    cases: 2,
    changes: {
      count: 1,
      data: [{ before: { deadlineAt: new Date(data[0]!.before!.deadlineAt!).toISOString() } }],
    },
  });
  expect(result.changes).toMatchObject({ count: 1, relieved: 1 });
  expect(said).toEqual([expect.stringContaining('6 rows read')]);
});

test('the tickets of a period only, and another policy than the one of its name', async () => {
  const { result } = await run({ from: '2024-03-06', to: '2024-03-07T00:00Z', against: 'round-the-clock' });
  expect(result).toMatchObject({ cases: 1, before: { name: 'round-the-clock' } });
});

test('all changes are counted, however few are listed', async () => {
  const { result, text } = await run({ policy: candidate(1), limitChanges: '0' });
  expect([result.changes.count, result.changes.data]).toEqual([1, []]);
  expect(text).not.toContain('Case 1');
});

test('a candidate whose own examples fail is compared all the same, and that is said', async () => {
  const broken = sampleFile('broken.yaml', standard.replace('elapsed: 4h', 'elapsed: 5h'));
  const { result, said } = await run({ policy: broken });
  expect(result.changes.count).toBe(0);
  expect(said[0]).toContain('1 of its examples are not kept');
});

test.each<[Partial<WhatIfOptions>, string | RegExp]>([
  [{ policy: 'golden' }, /There is no policy golden in .*policies, and no such file/],
  [{ policy: 'nowhere.yaml' }, 'There is no file nowhere.yaml'],
  [{ format: undefined } as never, 'Say with --format'],
  [{ from: 'yesterday' }, '--from yesterday is not a time'],
  [{ limitChanges: 'all' }, '--limit-changes all is not a number'],
  [{ against: 'silver' }, 'There is no policy silver'],
])('%j is refused', async (options, message) => {
  await expect(run(options)).rejects.toThrow(message);
});

test('a candidate with a fault is refused with its place', async () => {
  const file = sampleFile('faulty.yaml', standard.replace('P2: 8h', 'P2: soon'));
  await expect(run({ policy: file })).rejects.toThrow(/faulty\.yaml:\d+:\d+ \/clocks/);
});

/** A ticket that was late by half an hour, in a ledger. */
function recorded(): RecordedHistory {
  const desk = new PaperDesk({ priority: 'P1' });
  desk.agentReplies(0.2);
  desk.wait(4.1);
  desk.ask(4.5, { type: 'resolve' });
  const { ticket, clocks } = project(desk.ticket, at(5));
  return {
    ticketId: 'tkt_1',
    openedAt: at(0),
    priority: ticket.priority,
    tier: ticket.tier,
    events: desk.ledger,
    clocks,
  };
}

function ledger(known: string[] = []) {
  const asked: HistoryFilter[] = [];
  let closed = 0;
  const openHistories: WhatIfTools['openHistories'] = async () => ({
    histories: {
      count: async ({ policy }) => (known.includes(policy ?? '') ? 1 : 0),
      async *pages(filter) {
        asked.push(filter);
        yield [recorded()];
      },
    },
    close: async () => void (closed += 1),
  });
  return { asked, tools: { openHistories }, closed: () => closed };
}

test('our own tickets are compared with what was recorded: those that the policy of this name judges', async () => {
  const own = ledger(['standard']);
  const options = { policy: candidate(8), from: '2026-01-01' };
  const { result, text } = await run(options, { file: null, tools: own.tools });
  expect(result).toMatchObject({ file: null, before: null, cases: 1, changes: { count: 1, relieved: 1 } });
  expect(text).toContain('before: as they were judged');
  expect(own.asked).toEqual([{ from: Date.parse('2026-01-01'), to: at(100), policy: 'standard' }]);
  expect(own.closed()).toBe(1);
});

test('or with another policy; a new one is for the tickets that it fits', async () => {
  const own = ledger();
  const options = { policy: 'managed-service', against: 'standard', from: '2026-01-01', to: '2026-02-01' };
  const { result } = await run(options, { file: null, tools: own.tools });
  expect(result.before).toMatchObject({ name: 'standard' });
  expect(own.asked).toMatchObject([
    { customer: 'example-rhine-freight' },
    { customer: 'example-tagus-retail', service: 'hosting' },
  ]);
  // Both filters find it; it counts once.
  expect(result.cases).toBe(1);
});

test('our own ledger needs a time to begin with', async () => {
  await expect(run({}, { file: null })).rejects.toThrow('Say with --from');
});

const UCI = fileURLToPath(
  new URL('../../../shared/data/uci_incident_event_log.to_2016-04.csv.gz', import.meta.url),
);
(existsSync(UCI) ? test : test.skip)(
  'a real log of a hundred thousand rows takes seconds',
  async () => {
    const started = process.cpuUsage();
    const { result } = await run({ format: 'uci', policy: candidate(1) }, { file: UCI });
    const { user, system } = process.cpuUsage(started);
    expect(result.cases).toBeGreaterThan(10_000);
    expect((user + system) / 1e6).toBeLessThan(30);
  },
  60_000,
);
