/** Plans as they are shown, protected assets, and authorisations of playbooks. */
import { z } from 'zod';
import { PROTECTION_KINDS, PROTECTION_MODES } from '../../domain/protection.ts';
import { UNIT_PURPOSES } from '../../domain/unit.ts';
import {
  actingFor,
  actorView,
  cursor,
  instant,
  instantMs,
  limit,
  markedId,
  markedInstant,
  page,
  seconds,
  word,
} from './common.ts';

const id = (example: string) =>
  z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .openapi({ example });
const reason = z.string().trim().min(1).max(2000);
export const securityMark = z.strictObject({ at: markedInstant, id: markedId });
export const securityQuery = z.strictObject({ limit, cursor });

export const PROTECT_ASSET_EXAMPLE = {
  kind: 'glob',
  pattern: 'dc-*.example.com',
  mode: 'never',
  reason: 'Domain controllers: nobody could log in any more',
} as const;

export const protectAssetBody = z
  .strictObject({
    kind: z.enum(PROTECTION_KINDS).openapi({
      description:
        '`exact`: this host, address, account or entry. `cidr`: a range of addresses. `dn`: an entry of a directory and ' +
        'all below it. `glob`: `*` and `?` in a name',
    }),
    pattern: z.string().trim().min(1).max(500),
    mode: z.enum(PROTECTION_MODES).openapi({
      description: '`never`: not touched. `approval`: two persons agree to the plan, a manager among them',
    }),
    reason,
    until: instantMs.nullable().default(null).openapi({ description: 'Null: until it is taken away' }),
    actingFor,
  })
  .openapi('ProtectAsset', { example: PROTECT_ASSET_EXAMPLE });

export const protectedAssetParams = z.object({ assetId: id('pas_019f6a3e5b7c7d10a1b2c3d4e5f60718') });

export const protectedAssetView = z
  .object({
    id: z.string(),
    kind: z.enum(PROTECTION_KINDS),
    pattern: z.string(),
    mode: z.enum(PROTECTION_MODES),
    reason: z.string(),
    until: instant.nullable(),
    addedBy: actorView,
    addedAt: instant,
    links: z.object({ self: z.string() }),
  })
  .openapi('ProtectedAsset', {
    example: {
      id: 'pas_019f6a3e5b7c7d10a1b2c3d4e5f60718',
      ...PROTECT_ASSET_EXAMPLE,
      until: null,
      addedBy: { subject: 'key:0f3a9d2b6c1e4a57', role: 'responder', person: 'agent-17' },
      addedAt: '2026-01-12T09:00:00.000Z',
      links: { self: '/v1/protected-assets/pas_019f6a3e5b7c7d10a1b2c3d4e5f60718' },
    },
  });
export const protectedAssetPage = z
  .object({ data: z.array(protectedAssetView), page })
  .openapi('ProtectedAssetPage');

export const AUTHORISE_EXAMPLE = {
  playbook: 'playbook--b07ffa4a-3d67-453b-b9ac-eb45c2ad6bfe',
  digest: 'a'.repeat(64),
  maxTargets: 1,
  validUntil: '2026-03-31T00:00:00Z',
  reason: 'Ransomware at night: one host is isolated at once',
} as const;

export const authoriseBody = z
  .strictObject({
    playbook: word,
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 lower-case hexadecimal digits')
      .openapi({ description: 'Of the exact version; another one is not authorised' }),
    maxTargets: z.int().min(1).max(1000),
    validUntil: instantMs.openapi({ description: 'At most 90 days from now' }),
    reason,
  })
  .openapi('AuthorisePlaybook', { example: AUTHORISE_EXAMPLE });
export const authorisationDeedBody = z.strictObject({}).openapi('DecideOnAuthorisation');
export const authorisationParams = z.object({
  authorisationId: id('aut_019f6a3e5b7c7d10a1b2c3d4e5f60718'),
});

export const authorisationView = z
  .object({
    id: z.string(),
    playbook: z.string(),
    digest: z.string(),
    state: z.enum(['awaitingConfirmation', 'valid', 'expired', 'revoked']),
    maxTargets: z.int(),
    reason: z.string(),
    validUntil: instant,
    grantedBy: actorView,
    grantedAt: instant,
    confirmedBy: actorView.nullable(),
    confirmedAt: instant.nullable(),
    revokedBy: actorView.nullable(),
    revokedAt: instant.nullable(),
    links: z.object({ self: z.string() }),
  })
  .openapi('PlaybookAuthorisation', {
    example: {
      id: 'aut_019f6a3e5b7c7d10a1b2c3d4e5f60718',
      ...AUTHORISE_EXAMPLE,
      state: 'awaitingConfirmation',
      grantedBy: { subject: 'key:0f3a9d2b6c1e4a57', role: 'manager', person: 'manager-1' },
      grantedAt: '2026-01-12T09:00:00.000Z',
      confirmedBy: null,
      confirmedAt: null,
      revokedBy: null,
      revokedAt: null,
      links: { self: '/v1/playbook-authorisations/aut_019f6a3e5b7c7d10a1b2c3d4e5f60718' },
    },
  });
export const authorisationPage = z
  .object({ data: z.array(authorisationView), page })
  .openapi('PlaybookAuthorisationPage');

const plannedUnit = z.object({
  step: z.string(),
  name: z.string().nullable(),
  purpose: z.enum(UNIT_PURPOSES),
  occurrence: z.enum(['always', 'conditional', 'repeats']),
  commandType: z.string(),
  command: z.string().openapi({
    description: 'With variables put in; hidden ones as •••, and those not known yet as the reference',
  }),
  content: z.string().nullable(),
  agent: z.string(),
  target: z.string(),
  targetKey: z.string().nullable().openapi({ description: 'Null while a variable in it is not known' }),
  byHand: z.boolean(),
  changes: z.boolean(),
  reversibility: z.enum(['noChange', 'reversible', 'irreversible', 'unknown']),
  effect: z.string().nullable(),
  undoStep: z.string().nullable(),
  snapshotStep: z.string().nullable(),
  verifyStep: z.string().nullable(),
  expiresAfterSeconds: seconds.nullable(),
  thenTakenBack: z.boolean().openapi({ description: 'When it expires: else somebody looks at it' }),
  approvals: z.array(z.string()).openapi({ description: 'Which of `approvals` it needs' }),
  faults: z.array(z.string()).openapi({ description: 'Codes of `faults` that are about it' }),
});

const PLAN_EXAMPLE = {
  hash: '5f0a7b1c9d3e4a6f8b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a',
  ticket: 'tkt_019f6a3e5b7c7d10a1b2c3d4e5f60718',
  playbooks: [
    {
      id: 'playbook--b07ffa4a-3d67-453b-b9ac-eb45c2ad6bfe',
      modified: '2026-01-05T08:00:00.000Z',
      digest: 'a'.repeat(64),
      name: 'Isolate a host',
    },
  ],
  refused: false,
  maxTargets: 1,
  targets: ['ws-1042'],
  approvals: [
    {
      need: 'plan',
      reasons: ['declared'],
      role: 'approver',
      required: 2,
      including: [],
      respondWithinSeconds: 1800,
      escalateTo: ['manager'],
      validForSeconds: 3600,
    },
  ],
  irreversible: [],
  runsUnasked: null,
  faults: [],
  units: [
    {
      step: 'action--3f8c0e52-5b1d-4a77-9c60-1d2e3f4a5b6c',
      name: 'Isolate the host',
      purpose: 'act',
      occurrence: 'always',
      commandType: 'http-api',
      command: 'PUT /hosts/ws-1042/isolated HTTP/1.1',
      content: null,
      agent: 'EDR',
      target: 'ws-1042',
      targetKey: 'ws-1042',
      byHand: false,
      changes: true,
      reversibility: 'reversible',
      effect: 'isolated',
      undoStep: 'action--8b7a6c5d-4e3f-4210-9f8e-7d6c5b4a3f2e',
      snapshotStep: null,
      verifyStep: null,
      expiresAfterSeconds: 86_400,
      thenTakenBack: false,
      approvals: ['plan'],
      faults: [],
    },
  ],
};

/** What a dry run answers. */
export const planView = z
  .object({
    hash: z.string().openapi({ description: 'What approvals are bound to: another plan has another' }),
    ticket: z.string(),
    playbooks: z.array(
      z.object({ id: z.string(), modified: z.string(), digest: z.string(), name: z.string() }),
    ),
    refused: z.boolean().openapi({ description: 'A run of it would not be begun' }),
    maxTargets: z.int(),
    targets: z.array(z.string()).openapi({ description: 'What it would change, as far as known' }),
    approvals: z.array(
      z.object({
        need: z.string().openapi({ description: '`plan`, `step/…` or `rollBack`' }),
        reasons: z.array(
          z.enum(['declared', 'impact', 'irreversible', 'noUndo', 'protected', 'restoresAccess']),
        ),
        role: z.string(),
        required: z.int(),
        including: z.array(z.string()),
        respondWithinSeconds: seconds,
        escalateTo: z.array(z.string()),
        validForSeconds: seconds,
      }),
    ),
    irreversible: z.array(z.string()).openapi({ description: 'Steps that cannot be taken back' }),
    runsUnasked: z
      .string()
      .nullable()
      .openapi({ description: 'Why it cannot begin as an emergency; null where it can' }),
    faults: z.array(
      z.object({
        weight: z.enum(['refused', 'blocked', 'notice']),
        code: z.string(),
        message: z.string(),
      }),
    ),
    units: z.array(plannedUnit),
  })
  .openapi('Plan', { example: PLAN_EXAMPLE });
export type PlanView = z.output<typeof planView>;
