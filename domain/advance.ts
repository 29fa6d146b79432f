/**
 * One step of a ticket's story: how things stand after one more event. Total: an event that makes no sense where it
 * falls changes nothing and says why (`moot`). Clocks follow from it by lifecycles.ts and retarget.ts.
 */
import {
  collaborated,
  collaborationOf,
  withoutDrafts,
  withCommander,
  withoutEngagement,
} from './collaboration.ts';
import { cancelClock, isActive, meetClock } from './clock.ts';
import type { DeskBody, LedgerEvent, OpenedBody } from './events.ts';
import { changedAttributes, withLifecycles, withPauses } from './lifecycles.ts';
import { clockRuleOf, isMoreUrgent, ownerCalendar, type AppliedRules, type HoldReason } from './policy.ts';
import { followedOwner, mapClocks, reopenedBy, retargeted } from './retarget.ts';
import { instantAfter } from './open-hours.ts';
import { EMPTY_PACKET, withPacket, type PacketItem } from './packet.ts';
import {
  wasAsked,
  type Happening,
  type Hold,
  type Resolution,
  type Share,
  type ShareSpan,
  type Situation,
} from './situation.ts';

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

/** What a ticket begins with, whatever rules judge it. */
export type Opened = Pick<LedgerEvent<OpenedBody>, 'occurredAt' | 'priority' | 'tier' | 'attributes'>;

/** The situation right after opening, under these rules. */
export function openedSituation(opened: Opened, rules: AppliedRules): Situation {
  const { occurredAt: at, priority, tier, attributes } = opened;
  const bare: Situation = {
    state: 'open',
    openedAt: at,
    priority,
    tier,
    team: null,
    assignee: null,
    acknowledgedAt: null,
    holds: [],
    offer: null,
    clocks: [],
    lastCustomerMessageAt: at,
    lastPublicReplyAt: null,
    awaitsResponse: !NOBODY_WAITING.has(attributes.channel),
    firstResolvedAt: null,
    resolvedAt: null,
    resolvedPriority: null,
    closedAt: null,
    reopenCount: 0,
    queuedSince: at,
    handoffs: 0,
    tierReturns: 0,
    tiersLeft: [],
    teamChanges: 0,
    teamReturns: 0,
    teamsLeft: [],
    shares: [],
  };
  const event = { type: 'opened' as const, occurredAt: at };
  const started = withLifecycles({ before: null, after: bare, event, rules });
  const answered = ANSWERED_ON_OPENING.has(attributes.channel) ? answeredAt(started, at) : started;
  return withShares(answered, at, rules);
}

function answeredAt(situation: Situation, at: number): Situation {
  const met = mapClocks(
    situation,
    ({ name }) => name === 'firstResponse',
    (clock) => meetClock(clock, at),
  );
  return { ...met, awaitsResponse: false };
}

const OWNING_HOLDS: readonly HoldReason[] = ['customer', 'vendor'];

/** Who owns the time from now on; a hold for another reason does where it stands the resolution clock still. */
function shareOf(situation: Situation, { policy }: AppliedRules): Omit<ShareSpan, 'from'> {
  if (situation.state !== 'open') return { share: 'none' };
  const { pausedBy } = clockRuleOf(policy, 'resolution');
  const held = situation.holds.map(({ reason }) => reason);
  // Whoever stands the resolution clock still comes before whoever does not: else the rest would not be its time.
  const first = OWNING_HOLDS.filter((reason) => pausedBy.includes(reason));
  const owners = [...first, ...pausedBy, ...OWNING_HOLDS];
  const holder = owners.find((reason) => held.includes(reason));
  if (holder) return { share: holder };
  const { tier, team, offer } = situation;
  const share: Share = offer ? 'handoff' : `tier${tier}`;
  const calendar = ownerCalendar(policy, tier, team);
  return {
    share,
    ...(offer && { charged: tier }),
    ...(calendar !== 'always' && { coveredBy: calendar }),
  };
}

const isSameOwner = (a: Omit<ShareSpan, 'from'> | undefined, b: Omit<ShareSpan, 'from'>): boolean =>
  a?.share === b.share && a.coveredBy === b.coveredBy && a.charged === b.charged;

function withShares(situation: Situation, at: number, rules: AppliedRules): Situation {
  const owner = shareOf(situation, rules);
  const last = situation.shares.at(-1);
  if (isSameOwner(last, owner)) return situation;
  const kept = last?.from === at ? situation.shares.slice(0, -1) : situation.shares;
  if (isSameOwner(kept.at(-1), owner)) return { ...situation, shares: kept };
  return { ...situation, shares: [...kept, { from: at, ...owner }] };
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
    automaticSince: null,
    returnedSince: null,
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

/** Whether an acknowledgement still counts at `at`: it lapses after a while where the policy says so (docs/rules.md §9). */
export function isAcknowledged({ acknowledgedAt }: Situation, { policy }: AppliedRules, at: number): boolean {
  if (acknowledgedAt === null || at < acknowledgedAt) return false;
  return policy.ackTimeoutMs === undefined || at < acknowledgedAt + policy.ackTimeoutMs;
}

function resolvedBy(situation: Situation, at: number): Situation {
  return {
    ...withoutHolds(situation),
    state: 'resolved',
    offer: null,
    firstResolvedAt: situation.firstResolvedAt ?? at,
    resolvedAt: at,
    resolvedPriority: situation.priority,
    restoredAt: situation.restoredAt ?? at,
    unansweredSince: null,
    automaticSince: null,
    returnedSince: null,
  };
}

/** Closing what was never resolved resolves it. */
function closedBy(situation: Situation, at: number): Situation {
  const resolved = situation.state === 'resolved' ? situation : resolvedBy(situation, at);
  return { ...resolved, state: 'closed', closedAt: at };
}

function cancelledBy(situation: Situation, at: number): Situation {
  return { ...withoutHolds(situation), state: 'cancelled', offer: null, closedAt: at };
}

/** What nobody did before the end stays undone: it is cancelled, not met. */
function withEnd(situation: Situation, at: number): Situation {
  const { state } = situation;
  if (state !== 'closed' && state !== 'cancelled') return situation;
  return mapClocks(
    situation,
    () => true,
    (clock) => {
      if (state === 'cancelled') return cancelClock(clock, at, 'ticketCancelled');
      return cancelClock(
        clock,
        at,
        clock.name === 'firstResponse' ? 'closedWithoutResponse' : 'ticketClosed',
      );
    },
  );
}

function messageAdded(
  situation: Situation,
  event: LedgerEvent<Extract<DeskBody, { type: 'messageAdded' }>>,
  rules: AppliedRules,
): Step {
  const at = event.occurredAt;
  if (event.author === 'customer') {
    const waits = situation.awaitsResponse ? {} : { unansweredSince: situation.unansweredSince ?? at };
    const answered = withoutHolds({ ...situation, lastCustomerMessageAt: at, ...waits }, 'customer');
    return { situation: situation.state === 'resolved' ? reopenedBy(answered, at, rules) : answered };
  }
  // Only an agent's public words stop a response clock (docs/rules.md §9).
  if (event.author !== 'agent' || event.visibility !== 'public') return { situation };
  const heard = { ...situation, lastPublicReplyAt: at, awaitsResponse: false, unansweredSince: null };
  return { situation: withoutDrafts(heard) };
}

function assigned(situation: Situation, event: LedgerEvent<Extract<DeskBody, { type: 'assigned' }>>): Step {
  const assignee = event.assignee === undefined ? situation.assignee : event.assignee;
  const isGiven = assignee !== null || (event.team ?? null) !== null;
  const taken = {
    ...(assignee !== null && { acceptedAt: situation.acceptedAt ?? event.occurredAt }),
    ...(isGiven && { assignedAt: situation.assignedAt ?? event.occurredAt }),
  };
  const waitsNoMore = assignee !== null && { automaticSince: null, returnedSince: null };
  return {
    situation: withTeam({ ...situation, ...taken, ...waitsNoMore, assignee }, event.team ?? situation.team),
  };
}

function withWritten(
  situation: Situation,
  more: { items?: readonly PacketItem[]; articles?: readonly string[] },
): Situation {
  if (!more.items && !more.articles) return situation;
  return { ...situation, packet: withPacket(situation.packet ?? EMPTY_PACKET, more) };
}

function offered(
  situation: Situation,
  event: LedgerEvent<Extract<DeskBody, { type: 'handoffOffered' }>>,
): Situation {
  const { toTier, team = null, missing, completeness, occurredAt } = event;
  const offer = {
    toTier,
    team,
    since: occurredAt,
    fromTier: situation.tier,
    ...(missing && { missing }),
    ...(completeness !== undefined && { completeness }),
  };
  return { ...withWritten(situation, event), returnedSince: null, offer };
}

/** An offer goes back to its sender; an automatic handoff has none, so a lead decides (docs/rules.md §9). */
function returned(
  situation: Situation,
  event: LedgerEvent<Extract<DeskBody, { type: 'handoffReturned' }>>,
): Step {
  const handoffReturns = (situation.handoffReturns ?? 0) + 1;
  if (situation.offer) return { situation: { ...situation, offer: null, handoffReturns } };
  if (!situation.automaticSince) return moot('nothing_offered');
  return {
    situation: { ...situation, automaticSince: null, returnedSince: event.occurredAt, handoffReturns },
  };
}

function resolvedWith(
  situation: Situation,
  { causeCode, article, needsArticle }: Extract<DeskBody, { type: 'resolved' }>,
): Situation {
  const resolution: Resolution = {
    ...(causeCode !== undefined && { causeCode }),
    ...(article !== undefined && { article }),
    ...(needsArticle && { needsArticle }),
  };
  return { ...situation, resolution };
}

function declaredMajor(
  situation: Situation,
  { commander, automatic, occurredAt: since }: LedgerEvent<Extract<DeskBody, { type: 'majorDeclared' }>>,
): Step {
  if (situation.major) return moot('already_major');
  const declared = { ...situation, major: { since, ...(automatic && { automatic }) } };
  return { situation: commander === undefined ? declared : withCommander(declared, commander, since) };
}

function accepted(situation: Situation, at: number): Situation {
  return { ...situation, acceptedAt: situation.acceptedAt ?? at };
}

/** The bare change; clocks, pauses and shares follow from it in `advance`. */
function change(situation: Situation, event: Happening, rules: AppliedRules): Step {
  const at = event.occurredAt;
  const isResolved = situation.state === 'resolved';
  switch (event.type) {
    case 'acknowledged':
      return isAcknowledged(situation, rules, at)
        ? moot('already_acknowledged')
        : { situation: accepted({ ...situation, acknowledgedAt: at, automaticSince: null }, at) };
    case 'assigned':
      return assigned(situation, event);
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
    // Under the rules that decided it `withHoldsEnded` has ended the hold by now; under others the decision stands.
    // Another hold for the same reason, as a late fact may have made it, has its own time.
    case 'holdExpired': {
      const isMeant = ({ reason, since }: Hold) => reason === event.reason && since === event.since;
      const ends = event.atEnd === 'resume' && situation.holds.some(isMeant);
      return { situation: ends ? withoutHolds(situation, event.reason) : situation };
    }
    case 'vendorReturned': {
      const isEngaged = situation.clocks.some((clock) => clock.name === 'vendor' && isActive(clock));
      const isKnown = collaborationOf(situation).engagements.some(({ returnedAt }) => returnedAt === null);
      if (!isEngaged && !isKnown && !situation.holds.some(({ reason }) => reason === 'vendor'))
        return moot('not_on_hold');
      const back = withoutEngagement(situation, event.engagement, at);
      return { situation: withoutHolds(back, 'vendor') };
    }
    case 'prioritised':
      return event.priority === situation.priority
        ? moot('same_priority')
        : { situation: retargeted(situation, event.priority, at, rules) };
    case 'priorityRaised':
      return isMoreUrgent(event.priority, situation.priority)
        ? { situation: retargeted(situation, event.priority, at, rules) }
        : moot('same_priority');
    // Hand-offs already made stand, whatever a late fact says of the state they were made in (docs/rules.md §9).
    case 'handoffOffered':
      if (!event.imported && !rules.policy.tiers.some(({ tier }) => tier === event.toTier))
        return moot('tier_unknown');
      return { situation: offered(situation, event) };
    case 'handoffAccepted':
      return situation.offer
        ? { situation: accepted(movedTo(situation, situation.offer.toTier, situation.offer.team), at) }
        : moot('nothing_offered');
    case 'handoffReturned':
      return returned(situation, event);
    case 'handoffWithdrawn':
      return situation.offer ? { situation: { ...situation, offer: null } } : moot('nothing_offered');
    case 'packetWritten':
      return { situation: withWritten(situation, event) };
    case 'handedOff':
      return {
        situation: { ...accepted(movedTo(situation, event.toTier, null), at), automaticSince: at },
      };
    case 'restored':
      return situation.restoredAt
        ? moot('already_restored')
        : { situation: { ...situation, restoredAt: at } };
    case 'attributesChanged':
      return situation.attributes
        ? { situation: { ...situation, attributes: changedAttributes(situation.attributes, event.changes) } }
        : { situation };
    case 'consultAsked':
    case 'vendorEngaged':
      return isResolved ? moot('ticket_resolved') : collaborated(situation, event);
    case 'committed':
      return isResolved ? moot('ticket_resolved') : { situation };
    case 'consultAnswered':
    case 'consultWithdrawn':
    case 'joined':
    case 'left':
    case 'vendorAsked':
    case 'linked':
    case 'unlinked':
    case 'reproduced':
    case 'rated':
    case 'updateDrafted':
    case 'checklistAttached':
    case 'checklistItemDone':
      return collaborated(situation, event);
    case 'majorDeclared':
      return declaredMajor(situation, event);
    case 'articlesOffered':
    case 'problemNoted':
    case 'taskCreated':
    case 'taskDone':
    case 'reviewTaskOpened':
    case 'marked':
      return { situation };
    case 'resolved':
      return isResolved
        ? moot('ticket_resolved')
        : { situation: resolvedBy(resolvedWith(situation, event), at) };
    case 'reopened':
      return isResolved ? { situation: reopenedBy(situation, at, rules) } : moot('not_resolved');
    case 'closed':
    case 'autoClosed':
      return { situation: closedBy(situation, at) };
    case 'cancelled':
      return { situation: cancelledBy(situation, at) };
  }
}

/** When a hold has lasted as long as the policy allows; null where it may go on, or the known hours end before. */
export function holdEndsAt({ reason, since }: Hold, { policy, hours }: AppliedRules): number | null {
  const rule = policy.holds?.[reason];
  const known = rule && hours[rule.calendar];
  return known ? instantAfter(known, since, rule.maxMs) : null;
}

/**
 * The situation at `until` with the holds ended that resume by themselves, each at its own instant. Part of the fold, so
 * that a hold is no longer for having been told of late (docs/rules.md §1).
 */
export function withHoldsEnded(situation: Situation, until: number, rules: AppliedRules): Situation {
  if (situation.holds.length === 0 || !rules.policy.holds) return situation;
  const ending = situation.holds.flatMap((hold) => {
    const at = rules.policy.holds?.[hold.reason]?.atEnd === 'resume' ? holdEndsAt(hold, rules) : null;
    return at !== null && at <= until ? [{ reason: hold.reason, at }] : [];
  });
  return ending
    .toSorted((a, b) => a.at - b.at)
    .reduce((soFar, { reason, at }) => {
      return withShares(withPauses(withoutHolds(soFar, reason), at, rules), at, rules);
    }, situation);
}

/** Since when nobody has it where it is: a ticket that stays put keeps its place in the queue. */
function withQueued(before: Situation, after: Situation, at: number): Situation {
  const waits = after.state === 'open' && after.assignee === null;
  const stays = before.tier === after.tier && before.team === after.team && before.state === after.state;
  const queuedSince = waits ? ((stays ? before.queuedSince : null) ?? at) : null;
  return (after.queuedSince ?? null) === queuedSince ? after : { ...after, queuedSince };
}

const hasOtherOwner = (before: Situation, after: Situation): boolean =>
  before.tier !== after.tier || before.team !== after.team;

/** The next situation, or why the event changes nothing where it falls. */
export function advance(situation: Situation, event: Happening, rules: AppliedRules): Step {
  if (event.occurredAt < situation.openedAt) return moot('before_opening');
  // How content the customer is, the customer says when all is over.
  if (event.type !== 'rated' && (situation.state === 'closed' || situation.state === 'cancelled'))
    return moot('after_close');
  const at = event.occurredAt;
  const before = withHoldsEnded(situation, at, rules);
  const step = change(before, event, rules);
  if ('moot' in step) return step;
  const queued = withQueued(before, step.situation, at);
  const clocked = withLifecycles({ before, after: queued, event, rules });
  const owned = hasOtherOwner(before, clocked) ? followedOwner(clocked, at, rules) : clocked;
  return { situation: withShares(withPauses(withEnd(owned, at), at, rules), at, rules) };
}
