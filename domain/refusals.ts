/** Refusals: outcomes of the domain with a stable code, told to the asker. api/problem.ts maps them to HTTP. */
export const REFUSAL_CODES = [
  'ticket_closed',
  'ticket_cancelled',
  'ticket_resolved',
  'ticket_not_resolved',
  'already_acknowledged',
  'already_on_hold',
  'not_on_hold',
  'public_question_missing',
  'same_priority',
  'same_tier',
  'tier_unknown',
  'nothing_changed',
  'policy_differs',
  'precondition_failed',
  'task_open',
  'task_not_open',
  'task_not_done',
  'verification_by_completer',
  'same_owner',
  'due_not_later',
  'problem_exists',
  'problem_closed',
  'problem_not_closed',
  'problem_fixed',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

export interface Refusal {
  code: RefusalCode;
  /** Names the thing and the fact. */
  message: string;
  /** The state the ticket, task or problem is in, where that is the reason. */
  state?: string;
  /** JSON pointer into the request, where a field is the reason. */
  pointer?: string;
}
