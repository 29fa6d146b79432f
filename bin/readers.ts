/**
 * The readers of the ledger and of the journals: each is one long-lived workflow, named here, and what it does with every
 * row it finds. Those of one noun are put together beside it; here they are joined.
 */
import type { Client, Connection } from '@temporalio/client';
import type { JournalHandler, RowHandler } from '../activities/follow.ts';
import { createFollowUps } from '../activities/follow-up.ts';
import { createKnowledge } from '../activities/knowledge.ts';
import { createMajorIncidents } from '../activities/major-incident.ts';
import type { Assignment } from '../activities/assignment.ts';
import type { Channels } from '../activities/channels.ts';
import { createNotifier } from '../activities/notify.ts';
import { createRecipients } from '../activities/recipients.ts';
import { createReviewMessenger } from '../activities/review-messages.ts';
import { createTaskMessenger } from '../activities/task-messages.ts';
import { createTaskPriority } from '../activities/task-priority.ts';
import type { Engine } from '../api/engine.ts';
import { createArticleStore } from '../prisma/articles.ts';
import { createCalendarStore } from '../prisma/calendars.ts';
import type { Database } from '../prisma/client.ts';
import { createDeliveryStore } from '../prisma/deliveries.ts';
import { createIntakeStore } from '../prisma/intake.ts';
import { createLedger } from '../prisma/ledger.ts';
import { createPeopleStore } from '../prisma/people.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createReviewStore } from '../prisma/reviews.ts';
import { createRotaStore } from '../prisma/rotas.ts';
import { createTaskStore } from '../prisma/tasks.ts';
import { createTicketStore } from '../prisma/tickets.ts';
import { containmentReaders } from './containment.ts';
import type { Logger } from './log.ts';
import { customerUpdatesOver, namesOf } from './outbox.ts';
import { problemReaders, recurrenceReaders } from './problem-readers.ts';
import { reviewJournalReaders, reviewReaders } from './review-readers.ts';

interface ReaderDeps {
  client: Client;
  taskQueue: string;
  engine: Engine;
  log: Logger;
  /** The ways out that are configured. */
  channels: Channels;
}

/** Who notifications are for, by the directory of a real database. */
export function recipientsOver(database: Database): ReturnType<typeof createRecipients> {
  return createRecipients({
    people: createPeopleStore(database),
    rotas: createRotaStore(database),
    calendars: createCalendarStore(database),
    tickets: createTicketStore(database),
    policies: createPolicyStore(database),
  });
}

/** The readers of the ledger. */
export function ledgerReaders(
  database: Database,
  { client, taskQueue, engine, log, channels, assignment }: ReaderDeps & { assignment: Assignment },
): Record<string, RowHandler> {
  const tickets = createTicketStore(database);
  const tell: Engine['tell'] = (...told) => engine.tell(...told);
  return {
    notifications: createNotifier({
      deliveries: createDeliveryStore(database),
      log,
      channels: namesOf(channels),
      recipientsOf: recipientsOver(database),
    }),
    'customer-updates': customerUpdatesOver(database, { channels, engine, log }),
    ...recurrenceReaders(database, { client, taskQueue }),
    ...reviewReaders(database, { client, taskQueue }),
    assignment: assignment.onRow,
    'task-priority': createTaskPriority({
      connection: client.connection as Connection,
      namespace: client.options.namespace,
    }),
    'major-incidents': createMajorIncidents({ tickets, tell }),
    knowledge: createKnowledge({ articles: createArticleStore(database), tickets, tell }),
    'follow-ups': createFollowUps({
      client,
      taskQueue,
      ledger: createLedger(database),
      policies: createPolicyStore(database),
      tickets,
      intake: createIntakeStore(database),
    }),
  };
}

/** The readers of the journals of tasks, problems, reviews and containment runs. */
export function journalReaders(
  database: Database,
  { client, taskQueue, engine, log, channels }: ReaderDeps,
): Record<string, JournalHandler> {
  const messages = { deliveries: createDeliveryStore(database), log, channels: namesOf(channels) };
  return {
    'task-messages': createTaskMessenger({ tasks: createTaskStore(database), ...messages }),
    'review-messages': createReviewMessenger({ reviews: createReviewStore(database), ...messages }),
    ...problemReaders(database, { client, taskQueue, engine }),
    ...reviewJournalReaders(database, { client, taskQueue, engine }),
    ...containmentReaders(database, { client, taskQueue, log, channels: namesOf(channels) }),
  };
}
