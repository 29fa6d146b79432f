/** Whose time a ticket took, one part per owner: what reports of effort and of breaches add up. */
import type { LedgerEvent } from './events.ts';
import { clockRuleOf, type AppliedRules } from './policy.ts';
import { dividedTime } from './shares.ts';
import { rebuild, type Ticket } from './ticket.ts';

/** A tier, an offer that waits (charged to the tier that offered), the policy (nobody was there), or a hold. */
export const OWNERS = [
  'tier',
  'inFlight',
  'uncovered',
  'customer',
  'vendor',
  'changeWindow',
  'internal',
] as const;
export type Owner = (typeof OWNERS)[number];

export interface OwnedTime {
  owner: Owner;
  /** The tier that owned or offered; null for the others. */
  tier: number | null;
  ms: number;
}

type Amounts = Readonly<Record<string, number | undefined>>;

const TIER = /^tier(\d+)$/;

function ownerOf(share: string): { owner: Owner; tier: number | null } {
  const tier = TIER.exec(share)?.[1];
  return tier === undefined ? { owner: share as Owner, tier: null } : { owner: 'tier', tier: Number(tier) };
}

/**
 * The parts of a ticket's time, from what its row says: shares in milliseconds, and of what was in flight how much is
 * charged to each tier. They add up to the shares, exactly.
 */
export function ownedTimes(shares: Amounts, inFlight: Amounts): OwnedTime[] {
  const charged = Object.entries(inFlight).map(([tier, ms = 0]) => ({ tier: Number(tier), ms }));
  const unknown = (shares['handoff'] ?? 0) - charged.reduce((sum, { ms }) => sum + ms, 0);
  const flights = [...charged, { tier: null, ms: unknown }].map((one) => ({
    owner: 'inFlight' as const,
    ...one,
  }));
  const others = Object.entries(shares)
    .filter(([share]) => share !== 'handoff' && share !== 'none')
    .map(([share, ms = 0]) => ({ ...ownerOf(share), ms }));
  return [...others, ...flights].filter(({ ms }) => ms > 0);
}

/** As `ownedTimes`, of a ticket counted up to `now`. */
export function timesOf({ situation, rules }: Ticket, now: number): OwnedTime[] {
  const { shares, inFlight } = dividedTime(situation, rules, now);
  return ownedTimes(shares, inFlight);
}

/** Whether the resolution clock runs while this owner has the ticket. */
export function runsClock({ policy }: AppliedRules, owner: Owner): boolean {
  const { pausedBy } = clockRuleOf(policy, 'resolution');
  return !(pausedBy as readonly string[]).includes(owner);
}

const RULES: readonly string[] = ['rulesChanged', 'rulesConfirmed', 'rulesExtended'];

/**
 * The ticket as it was at `at`: what happened by then, judged by the rules that were known when the verdict on it was
 * given, at `decidedAt`.
 */
export function ticketAt(
  ticketId: string,
  events: readonly LedgerEvent[],
  { at, decidedAt }: { at: number; decidedAt: number },
): Ticket {
  const heard = events.filter(({ type, occurredAt }, i) => {
    return i === 0 || occurredAt <= at || (RULES.includes(type) && occurredAt <= decidedAt);
  });
  return rebuild(ticketId, heard);
}
