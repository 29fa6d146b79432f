/** Containment runs: what is sent to ask for one and to work on it, and how they are shown. */
import { z } from 'zod';
import { APPROVAL_STATES } from '../../domain/approval.ts';
import { RUN_RESULTS, UNDO_OUTCOMES } from '../../domain/run.ts';
import { UNIT_PURPOSES } from '../../domain/unit.ts';
import { actingFor, cursor, instant, limit, markedId, markedInstant, page } from './common.ts';
import { CONTAINMENT_EXAMPLE, REQUEST_RUN_EXAMPLE } from './containment-examples.ts';
import { journalActor, journalEvent, words } from './journals.ts';

const variableName = z.string().max(250);
const given = z.union([
  z
    .string()
    .max(8192)
    .openapi({ description: 'Numbers and truths as texts. A hidden one is sealed at once.' }),
  z
    .strictObject({ vault: z.string().min(1).max(200) })
    .openapi({ description: 'Where it lies in the vault; read only when a command is made ready' }),
]);

export const requestRunBody = z
  .strictObject({
    playbook: z.strictObject({
      id: z.string().min(1).max(200),
      version: z.string().max(40).optional().openapi({ description: 'Its `modified`; the latest if absent' }),
    }),
    variables: z.record(variableName, given).default({}),
    dryRun: z
      .boolean()
      .default(false)
      .openapi({ description: 'Only the plan: nothing is done, nobody is asked' }),
    breakGlass: z
      .boolean()
      .optional()
      .openapi({ description: 'An emergency: begins at once, and is ratified within four hours' }),
    pastValidity: z
      .boolean()
      .optional()
      .openapi({ description: 'You answer for running it before or after its time' }),
    reason: words.optional(),
    actingFor,
  })
  .openapi('RequestContainment', { example: REQUEST_RUN_EXAMPLE });
export type RequestRunBody = z.output<typeof requestRunBody>;

const need = z
  .string()
  .max(300)
  .openapi({ description: '`plan`, `step/` with the id of a step, `rollBack` or `breakGlass`' });
const planHash = z.string().min(1).max(128).openapi({ description: 'Of the plan that you have read' });

export const approveBody = z.strictObject({
  need: need.default('plan'),
  planHash,
  reason: words.optional(),
  actingFor,
});
export const rejectBody = z.strictObject({ need: need.default('plan'), planHash, reason: words, actingFor });
export const approveStepBody = approveBody.omit({ need: true });
export const rejectStepBody = rejectBody.omit({ need: true });

const unit = z
  .string()
  .max(400)
  .optional()
  .openapi({ description: 'Which one, where the step waits for several' });
export const completeStepBody = z.strictObject({
  unit,
  variables: z.record(variableName, z.string().max(8192)).default({}),
  evidence: z
    .array(z.string().max(100))
    .max(50)
    .default([])
    .openapi({ description: 'Ids of evidence on record' }),
  comment: words.optional(),
  actingFor,
});
export const failStepBody = z.strictObject({ unit, reason: words, actingFor });

/** Of a stop, and of going on after one. */
export const reasonedBody = z.strictObject({ reason: words.optional(), actingFor });

export const rollBackBody = z.strictObject({
  effects: z
    .array(z.string().max(100))
    .min(1)
    .max(1000)
    .optional()
    .openapi({ description: 'Ids of effects; everything in force if absent' }),
  reason: words.optional(),
  actingFor,
});
export const changePlanBody = z.strictObject({
  variables: z.record(variableName, given),
  reason: words.optional(),
  actingFor,
});

export const runParams = z.object({ containmentId: z.string().max(100) });
export const stepParams = runParams.extend({ step: z.string().max(300) });

const STATES = [
  'awaitingApproval',
  'running',
  'stopping',
  'rollingBack',
  'rolledBack',
  ...RUN_RESULTS,
] as const;

const approval = z.object({
  need: z.string(),
  state: z.enum(APPROVAL_STATES),
  role: z.string(),
  required: z.int(),
  including: z.array(z.string()).openapi({ description: 'Roles that have to be among them' }),
  level: z.int().openapi({ description: 'How often it was passed on because nobody answered' }),
  askedAt: instant.nullable(),
  validUntil: instant.nullable(),
  votes: z.array(
    z.object({ person: z.string(), role: z.string(), decision: z.enum(['approve', 'reject']), at: instant }),
  ),
});

const waiting = z.object({
  unit: z.string(),
  step: z.string(),
  purpose: z.enum(UNIT_PURPOSES),
  since: instant,
  answers: z
    .record(z.string(), z.string())
    .openapi({ description: 'What has to be answered: name and type' }),
  needsEvidence: z.boolean(),
});

const effect = z.object({
  id: z.string(),
  name: z.string(),
  target: z.string(),
  state: z.enum(['attempting', 'inForce', 'absent', 'unknown', 'undoing', 'undone', 'released', 'notUndone']),
  isVerified: z.boolean(),
  since: instant,
  expiresAt: instant.nullable(),
  hasExpired: z.boolean(),
  canBeUndone: z.boolean(),
  undoOutcome: z.enum(UNDO_OUTCOMES).nullable(),
  undoReason: z.string().nullable(),
});

const rollBack = z.object({
  id: z.string(),
  cause: z.enum(['asked', 'failure', 'expiry']),
  askedAt: instant,
  endedAt: instant.nullable(),
  refused: z.string().nullable(),
  outcomes: z.array(
    z.object({ effect: z.string(), outcome: z.enum(UNDO_OUTCOMES), reason: z.string().nullable() }),
  ),
  left: z.array(z.string()).openapi({ description: 'Effects still to be taken back, in that order' }),
});

export const runView = z
  .object({
    id: z.string(),
    ticketId: z.string(),
    playbook: z.object({ id: z.string(), version: z.string(), digest: z.string(), name: z.string() }),
    state: z.enum(STATES),
    result: z.enum(RUN_RESULTS).nullable(),
    reason: z.string().nullable(),
    licence: z.enum(['approval', 'authorisation', 'breakGlass']),
    planHash: z.string(),
    requestedAt: instant,
    requestedBy: journalActor.nullable(),
    endedAt: instant.nullable(),
    approvals: z.array(approval),
    waitingFor: z.array(waiting),
    underWay: z.array(
      z.object({ unit: z.string(), step: z.string(), purpose: z.enum(UNIT_PURPOSES), since: instant }),
    ),
    effects: z.array(effect),
    inForce: z.array(z.string()).openapi({ description: 'Ids of effects that may stand' }),
    unknown: z
      .array(z.string())
      .openapi({ description: 'Units of which nobody knows whether they took effect' }),
    rollBack: rollBack.nullable(),
    sequence: z.int(),
    links: z.object({ self: z.string(), ticket: z.string() }),
  })
  .openapi('Containment', { example: CONTAINMENT_EXAMPLE });
export type RunView = z.output<typeof runView>;

export const runWithLog = runView.extend({ log: z.array(journalEvent) }).openapi('ContainmentWithLog');
export const runPage = z.object({ data: z.array(runView), page }).openapi('ContainmentPage');

export const RUN_HEADERS = { ETag: 'The sequence of the run in quotes' };

const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .optional();

export const runQuery = z.strictObject({
  limit,
  cursor,
  ticket: z.string().max(401).optional(),
  state: z
    .string()
    .max(300)
    .transform((text) => text.split(','))
    .optional()
    .openapi({ description: 'One or several, separated by commas' }),
  inForce: flag,
  awaiting: flag,
});
export const runMark = z.strictObject({ at: markedInstant, id: markedId });
