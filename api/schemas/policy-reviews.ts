/** What a policy says of post-incident reviews, as people write it. */
import { z } from 'zod';
import {
  DEFAULT_REVIEW_RULE,
  REQUEST_CAUSES,
  REVIEW_SECTIONS,
  type ReviewRule,
  type Within,
} from '../../domain/review-rule.ts';
import { fault } from './issues.ts';
import { ALWAYS_CALENDAR, calendarName, durationSchema, parseWithin, type Known } from './policy-clocks.ts';

const name = z.string().trim().min(1).max(200);

/** `3d`, round the clock, or `5 business days`. */
const withinSchema = z.string().transform((text, context): Within => {
  const within = parseWithin(text);
  if (within) return within;
  fault(context, 'duration_malformed', `${text} is neither a duration such as 3d nor \`5 business days\``);
  return z.NEVER;
});

const { meeting, acceptance, actions, ...usual } = DEFAULT_REVIEW_RULE;

/** The part `reviews` of a policy. */
export const reviewsSchema = (known: Known) =>
  z
    .strictObject({
      opensOn: z.array(z.enum(REQUEST_CAUSES)).min(1),
      owner: name.exactOptional(),
      calendar: calendarName(known).default(ALWAYS_CALENDAR),
      meeting: z
        .strictObject({ highest: withinSchema.optional(), otherwise: withinSchema.optional() })
        .prefault({}),
      acceptance: withinSchema.optional(),
      actions: z
        .strictObject({ urgent: withinSchema.optional(), otherwise: withinSchema.optional() })
        .prefault({}),
      quietPeriod: durationSchema.optional(),
      remindBefore: z.array(durationSchema).max(10).optional(),
      escalate: z
        .array(z.strictObject({ after: durationSchema, to: name }))
        .max(10)
        .optional(),
      template: z.array(z.enum(REVIEW_SECTIONS)).min(1).optional(),
      gate: z.boolean().default(false),
    })
    .transform(({ quietPeriod, remindBefore, escalate, template, ...rule }): ReviewRule => {
      const steps = escalate?.toSorted((a, b) => a.after - b.after);
      return {
        ...rule,
        meeting: {
          highest: rule.meeting.highest ?? meeting.highest,
          otherwise: rule.meeting.otherwise ?? meeting.otherwise,
        },
        acceptance: rule.acceptance ?? acceptance,
        actions: {
          urgent: rule.actions.urgent ?? actions.urgent,
          otherwise: rule.actions.otherwise ?? actions.otherwise,
        },
        quietMs: quietPeriod ?? usual.quietMs,
        remindBeforeMs: remindBefore ?? usual.remindBeforeMs,
        escalateAfterMs: steps?.map(({ after }) => after) ?? usual.escalateAfterMs,
        escalateTo: steps?.map(({ to }) => to) ?? usual.escalateTo,
        required: template ?? usual.required,
      };
    });
