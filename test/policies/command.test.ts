/** `tierline policy check` and `test`: what a user sees of a good file, a broken one, and one with warnings. */
import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, test as testPolicies, type PolicyOptions } from '../../bin/policy.ts';
import { projectRoot, temporaryFolder } from '../bin/helpers.ts';

const STANDARD = join(projectRoot, 'policies', 'standard.yaml');
const text = readFileSync(STANDARD, 'utf8');

function fileWith(name: string, content: string): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, content);
  return file;
}

const changed = (...changes: [from: string, to: string][]): string =>
  fileWith(
    'changed.yaml',
    changes.reduce((soFar, [from, to]) => {
      if (!soFar.includes(from)) throw new Error(`standard.yaml does not say ${from}`);
      return soFar.replace(from, to);
    }, text),
  );

async function run(what: typeof check, files: string[], options: PolicyOptions = {}) {
  const printed: string[] = [];
  const ok = await what(files, options, {
    policiesDir: join(projectRoot, 'policies'),
    print: (line) => printed.push(line),
    now: () => Date.parse('2026-06-01T00:00Z'),
  });
  return { ok, text: printed.join('\n') };
}

async function warningsOf(file: string): Promise<string[]> {
  const { text: printed } = await run(check, [file], { json: true });
  const [checked] = (JSON.parse(printed) as { files: { warnings: { pointer: string; code: string }[] }[] })
    .files;
  return checked!.warnings.map(({ pointer, code }) => `${pointer} ${code}`);
}

test('check says what a good policy promises', async () => {
  const { ok, text: printed } = await run(check, [STANDARD]);
  expect(ok).toBe(true);
  expect(printed).toContain('policy standard is fine');
  expect(printed).toMatch(
    /^ {2}resolution +4h always +8h office +24h office +40h office +customer, vendor +continue$/m,
  );
  expect(printed).toMatch(/^ {2}resolution +breach +at breach +notify lead, handOff next$/m);
  expect(printed).toContain('calendar office: Europe/London, 16 holidays');
});

/** Says what standard.yaml has no need of. */
const RICH = `
name: rich
precedence: 1
priorityMatrix:
  high: { high: P2, medium: P2, low: P3 }
  medium: { high: P2, medium: P3, low: P4 }
  low: { high: P3, medium: P4, low: P4 }
tiers:
  - { tier: 1, name: Desk, calendar: desk, teams: [{ name: night, calendar: nights }] }
  - { tier: 2, name: Makers }
calendars:
  desk: { timezone: Europe/Lisbon, hours: { mon: [['09:00', '17:00']] } }
  nights: { timezone: Europe/Lisbon, hours: { mon: [['20:00', '24:00']] } }
  patience: { timezone: Europe/Lisbon, hours: { tue: [['09:00', '17:00']] } }
  lead: { timezone: Europe/Lisbon, hours: { wed: [['09:00', '17:00']] } }
clocks:
  customerUpdate: { calendar: always, targets: { P1: 1h }, systemUpdatesCount: true, basis: assigned }
  restore:
    calendar: always
    basis: accepted
    targets: { P1: 1h }
    ladder:
      - { at: breach, id: first, actions: [{ page: lead }], repeat: { every: 15m, times: 8 } }
      - { at: breach, actions: [{ raisePriority: next }, { openReviewTask: Why so late }], ifNobody: skip }
  commitment:
    ladder:
      - { at: 80%, actions: [{ notify: assignee }] }
      - { at: breach, actions: [{ notify: lead }] }
  tierWork:
    calendar: tier
    targets: { P1: 2h, P2: 4h }
    tiers: { '2': { P1: 3h, P3: 9h } }
    ladder:
      - { at: breach, actions: [{ handOff: next }, { notify: team }], ifNobody: wait }
      - { after: 1h, actions: [{ webhook: chat }, { page: lead }], ifNobody: skip }
      - { after: 1h, id: leads-hour, calendar: lead, actions: [{ notify: lead }], repeat: { every: 2h, times: 3 } }
  legal-report:
    startsAt: known
    stopsAt: reported
    calendar: desk
    targets: { P1: 5 business days, P2: 8h, P3: 1 month, P4: 1 month }
    ladder:
      - { at: 50%, actions: [{ notify: lead }] }
      - { at: breach, actions: [{ notify: manager }] }
holds:
  customer: { max: 10h, calendar: patience, atEnd: resume }
  vendor: { max: 2h, atEnd: askLead }
ackTimeout: 1h30m
`;

test('check says of a policy with tiers, teams, periods, holds and repetitions what it promises, without a warning', async () => {
  const { ok, text: printed } = await run(check, [fileWith('rich.yaml', RICH)]);
  expect(ok).toBe(true);
  expect(printed).not.toContain('warning');
  const lines = printed.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));
  expect(lines).toEqual(
    expect.arrayContaining([
      'tier 1 Desk: desk; team night nights',
      'tier 2 Makers: always',
      'a hold for customer lasts at most 10h patience, then it ends by itself',
      'a hold for vendor lasts at most 2h always, then the lead is asked',
      'an acknowledgement counts for 1h30m',
      'commitment | as promised | as promised | as promised | as promised | - | continue',
      'tierWork | 2h tier | 4h tier | - | - | customer, vendor | continue',
      'at tier 2 | 3h tier | as above | 9h tier | as above',
      'legal-report | 5 business days desk | 8h desk | 1 month desk | 1 month desk | - | continue',
      'tier: the hours of the team, or else the tier, that has the ticket',
      'legal-report runs from the mark known to the mark reported',
      'customerUpdate counts from when somebody is first assigned',
      'customerUpdate also takes what the system sends for an update',
      'restore counts from when a tier first accepts the ticket',
      'restore | first | at breach, then every 15m, 8 times | page lead',
      'restore | breach | at breach | raisePriority next, openReviewTask Why so late',
      'tierWork | breach | at breach | handOff next, notify team; waits until the tier opens',
      'tierWork | after-3600s | 1h after the deadline | webhook chat, page lead; who is not there is skipped',
      'tierWork | leads-hour | 1h on lead after the deadline, then every 2h on lead, 3 times | notify lead',
    ]),
  );
});

test('as JSON it says the same', async () => {
  const { text: printed } = await run(check, [fileWith('rich.yaml', RICH)], { json: true });
  const { files } = JSON.parse(printed) as { files: { promises: { clocks: object[] } }[] };
  const { clocks, ...promises } = files[0]!.promises;
  expect(promises).toMatchObject({
    tiers: [
      { tier: 1, calendar: 'desk', teams: [{ name: 'night', calendar: 'nights' }] },
      { tier: 2, calendar: 'always', teams: [] },
    ],
    holds: [
      { reason: 'customer', max: '10h', calendar: 'patience', atEnd: 'resume' },
      { reason: 'vendor', max: '2h', calendar: 'always', atEnd: 'askLead' },
    ],
    ackTimeout: '1h30m',
  });
  expect(clocks).toContainEqual(
    expect.objectContaining({
      clock: 'legal-report',
      startsAt: 'known',
      stopsAt: 'reported',
      targets: expect.objectContaining({ P1: { target: '5 business days', calendar: 'desk' } }) as object,
    }),
  );
  expect(clocks).toContainEqual(
    expect.objectContaining({
      clock: 'tierWork',
      tiers: { 2: { P1: { target: '3h', calendar: 'tier' }, P3: { target: '9h', calendar: 'tier' } } },
    }),
  );
});

test.each<[fact: string, changes: [from: string, to: string][], warnings: string[]]>([
  [
    'a longer period for what is more urgent',
    [['P1: 5 business days, P2: 8h', 'P1: 2 months, P2: 8h']],
    ['/clocks/legal-report/targets/P1 targets_out_of_order'],
  ],
  [
    'targets out of order at one tier only',
    [["'2': { P1: 3h,", "'2': { P1: 5h,"]],
    ['/clocks/tierWork/tiers/2/P1 targets_out_of_order'],
  ],
  [
    'steps that are due together, whatever a period or a promise comes to',
    [
      ['- { at: 50%, actions', '- { id: early, at: breach, actions'],
      ['- { at: 80%, actions', '- { id: early, at: breach, actions'],
    ],
    ['/clocks/commitment/ladder/0 step_never', '/clocks/legal-report/ladder/0 step_never'],
  ],
  [
    'a calendar that only a hold counted on',
    [['calendar: patience, atEnd', 'calendar: desk, atEnd']],
    ['/calendars/patience calendar_unused'],
  ],
  [
    'a priority that nothing leads to when no ladder raises to it',
    [['{ raisePriority: next }', '{ notify: lead }']],
    ['/priorityMatrix priority_unused'],
  ],
])('and of such a policy check warns of %s', async (_fact, changes, warnings) => {
  const file = changes.reduce((soFar, [from, to]) => {
    if (!soFar.includes(from)) throw new Error(`the policy does not say ${from}`);
    return soFar.replace(from, to);
  }, RICH);
  expect(await warningsOf(fileWith('rich.yaml', file))).toEqual(warnings);
});

test('without a file it checks the folder of policies, and every shipped one is fine without a warning', async () => {
  const { ok, text: printed } = await run(check, []);
  expect(ok).toBe(true);
  expect(printed).toContain('policy demo is fine');
  expect(printed).not.toContain('warning');
});

test('check names every fault with file, line, column, field and code', async () => {
  const file = changed(['precedence: 1000', 'precedence: -1'], ['P2: 8h', 'P2: soon']);
  const { ok, text: printed } = await run(check, [STANDARD, file]);
  expect(ok).toBe(false);
  expect(printed).toContain('has 2 faults');
  expect(printed).toMatch(/changed\.yaml:10:1 \/precedence: .* \(value_invalid\)/);
  expect(printed).toMatch(/changed\.yaml:\d+:7 \/clocks\/resolution\/targets\/P2: soon is not a duration/);
});

const OFFICE = "    timezone: UTC\n    hours: { mon: [['09:00', '17:00']] }\n";

test.each<[fact: string, changes: [string, string][], warnings: string[]]>([
  [
    'a window that a clock change drops',
    [['    holidays:\n', "      sun: [['01:30', '09:00']]\n    holidays:\n"]],
    ['/calendars/office/hours/sun/0 window_dropped'],
  ],
  [
    'calendars nobody counts on, and of one that says what another says',
    [['calendars:\n', `calendars:\n  spare:\n${OFFICE}  other:\n${OFFICE}`]],
    [
      '/calendars/spare calendar_unused',
      '/calendars/other calendar_unused',
      '/calendars/other calendar_same',
    ],
  ],
  [
    'a priority for which nothing is promised',
    [
      ['      P4: 8h\n', ''],
      ['      P4: 8h\n', ''],
      ['      P4: 40h\n', ''],
    ],
    ['/clocks priority_without_clock'],
  ],
  [
    'a more urgent priority with a longer target',
    [['P2: 8h', 'P2: 25h']],
    ['/clocks/resolution/targets/P2 targets_out_of_order'],
  ],
  [
    'two steps that are always due together',
    [['    ladder:\n', '    ladder:\n      - { id: early, at: 90%, actions: [{ notify: team }] }\n']],
    ['/clocks/firstResponse/ladder/0 step_never'],
  ],
  [
    'a hand-off that goes nowhere, and tiers that no ladder leads to',
    [
      ['{ handOff: next }', '{ handOff: 1 }'],
      ['{ handOff: next }', '{ handOff: 2 }'],
    ],
    ['/tiers/2 tier_never', '/clocks/firstResponse/ladder/2/actions/1 hand_off_never'],
  ],
])('check warns of %s', async (_fact, changes, warnings) => {
  expect(await warningsOf(changed(...changes))).toEqual(warnings);
});

test('check warns of a calendar whose holidays are all over', async () => {
  const file = changed([
    text.slice(text.indexOf("      - '2026-01-01'"), text.indexOf('    exceptions:')),
    "      - '2026-01-01'\n",
  ]);
  expect(await warningsOf(file)).toContain('/calendars/office/holidays holidays_over');
});

test('test plays the examples and says of a failing one what was expected, what came, and why', async () => {
  expect((await run(testPolicies, [STANDARD])).ok).toBe(true);
  const { ok, text: printed } = await run(testPolicies, [changed(['elapsed: 4h', 'elapsed: 5h'])]);
  expect(ok).toBe(false);
  expect(printed).toContain('1 of 11 examples fail');
  expect(printed).toMatch(
    /^ +FAILED a reopened ticket goes on where it stood\n.*changed\.yaml:\d+:\d+ resolution elapsed$/m,
  );
  expect(printed).toMatch(/expected 5h\n +got +4h/);
  expect(printed).toMatch(/counts on office \(Europe\/London\)\n +Tue 2026-02-03 09:00:00 .* running +4h$/m);
});

test('an instant is told in UTC and on the wall of the calendar', async () => {
  const { text: printed } = await run(testPolicies, [changed(['2026-04-07T16:00', '2026-04-07T15:00'])]);
  expect(printed).toContain('got      2026-04-07T15:00:00.000Z, Tue 2026-04-07 16:00:00 Europe/London');
});

test('a file that cannot be read as a policy fails its test', async () => {
  const { ok, text: printed } = await run(testPolicies, [fileWith('bad.yaml', 'name: [')]);
  expect([ok, printed]).toEqual([false, expect.stringContaining('cannot be read')]);
  await expect(run(testPolicies, ['nowhere.yaml'])).rejects.toThrow('There is no file nowhere.yaml');
  await expect(run(check, [temporaryFolder()])).rejects.toThrow('There is no policy in');
});
