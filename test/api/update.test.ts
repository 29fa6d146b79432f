/** What a ticket is about may turn out to be something else, and then it may be judged by another policy. */
import { expect, test } from '@jest/globals';
import { eventually } from '../support/desk.ts';
import { openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

const patch = (id: string, body: object) =>
  office.agent.send('patch', `/v1/tickets/${id}`, { body: JSON.stringify(body) });
const clocksOf = async (id: string) => (await office.agent.get(`/v1/tickets/${id}/clocks`)).body;

const CUSTOMER = { changes: { customer: 'example-rhine-freight' } };

test('another customer brings another policy, the same story and its time kept', async () => {
  const before = await openTicket(office.agent);
  expect(before.policy.name).toBe('standard');
  const { status, body } = await patch(before.id, CUSTOMER);
  expect(status).toBe(200);
  expect(body).toMatchObject({ customer: 'example-rhine-freight', policy: { name: 'managed-service' } });
  const clocks = await clocksOf(before.id);
  expect(clocks).toMatchObject({ pending: false, policy: { name: 'managed-service' } });
  const resolution = clocks.data.find(({ clock }: { clock: string }) => clock === 'resolution');
  expect(resolution).toMatchObject({ startedAt: before.openedAt, cycle: 1, targetSeconds: 4 * 3600 });
  const timeline = await office.desk.types(before.id);
  expect(timeline.slice(-2)).toEqual(['attributesChanged', 'rulesChanged']);
});

test('there and back leaves every deadline as it was', async () => {
  const { id } = await openTicket(office.agent);
  const deadlines = async () =>
    (await clocksOf(id)).data
      .filter(({ state }: { state: string }) => state !== 'cancelled')
      .map(({ clock, deadlineAt }: { clock: string; deadlineAt: string }) => `${clock} ${deadlineAt}`);
  const before = await deadlines();
  await patch(id, CUSTOMER);
  expect(await deadlines()).not.toEqual(before);
  const { body } = await patch(id, { changes: { customer: null } });
  expect(body).toMatchObject({ customer: null, policy: { name: 'standard' } });
  expect(await deadlines()).toEqual(before);
});

test('a clock that the new policy does not have ends, and says why', async () => {
  const { id } = await openTicket(office.agent, CUSTOMER.changes);
  await patch(id, { changes: { customer: null } });
  const ended = (await clocksOf(id)).data.find(({ clock }: { clock: string }) => clock === 'tierAccept');
  expect(ended).toMatchObject({ state: 'cancelled', cancelReason: 'notInPolicy' });
});

test('a field that chooses no policy changes none', async () => {
  const { id } = await openTicket(office.agent);
  const { body } = await patch(id, { changes: { configurationItem: 'switch-12', affectedUsers: 12 } });
  expect(body.attributes).toMatchObject({ configurationItem: 'switch-12', affectedUsers: 12 });
  expect(await office.desk.types(id)).toEqual(['opened', 'attributesChanged']);
});

test('a field that might choose another policy and does not is confirmed', async () => {
  const { id } = await openTicket(office.agent);
  await patch(id, { changes: { category: 'network' } });
  expect(await office.desk.types(id)).toEqual(['opened', 'attributesChanged', 'rulesConfirmed']);
});

test('a policy that was named stays, whoever the customer turns out to be', async () => {
  const { id } = await openTicket(office.agent, { policy: 'standard' });
  const { body } = await patch(id, CUSTOMER);
  expect(body.policy.name).toBe('standard');
});

test('a fact says it as well, and the policy follows soon', async () => {
  const { id } = await openTicket(office.agent);
  const occurredAt = new Date().toISOString();
  const fact = { id: 'crm:1', type: 'attributesChanged', occurredAt, ...CUSTOMER };
  await office.agent.post(`/v1/tickets/${id}/events`, { events: [fact] });
  const { policy } = await eventually(
    async () => (await office.agent.get(`/v1/tickets/${id}`)).body,
    (body) => body.policy.name !== 'standard',
  );
  expect(policy.name).toBe('managed-service');
});

test('saying what it says already is refused', async () => {
  const { id } = await openTicket(office.agent, CUSTOMER.changes);
  const { status, body } = await patch(id, CUSTOMER);
  expect([status, body.code]).toEqual([409, 'nothing_changed']);
});

test.each([
  ['nothing', { changes: {} }, '/changes'],
  ['a field that cannot change', { changes: { channel: 'phone' } }, '/changes/channel'],
  ['no type at all', { changes: { type: null } }, '/changes/type'],
])('%s is not taken as a change', async (_what, body, pointer) => {
  const { id } = await openTicket(office.agent);
  const response = await patch(id, body);
  expect(response.status).toBe(422);
  expect(response.body.errors[0].pointer).toBe(pointer);
});

test('an inline document nested without end is refused, not run into', async () => {
  const deep = `${'['.repeat(25_000)}${']'.repeat(25_000)}`;
  const { status } = await office.agent.send('post', '/v1/policies/evaluate', {
    body: `{"policy":{"name":${deep}},"ticket":{"openedAt":"2026-01-01T00:00:00Z","priority":"P1"},"events":[]}`,
  });
  expect(status).toBe(422);
});
