/** The clocks of a ticket, and why each says what it says. */
import { z } from 'zod';
import { CLOCK_NAMES } from '../../domain/policy.ts';
import { instant, seconds } from './common.ts';
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
    clock: z.enum(CLOCK_NAMES),
    cycle: z.int(),
    state: z.enum(['running', 'paused', 'met', 'cancelled']),
    breached: z.boolean(),
    startedAt: instant,
    deadlineAt: instant.nullable().openapi({ description: 'Null while a pause leaves it open' }),
    metAt: instant.nullable(),
    breachedAt: instant.nullable().openapi({ description: 'The deadline that was missed' }),
    cancelledAt: instant.nullable(),
    cancelReason: z.string().nullable(),
    calendar: z.string(),
    targetSeconds: seconds,
    elapsedSeconds: seconds,
    remainingSeconds: seconds.openapi({ description: 'Negative once late' }),
    explain: z.array(span).openapi({ description: 'The running spans add up to `elapsedSeconds`' }),
  })
  .openapi('Clock');
export type ClockView = z.input<typeof clockView>;

export const clocksView = z
  .object({
    ticketId: z.string(),
    policy: z.object({ name: z.string(), version: z.int() }),
    data: z.array(clockView),
    sequence: z.int(),
    asOf: instant.openapi({ description: 'Instant up to which running clocks are counted' }),
  })
  .openapi('Clocks', { example: CLOCKS_EXAMPLE });
