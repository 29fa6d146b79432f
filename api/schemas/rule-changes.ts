/** Changes of rules: what is foreseen, how far one has come, what became of each ticket. */
import { z } from 'zod';
import { CHANGE_KINDS, CHANGE_STATES, SHOWN_LIMIT, type DifferenceKind } from '../../domain/rule-change.ts';
import {
  actingFor,
  actorView,
  cursor,
  instant,
  limit,
  markedId,
  markedInstant,
  page,
  word,
} from './common.ts';
import { CHANGED_TICKET_EXAMPLE, FORECAST_EXAMPLE, RULE_CHANGE_EXAMPLE } from './rule-examples.ts';

export const ruleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'a name is lower-case letters, digits and hyphens')
  .openapi({ example: 'standard' });

/** Why; kept with the change for good. */
export const reason = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .openapi({ description: 'Why; kept with the change' });

export const dryRunQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .openapi({
      type: 'string',
      enum: ['true', 'false'],
      default: 'false',
      description: 'Only say what would become of the open tickets; nothing is written',
    }),
});

const clockChange = z.object({
  clock: z.string(),
  cycle: z.int(),
  deadlineBefore: instant.nullable(),
  deadlineAfter: instant.nullable(),
});

const clockChanges = (description: string) =>
  z
    .object({ count: z.int(), data: z.array(clockChange.extend({ ticketId: z.string() })) })
    .openapi({ description: `${description}; \`count\` is exact, \`data\` has the first ${SHOWN_LIMIT}` });

const WHAT = {
  becomesBreached: 'Clocks whose promise would count as broken',
  relieved: 'Clocks whose breach would be withdrawn',
  deadlineMoved: 'Running or paused clocks with another deadline, target or calendar',
  clocksCancelled: 'Clocks that the new rules do not have',
  clocksStarted: 'Clocks that only the new rules have',
} satisfies Record<DifferenceKind, string>;

const warnings = z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })).openapi({
  description:
    'What is legal and hardly meant, such as opening hours that a clock change drops; with the answer to publishing',
});

export const forecastView = z
  .object({
    kind: z.enum(CHANGE_KINDS),
    name: z.string(),
    fromVersion: z.int().nullable(),
    retroactive: z.boolean().openapi({ description: 'It would need a second person' }),
    asOf: instant.openapi({ description: 'As if the change reached every ticket at this instant' }),
    tickets: z.int().openapi({ description: 'Open tickets that it is for' }),
    affected: z.int().openapi({ description: 'Tickets for which anything would differ' }),
    unchanged: z.int(),
    becomesBreached: clockChanges(WHAT.becomesBreached),
    relieved: clockChanges(WHAT.relieved),
    deadlineMoved: clockChanges(WHAT.deadlineMoved),
    clocksCancelled: clockChanges(WHAT.clocksCancelled),
    clocksStarted: clockChanges(WHAT.clocksStarted),
    warnings: warnings.optional(),
  })
  .openapi('RuleForecast', { example: FORECAST_EXAMPLE });

const counted = (description: string) => z.int().openapi({ description });

export const ruleChangeView = z
  .object({
    id: z.string(),
    kind: z.enum(CHANGE_KINDS),
    name: z.string(),
    fromVersion: z.int().nullable().openapi({ description: 'In force when it was asked for' }),
    toVersion: z.int(),
    state: z.enum(CHANGE_STATES).openapi({
      description:
        '`awaitingApproval`: a second person has to approve. `scheduled`: until `effectiveFrom`. `running`: new ' +
        'tickets have the version, open ones get it one after the other. `failed`: done, but not for every ticket.',
    }),
    retroactive: z.boolean().openapi({
      description: 'Tickets opened since `effectiveFrom` are judged anew: their breaches may be withdrawn',
    }),
    effectiveFrom: instant,
    reason: z.string(),
    requestedBy: actorView,
    approvedBy: actorView.nullable(),
    cancelledBy: actorView.nullable(),
    note: z.string().nullable(),
    createdAt: instant,
    startedAt: instant.nullable(),
    finishedAt: instant.nullable(),
    tickets: z.object({
      total: counted('Met so far and still to do'),
      applied: counted('Judged by the new rules'),
      skipped: counted('Closed, or under another policy, before it reached them'),
      failed: counted('Could not be reached, however often asked'),
      remaining: counted('Still under older rules'),
    }),
    outcome: z.object({
      becomesBreached: counted(WHAT.becomesBreached),
      relieved: counted(WHAT.relieved),
      deadlineMoved: counted(WHAT.deadlineMoved),
      clocksCancelled: counted(WHAT.clocksCancelled),
      clocksStarted: counted(WHAT.clocksStarted),
    }),
    links: z.object({ self: z.string(), tickets: z.string(), version: z.string() }),
    warnings: warnings.optional(),
  })
  .openapi('RuleChange', { example: RULE_CHANGE_EXAMPLE });

export const ruleChangePage = z.object({ data: z.array(ruleChangeView), page }).openapi('RuleChangePage');

export const ruleChangeQuery = z.strictObject({
  kind: z.enum(CHANGE_KINDS).optional(),
  name: ruleName.optional(),
  state: z.enum(CHANGE_STATES).optional(),
  limit,
  cursor,
});

export const ruleChangeMark = z.strictObject({ at: markedInstant, id: markedId });

export const ruleChangeParams = z.object({
  changeId: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .openapi({ example: RULE_CHANGE_EXAMPLE.id }),
});

export const startRuleChangeBody = z
  .strictObject({ kind: z.enum(CHANGE_KINDS), name: ruleName, reason, actingFor })
  .openapi('StartRuleChange');

export const approveBody = z.strictObject({ actingFor }).openapi('ApproveRuleChange');
export const cancelBody = z.strictObject({ reason: word.optional(), actingFor }).openapi('CancelRuleChange');

const TICKET_STATES = ['pending', 'applied', 'skipped', 'failed'] as const;

export const changedTicketView = z
  .object({
    ticketId: z.string(),
    state: z.enum(TICKET_STATES),
    reason: z.string().nullable().openapi({ description: 'Why it was skipped or failed' }),
    decidedAt: instant.nullable(),
    becomesBreached: z.array(clockChange),
    relieved: z.array(clockChange),
    deadlineMoved: z.array(clockChange),
    clocksCancelled: z.array(clockChange),
    clocksStarted: z.array(clockChange),
    links: z.object({ ticket: z.string() }),
  })
  .openapi('ChangedTicket', { example: CHANGED_TICKET_EXAMPLE });

export const changedTicketPage = z
  .object({ data: z.array(changedTicketView), page })
  .openapi('ChangedTicketPage');

export const changedTicketQuery = z.strictObject({ state: z.enum(TICKET_STATES).optional(), limit, cursor });
export const changedTicketMark = markedId;
