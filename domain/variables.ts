/** Variables of a playbook (CACAO v2.0 §10.18): their names, their types, and where a text refers to them. */
import { parseAddress } from './address.ts';
import { LONGEST_VALUE, VARIABLE_TYPES, type Variable, type VariableType } from './playbook.ts';

/** The variable with this name, `__name__`, as the asking step sees it; undefined where there is none. */
export type Lookup = (name: string) => Variable | undefined;

/** `__name__:value`. The shortest name wins, so that two references may touch. */
const REFERENCE = /__[A-Za-z][A-Za-z0-9_.-]{0,246}?__:value/g;
const NAME = /^__[A-Za-z][A-Za-z0-9_-]{0,246}?__$/;
const NAME_WITH_DOTS = /^__[A-Za-z][A-Za-z0-9_.-]{0,246}?__$/;

/** What is wrong with a name. A dot is not allowed by CACAO, but written by public playbooks: `tolerable`. */
export function nameProblem(name: string): { message: string; tolerable: boolean } | null {
  if (NAME.test(name)) return null;
  if (NAME_WITH_DOTS.test(name))
    return { message: `${name} has a dot, which CACAO does not allow in names`, tolerable: true };
  const message = `${name} is no name: two underscores, a letter, then letters, digits, _ or -, and two underscores`;
  return { message, tolerable: false };
}

export interface Reference {
  name: string;
  /** Where it begins in the text, and how long it is there. */
  at: number;
  length: number;
}

/** Every reference in a text, in the order in which they stand. */
export function locateReferences(text: string): Reference[] {
  return [...text.matchAll(REFERENCE)].map(({ 0: whole, index }) => ({
    name: whole.slice(0, -':value'.length),
    at: index,
    length: whole.length,
  }));
}

/** The names a text refers to, each once. */
export function referencesIn(text: string): string[] {
  return [...new Set(locateReferences(text).map(({ name }) => name))];
}

/** The name, where a text is a reference and nothing else. */
export function soleReference(text: string): string | null {
  const [first] = locateReferences(text);
  return first && first.at === 0 && first.length === text.length ? first.name : null;
}

/** The type that a word of a file means; public playbooks write `boolean` for `bool`. Null: not one that we know. */
export function typeNamed(word: string): VariableType | null {
  if (word === 'boolean') return 'bool';
  return (VARIABLE_TYPES as readonly string[]).includes(word) ? (word as VariableType) : null;
}

const INTEGER = /^[+-]?\d{1,400}$/;
const FLOAT = /^[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,3})?$/;
const hexOf = (digits: number) => new RegExp(`^[0-9a-fA-F]{${digits}}$`);
const LONG_LIMIT = 2n ** 63n;

function isDictionary(value: string): boolean {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

const isOfFamily = (value: string, version: 4 | 6): boolean => parseAddress(value)?.version === version;

function isLong(value: string): boolean {
  if (!INTEGER.test(value)) return false;
  const number = BigInt(value.replace(/^\+/, ''));
  return number >= -LONG_LIMIT && number < LONG_LIMIT;
}

/** Per type what its values look like, and the words for that. `''` (known to be empty) is a value of every type. */
const SHAPES: Record<VariableType, { fits(value: string): boolean; words: string }> = {
  bool: { fits: (value) => value === 'true' || value === 'false', words: 'true or false' },
  dictionary: { fits: isDictionary, words: 'a JSON object' },
  float: { fits: (value) => FLOAT.test(value) && Number.isFinite(Number(value)), words: 'a number' },
  hash: { fits: (value) => /^(?:[0-9a-fA-F]{2}){8,64}$/.test(value), words: 'a hash in hexadecimal' },
  hexstring: {
    fits: (value) => /^(?:[0-9a-fA-F]{2})+$/.test(value),
    words: 'hexadecimal, two digits a byte',
  },
  integer: {
    fits: (value) => INTEGER.test(value) && Number.isSafeInteger(Number(value)),
    words: 'a whole number, below 2^53',
  },
  'ipv4-addr': { fits: (value) => isOfFamily(value, 4), words: 'an IPv4 address or range' },
  'ipv6-addr': { fits: (value) => isOfFamily(value, 6), words: 'an IPv6 address or range' },
  long: { fits: isLong, words: 'a whole number of 64 bits' },
  'mac-addr': {
    fits: (value) => /^[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2}){4}$/.test(value),
    words: 'a MAC address such as 00:1b:44:11:3a:b7',
  },
  'md5-hash': { fits: (value) => hexOf(32).test(value), words: 'an MD5 hash, 32 hexadecimal digits' },
  'sha256-hash': { fits: (value) => hexOf(64).test(value), words: 'a SHA-256 hash, 64 hexadecimal digits' },
  string: { fits: () => true, words: 'text' },
  uri: {
    fits: (value) => /^[A-Za-z][A-Za-z0-9+.-]*:[^\s\p{Cc}<>"{}|\\^`]+$/u.test(value),
    words: 'a URI',
  },
  uuid: {
    fits: (value) => /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(value),
    words: 'a UUID',
  },
};

/** Why a text is no value of a type; null where it is one. */
export function valueProblem(type: VariableType, value: string): string | null {
  if (value.length > LONGEST_VALUE) return `is longer than ${LONGEST_VALUE} characters`;
  if (value === '' || SHAPES[type].fits(value)) return null;
  return `is not ${SHAPES[type].words}`;
}
