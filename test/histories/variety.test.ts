import { expect, test } from '@jest/globals';
import type { Fact } from '../../domain/events.ts';
import type { ImportedHistory } from '../../domain/history.ts';
import { countVarieties, pickVaried } from '../../histories/variety.ts';

const HELD = { type: 'held', reason: 'customer' };
const REOPENED = { type: 'reopened' };
const RAISED = { type: 'prioritised', priority: 'P1' };

function cases(...all: object[][]): ImportedHistory[] {
  return all.map((bodies, i) => ({
    caseId: `${i}`,
    openedAt: 0,
    priority: 'P3',
    attributes: { type: 'incident', channel: 'api', impact: 'low', urgency: 'low' },
    facts: bodies.map((body, j) => ({ ...body, id: `${j}`, occurredAt: j }) as Fact),
  }));
}

const log = cases([], [HELD], [HELD], [HELD, REOPENED], [], [RAISED], [HELD]);
const idsOf = (histories: readonly ImportedHistory[]) => histories.map(({ caseId }) => caseId);

test('of each variety as many as of the others are picked, in the order of the log', () => {
  expect(idsOf(pickVaried(log, 3))).toEqual(['1', '3', '5']);
  expect(countVarieties(pickVaried(log, 3))).toEqual({ held: 2, reopened: 1, reprioritised: 1, plain: 0 });
});

test('plain cases only fill up what the log has not', () => {
  expect(idsOf(pickVaried(log, 6))).toEqual(['0', '1', '2', '3', '5', '6']);
  expect(pickVaried(log, 100)).toEqual(log);
  expect(countVarieties(log)).toEqual({ held: 4, reopened: 1, reprioritised: 1, plain: 2 });
});
