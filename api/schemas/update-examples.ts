/** Examples of templates, customer updates and deliveries for the documentation; a test holds each against its schema. */

const german = {
  subject: 'Stand: {{ticket.subject}}',
  text: 'Wir arbeiten daran. Sie hören wieder von uns bis: {{nextUpdateAt|morgen}}',
};

export const PUT_TEMPLATE_EXAMPLE = {
  language: 'en',
  subject: 'Status: {{ticket.subject}}',
  text: 'We are working on it. You hear from us again by: {{nextUpdateAt|tomorrow}}',
  languages: { de: german },
};

export const TEMPLATE_EXAMPLE = {
  name: 'status',
  version: 2,
  ...PUT_TEMPLATE_EXAMPLE,
  current: true,
  createdBy: { subject: 'key:service-desk', role: 'manager' },
  createdAt: '2026-01-30T11:20:05.112Z',
  links: { self: '/v1/templates/status' },
};

export const PREVIEW_EXAMPLE = { ticketId: 'zendesk:1042', language: 'de', timezone: 'Europe/Berlin' };

export const RENDERED_EXAMPLE = {
  template: 'status',
  version: 2,
  language: 'de',
  timezone: 'Europe/Berlin',
  subject: 'Stand: VPN drops every ten minutes',
  text: 'Wir arbeiten daran. Sie hören wieder von uns bis: Freitag, 30. Januar 2026 um 17:00 MEZ',
};

export const DELIVERY_EXAMPLE = {
  id: 'clock:customerUpdate/2/breach/update/0/update/0',
  purpose: 'ticket.customerUpdate',
  channel: 'email',
  recipient: 'r…@customer.example',
  state: 'delivered',
  attempts: 2,
  lastError: null,
  mayHaveArrivedTwice: true,
  createdAt: '2026-01-30T11:20:05.112Z',
  nextAttemptAt: null,
  deliveredAt: '2026-01-30T11:20:11.004Z',
};

export const CUSTOMER_UPDATE_EXAMPLE = {
  type: 'ticket.customerUpdate',
  timestamp: '2026-01-30T11:20:05.112Z',
  data: {
    ticketId: 'tkt_019c1400b3c27d31a6b5c4d3e2f10987',
    updateId: 'clock:customerUpdate/2/breach/update/0/update/0',
    subject: 'Status: VPN drops every ten minutes',
    text: 'We are working on it.',
    requester: { id: 'requester-1', contact: 'requester-1@customer.example' },
    links: { ticket: '/v1/tickets/tkt_019c1400b3c27d31a6b5c4d3e2f10987' },
  },
};
