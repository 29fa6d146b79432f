/** Protected assets: what containment never touches, or only with the consent of two persons, a manager among them. */
import { isWithin, parseAddress, type AddressRange } from './address.ts';
import { DEFAULT_APPROVAL, type ApprovalTerms } from './playbook.ts';
import { dnParts, normalKey, unmapped } from './target.ts';

/** `exact`: this one. `cidr`: a range of addresses. `dn`: an entry of a directory and all below it. `glob`: `*` and `?`. */
export const PROTECTION_KINDS = ['exact', 'cidr', 'dn', 'glob'] as const;
export type ProtectionKind = (typeof PROTECTION_KINDS)[number];

export const PROTECTION_MODES = ['never', 'approval'] as const;
export type ProtectionMode = (typeof PROTECTION_MODES)[number];

export interface Protection {
  kind: ProtectionKind;
  pattern: string;
  mode: ProtectionMode;
  /** Epoch milliseconds; null: until it is taken away. */
  until: number | null;
}

/** Who has to agree before a protected asset is touched. */
export const PROTECTED_APPROVAL: ApprovalTerms = { ...DEFAULT_APPROVAL, required: 2, including: ['manager'] };

const rangeOf = (text: string): AddressRange | null => {
  const parsed = parseAddress(text);
  return parsed && unmapped(parsed);
};

/** Why a pattern protects nothing; null where it can. */
export function patternProblem({ kind, pattern }: Pick<Protection, 'kind' | 'pattern'>): string | null {
  if (normalKey(pattern) === '') return 'is empty';
  if (kind === 'cidr' && !rangeOf(pattern)) return 'is not an address or a range such as 10.0.0.0/8';
  if (kind === 'dn' && !dnParts(pattern)) return 'is not a distinguished name such as ou=people,dc=example';
  if (kind === 'glob' && /^[*?]+$/.test(pattern.trim()))
    return 'would protect everything; stop runs instead, or name what is to be protected';
  return null;
}

/** Two ranges that have an address in common; a target that is a range is touched as a whole. */
const meet = (a: AddressRange, b: AddressRange): boolean => isWithin(a, b) || isWithin(b, a);

function isBelow(key: string, pattern: string): boolean {
  const [entry, base] = [dnParts(key), dnParts(pattern)];
  return (
    !!entry &&
    !!base &&
    base.length <= entry.length &&
    base.every((part, i) => entry.at(i - base.length) === part)
  );
}

/** Goes back to the last `*` only, so that it takes no more than length × length. */
function isGlob(text: string, pattern: string): boolean {
  let [at, wanted, resumeAt, resumeWanted] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[wanted] === '*') [resumeAt, resumeWanted, wanted] = [at, wanted + 1, wanted + 1];
    else if (wanted < pattern.length && (pattern[wanted] === '?' || pattern[wanted] === text[at]))
      [at, wanted] = [at + 1, wanted + 1];
    else if (resumeAt >= 0) [at, wanted, resumeAt] = [resumeAt + 1, resumeWanted, resumeAt + 1];
    else return false;
  }
  return /^\**$/.test(pattern.slice(wanted));
}

/** Whether a pattern means what this key, normalised, names. */
export function isMeant(key: string, { kind, pattern }: Pick<Protection, 'kind' | 'pattern'>): boolean {
  switch (kind) {
    case 'exact':
      return key === normalKey(pattern);
    case 'cidr': {
      const [range, outer] = [rangeOf(key), rangeOf(pattern)];
      return !!range && !!outer && meet(range, outer);
    }
    case 'dn':
      return isBelow(key, pattern);
    case 'glob':
      return isGlob(key, normalKey(pattern));
  }
}

/** The strictest protection of anything that these keys name; null where nothing protects them at `now`. */
export function protectionOf<P extends Protection>(
  keys: readonly string[],
  protections: readonly P[],
  now: number,
): P | null {
  const met = protections.filter(
    (one) => (one.until === null || now < one.until) && keys.some((key) => isMeant(key, one)),
  );
  return met.find(({ mode }) => mode === 'never') ?? met[0] ?? null;
}
