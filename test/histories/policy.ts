/** Policies small enough to reckon with by hand. */
import type { Calendar } from '../../domain/calendar.ts';
import type { ClockRule, Policy } from '../../domain/policy.ts';

const HOUR = 3_600_000;

const office: Calendar = {
  timezone: 'Europe/London',
  hours: {
    mon: [['09:00', '17:00']],
    tue: [['09:00', '17:00']],
    wed: [['09:00', '17:00']],
    thu: [['09:00', '17:00']],
    fri: [['09:00', '17:00']],
  },
  holidays: [],
  exceptions: {},
};

function clockRule(hours: [number, number, number, number], calendar: string): ClockRule {
  const target = (i: number) => ({ ms: hours[i]! * HOUR, calendar });
  return {
    targets: { P1: target(0), P2: target(1), P3: target(2), P4: target(3) },
    pausedBy: [],
    reopen: 'continue',
    ladder: [],
  };
}

/** Hours of the targets, P1 to P4. */
export const RESPONSE_HOURS: [number, number, number, number] = [1, 2, 4, 8];
export const RESOLUTION_HOURS: [number, number, number, number] = [4, 8, 24, 40];

/** A policy whose targets all count on one calendar: `always`, or `office` hours in London. */
export function policyOn(calendar: 'always' | 'office'): Policy {
  return {
    name: `on-${calendar}`,
    version: 7,
    precedence: 1,
    match: [],
    priorityMatrix: {
      high: { high: 'P1', medium: 'P2', low: 'P3' },
      medium: { high: 'P2', medium: 'P3', low: 'P4' },
      low: { high: 'P3', medium: 'P4', low: 'P4' },
    },
    tiers: [
      { tier: 1, name: 'first' },
      { tier: 2, name: 'second' },
      { tier: 3, name: 'third' },
    ],
    calendars: { office },
    clocks: {
      firstResponse: clockRule(RESPONSE_HOURS, calendar),
      resolution: { ...clockRule(RESOLUTION_HOURS, calendar), pausedBy: ['customer', 'vendor'] },
    },
    autoCloseAfterMs: null,
    backdating: { personMs: 0, integrationMs: 0 },
  };
}
