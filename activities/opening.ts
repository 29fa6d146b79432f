/** Opening a ticket from within: what a follow-up and a schedule have in common. */
import type { Client } from '@temporalio/client';
import type { Opening } from '../domain/decide.ts';
import type { Actor, Mode, TicketAttributes } from '../domain/events.ts';
import { lowestTier, priorityOf, type Policy } from '../domain/policy.ts';
import { resolveRules } from '../domain/rules.ts';
import type { IntakeStore } from '../prisma/intake.ts';
import { ticketStart, TICKET_WORKFLOW } from '../workflows/messages.ts';

export interface OpeningDeps {
  client: Client;
  taskQueue: string;
  intake: Pick<IntakeStore, 'receive'>;
}

/** A ticket to open. The same ids, however often it is opened: it opens once. */
export interface PlannedTicket {
  ticketId: string;
  messageId: string;
  /** Epoch milliseconds. */
  openedAt: number;
  actor: Actor;
  attributes: TicketAttributes;
  /** Free text and personal data, kept erasable. */
  words: Record<string, unknown>;
  policy: Policy;
  /** The policy was named, not matched. */
  pinned?: boolean;
  mode: Mode;
}

/** Takes the words in and starts the ticket; it is in the ledger soon after. */
export async function openTicket(
  { client, taskQueue, intake }: OpeningDeps,
  { ticketId, messageId, openedAt, actor, attributes, words, policy, pinned, mode }: PlannedTicket,
): Promise<void> {
  const received = await intake.receive({ ticketId, messageId, text: words });
  const opening: Opening = {
    type: 'opened',
    ticketId,
    messageId,
    openedAt,
    actor,
    ...(received.text && { text: received.text }),
    attributes,
    priority: priorityOf(policy, attributes.impact, attributes.urgency),
    tier: lowestTier(policy),
    mode,
    rules: resolveRules(policy, { openedAt, now: Date.now() }),
    ...(pinned && { pinned: true as const }),
  };
  await client.workflow.start(
    TICKET_WORKFLOW,
    ticketStart({ ticketId, opening }, { taskQueue, priority: opening.priority }),
  );
}
