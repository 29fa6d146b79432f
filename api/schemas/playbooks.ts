/** Playbooks: a CACAO v2.0 document in, what was found in it out. */
import { z } from 'zod';
import { cursor, instant, limit, page } from './common.ts';
import { PLAYBOOK_EXAMPLE, PLAYBOOK_VIEW_EXAMPLE } from './playbook-examples.ts';

/** Its form is judged by domain/playbook-check.ts, which says more than a schema could. */
export const playbookDocument = z.record(z.string(), z.unknown()).openapi('PlaybookDocument', {
  type: 'object',
  additionalProperties: true,
  description: 'A CACAO v2.0 playbook. Unknown properties are kept.',
  example: PLAYBOOK_EXAMPLE,
});

const finding = z
  .object({
    severity: z.enum(['error', 'warning']),
    pointer: z.string().openapi({ description: 'JSON pointer (RFC 6901) into the playbook' }),
    code: z.string().openapi({ description: 'Stable; listed in docs/playbooks.md' }),
    message: z.string(),
  })
  .openapi('PlaybookFinding');

const signature = z
  .object({
    id: z.string().nullable(),
    signee: z.string().nullable(),
    algorithm: z.string(),
    valid: z.boolean().openapi({ description: 'It fits the playbook, by whatever key' }),
    trusted: z.boolean().openapi({ description: 'It fits by a pinned key, and is in its time of validity' }),
    expired: z.boolean(),
    revoked: z.boolean(),
    reason: z.string().nullable().openapi({ description: 'Why it is not trusted' }),
  })
  .openapi('PlaybookSignature');

export const playbookCheckView = z
  .object({
    verdict: z.enum(['executable', 'importable', 'invalid']),
    findings: z.array(finding),
    signatures: z.array(signature),
  })
  .openapi('PlaybookCheck');

const head = {
  id: z.string(),
  modified: z.string().openapi({ description: 'With the id, the version' }),
  name: z.string(),
  description: z.string().nullable(),
  digest: z.string().openapi({ description: 'SHA-256 of the canonical JSON, signatures aside' }),
  verdict: z.enum(['executable', 'importable']),
  signatures: z.array(signature),
  importedAt: instant,
  importedBy: z.string(),
  links: z.object({ self: z.string(), versions: z.string(), document: z.string() }),
};

export const playbookSummary = z.object(head).openapi('PlaybookSummary');
export const playbookPage = z.object({ data: z.array(playbookSummary), page }).openapi('PlaybookPage');
export const playbookView = z
  .object({ ...head, findings: z.array(finding), playbook: playbookDocument })
  .openapi('Playbook', { example: PLAYBOOK_VIEW_EXAMPLE });

export const playbookParams = z.object({
  playbookId: z
    .string()
    .regex(/^playbook--[0-9a-fA-F-]{36}$/, { error: 'must be playbook-- and a UUID' })
    .openapi({ example: PLAYBOOK_EXAMPLE.id }),
});
const modified = z
  .string()
  .max(40)
  .regex(/^[\w:.+-]+$/)
  .optional()
  .openapi({ description: 'The version; the latest without it', example: PLAYBOOK_EXAMPLE.modified });
export const versionQuery = z.strictObject({ modified });
export const playbookPageQuery = z.strictObject({ limit, cursor });
export const playbookMark = z
  .string()
  .max(100)
  .regex(/^[\w:.+-]+$/);
