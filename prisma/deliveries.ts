/** What was sent out for which event: the reason nothing is sent twice after a restart, and the place to look. */
import type { Database } from './client.ts';

export interface DeliveryKey {
  ticketId: string;
  eventId: string;
  channel: string;
}

export interface DeliveryStore {
  isDelivered(key: DeliveryKey): Promise<boolean>;
  /** Notes one more attempt: delivered, or failed with `error`. */
  note(key: DeliveryKey, outcome: { error?: string }): Promise<void>;
}

export function createDeliveryStore(database: Database): DeliveryStore {
  return {
    async isDelivered({ ticketId: eventTicketId, eventId, channel }) {
      const row = await database.delivery.findUnique({
        where: { eventTicketId_eventId_channel: { eventTicketId, eventId, channel } },
        select: { state: true },
      });
      return row?.state === 'delivered';
    },
    async note({ ticketId: eventTicketId, eventId, channel }, { error }) {
      const outcome = error
        ? { state: 'failed', lastError: error, deliveredAt: null }
        : { state: 'delivered', lastError: null, deliveredAt: new Date() };
      await database.delivery.upsert({
        where: { eventTicketId_eventId_channel: { eventTicketId, eventId, channel } },
        create: { eventTicketId, eventId, channel, attempts: 1, ...outcome },
        update: { attempts: { increment: 1 }, ...outcome },
      });
    },
  };
}
