/** Journals of tasks and problems: their one write, and reading them back. */
import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { JournalEvent, JournalName } from '../domain/journal.ts';
import { taskJournal, type TaskTerms } from '../domain/task.ts';
import type { IntakeStore } from '../prisma/intake.ts';
import {
  openInJournal,
  type JournalAnswer,
  type JournalStore,
  type JournalWrite,
} from '../prisma/journals.ts';
import { JOURNAL_WORKFLOWS, journalStart, lookAgainSignal } from '../workflows/messages.ts';

export interface Journaling {
  /** Appends to a journal and writes its row, or nothing at all: then it answers why. Safe to repeat. */
  recordJournal(write: JournalWrite): Promise<JournalAnswer>;
  /** The events after `after`, oldest first. */
  readJournal(wanted: { kind: JournalName; id: string; after: number }): Promise<JournalEvent[]>;
}

export interface JournalingDeps {
  journals: Pick<JournalStore, 'record' | 'events'>;
}

export function createJournaling({ journals }: JournalingDeps): Journaling {
  return {
    recordJournal: (write) => journals.record(write),
    readJournal: ({ kind, id, after }) => journals.events(kind, id, after),
  };
}

export interface WakingDeps {
  client: Client;
  taskQueue: string;
}

/** Starts the workflow of a journal, or makes it look at its journal again. */
export async function wakeJournal(
  { client, taskQueue }: WakingDeps,
  kind: JournalName,
  id: string,
): Promise<void> {
  await client.workflow.signalWithStart(JOURNAL_WORKFLOWS[kind], {
    ...journalStart(kind, id, { taskQueue }),
    signal: lookAgainSignal,
    signalArgs: [],
  });
}

export interface TaskOpeningDeps extends WakingDeps {
  journals: Pick<JournalStore, 'record'>;
  intake: Pick<IntakeStore, 'receive'>;
}

/** A name that the same things always get: what is opened twice for one reason is opened once. */
export const digestOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

/** Opens a task and starts its workflow. Safe to repeat with the same id. `openedAt` in epoch milliseconds. */
export async function openTask(
  deps: TaskOpeningDeps,
  { id, title, openedAt, terms }: { id: string; title: string; openedAt: number; terms: TaskTerms },
): Promise<void> {
  const { text } = await deps.intake.receive({ messageId: `open-${id}`, ticketId: id, text: { title } });
  await openInJournal(deps.journals, taskJournal, id, {
    body: { type: 'opened', ...terms },
    occurredAt: openedAt,
    ...(text && { text }),
  });
  await wakeJournal(deps, 'task', id);
}
