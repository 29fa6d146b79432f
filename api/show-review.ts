/** How a review is shown: its words joined in, its log, what is due. */
import type { Sight } from '../domain/visibility.ts';
import { missingSections, type Review } from '../domain/review.ts';
import { REVIEW_SECTIONS, type ReviewSection } from '../domain/review-rule.ts';
import type { ApiDeps } from './deps.ts';
import { etagOf } from './headers.ts';
import { logView } from './journals.ts';
import { Problem } from './problem.ts';
import type { Reply } from './route.ts';
import type { ReviewView, SectionTexts } from './schemas/reviews.ts';

const nowOf = ({ now = Date.now }: Pick<ApiDeps, 'now'>): number => now();
const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

/** The review, or a 404 (RFC 9457) problem, as for one that there is not; it is seen by whoever sees its incident. */
export async function findReview(deps: ApiDeps, id: string, sight: Sight): Promise<Review> {
  const found = await deps.reviews.get(id, sight);
  if (found) return found;
  throw new Problem('review_not_found', `There is no review ${id}`);
}

const writtenIn = ({ sections }: Review): ReviewSection[] =>
  REVIEW_SECTIONS.filter((section) => sections[section]);

export function reviewViewOf(review: Review, now: number): ReviewView {
  const { id, due, ticket } = review;
  const self = `/v1/reviews/${id}`;
  return {
    id,
    ticketId: ticket,
    cause: review.cause,
    severity: review.severity,
    state: review.state,
    owner: review.owner,
    openedAt: iso(review.openedAt),
    openedBy: review.openedBy,
    participants: [...review.participants],
    meetingDueAt: iso(review.meetingDueAt),
    meetingAt: isoOrNull(review.meetingAt),
    heldAt: isoOrNull(review.heldAt),
    acceptanceDueAt: isoOrNull(review.acceptanceDueAt),
    written: writtenIn(review),
    missing: missingSections(review),
    findings: [...review.findings],
    submittedAt: isoOrNull(review.submittedAt),
    returns: review.returns,
    acceptedAt: isoOrNull(review.acceptedAt),
    acceptedBy: review.acceptedBy,
    tasks: [...review.tasks],
    quietSeconds: review.quietMs / 1000,
    quietUntil: isoOrNull(review.quietUntil),
    recurredWith: [...review.recurredWith],
    judgeBy: isoOrNull(review.judgeBy),
    effective: review.effective,
    due: due && {
      about: due.about,
      at: iso(due.dueAt),
      overdue: due.dueAt < now,
      escalations: due.escalations,
    },
    overrides: review.overrides,
    reopenings: review.reopenings,
    closedAt: isoOrNull(review.closedAt),
    sequence: review.sequence,
    links: {
      self,
      ticket: `/v1/tickets/${encodeURIComponent(ticket)}`,
      timeline: `${self}/timeline`,
      export: `${self}/export`,
      tasks: `/v1/tasks?subject=review:${id}`,
    },
  };
}

/** What its parts say by now; null where the words were erased. */
export async function sectionTexts(
  { journals }: Pick<ApiDeps, 'journals'>,
  review: Review,
): Promise<SectionTexts> {
  const references = Object.values(review.sections).map(({ id }) => id);
  const texts = await journals.texts([...new Set(references)]);
  const entries = writtenIn(review).map((section) => {
    const body = texts.get(review.sections[section]!.id)?.body as Record<string, string> | null | undefined;
    return [section, body?.[section] ?? null] as const;
  });
  return Object.fromEntries(entries);
}

/** The review with its words and its log. */
export async function showReview(deps: ApiDeps, review: Review, reply: Reply = {}): Promise<Reply> {
  const [sections, log] = await Promise.all([
    sectionTexts(deps, review),
    deps.journals.events('review', review.id).then((events) => logView(deps, events)),
  ]);
  const body = { ...reviewViewOf(review, nowOf(deps)), sections, log };
  return { ...reply, headers: { etag: etagOf(review), ...reply.headers }, body };
}
