/**
 * Putting values into commands: late, once, and never looked at again (docs/playbooks.md). Every value is fitted to where
 * it lands, its sink, so that it stays a value there; where it cannot be, it is refused. Values come from mail subjects
 * and host names, so from attackers.
 */
import {
  powershellArgument,
  placesInPowershell,
  placesInShell,
  shellArgument,
  type Place,
} from './shell-text.ts';
import {
  locateReferences,
  soleReference,
  typeNamed,
  valueProblem,
  type Lookup,
  type Reference,
} from './variables.ts';
import type { Variable } from './playbook.ts';

/**
 * Where a text goes. `url`: path and query; `form`: a body of form fields; `header`: the value of one HTTP header;
 * `dn` and `ldap-filter`: RFC 4514 and RFC 4515; `plain`: read by people, or by nobody.
 */
export type Sink =
  'json' | 'url' | 'form' | 'xml' | 'header' | 'shell' | 'powershell' | 'plain' | 'dn' | 'ldap-filter';

/** A variable that cannot be put in: it has no value, or its value does not fit where it would stand. */
export class Unresolvable extends Error {
  readonly variable: string;
  readonly reason: string;
  constructor(variable: string, reason: string) {
    super(`${variable} ${reason}`);
    this.name = 'Unresolvable';
    this.variable = variable;
    this.reason = reason;
  }
}

interface Given {
  name: string;
  value: string;
  variable: Variable;
}

function given(name: string, lookup: Lookup): Given {
  const variable = lookup(name);
  if (!variable) throw new Unresolvable(name, 'is not declared');
  const { value } = variable;
  if (value === null || value === undefined) throw new Unresolvable(name, 'has no value');
  const type = typeNamed(variable.type);
  const problem = type && valueProblem(type, value);
  if (problem) throw new Unresolvable(name, problem);
  return { name, value, variable };
}

/** The text with each reference replaced by what `fit` makes of its value; one pass, from the left. */
function replaced(
  text: string,
  lookup: Lookup,
  fit: (given: Given, reference: Reference, index: number) => string,
): string {
  let done = '';
  let from = 0;
  locateReferences(text).forEach((reference, index) => {
    done += text.slice(from, reference.at) + fit(given(reference.name, lookup), reference, index);
    from = reference.at + reference.length;
  });
  return done + text.slice(from);
}

function encoded({ name, value }: Given): string {
  try {
    return encodeURIComponent(value).replaceAll(
      /[!'()*]/g,
      (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  } catch {
    throw new Unresolvable(name, 'is not well-formed text (half a surrogate pair)');
  }
}

/** In a path nothing may be empty or dots: either would make it the path of something else. */
function intoUrl(text: string, lookup: Lookup): string {
  const query = text.search(/[?#]/);
  return replaced(text, lookup, (value, { at }) => {
    if (query >= 0 && at > query) return encoded(value);
    if (value.value === '') throw new Unresolvable(value.name, 'is empty, and stands in a path');
    if (/^\.+$/.test(value.value)) throw new Unresolvable(value.name, 'is dots, and stands in a path');
    return encoded(value);
  });
}

/** The value as JSON of its own type, for a reference outside quotes. */
function typedJson({ value, variable }: Given): string {
  const type = typeNamed(variable.type) ?? 'string';
  const hasOwnForm = ['integer', 'long', 'float', 'bool', 'dictionary'].includes(type);
  if (!hasOwnForm) return JSON.stringify(value);
  if (value === '') return 'null';
  if (type === 'bool') return value;
  if (type === 'dictionary') return JSON.stringify(JSON.parse(value));
  return type === 'float' ? String(Number(value)) : BigInt(value.replace(/^\+/, '')).toString();
}

/** For each reference, whether it stands within a JSON string; null where a \ in front would change what follows. */
function jsonContexts(text: string, references: readonly Reference[]): (boolean | null)[] {
  let [at, quoted, escaped] = [0, false, false];
  return references.map((reference) => {
    for (; at < reference.at; at++) {
      if (escaped) escaped = false;
      else if (quoted && text[at] === '\\') escaped = true;
      else if (text[at] === '"') quoted = !quoted;
    }
    const context = escaped ? null : quoted;
    at = reference.at + reference.length;
    escaped = false;
    return context;
  });
}

function intoJson(text: string, lookup: Lookup): string {
  const contexts = jsonContexts(text, locateReferences(text));
  return replaced(text, lookup, (value, { at, length }, index) => {
    const quoted = contexts[index];
    if (quoted === null) throw new Unresolvable(value.name, String.raw`stands behind a \ in JSON`);
    if (quoted) return JSON.stringify(value.value).slice(1, -1);
    const alone =
      /[[{:,]\s*$|^\s*$/.test(text.slice(Math.max(0, at - 100), at)) &&
      /^\s*(?:[\]},:]|$)/.test(text.slice(at + length));
    if (!alone)
      throw new Unresolvable(value.name, 'stands beside something else in JSON: put quotes around both');
    return typedJson(value);
  });
}

function intoHeader(text: string, lookup: Lookup): string {
  return replaced(text, lookup, ({ name, value }) => {
    // Visible characters, space and tab (RFC 9110 §5.5): nothing that could end the line.
    if (!/^[\t\x20-\x7e]*$/.test(value))
      throw new Unresolvable(name, 'has a line break or another character that no HTTP header may have');
    return value;
  });
}

const XML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function intoScript(text: string, lookup: Lookup, sink: 'shell' | 'powershell'): string {
  const whole = soleReference(text.trim());
  if (whole) return wholeScript(given(whole, lookup));
  const references = locateReferences(text);
  const places = sink === 'shell' ? placesInShell(text, references) : placesInPowershell(text, references);
  return replaced(text, lookup, (value, _reference, index) => {
    const place = places[index]!;
    refuseUnsafe(value, place);
    return sink === 'shell' ? shellArgument(value.value) : powershellArgument(value.value);
  });
}

function refuseUnsafe({ name, value }: Given, place: Place): void {
  if (!place.usable) throw new Unresolvable(name, place.reason);
  if (value.includes('\0')) throw new Unresolvable(name, 'has a NUL, which no argument may have');
  if (place.startsWord && !place.endOfOptions && /^[-–—―]/.test(value) && !/^-\d+(?:\.\d+)?$/.test(value))
    throw new Unresolvable(
      name,
      'begins with a hyphen and would be read as an option: put -- in front of it',
    );
}

/** A script that is one variable is the author's own text only where nobody can give the variable another value. */
function wholeScript({ name, value, variable }: Given): string {
  if (variable.constant === true && variable.external !== true) return value;
  throw new Unresolvable(name, 'is the whole script, which only a constant of the playbook may be');
}

const asBytes = (letter: string): string =>
  [...new TextEncoder().encode(letter)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');

function intoDirectory(text: string, lookup: Lookup, sink: 'dn' | 'ldap-filter'): string {
  const special = sink === 'dn' ? /^[ #]|[ ]$|["+,;<>=\\\0\r\n]/g : /[*()\\\0]/g;
  return replaced(text, lookup, ({ name, value }) => {
    if (value === '') throw new Unresolvable(name, 'is empty, and stands for the name of something');
    return value.replaceAll(special, asBytes);
  });
}

/**
 * The text with every variable put in, fitted to its sink; what was put in is never looked at for references again.
 * Throws `Unresolvable` for a variable without a value, with a value of another type than declared, or one that would
 * not stay a value where it stands.
 */
export function substitute(text: string, lookup: Lookup, sink: Sink): string {
  switch (sink) {
    case 'plain':
      return replaced(text, lookup, ({ value }) => value);
    case 'json':
      return intoJson(text, lookup);
    case 'url':
      return intoUrl(text, lookup);
    case 'form':
      return replaced(text, lookup, encoded);
    case 'xml':
      return replaced(text, lookup, ({ value }) => value.replaceAll(/[&<>"']/g, (letter) => XML[letter]!));
    case 'header':
      return intoHeader(text, lookup);
    case 'shell':
    case 'powershell':
      return intoScript(text, lookup, sink);
    case 'dn':
    case 'ldap-filter':
      return intoDirectory(text, lookup, sink);
  }
}
