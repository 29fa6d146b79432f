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
  withUpdateSent,
} from './collaboration.ts';
import { cancelClock, isActive, meetClock } from './clock.ts';
import type { DeskBody, LedgerEvent, OpenedBody } from './events.ts';
import { isSecurityEvent } from './incident.ts';
import { changedAttributes, withLifecycles, withPauses } from './lifecycles.ts';
import { clockRuleOf, isMoreUrgent, ownerCalendar, type AppliedRules, type HoldReason } from './policy.ts';
import { followedOwner, mapClocks, reopenedBy, retargeted } from './retarget.ts';
import { instantAfter } from './open-hours.ts';
import { secured } from './incident-story.ts';
import {
  wasAsked,
  type Happening,
  type Hold,
  type Resolution,
  type Share,
  type ShareSpan,
  type Situation,
} from './situation.ts';

import { accepted, assigned, movedTo, offered, returned, withQueued, withWritten } from './whereabouts.ts';

/** The answer of one step of the fold: the next situation, or why nothing changed. */
export type Step = { situation: Situation } | { moot: string };

const moot = (reason: string): Step => ({ moot: reason });
const orMoot = (next: Situation | null, reason: string): Step => (next ? { situation: next } : moot(reason));

/** No phone call goes unanswered: such a ticket had its first response when it was opened (docs/rules.md §9). */
const ANSWERED_ON_OPENING: ReadonlySet<string> = new Set(['phone', 'inPerson']);
/** Nobody waits for a first response to these (docs/rules.md §9). */
const NOBODY_WAITING: ReadonlySet<string> = new Set(['monitoring', 'internal']);

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

/** What nobody did before the end stays undone: it is cancelled, not met. The law's clocks go on (docs/rules.md §7). */
function withEnd(situation: Situation, at: number): Situation {
  const { state } = situation;
  if (state !== 'closed' && state !== 'cancelled') return situation;
  return mapClocks(
    situation,
    ({ kind }) => kind !== 'law',
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
  if (event.visibility !== 'public') return { situation };
  const sent = event.update ? withUpdateSent(situation) : situation;
  // Only an agent's public words stop a response clock (docs/rules.md §9).
  if (event.author !== 'agent') return { situation: sent };
  const heard = { ...sent, lastPublicReplyAt: at, awaitsResponse: false, unansweredSince: null };
  return { situation: withoutDrafts(heard) };
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

/** The bare change; clocks, pauses and shares follow from it in `advance`. */
function change(situation: Situation, event: Happening, rules: AppliedRules): Step {
  if (isSecurityEvent(event)) return secured(situation, event);
  const at = event.occurredAt;
  const isResolved = situation.state === 'resolved';
  switch (event.type) {
    case 'acknowledged':
      return isAcknowledged(situation, rules, at)
        ? moot('already_acknowledged')
        : { situation: accepted({ ...situation, acknowledgedAt: at, automaticSince: null }, at) };
    case 'assigned':
      return { situation: assigned(situation, event) };
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
      return orMoot(returned(situation, event), 'nothing_offered');
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
    case 'reviewNoted':
      return { situation: { ...situation, review: { id: event.review, state: event.state } } };
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

const hasOtherOwner = (before: Situation, after: Situation): boolean =>
  before.tier !== after.tier || before.team !== after.team;

/** The next situation, or why the event changes nothing where it falls. */
export function advance(situation: Situation, event: Happening, rules: AppliedRules): Step {
  if (event.occurredAt < situation.openedAt) return moot('before_opening');
  // How content the customer is, the customer says when all is over.
  const isOver = situation.state === 'closed' || situation.state === 'cancelled';
  if (isOver && event.type !== 'rated' && !isSecurityEvent(event)) return moot('after_close');
  const at = event.occurredAt;
  const before = withHoldsEnded(situation, at, rules);
  const step = change(before, event, rules);
  if ('moot' in step) return step;
  const queued = withQueued(before, step.situation, at);
  const clocked = withLifecycles({ before, after: queued, event, rules });
  const owned = hasOtherOwner(before, clocked) ? followedOwner(clocked, at, rules) : clocked;
  return { situation: withShares(withPauses(withEnd(owned, at), at, rules), at, rules) };
}
