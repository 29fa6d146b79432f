/**
 * Carrying out a unit exactly once (docs/decisions/0021-units.md): claimed by one worker, let through the gate, noted as
 * sending before the first byte leaves, and ended once. What is found sent and unanswered is in doubt: sent again under
 * the same idempotency key where that is as good as once, else told as unknown. Never a blind retry.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { extensionOf, type AgentTarget } from '../domain/playbook.ts';
import { MOST_ATTEMPTS, type UnitOrder, type UnitReport } from '../domain/unit.ts';
import { resultsOf } from '../domain/unit-results.ts';
import type { ArtifactStore } from '../prisma/artifacts.ts';
import type { UnitEnd, UnitStore } from '../prisma/units.ts';
import { Attempt, type Pulse } from './attempt.ts';
import type { ConnectorAnswer, ReadyCommand } from './connector.ts';
import { createMask } from './masking.ts';
import { NotReady, readyUnit, type ReadyingDeps, type ReadyUnit } from './ready-unit.ts';
import { bytesOf, shownRequest, unitKeyOf } from './unit-record.ts';

/** What the gate is shown: the command as it is about to leave, secrets included, and what it acts on. */
export interface AtTheGate {
  order: UnitOrder;
  command: ReadyCommand;
  target: AgentTarget;
}

export type GateAnswer = { allowed: true } | { allowed: false; reason: string };

/** Whether a changing command is allowed now: approval, authority, protection, legal hold, each read afresh. */
export type Gate = (about: AtTheGate) => Promise<GateAnswer>;

export interface ActuatorDeps extends ReadyingDeps {
  units: Pick<UnitStore, 'claim' | 'send' | 'renew' | 'settle'>;
  artifacts: Pick<ArtifactStore, 'keep'>;
  gate: Gate;
  log: Logger;
  /** For so long a worker has a unit without saying that it is alive; tests shorten it. */
  leaseMs?: number;
  /** Between attempts, and between looks at what another worker or run is doing. */
  pauseMs?: number;
}

export interface Actuator {
  actuate(order: UnitOrder, pulse: Pulse): Promise<UnitReport>;
}

export interface Actuating {
  /**
   * Carries a unit out, once, and tells what came of it; asked again, it tells the same. Throws only where nothing can be
   * told yet: no database, or another worker has it.
   */
  actuate(order: UnitOrder): Promise<UnitReport>;
}

const PAUSE_MS = 1_000;
/** A connector answers an abort at once; one that does not is left behind. */
const LAST_WORDS_MS = 2_000;
/** What was answered is worth a while of waiting for the database. */
const KEEP_TRYING_MS = 2 * 60_000;

/** What is known when a worker begins with a unit. */
interface Start {
  /** How often it was sent before; nobody knows what came of that. */
  attempts: number;
  /** Another run may have brought its effect about. */
  othersInDoubt: boolean;
}

const STOPPED = 'The run was stopped';

export function createActuator(deps: ActuatorDeps): Actuator {
  const { units, artifacts, log, pauseMs = PAUSE_MS } = deps;

  /** How many commands the unit's step has; one where nobody knows the step. */
  const commandsOf = async ({ playbook, step: id }: UnitOrder): Promise<number> => {
    const step = (await deps.playbookOf(playbook))?.workflow[id];
    return step?.type === 'action' ? step.commands.length : 1;
  };

  const isStopped = ({ pulse, halt }: Attempt): boolean => halt !== null || pulse.isCancelled();

  /** Waits, unless the run is stopped meanwhile. A worker that ends leaves the unit to another. */
  const rest = async (attempt: Attempt, ms: number): Promise<void> => {
    const until = performance.now() + ms;
    do {
      if (attempt.pulse.isLeaving()) throw new Error('The worker ends');
      await sleep(Math.max(0, Math.min(pauseMs, until - performance.now())));
    } while (performance.now() < until && !isStopped(attempt));
  };

  /** Tried while the database is away: what was answered must not be forgotten. */
  const persist = async <T>(what: () => Promise<T>): Promise<T> => {
    const until = performance.now() + KEEP_TRYING_MS;
    for (;;) {
      try {
        return await what();
      } catch (error) {
        if (performance.now() > until) throw error;
        await sleep(pauseMs);
      }
    }
  };

  const settle = async ({ order, lease }: Attempt, end: UnitEnd): Promise<UnitReport> => {
    const report = await persist(() => units.settle(order.id, lease.worker, end));
    if (!report) throw new Error(`Unit ${order.id} was taken over by another worker`);
    const { id: unit, run, ticket, step, target, purpose } = order;
    const about = {
      unit,
      run,
      ticket,
      step,
      target,
      purpose,
      outcome: report.outcome,
      reason: report.reason,
    };
    if (report.outcome === 'unknown') log.error(about, 'nobody knows whether a unit took effect');
    else log.info(about, 'unit ended');
    return report;
  };

  /** Until the unit is ours, or has ended. */
  const claim = async (attempt: Attempt): Promise<UnitReport | Start> => {
    const { order, lease } = attempt;
    const key = unitKeyOf(order, await commandsOf(order));
    const waitsUntil = performance.now() + order.timeoutMs;
    for (;;) {
      const found = await units.claim(key, lease);
      switch (found.claim) {
        case 'done':
          return found.report;
        case 'go':
          return { attempts: 0, othersInDoubt: found.othersInDoubt };
        case 'doubt':
          return { attempts: found.attempts, othersInDoubt: false };
        case 'differs':
          throw ApplicationFailure.nonRetryable(`${order.id} is the id of another unit`, 'UnitDiffers');
        case 'wait':
          if (isStopped(attempt)) return settle(attempt, { outcome: 'blocked', reason: STOPPED });
          if (performance.now() > waitsUntil) {
            const reason = 'Another run is bringing it about or taking it back, and does not end';
            return settle(attempt, { outcome: 'blocked', reason });
          }
          break;
        case 'busy':
          break;
      }
      await rest(attempt, pauseMs);
    }
  };

  const carryOut = async (attempt: Attempt, { connector, request }: ReadyUnit): Promise<ConnectorAnswer> => {
    const { order, abort } = attempt;
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(order.timeoutMs)]);
    const leftBehind = new AbortController();
    const given = new Promise<ConnectorAnswer>((resolve) => {
      const giveUp = () => resolve({ outcome: 'unknown', reason: 'There was no answer in time' });
      signal.addEventListener('abort', () => {
        sleep(LAST_WORDS_MS, undefined, { signal: leftBehind.signal }).then(giveUp, () => undefined);
      });
    });
    try {
      return await Promise.race([connector.carryOut({ ...request, signal }), given]);
    } catch {
      // A fault of the connector, anywhere between nothing and everything; its words may hold secrets.
      return { outcome: 'unknown', reason: `The connector for ${request.command.type} failed` };
    } finally {
      leftBehind.abort();
    }
  };

  /** Why it must not be sent now; null where it may. */
  const objection = async (
    attempt: Attempt,
    { connector, request, target }: ReadyUnit,
  ): Promise<string | null> => {
    const { order } = attempt;
    if (isStopped(attempt)) return STOPPED;
    if (!order.isChange && !connector.isChange(request.command)) return null;
    const answer = await deps.gate({ order, command: request.command, target });
    return answer.allowed ? null : answer.reason;
  };

  /** What the answer says of the variables, and what is kept of it. */
  const endedBy = async (
    { order }: Attempt,
    { step, secrets, sensitive }: ReadyUnit,
    answer: ConnectorAnswer,
  ): Promise<UnitEnd> => {
    const isLast = order.commandIndex === step.commands.length - 1;
    const read =
      answer.outcome === 'succeeded' && isLast
        ? resultsOf(step, answer.output, order.variables)
        : { values: {} };
    const values = 'values' in read ? Object.entries(read.values) : [];
    const hidden = values.filter(([name]) => sensitive.has(name)).map(([, value]) => value);
    const mask = createMask([...secrets, ...hidden]);
    const { output } = answer;
    const answerHash =
      output === undefined ? undefined : await persist(() => artifacts.keep(bytesOf(mask(output))));
    const kept = answerHash === undefined ? {} : { answerHash };
    if (answer.outcome !== 'succeeded')
      return { outcome: answer.outcome, reason: mask(answer.reason), ...kept };
    // What was done is done, whatever it answered; a look that cannot be read has failed.
    if ('problem' in read)
      return { outcome: order.isChange ? 'succeeded' : 'failed', reason: read.problem, ...kept };
    const variables: Record<string, { value: string } | { sealed: string }> = {};
    for (const [name, value] of values)
      variables[name] = sensitive.has(name)
        ? { sealed: await persist(() => deps.sealing.seal(value, { ticket: order.ticket })) }
        : { value: mask(value) };
    return { outcome: 'succeeded', variables, ...kept };
  };

  /** Notes it as sending; the answer, or why it was not sent. */
  const send = async (
    attempt: Attempt,
    ready: ReadyUnit,
    requestHash: string,
  ): Promise<ConnectorAnswer | { refused: string }> => {
    const { order, lease } = attempt;
    const refused = await objection(attempt, ready);
    if (refused !== null) return { refused };
    const askedAt = performance.now();
    const sending = await units.send(order.id, { ...lease, requestHash });
    if (sending === 'lost') throw new Error(`Unit ${order.id} was taken over by another worker`);
    if (sending === 'noRun') return { refused: `There is no run ${order.run}` };
    if (sending !== 'sending') return { refused: STOPPED };
    // A process that stood still for as long may not be the only one that has the unit.
    if (performance.now() - askedAt > lease.leaseMs)
      throw new Error(`Unit ${order.id} was left for too long`);
    return carryOut(attempt, ready);
  };

  /** Sends it until it is known what came of it, or it must not be sent again. */
  const pursue = async (attempt: Attempt, ready: ReadyUnit, start: Start): Promise<UnitReport> => {
    const { order } = attempt;
    const { connector, request, step, secrets } = ready;
    const { retry } = extensionOf(step);
    const isRepeatable = order.repeatable ?? (!order.isChange || connector.isRepeatable(request.command));
    const most = isRepeatable ? Math.max(MOST_ATTEMPTS, retry?.attempts ?? 0) : 1;
    const mostFailures = isRepeatable ? (retry?.attempts ?? 1) : 1;
    const inDoubt = (reason: string, end?: UnitEnd): Promise<UnitReport> =>
      settle(attempt, { ...end, outcome: order.isChange ? 'unknown' : 'failed', reason });
    if (start.othersInDoubt && !isRepeatable)
      return inDoubt('Another run may have brought it about, and doing it twice is not as doing it once');
    const requestHash = await artifacts.keep(bytesOf(createMask(secrets)(shownRequest(request))));
    let doubt = start.attempts > 0 ? 'It was sent, and its answer was lost' : null;
    for (let attempts = start.attempts; doubt === null || attempts < most;) {
      const answer = await send(attempt, ready, requestHash);
      if ('refused' in answer) {
        if (doubt !== null) return inDoubt(`${doubt}; it was not sent again: ${answer.refused}`);
        return settle(attempt, { outcome: 'blocked', reason: answer.refused });
      }
      attempts += 1;
      const end = await endedBy(attempt, ready, answer);
      if (answer.outcome === 'succeeded') return settle(attempt, end);
      if (answer.outcome === 'unknown') doubt = end.reason ?? 'There was no answer';
      // A refusal now says nothing of what came of it before.
      else if (doubt !== null) return inDoubt(`${doubt}; sent again, it failed: ${end.reason}`, end);
      else if (attempts >= mostFailures) return settle(attempt, end);
      if (doubt === null || attempts < most) await rest(attempt, retry?.everyMs ?? pauseMs);
    }
    return inDoubt(doubt);
  };

  const readyOrWhyNot = (order: UnitOrder): Promise<ReadyUnit | NotReady> =>
    readyUnit(deps, order).catch((error: unknown) => {
      if (error instanceof NotReady) return error;
      throw error;
    });

  const carryOn = async (attempt: Attempt, start: Start): Promise<UnitReport> => {
    const { order } = attempt;
    const ready = await readyOrWhyNot(order);
    if (ready instanceof NotReady) {
      const isInDoubt = start.attempts > 0 && order.isChange;
      return settle(attempt, { outcome: isInDoubt ? 'unknown' : 'failed', reason: ready.message });
    }
    try {
      return await pursue(attempt, ready, start);
    } catch (error) {
      // What is thrown goes into the history and the log.
      throw new Error(createMask(ready.secrets)((error as Error).message));
    }
  };

  return {
    async actuate(order, pulse) {
      const attempt = new Attempt(order, pulse, deps);
      try {
        const claimed = await claim(attempt);
        if ('outcome' in claimed) return claimed;
        return await carryOn(attempt, claimed);
      } finally {
        attempt.end();
      }
    },
  };
}

/** The units of a run as an activity. */
export function createActuating({ actuator }: { actuator: Actuator }): Actuating {
  return {
    actuate(order) {
      const context = Context.current();
      return actuator.actuate(order, {
        heartbeat: () => context.heartbeat(),
        isCancelled: () => context.cancellationDetails?.cancelRequested ?? false,
        isLeaving: () => context.cancellationSignal.aborted && !context.cancellationDetails?.cancelRequested,
      });
    },
  };
}
