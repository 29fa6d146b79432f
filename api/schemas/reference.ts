/** Reference data: customers and services, as tickets name them. */
import { z } from 'zod';
import { cursor, instant, limit, page, word } from './common.ts';
import { agentId, contact, directoryName, teamName, timezone } from './people.ts';
import { CUSTOMER_EXAMPLE, SERVICE_EXAMPLE } from './people-examples.ts';
import { customFields } from './tickets.ts';

export const customerParams = z.object({ name: directoryName.openapi({ example: 'acme' }) });
export const serviceParams = z.object({ name: directoryName.openapi({ example: 'vpn' }) });
export const referenceQuery = z.strictObject({ limit, cursor });

const language = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,8}(-[A-Za-z\d]{1,8})*$/, 'must be a language tag, such as en or pt-BR');

/** How a customer wants to hear from us, in fields of the desk's own. */
const updates = customFields
  .refine((fields) => Object.keys(fields).length <= 50, { error: 'has more than 50 fields' })
  .openapi({ description: 'How the customer wants to hear from us, in fields of your own' });

export const putCustomerBody = z
  .strictObject({
    timezone: timezone.nullable().default(null),
    language: language.nullable().default(null),
    contact: contact.nullable().default(null),
    updates: updates.nullable().default(null),
  })
  .openapi('PutCustomer');

export const putServiceBody = z
  .strictObject({
    team: teamName.nullable().default(null).openapi({ description: 'Who looks after it' }),
    owner: agentId.nullable().default(null).openapi({ description: 'Who answers for it' }),
    criticality: word.nullable().default(null).openapi({ description: 'By a scale of your own' }),
  })
  .openapi('PutService');

const links = z.object({ self: z.string() });

export const customerView = z
  .object({
    name: z.string(),
    timezone: z.string().nullable(),
    language: z.string().nullable(),
    contact: contact.nullable().optional(),
    updates: customFields.nullable(),
    updatedAt: instant,
    links,
  })
  .openapi('Customer', { example: CUSTOMER_EXAMPLE });

export const serviceView = z
  .object({
    name: z.string(),
    team: z.string().nullable(),
    owner: z.string().nullable(),
    criticality: z.string().nullable(),
    updatedAt: instant,
    links,
  })
  .openapi('Service', { example: SERVICE_EXAMPLE });

export const customerPage = z.object({ data: z.array(customerView), page }).openapi('CustomerPage');
export const servicePage = z.object({ data: z.array(serviceView), page }).openapi('ServicePage');
