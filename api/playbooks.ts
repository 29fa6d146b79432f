/** Routes of playbooks: check one, hand one in, read them. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Finding } from '../domain/finding.ts';
import { checkPlaybook, type PlaybookCheck } from '../domain/playbook-check.ts';
import { LITERAL_SECRET } from '../domain/playbook-commands.ts';
import type { StoredPlaybook } from '../prisma/playbooks.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { verifySignatures, type SignatureVerdict } from './playbook-signatures.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { PLAYBOOK_EXAMPLE } from './schemas/playbook-examples.ts';
import {
  playbookCheckView,
  playbookDocument,
  playbookMark,
  playbookPage,
  playbookPageQuery,
  playbookParams,
  playbookView,
  versionQuery,
} from './schemas/playbooks.ts';

const BODY_LIMIT = '1mb';
/** Nobody mends more at once. */
const FAULTS_TOLD = 50;

type ImportDeps = Pick<ApiDeps, 'playbooks' | 'playbookKeys' | 'now'>;

type Document = Readonly<Record<string, unknown>>;

/** SHA-256 of what a playbook says, signatures aside: what approvals and runs are bound to. */
export function digestOf({ signatures: _signatures, ...document }: Document): string {
  return createHash('sha256').update(canonicalJson(document)).digest('hex');
}

function judged(
  { playbookKeys, now = Date.now }: ImportDeps,
  document: Document,
): PlaybookCheck & { signatures: SignatureVerdict[] } {
  const signatures = verifySignatures(document, { pinnedKeys: playbookKeys, now: now() });
  return { ...checkPlaybook(document, { now: now() }), signatures };
}

function refusal(code: 'invalid' | 'literal_secret', findings: readonly Finding[]): Problem {
  const told = findings.slice(0, FAULTS_TOLD);
  const errors = told.map(({ pointer, code: fault, message }) => ({ pointer, code: fault, message }));
  return new Problem(code, told.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '), {
    errors,
  });
}

/** Stores a version once. A problem: it is invalid, has a secret in it, or this version says something else already. */
export async function importPlaybook(deps: ImportDeps, document: Document, importedBy: string) {
  const { verdict, findings, signatures } = judged(deps, document);
  if (verdict === 'invalid')
    throw refusal(
      'invalid',
      findings.filter(({ severity }) => severity === 'error'),
    );
  const secrets = findings.filter(({ code }) => code === LITERAL_SECRET);
  if (secrets.length > 0) throw refusal('literal_secret', secrets);
  const { id, modified } = document as { id: string; modified: string };
  const version = {
    id,
    modified,
    digest: digestOf(document),
    document,
    verdict,
    findings,
    signatures,
    importedBy,
  };
  const { outcome, stored } = await deps.playbooks.import(version);
  if (outcome !== 'conflict') return { outcome, stored };
  throw new Problem(
    'playbook_version_exists',
    `Version ${modified} of ${id} is stored and says something else; give what was changed a later modified`,
  );
}

function summaryOf({
  id,
  modified,
  playbook,
  digest,
  verdict,
  signatures,
  importedAt,
  importedBy,
}: StoredPlaybook) {
  const self = `/v1/playbooks/${id}`;
  const version = `?modified=${encodeURIComponent(modified)}`;
  return {
    id,
    modified,
    name: playbook.name,
    description: playbook.description ?? null,
    digest,
    verdict,
    signatures,
    importedAt: importedAt.toISOString(),
    importedBy,
    links: {
      self: `${self}${version}`,
      versions: `${self}/versions`,
      document: `${self}/document${version}`,
    },
  };
}

const viewOf = (stored: StoredPlaybook) => ({
  ...summaryOf(stored),
  findings: stored.findings,
  playbook: stored.document,
});

async function found({ playbooks }: ApiDeps, id: string, modified?: string): Promise<StoredPlaybook> {
  const stored = await playbooks.get(id, modified);
  if (stored) return stored;
  throw new Problem('playbook_not_found', `There is no playbook ${id}${modified ? ` of ${modified}` : ''}`);
}

function writingRoutes(deps: ApiDeps): Route[] {
  const shared = {
    method: 'post',
    tag: 'playbooks',
    body: playbookDocument,
    bodyLimit: BODY_LIMIT,
    example: PLAYBOOK_EXAMPLE,
  } as const;
  return [
    defineRoute({
      ...shared,
      path: '/v1/playbooks',
      operationId: 'importPlaybook',
      operation: 'playbook.import',
      summary: 'Hand in a version of a playbook',
      description:
        'It is kept as it is, unknown properties too. What is no playbook, or has a secret in it, is refused; what ' +
        'cannot be executed is kept, and says why.',
      answers: {
        200: { description: 'This version is stored already', schema: playbookView },
        201: { description: 'Stored', schema: playbookView, headers: { Location: 'Where it is' } },
      },
      problems: ['literal_secret', 'playbook_version_exists'],
      async handle({ body, actor }) {
        const { outcome, stored } = await importPlaybook(deps, body, actor.person ?? actor.subject);
        const view = viewOf(stored);
        if (outcome === 'known') return { body: view };
        return { status: 201, headers: { location: view.links.self }, body: view };
      },
    }),
    defineRoute({
      ...shared,
      path: '/v1/playbooks/check',
      operationId: 'checkPlaybook',
      operation: 'playbook.check',
      summary: 'Say whether a playbook can be executed, and what is wrong with it',
      description: 'Changes nothing. The same as `tierline playbook check`.',
      answers: { 200: { description: 'The verdict, and everything found', schema: playbookCheckView } },
      problems: [],
      async handle({ body }) {
        const { verdict, findings, signatures } = judged(deps, body);
        return { body: { verdict, findings, signatures } };
      },
    }),
  ];
}

function readingRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'get', operation: 'playbook.read', tag: 'playbooks' } as const;
  return [
    defineRoute({
      ...shared,
      path: '/v1/playbooks',
      operationId: 'listPlaybooks',
      summary: 'The latest version of every playbook, by id',
      query: playbookPageQuery,
      answers: { 200: { description: 'One page', schema: playbookPage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor } }) {
        const after = decodeCursor(cursor, { filters: 'playbooks', mark: playbookMark });
        const rows = await deps.playbooks.list({ after, limit: limit + 1 });
        const of = pageOf(rows, { limit, filters: 'playbooks', markOf: ({ id }) => id });
        return { body: { data: of.rows.map(summaryOf), page: of.page } };
      },
    }),
    defineRoute({
      ...shared,
      path: '/v1/playbooks/{playbookId}',
      operationId: 'getPlaybook',
      summary: 'A version of a playbook, with what was found in it',
      params: playbookParams,
      query: versionQuery,
      answers: { 200: { description: 'The version', schema: playbookView } },
      problems: ['playbook_not_found'],
      handle: async ({ params: { playbookId }, query: { modified } }) => ({
        body: viewOf(await found(deps, playbookId, modified)),
      }),
    }),
    defineRoute({
      ...shared,
      path: '/v1/playbooks/{playbookId}/versions',
      operationId: 'listPlaybookVersions',
      summary: 'Every version of a playbook, newest first',
      params: playbookParams,
      query: playbookPageQuery,
      answers: { 200: { description: 'One page', schema: playbookPage } },
      problems: ['playbook_not_found', 'cursor_invalid'],
      async handle({ params: { playbookId }, query: { limit, cursor } }) {
        const filters = { playbookId };
        const before = decodeCursor(cursor, { filters, mark: playbookMark });
        const rows = await deps.playbooks.versions(playbookId, { before, limit: limit + 1 });
        if (rows.length === 0 && before === null) await found(deps, playbookId);
        const of = pageOf(rows, { limit, filters, markOf: ({ modified }) => modified });
        return { body: { data: of.rows.map(summaryOf), page: of.page } };
      },
    }),
    defineRoute({
      ...shared,
      path: '/v1/playbooks/{playbookId}/document',
      operationId: 'exportPlaybook',
      summary: 'A playbook as it was handed in',
      params: playbookParams,
      query: versionQuery,
      answers: { 200: { description: 'The CACAO document', schema: playbookDocument } },
      problems: ['playbook_not_found'],
      handle: async ({ params: { playbookId }, query: { modified } }) => ({
        body: (await found(deps, playbookId, modified)).document,
      }),
    }),
  ];
}

export function playbookRoutes(deps: ApiDeps): Route[] {
  return [...writingRoutes(deps), ...readingRoutes(deps)];
}
