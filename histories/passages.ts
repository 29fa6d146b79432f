/** From hand to hand: the offers and teams of a case, as its log tells them. */
import type { ImportedHistory } from '../domain/history.ts';

/** One offer to another line, from the row that made it. Epoch milliseconds. */
export interface OfferPassage {
  toTier: number;
  offeredAt: number;
  /** Null where it was replaced by another offer, or nobody took it. */
  acceptedAt: number | null;
}

/** Offers in the order they were made. An offer repeated to the same line is the same offer, not a new wait. */
export function offersOf({ facts }: ImportedHistory): OfferPassage[] {
  const offers: OfferPassage[] = [];
  let pending: OfferPassage | undefined;
  for (const fact of facts) {
    if (fact.type === 'handoffOffered' && fact.toTier !== pending?.toTier) {
      pending = { toTier: fact.toTier, offeredAt: fact.occurredAt, acceptedAt: null };
      offers.push(pending);
    } else if (fact.type === 'handoffAccepted' && pending) {
      pending.acceptedAt = fact.occurredAt;
      pending = undefined;
    }
  }
  return offers;
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
