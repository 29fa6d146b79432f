/** Containment that is put off: the end of that time is told, once, to whoever has to decide anew. */
import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../domain/commands.ts';
import { nextMilestone } from '../../domain/escalation.ts';
import { rebuild } from '../../domain/ticket.ts';
import { at, hourOf, PaperDesk } from '../support/paper-desk.ts';

const LEAD = { subject: 'key-2', role: 'lead', actingFor: 'lead-2' };

/** A declared incident whose containment is put off from hour 1 to hour 5. */
function putOff(more: Partial<Extract<Command, { type: 'delayContainment' }>> = {}): PaperDesk {
  const desk = new PaperDesk();
  expect(desk.ask(0, { type: 'declareSecurityIncident', severity: 'high' }, LEAD)).toBeNull();
  expect(desk.ask(1, { ...delayedUntil(5), ...more }, LEAD)).toBeNull();
  return desk;
}

const delayedUntil = (hour: number) =>
  ({ type: 'delayContainment', until: at(hour), consentedBy: 'counsel-1' }) as const;

const waitUntil = (desk: PaperDesk, hour: number) => {
  for (let soFar = 1; soFar <= hour; soFar += 0.5) desk.wait(soFar);
};

const ended = (desk: PaperDesk) => desk.all('containmentDelayEnded').map(({ until }) => hourOf(until));

const told = (desk: PaperDesk) =>
  desk
    .all('notificationRequested')
    .flatMap((one) => ('notice' in one && one.notice === 'containmentDelayEnded' ? [one] : []));

describe('the end of a containment delay', () => {
  test('is waited for, and pages a lead once', () => {
    const desk = putOff();
    desk.wait(4.5);
    expect(ended(desk)).toEqual([]);
    waitUntil(desk, 12);
    expect(ended(desk)).toEqual([5]);
    expect(told(desk)).toEqual([expect.objectContaining({ audience: 'lead', page: true })]);
    expect(rebuild('T-1', desk.ledger).steps).toEqual(desk.ticket.steps);
  });

  test('is what the ticket sleeps until, and no more once it is past', () => {
    const desk = putOff({ until: at(4.25) });
    desk.wait(4.2);
    expect(nextMilestone(desk.ticket)).toEqual({ at: at(4.25), kind: 'delayEnds' });
    desk.wait(4.25);
    expect(nextMilestone(desk.ticket)!.kind).not.toBe('delayEnds');
  });

  test('heard of late is dated when it was', () => {
    const desk = putOff();
    desk.wait(9);
    expect(desk.all('containmentDelayEnded')).toEqual([
      expect.objectContaining({ occurredAt: at(5), receivedAt: at(9) }),
    ]);
  });

  test('is that of the newest decision', () => {
    const desk = putOff();
    expect(desk.ask(4, delayedUntil(8), LEAD)).toBeNull();
    waitUntil(desk, 12);
    expect(ended(desk)).toEqual([8]);
  });

  test('comes again where it is put off again', () => {
    const desk = putOff();
    waitUntil(desk, 6);
    expect(desk.ask(6, delayedUntil(8), LEAD)).toBeNull();
    waitUntil(desk, 12);
    expect(ended(desk)).toEqual([5, 8]);
  });

  test.each<[what: string, command: Command]>([
    ['containment has begun', { type: 'enterPhase', phase: 'respond', activity: 'containment' }],
    ['the cause is being removed', { type: 'enterPhase', phase: 'respond', activity: 'eradication' }],
    ['recovery has begun', { type: 'enterPhase', phase: 'recover' }],
    ['the ticket is cancelled', { type: 'cancel' }],
  ])('is told to nobody once %s', (_what, command) => {
    const desk = putOff();
    expect(desk.ask(2, command, LEAD)).toBeNull();
    waitUntil(desk, 12);
    expect(ended(desk)).toEqual([]);
  });

  test('is told all the same while somebody only looks', () => {
    const desk = putOff();
    expect(desk.ask(2, { type: 'enterPhase', phase: 'respond', activity: 'analysis' }, LEAD)).toBeNull();
    waitUntil(desk, 12);
    expect(ended(desk)).toEqual([5]);
  });

  test('counts from a decision that is newer than the work', () => {
    const desk = putOff();
    desk.ask(2, { type: 'enterPhase', phase: 'respond', activity: 'containment' }, LEAD);
    expect(desk.ask(3, delayedUntil(7), LEAD)).toBeNull();
    waitUntil(desk, 12);
    expect(ended(desk)).toEqual([7]);
  });

  test('decided before ends were told is told to nobody', () => {
    const desk = putOff({ isForgotten: true });
    waitUntil(desk, 12);
    expect(ended(desk)).toEqual([]);
  });
});
