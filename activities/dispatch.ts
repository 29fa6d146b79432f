/** Putting a message into the outbox, for the channels that there are. */
import type { Logger } from 'pino';
import type { DeliveryStore } from '../prisma/deliveries.ts';
import type { ChannelName } from './channels.ts';

export interface DispatchDeps {
  deliveries: Pick<DeliveryStore, 'enqueue'>;
  log: Logger;
  /** What is configured. */
  channels: readonly ChannelName[];
}

/** A message about one event of a ticket's ledger, or of a journal. */
interface Outgoing {
  /** Id of the ticket, task or problem. */
  about: string;
  event: { id: string; sequence: number };
  message: { type: string };
  /** For people in a chat, where the message is for them too. */
  words?: string;
}

/** Puts a message into the outbox: once per event, under one id. Whoever calls it waits for the database alone. */
export function createDispatch({ deliveries, channels }: Omit<DispatchDeps, 'log'>) {
  return async ({ about, event, message, words }: Outgoing): Promise<void> => {
    const delivery = {
      ticketId: about,
      eventId: event.id,
      purpose: message.type,
      messageId: `${about}.${event.sequence}`,
    };
    if (channels.includes('webhook')) await deliveries.enqueue({ ...delivery, channel: 'webhook', message });
    if (channels.includes('chat') && words !== undefined)
      await deliveries.enqueue({ ...delivery, channel: 'chat', message: { text: words } });
  };
}
