/** A policy with every clock of the table and chained clocks of its own, for tests of when they start and stop. */
import {
  STANDARD_CLOCKS,
  type ClockName,
  type ClockRule,
  type LadderStep,
  type Policy,
  type Target,
} from '../../domain/policy.ts';
import { deskPolicy } from './desk-policy.ts';

const HOUR = 3_600_000;

export const inHours = (hours: number, calendar = 'always'): Target => ({ ms: hours * HOUR, calendar });

/** One target for every priority. */
export const forAll = (target: Target): ClockRule['targets'] => ({
  P1: target,
  P2: target,
  P3: target,
  P4: target,
});

/** A clock with one target for every priority, without pauses and ladder unless said otherwise. */
export const clockIn = (target: number | Target, more: Partial<ClockRule> = {}): ClockRule => ({
  targets: forAll(typeof target === 'number' ? inHours(target) : target),
  pausedBy: [],
  reopen: 'continue',
  ladder: [],
  ...more,
});

/** Hours of each clock, for every priority. */
export const HOURS_OF = {
  firstResponse: 4,
  nextResponse: 3,
  customerUpdate: 6,
  resolution: 16,
  restore: 8,
  commitment: 1,
  tierAccept: 1,
  tierWork: 10,
  consult: 2,
  vendor: 20,
  reviewTask: 48,
  actionItem: 72,
} as const;

/** Which holds pause a clock where a policy does not say (docs/rules.md §3). */
const PAUSED_BY: Partial<Record<ClockName, ClockRule['pausedBy']>> = {
  customerUpdate: ['customer'],
  resolution: ['customer', 'vendor'],
  restore: ['customer', 'vendor'],
  tierWork: ['customer', 'vendor'],
};

/** An early warning within 24 hours of becoming aware; then the report, within 48 hours of the warning. */
export const LAW: Policy['clocks'] = {
  'law-warning': clockIn(24, { anchor: { startsAt: 'aware', stopsAt: 'warned' } }),
  'law-report': clockIn(48, { anchor: { startsAt: 'warned', stopsAt: 'reported' } }),
};

/** Every clock, with `changes` to some of them. */
export function allClocks(changes: Record<ClockName, Partial<ClockRule>> = {}, more: Partial<Policy> = {}) {
  const standard = STANDARD_CLOCKS.map((name) => {
    const pausedBy = PAUSED_BY[name] ?? [];
    return [name, clockIn(HOURS_OF[name], { pausedBy, ...changes[name] })] as const;
  });
  const own = Object.entries(LAW).map(([name, rule]) => [name, { ...rule, ...changes[name] }] as const);
  return deskPolicy({ clocks: Object.fromEntries([...standard, ...own]), ...more });
}

/** A policy with one clock that matters, its ladder and a resolution nobody waits for. */
export function withLadder(ladder: readonly LadderStep[], more: Partial<Policy> = {}): Policy {
  return deskPolicy({
    clocks: { resolution: clockIn(10, { ladder, pausedBy: ['customer', 'vendor'] }) },
    ...more,
  });
}

const weekdays = (window: [string, string]) => ({
  mon: [window],
  tue: [window],
  wed: [window],
  thu: [window],
  fri: [window],
});

/** In UTC, so that hours of a story are hours of the day: `office` is 9 to 17, `late` 13 to 21, on weekdays. */
export const DAYTIME: Policy['calendars'] = {
  office: { timezone: 'UTC', hours: weekdays(['09:00', '17:00']), holidays: [], exceptions: {} },
  late: { timezone: 'UTC', hours: weekdays(['13:00', '21:00']), holidays: [], exceptions: {} },
};
