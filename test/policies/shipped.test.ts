/** The policies that ship are data that users run on the first day: they load, and promise what they say. */
import { describe, expect, test } from '@jest/globals';
import { loadPolicies, policyHash } from '../../api/schemas/policy.ts';
import { expandCalendar, type Calendar } from '../../domain/calendar.ts';
import { examplesOf, runExamples } from '../../domain/examples.ts';
import { openTimeBetween } from '../../domain/open-hours.ts';
import { matchPolicy, PRIORITIES } from '../../domain/policy.ts';
import type { DeskPolicy } from '../support/desk-policy.ts';

const policies = await loadPolicies('policies');
const named = (name: string) => policies.find((policy) => policy.name === name)!;

describe('the shipped policies', () => {
  test('are these', () => {
    expect(policies.map(({ name }) => name)).toEqual([
      'demo',
      'managed-service-americas',
      'managed-service',
      'round-the-clock',
      'standard',
      'three-tiers',
    ]);
  });

  test('are each shown by six examples or more, which they keep; but for the demo', () => {
    for (const policy of policies.filter(({ name }) => name !== 'demo')) {
      expect([policy.name, examplesOf(policy).length >= 6]).toEqual([policy.name, true]);
      expect(runExamples(policy)).toEqual([]);
    }
  });

  test('claim, where they are contracts, the tickets of the customers they name, and of no other', () => {
    const judge = (customer: string, service = 'mail') =>
      matchPolicy(policies, { type: 'incident', customer, service })?.name;
    expect(judge('example-rhine-freight')).toBe('managed-service');
    expect(judge('example-tagus-retail', 'hosting')).toBe('managed-service');
    expect(judge('example-tagus-retail')).toBe('standard');
    expect(judge('example-paulista-bank')).toBe('managed-service-americas');
  });

  test('judge a ticket that names none by standard, whatever the ticket is', () => {
    const ticket = { type: 'incident', customer: 'acme', service: 'mail', category: 'login' };
    expect(matchPolicy(policies, ticket)?.name).toBe('standard');
  });

  test('promise every priority both clocks, the more urgent no later than the less urgent', () => {
    for (const { clocks } of policies)
      for (const [name, { targets }] of Object.entries(clocks)) {
        const promised = PRIORITIES.flatMap((priority) => targets[priority] ?? []);
        if (name === 'firstResponse' || name === 'resolution') expect(promised).toHaveLength(4);
        const amounts = promised.map(({ ms }) => ms);
        expect(amounts).toEqual(amounts.toSorted((a, b) => a - b));
      }
  });

  test('count P1 round the clock in standard, and the others in office hours', () => {
    const { targets } = named('standard').clocks['resolution']!;
    expect(PRIORITIES.map((priority) => targets[priority]!.calendar)).toEqual([
      'always',
      'office',
      'office',
      'office',
    ]);
  });

  test('open standard for 40 hours in an ordinary week, and 4 less on a bank holiday eve', () => {
    const office = named('standard').calendars['office'] as Calendar;
    const hoursIn = (from: string, until: string) => {
      const [start, end] = [Date.parse(from), Date.parse(until)];
      return openTimeBetween(expandCalendar('office', office, start, end), start, end) / 3_600_000;
    };
    expect(hoursIn('2026-02-02T00:00:00Z', '2026-02-09T00:00:00Z')).toBe(40);
    // Thursday 24 December closes at 13:00, Friday is Christmas Day.
    expect(hoursIn('2026-12-21T00:00:00Z', '2026-12-28T00:00:00Z')).toBe(28);
  });

  test('let a demo P1 breach in seconds, climb at breach and tell a manager ten seconds later', () => {
    const { firstResponse, resolution } = named('demo').clocks as DeskPolicy['clocks'];
    expect([firstResponse.targets.P1, resolution.targets.P1]).toEqual([
      { ms: 10_000, calendar: 'always' },
      { ms: 20_000, calendar: 'always' },
    ]);
    expect(resolution.ladder).toEqual([
      { id: 'at-50', percent: 50, offsetMs: 0, actions: [{ notify: 'assignee' }] },
      { id: 'breach', percent: 100, offsetMs: 0, actions: [{ handOff: 'next' }, { notify: 'lead' }] },
      { id: 'after-10s', percent: 100, offsetMs: 10_000, actions: [{ notify: 'manager' }] },
    ]);
  });

  test('close resolved tickets after five days in standard and thirty seconds in demo', () => {
    expect(named('standard').autoCloseAfterMs).toBe(5 * 86_400_000);
    expect(named('demo').autoCloseAfterMs).toBe(30_000);
  });
});

describe('the hash of a policy', () => {
  const standard = named('standard');

  test('is the same for another version number and another order of fields', () => {
    const reordered = Object.fromEntries(Object.entries(standard).toReversed()) as unknown as typeof standard;
    expect(policyHash({ ...reordered, version: 7 })).toBe(policyHash(standard));
  });

  test('changes with a single holiday', () => {
    const office = standard.calendars['office']!;
    const shorter = { ...office, holidays: office.holidays.slice(1) };
    expect(policyHash({ ...standard, calendars: { office: shorter } })).not.toBe(policyHash(standard));
  });
});
