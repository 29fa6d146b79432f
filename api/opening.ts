/** Opening a ticket: taken in once, judged by a policy, opened by the engine or kept until that is back. */
import { uuidv7 } from 'uuidv7';
import { createRulesCache, type RulesFor } from '../domain/rules.ts';
import { firstEventIdOf, type Opening } from '../domain/decide.ts';
import type { Actor, TicketAttributes } from '../domain/events.ts';
import { lowestTier, matchPolicy, priorityOf, type Policy } from '../domain/policy.ts';
import { SEES_ALL } from '../domain/visibility.ts';
import { checkBackdating } from './backdating.ts';
import type { ApiDeps } from './deps.ts';
import { EngineUnavailable } from './engine-errors.ts';
import { takeIn, type TakenIn } from './intake.ts';
import { find, lookUp, type Found } from './lookup.ts';
import { Problem } from './problem.ts';
import type { Call, Reply } from './route.ts';
import type { OpenTicketBody } from './schemas/tickets.ts';
import { locationOf, showTicket, showWaiting } from './show-ticket.ts';

export type OpenCall = Call<unknown, unknown, OpenTicketBody>;

function choosePolicy(policies: readonly Policy[], body: OpenTicketBody): Policy {
  const found =
    body.policy === undefined
      ? matchPolicy(policies, body)
      : policies.find(({ name }) => name === body.policy);
  if (found) return found;
  const detail =
    body.policy === undefined ? 'No policy matches this ticket' : `There is no policy ${body.policy}`;
  throw new Problem('policy_unknown', detail, {
    errors: [{ pointer: '/policy', code: 'policy_unknown', message: detail }],
  });
}

/** What rules and reports need of the body; the rest is text and personal data. */
function attributesOf(body: OpenTicketBody): TicketAttributes {
  const { subject: _s, description: _d, requester: _r, attachments: _a, custom: _c, ...rest } = body;
  const { openedAt: _o, policy: _p, actingFor: _f, ...attributes } = rest;
  return attributes as TicketAttributes;
}

function wordsOf(body: OpenTicketBody): Record<string, unknown> {
  const { subject, description, requester, attachments, custom } = body;
  return JSON.parse(JSON.stringify({ subject, description, requester, attachments, custom })) as Record<
    string,
    unknown
  >;
}

const newTicketId = (): string => `tkt_${uuidv7().replaceAll('-', '')}`;

function takeInOpening({ intake }: ApiDeps, { body, actor, idempotencyKey }: OpenCall): Promise<TakenIn> {
  return takeIn(intake, {
    actor,
    method: 'POST',
    path: '/v1/tickets',
    idempotencyKey,
    ticketId: newTicketId(),
    body,
    text: wordsOf(body),
    external: body.external && { system: body.external.system, id: body.external.id },
  });
}

/** Gives the message back, and says who holds the external reference. */
async function referenceTaken(
  deps: ApiDeps,
  { body, sight }: OpenCall,
  taken: TakenIn,
  holder: string,
): Promise<Problem> {
  if (!taken.replayed) await deps.intake.release(taken.messageId);
  const { system, id } = body.external!;
  const known = await lookUp(deps, holder, sight);
  if (!known) return new Problem('external_reference_taken', `${system}:${id} is another ticket`);
  return new Problem('external_reference_taken', `${system}:${id} is ticket ${holder}`, {
    extra: { ticketId: holder },
    headers: { location: locationOf(holder) },
  });
}

/**
 * A reference held by another ticket is a conflict. Where nothing was ever opened under the holder's id (the request
 * that reserved it was cut short) we go on under that id.
 */
async function settleReference(deps: ApiDeps, call: OpenCall, taken: TakenIn): Promise<TakenIn> {
  const holder = taken.externalTicketId;
  if (holder === undefined || holder === taken.ticketId) return taken;
  if (await lookUp(deps, holder, SEES_ALL)) throw await referenceTaken(deps, call, taken, holder);
  await deps.intake.adopt(taken.messageId, holder);
  return { ...taken, ticketId: holder };
}

function openingFrom(
  { body, actor, requestId }: OpenCall,
  { policy, now, taken, rulesFor }: { policy: Policy; now: number; taken: TakenIn; rulesFor: RulesFor },
): Opening {
  const openedAt = Math.min(body.openedAt ?? now, now);
  const by: Actor = body.actingFor ? { ...actor, actingFor: body.actingFor } : actor;
  return {
    type: 'opened',
    ticketId: taken.ticketId,
    messageId: taken.messageId,
    openedAt,
    actor: by,
    requestId,
    ...(taken.text && { text: taken.text }),
    attributes: attributesOf(body),
    priority: priorityOf(policy, body.impact, body.urgency),
    tier: lowestTier(policy),
    mode: 'act',
    rules: rulesFor(policy, { openedAt, now }),
    ...(body.policy !== undefined && { pinned: true as const }),
  };
}

/** Opens it now, or else keeps the opening; an earlier one of the same message that waits goes first. */
async function openOrKeep(deps: ApiDeps, opening: Opening, before: Found | null): Promise<void> {
  try {
    if (before) await deps.engine.drain({ ticketId: opening.ticketId });
    else await deps.engine.open(opening);
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    if (!before) await deps.engine.spoolOpening(opening);
  }
}

/** Whether the ticket was opened by this message; two that name one reference at once may both have tried. */
async function isOpenedBy(deps: ApiDeps, found: Found, { messageId }: TakenIn): Promise<boolean> {
  if ('waiting' in found) return found.waiting.messageId === messageId;
  return (await deps.ledger.sequenceOf(found.ticket.id, firstEventIdOf(messageId))) !== null;
}

async function reply(deps: ApiDeps, call: OpenCall, taken: TakenIn): Promise<Reply> {
  const { ticketId, replayed } = taken;
  // What was opened just now is shown to whoever told it all.
  const found = await find(deps, ticketId, replayed ? call.sight : SEES_ALL);
  if (call.body.external && !(await isOpenedBy(deps, found, taken)))
    throw await referenceTaken(deps, call, taken, ticketId);
  const headers = { location: locationOf(ticketId), ...(replayed && { 'idempotency-replayed': 'true' }) };
  if ('waiting' in found) return showWaiting(ticketId, headers);
  return showTicket(deps, found.ticket, { status: 201, headers });
}

/** What `POST /v1/tickets` does. */
export function createOpening(deps: ApiDeps): (call: OpenCall) => Promise<Reply> {
  const rulesFor = createRulesCache();
  return async (call) => {
    const now = (deps.now ?? Date.now)();
    const { body, actor } = call;
    const policy = choosePolicy(await deps.policies(), body);
    if (body.openedAt !== undefined)
      checkBackdating(body.openedAt, { now, role: actor.role, policy, pointer: '/openedAt' });
    const taken = await settleReference(deps, call, await takeInOpening(deps, call));
    const before = taken.replayed ? await lookUp(deps, taken.ticketId, SEES_ALL) : null;
    if (!before || 'waiting' in before)
      await openOrKeep(deps, openingFrom(call, { policy, now, taken, rulesFor }), before);
    return reply(deps, call, taken);
  };
}
