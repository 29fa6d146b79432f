/**
 * Time zones: how far local clocks are ahead of UTC, and when that changes, as integers.
 *
 * `Intl` knows the rules; asking it is slow, so that each zone is asked once for each stretch of time and the rest is
 * arithmetic. Only calendar.ts imports this file: what an instant is locally depends on the zone data of the runtime,
 * and workflows must not.
 */

const SECOND = 1000;
const DAY = 86_400_000;

/** Offsets are known block by block, so that two instants decades apart cost two blocks. */
const BLOCK = 64 * DAY;

/**
 * How often offsets are compared when a block is searched for changes. The shortest time between two changes of any
 * zone between 1900 and 2100 is longer (test/domain/zone.test.ts).
 */
export const SAMPLE = 4 * DAY;

/** No local clock is further from UTC: Manila was 15 h 56 min behind, Metlakatla 15 h 2 min ahead. */
const FARTHEST = 16 * 3_600_000;

/** Beyond it a zone starts again: 64 years of blocks. */
const BLOCKS_KEPT = 365;
/** Every zone has about 30 KB in `Intl`; some callers spell zones as they like. */
const ZONES_KEPT = 1000;

/** From `at` (epoch milliseconds) on local clocks are `after` instead of `before` milliseconds ahead of UTC. */
export interface ClockChange {
  at: number;
  before: number;
  after: number;
}

/** The offset at an instant, and the changes after it. */
export interface Offsets {
  offset: number;
  changes: readonly ClockChange[];
}

/**
 * Wall-clock time (as if it were UTC) from which the offset after a change counts. A time that the change skips is
 * taken by the offset before it, and so is the first of two: RFC 5545, and `compatible` in Temporal.
 */
export function wallClockOf({ at, before, after }: ClockChange): number {
  return at + Math.max(before, after);
}

const SHOWN = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/;

/** One IANA zone. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #blocks = new Map<number, Offsets>();

  /** Throws a RangeError where the runtime does not know the zone. */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
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

  /** The block that starts at `start`. A change just at its start is not in it: the block begins with what is after. */
  #search(start: number): Offsets {
    const offset = this.#ask(start);
    const changes: ClockChange[] = [];
    let before = offset;
    for (let from = start; from < start + BLOCK; from += SAMPLE) {
      const after = this.#ask(from + SAMPLE);
      if (after !== before) changes.push(this.#changeBetween(from, from + SAMPLE, before));
      before = after;
    }
    // One at the very end belongs to the next block.
    return { offset, changes: changes.filter(({ at }) => at < start + BLOCK) };
  }

  /** The change in `(from, to]`, to the second, which is how exactly zone rules are written. */
  #changeBetween(from: number, to: number, before: number): ClockChange {
    let [low, high] = [from / SECOND, to / SECOND];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle * SECOND) === before) low = middle;
      else high = middle;
    }
    return { at: high * SECOND, before, after: this.#ask(high * SECOND) };
  }

  /** What `Intl` says, for a whole second. */
  #ask(at: number): number {
    const parts = SHOWN.exec(this.#format.format(at))!;
    const [month, day, year, hour, minute, second] = parts.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return Date.UTC(year, month - 1, day, hour, minute, second) - at;
  }
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
