/** Whether a ticket is looked back on, and what that keeps from happening: asked of the ticket alone (docs/rules.md §9). */
import { parentOf } from './collaboration.ts';
import type { RequestCause } from './review-rule.ts';
import type { Situation } from './situation.ts';
import type { Ticket } from './ticket.ts';

const isSecurityIncident = ({ security }: Situation): boolean => security !== undefined;

/** Why the incident is to be reviewed by its policy; null where it is not. */
export function reviewCauseOf({ situation, rules }: Ticket): RequestCause | null {
  const { opensOn = [] } = rules.policy.reviews ?? {};
  const applies: Record<RequestCause, boolean> = {
    majorIncident: !!situation.major,
    securityIncident: isSecurityIncident(situation),
    P1: (situation.resolvedPriority ?? situation.priority) === 'P1',
  };
  return (
    (['majorIncident', 'securityIncident', 'P1'] as const).find(
      (cause) => opensOn.includes(cause) && applies[cause],
    ) ?? null
  );
}

/**
 * Whether the ticket stays open for its review. One that has asked for its review waits also until there is one; a part
 * of a larger incident does not wait: the review is of the whole.
 */
export function awaitsReview(ticket: Ticket): boolean {
  const { situation, rules, mode } = ticket;
  if (!rules.policy.reviews?.gate || mode === 'observe') return false;
  if (situation.review) return situation.review.state === 'open';
  const isWhole = parentOf(situation) === undefined;
  return situation.state === 'resolved' && isWhole && reviewCauseOf(ticket) !== null;
}
