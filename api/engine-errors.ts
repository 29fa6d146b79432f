/** What can go wrong between the API and the workflow engine, sorted by what it means for a ticket. */
import {
  ApplicationFailure,
  type Client,
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { REFUSAL_CODES, type Refusal } from '../domain/refusals.ts';

/** The ticket said no. */
export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

/** Temporal, or the workers, did not answer in time; whether the request was carried out is not known. */
export class EngineUnavailable extends Error {
  constructor(cause: unknown) {
    super('The workflow engine does not answer at the moment', { cause });
    this.name = 'EngineUnavailable';
  }
}

const GRPC = {
  CANCELLED: 1,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  ABORTED: 10,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;
/** The server is away, overloaded or in trouble; the same call may succeed later. */
const OUTAGES: ReadonlySet<number> = new Set(Object.values(GRPC));

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause);
  return causes;
}

function isOutage(error: unknown): boolean {
  return causesOf(error).some(
    (cause) =>
      cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
      (isGrpcServiceError(cause) && OUTAGES.has(cause.code)),
  );
}

/** What a workflow, or the server in its place, answered an update with. */
function updateFailure(error: unknown): ApplicationFailure | null {
  if (!(error instanceof WorkflowUpdateFailedError)) return null;
  return error.cause instanceof ApplicationFailure ? error.cause : null;
}

function refusalIn(error: unknown): Refusal | null {
  const failure = updateFailure(error);
  const isRefusal = (REFUSAL_CODES as readonly unknown[]).includes(failure?.type);
  return isRefusal ? (failure!.details?.[0] as Refusal) : null;
}

/** The server's own failure of an update that raced with the end of a task: no workflow saw it, nothing happened. */
const NOT_SEEN = 'UnprocessedUpdate';
/** The task that was to take the update was lost, to a signal at the moment of continue-as-new for one. */
const TASK_LOST = /unexpected workflow task failure/;
const FAILED_PRECONDITION = 9;
const ATTEMPTS_UNTIL_SEEN = 5;

function wasNotSeen(error: unknown): boolean {
  if (updateFailure(error)?.type === NOT_SEEN) return true;
  return causesOf(error).some(
    (cause) =>
      isGrpcServiceError(cause) && cause.code === FAILED_PRECONDITION && TASK_LOST.test(cause.message),
  );
}

/**
 * Asks again, under the same update id, while the update was turned away unseen. Should its row have reached the
 * ledger all the same, the ticket knows it by its id.
 */
export async function untilSeen<R>(call: () => Promise<R>): Promise<R> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!wasNotSeen(error) || attempt === ATTEMPTS_UNTIL_SEEN) throw error;
    }
  }
}

/** A call to the server, given up at `deadline` (epoch milliseconds). Throws what can be acted on: Refused, EngineUnavailable. */
export async function calledBy<R>(client: Client, deadline: number, call: () => Promise<R>): Promise<R> {
  try {
    return await client.connection.withDeadline(deadline, () => untilSeen(call));
  } catch (error) {
    throw translated(error);
  }
}

/** Whether the engine heard it; what it did not hear is made up for later. */
export async function wasHeard(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof EngineUnavailable) return false;
    throw error;
  }
}

/** The server's own failure of an update whose run ended (was terminated, say) before the update did. */
const RUN_ENDED_FIRST = 'AcceptedUpdateCompletedWorkflow';

/** No run of the ticket's workflow is there to answer: it has ended, was lost, or never was. */
export function isNotRunning(error: unknown): boolean {
  return causesOf(error).some(
    (cause) =>
      cause instanceof WorkflowNotFoundError ||
      (cause instanceof ApplicationFailure && cause.type === RUN_ENDED_FIRST),
  );
}

/** What an error of the SDK means here; anything else is a bug and stays what it is. */
export function translated(error: unknown): unknown {
  const refusal = refusalIn(error);
  if (refusal) return new Refused(refusal);
  const notSeen = wasNotSeen(error);
  return notSeen || isOutage(error) ? new EngineUnavailable(error) : error;
}
