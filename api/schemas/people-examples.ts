/** Examples of people and reference data for the documentation; a test holds each against its schema. */

const OVERRIDE_ID = 'ovr_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const ROTA = '/v1/on-call/tier-2';
const UPDATED = { updatedAt: '2026-01-12T08:00:00.000Z' };

const contact = { email: 'agent-17@example.com', phone: '+49 30 555 0117', chat: '@agent-17' };

export const PUT_TEAM_EXAMPLE = {
  tier: 2,
  assignment: 'leastLoaded',
  calendar: 'office',
  capacity: 5,
  lead: 'lead-2',
  manager: 'manager-1',
  rate: { amount: 85, currency: 'EUR' },
};

export const TEAM_EXAMPLE = {
  name: 'network',
  ...PUT_TEAM_EXAMPLE,
  active: true,
  ...UPDATED,
  links: { self: '/v1/teams/network', agents: '/v1/agents?team=network' },
};

export const PUT_AGENT_EXAMPLE = {
  team: 'network',
  skills: ['vpn', 'bgp'],
  capacity: 4,
  calendar: 'late-shift',
  contact,
  absentUntil: '2026-02-02T08:00:00.000Z',
};

export const AGENT_EXAMPLE = {
  id: 'agent-17',
  tier: 2,
  active: true,
  ...PUT_AGENT_EXAMPLE,
  ...UPDATED,
  links: { self: '/v1/agents/agent-17', team: '/v1/teams/network' },
};

export const PUT_ROTA_EXAMPLE = {
  tier: 2,
  timezone: 'Europe/Berlin',
  startsAt: '2026-01-05T08:00:00.000Z',
  rotationSeconds: 604_800,
  members: ['agent-17', 'agent-21', 'agent-23'],
};

export const ADD_OVERRIDE_EXAMPLE = {
  agent: 'agent-21',
  from: '2026-01-13T17:00:00.000Z',
  to: '2026-01-14T08:00:00.000Z',
  reason: 'Parents’ evening',
};

export const OVERRIDE_EXAMPLE = {
  id: OVERRIDE_ID,
  rota: 'tier-2',
  ...ADD_OVERRIDE_EXAMPLE,
  createdBy: 'key:6f1d2c3b4a596877',
  createdAt: '2026-01-12T08:00:00.000Z',
  links: { self: `${ROTA}/overrides/${OVERRIDE_ID}`, rota: ROTA },
};

const onCall = { agent: 'agent-23', override: null, available: true, until: '2026-01-26T08:00:00.000Z' };

export const ON_CALL_EXAMPLE = { rota: 'tier-2', tier: 2, team: null, ...onCall };

export const ROTA_EXAMPLE = {
  name: 'tier-2',
  team: null,
  ...PUT_ROTA_EXAMPLE,
  onCall,
  overrides: [],
  ...UPDATED,
  links: { self: ROTA, schedule: `${ROTA}/schedule` },
};

export const SCHEDULE_EXAMPLE = {
  rota: 'tier-2',
  timezone: 'Europe/Berlin',
  from: '2026-01-13T00:00:00.000Z',
  to: '2026-01-15T00:00:00.000Z',
  data: [
    { agent: 'agent-17', override: null, from: '2026-01-13T00:00:00.000Z', to: '2026-01-13T17:00:00.000Z' },
    {
      agent: 'agent-21',
      override: OVERRIDE_ID,
      from: '2026-01-13T17:00:00.000Z',
      to: '2026-01-14T08:00:00.000Z',
    },
    { agent: 'agent-17', override: null, from: '2026-01-14T08:00:00.000Z', to: '2026-01-15T00:00:00.000Z' },
  ],
};

export const PUT_CUSTOMER_EXAMPLE = {
  timezone: 'America/New_York',
  language: 'en',
  contact: { email: 'desk@example.com' },
  updates: { channel: 'email', everyHours: 4 },
};

export const CUSTOMER_EXAMPLE = {
  name: 'acme',
  ...PUT_CUSTOMER_EXAMPLE,
  ...UPDATED,
  links: { self: '/v1/customers/acme' },
};

export const PUT_SERVICE_EXAMPLE = { team: 'network', owner: 'agent-17', criticality: 'high' };

export const SERVICE_EXAMPLE = {
  name: 'vpn',
  ...PUT_SERVICE_EXAMPLE,
  ...UPDATED,
  links: { self: '/v1/services/vpn' },
};
