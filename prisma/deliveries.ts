/**
 * The outbox: everything that goes out waits here until it is sent or given up. Whoever decides to send only puts it
 * in; a slow receiver delays nobody but itself. What was put in is sent at least once, under the same id every time.
 */
import { TLPS } from '../domain/incident.ts';
import type { Labelled } from '../domain/redaction.ts';
import type { DeskBody, TextReference } from '../domain/events.ts';
import type { Database } from './client.ts';
import type { Delivery as DeliveryRow } from './generated/client.ts';

export const CUSTOMER_UPDATE = 'ticket.customerUpdate';

export interface DeliveryKey {
  /** Id of the ticket, task or problem. */
  ticketId: string;
  eventId: string;
  channel: string;
}

/** A fact for the ticket once its update is sent; when that was, is added then. */
export type FactAfterwards = DeskBody & { id: string; text?: TextReference };

/** What is to be sent: a message as it is, or words that are kept erasable. */
export type Content = { message: object } | { textId: string };

export type NewDelivery = DeliveryKey & {
  /** Type of the message. */
  purpose: string;
  /** Names the message for the receiver, the same at every attempt. */
  messageId: string;
  /** For people to see, masked. */
  recipient?: string;
  fact?: FactAfterwards;
} & Content;

/** A delivery that is due: to be sent, or (`delivered`) sent already and its ticket not told yet. */
export interface DueDelivery extends DeliveryKey {
  purpose: string;
  messageId: string;
  message: object | null;
  textId: string | null;
  fact: FactAfterwards | null;
  /** This one included. */
  attempts: number;
  createdAt: Date;
  deliveredAt: Date | null;
}

/** How an attempt ended. `uncertain`: it may have arrived all the same. */
export type Outcome =
  | { state: 'delivered' }
  | { state: 'pending'; error: string; inMs: number; uncertain?: boolean }
  | { state: 'failed'; error: string; uncertain?: boolean };

export type DeliveryRecord = Omit<DeliveryRow, 'message' | 'textId' | 'fact' | 'sending'>;

/** The label of the ticket that a message comes from. */
export type DeliveryLabel = Labelled & { ticketId: string };

export interface DeliveryStore {
  /** By id: of a ticket, or of what a task, review or containment belongs to; none where there is no ticket behind it. */
  labelsOf(abouts: readonly string[]): Promise<ReadonlyMap<string, DeliveryLabel>>;
  /** Puts a message into the outbox; nothing if it is there already. */
  enqueue(delivery: NewDelivery): Promise<void>;
  /** Notes what cannot be sent at all, so that it is seen. */
  refuse(delivery: DeliveryKey & { purpose: string; error: string }): Promise<void>;
  /**
   * Takes deliveries of a channel that are due, longest first; nobody else is given them for `leaseMs`. The customer
   * updates of one ticket go one after the other.
   */
  claim(channel: string, page: { limit: number; leaseMs: number }): Promise<DueDelivery[]>;
  /**
   * Notes how the attempt ended; answers when it was delivered, if it was. What another attempt has settled meanwhile
   * stands: then, as for every other end, null.
   */
  settle(delivery: DueDelivery, outcome: Outcome): Promise<Date | null>;
  /** The ticket was told that its update is sent. */
  told(delivery: DeliveryKey): Promise<void>;
  /** What was sent for a ticket, oldest first. */
  list(ticketId: string, page: { after: bigint; limit: number }): Promise<DeliveryRecord[]>;
}

const HIDDEN = { message: true, textId: true, fact: true, sending: true } as const;
const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

export function createDeliveryStore(database: Database): DeliveryStore {
  return {
    async labelsOf(abouts) {
      // A task of a review, or of a problem, has the strictest label of the tickets behind it.
      const rows = await database.$queryRaw<(DeliveryLabel & { about: string })[]>`
        WITH asked AS (
          SELECT DISTINCT about FROM unnest(${[...abouts]}::text[]) AS about
        ), subjects AS (
          SELECT about, about AS id FROM asked
          UNION SELECT a.about, t.subject_id FROM asked a JOIN tasks t ON t.id = a.about
        ), behind AS (
          SELECT about, id FROM subjects
          UNION SELECT s.about, r.ticket_id FROM subjects s JOIN reviews r ON r.id = s.id
          UNION SELECT s.about, c.ticket_id FROM subjects s JOIN containments c ON c.id = s.id
          UNION SELECT s.about, p.ticket_id FROM subjects s JOIN problem_tickets p ON p.problem_id = s.id
        )
        SELECT DISTINCT ON (b.about) b.about, t.id AS "ticketId", t.tlp, t.codename
        FROM behind b JOIN tickets t USING (id)
        ORDER BY b.about, array_position(${[...TLPS]}::text[], t.tlp) DESC NULLS LAST, t.id`;
      return new Map(rows.map(({ about, ...label }) => [about, label]));
    },
    async enqueue({ ticketId, eventId, channel, purpose, messageId, recipient, fact, ...content }) {
      const message = 'message' in content ? content.message : undefined;
      const textId = 'textId' in content ? content.textId : null;
      await database.$executeRaw`
        INSERT INTO deliveries (ticket_id, event_id, channel, state, purpose, message_id, message, text_id, fact,
                                recipient, next_attempt_at)
        VALUES (${ticketId}, ${eventId}, ${channel}, 'pending', ${purpose}, ${messageId}, ${json(message)}::jsonb,
                ${textId}, ${json(fact)}::jsonb, ${recipient ?? null}, clock_timestamp())
        ON CONFLICT DO NOTHING`;
    },
    async refuse({ ticketId, eventId, channel, purpose, error }) {
      await database.$executeRaw`
        INSERT INTO deliveries (ticket_id, event_id, channel, state, purpose, last_error)
        VALUES (${ticketId}, ${eventId}, ${channel}, 'failed', ${purpose}, ${error})
        ON CONFLICT DO NOTHING`;
    },
    claim: (channel, { limit, leaseMs }) => database.$queryRaw<DueDelivery[]>`
      WITH due AS (
        SELECT due.position, due.next_attempt_at AS due_at FROM deliveries due
        WHERE due.channel = ${channel} AND due.next_attempt_at <= clock_timestamp()
          AND NOT (due.purpose = ${CUSTOMER_UPDATE} AND EXISTS (
            SELECT 1 FROM deliveries earlier
            WHERE earlier.ticket_id = due.ticket_id AND earlier.channel = due.channel
              AND earlier.purpose = due.purpose AND earlier.state = 'pending' AND earlier.position < due.position))
        ORDER BY due.next_attempt_at, due.position LIMIT ${limit} FOR UPDATE SKIP LOCKED
      ), claimed AS (
        UPDATE deliveries d SET
          attempts = d.attempts + CASE WHEN d.state = 'pending' THEN 1 ELSE 0 END,
          sending = d.state = 'pending',
          -- Whoever began an attempt before was lost in the middle of it.
          uncertain = d.uncertain OR d.sending,
          next_attempt_at = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
        FROM due WHERE d.position = due.position
        RETURNING d.*, due.due_at
      )
      -- What an UPDATE returns is in no order.
      SELECT ticket_id AS "ticketId", event_id AS "eventId", channel, purpose, message_id AS "messageId", message,
        text_id AS "textId", fact, attempts, created_at AS "createdAt", delivered_at AS "deliveredAt"
      FROM claimed ORDER BY due_at, position`,
    async settle({ ticketId, eventId, channel, attempts }, outcome) {
      const { state } = outcome;
      const error = 'error' in outcome ? outcome.error : null;
      const uncertain = 'uncertain' in outcome && outcome.uncertain === true;
      const inMs = 'inMs' in outcome ? outcome.inMs : 0;
      const [settled] = await database.$queryRaw<{ deliveredAt: Date | null }[]>`
        UPDATE deliveries SET
          state = ${state}, last_error = ${error}, sending = false, uncertain = uncertain OR ${uncertain},
          delivered_at = CASE WHEN ${state} = 'delivered' THEN clock_timestamp() END,
          message = CASE WHEN ${state} = 'pending' THEN message END,
          fact = CASE WHEN ${state} <> 'failed' THEN fact END,
          next_attempt_at = CASE WHEN ${state} = 'pending' OR (${state} = 'delivered' AND fact IS NOT NULL)
            THEN clock_timestamp() + ${inMs} * interval '1 millisecond' END
        WHERE ticket_id = ${ticketId} AND event_id = ${eventId} AND channel = ${channel} AND state = 'pending'
          AND (${state} = 'delivered' OR attempts = ${attempts})
        RETURNING delivered_at AS "deliveredAt"`;
      return settled?.deliveredAt ?? null;
    },
    async told({ ticketId, eventId, channel }) {
      await database.$executeRaw`
        UPDATE deliveries SET fact = NULL, next_attempt_at = NULL
        WHERE ticket_id = ${ticketId} AND event_id = ${eventId} AND channel = ${channel} AND state = 'delivered'`;
    },
    list: (ticketId, { after, limit }) =>
      database.delivery.findMany({
        where: { eventTicketId: ticketId, position: { gt: after } },
        orderBy: { position: 'asc' },
        take: limit,
        omit: HIDDEN,
      }),
  };
}
