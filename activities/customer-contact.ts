/** How the customer of a ticket is reached, in which language, and by whose clock. */
import { readerOf, type Requester } from '../domain/customer-update.ts';
import type { TemplateReader } from '../domain/template.ts';
import type { ReferenceStore } from '../prisma/reference.ts';
import type { TicketRecord, TicketStore } from '../prisma/tickets.ts';
import type { ChannelName } from './channels.ts';

export interface CustomerContactDeps {
  tickets: Pick<TicketStore, 'openingTexts'>;
  reference: Pick<ReferenceStore, 'customer'>;
  /** What is configured. */
  channels: readonly ChannelName[];
}

export interface CustomerContact extends TemplateReader {
  /** Of the ticket; absent once it was erased. */
  subject?: string;
  requester: Requester;
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

const WISHES: readonly unknown[] = [undefined, 'email', 'webhook'];

/** The way a customer wants; without a wish by e-mail, and to the front end where that cannot be. */
function wayOf({ channel, address, channels }: Wish): CustomerContact['way'] {
  if (channel === 'none') return { unreachable: 'The customer wants no updates', isUnwanted: true };
  if (!WISHES.includes(channel))
    return { unreachable: `The customer wants updates by ${channel}, which there is not` };
  const whyNoMail = channels.includes('email') ? noAddress(address) : 'E-mail is not configured';
  if (channel !== 'webhook' && whyNoMail === null) return { channel: 'email' };
  if (channel === 'email') return { unreachable: whyNoMail! };
  if (channels.includes('webhook')) return { channel: 'webhook' };
  return { unreachable: channel === 'webhook' ? 'A webhook is not configured' : whyNoMail! };
}

const noAddress = (address: string | null): string | null =>
  address === null ? 'No e-mail address is known' : null;

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
      ...readerOf(requester, customer),
      address,
      way: wayOf({ channel, address, channels }),
    };
  };
}

export type ContactOf = ReturnType<typeof createCustomerContact>;
