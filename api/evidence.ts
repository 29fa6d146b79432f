/** Routes about what was secured of an incident, who had it in hand, and what the law asks for. */
import { createHash } from 'node:crypto';
import type { CustodyEntry, Evidence } from '../domain/evidence.ts';
import { rebuild } from '../domain/ticket.ts';
import type { ApiDeps } from './deps.ts';
import { custodyView, evidenceView, obligationsView } from './incident-views.ts';
import { takeIn, type TakenIn } from './intake.ts';
import { actorOf } from './journals.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import {
  addCustodyBody,
  addEvidenceBody,
  custodyView as custodySchema,
  evidenceList,
  evidenceParams,
  evidenceView as evidenceSchema,
  obligationsView as obligationsSchema,
  type AddCustodyBody,
  type AddEvidenceBody,
} from './schemas/evidence.ts';
import { ADD_CUSTODY_EXAMPLE, ADD_EVIDENCE_EXAMPLE } from './schemas/incident-examples.ts';
import { ticketParams } from './schemas/tickets.ts';

const sha256Of = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

function refuse(code: string, pointer: string, message: string): never {
  throw new Problem('invalid', message, { errors: [{ pointer, code, message }] });
}

/** Hash and size of an item: of the content, where that was sent, and then as they were told. */
function measured({ sha256, sizeBytes, content }: AddEvidenceBody): Pick<Evidence, 'sha256' | 'sizeBytes'> {
  if (content === undefined) return { sha256: sha256!, sizeBytes: sizeBytes! };
  const bytes = Buffer.from(content, 'base64');
  const found = sha256Of(bytes);
  if (sha256 !== undefined && sha256 !== found)
    refuse('hash_differs', '/sha256', `the content that was sent has the SHA-256 ${found}`);
  if (sizeBytes !== undefined && sizeBytes !== bytes.length)
    refuse('size_differs', '/sizeBytes', `the content that was sent has ${bytes.length} bytes`);
  return { sha256: found, sizeBytes: bytes.length };
}

const notAhead = (at: number, now: number, pointer: string): void => {
  if (at > now) refuse('in_the_future', pointer, 'cannot be later than now');
};

type EvidenceCall<P, B> = Pick<Call<P, unknown, B>, 'params' | 'body' | 'actor' | 'idempotencyKey' | 'sight'>;

function taken(
  { intake }: ApiDeps,
  ticketId: string,
  {
    path,
    call,
  }: { path: string; call: Pick<EvidenceCall<unknown, unknown>, 'actor' | 'idempotencyKey' | 'body'> },
): Promise<TakenIn> {
  const { actor, idempotencyKey, body } = call;
  return takeIn(intake, { actor, method: 'POST', path, idempotencyKey, ticketId, body });
}

const nowOf = ({ now }: ApiDeps): number => (now ?? Date.now)();

async function addEvidence(
  deps: ApiDeps,
  call: EvidenceCall<{ ticketId: string }, AddEvidenceBody>,
): Promise<Reply> {
  const { body, actor } = call;
  const now = nowOf(deps);
  const { id: ticketId } = await findTicket(deps, call.params.ticketId, call.sight);
  notAhead(body.collectedAt, now, '/collectedAt');
  const content = measured(body);
  const { messageId, replayed } = await taken(deps, ticketId, {
    path: `/v1/tickets/${ticketId}/evidence`,
    call,
  });
  const { name, source, collectedAt, collectedBy, location, run, step, reason = null } = body;
  const id = `evd_${sha256Of(messageId).slice(0, 32)}`;
  const origin = run !== undefined && step !== undefined ? { run, step } : null;
  const item: Evidence = {
    id,
    ticketId,
    name,
    ...content,
    source,
    collectedAt,
    collectedBy,
    origin,
    location,
  };
  const collected: CustodyEntry = {
    id: messageId,
    what: 'collected',
    at: collectedAt,
    by: actorOf(actor, body.actingFor),
    location,
    reason,
    to: null,
    sha256: item.sha256,
    recordedAt: now,
  };
  await deps.evidence.add(item, collected);
  const shown = evidenceView((await deps.evidence.get(ticketId, id))!);
  const headers = { location: shown.links.custody, ...(replayed && { 'idempotency-replayed': 'true' }) };
  return { status: 201, headers, body: shown };
}

interface ItemParams {
  ticketId: string;
  evidence: string;
}

async function findItem(
  deps: ApiDeps,
  { params: { ticketId, evidence }, sight }: Pick<Call<ItemParams, unknown, unknown>, 'params' | 'sight'>,
): Promise<Evidence> {
  const ticket = await findTicket(deps, ticketId, sight);
  const item = await deps.evidence.get(ticket.id, evidence);
  if (!item) throw new Problem('evidence_not_found', `Ticket ${ticketId} has no evidence ${evidence}`);
  return item;
}

async function showCustody(deps: ApiDeps, item: Evidence): Promise<Reply['body']> {
  return custodyView(item, await deps.evidence.custody(item.id), sha256Of);
}

const REFUSED = {
  under_legal_hold: 'is under a legal hold; nothing of it is disposed of until that is lifted',
  evidence_disposed: 'was disposed of; nothing can be done with it any more',
} as const;

async function addCustody(deps: ApiDeps, call: EvidenceCall<ItemParams, AddCustodyBody>): Promise<Reply> {
  const { body, actor } = call;
  const now = nowOf(deps);
  const item = await findItem(deps, call);
  notAhead(body.at, now, '/at');
  const path = `/v1/tickets/${item.ticketId}/evidence/${item.id}/custody`;
  const { messageId, replayed } = await taken(deps, item.ticketId, { path, call });
  const { what, at, location, to = null, reason = null, sha256 = null } = body;
  const by = actorOf(actor, body.actingFor);
  const entry: CustodyEntry = { id: messageId, what, at, by, location, to, reason, sha256, recordedAt: now };
  const answer = await deps.evidence.addCustody(item.id, entry);
  if ('refused' in answer) {
    if (!replayed) await deps.intake.release(messageId);
    throw new Problem(answer.refused, `Evidence ${item.id} ${REFUSED[answer.refused]}`);
  }
  const headers: Record<string, string> = replayed ? { 'idempotency-replayed': 'true' } : {};
  return { status: 201, headers, body: await showCustody(deps, item) };
}

export function evidenceRoutes(deps: ApiDeps): Route[] {
  const shared = { tag: 'incidents' } as const;
  const missing = ['ticket_not_found', 'ticket_not_opened_yet'] as const;
  return [
    defineRoute({
      ...shared,
      method: 'post',
      path: '/v1/tickets/{ticketId}/evidence',
      operationId: 'addEvidence',
      operation: 'evidence.write',
      summary: 'Note what was secured; its custody begins',
      description:
        'The hash and where it is kept are noted, not the content. Small content may be sent along: it is hashed here ' +
        'and compared with what the request says of it. Refused: `hash_differs`, `size_differs`, `in_the_future`.',
      params: ticketParams,
      body: addEvidenceBody,
      example: ADD_EVIDENCE_EXAMPLE,
      answers: {
        201: { description: 'Noted', schema: evidenceSchema, headers: { Location: 'Where its custody is' } },
      },
      problems: [...missing, 'idempotency_key_reused'],
      handle: (call) => addEvidence(deps, call),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/v1/tickets/{ticketId}/evidence',
      operationId: 'listEvidence',
      operation: 'evidence.read',
      summary: 'What was secured, in the order it was collected',
      params: ticketParams,
      answers: { 200: { description: 'All of it', schema: evidenceList } },
      problems: missing,
      async handle({ params, sight }) {
        const { id } = await findTicket(deps, params.ticketId, sight);
        return { body: { data: (await deps.evidence.list(id)).map(evidenceView) } };
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/v1/tickets/{ticketId}/evidence/{evidence}/custody',
      operationId: 'addCustody',
      operation: 'evidence.write',
      summary: 'Note who did what with an item, where and why',
      params: evidenceParams,
      body: addCustodyBody,
      example: ADD_CUSTODY_EXAMPLE,
      answers: { 201: { description: 'Noted; the custody with it', schema: custodySchema } },
      problems: [
        ...missing,
        'evidence_not_found',
        'evidence_disposed',
        'under_legal_hold',
        'idempotency_key_reused',
      ],
      handle: (call) => addCustody(deps, call),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/v1/tickets/{ticketId}/evidence/{evidence}/custody',
      operationId: 'getCustody',
      operation: 'evidence.read',
      summary: 'Who had an item in hand, with every hash computed again',
      params: evidenceParams,
      answers: { 200: { description: 'Oldest entry first', schema: custodySchema } },
      problems: [...missing, 'evidence_not_found'],
      handle: async (call) => ({ body: await showCustody(deps, await findItem(deps, call)) }),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/v1/tickets/{ticketId}/obligations',
      operationId: 'getObligations',
      operation: 'ticket.read',
      summary: 'Every duty of law in play: what it counts from, when it is due, and what became of it',
      params: ticketParams,
      answers: { 200: { description: 'As of `asOf`', schema: obligationsSchema } },
      problems: [...missing, 'not_security'],
      async handle({ params, sight }) {
        const { id } = await findTicket(deps, params.ticketId, sight);
        const ticket = rebuild(id, await deps.ledger.events(id));
        const { security } = ticket.situation;
        if (!security) throw new Problem('not_security', `Ticket ${id} is no security incident`);
        return { body: obligationsView(ticket, security, nowOf(deps)) };
      },
    }),
  ];
}
