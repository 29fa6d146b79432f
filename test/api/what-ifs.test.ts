/** The tickets of our own ledger, judged by another policy. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { projectRoot } from '../../bin/config.ts';
import { eventually } from '../support/desk.ts';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, MINUTE, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

interface Document {
  name: string;
  clocks: Record<string, { targets: Record<string, unknown> }>;
  [field: string]: unknown;
}

const demo = parse(readFileSync(join(projectRoot, 'policies', 'demo.yaml'), 'utf8')) as Document;

/** The policy of the demonstration with other targets for the resolution. */
function candidate(targets: Record<string, unknown>, changes: object = {}): Document {
  const { firstResponse, resolution } = demo.clocks;
  return {
    ...demo,
    clocks: { firstResponse: firstResponse!, resolution: { ...resolution!, targets } },
    ...changes,
  };
}

let manager: Caller;
const openedAt = inMs(-2 * HOUR);
const later = (ms: number) => new Date(Date.parse(openedAt) + ms).toISOString();
const period = { from: inMs(-3 * HOUR), to: inMs(MINUTE) };

/** Both were resolved within the hour: far too late for the demonstration, whose targets are seconds. */
const ids = { held: '', plain: '', other: '' };

const whatIf = (body: object) => manager.post('/v1/what-ifs', { ...period, ...body });

beforeAll(async () => {
  const lead = await office.caller('lead');
  manager = await office.caller('manager');
  const open = async (fields: object, events: object[]) => {
    const { id } = await openTicket(lead, { openedAt, channel: 'email', ...fields });
    const facts = events.map((event, i) => ({ id: `${id}-${i}`, ...event }));
    const { status } = await lead.post(`/v1/tickets/${id}/events`, { events: facts });
    expect(status).toBe(202);
    return id as string;
  };
  const reply = { type: 'messageAdded', author: 'agent', visibility: 'public', occurredAt: later(MINUTE) };
  ids.held = await open({ policy: 'demo', customer: 'acme' }, [
    reply,
    { type: 'held', reason: 'customer', occurredAt: later(10 * MINUTE) },
    { type: 'resumed', occurredAt: later(40 * MINUTE) },
    { type: 'resolved', occurredAt: later(60 * MINUTE) },
  ]);
  ids.plain = await open({ policy: 'demo', customer: 'globex' }, [
    reply,
    { type: 'resolved', occurredAt: later(60 * MINUTE) },
  ]);
  ids.other = await open({ customer: 'acme' }, [reply, { type: 'resolved', occurredAt: later(30 * MINUTE) }]);
  for (const id of Object.values(ids))
    await eventually(
      async () => (await lead.get(`/v1/tickets/${id}`)).body,
      ({ state }) => state === 'resolved' || state === 'closed',
    );
});

test('a policy as it is changes nothing: what is folded again is what was recorded', async () => {
  const { status, body } = await whatIf({ policy: 'demo' });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    policy: { name: 'demo', version: 1 },
    selectedBy: 'policyName',
    tickets: 2,
    ticketsChanged: 0,
    changes: { count: 0, deadlinesMoved: 0, data: [] },
  });
  for (const { before, after } of [...body.clocks, ...body.groups]) expect(after).toEqual(before);
  const resolution = body.clocks.find(({ clock }: { clock: string }) => clock === 'resolution');
  expect(resolution.before).toMatchObject({ breached: 2, compliance: 0 });
});

test('longer targets relieve whom they relieve: holds do not count, what lies between does', async () => {
  const { body } = await whatIf({ policy: candidate({ P1: '45m' }) });
  expect(body).toMatchObject({
    policy: { name: 'demo', version: null },
    tickets: 2,
    ticketsChanged: 1,
    changes: { count: 1, becomeBreached: 0, relieved: 1, hasMore: false },
  });
  expect(body.changes.data).toEqual([
    {
      ticketId: ids.held,
      clock: 'resolution',
      cycle: 1,
      priority: 'P1',
      tier: expect.any(Number),
      before: { outcome: 'breached', deadlineAt: later(20_000) },
      after: { outcome: 'met', deadlineAt: later(75 * MINUTE) },
      links: { ticket: `/v1/tickets/${ids.held}` },
    },
  ]);
  const resolution = body.clocks.find(({ clock }: { clock: string }) => clock === 'resolution');
  expect([resolution.before.compliance, resolution.after.compliance]).toEqual([0, 0.5]);
});

test('the hand-offs that were made stand, whatever the candidate would have done', async () => {
  const { body: ticket } = await manager.get(`/v1/tickets/${ids.plain}`);
  expect(ticket.tier).toBeGreaterThan(1);
  const { body } = await whatIf({ policy: candidate({ P1: '8h' }), match: { customer: 'globex' } });
  expect(body.groups.map(({ tier }: { tier: number }) => tier)).toEqual([ticket.tier, ticket.tier]);
});

test('the changes that are listed are limited, and all are counted', async () => {
  const { body } = await whatIf({ policy: candidate({ P1: '8h' }), limit: 1 });
  expect(body.changes).toMatchObject({ count: 2, relieved: 2, hasMore: true });
  expect(body.changes.data).toHaveLength(1);
  const none = await whatIf({ policy: candidate({ P1: '8h' }), limit: 0 });
  expect(none.body.changes).toMatchObject({ count: 2, hasMore: true, data: [] });
});

test('a clock that is promised no more has no verdict after', async () => {
  const { body } = await whatIf({ policy: candidate({ P2: '8h' }) });
  expect(body.changes.data.map(({ after }: { after: unknown }) => after)).toEqual([null, null]);
  expect(body.changes.relieved).toBe(2);
});

test('tickets are selected by what is named, by the name of the policy, or by what a new policy fits', async () => {
  const named = await whatIf({ policy: 'demo', match: { customer: 'acme' } });
  expect([named.body.selectedBy, named.body.tickets]).toEqual(['match', 2]);
  const fresh = candidate(
    { P1: '4h' },
    { name: 'acme-contract', match: [{ customer: 'acme' }, { type: 'incident' }] },
  );
  const fitting = await whatIf({ policy: fresh });
  expect([fitting.body.selectedBy, fitting.body.tickets]).toEqual(['policyMatch', 3]);
  const nobody = await whatIf({ policy: 'demo', to: inMs(-2.5 * HOUR) });
  expect(nobody.body).toMatchObject({ tickets: 0, clocks: [], changes: { count: 0 } });
});

test('who sees no breaches asks no what-ifs', async () => {
  const { status } = await office.agent.post('/v1/what-ifs', { ...period, policy: 'demo' });
  expect(status).toBe(403);
});

test.each<[fault: string, body: object, pointer: string, code: string]>([
  ['a period that ends before it begins', { policy: 'demo', to: inMs(-4 * HOUR) }, '/to', 'value_invalid'],
  ['a policy that there is not', { policy: 'golden' }, '/policy', 'policy_unknown'],
  [
    'a policy with a fault',
    { policy: candidate({ P9: '4h' }) },
    '/policy/clocks/resolution/targets/P9',
    'unknown_key',
  ],
  ['a filter nobody knows', { policy: 'demo', match: { team: 'a' } }, '/match/team', 'unknown_key'],
  ['too long a list', { policy: 'demo', limit: 1_001 }, '/limit', 'value_invalid'],
])('%s is refused with its place', async (_fault, body, pointer, code) => {
  const answer = await whatIf(body);
  expect([answer.status, answer.body.errors?.[0]]).toEqual([422, expect.objectContaining({ pointer, code })]);
});

test('more tickets than fit into one request are refused, and the command is named', async () => {
  const door = await office.openDoor({
    deps: ({ histories }) => ({ histories: { ...histories, count: async () => 25_001 } }),
  });
  const caller = await door.caller('manager');
  const { status, body } = await caller.post('/v1/what-ifs', { ...period, policy: 'demo' });
  expect([status, body.errors[0].code]).toEqual([422, 'too_many_tickets']);
  expect(body.detail).toContain('tierline what-if');
});
