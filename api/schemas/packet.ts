/** The words of a handoff packet, item by item. */
import { z } from 'zod';
import { PACKET_ITEMS, type PacketItem } from '../../domain/packet.ts';
import { freeText, instant, link, word } from './common.ts';
import { PACKET_EXAMPLE } from './examples.ts';

const stepTried = z.strictObject({
  step: z.string().trim().min(1).max(2_000),
  result: z.string().trim().min(1).max(2_000),
});

/** Words of one item; blank ones would count as there and say nothing. */
const words = freeText.refine((text) => text.trim() !== '', { error: 'must say something' });

const items = {
  question: words.openapi({ description: 'What the next tier is asked for' }),
  symptoms: words,
  businessImpact: words,
  onset: words.openapi({ description: 'Since when' }),
  lastKnownGood: words,
  scope: words.openapi({ description: 'Who and what is affected, and who is not' }),
  stepsTried: z.array(stepTried).min(1).max(50),
  errorMessages: words,
  environment: words.openapi({ description: 'Versions, configuration, site' }),
  reproduction: words,
  recentChanges: words,
  hypothesis: words,
  workaround: words,
  logWindow: words.openapi({ description: 'Where the logs are, from when to when' }),
  attachments: z.array(link).min(1).max(50),
  articles: z.array(word).min(1).max(20).openapi({ description: 'Knowledge articles that were consulted' }),
  promises: words.openapi({ description: 'What the customer was promised' }),
  access: words.openapi({ description: 'Access and consent that were given' }),
} satisfies Record<PacketItem, z.ZodType>;

export const packetSchema = z
  .strictObject(items)
  .partial()
  .refine((packet) => Object.keys(packet).length > 0, { error: 'write down at least one item' })
  .openapi('HandoffPacket');
export type PacketWords = z.output<typeof packetSchema>;

export const packetItem = z.enum(PACKET_ITEMS);

/** What the engine needs of a packet: which items are there, and which articles. */
export function packetFacts(packet: PacketWords | undefined): { items: PacketItem[]; articles: string[] } {
  const there = PACKET_ITEMS.filter((item) => packet?.[item] !== undefined);
  return { items: there, articles: packet?.articles ?? [] };
}

export const packetView = z
  .object({
    ticketId: z.string(),
    items: z.array(packetItem).openapi({ description: 'What is there' }),
    packet: z
      .object(items)
      .partial()
      .openapi({ description: 'The newest words of each item; erased ones are left out' }),
    tiers: z
      .array(
        z.object({
          tier: z.int(),
          requires: z.array(packetItem),
          missing: z.array(packetItem),
          completeness: z.int().openapi({ description: 'Percent of what the tier requires, rounded down' }),
        }),
      )
      .openapi({ description: 'Held against what each tier requires' }),
    sequence: z.int(),
    asOf: instant,
  })
  .openapi('TicketPacket', { example: PACKET_EXAMPLE });
