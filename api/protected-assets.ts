/** Routes of protected assets: what containment never touches, or only with consent. */
import { uuidv7 } from 'uuidv7';
import { patternProblem } from '../domain/protection.ts';
import type { ProtectedAsset } from '../prisma/protected-assets.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { invalid } from './input.ts';
import { takeIn } from './intake.ts';
import { actorOf } from './journals.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import {
  PROTECT_ASSET_EXAMPLE,
  protectAssetBody,
  protectedAssetPage,
  protectedAssetParams,
  protectedAssetView,
  securityMark,
  securityQuery,
} from './schemas/plans.ts';

const path = '/v1/protected-assets';
const tag = 'containment';

const viewOf = ({ until, addedAt, ...asset }: ProtectedAsset) => ({
  ...asset,
  until: until === null ? null : new Date(until).toISOString(),
  addedAt: new Date(addedAt).toISOString(),
  links: { self: `${path}/${asset.id}` },
});

async function find({ protectedAssets }: ApiDeps, id: string): Promise<ProtectedAsset> {
  const asset = await protectedAssets.get(id);
  if (asset) return asset;
  throw new Problem('protected_asset_not_found', `There is no protected asset ${id}`);
}

export function protectedAssetRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'post',
      path,
      operationId: 'protectAsset',
      operation: 'asset.protect',
      tag,
      summary: 'Say what containment does not touch',
      description:
        'From now on, also for runs under way: every command is compared with it just before it leaves.',
      body: protectAssetBody,
      example: PROTECT_ASSET_EXAMPLE,
      answers: {
        201: {
          description: 'It is protected',
          schema: protectedAssetView,
          headers: { Location: 'Where it is' },
        },
      },
      problems: ['idempotency_key_reused'],
      async handle({ body, actor, idempotencyKey }) {
        const { actingFor, ...protection } = body;
        const message = patternProblem(protection);
        if (message) throw invalid([{ pointer: '/pattern', code: 'pattern_invalid', message }]);
        const { ticketId: id, replayed } = await takeIn(deps.intake, {
          actor,
          method: 'POST',
          path,
          idempotencyKey,
          ticketId: `pas_${uuidv7().replaceAll('-', '')}`,
          body,
        });
        await deps.protectedAssets.add({ id, ...protection, addedBy: actorOf(actor, actingFor) });
        const headers = { location: `${path}/${id}`, ...(replayed && { 'idempotency-replayed': 'true' }) };
        return { status: 201, headers, body: viewOf(await find(deps, id)) };
      },
    }),
    defineRoute({
      method: 'get',
      path,
      operationId: 'listProtectedAssets',
      operation: 'containment.read',
      tag,
      summary: 'What containment does not touch, newest first',
      query: securityQuery,
      answers: { 200: { description: 'One page', schema: protectedAssetPage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor } }) {
        const filters = { of: 'protected-assets' };
        const after = decodeCursor(cursor, { filters, mark: securityMark });
        const found = await deps.protectedAssets.list({ after, limit: limit + 1 });
        const markOf = ({ addedAt: at, id }: ProtectedAsset) => ({ at, id });
        const { rows, page } = pageOf(found, { limit, filters, markOf });
        return { body: { data: rows.map(viewOf), page } };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${path}/{assetId}`,
      operationId: 'getProtectedAsset',
      operation: 'containment.read',
      tag,
      summary: 'A protected asset',
      params: protectedAssetParams,
      answers: { 200: { description: 'The asset', schema: protectedAssetView } },
      problems: ['protected_asset_not_found'],
      handle: async ({ params }) => ({ body: viewOf(await find(deps, params.assetId)) }),
    }),
    defineRoute({
      method: 'delete',
      path: `${path}/{assetId}`,
      operationId: 'unprotectAsset',
      operation: 'asset.unprotect',
      tag,
      summary: 'Protect it no longer',
      description:
        'Who contains does not decide this alone: it takes a lead or a manager. It is kept who did, and when.',
      params: protectedAssetParams,
      answers: { 204: { description: 'It is not protected any more' } },
      problems: ['protected_asset_not_found'],
      async handle({ params: { assetId }, actor }) {
        if (!(await deps.protectedAssets.remove(assetId, actor))) await find(deps, assetId);
        return { status: 204 };
      },
    }),
  ];
}
