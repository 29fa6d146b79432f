/** Reviews: what is sent to open one and to work on it, and how they are shown. */
import { z } from 'zod';
import {
  REVIEW_CAUSES,
  REVIEW_DUES,
  REVIEW_FINDINGS,
  REVIEW_STATES,
  type ReviewState,
} from '../../domain/review.ts';
import { REVIEW_SECTIONS } from '../../domain/review-rule.ts';
import { TASK_KINDS, TASK_STATES } from '../../domain/task.ts';
import {
  actingFor,
  cursor,
  freeText,
  instant,
  instantMs,
  limit,
  markedId,
  markedInstant,
  page,
  seconds,
  word,
} from './common.ts';
import { fault } from './issues.ts';
import { dueFields, duration, journalActor, journalEvent, words, type DueFields } from './journals.ts';
import { mapped } from './policy-clocks.ts';
import {
  OPEN_REVIEW_EXAMPLE,
  REVIEW_EXAMPLE,
  REVIEW_MESSAGE_EXAMPLE,
  REVIEW_TIMELINE_EXAMPLE,
  REVIEW_WITH_LOG_EXAMPLE,
} from './review-examples.ts';
import { owner } from './tasks.ts';

const ticketName = z.string().min(1).max(401).openapi({ description: 'Our id, or `system:id`' });
const comment = words.optional();

export const openReviewBody = z
  .strictObject({
    ticket: ticketName,
    owner: owner.optional().openapi({ description: 'As the policy says, or who has the ticket, if absent' }),
    reason: words.optional(),
    actingFor,
  })
  .openapi('OpenReview', { example: OPEN_REVIEW_EXAMPLE });
export type OpenReviewBody = z.output<typeof openReviewBody>;

export const reviewView = z
  .object({
    id: z.string(),
    ticketId: z.string().openapi({ description: 'The incident: the parent where tickets are grouped' }),
    cause: z.enum(REVIEW_CAUSES),
    severity: z.string().nullable(),
    state: z.enum(REVIEW_STATES).openapi({
      description:
        '`opened`: a meeting has to be found. `scheduled`: it has a date. `drafted`: it was held, and is being written ' +
        'up. `inReview`: somebody else reads it. `awaitingActions`: accepted; tasks are left. `quiet`: all are verified ' +
        'or cancelled, and have to prove themselves. `closed`: somebody judged that they have.',
    }),
    owner: z.string().nullable(),
    openedAt: instant,
    openedBy: journalActor.nullable(),
    participants: z.array(z.string()),
    meetingDueAt: instant,
    meetingAt: instant.nullable(),
    heldAt: instant.nullable(),
    acceptanceDueAt: instant.nullable(),
    written: z.array(z.enum(REVIEW_SECTIONS)),
    missing: z
      .array(z.enum(REVIEW_SECTIONS))
      .openapi({ description: 'To be written before it is submitted' }),
    findings: z.array(z.enum(REVIEW_FINDINGS)).openapi({
      description:
        'Of the last submission, for whoever reads it. `namesPerson`: it names somebody, and should say what, not who.',
    }),
    submittedAt: instant.nullable(),
    returns: z.int(),
    acceptedAt: instant.nullable(),
    acceptedBy: journalActor.nullable(),
    tasks: z.array(z.object({ id: z.string(), kind: z.enum(TASK_KINDS), state: z.enum(TASK_STATES) })),
    quietSeconds: seconds,
    quietUntil: instant.nullable(),
    recurredWith: z.array(z.string()).openapi({
      description: 'Tickets with the same fingerprint, opened while it is quiet',
    }),
    judgeBy: instant.nullable(),
    effective: z.boolean().nullable(),
    due: z
      .object({
        about: z.enum(REVIEW_DUES),
        at: instant,
        overdue: z.boolean(),
        escalations: z.int(),
      })
      .nullable()
      .openapi({ description: 'What is due next; null where it waits for its tasks, or is over' }),
    overrides: z.int().openapi({ description: 'How often a ticket was closed before it' }),
    reopenings: z.int(),
    closedAt: instant.nullable(),
    sequence: z.int().openapi({ description: 'Last event this shows; also the ETag' }),
    links: z.object({
      self: z.string(),
      ticket: z.string(),
      timeline: z.string(),
      export: z.string(),
      tasks: z.string(),
    }),
  })
  .openapi('Review', { example: REVIEW_EXAMPLE });
export type ReviewView = z.input<typeof reviewView>;

const sectionTexts = z
  .object(mapped(REVIEW_SECTIONS, () => z.string().nullable().optional()))
  .openapi({ description: 'What was written last; null once it was erased' });
export type SectionTexts = z.input<typeof sectionTexts>;

export const reviewWithLog = reviewView
  .extend({ sections: sectionTexts, log: z.array(journalEvent) })
  .openapi('ReviewWithLog', { example: REVIEW_WITH_LOG_EXAMPLE });

export const reviewPage = z.object({ data: z.array(reviewView), page }).openapi('ReviewPage');
export const reviewMark = z.strictObject({ at: markedInstant, id: markedId });
export const REVIEW_HEADERS = { ETag: 'The sequence of the review in quotes' };

const truth = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .optional()
  .openapi({ type: 'string', enum: ['true', 'false'] });

export const reviewQuery = z.strictObject({
  state: z
    .string()
    .transform((text) => text.split(',') as ReviewState[])
    .pipe(z.array(z.enum(REVIEW_STATES)))
    .optional()
    .openapi({
      type: 'string',
      example: 'opened,scheduled',
      description: 'One or more, separated by commas',
    }),
  owner: word.optional(),
  severity: word.optional(),
  ticket: ticketName.optional(),
  overdue: truth,
  limit,
  cursor,
});

export const actionItemQuery = z.strictObject({
  owner: word.optional(),
  state: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(TASK_STATES)))
    .optional()
    .openapi({ type: 'string', example: 'open,done', description: 'One or more, separated by commas' }),
  overdue: truth,
  limit,
  cursor,
});

export const reviewParams = z.object({
  reviewId: z
    .string()
    .regex(/^[\w:-]{1,100}$/)
    .openapi({ example: REVIEW_EXAMPLE.id }),
});

export const timelineEntry = z.object({
  at: instant,
  source: z.enum(['ticket', 'child', 'problem', 'containment', 'task', 'gap']),
  of: z.string().openapi({ description: 'Whose: the ticket, problem, run or task' }),
  sequence: z.int().openapi({ description: 'Place in the log of its source; 0 for a gap' }),
  type: z.string(),
  actor: journalActor.optional(),
  words: z.record(z.string(), z.string()).nullable().optional().openapi({
    description: 'What was said with it; null once it was erased',
  }),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  lengthSeconds: seconds.optional().openapi({ description: 'Of a gap' }),
  openThen: z
    .array(z.string())
    .optional()
    .openapi({ description: 'Of a gap: what was waited for meanwhile' }),
});
export type TimelineEntryView = z.input<typeof timelineEntry>;

export const reviewTimeline = z
  .object({ reviewId: z.string(), gapSeconds: seconds, data: z.array(timelineEntry) })
  .openapi('ReviewTimeline', { example: REVIEW_TIMELINE_EXAMPLE });

export const reviewTimelineQuery = z.strictObject({
  gap: duration
    .default(30 * 60_000)
    .openapi({ type: 'string', example: '30m', description: 'So long without an event is a gap' }),
});

const people = z.array(word).min(1).max(50);
const instantHeld = instantMs.optional().openapi({ description: 'Now, if absent' });

export const assignReviewBody = z.strictObject({ owner, comment, actingFor }).openapi('AssignReview');
export const peopleBody = z.strictObject({ people, comment, actingFor }).openapi('ReviewPeople');
export const scheduleReviewBody = z
  .strictObject({ meetingAt: instantMs, comment, actingFor })
  .openapi('ScheduleReview');
export const holdMeetingBody = z
  .strictObject({ heldAt: instantHeld, comment, actingFor })
  .openapi('HoldReviewMeeting');
export const writeReviewBody = z
  .strictObject({
    sections: z.strictObject(mapped(REVIEW_SECTIONS, () => freeText.optional())),
    actingFor,
  })
  .superRefine(({ sections }, context) => {
    if (Object.values(sections).every((text) => text === undefined))
      fault(context, 'missing', 'write at least one section', ['sections']);
  })
  .openapi('WriteReview');
export const commentedBody = z.strictObject({ comment, actingFor }).openapi('CommentedReview');
export const reasonedReviewBody = z.strictObject({ reason: words, actingFor }).openapi('ReasonedReview');

function dueOnce({ dueAt, due }: DueFields, context: Parameters<typeof fault>[0]): void {
  if (dueAt !== undefined && due !== undefined)
    fault(context, 'question_ambiguous', 'say dueAt or due, not both', ['due']);
}

const taskFields = {
  title: z.string().trim().min(1).max(500),
  owner: owner.default(null),
  urgent: z.boolean().default(false).openapi({
    description: 'Due as the policy says for urgent actions, where neither `dueAt` nor `due` says otherwise',
  }),
  ...dueFields,
};
export const addTaskBody = z
  .strictObject({ ...taskFields, actingFor })
  .superRefine(dueOnce)
  .openapi('AddReviewTask');

export const judgeBody = z
  .strictObject({
    effective: z.boolean(),
    comment,
    action: z.strictObject(taskFields).superRefine(dueOnce).optional().openapi({
      description: 'What is done instead, where it was not effective',
    }),
    actingFor,
  })
  .superRefine(({ effective, action }, context) => {
    if (effective === (action !== undefined))
      fault(
        context,
        effective ? 'question_ambiguous' : 'missing',
        effective ? 'what worked needs no new action' : 'say what is done instead',
        ['action'],
      );
  })
  .openapi('JudgeReview');

/** What the webhook hears of a review. */
export const reviewMessage = z
  .object({
    type: z.enum(['review.reminder', 'review.overdue', 'review.escalated']),
    timestamp: instant,
    data: z.object({
      reviewId: z.string(),
      ticketId: z.string(),
      sequence: z.int().openapi({ description: 'Position in the log of the review' }),
      about: z.enum(REVIEW_DUES),
      owner: z.string().nullable(),
      dueAt: instant,
      step: z.int().optional().openapi({ description: 'Which step of the escalation' }),
      to: z.string().optional().openapi({ description: 'Whom that step tells: a role or a name' }),
      links: z.object({ review: z.string() }),
    }),
  })
  .openapi('ReviewMessage', { example: REVIEW_MESSAGE_EXAMPLE });
