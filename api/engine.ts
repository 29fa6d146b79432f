/**
 * The API's way to the engine: requests as updates, facts as signals, each bounded by a deadline. Knows what an
 * answer of Temporal means for a ticket; knows nothing of HTTP.
 */
import {
  ApplicationFailure,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { firstEventIdOf, type Opening, type Request } from '../domain/decide.ts';
import type { Fact } from '../domain/events.ts';
import { PRIORITIES, type Priority } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusals.ts';
import { isFinal, rebuild, type Ticket } from '../domain/ticket.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { Spool } from '../prisma/spool.ts';
import {
  factsSignal,
  openTicketUpdate,
  requestUpdates,
  ticketWorkflowId,
  TICKET_WORKFLOW,
  type Granted,
  type TicketInput,
} from '../workflows/messages.ts';

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

export interface Engine {
  /** Opens a ticket; safe to repeat with the same opening. */
  open(opening: Opening): Promise<Granted>;
  /** Keeps an opening until Temporal is back. */
  spoolOpening(opening: Opening): Promise<void>;
  /** Asks for something. Throws Refused or EngineUnavailable; null where no such ticket exists. */
  ask(ticketId: string, request: Request): Promise<Granted | null>;
  /** Tells a ticket what happened. `spooled` where Temporal is away: it will be told. */
  tell(ticketId: string, facts: readonly Fact[]): Promise<'told' | 'spooled'>;
  /** Applies what was spooled, oldest first; answers how many entries. */
  drain(filter: { ticketId: string } | { limit: number }): Promise<number>;
}

export interface EngineDeps {
  client: Client;
  taskQueue: string;
  ledger: Pick<Ledger, 'events' | 'sequenceOf'>;
  spool: Spool;
  /** How long to wait for an answer. Above 5 s: a lost speculative task is only tried again then. */
  deadlineMs?: number;
}

const GRPC = { CANCELLED: 1, DEADLINE_EXCEEDED: 4, RESOURCE_EXHAUSTED: 8, UNAVAILABLE: 14 } as const;
const OUTAGES: ReadonlySet<number> = new Set(Object.values(GRPC));

function isOutage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
    if (isGrpcServiceError(cause)) return OUTAGES.has(cause.code);
  }
  return false;
}

function refusalIn(error: unknown): Refusal | null {
  if (!(error instanceof WorkflowUpdateFailedError)) return null;
  const { cause } = error;
  return cause instanceof ApplicationFailure ? ((cause.details?.[0] as Refusal) ?? null) : null;
}

function isNotFound(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof WorkflowNotFoundError) return true;
  return false;
}

/** What an error of the SDK means here; anything else is a bug and stays what it is. */
function translated(error: unknown): unknown {
  const refusal = refusalIn(error);
  if (refusal) return new Refused(refusal);
  return isOutage(error) ? new EngineUnavailable(error) : error;
}

const priorityKey = (priority: Priority): number => PRIORITIES.indexOf(priority) + 1;

export function createEngine({ client, taskQueue, ledger, spool, deadlineMs = 8_000 }: EngineDeps): Engine {
  const bounded = async <R>(call: () => Promise<R>): Promise<R> => {
    try {
      return await client.connection.withDeadline(Date.now() + deadlineMs, call);
    } catch (error) {
      throw translated(error);
    }
  };

  const startOptions = (input: TicketInput, priority: Priority) => ({
    workflowId: ticketWorkflowId(input.ticketId),
    taskQueue,
    args: [input] as [TicketInput],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    priority: { priorityKey: priorityKey(priority) },
  });

  const open = (opening: Opening): Promise<Granted> =>
    bounded(() =>
      client.workflow.executeUpdateWithStart(openTicketUpdate, {
        updateId: opening.messageId,
        startWorkflowOperation: new WithStartWorkflowOperation(TICKET_WORKFLOW, {
          ...startOptions({ ticketId: opening.ticketId, opening }, opening.priority),
        }),
      }),
    );

  /** The ticket as its ledger has it: for one that is closed, or whose workflow was lost. */
  const fromLedger = async (ticketId: string): Promise<Ticket | null> => {
    const events = await ledger.events(ticketId);
    return events.length > 0 ? rebuild(ticketId, events) : null;
  };

  const resumed = (ticket: Ticket): TicketInput => ({
    ticketId: ticket.id,
    carried: { ticket, outcomes: [] },
  });

  /** The sequence of a request that was granted before, however long ago. */
  const grantedBefore = async (ticketId: string, request: Request): Promise<Granted | null> => {
    const sequence = await ledger.sequenceOf(ticketId, firstEventIdOf(request.id));
    return sequence === null ? null : { sequence };
  };

  /** The workflow does not run: the ticket has ended, was lost, or never was. */
  const askEnded = async (ticketId: string, request: Request): Promise<Granted | null> => {
    const repeated = await grantedBefore(ticketId, request);
    if (repeated) return repeated;
    const ticket = await fromLedger(ticketId);
    if (!ticket) return null;
    if (isFinal(ticket)) throw new Refused(endedRefusal(ticket));
    return bounded(() =>
      client.workflow.executeUpdateWithStart(requestUpdates[request.command.type], {
        updateId: request.id,
        args: [request],
        startWorkflowOperation: new WithStartWorkflowOperation(
          TICKET_WORKFLOW,
          startOptions(resumed(ticket), ticket.situation.priority),
        ),
      }),
    );
  };

  const signal = async (ticketId: string, facts: readonly Fact[]): Promise<void> => {
    const handle = client.workflow.getHandle(ticketWorkflowId(ticketId));
    await bounded(() => handle.signal(factsSignal, facts)).catch(async (error: unknown) => {
      if (!isNotFound(error)) throw error;
      const ticket = await fromLedger(ticketId);
      if (!ticket) throw error;
      await bounded(() =>
        client.workflow.signalWithStart(TICKET_WORKFLOW, {
          ...startOptions(resumed(ticket), ticket.situation.priority),
          signal: factsSignal,
          signalArgs: [facts],
        }),
      );
    });
  };

  const drain: Engine['drain'] = async (filter) => {
    const entries = await spool.pending(filter);
    for (const entry of entries) {
      if (entry.kind === 'opening') await open(entry.body);
      else await signal(entry.ticketId, entry.body);
      await spool.applied(entry.position);
    }
    return entries.length;
  };

  return {
    open,
    spoolOpening: (opening) => spool.add({ ticketId: opening.ticketId, kind: 'opening', body: opening }),
    async ask(ticketId, request) {
      await drain({ ticketId });
      const handle = client.workflow.getHandle(ticketWorkflowId(ticketId));
      try {
        return await bounded(() =>
          handle.executeUpdate(requestUpdates[request.command.type], {
            args: [request],
            updateId: request.id,
          }),
        );
      } catch (error) {
        if (isNotFound(error)) return askEnded(ticketId, request);
        const repeated = error instanceof Refused ? await grantedBefore(ticketId, request) : null;
        if (repeated) return repeated;
        throw error;
      }
    },
    async tell(ticketId, facts) {
      // Behind spooled rows, so that a ticket hears of things in the order they were told.
      const waiting = (await spool.pending({ ticketId })).length > 0;
      if (!waiting) {
        try {
          await signal(ticketId, facts);
          return 'told';
        } catch (error) {
          if (!(error instanceof EngineUnavailable)) throw error;
        }
      }
      await spool.add({ ticketId, kind: 'facts', body: [...facts] });
      return 'spooled';
    },
    drain,
  };
}

function endedRefusal(ticket: Ticket): Refusal {
  const { state } = ticket.situation;
  const code = state === 'cancelled' ? 'ticket_cancelled' : 'ticket_closed';
  return { code, message: `Ticket ${ticket.id} is ${state}; it cannot be changed`, state };
}
