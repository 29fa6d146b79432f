/** A real mail server for tests: takes what it is sent, or does to it what a test wants. */
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** Names in lower case; a header that comes twice is joined with a line break. */
  headers: Record<string, string>;
  /** Decoded. */
  text: string;
  raw: string;
}

/** What happens to the next mail. */
export type Fate =
  | 'accept'
  /** A refusal of the recipient, or of the whole mail after its data, with this code. */
  | { recipient: number }
  | { data: number }
  /** The mail is taken, and the connection lost before that is said. */
  | 'loseAfterData';

export interface MailServer {
  url: string;
  /** In the order in which they were taken. */
  received: ReceivedMail[];
  /** Fates of the next mails, in turn; accepted when it runs out. */
  fates: Fate[];
  /** The same for the mails to one recipient, instead. */
  fatesOf: Map<string, Fate[]>;
  /** How long each recipient is thought about. */
  slowMs: number;
  /** The users who logged in. */
  users: string[];
  close(): Promise<void>;
}

function decoded(headers: Record<string, string>, body: string): string {
  const encoding = headers['content-transfer-encoding']?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  if (encoding !== 'quoted-printable') return body;
  const bytes = body
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([\dA-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

function parsed(raw: string): Pick<ReceivedMail, 'headers' | 'text' | 'raw'> {
  const split = raw.indexOf('\r\n\r\n');
  const headers: Record<string, string> = {};
  for (const line of raw
    .slice(0, split)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':');
    const key = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[key] = key in headers ? `${headers[key]}\n${value}` : value;
  }
  return { headers, text: decoded(headers, raw.slice(split + 4)).replaceAll('\r\n', '\n'), raw };
}

/** A subject or name as people read it (RFC 2047). */
export const readHeader = (value: string): string =>
  value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_whole, kind: string, text: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString()
        : decoded({ 'content-transfer-encoding': 'quoted-printable' }, text.replaceAll('_', ' ')),
    );

const refusal = (responseCode: number, words: string) => Object.assign(new Error(words), { responseCode });

export interface MailServerOptions {
  /** Only who logs in may send. */
  login?: { user: string; password: string };
  /** Speaks TLS from the first byte, with a certificate that nobody knows. */
  secure?: boolean;
}

export async function startMailServer({
  login,
  secure = false,
}: MailServerOptions = {}): Promise<MailServer> {
  const state: Pick<MailServer, 'received' | 'fates' | 'fatesOf' | 'slowMs' | 'users'> = {
    received: [],
    fates: [],
    fatesOf: new Map(),
    slowMs: 0,
    users: [],
  };
  const fatesFor = (address: string | undefined) => state.fatesOf.get(address ?? '') ?? state.fates;
  const sockets = new Set<Socket>();
  const server = new SMTPServer({
    secure,
    hideSTARTTLS: true,
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    onAuth({ username = '', password }, _session, done) {
      if (login === undefined || username !== login.user || password !== login.password)
        return done(refusal(535, `Authentication failed for ${username}`));
      state.users.push(username);
      done(null, { user: username });
    },
    onRcptTo({ address }, _session, done) {
      const fates = fatesFor(address);
      const [fate] = fates;
      const isRefused = typeof fate === 'object' && 'recipient' in fate;
      if (isRefused) fates.shift();
      const answer = () =>
        isRefused ? done(refusal(fate.recipient, `<${address}> is not known here`)) : done();
      setTimeout(answer, state.slowMs);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const fate = fatesFor(session.envelope.rcptTo[0]?.address).shift() ?? 'accept';
        if (typeof fate === 'object' && 'data' in fate) return done(refusal(fate.data, 'Not now'));
        const { mailFrom, rcptTo } = session.envelope;
        state.received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          ...parsed(Buffer.concat(chunks).toString()),
        });
        if (fate !== 'loseAfterData') return done();
        for (const socket of sockets) socket.destroy();
      });
    },
  });
  server.on('error', () => undefined);
  server.server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const who = login ? `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@` : '';
  return Object.assign(state, {
    url: `${secure ? 'smtps' : 'smtp'}://${who}127.0.0.1:${port}`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}
