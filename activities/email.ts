/** E-mail by SMTP: plain text, threaded by ticket, under an id that is the same at every attempt. */
import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { createTransport } from 'nodemailer';
import { SendFault, type Channel } from './channels.ts';

export interface MailServer {
  /** `smtp://` or `smtps://`, with user and password; the options of nodemailer as its query. */
  url: string;
  /** `Desk <desk@example.com>`, or the address alone. */
  from: string;
  /** How long the server may keep silent. */
  silenceMs?: number;
}

/** Together well below the lease of a delivery. */
const CONNECT_WITHIN_MS = 10_000;
const SILENCE_MS = 20_000;
const SEND_WITHIN_MS = 45_000;

const domainOf = (from: string): string => /@([^\s@>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';

/** `<…@domain>` that says nothing of what it is made of, and is the same for the same. */
const mailId = (kind: string, name: string, domain: string): string =>
  `<${kind}.${createHash('sha256').update(name).digest('hex').slice(0, 40)}@${domain}>`;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** A password goes over an encrypted connection only, unless the URL itself says otherwise. */
function needsTls(url: URL): boolean {
  const isSaid = ['ignoreTLS', 'requireTLS'].some((name) => url.searchParams.has(name));
  return url.password !== '' && !LOOPBACK.test(url.hostname) && !isSaid;
}

interface SmtpError extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
}

/** As it was meant; as it was written, where it does not decode. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What the server said, without what is nobody's business: passwords, users, addresses. */
function told(text: string, { username, password }: URL): string {
  const secrets = [password, username].flatMap((secret) => [secret, unescaped(secret)]);
  return secrets
    .filter((secret) => secret.length > 0)
    .reduce((words, secret) => words.replaceAll(secret, '…'), text)
    .replaceAll(/[^\s<>"']+@[^\s<>"']+/g, '…')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .slice(0, 500);
}

/** Whether another attempt may end otherwise: 5xx is for good, but for a log-in that somebody can mend. */
const isPermanent = ({ code, responseCode }: SmtpError): boolean =>
  responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH';

function faultOf(error: unknown, { url, isHandedOver }: { url: URL; isHandedOver: boolean }): SendFault {
  const { message, responseCode } = error as SmtpError;
  const words = told(message, url);
  if (responseCode !== undefined)
    return new SendFault(`The mail server refused it: ${words}`, {
      permanent: isPermanent(error as SmtpError),
    });
  if (!isHandedOver) return new SendFault(`The mail server could not be used: ${words}`, {});
  return new SendFault(
    `The connection was lost after the message was handed over, so that it may have arrived: ${words}`,
    { uncertain: true },
  );
}

/** Connections are not kept: updates are few, and a connection of one's own fails for itself alone. */
export function createEmailChannel({ url: address, from, silenceMs = SILENCE_MS }: MailServer): Channel {
  const url = new URL(address);
  const domain = domainOf(from);
  const connection = {
    url: address,
    connectionTimeout: CONNECT_WITHIN_MS,
    dnsTimeout: CONNECT_WITHIN_MS,
    greetingTimeout: CONNECT_WITHIN_MS,
    socketTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(needsTls(url) && { requireTLS: true }),
  };
  return {
    async send({ id, letter }) {
      if (letter?.to === undefined)
        throw new SendFault('There is no address to write to', { permanent: true });
      const transport = createTransport(connection);
      let isHandedOver = false;
      transport.use('stream', (mail, done) => {
        const transform = (chunk: Buffer, _encoding: string, next: (error: null, chunk: Buffer) => void) =>
          next(null, chunk);
        const flush = (next: () => void) => {
          isHandedOver = true;
          next();
        };
        mail.message!.transform(() => new Transform({ transform, flush }));
        done();
      });
      const messageId = mailId('update', id, domain);
      const thread = mailId('ticket', letter.thread, domain);
      try {
        await transport.sendMail({
          from,
          // As an object: nothing in it is taken for a list of addresses.
          to: { name: '', address: letter.to },
          subject: letter.subject,
          text: letter.text,
          messageId,
          // No letter has the thread's own id: all of them answer what is not there, and so stand together.
          inReplyTo: thread,
          references: [thread],
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          signal: AbortSignal.timeout(SEND_WITHIN_MS),
        });
      } catch (error) {
        throw faultOf(error, { url, isHandedOver });
      }
      return { id: messageId };
    },
  };
}
