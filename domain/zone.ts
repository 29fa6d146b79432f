/**
 * Time zones: how far local clocks are ahead of UTC, and when that changes, as integers.
 *
 * `Intl` knows the rules; asking it is slow, so that each zone is asked once for each stretch of time and the rest is
 * arithmetic. Only calendar.ts and rota.ts import this file: what an instant is locally depends on the zone data of the
 * runtime, and workflows must not.
 */

const SECOND = 1000;
const QUARTER = 900_000;
const DAY = 86_400_000;

/** Offsets are known block by block, so that two instants decades apart cost two blocks. */
const BLOCK = 30 * DAY;

/**
 * How often offsets are compared when a block is searched for changes. Two changes of one zone are at least
 * a week apart (Gaza in October 2040, where Ramadan ends a week before summer time does).
 */
const SAMPLE = 6 * DAY;

/** No local clock is further from UTC: Manila was 15 h 56 min behind, Metlakatla 15 h 2 min ahead. */
const FARTHEST = 16 * 3_600_000;

/** Beyond it a zone starts again: 60 years of blocks. */
const BLOCKS_KEPT = 730;
/** Every zone has about 30 KB in `Intl`; some callers spell zones as they like. */
const ZONES_KEPT = 1000;

/** From `at` (epoch milliseconds) on local clocks are `after` instead of `before` milliseconds ahead of UTC. */
export interface ClockChange {
  at: number;
  before: number;
  after: number;
}

/** The offset at an instant, and the changes after it, in order. */
export interface Offsets {
  offset: number;
  changes: readonly ClockChange[];
}

/**
 * Wall-clock time (as if it were UTC) from which the offset after a change counts. A time that the change skips is
 * taken by the offset before it, and so is the first of two: RFC 5545, and `compatible` in Temporal.
 */
export function wallClockOf({ at, before, after }: ClockChange): number {
  return at + (before > after ? before : after);
}

/** One IANA zone. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #blocks = new Map<number, Offsets>();

  /** Throws a RangeError where the runtime does not know the zone. */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      timeZoneName: 'longOffset',
      hour: 'numeric',
    });
  }

  /** Milliseconds that local clocks are ahead of UTC at an instant. */
  offsetAt(at: number): number {
    const { offset, changes } = this.#block(Math.floor(at / BLOCK));
    let current = offset;
    for (const change of changes) if (change.at <= at) current = change.after;
    return current;
  }

  /** The offset at `from`, and the changes after it and before `until`. */
  offsetsBetween(from: number, until: number): Offsets {
    const changes: ClockChange[] = [];
    for (let index = Math.floor(from / BLOCK); index * BLOCK < until; index += 1)
      for (const change of this.#block(index).changes)
        if (change.at > from && change.at < until) changes.push(change);
    return { offset: this.offsetAt(from), changes };
  }

  /** Changes that may matter to wall-clock times between the two (as if they were UTC), and the offset before them. */
  offsetsAround(from: number, until: number): Offsets {
    return this.offsetsBetween(from - FARTHEST, until + FARTHEST);
  }

  /** Instant of a wall-clock time; a skipped one is taken as much later, of two the first (`wallClockOf`). */
  instantOf(wallClock: number): number {
    const { offset, changes } = this.offsetsAround(wallClock, wallClock + 1);
    let current = offset;
    for (const change of changes) if (wallClockOf(change) <= wallClock) current = change.after;
    return wallClock - current;
  }

  /** The change that skips a wall-clock time, if one does. */
  changeSkipping(wallClock: number): ClockChange | undefined {
    const { changes } = this.offsetsAround(wallClock, wallClock + 1);
    return changes.find(({ at, before, after }) => at + before <= wallClock && wallClock < at + after);
  }

  #block(index: number): Offsets {
    const known = this.#blocks.get(index);
    if (known) return known;
    if (this.#blocks.size >= BLOCKS_KEPT) this.#blocks.clear();
    const found = this.#search(index * BLOCK);
    this.#blocks.set(index, found);
    return found;
  }

  /** The block that starts at `start`: it begins with what is after a change just there, and has one just at its end. */
  #search(start: number): Offsets {
    const offset = this.#ask(start);
    const changes: ClockChange[] = [];
    let before = offset;
    for (let from = start; from < start + BLOCK; from += SAMPLE) {
      const after = this.#ask(from + SAMPLE);
      if (after !== before) changes.push(this.#changeBetween(from, from + SAMPLE, before));
      before = after;
    }
    return { offset, changes };
  }

  /** The change in `(from, to]`: to the second, which is how exactly zone rules are written. */
  #changeBetween(from: number, to: number, before: number): ClockChange {
    // Nearly all fall on a quarter of an hour.
    let at = this.#firstAfterChange(from, to, { before, step: QUARTER });
    if (this.#ask(at - SECOND) !== before)
      at = this.#firstAfterChange(at - QUARTER, at, { before, step: SECOND });
    return { at, before, after: this.#ask(at) };
  }

  /** The first of the steps from `from` (included) to `to` at which the offset is another than before. */
  #firstAfterChange(from: number, to: number, { before, step }: { before: number; step: number }): number {
    let [low, high] = [0, (to - from) / step];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(from + middle * step) === before) low = middle;
      else high = middle;
    }
    return from + high * step;
  }

  /** What `Intl` says. */
  #ask(at: number): number {
    return offsetShown(this.#format.format(at));
  }
}

/** Milliseconds of `11 PM GMT+01:00`, or of `GMT` alone; with seconds in times when clocks went by the sun. */
function offsetShown(text: string): number {
  const sign = text.indexOf('GMT') + 3;
  if (sign === text.length) return 0;
  const part = (index: number) => Number(text.slice(sign + index, sign + index + 2));
  const ahead = (part(1) * 60 + part(4)) * 60 + part(7);
  return (text[sign] === '+' ? ahead : -ahead) * SECOND;
}

const zones = new Map<string, Zone | null>();

/** The zone of that name, or null where the runtime knows none. A bare offset is none: it knows no clock changes. */
export function zoneNamed(name: string): Zone | null {
  const known = zones.get(name);
  if (known !== undefined) return known;
  if (zones.size >= ZONES_KEPT) zones.clear();
  const zone = /^[+-]/.test(name) ? null : openZone(name);
  zones.set(name, zone);
  return zone;
}

function openZone(name: string): Zone | null {
  try {
    return new Zone(name);
  } catch {
    return null;
  }
}
