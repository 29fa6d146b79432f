/** Tasks: what is sent to open one and to work on it, and how they are shown. */
import { z } from 'zod';
import { SUBJECT_TYPES, TASK_KINDS, TASK_STATES, type TaskCommandType } from '../../domain/task.ts';
import { actingFor, cursor, instant, limit, markedId, markedInstant, page, seconds, word } from './common.ts';
import { checkDue, dueFields, duration, journalActor, journalEvent, words } from './journals.ts';
import {
  OPEN_TASK_EXAMPLE,
  TASK_EXAMPLE,
  TASK_MESSAGE_EXAMPLE,
  TASK_WITH_LOG_EXAMPLE,
} from './task-examples.ts';

const subjectId = z.string().min(1).max(401);

export const owner = word.nullable().openapi({ example: 'agent-17' });

export const openTaskBody = z
  .strictObject({
    kind: z.enum(TASK_KINDS),
    title: z.string().trim().min(1).max(500),
    subject: z.strictObject({ type: z.enum(SUBJECT_TYPES), id: subjectId }).openapi({
      description: 'What it is for; a ticket also as `system:id`',
    }),
    owner: owner.default(null),
    ...dueFields,
    remindBefore: z.array(duration).max(10).optional().openapi({ description: 'A day before, if absent' }),
    escalateAfter: z
      .array(duration)
      .max(10)
      .optional()
      .openapi({ description: 'A day and three days after it was due, if absent' }),
    escalateTo: z
      .array(word)
      .min(1)
      .max(10)
      .optional()
      .openapi({ description: 'Whom each step tells: the lead, then the manager, if absent' }),
    needsVerification: z.boolean().default(false),
    actingFor,
  })
  .superRefine(checkDue)
  .openapi('OpenTask', { example: OPEN_TASK_EXAMPLE });
export type OpenTaskBody = z.output<typeof openTaskBody>;

export const taskView = z
  .object({
    id: z.string(),
    kind: z.enum(TASK_KINDS),
    title: z.string().nullable().openapi({ description: 'Null once it was erased' }),
    state: z.enum(TASK_STATES),
    isSettled: z.boolean().openapi({
      description: 'Nothing is left to do: cancelled, verified, or done where nobody has to verify it',
    }),
    overdue: z.boolean().openapi({ description: 'Open, and past its due date' }),
    subject: z.object({ type: z.enum(SUBJECT_TYPES), id: z.string() }),
    owner: z.string().nullable(),
    dueAt: instant,
    remindBeforeSeconds: z.array(seconds),
    escalateAfterSeconds: z.array(seconds),
    escalateTo: z.array(z.string()),
    needsVerification: z.boolean(),
    openedAt: instant,
    openedBy: journalActor.nullable(),
    completedAt: instant.nullable(),
    completedBy: journalActor.nullable(),
    verifiedAt: instant.nullable(),
    verifiedBy: journalActor.nullable(),
    cancelledAt: instant.nullable(),
    postponements: z.int(),
    escalations: z.int().openapi({ description: 'Steps of escalation since this due date' }),
    sequence: z.int().openapi({ description: 'Last event this shows; also the ETag' }),
    links: z.object({ self: z.string(), subject: z.string() }),
  })
  .openapi('Task', { example: TASK_EXAMPLE });
export type TaskView = z.input<typeof taskView>;

export const taskWithLog = taskView
  .extend({ log: z.array(journalEvent) })
  .openapi('TaskWithLog', { example: TASK_WITH_LOG_EXAMPLE });

export const taskPage = z.object({ data: z.array(taskView), page }).openapi('TaskPage');

const listOf = <T extends z.ZodType<unknown, string>>(schema: T, example: string) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(schema))
    .optional()
    .openapi({ type: 'string', example, description: 'One or more, separated by commas' });

const subjectFilter = z
  .string()
  .max(420)
  .regex(/^(?:ticket|problem|review):./, 'must be `ticket:`, `problem:` or `review:` and an id')
  .openapi({ example: `ticket:${OPEN_TASK_EXAMPLE.subject.id}` })
  .transform((text) => {
    const colon = text.indexOf(':');
    return { type: text.slice(0, colon) as (typeof SUBJECT_TYPES)[number], id: text.slice(colon + 1) };
  });

export const taskQuery = z.strictObject({
  owner: word.optional(),
  state: listOf(z.enum(TASK_STATES), 'open,done'),
  kind: listOf(z.enum(TASK_KINDS), 'reviewTask,actionItem'),
  subject: subjectFilter.optional(),
  overdue: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .openapi({ type: 'string', enum: ['true', 'false'] }),
  limit,
  cursor,
});

export const taskMark = z.strictObject({ at: markedInstant, id: markedId });

export const taskParams = z.object({
  taskId: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .openapi({ example: TASK_EXAMPLE.id }),
});

interface TaskRequestContract {
  summary: string;
  description?: string;
  body: z.ZodType<Record<string, unknown>>;
  example: Record<string, unknown>;
  refusals: readonly (
    | 'task_open'
    | 'task_not_open'
    | 'task_not_done'
    | 'same_owner'
    | 'due_not_later'
    | 'verification_by_completer'
  )[];
}

const comment = words.optional();

/** What may be asked of a task; each is a route. */
export const TASK_REQUESTS: Record<TaskCommandType, TaskRequestContract> = {
  complete: {
    summary: 'Say that it is done',
    body: z.strictObject({ comment, actingFor }).openapi('CompleteTask'),
    example: { comment: 'Certificate rotated, alert set', actingFor: 'agent-17' },
    refusals: ['task_not_open'],
  },
  verify: {
    summary: 'Verify what was done, as a second person',
    description: 'Not by who completed it. A front end may do both, if it names two people in `actingFor`.',
    body: z.strictObject({ comment, actingFor }).openapi('VerifyTask'),
    example: { comment: 'Seen in production', actingFor: 'lead-2' },
    refusals: ['task_not_done', 'verification_by_completer'],
  },
  reopen: {
    summary: 'Take it up again',
    body: z.strictObject({ reason: words, actingFor }).openapi('ReopenTask'),
    example: { reason: 'The alert never fired' },
    refusals: ['task_open'],
  },
  reassign: {
    summary: 'Give it to another, or to nobody',
    body: z.strictObject({ owner, reason: words.optional(), actingFor }).openapi('ReassignTask'),
    example: { owner: 'agent-18' },
    refusals: ['task_not_open', 'same_owner'],
  },
  postpone: {
    summary: 'Give it a later due date',
    description: 'Reminders and escalation start again for the new date.',
    body: z
      .strictObject({ ...dueFields, reason: words, actingFor })
      .superRefine(checkDue)
      .openapi('PostponeTask'),
    example: { due: { after: '3d' }, reason: 'The vendor needs the weekend' },
    refusals: ['task_not_open', 'due_not_later'],
  },
  cancel: {
    summary: 'Drop it',
    body: z.strictObject({ reason: words, actingFor }).openapi('CancelTask'),
    example: { reason: 'The service was switched off' },
    refusals: ['task_not_open'],
  },
};

/** What the webhook hears of a task. */
export const taskMessage = z
  .object({
    type: z.enum(['task.reminder', 'task.overdue', 'task.escalated']),
    timestamp: instant,
    data: z.object({
      taskId: z.string(),
      kind: z.enum(TASK_KINDS),
      sequence: z.int().openapi({ description: 'Position in the log of the task' }),
      subject: z.object({ type: z.enum(SUBJECT_TYPES), id: z.string() }),
      owner: z.string().nullable(),
      dueAt: instant,
      step: z.int().optional().openapi({ description: 'Which step of the escalation' }),
      to: z.string().optional().openapi({ description: 'Whom that step tells: a role or a name' }),
      links: z.object({ task: z.string() }),
    }),
  })
  .openapi('TaskMessage', { example: TASK_MESSAGE_EXAMPLE });
