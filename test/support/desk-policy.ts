/** A small policy for tests of the rules: round targets, no calendar but `always` unless a test brings one. */
import type { ClockRule, LadderStep, Policy, Priority, Target } from '../../domain/policy.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const targets = (calendar: string, hours: Record<Priority, number>): Record<Priority, Target> => {
  const of = (priority: Priority): Target => ({ ms: hours[priority] * HOUR, calendar });
  return { P1: of('P1'), P2: of('P2'), P3: of('P3'), P4: of('P4') };
};

/** At 75 % the assignee is told, at breach the ticket climbs and the lead is told, an hour later the manager is. */
export const LADDER: readonly LadderStep[] = [
  { id: 'warn', percent: 75, offsetMs: 0, actions: [{ notify: 'assignee' }] },
  { id: 'breach', percent: 100, offsetMs: 0, actions: [{ notify: 'lead' }, { handOff: 'next' }] },
  { id: 'late', percent: 100, offsetMs: HOUR, actions: [{ notify: 'manager' }] },
];

/**
 * First response in 1, 2, 4 or 8 hours and resolution in 4, 8, 16 or 32, by priority; three tiers; closes five
 * days after resolution.
 */
/** Its two clocks are always there, so that a test may build on them. */
export type DeskPolicy = Policy & { clocks: Record<'firstResponse' | 'resolution', ClockRule> };

export function deskPolicy(changes: Partial<Policy> = {}): DeskPolicy {
  const policy: Policy = {
    name: 'desk',
    version: 1,
    precedence: 1,
    match: [{}],
    priorityMatrix: {
      high: { high: 'P1', medium: 'P2', low: 'P3' },
      medium: { high: 'P2', medium: 'P3', low: 'P4' },
      low: { high: 'P3', medium: 'P4', low: 'P4' },
    },
    tiers: [
      { tier: 1, name: 'Desk' },
      { tier: 2, name: 'Specialists' },
      { tier: 3, name: 'Engineering' },
    ],
    clocks: {
      firstResponse: {
        targets: targets('always', { P1: 1, P2: 2, P3: 4, P4: 8 }),
        pausedBy: [],
        reopen: 'continue',
        ladder: LADDER,
      },
      resolution: {
        targets: targets('always', { P1: 4, P2: 8, P3: 16, P4: 32 }),
        pausedBy: ['customer', 'vendor'],
        reopen: 'continue',
        ladder: LADDER,
      },
    },
    autoCloseAfterMs: 5 * 24 * HOUR,
    backdating: { personMs: 15 * MINUTE, integrationMs: 24 * HOUR },
    calendars: {},
    ...changes,
  };
  return policy as DeskPolicy;
}
