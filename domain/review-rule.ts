/** What a policy says of post-incident reviews: when there is one, until when, and what it keeps from happening. */
import type { Reminding } from './reminders.ts';

/** Why a ticket asks for its review by itself. */
export const REQUEST_CAUSES = ['majorIncident', 'securityIncident', 'P1'] as const;
export type RequestCause = (typeof REQUEST_CAUSES)[number];

/** The parts of the blameless template, in the order in which they are read. */
export const REVIEW_SECTIONS = [
  'summary',
  'impact',
  'timeline',
  'wentWell',
  'wentWrong',
  'gotLucky',
  'contributingFactors',
  'rootCause',
  'fiveWhys',
  'detection',
  'response',
  'actions',
  'lessons',
] as const;
export type ReviewSection = (typeof REVIEW_SECTIONS)[number];

/** So long round the clock, or to the end of so many days on which a calendar opens. */
export type Within = { ms: number } | { businessDays: number };

export interface ReviewRule extends Reminding {
  opensOn: readonly RequestCause[];
  owner?: string;
  /** Whose business days count. */
  calendar: string;
  /** From opening the review to its meeting: for the highest severity, and otherwise. */
  meeting: { highest: Within; otherwise: Within };
  /** From the meeting to the text that somebody accepted. */
  acceptance: Within;
  /** From opening an action item to the end of it: of those that are urgent, and others. */
  actions: { urgent: Within; otherwise: Within };
  /** How long it has to stay quiet before somebody judges whether the actions worked. */
  quietMs: number;
  /** What a review has to say before somebody else reads it. */
  required: readonly ReviewSection[];
  /** Whether the ticket can only be closed once its review is. */
  gate: boolean;
}

const DAY = 86_400_000;
const WEEK = 7 * DAY;

/** What holds for a review whose policy says nothing: of one that somebody opens by hand. */
export const DEFAULT_REVIEW_RULE: ReviewRule = {
  opensOn: [],
  calendar: 'always',
  meeting: { highest: { ms: 3 * DAY }, otherwise: { businessDays: 5 } },
  acceptance: { businessDays: 10 },
  actions: { urgent: { ms: 4 * WEEK }, otherwise: { ms: 8 * WEEK } },
  quietMs: 30 * DAY,
  remindBeforeMs: [DAY],
  escalateAfterMs: [DAY, 3 * DAY],
  escalateTo: ['lead', 'manager'],
  required: ['summary', 'impact', 'contributingFactors', 'rootCause', 'lessons'],
  gate: false,
};
