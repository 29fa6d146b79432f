/**
 * Which addresses a connector may reach: public ones, and what the operator listed. Playbooks come from elsewhere, and
 * the values in them from attackers; without this, either could turn a connector on the network it stands in.
 */
import { lookup as resolve } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.process>;
type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** An address that connectors may not reach. Nothing was sent. */
export class AddressRefused extends Error {
  constructor(host: string) {
    super(`${host} is not a public address, and TIERLINE_CONNECTOR_ALLOW does not list it`);
    this.name = 'AddressRefused';
  }
}

export interface AddressGuard {
  /**
   * The addresses of a host, looked up once: who connects to one of these cannot be led elsewhere by a second answer
   * of the name server. Throws AddressRefused where any of them may not be reached, else what the look-up throws, or
   * the signal's reason.
   */
  addressesOf(host: string, signal: AbortSignal): Promise<LookupAddress[]>;
}

/** `127.0.0.1` is the network of this one address. Null: not a network, so the name of a host. */
function networkIn(entry: string): Network | null {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  if (isIP(entry) === 0) return null;
  const address = ipaddr.process(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

const isIn = (address: Address, [network, bits]: Network): boolean =>
  address.kind() === network.kind() && address.match(network, bits);

const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** IPv6 has ranges that no list calls special and nobody has (`::/96`), so only what is given out counts. */
function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || isIn(address, GLOBAL_IPV6);
}

/** Where a name that is listed may lead: into the house; not to link-local addresses, where clouds keep their keys. */
const INTERNAL = new Set(['private', 'loopback', 'carrierGradeNat', 'uniqueLocal']);

const plainName = (host: string): string => host.toLowerCase().replace(/\.$/, '');
/** `[::1]`, as URLs have it. */
const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/** One list of CIDRs, addresses and names of hosts, separated by commas; refused where an entry is none of them. */
export function allowListIn(text: string): readonly string[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  for (const entry of entries)
    if (networkIn(entry) === null && !/^(?=.*[a-z])[\w.-]+$/i.test(entry))
      throw new Error(`${entry} is neither a network such as 10.0.0.0/8 nor the name of a host`);
  return entries;
}

/** A look-up cannot be called off, only not be waited for. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

type Lookup = (host: string) => Promise<LookupAddress[]>;

const bySystem: Lookup = (host) => resolve(host, { all: true });

/** Networks and names of hosts that may be reached besides public addresses. */
export function createAddressGuard(allowed: readonly string[], lookup = bySystem): AddressGuard {
  const networks = allowed.map(networkIn).filter((network) => network !== null);
  const names = new Set(allowed.filter((entry) => networkIn(entry) === null).map(plainName));
  const mayReach = (text: string, host: string): boolean => {
    const address = ipaddr.process(text);
    if (isPublic(address) || networks.some((network) => isIn(address, network))) return true;
    return names.has(plainName(host)) && INTERNAL.has(address.range());
  };
  return {
    async addressesOf(given, signal) {
      const host = withoutBrackets(given);
      signal.throwIfAborted();
      const addresses = await untilAborted(lookup(host), signal);
      if (addresses.length === 0 || !addresses.every(({ address }) => mayReach(address, host)))
        throw new AddressRefused(host);
      return addresses;
    },
  };
}

/** A look-up that knows one answer already, for whoever opens the socket. */
export function pinned(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, options, done) => {
    if (options.all) return done(null, [...addresses]);
    done(null, addresses[0]!.address, addresses[0]!.family);
  };
}
