/** How the customer of a ticket is reached, in which language, and by whose clock. */
import type { ReferenceStore } from '../prisma/reference.ts';
import type { TicketRecord, TicketStore } from '../prisma/tickets.ts';
import type { ChannelName } from './channels.ts';

export interface CustomerContactDeps {
  tickets: Pick<TicketStore, 'openingTexts'>;
  reference: Pick<ReferenceStore, 'customer'>;
  /** What is configured. */
  channels: readonly ChannelName[];
}

/** What the requester said of themselves when the ticket was opened; erased with the ticket's words. */
export interface Requester {
  id?: string;
  contact?: string;
  language?: string;
  timezone?: string;
}

export interface CustomerContact {
  /** Of the ticket; absent once it was erased. */
  subject?: string;
  requester: Requester;
  /** BCP 47. */
  language: string | null;
  /** IANA. */
  timezone: string | null;
  /** An e-mail address, where one is known. */
  address: string | null;
  /** Where updates go; or why they go nowhere. */
  way: { channel: 'email' | 'webhook' } | { unreachable: string; isUnwanted?: true };
}

/** One address and nothing else: no name, no list, no control characters. */
const isAddress = (text: unknown): text is string =>
  typeof text === 'string' &&
  text.length <= 254 &&
  /^[^\s@<>()[\]\\,;:"\p{Cc}]+@[^\s@<>()\\,;"\p{Cc}]+$/u.test(text);

interface Wish {
  channel: string | number | boolean | undefined;
  address: string | null;
  channels: readonly ChannelName[];
}

/** The way a customer wants; without a wish by e-mail, and to the front end where that cannot be. */
function wayOf({ channel, address, channels }: Wish): CustomerContact['way'] {
  if (channel === 'none') return { unreachable: 'The customer wants no updates', isUnwanted: true };
  const isMailable = address !== null && channels.includes('email');
  if (channel === 'email' && address === null) return { unreachable: 'No e-mail address is known' };
  if (channel === 'email' && !isMailable) return { unreachable: 'E-mail is not configured' };
  if (isMailable && channel !== 'webhook') return { channel: 'email' };
  if (channel !== undefined && channel !== 'webhook')
    return { unreachable: `The customer wants updates by ${channel}, which there is not` };
  if (channels.includes('webhook')) return { channel: 'webhook' };
  return {
    unreachable:
      address === null ? 'No e-mail address is known' : 'Neither e-mail nor a webhook is configured',
  };
}

/** Looks the customer of a ticket up: what its requester said goes before what is kept of the customer. */
export function createCustomerContact({ tickets, reference, channels }: CustomerContactDeps) {
  return async ({ id, customer: name }: Pick<TicketRecord, 'id' | 'customer'>): Promise<CustomerContact> => {
    const opening = (await tickets.openingTexts([id])).get(id)?.body;
    const { subject, requester = {} } = (opening ?? {}) as { subject?: string; requester?: Requester };
    const customer = name === null ? null : await reference.customer(name);
    const { channel, email } = customer?.updates ?? {};
    const address = [requester.contact, email, customer?.contact?.email].find(isAddress) ?? null;
    return {
      ...(subject !== undefined && { subject }),
      requester,
      language: requester.language ?? customer?.language ?? null,
      timezone: requester.timezone ?? customer?.timezone ?? null,
      address,
      way: wayOf({ channel, address, channels }),
    };
  };
}

export type ContactOf = ReturnType<typeof createCustomerContact>;
