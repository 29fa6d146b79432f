/** Examples of reviews for the documentation; a test holds each against its schema. */

const TICKET_ID = 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const REVIEW_ID = 'rvw_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const TASK_ID = 'tsk_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const LEAD = { subject: 'key:6f1d2c3b4a596877', role: 'lead', actingFor: 'lead-2' };
const DIGEST = 'b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184';

export const OPEN_REVIEW_EXAMPLE = { ticket: TICKET_ID, owner: 'agent-17' };

export const REVIEW_EXAMPLE = {
  id: REVIEW_ID,
  ticketId: TICKET_ID,
  cause: 'majorIncident',
  severity: 'P1',
  state: 'awaitingActions',
  owner: 'agent-17',
  openedAt: '2026-01-30T14:00:00.000Z',
  openedBy: null,
  participants: ['agent-17', 'agent-21'],
  meetingDueAt: '2026-02-02T14:00:00.000Z',
  meetingAt: '2026-02-02T09:00:00.000Z',
  heldAt: '2026-02-02T09:00:00.000Z',
  acceptanceDueAt: '2026-02-16T00:00:00.000Z',
  written: ['summary', 'impact', 'contributingFactors', 'rootCause', 'lessons'],
  missing: [],
  findings: ['noLuck'],
  submittedAt: '2026-02-03T10:00:00.000Z',
  returns: 0,
  acceptedAt: '2026-02-04T08:00:00.000Z',
  acceptedBy: LEAD,
  tasks: [{ id: TASK_ID, kind: 'actionItem', state: 'open' }],
  quietSeconds: 2_592_000,
  quietUntil: null,
  recurredWith: [],
  judgeBy: null,
  effective: null,
  due: null,
  overrides: 0,
  reopenings: 0,
  closedAt: null,
  sequence: 9,
  links: {
    self: `/v1/reviews/${REVIEW_ID}`,
    ticket: `/v1/tickets/${TICKET_ID}`,
    timeline: `/v1/reviews/${REVIEW_ID}/timeline`,
    export: `/v1/reviews/${REVIEW_ID}/export`,
    tasks: `/v1/tasks?subject=review:${REVIEW_ID}`,
  },
};

export const REVIEW_WITH_LOG_EXAMPLE = {
  ...REVIEW_EXAMPLE,
  sections: { summary: 'The certificate of the gateway ended during the night.' },
  log: [
    {
      sequence: 1,
      id: 'opened',
      type: 'opened',
      occurredAt: '2026-01-30T14:00:00.000Z',
      data: { ticket: TICKET_ID, cause: 'majorIncident', meetingDueAt: '2026-02-02T14:00:00.000Z' },
    },
    {
      sequence: 4,
      id: 'request:4f/0',
      type: 'sectionsWritten',
      occurredAt: '2026-02-02T10:00:00.000Z',
      actor: LEAD,
      text: {
        body: { summary: 'The certificate of the gateway ended during the night.' },
        digest: DIGEST,
        erasedAt: null,
      },
      data: { sections: '["summary"]' },
    },
  ],
};

export const REVIEW_TIMELINE_EXAMPLE = {
  reviewId: REVIEW_ID,
  gapSeconds: 1800,
  data: [
    {
      at: '2026-01-30T02:00:00.000Z',
      source: 'ticket',
      of: TICKET_ID,
      sequence: 1,
      type: 'opened',
      actor: { subject: 'key:0011223344556677', role: 'integration' },
      words: { subject: 'Nobody can pay' },
      data: { priority: 'P1' },
    },
    {
      at: '2026-01-30T02:05:00.000Z',
      source: 'gap',
      of: TICKET_ID,
      sequence: 0,
      type: 'gap',
      lengthSeconds: 5400,
      openThen: ['tier 1', 'nobody assigned'],
      data: {},
    },
  ],
};

export const REVIEW_MESSAGE_EXAMPLE = {
  type: 'review.escalated',
  timestamp: '2026-02-03T14:00:00.000Z',
  data: {
    reviewId: REVIEW_ID,
    ticketId: TICKET_ID,
    sequence: 4,
    about: 'meeting',
    owner: 'agent-17',
    dueAt: '2026-02-02T14:00:00.000Z',
    step: 1,
    to: 'lead',
    links: { review: `/v1/reviews/${REVIEW_ID}` },
  },
};
