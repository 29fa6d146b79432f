/** Examples of tasks for the documentation; a test holds each against its schema. */

const TASK_ID = 'tsk_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const TICKET_ID = 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const LEAD = { subject: 'key:6f1d2c3b4a596877', role: 'lead', actingFor: 'lead-2' };

export const OPEN_TASK_EXAMPLE = {
  kind: 'actionItem',
  title: 'Rotate the certificate before it ends, and alert a month earlier',
  subject: { type: 'ticket', id: TICKET_ID },
  owner: 'agent-17',
  due: { after: '5 business days', calendar: 'office', policy: 'standard' },
  remindBefore: ['1d'],
  needsVerification: true,
};

export const TASK_EXAMPLE = {
  id: TASK_ID,
  kind: 'actionItem',
  title: OPEN_TASK_EXAMPLE.title,
  state: 'open',
  isSettled: false,
  overdue: false,
  subject: OPEN_TASK_EXAMPLE.subject,
  owner: 'agent-17',
  dueAt: '2026-02-06T17:00:00.000Z',
  remindBeforeSeconds: [86_400],
  escalateAfterSeconds: [86_400, 259_200],
  escalateTo: ['lead', 'manager'],
  needsVerification: true,
  openedAt: '2026-01-30T14:00:00.000Z',
  openedBy: LEAD,
  completedAt: null,
  completedBy: null,
  verifiedAt: null,
  verifiedBy: null,
  cancelledAt: null,
  postponements: 0,
  escalations: 0,
  sequence: 1,
  links: { self: `/v1/tasks/${TASK_ID}`, subject: `/v1/tickets/${TICKET_ID}` },
};

export const TASK_WITH_LOG_EXAMPLE = {
  ...TASK_EXAMPLE,
  log: [
    {
      sequence: 1,
      id: 'opened',
      type: 'opened',
      occurredAt: '2026-01-30T14:00:00.000Z',
      actor: LEAD,
      text: {
        body: { title: OPEN_TASK_EXAMPLE.title },
        digest: 'b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184',
        erasedAt: null,
      },
      data: { owner: 'agent-17', dueAt: '2026-02-06T17:00:00.000Z' },
    },
  ],
};

export const TASK_MESSAGE_EXAMPLE = {
  type: 'task.escalated',
  timestamp: '2026-02-07T17:00:00.000Z',
  data: {
    taskId: TASK_ID,
    kind: 'actionItem',
    sequence: 4,
    subject: OPEN_TASK_EXAMPLE.subject,
    owner: 'agent-17',
    dueAt: '2026-02-06T17:00:00.000Z',
    step: 1,
    to: 'lead',
    links: { task: `/v1/tasks/${TASK_ID}` },
  },
};
