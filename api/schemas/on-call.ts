/** Who is on call: rotas, overrides and the schedule that follows from them. */
import { z } from 'zod';
import { SHORTEST_TURN_MS } from '../../domain/rota.ts';
import { actingFor, instant, instantMs, seconds, tierNumber, word } from './common.ts';
import { agentId, directoryName, teamName, timezone } from './people.ts';
import { ON_CALL_EXAMPLE, OVERRIDE_EXAMPLE, ROTA_EXAMPLE, SCHEDULE_EXAMPLE } from './people-examples.ts';

const LONGEST_TURN_S = 366 * 86_400;

/** Beyond it nobody plans, and years have more than four digits before long. */
const LAST_PLANNED = Date.UTC(2200, 0, 1);
const planned = instantMs.refine((at) => at < LAST_PLANNED, { error: 'must be before the year 2200' });

export const rotaName = directoryName.openapi({ example: 'tier-2' });
export const rotaParams = z.object({ rota: rotaName });
export const overrideParams = z.object({
  rota: rotaName,
  override: word.openapi({ example: OVERRIDE_EXAMPLE.id }),
});

export const atQuery = z.strictObject({ at: planned.optional().openapi({ description: 'Now if absent' }) });
export const scheduleQuery = z.strictObject({
  from: planned.optional().openapi({ description: 'Now if absent' }),
  to: planned
    .optional()
    .openapi({ description: 'Four weeks after `from` if absent; at most a hundred days' }),
});

export const putRotaBody = z
  .strictObject({
    tier: tierNumber.nullable().default(null),
    team: teamName.nullable().default(null),
    timezone,
    startsAt: planned.openapi({ description: 'The first member’s first turn begins' }),
    rotationSeconds: z
      .int()
      .min(SHORTEST_TURN_MS / 1000)
      .max(LONGEST_TURN_S)
      .openapi({
        description: 'Length of a turn on the wall clock: 604800 is a week, also where the clocks change',
      }),
    members: z.array(agentId).min(1).max(100).openapi({ description: 'Agents in the order of their turns' }),
  })
  .refine(({ tier, team }) => tier === null || team === null, {
    path: ['tier'],
    error: 'a rota is for a tier or for a team, not for both',
  })
  .openapi('PutRota');

export const addOverrideBody = z
  .strictObject({
    agent: agentId,
    from: planned.openapi({ description: 'The override counts from this instant on' }),
    to: planned.openapi({ description: 'and up to this one' }),
    reason: word.max(2000).optional(),
    actingFor,
  })
  .refine(({ from, to }) => from < to, { path: ['to'], error: 'an override ends after it begins' })
  .openapi('AddOverride');

export const overrideView = z
  .object({
    id: z.string(),
    rota: z.string(),
    agent: z.string(),
    from: instant,
    to: instant,
    reason: z.string().nullable(),
    createdBy: z.string().openapi({ description: 'The caller, and for whom it said it acts' }),
    createdAt: instant,
    links: z.object({ self: z.string(), rota: z.string() }),
  })
  .openapi('Override', { example: OVERRIDE_EXAMPLE });

/** Who is on call at an instant. */
const onCall = {
  agent: z.string().nullable().openapi({ description: 'Null: nobody, the first turn has not begun' }),
  override: z
    .string()
    .nullable()
    .openapi({ description: 'The override by which it is not the one whose turn it is' }),
  available: z.boolean().openapi({
    description: 'Whether the agent is active and not absent; a page goes to somebody else where not',
  }),
  until: instant.nullable().openapi({ description: 'When somebody else is; null if nobody else ever is' }),
};

export const onCallView = z
  .object({ rota: z.string(), tier: z.int().nullable(), team: z.string().nullable(), ...onCall })
  .openapi('OnCall', { example: ON_CALL_EXAMPLE });

export const onCallList = z.object({ at: instant, data: z.array(onCallView) }).openapi('OnCallList');

export const rotaView = z
  .object({
    name: z.string(),
    tier: z.int().nullable(),
    team: z.string().nullable(),
    timezone: z.string(),
    startsAt: instant,
    rotationSeconds: seconds,
    members: z.array(z.string()),
    onCall: z.object(onCall).openapi({ description: 'Now' }),
    overrides: z.array(overrideView).openapi({ description: 'That count now or later' }),
    updatedAt: instant,
    links: z.object({ self: z.string(), schedule: z.string() }),
  })
  .openapi('Rota', { example: ROTA_EXAMPLE });

export const scheduleView = z
  .object({
    rota: z.string(),
    timezone: z.string(),
    from: instant,
    to: instant,
    data: z
      .array(z.object({ agent: z.string(), override: z.string().nullable(), from: instant, to: instant }))
      .openapi({ description: 'In order, without overlaps; nobody is on call in a gap. Cut at both ends.' }),
  })
  .openapi('OnCallSchedule', { example: SCHEDULE_EXAMPLE });
