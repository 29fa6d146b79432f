/** Zones know every change of their clocks that the wall clock shows, and no other. */
import { describe, expect, test } from '@jest/globals';
import { zoneNamed } from '../../domain/zone.ts';
import { clockChanges } from '../../bench/naive-clock.ts';

const DAY = 86_400_000;
const FULL = process.env['TIERLINE_FULL'] !== undefined;
const ZONES = Intl.supportedValuesOf('timeZone');
/** Other ones every day; all of them in a full run. */
const TODAY = Math.floor(Date.now() / DAY);
const zones = FULL ? ZONES : Array.from({ length: 6 }, (_, i) => ZONES[(TODAY + i * 71) % ZONES.length]!);

/** Zones that change at 00:00 UTC, or twice within a week. */
const ODD = ['Asia/Gaza', 'America/Recife', 'Africa/Casablanca', 'Atlantic/Azores'];

const iso = (at: number) => new Date(at).toISOString();

describe('from 2000 to 2040 the clocks change when the wall clock does in', () => {
  test.each([...new Set([...ODD, ...zones])])(
    '%s',
    (name) => {
      const [from, until] = [Date.UTC(2000, 0, 1), Date.UTC(2041, 0, 1)];
      const { changes } = zoneNamed(name)!.offsetsBetween(from - 1, until);
      expect(changes.map(({ at }) => iso(at))).toEqual(clockChanges(name, from, until).map(iso));
    },
    60_000,
  );
});

describe('an instant of a wall-clock time', () => {
  const berlin = zoneNamed('Europe/Berlin')!;
  test.each([
    ['is the first of two', '2026-10-25T02:30Z', '2026-10-25T02:30+02:00'],
    ['is as much later where it is skipped', '2026-03-29T02:30Z', '2026-03-29T03:30+02:00'],
    ['has seconds in times when clocks went by the sun', '1890-01-01T00:00Z', '1889-12-31T23:06:32Z'],
  ])('%s', (_fact, wallClock, at) => {
    expect(iso(berlin.instantOf(Date.parse(wallClock)))).toBe(iso(Date.parse(at)));
  });
});

test('bare offsets and unknown names are no zones', () => {
  for (const name of ['+01:00', '-0330', 'Europe/Atlantis', '', 'Europe/Berlin[x]'])
    expect(zoneNamed(name)).toBeNull();
});
