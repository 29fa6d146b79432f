/** The readers that open reviews and keep them, their tasks and their tickets in step, over real stores. */
import type { Client } from '@temporalio/client';
import type { JournalHandler, RowHandler } from '../activities/follow.ts';
import { createReviewNews } from '../activities/review-news.ts';
import { createReviews } from '../activities/reviews.ts';
import type { Engine } from '../api/engine.ts';
import { Refused } from '../api/engine-errors.ts';
import { createJournalRunner } from '../api/journal-runner.ts';
import type { JournalName, JournalRequest } from '../domain/journal.ts';
import type { Database } from '../prisma/client.ts';
import { createIntakeStore } from '../prisma/intake.ts';
import { createJournalStore } from '../prisma/journals.ts';
import { createLedger } from '../prisma/ledger.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createReviewStore } from '../prisma/reviews.ts';
import { createTaskStore } from '../prisma/tasks.ts';
import { createTicketStore } from '../prisma/tickets.ts';

interface ReaderDeps {
  client: Client;
  taskQueue: string;
  engine: Pick<Engine, 'tell'>;
}

/** What a journal refuses it knows already, or it is no reason to ask again. */
function tellJournalOver(database: Database, { client, taskQueue }: Omit<ReaderDeps, 'engine'>) {
  const runner = createJournalRunner({ client, taskQueue, journals: createJournalStore(database) });
  return async (kind: JournalName, id: string, request: JournalRequest): Promise<void> => {
    await runner.ask(kind, id, request).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
    });
  };
}

/** The one that reads the ledger. */
export function reviewReaders(
  database: Database,
  { client, taskQueue }: Omit<ReaderDeps, 'engine'>,
): Record<'reviews', RowHandler> {
  return {
    reviews: createReviews({
      client,
      taskQueue,
      tickets: createTicketStore(database),
      policies: createPolicyStore(database),
      ledger: createLedger(database),
      reviews: createReviewStore(database),
      journals: createJournalStore(database),
      intake: createIntakeStore(database),
      tellJournal: tellJournalOver(database, { client, taskQueue }),
    }),
  };
}

/** The one that reads the journals. */
export function reviewJournalReaders(
  database: Database,
  { client, taskQueue, engine }: ReaderDeps,
): Record<'review-news', JournalHandler> {
  return {
    'review-news': createReviewNews({
      client,
      taskQueue,
      journals: createJournalStore(database),
      reviews: createReviewStore(database),
      tasks: createTaskStore(database),
      ledger: createLedger(database),
      tellTicket: (ticketId, facts) => engine.tell(ticketId, facts),
      tellJournal: tellJournalOver(database, { client, taskQueue }),
    }),
  };
}
