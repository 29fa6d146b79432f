/** Trying a policy on a ticket that does not exist: a story in, clocks out. */
import { z } from 'zod';
import { CHANNELS } from '../../domain/events.ts';
import { PRIORITIES } from '../../domain/policy.ts';
import { clocksView } from './clocks.ts';
import { instant, instantMs, level, priority, seconds, tierNumber, word } from './common.ts';
import { factBody, type FactBody } from './facts.ts';
import { fault } from './issues.ts';

/** A name, a reference, or a policy written out, which parsePolicy reads. */
export type PolicyChoice = string | Record<string, unknown>;

const isChoice = (value: unknown): value is PolicyChoice =>
  (typeof value === 'string' && value.length > 0 && value.length <= 200) ||
  (typeof value === 'object' && value !== null && !Array.isArray(value));

/** Where a body may say which policy it means: by name, by name and version, or by writing it out. */
export const policyChoice = z
  .unknown()
  .transform((value, context): PolicyChoice => {
    if (isChoice(value)) return value;
    const [code, message] =
      value === undefined
        ? ['missing', 'policy is missing']
        : [
            'wrong_kind',
            'policy must be the name of a policy, its name and version, or a policy written out',
          ];
    fault(context, code!, message!);
    return z.NEVER;
  })
  .openapi('PolicyChoice', {
    oneOf: [
      { type: 'string', description: 'Name of a stored policy: its version in force' },
      {
        type: 'object',
        description: 'One version of a stored policy',
        properties: { name: { type: 'string' }, version: { type: 'integer', minimum: 1 } },
        required: ['name', 'version'],
        additionalProperties: false,
      },
      {
        type: 'object',
        description:
          'A policy written out as in a policy file, with the calendars that are not stored (docs/policies.md)',
        properties: { name: { type: 'string' }, clocks: { type: 'object' } },
        required: ['name', 'clocks'],
      },
    ],
  });

/** A fact as it is posted to a ticket; its id only orders it among those of one instant. */
function eventSchema() {
  const options = factBody.options.map((option) => {
    const { id, ...rest } = option.shape as Record<string, z.ZodType>;
    return z.strictObject({ id: id!.optional(), ...rest });
  });
  // The compiler cannot follow a union built in a loop; its types are those of the facts.
  return z.discriminatedUnion('type', options as never) as unknown as z.ZodType<
    Omit<FactBody, 'id'> & { id?: string }
  >;
}

/** More is not a ticket's story. */
const MOST_EVENTS = 1_000;

const DAY = 86_400_000;
const MOST_DAYS = 800;

export const evaluateBody = z
  .strictObject({
    policy: policyChoice,
    ticket: z
      .strictObject({
        openedAt: instantMs,
        priority: priority.optional().openapi({ description: 'Else from impact and urgency' }),
        impact: level.optional(),
        urgency: level.optional(),
        tier: tierNumber.optional().openapi({ description: 'The lowest of the policy if absent' }),
        type: word.default('incident'),
        channel: z.enum(CHANNELS).default('api'),
        customer: word.optional(),
        contract: word.optional(),
        service: word.optional(),
        configurationItem: word.optional(),
        site: word.optional(),
        category: word.optional(),
      })
      .superRefine((ticket, context) => {
        if (ticket.priority === undefined && (ticket.impact === undefined || ticket.urgency === undefined))
          fault(context, 'missing', 'say the priority, or impact and urgency', ['priority']);
      }),
    events: z.array(eventSchema()).max(MOST_EVENTS).default([]),
    until: instantMs
      .optional()
      .openapi({ description: 'Up to when the story is played; its last event if absent' }),
  })
  .superRefine(({ ticket, events, until }, context) => {
    const { openedAt } = ticket;
    events.forEach(({ occurredAt }, i) => {
      if (occurredAt < openedAt)
        fault(context, 'before_opening', 'the event lies before the opening', ['events', i, 'occurredAt']);
    });
    const end = until ?? Math.max(openedAt, ...events.map(({ occurredAt }) => occurredAt));
    if (end < openedAt) fault(context, 'before_opening', 'until lies before the opening', ['until']);
    if (end - openedAt > MOST_DAYS * DAY)
      fault(context, 'too_long', `a story of more than ${MOST_DAYS} days is not played`, [
        until === undefined ? 'events' : 'until',
      ]);
  })
  .openapi('EvaluatePolicy');
export type EvaluateBody = z.output<typeof evaluateBody>;

const reached = z.object({
  clock: z.string(),
  cycle: z.int(),
  step: z.string(),
  dueAt: instant,
  skipped: z.boolean().openapi({ description: 'Overdue together with a higher step, and left out for it' }),
});

export const EVALUATE_EXAMPLE = {
  policy: 'standard',
  ticket: { openedAt: '2026-01-30T16:30:00Z', priority: 'P2', customer: 'acme' },
  events: [
    { type: 'messageAdded', occurredAt: '2026-01-30T16:45:00Z', author: 'agent', visibility: 'public' },
    { type: 'held', occurredAt: '2026-02-02T10:00:00Z', reason: 'vendor' },
    { type: 'vendorReturned', occurredAt: '2026-02-02T11:00:00Z' },
  ],
  until: '2026-02-03T12:00:00Z',
};

export const evaluateAnswer = z
  .object({
    policy: z
      .object({ name: z.string(), version: z.int().nullable() })
      .openapi({ description: 'The version is null for a policy that was written out' }),
    ticket: z
      .object({
        state: z.string(),
        priority: z.enum(PRIORITIES),
        tier: z.int(),
        reopenCount: z.int(),
        handoffs: z.int(),
      })
      .openapi({ description: 'How it stands at `asOf`' }),
    clocks: clocksView.shape.data,
    steps: z.array(reached).openapi({ description: 'What the ladders did, in order' }),
    handoffs: z
      .array(
        z.object({ at: instant, fromTier: z.int(), toTier: z.int(), clock: z.string(), step: z.string() }),
      )
      .openapi({ description: 'Those the ladders made' }),
    notifications: z.array(
      z.object({
        at: instant,
        audience: z.string(),
        tier: z.int(),
        clock: z.string().optional(),
        step: z.string().optional(),
      }),
    ),
    breaches: z
      .array(
        z.object({
          clock: z.string(),
          cycle: z.int(),
          deadlineAt: instant,
          tier: z.int(),
          priority: z.enum(PRIORITIES),
        }),
      )
      .openapi({ description: 'Those that stand at `asOf`' }),
    timeByOwner: z
      .record(z.string(), seconds)
      .openapi({ description: 'Open time on the calendar of the resolution clock, by who owned it' }),
    ineffective: z
      .array(z.object({ type: z.string(), occurredAt: instant, why: z.string() }))
      .openapi({ description: 'Events that changed nothing where they fall' }),
    asOf: instant,
  })
  .openapi('PolicyEvaluation', {
    example: {
      policy: { name: 'standard', version: 3 },
      ticket: { state: 'open', priority: 'P2', tier: 2, reopenCount: 0, handoffs: 1 },
      clocks: [],
      steps: [
        {
          clock: 'resolution',
          cycle: 1,
          step: 'at-75',
          dueAt: '2026-02-02T15:30:00.000Z',
          skipped: false,
        },
      ],
      handoffs: [
        { at: '2026-02-03T09:30:00.001Z', fromTier: 1, toTier: 2, clock: 'resolution', step: 'breach' },
      ],
      notifications: [
        { at: '2026-02-02T15:30:00.000Z', audience: 'assignee', tier: 1, clock: 'resolution', step: 'at-75' },
      ],
      breaches: [
        {
          clock: 'resolution',
          cycle: 1,
          deadlineAt: '2026-02-03T09:30:00.000Z',
          tier: 1,
          priority: 'P2',
        },
      ],
      timeByOwner: { tier1: 28_800, vendor: 3_600, tier2: 9_000 },
      ineffective: [],
      asOf: '2026-02-03T12:00:00.000Z',
    },
  });
