/** The rows that lists and reports read say what the ticket says. */
import { describe, expect, test } from '@jest/globals';
import { project } from '../../domain/projection.ts';
import { allClocks } from '../support/desk-clocks.ts';
import { at, MS, PaperDesk } from '../support/paper-desk.ts';

const rowsOf = (desk: PaperDesk, hour: number) => project(desk.ticket, at(hour));

describe('the row of a ticket', () => {
  test('names the earliest deadline of its running clocks', () => {
    const desk = new PaperDesk();
    expect(rowsOf(desk, 1).ticket.nextDeadlineAt).toBe(at(4));
    desk.agentReplies(2);
    expect(rowsOf(desk, 2).ticket.nextDeadlineAt).toBe(at(16));
  });

  test('names none while every clock stands, and says on hold', () => {
    const desk = new PaperDesk({ attributes: { channel: 'phone' } });
    desk.ask(1, { type: 'hold', reason: 'vendor' });
    expect(rowsOf(desk, 2).ticket).toMatchObject({
      state: 'onHold',
      nextDeadlineAt: null,
      nextMilestoneAt: null,
      holds: [{ reason: 'vendor', since: at(1) }],
    });
  });

  test('is breached from the first breach on, and not any more once it is withdrawn', () => {
    const desk = new PaperDesk();
    expect(rowsOf(desk, 4).ticket.breached).toBe(false);
    desk.wait(4 + MS);
    expect(rowsOf(desk, 4.5).ticket.breached).toBe(true);
    desk.agentReplies(3, 5);
    expect(rowsOf(desk, 5).ticket.breached).toBe(false);
  });

  test('counts who owned the time up to the instant it was written', () => {
    const desk = new PaperDesk();
    desk.ask(1, { type: 'hold', reason: 'vendor' });
    expect(rowsOf(desk, 3).ticket).toMatchObject({
      shares: { tier1: 3_600_000, vendor: 7_200_000 },
      sharesAt: at(3),
    });
  });
});

describe('the row of a clock', () => {
  test('keeps the honest triple: started, deadline, met', () => {
    const desk = new PaperDesk();
    desk.agentReplies(2);
    expect(rowsOf(desk, 3).clocks[0]).toMatchObject({
      clock: 'firstResponse',
      cycle: 1,
      state: 'met',
      startedAt: at(0),
      deadlineAt: at(4),
      metAt: at(2),
      breachedAt: null,
      targetMs: 4 * 3_600_000,
      calendar: 'always',
    });
  });

  test('is breached at the deadline, not when it was noticed', () => {
    const desk = new PaperDesk();
    desk.wait(9);
    expect(rowsOf(desk, 9).clocks[0]).toMatchObject({ state: 'running', breachedAt: at(4), metAt: null });
  });
});

test('a clock and its cycle have one row, also where other rules count cycles again', () => {
  const anybody = allClocks({}, { version: 1 });
  const urgentOnly = allClocks(
    { tierAccept: { targets: { P1: { ms: 3_600_000, calendar: 'always' } } } },
    { version: 2 },
  );
  const desk = new PaperDesk({ policy: anybody, priority: 'P3' });
  desk.changeRules(1, urgentOnly);
  desk.ask(2, { type: 'prioritise', priority: 'P1' });
  desk.handOn(3, 2);
  const cycles = rowsOf(desk, 4).clocks.map(({ clock, cycle }) => `${clock}/${cycle}`);
  expect(cycles).toContain('tierAccept/1');
  expect(cycles).toEqual([...new Set(cycles)]);
});
