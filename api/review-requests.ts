/** Routes that ask something of a review: its meeting, its text, its tasks, its end. */
import type { z } from 'zod';
import { taskJournal } from '../domain/task.ts';
import type { PlannedTask, Review, ReviewEvent, ReviewTaskKind } from '../domain/review.ts';
import type { ReviewCommand } from '../domain/review-journal.ts';
import { DEFAULT_REVIEW_RULE, REVIEW_SECTIONS, type ReviewRule } from '../domain/review-rule.ts';
import { openingOf } from '../domain/review-tasks.ts';
import { endOf } from '../domain/within.ts';
import { openInJournal } from '../prisma/journals.ts';
import type { ApiDeps } from './deps.ts';
import { dueAtOf } from './due-dates.ts';
import { invalid } from './input.ts';
import { answersOfJournal } from './journal-routes.ts';
import { actorOf, askJournal, journalMessageId } from './journals.ts';
import type { ProblemCode } from './problem.ts';
import { findingsOf } from './review-findings.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import type { DueFields } from './schemas/journals.ts';
import {
  addTaskBody,
  assignReviewBody,
  commentedBody,
  holdMeetingBody,
  judgeBody,
  peopleBody,
  reasonedReviewBody,
  REVIEW_HEADERS,
  reviewParams,
  reviewWithLog,
  scheduleReviewBody,
  writeReviewBody,
} from './schemas/reviews.ts';
import { findReview, showReview } from './show-review.ts';

const nowOf = ({ now = Date.now }: ApiDeps): number => now();

/** What its policy says of reviews by now, and the calendar it counts on. */
export async function reviewRuleOf(deps: ApiDeps, ticketId: string) {
  const ticket = await deps.tickets.get(ticketId);
  const policy = ticket && (await deps.policyVersion(ticket.policy, ticket.policyVersion));
  const rule: ReviewRule = policy?.reviews ?? DEFAULT_REVIEW_RULE;
  return { ticket, policy, rule, calendar: policy?.calendars[rule.calendar] ?? ('always' as const) };
}

async function acceptanceDueAt(deps: ApiDeps, { ticket }: Review): Promise<number> {
  const { rule, calendar } = await reviewRuleOf(deps, ticket);
  return endOf(rule.acceptance, calendar, nowOf(deps));
}

interface TaskFields extends DueFields {
  owner: string | null;
  urgent: boolean;
}

/** A task as it is planned: due when the body says, or as the policy does. */
async function plannedTask(
  deps: ApiDeps,
  review: Review,
  { kind, path, fields, call }: { kind: ReviewTaskKind; path: string; fields: TaskFields; call: AnyCall },
): Promise<PlannedTask> {
  const now = nowOf(deps);
  const isSaid = fields.dueAt !== undefined || fields.due !== undefined;
  const { rule, calendar } = await reviewRuleOf(deps, review.ticket);
  const { urgent, otherwise } = rule.actions;
  const dueAt = isSaid
    ? await dueAtOf(deps, fields, now)
    : endOf(fields.urgent ? urgent : otherwise, calendar, now);
  const message = journalMessageId(call, pathOf(review, path));
  return { task: `tsk_${message.replaceAll('-', '').slice(0, 32)}`, kind, owner: fields.owner, dueAt };
}

type Body = { actingFor?: string | undefined };
type RequestCall<B> = Call<{ reviewId: string }, unknown, B>;
type AnyCall = Pick<RequestCall<unknown>, 'actor' | 'idempotencyKey'>;

interface Asked {
  command: ReviewCommand;
  words?: Record<string, string | undefined>;
}

interface RequestOf<B extends z.ZodType<Body>> {
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  body: B;
  example: z.input<B>;
  refusals: readonly ProblemCode[];
  ask(deps: ApiDeps, review: Review, call: RequestCall<z.output<B>>): Promise<Asked> | Asked;
}

const requestOf = <B extends z.ZodType<Body>>(request: RequestOf<B>) =>
  request as unknown as RequestOf<z.ZodType<Body>>;

const pathOf = ({ id }: Review, request: string): string => `/v1/reviews/${id}/${request}`;

const peopleRequest = (path: string, type: 'addParticipants' | 'removeParticipants', summary: string) =>
  requestOf({
    path,
    operationId: `${type === 'addParticipants' ? 'addReview' : 'removeReview'}Participants`,
    summary,
    body: peopleBody,
    example: { people: ['agent-17', 'agent-21'] },
    refusals: ['nothing_changed', 'review_full'],
    ask: (_deps, _review, { body: { people, comment } }) => ({
      command: { type, people },
      words: { comment },
    }),
  });

const taskRequest = (path: string, kind: ReviewTaskKind, operationId: string, summary: string) =>
  requestOf({
    path,
    operationId,
    summary,
    description: 'It reminds and escalates by itself, and somebody else has to verify it.',
    body: addTaskBody,
    example: { title: 'Alert a month before the certificate ends', owner: 'agent-17', urgent: true },
    refusals: ['review_full'],
    async ask(deps, review, call) {
      const task = await plannedTask(deps, review, { kind, path, fields: call.body, call });
      return { command: { type: 'addTask', ...task }, words: { title: call.body.title } };
    },
  });

const REQUESTS = [
  requestOf({
    path: 'assign',
    operationId: 'assignReview',
    summary: 'Give it to another, or to nobody',
    body: assignReviewBody,
    example: { owner: 'agent-18' },
    refusals: ['same_owner'],
    ask: (_deps, _review, { body: { owner, comment } }) => ({
      command: { type: 'assign', owner },
      words: { comment },
    }),
  }),
  peopleRequest('add-participants', 'addParticipants', 'Invite people'),
  peopleRequest('remove-participants', 'removeParticipants', 'Leave people out again'),
  requestOf({
    path: 'schedule',
    operationId: 'scheduleReview',
    summary: 'Say when the meeting is; again to move it',
    description: 'Its due date stays: a meeting that is held later is overdue till then.',
    body: scheduleReviewBody,
    example: { meetingAt: '2099-02-02T09:00:00Z' },
    refusals: ['review_state'],
    ask(deps, _review, { body: { meetingAt, comment } }) {
      if (meetingAt < nowOf(deps))
        throw invalid([
          { pointer: '/meetingAt', code: 'meeting_in_past', message: 'must not be in the past' },
        ]);
      return { command: { type: 'schedule', meetingAt }, words: { comment } };
    },
  }),
  requestOf({
    path: 'hold-meeting',
    operationId: 'holdReviewMeeting',
    summary: 'Say that the meeting was held',
    description: 'From now on the text is due: written, and accepted by somebody else.',
    body: holdMeetingBody,
    example: {},
    refusals: ['review_state'],
    async ask(deps, review, { body: { heldAt = nowOf(deps), comment } }) {
      if (heldAt > nowOf(deps) || heldAt < review.openedAt)
        throw invalid([
          {
            pointer: '/heldAt',
            code: 'meeting_not_held',
            message: 'must lie between the opening of the review and now',
          },
        ]);
      const command = {
        type: 'holdMeeting' as const,
        heldAt,
        acceptanceDueAt: await acceptanceDueAt(deps, review),
      };
      return { command, words: { comment } };
    },
  }),
  requestOf({
    path: 'write',
    operationId: 'writeReview',
    summary: 'Write parts of it, or write them anew',
    description:
      'The blameless template: what happened and why it made sense at the time, not who. Not while somebody reads it, or ' +
      'once it was accepted.',
    body: writeReviewBody,
    example: { sections: { summary: 'The certificate of the gateway ended during the night.' } },
    refusals: ['review_state'],
    ask: (_deps, _review, { body: { sections } }) => ({
      command: {
        type: 'write',
        sections: REVIEW_SECTIONS.filter((section) => sections[section] !== undefined),
      },
      words: sections,
    }),
  }),
  requestOf({
    path: 'submit',
    operationId: 'submitReview',
    summary: 'Give it to somebody else to read',
    description:
      'With everything that its template asks for; what a reader should look at twice is found here.',
    body: commentedBody,
    example: {},
    refusals: ['review_state', 'review_incomplete'],
    ask: async (deps, review, { body: { comment } }) => ({
      command: { type: 'submit', findings: await findingsOf(deps, review) },
      words: { comment },
    }),
  }),
  requestOf({
    path: 'return',
    operationId: 'returnReview',
    summary: 'Give it back, saying what is missing',
    body: reasonedReviewBody,
    example: { reason: 'Why did nobody see the warning?' },
    refusals: ['review_state'],
    ask: async (deps, review, { body: { reason } }) => ({
      command: { type: 'return', acceptanceDueAt: await acceptanceDueAt(deps, review) },
      words: { reason },
    }),
  }),
  requestOf({
    path: 'accept',
    operationId: 'acceptReview',
    summary: 'Accept it, as somebody who did not write it',
    description: 'Then it waits for its tasks, and for the quiet period after them.',
    body: commentedBody,
    example: { actingFor: 'lead-2' },
    refusals: ['review_state', 'acceptance_by_author'],
    ask: (_deps, _review, { body: { comment } }) => ({ command: { type: 'accept' }, words: { comment } }),
  }),
  taskRequest('add-task', 'reviewTask', 'addReviewTask', 'Open a task of the review itself'),
  taskRequest('add-action-item', 'actionItem', 'addReviewActionItem', 'Open an action item'),
  requestOf({
    path: 'judge-effectiveness',
    operationId: 'judgeReview',
    summary: 'Say whether what was done worked',
    description:
      'After the quiet period. What worked closes the review; what did not comes with another action, and is watched anew.',
    body: judgeBody,
    example: { effective: true },
    refusals: ['review_state'],
    async ask(deps, review, call) {
      const { effective, action, comment } = call.body;
      if (effective || !action)
        return { command: { type: 'judgeEffectiveness', effective: true }, words: { comment } };
      const path = 'judge-effectiveness';
      const task = await plannedTask(deps, review, { kind: 'actionItem', path, fields: action, call });
      return {
        command: { type: 'judgeEffectiveness', effective: false, action: task },
        words: { title: action.title, comment },
      };
    },
  }),
  requestOf({
    path: 'reopen',
    operationId: 'reopenReview',
    summary: 'Take it up again',
    body: reasonedReviewBody,
    example: { reason: 'The cause was another one' },
    refusals: ['review_not_closed'],
    ask: async (deps, review, { body: { reason } }) => ({
      command: { type: 'reopen', acceptanceDueAt: await acceptanceDueAt(deps, review) },
      words: { reason },
    }),
  }),
  requestOf({
    path: 'close',
    operationId: 'closeReview',
    summary: 'Close it before its quiet period is over',
    description: 'Only when it was accepted, and every task is verified or cancelled.',
    body: reasonedReviewBody,
    example: { reason: 'The service is switched off' },
    refusals: ['review_state', 'actions_open'],
    ask: (_deps, _review, { body: { reason } }) => ({ command: { type: 'close' }, words: { reason } }),
  }),
];

/** The tasks that a request planned are opened at once; where that fails the reader makes up for it. */
async function openPlanned(deps: ApiDeps, review: Review, { task }: PlannedTask): Promise<void> {
  const events = (await deps.journals.events('review', review.id)) as ReviewEvent[];
  const planned = events.find((event) => event.type === 'taskAdded' && event.task === task);
  if (planned?.type !== 'taskAdded') return;
  await openInJournal(deps.journals, taskJournal, task, openingOf(review, planned));
  await deps.journalRunner.wake('task', task);
}

async function handle(
  deps: ApiDeps,
  request: (typeof REQUESTS)[number],
  call: RequestCall<Body>,
): Promise<Reply> {
  const review = await findReview(deps, call.params.reviewId, call.sight);
  const { command, words = {} } = await request.ask(deps, review, call);
  const headers = await askJournal(
    deps,
    { kind: 'review', id: review.id },
    {
      ...call,
      actor: actorOf(call.actor, call.body.actingFor),
      path: pathOf(review, request.path),
      command,
      words,
    },
  );
  if (command.type === 'addTask') await openPlanned(deps, review, command);
  if (command.type === 'judgeEffectiveness' && !command.effective)
    await openPlanned(deps, review, command.action);
  return showReview(deps, await findReview(deps, review.id, call.sight), { headers });
}

export function reviewRequestRoutes(deps: ApiDeps): Route[] {
  return REQUESTS.map((request) => {
    const { path, operationId, summary, description, body, example, refusals } = request;
    return defineRoute({
      path: `/v1/reviews/{reviewId}/${path}`,
      operationId,
      operation: 'review.work',
      tag: 'reviews',
      summary,
      ...(description && { description }),
      params: reviewParams,
      body,
      example,
      ...answersOfJournal({
        noun: 'review',
        schema: reviewWithLog,
        headers: REVIEW_HEADERS,
        problems: [
          'review_not_found',
          ...(path === 'reopen' ? [] : (['review_closed'] as const)),
          ...refusals,
        ],
      }),
      handle: (call) => handle(deps, request, call),
    });
  });
}
