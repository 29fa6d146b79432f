/** Examples for the documentation, all about one ticket; a test holds each against its schema. */

const TICKET_ID = 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const SELF = `/v1/tickets/${TICKET_ID}`;
const DIGEST = 'b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2';
const POLICY = { name: 'standard', version: 3 };

const described = {
  type: 'incident',
  impact: 'high',
  urgency: 'medium',
  channel: 'email',
  customer: 'acme',
  service: 'vpn',
  category: 'network',
  external: { system: 'zendesk', id: '1042', url: 'https://example.com/tickets/1042' },
} as const;

const words = {
  subject: 'VPN drops every ten minutes',
  description: 'Since this morning, for everybody at the branch.',
  requester: { id: 'customer-204', language: 'en', timezone: 'Europe/Berlin' },
};

export const OPEN_TICKET_EXAMPLE = { ...described, ...words, affectedUsers: 40 };

export const TICKET_EXAMPLE = {
  id: TICKET_ID,
  state: 'open',
  priority: 'P2',
  tier: 1,
  team: 'network',
  assignee: 'agent-17',
  ...words,
  ...described,
  attributes: { affectedUsers: 40 },
  openedAt: '2026-01-30T09:00:00.000Z',
  acknowledgedAt: '2026-01-30T09:04:12.318Z',
  resolvedAt: null,
  closedAt: null,
  holds: [],
  reopenCount: 0,
  handoffs: 0,
  tierReturns: 0,
  policy: POLICY,
  mode: 'act',
  breached: false,
  nextDeadlineAt: '2026-01-30T10:00:00.000Z',
  timeByOwner: { tier1: 252.318 },
  timeByOwnerAt: '2026-01-30T09:04:12.318Z',
  inFlightByTier: {},
  queuedAt: null,
  offer: null,
  awaitsAcceptanceSince: null,
  awaitsLeadSince: null,
  handoffReturns: 0,
  packet: { items: ['symptoms'], articles: [] },
  consults: [],
  people: [],
  engagements: [],
  relations: [{ relation: 'change', reference: 'CHG-1042' }],
  checklists: [],
  drafts: [],
  reproducedIn: [],
  major: null,
  parent: null,
  resolution: { causeCode: null, article: null, needsArticle: false },
  rating: null,
  updatesSent: 1,
  security: null,
  sequence: 3,
  asOf: '2026-01-30T09:04:12.331Z',
  links: { self: SELF, timeline: `${SELF}/timeline`, clocks: `${SELF}/clocks` },
};

export const PACKET_EXAMPLE = {
  ticketId: TICKET_ID,
  items: ['symptoms', 'stepsTried'],
  packet: {
    symptoms: 'Drops every ten minutes.',
    stepsTried: [{ step: 'Replaced the cable', result: 'No change' }],
  },
  tiers: [
    { tier: 1, requires: [], missing: [], completeness: 100 },
    {
      tier: 2,
      requires: ['symptoms', 'businessImpact', 'stepsTried'],
      missing: ['businessImpact'],
      completeness: 66,
    },
  ],
  sequence: 3,
  asOf: '2026-01-30T09:04:12.331Z',
};

export const CLOCKS_EXAMPLE = {
  ticketId: TICKET_ID,
  policy: POLICY,
  pending: false,
  data: [
    {
      clock: 'firstResponse',
      kind: 'promise',
      cycle: 1,
      state: 'running',
      breached: false,
      startedAt: '2026-01-30T09:00:00.000Z',
      deadlineAt: '2026-01-30T10:00:00.000Z',
      metAt: null,
      breachedAt: null,
      cancelledAt: null,
      cancelReason: null,
      calendar: 'office',
      calendarVersion: '3b1f8a2c90de',
      targetSeconds: 3600,
      elapsedSeconds: 252.5,
      remainingSeconds: 3347.5,
      explain: [
        { from: '2026-01-30T09:00:00.000Z', to: '2026-01-30T09:04:12.500Z', kind: 'running', seconds: 252.5 },
      ],
    },
  ],
  sequence: 3,
  asOf: '2026-01-30T09:04:12.500Z',
};

export const TIMELINE_EXAMPLE = {
  ticketId: TICKET_ID,
  data: [
    {
      sequence: 1,
      id: 'request:1c7f6a52-4d0e-4b57-8f6c-f4f5c6f0a9d3/0',
      type: 'opened',
      source: 'request',
      occurredAt: '2026-01-30T09:00:00.000Z',
      receivedAt: '2026-01-30T09:00:00.121Z',
      actor: { subject: 'key:8f1c2ab7905d3e64', role: 'integration' },
      requestId: '4c1a7d0e-2f64-4b7f-9a35-6a1f0c8f7d21',
      text: { body: words, digest: DIGEST, erasedAt: null },
      data: { attributes: { ...described, affectedUsers: 40 }, priority: 'P2', tier: 1, mode: 'act' },
    },
    {
      sequence: 2,
      id: 'fact:zendesk:audit:8842',
      type: 'assigned',
      source: 'fact',
      occurredAt: '2026-01-30T09:02:02.000Z',
      receivedAt: '2026-01-30T09:02:04.770Z',
      actor: { subject: 'key:8f1c2ab7905d3e64', role: 'integration', actingFor: 'agent-12' },
      data: { assignee: 'agent-17', team: 'network' },
    },
  ],
  page: { hasMore: true, nextCursor: 'eyJtYXJrIjoyLCJmaWx0ZXJzIjoiSjhsWGZ2bjBoVlJhIn0' },
  sequence: 3,
  asOf: '2026-01-30T09:04:12.331Z',
};

export const FACTS_EXAMPLE = {
  events: [
    {
      type: 'messageAdded',
      id: 'zendesk:comment:8841',
      occurredAt: '2026-01-30T09:12:30Z',
      actor: 'customer-204',
      author: 'customer',
      visibility: 'public',
      text: 'It has started again.',
    },
    { type: 'assigned', id: 'zendesk:audit:8842', occurredAt: '2026-01-30T09:13:02Z', assignee: 'agent-17' },
  ],
};

export const FACTS_ANSWER_EXAMPLE = {
  accepted: ['zendesk:comment:8841', 'zendesk:audit:8842'],
  duplicates: [],
  spooled: false,
};

export const BREACH_EXAMPLE = {
  ticketId: TICKET_ID,
  clock: 'resolution',
  kind: 'promise',
  cycle: 1,
  breachedAt: '2026-01-30T17:00:00.000Z',
  decidedAt: '2026-01-30T17:00:00.004Z',
  withdrawn: false,
  withdrawnAt: null,
  revision: 1,
  tier: 1,
  priority: 'P2',
  customer: 'acme',
  policy: POLICY,
  links: { ticket: SELF },
};

export const EVALUATE_EXAMPLE = {
  calendar: {
    timezone: 'Europe/Berlin',
    hours: {
      thu: [
        ['09:00', '12:00'],
        ['13:00', '17:00'],
      ],
      fri: [['09:00', '12:00']],
    },
    holidays: ['2026-12-25'],
    exceptions: { '2026-12-24': [['09:00', '12:00']] },
  },
  start: '2026-01-29T11:30:00+01:00',
  add: '2h',
  pauses: [{ from: '2026-01-29T14:00:00+01:00', to: '2026-01-29T14:15:00+01:00' }],
};

export const EVALUATION_EXAMPLE = {
  deadlineAt: '2026-01-29T13:45:00.000Z',
  elapsedSeconds: 7200,
  intervals: [
    { from: '2026-01-29T10:30:00.000Z', to: '2026-01-29T11:00:00.000Z', kind: 'running', seconds: 1800 },
    { from: '2026-01-29T11:00:00.000Z', to: '2026-01-29T12:00:00.000Z', kind: 'closed', seconds: 3600 },
    { from: '2026-01-29T12:00:00.000Z', to: '2026-01-29T13:00:00.000Z', kind: 'running', seconds: 3600 },
    { from: '2026-01-29T13:00:00.000Z', to: '2026-01-29T13:15:00.000Z', kind: 'paused', seconds: 900 },
    { from: '2026-01-29T13:15:00.000Z', to: '2026-01-29T13:45:00.000Z', kind: 'running', seconds: 1800 },
  ],
  warnings: [],
};

export const NOTIFICATION_EXAMPLE = {
  type: 'ticket.notification',
  timestamp: '2026-01-30T17:00:00.004Z',
  data: {
    ticketId: TICKET_ID,
    sequence: 9,
    audience: 'lead',
    tier: 2,
    page: false,
    clock: 'resolution',
    cycle: 1,
    step: 'breach',
    recipients: [{ agent: 'lead-2', via: 'lead', contact: { email: 'lead-2@example.com' } }],
    links: { ticket: SELF },
  },
};

export const PROBLEM_EXAMPLE = {
  type: '/docs/problems#ticket_closed',
  title: 'Conflict with how things stand',
  status: 409,
  detail: `Ticket ${TICKET_ID} is closed; it cannot be changed`,
  code: 'ticket_closed',
  instance: '/v1/tickets/zendesk:1042/resolve',
  requestId: '4c1a7d0e-2f64-4b7f-9a35-6a1f0c8f7d21',
  state: 'closed',
};
