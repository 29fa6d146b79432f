/** Requests are granted or refused; facts are taken in once, whenever they arrive. */
import { describe, expect, test } from '@jest/globals';
import { decideFact, decideRequest } from '../../domain/decide.ts';
import type { Command } from '../../domain/commands.ts';
import type { Fact } from '../../domain/events.ts';
import { at, hourOf, MS, PaperDesk } from '../support/paper-desk.ts';

const MANY: Command[] = [
  { type: 'acknowledge' },
  { type: 'assign', assignee: 'agent-7' },
  { type: 'reply' },
  { type: 'note' },
  { type: 'hold', reason: 'vendor' },
  { type: 'resume' },
  { type: 'prioritise', priority: 'P1' },
  { type: 'offerHandoff', toTier: 2 },
  { type: 'acceptHandoff', assignee: 'agent-21' },
  { type: 'returnHandoff', missing: ['environment'] },
  { type: 'withdrawHandoff' },
  { type: 'writePacket', items: ['symptoms'] },
  { type: 'consult', toTier: 2 },
  { type: 'swarm', people: [{ agent: 'agent-31' }] },
  { type: 'leave', agent: 'agent-31' },
  { type: 'engageVendor', vendor: 'acme' },
  { type: 'vendorReturned' },
  { type: 'link', relation: 'change', reference: 'CHG-1' },
  { type: 'restore' },
  { type: 'declareMajor', commander: 'lead-2' },
  { type: 'take', assignee: 'agent-7', tier: 1 },
  { type: 'shadow', agent: 'agent-40' },
  { type: 'answerConsult', consult: 'c-1' },
  { type: 'withdrawConsult', consult: 'c-1' },
  { type: 'askVendor', engagement: 'e-1' },
  { type: 'sendUpdate' },
  { type: 'unlink', relation: 'change', reference: 'CHG-1' },
  { type: 'reproduce', environment: 'staging' },
  { type: 'commit', dueAt: at(90) },
  { type: 'rate', score: 4, outOf: 5 },
  { type: 'completeItem', item: 'backup' },
  { type: 'resolve' },
  { type: 'reopen' },
  { type: 'close' },
  { type: 'cancel' },
];

describe('a request', () => {
  test.each<[fact: string, before: Command[], command: Command, code: string]>([
    ['to acknowledge twice', [{ type: 'acknowledge' }], { type: 'acknowledge' }, 'already_acknowledged'],
    ['to resume what is not held', [], { type: 'resume' }, 'not_on_hold'],
    [
      'to resume another reason',
      [{ type: 'hold', reason: 'vendor' }],
      { type: 'resume', reason: 'customer' },
      'not_on_hold',
    ],
    [
      'to hold twice for one reason',
      [{ type: 'hold', reason: 'vendor' }],
      { type: 'hold', reason: 'vendor' },
      'already_on_hold',
    ],
    ['for the priority it has', [], { type: 'prioritise', priority: 'P3' }, 'same_priority'],
    ['to resolve twice', [{ type: 'resolve' }], { type: 'resolve' }, 'ticket_resolved'],
    [
      'to hand on what is resolved',
      [{ type: 'resolve' }],
      { type: 'offerHandoff', toTier: 2 },
      'ticket_resolved',
    ],
    ['to reopen what is open', [], { type: 'reopen' }, 'ticket_not_resolved'],
    ['to close what is not resolved', [], { type: 'close' }, 'ticket_not_resolved'],
  ])('%s is refused', (_fact, before, command, code) => {
    const desk = new PaperDesk();
    before.forEach((one, i) => desk.ask(0.1 * (i + 1), one));
    expect(desk.ask(1, command)).toBe(code);
  });

  test.each(MANY.map((command) => [command.type, command] as const))(
    'to %s a closed ticket is refused',
    (_type, command) => {
      const desk = new PaperDesk();
      desk.ask(0.1, { type: 'resolve' });
      desk.ask(0.2, { type: 'close' });
      const before = desk.ticket;
      expect(desk.ask(0.3, command)).toBe('ticket_closed');
      expect(desk.ticket).toBe(before);
    },
  );

  test('on a cancelled ticket is refused', () => {
    const desk = new PaperDesk();
    desk.ask(0.1, { type: 'cancel' });
    expect(desk.ask(0.2, { type: 'resolve' })).toBe('ticket_cancelled');
  });

  test('that is refused names the ticket and the fact', () => {
    const { ticket } = new PaperDesk();
    const request = { id: 'r', command: { type: 'close' } as const, actor: { subject: 's', role: 'agent' } };
    expect(decideRequest(ticket, request, at(1))).toEqual({
      refusal: {
        code: 'ticket_not_resolved',
        message: 'Ticket T-1 is open; it has not been resolved',
        state: 'open',
      },
    });
  });

  test('meant for an older state of the ticket is refused', () => {
    const { ticket } = new PaperDesk();
    const request = { id: 'r', command: { type: 'note' } as const, actor: { subject: 's', role: 'agent' } };
    expect(decideRequest(ticket, { ...request, ifSequence: ticket.sequence + 1 }, at(1))).toMatchObject({
      refusal: { code: 'precondition_failed' },
    });
    expect(decideRequest(ticket, { ...request, ifSequence: ticket.sequence }, at(1))).toHaveProperty('turn');
  });

  test('is judged after whatever was due before it', () => {
    const desk = new PaperDesk({ priority: 'P1', attributes: { channel: 'phone' } });
    // The ladder handed the ticket to tier 2 at hour 4; nobody had looked since.
    expect(desk.ask(4.5, { type: 'offerHandoff', toTier: 2 })).toBe('same_tier');
  });

  test('keeps who asked, and gives its events ids of its own', () => {
    const desk = new PaperDesk();
    desk.ask(1, { type: 'offerHandoff', toTier: 2 });
    desk.ask(1, { type: 'acceptHandoff', assignee: 'agent-21' });
    const events = desk.ledger.filter(({ source, type }) => source === 'request' && type !== 'opened');
    expect(events.map(({ id, type }) => [id, type])).toEqual([
      ['request:r1/0', 'handoffOffered'],
      ['request:r2/0', 'handoffAccepted'],
      ['request:r2/1', 'assigned'],
    ]);
    expect(events[0]!.actor).toEqual({ subject: 'key-1', role: 'agent' });
  });
});

describe('a fact', () => {
  test('told twice counts once', () => {
    const desk = new PaperDesk();
    desk.tell(1, { type: 'held', reason: 'vendor' }, { id: 'same' });
    const before = desk.ticket;
    expect(desk.tell(3, { type: 'resolved' }, { id: 'same' })).toEqual([]);
    expect(desk.ticket).toBe(before);
  });

  test('dated in the future happens now', () => {
    const desk = new PaperDesk();
    desk.tell(5, { type: 'resolved' }, { heard: 2 });
    expect(desk.ticket.situation.resolvedAt).toBe(at(2));
  });

  test('heard of late counts from when it happened, whatever was heard before', () => {
    const desk = new PaperDesk();
    desk.tell(5, { type: 'resumed' });
    desk.tell(2, { type: 'held', reason: 'vendor' }, { heard: 6 });
    expect(desk.deadline('resolution')).toBe(16 + 3);
  });

  test('heard of late is marked moot where it changes nothing at its own time', () => {
    const desk = new PaperDesk();
    desk.tell(2, { type: 'resolved' });
    desk.customerWrites(4);
    expect(desk.tell(3, { type: 'held', reason: 'vendor' }, { heard: 5 })[0]).toMatchObject({
      moot: 'ticket_resolved',
    });
    expect(desk.tell(1, { type: 'held', reason: 'vendor' }, { heard: 6 })[0]).not.toHaveProperty('moot');
  });

  test('never undoes a request that was granted', () => {
    const desk = new PaperDesk();
    desk.ask(3, { type: 'prioritise', priority: 'P1' });
    desk.tell(2, { type: 'prioritised', priority: 'P2' }, { heard: 4 });
    expect(desk.ticket.situation.priority).toBe('P1');
  });

  test('of one millisecond with a request comes before it', () => {
    const desk = new PaperDesk();
    desk.ask(1, { type: 'resolve' });
    desk.customerWrites(1);
    expect(desk.ticket.situation.state).toBe('resolved');
    desk.customerWrites(1 + MS);
    expect(desk.ticket.situation.state).toBe('open');
  });

  test('counts an answer before a breach that was due earlier is judged', () => {
    const desk = new PaperDesk();
    desk.tell(3, { type: 'messageAdded', author: 'agent', visibility: 'public' }, { heard: 7 });
    expect(desk.verdicts()).toEqual([]);
  });

  test('reads only the fields of its type: what else a sender adds never reaches the ledger', () => {
    const desk = new PaperDesk();
    const smuggled = { sequence: 99, source: 'request', decision: 7, moot: 'x', tier: 3 };
    const fact = { id: 'x', type: 'resumed', occurredAt: at(1), ...smuggled } as unknown as Fact;
    const [event] = decideFact(desk.ticket, fact, at(1)).events;
    expect(event).toEqual({
      id: 'fact:x',
      type: 'resumed',
      sequence: 2,
      source: 'fact',
      occurredAt: at(1),
      receivedAt: at(1),
      moot: 'not_on_hold',
    });
  });

  test.each([
    ['without an id', undefined],
    ['with an empty id', ''],
    ['with a number for an id', 7],
    ['with an id the database cannot hold', 'a\0b'],
    ['with an id of a megabyte', 'x'.repeat(1_000_000)],
  ])('%s leaves no trace: nobody could tell it from others', (_what, id) => {
    const desk = new PaperDesk();
    const fact = { id, type: 'resolved', occurredAt: at(1) } as unknown as Fact;
    expect(decideFact(desk.ticket, fact, at(1))).toEqual({ ticket: desk.ticket, events: [] });
  });
});

describe('a fact that nobody can read is kept as rejected, names the field, and changes nothing', () => {
  const base = { id: 'x', occurredAt: at(1) };
  test.each<[fact: string, told: object, problem: string]>([
    [
      'of an unknown reason',
      { type: 'held', reason: 'weather' },
      'reason is not one of customer, vendor, changeWindow, internal',
    ],
    ['of an unknown type', { type: 'exploded' }, 'type is not one of acknowledged, assigned'],
    ['of a type that every object has', { type: 'toString' }, 'type is not one of acknowledged, assigned'],
    ['of no type', {}, 'type is not one of acknowledged, assigned'],
    ['without author', { type: 'messageAdded', visibility: 'public' }, 'author is not one of agent'],
    ['of an unknown priority', { type: 'prioritised', priority: 'P0' }, 'priority is not one of P1'],
    ['to half a tier', { type: 'handoffOffered', toTier: 1.5 }, 'toTier is not a whole number'],
    ['of a team that is no text', { type: 'assigned', team: { name: 'mail' } }, 'team is not a text'],
    ['of a team with a very long name', { type: 'assigned', team: 'x'.repeat(201) }, 'team is not a text'],
    ['of a team the database cannot hold', { type: 'assigned', team: 'a\0b' }, 'team is not a text'],
    ['of a team with half a character', { type: 'assigned', team: 'a\ud800b' }, 'team is not a text'],
    ['dated by a text', { type: 'resolved', occurredAt: '2026-01-12' }, 'occurredAt is not an instant'],
    ['dated between milliseconds', { type: 'resolved', occurredAt: 1.5 }, 'occurredAt is not an instant'],
    ['dated before all time', { type: 'resolved', occurredAt: -1e300 }, 'occurredAt is not an instant'],
    [
      'of an actor that is no set',
      { type: 'resolved', actor: 'me' },
      'actor is not a set of subject and role',
    ],
    ['of an actor without role', { type: 'resolved', actor: { subject: 'me' } }, 'actor has no text role'],
    [
      'of an actor with more to it',
      { type: 'resolved', actor: { subject: 'a', role: 'b', x: 1 } },
      'actor has a field',
    ],
    ['imported a little', { type: 'resolved', imported: 'yes' }, 'imported is not true'],
  ])('%s', (_fact, told, problem) => {
    const desk = new PaperDesk();
    const { ticket, events } = decideFact(desk.ticket, { ...base, ...told } as unknown as Fact, at(1));
    expect(events).toMatchObject([{ id: 'fact:x', type: 'factRejected' }]);
    expect((events[0] as { problem: string }).problem.startsWith(problem)).toBe(true);
    expect(ticket.situation).toEqual(desk.ticket.situation);
    expect(ticket.seen).toEqual(['fact:x']);
  });
});

describe('after the close', () => {
  function closed(): PaperDesk {
    const desk = new PaperDesk();
    desk.agentReplies(1);
    desk.ask(2, { type: 'resolve' });
    desk.ask(3, { type: 'close' });
    return desk;
  }

  test('a fact is kept, marked, and changes neither state nor verdict', () => {
    const desk = closed();
    const before = desk.ticket.situation;
    expect(desk.customerWrites(5)).toMatchObject([
      { type: 'messageAdded', moot: 'after_close', sequence: 5 },
    ]);
    expect(desk.ticket.situation).toEqual(before);
  });

  test('a fact from before it, heard of after it, changes no verdict either', () => {
    const desk = new PaperDesk({ priority: 'P1' });
    desk.ask(2, { type: 'resolve' });
    desk.ask(3, { type: 'close' });
    desk.agentReplies(0.5, 4);
    expect(desk.ticket.breaches['firstResponse/1']!.standing).toBe(true);
    expect(desk.clock('firstResponse')!.metAt).toBeNull();
  });

  test('the same fact twice is still kept once', () => {
    const desk = closed();
    desk.tell(5, { type: 'resolved' }, { id: 'late' });
    expect(desk.tell(6, { type: 'resolved' }, { id: 'late' })).toEqual([]);
  });

  test('closing as a fact resolves what was not resolved, at that instant', () => {
    const desk = new PaperDesk();
    desk.tell(5, { type: 'closed' });
    expect(hourOf(desk.clock('resolution')!.metAt)).toBe(5);
    expect(desk.ticket.situation).toMatchObject({ state: 'closed', resolvedAt: at(5), closedAt: at(5) });
  });

  test('a cancelled ticket’s clocks are cancelled, not met', () => {
    const desk = new PaperDesk();
    desk.ask(1, { type: 'cancel' });
    for (const name of ['firstResponse', 'resolution'] as const)
      expect(desk.clock(name)).toMatchObject({ metAt: null, cancelReason: 'ticketCancelled' });
  });
});
