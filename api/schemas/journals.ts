/** What tasks and problems show and take in the same way: their logs, who did what, due dates. */
import { z } from 'zod';
import type { Within } from '../../domain/review-rule.ts';
import { fault } from './issues.ts';
import { parseDuration, parseWithin } from './policy-clocks.ts';
import { actorView, instant, instantMs, word } from './common.ts';

export const journalActor = actorView;

/** Free words; erasable. */
export const words = z.string().trim().min(1).max(2000);

/** One event of a log. */
export const journalEvent = z.object({
  sequence: z.int(),
  id: z.string(),
  type: z.string(),
  occurredAt: instant,
  actor: journalActor.optional().openapi({ description: 'Absent where it happened by itself' }),
  requestId: z.string().optional(),
  text: z
    .object({
      body: z.record(z.string(), z.string()).nullable().openapi({ description: 'Null once it was erased' }),
      digest: z.string(),
      erasedAt: instant.nullable(),
    })
    .optional(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).openapi({
    description: 'What else is known of it; names that end in `At` are instants, `Ms` milliseconds',
  }),
});
export type JournalEventView = z.input<typeof journalEvent>;

/** A duration in words, as milliseconds. */
export const duration = z
  .string()
  .max(30)
  .openapi({ example: '1d' })
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== null) return ms;
    fault(context, 'duration_malformed', `${text} is not a duration such as 15m, 1h30m or 5d`);
    return z.NEVER;
  });

const after = z
  .string()
  .max(30)
  .openapi({
    example: '5d',
    description:
      'Open time on the calendar, such as `4h` or `5d` (a day is 24 hours of open time), or `5 business days`: to the ' +
      'end of the fifth day on which it opens, today not counted',
  })
  .transform((text, context): Within => {
    const within = parseWithin(text);
    if (within) return within;
    fault(
      context,
      'duration_malformed',
      `${text} is neither a duration such as 4h or 5d nor \`5 business days\``,
    );
    return z.NEVER;
  });

/** When it is due: at an instant, or so much time on a calendar from now. */
export const dueFields = {
  dueAt: instantMs.optional(),
  due: z
    .strictObject({
      after,
      calendar: word
        .default('always')
        .openapi({ description: 'A stored calendar, one of `policy`, or `always`' }),
      policy: word.optional().openapi({ description: 'Whose calendar it is; a stored one if absent' }),
    })
    .optional(),
};
export interface DueFields {
  dueAt?: number | undefined;
  due?: { after: Within; calendar: string; policy?: string | undefined } | undefined;
}

/** Complains of a body that does not say when it is due, or says it twice. */
export function checkDue({ dueAt, due }: DueFields, context: Parameters<typeof fault>[0]): void {
  if (dueAt === undefined && due === undefined) fault(context, 'missing', 'say dueAt or due', ['dueAt']);
  if (dueAt !== undefined && due !== undefined)
    fault(context, 'question_ambiguous', 'say dueAt or due, not both', ['due']);
}
