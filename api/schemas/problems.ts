/** Problems (ITIL): what is sent to open one and to work on it, and how they are shown. */
import { z } from 'zod';
import { LINKED_BY, PROBLEM_STATES } from '../../domain/problem.ts';
import {
  actingFor,
  cursor,
  instant,
  limit,
  markedCount,
  markedId,
  markedInstant,
  page,
  seconds,
  word,
} from './common.ts';
import { fault } from './issues.ts';
import { checkDue, dueFields, duration, journalActor, journalEvent, words } from './journals.ts';
import {
  OPEN_PROBLEM_EXAMPLE,
  PROBLEM_RECORD_EXAMPLE,
  PROBLEM_TICKETS_EXAMPLE,
  PROBLEM_TIMELINE_EXAMPLE,
} from './problem-examples.ts';

const ticketName = z.string().min(1).max(401).openapi({ description: 'Our id, or `system:id`' });
const fingerprint = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .openapi({ description: 'Tickets that have it join, while the problem is not resolved' });
const quietPeriod = duration.optional().openapi({
  description: 'How long it has to stay quiet after the fix; as its policy says, or seven days, if absent',
});
const change = word
  .optional()
  .openapi({ description: 'Reference of the change record', example: 'CHG-1042' });

export const openProblemBody = z
  .strictObject({
    title: z.string().trim().min(1).max(500),
    description: z.string().min(1).max(20_000).optional(),
    fingerprint: fingerprint.optional(),
    tickets: z.array(ticketName).max(100).default([]),
    owner: word.default('problem-manager'),
    quietPeriod,
    actingFor,
  })
  .openapi('OpenProblem', { example: OPEN_PROBLEM_EXAMPLE });
export type OpenProblemBody = z.output<typeof openProblemBody>;

export const problemRecordView = z
  .object({
    id: z.string(),
    title: z.string().nullable().openapi({ description: 'Null once it was erased' }),
    description: z.string().nullable(),
    state: z.enum(PROBLEM_STATES).openapi({
      description:
        '`open`: under investigation. `knownError`: root cause or workaround are known. `fixPlanned`: by whom and by ' +
        'when is a task. `fixed`: watched for the quiet period. `resolved`: it stayed quiet. `closed`: without a fix.',
    }),
    fingerprint: z.string().nullable(),
    owner: z.string().nullable(),
    tickets: z.int().openapi({ description: 'How many are linked' }),
    recurrence: z
      .object({ policy: z.string(), count: z.int(), withinSeconds: seconds })
      .nullable()
      .openapi({ description: 'The rule by which it opened by itself' }),
    openedAt: instant,
    openedBy: journalActor.nullable(),
    rootCause: z.string().nullable(),
    workaround: z.string().nullable(),
    fix: z.object({ owner: z.string(), dueAt: instant, taskId: z.string() }).nullable(),
    change: z.string().nullable(),
    fixedAt: instant.nullable(),
    quietSeconds: seconds,
    quietUntil: instant.nullable().openapi({ description: 'Resolved then, if nothing recurs' }),
    recurrences: z.int().openapi({ description: 'How often it came back after a fix' }),
    resolvedAt: instant.nullable(),
    closedAt: instant.nullable(),
    closingReason: z.string().nullable(),
    sequence: z.int().openapi({ description: 'Last event this shows; also the ETag' }),
    links: z.object({ self: z.string(), timeline: z.string(), tickets: z.string(), tasks: z.string() }),
  })
  .openapi('ProblemRecord', { example: PROBLEM_RECORD_EXAMPLE });
export type ProblemRecordView = z.input<typeof problemRecordView>;

export const problemRecordPage = z
  .object({ data: z.array(problemRecordView), page })
  .openapi('ProblemRecordPage');

export const problemTimeline = z
  .object({ data: z.array(journalEvent), page })
  .openapi('ProblemTimeline', { example: PROBLEM_TIMELINE_EXAMPLE });

export const problemTickets = z
  .object({
    data: z.array(
      z.object({
        ticketId: z.string(),
        by: z.enum(LINKED_BY),
        openedAt: instant,
        linkedAt: instant,
        links: z.object({ ticket: z.string() }),
      }),
    ),
    page,
  })
  .openapi('ProblemTickets', { example: PROBLEM_TICKETS_EXAMPLE });

export const problemQuery = z.strictObject({
  state: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(PROBLEM_STATES)))
    .optional()
    .openapi({ type: 'string', example: 'open,knownError', description: 'One or more, separated by commas' }),
  fingerprint: fingerprint.optional(),
  owner: word.optional(),
  ticket: ticketName.optional(),
  limit,
  cursor,
});
export const problemPageQuery = z.strictObject({ limit, cursor });

export const problemMark = z.strictObject({ at: markedInstant, id: markedId });
export const problemTimelineMark = markedCount;
export const problemTicketMark = markedId;

export const problemParams = z.object({
  problemId: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .openapi({ example: PROBLEM_RECORD_EXAMPLE.id }),
});

export const linkTicketBody = z.strictObject({ ticket: ticketName, actingFor }).openapi('LinkProblemTicket');
export const unlinkTicketBody = z
  .strictObject({ ticket: ticketName, reason: words.optional(), actingFor })
  .openapi('UnlinkProblemTicket');

export const knownErrorBody = z
  .strictObject({ rootCause: words.optional(), workaround: words.optional(), actingFor })
  .superRefine(({ rootCause, workaround }, context) => {
    if (rootCause === undefined && workaround === undefined)
      fault(context, 'missing', 'say the root cause, a workaround, or both', ['rootCause']);
  })
  .openapi('NoteKnownError');

export const planFixBody = z
  .strictObject({ owner: word, ...dueFields, change, description: words.optional(), actingFor })
  .superRefine(checkDue)
  .openapi('PlanFix');

export const fixedBody = z
  .strictObject({ change, quietPeriod, comment: words.optional(), actingFor })
  .openapi('FixProblem');
export const closeProblemBody = z.strictObject({ reason: words, actingFor }).openapi('CloseProblem');
export const reopenProblemBody = z.strictObject({ reason: words, actingFor }).openapi('ReopenProblem');

export const problemTaskBody = z
  .strictObject({
    title: z.string().trim().min(1).max(500),
    owner: word,
    ...dueFields,
    actingFor,
  })
  .superRefine(checkDue)
  .openapi('OpenRootCauseTask');

/** What comes with every problem that is shown. */
export const PROBLEM_HEADERS = { ETag: 'The sequence of the problem in quotes' };
