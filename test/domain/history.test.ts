/** A past played by the functions that run live tickets. */
import { describe, expect, test } from '@jest/globals';
import { decideOpening } from '../../domain/decide.ts';
import type { Fact } from '../../domain/events.ts';
import {
  foldHistory,
  nextInstant,
  openingOf,
  playInstant,
  type ImportedHistory,
} from '../../domain/history.ts';
import type { Ticket } from '../../domain/ticket.ts';
import { at, hourOf, MS, openingOf as paperOpening } from '../support/paper-desk.ts';

const { rules, attributes } = paperOpening();

function history(...facts: Fact[]): ImportedHistory {
  return {
    caseId: '7',
    openedAt: at(0),
    priority: 'P3',
    attributes: { ...attributes, channel: 'phone' },
    facts,
  };
}

const fact = (hour: number, body: Partial<Fact>): Fact =>
  ({ id: `f${hour}`, occurredAt: at(hour), imported: true, ...body }) as Fact;

const verdict = (ticket: Ticket) => ticket.breaches['resolution/1'];

describe('a history', () => {
  test('is judged at its deadlines, between its facts', () => {
    const late = history(fact(1, { type: 'acknowledged' }), fact(20, { type: 'resolved' }));
    expect(verdict(foldHistory(late, rules, at(100)))).toEqual({
      revision: 1,
      standing: true,
      deadlineAt: at(16),
    });
  });

  test('is not judged for what falls due after the end of the log', () => {
    const open = history(fact(1, { type: 'acknowledged' }));
    expect(verdict(foldHistory(open, rules, at(16)))).toBeUndefined();
    expect(verdict(foldHistory(open, rules, at(16) + 1))).toMatchObject({ standing: true });
  });

  test('keeps its holds although nobody recorded the question', () => {
    const held = history(fact(1, { type: 'held', reason: 'customer' }), fact(90, { type: 'resolved' }));
    expect(verdict(foldHistory(held, rules, at(100)))).toBeUndefined();
  });

  test('hands off to nobody and starts at the lowest tier unless the log says where', () => {
    const ticket = foldHistory(history(fact(30, { type: 'resolved' })), rules, at(100));
    expect(ticket).toMatchObject({ mode: 'observe', situation: { tier: 1, handoffs: 0 } });
    expect(openingOf({ ...history(), tier: 2 }, rules).tier).toBe(2);
  });

  test('is played instant by instant: the next milestone or the next fact, whichever is first', () => {
    const script = {
      facts: [fact(13, { type: 'acknowledged' }), fact(20, { type: 'resolved' })],
      until: at(100),
    };
    let { ticket } = decideOpening(openingOf(history(), rules), at(0));
    const played: (number | null)[] = [];
    for (
      let next = 0, now = nextInstant(ticket, script, next);
      now !== null;
      now = nextInstant(ticket, script, next)
    ) {
      played.push(hourOf(now));
      ({ ticket, next } = playInstant(ticket, script, { at: now, next }));
    }
    // The warning at 75 %, a fact, the breach, the step an hour later, the last fact.
    expect(played).toEqual([12, 13, 16 + MS, 17, 20]);
  });
});
