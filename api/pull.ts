/**
 * Pulling: the next ticket of a queue is reserved for whoever asks, then taken under the reservation's id. A ticket that
 * refuses is freed and the next one tried; one that does not answer stays reserved, and the same pull finds it again.
 */
import type { Actor } from '../domain/events.ts';
import type { Reservation, ReserveRefusal } from '../prisma/queues.ts';
import type { ApiDeps } from './deps.ts';
import { EngineUnavailable, Refused } from './engine-errors.ts';
import { bodyHashOf, messageIdOf } from './intake.ts';
import { Problem } from './problem.ts';

export interface PullAsked {
  tier: number;
  body: { agent: string; team?: string | undefined; actingFor?: string | undefined };
  actor: Actor;
  idempotencyKey: string | undefined;
  requestId: string;
}

/** No new ticket is tried after this long; the caller comes back with the same key. */
const PULL_WITHIN_MS = 12_000;

const iso = (at: number): string => new Date(at).toISOString();

/** Null where the queue is empty; a problem for every other reason. */
function refusalOf(answer: ReserveRefusal, { tier, body: { agent, team } }: PullAsked): Problem | null {
  const invalid = (code: 'agent_unknown' | 'team_unknown', pointer: string, message: string) =>
    new Problem(code, message, { errors: [{ pointer, code, message }] });
  switch (answer.refused) {
    case 'queue_empty':
      return null;
    case 'conflict':
      return new Problem('idempotency_key_reused', 'This Idempotency-Key was used before with another body');
    case 'agent_unknown':
      return invalid('agent_unknown', '/agent', `There is no agent ${agent}, or not any more`);
    case 'team_unknown':
      return invalid('team_unknown', '/team', `There is no team ${team} at tier ${tier}`);
    case 'agent_absent':
      return new Problem('agent_absent', `Agent ${agent} is absent until ${iso(answer.absentUntil)}`);
    case 'agent_elsewhere':
      return new Problem(
        'agent_elsewhere',
        `Agent ${agent} works at tier ${answer.agentTier}, not at tier ${tier}`,
      );
    case 'at_capacity': {
      const { limit, inProgress, reserved } = answer;
      const detail = `Agent ${agent} has ${inProgress} in progress and ${reserved} reserved, of at most ${limit}`;
      return new Problem('at_capacity', detail, { extra: { limit, inProgress, reserved } });
    }
  }
}

/** Whether the ticket was taken; not if it refused. Asked again once where it is not known, under the same id. */
async function take(deps: ApiDeps, asked: PullAsked, reserved: Reservation, until: number): Promise<boolean> {
  const { ticketId, reservation, agent: assignee, tier, team } = reserved;
  const { actor, body, requestId } = asked;
  const ask = () =>
    deps.engine.ask(ticketId, {
      id: reservation,
      command: { type: 'take', assignee, tier, reservation, ...(team !== null && { team }) },
      actor: body.actingFor === undefined ? actor : { ...actor, actingFor: body.actingFor },
      requestId,
    });
  const granted = await ask()
    .catch((error: unknown) => {
      if (error instanceof EngineUnavailable && Date.now() < until) return ask();
      throw error;
    })
    .catch((error: unknown) => {
      if (error instanceof Refused) return null;
      throw error;
    });
  return granted !== null;
}

/** The next ticket, taken; null from an empty queue. Throws a problem where nothing may be had. */
export async function pullNext(deps: ApiDeps, asked: PullAsked): Promise<Reservation | null> {
  const { tier, body, actor, idempotencyKey } = asked;
  const until = Date.now() + PULL_WITHIN_MS;
  const wanted = {
    id: messageIdOf({ actor, method: 'POST', path: `/v1/queues/${tier}/pull`, idempotencyKey }),
    ...(idempotencyKey !== undefined && { bodyHash: bodyHashOf(body) }),
    mode: 'pull' as const,
    agent: body.agent,
    tier,
    team: body.team,
  };
  for (;;) {
    const answer = await deps.queues.reserve(wanted);
    if ('refused' in answer) {
      const problem = refusalOf(answer, asked);
      if (problem) throw problem;
      return null;
    }
    if (answer.granted || (await take(deps, asked, answer, until))) return answer;
    await deps.queues.release(answer.reservation);
    if (Date.now() > until)
      throw new EngineUnavailable(new Error('Every ticket that was tried was just taken'));
  }
}
