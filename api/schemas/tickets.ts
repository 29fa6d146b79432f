/** Tickets: what is sent to open one, and how they are shown. */
import { z } from 'zod';
import { CHANNELS } from '../../domain/events.ts';
import { CLOCK_NAMES } from '../../domain/policy.ts';
import {
  actingFor,
  cursor,
  freeText,
  instant,
  instantMs,
  level,
  limit,
  markedCount,
  markedId,
  markedInstant,
  page,
  priority,
  word,
} from './common.ts';

/** Shown as links: no `javascript:`, no `data:`. */
const link = z
  .url({ protocol: /^https?$/, error: 'must be a URL that starts with https:// or http://' })
  .max(2000);

const external = z.strictObject({
  system: word.regex(/^[\w.-]+$/),
  id: word,
  url: link.optional(),
});

/** Personal data; kept erasable. */
const requester = z.strictObject({
  id: word.optional(),
  contact: word.optional(),
  language: word.optional(),
  timezone: word.optional(),
});

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
    custom: z.record(word, z.union([z.string().max(2000), z.number(), z.boolean()])).optional(),
    policy: word.optional().openapi({ description: 'Name of the policy; the first that matches if absent' }),
    actingFor,
  })
  .openapi('OpenTicket');
export type OpenTicketBody = z.output<typeof openTicketBody>;

export const OPEN_TICKET_EXAMPLE: z.input<typeof openTicketBody> = {
  subject: 'VPN drops every ten minutes',
  description: 'Since this morning, for everybody at the branch.',
  type: 'incident',
  impact: 'high',
  urgency: 'medium',
  channel: 'email',
  requester: { id: 'customer-204', language: 'en', timezone: 'Europe/Berlin' },
  customer: 'acme',
  service: 'vpn',
  category: 'network',
  external: { system: 'zendesk', id: '1042', url: 'https://example.com/tickets/1042' },
};

const seconds = z.number().openapi({ description: 'Seconds, exact to the millisecond' });

export const ticketView = z
  .object({
    id: z.string(),
    state: z.enum(['open', 'onHold', 'resolved', 'closed', 'cancelled']),
    priority,
    tier: z.int(),
    team: z.string().nullable(),
    assignee: z.string().nullable(),
    subject: z.string().nullable(),
    description: z.string().nullable(),
    type: z.string(),
    channel: z.string(),
    impact: level,
    urgency: level,
    requester: requester.nullable(),
    customer: z.string().nullable(),
    service: z.string().nullable(),
    category: z.string().nullable(),
    external: external.nullable(),
    attributes: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'The remaining fields of the opening' }),
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
    sequence: z.int().openapi({ description: 'Last event this shows; also the ETag' }),
    asOf: instant,
    links: z.object({ self: z.string(), timeline: z.string(), clocks: z.string() }),
  })
  .openapi('Ticket');
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
  state: listOf(z.enum(['open', 'onHold', 'resolved', 'closed', 'cancelled']), 'open,onHold'),
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

const span = z.object({
  from: instant,
  to: instant,
  kind: z.enum(['running', 'paused', 'closed', 'folded']),
  reason: z.string().optional(),
  seconds,
  runningSeconds: seconds
    .optional()
    .describe('How much of a folded span, the oldest of a long life, the clock ran.'),
});

export const clockView = z
  .object({
    clock: z.enum(CLOCK_NAMES),
    cycle: z.int(),
    state: z.enum(['running', 'paused', 'met', 'cancelled']),
    breached: z.boolean(),
    startedAt: instant,
    deadlineAt: instant.nullable().openapi({ description: 'Null while a pause leaves it open' }),
    metAt: instant.nullable(),
    breachedAt: instant.nullable().openapi({ description: 'The deadline that was missed' }),
    cancelledAt: instant.nullable(),
    cancelReason: z.string().nullable(),
    calendar: z.string(),
    targetSeconds: seconds,
    elapsedSeconds: seconds,
    remainingSeconds: seconds.openapi({ description: 'Negative once late' }),
    explain: z.array(span).openapi({ description: 'The running spans add up to `elapsedSeconds`' }),
  })
  .openapi('Clock');
export type ClockView = z.input<typeof clockView>;

export const clocksView = z
  .object({
    ticketId: z.string(),
    policy: z.object({ name: z.string(), version: z.int() }),
    data: z.array(clockView),
    sequence: z.int(),
    asOf: instant.openapi({ description: 'Instant up to which running clocks are counted' }),
  })
  .openapi('Clocks');

export const timelineEvent = z
  .object({
    sequence: z.int(),
    id: z.string(),
    type: z.string(),
    source: z.enum(['request', 'fact', 'engine']),
    occurredAt: instant,
    receivedAt: instant,
    actor: z.object({ subject: z.string(), role: z.string(), actingFor: z.string().optional() }).optional(),
    requestId: z.string().optional(),
    moot: z.string().optional().openapi({ description: 'Why the event changed nothing' }),
    imported: z.boolean().optional(),
    text: z
      .object({
        body: z.record(z.string(), z.unknown()).nullable(),
        digest: z.string(),
        erasedAt: instant.nullable(),
      })
      .optional(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('TimelineEvent');
export type TimelineEvent = z.input<typeof timelineEvent>;

export const timelineView = z
  .object({
    ticketId: z.string(),
    data: z.array(timelineEvent),
    page,
    sequence: z.int().openapi({ description: 'Last event of the ticket' }),
    asOf: instant,
  })
  .openapi('Timeline');

export const timelineQuery = z.strictObject({ limit, cursor });

export const ticketMark = z.strictObject({ at: markedInstant.nullable(), id: markedId });
export const timelineMark = markedCount;
