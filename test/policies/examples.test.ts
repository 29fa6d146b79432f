/** A policy carries its own tests: they are read, played, and what is not kept is told with its place and reason. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFile, loadPolicies, parsePolicy, policyHash } from '../../api/schemas/policy.ts';
import { PolicyFileError } from '../../api/schemas/policy-file.ts';
import { examplesOf, runExamples, writtenDuration, type ExampleFailure } from '../../domain/examples.ts';
import type { Policy } from '../../domain/policy.ts';
import { resolveRules } from '../../domain/rules.ts';

/** Round the clock, so that every instant can be reckoned in the head. */
const POLICY = {
  name: 'plain',
  precedence: 1,
  priorityMatrix: {
    high: { high: 'P1', medium: 'P2', low: 'P3' },
    medium: { high: 'P2', medium: 'P3', low: 'P4' },
    low: { high: 'P3', medium: 'P4', low: 'P4' },
  },
  tiers: [
    { tier: 1, name: 'one' },
    { tier: 2, name: 'two' },
  ],
  clocks: {
    resolution: {
      calendar: 'always',
      targets: { P1: '4h', P2: '8h' },
      reopen: 'newCycle',
      ladder: [
        { at: '75%', actions: [{ notify: 'assignee' }] },
        { at: 'breach', actions: [{ handOff: 'next' }] },
      ],
    },
  },
  autoCloseAfter: '5d',
  security: { tlp: 'TLP:GREEN', types: ['malware'] },
};

const at = (hour: string): string => `2026-02-03T${hour}Z`;
const STORY = { name: 'a story', opened: at('10:00'), priority: 'P1' };

/** Without what is undefined, as a file would have it. */
const written = (value: object): unknown => JSON.parse(JSON.stringify(value));

function policyWith(...examples: object[]): Policy {
  const parsed = parsePolicy(written({ ...POLICY, examples }));
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.policy;
}

const failures = (example: object): ExampleFailure[] => runExamples(policyWith({ ...STORY, ...example }));
const messages = (example: object): string[] => failures(example).map(({ message }) => message);

describe('an example', () => {
  test.each<[fact: string, example: object]>([
    [
      'of a running clock',
      { expect: { clocks: { resolution: { deadlineAt: at('14:00'), state: 'running' } } } },
    ],
    [
      'whose offset is not UTC',
      { expect: { clocks: { resolution: { deadlineAt: '2026-02-03T15:00:00.000+01:00' } } } },
    ],
    [
      'of a breach, the ladder and the tier it leads to',
      {
        until: at('15:00'),
        expect: {
          clocks: { resolution: { breached: true, breachedAt: at('14:00'), elapsed: '5h' } },
          steps: ['resolution/at-75', { clock: 'resolution', step: 'breach', at: at('14:00:00.001') }],
          tier: 2,
        },
      },
    ],
    [
      'whose priority follows from impact and urgency',
      { priority: undefined, impact: 'high', urgency: 'medium', expect: { priority: 'P2' } },
    ],
    [
      'of two cycles',
      {
        events: [
          { at: at('11:00'), type: 'resolved' },
          { at: at('12:00'), type: 'reopened' },
        ],
        expect: {
          state: 'open',
          clocks: {
            resolution: [
              { cycle: 1, metAt: at('11:00') },
              { startedAt: at('12:00'), metAt: null },
            ],
          },
        },
      },
    ],
    ['of a clock that there is not', { expect: { clocks: { firstResponse: [] } } }],
    [
      'that closes by itself',
      {
        events: [{ at: at('11:00'), type: 'resolved' }],
        until: '2026-02-08T11:00Z',
        expect: { state: 'closed' },
      },
    ],
    ['of a ticket that is no security incident', { expect: { severity: null, tlp: null } }],
    [
      'of a type that the policy takes for a security incident',
      { type: 'malware', expect: { severity: 'critical', tlp: 'TLP:GREEN' } },
    ],
    [
      'whose events are not in order',
      {
        events: [
          { at: at('12:00'), type: 'resolved' },
          { at: at('11:00'), type: 'acknowledged' },
        ],
        expect: { clocks: { resolution: { elapsed: '2h' } } },
      },
    ],
  ])('%s is kept', (_fact, example) => {
    expect(messages(example)).toEqual([]);
  });

  test.each<[fact: string, example: object, message: string]>([
    [
      'deadline',
      { expect: { clocks: { resolution: { deadlineAt: at('15:00') } } } },
      'resolution deadlineAt is expected to be 2026-02-03T15:00:00.000Z, and is 2026-02-03T14:00:00.000Z',
    ],
    [
      'elapsed time',
      { until: at('11:30'), expect: { clocks: { resolution: { elapsed: '1h' } } } },
      'resolution elapsed is expected to be 1h, and is 1h30m',
    ],
    [
      'breach',
      { until: at('14:00'), expect: { clocks: { resolution: { breached: true } } } },
      'resolution breached is expected to be true, and is false',
    ],
    ['label', { expect: { tlp: 'TLP:RED' } }, 'tlp is expected to be TLP:RED, and is none'],
    [
      'severity',
      { type: 'malware', expect: { severity: null } },
      'severity is expected to be none, and is critical',
    ],
    [
      'clock that there is not',
      { expect: { clocks: { firstResponse: {} } } },
      'firstResponse is expected to be a clock, and is none',
    ],
    [
      'number of cycles',
      { expect: { clocks: { resolution: [] } } },
      'resolution is expected to be 0 cycles, and is 1',
    ],
    [
      'step that comes too',
      { until: at('15:00'), expect: { steps: ['resolution/breach'] } },
      'steps is expected to be resolution/breach, and is resolution/at-75, resolution/breach',
    ],
    [
      'instant of a step',
      {
        until: at('13:00'),
        expect: { steps: [{ clock: 'resolution', step: 'at-75', at: at('12:00') }] },
      },
      'resolution/at-75 is expected to be 2026-02-03T12:00:00.000Z, and is 2026-02-03T13:00:00.000Z',
    ],
    ['tier', { expect: { tier: 2 } }, 'tier is expected to be 2, and is 1'],
    ['state', { expect: { state: 'onHold' } }, 'state is expected to be onHold, and is open'],
  ])('with another %s fails with what is expected and what is so', (_fact, example, message) => {
    expect(messages(example)).toEqual([`example "a story": ${message}`]);
  });

  test('that fails says why: the place, and the spans of the clock', () => {
    const [failure] = failures({
      events: [
        { at: at('10:30'), type: 'messageAdded', author: 'agent', visibility: 'public' },
        { at: at('11:00'), type: 'held', reason: 'customer' },
      ],
      until: at('12:00'),
      expect: { clocks: { resolution: { elapsed: '2h' } } },
    });
    expect(failure!.path).toEqual(['examples', 0, 'expect', 'clocks', 'resolution', 'elapsed']);
    expect(failure!.why).toMatchObject({
      clock: 'resolution',
      calendar: 'always',
      spans: [{ kind: 'running' }, { kind: 'paused', reason: 'customer' }],
    });
  });

  test('that fails names the events that changed nothing', () => {
    const held = { at: at('11:00'), type: 'held', reason: 'customer' };
    const [message] = messages({ events: [held], expect: { state: 'onHold' } });
    expect(message).toContain('without effect: held at 2026-02-03T11:00:00.000Z (public_question_missing)');
  });
});

describe('an example is refused', () => {
  test.each<[fact: string, example: object, issue: string]>([
    ['without a name', { name: undefined }, 'examples/0/name missing'],
    ['with a time of no offset', { opened: '2026-02-03T10:00' }, 'examples/0/opened instant_malformed'],
    ['with a day that is none', { opened: '2026-02-30T10:00Z' }, 'examples/0/opened instant_malformed'],
    ['without a priority', { priority: undefined, impact: 'high' }, 'examples/0 priority_missing'],
    [
      'with an event before its opening',
      { events: [{ at: at('09:00'), type: 'resolved' }] },
      'examples/0/events/0 before_opening',
    ],
    [
      'with an event that is never played',
      { events: [{ at: at('11:00'), type: 'resolved' }], until: at('10:30') },
      'examples/0/events/0 after_until',
    ],
    ['that ends before it begins', { until: at('09:00') }, 'examples/0/until until_too_early'],
    [
      'with an unknown event',
      { events: [{ at: at('11:00'), type: 'vanished' }] },
      'examples/0/events/0/type value_unknown',
    ],
    [
      'with an event of other fields',
      { events: [{ at: at('11:00'), type: 'held', why: 'customer' }] },
      'examples/0/events/0/reason missing, examples/0/events/0/why unknown_key',
    ],
    ['expecting an unknown field', { expect: { team: 'a' } }, 'examples/0/expect/team unknown_key'],
    [
      'expecting a duration in words',
      { expect: { clocks: { resolution: { elapsed: '2 hours' } } } },
      'examples/0/expect/clocks/resolution/elapsed duration_malformed',
    ],
    [
      'expecting a step without its clock',
      { expect: { steps: ['breach'] } },
      'examples/0/expect/steps/0 value_invalid',
    ],
  ])('%s', (_fact, change, issue) => {
    const parsed = parsePolicy(written({ ...POLICY, examples: [{ ...STORY, expect: {}, ...change }] }));
    const issues = 'issues' in parsed ? parsed.issues : [];
    expect(issues.map(({ path, code }) => `${path.join('/')} ${code}`).join(', ')).toBe(issue);
  });

  test('where its name is given twice', () => {
    const parsed = parsePolicy({
      ...POLICY,
      examples: [
        { ...STORY, expect: {} },
        { ...STORY, expect: {} },
      ],
    });
    expect(parsed).toMatchObject({ issues: [{ path: ['examples', 1, 'name'], code: 'example_repeated' }] });
  });
});

describe('a policy with examples', () => {
  const policy = policyWith({ ...STORY, expect: {} });

  test('says the same as without them: they make no new version, and no ticket carries them', () => {
    expect(policyHash(policy)).toBe(policyHash(policyWith()));
    expect(resolveRules(policy, { openedAt: 0, now: 0 }).policy).not.toHaveProperty('examples');
    expect(examplesOf(policy)).toHaveLength(1);
  });

  test('is stored and played again as it was', () => {
    const stored = JSON.parse(JSON.stringify(policyWith({ ...STORY, expect: { tier: 2 } }))) as Policy;
    expect(runExamples(stored)).toHaveLength(1);
  });

  test('is not loaded while one of them fails; the place of the expectation is told', async () => {
    const file = join(folder, 'plain.yaml');
    const text = JSON.stringify({ ...POLICY, examples: [{ ...STORY, expect: { tier: 2 } }] }, null, 1);
    await writeFile(file, text);
    const line = text.split('\n').findIndex((one) => one.includes('"expect"')) + 2;
    await expect(loadPolicies(folder)).rejects.toThrow(PolicyFileError);
    const { policy: found, findings } = await loadFile(file);
    expect(found?.name).toBe('plain');
    expect(findings).toMatchObject([
      {
        line,
        pointer: '/examples/0/expect/tier',
        code: 'example_failed',
        message: expect.stringContaining('tier'),
      },
    ]);
  });

  test('plays only so much of all its stories together', () => {
    const ladder = Array.from({ length: 99 }, (_, i) => ({
      id: `s${i}`,
      after: `${i + 1}m`,
      actions: [{ notify: 'lead' }],
    }));
    const resolution = { calendar: 'always', targets: { P1: '1m' }, reopen: 'newCycle', ladder };
    const events = Array.from({ length: 40 }, (_, i) => ({
      at: `2026-02-${String(4 + Math.floor(i / 2)).padStart(2, '0')}T${i % 2 === 0 ? '10:00' : '18:00'}Z`,
      type: i % 2 === 0 ? 'resolved' : 'reopened',
    }));
    const examples = ['one', 'two', 'three'].map((name) => ({ ...STORY, name, events, expect: {} }));
    const parsed = parsePolicy({ ...POLICY, clocks: { resolution }, examples });
    const failed = 'policy' in parsed ? runExamples(parsed.policy) : [];
    expect(failed.map(({ example, path }) => [example, path.at(-1)])).toEqual([['three', 'until']]);
    expect(failed[0]!.message).toContain('broken off after');
  });

  test('of which the stories lie years apart is played all the same', () => {
    const far = { ...STORY, name: 'later', opened: '2036-02-03T10:00Z' };
    const expected = { clocks: { resolution: { deadlineAt: '2036-02-03T14:00Z' } } };
    expect(runExamples(policyWith({ ...STORY, expect: {} }, { ...far, expect: expected }))).toEqual([]);
  });
});

test.each([
  [0, '0s'],
  [93_784_005, '26h3m4s5ms'],
  [-60_000, '-1m'],
])('%d milliseconds are written %s', (ms, text) => {
  expect(writtenDuration(ms)).toBe(text);
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tierline-examples-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
