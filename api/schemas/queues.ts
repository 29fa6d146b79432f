/** Queues: at a glance, ticket by ticket, and the next ticket for whoever asks. */
import { z } from 'zod';
import { ASSIGNMENT_MODES } from '../../domain/people.ts';
import { AUDIENCES, PRIORITIES } from '../../domain/policy.ts';
import {
  actingFor,
  cursor,
  instant,
  limit,
  markedId,
  markedInstant,
  page,
  priority,
  seconds,
  word,
} from './common.ts';
import { QUEUE_EXAMPLE, QUEUE_MESSAGE_EXAMPLE, QUEUED_TICKET_EXAMPLE } from './queue-examples.ts';
import { ticketView } from './tickets.ts';

export const queueParams = z.object({
  tier: z.coerce
    .number()
    .int()
    .min(1)
    .max(9)
    .openapi({ type: 'integer', minimum: 1, maximum: 9, example: 1 }),
});

export const queueQuery = z.strictObject({
  team: word.optional().openapi({
    description:
      'What the members of this team may pull: its tickets and those of no team. All of the tier if absent',
  }),
  limit,
  cursor,
});

const team = z.string().nullable().openapi({ description: 'Null for the tickets of no team' });
const TIME_TO_BREACH = 'Seconds by the wall clock until the next deadline; negative once it has passed';

const overload = z
  .object({
    id: z.string(),
    raisedAt: instant,
    depth: z.int().openapi({ description: 'When it was raised' }),
    threshold: z.int(),
    clearAt: z.int().openapi({ description: 'It is over when no more than so many wait' }),
    raisedTo: z.int().nullable().openapi({ description: 'Agents of this tier may pull from the queue, too' }),
    policy: z.string().openapi({ description: 'Whose rule it is' }),
  })
  .openapi('QueueOverload');

export const queueView = z
  .object({
    tier: z.int(),
    team,
    assignment: z
      .enum(ASSIGNMENT_MODES)
      .nullable()
      .openapi({ description: 'How the members of the team come by their tickets' }),
    depth: z.int().openapi({ description: 'How many wait, those that are reserved included' }),
    reserved: z.int().openapi({ description: 'How many of them are about to be taken' }),
    breached: z.int().openapi({ description: 'How many of them have broken a promise' }),
    oldest: z.object({ ticketId: z.string(), queuedAt: instant, waitingSeconds: seconds }).nullable(),
    nextToBreach: z
      .object({ ticketId: z.string(), deadlineAt: instant, timeToBreachSeconds: seconds })
      .nullable()
      .openapi({ description: 'Of those whose deadline is yet to come' }),
    people: z
      .object({
        agents: z.int(),
        inProgress: z.int().openapi({ description: 'Tickets that they have and that wait for nobody else' }),
        capacity: z
          .int()
          .nullable()
          .openapi({ description: 'Their limits together; null where somebody has none' }),
      })
      .openapi({ description: 'Of the team; of the whole tier for tickets of no team' }),
    overload: overload.nullable(),
    links: z.object({ tickets: z.string() }),
  })
  .openapi('Queue', { example: QUEUE_EXAMPLE });
export type QueueView = z.input<typeof queueView>;

export const queueList = z.object({ data: z.array(queueView), asOf: instant }).openapi('QueueList');

export const queuedTicketView = z
  .object({
    ticketId: z.string(),
    subject: z.string().nullable().openapi({ description: 'Null once it was erased' }),
    state: z.enum(['open', 'onHold']),
    team,
    place: z
      .object({
        priority,
        nextDeadlineAt: instant.nullable(),
        timeToBreachSeconds: seconds.nullable().openapi({ description: TIME_TO_BREACH }),
        queuedAt: instant,
      })
      .openapi({ description: 'Why it is where it is: by priority, then time to breach, then waiting time' }),
    waitingSeconds: seconds,
    breached: z.boolean(),
    offered: z
      .boolean()
      .openapi({ description: 'Offered here and not accepted yet: its sender still has it' }),
    category: z.string().nullable(),
    reservedFor: z
      .object({ agent: z.string(), until: instant })
      .nullable()
      .openapi({ description: 'Somebody is about to take it' }),
    links: z.object({ ticket: z.string() }),
  })
  .openapi('QueuedTicket', { example: QUEUED_TICKET_EXAMPLE });
export type QueuedTicketView = z.input<typeof queuedTicketView>;

export const queuePage = z
  .object({ tier: z.int(), data: z.array(queuedTicketView), page, asOf: instant })
  .openapi('QueuePage');

export const queueMark = z.strictObject({
  priority: z.enum(PRIORITIES),
  at: markedInstant.nullable(),
  since: markedInstant,
  id: markedId,
});

export const pullBody = z
  .strictObject({
    agent: word.openapi({ description: 'Who gets the ticket', example: 'agent-17' }),
    team: word.optional().openapi({
      description: 'From the queue of this team of the tier; from the agent’s own if absent',
    }),
    actingFor,
  })
  .openapi('Pull');

export const pulledView = z
  .object({
    ticket: ticketView,
    reservation: z
      .object({
        id: z.string(),
        agent: z.string(),
        tier: z.int(),
        team: z.string().nullable().openapi({ description: 'The team that has the ticket now' }),
      })
      .openapi({ description: 'Under which it was kept for the agent until it was taken' }),
  })
  .openapi('PulledTicket');

/** What the webhook hears of a queue. */
export const queueMessage = z
  .object({
    type: z.enum(['queue.overloaded', 'queue.relieved']),
    timestamp: instant,
    data: z.object({
      alertId: z.string(),
      tier: z.int(),
      team,
      audience: z.enum(AUDIENCES),
      depth: z.int().openapi({ description: 'At that moment' }),
      threshold: z.int(),
      clearAt: z.int(),
      raisedTo: z.int().nullable(),
      policy: z.string(),
      links: z.object({ queue: z.string() }),
    }),
  })
  .openapi('QueueMessage', { example: QUEUE_MESSAGE_EXAMPLE });

/** What it hears of a ticket that nobody of its team can be given. */
export const skillMissingMessage = z
  .object({
    type: z.literal('queue.skillMissing'),
    timestamp: instant.openapi({ description: 'Since when the ticket waits' }),
    data: z.object({
      ticketId: z.string(),
      tier: z.int(),
      team: z.string(),
      audience: z.literal('lead'),
      skills: z.array(z.string()).openapi({ description: 'What it asks for' }),
      links: z.object({ ticket: z.string() }),
    }),
  })
  .openapi('SkillMissingMessage');
