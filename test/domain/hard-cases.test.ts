/** Every hard case, asked of the functions. */
import { expect, test } from '@jest/globals';
import { add, elapsed, subtract } from '../../domain/business-time.ts';
import { HARD_CASES, msOf, type HardCase } from './hard-cases.ts';

/** As the table writes it: an instant, an amount of milliseconds, or a code. */
function answerOf({ calendar, op, from, by, pauses = [] }: HardCase): string | number {
  const paused = pauses.map(([start, end]) => ({
    from: Date.parse(start),
    to: end === null ? null : Date.parse(end),
  }));
  const at = Date.parse(from);
  if (op === 'elapsed') return elapsed(calendar, at, Date.parse(by), paused);
  const answer = (op === 'add' ? add : subtract)(calendar, at, msOf(by), paused);
  return typeof answer === 'number' ? new Date(answer).toISOString() : answer;
}

function expectedOf({ op, expected }: HardCase): string | number {
  if (op === 'elapsed') return msOf(expected);
  return expected.startsWith('19') || expected.startsWith('2') ? new Date(expected).toISOString() : expected;
}

test('there are many, in many zones', () => {
  const zones = HARD_CASES.map(({ calendar }) => (calendar === 'always' ? 'always' : calendar.timezone));
  expect(HARD_CASES.length).toBeGreaterThanOrEqual(150);
  expect(new Set(zones).size).toBeGreaterThanOrEqual(12);
  expect(new Set(HARD_CASES.map(({ fact }) => fact)).size).toBe(HARD_CASES.length);
});

test.each(HARD_CASES)('$fact', (hardCase) => {
  expect(answerOf(hardCase)).toBe(expectedOf(hardCase));
});
