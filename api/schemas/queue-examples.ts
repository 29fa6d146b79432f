/** Examples of queues for the documentation; a test holds each against its schema. */
import { TICKET_EXAMPLE } from './examples.ts';

const TICKET_ID = TICKET_EXAMPLE.id;
const QUEUE = '/v1/queues/1?team=network';
const OVERLOAD = {
  threshold: 40,
  clearAt: 32,
  raisedTo: 2,
  policy: 'standard',
};

export const QUEUE_EXAMPLE = {
  tier: 1,
  team: 'network',
  assignment: 'pull',
  depth: 41,
  reserved: 1,
  breached: 2,
  oldest: { ticketId: TICKET_ID, queuedAt: '2026-01-30T09:00:00.000Z', waitingSeconds: 1260.25 },
  nextToBreach: { ticketId: TICKET_ID, deadlineAt: '2026-01-30T10:00:00.000Z', timeToBreachSeconds: 2339.75 },
  people: { agents: 6, inProgress: 17, capacity: 30 },
  overload: {
    id: 'qal_9b2f6c1e-4f0a-4a63-8c5b-1d6f0e7a2b3c',
    raisedAt: '2026-01-30T09:20:00.000Z',
    depth: 40,
    ...OVERLOAD,
  },
  links: { tickets: QUEUE },
} as const;

export const QUEUED_TICKET_EXAMPLE = {
  ticketId: TICKET_ID,
  subject: TICKET_EXAMPLE.subject,
  state: 'open',
  team: 'network',
  place: {
    priority: 'P2',
    nextDeadlineAt: '2026-01-30T10:00:00.000Z',
    timeToBreachSeconds: 2339.75,
    queuedAt: '2026-01-30T09:00:00.000Z',
  },
  waitingSeconds: 1260.25,
  breached: false,
  offered: false,
  category: 'network',
  reservedFor: null,
  links: { ticket: `/v1/tickets/${TICKET_ID}` },
} as const;

export const PULL_EXAMPLE = { agent: 'agent-17' };

export const PULLED_EXAMPLE = {
  ticket: TICKET_EXAMPLE,
  reservation: {
    id: 'b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2.1',
    agent: 'agent-17',
    tier: 1,
    team: 'network',
  },
};

export const QUEUE_MESSAGE_EXAMPLE = {
  type: 'queue.overloaded',
  timestamp: '2026-01-30T09:20:00.000Z',
  data: {
    alertId: 'qal_9b2f6c1e-4f0a-4a63-8c5b-1d6f0e7a2b3c',
    tier: 1,
    team: 'network',
    audience: 'lead',
    depth: 40,
    ...OVERLOAD,
    links: { queue: QUEUE },
  },
} as const;
