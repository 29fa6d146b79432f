/** Fields of plain data, looked at one by one: kept where they are of the kind they should be, told of where not. */
import type { Findings, Path } from './finding.ts';

export type Plain = Record<string, unknown>;

export const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((part) => typeof part === 'string');

const KINDS = {
  text: { fits: (value: unknown) => typeof value === 'string', words: 'a text' },
  truth: { fits: (value: unknown) => typeof value === 'boolean', words: 'true or false, without quotes' },
  whole: {
    fits: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
    words: 'a whole number, 0 or more, without quotes',
  },
  positive: {
    fits: (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0,
    words: 'a whole number above 0, without quotes',
  },
  texts: { fits: isTexts, words: 'a list of texts' },
  list: { fits: Array.isArray, words: 'a list' },
  object: { fits: isPlain, words: 'an object { }' },
  wordOrWords: {
    fits: (value: unknown) => typeof value === 'string' || isTexts(value),
    words: 'a text or a list of texts',
  },
} as const;
export type Kind = keyof typeof KINDS;

/** The entry of a dictionary; nothing that merely every object has. */
export const entry = <T>(dictionary: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  dictionary && Object.hasOwn(dictionary, key) ? dictionary[key] : undefined;

/** Tells of every field that has another kind than listed, and leaves it out; fields that are not listed stay. */
export function keepFitting(findings: Findings, path: Path, raw: Plain, kinds: Record<string, Kind>): Plain {
  const kept = { ...raw };
  for (const [field, kind] of Object.entries(kinds)) {
    const value = entry(raw, field);
    if (value === undefined || KINDS[kind].fits(value)) continue;
    findings.invalid([...path, field], 'wrong_kind', `${field} must be ${KINDS[kind].words}`);
    delete kept[field];
  }
  return kept;
}

/** Tells of every field that is not there. */
export function demand(findings: Findings, path: Path, raw: Plain, fields: readonly string[]): void {
  for (const field of fields)
    if (entry(raw, field) === undefined) findings.invalid([...path, field], 'missing', `${field} is missing`);
}

/** The entries of a dictionary of objects; tells of those that are none. */
export function objectsIn(findings: Findings, path: Path, raw: unknown): [string, Plain][] {
  if (!isPlain(raw)) return [];
  return Object.entries(raw).flatMap(([key, value]): [string, Plain][] => {
    if (isPlain(value)) return [[key, value]];
    findings.invalid([...path, key], 'wrong_kind', `${key} must be an object { }`);
    return [];
  });
}
