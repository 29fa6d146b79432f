/** When the steps of a ladder fall due: by the clock they belong to, their repetitions, and who is there. */
import { isAcknowledged } from './advance.ts';
import {
  countingCalendar,
  deadlineOf,
  governingLimit,
  instantOfAmount,
  isActive,
  isFixed,
  lengthOf,
  type Clock,
  type HoursByCalendar,
  type Limit,
} from './clock.ts';
import { instantBefore, nextOpenAt } from './open-hours.ts';
import { clockRuleOf, ownerCalendar, type AppliedRules, type LadderStep } from './policy.ts';
import { LAW_LADDER } from './obligations.ts';
import { stepKey, type Ticket } from './ticket.ts';

export interface DueStep {
  clock: Clock;
  step: LadderStep;
  dueAt: number;
  /** For a repetition: when the step fell due for the first time. */
  firstDueAt?: number;
}

/** The limit as an amount of time on the calendar it is counted on; null while the known days end before it. */
function countedLimit(hours: HoursByCalendar, limit: Limit): Limit | null {
  if (!isFixed(limit)) return limit;
  const targetMs = lengthOf(hours, limit);
  return targetMs === null ? null : { from: limit.from, targetMs, calendar: countingCalendar(limit) };
}

/**
 * From an instant of the clock so much further on a calendar of the step's own, or back from it: not before the clock
 * started, where the known hours may begin.
 */
function offsetOnOwnCalendar(
  clock: Clock,
  hours: HoursByCalendar,
  { from, offsetMs, calendar }: { from: number; offsetMs: number; calendar: string },
): number | null {
  if (offsetMs >= 0) return instantOfAmount(clock, hours, { from, targetMs: offsetMs, calendar }, offsetMs);
  const own = hours[calendar];
  return own ? Math.max(clock.startedAt, instantBefore(own, from, -offsetMs) ?? clock.startedAt) : null;
}

/**
 * When a step falls due; null while that is open. Met exactly at the deadline is met, so what happens at breach
 * happens one millisecond after it.
 */
function stepDueAt(clock: Clock, hours: HoursByCalendar, step: LadderStep): number | null {
  const limit = countedLimit(hours, governingLimit(clock, hours));
  if (!limit) return null;
  const { percent, offsetMs, calendar } = step;
  const share = Math.floor((limit.targetMs * percent) / 100);
  if (calendar !== undefined && offsetMs !== 0) {
    const from = instantOfAmount(clock, hours, limit, share);
    return from === null ? null : offsetOnOwnCalendar(clock, hours, { from, offsetMs, calendar });
  }
  const amountMs = Math.max(0, share + offsetMs);
  const at = instantOfAmount(clock, hours, limit, amountMs);
  return at !== null && amountMs === limit.targetMs ? at + 1 : at;
}

/** Marks the repetitions of a step in their ids: `breach~2` is the second after the first time. */
const repetition = (step: LadderStep, everyMs: number, time: number): LadderStep => ({
  ...step,
  id: `${step.id}~${time}`,
  offsetMs: step.offsetMs + time * everyMs,
});

const unrolledLadders = new WeakMap<
  readonly LadderStep[],
  readonly { step: LadderStep; first?: LadderStep }[]
>();

/** A ladder with the repetitions of its steps one by one. */
function unrolled(ladder: readonly LadderStep[]): readonly { step: LadderStep; first?: LadderStep }[] {
  const known = unrolledLadders.get(ladder);
  if (known) return known;
  const steps = ladder.flatMap((step) => {
    const { everyMs = 0, times = 0 } = step.repeat ?? {};
    const again = Array.from({ length: times }, (_, i) => ({
      step: repetition(step, everyMs, i + 1),
      first: step,
    }));
    return [{ step }, ...again];
  });
  unrolledLadders.set(ladder, steps);
  return steps;
}

/** Every instant a clock leads to as it stands: its deadline and, while it runs, the steps of its ladder. */
interface Schedule {
  rules: AppliedRules;
  deadlineAt: number | null;
  steps: readonly { key: string; due: DueStep }[];
}

/** A clock is replaced, never changed, whenever something happens to it: till then its instants stay the same. */
const schedules = new WeakMap<Clock, Schedule>();

const ladderOf = ({ kind, name }: Clock, { policy }: AppliedRules): readonly LadderStep[] =>
  kind === 'law' ? LAW_LADDER : clockRuleOf(policy, name).ladder;

export function scheduleOf(clock: Clock, rules: AppliedRules): Schedule {
  const known = schedules.get(clock);
  if (known?.rules === rules) return known;
  const ladder = isActive(clock) ? unrolled(ladderOf(clock, rules)) : [];
  const steps = ladder.flatMap(({ step, first }) => {
    const dueAt = stepDueAt(clock, rules.hours, step);
    const firstDueAt = first ? stepDueAt(clock, rules.hours, first) : null;
    return dueAt === null
      ? []
      : [
          {
            key: stepKey(clock.name, clock.cycle, step.id),
            due: { clock, step, dueAt, ...(firstDueAt !== null && { firstDueAt }) },
          },
        ];
  });
  const schedule = { rules, deadlineAt: deadlineOf(clock, rules.hours), steps };
  schedules.set(clock, schedule);
  return schedule;
}

/** The opening hours of whoever has the ticket; undefined round the clock. */
export function ownerHours({ situation, rules }: Ticket) {
  return rules.hours[ownerCalendar(rules.policy, situation.tier, situation.team)];
}

const asksSomebody = ({ actions }: LadderStep): boolean =>
  actions.some((action) => 'notify' in action || 'page' in action);

/** A step that is to wait for somebody falls due when the tier opens. */
function heldUntilOpen(ticket: Ticket, due: DueStep): DueStep | null {
  if (due.step.ifNobody !== 'wait' || !asksSomebody(due.step)) return due;
  const hours = ownerHours(ticket);
  const opensAt = hours ? nextOpenAt(hours, due.dueAt) : due.dueAt;
  if (opensAt === null) return null;
  const { firstDueAt } = due;
  // What it repeats waited too, and had not fired before.
  const firstAt = firstDueAt === undefined || !hours ? null : nextOpenAt(hours, firstDueAt);
  return { ...due, dueAt: opensAt, ...(firstAt !== null && { firstDueAt: firstAt }) };
}

/** Acknowledging stops the repetitions of steps that had fired by then (docs/rules.md §9). */
export function isStopped({ situation, rules }: Ticket, { dueAt, firstDueAt }: DueStep): boolean {
  if (firstDueAt === undefined || !isAcknowledged(situation, rules, dueAt)) return false;
  return firstDueAt <= situation.acknowledgedAt!;
}

/** Steps of running clocks that were neither reached nor skipped, with the instant they fall due. */
export function unreachedSteps(ticket: Ticket): DueStep[] {
  const found: DueStep[] = [];
  for (const clock of ticket.situation.clocks)
    if (isActive(clock))
      for (const { key, due } of scheduleOf(clock, ticket.rules).steps) {
        const held = ticket.steps[key] ? null : heldUntilOpen(ticket, due);
        if (held) found.push(held);
      }
  return found;
}

export const openSteps = (ticket: Ticket): DueStep[] =>
  unreachedSteps(ticket).filter((due) => !isStopped(ticket, due));
