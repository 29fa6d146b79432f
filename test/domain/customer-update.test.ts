/** Which updates follow from what happens to a ticket, and what can be said of it. */
import { describe, expect, test } from '@jest/globals';
import { occasionOf, templateValues, updatesAskedBy } from '../../domain/customer-update.ts';
import type { LedgerEvent } from '../../domain/events.ts';
import { UPDATE_OCCASIONS, type UpdateOccasion, type UpdateRule } from '../../domain/policy.ts';
import { evolve, rebuild, type Ticket } from '../../domain/ticket.ts';
import { resolveRules } from '../../domain/rules.ts';
import type { Policy } from '../../domain/policy.ts';

const MINUTE = 60_000;
const OPENED = Date.parse('2026-01-12T09:00:00Z');

const policy: Policy = {
  name: 'updates',
  version: 1,
  precedence: 1,
  match: [],
  priorityMatrix: {
    high: { high: 'P1', medium: 'P1', low: 'P1' },
    medium: { high: 'P1', medium: 'P1', low: 'P1' },
    low: { high: 'P1', medium: 'P1', low: 'P1' },
  },
  tiers: [{ tier: 1, name: 'Desk' }],
  clocks: {
    resolution: {
      targets: { P1: { ms: 480 * MINUTE, calendar: 'always' } },
      pausedBy: [],
      reopen: 'continue',
      ladder: [],
    },
    customerUpdate: {
      targets: { P1: { ms: 30 * MINUTE, calendar: 'always' } },
      pausedBy: [],
      reopen: 'continue',
      ladder: [],
    },
    commitment: { targets: {}, pausedBy: [], reopen: 'continue', ladder: [] },
  },
  autoCloseAfterMs: 60 * MINUTE,
  backdating: { personMs: 0, integrationMs: 0 },
  updates: UPDATE_OCCASIONS.map((on): UpdateRule => ({ on, template: on.toLowerCase(), send: true })),
  calendars: {},
};

const opening = (more: object = {}): LedgerEvent =>
  ({
    type: 'opened',
    id: 'request:1/0',
    sequence: 1,
    source: 'request',
    decision: 0,
    occurredAt: OPENED,
    receivedAt: OPENED,
    priority: 'P1',
    tier: 1,
    mode: 'act',
    attributes: { type: 'incident', channel: 'web', impact: 'high', urgency: 'high' },
    rules: resolveRules(policy, { openedAt: OPENED, now: OPENED }),
    ...more,
  }) as LedgerEvent;

const happening = (sequence: number, body: object, at = OPENED + sequence * MINUTE): LedgerEvent =>
  ({ id: `e${sequence}`, sequence, source: 'fact', occurredAt: at, receivedAt: at, ...body }) as LedgerEvent;

const opened = (more: object = {}): Ticket => rebuild('tkt_1', [opening(more)]);
const asked = (event: LedgerEvent, before: Ticket | null = opened()): string[] =>
  updatesAskedBy(event, before, evolve(before, event, 'tkt_1')).map(({ template }) => template);

const customerMessage = { type: 'messageAdded', author: 'customer', visibility: 'public' };

describe('an occasion', () => {
  test.each<[UpdateOccasion | null, object]>([
    [
      'handedOn',
      {
        type: 'handedOff',
        fromTier: 1,
        toTier: 2,
        automatic: true,
        clock: 'resolution',
        cycle: 1,
        step: 'breach',
      },
    ],
    ['vendorEngaged', { type: 'vendorEngaged', engagement: 'eng_1' }],
    ['majorDeclared', { type: 'majorDeclared' }],
    ['workaroundKnown', { type: 'restored' }],
    ['workaroundKnown', { type: 'problemNoted', problem: 'prb_1', news: 'workaround' }],
    [null, { type: 'problemNoted', problem: 'prb_1', news: 'linked' }],
    ['resolved', { type: 'resolved' }],
    ['closed', { type: 'closed' }],
    ['closed', { type: 'autoClosed', resolvedAt: OPENED }],
    [null, { type: 'acknowledged' }],
    [null, customerMessage],
    [null, { type: 'messageAdded', author: 'agent', visibility: 'public' }],
  ])('%s', (occasion, body) => {
    expect(asked(happening(2, body))).toEqual(occasion === null ? [] : [occasion.toLowerCase()]);
  });

  test('opened, which comes before everything', () => {
    expect(asked(opening(), null)).toEqual(['opened']);
  });

  test('reopened, by a request or by a message of the customer to a resolved ticket', () => {
    const resolved = evolve(opened(), happening(2, { type: 'resolved' }));
    expect(asked(happening(3, customerMessage), resolved)).toEqual(['reopened']);
    expect(asked(happening(3, { type: 'reopened' }), resolved)).toEqual(['reopened']);
    const again = evolve(resolved, happening(3, customerMessage));
    expect(asked(happening(4, customerMessage), again)).toEqual([]);
  });

  test('is none where it changed nothing, was imported, or the ticket is only watched', () => {
    expect(asked(happening(2, { type: 'resolved', moot: 'after_close' }))).toEqual([]);
    expect(asked(happening(2, { type: 'resolved', imported: true }))).toEqual([]);
    expect(asked(happening(2, { type: 'resolved' }), opened({ mode: 'observe' }))).toEqual([]);
  });

  test('is the parent’s where the ticket is part of a major incident', () => {
    const part = evolve(opened(), happening(2, { type: 'linked', relation: 'parent', reference: 'tkt_0' }));
    expect(asked(happening(3, { type: 'resolved' }), part)).toEqual([]);
  });

  test('of every kind is looked for', () => {
    const bodies = [
      'opened',
      'handedOff',
      'vendorEngaged',
      'majorDeclared',
      'restored',
      'resolved',
      'reopened',
      'closed',
    ];
    const found = new Set(bodies.map((type) => occasionOf(happening(2, { type }))));
    expect([...found].filter((one) => one !== null).toSorted()).toEqual([...UPDATE_OCCASIONS].toSorted());
  });
});

describe('what can be said', () => {
  const valuesOf = (ticket: Ticket, author: 'agent' | 'system', at: number) =>
    templateValues(ticket, { subject: 'VPN', author, at });

  test('the next update is due a target after the one that is being written, if it counts', () => {
    const at = OPENED + 20 * MINUTE;
    expect(valuesOf(opened(), 'agent', at)['nextUpdateAt']).toEqual({ at: at + 30 * MINUTE });
    // What the system sends does not count here: an agent’s word is still due.
    expect(valuesOf(opened(), 'system', at)['nextUpdateAt']).toEqual({ at: OPENED + 30 * MINUTE });
  });

  test('a time that is past is not promised', () => {
    expect(valuesOf(opened(), 'system', OPENED + 31 * MINUTE)).not.toHaveProperty('nextUpdateAt');
    expect(valuesOf(opened(), 'system', OPENED + 481 * MINUTE)).not.toHaveProperty('promisedAt');
  });

  test('a time that somebody promised goes before the deadline', () => {
    expect(valuesOf(opened(), 'agent', OPENED)['promisedAt']).toEqual({ at: OPENED + 480 * MINUTE });
    const dueAt = OPENED + 600 * MINUTE;
    const promised = evolve(opened(), happening(2, { type: 'committed', dueAt, to: 'resolution' }));
    expect(valuesOf(promised, 'agent', OPENED + 5 * MINUTE)['promisedAt']).toEqual({ at: dueAt });
  });

  test('a resolved ticket closes by itself at a known time, and promises no more updates', () => {
    const resolved = evolve(opened(), happening(2, { type: 'resolved' }));
    const values = valuesOf(resolved, 'system', OPENED + 3 * MINUTE);
    expect(values).toMatchObject({
      state: { state: 'resolved' },
      resolvedAt: { at: OPENED + 2 * MINUTE },
      closesAt: { at: OPENED + 62 * MINUTE },
    });
    expect(values).not.toHaveProperty('nextUpdateAt');
  });

  test('a ticket on hold says so, and one without a number of its own has ours', () => {
    const held = evolve(opened(), happening(2, { type: 'held', reason: 'internal' }));
    expect(valuesOf(held, 'agent', OPENED + 3 * MINUTE)).toMatchObject({
      state: { state: 'onHold' },
      'ticket.reference': 'tkt_1',
      'ticket.subject': 'VPN',
    });
  });
});
