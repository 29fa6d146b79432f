/** Teams and agents, and the names and ways to reach people that other schemas share. */
import { z } from 'zod';
import { isKnownZone } from '../../domain/calendar.ts';
import { ASSIGNMENT_MODES } from '../../domain/people.ts';
import { cursor, instant, instantMs, limit, page, tierNumber, word } from './common.ts';
import { AGENT_EXAMPLE, TEAM_EXAMPLE } from './people-examples.ts';
import { ruleName } from './rule-changes.ts';

/** What tickets call a team, an agent, a customer or a service; short enough for a cursor. */
export const directoryName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'a name has no control characters');

export const timezone = z
  .string()
  .max(100)
  .refine(isKnownZone, { error: 'is not an IANA time zone known here, such as Europe/Berlin' })
  .openapi({ example: 'Europe/Berlin' });

/** Personal data; shown only to those who may change it. */
export const contact = z
  .strictObject({ email: z.email().max(200).optional(), phone: word.optional(), chat: word.optional() })
  .openapi('Contact', {
    description: 'Personal data, erased by null. Shown to those who may change it.',
    example: { email: 'agent-17@example.com', phone: '+49 30 555 0117', chat: '@agent-17' },
  });

export const agentId = directoryName.openapi({ example: 'agent-17' });
export const teamName = directoryName.openapi({ example: 'network' });

const skills = z
  .array(word.max(100))
  .max(100)
  .transform((all) => [...new Set(all)]);

const SHIFT = 'A stored calendar (`/v1/calendars`)';
const shift = ruleName;
const capacity = z.int().min(1).max(10_000);

/** Amounts are kept to the ten thousandth. */
const rate = z.strictObject({
  amount: z
    .number()
    .min(0)
    .max(1_000_000)
    .refine((amount) => Math.abs(Math.round(amount * 10_000) / 10_000 - amount) < 1e-9, {
      error: 'has more than four decimals',
    }),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, such as EUR'),
});

export const teamParams = z.object({ team: teamName });
export const agentParams = z.object({ agent: agentId });

const active = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .optional()
  .openapi({ type: 'string', enum: ['true', 'false'] });
const tier = z.coerce
  .number()
  .int()
  .min(1)
  .max(9)
  .optional()
  .openapi({ type: 'integer', minimum: 1, maximum: 9 });

export const teamQuery = z.strictObject({ limit, cursor, tier, active });
export const agentQuery = z.strictObject({ limit, cursor, team: teamName.optional(), tier, active });

export const putTeamBody = z
  .strictObject({
    tier: tierNumber,
    assignment: z.enum(ASSIGNMENT_MODES).default('pull').openapi({
      description: 'How tickets reach the members: they pull them, or are given them in one of three ways',
    }),
    calendar: shift
      .nullable()
      .default(null)
      .openapi({
        description: `${SHIFT}: the shift of members without one of their own; round the clock if null`,
      }),
    capacity: capacity.nullable().default(null).openapi({
      description: 'Tickets that a member may have in progress, unless the agent has a limit of its own',
    }),
    lead: agentId.nullable().default(null),
    manager: agentId.nullable().default(null),
    rate: rate.nullable().default(null).openapi({ description: 'What an hour of work costs' }),
  })
  .openapi('PutTeam');

export const putAgentBody = z
  .strictObject({
    team: teamName,
    tier: tierNumber.optional().openapi({ description: 'The team’s if absent' }),
    skills: skills.default([]),
    capacity: capacity.nullable().default(null).openapi({
      description: 'Tickets that the agent may have in progress; the team’s limit if null',
    }),
    calendar: shift
      .nullable()
      .default(null)
      .openapi({ description: `${SHIFT}; the team’s if null` }),
    contact: contact.nullable().default(null),
    active: z.boolean().default(true).openapi({ description: 'False for somebody who has left' }),
    absentUntil: instantMs.nullable().default(null).openapi({ description: 'Away until then; null if not' }),
  })
  .openapi('PutAgent');

export const teamView = z
  .object({
    name: z.string(),
    tier: z.int(),
    assignment: z.enum(ASSIGNMENT_MODES),
    calendar: z.string().nullable(),
    capacity: z.int().nullable(),
    lead: z.string().nullable(),
    manager: z.string().nullable(),
    rate: z.object({ amount: z.number(), currency: z.string() }).nullable(),
    active: z.boolean(),
    updatedAt: instant,
    links: z.object({ self: z.string(), agents: z.string() }),
  })
  .openapi('Team', { example: TEAM_EXAMPLE });

export const agentView = z
  .object({
    id: z.string(),
    team: z.string(),
    tier: z.int(),
    skills: z.array(z.string()),
    capacity: z.int().nullable(),
    calendar: z.string().nullable(),
    contact: contact.nullable().optional(),
    active: z.boolean(),
    absentUntil: instant.nullable(),
    updatedAt: instant,
    links: z.object({ self: z.string(), team: z.string() }),
  })
  .openapi('Agent', { example: AGENT_EXAMPLE });

export const teamPage = z.object({ data: z.array(teamView), page }).openapi('TeamPage');
export const agentPage = z.object({ data: z.array(agentView), page }).openapi('AgentPage');
