/** The clocks of a ticket, and why each says what it says. */
import { z } from 'zod';
import { clockKind, clockName, instant, seconds } from './common.ts';
import { CLOCKS_EXAMPLE } from './examples.ts';

const span = z.object({
  from: instant,
  to: instant,
  kind: z.enum(['running', 'paused', 'closed', 'folded']),
  reason: z.string().optional(),
  seconds,
  runningSeconds: seconds
    .optional()
    .describe('How much of a folded span, the oldest of a long life, the clock ran.'),
});

const clockView = z
  .object({
    clock: clockName,
    kind: clockKind,
    cycle: z.int(),
    subject: z
      .string()
      .optional()
      .openapi({ description: 'What it measures where there may be several: a tier, a consult, a task' }),
    state: z.enum(['running', 'paused', 'met', 'cancelled']),
    breached: z.boolean(),
    startedAt: instant,
    deadlineAt: instant.nullable().openapi({ description: 'Null while a pause leaves it open' }),
    metAt: instant.nullable(),
    breachedAt: instant.nullable().openapi({ description: 'The deadline that was missed' }),
    cancelledAt: instant.nullable(),
    cancelReason: z.string().nullable(),
    calendar: z.string(),
    calendarVersion: z.string(),
    target: z
      .object({ unit: z.enum(['businessDays', 'months']), count: z.int() })
      .optional()
      .openapi({ description: 'Where days are promised' }),
    targetSeconds: seconds,
    elapsedSeconds: seconds,
    remainingSeconds: seconds
      .nullable()
      .openapi({ description: 'Negative once late; null beyond known days' }),
    explain: z.array(span).openapi({ description: 'The running spans add up to `elapsedSeconds`' }),
  })
  .openapi('Clock');
export type ClockView = z.input<typeof clockView>;

export const clocksView = z
  .object({
    ticketId: z.string(),
    policy: z.object({ name: z.string(), version: z.int() }),
    pending: z.boolean().openapi({
      description:
        'The ticket changed so that its policy is being looked up again; nothing is judged till then',
    }),
    data: z.array(clockView),
    sequence: z.int(),
    asOf: instant.openapi({ description: 'Instant up to which running clocks are counted' }),
  })
  .openapi('Clocks', { example: CLOCKS_EXAMPLE });
