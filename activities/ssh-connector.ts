/** `ssh`: one command on a host whose key is known; what it ends with says whether it was done. */
import { connect, type Socket } from 'node:net';
import { Client, type ClientChannel, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2';
import { AddressRefused, pinned, type AddressGuard } from './address-guard.ts';
import type { Connector, ConnectorAnswer, ConnectorRequest, Credentials } from './connector.ts';
import { heard } from './heard.ts';
import { hostOf, portOf, Unsendable } from './http-connector.ts';
import { keysOf, type HostKey } from './known-hosts.ts';

export interface SshSettings {
  guard: AddressGuard;
  /** The text of a `known_hosts` file, read anew for each command; null: there is none, and no host is known. */
  knownHosts: () => Promise<string | null>;
}

const CONNECT_MS = 15_000;

/** What went wrong before the command was handed over. */
class NotConnected extends Error {}

const codeOf = (error: unknown): string => {
  const { code, level } = error as { code?: unknown; level?: unknown };
  if (level === 'client-authentication') return 'the log-in was refused';
  return typeof code === 'string' ? code : typeof level === 'string' ? level : 'no reason given';
};

/** The algorithms in which a known key may sign. */
const algorithmsFor = ({ type }: HostKey): ServerHostKeyAlgorithm[] =>
  (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]) as ServerHostKeyAlgorithm[];

function logInOf({ username, password, privateKey, passphrase }: Credentials): ConnectConfig {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(privateKey !== undefined && { privateKey }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

interface Place {
  host: string;
  port: number;
  keys: HostKey[];
}

async function placeOf({ target }: ConnectorRequest, knownHosts: SshSettings['knownHosts']): Promise<Place> {
  const host = hostOf(target)?.replace(/^\[(.*)\]$/, '$1');
  if (host === undefined) throw new Unsendable('The target has no address');
  const port = portOf(target) ?? 22;
  const keys = keysOf((await knownHosts()) ?? '', host, port);
  if (keys.length === 0)
    throw new Unsendable(
      `The host key of ${host}, port ${port}, is not known; TIERLINE_SSH_KNOWN_HOSTS lists those that are`,
    );
  return { host, port, keys };
}

/** A log-in on the host. Throws where there is none, and keeps nothing open then. */
async function logIn(request: ConnectorRequest, { guard, knownHosts }: SshSettings): Promise<Client> {
  const { credentials, signal } = request;
  if (credentials === null) throw new Unsendable('A log-in needs an authentication');
  const { host, port, keys } = await placeOf(request, knownHosts);
  const addresses = await guard.addressesOf(host, signal).catch((error: unknown) => {
    throw error instanceof AddressRefused
      ? new Unsendable(error.message)
      : new NotConnected(`${host} could not be looked up (${codeOf(error)})`);
  });
  const sock: Socket = connect({ host, port, lookup: pinned(addresses) });
  const client = new Client();
  const stop = () => client.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve).on('error', reject);
      client.once('close', () => reject(new Error('closed')));
      sock.once('error', reject);
      client.connect({
        ...logInOf(credentials),
        sock,
        readyTimeout: CONNECT_MS,
        hostVerifier: (key: Buffer) => keys.some((known) => known.key.equals(key)),
        algorithms: { serverHostKey: [...new Set(keys.flatMap(algorithmsFor))] },
      });
    });
    return client;
  } catch (error) {
    client.destroy();
    sock.destroy();
    throw new NotConnected(`${host}, port ${port}, could not be used (${codeOf(error)})`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Waits for the end of a command. One that ended without a word on how may have been done. */
function endOf(channel: ClientChannel): Promise<ConnectorAnswer> {
  const output = heard(channel);
  const errors = heard(channel.stderr);
  let exit: { code: number | null; by?: string | undefined } | null = null;
  channel.once('exit', (code: number | null, by?: string) => (exit = { code, by }));
  return new Promise((resolve) => {
    channel.once('close', () => {
      const said = output() || errors();
      if (exit === null)
        return resolve({
          outcome: 'unknown',
          reason: 'The connection was lost while it ran',
          output: said,
        });
      if (exit.code === 0) return resolve({ outcome: 'succeeded', output: output() });
      if (exit.code === null)
        return resolve({ outcome: 'unknown', reason: `It was ended by ${exit.by}`, output: said });
      resolve({ outcome: 'failed', reason: `It ended with ${exit.code}`, output: said });
    });
  });
}

/** Runs the command. The server's own refusal to run it has a reason or these words; other errors settle nothing. */
function run(client: Client, command: string): Promise<ConnectorAnswer> {
  return new Promise((resolve) => {
    const lost = () => resolve({ outcome: 'unknown', reason: 'The connection was lost after it was sent' });
    client.once('close', lost);
    client.exec(command, (error, channel) => {
      if (!error) return resolve(endOf(channel));
      const isRefusal = 'reason' in error || error.message === 'Unable to exec';
      if (!isRefusal) return lost();
      resolve({ outcome: 'failed', reason: 'The server does not let commands be run' });
    });
  });
}

export function createSshConnector(settings: SshSettings): Connector {
  return {
    isChange: () => true,
    isRepeatable: () => false,
    async carryOut(request) {
      const { command, signal } = request;
      let client: Client;
      try {
        client = await logIn(request, settings);
      } catch (error) {
        if (!(error instanceof Unsendable || error instanceof NotConnected)) throw error;
        return { outcome: 'failed', reason: error.message };
      }
      const stop = () => client.destroy();
      client.on('error', stop);
      if (signal.aborted) {
        stop();
        return { outcome: 'failed', reason: 'It was stopped before it was sent' };
      }
      signal.addEventListener('abort', stop, { once: true });
      try {
        return await run(client, command.command);
      } finally {
        signal.removeEventListener('abort', stop);
        client.destroy();
      }
    },
  };
}
