import { describe, expect, test } from '@jest/globals';
import { isVisible, SEES_ALL, sightOf, type Guarded } from '../../domain/visibility.ts';
import { ROLES } from '../../domain/role.ts';

const ticket = (tlp: string | null, more: Partial<Guarded> = {}): Guarded => ({
  tlp,
  named: [],
  assignee: null,
  team: null,
  ...more,
});
const sees = (role: string, guarded: Guarded, person: string | null = null, team: string | null = null) =>
  isVisible(guarded, sightOf({ role, person, team }));
const seenBy = (guarded: Guarded) => ROLES.filter((role) => sees(role, guarded, 'agent-17', 'network'));

const HANDLERS = ['lead', 'responder', 'approver', 'manager', 'auditor'];

test('a ticket that is no security ticket is seen by everybody', () => {
  expect(seenBy(ticket(null))).toEqual(ROLES);
});

describe.each(['TLP:CLEAR', 'TLP:GREEN'])('%s', (tlp) => {
  test('is seen by the whole desk, but not by those who run the system', () => {
    expect(seenBy(ticket(tlp))).toEqual(ROLES.filter((role) => role !== 'admin'));
  });
});

describe.each(['TLP:AMBER', 'TLP:AMBER+STRICT'])('%s', (tlp) => {
  test('is seen by those who handle security incidents', () => {
    expect(seenBy(ticket(tlp))).toEqual(HANDLERS);
    expect(sees('lead', ticket(tlp))).toBe(true);
  });
  test('is seen by whoever has it, or whose team has it', () => {
    expect(sees('agent', ticket(tlp, { assignee: 'agent-17' }), 'agent-17')).toBe(true);
    expect(sees('agent', ticket(tlp, { team: 'network' }), 'agent-17', 'network')).toBe(true);
    expect(sees('agent', ticket(tlp, { assignee: 'agent-18', team: 'mail' }), 'agent-17', 'network')).toBe(
      false,
    );
  });
  test('is not seen by an agent without a team because it is with none', () => {
    expect(sees('agent', ticket(tlp), 'agent-17', null)).toBe(false);
  });
});

describe('TLP:RED', () => {
  test('is seen by no role', () => {
    expect(seenBy(ticket('TLP:RED', { assignee: 'agent-17', team: 'network' }))).toEqual([]);
  });
  test('is seen by people who are named, with keys of their own; not by an admin, named or not', () => {
    const named = ticket('TLP:RED', { named: ['agent-17'] });
    expect(seenBy(named)).toEqual(ROLES.filter((role) => role !== 'admin'));
    expect(sees('agent', named, 'agent-18')).toBe(false);
    expect(sees('manager', named)).toBe(false);
  });
});

test('a label that nobody has heard of hides', () => {
  expect(seenBy(ticket('TLP:PURPLE'))).toEqual([]);
});

test('the engine sees everything', () => {
  expect(isVisible(ticket('TLP:RED'), SEES_ALL)).toBe(true);
});
