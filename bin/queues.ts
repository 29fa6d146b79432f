/** Assignment and overload over a real database: for the worker, and for tests that want all of it. */
import type { Logger } from 'pino';
import { createAssignment, type Assignment, type AssignmentDeps } from '../activities/assignment.ts';
import type { ChannelName } from '../activities/channels.ts';
import { createQueueMessenger } from '../activities/queue-messages.ts';
import { createCalendarStore } from '../prisma/calendars.ts';
import type { Database } from '../prisma/client.ts';
import { createDeliveryStore } from '../prisma/deliveries.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createQueueAlertStore } from '../prisma/queue-alerts.ts';
import { createQueueStore } from '../prisma/queues.ts';

/** What gives tickets to the teams that do not pull, and watches how long the queues are. */
export function assignmentOver(
  database: Database,
  {
    askTicket,
    log,
    channels,
  }: { askTicket: AssignmentDeps['askTicket']; log: Logger; channels: readonly ChannelName[] },
): Assignment {
  const alerts = createQueueAlertStore(database);
  return createAssignment({
    queues: createQueueStore(database),
    alerts,
    policies: createPolicyStore(database),
    calendars: createCalendarStore(database),
    messenger: createQueueMessenger({ alerts, deliveries: createDeliveryStore(database), log, channels }),
    askTicket,
    log,
  });
}
