/** What a command acts on, under one name however it is written: for protected assets, limits, and what is in force. */
import { parseAddress, type AddressRange } from './address.ts';
import type { AgentTarget } from './playbook.ts';

/** In this order the first kind of address names the target (CACAO v2.0 leaves it open). */
const ADDRESS_ORDER = ['url', 'dname', 'ipv4', 'ipv6', 'l2mac', 'vlan'] as const;

const groupsOf = (address: bigint): string =>
  Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');
const octetsOf = (address: bigint): string =>
  Array.from({ length: 4 }, (_, i) => (address >> BigInt(24 - 8 * i)) & 0xffn).join('.');

/** `::ffff:10.0.0.1` is `10.0.0.1` (RFC 4291 §2.5.5.2). */
export function unmapped(range: AddressRange): AddressRange {
  const isMapped = range.version === 6 && range.prefix >= 96 && range.address >> 32n === 0xffffn;
  return isMapped ? { version: 4, address: range.address & 0xffff_ffffn, prefix: range.prefix - 96 } : range;
}

function addressKey(text: string): string | null {
  const parsed = parseAddress(text.replace(/^\[(.*)\]$/, '$1'));
  if (!parsed) return null;
  const { version, address, prefix } = unmapped(parsed);
  const written = version === 4 ? octetsOf(address) : groupsOf(address);
  return prefix === (version === 4 ? 32 : 128) ? written : `${written}/${prefix}`;
}

const ATTRIBUTE = /^\s*(?:[a-z][a-z0-9-]*|\d+(?:\.\d+)+)\s*=/i;

/** The parts of a distinguished name from the leaf to the root; null where the text is none (RFC 4514). */
export function dnParts(text: string): string[] | null {
  const parts = text.split(/(?<!\\)[,;]/);
  if (!parts.every((part) => ATTRIBUTE.test(part))) return null;
  return parts.map((part) => {
    const at = part.indexOf('=');
    const value = part
      .slice(at + 1)
      .trim()
      .replaceAll(/\s+/g, ' ');
    return `${part.slice(0, at).trim()}=${value}`.toLowerCase();
  });
}

const hostOf = (url: string): string | null =>
  /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(url)?.[1] ?? null;

/** One writing of a host, an address, a URL, a distinguished name or an account. */
export function normalKey(text: string): string {
  const plain = text.normalize('NFKC').trim();
  const address = addressKey(plain);
  if (address !== null) return address;
  const parts = plain.includes('=') ? dnParts(plain) : null;
  if (parts) return parts.join(',');
  return plain.toLowerCase().replace(/\.$/, '').replace(/\/$/, '');
}

/**
 * Every name of a target, normalised: its addresses, the hosts of its URLs, and what it is called. The first is the one
 * it is counted by. References to variables are left as they are: put the values in first.
 */
export function targetKeysOf(target: Pick<AgentTarget, 'name' | 'address'>): string[] {
  const { name, address = {} } = target;
  const kinds = [...ADDRESS_ORDER, ...Object.keys(address).toSorted()];
  const written = [...new Set(kinds)].flatMap((kind) => address[kind] ?? []);
  const hosts = written.flatMap((one) => hostOf(one) ?? []);
  return [...new Set([...written, ...hosts, name].map(normalKey))].filter((key) => key !== '');
}

/** The name a target is counted by: by its address, else by what it is called. */
export const targetKeyOf = (target: Pick<AgentTarget, 'name' | 'address'>): string =>
  targetKeysOf(target)[0] ?? '';

const WORD = /[\p{L}\p{N}_.:@\\-]+/gu;

function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(leavesOf);
}

function jsonLeaves(text: string): string[] {
  try {
    return leavesOf(JSON.parse(text));
  } catch {
    return [];
  }
}

/** A word of a path may be written in percent signs. */
function decoded(text: string): string[] {
  try {
    return [decodeURIComponent(text)];
  } catch {
    return [];
  }
}

/**
 * Everything in the text of a command that may name what it acts on: an EDR is told the host in its path or its body, a
 * directory the entry in JSON. Too much rather than too little: it is only compared with what is protected.
 */
export function keysIn(text: string): string[] {
  const leaves = jsonLeaves(text);
  const texts = [text, ...decoded(text), ...leaves];
  const words = texts.flatMap((one) => [...one.matchAll(WORD)].map(([word]) => word));
  const bare = words.map((word) => word.replace(/^[.:-]+|[.:-]+$/g, ''));
  const withoutPort = bare.map((word) => word.replace(/:\d+$/, ''));
  return [...new Set([...leaves, ...words, ...bare, ...withoutPort].map(normalKey))].filter(
    (key) => key !== '',
  );
}
