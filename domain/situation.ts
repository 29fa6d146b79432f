/**
 * How things stand with a ticket: the fold of what happened to it, in the order it happened. Total: an event
 * that makes no sense where it falls changes nothing and says why (`moot`).
 */
import {
  cancelClock,
  deadlineOf,
  isActive,
  meetClock,
  openPause,
  pauseClock,
  relaxClock,
  resumeClock,
  startClock,
  tightenClock,
  type Clock,
  type PauseReason,
} from './clock.ts';
import type { DeskBody, EngineBody, LedgerEvent, OpenedBody } from './events.ts';
import { CLOCK_NAMES, isMoreUrgent, type AppliedRules, type HoldReason, type Priority } from './policy.ts';

export type TicketState = 'open' | 'resolved' | 'closed' | 'cancelled';

export interface Hold {
  reason: HoldReason;
  since: number;
}

export interface Offer {
  toTier: number;
  team: string | null;
  since: number;
}

/** Who owns a span of time: exactly one of them owns every second (docs/rules.md §3). */
export type Share = 'customer' | 'vendor' | 'handoff' | `tier${number}` | 'none';

export interface ShareSpan {
  from: number;
  share: Share;
}

/** Old spans, folded: who owned how much open time up to `until`, per calendar that may judge the resolution. */
export interface FoldedShares {
  until: number;
  totalsMs: Readonly<Record<string, Partial<Record<Share, number>>>>;
}

export interface Situation {
  state: TicketState;
  openedAt: number;
  priority: Priority;
  tier: number;
  team: string | null;
  assignee: string | null;
  acknowledgedAt: number | null;
  holds: readonly Hold[];
  offer: Offer | null;
  clocks: readonly Clock[];
  /** Opening counts as the customer's first message. */
  lastCustomerMessageAt: number;
  lastPublicReplyAt: number | null;
  /** Whether anybody waits for a first response: nobody does after one, or behind a monitoring alert (docs/rules.md §9). */
  awaitsResponse: boolean;
  firstResolvedAt: number | null;
  resolvedAt: number | null;
  /** The priority it was resolved under. */
  resolvedPriority: Priority | null;
  closedAt: number | null;
  reopenCount: number;
  /** Changes of tier, and those among them that went back to a tier the ticket had left. */
  handoffs: number;
  tierReturns: number;
  tiersLeft: readonly number[];
  /** Changes of team within or across tiers, and those back to a team the ticket had left. */
  teamChanges: number;
  teamReturns: number;
  teamsLeft: readonly string[];
  /** In order; those before `foldedShares.until` are in it. */
  shares: readonly ShareSpan[];
  foldedShares?: FoldedShares;
}

/** What folds: everything but the engine's own book-keeping of steps and breaches. */
export type StoryBody = OpenedBody | DeskBody | Extract<EngineBody, { type: 'handedOff' | 'autoClosed' }>;
export type StoryEvent = LedgerEvent<StoryBody>;

const STORY_TYPES: ReadonlySet<string> = new Set<StoryBody['type']>([
  'opened',
  'acknowledged',
  'assigned',
  'messageAdded',
  'held',
  'resumed',
  'vendorReturned',
  'prioritised',
  'handoffOffered',
  'handoffAccepted',
  'handedOff',
  'resolved',
  'reopened',
  'closed',
  'autoClosed',
  'cancelled',
]);

export function isStoryEvent(event: LedgerEvent): event is StoryEvent {
  return STORY_TYPES.has(event.type);
}

/** The answer of one step of the fold: the next situation, or why nothing changed. */
export type Step = { situation: Situation } | { moot: string };

const moot = (reason: string): Step => ({ moot: reason });

/** No phone call goes unanswered: such a ticket had its first response when it was opened (docs/rules.md §9). */
const ANSWERED_ON_OPENING: ReadonlySet<string> = new Set(['phone', 'inPerson']);
/** Nobody waits for a first response to these (docs/rules.md §9). */
const NOBODY_WAITING: ReadonlySet<string> = new Set(['monitoring', 'internal']);

/** Teams and tiers a ticket has left, the newest so many: enough to count returns, whatever a front end sends. */
const PLACES_REMEMBERED = 50;

function remembered<T>(places: readonly T[], left: T): T[] {
  return [...places.filter((place) => place !== left), left].slice(-PLACES_REMEMBERED);
}

/** The situation right after opening. */
export function openedSituation(event: LedgerEvent<OpenedBody>): Situation {
  const { occurredAt: at, priority, tier, attributes, rules } = event;
  const clocks: Clock[] = [];
  for (const name of CLOCK_NAMES) {
    const target = rules.policy.clocks[name].targets[priority];
    if (!target || (name === 'firstResponse' && NOBODY_WAITING.has(attributes.channel))) continue;
    const clock = startClock(name, 1, at, target);
    const answered = name === 'firstResponse' && ANSWERED_ON_OPENING.has(attributes.channel);
    clocks.push(answered ? meetClock(clock, at) : clock);
  }
  return {
    state: 'open',
    openedAt: at,
    priority,
    tier,
    team: null,
    assignee: null,
    acknowledgedAt: null,
    holds: [],
    offer: null,
    clocks,
    lastCustomerMessageAt: at,
    lastPublicReplyAt: null,
    awaitsResponse: !NOBODY_WAITING.has(attributes.channel) && !ANSWERED_ON_OPENING.has(attributes.channel),
    firstResolvedAt: null,
    resolvedAt: null,
    resolvedPriority: null,
    closedAt: null,
    reopenCount: 0,
    handoffs: 0,
    tierReturns: 0,
    tiersLeft: [],
    teamChanges: 0,
    teamReturns: 0,
    teamsLeft: [],
    shares: [{ from: at, share: `tier${tier}` }],
  };
}

function shareOf(situation: Situation): Share {
  if (situation.state !== 'open') return 'none';
  const held = new Set(situation.holds.map(({ reason }) => reason));
  if (held.has('customer')) return 'customer';
  if (held.has('vendor')) return 'vendor';
  return situation.offer ? 'handoff' : `tier${situation.tier}`;
}

function withShares(situation: Situation, at: number): Situation {
  const share = shareOf(situation);
  const last = situation.shares.at(-1)!;
  if (last.share === share) return situation;
  const kept = last.from === at ? situation.shares.slice(0, -1) : situation.shares;
  if (kept.at(-1)?.share === share) return { ...situation, shares: kept };
  return { ...situation, shares: [...kept, { from: at, share }] };
}

function pauseReasonFor(clock: Clock, situation: Situation, rules: AppliedRules): PauseReason | null {
  if (situation.state === 'resolved') return 'resolved';
  const pausing = rules.policy.clocks[clock.name].pausedBy;
  return situation.holds.find(({ reason }) => pausing.includes(reason))?.reason ?? null;
}

/** Opens, closes and relabels pauses so that they agree with the holds and the state. */
function withPauses(situation: Situation, at: number, rules: AppliedRules): Situation {
  const clocks = situation.clocks.map((clock) => {
    if (!isActive(clock)) return clock;
    const wanted = pauseReasonFor(clock, situation, rules);
    if (openPause(clock)?.reason === wanted) return clock;
    const running = resumeClock(clock, at);
    return wanted ? pauseClock(running, at, wanted) : running;
  });
  return { ...situation, clocks };
}

function mapClocks(situation: Situation, name: Clock['name'], change: (clock: Clock) => Clock): Situation {
  const clocks = situation.clocks.map((clock) =>
    clock.name === name && isActive(clock) ? change(clock) : clock,
  );
  return { ...situation, clocks };
}

function withoutHolds(situation: Situation, reason?: HoldReason): Situation {
  return { ...situation, holds: reason ? situation.holds.filter((hold) => hold.reason !== reason) : [] };
}

function movedTo(situation: Situation, tier: number, team: string | null): Situation {
  const crosses = tier !== situation.tier;
  const moved: Situation = {
    ...situation,
    tier,
    assignee: null,
    acknowledgedAt: null,
    offer: null,
    handoffs: situation.handoffs + (crosses ? 1 : 0),
    tierReturns: situation.tierReturns + (crosses && situation.tiersLeft.includes(tier) ? 1 : 0),
    tiersLeft: crosses ? remembered(situation.tiersLeft, situation.tier) : situation.tiersLeft,
  };
  return withTeam(moved, team);
}

function withTeam(situation: Situation, team: string | null): Situation {
  if (team === situation.team) return situation;
  const left = situation.team;
  return {
    ...situation,
    team,
    teamChanges: situation.teamChanges + (left !== null && team !== null ? 1 : 0),
    teamReturns: situation.teamReturns + (team !== null && situation.teamsLeft.includes(team) ? 1 : 0),
    teamsLeft: left === null ? situation.teamsLeft : remembered(situation.teamsLeft, left),
  };
}

interface PriorityChange {
  from: Priority;
  to: Priority;
  at: number;
}

/** Marks a clock that ended because nothing is promised under the new priority. */
const NOT_IN_POLICY = 'notInPolicy';

/**
 * A running clock under another priority. One already late keeps the limits it broke: lowering a priority never
 * removes a breach (docs/rules.md §9).
 */
function retargetedClock(clock: Clock, { from, to, at }: PriorityChange, rules: AppliedRules): Clock {
  const target = rules.policy.clocks[clock.name].targets[to];
  const deadline = deadlineOf(clock, rules.hours);
  if (deadline !== null && deadline < at) return clock;
  if (isMoreUrgent(to, from)) return target ? tightenClock(clock, at, target) : clock;
  return target ? relaxClock(clock, target) : cancelClock(clock, at, NOT_IN_POLICY);
}

function retargeted(situation: Situation, to: Priority, at: number, rules: AppliedRules): Situation {
  const change = { from: situation.priority, to, at };
  const clocks = situation.clocks.map((clock) =>
    isActive(clock) ? retargetedClock(clock, change, rules) : clock,
  );
  // Nothing starts on a resolved ticket; what is promised anew starts when it is reopened.
  const raised = isMoreUrgent(to, situation.priority) && situation.state === 'open';
  return {
    ...situation,
    priority: to,
    clocks: raised ? [...clocks, ...newlyPromised(situation, to, at, rules)] : clocks,
  };
}

/** Clocks that a raised priority promises and the old one did not: never set, or ended when it was lowered. */
function newlyPromised(situation: Situation, to: Priority, at: number, rules: AppliedRules): Clock[] {
  return CLOCK_NAMES.flatMap((name) => {
    const target = rules.policy.clocks[name].targets[to];
    const last = situation.clocks.findLast((clock) => clock.name === name);
    if (!target || (last && last.cancelReason !== NOT_IN_POLICY)) return [];
    if (name === 'firstResponse' && !situation.awaitsResponse) return [];
    return [startClock(name, (last?.cycle ?? 0) + 1, at, target)];
  });
}

function resolvedBy(situation: Situation, at: number): Situation {
  const met = mapClocks(situation, 'resolution', (clock) => meetClock(clock, at));
  return {
    ...withoutHolds(met),
    state: 'resolved',
    offer: null,
    firstResolvedAt: situation.firstResolvedAt ?? at,
    resolvedAt: at,
    resolvedPriority: situation.priority,
  };
}

/**
 * Reopening by the clock's own rule: go on, under the priority the ticket has by now; start again, the first try no longer counting; or start a new
 * cycle beside the first. What was breached stays breached: a restarted clock keeps its own cycle.
 */
function reopenedClocks(situation: Situation, at: number, rules: AppliedRules): Clock[] {
  return situation.clocks.flatMap((clock) => {
    if (clock.name !== 'resolution' || clock.metAt === null || clock.metAt !== situation.resolvedAt)
      return [clock];
    if (situation.clocks.some((other) => other.name === clock.name && other.cycle > clock.cycle))
      return [clock];
    const rule = rules.policy.clocks[clock.name];
    const target = rule.targets[situation.priority];
    if (rule.reopen === 'continue' || !target) {
      const pause = { from: clock.metAt, to: at, reason: 'resolved' as const };
      const pauses = at > pause.from ? [...clock.pauses, pause] : clock.pauses;
      const change = { from: situation.resolvedPriority!, to: situation.priority, at };
      const continued = { ...clock, metAt: null, pauses };
      return [change.from === change.to ? continued : retargetedClock(continued, change, rules)];
    }
    const next = startClock(clock.name, clock.cycle + 1, at, target);
    if (rule.reopen === 'newCycle') return [clock, next];
    return [{ ...clock, metAt: null, cancelledAt: clock.metAt, cancelReason: 'restarted' }, next];
  });
}

function reopenedBy(situation: Situation, at: number, rules: AppliedRules): Situation {
  const { priority, resolvedPriority } = situation;
  const clocks = reopenedClocks(situation, at, rules);
  const raised = isMoreUrgent(priority, resolvedPriority!);
  return {
    ...situation,
    clocks: raised ? [...clocks, ...newlyPromised({ ...situation, clocks }, priority, at, rules)] : clocks,
    state: 'open',
    resolvedAt: null,
    resolvedPriority: null,
    acknowledgedAt: null,
    reopenCount: situation.reopenCount + 1,
  };
}

/** Closing what was never resolved resolves it; what nobody answered ends unanswered, not met. */
function closedBy(situation: Situation, at: number): Situation {
  const resolved = situation.state === 'resolved' ? situation : resolvedBy(situation, at);
  const ended = mapClocks(resolved, 'firstResponse', (clock) =>
    cancelClock(clock, at, 'closedWithoutResponse'),
  );
  return { ...ended, state: 'closed', closedAt: at };
}

function cancelledBy(situation: Situation, at: number): Situation {
  const clocks = situation.clocks.map((clock) =>
    isActive(clock) ? cancelClock(clock, at, 'ticketCancelled') : clock,
  );
  return { ...withoutHolds(situation), clocks, state: 'cancelled', offer: null, closedAt: at };
}

type Happening = Exclude<StoryEvent, LedgerEvent<OpenedBody>>;

function messageAdded(
  situation: Situation,
  event: LedgerEvent<Extract<DeskBody, { type: 'messageAdded' }>>,
  rules: AppliedRules,
): Step {
  const at = event.occurredAt;
  if (event.author === 'customer') {
    const answered = withoutHolds({ ...situation, lastCustomerMessageAt: at }, 'customer');
    return { situation: situation.state === 'resolved' ? reopenedBy(answered, at, rules) : answered };
  }
  // Only an agent's public words stop a response clock (docs/rules.md §9).
  if (event.author !== 'agent' || event.visibility !== 'public') return { situation };
  const replied = mapClocks(situation, 'firstResponse', (clock) => meetClock(clock, at));
  return { situation: { ...replied, lastPublicReplyAt: at, awaitsResponse: false } };
}

/** Nobody waits for a customer who was not asked anything since the last word from there (docs/rules.md §9). */
export function wasAsked({ lastPublicReplyAt, lastCustomerMessageAt }: Situation): boolean {
  return lastPublicReplyAt !== null && lastPublicReplyAt >= lastCustomerMessageAt;
}

/** The bare change; pauses and shares follow from it in `advance`. */
function change(situation: Situation, event: Happening, rules: AppliedRules): Step {
  const at = event.occurredAt;
  const isResolved = situation.state === 'resolved';
  switch (event.type) {
    case 'acknowledged':
      return situation.acknowledgedAt === null
        ? { situation: { ...situation, acknowledgedAt: at } }
        : moot('already_acknowledged');
    case 'assigned': {
      const assignee = event.assignee === undefined ? situation.assignee : event.assignee;
      return { situation: withTeam({ ...situation, assignee }, event.team ?? situation.team) };
    }
    case 'messageAdded':
      return messageAdded(situation, event, rules);
    case 'held':
      if (isResolved) return moot('ticket_resolved');
      if (situation.holds.some(({ reason }) => reason === event.reason)) return moot('already_on_hold');
      if (event.source === 'fact' && event.reason === 'customer' && !event.imported && !wasAsked(situation))
        return moot('public_question_missing');
      return {
        situation: { ...situation, holds: [...situation.holds, { reason: event.reason, since: at }] },
      };
    case 'resumed':
      return situation.holds.some(({ reason }) => !event.reason || reason === event.reason)
        ? { situation: withoutHolds(situation, event.reason) }
        : moot('not_on_hold');
    case 'vendorReturned':
      return situation.holds.some(({ reason }) => reason === 'vendor')
        ? { situation: withoutHolds(situation, 'vendor') }
        : moot('not_on_hold');
    case 'prioritised':
      return event.priority === situation.priority
        ? moot('same_priority')
        : { situation: retargeted(situation, event.priority, at, rules) };
    // Hand-offs already made stand, whatever a late fact says of the state they were made in (docs/rules.md §9).
    case 'handoffOffered':
      if (!event.imported && !rules.policy.tiers.some(({ tier }) => tier === event.toTier))
        return moot('tier_unknown');
      return {
        situation: { ...situation, offer: { toTier: event.toTier, team: event.team ?? null, since: at } },
      };
    case 'handoffAccepted':
      return situation.offer
        ? { situation: movedTo(situation, situation.offer.toTier, situation.offer.team) }
        : moot('nothing_offered');
    case 'handedOff':
      return { situation: movedTo(situation, event.toTier, null) };
    case 'resolved':
      return isResolved ? moot('ticket_resolved') : { situation: resolvedBy(situation, at) };
    case 'reopened':
      return isResolved ? { situation: reopenedBy(situation, at, rules) } : moot('not_resolved');
    case 'closed':
    case 'autoClosed':
      return { situation: closedBy(situation, at) };
    case 'cancelled':
      return { situation: cancelledBy(situation, at) };
  }
}

/** The next situation, or why the event changes nothing where it falls. */
export function advance(situation: Situation, event: Happening, rules: AppliedRules): Step {
  if (event.occurredAt < situation.openedAt) return moot('before_opening');
  if (situation.state === 'closed' || situation.state === 'cancelled') return moot('after_close');
  const step = change(situation, event, rules);
  if ('moot' in step) return step;
  const at = event.occurredAt;
  return { situation: withShares(withPauses(step.situation, at, rules), at) };
}
