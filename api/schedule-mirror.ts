/**
 * The mirror of the schedules in Temporal, which has them fire. The definitions are in the database; here they are
 * brought over, as often as need be, and what Temporal has lost or has otherwise is mended.
 */
import { createHash } from 'node:crypto';
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleHandle,
} from '@temporalio/client';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Actor } from '../domain/events.ts';
import { cronExpressionsOf } from '../domain/schedule.ts';
import { scheduledTicketIds, type ScheduleRecord, type ScheduleStore } from '../prisma/schedules.ts';
import {
  SCHEDULED_TICKET_WORKFLOW,
  scheduledTicketWorkflowId,
  type ScheduledTicketInput,
} from '../workflows/messages.ts';
import { calledBy, EngineUnavailable, wasHeard } from './engine-errors.ts';

export interface ScheduleMirror {
  /** Brings one over, whatever Temporal has of it; false where Temporal is away: the watchdog makes up for it. */
  mirror(name: string): Promise<boolean>;
  /** Brings over what Temporal has otherwise by our books, or with `all` in truth; the others go on if one fails. */
  reconcile(which: 'all' | 'behind'): Promise<void>;
  /** When it fires next; null where Temporal is away or does not have it yet. */
  nextTimes(name: string): Promise<Date[] | null>;
  /** Opens its ticket now; the same occasion opens one. Answers the ticket's id. Throws EngineUnavailable. */
  trigger(name: string, request: { occasion: string; actor: Actor }): Promise<string>;
}

export interface ScheduleMirrorDeps {
  client: Client;
  taskQueue: string;
  schedules: Pick<ScheduleStore, 'toMirror' | 'mirrored' | 'names'>;
  /** How long Temporal has for an answer. */
  withinMs?: number | undefined;
}

const WITHIN_MS = 3_000;
const TIMES_SHOWN = 5;

/** How Temporal is told of a schedule. Every occasion is a ticket of its own, so none waits for the one before. */
function specOf(row: ScheduleRecord, taskQueue: string) {
  const { name, timezone, catchUpMs, paused } = row;
  const spec = { cronExpressions: cronExpressionsOf(row), timezone };
  const definition = createHash('sha256')
    .update(canonicalJson([spec, catchUpMs]))
    .digest('hex');
  const input: ScheduledTicketInput = { schedule: name, definition };
  return {
    spec,
    action: {
      type: 'startWorkflow' as const,
      workflowType: SCHEDULED_TICKET_WORKFLOW,
      workflowId: scheduledTicketWorkflowId(name),
      taskQueue,
      args: [input],
    },
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: catchUpMs },
    state: { paused },
  };
}

type Spec = ReturnType<typeof specOf>;

/** Whether Temporal has it as it should be; null where it does not have it. */
async function isAsShouldBe(handle: ScheduleHandle, { action, state }: Spec): Promise<boolean | null> {
  try {
    const found = await handle.describe();
    const [input] = (found.action.args ?? []) as [ScheduledTicketInput?];
    return (
      input?.definition === action.args[0]!.definition &&
      found.action.taskQueue === action.taskQueue &&
      found.state.paused === state.paused
    );
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

export function createScheduleMirror({
  client,
  taskQueue,
  schedules,
  withinMs = WITHIN_MS,
}: ScheduleMirrorDeps): ScheduleMirror {
  const soon = <R>(call: () => Promise<R>) => calledBy(client, Date.now() + withinMs, call);
  const handleOf = (name: string) => client.schedule.getHandle(scheduledTicketWorkflowId(name));

  const remove = (name: string) =>
    soon(() => handleOf(name).delete()).catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    });

  const bringOver = async (row: ScheduleRecord): Promise<void> => {
    if (row.deleted) return remove(row.name);
    const wanted = specOf(row, taskQueue);
    const handle = handleOf(row.name);
    const found = await soon(() => isAsShouldBe(handle, wanted));
    if (found === true) return;
    if (found === false) return soon(() => handle.update(() => wanted));
    await soon(() =>
      client.schedule.create({ scheduleId: scheduledTicketWorkflowId(row.name), ...wanted }),
    ).catch((error: unknown) => {
      // Somebody else was faster; whether they knew the same is looked at the next time round.
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    });
  };

  /** Until what was brought over is still what it says: two who change it at once may overtake each other. */
  const mirrorNow = async (name: string): Promise<void> => {
    for (;;) {
      const row = await schedules.toMirror(name);
      if (!row) return;
      await bringOver(row);
      if (await schedules.mirrored(name, row.revision)) return;
    }
  };

  return {
    mirror: (name) => wasHeard(() => mirrorNow(name)),
    async reconcile(which) {
      const errors: unknown[] = [];
      for (const name of await schedules.names(which))
        await mirrorNow(name).catch((error: unknown) => errors.push(error));
      if (errors.length > 0) throw new AggregateError(errors, 'Some schedules cannot be brought to Temporal');
    },
    async nextTimes(name) {
      try {
        const { info } = await soon(() => handleOf(name).describe());
        return info.nextActionTimes.slice(0, TIMES_SHOWN);
      } catch (error) {
        if (error instanceof EngineUnavailable || error instanceof ScheduleNotFoundError) return null;
        throw error;
      }
    },
    async trigger(schedule, request) {
      const input: ScheduledTicketInput = { schedule, request };
      await soon(() =>
        client.workflow.start(SCHEDULED_TICKET_WORKFLOW, {
          workflowId: `${scheduledTicketWorkflowId(schedule)}/${request.occasion}`,
          taskQueue,
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        }),
      );
      return scheduledTicketIds(schedule, request.occasion).ticketId;
    },
  };
}
