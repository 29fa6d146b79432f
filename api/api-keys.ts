/** Routes of API keys: who has which, making them and taking them back. */
import type { z } from 'zod';
import type { Actor } from '../domain/events.ts';
import { makerMissing, type KeyTerms } from '../domain/role.ts';
import type { ApiKeyRecord } from '../prisma/api-keys.ts';
import type { ApiDeps } from './deps.ts';
import { checkReferences, pageByName, pathTo } from './directory.ts';
import { invalid } from './input.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { CREATE_API_KEY_EXAMPLE } from './schemas/api-key-examples.ts';
import {
  apiKeyPage,
  apiKeyParams,
  apiKeyQuery,
  apiKeyView,
  createApiKeyBody,
  newApiKeyView,
} from './schemas/api-keys.ts';

const iso = (instant: Date | null): string | null => instant?.toISOString() ?? null;

const viewOf = (key: ApiKeyRecord): z.input<typeof apiKeyView> => ({
  ...key,
  createdAt: key.createdAt.toISOString(),
  expiresAt: iso(key.expiresAt),
  lastUsedAt: iso(key.lastUsedAt),
  revokedAt: iso(key.revokedAt),
  links: { self: pathTo('api-keys', key.id) },
});

async function findKey({ apiKeys }: ApiDeps, id: string): Promise<ApiKeyRecord> {
  const key = await apiKeys.get(id);
  if (key) return key;
  throw new Problem('key_not_found', `There is no API key ${id}`);
}

const MISSING = {
  manager:
    'A key that names a person, or whose role handles security tickets, is made by a manager with a personal key',
  another: 'Another manager has to make a key for you',
  admin: 'The key of an admin is made by an admin',
};

/** A 403 problem where somebody else has to make this key. */
function checkMaker(maker: Actor, key: KeyTerms): void {
  const missing = makerMissing(maker, key);
  if (missing) throw new Problem('key_not_allowed', MISSING[missing]);
}

const PERSON = '/person';

export function apiKeyRoutes(deps: ApiDeps): Route[] {
  const shared = { tag: 'people', params: apiKeyParams, path: '/v1/api-keys/{keyId}' } as const;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/api-keys',
      operationId: 'listApiKeys',
      operation: 'key.read',
      tag: 'people',
      summary: 'API keys, by id, revoked ones too',
      query: apiKeyQuery,
      answers: { 200: { description: 'One page', schema: apiKeyPage } },
      problems: ['cursor_invalid'],
      handle: ({ query: { limit, cursor } }) =>
        pageByName({ limit, cursor, filters: {} }, (page) => deps.apiKeys.list(page), {
          nameOf: ({ id }) => id,
          view: viewOf,
        }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/api-keys',
      operationId: 'createApiKey',
      operation: 'key.change',
      tag: 'people',
      summary: 'Make an API key; its secret is shown once',
      description:
        'A key that names a person, or whose role handles security tickets (lead, responder, approver, manager, ' +
        'auditor), is made by a manager with a personal key, for somebody else; that of an admin by an admin. ' +
        'The first ones are made at the machine: `tierline keys create`.',
      body: createApiKeyBody,
      example: CREATE_API_KEY_EXAMPLE,
      answers: {
        201: {
          description: 'The key',
          schema: newApiKeyView,
          headers: { Location: 'Where it is, without its secret' },
        },
      },
      problems: ['key_not_allowed'],
      async handle({ body, actor }) {
        checkMaker(actor, body);
        if (body.expiresAt !== undefined && body.expiresAt <= (deps.now ?? Date.now)())
          throw invalid([{ pointer: '/expiresAt', code: 'value_invalid', message: 'is past' }]);
        await checkReferences(deps, [{ pointer: PERSON, kind: 'agent', name: body.person ?? null }]);
        const { id, secret } = await deps.apiKeys.create({ ...body, by: actor });
        const view = viewOf(await findKey(deps, id));
        return { status: 201, headers: { location: view.links.self }, body: { ...view, apiKey: secret } };
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      operationId: 'getApiKey',
      operation: 'key.read',
      summary: 'An API key, without its secret',
      answers: { 200: { description: 'The key', schema: apiKeyView } },
      problems: ['key_not_found'],
      handle: async ({ params }) => ({ body: viewOf(await findKey(deps, params.keyId)) }),
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      operationId: 'revokeApiKey',
      operation: 'key.change',
      summary: 'Revoke an API key, at once and for good',
      description:
        'Approvals given with it stop counting where no other live key of the person has the role.',
      answers: { 200: { description: 'Revoked', schema: apiKeyView } },
      problems: ['key_not_found'],
      async handle({ params }) {
        await deps.apiKeys.revoke(params.keyId);
        return { body: viewOf(await findKey(deps, params.keyId)) };
      },
    }),
  ];
}
