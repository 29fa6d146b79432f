/** Tickets: what is sent to open one, and how they are shown. */
import { z } from 'zod';
import { ENGAGEMENTS, PARTICIPATIONS, RELATIONS } from '../../domain/collaborators.ts';
import { CHANNELS } from '../../domain/events.ts';
import {
  actingFor,
  cursor,
  freeText,
  instant,
  instantMs,
  level,
  limit,
  link,
  markedId,
  markedInstant,
  page,
  priority,
  seconds,
  word,
} from './common.ts';
import { securityView } from './incidents.ts';
import { packetItem } from './packet.ts';
import { OPEN_TICKET_EXAMPLE, TICKET_EXAMPLE } from './examples.ts';

const external = z.strictObject({
  system: word.regex(/^[\w.-]+$/),
  id: word,
  url: link.optional(),
});

/** Personal data; kept erasable. */
export const requester = z.strictObject({
  id: word.optional(),
  contact: word.optional(),
  language: word.optional(),
  timezone: word.optional(),
});

export const customFields = z.record(word, z.union([z.string().max(2000), z.number(), z.boolean()]));

export const openTicketBody = z
  .strictObject({
    subject: z.string().trim().min(1).max(500),
    description: freeText.optional(),
    type: word.openapi({ example: 'incident' }),
    impact: level,
    urgency: level,
    channel: z.enum(CHANNELS).default('api'),
    requester: requester.optional(),
    customer: word.optional(),
    contract: word.optional(),
    service: word.optional(),
    configurationItem: word.optional(),
    site: word.optional(),
    category: word.optional(),
    symptom: word.optional(),
    affectedUsers: z.int().min(0).optional(),
    openedAt: instantMs.optional().openapi({ description: 'When it was opened elsewhere; now if absent' }),
    detectedAt: instantMs.optional(),
    external: external.optional(),
    fingerprint: word.optional(),
    attachments: z.array(link).max(50).optional().openapi({ description: 'By reference' }),
    custom: customFields.optional(),
    policy: word.optional().openapi({ description: 'Name of the policy; the first that matches if absent' }),
    actingFor,
  })
  .openapi('OpenTicket', { example: OPEN_TICKET_EXAMPLE });
export type OpenTicketBody = z.output<typeof openTicketBody>;

/** What an open ticket with an open hold is called in lists: `onHold`. */
const STATES = ['open', 'onHold', 'resolved', 'closed', 'cancelled'] as const;

/** What the opening said besides what a ticket shows by itself; texts leave it when they are erased. */
const remaining = z
  .object({
    contract: z.string(),
    configurationItem: z.string(),
    site: z.string(),
    symptom: z.string(),
    affectedUsers: z.int(),
    fingerprint: z.string(),
    detectedAt: instant,
    followUpOf: z.string().openapi({ description: 'The closed ticket that this one goes on from' }),
    attachments: z.array(z.string()),
    custom: customFields,
  })
  .partial();

/** Everybody and everything beside the owner. */
const together = {
  queuedAt: instant
    .nullable()
    .openapi({ description: 'Since when nobody has it where it is, or is offered to' }),
  offer: z
    .object({
      toTier: z.int(),
      team: z.string().nullable(),
      fromTier: z.int().optional(),
      since: instant,
      missing: z.array(packetItem).optional(),
      completeness: z.int().optional(),
    })
    .nullable()
    .openapi({ description: 'The handoff that nobody has accepted yet' }),
  awaitsAcceptanceSince: instant.nullable().openapi({
    description: 'The ladder handed it on, and the tier has not said yet that it saw it',
  }),
  awaitsLeadSince: instant.nullable().openapi({
    description: 'Its tier returned what the ladder had handed on: a lead decides',
  }),
  handoffReturns: z.int(),
  packet: z.object({ items: z.array(packetItem), articles: z.array(z.string()) }),
  consults: z.array(
    z.object({
      id: z.string(),
      toTier: z.int().optional(),
      team: z.string().optional(),
      agent: z.string().optional(),
      askedAt: instant,
      answeredAt: instant.nullable(),
      solved: z.boolean().optional(),
      withdrawn: z.boolean().optional(),
    }),
  ),
  people: z.array(
    z.object({
      agent: z.string(),
      as: z.enum(PARTICIPATIONS),
      skills: z.array(z.string()).optional(),
      since: instant,
    }),
  ),
  engagements: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(ENGAGEMENTS),
      vendor: z.string().optional(),
      reference: z.string().optional(),
      engagedAt: instant,
      asked: z.int(),
      returnedAt: instant.nullable(),
    }),
  ),
  relations: z.array(
    z.object({ relation: z.enum(RELATIONS), reference: z.string(), url: z.string().optional() }),
  ),
  checklists: z.array(
    z.object({
      procedure: z.string(),
      version: z.int(),
      items: z.array(z.string()),
      done: z.array(z.string()),
    }),
  ),
  drafts: z
    .array(z.object({ draft: z.string(), template: z.string().optional(), since: instant }))
    .openapi({ description: 'Customer updates that wait for somebody to send them' }),
  reproducedIn: z.array(z.string()),
  major: z
    .object({ since: instant, commander: z.string().nullable(), automatic: z.boolean().optional() })
    .nullable(),
  parent: z.string().nullable().openapi({ description: 'The major incident that it is part of' }),
  resolution: z.object({
    causeCode: z.string().nullable(),
    article: z.string().nullable(),
    needsArticle: z.boolean(),
  }),
  rating: z.object({ score: z.number(), outOf: z.number() }).nullable(),
  updatesSent: z.int().openapi({ description: 'Customer updates, by anybody of ours or by the clock' }),
};

export const ticketView = z
  .object({
    id: z.string(),
    state: z.enum(STATES),
    priority,
    tier: z.int(),
    team: z.string().nullable(),
    assignee: z.string().nullable(),
    subject: z.string().nullable().openapi({ description: 'Null once it was erased' }),
    description: z.string().nullable(),
    type: z.string(),
    channel: z.string(),
    impact: level,
    urgency: level,
    requester: z.object(requester.shape).nullable().openapi({ description: 'Null once it was erased' }),
    customer: z.string().nullable(),
    service: z.string().nullable(),
    category: z.string().nullable(),
    external: z.object(external.shape).nullable(),
    attributes: remaining.openapi({ description: 'The remaining fields of the opening' }),
    openedAt: instant,
    acknowledgedAt: instant.nullable(),
    resolvedAt: instant.nullable(),
    closedAt: instant.nullable(),
    holds: z.array(z.object({ reason: z.string(), since: instant })),
    reopenCount: z.int(),
    handoffs: z.int(),
    tierReturns: z.int(),
    policy: z.object({ name: z.string(), version: z.int() }),
    mode: z.enum(['act', 'observe']),
    breached: z.boolean(),
    nextDeadlineAt: instant.nullable(),
    timeByOwner: z.record(z.string(), seconds).openapi({
      description: 'Open time on the resolution calendar by who owned it, up to `timeByOwnerAt`, in seconds',
    }),
    timeByOwnerAt: instant,
    inFlightByTier: z.record(z.string(), seconds).openapi({
      description: 'Of the time under handoff, what is charged to each tier that offered',
    }),
    ...together,
    security: securityView
      .nullable()
      .openapi({ description: 'Null for a ticket that is no security incident' }),
    sequence: z.int().openapi({ description: 'Last event this shows; also the ETag' }),
    asOf: instant,
    links: z.object({ self: z.string(), timeline: z.string(), clocks: z.string() }),
  })
  .openapi('Ticket', { example: TICKET_EXAMPLE });
export type TicketView = z.input<typeof ticketView>;

/** A ticket that was taken in while the workflow engine was away. */
export const waitingTicket = z
  .object({
    id: z.string(),
    spooled: z.literal(true),
    links: z.object({ self: z.string() }),
  })
  .openapi('WaitingTicket', { description: 'Not open yet; facts are taken in and follow it' });

export const ticketPage = z.object({ data: z.array(ticketView), page }).openapi('TicketPage');

export const SORTS = ['openedAt', '-openedAt', 'nextDeadlineAt'] as const;
const listOf = <T extends z.ZodType<unknown, string>>(schema: T, example: string) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(schema))
    .optional()
    .openapi({ type: 'string', example, description: 'One or more, separated by commas' });

export const ticketQuery = z.strictObject({
  tier: listOf(z.string().regex(/^\d$/).transform(Number), '2,3'),
  priority: listOf(priority, 'P1,P2'),
  state: listOf(z.enum(STATES), 'open,onHold'),
  slaState: z.enum(['breached', 'onTrack']).optional(),
  customer: word.optional(),
  assignee: word.optional(),
  sort: z.enum(SORTS).default('-openedAt'),
  limit,
  cursor,
});
export type TicketQuery = z.output<typeof ticketQuery>;

/** The longest external reference is two words and a colon. */
const LONGEST_NAME = 401;

export const ticketParams = z.object({
  ticketId: z.string().min(1).max(LONGEST_NAME).openapi({
    description: 'Our id, or `system:id` of the external reference',
    example: 'zendesk:1042',
  }),
});

export const ticketMark = z.strictObject({ at: markedInstant.nullable(), id: markedId });
