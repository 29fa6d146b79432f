/** IP addresses and ranges in CIDR notation, as numbers. */

export interface AddressRange {
  version: 4 | 6;
  /** The address as it was written, as a number of 32 or 128 bits. */
  address: bigint;
  /** How many leading bits make the range: 32 or 128 for a single address. */
  prefix: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** Dotted decimal; leading zeros are refused, which some systems read as octal. */
function parseV4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return null;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

/** The last group may be an IPv4 address (RFC 4291 §2.2). */
function v6Groups(text: string): string[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const last = groups.at(-1)!;
  if (!last.includes('.')) return groups;
  const v4 = parseV4(last);
  if (v4 === null) return null;
  return [...groups.slice(0, -1), (v4 >> 16n).toString(16), (v4 & 0xffffn).toString(16)];
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(v6Groups);
  if (!head || tail === null) return null;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<string>(tail ? missing : 0).fill('0'), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** An address or a range `address/prefix`; null where the text is neither. */
export function parseAddress(text: string): AddressRange | null {
  const [written = '', bits, ...rest] = text.split('/');
  const version = written.includes(':') ? 6 : 4;
  const address = version === 6 ? parseV6(written) : parseV4(written);
  if (address === null || rest.length > 0) return null;
  if (bits === undefined) return { version, address, prefix: WIDTH[version] };
  if (!/^(?:0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > WIDTH[version]) return null;
  return { version, address, prefix: Number(bits) };
}

/** The part of the address that all of a range have in common. */
export function networkOf({ version, address, prefix }: AddressRange): bigint {
  const rest = BigInt(WIDTH[version] - prefix);
  return (address >> rest) << rest;
}

/** Whether every address of the inner range is one of the outer. Different families never are. */
export function isWithin(inner: AddressRange, outer: AddressRange): boolean {
  if (inner.version !== outer.version || inner.prefix < outer.prefix) return false;
  return networkOf({ ...inner, prefix: outer.prefix }) === networkOf(outer);
}
