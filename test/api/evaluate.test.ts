/** Trying a policy on a ticket that does not exist. */
import { expect, test } from '@jest/globals';
import { EVALUATE_EXAMPLE } from '../../api/schemas/evaluate.ts';
import { setUpOffice } from './office.ts';

const office = setUpOffice({ worker: false });

/** Round the clock: four hours for a P1. */
const DOCUMENT = {
  name: 'written-out',
  precedence: 1,
  priorityMatrix: {
    high: { high: 'P1', medium: 'P2', low: 'P3' },
    medium: { high: 'P2', medium: 'P3', low: 'P4' },
    low: { high: 'P3', medium: 'P4', low: 'P4' },
  },
  tiers: [
    { tier: 1, name: 'one' },
    { tier: 2, name: 'two' },
  ],
  clocks: {
    resolution: {
      calendar: 'always',
      targets: { P1: '4h', P2: '8h' },
      ladder: [
        { at: '75%', actions: [{ notify: 'team' }] },
        { at: 'breach', actions: [{ handOff: 'next' }, { notify: 'lead' }] },
      ],
    },
  },
};

const at = (time: string): string => `2026-02-03T${time}.000Z`;
const ticket = { openedAt: at('10:00:00'), priority: 'P1' };

const evaluate = (body: object) =>
  office.agent.post('/v1/policies/evaluate', { policy: DOCUMENT, ticket, ...body });

test('a stored policy is chosen by its name, or by name and version', async () => {
  const { status, body } = await office.agent.post('/v1/policies/evaluate', EVALUATE_EXAMPLE);
  expect([status, body.policy]).toEqual([200, { name: 'standard', version: 1 }]);
  // Friday 16:30: half an hour, then Monday's eight but for an hour at the vendor's, and half an hour on Tuesday.
  const resolution = body.clocks.find(({ clock }: { clock: string }) => clock === 'resolution');
  expect(resolution).toMatchObject({ breached: true, breachedAt: '2026-02-03T09:30:00.000Z' });
  expect(resolution.explain).toContainEqual({
    from: '2026-02-02T10:00:00.000Z',
    to: '2026-02-02T11:00:00.000Z',
    kind: 'paused',
    reason: 'vendor',
    seconds: 3600,
  });
  const again = await office.agent.post('/v1/policies/evaluate', {
    ...EVALUATE_EXAMPLE,
    policy: { name: 'standard', version: 1 },
  });
  expect(again.body).toEqual(body);
});

test('a policy written out is played: steps, hand-off, notifications, breach, and whose time it was', async () => {
  const { status, body } = await evaluate({ until: at('15:00:00') });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    policy: { name: 'written-out', version: null },
    ticket: { state: 'open', priority: 'P1', tier: 2, handoffs: 1 },
    clocks: [
      { clock: 'resolution', cycle: 1, deadlineAt: at('14:00:00'), breached: true, elapsedSeconds: 18_000 },
    ],
    steps: [
      { clock: 'resolution', step: 'at-75', dueAt: at('13:00:00'), skipped: false },
      { clock: 'resolution', step: 'breach', dueAt: '2026-02-03T14:00:00.001Z', skipped: false },
    ],
    handoffs: [{ fromTier: 1, toTier: 2, step: 'breach' }],
    notifications: [
      { audience: 'team', tier: 1 },
      { audience: 'lead', tier: 2 },
    ],
    breaches: [{ clock: 'resolution', cycle: 1, deadlineAt: at('14:00:00'), tier: 1, priority: 'P1' }],
    ineffective: [],
    asOf: at('15:00:00'),
  });
  const owned = Object.values(body.timeByOwner as Record<string, number>).reduce((sum, one) => sum + one, 0);
  expect(owned).toBe(18_000);
});

test('a priority that is not said follows from impact and urgency', async () => {
  const { body } = await evaluate({
    ticket: { openedAt: at('10:00:00'), impact: 'high', urgency: 'medium' },
  });
  expect(body.ticket.priority).toBe('P2');
});

test('what changes nothing is told', async () => {
  const { body } = await evaluate({ events: [{ type: 'reopened', occurredAt: at('11:00:00') }] });
  expect(body.ineffective).toEqual([{ type: 'reopened', occurredAt: at('11:00:00'), why: 'not_resolved' }]);
});

test('a policy written out may count on a stored calendar', async () => {
  const shared = {
    timezone: 'UTC',
    hours: { tue: [['12:00', '18:00']] as const },
    holidays: [],
    exceptions: {},
  };
  const door = await office.openDoor({
    deps: ({ calendars }) => ({ calendars: { ...calendars, inForce: async () => ({ shared }) } }),
  });
  const caller = await door.caller('agent');
  const resolution = { ...DOCUMENT.clocks.resolution, calendar: 'shared' };
  const policy = { ...DOCUMENT, clocks: { resolution } };
  const { status, body } = await caller.post('/v1/policies/evaluate', { policy, ticket });
  expect(status).toBe(200);
  expect(body.clocks).toMatchObject([{ calendar: 'shared', deadlineAt: at('16:00:00') }]);
});

test('nothing is kept of it', async () => {
  await evaluate({});
  expect((await office.agent.get('/v1/tickets')).body.data).toEqual([]);
});

test.each<[fault: string, body: object, pointer: string, code: string]>([
  ['a policy that there is not', { policy: 'golden' }, '/policy', 'policy_unknown'],
  ['a version that there is not', { policy: { name: 'standard', version: 99 } }, '/policy', 'policy_unknown'],
  ['no policy', { policy: undefined }, '/policy', 'missing'],
  ['a number for a policy', { policy: 7 }, '/policy', 'wrong_kind'],
  [
    'a policy with a fault deep in it',
    {
      policy: {
        ...DOCUMENT,
        clocks: { resolution: { ...DOCUMENT.clocks.resolution, targets: { P1: 'soon' } } },
      },
    },
    '/policy/clocks/resolution/targets/P1',
    'duration_malformed',
  ],
  ['no priority', { ticket: { openedAt: at('10:00:00') } }, '/ticket/priority', 'missing'],
  [
    'an event before the opening',
    { events: [{ type: 'resolved', occurredAt: at('09:00:00') }] },
    '/events/0/occurredAt',
    'before_opening',
  ],
  ['an end before the opening', { until: at('09:00:00') }, '/until', 'before_opening'],
  ['a story of years', { until: '2030-01-01T00:00:00Z' }, '/until', 'too_long'],
  [
    'an event nobody knows',
    { events: [{ type: 'vanished', occurredAt: at('11:00:00') }] },
    '/events/0/type',
    'value_unknown',
  ],
])('%s is refused with its place', async (_fault, change, pointer, code) => {
  const { status, body } = await evaluate(change);
  expect([status, body.errors[0]]).toEqual([422, expect.objectContaining({ pointer, code })]);
});

test('more than a thousand events, or calendars without end, are refused', async () => {
  const event = { type: 'acknowledged', occurredAt: at('11:00:00') };
  const many = await evaluate({ events: Array.from({ length: 1_001 }, () => event) });
  expect([many.status, many.body.errors[0].pointer]).toEqual([422, '/events']);

  const hours = { timezone: 'UTC', hours: { mon: [['09:00', '17:00']] } };
  const calendars = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`c${i}`, hours]));
  const wide = await evaluate({ policy: { ...DOCUMENT, calendars }, until: '2027-12-31T00:00:00Z' });
  expect([wide.status, wide.body.errors[0]]).toEqual([
    422,
    expect.objectContaining({ pointer: '/policy/calendars', code: 'too_long' }),
  ]);
});

test('a story in which something happens every minute of years is refused, and nobody waits for it', async () => {
  const ladder = Array.from({ length: 300 }, (_, i) => ({
    id: `s${i}`,
    after: `${i + 1}m`,
    actions: [{ notify: 'lead' }],
  }));
  const resolution = { calendar: 'always', targets: { P1: '1m' }, reopen: 'newCycle', ladder };
  const events = Array.from({ length: 200 }, (_, i) => ({
    type: i % 2 === 0 ? 'resolved' : 'reopened',
    occurredAt: new Date(Date.parse(at('10:00:00')) + (i + 1) * 86_400_000).toISOString(),
  }));
  let isAnswered = false;
  const evaluation = evaluate({ policy: { ...DOCUMENT, clocks: { resolution } }, events }).then((answer) => {
    isAnswered = true;
    return answer;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await office.agent.get('/v1/tickets')).status).toBe(200);
  expect(isAnswered).toBe(false);
  const { status, body } = await evaluation;
  expect([status, body.errors[0]]).toEqual([
    422,
    expect.objectContaining({ pointer: '/until', code: 'too_long' }),
  ]);
});
