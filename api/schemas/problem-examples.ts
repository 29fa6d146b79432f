/** Examples of problems for the documentation; a test holds each against its schema. */

const PROBLEM_ID = 'prb_5d41402abc4b2a76b9719d911017c592';
const TASK_ID = 'tsk_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const TICKET_ID = 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const SELF = `/v1/problems/${PROBLEM_ID}`;

export const OPEN_PROBLEM_EXAMPLE = {
  title: 'VPN gateway drops every tunnel at the change of keys',
  fingerprint: 'category=network | service=vpn | symptom=drops',
  tickets: [TICKET_ID],
  owner: 'problem-manager',
};

export const PROBLEM_RECORD_EXAMPLE = {
  id: PROBLEM_ID,
  title: 'Recurrence of category=network | service=vpn | symptom=drops',
  description: null,
  state: 'fixPlanned',
  fingerprint: 'category=network | service=vpn | symptom=drops',
  owner: 'problem-manager',
  tickets: 30,
  recurrence: { policy: 'standard', count: 5, withinSeconds: 86_400 },
  openedAt: '2026-01-30T14:00:00.000Z',
  openedBy: null,
  rootCause: 'The gateway drops every tunnel when it changes its keys',
  workaround: 'Connect again; keys change at three',
  fix: { owner: 'agent-17', dueAt: '2026-02-13T17:00:00.000Z', taskId: TASK_ID },
  change: 'CHG-1042',
  fixedAt: null,
  quietSeconds: 604_800,
  quietUntil: null,
  recurrences: 0,
  resolvedAt: null,
  closedAt: null,
  closingReason: null,
  sequence: 34,
  links: {
    self: SELF,
    timeline: `${SELF}/timeline`,
    tickets: `${SELF}/tickets`,
    tasks: `/v1/tasks?subject=problem:${PROBLEM_ID}`,
  },
};

export const PROBLEM_TIMELINE_EXAMPLE = {
  data: [
    {
      sequence: 1,
      id: 'opened',
      type: 'opened',
      occurredAt: '2026-01-30T14:00:00.000Z',
      data: { fingerprint: PROBLEM_RECORD_EXAMPLE.fingerprint, owner: 'problem-manager' },
    },
  ],
  page: { hasMore: false, nextCursor: null },
};

export const PROBLEM_TICKETS_EXAMPLE = {
  data: [
    {
      ticketId: TICKET_ID,
      by: 'recurrence',
      openedAt: '2026-01-30T13:12:09.000Z',
      linkedAt: '2026-01-30T14:00:00.000Z',
      links: { ticket: `/v1/tickets/${TICKET_ID}` },
    },
  ],
  page: { hasMore: false, nextCursor: null },
};
