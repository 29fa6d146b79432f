/** Evidence, its custody, and the obligations of a security incident. */
import { z } from 'zod';
import { CUSTODY_ACTS } from '../../domain/evidence.ts';
import { OBLIGATION_STATES } from '../../domain/obligations.ts';
import { actingFor, actorView, freeText, instant, instantMs, word } from './common.ts';
import { CUSTODY_EXAMPLE, EVIDENCE_EXAMPLE, OBLIGATIONS_EXAMPLE } from './incident-examples.ts';

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal')
  .openapi({ description: 'SHA-256 of the content, lower-case hexadecimal' });

/** As much content as a body of 64 KB holds beside its other fields. */
const MOST_CONTENT = 44 * 1024;

export const addEvidenceBody = z
  .strictObject({
    name: word,
    sha256: sha256.optional().openapi({ description: 'Needed where the content is not sent' }),
    sizeBytes: z.int().min(0).optional(),
    content: z
      .base64()
      .max(Math.ceil(MOST_CONTENT / 3) * 4)
      .optional()
      .openapi({ description: 'Small content in base64: hashed, compared, and not kept' }),
    source: word.openapi({ description: 'What it was taken from: a host, a mailbox, a log' }),
    collectedAt: instantMs,
    collectedBy: word,
    location: word.openapi({ description: 'Where it is kept' }),
    reason: freeText.optional(),
    run: word.optional().openapi({ description: 'The containment run that it comes from' }),
    step: word.optional(),
    actingFor,
  })
  .refine(({ sha256: hash, sizeBytes, content }) => content || (hash && sizeBytes !== undefined), {
    error: 'send the content, or its sha256 and sizeBytes',
    path: ['sha256'],
  })
  .refine(({ run, step }) => (run === undefined) === (step === undefined), {
    error: 'send run and step together',
    path: ['step'],
  });
export type AddEvidenceBody = z.output<typeof addEvidenceBody>;

export const evidenceView = z
  .object({
    id: z.string(),
    ticketId: z.string(),
    name: z.string(),
    sha256,
    sizeBytes: z.int(),
    source: z.string(),
    collectedAt: instant,
    collectedBy: z.string(),
    run: z.string().nullable(),
    step: z.string().nullable(),
    location: z.string(),
    links: z.object({ custody: z.string() }),
  })
  .openapi('Evidence', { example: EVIDENCE_EXAMPLE });

export const evidenceList = z.object({ data: z.array(evidenceView) }).openapi('EvidenceList');

export const addCustodyBody = z
  .strictObject({
    what: z.enum(CUSTODY_ACTS).exclude(['collected']),
    at: instantMs,
    location: word.openapi({ description: 'Where it is from then on, or where it was done' }),
    to: word.optional().openapi({ description: 'To whom it went' }),
    reason: freeText.optional(),
    sha256: sha256.optional().openapi({ description: 'What was found, where it was verified' }),
    actingFor,
  })
  .refine(({ what, reason }) => what !== 'disposed' || reason !== undefined, {
    error: 'disposal needs a reason',
    path: ['reason'],
  })
  .refine(({ what, to }) => what !== 'transferred' || to !== undefined, {
    error: 'say to whom it went',
    path: ['to'],
  })
  .refine(({ what, sha256: found }) => what !== 'verified' || found !== undefined, {
    error: 'say which hash was found',
    path: ['sha256'],
  });
export type AddCustodyBody = z.output<typeof addCustodyBody>;

const custodyEntry = z.object({
  sequence: z.int(),
  what: z.enum(CUSTODY_ACTS),
  at: instant,
  by: actorView,
  location: z.string(),
  to: z.string().nullable(),
  reason: z.string().nullable(),
  sha256: sha256.nullable(),
  recordedAt: instant,
  previousHash: z.string(),
  hash: z.string().openapi({ description: 'SHA-256 of the hash before and the canonical JSON of the entry' }),
});

export const custodyView = z
  .object({
    evidenceId: z.string(),
    verified: z.boolean().openapi({ description: 'Every hash was computed again, and holds' }),
    fault: z.string().nullable().openapi({ description: 'The first thing that is wrong' }),
    data: z.array(custodyEntry),
  })
  .openapi('Custody', { example: CUSTODY_EXAMPLE });
export type CustodyView = z.input<typeof custodyView>;

export const evidenceParams = z.object({ ticketId: z.string().max(500), evidence: z.string().max(200) });

const report = z.object({
  reportedAt: instant,
  reference: z.string().optional(),
  isProgress: z.boolean().optional(),
  by: z.string(),
});

const obligationView = z.object({
  obligation: z.string(),
  regime: z.string(),
  title: z.string(),
  citation: z.string().openapi({ description: 'Where the law says so' }),
  state: z.enum(OBLIGATION_STATES),
  anchor: z
    .object({ fact: z.string(), reportOf: z.string() })
    .partial()
    .openapi({ description: 'The fact it counts from, or the obligation whose report it counts from' }),
  startedAt: instant.nullable().openapi({ description: 'What it counts from; null until that happened' }),
  becameKnownAt: instant.nullable().openapi({ description: 'When the fact was established here' }),
  deadlineAt: instant.nullable(),
  reports: z.array(report),
  judgedNotApplicable: z.object({ at: instant, by: z.string() }).nullable(),
});

export const obligationsView = z
  .object({
    ticketId: z.string(),
    regimes: z.array(z.string()),
    data: z.array(obligationView),
    sequence: z.int(),
    asOf: instant,
  })
  .openapi('Obligations', { example: OBLIGATIONS_EXAMPLE });
export type ObligationsView = z.input<typeof obligationsView>;
