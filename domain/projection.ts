/** The rows that are read instead of the ticket: written with the events of the turn that changed them. */
import {
  calendarCalled,
  clockState,
  deadlineOf,
  governingLimit,
  lengthOf,
  type Clock,
  type ClockState,
  type Pause,
} from './clock.ts';
import { nextMilestone } from './escalation.ts';
import type { ClockName, Priority } from './policy.ts';
import type { Share, TicketState } from './situation.ts';
import { sharesOf } from './shares.ts';
import { clocksOf, cycleKey, type Ticket } from './ticket.ts';

/** What a list shows and filters by: an open ticket with an open hold is `onHold`. */
export type ListedState = TicketState | 'onHold';

export interface TicketRow {
  id: string;
  state: ListedState;
  priority: Priority;
  tier: number;
  team: string | null;
  assignee: string | null;
  acknowledgedAt: number | null;
  holds: { reason: string; since: number }[];
  openedAt: number;
  resolvedAt: number | null;
  closedAt: number | null;
  reopenCount: number;
  handoffs: number;
  tierReturns: number;
  policy: string;
  policyVersion: number;
  mode: string;
  /** Earliest deadline of a running clock; null while every clock stands. */
  nextDeadlineAt: number | null;
  nextMilestoneAt: number | null;
  breached: boolean;
  shares: Partial<Record<Share, number>>;
  /** Up to which instant `shares` counts. */
  sharesAt: number;
  attributes: Ticket['attributes'];
}

export interface ClockRow {
  clock: ClockName;
  cycle: number;
  /** What it measures, where there may be several at once. */
  subject: string | null;
  state: ClockState;
  startedAt: number;
  deadlineAt: number | null;
  metAt: number | null;
  breachedAt: number | null;
  cancelledAt: number | null;
  cancelReason: string | null;
  targetMs: number;
  calendar: string;
  pauses: readonly Pause[];
}

export interface Projection {
  ticket: TicketRow;
  clocks: ClockRow[];
}

function clockRow(ticket: Ticket, clock: Clock): ClockRow {
  const limit = governingLimit(clock, ticket.rules.hours);
  const verdict = ticket.breaches[cycleKey(clock.name, clock.cycle)];
  return {
    clock: clock.name,
    cycle: clock.cycle,
    subject: clock.subject ?? null,
    state: clockState(clock),
    startedAt: clock.startedAt,
    deadlineAt: deadlineOf(clock, ticket.rules.hours),
    metAt: clock.metAt,
    breachedAt: verdict?.standing ? verdict.deadlineAt : null,
    cancelledAt: clock.cancelledAt,
    cancelReason: clock.cancelReason,
    targetMs: lengthOf(ticket.rules.hours, limit) ?? 0,
    calendar: calendarCalled(limit.calendar),
    pauses: clock.pauses,
  };
}

/** The rows of a ticket as of `now`. */
export function project(ticket: Ticket, now: number): Projection {
  const { situation, rules } = ticket;
  const clocks = clocksOf(ticket).map((clock) => clockRow(ticket, clock));
  const deadlines = clocks.flatMap(({ state, deadlineAt }) =>
    state === 'running' && deadlineAt !== null ? [deadlineAt] : [],
  );
  return {
    ticket: {
      id: ticket.id,
      state: situation.state === 'open' && situation.holds.length > 0 ? 'onHold' : situation.state,
      priority: situation.priority,
      tier: situation.tier,
      team: situation.team,
      assignee: situation.assignee,
      acknowledgedAt: situation.acknowledgedAt,
      holds: situation.holds.map(({ reason, since }) => ({ reason, since })),
      openedAt: situation.openedAt,
      resolvedAt: situation.resolvedAt,
      closedAt: situation.closedAt,
      reopenCount: situation.reopenCount,
      handoffs: situation.handoffs,
      tierReturns: situation.tierReturns,
      policy: rules.policy.name,
      policyVersion: rules.policy.version,
      mode: ticket.mode,
      nextDeadlineAt: deadlines.length > 0 ? Math.min(...deadlines) : null,
      nextMilestoneAt: nextMilestone(ticket)?.at ?? null,
      breached: ticket.retiredBreaches > 0 || clocks.some(({ breachedAt }) => breachedAt !== null),
      shares: sharesOf(situation, rules, now),
      sharesAt: now,
      attributes: ticket.attributes,
    },
    clocks,
  };
}
