/**
 * Sending what is in the outbox: channel by channel, a few at a time, each with its own retries. A receiver that is slow
 * or away delays what is for itself; whoever put a message in has long gone on.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { TIERLINE, type Fact } from '../domain/events.ts';
import { CHANNEL_TLP, maskedFor } from '../domain/redaction.ts';
import type { DeliveryLabel, DeliveryStore, DueDelivery, Outcome } from '../prisma/deliveries.ts';
import type { ChannelLabels } from './channel-labels.ts';
import { SendFault, type Channel, type ChannelMessage, type ChannelName, type Channels } from './channels.ts';

type Label = DeliveryLabel | null;

export interface OutboxDeps {
  deliveries: Pick<DeliveryStore, 'claim' | 'settle' | 'told' | 'labelsOf'>;
  channels: Channels;
  /** The highest label that each channel carries in full; TLP:AMBER unless said otherwise. */
  highest?: ChannelLabels;
  /** The message of words that are kept elsewhere; throws a permanent SendFault where they are gone. */
  compose: (delivery: DueDelivery & { textId: string }) => Promise<ChannelMessage>;
  /** Tells a ticket what happened; safe to repeat. */
  tell: (ticketId: string, facts: readonly Fact[]) => Promise<unknown>;
  log: Logger;
  /** Pauses before the second attempt, the third, …; tests shorten them. */
  retryAfterMs?: readonly number[];
  leaseMs?: number;
}

/** Two hours in all: a receiver that is away for longer is shown as failed. */
const RETRY_AFTER_MS = [1_000, 5_000, 30_000, 2 * 60_000, 10 * 60_000, 30 * 60_000, 75 * 60_000];
/** Longer than any attempt takes; a worker that is lost in the middle of one delays it by this much. */
const LEASE_MS = 60_000;
/** What could not be sent for so long, everything being down, is of no use any more. */
const LONGEST_WAIT_MS = 24 * 3_600_000;
/** Attempts under way at once, for each channel. */
const LANES = 4;
const POLL_MS = 250;
const ROUND_MS = 10 * 60_000;

interface Pace {
  wait: (ms: number) => Promise<void>;
  isStopped: () => boolean;
}

export interface Outbox {
  /** One attempt for each of up to `limit` deliveries that are due; answers how many there were. */
  sendDue(channel: ChannelName, limit?: number): Promise<number>;
  /** Sends what falls due, in lanes, until it is stopped; what is under way then is finished. */
  keepSending(channel: ChannelName, pace: Pace): Promise<void>;
}

export interface Sending {
  /** Sends what falls due on a channel for some minutes, then returns so that the workflow can start a new round. */
  sendDeliveries(input: { channel: ChannelName }): Promise<void>;
}

export function createOutbox(deps: OutboxDeps): Outbox {
  const { deliveries, channels, log, retryAfterMs = RETRY_AFTER_MS, leaseMs = LEASE_MS } = deps;

  const channelNamed = (name: ChannelName): Channel => {
    const channel = channels[name];
    if (channel) return channel;
    throw ApplicationFailure.nonRetryable(`The channel ${name} is not configured`, 'UnknownChannel');
  };

  const messageOf = async (delivery: DueDelivery): Promise<ChannelMessage> => {
    const { messageId, message, textId } = delivery;
    if (textId !== null) return deps.compose({ ...delivery, textId });
    return { id: messageId, body: message ?? {} };
  };

  const redacted = (
    name: ChannelName,
    delivery: DueDelivery,
    { label, letter }: { label: Label; letter: ChannelMessage },
  ): ChannelMessage | null => {
    const link = label && `/v1/tickets/${label.ticketId}`;
    const masked = label && link && maskedFor(label, link, deps.highest?.[name] ?? CHANNEL_TLP);
    if (!masked) return null;
    const { codename, text } = masked;
    const to = letter.letter?.to;
    return {
      id: delivery.messageId,
      body: { type: 'incident.news', text, data: { codename, links: { ticket: link } } },
      letter: { subject: codename, text, thread: codename, ...(to !== undefined && { to }) },
    };
  };

  const attempt = async (
    name: ChannelName,
    delivery: DueDelivery,
    label: Promise<Label>,
  ): Promise<Outcome> => {
    try {
      if (delivery.createdAt.getTime() < Date.now() - LONGEST_WAIT_MS)
        throw new SendFault('It could not be sent within a day', { permanent: true });
      const message = await messageOf(delivery);
      const masked = redacted(name, delivery, { label: await label, letter: message });
      await channelNamed(name).send(masked ?? message);
      return { state: 'delivered' };
    } catch (error) {
      return failureOf(error, delivery);
    }
  };

  const failureOf = (error: unknown, { attempts }: DueDelivery): Outcome => {
    const { permanent, uncertain } =
      error instanceof SendFault ? error : { permanent: false, uncertain: false };
    // What is no fault of the channel is one of ours; its words may hold anything.
    const words = error instanceof SendFault ? error.message : 'It could not be prepared; the log says why';
    if (!(error instanceof SendFault)) log.error({ err: error }, 'a delivery could not be prepared');
    const inMs = retryAfterMs[attempts - 1];
    if (permanent || inMs === undefined) return { state: 'failed', error: words, uncertain };
    return { state: 'pending', error: words, inMs, uncertain };
  };

  /** The ticket learns that its customer was told. It is told again, and counts it once, if this is cut short. */
  const tellTicket = async (delivery: DueDelivery, deliveredAt: number): Promise<void> => {
    const { ticketId, fact } = delivery;
    if (!fact) return;
    await deps.tell(ticketId, [{ ...fact, occurredAt: deliveredAt, actor: TIERLINE }]);
    await deliveries.told(delivery);
  };

  const send = async (name: ChannelName, delivery: DueDelivery, label: Promise<Label>): Promise<void> => {
    if (delivery.deliveredAt) return tellTicket(delivery, delivery.deliveredAt.getTime());
    const outcome = await attempt(name, delivery, label);
    const deliveredAt = await deliveries.settle(delivery, outcome);
    const { ticketId: about, eventId, channel, purpose, attempts } = delivery;
    if ('error' in outcome)
      log.warn(
        { about, eventId, channel, purpose, attempts, error: outcome.error },
        outcome.state === 'failed' ? 'not delivered, given up' : 'not delivered, tried again later',
      );
    else if (deliveredAt) await tellTicket(delivery, deliveredAt.getTime());
  };

  /** Nothing that happens to one delivery is another's business; it is due again when its lease ends. */
  const deal = (name: ChannelName, delivery: DueDelivery, label: Promise<Label>): Promise<void> =>
    send(name, delivery, label).catch((error: unknown) => {
      log.error(
        { err: error, about: delivery.ticketId, eventId: delivery.eventId },
        'a delivery is left as it is',
      );
    });

  /**
   * What is due, each with the label that its ticket has now, not when the message was put in. All labels are read before
   * the first is sent, at once: what came first is sent first.
   */
  const claimed = async (name: ChannelName, limit: number) => {
    const due = await deliveries.claim(name, { limit, leaseMs });
    if (due.length === 0) return [];
    const labels = deliveries.labelsOf(due.map(({ ticketId }) => ticketId));
    // Where they cannot be read, each delivery learns of it by itself, and is tried again.
    await labels.catch(() => undefined);
    return due.map((delivery) => {
      const label = labels.then((byId): Label => byId.get(delivery.ticketId) ?? null);
      label.catch(() => undefined);
      return { delivery, label };
    });
  };

  return {
    async sendDue(name, limit = LANES) {
      const due = await claimed(name, limit);
      await Promise.all(due.map(({ delivery, label }) => deal(name, delivery, label)));
      return due.length;
    },
    async keepSending(name, { wait, isStopped }) {
      channelNamed(name);
      const underWay = new Set<Promise<void>>();
      try {
        while (!isStopped()) {
          const room = LANES - underWay.size;
          const due = room > 0 ? await claimed(name, room) : [];
          for (const { delivery, label } of due) {
            const one = deal(name, delivery, label).finally(() => underWay.delete(one));
            underWay.add(one);
          }
          // A lane that is free again has something to do at once; without one, or with nothing due, it is a while.
          if (room === 0) await Promise.race([wait(POLL_MS), ...underWay]);
          else if (due.length < room) await wait(POLL_MS);
        }
      } finally {
        await Promise.all(underWay);
      }
    },
  };
}

export function createSending({ outbox }: { outbox: Outbox }): Sending {
  return {
    async sendDeliveries({ channel }) {
      const context = Context.current();
      const until = Date.now() + ROUND_MS;
      await outbox.keepSending(channel, {
        async wait(ms) {
          context.heartbeat();
          await context.sleep(ms);
        },
        isStopped: () => Date.now() > until || context.cancellationSignal.aborted,
      });
    },
  };
}
