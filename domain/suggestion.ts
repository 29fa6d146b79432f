/** Suggestions for improvement: from an idea that tickets prove to something that somebody built. */

export const SUGGESTION_STATES = ['new', 'accepted', 'engaged', 'delivered', 'declined'] as const;
/** `engaged`: a team works on it, under a reference of its own. */
export type SuggestionState = (typeof SUGGESTION_STATES)[number];

export type SuggestionStep = 'accept' | 'decline' | 'engage' | 'deliver';

/** Where each step leads, and from where it may be taken. What was declined may be accepted after all. */
export const STEPS: Readonly<
  Record<SuggestionStep, { from: readonly SuggestionState[]; to: SuggestionState }>
> = {
  accept: { from: ['new', 'declined'], to: 'accepted' },
  decline: { from: ['new', 'accepted', 'engaged'], to: 'declined' },
  // Again where another team takes it over.
  engage: { from: ['accepted', 'engaged'], to: 'engaged' },
  deliver: { from: ['engaged'], to: 'delivered' },
};
