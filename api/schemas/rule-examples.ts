/** Examples of rules and their changes for the documentation; a test holds each against its schema. */

const CHANGE_ID = 'chg_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const SELF = `/v1/rule-changes/${CHANGE_ID}`;
const TICKET_ID = 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';

const moved = {
  clock: 'resolution',
  cycle: 1,
  deadlineBefore: '2026-01-30T17:00:00.000Z',
  deadlineAfter: '2026-01-30T13:00:00.000Z',
};
const none = { count: 0, data: [] };

export const FORECAST_EXAMPLE = {
  kind: 'policy',
  name: 'standard',
  fromVersion: 3,
  retroactive: false,
  asOf: '2026-01-30T14:00:00.000Z',
  tickets: 412,
  affected: 1,
  unchanged: 411,
  becomesBreached: { count: 1, data: [{ ticketId: TICKET_ID, ...moved }] },
  relieved: none,
  deadlineMoved: { count: 1, data: [{ ticketId: TICKET_ID, ...moved }] },
  clocksCancelled: none,
  clocksStarted: none,
};

export const RULE_CHANGE_EXAMPLE = {
  id: CHANGE_ID,
  kind: 'policy',
  name: 'standard',
  fromVersion: 3,
  toVersion: 4,
  state: 'running',
  retroactive: false,
  effectiveFrom: '2026-01-30T14:00:00.000Z',
  reason: 'Contract renewed: P1 in four hours',
  requestedBy: { subject: 'key:6f1d2c3b4a596877', role: 'manager', actingFor: 'lead-3' },
  approvedBy: null,
  cancelledBy: null,
  note: null,
  createdAt: '2026-01-30T14:00:00.000Z',
  startedAt: '2026-01-30T14:00:00.000Z',
  finishedAt: null,
  tickets: { total: 412, applied: 120, skipped: 1, failed: 0, remaining: 291 },
  outcome: { becomesBreached: 1, relieved: 0, deadlineMoved: 118, clocksCancelled: 0, clocksStarted: 0 },
  links: { self: SELF, tickets: `${SELF}/tickets`, version: '/v1/policies/standard/versions/4' },
};

export const CHANGED_TICKET_EXAMPLE = {
  ticketId: TICKET_ID,
  state: 'applied',
  reason: null,
  decidedAt: '2026-01-30T14:00:02.310Z',
  becomesBreached: [moved],
  relieved: [],
  deadlineMoved: [],
  clocksCancelled: [],
  clocksStarted: [],
  links: { ticket: `/v1/tickets/${TICKET_ID}` },
};

export const CALENDAR_EXAMPLE = {
  timezone: 'Europe/Berlin',
  hours: { mon: [['09:00', '17:00']], tue: [['09:00', '17:00']] },
  holidays: ['2026-12-25'],
  exceptions: { '2026-12-24': [['09:00', '12:00']] },
};

const version = {
  version: 4,
  state: 'inForce',
  hash: '0b1c4f2a9d3e',
  effectiveFrom: '2026-01-30T14:00:00.000Z',
  createdAt: '2026-01-30T14:00:00.000Z',
  createdBy: 'key:6f1d2c3b4a596877',
  reason: 'Contract renewed: P1 in four hours',
};

const eachLevel = { high: 'P1', medium: 'P2', low: 'P3' };

export const POLICY_DOCUMENT_EXAMPLE = {
  name: 'standard',
  precedence: 100,
  match: [{ type: 'incident' }],
  priorityMatrix: { high: eachLevel, medium: eachLevel, low: eachLevel },
  tiers: [{ tier: 1, name: 'Service desk' }],
  clocks: { resolution: { calendar: 'office', targets: { P1: '4h', P2: '8h' } } },
};

export const POLICY_VERSION_EXAMPLE = {
  name: 'standard',
  ...version,
  policy: POLICY_DOCUMENT_EXAMPLE,
  links: { self: '/v1/policies/standard/versions/4', versions: '/v1/policies/standard/versions' },
};

export const CALENDAR_VERSION_EXAMPLE = {
  name: 'office',
  ...version,
  calendar: CALENDAR_EXAMPLE,
  links: { self: '/v1/calendars/office/versions/4', versions: '/v1/calendars/office/versions' },
};
