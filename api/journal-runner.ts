/**
 * The API's way to the workflows of tasks and problems. A journal is in the database before its workflow runs; a start
 * that fails is made up for by the next request, or by the watchdog.
 */
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { journalOutcomes, type JournalName, type JournalRequest } from '../domain/journal.ts';
import { refusalByLog } from '../domain/journals.ts';
import type { JournalStore } from '../prisma/journals.ts';
import {
  JOURNAL_WORKFLOWS,
  journalStart,
  journalUpdates,
  journalWorkflowId,
  lookAgainSignal,
  type Granted,
} from '../workflows/messages.ts';
import { calledBy, EngineUnavailable, isNotRunning, Refused, wasHeard } from './engine-errors.ts';
import { createTurnstile } from './turnstile.ts';

export interface JournalRunner {
  /** Starts its workflow, or makes it look at its journal and the clock; false where Temporal is away. */
  wake(kind: JournalName, id: string): Promise<boolean>;
  /**
   * Asks for something: in the journal when it answers. Throws Refused or EngineUnavailable; null where there is no such
   * task or problem.
   */
  ask(kind: JournalName, id: string, request: JournalRequest): Promise<Granted | null>;
}

export interface JournalRunnerDeps {
  client: Client;
  taskQueue: string;
  journals: Pick<JournalStore, 'events'>;
  /** How long to wait for an answer. Above 5 s: a lost speculative task is only tried again then. */
  deadlineMs?: number;
}

const WAKE_WITHIN_MS = 3_000;
/** As for tickets (api/engine.ts): waiting here is shorter than being turned away there. */
const REQUESTS_AT_ONCE = 1;

export function createJournalRunner({
  client,
  taskQueue,
  journals,
  deadlineMs = 8_000,
}: JournalRunnerDeps): JournalRunner {
  const turnstile = createTurnstile(REQUESTS_AT_ONCE);

  const by = <R>(deadline: number, call: () => Promise<R>) => calledBy(client, deadline, call);

  const askRunning = (kind: JournalName, id: string, request: JournalRequest): Promise<Granted> =>
    client.workflow
      .getHandle(journalWorkflowId(kind, id))
      .executeUpdate(journalUpdates[kind][request.command.type]!, {
        args: [request],
        updateId: request.id,
      });

  const askStarted = (kind: JournalName, id: string, request: JournalRequest): Promise<Granted> =>
    client.workflow.executeUpdateWithStart(journalUpdates[kind][request.command.type]!, {
      updateId: request.id,
      args: [request],
      startWorkflowOperation: new WithStartWorkflowOperation(
        JOURNAL_WORKFLOWS[kind],
        journalStart(kind, id, { taskQueue }),
      ),
    });

  return {
    wake: (kind, id) =>
      wasHeard(() =>
        by(Date.now() + WAKE_WITHIN_MS, () =>
          client.workflow.signalWithStart(JOURNAL_WORKFLOWS[kind], {
            ...journalStart(kind, id, { taskQueue }),
            signal: lookAgainSignal,
            signalArgs: [],
          }),
        ),
      ),
    ask(kind, id, request) {
      const deadline = Date.now() + deadlineMs;
      return turnstile.pass(`${kind}/${id}`, async () => {
        try {
          return await by(deadline, () => askRunning(kind, id, request));
        } catch (error) {
          if (!isNotRunning(error) && !(error instanceof Refused)) throw error;
          const events = await journals.events(kind, id);
          if (events.length === 0) return null;
          const before = journalOutcomes(events).find((outcome) => outcome.id === request.id);
          if (before) return { sequence: before.sequence };
          if (error instanceof Refused) throw error;
          // It has ended, was lost, or was never started. A run is only begun for what can be granted.
          const refusal = refusalByLog(kind, { id, events, request }, Date.now());
          if (refusal) throw new Refused(refusal);
        }
        return by(Date.now() + deadlineMs, () => askStarted(kind, id, request)).catch((error: unknown) => {
          throw isNotRunning(error) ? new EngineUnavailable(error) : error;
        });
      });
    },
  };
}

/** Wakes every journal that should have woken up by itself: what the watchdog does. */
export async function wakeOverslept(
  journals: Pick<JournalStore, 'overslept'>,
  runner: Pick<JournalRunner, 'wake'>,
  page: { graceMs: number; limit: number } = { graceMs: 60_000, limit: 200 },
): Promise<void> {
  for (const { kind, id } of await journals.overslept(page)) await runner.wake(kind, id);
}
