/** The handoff packet: what the next tier has to know, item by item. Its words are erasable texts; here is only what is there. */

/** In the order in which a packet is read (docs/rules.md §4, §9). */
export const PACKET_ITEMS = [
  'question',
  'symptoms',
  'businessImpact',
  'onset',
  'lastKnownGood',
  'scope',
  'stepsTried',
  'errorMessages',
  'environment',
  'reproduction',
  'recentChanges',
  'hypothesis',
  'workaround',
  'logWindow',
  'attachments',
  'articles',
  'promises',
  'access',
] as const;
export type PacketItem = (typeof PACKET_ITEMS)[number];

/** What has been written down so far, whoever did and when. */
export interface Packet {
  items: readonly PacketItem[];
  /** Knowledge articles that were consulted. */
  articles: readonly string[];
}

export const EMPTY_PACKET: Packet = { items: [], articles: [] };

/** Articles of one packet that are carried; older ones stand in the ledger. */
const ARTICLES_CARRIED = 20;

/** The packet with more written into it; the items keep the order in which a packet is read. */
export function withPacket(packet: Packet, more: Partial<Packet>): Packet {
  const articles = [...new Set([...packet.articles, ...(more.articles ?? [])])].slice(-ARTICLES_CARRIED);
  const there = new Set([
    ...packet.items,
    ...(more.items ?? []),
    ...(articles.length > 0 ? ['articles'] : []),
  ]);
  return { items: PACKET_ITEMS.filter((item) => there.has(item)), articles };
}

/** What a tier requires and the packet does not have. */
export function missingFrom(packet: Packet, required: readonly PacketItem[]): PacketItem[] {
  return required.filter((item) => !packet.items.includes(item));
}

/** How much of what a tier requires is there, in whole percents rounded down; 100 where it requires nothing. */
export function completenessOf(packet: Packet, required: readonly PacketItem[]): number {
  if (required.length === 0) return 100;
  return Math.floor(((required.length - missingFrom(packet, required).length) * 100) / required.length);
}
