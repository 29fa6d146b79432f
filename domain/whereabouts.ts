/**
 * Where a ticket is, and how it gets elsewhere: offers and their packet, moves from tier to tier, who has it, and since when
 * nobody does. Part of the fold (domain/advance.ts).
 */
import type { DeskBody, LedgerEvent } from './events.ts';
import { EMPTY_PACKET, withPacket, type PacketItem } from './packet.ts';
import type { Situation } from './situation.ts';

/** Teams and tiers a ticket has left, the newest so many: enough to count returns, whatever a front end sends. */
const PLACES_REMEMBERED = 50;

function remembered<T>(places: readonly T[], left: T): T[] {
  return [...places.filter((place) => place !== left), left].slice(-PLACES_REMEMBERED);
}

/** At another tier, where nobody has it yet. */
export function movedTo(situation: Situation, tier: number, team: string | null): Situation {
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

/** A tier has taken it on; the first time is kept. */
export function accepted(situation: Situation, at: number): Situation {
  return { ...situation, acceptedAt: situation.acceptedAt ?? at };
}

export function assigned(
  situation: Situation,
  event: LedgerEvent<Extract<DeskBody, { type: 'assigned' }>>,
): Situation {
  const assignee = event.assignee === undefined ? situation.assignee : event.assignee;
  const isGiven = assignee !== null || (event.team ?? null) !== null;
  const taken = {
    ...(assignee !== null && { acceptedAt: situation.acceptedAt ?? event.occurredAt }),
    ...(isGiven && { assignedAt: situation.assignedAt ?? event.occurredAt }),
  };
  const waitsNoMore = assignee !== null && { automaticSince: null, returnedSince: null };
  return withTeam({ ...situation, ...taken, ...waitsNoMore, assignee }, event.team ?? situation.team);
}

/** The packet with what was written into it. */
export function withWritten(
  situation: Situation,
  more: { items?: readonly PacketItem[]; articles?: readonly string[] },
): Situation {
  if (!more.items && !more.articles) return situation;
  return { ...situation, packet: withPacket(situation.packet ?? EMPTY_PACKET, more) };
}

/** Offered to a tier; its sender has it until that accepts. */
export function offered(
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

/** An offer goes back to its sender; an automatic handoff has none, so a lead decides (docs/rules.md §9). Null: neither. */
export function returned(
  situation: Situation,
  event: LedgerEvent<Extract<DeskBody, { type: 'handoffReturned' }>>,
): Situation | null {
  const handoffReturns = (situation.handoffReturns ?? 0) + 1;
  if (situation.offer) return { ...situation, offer: null, handoffReturns };
  if (!situation.automaticSince) return null;
  return { ...situation, automaticSince: null, returnedSince: event.occurredAt, handoffReturns };
}

/** Since when nobody has it where it is: a ticket that stays put keeps its place in the queue. */
export function withQueued(before: Situation, after: Situation, at: number): Situation {
  const waits = after.state === 'open' && after.assignee === null;
  const stays = before.tier === after.tier && before.team === after.team && before.state === after.state;
  const queuedSince = waits ? ((stays ? before.queuedSince : null) ?? at) : null;
  return (after.queuedSince ?? null) === queuedSince ? after : { ...after, queuedSince };
}
