/** A scheduled ticket: opened once for each occasion, with the checklist of its procedure. */
import { TIERLINE, type Actor, type Fact, type TicketAttributes } from '../domain/events.ts';
import { matchPolicy, type Policy } from '../domain/policy.ts';
import type { Schedule } from '../domain/schedule.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { ProcedureStore } from '../prisma/procedures.ts';
import { scheduledTicketIds, type ScheduleStore } from '../prisma/schedules.ts';
import type { TicketStore } from '../prisma/tickets.ts';
import { openTicket, type OpeningDeps } from './opening.ts';

export interface ScheduledTicketDeps extends OpeningDeps {
  schedules: Pick<ScheduleStore, 'get' | 'noteTicket'>;
  procedures: Pick<ProcedureStore, 'get'>;
  policies: Pick<PolicyStore, 'current'>;
  tickets: Pick<TicketStore, 'get'>;
  tell(ticketId: string, facts: readonly Fact[]): Promise<unknown>;
}

export interface Occasion {
  schedule: string;
  /** The time it was planned for (RFC 3339), or the message of whoever did not wait for it. */
  occasion: string;
  /** Who did not wait. */
  actor?: Actor;
}

export interface ScheduledOpening {
  /**
   * Opens the ticket of one occasion, and attaches its checklist. Safe to repeat. A schedule that was removed opens
   * nothing, and one that is paused only on request: what Temporal believes may be older.
   */
  openScheduledTicket(occasion: Occasion): Promise<void>;
}

function policyFor({ ticket }: Schedule, policies: readonly Policy[]): Policy {
  const named = policies.find(({ name }) => name === ticket.policy);
  const found = named ?? matchPolicy(policies, ticket);
  if (found) return found;
  throw new Error(`No policy matches the ticket "${ticket.subject}"`);
}

function attributesOf({ ticket }: Schedule): TicketAttributes {
  const { subject: _subject, description: _description, policy: _policy, ...attributes } = ticket;
  return { ...(attributes as Omit<TicketAttributes, 'channel'>), channel: 'internal' };
}

function wordsOf(name: string, { ticket: { subject, description } }: Schedule): Record<string, unknown> {
  return { subject, ...(description !== undefined && { description }), custom: { schedule: name } };
}

export function createScheduledOpening(deps: ScheduledTicketDeps): ScheduledOpening {
  const open = async (schedule: Schedule, { schedule: name, actor }: Occasion, ids: Ids): Promise<void> => {
    // Its workflow may have ended long ago: a ticket that is in the ledger is not started again.
    if (await deps.tickets.get(ids.ticketId)) return;
    const policy = policyFor(schedule, await deps.policies.current());
    await openTicket(deps, {
      ...ids,
      openedAt: Date.now(),
      actor: actor ?? TIERLINE,
      attributes: attributesOf(schedule),
      words: wordsOf(name, schedule),
      policy,
      pinned: policy.name === schedule.ticket.policy,
      mode: 'act',
    });
  };

  const attachChecklist = async (name: string, { ticketId, messageId }: Ids): Promise<void> => {
    const procedure = await deps.procedures.get(name);
    if (!procedure) return;
    await deps.tell(ticketId, [
      {
        type: 'checklistAttached',
        id: `checklist/${messageId}`,
        occurredAt: Date.now(),
        actor: TIERLINE,
        procedure: name,
        version: procedure.version,
        items: procedure.items.map(({ id }) => id),
      },
    ]);
  };

  return {
    async openScheduledTicket(occasion) {
      const schedule = await deps.schedules.get(occasion.schedule);
      if (!schedule || (schedule.paused && !occasion.actor)) return;
      const ids = scheduledTicketIds(occasion.schedule, occasion.occasion);
      await deps.schedules.noteTicket(occasion.schedule, occasion.occasion, ids.ticketId);
      await open(schedule, occasion, ids);
      if (schedule.procedure !== null) await attachChecklist(schedule.procedure, ids);
    },
  };
}

type Ids = ReturnType<typeof scheduledTicketIds>;
