/** What is wrong with a policy file is told to its editor: file, line, column, field, and the fact. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicies } from '../../api/schemas/policy.ts';
import { parseDuration } from '../../api/schemas/policy-clocks.ts';
import { PolicyFileError } from '../../api/schemas/policy-file.ts';

/** A whole policy; the cases below replace one of its lines. The numbers in their expectations are lines of it. */
const GOOD = [
  /*  1 */ 'name: gold',
  /*  2 */ 'precedence: 10',
  /*  3 */ 'match: [{ customer: acme }]',
  /*  4 */ 'priorityMatrix:',
  /*  5 */ '  high: { high: P1, medium: P2, low: P3 }',
  /*  6 */ '  medium: { high: P2, medium: P3, low: P4 }',
  /*  7 */ '  low: { high: P3, medium: P4, low: P4 }',
  /*  8 */ 'tiers:',
  /*  9 */ '  - { tier: 1, name: Desk }',
  /* 10 */ '  - { tier: 2, name: Experts }',
  /* 11 */ 'calendars:',
  /* 12 */ '  office:',
  /* 13 */ '    timezone: Europe/Berlin',
  /* 14 */ '    hours:',
  /* 15 */ "      mon: [['09:00', '17:00']]",
  /* 16 */ "    holidays: ['2026-12-25']",
  /* 17 */ '    exceptions: {}',
  /* 18 */ 'clocks:',
  /* 19 */ '  resolution:',
  /* 20 */ '    calendar: office',
  /* 21 */ '    targets:',
  /* 22 */ '      P1: 4h',
  /* 23 */ '      P2: { target: 8h, calendar: always }',
  /* 24 */ '    pausedBy: [customer]',
  /* 25 */ '    reopen: continue',
  /* 26 */ '    ladder:',
  /* 27 */ '      - at: 75%',
  /* 28 */ '        actions: [{ notify: lead }]',
  /* 29 */ '      - at: breach',
  /* 30 */ '        actions: [{ handOff: 2 }]',
  /* 31 */ 'autoCloseAfter: 5d',
  /* 32 */ 'backdating: { person: 15m, integration: 24h }',
];

const withLine = (line: number, text: string): string => GOOD.with(line - 1, text).join('\n');
const withoutLine = (line: number): string => GOOD.toSpliced(line - 1, 1).join('\n');

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tierline-policies-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(root, 'case-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

async function faultsOf(folder: string): Promise<PolicyFileError> {
  const error = await loadPolicies(folder).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PolicyFileError) return error;
  throw new Error('The files were expected to be refused', { cause: error });
}

/** `line:column pointer code`, in the order they are told. */
async function findingsOf(text: string): Promise<string[]> {
  const { findings } = await faultsOf(await folderOf({ 'gold.yaml': text }));
  return findings.map(({ line, column, pointer, code }) => `${line}:${column} ${pointer} ${code}`);
}

describe('a whole policy file', () => {
  test('is read with its durations, targets and steps', async () => {
    const [policy] = await loadPolicies(await folderOf({ 'gold.yaml': GOOD.join('\n') }));
    expect(policy).toMatchObject({ name: 'gold', version: 1, autoCloseAfterMs: 432_000_000 });
    expect(policy!.clocks['firstResponse']).toBeUndefined();
    expect(policy!.clocks['resolution']!).toEqual({
      targets: { P1: { ms: 14_400_000, calendar: 'office' }, P2: { ms: 28_800_000, calendar: 'always' } },
      pausedBy: ['customer'],
      reopen: 'continue',
      ladder: [
        { id: 'at-75', percent: 75, offsetMs: 0, actions: [{ notify: 'lead' }] },
        { id: 'breach', percent: 100, offsetMs: 0, actions: [{ handOff: 2 }] },
      ],
    });
  });

  test('may leave out what has a usual answer', async () => {
    const text = GOOD.filter((_, i) => ![2, 15, 16, 23, 24, 25, 26, 27, 28, 29, 30, 31].includes(i)).join(
      '\n',
    );
    const [policy] = await loadPolicies(await folderOf({ 'gold.yaml': text }));
    expect(policy).toMatchObject({
      match: [],
      autoCloseAfterMs: null,
      backdating: { personMs: 900_000, integrationMs: 86_400_000 },
    });
    expect(policy!.clocks['resolution']!).toMatchObject({
      pausedBy: ['customer', 'vendor'],
      reopen: 'continue',
      ladder: [],
    });
  });

  test('sets no clock where a target is zero', async () => {
    const [policy] = await loadPolicies(await folderOf({ 'gold.yaml': withLine(22, '      P1: 0m') }));
    expect(Object.keys(policy!.clocks['resolution']!.targets)).toEqual(['P2']);
  });

  test('counts a step before the deadline from the target, and one after it beyond', async () => {
    const before = withLine(27, '      - before: 30m').replace('at: breach', 'after: 1h');
    const [policy] = await loadPolicies(await folderOf({ 'gold.yaml': before }));
    expect(policy!.clocks['resolution']!.ladder).toMatchObject([
      { id: 'before-1800s', percent: 100, offsetMs: -1_800_000 },
      { id: 'after-3600s', percent: 100, offsetMs: 3_600_000 },
    ]);
  });
});

describe('a broken policy file is refused', () => {
  test.each<[fact: string, text: string, findings: string[]]>([
    ['that is empty', '', ['1:1  wrong_kind']],
    ['that is not YAML', withLine(3, 'match: [{ customer: acme }'), ['4:1  yaml_malformed']],
    ['that says a field twice', withLine(2, 'name: silver'), ['2:1  yaml_malformed']],
    ['without a name', withoutLine(1), ['1:1 /name missing']],
    ['with a name of capitals', withLine(1, 'name: Gold'), ['1:1 /name value_invalid']],
    ['with a field nobody knows', withLine(31, 'autoClose: 5d'), ['31:1 /autoClose unknown_key']],
    [
      'matching by an unknown field',
      withLine(3, 'match: [{ client: acme }]'),
      ['3:11 /match/0/client unknown_key'],
    ],
    [
      'with a gap in its matrix',
      withLine(6, '  medium: { high: P2, low: P4 }'),
      ['6:3 /priorityMatrix/medium/medium missing'],
    ],
    [
      'with an unknown priority in its matrix',
      withLine(5, '  high: { high: P0, medium: P2, low: P3 }'),
      ['5:11 /priorityMatrix/high/high value_unknown'],
    ],
    [
      'with a tier listed twice',
      withLine(10, '  - { tier: 1, name: Two }'),
      [
        '10:7 /tiers/1/tier tier_repeated',
        '30:21 /clocks/resolution/ladder/1/actions/0/handOff tier_unknown',
      ],
    ],
    [
      'with an unknown zone',
      withLine(13, '    timezone: Europe/Atlantis'),
      ['13:5 /calendars/office/timezone zone_unknown'],
    ],
    [
      'with a window of no length',
      withLine(15, "      mon: [['09:00', '09:00']]"),
      ['15:13 /calendars/office/hours/mon/0 window_empty'],
    ],
    [
      'that closes at 23:59',
      withLine(15, "      mon: [['09:00', '23:59']]"),
      ['15:13 /calendars/office/hours/mon/0 closing_before_midnight'],
    ],
    [
      'with windows that overlap',
      withLine(15, "      mon: [['09:00', '12:00'], ['11:00', '17:00']]"),
      ['15:33 /calendars/office/hours/mon/1 windows_overlap'],
    ],
    [
      'with a calendar that never opens',
      withLine(15, '      mon: []'),
      ['14:5 /calendars/office/hours never_open'],
    ],
    [
      'with a holiday that is no date',
      withLine(16, "    holidays: ['2026-12-25', '2026-02-30']"),
      ['16:30 /calendars/office/holidays/1 date_malformed'],
    ],
    [
      'that redefines always',
      withLine(12, "  always: { timezone: UTC, hours: { mon: [['09:00', '17:00']] } }\n  office:"),
      ['12:3 /calendars/always calendar_reserved'],
    ],
    [
      'counting on an unknown calendar',
      withLine(23, '      P2: { target: 8h, calendar: factory }'),
      ['23:25 /clocks/resolution/targets/P2/calendar calendar_unknown'],
    ],
    ['counting on no calendar', withoutLine(20), ['21:7 /clocks/resolution/targets/P1 calendar_missing']],
    [
      'with a duration without unit',
      withLine(22, '      P1: 240'),
      ['22:7 /clocks/resolution/targets/P1 duration_malformed'],
    ],
    [
      'with a duration in words',
      withLine(31, 'autoCloseAfter: 5 days'),
      ['31:1 /autoCloseAfter duration_malformed'],
    ],
    [
      'with a target for an unknown priority',
      withLine(22, '      P5: 4h'),
      ['22:7 /clocks/resolution/targets/P5 unknown_key'],
    ],
    ['with an unknown clock', withLine(19, '  repair:'), ['19:3 /clocks/repair clock_unknown']],
    [
      'paused by an unknown reason',
      withLine(24, '    pausedBy: [weather]'),
      ['24:16 /clocks/resolution/pausedBy/0 value_unknown'],
    ],
    [
      'with an unknown reopen rule',
      withLine(25, '    reopen: again'),
      ['25:5 /clocks/resolution/reopen value_unknown'],
    ],
    [
      'with two steps of one id',
      withLine(27, '      - { id: breach, at: 75%, actions: [{ notify: lead }] }\n      - at: 80%'),
      ['30:9 /clocks/resolution/ladder/2 step_repeated'],
    ],
    [
      'with a step due at two moments',
      withLine(27, '      - at: 75%\n        after: 1h'),
      ['27:9 /clocks/resolution/ladder/0 moment_ambiguous'],
    ],
    [
      'with a step due at a share without its sign',
      withLine(27, '      - at: 75'),
      ['27:9 /clocks/resolution/ladder/0/at moment_malformed'],
    ],
    [
      'with a step that would be due as soon as the clock starts',
      withLine(27, '      - before: 4h'),
      ['27:9 /clocks/resolution/ladder/0 step_at_start'],
    ],
    [
      'with a step that does nothing',
      withLine(28, '        actions: []'),
      ['28:9 /clocks/resolution/ladder/0/actions value_invalid'],
    ],
    [
      'telling an unknown audience',
      withLine(28, '        actions: [{ notify: boss }]'),
      ['28:21 /clocks/resolution/ladder/0/actions/0/notify value_unknown'],
    ],
    [
      'handing off to an unknown tier',
      withLine(30, '        actions: [{ handOff: 3 }]'),
      ['30:21 /clocks/resolution/ladder/1/actions/0/handOff tier_unknown'],
    ],
  ])('%s', async (_fact, text, findings) => {
    expect(await findingsOf(text)).toEqual(findings);
  });

  test('with all its faults at once, in the order of the text', async () => {
    const text = GOOD.with(1, 'precedence: -1')
      .with(12, '    timezone: Mars/Base')
      .with(21, '      P1: soon')
      .join('\n');
    expect(await findingsOf(text)).toEqual([
      '2:1 /precedence value_invalid',
      '13:5 /calendars/office/timezone zone_unknown',
      '22:7 /clocks/resolution/targets/P1 duration_malformed',
    ]);
  });

  test('with a message that names file, place, field and fact', async () => {
    const folder = await folderOf({ 'gold.yaml': withLine(22, '      P1: 15x') });
    const { message } = await faultsOf(folder);
    expect(message).toBe(
      `${join(folder, 'gold.yaml')}:22:7 /clocks/resolution/targets/P1: ` +
        '15x is not a duration such as 20s, 15m, 1h30m or 5d, nor a period such as 4 business days or 1 month',
    );
  });

  test('at the anchor where a repeated fault was written', async () => {
    const text = withLine(15, "      mon: &day [['17:00', '09:00']]\n      tue: *day");
    expect(await findingsOf(text)).toEqual([
      '15:18 /calendars/office/hours/mon/0 window_empty',
      '15:18 /calendars/office/hours/tue/0 window_empty',
    ]);
  });
});

describe('a folder of policies is refused', () => {
  test('when it holds none', async () => {
    const folder = await folderOf({ 'README.md': 'nothing here' });
    expect((await faultsOf(folder)).findings).toMatchObject([{ file: folder, code: 'no_policies' }]);
  });

  test('when two policies have one name, at the second', async () => {
    const folder = await folderOf({ 'a.yaml': GOOD.join('\n'), 'b.yaml': `# a copy\n${GOOD.join('\n')}` });
    expect((await faultsOf(folder)).findings).toMatchObject([
      { file: join(folder, 'b.yaml'), line: 2, column: 1, pointer: '/name', code: 'policy_repeated' },
    ]);
  });

  test('with the faults of every file, not of the first alone', async () => {
    const folder = await folderOf({ 'a.yaml': withoutLine(1), 'b.yaml': withLine(31, 'autoCloseAfter: x') });
    const { findings } = await faultsOf(folder);
    expect(findings.map(({ file, code }) => `${file.slice(folder.length + 1)} ${code}`)).toEqual([
      'a.yaml missing',
      'b.yaml duration_malformed',
    ]);
  });

  test('never for what is in its folders or is no YAML', async () => {
    const folder = await folderOf({ 'gold.yaml': GOOD.join('\n'), 'notes.txt': 'name: broken' });
    await mkdir(join(folder, 'old'));
    await writeFile(join(folder, 'old', 'gold.yaml'), 'name: broken');
    expect(await loadPolicies(folder)).toHaveLength(1);
  });
});

describe('a duration', () => {
  test.each([
    ['20s', 20_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['5d', 432_000_000],
    ['1d1h1m1s', 90_061_000],
    ['0m', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', 'm', '1.5h', '30m1h', '1h 30m', '-5m', '1w', '15M', '99999d'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});
