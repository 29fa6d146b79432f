/** The priority of a ticket's workflow tasks follows the ticket's: a P1 is served before a P4 under load. */
import type { Connection } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import type { LedgerRow } from '../prisma/readers.ts';
import { priorityKeyOf, ticketWorkflowId } from '../workflows/messages.ts';

const GRPC_NOT_FOUND = 5;
const GRPC_FAILED_PRECONDITION = 9;

/** A ticket that has ended meanwhile has no tasks left to hurry. */
function hasEnded(error: unknown): boolean {
  return isGrpcServiceError(error) && [GRPC_NOT_FOUND, GRPC_FAILED_PRECONDITION].includes(error.code);
}

/** The reader `task-priority`: deals with one row of the ledger. */
export function createTaskPriority({ connection, namespace }: { connection: Connection; namespace: string }) {
  return async ({ ticketId, event }: LedgerRow): Promise<void> => {
    if (event.type !== 'prioritised' || event.moot) return;
    await connection.workflowService
      .updateWorkflowExecutionOptions({
        namespace,
        workflowExecution: { workflowId: ticketWorkflowId(ticketId) },
        workflowExecutionOptions: { priority: { priorityKey: priorityKeyOf(event.priority) } },
        updateMask: { paths: ['priority.priority_key'] },
      })
      .catch((error: unknown) => {
        if (!hasEnded(error)) throw error;
      });
  };
}
