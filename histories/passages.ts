/** From hand to hand: the offers, handoffs and teams of a case, as its log tells them. */
import type { ImportedHistory } from '../domain/history.ts';

/** One offer to another line, from the row that made it. Epoch milliseconds. */
export interface OfferPassage {
  toTier: number;
  offeredAt: number;
  /** Null where it was replaced by another offer, dropped when the case was resolved, or nobody took it. */
  acceptedAt: number | null;
}

/** One change of the tier that has the case. */
export interface HandoffPassage {
  from: number;
  to: number;
  /** Whether it goes back to a tier that had the case before: ping-pong. */
  isReturn: boolean;
}

export interface Passages {
  /** The tier where the case began. */
  openedTier: number;
  /** In the order they were made. */
  offers: OfferPassage[];
  /** In the order they were accepted. */
  handoffs: HandoffPassage[];
}

/** How far the walk through a case has come. */
interface Walk extends Passages {
  /** Who has the case now, and all who ever had it. */
  tier: number;
  tiersHad: Set<number>;
  /** An offer on a resolved case is none until somebody takes it: nobody waits there. */
  isResolved: boolean;
  pending: OfferPassage | undefined;
}

function offered(walk: Walk, toTier: number, offeredAt: number): void {
  // An offer repeated to the same line is the same offer, not a new wait.
  if (toTier === walk.pending?.toTier) return;
  walk.pending = { toTier, offeredAt, acceptedAt: null };
  if (!walk.isResolved) walk.offers.push(walk.pending);
}

function accepted(walk: Walk, acceptedAt: number): void {
  const { pending, tier: from, tiersHad } = walk;
  if (!pending) return;
  pending.acceptedAt = acceptedAt;
  if (walk.isResolved) walk.offers.push(pending);
  walk.pending = undefined;
  const to = pending.toTier;
  if (to === from) return;
  walk.handoffs.push({ from, to, isReturn: tiersHad.has(to) });
  walk.tier = to;
  tiersHad.add(to);
}

/**
 * The offers and handoffs of a case up to its closing. Resolving drops an offer that nobody took; a reopening that
 * finds it still queued makes it again.
 */
export function passagesOf({ tier = 1, facts }: ImportedHistory): Passages {
  const walk: Walk = {
    openedTier: tier,
    offers: [],
    handoffs: [],
    tier,
    tiersHad: new Set([tier]),
    isResolved: false,
    pending: undefined,
  };
  for (const fact of facts) {
    if (fact.type === 'closed' || fact.type === 'cancelled') break;
    if (fact.type === 'resolved' || fact.type === 'reopened') {
      walk.isResolved = fact.type === 'resolved';
      walk.pending = undefined;
    } else if (fact.type === 'handoffOffered') offered(walk, fact.toTier, fact.occurredAt);
    else if (fact.type === 'handoffAccepted') accepted(walk, fact.occurredAt);
  }
  const { openedTier, offers, handoffs } = walk;
  return { openedTier, offers, handoffs };
}

/** Changes from one named team to another, and those among them back to a team that had the case before. */
export function teamChangesOf({ facts }: ImportedHistory): { changes: number; returns: number } {
  const known = new Set<string>();
  let current: string | undefined;
  let changes = 0;
  let returns = 0;
  for (const fact of facts) {
    const team = fact.type === 'assigned' || fact.type === 'handoffOffered' ? fact.team : undefined;
    if (!team || team === current) continue;
    if (current !== undefined) changes += 1;
    if (known.has(team)) returns += 1;
    known.add(team);
    current = team;
  }
  return { changes, returns };
}
