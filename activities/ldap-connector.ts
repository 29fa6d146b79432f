/** `x-ldap`: one change or one search in a directory (RFC 4511); changes of one request are made together or not at all. */
import { isIP } from 'node:net';
import { Client, ResultCodeError } from 'ldapts';
import { AddressRefused, type AddressGuard } from './address-guard.ts';
import type { Connector, ConnectorAnswer, ConnectorRequest, ReadyCommand } from './connector.ts';
import { hostOf, portOf, Unsendable } from './http-connector.ts';
import { ldapCommandIn, type LdapCommand, type LdapModify, type LdapSearch } from './ldap-command.ts';

export interface LdapSettings {
  guard: AddressGuard;
  /** Certificates in PEM that count besides those that Node knows. */
  ca?: string;
}

const CONNECT_MS = 10_000;
/** For each answer; the signal may end it before. */
const ANSWER_MS = 60_000;
const MOST_ENTRIES = 1_000;

/** RFC 4511 §4.1.9: the values that it was to take away, or to add, were so already. */
const NO_SUCH_ATTRIBUTE = 16;
const ATTRIBUTE_OR_VALUE_EXISTS = 20;

/** What went wrong before the operation was sent. */
class NotConnected extends Error {}

interface Place {
  host: string;
  port: number;
  isTls: boolean;
}

/** `ldaps://`, or `ldap://`, on which TLS is started; a host without a scheme speaks `ldap`. Throws Unsendable. */
function placeOf(request: ConnectorRequest): Place {
  const { target } = request;
  const host = hostOf(target);
  const text = target.address?.['url']?.[0] ?? (host === null ? '' : `ldap://${host}`);
  if (!/^ldaps?:\/\/[^/?#@\s]+\/?$/i.test(text) || !URL.canParse(text))
    throw new Unsendable('The target has no address such as ldaps://directory.example');
  const url = new URL(text);
  const isTls = url.protocol === 'ldaps:';
  const said = url.port === '' ? portOf(target) : Number(url.port);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: said ?? (isTls ? 636 : 389), isTls };
}

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/** What the server said, by the name of its code: its words may quote what it was sent. */
const wordOf = (error: ResultCodeError): string => `${error.name.replace(/Error$/, '')} (${error.code})`;

const faultOf = (error: unknown): string => {
  if (error instanceof ResultCodeError) return wordOf(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'the connection was lost';
};

async function connected(
  request: ConnectorRequest,
  { guard, ca }: LdapSettings,
): Promise<{ client: Client; bind: () => Promise<void> }> {
  const { credentials, signal } = request;
  const { host, port, isTls } = placeOf(request);
  const [first] = await guard.addressesOf(host, signal).catch((error: unknown) => {
    throw error instanceof AddressRefused
      ? new Unsendable(error.message)
      : new NotConnected(`${host} could not be looked up`);
  });
  const { address } = first!;
  const tlsOptions = { ...(isIP(host) === 0 ? { servername: host } : { host }), ...(ca && { ca: [ca] }) };
  const client = new Client({
    url: `${isTls ? 'ldaps' : 'ldap'}://${isIP(address) === 6 ? `[${address}]` : address}:${port}`,
    connectTimeout: CONNECT_MS,
    timeout: ANSWER_MS,
    // Their being there would mean TLS from the first byte.
    ...(isTls && { tlsOptions }),
  });
  return {
    client,
    async bind() {
      // Neither a password nor a change goes over a network in the clear.
      if (!isTls && !isLoopback(address)) await client.startTLS({ ...tlsOptions });
      if (credentials?.username === undefined) return client.bind('');
      await client.bind(credentials.username, credentials.password ?? '');
    },
  };
}

async function search(
  client: Client,
  { base, scope, filter, attributes }: LdapSearch,
): Promise<ConnectorAnswer> {
  const { searchEntries } = await client.search(base, {
    scope,
    filter,
    attributes: [...attributes],
    sizeLimit: MOST_ENTRIES,
  });
  const entries = searchEntries.map(({ dn, ...values }) => ({
    dn,
    ...Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, [value].flat().map((one) => String(one))]),
    ),
  }));
  return { outcome: 'succeeded', output: JSON.stringify(entries) };
}

/** One change that finds things so already brings about what it should; of several, none was made then. */
function isSoAlready({ code }: ResultCodeError, { changes }: LdapModify): boolean {
  const [change] = changes;
  if (change === undefined || changes.length > 1) return false;
  if (change.operation === 'add') return code === ATTRIBUTE_OR_VALUE_EXISTS;
  return change.operation === 'delete' && code === NO_SUCH_ATTRIBUTE;
}

async function modify(client: Client, command: LdapModify): Promise<ConnectorAnswer> {
  try {
    await client.modify(command.dn, [...command.changes]);
    return { outcome: 'succeeded', output: 'changed' };
  } catch (error) {
    if (!(error instanceof ResultCodeError)) throw error;
    if (isSoAlready(error, command)) return { outcome: 'succeeded', output: 'so already' };
    return { outcome: 'failed', reason: `The directory refused it: ${wordOf(error)}` };
  }
}

/** After this, an end without an answer may come after the change. */
async function operate(client: Client, command: LdapCommand): Promise<ConnectorAnswer> {
  // It would connect anew, in the clear and as nobody.
  if (!client.isConnected) return { outcome: 'failed', reason: 'The connection was lost after the log-in' };
  try {
    return command.operation === 'search' ? await search(client, command) : await modify(client, command);
  } catch (error) {
    const reason = `There was no answer: ${faultOf(error)}`;
    return { outcome: command.operation === 'search' ? 'failed' : 'unknown', reason };
  }
}

async function carryOut(request: ConnectorRequest, settings: LdapSettings): Promise<ConnectorAnswer> {
  const { signal } = request;
  const command = ldapCommandIn(request.command.command);
  if (command === null) return { outcome: 'failed', reason: 'The command is no LDAP operation as JSON' };
  let client: Client | undefined;
  const stop = () => void client?.unbind().catch(() => undefined);
  try {
    const connection = await connected(request, settings);
    client = connection.client;
    signal.addEventListener('abort', stop, { once: true });
    await connection.bind().catch((error: unknown) => {
      throw new NotConnected(`The directory could not be used (${faultOf(error)})`);
    });
    if (signal.aborted) throw new NotConnected('It was stopped before it was sent');
    return await operate(client, command);
  } catch (error) {
    if (!(error instanceof Unsendable || error instanceof NotConnected)) throw error;
    return { outcome: 'failed', reason: error.message };
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** `replace` sets values; one `add` or `delete` alone counts as done where things are so already. */
function isRepeatable({ command }: ReadyCommand): boolean {
  const read = ldapCommandIn(command);
  if (read?.operation !== 'modify') return read?.operation === 'search';
  return read.changes.length === 1 || read.changes.every(({ operation }) => operation === 'replace');
}

export function createLdapConnector(settings: LdapSettings): Connector {
  return {
    isChange: ({ command }) => ldapCommandIn(command)?.operation !== 'search',
    isRepeatable,
    carryOut: (request) => carryOut(request, settings),
  };
}
