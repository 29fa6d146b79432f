/** What happened to a ticket, as its timeline shows it. */
import { z } from 'zod';
import { ENGAGEMENTS, PARTICIPATIONS, RELATIONS } from '../../domain/collaborators.ts';
import {
  ARTICLE_MOMENTS,
  AUTHORS,
  NOTED_REVIEW_STATES,
  NOTICES,
  PROBLEM_NEWS,
  PROMISES,
  VISIBILITIES,
  type EventType,
} from '../../domain/events.ts';
import { AUDIENCES } from '../../domain/policy.ts';
import { REQUEST_CAUSES } from '../../domain/review-rule.ts';
import {
  clockName,
  cursor,
  holdReason,
  instant,
  level,
  limit,
  markedCount,
  page,
  priority,
} from './common.ts';
import { TIMELINE_EXAMPLE } from './examples.ts';
import { packetItem, packetSchema } from './packet.ts';
import { customFields, requester, ticketView } from './tickets.ts';

/** Every type of event, so that the compiler tells of a new one. */
const TYPES = Object.keys({
  opened: true,
  acknowledged: true,
  assigned: true,
  messageAdded: true,
  held: true,
  resumed: true,
  vendorReturned: true,
  prioritised: true,
  handoffOffered: true,
  handoffAccepted: true,
  handedOff: true,
  resolved: true,
  reopened: true,
  closed: true,
  autoClosed: true,
  cancelled: true,
  stepReached: true,
  stepSkipped: true,
  notificationRequested: true,
  breached: true,
  breachWithdrawn: true,
  factRejected: true,
  rulesExtended: true,
  vendorEngaged: true,
  handoffReturned: true,
  consultAsked: true,
  consultAnswered: true,
  restored: true,
  committed: true,
  taskCreated: true,
  taskDone: true,
  marked: true,
  attributesChanged: true,
  priorityRaised: true,
  reviewTaskOpened: true,
  webhookRequested: true,
  holdExpired: true,
  rulesChanged: true,
  rulesConfirmed: true,
  handoffWithdrawn: true,
  packetWritten: true,
  consultWithdrawn: true,
  consultSuggested: true,
  joined: true,
  left: true,
  vendorAsked: true,
  linked: true,
  unlinked: true,
  reproduced: true,
  rated: true,
  updateRequested: true,
  updateDrafted: true,
  majorDeclared: true,
  reviewRequested: true,
  reviewNoted: true,
  checklistAttached: true,
  checklistItemDone: true,
  articlesOffered: true,
  problemNoted: true,
  leadCalled: true,
} satisfies Record<EventType, true>) as EventType[];

const actor = z.object({
  subject: z.string().openapi({ description: 'Who was authenticated' }),
  role: z.string(),
  actingFor: z.string().optional().openapi({ description: 'Whom it said it acts for' }),
});

/** The erasable words that came with an event. */
const words = z
  .object({
    text: z.string(),
    comment: z.string(),
    reason: z.string(),
    resolution: z.string(),
    packet: packetSchema,
    subject: z.string(),
    description: z.string(),
    requester: z.object(requester.shape),
    attachments: z.array(z.string()),
    custom: customFields,
  })
  .partial();

/** How an opened ticket was described, without its words. */
const attributes = ticketView.shape.attributes.extend({
  type: z.string(),
  channel: z.string(),
  impact: level,
  urgency: level,
  customer: z.string().optional(),
  service: z.string().optional(),
  category: z.string().optional(),
  external: ticketView.shape.external.unwrap().optional(),
});

const eventData = z
  .object({
    attributes,
    priority,
    impact: level,
    urgency: level,
    mode: ticketView.shape.mode,
    tier: z.int(),
    team: z.string().nullable(),
    assignee: z.string().nullable(),
    author: z.enum(AUTHORS),
    visibility: z.enum(VISIBILITIES),
    reason: holdReason,
    causeCode: z.string(),
    toTier: z.int(),
    fromTier: z.int(),
    automatic: z.boolean(),
    clock: clockName,
    cycle: z.int(),
    step: z.string(),
    percent: z.number(),
    dueAt: instant,
    observed: z.boolean(),
    supersededBy: z.string(),
    audience: z.enum(AUDIENCES),
    revision: z.int(),
    deadlineAt: instant,
    resolvedAt: instant,
    pinned: z.boolean(),
    engagement: z.string(),
    vendor: z.string(),
    consult: z.string(),
    to: z.enum(PROMISES),
    task: z.string(),
    title: z.string(),
    mark: z.string(),
    changes: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
    endpoint: z.string(),
    page: z.boolean(),
    insteadOf: z.enum(AUDIENCES),
    nobody: z.array(z.enum(AUDIENCES)),
    hold: holdReason,
    since: instant,
    atEnd: z.enum(['resume', 'askLead']),
    cause: z.enum(['policyChanged', 'calendarChanged', 'attributesChanged', ...REQUEST_CAUSES]),
    change: z.string(),
    retroactive: z.boolean(),
    policy: z.string(),
    version: z.int(),
    reservation: z.string(),
    update: z.boolean(),
    template: z.string(),
    parent: z.string(),
    kind: z.enum(ENGAGEMENTS),
    reference: z.string(),
    outcome: z.string(),
    items: z.array(z.string()).openapi({ description: 'Of a packet, or of a checklist' }),
    articles: z.array(z.string()),
    missing: z.array(packetItem),
    completeness: z.int(),
    override: z.boolean(),
    skipped: z.array(z.int()),
    agent: z.string(),
    solved: z.boolean(),
    as: z.enum(PARTICIPATIONS),
    skills: z.array(z.string()),
    relation: z.enum(RELATIONS),
    url: z.string(),
    environment: z.string(),
    score: z.number(),
    outOf: z.number(),
    send: z.boolean(),
    draft: z.string(),
    commander: z.string(),
    procedure: z.string(),
    item: z.string(),
    at: z.enum(ARTICLE_MOMENTS),
    problem: z.string().openapi({ description: 'The problem; of a rejected fact, what is wrong with it' }),
    news: z.enum(PROBLEM_NEWS),
    review: z.string(),
    state: z.enum(NOTED_REVIEW_STATES).openapi({ description: 'Of the review' }),
    article: z.string(),
    needsArticle: z.boolean(),
    children: z.boolean(),
    notice: z.enum(NOTICES),
    returns: z.int(),
  })
  .partial();

const timelineEvent = z
  .object({
    sequence: z.int(),
    id: z.string(),
    type: z.enum(TYPES),
    source: z.enum(['request', 'fact', 'engine']),
    occurredAt: instant.openapi({ description: 'When it happened; clocks count by this' }),
    receivedAt: instant.openapi({ description: 'When the engine took it in' }),
    actor: actor.optional(),
    requestId: z.string().optional(),
    moot: z.string().optional().openapi({ description: 'Why the event changed nothing' }),
    imported: z.boolean().optional(),
    text: z
      .object({
        body: words.nullable().openapi({ description: 'Null once it was erased' }),
        digest: z.string().openapi({ description: 'What the ledger holds: SHA-256 of a salt and the words' }),
        erasedAt: instant.nullable(),
      })
      .optional(),
    data: eventData.openapi({ description: 'Which fields there are depends on the type' }),
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
  .openapi('Timeline', { example: TIMELINE_EXAMPLE });

export const timelineQuery = z.strictObject({ limit, cursor });
export const timelineMark = markedCount;
