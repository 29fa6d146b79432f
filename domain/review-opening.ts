/** What a review begins with, whoever opens it: by its policy, for its severity, with those who worked on the incident. */
import type { TicketAttributes } from './events.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Policy } from './policy.ts';
import type { Teamwork } from './projection.ts';
import type { ReviewBody, ReviewCause } from './review.ts';
import type { ReviewRule } from './review-rule.ts';
import { endOf } from './within.ts';

/** The row of the ticket, as far as its review needs it. */
export interface ReviewedTicket {
  id: string;
  assignee: string | null;
  priority: string;
  /** Of a security incident; goes before the priority. */
  severity?: string | null;
  attributes: unknown;
  teamwork: unknown;
}

const isHighest = (severity: string): boolean => severity === 'P1' || severity === 'critical';

/** Who worked on it: asked first what they saw. */
function participantsOf({ assignee, teamwork }: ReviewedTicket): string[] {
  const { people = [] } = (teamwork ?? {}) as Partial<Teamwork>;
  return [...new Set([...(assignee === null ? [] : [assignee]), ...people.map(({ agent }) => agent)])];
}

/** Its first event and what is known with it. `at` in epoch milliseconds: from when the meeting is due. */
export function reviewOpening(
  ticket: ReviewedTicket,
  {
    cause,
    rule,
    policy,
    owner = rule.owner ?? ticket.assignee,
    at,
  }: {
    cause: ReviewCause;
    rule: ReviewRule;
    policy: Pick<Policy, 'calendars' | 'recurrence'>;
    owner?: string | null | undefined;
    at: number;
  },
): { body: ReviewBody; more: ReviewBody[] } {
  const severity = ticket.severity ?? ticket.priority;
  const { highest, otherwise } = rule.meeting;
  const calendar = policy.calendars[rule.calendar] ?? 'always';
  const people = participantsOf(ticket);
  return {
    body: {
      type: 'opened',
      ticket: ticket.id,
      cause,
      severity,
      owner,
      meetingDueAt: endOf(isHighest(severity) ? highest : otherwise, calendar, at),
      quietMs: rule.quietMs,
      required: rule.required,
      fingerprint: fingerprintOf(ticket.attributes as TicketAttributes, policy.recurrence),
      remindBeforeMs: rule.remindBeforeMs,
      escalateAfterMs: rule.escalateAfterMs,
      escalateTo: rule.escalateTo,
    },
    more: people.length > 0 ? [{ type: 'participantsAdded', people }] : [],
  };
}

/** Grouping is one level deep; a ring that links made by hand may form ends here. */
const MOST_LEVELS = 5;

/** The incident that a ticket is a part of, or is: the highest parent there is. */
export async function wholeOf<T extends { parent: string | null }>(
  ticket: T,
  get: (ticketId: string) => Promise<T | null>,
): Promise<T> {
  let whole = ticket;
  for (let level = 0; level < MOST_LEVELS && whole.parent !== null; level += 1) {
    const parent = await get(whole.parent);
    if (!parent) break;
    whole = parent;
  }
  return whole;
}
