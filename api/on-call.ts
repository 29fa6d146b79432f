/** Routes of who is on call: rotas, overrides, the schedule. */
import { uuidv7 } from 'uuidv7';
import type { z } from 'zod';
import type { Actor } from '../domain/events.ts';
import { isPresent } from '../domain/people.ts';
import { nextChangeAfter, onCallAt, onCallBetween } from '../domain/rota.ts';
import type { OverrideRecord, RotaRecord } from '../prisma/rotas.ts';
import type { ApiDeps } from './deps.ts';
import { checkReferences, pathTo, PUT_ANSWERS, putReply } from './directory.ts';
import { invalid } from './input.ts';
import { takeIn } from './intake.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Reply, type Route } from './route.ts';
import {
  addOverrideBody,
  atQuery,
  onCallList,
  overrideParams,
  overrideView,
  putRotaBody,
  rotaParams,
  rotaView,
  scheduleQuery,
  scheduleView,
} from './schemas/on-call.ts';
import { ADD_OVERRIDE_EXAMPLE, PUT_ROTA_EXAMPLE } from './schemas/people-examples.ts';

const DAY = 86_400_000;
const SHOWN_MS = 28 * DAY;
const LONGEST_SCHEDULE_MS = 100 * DAY;

const iso = (at: number): string => new Date(at).toISOString();
const nowOf = ({ now = Date.now }: ApiDeps): number => now();

async function findRota({ rotas }: ApiDeps, name: string): Promise<RotaRecord> {
  const rota = await rotas.get(name);
  if (rota) return rota;
  throw new Problem('rota_not_found', `There is no rota ${name}`);
}

const overrideViewOf = (override: OverrideRecord): z.input<typeof overrideView> => {
  const { id, rota, agent, fromAt, toAt, reason, createdBy, createdAt } = override;
  const self = pathTo('on-call', rota);
  return {
    id,
    rota,
    agent,
    from: iso(fromAt),
    to: iso(toAt),
    reason,
    createdBy,
    createdAt: createdAt.toISOString(),
    links: { self: `${self}/overrides/${id}`, rota: self },
  };
};

/** Who is on call by each of these rotas at an instant. */
async function onCallOf({ rotas, people }: ApiDeps, some: readonly RotaRecord[], at: number) {
  const all = await rotas.overrides(
    some.map(({ name }) => name),
    at,
  );
  const found = some.map((rota) => {
    const overrides = all.filter((override) => override.rota === rota.name);
    return { overrides, who: onCallAt(rota, overrides, at), until: nextChangeAfter(rota, overrides, at) };
  });
  const agents = await people.agentsOf(found.flatMap(({ who }) => who?.agent ?? []));
  const present = new Set(agents.filter((agent) => isPresent(agent, at)).map(({ id }) => id));
  return found.map(({ overrides, who, until }) => ({
    overrides,
    onCall: {
      agent: who?.agent ?? null,
      override: who?.override ?? null,
      available: who !== null && present.has(who.agent),
      until: until === null ? null : iso(until),
    },
  }));
}

async function rotaViewOf(deps: ApiDeps, rota: RotaRecord): Promise<z.input<typeof rotaView>> {
  const [found] = await onCallOf(deps, [rota], nowOf(deps));
  const { startsAt, rotationMs, members, updatedAt, ...rest } = rota;
  const self = pathTo('on-call', rota.name);
  return {
    ...rest,
    startsAt: iso(startsAt),
    rotationSeconds: rotationMs / 1000,
    members: [...members],
    onCall: found!.onCall,
    overrides: found!.overrides.map(overrideViewOf),
    updatedAt: updatedAt.toISOString(),
    links: { self, schedule: `${self}/schedule` },
  };
}

function rotaRoutes(deps: ApiDeps): Route[] {
  const shared = { tag: 'on call', params: rotaParams } as const;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/on-call',
      operationId: 'listOnCall',
      operation: 'people.read',
      tag: 'on call',
      summary: 'Who is on call, by every rota',
      query: atQuery,
      answers: { 200: { description: 'One entry for each rota, by name', schema: onCallList } },
      problems: [],
      async handle({ query: { at = nowOf(deps) } }) {
        const all = await deps.rotas.all();
        const found = await onCallOf(deps, all, at);
        const data = all.map(({ name, tier, team }, i) => ({ rota: name, tier, team, ...found[i]!.onCall }));
        return { body: { at: iso(at), data } };
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/v1/on-call/{rota}',
      operationId: 'getRota',
      operation: 'people.read',
      summary: 'A rota, and who is on call by it now',
      answers: { 200: { description: 'The rota', schema: rotaView } },
      problems: ['rota_not_found'],
      handle: async ({ params }) => ({ body: await rotaViewOf(deps, await findRota(deps, params.rota)) }),
    }),
    defineRoute({
      ...shared,
      method: 'put',
      path: '/v1/on-call/{rota}',
      operationId: 'putRota',
      operation: 'people.change',
      summary: 'Say who takes turns',
      description:
        'Makes the rota or changes it, from its start on: who is on call now may change with it, and the answer says who ' +
        'that is. Turns keep their local time of day when the clocks change. A tier has one rota, and so has a team.',
      body: putRotaBody,
      example: PUT_ROTA_EXAMPLE,
      answers: {
        200: { description: PUT_ANSWERS.stored, schema: rotaView, headers: PUT_ANSWERS.headers },
        201: { description: PUT_ANSWERS.created, schema: rotaView, headers: PUT_ANSWERS.headers },
      },
      problems: ['on_call_taken'],
      async handle({ params: { rota: name }, body: { rotationSeconds, ...body } }) {
        await checkReferences(deps, [
          { pointer: '/team', kind: 'team', name: body.team },
          ...body.members.map((member, i) => ({
            pointer: `/members/${i}`,
            kind: 'agent' as const,
            name: member,
          })),
        ]);
        const stored = await deps.rotas.put({ name, ...body, rotationMs: rotationSeconds * 1000 });
        if ('taken' in stored) {
          const whose = body.team === null ? `Tier ${body.tier}` : `Team ${body.team}`;
          throw new Problem('on_call_taken', `${whose} has rota ${stored.taken} already`);
        }
        return putReply(stored, await rotaViewOf(deps, await findRota(deps, name)));
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/v1/on-call/{rota}/schedule',
      operationId: 'getOnCallSchedule',
      operation: 'people.read',
      summary: 'Who is on call when',
      query: scheduleQuery,
      answers: { 200: { description: 'The spans between two instants', schema: scheduleView } },
      problems: ['rota_not_found'],
      async handle({ params, query: { from = nowOf(deps), to = from + SHOWN_MS } }) {
        if (to <= from || to - from > LONGEST_SCHEDULE_MS)
          throw invalid([
            {
              parameter: 'to',
              code: 'value_invalid',
              message: 'must be after from, by a hundred days at most',
            },
          ]);
        const rota = await findRota(deps, params.rota);
        const spans = onCallBetween(rota, await deps.rotas.overrides([rota.name], from), { from, to });
        const data = spans.map(({ agent, override = null, fromAt, toAt }) => ({
          agent,
          override,
          from: iso(fromAt),
          to: iso(toAt),
        }));
        return { body: { rota: rota.name, timezone: rota.timezone, from: iso(from), to: iso(to), data } };
      },
    }),
  ];
}

/** A 422 problem where the override would never count, or its agent could not take over. */
async function checkOverride(deps: ApiDeps, { agent, to }: AskedOverride['body']): Promise<void> {
  if (to <= nowOf(deps))
    throw invalid([
      { pointer: '/to', code: 'override_over', message: 'lies in the past: it would never count' },
    ]);
  await checkReferences(deps, [{ pointer: '/agent', kind: 'agent', name: agent }]);
}

function overlapOf({ id, agent, fromAt, toAt }: OverrideRecord): Problem {
  const message = `overlaps override ${id}, by which ${agent} is on call from ${iso(fromAt)} to ${iso(toAt)}`;
  return invalid([{ pointer: '/from', code: 'override_overlaps', message }]);
}

interface AskedOverride {
  body: z.output<typeof addOverrideBody>;
  actor: Actor;
  idempotencyKey: string | undefined;
}

/** Stores an override, once for its idempotency key. */
async function addOverride(deps: ApiDeps, { name: rota }: RotaRecord, asked: AskedOverride): Promise<Reply> {
  const { body, actor } = asked;
  const path = `${pathTo('on-call', rota)}/overrides`;
  const ticketId = `ovr_${uuidv7().replaceAll('-', '')}`;
  const { ticketId: id, replayed } = await takeIn(deps.intake, { ...asked, method: 'POST', path, ticketId });
  const before = replayed ? await deps.rotas.override(rota, id) : null;
  if (!before) await checkOverride(deps, body);
  const { agent, from: fromAt, to: toAt, reason = null, actingFor } = body;
  const createdBy = actingFor === undefined ? actor.subject : `${actor.subject} for ${actingFor}`;
  const stored =
    before ?? (await deps.rotas.addOverride({ id, rota, agent, fromAt, toAt, reason, createdBy }));
  if ('overlaps' in stored) throw overlapOf(stored.overlaps);
  const view = overrideViewOf(stored);
  const headers = { location: view.links.self, ...(replayed && { 'idempotency-replayed': 'true' }) };
  return { status: 201, headers, body: view };
}

function overrideRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/on-call/{rota}/overrides',
      operationId: 'addOverride',
      operation: 'people.change',
      tag: 'on call',
      summary: 'Let somebody take over for a while',
      description:
        'Instead of whoever has the turn, from an instant up to another. Overrides of one rota never overlap.',
      params: rotaParams,
      body: addOverrideBody,
      example: ADD_OVERRIDE_EXAMPLE,
      answers: {
        201: { description: 'Stored', schema: overrideView, headers: { Location: 'Where the override is' } },
      },
      problems: ['rota_not_found', 'idempotency_key_reused'],
      handle: async ({ params, body, actor, idempotencyKey }) =>
        addOverride(deps, await findRota(deps, params.rota), { body, actor, idempotencyKey }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/on-call/{rota}/overrides/{override}',
      operationId: 'getOverride',
      operation: 'people.read',
      tag: 'on call',
      summary: 'An override',
      params: overrideParams,
      answers: { 200: { description: 'The override', schema: overrideView } },
      problems: ['override_not_found'],
      async handle({ params: { rota, override: id } }) {
        const override = await deps.rotas.override(rota, id);
        if (override) return { body: overrideViewOf(override) };
        throw new Problem('override_not_found', `Rota ${rota} has no override ${id}`);
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/on-call/{rota}/overrides/{override}',
      operationId: 'endOverride',
      operation: 'people.change',
      tag: 'on call',
      summary: 'Take an override back, or end it now',
      description:
        'One that has not begun is gone. One that counts ends now: who was on call so far stays known.',
      params: overrideParams,
      answers: { 204: { description: 'It counts no more' } },
      problems: ['override_not_found', 'override_ended'],
      async handle({ params: { rota, override: id } }) {
        const outcome = await deps.rotas.endOverride(rota, id, nowOf(deps));
        if (outcome === 'done') return { status: 204 };
        if (outcome === 'over')
          throw new Problem('override_ended', `Override ${id} is over; it stays as it was`);
        throw new Problem('override_not_found', `Rota ${rota} has no override ${id}`);
      },
    }),
  ];
}

/** Who is on call: for pages by tier and team, and for whoever looks. */
export const onCallRoutes = (deps: ApiDeps): Route[] => [...rotaRoutes(deps), ...overrideRoutes(deps)];
