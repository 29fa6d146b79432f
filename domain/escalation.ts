/**
 * What falls due by itself: ladder steps, breaches, closing after resolution, the end of the known hours.
 * `nextMilestone` says when to look again, `settle` does everything due by then.
 */
import { holdEndsAt } from './advance.ts';
import { isActive, stoppedAt, type Clock } from './clock.ts';
import { isStopped, openSteps, scheduleOf, unreachedSteps, type DueStep } from './ladder.ts';
import type { ClockName } from './policy.ts';
import type { Hold } from './situation.ts';
import { childrenOf } from './collaboration.ts';
import { NOT_APPLICABLE } from './incident-story.ts';
import { declarationOf, delayRunning, SEVERITY_OF } from './security.ts';
import { awaitsReview } from './incident-review.ts';
import { declareMajor, isThere, reachSteps, skipStep, tellOf } from './steps.ts';
import {
  areRulesDue,
  cycleKey,
  delayKey,
  holdKey,
  isFinal,
  isOver,
  returnsKey,
  type Ticket,
} from './ticket.ts';
import { append, decideAt, startTurn, type Turn } from './turn.ts';

/** Loaded this long before the known hours end (docs/rules.md §1: the end of the horizon is a milestone). */
export const HORIZON_MARGIN_MS = 7 * 86_400_000;

export type MilestoneKind = 'step' | 'breach' | 'holdExpires' | 'delayEnds' | 'autoClose' | 'rulesExpire';

export interface Milestone {
  at: number;
  kind: MilestoneKind;
}

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
  // It closes once its review does, at once if its time is past by then.
  if (awaitsReview(ticket)) return null;
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
  if (isOver(ticket) || areRulesDue(ticket)) return [];
  const found: Milestone[] = [
    ...openSteps(ticket).map(({ dueAt }) => ({ at: dueAt, kind: 'step' as const })),
    ...breachMilestones(ticket),
  ];
  if (isFinal(ticket)) return found;
  found.push(...limitedHolds(ticket).map(({ dueAt }) => ({ at: dueAt, kind: 'holdExpires' as const })));
  const delay = delayRunning(ticket);
  if (delay) found.push({ at: delay.until, kind: 'delayEnds' });
  const closes = autoCloseAt(ticket);
  if (closes !== null) found.push({ at: closes, kind: 'autoClose' });
  return found;
}

function earliest(found: readonly Milestone[]): Milestone | null {
  return found.reduce<Milestone | null>((first, one) => (!first || one.at < first.at ? one : first), null);
}

/** The next instant at which something falls due by itself, or null for a ticket that waits for nothing. */
export function nextMilestone(ticket: Ticket): Milestone | null {
  const expires = isOver(ticket) ? null : rulesExpireAt(ticket);
  const expiry: Milestone[] = expires === null ? [] : [{ at: expires, kind: 'rulesExpire' }];
  return earliest([...decisionsDue(ticket), ...expiry]);
}

/** The next milestone that `settle` can deal with: longer hours have to be brought from outside. */
export function nextDecision(ticket: Ticket): Milestone | null {
  return earliest(decisionsDue(ticket));
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
  const isOwed = clock.cancelReason !== NOT_APPLICABLE;
  const late = isOwed && deadlineAt !== null && (stoppedAt(clock) ?? now) > deadlineAt;
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
    ...(clock.kind && { kind: clock.kind }),
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

/** Handed to and fro as often as the policy allows, and every so many times more: a lead is called, once each time. */
function settleReturns(turn: Turn, now: number): Turn {
  const { situation, rules, steps } = turn.ticket;
  const limit = rules.policy.handoffs?.returnsBeforeLead;
  const returns = situation.tierReturns + (situation.handoffReturns ?? 0);
  if (limit === undefined || situation.state !== 'open' || returns < limit) return turn;
  const reached = returns - (returns % limit);
  const key = returnsKey(reached);
  if (steps[key]) return turn;
  const called = decideAt(turn, now, key, { type: 'leadCalled', returns: reached });
  return tellOf(called, `${key}/notify`, { notice: 'pingPong', reference: String(reached), now });
}

/** As many affected users, or tickets that are part of it, as make a major incident by the policy's rule. */
function settleMajor(turn: Turn, now: number): Turn {
  const { rules, situation, attributes } = turn.ticket;
  const { affectedUsers, children } = rules.policy.major ?? {};
  const isAffecting = affectedUsers !== undefined && (attributes.affectedUsers ?? 0) >= affectedUsers;
  const hasMany = children !== undefined && childrenOf(situation).length >= children;
  return isAffecting || hasMany ? declareMajor(turn, 'majorIncident', now) : turn;
}

/** A ticket of a type that the policy lists is a security incident from the start. */
function settleSecurity(turn: Turn, now: number): Turn {
  const { id, rules, situation, attributes, mode } = turn.ticket;
  const isListed = rules.policy.security?.types.includes(attributes.type) ?? false;
  if (!isListed || situation.security || situation.state !== 'open' || mode === 'observe') return turn;
  const asked = { severity: SEVERITY_OF[situation.priority] };
  return decideAt(turn, now, 'securityIncident', declarationOf(id, rules, asked, null));
}

/** Containment was put off, and that time is over: a lead is called to decide anew. */
function settleDelay(turn: Turn, now: number): Turn {
  const delay = delayRunning(turn.ticket);
  if (!delay || delay.until > now) return turn;
  const { until } = delay;
  const draft = { id: delayKey(until), source: 'engine' as const, occurredAt: until, receivedAt: now };
  const ended = append(turn, draft, { type: 'containmentDelayEnded', until });
  return tellOf(ended, `${draft.id}/notify`, { notice: 'containmentDelayEnded', now, page: true });
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
  if (isOver(ticket)) return turn;
  if (!isFinal(ticket))
    turn = settleReturns(settleMajor(settleDelay(settleSecurity(turn, now), now), now), now);
  for (let due = overdueSteps(turn.ticket, now); due.length > 0; due = overdueSteps(turn.ticket, now))
    turn = reachSteps(turn, due, now);
  return settleAutoClose(settleStopped(turn, now), now);
}
