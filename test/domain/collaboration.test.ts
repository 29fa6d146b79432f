/** Everybody beside the owner of a ticket: consults, people, vendors, drafts, links, checklists, major incidents. */
import { describe, expect, test } from '@jest/globals';
import { collaborationOf, commanderOf, openConsults } from '../../domain/collaboration.ts';
import type { Command } from '../../domain/commands.ts';
import type { DeskBody } from '../../domain/events.ts';
import type { ClockRule, Policy } from '../../domain/policy.ts';
import { project } from '../../domain/projection.ts';
import { rebuild } from '../../domain/ticket.ts';
import { allClocks, clockIn, forAll, inHours } from '../support/desk-clocks.ts';
import { at, hourOf, PaperDesk } from '../support/paper-desk.ts';

const opened = (more: Partial<Policy> = {}) => new PaperDesk({ policy: { ...allClocks(), ...more } });

const consultOf = (desk: PaperDesk) => openConsults(desk.ticket.situation)[0]!.id;
const engagementOf = (desk: PaperDesk) => collaborationOf(desk.ticket.situation).engagements.at(-1)!.id;
const notices = (desk: PaperDesk) =>
  desk.all('notificationRequested').flatMap((event) => ('notice' in event ? [event] : []));

describe('a consult', () => {
  test('has a clock of its own and leaves the ticket where it is', () => {
    const desk = opened();
    expect(desk.ask(1, { type: 'consult', toTier: 3 })).toBeNull();
    expect(desk.clock('consult')).toMatchObject({ subject: consultOf(desk), metAt: null });
    expect(desk.ticket.situation).toMatchObject({ tier: 1, offer: null });
    expect(desk.ask(2.5, { type: 'answerConsult', consult: consultOf(desk), solved: true })).toBeNull();
    expect(hourOf(desk.clock('consult')!.metAt)).toBe(2.5);
    expect(collaborationOf(desk.ticket.situation).consults).toEqual([
      expect.objectContaining({ toTier: 3, solved: true, answeredAt: at(2.5) }),
    ]);
  });

  test('is answered once', () => {
    const desk = opened();
    desk.ask(1, { type: 'consult', toTier: 3 });
    const consult = consultOf(desk);
    desk.ask(2, { type: 'answerConsult', consult });
    expect(desk.ask(2, { type: 'answerConsult', consult })).toBe('consult_not_open');
  });

  test('withdrawn has its clock cancelled, not met', () => {
    const desk = opened();
    desk.ask(1, { type: 'consult', agent: 'agent-31' });
    desk.ask(2, { type: 'withdrawConsult', consult: consultOf(desk) });
    expect(desk.clock('consult')).toMatchObject({ metAt: null, cancelReason: 'withdrawn' });
  });

  test.each<[string, readonly Command[], string]>([
    ['a closed ticket', [{ type: 'resolve' }, { type: 'close' }], 'ticket_closed'],
    ['a resolved ticket', [{ type: 'resolve' }], 'ticket_resolved'],
    ['a cancelled ticket', [{ type: 'cancel' }], 'ticket_cancelled'],
  ])('on %s is refused', (_what, before, code) => {
    const desk = opened();
    for (const command of before) desk.ask(1, command);
    expect(desk.ask(2, { type: 'consult', toTier: 3 })).toBe(code);
  });

  test('of a tier that is not there is refused', () => {
    expect(opened().ask(1, { type: 'consult', toTier: 9 })).toBe('tier_unknown');
  });
});

describe('people beside the owner', () => {
  test('join and leave; the ticket stays with its owner', () => {
    const desk = opened();
    desk.ask(1, { type: 'assign', assignee: 'agent-11' });
    desk.ask(2, { type: 'swarm', people: [{ agent: 'agent-31', skills: ['bgp'] }, { agent: 'agent-32' }] });
    desk.ask(3, { type: 'shadow', agent: 'agent-40' });
    const { people } = collaborationOf(desk.ticket.situation);
    expect(people.map(({ agent, as }) => [agent, as])).toEqual([
      ['agent-31', 'swarm'],
      ['agent-32', 'swarm'],
      ['agent-40', 'shadow'],
    ]);
    expect(desk.ticket.situation).toMatchObject({ assignee: 'agent-11', tier: 1 });
    expect(desk.ask(4, { type: 'shadow', agent: 'agent-40' })).toBe('already_joined');
    expect(desk.ask(5, { type: 'leave', agent: 'agent-40' })).toBeNull();
    expect(desk.ask(5, { type: 'leave', agent: 'agent-40' })).toBe('not_joined');
  });
});

describe('a vendor', () => {
  /** Acme's contract: four hours; engaging it puts the ticket on hold. Anybody else has the clock's own twenty. */
  const contracts: Partial<Policy> = {
    vendors: {
      acme: { targets: forAll(inHours(4)), hold: true, manager: 'vendor-desk' },
      development: { targets: forAll(inHours(40)) },
    },
  };

  test.each<[string, Command, number, boolean]>([
    ['with a contract', { type: 'engageVendor', vendor: 'acme' }, 5, true],
    ['without one', { type: 'engageVendor', vendor: 'globex' }, 21, false],
    ['of our own development', { type: 'engageVendor', kind: 'development' }, 41, false],
  ])('%s is clocked by what was agreed, and pauses where the policy says', (_what, command, due, isHeld) => {
    const desk = opened(contracts);
    expect(desk.ask(1, command)).toBeNull();
    expect(desk.deadline('vendor')).toBe(due);
    expect(desk.ticket.situation.holds.some(({ reason }) => reason === 'vendor')).toBe(isHeld);
  });

  test('asked more says so, until it has returned', () => {
    const desk = opened(contracts);
    desk.ask(1, { type: 'engageVendor', vendor: 'acme' });
    const engagement = engagementOf(desk);
    expect(desk.ask(2, { type: 'askVendor', engagement, reference: 'ACME-7' })).toBeNull();
    expect(collaborationOf(desk.ticket.situation).engagements[0]).toMatchObject({
      asked: 1,
      reference: 'ACME-7',
    });
    expect(desk.ask(3, { type: 'vendorReturned', engagement })).toBeNull();
    expect(desk.ticket.situation.holds).toEqual([]);
    expect(hourOf(desk.clock('vendor')!.metAt)).toBe(3);
    expect(desk.ask(4, { type: 'askVendor', engagement })).toBe('engagement_not_open');
    expect(desk.ask(4, { type: 'vendorReturned', engagement })).toBe('engagement_not_open');
  });

  test('keeps its own clock under another priority', () => {
    const desk = opened(contracts);
    desk.ask(1, { type: 'engageVendor', vendor: 'acme' });
    desk.ask(2, { type: 'prioritise', priority: 'P4' });
    expect(desk.deadline('vendor')).toBe(5);
  });

  test('late has its manager told', () => {
    const step = { id: 'late', percent: 100, offsetMs: 0, actions: [{ notify: 'vendorManager' as const }] };
    const policy = allClocks({ vendor: clockIn(20, { ladder: [step] }) });
    const desk = new PaperDesk({ policy: { ...policy, ...contracts } });
    desk.ask(1, { type: 'engageVendor', vendor: 'acme' });
    desk.wait(6);
    expect(desk.all('notificationRequested').filter(({ audience }) => audience === 'vendorManager')).toEqual([
      expect.objectContaining({ clock: 'vendor', vendor: 'acme' }),
    ]);
  });
});

describe('an update of the customer', () => {
  const due: ClockRule = clockIn(6, {
    ladder: [{ id: 'due', percent: 100, offsetMs: 0, actions: [{ draftUpdate: 'status' }] }],
  });

  test('is asked for by the ladder', () => {
    const desk = new PaperDesk({ policy: allClocks({ customerUpdate: due }) });
    desk.wait(7);
    expect(desk.all('updateRequested')).toEqual([
      expect.objectContaining({ template: 'status', send: false, clock: 'customerUpdate' }),
    ]);
  });

  test('a draft waits until somebody sends it, or says something else', () => {
    const desk = opened();
    desk.tell(1, { type: 'updateDrafted', draft: 'd1', template: 'status' });
    expect(desk.ask(2, { type: 'sendUpdate', draft: 'd9' })).toBe('draft_not_open');
    expect(desk.ask(2, { type: 'sendUpdate', draft: 'd1' })).toBeNull();
    expect(desk.all('messageAdded').at(-1)).toMatchObject({ author: 'agent', update: true });
    expect(desk.ask(3, { type: 'sendUpdate', draft: 'd1' })).toBe('draft_not_open');
    expect(collaborationOf(desk.ticket.situation).updatesSent).toBe(1);
    desk.tell(4, { type: 'updateDrafted', draft: 'd2' });
    desk.ask(5, { type: 'reply' });
    expect(desk.ask(6, { type: 'sendUpdate', draft: 'd2' })).toBe('draft_not_open');
  });
});

describe('a link', () => {
  test('is made once and taken away once', () => {
    const desk = opened();
    const change = { relation: 'change', reference: 'CHG-1' } as const;
    expect(desk.ask(1, { type: 'link', ...change })).toBeNull();
    expect(desk.ask(1, { type: 'link', ...change })).toBe('already_linked');
    expect(desk.ask(2, { type: 'unlink', ...change })).toBeNull();
    expect(desk.ask(2, { type: 'unlink', ...change })).toBe('not_linked');
  });
});

describe('what resolving has to say', () => {
  const resolving: Policy['resolving'] = {
    requires: ['causeCode', 'article'],
    causeCodes: ['hardware', 'software'],
  };
  test.each<[Command, string | null]>([
    [{ type: 'resolve' }, 'cause_code_missing'],
    [{ type: 'resolve', causeCode: 'weather' }, 'cause_code_unknown'],
    [{ type: 'resolve', causeCode: 'hardware' }, 'article_missing'],
    [{ type: 'resolve', causeCode: 'hardware', needsArticle: true }, null],
    [{ type: 'resolve', causeCode: 'software', article: 'art_1' }, null],
  ])('%j: %s', (command, code) => {
    expect(opened({ resolving }).ask(1, command)).toBe(code);
  });

  test('is never asked of a fact', () => {
    const desk = opened({ resolving });
    desk.tell(1, { type: 'resolved' });
    expect(desk.ticket.situation.state).toBe('resolved');
  });
});

describe('a promised time', () => {
  test('that is past is refused', () => {
    expect(opened().ask(2, { type: 'commit', dueAt: at(2) })).toBe('promise_in_past');
    expect(opened().ask(2, { type: 'commit', dueAt: at(3) })).toBeNull();
  });
});

describe('a checklist', () => {
  test('is ticked off item by item, each once', () => {
    const desk = opened();
    desk.tell(1, { type: 'checklistAttached', procedure: 'audit', version: 2, items: ['backup', 'restore'] });
    expect(desk.ask(2, { type: 'completeItem', item: 'backup' })).toBeNull();
    expect(desk.ask(2, { type: 'completeItem', item: 'backup' })).toBe('item_not_open');
    expect(desk.ask(2, { type: 'completeItem', item: 'coffee' })).toBe('item_not_open');
    expect(collaborationOf(desk.ticket.situation).checklists[0]).toMatchObject({ done: ['backup'] });
  });
});

describe('a major incident', () => {
  const clocks: Policy['clocks'] = {
    'major-update': clockIn(1, {
      anchor: { startsAt: 'majorDeclared', stopsAt: 'majorEnded' },
      ladder: [{ id: 'breach', percent: 100, offsetMs: 0, actions: [{ page: 'manager' }] }],
    }),
  };
  const everyClock = allClocks();
  const policy: Policy = {
    ...everyClock,
    clocks: { ...everyClock.clocks, ...clocks },
    major: { affectedUsers: 100, children: 2 },
  };

  test('is declared once, pages, and has an emergency ladder of its own', () => {
    const desk = new PaperDesk({ policy });
    expect(desk.ask(1, { type: 'declareMajor', commander: 'lead-2' })).toBeNull();
    expect(desk.ask(1, { type: 'declareMajor' })).toBe('already_major');
    expect(commanderOf(desk.ticket.situation)).toBe('lead-2');
    expect(notices(desk)).toEqual([expect.objectContaining({ notice: 'majorIncident', page: true })]);
    desk.wait(2.5);
    expect(desk.clock('major-update')).toMatchObject({ startedAt: at(1) });
    expect(desk.all('stepReached').some(({ clock }) => clock === 'major-update')).toBe(true);
  });

  test('asks for its review when it is resolved; its clock ends', () => {
    const desk = new PaperDesk({ policy });
    desk.ask(1, { type: 'declareMajor' });
    desk.ask(1.5, { type: 'resolve' });
    expect(desk.all('reviewRequested')).toHaveLength(1);
    expect(hourOf(desk.clock('major-update')!.metAt)).toBe(1.5);
  });

  test('an ordinary ticket asks for none', () => {
    const desk = new PaperDesk({ policy });
    desk.ask(1, { type: 'resolve' });
    expect(desk.all('reviewRequested')).toEqual([]);
  });

  test.each<[string, (desk: PaperDesk) => void, boolean]>([
    ['99 affected users', (desk) => desk.ask(1, update(99)), false],
    ['100 affected users', (desk) => desk.ask(1, update(100)), true],
    ['one part', (desk) => desk.tell(1, child('tkt_2')), false],
    ['two parts', (desk) => [desk.tell(1, child('tkt_2')), desk.tell(2, child('tkt_3'))], true],
  ])('is declared by rule: %s', (_what, happen, isMajor) => {
    const desk = new PaperDesk({ policy });
    happen(desk);
    expect(desk.ticket.situation.major !== undefined).toBe(isMajor);
    expect(desk.all('majorDeclared').every(({ automatic }) => automatic)).toBe(true);
  });

  test('mutes the ladders of its parts: their clocks go on, their breaches fall', () => {
    const desk = new PaperDesk();
    desk.ask(0.5, { type: 'link', relation: 'parent', reference: 'tkt_1' });
    desk.wait(40);
    expect(desk.all('breached').map(({ clock }) => clock)).toContain('resolution');
    expect(desk.all('stepReached').every(({ observed }) => observed)).toBe(true);
    expect([...desk.all('notificationRequested'), ...desk.all('handedOff')]).toEqual([]);
  });

  test('its word to the customer counts for a part', () => {
    const desk = new PaperDesk();
    desk.tell(1, { type: 'messageAdded', author: 'agent', visibility: 'public', parent: 'tkt_1' });
    expect(hourOf(desk.clock('firstResponse')!.metAt)).toBe(1);
  });
});

const update = (affectedUsers: number): Command => ({ type: 'update', changes: { affectedUsers } });
const child = (reference: string): DeskBody => ({ type: 'linked', relation: 'child', reference });

describe('a problem', () => {
  test('that the ticket is linked to has its news told to whoever has it', () => {
    const desk = opened();
    desk.ask(1, { type: 'assign', assignee: 'agent-11' });
    desk.tell(
      2,
      { type: 'problemNoted', problem: 'prb_1', news: 'workaround' },
      { id: 'problem/prb_1/workaround/1' },
    );
    desk.tell(
      2,
      { type: 'problemNoted', problem: 'prb_1', news: 'workaround' },
      { id: 'problem/prb_1/workaround/1' },
    );
    expect(notices(desk)).toEqual([
      expect.objectContaining({ notice: 'problem', reference: 'prb_1', audience: 'assignee' }),
    ]);
  });
});

describe('satisfaction', () => {
  test('counts also when the ticket is closed', () => {
    const desk = opened();
    desk.ask(1, { type: 'resolve' });
    desk.ask(2, { type: 'close' });
    desk.tell(30, { type: 'rated', score: 4, outOf: 5 });
    expect(project(desk.ticket, at(30)).ticket.rating).toBe(0.8);
    expect(desk.ticket.situation.state).toBe('closed');
  });
});

test('every fact about the work together counts once by its id', () => {
  const facts: DeskBody[] = [
    { type: 'consultAsked', consult: 'c1', toTier: 2 },
    { type: 'vendorEngaged', engagement: 'e1', vendor: 'acme' },
    { type: 'vendorAsked', engagement: 'e1' },
    { type: 'joined', agent: 'agent-1', as: 'swarm' },
    { type: 'handoffOffered', toTier: 2, items: ['symptoms'] },
    { type: 'handoffReturned' },
    { type: 'linked', relation: 'change', reference: 'CHG-1' },
    { type: 'majorDeclared' },
    { type: 'updateDrafted', draft: 'd1' },
  ];
  const once = opened();
  const twice = opened();
  facts.forEach((body, i) => {
    once.tell(i + 1, body, { id: `f${i}` });
    twice.tell(i + 1, body, { id: `f${i}` });
    twice.tell(i + 1, body, { id: `f${i}` });
  });
  expect(twice.ticket).toEqual(once.ticket);
});

test('a ticket rebuilt from its ledger carries the same collaboration', () => {
  const desk = opened();
  desk.ask(1, { type: 'consult', toTier: 2 });
  desk.ask(2, { type: 'engageVendor', vendor: 'acme', reference: 'A-1' });
  desk.ask(3, { type: 'swarm', people: [{ agent: 'agent-31' }] });
  desk.ask(4, { type: 'offerHandoff', toTier: 2, items: ['symptoms'] });
  const { situation } = rebuild('T-1', JSON.parse(JSON.stringify(desk.ledger)) as typeof desk.ledger);
  expect(situation).toEqual(desk.ticket.situation);
});

describe('taking from the queue', () => {
  const take: Command = { type: 'take', assignee: 'agent-11', tier: 1, reservation: 'r1' };

  test('gives what nobody has, once', () => {
    const desk = opened();
    expect(desk.ask(1, take)).toBeNull();
    expect(desk.ticket.situation).toMatchObject({ assignee: 'agent-11', queuedSince: null });
    expect(desk.all('assigned')[0]).toMatchObject({ reservation: 'r1' });
    expect(desk.ask(2, { ...take, assignee: 'agent-12' })).toBe('already_assigned');
  });

  test('accepts what is offered to the tier', () => {
    const desk = opened();
    desk.ask(1, { type: 'offerHandoff', toTier: 2 });
    expect(desk.ask(2, take)).toBe('not_in_queue');
    expect(desk.ask(2, { ...take, tier: 2, assignee: 'agent-21' })).toBeNull();
    expect(desk.ticket.situation).toMatchObject({ tier: 2, assignee: 'agent-21', offer: null });
  });

  test('leaves alone what is elsewhere, or resolved', () => {
    expect(opened().ask(1, { ...take, tier: 2 })).toBe('not_in_queue');
    const desk = opened();
    desk.ask(1, { type: 'resolve' });
    expect(desk.ask(2, take)).toBe('ticket_resolved');
  });

  test('a ticket keeps its place until somebody has it, and gets a new one when handed on', () => {
    const desk = opened();
    const queued = () => hourOf(project(desk.ticket, at(9)).ticket.queuedAt);
    expect(queued()).toBe(0);
    desk.ask(1, { type: 'reply' });
    expect(queued()).toBe(0);
    desk.ask(2, { type: 'offerHandoff', toTier: 2 });
    expect(queued()).toBe(2);
    desk.ask(3, { type: 'acceptHandoff' });
    expect(queued()).toBe(3);
    desk.ask(4, { type: 'assign', assignee: 'agent-21' });
    expect(queued()).toBeNull();
    desk.ask(5, { type: 'assign', assignee: null });
    expect(queued()).toBe(5);
  });
});

describe('whoever has to know is told', () => {
  const told = (desk: PaperDesk) =>
    notices(desk).map(({ notice, audience, tier, agent }) => [notice, agent ?? audience, tier]);

  test('of an offer, the tier that it is made to; of its return, whoever made it', () => {
    const desk = opened();
    desk.ask(1, { type: 'assign', assignee: 'agent-11' });
    desk.ask(2, { type: 'offerHandoff', toTier: 2 });
    desk.ask(3, { type: 'returnHandoff' });
    expect(told(desk)).toEqual([
      ['handoffOffered', 'team', 2],
      ['handoffReturned', 'assignee', 1],
    ]);
  });

  test('of a consult, whoever is asked; of its answer, whoever has the ticket', () => {
    const desk = opened();
    desk.ask(1, { type: 'assign', assignee: 'agent-11' });
    desk.ask(2, { type: 'consult', toTier: 3 });
    desk.ask(3, { type: 'answerConsult', consult: consultOf(desk) });
    desk.ask(4, { type: 'consult', agent: 'agent-31' });
    expect(told(desk)).toEqual([
      ['consultAsked', 'team', 3],
      ['consultAnswered', 'assignee', 1],
      ['consultAsked', 'agent-31', 1],
    ]);
  });

  test('of being brought in, each person', () => {
    const desk = opened();
    desk.ask(1, { type: 'swarm', people: [{ agent: 'agent-31' }, { agent: 'agent-32' }] });
    expect(told(desk)).toEqual([
      ['joined', 'agent-31', 1],
      ['joined', 'agent-32', 1],
    ]);
  });

  test('nobody is told of what was imported, or while we only observe', () => {
    const observed = new PaperDesk({ policy: allClocks(), mode: 'observe' });
    observed.tell(1, { type: 'handoffOffered', toTier: 2 });
    const imported = opened();
    imported.tell(1, { type: 'handoffOffered', toTier: 2 }, { imported: true });
    expect([...told(observed), ...told(imported)]).toEqual([]);
  });
});
