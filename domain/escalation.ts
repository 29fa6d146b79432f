/**
 * What falls due by itself: ladder steps, breaches, closing after resolution, the end of the known hours.
 * `nextMilestone` says when to look again, `settle` does everything due by then.
 */
import {
  deadlineOf,
  governingLimit,
  instantOfAmount,
  isActive,
  stoppedAt,
  type Clock,
  type HoursByCalendar,
} from './clock.ts';
import type { EventBody, StepReference } from './events.ts';
import { nextTier, type AppliedRules, type Audience, type ClockName, type LadderStep } from './policy.ts';
import { cycleKey, isFinal, stepKey, type Ticket } from './ticket.ts';
import { append, startTurn, type Turn } from './turn.ts';

/** Loaded this long before the known hours end (docs/rules.md §1: the end of the horizon is a milestone). */
export const HORIZON_MARGIN_MS = 7 * 86_400_000;

export type MilestoneKind = 'step' | 'breach' | 'autoClose' | 'rulesExpire';

export interface Milestone {
  at: number;
  kind: MilestoneKind;
}

interface DueStep {
  clock: Clock;
  step: LadderStep;
  dueAt: number;
}

/**
 * When a step falls due; null while that is open. Met exactly at the deadline is met, so what happens at breach
 * happens one millisecond after it.
 */
function stepDueAt(clock: Clock, hours: HoursByCalendar, step: LadderStep): number | null {
  const limit = governingLimit(clock, hours);
  const amountMs = Math.max(0, Math.floor((limit.targetMs * step.percent) / 100) + step.offsetMs);
  const at = instantOfAmount(clock, hours, limit, amountMs);
  return at !== null && amountMs === limit.targetMs ? at + 1 : at;
}

/** Every instant a clock leads to as it stands: its deadline and, while it runs, the steps of its ladder. */
interface Schedule {
  rules: AppliedRules;
  deadlineAt: number | null;
  steps: readonly { key: string; due: DueStep }[];
}

/** A clock is replaced, never changed, whenever something happens to it: till then its instants stay the same. */
const schedules = new WeakMap<Clock, Schedule>();

function scheduleOf(clock: Clock, rules: AppliedRules): Schedule {
  const known = schedules.get(clock);
  if (known?.rules === rules) return known;
  const ladder = isActive(clock) ? rules.policy.clocks[clock.name].ladder : [];
  const steps = ladder.flatMap((step) => {
    const dueAt = stepDueAt(clock, rules.hours, step);
    return dueAt === null
      ? []
      : [{ key: stepKey(clock.name, clock.cycle, step.id), due: { clock, step, dueAt } }];
  });
  const schedule = { rules, deadlineAt: deadlineOf(clock, rules.hours), steps };
  schedules.set(clock, schedule);
  return schedule;
}

/** Steps of running clocks that were neither reached nor skipped, with the instant they fall due. */
function openSteps(ticket: Ticket): DueStep[] {
  if (ticket.situation.state !== 'open') return [];
  const found: DueStep[] = [];
  for (const clock of ticket.situation.clocks)
    if (isActive(clock))
      for (const { key, due } of scheduleOf(clock, ticket.rules).steps)
        if (!ticket.steps[key]) found.push(due);
  return found;
}

function breachMilestones(ticket: Ticket): Milestone[] {
  return ticket.situation.clocks.flatMap((clock) => {
    if (!isActive(clock) || ticket.breaches[cycleKey(clock.name, clock.cycle)]?.standing) return [];
    const { deadlineAt } = scheduleOf(clock, ticket.rules);
    return deadlineAt === null ? [] : [{ at: deadlineAt + 1, kind: 'breach' as const }];
  });
}

function autoCloseAt(ticket: Ticket): number | null {
  const after = ticket.rules.policy.autoCloseAfterMs;
  const { state, resolvedAt } = ticket.situation;
  // Closing is an action of ours; while we only observe, the other system closes (docs/rules.md §9, cutover).
  if (ticket.mode === 'observe' || after === null || state !== 'resolved' || resolvedAt === null) return null;
  return resolvedAt + after;
}

/** When the known hours of a calendar in use run short; null where every calendar is round the clock. */
export function rulesExpireAt(ticket: Ticket): number | null {
  const finite = Object.values(ticket.rules.hours).filter(({ intervals }) => intervals !== 'always');
  return finite.length === 0 ? null : Math.min(...finite.map(({ until }) => until)) - HORIZON_MARGIN_MS;
}

/** Everything that `settle` will have to deal with as things stand, in no order. */
function decisionsDue(ticket: Ticket): Milestone[] {
  if (isFinal(ticket)) return [];
  const found: Milestone[] = [
    ...openSteps(ticket).map(({ dueAt }) => ({ at: dueAt, kind: 'step' as const })),
    ...breachMilestones(ticket),
  ];
  const closes = autoCloseAt(ticket);
  if (closes !== null) found.push({ at: closes, kind: 'autoClose' });
  return found;
}

function earliest(found: readonly Milestone[]): Milestone | null {
  return found.reduce<Milestone | null>((first, one) => (!first || one.at < first.at ? one : first), null);
}

/** The next instant at which something falls due by itself, or null for a ticket that waits for nothing. */
export function nextMilestone(ticket: Ticket): Milestone | null {
  const expires = isFinal(ticket) ? null : rulesExpireAt(ticket);
  const expiry: Milestone[] = expires === null ? [] : [{ at: expires, kind: 'rulesExpire' }];
  return earliest([...decisionsDue(ticket), ...expiry]);
}

/** The next milestone that `settle` can deal with: longer hours have to be brought from outside. */
export function nextDecision(ticket: Ticket): Milestone | null {
  return earliest(decisionsDue(ticket));
}

function decideAt(turn: Turn, now: number, id: string, body: EventBody): Turn {
  return append(turn, { id, source: 'engine', occurredAt: now, receivedAt: now }, body);
}

/** Brings the series of verdicts of one clock in line with what the clock says now (docs/rules.md §1). */
function settleBreach(turn: Turn, clock: Clock, now: number): Turn {
  const { ticket } = turn;
  const { name, cycle } = clock;
  const record = ticket.breaches[cycleKey(name, cycle)];
  const { deadlineAt } = scheduleOf(clock, ticket.rules);
  // Met exactly at the deadline is met: late means after it (docs/rules.md §3).
  const late = deadlineAt !== null && (stoppedAt(clock) ?? now) > deadlineAt;
  if (late && record?.standing && record.deadlineAt === deadlineAt) return turn;
  if (!late && !record?.standing) return turn;
  if (!late) return withdrawBreach(turn, clock, now);
  const revision = (record?.revision ?? 0) + 1;
  const { tier, priority } = ticket.situation;
  return decideAt(turn, now, breachId(clock, revision), {
    type: 'breached',
    clock: name,
    cycle,
    revision,
    deadlineAt,
    tier,
    priority,
  });
}

type Cycle = Pick<Clock, 'name' | 'cycle'>;

const breachId = ({ name, cycle }: Cycle, revision: number): string =>
  `clock:${cycleKey(name, cycle)}/breach/${revision}`;

function withdrawBreach(turn: Turn, { name, cycle }: Cycle, now: number): Turn {
  const record = turn.ticket.breaches[cycleKey(name, cycle)]!;
  const revision = record.revision + 1;
  return decideAt(turn, now, breachId({ name, cycle }, revision), {
    type: 'breachWithdrawn',
    clock: name,
    cycle,
    revision,
    deadlineAt: record.deadlineAt,
  });
}

/** Cycles with a standing verdict that a late fact has unmade: there is nothing left to be late with. */
function unmadeCycles({ breaches, situation }: Ticket): Cycle[] {
  return Object.keys(breaches).flatMap((key) => {
    const [name, cycle] = key.split('/') as [ClockName, string];
    const isThere = situation.clocks.some((clock) => clock.name === name && clock.cycle === Number(cycle));
    return isThere || !breaches[key]!.standing ? [] : [{ name, cycle: Number(cycle) }];
  });
}

function settleBreaches(turn: Turn, now: number): Turn {
  const judged = turn.ticket.situation.clocks.reduce((soFar, clock) => settleBreach(soFar, clock, now), turn);
  return unmadeCycles(judged.ticket).reduce((soFar, cycle) => withdrawBreach(soFar, cycle, now), judged);
}

/** Where a step hands off to; null where the ticket is there, or above, already. */
function handOffTarget(ticket: Ticket, to: 'next' | number): number | null {
  const { tier } = ticket.situation;
  const wanted = to === 'next' ? nextTier(ticket.rules.policy, tier) : to;
  return wanted !== undefined && wanted > tier ? wanted : null;
}

/** Each once: an audience is part of the id of its notification. */
const audiencesOf = (step: LadderStep): Audience[] => [
  ...new Set(step.actions.flatMap((action) => ('notify' in action ? [action.notify] : []))),
];

const handOffOf = (step: LadderStep): 'next' | number | undefined =>
  step.actions.flatMap((action) => ('handOff' in action ? [action.handOff] : [])).at(-1);

/**
 * Steps of one clock that are overdue together collapse into the highest: its notifications go out, the
 * others' do not (docs/rules.md §9). A hand-off among them is still made, once: nobody is helped by leaving the ticket
 * where it was.
 */
function reachSteps(turn: Turn, due: readonly DueStep[], now: number): Turn {
  const highest = due.at(-1)!;
  const { clock } = highest;
  const observed = turn.ticket.mode === 'observe';
  const reference = ({ step }: DueStep): StepReference => ({
    clock: clock.name,
    cycle: clock.cycle,
    step: step.id,
  });
  const idOf = (one: DueStep) => `clock:${stepKey(clock.name, clock.cycle, one.step.id)}`;
  let next = turn;
  for (const lower of due.slice(0, -1))
    next = decideAt(next, now, idOf(lower), {
      type: 'stepSkipped',
      ...reference(lower),
      dueAt: lower.dueAt,
      supersededBy: highest.step.id,
    });
  next = decideAt(next, now, idOf(highest), {
    type: 'stepReached',
    ...reference(highest),
    dueAt: highest.dueAt,
    percent: highest.step.percent,
    observed,
  });
  if (observed) return next;
  const handOff = due.map(({ step }) => handOffOf(step)).findLast((to) => to !== undefined);
  const toTier = handOff === undefined ? null : handOffTarget(next.ticket, handOff);
  const fromTier = next.ticket.situation.tier;
  if (toTier !== null)
    next = decideAt(next, now, `${idOf(highest)}/handOff`, {
      type: 'handedOff',
      ...reference(highest),
      fromTier,
      toTier,
      automatic: true,
    });
  for (const audience of audiencesOf(highest.step))
    next = decideAt(next, now, `${idOf(highest)}/notify/${audience}`, {
      type: 'notificationRequested',
      ...reference(highest),
      audience,
      tier: next.ticket.situation.tier,
    });
  return next;
}

/** The overdue steps of the clock whose step was due first, in the order they fell due. */
function overdueSteps(ticket: Ticket, now: number): DueStep[] {
  const due = openSteps(ticket)
    .filter(({ dueAt }) => dueAt <= now)
    .toSorted((a, b) => a.dueAt - b.dueAt);
  const first = due[0];
  return first
    ? due.filter(({ clock }) => clock.name === first.clock.name && clock.cycle === first.clock.cycle)
    : [];
}

function settleAutoClose(turn: Turn, now: number): Turn {
  const at = autoCloseAt(turn.ticket);
  if (at === null || at > now) return turn;
  const { resolvedAt, reopenCount } = turn.ticket.situation;
  return decideAt(turn, now, `autoClose/${reopenCount + 1}`, { type: 'autoClosed', resolvedAt: resolvedAt! });
}

/**
 * Everything due at or before `now`, decided: verdicts first, then ladder steps in the order they fell due,
 * then closing. Idempotent: settling twice at one instant adds nothing.
 */
export function settle(ticket: Ticket, now: number): Turn {
  let turn = settleBreaches(startTurn(ticket), now);
  if (isFinal(ticket)) return turn;
  for (let due = overdueSteps(turn.ticket, now); due.length > 0; due = overdueSteps(turn.ticket, now))
    turn = reachSteps(turn, due, now);
  return settleAutoClose(turn, now);
}
