/** Routes of post-incident reviews: opened, read, their timeline, their document, their action items. */
import { reviewIdOf, type Review } from '../domain/review.ts';
import { reviewJournal } from '../domain/review-journal.ts';
import { reviewOpening, wholeOf } from '../domain/review-opening.ts';
import type { Task } from '../domain/task.ts';
import { openInJournal } from '../prisma/journals.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { takeIn } from './intake.ts';
import { actorOf, saidWords } from './journals.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { markdownOf } from './review-export.ts';
import { reviewRequestRoutes, reviewRuleOf } from './review-requests.ts';
import { timelineOf } from './review-timeline.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { OPEN_REVIEW_EXAMPLE } from './schemas/review-examples.ts';
import {
  actionItemQuery,
  openReviewBody,
  REVIEW_HEADERS,
  reviewMark,
  reviewPage,
  reviewParams,
  reviewQuery,
  reviewTimeline,
  reviewTimelineQuery,
  reviewWithLog,
  type OpenReviewBody,
} from './schemas/reviews.ts';
import { taskMark, taskPage } from './schemas/tasks.ts';
import { findReview, reviewViewOf, showReview } from './show-review.ts';
import { taskViews } from './tasks.ts';

const nowOf = ({ now = Date.now }: ApiDeps): number => now();

/** Opened in the database, or not at all where the incident has its review. */
async function open(deps: ApiDeps, call: Call<unknown, unknown, OpenReviewBody>): Promise<Reply> {
  const { body, actor, sight, requestId, idempotencyKey } = call;
  const ticket = await wholeOf(await findTicket(deps, body.ticket, sight), (id) => deps.tickets.get(id));
  const { rule, policy } = await reviewRuleOf(deps, ticket.id);
  const id = reviewIdOf(ticket.id);
  const taken = await takeIn(deps.intake, {
    actor,
    method: 'POST',
    path: '/v1/reviews',
    idempotencyKey,
    ticketId: id,
    body,
    text: saidWords({ reason: body.reason }),
  });
  const at = nowOf(deps);
  const opening = reviewOpening(ticket, {
    cause: 'hand',
    rule,
    policy: policy ?? { calendars: {} },
    owner: body.owner,
    at,
  });
  const answer = await openInJournal(deps.journals, reviewJournal, id, {
    ...opening,
    occurredAt: at,
    actor: actorOf(actor, body.actingFor),
    requestId,
    ...(taken.text && { text: taken.text }),
  });
  if (!answer.recorded && !taken.replayed) {
    await deps.intake.release(taken.messageId);
    throw new Problem('review_exists', `Ticket ${ticket.id} has its review, ${id}, already`);
  }
  await deps.journalRunner.wake('review', id);
  const replayed: Record<string, string> = taken.replayed ? { 'idempotency-replayed': 'true' } : {};
  const headers = { location: `/v1/reviews/${id}`, ...replayed };
  return showReview(deps, await findReview(deps, id, sight), { status: 201, headers });
}

function readingRoutes(deps: ApiDeps): Route[] {
  const tag = 'reviews';
  return [
    defineRoute({
      method: 'get',
      path: '/v1/reviews',
      operationId: 'listReviews',
      operation: 'review.read',
      tag,
      summary: 'Reviews, newest first',
      query: reviewQuery,
      answers: { 200: { description: 'One page', schema: reviewPage } },
      problems: ['cursor_invalid', 'ticket_not_found', 'ticket_not_opened_yet'],
      async handle({ query: { limit, cursor, ticket, ...rest }, sight }) {
        const ticketId = ticket === undefined ? undefined : (await findTicket(deps, ticket, sight)).id;
        const filters = { ...rest, ticketId };
        const after = decodeCursor(cursor, { filters, mark: reviewMark });
        const now = nowOf(deps);
        const found = await deps.reviews.list(filters, { after, limit: limit + 1, now, sight });
        const markOf = ({ openedAt, id }: Review) => ({ at: openedAt, id });
        const { rows, page } = pageOf(found, { limit, filters, markOf });
        const data = rows.map((review) => reviewViewOf(review, now));
        return { body: { data, page } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/reviews/{reviewId}',
      operationId: 'getReview',
      operation: 'review.read',
      tag,
      summary: 'A review with its words and its log',
      params: reviewParams,
      answers: { 200: { description: 'The review', schema: reviewWithLog, headers: REVIEW_HEADERS } },
      problems: ['review_not_found'],
      handle: async ({ params, sight }) => showReview(deps, await findReview(deps, params.reviewId, sight)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/reviews/{reviewId}/timeline',
      operationId: 'getReviewTimeline',
      operation: 'review.read',
      tag,
      summary: 'What happened in the incident, from every log, with its gaps',
      description:
        'The ticket and the tickets that are part of it, messages and consults among them, its problems, runs of ' +
        'playbooks and tasks. A span of the unresolved incident in which nothing is written down is an entry of its ' +
        'own: how long, and what was open.',
      params: reviewParams,
      query: reviewTimelineQuery,
      answers: { 200: { description: 'All of it, oldest first', schema: reviewTimeline } },
      problems: ['review_not_found'],
      async handle({ params, query: { gap }, sight }) {
        const review = await findReview(deps, params.reviewId, sight);
        const data = await timelineOf(deps, review, { gapMs: gap, sight });
        return { body: { reviewId: review.id, gapSeconds: gap / 1000, data } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/reviews/{reviewId}/export',
      operationId: 'exportReview',
      operation: 'review.read',
      tag,
      summary: 'The whole review as a Markdown document',
      params: reviewParams,
      query: reviewTimelineQuery,
      answers: { 200: { description: 'Markdown (RFC 7763)', contentType: 'text/markdown; charset=utf-8' } },
      problems: ['review_not_found'],
      async handle({ params, query: { gap }, sight }) {
        const review = await findReview(deps, params.reviewId, sight);
        const document = await markdownOf(
          deps,
          review,
          await timelineOf(deps, review, { gapMs: gap, sight }),
        );
        return {
          headers: {
            'content-type': 'text/markdown; charset=utf-8',
            'content-disposition': `attachment; filename="${review.id}.md"`,
          },
          stream: (async function* () {
            yield document;
          })(),
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/action-items',
      operationId: 'listActionItems',
      operation: 'review.read',
      tag,
      summary: 'Tasks and action items of reviews, the next due first',
      query: actionItemQuery,
      answers: { 200: { description: 'One page', schema: taskPage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor, ...rest }, sight }) {
        const filters = { ...rest, kind: ['reviewTask' as const, 'actionItem' as const] };
        const after = decodeCursor(cursor, { filters, mark: taskMark });
        const found = await deps.tasks.list(filters, { after, limit: limit + 1, now: nowOf(deps), sight });
        const markOf = ({ dueAt, id }: Task) => ({ at: dueAt, id });
        const { rows, page } = pageOf(found, { limit, filters, markOf });
        return { body: { data: await taskViews(deps, rows), page } };
      },
    }),
  ];
}

export function reviewRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/reviews',
      operationId: 'openReview',
      operation: 'review.work',
      tag: 'reviews',
      summary: 'Open a review by hand',
      description:
        'By itself one opens where the policy says so. There is one for the whole incident: of a ticket that is part ' +
        'of another, it is that of the other.',
      body: openReviewBody,
      example: OPEN_REVIEW_EXAMPLE,
      answers: {
        201: {
          description: 'Opened',
          schema: reviewWithLog,
          headers: { ...REVIEW_HEADERS, Location: 'Where the review is' },
        },
      },
      problems: ['ticket_not_found', 'ticket_not_opened_yet', 'review_exists', 'idempotency_key_reused'],
      handle: (call) => open(deps, call),
    }),
    ...readingRoutes(deps),
    ...reviewRequestRoutes(deps),
  ];
}
