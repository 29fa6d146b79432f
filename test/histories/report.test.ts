import { afterAll, expect, test } from '@jest/globals';
import { bpic2013 } from '../../histories/bpic2013.ts';
import { foldLog, reportOn, rulesOver } from '../../histories/report.ts';
import { differences, type Verdict } from '../../histories/verdict.ts';
import { policyOn } from './policy.ts';
import { readSample, removeSamples } from './samples.ts';

afterAll(removeSamples);

/** Case, status and sub-status, time of 2 May 2012 in UTC, team. */
type Change = [caseId: string, status: string, at: string, team?: string, impact?: string];

const sample = (changes: readonly Change[]) => ({
  usual: { product: 'PROD1' },
  rows: changes.map(([caseId, status, at, team = 'V1', impact = 'Major']) => {
    const [name, subStatus] = status.split('/');
    return {
      'case:concept:name': caseId,
      'concept:name': name!,
      'lifecycle:transition': subStatus!,
      'time:timestamp': `2012-05-02T${at}:00.000Z`,
      'org:group': team,
      impact,
    };
  }),
});

const WORKS = 'Accepted/In Progress';
const QUEUED = 'Queued/Awaiting Assignment';
const DONE = 'Completed/Closed';

/** Major: one hour to the first response, four to resolution. The log ends at 20:00. */
const changes: Change[] = [
  // Met to the minute: 4 h of work, with 3 h of waiting for the user between.
  ['in time', QUEUED, '10:00'],
  ['in time', WORKS, '11:00'],
  ['in time', 'Accepted/Wait - User', '12:00'],
  ['in time', WORKS, '15:00'],
  ['in time', DONE, '17:00'],
  // An hour in flight, then two hours and a minute with the second line: late by one minute of response.
  ['late answer', QUEUED, '10:00'],
  ['late answer', QUEUED, '10:30', 'V2 2nd'],
  ['late answer', WORKS, '11:01', 'V2 2nd'],
  ['late answer', DONE, '13:01', 'V2 2nd'],
  // Breached at 14:00, resolved at 15:00.
  ['late', WORKS, '10:00'],
  ['late', 'Completed/Resolved', '15:00'],
  // Still open: waiting, its resolution paused, its response breached.
  ['open', 'Accepted/Wait - Vendor', '18:00'],
  ['end', WORKS, '20:00', 'V1', 'Low'],
];

async function reportOnSample() {
  const log = await readSample(bpic2013, sample(changes));
  const policy = policyOn('always');
  const verdicts = foldLog(log, rulesOver(policy, log));
  return { report: reportOn(log, policy, verdicts), verdicts };
}

test('every clock is met, breached, running or cancelled', async () => {
  const { report } = await reportOnSample();
  expect(report.clocks).toEqual([
    { clock: 'firstResponse', priority: 'P1', met: 2, breached: 2, running: 0, cancelled: 0 },
    { clock: 'firstResponse', priority: 'P4', met: 1, breached: 0, running: 0, cancelled: 0 },
    { clock: 'resolution', priority: 'P1', met: 2, breached: 1, running: 1, cancelled: 0 },
    { clock: 'resolution', priority: 'P4', met: 0, breached: 0, running: 1, cancelled: 0 },
  ]);
  expect(report.states).toEqual({ open: 1, onHold: 1, resolved: 1, closed: 2, cancelled: 0 });
});

test('every second has one owner', async () => {
  const { report } = await reportOnSample();
  const minutes = Object.fromEntries(
    Object.entries(report.timeInTier).map(([owner, seconds]) => [owner, seconds! / 60]),
  );
  expect(minutes).toEqual({ tier1: 240 + 30 + 300, tier2: 120, customer: 180, handoff: 31, vendor: 120 });
});

test('hands are counted: offers, waits, teams, returns', async () => {
  const { report } = await reportOnSample();
  expect(report).toMatchObject({
    policy: { name: 'on-always', version: 7 },
    handoffs: 1,
    pingPong: 0,
    casesHandedOff: 1,
    teamChanges: 1,
    casesTeamReturned: 0,
    offers: { made: 1, accepted: 1, waits: 1, waitSeconds: { median: 1860, p90: 1860, max: 1860 } },
    reopenings: 0,
    casesHeld: 2,
    casesHeldFor: { customer: 1, vendor: 1, internal: 0 },
    from: '2012-05-02T10:00:00.000Z',
    until: '2012-05-02T20:00:00.000Z',
  });
});

test('tiers are told apart: who had what, who gave to whom, and how long each took to take', async () => {
  const log = await readSample(
    bpic2013,
    sample([
      // Up, up, back down to where it was, and past a tier. The second line takes an hour, then half of one.
      ['a', WORKS, '08:00'],
      ['a', QUEUED, '09:00', 'V2 2nd'],
      ['a', WORKS, '10:00', 'V2 2nd'],
      ['a', WORKS, '11:00', 'V5 3rd'],
      ['a', QUEUED, '12:00', 'V2 2nd'],
      ['a', WORKS, '12:30', 'V2 2nd'],
      ['a', WORKS, '13:00'],
      ['a', WORKS, '14:00', 'V5 3rd'],
      // Offered, resolved, reopened by another line: the offer was made once, and nobody took it.
      ['b', WORKS, '08:00'],
      ['b', QUEUED, '09:00', 'V2 2nd'],
      ['b', 'Completed/Resolved', '10:00', 'V2 2nd'],
      ['b', WORKS, '11:00'],
    ]),
  );
  const policy = policyOn('always');
  const report = reportOn(log, policy, foldLog(log, rulesOver(policy, log)));
  expect(report.tiers).toMatchObject([
    { tier: 1, casesOpened: 2, casesHad: 2, received: 1, handedUp: 2, handedDown: 0, offers: { made: 2 } },
    { tier: 2, casesOpened: 0, casesHad: 1, received: 2, handedUp: 1, handedDown: 1 },
    { tier: 3, casesOpened: 0, casesHad: 1, received: 2, handedUp: 0, handedDown: 1, offers: { waits: 0 } },
  ]);
  expect(report.tiers[1]!.offers).toEqual({
    made: 3,
    accepted: 2,
    waits: 2,
    waitSeconds: { median: 1800, p90: 3600, max: 3600 },
  });
  expect(report.moves).toEqual([
    { from: 1, to: 2, handoffs: 1, returns: 0, cases: 1 },
    { from: 1, to: 3, handoffs: 1, returns: 1, cases: 1 },
    { from: 2, to: 1, handoffs: 1, returns: 1, cases: 1 },
    { from: 2, to: 3, handoffs: 1, returns: 0, cases: 1 },
    { from: 3, to: 2, handoffs: 1, returns: 1, cases: 1 },
  ]);
  expect(report.climbs).toEqual({
    casesUp: 1,
    casesUpAndDown: 1,
    casesSkippingATier: 1,
    handoffsPerCase: { median: 5, p90: 5, max: 5 },
  });
  expect(report).toMatchObject({ handoffs: 5, pingPong: 3 });
});

test('the same log gives the same report, and a limit changes no verdict on the cases it leaves', async () => {
  const [{ report, verdicts }, again] = [await reportOnSample(), await reportOnSample()];
  expect({ ...again.report, file: '' }).toEqual({ ...report, file: '' });
  const log = await readSample(bpic2013, sample(changes), { limit: 2 });
  expect(log).toMatchObject({ rows: 13, cases: 2, rowsUsed: 9 });
  expect(log.rowsSkipped).toMatchObject([{ reason: 'the case is beyond the first 2', count: 4 }]);
  expect(foldLog(log, rulesOver(policyOn('always'), log))).toEqual(verdicts.slice(0, 2));
});

test('a log without a usable row is refused with the reasons', async () => {
  const reading = readSample(bpic2013, sample([['1', 'Lost/Lost', '10:00']]));
  await expect(reading).rejects.toThrow(
    'no row that can be used: concept:name is not a known status (1, line 2: "Lost")',
  );
  await expect(readSample(bpic2013, { usual: {}, rows: [] })).rejects.toThrow(
    'it has no rows below its header',
  );
});

test('two sets of verdicts are compared figure by figure', async () => {
  const { verdicts } = await reportOnSample();
  expect(differences(verdicts, verdicts.toReversed())).toEqual([]);
  const [first, second, ...others] = verdicts as [Verdict, Verdict, ...Verdict[]];
  const altered: Verdict = {
    ...first,
    tier: 2,
    shares: { ...first.shares, vendor: 0, tier1: 5 },
    clocks: first.clocks.map((clock) => (clock.clock === 'resolution' ? { ...clock, breachedAt: 7 } : clock)),
  };
  const stranger: Verdict = { ...second, caseId: 'stranger' };
  expect(differences(verdicts, [altered, stranger, ...others])).toEqual([
    { caseId: 'in time', field: 'tier', pure: 1, engine: 2 },
    { caseId: 'in time', field: 'shares.tier1', pure: 14_400_000, engine: 5 },
    { caseId: 'in time', field: 'clocks.resolution/1.breachedAt', pure: null, engine: 7 },
    { caseId: 'late answer', field: 'case', pure: 'present', engine: null },
    { caseId: 'stranger', field: 'case', pure: null, engine: 'present' },
  ]);
});
