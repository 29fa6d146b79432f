/** Examples of procedures, schedules and suggestions for the documentation; a test holds each against its schema. */

const BY = { subject: 'key:1', role: 'lead', actingFor: 'lead-2' };

const procedure = {
  title: 'Weekly backup audit',
  items: [
    { id: 'restore-one', text: 'Restore one file of last week’s backup', required: true },
    { id: 'quota', text: 'Look at the space that is left', required: false },
  ],
};
export const PUT_PROCEDURE_EXAMPLE = procedure;
export const PROCEDURE_EXAMPLE = {
  name: 'backup-audit',
  version: 2,
  current: true,
  ...procedure,
  createdBy: BY,
  createdAt: '2026-01-30T09:00:00.000Z',
  links: { self: '/v1/procedures/backup-audit', versions: '/v1/procedures/backup-audit/versions' },
};

const ticket = {
  subject: 'Backup audit',
  type: 'maintenance',
  impact: 'low',
  urgency: 'low',
  service: 'hosting',
} as const;
const when = { cron: ['0 9 * * mon'], timezone: 'Europe/Berlin', catchUpSeconds: 86_400 };
export const PUT_SCHEDULE_EXAMPLE = { ...when, ticket, procedure: 'backup-audit' };
export const SCHEDULE_EXAMPLE = {
  name: 'backup-audit',
  ...when,
  times: null,
  ticket,
  procedure: 'backup-audit',
  paused: false,
  mirrored: true,
  changedBy: BY,
  createdAt: '2026-01-30T09:00:00.000Z',
  updatedAt: '2026-01-30T09:00:00.000Z',
  links: { self: '/v1/schedules/backup-audit' },
  nextTimes: ['2026-02-02T08:00:00.000Z'],
  lastTickets: [
    {
      ticketId: 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f',
      occasion: '2026-01-26T08:00:00.000Z',
      openedAt: '2026-01-26T08:00:00.214Z',
    },
  ],
};
export const TRIGGERED_EXAMPLE = {
  ticketId: 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f',
  links: { ticket: '/v1/tickets/tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f' },
};

const suggestion = {
  title: 'Let the gateway keep tunnels open',
  text: 'Every second VPN ticket ends with a longer keep-alive.',
};
export const CREATE_SUGGESTION_EXAMPLE = suggestion;
export const SUGGESTION_EXAMPLE = {
  id: 'sug_019c1500b3c27d31a6b5c4d3e2f10987',
  ...suggestion,
  state: 'engaged',
  reason: null,
  engagement: { reference: 'DEV-311', team: 'gateway' },
  ticketCount: 2,
  timeByOwner: { tier1: 5400, tier2: 1800 },
  timeSpent: 7200,
  createdBy: BY,
  changedBy: BY,
  createdAt: '2026-01-30T09:00:00.000Z',
  updatedAt: '2026-02-03T14:21:09.420Z',
  links: { self: '/v1/suggestions/sug_019c1500b3c27d31a6b5c4d3e2f10987' },
  tickets: ['tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f', 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e50'],
};
