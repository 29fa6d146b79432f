/** The outbox and the reader of customer updates, over real channels and a real database. */
import { createChatChannel } from '../activities/chat.ts';
import type { ChannelName, Channels } from '../activities/channels.ts';
import { createCustomerContact } from '../activities/customer-contact.ts';
import { createCustomerUpdates, createUpdateWords } from '../activities/customer-updates.ts';
import { createEmailChannel } from '../activities/email.ts';
import type { RowHandler } from '../activities/follow.ts';
import { createOutbox, type Outbox, type OutboxDeps } from '../activities/outbox.ts';
import { createWebhookChannel } from '../activities/webhook.ts';
import type { Engine } from '../api/engine.ts';
import type { Database } from '../prisma/client.ts';
import { createDeliveryStore } from '../prisma/deliveries.ts';
import { createIntakeStore } from '../prisma/intake.ts';
import { createLedger } from '../prisma/ledger.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { createReferenceStore } from '../prisma/reference.ts';
import { createTemplateStore } from '../prisma/templates.ts';
import { createTicketStore } from '../prisma/tickets.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';

type ChannelConfig = Pick<
  Config,
  'webhookUrl' | 'webhookSecret' | 'chatWebhookUrl' | 'chatFormat' | 'smtpUrl' | 'mailFrom'
>;

/** The ways out that are configured. */
export function channelsOf(config: ChannelConfig): Channels {
  const { webhookUrl, webhookSecret: secret, chatWebhookUrl, chatFormat: format, smtpUrl, mailFrom } = config;
  return {
    ...(webhookUrl !== undefined && { webhook: createWebhookChannel({ url: webhookUrl, secret }) }),
    ...(chatWebhookUrl !== undefined && { chat: createChatChannel({ url: chatWebhookUrl, format }) }),
    ...(smtpUrl !== undefined &&
      mailFrom !== undefined && { email: createEmailChannel({ url: smtpUrl, from: mailFrom }) }),
  };
}

export const namesOf = (channels: Channels): ChannelName[] => Object.keys(channels) as ChannelName[];

interface Ways {
  channels: Channels;
  engine: Pick<Engine, 'tell'>;
  log: Logger;
}

const contactOver = (database: Database, channels: Channels) =>
  createCustomerContact({
    tickets: createTicketStore(database),
    reference: createReferenceStore(database),
    channels: namesOf(channels),
  });

/** The outbox of a database. */
export function outboxOver(
  database: Database,
  {
    channels,
    engine,
    log,
    ...more
  }: Ways & Required<Pick<OutboxDeps, 'highest'>> & Pick<OutboxDeps, 'retryAfterMs' | 'leaseMs'>,
): Outbox {
  return createOutbox({
    deliveries: createDeliveryStore(database),
    channels,
    compose: createUpdateWords({
      tickets: createTicketStore(database),
      contactOf: contactOver(database, channels),
    }),
    tell: (...told) => engine.tell(...told),
    log,
    ...more,
  });
}

/** What the reader `customer-updates` does with the rows it finds. */
export function customerUpdatesOver(database: Database, { channels, engine, log }: Ways): RowHandler {
  return createCustomerUpdates({
    ledger: createLedger(database),
    policies: createPolicyStore(database),
    tickets: createTicketStore(database),
    templates: createTemplateStore(database),
    intake: createIntakeStore(database),
    deliveries: createDeliveryStore(database),
    contactOf: contactOver(database, channels),
    tell: (...told) => engine.tell(...told),
    log,
  });
}
