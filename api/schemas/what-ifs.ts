/** What-if: the tickets of a period judged by another policy. */
import { z } from 'zod';
import { PRIORITIES } from '../../domain/policy.ts';
import { instant, instantMs, word } from './common.ts';
import { policyChoice } from './evaluate.ts';
import { fault } from './issues.ts';

const match = z.strictObject({
  policy: word.optional().openapi({ description: 'Name of the policy that judges them' }),
  customer: word.optional(),
  service: word.optional(),
  category: word.optional(),
  type: word.optional(),
});

export const whatIfBody = z
  .strictObject({
    policy: policyChoice,
    from: instantMs.openapi({ description: 'Tickets opened from this instant on' }),
    to: instantMs.openapi({ description: 'and before this one' }),
    match: match.optional().openapi({
      description:
        'Which of them. If absent: those that the stored policy of the same name judges; if there is none, those that ' +
        'the `match` of the policy fits',
    }),
    limit: z.int().min(0).max(1000).default(100).openapi({ description: 'Changes to list; all are counted' }),
  })
  .superRefine(({ from, to }, context) => {
    if (to <= from) fault(context, 'value_invalid', 'to must lie after from', ['to']);
  })
  .openapi('WhatIf');
export type WhatIfBody = z.output<typeof whatIfBody>;

export const WHAT_IF_EXAMPLE = {
  policy: { name: 'standard', version: 4 },
  from: '2026-01-01T00:00:00Z',
  to: '2026-02-01T00:00:00Z',
  match: { customer: 'acme' },
  limit: 20,
};

const count = z.int().min(0);
const tally = z
  .object({
    met: count,
    breached: count.openapi({ description: 'Ran past the deadline, met later or not' }),
    running: count.openapi({ description: 'Paused ones too' }),
    cancelled: count,
    compliance: z.number().nullable().openapi({ description: 'met ÷ (met + breached)' }),
  })
  .openapi('WhatIfTally');

const outcome = z.enum(['met', 'breached', 'running', 'cancelled']);
const side = z
  .object({ outcome, deadlineAt: instant.nullable() })
  .nullable()
  .openapi({ description: 'Null where there is no such cycle' });

const compared = { before: tally, after: tally };

const NOTHING = { running: 2, cancelled: 0 };

export const whatIfAnswer = z
  .object({
    policy: z
      .object({ name: z.string(), version: z.int().nullable() })
      .openapi({ description: 'The version is null for a policy that was written out' }),
    from: instant,
    to: instant,
    selectedBy: z.enum(['match', 'policyName', 'policyMatch']),
    tickets: count,
    ticketsChanged: count.openapi({ description: 'With a cycle whose outcome differs' }),
    clocks: z.array(z.object({ clock: z.string(), ...compared })),
    groups: z
      .array(z.object({ clock: z.string(), tier: z.int(), priority: z.enum(PRIORITIES), ...compared }))
      .openapi({ description: 'The same by the tier and the priority that tickets have by now' }),
    changes: z.object({
      count: count.openapi({ description: 'Cycles whose outcome differs, listed or not' }),
      becomeBreached: count,
      relieved: count.openapi({ description: 'Breached before, and not after' }),
      deadlinesMoved: count.openapi({ description: 'Same outcome, other deadline' }),
      hasMore: z.boolean(),
      data: z.array(
        z.object({
          ticketId: z.string(),
          clock: z.string(),
          cycle: z.int(),
          priority: z.enum(PRIORITIES),
          tier: z.int(),
          before: side,
          after: side,
          links: z.object({ ticket: z.string() }),
        }),
      ),
    }),
    asOf: instant.openapi({ description: 'Up to which running clocks are judged' }),
  })
  .openapi('WhatIfAnswer', {
    example: {
      policy: { name: 'standard', version: 4 },
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-02-01T00:00:00.000Z',
      selectedBy: 'match',
      tickets: 210,
      ticketsChanged: 1,
      clocks: [
        {
          clock: 'resolution',
          before: { met: 180, breached: 20, ...NOTHING, compliance: 0.9 },
          after: { met: 179, breached: 21, ...NOTHING, compliance: 0.895 },
        },
      ],
      groups: [
        {
          clock: 'resolution',
          tier: 1,
          priority: 'P2',
          before: { met: 180, breached: 20, ...NOTHING, compliance: 0.9 },
          after: { met: 179, breached: 21, ...NOTHING, compliance: 0.895 },
        },
      ],
      changes: {
        count: 1,
        becomeBreached: 1,
        relieved: 0,
        deadlinesMoved: 57,
        hasMore: false,
        data: [
          {
            ticketId: 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f',
            clock: 'resolution',
            cycle: 1,
            priority: 'P2',
            tier: 1,
            before: { outcome: 'met', deadlineAt: '2026-01-30T17:00:00.000Z' },
            after: { outcome: 'breached', deadlineAt: '2026-01-30T13:00:00.000Z' },
            links: { ticket: '/v1/tickets/tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f' },
          },
        ],
      },
      asOf: '2026-02-01T08:00:00.000Z',
    },
  });
