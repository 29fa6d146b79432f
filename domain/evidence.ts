/**
 * Evidence of a security incident, and who had it in hand: an append-only log per item, each entry bound to the one
 * before by its hash, so that nobody can take one out or change one unseen.
 */
import { canonicalJson } from './canonical-json.ts';
import type { Decider } from './incident.ts';

export const CUSTODY_ACTS = [
  'collected',
  'transferred',
  'accessed',
  'copied',
  'verified',
  'disposed',
] as const;
export type CustodyAct = (typeof CUSTODY_ACTS)[number];

/** The unit of a containment run that brought an item about. */
export interface EvidenceOrigin {
  run: string;
  step: string;
  unit?: string;
}

export interface Evidence {
  id: string;
  ticketId: string;
  name: string;
  /** Of the content, lower-case hexadecimal. */
  sha256: string;
  sizeBytes: number;
  /** What it was taken from: a host, a mailbox, a log. */
  source: string;
  collectedAt: number;
  collectedBy: string;
  origin: EvidenceOrigin | null;
  /** Where it is kept: Tierline keeps the hash, not the content. */
  location: string;
}

/** One entry of an item's log, as it is hashed. Instants are epoch milliseconds. */
export interface CustodyEntry {
  id: string;
  what: CustodyAct;
  at: number;
  by: Decider;
  /** Where the item is from then on, or where it was done. */
  location: string;
  reason: string | null;
  /** To whom it went. */
  to: string | null;
  /** Of the content, for the first entry and where it was verified. */
  sha256: string | null;
  recordedAt: number;
}

/** An entry in the chain. `text` is its canonical JSON; `hash` is that of the hash before and the text. */
export interface CustodyLink {
  sequence: number;
  text: string;
  previousHash: string;
  hash: string;
}

/** What the first entry follows. */
export const NO_HASH = '0'.repeat(64);

/** What is hashed for an entry. */
export const custodyText = (entry: CustodyEntry): string => canonicalJson(entry);

export const entryOf = ({ text }: CustodyLink): CustodyEntry => JSON.parse(text) as CustodyEntry;

/** The first thing wrong with a chain; null where it is whole. `hashOf` is SHA-256, in hexadecimal. */
export function faultOf(
  { sha256 }: Pick<Evidence, 'sha256'>,
  chain: readonly CustodyLink[],
  hashOf: (text: string) => string,
): string | null {
  if (chain.length === 0) return 'there is no entry';
  let previous = NO_HASH;
  for (const [i, { sequence, text, previousHash, hash }] of chain.entries()) {
    if (sequence !== i + 1) return `entry ${i + 1} is missing`;
    if (previousHash !== previous) return `entry ${sequence} does not follow the one before`;
    if (hash !== hashOf(previousHash + text)) return `entry ${sequence} was changed`;
    previous = hash;
  }
  const first = entryOf(chain[0]!);
  if (first.what !== 'collected' || first.sha256 !== sha256)
    return 'the item is not the one that was collected';
  const other = chain.map(entryOf).find((entry) => entry.sha256 !== null && entry.sha256 !== sha256);
  return other ? `${other.id}: the content has another hash than when it was collected` : null;
}
