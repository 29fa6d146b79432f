/** Commands, agents and targets of a playbook with their variables put in, each part fitted to where it goes. */
import { parseAddress } from './address.ts';
import type { AgentTarget, Command } from './playbook.ts';
import { substitute, Unresolvable, type Sink } from './substitution.ts';
import { locateReferences, soleReference, type Lookup } from './variables.ts';

/** A command ready to be carried out. Secrets may be in it. */
export interface SubstitutedCommand {
  type: string;
  command: string;
  headers: Record<string, string[]>;
  content?: Uint8Array;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The bytes of a base64 text (RFC 4648 §4; line breaks and missing padding are borne); null where it is none. */
export function bytesOfBase64(text: string): Uint8Array | null {
  const letters = text.replaceAll(/\s/g, '');
  if (!BASE64.test(letters)) return null;
  const bytes: number[] = [];
  // Four letters are three bytes. By hand: workflows, which ask as well, have no `atob`.
  for (let i = 0, bits = 0, held = 0; i < letters.length && letters[i] !== '='; i += 1) {
    held = (held << 6) | ALPHABET.indexOf(letters[i]!);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
    held &= (1 << bits) - 1;
  }
  return Uint8Array.from(bytes);
}

/** UTF-8, or null where the bytes are not. */
function textOfBytes(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What a command says, in whichever of the two forms it was written; null where the base64 is not a UTF-8 text. */
export function commandText({ command, command_b64 }: Command): string | null {
  if (command_b64 === undefined) return command ?? '';
  const bytes = bytesOfBase64(command_b64);
  return bytes && textOfBytes(bytes);
}

/** The body of a command: text where it is one, else its bytes; undefined where there is none. */
export function commandContent({ content, content_b64 }: Command): string | Uint8Array | undefined {
  if (content_b64 === undefined) return content;
  const bytes = bytesOfBase64(content_b64);
  return bytes ? (textOfBytes(bytes) ?? bytes) : undefined;
}

/** Every text of a command that may have variables in it. */
export function textsOf(command: Command): string[] {
  const content = commandContent(command);
  return [
    commandText(command) ?? '',
    ...Object.values(command.headers ?? {}).flat(),
    ...(typeof content === 'string' ? [content] : []),
  ];
}

/** A start line, `METHOD target HTTP/1.1`: only the target may have variables. */
function intoStartLine(line: string, lookup: Lookup): string {
  const [, method = '', target = ''] = /^(\S*)([\s\S]*)$/.exec(line.trim())!;
  const [inMethod] = locateReferences(method);
  if (inMethod) throw new Unresolvable(inMethod.name, 'stands where the method is');
  return method + substitute(target, lookup, 'url');
}

/** How a body is written, by its media type; by its looks where nothing says. */
function sinkOfContent(type: string, text: string): Sink {
  const media = type.split(';')[0]!.trim().toLowerCase();
  if (media === '') return /^\s*[[{]/.test(text) ? 'json' : 'plain';
  if (media.endsWith('/json') || media.endsWith('+json')) return 'json';
  if (media === 'application/x-www-form-urlencoded') return 'form';
  return /[/+](?:xml|html)$/.test(media) || media === 'text/html' ? 'xml' : 'plain';
}

function headersOf(command: Command, lookup: Lookup): Record<string, string[]> {
  const entries = Object.entries(command.headers ?? {});
  return Object.fromEntries(
    entries.map(([name, values]) => [name, values.map((value) => substitute(value, lookup, 'header'))]),
  );
}

function intoContent(
  content: string | Uint8Array,
  headers: Record<string, string[]>,
  command: Command,
  lookup: Lookup,
): Uint8Array {
  if (typeof content !== 'string') return content;
  const declared = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1][0];
  const type = declared ?? (command.type === 'openc2-http' ? 'application/openc2+json' : '');
  return new TextEncoder().encode(substitute(content, lookup, sinkOfContent(type, content)));
}

/** Attribute types and values with `=`, separated by commas (RFC 4514): enough to tell a name from something else. */
const DISTINGUISHED_NAME =
  /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)=(?:[^,+"\\<>;=\0]|\\(?:[0-9a-fA-F]{2}|[ "#+,;<=>\\]))+(?:[,+] ?(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)=(?:[^,+"\\<>;=\0]|\\(?:[0-9a-fA-F]{2}|[ "#+,;<=>\\]))+)*$/;

/** A name as a whole may come from a variable; it must then be one. */
function intoName(text: string, lookup: Lookup): string {
  const whole = soleReference(text);
  if (!whole) return substitute(text, lookup, 'dn');
  const name = substitute(text, lookup, 'plain');
  if (!DISTINGUISHED_NAME.test(name)) throw new Unresolvable(whole, 'is not a distinguished name (RFC 4514)');
  return name;
}

/** JSON is read before anything is put in, so that a value can be nothing but a value. */
function intoLdap(text: string, lookup: Lookup): string {
  const into = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((part) => into(part, key));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, into(part, name)]));
    if (typeof value !== 'string') return value;
    if (key === 'dn' || key === 'base') return intoName(value, lookup);
    return substitute(value, lookup, key === 'filter' ? 'ldap-filter' : 'plain');
  };
  return JSON.stringify(into(JSON.parse(text), ''));
}

const SINKS: Record<string, Sink> = {
  ssh: 'shell',
  bash: 'shell',
  powershell: 'powershell',
};

function intoCommand(type: string, text: string, lookup: Lookup): string {
  if (type === 'http-api' || type === 'openc2-http') return intoStartLine(text, lookup);
  if (type === 'x-ldap') return intoLdap(text, lookup);
  return substitute(text, lookup, SINKS[type] ?? 'plain');
}

/**
 * A command as it is carried out: base64 read, variables put in, each in the manner of the place where it stands. The
 * command itself is not changed. Throws `Unresolvable`. An `x-ldap` command must be JSON, as the check sees to.
 */
export function substituteCommand(command: Command, lookup: Lookup): SubstitutedCommand {
  const headers = headersOf(command, lookup);
  const content = commandContent(command);
  return {
    type: command.type,
    command: intoCommand(command.type, commandText(command) ?? '', lookup),
    headers,
    ...(content !== undefined && { content: intoContent(content, headers, command, lookup) }),
  };
}

const HOST_NAME =
  /^(?=.{1,253}\.?$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;
const ADDRESS_URL = /^(?:https?|ldaps?):\/\/[^\s\p{Cc}<>"{}|\\^`@/?#]+(?:[/?#][^\s\p{Cc}<>"{}|\\^`]*)?$/iu;

/** Per kind of address, what it looks like when it is complete. */
const ADDRESSES: Record<string, (text: string) => boolean> = {
  dname: (text) => HOST_NAME.test(text) && !/^[\d.]+$/.test(text),
  ipv4: (text) => parseAddress(text)?.version === 4,
  ipv6: (text) => parseAddress(text.replace(/^\[(.*)\]$/, '$1'))?.version === 6,
  l2mac: (text) => /^[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}$/.test(text),
  vlan: (text) => /^[\w.-]{1,64}$/.test(text),
  url: (text) => ADDRESS_URL.test(text),
};

/** A whole URL may come from a variable; a part of one is put in as a part. Either way it must be an address after it. */
function intoAddress(kind: string, text: string, lookup: Lookup): string {
  const [reference] = locateReferences(text);
  if (!reference) return text;
  const embedded = kind === 'url' && !soleReference(text);
  const address = substitute(text, lookup, embedded ? 'url' : 'plain');
  if (ADDRESSES[kind]?.(address) ?? true) return address;
  throw new Unresolvable(reference.name, `makes no ${kind} address`);
}

function intoPort(text: string, lookup: Lookup): string {
  const [reference] = locateReferences(text);
  const port = substitute(text, lookup, 'plain');
  if (reference && !(/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535))
    throw new Unresolvable(reference.name, 'makes no port number');
  return port;
}

function intoAll(value: unknown, lookup: Lookup): unknown {
  if (typeof value === 'string') return substitute(value, lookup, 'plain');
  if (Array.isArray(value)) return value.map((part) => intoAll(part, lookup));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, intoAll(part, lookup)]));
}

/**
 * An agent or a target with its variables put in; an address that has any must be one afterwards. The definition itself
 * is not changed. Throws `Unresolvable`.
 */
export function substituteAgent(agent: AgentTarget, lookup: Lookup): AgentTarget {
  const { type, address, port, authentication_info, ...rest } = agent;
  return {
    type,
    ...(intoAll(rest, lookup) as Omit<AgentTarget, 'type' | 'address' | 'port' | 'authentication_info'>),
    ...(address && {
      address: Object.fromEntries(
        Object.entries(address).map(([kind, texts]) => [
          kind,
          texts.map((text) => intoAddress(kind, text, lookup)),
        ]),
      ),
    }),
    ...(port !== undefined && { port: intoPort(port, lookup) }),
    ...(authentication_info !== undefined && { authentication_info }),
  };
}
