/** The readers that make problems of recurring tickets and tasks of what is left to do, over real stores. */
import type { Client } from '@temporalio/client';
import { createArticleTasks } from '../activities/article-tasks.ts';
import type { JournalHandler, RowHandler } from '../activities/follow.ts';
import { createProblemNews } from '../activities/problem-news.ts';
import { createRecurrence } from '../activities/recurrence.ts';
import type { Engine } from '../api/engine.ts';
import type { Database } from '../prisma/client.ts';
import { createIntakeStore } from '../prisma/intake.ts';
import { createJournalStore } from '../prisma/journals.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createProblemStore } from '../prisma/problems.ts';
import { createTicketStore } from '../prisma/tickets.ts';

interface ReaderDeps {
  client: Client;
  taskQueue: string;
  engine: Pick<Engine, 'tell'>;
}

/** Those that read the ledger. */
export function recurrenceReaders(
  database: Database,
  { client, taskQueue }: Omit<ReaderDeps, 'engine'>,
): Record<'recurrence' | 'article-tasks', RowHandler> {
  const tickets = createTicketStore(database);
  const policies = createPolicyStore(database);
  const waking = { client, taskQueue };
  return {
    recurrence: createRecurrence({ tickets, policies, problems: createProblemStore(database), ...waking }),
    'article-tasks': createArticleTasks({
      tickets,
      policies,
      journals: createJournalStore(database),
      intake: createIntakeStore(database),
      ...waking,
    }),
  };
}

/** Those that read the journals. */
export function problemReaders(
  database: Database,
  { client, taskQueue, engine }: ReaderDeps,
): Record<'problem-news', JournalHandler> {
  return {
    'problem-news': createProblemNews({
      problems: createProblemStore(database),
      journals: createJournalStore(database),
      intake: createIntakeStore(database),
      tellTicket: (ticketId, facts) => engine.tell(ticketId, facts),
      client,
      taskQueue,
    }),
  };
}
