/** Journals of tasks and problems: their one write, and reading them back. */
import type { JournalAnswer, JournalStore, JournalWrite } from '../prisma/journals.ts';
import type { JournalEvent, JournalName } from '../domain/journal.ts';

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
