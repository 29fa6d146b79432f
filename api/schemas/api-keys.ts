/** API keys: what is sent to make one, and how one is shown, never again with its secret. */
import { z } from 'zod';
import { keyFault, ROLES } from '../../domain/role.ts';
import { API_KEY_EXAMPLE, CREATE_API_KEY_EXAMPLE, NEW_API_KEY_EXAMPLE } from './api-key-examples.ts';
import { actorView, cursor, instant, instantMs, limit, page, tierNumber, word } from './common.ts';
import { agentId } from './people.ts';

export const createApiKeyBody = z
  .strictObject({
    name: word.openapi({ description: 'What it is for' }),
    role: z.enum(ROLES),
    person: agentId
      .optional()
      .openapi({ description: 'Whose it is, an active agent; decisions need a personal key' }),
    tier: tierNumber.optional().openapi({ description: 'Of an agent: the only tier it pulls from' }),
    expiresAt: instantMs.optional().openapi({ description: 'Until when it is good; for ever if absent' }),
  })
  .superRefine((key, context) => {
    const fault = keyFault(key);
    if (fault) context.addIssue({ code: 'custom', path: [fault.field], message: fault.message, input: key });
  })
  .openapi('CreateApiKey', { example: CREATE_API_KEY_EXAMPLE });

export const apiKeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.string(),
    person: z.string().nullable(),
    tier: z.int().nullable(),
    createdAt: instant,
    createdBy: actorView.nullable().openapi({ description: 'Null for one made at the machine' }),
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable().openapi({ description: 'To the hour' }),
    revokedAt: instant.nullable(),
    links: z.object({ self: z.string() }),
  })
  .openapi('ApiKey', { example: API_KEY_EXAMPLE });

export const newApiKeyView = apiKeyView
  .extend({ apiKey: z.string().openapi({ description: 'The key in clear, for the only time' }) })
  .openapi('NewApiKey', { example: NEW_API_KEY_EXAMPLE });

export const apiKeyPage = z.object({ data: z.array(apiKeyView), page }).openapi('ApiKeyPage');
export const apiKeyQuery = z.strictObject({ limit, cursor });
export const apiKeyParams = z.object({
  keyId: z.string().max(100).openapi({ example: API_KEY_EXAMPLE.id }),
});
