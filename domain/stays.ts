/** The stays of tickets at tiers, from what the ledger says of them: what the pace of a queue is measured from. */
import type { Span } from './open-hours.ts';
import type { Stay } from './pace.ts';
import type { HoldReason, Priority } from './policy.ts';

export interface TierStay extends Stay {
  tier: number;
  team: string | null;
}

/** As much of a ledger event as tells where a ticket was and who had it. */
export interface Move {
  ticketId: string;
  type: string;
  /** Epoch milliseconds. */
  at: number;
  tier: number | null;
  team: string | null;
  /** Null where the event names nobody. */
  assignee: string | null;
  priority: Priority | null;
  reason: HoldReason | null;
}

/** Ledger events that move a ticket, give it to somebody, or let it wait. */
export const MOVES = [
  'opened',
  'assigned',
  'acknowledged',
  'prioritised',
  'priorityRaised',
  'handoffOffered',
  'handoffAccepted',
  'handoffReturned',
  'handoffWithdrawn',
  'handedOff',
  'held',
  'resumed',
  'holdExpired',
  'vendorReturned',
  'customerWrote',
  'resolved',
  'reopened',
  'closed',
  'autoClosed',
  'cancelled',
] as const;

/** One ticket on its way. */
interface Walk {
  stays: TierStay[];
  stay: TierStay | null;
  /** Where it is offered besides. */
  offer: TierStay | null;
  /** Since when somebody there has said yes to it, without being named. */
  acceptedAt: number | null;
  assignee: string | null;
  holds: Map<HoldReason, number>;
}

function begin(
  walk: Walk,
  move: Move,
  more: { tier: number; team: string | null; priority: Priority },
): TierStay {
  const stay: TierStay = { ...more, queuedAt: move.at, takenAt: null, doneAt: null, held: [] };
  walk.stays.push(stay);
  return stay;
}

/** An internal wait is our own work, the others are not. */
const isOthers = (reason: HoldReason | null): reason is HoldReason =>
  reason !== null && reason !== 'internal';

function endHolds(walk: Walk, at: number, reason?: HoldReason | null): void {
  for (const [held, since] of walk.holds)
    if (!reason || held === reason) {
      walk.holds.delete(held);
      if (walk.stay && at > since) walk.stay.held = [...(walk.stay.held ?? []), [since, at] as Span];
    }
}

function take({ stay }: Walk, at: number): void {
  if (stay) stay.takenAt ??= at;
}

/** Ends the stay; whoever accepted it without a name had it all along. */
function finish(walk: Walk, at: number): void {
  const { stay } = walk;
  if (!stay) return;
  const reasons = [...walk.holds.keys()];
  endHolds(walk, at);
  for (const reason of reasons) walk.holds.set(reason, at);
  stay.takenAt ??= walk.acceptedAt;
  stay.doneAt = at;
  Object.assign(walk, { stay: null, acceptedAt: null });
}

function dropOffer(walk: Walk, at: number): void {
  if (walk.offer) walk.offer.doneAt = at;
  walk.offer = null;
}

function follow(walk: Walk, move: Move): void {
  const { at, tier, team, priority, reason } = move;
  const here = walk.stay ?? walk.stays.at(-1);
  switch (move.type) {
    case 'opened':
      walk.stay = begin(walk, move, { tier: tier ?? 1, team, priority: priority ?? 'P4' });
      return;
    case 'assigned':
      if (walk.stay && team !== null) walk.stay.team = team;
      walk.assignee = move.assignee ?? walk.assignee;
      return move.assignee === null ? undefined : take(walk, at);
    case 'acknowledged':
      return take(walk, at);
    case 'prioritised':
    case 'priorityRaised':
      for (const stay of [walk.stay, walk.offer]) if (stay && priority) stay.priority = priority;
      return;
    case 'handoffOffered':
      dropOffer(walk, at);
      if (here && tier !== null) walk.offer = begin(walk, move, { tier, team, priority: here.priority });
      return;
    case 'handoffReturned':
    case 'handoffWithdrawn':
      return dropOffer(walk, at);
    case 'handoffAccepted':
      if (!walk.offer) return;
      finish(walk, at);
      Object.assign(walk, { stay: walk.offer, offer: null, acceptedAt: at, assignee: null });
      return;
    case 'handedOff':
      finish(walk, at);
      dropOffer(walk, at);
      walk.assignee = null;
      if (here && tier !== null) walk.stay = begin(walk, move, { tier, team: null, priority: here.priority });
      return;
    case 'held':
      if (isOthers(reason)) walk.holds.set(reason, at);
      return;
    case 'resumed':
    case 'holdExpired':
      return endHolds(walk, at, reason);
    case 'vendorReturned':
      return endHolds(walk, at, 'vendor');
    case 'customerWrote':
      endHolds(walk, at, 'customer');
      return;
    case 'reopened': {
      if (walk.stay || !here) return;
      const { tier: last, team: lastTeam, priority: lastPriority } = here;
      walk.stay = begin(walk, move, { tier: last, team: lastTeam, priority: lastPriority });
      if (walk.assignee !== null) take(walk, at);
      return;
    }
    case 'resolved':
    case 'closed':
    case 'autoClosed':
    case 'cancelled':
      endHolds(walk, at);
      finish(walk, at);
      return dropOffer(walk, at);
  }
}

/** The stays of many tickets; moves of one ticket stand together, in order. */
export function staysOf(moves: readonly Move[]): TierStay[] {
  const walks = new Map<string, Walk>();
  for (const move of moves) {
    const known = walks.get(move.ticketId);
    const fresh = { stays: [], stay: null, offer: null, acceptedAt: null, assignee: null, holds: new Map() };
    const walk: Walk = known ?? fresh;
    if (!known) walks.set(move.ticketId, walk);
    follow(walk, move);
  }
  return [...walks.values()].flatMap(({ stays }) => stays);
}
