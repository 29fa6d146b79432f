/**
 * The daily life of three tiers, through the API in virtual time: an incomplete offer, a consult, a vendor, a return, a
 * resolution. Its timeline, its clocks and whose time it was are held against the script.
 */
import { beforeAll, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import type { ClockView } from '../../api/schemas/clocks.ts';
import type { TicketView } from '../../api/schemas/tickets.ts';
import { loadPolicies, policyHash } from '../../api/schemas/policy.ts';
import type { TimelineEvent } from '../../api/schemas/timeline.ts';
import { createPolicyStore } from '../../prisma/policies.ts';
import { HOUR, MINUTE, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

/** The policy that ships, with tiers that never close: the script is the same at whatever hour it is played. */
const POLICY = 'three-tiers-always';
beforeAll(async () => {
  const shipped = (await loadPolicies('policies')).find(({ name }) => name === 'three-tiers')!;
  const tiers = shipped.tiers.map(({ calendar: _calendar, ...tier }) => tier);
  const policy = { ...shipped, name: POLICY, tiers };
  await createPolicyStore(office.desk.database).publish([{ policy, hash: policyHash(policy) }]);
});

/** What real time a step of the script may take: virtual hours pass between the steps, real seconds within them. */
const REAL_SECONDS = 60;

const PACKET = {
  symptoms: 'Drops every ten minutes.',
  businessImpact: 'The northern branches cannot sell.',
  stepsTried: [{ step: 'Replaced the cable', result: 'No change' }],
};

const DEEPER = {
  question: 'Why does the route flap?',
  environment: 'Firmware 7.3 on both route servers.',
  reproduction: 'Restart one of them under load.',
};

interface Story {
  ask(path: string, body?: object): Promise<Response>;
  granted(path: string, body?: object): Promise<TicketView>;
  pass(ms: number): Promise<void>;
  ticket(): Promise<TicketView>;
  timeline(): Promise<TimelineEvent[]>;
  clocks(): Promise<ClockView[]>;
}

async function begin(priority: object): Promise<Story> {
  const { id } = await openTicket(office.agent, { policy: POLICY, ...priority });
  const path = `/v1/tickets/${id}`;
  const ask: Story['ask'] = (step, body) => office.agent.post(`${path}/${step}`, body);
  return {
    ask,
    async granted(step, body) {
      const answer = await ask(step, body);
      expect([step, answer.status, answer.body.detail]).toEqual([step, 200, undefined]);
      return answer.body as TicketView;
    },
    pass: (ms) => office.desk.fastForward(id, ms),
    ticket: async () => (await office.agent.get(path)).body as TicketView,
    timeline: async () => (await office.agent.get(`${path}/timeline?limit=200`)).body.data as TimelineEvent[],
    clocks: async () => (await office.agent.get(`${path}/clocks`)).body.data as ClockView[],
  };
}

const instantOf = (events: readonly TimelineEvent[], type: string, nth = 0): number => {
  const found = events.filter((event) => event.type === type && event.moot === undefined)[nth];
  if (!found) throw new Error(`There is no ${type} ${nth}: ${events.map((event) => event.type).join(', ')}`);
  return Date.parse(found.occurredAt);
};

/** That a span is as long as the script says, but for the real time that the steps themselves took. */
function expectSpan(ms: number, scripted: number): void {
  expect(ms).toBeGreaterThanOrEqual(scripted);
  expect(ms).toBeLessThan(scripted + REAL_SECONDS * 1000);
}

test('three tiers, a consult, a vendor and a return: every second belongs to exactly one of them', async () => {
  const story = await begin({ impact: 'medium', urgency: 'medium', category: 'network' });
  await story.granted('assign', { assignee: 'agent-11' });
  await story.granted('reply', { text: 'We look at it.' });
  await story.pass(HOUR);

  const incomplete = await story.ask('offer-handoff', {
    toTier: 2,
    reason: 'Beyond the desk.',
    packet: { symptoms: PACKET.symptoms },
  });
  expect([incomplete.status, incomplete.body.code]).toEqual([422, 'handoff_incomplete']);
  expect(incomplete.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    '/packet/businessImpact',
    '/packet/stepsTried',
  ]);
  expect((await story.ticket()).offer).toBeNull();

  const offered = await story.granted('offer-handoff', {
    toTier: 2,
    reason: 'Beyond the desk.',
    packet: PACKET,
  });
  expect(offered).toMatchObject({ tier: 1, offer: { toTier: 2, completeness: 100 } });
  await story.pass(20 * MINUTE);
  expect(await story.granted('accept-handoff', { assignee: 'agent-21' })).toMatchObject({ tier: 2 });
  await story.pass(2 * HOUR);

  const { consults } = await story.granted('consult', { toTier: 3, text: 'May we restart it by day?' });
  await story.pass(30 * MINUTE);
  const consult = consults[0]!.id;
  await story.granted('answer-consult', { consult, text: 'Yes, announced.', solved: false });

  const { engagements, holds } = await story.granted('engage-vendor', {
    vendor: 'acme',
    reference: 'ACME-4711',
    text: 'Please check the firmware.',
  });
  expect(holds).toEqual([expect.objectContaining({ reason: 'vendor' })]);
  await story.pass(3 * HOUR);
  await story.granted('vendor-returned', { engagement: engagements[0]!.id, outcome: 'advice' });

  await story.granted('offer-handoff', { toTier: 3, reason: 'A fault of the firmware.', packet: DEEPER });
  await story.pass(10 * MINUTE);
  const returned = await story.ask('return-handoff', {});
  expect([returned.status, returned.body.errors]).toEqual([
    422,
    [expect.objectContaining({ pointer: '/reason' })],
  ]);
  await story.granted('return-handoff', { reason: 'Which site?', missing: ['scope'] });
  await story.pass(15 * MINUTE);
  await story.granted('offer-handoff', {
    toTier: 3,
    reason: 'Here it is.',
    packet: { scope: 'The northern branches.' },
  });
  await story.pass(5 * MINUTE);
  await story.granted('accept-handoff', { assignee: 'agent-31' });
  await story.pass(4 * HOUR);

  const bare = await story.ask('resolve', { resolution: 'New firmware.' });
  expect([bare.status, bare.body.code]).toEqual([422, 'cause_code_missing']);
  const resolved = await story.granted('resolve', {
    resolution: 'New firmware.',
    causeCode: 'software',
    needsArticle: true,
  });
  expect(resolved).toMatchObject({
    state: 'resolved',
    tier: 3,
    handoffs: 2,
    handoffReturns: 1,
    resolution: { causeCode: 'software', needsArticle: true },
  });

  const events = await story.timeline();
  const desk = events.filter(({ source }) => source === 'request').map(({ type }) => type);
  expect(desk).toEqual([
    'opened',
    'assigned',
    'messageAdded',
    'handoffOffered',
    'handoffAccepted',
    'assigned',
    'consultAsked',
    'consultAnswered',
    'vendorEngaged',
    'held',
    'vendorReturned',
    'handoffOffered',
    'handoffReturned',
    'handoffOffered',
    'handoffAccepted',
    'assigned',
    'resolved',
  ]);
  const at = (type: string, nth = 0) => instantOf(events, type, nth);
  const [opening, end] = [at('opened'), at('resolved')];

  // Whose time it was, straight from the timeline: exact to the millisecond.
  const tier1 = at('handoffOffered') - opening;
  const flight1 = at('handoffAccepted') - at('handoffOffered');
  const vendor = at('vendorReturned') - at('held');
  const flight2 =
    at('handoffReturned') - at('handoffOffered', 1) + (at('handoffAccepted', 1) - at('handoffOffered', 2));
  const tier3 = end - at('handoffAccepted', 1);
  const tier2 = end - opening - tier1 - flight1 - vendor - flight2 - tier3;
  const inSeconds = Object.entries({ tier1, tier2, tier3, vendor, handoff: flight1 + flight2 });
  expect(resolved.timeByOwner).toEqual(
    Object.fromEntries(inSeconds.map(([owner, ms]) => [owner, ms / 1000])),
  );
  expect(resolved.inFlightByTier).toEqual({ tier1: flight1 / 1000, tier2: flight2 / 1000 });

  // And the timeline itself is the script's, hour by hour.
  expectSpan(tier1, HOUR);
  expectSpan(flight1, 20 * MINUTE);
  expectSpan(vendor, 3 * HOUR);
  expectSpan(at('consultAnswered') - at('consultAsked'), 30 * MINUTE);
  expectSpan(flight2, 15 * MINUTE);
  expectSpan(tier3, 4 * HOUR);

  const clocks = await story.clocks();
  const spans = clocks
    .filter(({ clock }) => ['tierAccept', 'consult', 'vendor'].includes(clock))
    .map(({ clock, subject, state, startedAt, metAt }) => ({
      clock,
      subject: clock === 'tierAccept' ? subject : undefined,
      state,
      startedAt,
      metAt,
    }));
  const iso = (ms: number) => new Date(ms).toISOString();
  const met = (clock: string, subject: string | undefined, from: number, to: number) => ({
    clock,
    subject,
    state: 'met',
    startedAt: iso(from),
    metAt: iso(to),
  });
  expect(spans).toEqual([
    met('tierAccept', 'tier1', opening, at('assigned')),
    met('tierAccept', 'tier2', at('handoffOffered'), at('handoffAccepted')),
    met('consult', undefined, at('consultAsked'), at('consultAnswered')),
    met('vendor', undefined, at('vendorEngaged'), at('vendorReturned')),
    met('tierAccept', 'tier3', at('handoffOffered', 1), at('handoffReturned')),
    met('tierAccept', 'tier3', at('handoffOffered', 2), at('handoffAccepted', 1)),
  ]);
  const resolution = clocks.find(({ clock }) => clock === 'resolution')!;
  expect(resolution).toMatchObject({ state: 'met', metAt: iso(end) });
  expect(resolution.elapsedSeconds).toBe((end - opening - vendor) / 1000);

  const packet = await office.agent.get(`/v1/tickets/${resolved.id}/packet`);
  expect(packet.body.packet).toEqual({ ...PACKET, ...DEEPER, scope: 'The northern branches.' });
  expect(packet.body.tiers.map(({ completeness }: { completeness: number }) => completeness)).toEqual([
    100, 100, 100,
  ]);
});

test('of two who accept at once one has it, and the other is told', async () => {
  const story = await begin({});
  await story.granted('offer-handoff', { toTier: 2, reason: 'Up.', packet: PACKET });
  const answers = await Promise.all(
    ['agent-21', 'agent-22'].map((assignee) => story.ask('accept-handoff', { assignee })),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)!.body.code).toBe('nothing_offered');
  const winner = answers.find(({ status }) => status === 200)!.body as TicketView;
  expect((await story.ticket()).assignee).toBe(winner.assignee);
});

test('a withdrawn offer cannot be accepted, and nothing has changed', async () => {
  const story = await begin({});
  await story.granted('offer-handoff', { toTier: 2, reason: 'Up.', packet: PACKET });
  const before = await story.granted('withdraw-handoff', {});
  const late = await story.ask('accept-handoff', {});
  expect([late.status, late.body.code]).toEqual([409, 'nothing_offered']);
  expect((await story.ticket()).sequence).toBe(before.sequence);
});

test('an incomplete packet passes under the override of a lead, who is on record', async () => {
  const story = await begin({});
  const body = { toTier: 2, reason: 'The customer is on the line.', override: true };
  expect((await story.ask('offer-handoff', body)).body.code).toBe('override_not_allowed');
  const { id } = await story.ticket();
  const lead = await office.caller('lead');
  expect((await lead.post(`/v1/tickets/${id}/offer-handoff`, body)).status).toBe(200);
  const offer = (await story.timeline()).find(({ type }) => type === 'handoffOffered')!;
  expect(offer).toMatchObject({
    actor: { role: 'lead' },
    data: { override: true, missing: ['symptoms', 'businessImpact', 'stepsTried'], completeness: 0 },
  });
});

test('a consult on a closed ticket is a conflict', async () => {
  const story = await begin({ impact: 'low', urgency: 'low' });
  await story.granted('resolve', { causeCode: 'software', needsArticle: true });
  await story.granted('close');
  const late = await story.ask('consult', { toTier: 2, text: 'Why?' });
  expect([late.status, late.body.code]).toEqual([409, 'ticket_closed']);
});

test('a ticket becomes part of another that exists, goes by our id, and is not its own part', async () => {
  const whole = await begin({ external: { system: 'zendesk', id: '77' } });
  const part = await begin({});
  const { id } = await whole.ticket();
  const linked = await part.granted('link', { relation: 'parent', reference: 'zendesk:77' });
  expect(linked).toMatchObject({ parent: id, relations: [{ relation: 'parent', reference: id }] });
  for (const reference of ['tkt_nobody', linked.id]) {
    const refused = await part.ask('link', { relation: 'parent', reference });
    expect([refused.status, refused.body.code]).toEqual([422, 'ticket_unknown']);
  }
  const below = await begin({});
  const refused = await below.ask('link', { relation: 'parent', reference: linked.id });
  expect([refused.status, refused.body.code]).toEqual([422, 'ticket_unknown']);
});
