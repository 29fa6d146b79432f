/**
 * What is promised, and what happens to running clocks when that changes: another priority, another owner, a ticket
 * that is opened again. Pauses are intervals, so every change is a recount of the same time under other limits.
 */
import {
  cancelClock,
  deadlineOf,
  isActive,
  isFixed,
  limitOf,
  moveClock,
  relaxClock,
  startClock,
  tightenClock,
  type Clock,
  type OwnedTarget,
} from './clock.ts';
import { engagementOf } from './collaboration.ts';
import {
  clockRuleOf,
  isMoreUrgent,
  ownerCalendar,
  OWNER_CALENDAR,
  vendorRuleOf,
  type AppliedPolicy,
  type AppliedRules,
  type Basis,
  type ClockName,
  type Priority,
} from './policy.ts';
import { isUnanswered, type Situation } from './situation.ts';

/** Whose promise a clock measures: the owner of the ticket, the tier it is offered to, or a vendor. */
export interface Owner {
  tier: number;
  team: string | null;
  vendor?: string;
}

export const tierSubject = (tier: number): string => `tier${tier}`;

/** The clocks that measure one tier's stay; their subject is the tier. */
const TIER_CLOCKS: ReadonlySet<ClockName> = new Set(['tierAccept', 'tierWork']);

export const isTierClock = (name: ClockName): boolean => TIER_CLOCKS.has(name);

const vendorOf = (situation: Situation, engagement: string | undefined): { vendor: string } => {
  const { vendor, kind } = engagementOf(situation, engagement) ?? {};
  return { vendor: vendor ?? (kind === 'development' ? kind : 'default') };
};

export function ownerOf(clock: Pick<Clock, 'name' | 'subject'>, situation: Situation): Owner {
  const { tier, team, offer } = situation;
  if (clock.name === 'vendor') return { tier, team, ...vendorOf(situation, clock.subject) };
  const isOffered = offer && clock.name === 'tierAccept' && clock.subject === tierSubject(offer.toTier);
  if (isOffered) return { tier: offer.toTier, team: offer.team };
  return { tier, team };
}

/** The target of a clock under a priority at an owner, on a real calendar; undefined where nothing is promised. */
export function targetFor(
  policy: AppliedPolicy,
  name: ClockName,
  { priority, owner }: { priority: Priority; owner: Owner },
): OwnedTarget | undefined {
  const { targets, byTier } = clockRuleOf(policy, name);
  const own = isTierClock(name) ? byTier?.[owner.tier] : undefined;
  const agreed = name === 'vendor' ? vendorRuleOf(policy, owner.vendor).targets : undefined;
  const target = own?.[priority] ?? agreed?.[priority] ?? targets[priority];
  if (target?.calendar !== OWNER_CALENDAR) return target;
  return { ...target, calendar: ownerCalendar(policy, owner.tier, owner.team), byOwner: true };
}

/** A clock that starts at `at`, where the policy promises anything; `promisedAt` fixes its deadline. */
export function startedClock(
  situation: Situation,
  rules: AppliedRules,
  { name, subject, at, promisedAt }: { name: ClockName; subject?: string; at: number; promisedAt?: number },
): Clock | null {
  const cycle =
    Math.max(0, ...situation.clocks.filter((one) => one.name === name).map((one) => one.cycle)) + 1;
  const start = { name, cycle, at, ...(subject !== undefined && { subject }) };
  if (promisedAt !== undefined)
    return name in rules.policy.clocks
      ? startClock({ ...start, limit: { targetMs: 0, calendar: 'always', until: promisedAt } })
      : null;
  const owner = ownerOf({ name, ...(subject !== undefined && { subject }) }, situation);
  const target = targetFor(rules.policy, name, { priority: situation.priority, owner });
  return target ? startClock({ ...start, limit: limitOf(target) }) : null;
}

interface PriorityChange {
  from: Priority;
  to: Priority;
  at: number;
}

/** Marks a clock that ended because nothing is promised any more. */
export const NOT_IN_POLICY = 'notInPolicy';

/**
 * A running clock under another priority. One already late keeps the limits it broke: lowering a priority never
 * removes a breach (docs/rules.md §9). A promised time does not depend on priority.
 */
function retargetedClock(
  clock: Clock,
  { from, to, at }: PriorityChange,
  { situation, rules }: { situation: Situation; rules: AppliedRules },
): Clock {
  if (clock.limits.some(({ until }) => until !== undefined)) return clock;
  const target = targetFor(rules.policy, clock.name, { priority: to, owner: ownerOf(clock, situation) });
  const deadline = deadlineOf(clock, rules.hours);
  if (deadline !== null && deadline < at) return clock;
  if (isMoreUrgent(to, from)) return target ? tightenClock(clock, at, target) : clock;
  return target ? relaxClock(clock, target) : cancelClock(clock, at, NOT_IN_POLICY);
}

/** The situation under another priority. */
export function retargeted(situation: Situation, to: Priority, at: number, rules: AppliedRules): Situation {
  const change = { from: situation.priority, to, at };
  const clocks = situation.clocks.map((clock) =>
    isActive(clock) ? retargetedClock(clock, change, { situation, rules }) : clock,
  );
  // Nothing starts on a resolved ticket; what is promised anew starts when it is reopened.
  const raised = isMoreUrgent(to, situation.priority) && situation.state === 'open';
  const next: Situation = { ...situation, priority: to, clocks };
  return raised ? { ...next, clocks: [...clocks, ...newlyPromised(next, at, rules)] } : next;
}

/** Whether a clock with this basis counts by now (docs/rules.md §3). */
export function hasBegun(basis: Basis | undefined, situation: Situation): boolean {
  switch (basis) {
    case 'accepted':
      return situation.acceptedAt !== undefined;
    case 'assigned':
      return situation.assignedAt !== undefined;
    case 'opened':
    case undefined:
      return true;
  }
}

/** Whether a clock would be running as things stand, of those that need no fact of their own to start. */
function wouldRun(name: ClockName, situation: Situation, rules: AppliedRules): boolean {
  if (!hasBegun(clockRuleOf(rules.policy, name).basis, situation)) return false;
  switch (name) {
    case 'firstResponse':
      return situation.awaitsResponse;
    case 'nextResponse':
      return isUnanswered(situation);
    case 'resolution':
    case 'customerUpdate':
      return true;
    case 'restore':
      return !situation.restoredAt;
    default:
      return false;
  }
}

const RUNS_BY_ITSELF: ReadonlySet<ClockName> = new Set([
  'firstResponse',
  'nextResponse',
  'resolution',
  'customerUpdate',
  'restore',
]);

/** Whether a clock starts at a fact of its own, which is not told again. */
const startsByFact = (name: ClockName): boolean => !RUNS_BY_ITSELF.has(name);

/** Whether a clock has a cycle for every time something is waited for, and not one for the ticket. */
const startsAgain = (name: ClockName): boolean => name === 'nextResponse' || name === 'customerUpdate';

/** What a clock measures that a lower priority ended, and that still goes on; or whatever would run without a fact. */
function subjectsPromisedAnew(
  name: ClockName,
  situation: Situation,
  rules: AppliedRules,
): (string | undefined)[] {
  const cycles = situation.clocks.filter((clock) => clock.name === name);
  if (startsByFact(name)) {
    const newest = cycles.filter(
      ({ subject, cycle }) => !cycles.some((other) => other.subject === subject && other.cycle > cycle),
    );
    return newest
      .filter(({ cancelReason, isOver }) => cancelReason === NOT_IN_POLICY && !isOver)
      .map(({ subject }) => subject);
  }
  const last = cycles.at(-1);
  const isEnded = last && last.cancelReason !== NOT_IN_POLICY && (isActive(last) || !startsAgain(name));
  return isEnded || !wouldRun(name, situation, rules) ? [] : [undefined];
}

/** Clocks that a raised priority promises and the old one did not: never set, or ended when it was lowered. */
function newlyPromised(situation: Situation, at: number, rules: AppliedRules): Clock[] {
  const found: Clock[] = [];
  for (const name of Object.keys(rules.policy.clocks)) {
    for (const subject of subjectsPromisedAnew(name, situation, rules)) {
      const soFar = { ...situation, clocks: [...situation.clocks, ...found] };
      const clock = startedClock(soFar, rules, { name, at, ...(subject !== undefined && { subject }) });
      if (clock) found.push(clock);
    }
  }
  return found;
}

/** Clocks that a reopened ticket takes up again by their own rule; the others start anew or stay as they are. */
const REOPENABLE: ReadonlySet<ClockName> = new Set(['resolution', 'restore', 'tierWork']);

/**
 * Reopening by the clock's own rule: go on, under the priority the ticket has by now; start again, the first try no
 * longer counting; or start a new cycle beside the first. What was breached stays breached: a restarted clock keeps its
 * own cycle.
 */
function reopenedClocks(situation: Situation, at: number, rules: AppliedRules): Clock[] {
  return situation.clocks.flatMap((clock) => {
    if (!REOPENABLE.has(clock.name) || clock.metAt === null || clock.metAt !== situation.resolvedAt)
      return [clock];
    if (situation.clocks.some((other) => other.name === clock.name && other.cycle > clock.cycle))
      return [clock];
    const { reopen } = clockRuleOf(rules.policy, clock.name);
    const { name, subject } = clock;
    const next = startedClock(situation, rules, { name, at, ...(subject !== undefined && { subject }) });
    if (reopen === 'continue' || !next) {
      const pause = { from: clock.metAt, to: at, reason: 'resolved' as const };
      const pauses = at > pause.from ? [...clock.pauses, pause] : clock.pauses;
      const change = { from: situation.resolvedPriority!, to: situation.priority, at };
      const continued = { ...clock, metAt: null, pauses };
      return [
        change.from === change.to ? continued : retargetedClock(continued, change, { situation, rules }),
      ];
    }
    if (reopen === 'newCycle') return [clock, next];
    return [{ ...clock, metAt: null, cancelledAt: clock.metAt, cancelReason: 'restarted' }, next];
  });
}

/** The situation of a resolved ticket that is opened again. */
export function reopenedBy(situation: Situation, at: number, rules: AppliedRules): Situation {
  const { priority, resolvedPriority } = situation;
  const restoredAt = situation.restoredAt === situation.resolvedAt ? null : (situation.restoredAt ?? null);
  const reopened: Situation = {
    ...situation,
    clocks: reopenedClocks(situation, at, rules),
    restoredAt,
    state: 'open',
    resolvedAt: null,
    resolvedPriority: null,
    acknowledgedAt: null,
    reopenCount: situation.reopenCount + 1,
  };
  if (!isMoreUrgent(priority, resolvedPriority!)) return reopened;
  return { ...reopened, clocks: [...reopened.clocks, ...newlyPromised(reopened, at, rules)] };
}

const countsForOwner = (clock: Clock, { tier }: Situation): boolean =>
  !isTierClock(clock.name) || clock.subject === tierSubject(tier);

/**
 * Running clocks that count by the owner's calendar, recounted by the new owner's. One already late keeps the limits it
 * broke.
 */
export function followedOwner(situation: Situation, at: number, rules: AppliedRules): Situation {
  const clocks = situation.clocks.map((clock) => {
    if (!isActive(clock) || !countsForOwner(clock, situation)) return clock;
    if (clock.limits.some(isFixed) || !clock.limits.some(({ byOwner }) => byOwner)) return clock;
    const deadline = deadlineOf(clock, rules.hours);
    if (deadline !== null && deadline < at) return clock;
    return moveClock(clock, ownerCalendar(rules.policy, situation.tier, situation.team));
  });
  return { ...situation, clocks };
}

/** The situation with some of its running clocks changed. */
export function mapClocks(
  situation: Situation,
  isMeant: (clock: Clock) => boolean,
  change: (clock: Clock) => Clock,
): Situation {
  const clocks = situation.clocks.map((clock) => (isActive(clock) && isMeant(clock) ? change(clock) : clock));
  return { ...situation, clocks };
}
