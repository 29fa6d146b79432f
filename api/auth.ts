/** Who is asking: `Authorization: Bearer <API key>`. */
import type { Request } from 'express';
import type { Actor } from '../domain/events.ts';
import { sightOf, type Sight } from '../domain/visibility.ts';
import type { ApiKeyStore } from '../prisma/api-keys.ts';
import { Problem } from './problem.ts';
import { isAllowed, type Operation } from './roles.ts';

/** RFC 6750 §3: without credentials the bare challenge, with bad ones the reason too. */
const CHALLENGE = { 'www-authenticate': 'Bearer realm="tierline"' };
const CHALLENGE_INVALID = { 'www-authenticate': 'Bearer realm="tierline", error="invalid_token"' };

/** Who asks, and what they may know of. */
export interface Caller {
  actor: Actor;
  sight: Sight;
  tier: number | null;
}

/** The caller behind a request; a 401 problem without a good key, a 403 one without the right. */
export async function authenticate(
  request: Request,
  { apiKeys, operation }: { apiKeys: Pick<ApiKeyStore, 'find'>; operation: Operation },
): Promise<Caller> {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (!token)
    throw new Problem('unauthenticated', 'Send an API key: Authorization: Bearer tl_…', {
      headers: CHALLENGE,
    });
  const key = await apiKeys.find(token);
  if (!key)
    throw new Problem('unauthenticated', 'This API key is unknown or was revoked', {
      headers: CHALLENGE_INVALID,
    });
  if (!isAllowed(key.role, operation))
    throw new Problem('forbidden', `The role ${key.role} does not include ${operation}`);
  const person = key.person === null ? {} : { person: key.person };
  return {
    actor: { subject: `key:${key.id}`, role: key.role, ...person },
    sight: sightOf(key),
    tier: key.tier,
  };
}
