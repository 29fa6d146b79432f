/** The timeline of an incident: one order for many logs, and the silences in it. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareEntries, gapsIn, withGaps, type TimelineEntry } from '../../domain/review-timeline.ts';
import { runs } from '../support/runs.ts';

const MINUTE = 60_000;

let sequence = 0;
const entry = (minutes: number, type: string, event: Record<string, unknown> = {}): TimelineEntry => ({
  at: minutes * MINUTE,
  source: 'ticket',
  of: 'tkt_1',
  sequence: (sequence += 1),
  type,
  event,
});
const OPENED = entry(0, 'opened', { tier: 1 });

test.each<[string, TimelineEntry[], [number, string[]][]]>([
  [
    'nobody has it',
    [OPENED, entry(60, 'assigned', { assignee: 'a' })],
    [[60, ['tier 1', 'nobody assigned']]],
  ],
  [
    'somebody has it, and waits for the customer',
    [
      OPENED,
      entry(1, 'assigned', { assignee: 'a' }),
      entry(2, 'held', { reason: 'customer' }),
      entry(90, 'resumed'),
    ],
    [[88, ['tier 1', 'with a', 'on hold for customer']]],
  ],
  [
    'a consult is open, and closed',
    [
      OPENED,
      entry(1, 'consultAsked', { consult: 'c-1' }),
      entry(40, 'consultAnswered', { consult: 'c-1' }),
      entry(80, 'noted'),
    ],
    [
      [39, ['tier 1', 'nobody assigned', 'consult c-1']],
      [40, ['tier 1', 'nobody assigned']],
    ],
  ],
  [
    'it is offered, and accepted',
    [OPENED, entry(1, 'handoffOffered', { toTier: 2 }), entry(60, 'handoffAccepted'), entry(120, 'noted')],
    [
      [59, ['tier 1', 'nobody assigned', 'offered to tier 2']],
      [60, ['tier 2', 'nobody assigned']],
    ],
  ],
  ['exactly the threshold is none', [OPENED, entry(30, 'assigned', { assignee: 'a' })], []],
  ['after resolving nothing is waited for', [OPENED, entry(1, 'resolved'), entry(600, 'closed')], []],
])('a silence is told with what was open: %s', (_what, entries, expected) => {
  const found = gapsIn(entries, 30 * MINUTE).map(({ lengthMs, openThen }) => [lengthMs / MINUTE, openThen]);
  expect(found).toEqual(expected);
});

test('what happens in another log ends a silence, and says nothing of what was open', () => {
  const child: TimelineEntry = { ...entry(20, 'resolved'), source: 'child', of: 'tkt_2' };
  const gaps = gapsIn([OPENED, child, entry(60, 'noted')], 30 * MINUTE);
  expect(gaps).toMatchObject([
    { at: 20 * MINUTE, lengthMs: 40 * MINUTE, openThen: ['tier 1', 'nobody assigned'] },
  ]);
});

test('whatever the logs: nothing is lost, and every span of the open incident is short or a gap', () => {
  const entries = fc.array(fc.tuple(fc.nat(600), fc.constantFrom('noted', 'assigned', 'messageAdded')), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(entries, (told) => {
      const all = [OPENED, ...told.map(([minutes, type]) => entry(minutes, type, { assignee: 'a' }))];
      const ordered = all.toSorted(compareEntries);
      const shown = withGaps(ordered, 'tkt_1', 30 * MINUTE);
      expect(shown.filter((one) => 'event' in one)).toEqual(ordered);
      shown.forEach((one, i) => {
        const next = shown[i + 1];
        if (!next) return;
        if ('lengthMs' in one) expect(next.at - one.at).toBe(one.lengthMs);
        else if (!('lengthMs' in next)) expect(next.at - one.at).toBeLessThanOrEqual(30 * MINUTE);
      });
    }),
    runs(200),
  );
});
