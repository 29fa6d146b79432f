/**
 * What falls due by itself: ladder steps, breaches, closing after resolution, the end of the known hours.
 * `nextMilestone` says when to look again, `settle` does everything due by then.
 */
import { holdEndsAt, isAcknowledged } from './advance.ts';
import {
  countingCalendar,
  deadlineOf,
  governingLimit,
  instantOfAmount,
  isActive,
  isFixed,
  lengthOf,
  stoppedAt,
  type Clock,
  type HoursByCalendar,
  type Limit,
} from './clock.ts';
import type { EventBody, StepReference } from './events.ts';
import { instantBefore, isOpenAt, nextOpenAt } from './open-hours.ts';
import {
  AUDIENCES,
  clockRuleOf,
  nextTier,
  ownerCalendar,
  PRIORITIES,
  type AppliedRules,
  type Audience,
  type ClockName,
  type LadderStep,
  type Priority,
} from './policy.ts';
import type { Hold } from './situation.ts';
import { areRulesDue, cycleKey, holdKey, isFinal, stepKey, type Ticket } from './ticket.ts';
import { append, startTurn, type Turn } from './turn.ts';

/** Loaded this long before the known hours end (docs/rules.md §1: the end of the horizon is a milestone). */
export const HORIZON_MARGIN_MS = 7 * 86_400_000;

export type MilestoneKind = 'step' | 'breach' | 'holdExpires' | 'autoClose' | 'rulesExpire';

export interface Milestone {
  at: number;
  kind: MilestoneKind;
}

interface DueStep {
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

function scheduleOf(clock: Clock, rules: AppliedRules): Schedule {
  const known = schedules.get(clock);
  if (known?.rules === rules) return known;
  const ladder = isActive(clock) ? unrolled(clockRuleOf(rules.policy, clock.name).ladder) : [];
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
function ownerHours({ situation, rules }: Ticket) {
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
function isStopped({ situation, rules }: Ticket, { dueAt, firstDueAt }: DueStep): boolean {
  if (firstDueAt === undefined || !isAcknowledged(situation, rules, dueAt)) return false;
  return firstDueAt <= situation.acknowledgedAt!;
}

/** Steps of running clocks that were neither reached nor skipped, with the instant they fall due. */
function unreachedSteps(ticket: Ticket): DueStep[] {
  const found: DueStep[] = [];
  for (const clock of ticket.situation.clocks)
    if (isActive(clock))
      for (const { key, due } of scheduleOf(clock, ticket.rules).steps) {
        const held = ticket.steps[key] ? null : heldUntilOpen(ticket, due);
        if (held) found.push(held);
      }
  return found;
}

const openSteps = (ticket: Ticket): DueStep[] =>
  unreachedSteps(ticket).filter((due) => !isStopped(ticket, due));

/** Holds that may last only so long, with the end of that time; those that have had it already left out. */
function limitedHolds({ situation, rules, steps }: Ticket): { hold: Hold; dueAt: number }[] {
  return situation.holds.flatMap((hold) => {
    const dueAt = steps[holdKey(hold)] ? null : holdEndsAt(hold, rules);
    return dueAt === null ? [] : [{ hold, dueAt }];
  });
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
  // Until the rules are known that judge the ticket by now, nothing is judged.
  if (isFinal(ticket) || areRulesDue(ticket)) return [];
  const found: Milestone[] = [
    ...openSteps(ticket).map(({ dueAt }) => ({ at: dueAt, kind: 'step' as const })),
    ...breachMilestones(ticket),
    ...limitedHolds(ticket).map(({ dueAt }) => ({ at: dueAt, kind: 'holdExpires' as const })),
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
  if (record?.standing && record.upheld) {
    const stop = stoppedAt(clock);
    return stop !== null && stop <= record.deadlineAt ? withdrawBreach(turn, clock, now) : turn;
  }
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
    const { standing, upheld } = breaches[key]!;
    return isThere || !standing || upheld ? [] : [{ name, cycle: Number(cycle) }];
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

/** Whether somebody of this audience is there to be told at `now`. */
function isThere(ticket: Ticket, audience: Audience, now: number): boolean {
  if (audience === 'manager') return true;
  if (audience === 'assignee' && ticket.situation.assignee === null) return false;
  const hours = ownerHours(ticket);
  return !hours || isOpenAt(hours, now);
}

interface Recipient {
  audience: Audience;
  page: boolean;
  insteadOf?: Audience;
}

/** Who is told in place of an audience that is not there; the manager always is. */
function substitute(ticket: Ticket, audience: Audience, now: number): Audience {
  const later = AUDIENCES.slice(AUDIENCES.indexOf(audience) + 1);
  return later.find((one) => isThere(ticket, one, now)) ?? 'manager';
}

/** Whom a step tells as things stand, each once, and who of those it meant is not there. */
function recipientsOf(ticket: Ticket, step: LadderStep, now: number) {
  const recipients = new Map<Audience, Recipient>();
  const nobody: Audience[] = [];
  for (const action of step.actions) {
    const wanted = 'page' in action ? action.page : 'notify' in action ? action.notify : null;
    if (wanted === null) continue;
    const there = isThere(ticket, wanted, now);
    if (!there) nobody.push(wanted);
    if (!there && step.ifNobody === 'skip') continue;
    const audience = there ? wanted : substitute(ticket, wanted, now);
    const known = recipients.get(audience);
    const page = 'page' in action || (known?.page ?? false);
    recipients.set(audience, { audience, page, ...(!there && !known && { insteadOf: wanted }) });
  }
  return { recipients: [...recipients.values()], nobody };
}

const handOffOf = (step: LadderStep): 'next' | number | undefined =>
  step.actions.flatMap((action) => ('handOff' in action ? [action.handOff] : [])).at(-1);

const raiseOf = (step: LadderStep): 'next' | Priority | undefined =>
  step.actions.flatMap((action) => ('raisePriority' in action ? [action.raisePriority] : [])).at(-1);

/** The priority that a step raises to; null where the ticket has it, or a higher one, already. */
function raisedPriority({ situation }: Ticket, to: 'next' | Priority): Priority | null {
  const at = PRIORITIES.indexOf(situation.priority);
  const wanted = to === 'next' ? at - 1 : PRIORITIES.indexOf(to);
  return wanted >= 0 && wanted < at ? PRIORITIES[wanted]! : null;
}

const referenceOf = ({ clock, step }: DueStep): StepReference => ({
  clock: clock.name,
  cycle: clock.cycle,
  step: step.id,
});

const stepEventId = ({ clock, step }: DueStep): string =>
  `clock:${stepKey(clock.name, clock.cycle, step.id)}`;

const skipStep = (turn: Turn, due: DueStep, { now, by }: { now: number; by: string }): Turn =>
  decideAt(turn, now, stepEventId(due), {
    type: 'stepSkipped',
    ...referenceOf(due),
    dueAt: due.dueAt,
    supersededBy: by,
  });

/**
 * What steps do that lasts: the ticket moves, rises, gets a task of the review. Done also for steps that were overtaken
 * by a later one: nobody is helped by leaving it out.
 */
function doLasting(turn: Turn, due: readonly DueStep[], now: number): Turn {
  const highest = due.at(-1)!;
  const reference = referenceOf(highest);
  const id = stepEventId(highest);
  let next = turn;
  const raise = due.map(({ step }) => raiseOf(step)).findLast((to) => to !== undefined);
  const priority = raise === undefined ? null : raisedPriority(next.ticket, raise);
  if (priority !== null)
    next = decideAt(next, now, `${id}/raisePriority`, {
      type: 'priorityRaised',
      ...reference,
      priority,
      automatic: true,
    });
  const handOff = due.map(({ step }) => handOffOf(step)).findLast((to) => to !== undefined);
  const toTier = handOff === undefined ? null : handOffTarget(next.ticket, handOff);
  const fromTier = next.ticket.situation.tier;
  if (toTier !== null)
    next = decideAt(next, now, `${id}/handOff`, {
      type: 'handedOff',
      ...reference,
      fromTier,
      toTier,
      automatic: true,
    });
  for (const one of due)
    one.step.actions.forEach((action, i) => {
      if (!('openReviewTask' in action)) return;
      const task = `${stepKey(one.clock.name, one.clock.cycle, one.step.id)}/${i}`;
      next = decideAt(next, now, `clock:${task}/reviewTask`, {
        type: 'reviewTaskOpened',
        ...referenceOf(one),
        task,
        title: action.openReviewTask,
      });
    });
  return next;
}

/** Whom a step tells, as the ticket stands after what it did. */
function tell(turn: Turn, due: DueStep, { now, recipients }: { now: number; recipients: Recipient[] }): Turn {
  let next = turn;
  for (const { audience, page, insteadOf } of recipients)
    next = decideAt(next, now, `${stepEventId(due)}/notify/${audience}`, {
      type: 'notificationRequested',
      ...referenceOf(due),
      audience,
      tier: next.ticket.situation.tier,
      ...(page && { page: true as const }),
      ...(insteadOf && { insteadOf }),
    });
  const endpoints = due.step.actions.flatMap((action) => ('webhook' in action ? [action.webhook] : []));
  for (const endpoint of new Set(endpoints))
    next = decideAt(next, now, `${stepEventId(due)}/webhook/${endpoint}`, {
      type: 'webhookRequested',
      ...referenceOf(due),
      endpoint,
    });
  return next;
}

/**
 * Steps of one clock that are overdue together collapse into the highest: its notifications go out, the
 * others' do not (docs/rules.md §9). What lasts, a hand-off above all, is still done, once.
 */
function reachSteps(turn: Turn, due: readonly DueStep[], now: number): Turn {
  const highest = due.at(-1)!;
  const observed = turn.ticket.mode === 'observe';
  let next = turn;
  for (const lower of due.slice(0, -1)) next = skipStep(next, lower, { now, by: highest.step.id });
  const before = recipientsOf(next.ticket, highest.step, now);
  next = decideAt(next, now, stepEventId(highest), {
    type: 'stepReached',
    ...referenceOf(highest),
    dueAt: highest.dueAt,
    percent: highest.step.percent,
    observed,
    ...(before.nobody.length > 0 && { nobody: before.nobody }),
  });
  if (observed) return next;
  next = doLasting(next, due, now);
  const { recipients } = recipientsOf(next.ticket, highest.step, now);
  return tell(next, highest, { now, recipients });
}

/** Repetitions that an acknowledgement stopped, logged once their instant is past. */
function settleStopped(turn: Turn, now: number): Turn {
  const stopped = unreachedSteps(turn.ticket).filter(
    (due) => due.dueAt <= now && isStopped(turn.ticket, due),
  );
  return stopped.reduce((soFar, due) => skipStep(soFar, due, { now, by: 'acknowledged' }), turn);
}

/** Holds that lasted as long as they may end at that instant, or the lead is asked to look at them. */
function settleHolds(turn: Turn, now: number): Turn {
  let next = turn;
  for (const { hold, dueAt } of limitedHolds(turn.ticket)) {
    if (dueAt > now) continue;
    const { atEnd } = turn.ticket.rules.policy.holds![hold.reason]!;
    const id = `${holdKey(hold)}/expired`;
    const draft = { id, source: 'engine' as const, occurredAt: dueAt, receivedAt: now };
    next = append(next, draft, { type: 'holdExpired', reason: hold.reason, since: hold.since, atEnd });
    if (atEnd === 'askLead' && next.ticket.mode === 'act')
      next = decideAt(next, now, `${id}/notify/lead`, {
        type: 'notificationRequested',
        hold: hold.reason,
        audience: isThere(next.ticket, 'lead', now) ? 'lead' : 'manager',
        tier: next.ticket.situation.tier,
      });
  }
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
 * Everything due at or before `now`, decided: holds that have lasted long enough, then verdicts, then ladder steps in
 * the order they fell due, then closing. Nothing is judged by rules that are to be looked up again. Idempotent:
 * settling twice at one instant adds nothing.
 */
export function settle(ticket: Ticket, now: number): Turn {
  if (areRulesDue(ticket)) return startTurn(ticket);
  const held = isFinal(ticket) ? startTurn(ticket) : settleHolds(startTurn(ticket), now);
  let turn = settleBreaches(held, now);
  if (isFinal(ticket)) return turn;
  for (let due = overdueSteps(turn.ticket, now); due.length > 0; due = overdueSteps(turn.ticket, now))
    turn = reachSteps(turn, due, now);
  return settleAutoClose(settleStopped(turn, now), now);
}
