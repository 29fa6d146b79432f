/**
 * Rotas: who is on call when.
 *
 * The members take turns of equal length in local time, so that a hand-over at 09:00 stays at 09:00 when the clocks
 * change. An override puts somebody else in for a while. All instants are epoch milliseconds. What an instant is
 * locally depends on the zone data of the runtime: workflows never import this file.
 */
import { zoneNamed, type Zone } from './zone.ts';

/** A shorter turn could vanish altogether in the hour that a clock change skips. */
export const SHORTEST_TURN_MS = 3_600_000;

export interface Rota {
  /** An IANA zone that the runtime knows. */
  timezone: string;
  /** The first member's first turn begins; nobody is on call by turns before. */
  startsAt: number;
  /** Length of a turn on the wall clock, at least an hour: a week is a week, also where the clocks change in it. */
  rotationMs: number;
  /** Ids of agents in the order of their turns, at least one. */
  members: readonly string[];
}

/** Somebody who is on call instead of whoever has the turn, in `[fromAt, toAt)`. */
export interface Override {
  id: string;
  agent: string;
  fromAt: number;
  toAt: number;
}

export interface OnCall {
  agent: string;
  /** The override by which it is not the one who has the turn. */
  override?: string;
}

/** Somebody is on call in `[fromAt, toAt)`. */
export interface OnCallSpan extends OnCall {
  fromAt: number;
  toAt: number;
}

function zoneOf({ timezone }: Rota): Zone {
  const zone = zoneNamed(timezone);
  if (!zone) throw new RangeError(`${timezone} is not a time zone known here`);
  return zone;
}

/**
 * When a turn begins, counted from 0. One that falls into an hour which a clock change skips begins at the change, one
 * into an hour that comes twice at its first: turns never overlap, and none begins before the one ahead of it.
 */
function turnStart(rota: Rota, turn: number): number {
  if (turn <= 0) return rota.startsAt;
  const zone = zoneOf(rota);
  const wallClock = rota.startsAt + zone.offsetAt(rota.startsAt) + turn * rota.rotationMs;
  return Math.max(rota.startsAt, zone.changeSkipping(wallClock)?.at ?? zone.instantOf(wallClock));
}

/** The turn at an instant that is not before the first. */
function turnAt(rota: Rota, at: number): number {
  const zone = zoneOf(rota);
  const passed = at + zone.offsetAt(at) - (rota.startsAt + zone.offsetAt(rota.startsAt));
  let turn = Math.max(0, Math.floor(passed / rota.rotationMs));
  // A clock change puts the guess off by a little.
  while (turn > 0 && turnStart(rota, turn) > at) turn -= 1;
  while (turnStart(rota, turn + 1) <= at) turn += 1;
  return turn;
}

const memberOf = ({ members }: Rota, turn: number): string => members[turn % members.length]!;

/** The next instant after `at` at which a turn begins. */
const nextTurnAfter = (rota: Rota, at: number): number =>
  at < rota.startsAt ? rota.startsAt : turnStart(rota, turnAt(rota, at) + 1);

/** The first instant after `at` at which an override begins or ends; null where none does. */
function nextEdgeAfter(overrides: readonly Override[], at: number): number | null {
  const edges = overrides.flatMap(({ fromAt, toAt }) => [fromAt, toAt]).filter((edge) => edge > at);
  return edges.length === 0 ? null : Math.min(...edges);
}

/**
 * Who is on call at an instant; null before the first turn. Overrides are given in the order in which they were made:
 * where several are for one instant, the last one counts.
 */
export function onCallAt(rota: Rota, overrides: readonly Override[], at: number): OnCall | null {
  const override = overrides.findLast(({ fromAt, toAt }) => fromAt <= at && at < toAt);
  if (override) return { agent: override.agent, override: override.id };
  return at < rota.startsAt ? null : { agent: memberOf(rota, turnAt(rota, at)) };
}

/** The next instant after `at` at which a turn begins that counts, or an override begins or ends. */
function nextBoundary(rota: Rota, overrides: readonly Override[], at: number): number {
  const edge = nextEdgeAfter(overrides, at);
  // Turns within an override change nothing: a long one is passed in one step.
  if (edge !== null && onCallAt(rota, overrides, at)?.override !== undefined) return edge;
  return Math.min(edge ?? Number.POSITIVE_INFINITY, nextTurnAfter(rota, at));
}

/** The next instant after `at` at which somebody else is on call than at `at`; null where nobody else ever is. */
export function nextChangeAfter(rota: Rota, overrides: readonly Override[], at: number): number | null {
  const agent = onCallAt(rota, overrides, at)?.agent;
  const isAlone = rota.members.every((member) => member === rota.members[0]);
  const next = (after: number): number | null => {
    // One person's turns change nothing, so that only the first of them counts.
    if (isAlone && after >= rota.startsAt) return nextEdgeAfter(overrides, after);
    return nextBoundary(rota, overrides, after);
  };
  let boundary = next(at);
  while (boundary !== null && onCallAt(rota, overrides, boundary)?.agent === agent) boundary = next(boundary);
  return boundary;
}

/**
 * Who is on call when in `[from, to)`, in order and without overlaps; the first and the last span are cut to it. Every
 * turn is a span of its own, an override one for as long as it counts. Where there is a gap, nobody is.
 */
export function onCallBetween(
  rota: Rota,
  overrides: readonly Override[],
  { from, to }: { from: number; to: number },
): OnCallSpan[] {
  const spans: OnCallSpan[] = [];
  for (let fromAt = from; fromAt < to;) {
    const toAt = Math.min(to, nextBoundary(rota, overrides, fromAt));
    const who = onCallAt(rota, overrides, fromAt);
    const last = spans.at(-1);
    const goesOn = who?.override !== undefined && last?.override === who.override && last.toAt === fromAt;
    if (goesOn) last.toAt = toAt;
    else if (who) spans.push({ ...who, fromAt, toAt });
    fromAt = toAt;
  }
  return spans;
}
