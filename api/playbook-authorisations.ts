/** Routes of authorisations: two persons let a playbook run without asking, for a while, on a few targets. */
import { uuidv7 } from 'uuidv7';
import { authorisationState, LONGEST_AUTHORISATION_MS } from '../domain/authorisation.ts';
import type { Actor } from '../domain/events.ts';
import type { AuthorisationRecord, Deed } from '../prisma/playbook-authorisations.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { invalid } from './input.ts';
import { takeIn } from './intake.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import {
  authorisationDeedBody,
  authorisationPage,
  authorisationParams,
  authorisationView,
  AUTHORISE_EXAMPLE,
  authoriseBody,
  securityMark,
  securityQuery,
} from './schemas/plans.ts';

const path = '/v1/playbook-authorisations';
const tag = 'containment';
const nowOf = ({ now = Date.now }: ApiDeps): number => now();
const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

function viewOf(record: AuthorisationRecord, now: number) {
  const { id, playbookId, digest, maxTargets, reason, grantedBy, confirmedBy, revokedBy } = record;
  return {
    id,
    playbook: playbookId,
    digest,
    state: authorisationState(record, now),
    maxTargets,
    reason,
    validUntil: iso(record.validUntil),
    grantedBy,
    grantedAt: iso(record.grantedAt),
    confirmedBy,
    confirmedAt: isoOrNull(record.confirmedAt),
    revokedBy,
    revokedAt: isoOrNull(record.revokedAt),
    links: { self: `${path}/${id}` },
  };
}

async function find({ authorisations }: ApiDeps, id: string): Promise<AuthorisationRecord> {
  const found = await authorisations.get(id);
  if (found) return found;
  throw new Problem('authorisation_not_found', `There is no authorisation ${id}`);
}

async function show(deps: ApiDeps, id: string) {
  return { body: viewOf(await find(deps, id), nowOf(deps)) };
}

/** What a person does with a key of their own; a 403 problem for anybody else. */
function deedOf(actor: Actor, at: number): Deed {
  const { person, role } = actor;
  if (person === undefined)
    throw new Problem('personal_credentials_missing', 'It takes a person with a personal key');
  return { person, role, by: actor, at };
}

async function confirm(deps: ApiDeps, id: string, deed: Deed): Promise<void> {
  const before = await find(deps, id);
  const isSame = (one: string) => one.trim().toLowerCase() === deed.person.trim().toLowerCase();
  if (isSame(before.granted.person))
    throw new Problem(
      'approval_by_requester',
      `${deed.person} granted ${id}; somebody else has to confirm it`,
    );
  // The same word twice is as once.
  if (before.confirmed && isSame(before.confirmed.person) && before.revokedAt === null) return;
  if (await deps.authorisations.confirm(id, deed)) return;
  const state = authorisationState(await find(deps, id), deed.at);
  throw new Problem('authorisation_not_open', `Authorisation ${id} is ${state}`);
}

function decidingRoutes(deps: ApiDeps): Route[] {
  const shared = {
    method: 'post',
    operation: 'containment.authorise',
    tag,
    params: authorisationParams,
    body: authorisationDeedBody,
    example: {},
    answers: { 200: { description: 'The authorisation', schema: authorisationView } },
  } as const;
  return [
    defineRoute({
      ...shared,
      path: `${path}/{authorisationId}/confirm`,
      operationId: 'confirmPlaybookAuthorisation',
      summary: 'Confirm it, as the second person',
      problems: [
        'authorisation_not_found',
        'authorisation_not_open',
        'approval_by_requester',
        'personal_credentials_missing',
      ],
      async handle({ params: { authorisationId: id }, actor }) {
        await confirm(deps, id, deedOf(actor, nowOf(deps)));
        return show(deps, id);
      },
    }),
    defineRoute({
      ...shared,
      path: `${path}/{authorisationId}/revoke`,
      operationId: 'revokePlaybookAuthorisation',
      summary: 'Revoke it',
      description:
        'At once, also for runs under way: what has not left yet does not leave. Twice is as once.',
      problems: ['authorisation_not_found', 'personal_credentials_missing'],
      async handle({ params: { authorisationId: id }, actor }) {
        const { by, at } = deedOf(actor, nowOf(deps));
        await find(deps, id);
        await deps.authorisations.revoke(id, { by, at });
        return show(deps, id);
      },
    }),
  ];
}

export function playbookAuthorisationRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'post',
      path,
      operationId: 'authorisePlaybook',
      operation: 'containment.authorise',
      tag,
      summary: 'Let a playbook run without asking, once a second person has confirmed it',
      description:
        'For this exact version, at most 90 days, only while everything that it changes can be taken back, is known ' +
        'beforehand, unprotected, and no more than so many targets.',
      body: authoriseBody,
      example: AUTHORISE_EXAMPLE,
      answers: {
        201: {
          description: 'Granted; it awaits its confirmation',
          schema: authorisationView,
          headers: { Location: 'Where it is' },
        },
      },
      problems: ['personal_credentials_missing', 'idempotency_key_reused'],
      async handle({ body, actor, idempotencyKey }) {
        const { playbook: playbookId, ...terms } = body;
        const deed = deedOf(actor, nowOf(deps));
        if (terms.validUntil <= deed.at || terms.validUntil > deed.at + LONGEST_AUTHORISATION_MS) {
          const message = 'must be in the future, and at most 90 days from now';
          throw invalid([{ pointer: '/validUntil', code: 'out_of_range', message }]);
        }
        const { ticketId: id, replayed } = await takeIn(deps.intake, {
          actor,
          method: 'POST',
          path,
          idempotencyKey,
          ticketId: `aut_${uuidv7().replaceAll('-', '')}`,
          body,
        });
        await deps.authorisations.grant({ id, playbookId, ...terms }, deed);
        const headers = { location: `${path}/${id}`, ...(replayed && { 'idempotency-replayed': 'true' }) };
        return { status: 201, headers, ...(await show(deps, id)) };
      },
    }),
    defineRoute({
      method: 'get',
      path,
      operationId: 'listPlaybookAuthorisations',
      operation: 'containment.read',
      tag,
      summary: 'What runs without asking, newest first',
      query: securityQuery,
      answers: { 200: { description: 'One page', schema: authorisationPage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor } }) {
        const filters = { of: 'playbook-authorisations' };
        const after = decodeCursor(cursor, { filters, mark: securityMark });
        const found = await deps.authorisations.list({}, { after, limit: limit + 1 });
        const markOf = ({ grantedAt: at, id }: AuthorisationRecord) => ({ at, id });
        const { rows, page } = pageOf(found, { limit, filters, markOf });
        const now = nowOf(deps);
        return { body: { data: rows.map((row) => viewOf(row, now)), page } };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${path}/{authorisationId}`,
      operationId: 'getPlaybookAuthorisation',
      operation: 'containment.read',
      tag,
      summary: 'An authorisation',
      params: authorisationParams,
      answers: { 200: { description: 'The authorisation', schema: authorisationView } },
      problems: ['authorisation_not_found'],
      handle: ({ params }) => show(deps, params.authorisationId),
    }),
    ...decidingRoutes(deps),
  ];
}
