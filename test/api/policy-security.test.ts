/** What a policy says of security: what is refused of it, and what its types, labels and obligations make of a ticket. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, openTicket, setUpOffice } from './office.ts';
import { policyDocument, post, publish } from './rule-book.ts';

const office = setUpOffice();
let manager: Caller;
let responder: Caller;
beforeAll(async () => {
  manager = await office.caller('manager');
  responder = await office.caller('responder', 'responder-1');
});

const OBLIGATION = {
  id: 'contract-customers',
  regime: 'contract',
  title: 'Tell the customers',
  citation: 'Framework contract, clause 12',
  anchor: { fact: 'customerData' },
  target: '48h',
};

const SECURITY = {
  tlp: 'TLP:AMBER',
  types: ['malware', 'dataBreach'],
  named: ['responder-7'],
  regimes: ['contract'],
  obligations: [OBLIGATION],
};

const guarded = (name: string, security: object = SECURITY) => policyDocument(name, '8h', { security });

describe('a policy is refused', () => {
  test.each<[what: string, security: object, pointer: string, message: RegExp]>([
    ['with a label that there is not', { tlp: 'TLP:WHITE' }, '/tlp', /TLP:AMBER/],
    ['with one type instead of a list', { types: 'malware' }, '/types', /list/],
    ['with a field that nobody reads', { severity: 'high' }, '/severity', /severity/],
    [
      'that lists types as TLP:RED and names nobody who could see them',
      { tlp: 'TLP:RED', types: ['malware'] },
      '/named',
      /needs somebody named/,
    ],
    ['with a regime that nobody wrote', { regimes: ['gdpr', 'hipaa'] }, '/regimes/1', /no regime hipaa/],
    [
      'with a regime counted on a calendar that it lacks',
      { regimes: ['sec'] },
      '/regimes/0',
      /us-business-days/,
    ],
    [
      'with an obligation that is no name of a clock',
      { obligations: [{ ...OBLIGATION, id: 'Contract' }] },
      '/obligations/0/id',
      /hyphen/,
    ],
    [
      'with an obligation of no target',
      { obligations: [{ ...OBLIGATION, target: 'soon' }] },
      '/obligations/0/target',
      /not a duration/,
    ],
    [
      'with an obligation on an unknown calendar',
      { obligations: [{ ...OBLIGATION, calendar: 'moon' }] },
      '/obligations/0/calendar',
      /no calendar moon/,
    ],
    [
      'with an obligation after a report that nobody owes',
      { obligations: [{ ...OBLIGATION, anchor: { reportOf: 'contract-first' } }] },
      '/obligations',
      /contract-first/,
    ],
    [
      'with one obligation twice',
      { obligations: [OBLIGATION, { ...OBLIGATION, title: 'Tell them again' }] },
      '/obligations/1/id',
      /listed twice/,
    ],
  ])('%s', async (_what, security, pointer, message) => {
    const answer = await post(manager, guarded('refused', security));
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
    expect(answer.body.errors).toContainEqual(
      expect.objectContaining({
        pointer: `/policy/security${pointer}`,
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('a ticket', () => {
  beforeAll(async () => void (await publish(manager, guarded('guarded'))));

  const found = async (by: Caller, id: string) => (await by.get(`/v1/tickets/${id}`)).body;

  test('of a type that its policy lists is a security incident from the start, without anybody', async () => {
    const { id } = await openTicket(responder, { policy: 'guarded', type: 'malware' });
    expect((await found(responder, id)).security).toMatchObject({
      severity: 'critical',
      tlp: 'TLP:AMBER',
      named: ['responder-7'],
      declaredBy: null,
      regimes: ['contract'],
      phase: { phase: 'detect' },
    });
    const { body } = await responder.get(`/v1/tickets/${id}/timeline`);
    expect(body.data.map(({ type }: { type: string }) => type).slice(0, 2)).toEqual([
      'opened',
      'securityDeclared',
    ]);
    expect(body.data[1]).toMatchObject({ source: 'engine', data: { automatic: true } });
    // From its first row on it is hidden from whoever does not handle incidents.
    expect((await office.agent.get(`/v1/tickets/${id}`)).status).toBe(404);
    const again = await responder.post(`/v1/tickets/${id}/declare-security-incident`, { severity: 'low' });
    expect([again.status, again.body.code]).toEqual([409, 'already_security']);
  });

  test('of another type is none until it is given such a type', async () => {
    const { id } = await openTicket(responder, { policy: 'guarded', type: 'phishingReport' });
    expect((await found(responder, id)).security).toBeNull();
    const changed = await responder.send('patch', `/v1/tickets/${id}`, {
      body: JSON.stringify({ changes: { type: 'dataBreach' } }),
    });
    expect(changed.status).toBe(200);
    expect((await found(responder, id)).security).toMatchObject({ declaredBy: null, tlp: 'TLP:AMBER' });
  });

  test('owes what the policy itself says, by its own fact and citation', async () => {
    const { id } = await openTicket(responder, { policy: 'guarded', type: 'malware' });
    const at = inMs(-HOUR);
    const fact = await responder.post(`/v1/tickets/${id}/establish-fact`, { fact: 'customerData', at });
    expect(fact.status).toBe(200);
    const { body } = await responder.get(`/v1/tickets/${id}/obligations`);
    expect(body.data).toEqual([
      expect.objectContaining({
        obligation: 'contract-customers',
        state: 'running',
        citation: 'Framework contract, clause 12',
        deadlineAt: new Date(Date.parse(at) + 48 * HOUR).toISOString(),
      }),
    ]);
  });

  test('keeps the obligations it was declared with when the policy says others', async () => {
    const { id } = await openTicket(responder, { policy: 'guarded', type: 'malware' });
    const later = { ...OBLIGATION, target: '4h' };
    await publish(manager, guarded('guarded', { ...SECURITY, obligations: [later] }));
    const at = inMs(-HOUR);
    await responder.post(`/v1/tickets/${id}/establish-fact`, { fact: 'customerData', at });
    const { body } = await responder.get(`/v1/tickets/${id}/obligations`);
    expect(body.data[0].deadlineAt).toBe(new Date(Date.parse(at) + 48 * HOUR).toISOString());
  });
});
