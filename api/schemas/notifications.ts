/** What goes out to a webhook when the ladder asks for somebody. */
import { z } from 'zod';
import { NOTICES } from '../../domain/events.ts';
import { AUDIENCES } from '../../domain/policy.ts';
import { clockName, holdReason, instant } from './common.ts';
import { NOTIFICATION_EXAMPLE } from './examples.ts';
import { contact } from './people.ts';

const recipient = z.object({
  agent: z
    .string()
    .openapi({ description: 'An agent; a word of the policy’s where the directory knows no such agent' }),
  via: z
    .enum([...AUDIENCES, 'named', 'onCall', 'fallback'])
    .openapi({ description: 'As what they are told' }),
  insteadOf: z
    .enum([...AUDIENCES, 'onCall'])
    .optional()
    .openapi({ description: 'Who was meant and was not there' }),
  contact: contact.optional(),
});

export const notification = z
  .object({
    type: z.literal('ticket.notification'),
    timestamp: instant,
    data: z.object({
      ticketId: z.string(),
      sequence: z.int().openapi({ description: 'Position in the timeline of the ticket' }),
      audience: z.enum(AUDIENCES),
      tier: z.int(),
      page: z.boolean().openapi({ description: 'It must wake somebody' }),
      insteadOf: z
        .enum([...AUDIENCES, 'onCall'])
        .optional()
        .openapi({ description: 'Who was meant and was not there' }),
      clock: clockName.optional(),
      cycle: z.int().optional(),
      step: z.string().optional().openapi({ description: 'Which step of the ladder' }),
      hold: holdReason
        .optional()
        .openapi({ description: 'Instead of a step: a hold that has lasted too long' }),
      notice: z
        .enum(NOTICES)
        .optional()
        .openapi({ description: 'Instead of a step: something that calls for a person' }),
      reference: z
        .string()
        .optional()
        .openapi({ description: 'The problem, or how many returns it has been' }),
      vendor: z.string().optional().openapi({ description: 'Whose vendor manager is meant' }),
      recipients: z
        .array(recipient)
        .optional()
        .openapi({ description: 'Who that is now; empty where the directory knows nobody' }),
      onCall: z
        .object({ rota: z.string() })
        .optional()
        .openapi({ description: 'Of a page: by which rota somebody is on call' }),
      links: z.object({ ticket: z.string() }),
    }),
  })
  .openapi('Notification', { example: NOTIFICATION_EXAMPLE });

export const endpointMessage = z
  .object({
    type: z.literal('ticket.stepReached'),
    timestamp: instant,
    data: z.object({
      ticketId: z.string(),
      sequence: z.int(),
      endpoint: z.string().openapi({ description: 'Whom the step names; this webhook passes it on' }),
      clock: clockName,
      cycle: z.int(),
      step: z.string(),
      links: z.object({ ticket: z.string() }),
    }),
  })
  .openapi('EndpointMessage', { description: 'What a step of a ladder tells an endpoint by its name' });

/** Standard Webhooks 1.0.0. */
export const webhookHeaders = z.object({
  'webhook-id': z.string().openapi({ description: 'The same at every attempt: drop what you have seen' }),
  'webhook-timestamp': z.string().openapi({ description: 'Unix seconds of this attempt' }),
  'webhook-signature': z
    .string()
    .optional()
    .openapi({ description: '`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; only with a secret' }),
});
