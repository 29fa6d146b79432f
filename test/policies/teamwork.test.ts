/** What a policy may say of the tiers' work together, and what is wrong with it. */
import { describe, expect, test } from '@jest/globals';
import { parsePolicy } from '../../api/schemas/policy.ts';
import { storedCalendarsOf } from '../../domain/rules.ts';

/** The least of a policy, with more in it. */
const written = (more: object) => ({
  name: 'gold',
  precedence: 1,
  priorityMatrix: {
    high: { high: 'P1', medium: 'P2', low: 'P3' },
    medium: { high: 'P2', medium: 'P3', low: 'P4' },
    low: { high: 'P3', medium: 'P4', low: 'P4' },
  },
  tiers: [
    { tier: 1, name: 'Desk' },
    { tier: 2, name: 'Experts' },
  ],
  clocks: { resolution: { calendar: 'always', targets: { P1: '4h' } } },
  ...more,
});

function read(more: object, stored: string[] = []) {
  const result = parsePolicy(written(more), { stored });
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result.policy;
}

function faultsOf(more: object): string[] {
  const result = parsePolicy(written(more));
  return 'issues' in result ? result.issues.map(({ path, code }) => `${path.join('.')} ${code}`) : [];
}

describe('a policy', () => {
  test('says what a handoff to a tier requires, who is on call and what an hour costs', () => {
    const policy = read({
      tiers: [
        { tier: 1, name: 'Desk', rate: { perHour: 40, currency: 'EUR' } },
        { tier: 2, name: 'Experts', requires: ['symptoms'], onCall: {} },
      ],
    });
    expect(policy.tiers).toMatchObject([
      { rate: { perHour: 40, currency: 'EUR' } },
      { requires: ['symptoms'], onCall: { calendar: 'always' } },
    ]);
  });

  test('says what vendors owe, on their own calendars', () => {
    const vendors = { acme: { contract: { calendar: 'theirs', targets: { P1: '2h' } }, hold: true } };
    const policy = read({ vendors }, ['theirs']);
    expect(policy.vendors).toEqual({
      acme: { targets: { P1: { ms: 7_200_000, calendar: 'theirs' } }, hold: true },
    });
    expect(storedCalendarsOf(policy)).toEqual(['theirs']);
  });

  test('says when the customer hears, and what becomes of what comes back', () => {
    const policy = read({
      updates: [{ on: 'resolved', send: 'resolved' }],
      recurrence: { count: 3, within: '7d', quiet: '14d' },
      surge: [{ tier: 1, depth: 40, raiseTo: 2 }],
      knowledge: { articleTask: { within: '40h' } },
    });
    expect(policy).toMatchObject({
      updates: [{ on: 'resolved', template: 'resolved', send: true }],
      recurrence: { count: 3, withinMs: 7 * 86_400_000, quietMs: 14 * 86_400_000 },
      surge: [{ tier: 1, depth: 40, notify: 'lead', raiseTo: 2 }],
      knowledge: { articleTask: { ms: 40 * 3_600_000, calendar: 'always' } },
    });
  });
});

describe('what is wrong is told with its place', () => {
  const ladder = (action: object) => ({
    clocks: {
      resolution: {
        calendar: 'always',
        targets: { P1: '4h' },
        ladder: [{ at: '50%', actions: [action] }],
      },
    },
  });
  test.each<[string, object, string]>([
    [
      'an item that no packet has',
      { tiers: [{ tier: 1, name: 'Desk', requires: ['gossip'] }] },
      'tiers.0.requires.0 value_unknown',
    ],
    [
      'a currency in words',
      { tiers: [{ tier: 1, name: 'Desk', rate: { perHour: 1, currency: 'euro' } }] },
      'tiers.0.rate.currency value_invalid',
    ],
    [
      'duty on a calendar that is not there',
      { tiers: [{ tier: 1, name: 'Desk', onCall: { calendar: 'nights' } }] },
      'tiers.0.onCall.calendar calendar_unknown',
    ],
    [
      'a contract that counts on no calendar',
      { vendors: { acme: { contract: { targets: { P1: '2h' } } } } },
      'vendors.acme.contract.targets.P1 calendar_missing',
    ],
    [
      'an update that is sent and drafted',
      { updates: [{ on: 'resolved', send: 'a', draft: 'b' }] },
      'updates.0 update_ambiguous',
    ],
    [
      'recurrence of what happened once',
      { recurrence: { count: 1, within: '1d' } },
      'recurrence.count value_invalid',
    ],
    ['a surge of a tier that is not there', { surge: [{ tier: 7, depth: 5 }] }, 'surge.0.tier tier_unknown'],
    [
      'a surge that is over while it begins',
      { surge: [{ tier: 1, depth: 5, clearAt: 5 }] },
      'surge.0.clearAt clear_above_depth',
    ],
    [
      'a consult at a tier that is not there',
      ladder({ suggestConsult: 9 }),
      'clocks.resolution.ladder.0.actions.0.suggestConsult tier_unknown',
    ],
    [
      'a template with a blank',
      ladder({ sendUpdate: 'how are you' }),
      'clocks.resolution.ladder.0.actions.0.sendUpdate value_invalid',
    ],
    [
      'an action that does two things',
      ladder({ declareMajor: true, sendUpdate: 'status' }),
      'clocks.resolution.ladder.0.actions.0 action_ambiguous',
    ],
  ])('%s', (_what, more, fault) => {
    expect(faultsOf(more)).toEqual([fault]);
  });
});
