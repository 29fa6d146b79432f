/** What goes out to a webhook when the ladder asks for somebody. */
import { z } from 'zod';
import { AUDIENCES, CLOCK_NAMES } from '../../domain/policy.ts';
import { instant } from './common.ts';
import { NOTIFICATION_EXAMPLE } from './examples.ts';

export const notification = z
  .object({
    type: z.literal('ticket.notification'),
    timestamp: instant,
    data: z.object({
      ticketId: z.string(),
      sequence: z.int().openapi({ description: 'Position in the timeline of the ticket' }),
      audience: z.enum(AUDIENCES),
      tier: z.int(),
      clock: z.enum(CLOCK_NAMES),
      cycle: z.int(),
      step: z.string().openapi({ description: 'Which step of the ladder' }),
      links: z.object({ ticket: z.string() }),
    }),
  })
  .openapi('Notification', { example: NOTIFICATION_EXAMPLE });

/** Standard Webhooks 1.0.0. */
export const webhookHeaders = z.object({
  'webhook-id': z.string().openapi({ description: 'The same at every attempt: drop what you have seen' }),
  'webhook-timestamp': z.string().openapi({ description: 'Unix seconds of this attempt' }),
  'webhook-signature': z
    .string()
    .optional()
    .openapi({ description: '`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; only with a secret' }),
});
