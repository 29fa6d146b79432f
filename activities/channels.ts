/** What every channel is: a way to send one message, which says how sure it is when it could not. */
export const CHANNELS = ['webhook', 'chat', 'email'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** Words for a person. */
export interface Letter {
  /** Where it goes, for channels that have addresses. */
  to?: string;
  subject: string;
  text: string;
  /** What it belongs to: letters of one thread are shown together. */
  thread: string;
}

export interface ChannelMessage {
  /** Names the message for whoever receives it: the same at every attempt. */
  id: string;
  /** For programs. */
  body: object;
  /** For people; a channel to people needs it. */
  letter?: Letter;
}

/** One way out of here. */
export interface Channel {
  /** Sends one message, within the time of a lease; answers under which id. Throws a SendFault where it could not. */
  send(message: ChannelMessage): Promise<{ id: string }>;
}

export type Channels = Partial<Record<ChannelName, Channel>>;

/** A message that was not sent, as far as is known. The words are kept and shown: no secrets, no personal data. */
export class SendFault extends Error {
  /** Trying again is no use. */
  readonly permanent: boolean;
  /** It may have arrived all the same. */
  readonly uncertain: boolean;
  constructor(
    message: string,
    {
      permanent = false,
      uncertain = false,
      cause,
    }: { permanent?: boolean; uncertain?: boolean; cause?: unknown },
  ) {
    super(message, { cause });
    this.name = 'SendFault';
    this.permanent = permanent;
    this.uncertain = uncertain;
  }
}

/** Names of what can go wrong before anything was sent. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

interface FetchError extends Error {
  cause?: { code?: string };
}

/** What an error of `fetch` means; `host` is all that is told of the address. */
export function fetchFault(error: unknown, host: string): SendFault {
  const { name, cause } = error as FetchError;
  if (name === 'TimeoutError')
    return new SendFault(`${host} did not answer in time; the message may have arrived`, {
      uncertain: true,
      cause: error,
    });
  const code = cause?.code;
  if (code !== undefined && BEFORE_SENDING.has(code))
    return new SendFault(`${host} could not be reached (${code})`, { cause: error });
  return new SendFault(
    `The connection to ${host} was lost${code ? ` (${code})` : ''}; the message may have arrived`,
    { uncertain: true, cause: error },
  );
}

/** An e-mail address with all but its first letter and its domain left out. */
export const maskedAddress = (address: string): string => address.replace(/^(.)[^@]*@/u, '$1…@');
