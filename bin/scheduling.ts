/** Tickets on schedule, over a real database and a real Temporal. */
import type { Client } from '@temporalio/client';
import { createScheduledOpening, type ScheduledOpening } from '../activities/scheduled-ticket.ts';
import type { Engine } from '../api/engine.ts';
import type { ScheduleMirror } from '../api/schedule-mirror.ts';
import type { Database } from '../prisma/client.ts';
import { createIntakeStore } from '../prisma/intake.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createProcedureStore } from '../prisma/procedures.ts';
import { createScheduleStore } from '../prisma/schedules.ts';
import { createTicketStore } from '../prisma/tickets.ts';

/** For workers that open no tickets by themselves. */
export const NO_SCHEDULING: ScheduledOpening = {
  openScheduledTicket: ({ schedule }) =>
    Promise.reject(new Error(`There is no way to open the ticket of schedule ${schedule}`)),
};

/** All schedules are looked at so often; those that are known to be behind every time. */
const LOOK_AT_ALL_EVERY_MS = 5 * 60_000;

/** What the watchdog does for schedules, the first time for all of them. */
export function createReconciling(mirror: Pick<ScheduleMirror, 'reconcile'>): () => Promise<void> {
  let allAt = -Infinity;
  return async () => {
    const all = Date.now() - allAt >= LOOK_AT_ALL_EVERY_MS;
    await mirror.reconcile(all ? 'all' : 'behind');
    if (all) allAt = Date.now();
  };
}

/** What opens the tickets of schedules. */
export function schedulingOver(
  database: Database,
  { client, taskQueue, engine }: { client: Client; taskQueue: string; engine: Pick<Engine, 'tell'> },
): ScheduledOpening {
  return createScheduledOpening({
    client,
    taskQueue,
    intake: createIntakeStore(database),
    schedules: createScheduleStore(database),
    procedures: createProcedureStore(database),
    policies: createPolicyStore(database),
    tickets: createTicketStore(database),
    tell: (...told) => engine.tell(...told),
  });
}
