/** One occasion of a schedule: opens its ticket. Temporal starts it when its time has come, or somebody who does not wait. */
import { workflowInfo } from '@temporalio/workflow';
import type { ScheduledTicketInput } from './messages.ts';
import { openScheduledTicket } from './proxies.ts';

/** When it was planned for; a schedule that catches up starts it later. */
function plannedFor(): string {
  const { searchAttributes, startTime } = workflowInfo();
  const [planned] = (searchAttributes['TemporalScheduledStartTime'] ?? []) as (Date | string)[];
  return new Date(planned ?? startTime).toISOString();
}

export async function scheduledTicketWorkflow({ schedule, request }: ScheduledTicketInput): Promise<void> {
  await openScheduledTicket({
    schedule,
    occasion: request?.occasion ?? plannedFor(),
    ...(request && { actor: request.actor }),
  });
}
