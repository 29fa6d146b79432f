/** Which policy judges a ticket, and what it says of tiers and priorities. */
import { describe, expect, test } from '@jest/globals';
import {
  isMoreUrgent,
  lowestTier,
  matchPolicy,
  nextTier,
  priorityOf,
  type Policy,
} from '../../domain/policy.ts';
import { deskPolicy } from '../support/desk-policy.ts';

const named = (name: string, changes: Partial<Policy>): Policy => deskPolicy({ name, ...changes });

describe('the policy of a ticket', () => {
  const incident = { type: 'incident', customer: 'acme', service: 'mail' };
  const rest = named('rest', { precedence: 100 });

  test.each<[fact: string, policies: Policy[], name: string | undefined]>([
    ['is the first by precedence that fits', [rest, named('gold', { precedence: 10 })], 'gold'],
    ['is the first by name among those of one precedence', [named('b', {}), named('a', {})], 'a'],
    [
      'is not one that asks for another customer',
      [named('other', { match: [{ customer: 'globex' }] }), rest],
      'rest',
    ],
    [
      'needs every field of a condition to fit',
      [named('both', { match: [{ customer: 'acme', service: 'web' }] }), rest],
      'rest',
    ],
    [
      'needs one of several conditions to fit',
      [named('any', { match: [{ customer: 'globex' }, { service: 'mail' }] }), rest],
      'any',
    ],
    [
      'is not one that asks for a field the ticket does not have',
      [named('c', { match: [{ category: 'x' }] })],
      undefined,
    ],
    ['is never one without conditions', [named('demo', { match: [] })], undefined],
  ])('%s', (_fact, policies, name) => {
    expect(matchPolicy(policies, incident)?.name).toBe(name);
  });
});

test('impact and urgency give the priority by the matrix', () => {
  const policy = deskPolicy();
  expect([priorityOf(policy, 'high', 'high'), priorityOf(policy, 'low', 'medium')]).toEqual(['P1', 'P4']);
});

test('P1 is more urgent than P2, and no priority more urgent than itself', () => {
  expect([isMoreUrgent('P1', 'P2'), isMoreUrgent('P2', 'P1'), isMoreUrgent('P2', 'P2')]).toEqual([
    true,
    false,
    false,
  ]);
});

test('tiers are found whatever their order and their gaps', () => {
  const tiers = [5, 1, 3].map((tier) => ({ tier, name: `Tier ${tier}` }));
  const policy = deskPolicy({ tiers });
  expect([lowestTier(policy), nextTier(policy, 1), nextTier(policy, 3), nextTier(policy, 5)]).toEqual([
    1,
    3,
    5,
    undefined,
  ]);
});
