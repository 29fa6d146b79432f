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
import { collaborationOf, commanderOf, parentOf } from './collaboration.ts';
import type { Collaboration, MajorIncident } from './collaborators.ts';
import { nextMilestone } from './escalation.ts';
import type { SecurityIncident, Severity, Tlp } from './incident.ts';
import type { ClockName, Priority } from './policy.ts';
import { EMPTY_PACKET, type Packet } from './packet.ts';
import type { Share, Situation, TicketState } from './situation.ts';
import { dividedTime } from './shares.ts';
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
  offeredTier: number | null;
  offeredTeam: string | null;
  offeredAt: number | null;
  /** Since when nobody has it where it is, or is offered to. */
  queuedAt: number | null;
  major: boolean;
  parent: string | null;
  causeCode: string | null;
  article: string | null;
  needsArticle: boolean;
  /** The customer's satisfaction as a share of the best, 0 to 1. */
  rating: number | null;
  handoffReturns: number;
  /** Milliseconds in flight, by the tier that offered (docs/rules.md §9). */
  inFlight: Record<number, number>;
  teamwork: Teamwork;
  /** Of a security incident: who may know of it, and how bad it is. */
  tlp: Tlp | null;
  named: readonly string[];
  severity: Severity | null;
  codename: string | null;
  legalHold: boolean;
  /** All the rest of it, without the rules of its obligations. */
  security: Omit<SecurityIncident, 'obligations'> | null;
}

/** Everybody and everything beside the owner, as the ticket carries it. */
export interface Teamwork extends Collaboration {
  offer: Situation['offer'];
  automaticSince: number | null;
  returnedSince: number | null;
  packet: Packet;
  major: (MajorIncident & { commander: string | null }) | null;
}

export interface ClockRow {
  clock: ClockName;
  /** `law` for a duty of law. */
  kind: 'law' | null;
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
    kind: clock.kind ?? null,
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

function teamworkOf(situation: Situation): Teamwork {
  const { offer, automaticSince = null, returnedSince = null, packet = EMPTY_PACKET, major } = situation;
  const commander = commanderOf(situation) ?? null;
  return {
    ...collaborationOf(situation),
    offer,
    automaticSince,
    returnedSince,
    packet,
    major: major ? { ...major, commander } : null,
  };
}

/** The part of the row that tells what others have to do with the ticket. */
function togetherRow({ situation }: Ticket) {
  const { offer, queuedSince = null, resolution = {}, handoffReturns = 0 } = situation;
  const { rating } = collaborationOf(situation);
  return {
    offeredTier: offer?.toTier ?? null,
    offeredTeam: offer?.team ?? null,
    offeredAt: offer?.since ?? null,
    queuedAt: offer?.since ?? queuedSince,
    major: situation.major !== undefined,
    parent: parentOf(situation) ?? null,
    causeCode: resolution.causeCode ?? null,
    article: resolution.article ?? null,
    needsArticle: resolution.needsArticle ?? false,
    rating: rating ? rating.score / rating.outOf : null,
    handoffReturns,
    teamwork: teamworkOf(situation),
  };
}

function securityRow({ security }: Situation) {
  if (!security)
    return { tlp: null, named: [], severity: null, codename: null, legalHold: false, security: null };
  const { obligations: _rules, ...rest } = security;
  const { tlp, named, severity, codename, legalHold } = security;
  return { tlp, named, severity, codename, legalHold: legalHold !== null, security: rest };
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
      ...dividedTime(situation, rules, now),
      sharesAt: now,
      attributes: ticket.attributes,
      ...togetherRow(ticket),
      ...securityRow(situation),
    },
    clocks,
  };
}
