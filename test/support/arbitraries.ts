/** Random opening hours for properties. */
import fc from 'fast-check';
import type { OpenHours, Span } from '../../domain/open-hours.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Monday. */
export const EPOCH = Date.parse('2026-01-12T00:00Z');

/** Hours of a calendar from its intervals, known up to a day beyond them. */
export function openHours(intervals: readonly Span[], calendar = 'desk'): OpenHours {
  const from = Math.min(EPOCH, intervals[0]?.[0] ?? EPOCH) - DAY;
  const until = Math.max(EPOCH, intervals.at(-1)?.[1] ?? EPOCH) + DAY;
  return { calendar, version: 'test', zoneData: 'test', from, until, intervals };
}

/** Up to thirty windows of uneven length with uneven gaps, odd milliseconds included. */
export function openHoursOf(calendar = 'desk'): fc.Arbitrary<OpenHours> {
  const gapAndLength = fc.tuple(
    fc.integer({ min: 1, max: 20 * HOUR }),
    fc.integer({ min: 1, max: 14 * HOUR }),
  );
  return fc.array(gapAndLength, { minLength: 1, maxLength: 30 }).map((windows) => {
    let cursor = EPOCH;
    const intervals = windows.map<Span>(([gap, length]) => {
      const opens = cursor + gap;
      cursor = opens + length;
      return [opens, cursor];
    });
    return openHours(intervals, calendar);
  });
}
