/** A question about business time on a calendar that is not stored, and its answer. */
import { z } from 'zod';
import { FIRST_INSTANT, LAST_INSTANT } from '../../domain/business-time.ts';
import { calendarSchema } from './calendar.ts';
import { instant, instantMs, seconds } from './common.ts';
import { EVALUATION_EXAMPLE } from './examples.ts';
import { fault } from './issues.ts';
import { parseDuration } from './policy-clocks.ts';

const counted = instantMs.refine((at) => at >= FIRST_INSTANT && at <= LAST_INSTANT, {
  error: 'must lie between 1970 and 2200',
});

const AMOUNT =
  '`1h30m`, `5d` (a day is 24 hours of open time), or a number of seconds, exact to the millisecond';

const amount = z
  .union([z.string(), z.number()])
  .openapi({ description: AMOUNT, example: '4h' })
  .transform((written, context) => {
    const ms = typeof written === 'number' ? Math.round(written * 1000) : parseDuration(written);
    // Division by 1000 gives back the very number that was read, if it was one of whole milliseconds.
    const isExact = typeof written === 'string' || (ms !== null && ms / 1000 === written);
    if (ms !== null && ms >= 0 && isExact && Number.isSafeInteger(ms)) return ms;
    fault(
      context,
      'duration_malformed',
      `${written} is neither a duration such as 1h30m nor a number of seconds`,
    );
    return z.NEVER;
  });

const pause = z
  .strictObject({ from: counted, to: counted.nullable().openapi({ description: 'null while it lasts' }) })
  .superRefine(({ from, to }, context) => {
    if (to !== null && to < from)
      fault(context, 'pause_ends_before_start', 'a pause does not end before it starts');
  });

export const evaluateBody = z
  .strictObject({
    calendar: z.union([z.literal('always'), calendarSchema]),
    start: counted.optional(),
    end: counted.optional(),
    add: amount.optional(),
    subtract: amount.optional(),
    pauses: z.array(pause).max(1000).default([]),
  })
  .superRefine(({ start, end, add, subtract }, context) => {
    const asked = [add !== undefined, subtract !== undefined, start !== undefined && end !== undefined];
    if (asked.filter(Boolean).length !== 1)
      return fault(
        context,
        'question_ambiguous',
        'ask one of: start and add, end and subtract, start and end',
      );
    if (add !== undefined && start === undefined)
      fault(context, 'missing', 'add counts from start', ['start']);
    if (subtract !== undefined && start === undefined && end === undefined)
      fault(context, 'missing', 'subtract counts back from end', ['end']);
    if (add !== undefined && end !== undefined)
      fault(context, 'question_ambiguous', 'add counts from start; it takes no end', ['end']);
    if (start !== undefined && end !== undefined && end < start)
      fault(context, 'end_before_start', 'end lies before start', ['end']);
  });
export type EvaluateBody = z.output<typeof evaluateBody>;

const interval = z.object({
  from: instant,
  to: instant,
  kind: z.enum(['running', 'paused', 'closed']),
  seconds,
});

const warning = z.object({
  pointer: z.string().openapi({ description: 'JSON pointer into the calendar' }),
  code: z.string(),
  message: z.string(),
});

export const evaluation = z
  .object({
    deadlineAt: instant.optional().openapi({ description: 'Where `add` leads' }),
    startAt: instant.optional().openapi({ description: 'Where `subtract` leads' }),
    elapsedSeconds: seconds.openapi({ description: 'What the running intervals sum to, exactly' }),
    intervals: z.array(interval).openapi({ description: 'The whole span of time, in order' }),
    warnings: z.array(warning).openapi({ description: 'What the owner of the calendar should know' }),
  })
  .openapi('Evaluation', { example: EVALUATION_EXAMPLE });
export type Evaluation = z.input<typeof evaluation>;
