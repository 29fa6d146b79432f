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

/** Tiers with hours of their own, one of them with a team that has others. */
export const TIERS_WITH_HOURS: Policy['tiers'] = [
  { tier: 1, name: 'Desk', calendar: 'office', teams: [{ name: 'network', calendar: 'late' }] },
  { tier: 2, name: 'Specialists', calendar: 'late' },
  { tier: 3, name: 'Engineering' },
];

const CLIMBING: readonly LadderStep[] = [
  { id: 'warn', percent: 50, offsetMs: 0, ifNobody: 'wait', actions: [{ notify: 'assignee' }] },
  {
    id: 'breach',
    percent: 100,
    offsetMs: 0,
    repeat: { everyMs: 2 * HOUR, times: 2 },
    actions: [{ page: 'team' }, { handOff: 'next' }, { openReviewTask: 'Why so late?' }],
  },
  { id: 'late', percent: 100, offsetMs: HOUR, calendar: 'late', actions: [{ raisePriority: 'next' }] },
];

const byPriority = (
  calendar: string,
  hours: readonly [number, number, number, number],
): ClockRule['targets'] => ({
  P1: inHours(hours[0]),
  P2: inHours(hours[1], calendar),
  P3: inHours(hours[2], calendar),
  P4: inHours(hours[3], calendar),
});

/** Every clock at once, on the owner's hours and others, with ladders that climb and holds that may last only so long. */
export function busyPolicy(changes: Record<ClockName, Partial<ClockRule>> = {}, more: Partial<Policy> = {}) {
  return allClocks(
    {
      firstResponse: { targets: byPriority('office', [1, 2, 4, 8]), ladder: CLIMBING },
      nextResponse: { targets: byPriority('tier', [1, 2, 4, 8]) },
      customerUpdate: { targets: byPriority('late', [2, 4, 8, 16]), systemUpdatesCount: true },
      resolution: { targets: byPriority('office', [4, 8, 12, 24]), ladder: CLIMBING },
      tierAccept: { targets: byPriority('tier', [1, 1, 2, 3]), byTier: { 2: { P3: inHours(4, 'tier') } } },
      tierWork: { targets: byPriority('tier', [4, 6, 8, 10]), reopen: 'newCycle' },
      consult: { targets: { P1: inHours(1), P2: inHours(2), P3: inHours(3, 'office') } },
      'law-warning': {
        targets: forAll({ ms: 0, calendar: 'office', period: { unit: 'businessDays', count: 2 } }),
      },
      ...changes,
    },
    {
      tiers: TIERS_WITH_HOURS,
      calendars: DAYTIME,
      holds: {
        customer: { maxMs: 6 * HOUR, calendar: 'office', atEnd: 'resume' },
        internal: { maxMs: 3 * HOUR, calendar: 'always', atEnd: 'askLead' },
      },
      ackTimeoutMs: 3 * HOUR,
      ...more,
    },
  );
}
