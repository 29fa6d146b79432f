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
  'already_offered',
  'already_assigned',
  'already_joined',
  'already_linked',
  'already_major',
  'already_restored',
  'nothing_offered',
  'not_in_queue',
  'not_joined',
  'not_linked',
  'consult_not_open',
  'engagement_not_open',
  'draft_not_open',
  'item_not_open',
  'reason_missing',
  'handoff_incomplete',
  'override_not_allowed',
  'promise_in_past',
  'cause_code_missing',
  'cause_code_unknown',
  'article_missing',
  'precondition_failed',
  'already_security',
  'not_security',
  'regime_unknown',
  'fact_unknown',
  'fact_in_future',
  'fact_out_of_reach',
  'obligation_unknown',
  'obligation_not_running',
  'obligation_not_applicable',
  'already_reported',
  'report_in_future',
  'report_before_anchor',
  'already_named',
  'not_named',
  'nobody_named',
  'already_held',
  'not_held',
  'lifted_by_placer',
  'consent_by_requester',
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
  /** Each fault of the request, where there may be several. */
  errors?: readonly { pointer: string; code: string; message: string }[];
}
