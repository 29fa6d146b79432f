/**
 * The API's way to the engine: requests as updates, facts as signals, each bounded by a deadline. Knows what an
 * answer of Temporal means for a ticket; knows nothing of HTTP.
 */
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { firstEventIdOf, type Opening, type Request } from '../domain/decide.ts';
import type { Fact } from '../domain/events.ts';
import type { Priority } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusals.ts';
import { outlivesClosing } from '../domain/security.ts';
import { isFinal, rebuild, type Ticket } from '../domain/ticket.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { Spool, Spooled } from '../prisma/spool.ts';
import {
  factsSignal,
  openTicketUpdate,
  requestUpdates,
  ticketStart,
  ticketWorkflowId,
  tickSignal,
  TICKET_WORKFLOW,
  type Granted,
  type TicketInput,
} from '../workflows/messages.ts';
import { calledBy, EngineUnavailable, isNotRunning, Refused } from './engine-errors.ts';
import { createTurnstile } from './turnstile.ts';

export interface Engine {
  /** Opens a ticket; safe to repeat with the same opening. */
  open(opening: Opening): Promise<Granted>;
  /** Keeps an opening until Temporal is back. */
  spoolOpening(opening: Opening): Promise<void>;
  /** The opening of a ticket that still lies in the spool. */
  waitingOpening(ticketId: string): Promise<Opening | null>;
  /** Asks for something. Throws Refused or EngineUnavailable; null where no such ticket exists. */
  ask(ticketId: string, request: Request): Promise<Granted | null>;
  /** Tells a ticket what happened. `spooled` where Temporal is away: it will be told. */
  tell(ticketId: string, facts: readonly Fact[]): Promise<'told' | 'spooled'>;
  /** Makes a ticket look at the clock; one whose workflow was lost is rebuilt from its ledger. */
  nudge(ticketId: string): Promise<void>;
  /**
   * Applies what was spooled, oldest first; answers how many entries. What cannot be applied holds up its own ticket
   * only, and is thrown at the end.
   */
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

/**
 * Facts need the server alone, no worker: without an answer by then they go to the spool, and the sender, often a
 * webhook with little patience, gets its answer.
 */
const TELL_WITHIN_MS = 3_000;

/**
 * Requests on one ticket that are on their way at once. Temporal takes ten updates in flight per workflow and turns
 * the next away for a second or more, and one that races with the end of a workflow task may be turned away unseen;
 * waiting here is shorter.
 */
const REQUESTS_AT_ONCE = 1;

export function createEngine({ client, taskQueue, ledger, spool, deadlineMs = 8_000 }: EngineDeps): Engine {
  const turnstile = createTurnstile(REQUESTS_AT_ONCE);

  const by = <R>(deadline: number, call: () => Promise<R>) => calledBy(client, deadline, call);
  const bounded = <R>(call: () => Promise<R>) => by(Date.now() + deadlineMs, call);
  const soon = <R>(call: () => Promise<R>) => by(Date.now() + Math.min(deadlineMs, TELL_WITHIN_MS), call);

  const startOptions = (input: TicketInput, priority: Priority) =>
    ticketStart(input, { taskQueue, priority });

  const open = (opening: Opening): Promise<Granted> =>
    bounded(() =>
      client.workflow.executeUpdateWithStart(openTicketUpdate, {
        updateId: opening.messageId,
        startWorkflowOperation: new WithStartWorkflowOperation(
          TICKET_WORKFLOW,
          startOptions({ ticketId: opening.ticketId, opening }, opening.priority),
        ),
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
    if (isFinal(ticket) && !outlivesClosing(request.command, ticket.situation))
      throw new Refused(endedRefusal(ticket));
    return bounded(() =>
      client.workflow.executeUpdateWithStart(requestUpdates[request.command.type], {
        updateId: request.id,
        args: [request],
        startWorkflowOperation: new WithStartWorkflowOperation(
          TICKET_WORKFLOW,
          startOptions(resumed(ticket), ticket.situation.priority),
        ),
      }),
    ).catch((error: unknown) => {
      throw isNotRunning(error) ? new EngineUnavailable(error) : error;
    });
  };

  /** Asks the run that is there; `deadline` counts from when the request came, its wait at the turnstile included. */
  const askRunning = async (
    ticketId: string,
    request: Request,
    deadline: number,
  ): Promise<Granted | null> => {
    const handle = client.workflow.getHandle(ticketWorkflowId(ticketId));
    try {
      return await by(deadline, () =>
        handle.executeUpdate(requestUpdates[request.command.type], { args: [request], updateId: request.id }),
      );
    } catch (error) {
      if (isNotRunning(error)) return askEnded(ticketId, request);
      const repeated = error instanceof Refused ? await grantedBefore(ticketId, request) : null;
      if (repeated) return repeated;
      throw error;
    }
  };

  /** Signals the run that is there or, where none is but the ledger knows the ticket, a new one from the ledger. */
  const signal = async (
    ticketId: string,
    { name, args }: { name: string; args: unknown[] },
  ): Promise<void> => {
    const handle = client.workflow.getHandle(ticketWorkflowId(ticketId));
    await soon(() => handle.signal(name, ...args)).catch(async (error: unknown) => {
      if (!isNotRunning(error)) throw error;
      const ticket = await fromLedger(ticketId);
      if (!ticket) throw error;
      await soon(() =>
        client.workflow.signalWithStart(TICKET_WORKFLOW, {
          ...startOptions(resumed(ticket), ticket.situation.priority),
          signal: name,
          signalArgs: args,
        }),
      );
    });
  };

  const signalFacts = (ticketId: string, facts: readonly Fact[]): Promise<void> =>
    signal(ticketId, { name: factsSignal.name, args: [facts] });

  const apply = (entry: Spooled): Promise<unknown> =>
    entry.kind === 'opening' ? open(entry.body) : signalFacts(entry.ticketId, entry.body);

  const drain: Engine['drain'] = async (filter) => {
    const stuck = new Map<string, unknown>();
    let applied = 0;
    for (const entry of await spool.pending(filter)) {
      if (stuck.has(entry.ticketId)) continue;
      try {
        await apply(entry);
      } catch (error) {
        if (error instanceof EngineUnavailable) throw error;
        stuck.set(entry.ticketId, error); // its later entries wait behind it; other tickets need not
        continue;
      }
      await spool.applied(entry.position);
      applied += 1;
    }
    if (stuck.size > 0)
      throw new AggregateError(
        stuck.values(),
        `Spooled messages of ${[...stuck.keys()].join(', ')} cannot be applied`,
      );
    return applied;
  };

  return {
    open,
    spoolOpening: (opening) => spool.add({ ticketId: opening.ticketId, kind: 'opening', body: opening }),
    async waitingOpening(ticketId) {
      const entries = await spool.pending({ ticketId });
      return entries.find((entry) => entry.kind === 'opening')?.body ?? null;
    },
    ask(ticketId, request) {
      const deadline = Date.now() + deadlineMs;
      return turnstile.pass(ticketId, async () => {
        await drain({ ticketId });
        return askRunning(ticketId, request, deadline);
      });
    },
    async tell(ticketId, facts) {
      // Behind spooled rows, so that a ticket hears of things in the order they were told.
      const waiting = (await spool.pending({ ticketId })).length > 0;
      if (!waiting) {
        try {
          await signalFacts(ticketId, facts);
          return 'told';
        } catch (error) {
          if (!(error instanceof EngineUnavailable)) throw error;
        }
      }
      await spool.add({ ticketId, kind: 'facts', body: [...facts] });
      return 'spooled';
    },
    nudge: (ticketId) => signal(ticketId, { name: tickSignal.name, args: [] }),
    drain,
  };
}

function endedRefusal(ticket: Ticket): Refusal {
  const { state } = ticket.situation;
  const code = state === 'cancelled' ? 'ticket_cancelled' : 'ticket_closed';
  return { code, message: `Ticket ${ticket.id} is ${state}; it cannot be changed`, state };
}
