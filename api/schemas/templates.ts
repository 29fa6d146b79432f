/** Templates of customer updates, and what was sent of them. */
import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/customer-update.ts';
import { templateFaults, VARIABLES } from '../../domain/template.ts';
import { actorView, cursor, freeText, instant, limit, page, word } from './common.ts';
import { fault } from './issues.ts';
import { timezone } from './people.ts';
import { templateName } from './policy-clocks.ts';
import {
  CUSTOMER_UPDATE_EXAMPLE,
  DELIVERY_EXAMPLE,
  PUT_TEMPLATE_EXAMPLE,
  RENDERED_EXAMPLE,
  TEMPLATE_EXAMPLE,
} from './update-examples.ts';
import { requester } from './tickets.ts';

const language = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,8}(-[A-Za-z\d]{1,8})*$/, 'must be a language tag, such as en or pt-BR');

/** Text whose variables are all known. */
const template = <S extends z.ZodType<string>>(text: S) =>
  text.superRefine((written, context) => {
    for (const { code, message } of templateFaults(written)) fault(context, code, message);
  });

const wording = {
  subject: template(
    z
      .string()
      .trim()
      .min(1)
      .max(200)
      .regex(/^\P{Cc}*$/u, 'a subject is one line'),
  ),
  text: template(freeText),
};

const variableList = Object.entries(VARIABLES)
  .map(([name, meaning]) => `\`{{${name}}}\`: ${meaning}`)
  .join('; ');

const body = {
  language: language.default('en').openapi({ description: 'Of subject and text' }),
  ...wording,
  languages: z
    .record(language, z.strictObject(wording))
    .refine((languages) => Object.keys(languages).length <= 50, { error: 'has more than 50 languages' })
    .default({})
    .openapi({
      description: 'The same in other languages; a customer reads `de-AT`, else `de`, else the first',
    }),
};

export const putTemplateBody = z.strictObject(body).openapi('PutTemplate', {
  example: PUT_TEMPLATE_EXAMPLE,
  description:
    `Plain text. Variables: ${variableList}. After a \`|\` stands what is said where it is not known: ` +
    '`{{nextUpdateAt|tomorrow}}`. Nothing else is read in a template, and nothing in what it is filled with.',
});

export const templateParams = z.object({ name: templateName });
export const templateQuery = z.strictObject({ limit, cursor });
export const templateVersionQuery = z.strictObject({
  version: z.coerce
    .number()
    .int()
    .min(1)
    .max(2_147_483_647)
    .optional()
    .openapi({ type: 'integer', description: 'The one in use if absent' }),
});

export const templateView = z
  .object({
    name: z.string(),
    version: z.int(),
    language: z.string(),
    subject: z.string(),
    text: z.string(),
    languages: z.record(z.string(), z.object({ subject: z.string(), text: z.string() })),
    current: z.boolean().openapi({ description: 'Whether this is the version in use' }),
    createdBy: actorView.nullable().openapi({ description: 'Null for one that ships with Tierline' }),
    createdAt: instant,
    links: z.object({ self: z.string() }),
  })
  .openapi('Template', { example: TEMPLATE_EXAMPLE });

export const templatePage = z.object({ data: z.array(templateView), page }).openapi('TemplatePage');

export const previewBody = z
  .strictObject({
    ticketId: word.openapi({ description: 'Our id, or `system:id`' }),
    language: language.optional().openapi({ description: 'The customer’s if absent' }),
    timezone: timezone.optional().openapi({ description: 'The customer’s if absent' }),
  })
  .openapi('PreviewTemplate');

export const renderedView = z
  .object({
    template: z.string(),
    version: z.int(),
    language: z.string().nullable().openapi({ description: 'The one asked for; null where none is known' }),
    timezone: z.string().nullable().openapi({ description: 'Null where none is known: then it is UTC' }),
    subject: z.string(),
    text: z.string(),
  })
  .openapi('RenderedTemplate', { example: RENDERED_EXAMPLE });

export const deliveryQuery = z.strictObject({ limit, cursor });
export const deliveryMark = z.string().regex(/^\d{1,18}$/);

export const deliveryView = z
  .object({
    id: z.string().openapi({ description: 'The event of the timeline, and which message of several' }),
    purpose: z.string().openapi({ description: 'Type of the message, as the webhook names it' }),
    channel: z.string().openapi({ description: '`none` where the customer could not be reached at all' }),
    recipient: z.string().nullable().openapi({ description: 'Masked' }),
    state: z.enum(DELIVERY_STATES).openapi({ description: '`failed`: given up' }),
    attempts: z.int(),
    lastError: z.string().nullable(),
    mayHaveArrivedTwice: z.boolean().openapi({
      description: 'An attempt ended in doubt and was repeated, under the same id',
    }),
    createdAt: instant,
    nextAttemptAt: instant.nullable(),
    deliveredAt: instant.nullable(),
  })
  .openapi('Delivery', { example: DELIVERY_EXAMPLE });

export const deliveryPage = z.object({ data: z.array(deliveryView), page }).openapi('DeliveryPage');

/** What goes to the webhook for a customer who wants updates there. */
export const customerUpdateMessage = z
  .object({
    type: z.literal('ticket.customerUpdate'),
    timestamp: instant,
    data: z.object({
      ticketId: z.string(),
      updateId: z.string(),
      subject: z.string(),
      text: z.string(),
      requester: z.object(requester.shape).openapi({ description: 'As the ticket was opened with' }),
      links: z.object({ ticket: z.string() }),
    }),
  })
  .openapi('CustomerUpdate', {
    description: 'Words for a customer, to be passed on',
    example: CUSTOMER_UPDATE_EXAMPLE,
  });
