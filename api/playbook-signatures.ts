/**
 * Signatures of playbooks (CACAO v2.0 §10.14, JSON Signature Scheme). What is signed is the SHA of the playbook in its
 * canonical form (RFC 8785), as text in hexadecimal, with only this signature in it and without its value.
 *
 * A key inside the file proves nothing about who signed it: trust comes from keys that were pinned beforehand.
 */
import canonicalize from 'canonicalize';
import { constants, createHash, createPublicKey, verify, X509Certificate, type KeyObject } from 'node:crypto';

export interface SignatureVerdict {
  id: string | null;
  signee: string | null;
  algorithm: string;
  /** It fits the playbook, by the key it carries or by a pinned one. */
  valid: boolean;
  /** It fits by a pinned key, is of this version, and neither expired nor revoked. */
  trusted: boolean;
  expired: boolean;
  revoked: boolean;
  /** Why it is not trusted; null where it is. */
  reason: string | null;
}

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textIn = (object: Plain, field: string): string | null =>
  typeof object[field] === 'string' ? object[field] : null;

const MOST_SIGNATURES = 20;
/** Larger ones only cost time. */
const LARGEST_RSA_BITS = 8_192;

const HASHES: Record<string, string> = {
  'sha-256': 'sha256',
  'sha-384': 'sha384',
  'sha-512': 'sha512',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512',
};

interface Scheme {
  keyType: string;
  check(text: Buffer, key: KeyObject, signature: Buffer): boolean;
}

function schemeOf(algorithm: string): Scheme | null {
  if (algorithm === 'Ed25519' || algorithm === 'Ed448')
    return {
      keyType: algorithm.toLowerCase(),
      check: (text, key, signature) => verify(null, text, key, signature),
    };
  const [, family, bits] = /^(RS|PS|ES)(256|384|512)$/.exec(algorithm) ?? [];
  if (!family) return null;
  const hash = `sha${bits}`;
  if (family === 'ES')
    return {
      keyType: 'ec',
      check: (text, key, signature) => verify(hash, text, { key, dsaEncoding: 'ieee-p1363' }, signature),
    };
  const padding = family === 'RS' ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
  const salt = family === 'PS' ? { saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
  return {
    keyType: 'rsa',
    check: (text, key, signature) => verify(hash, text, { key, padding, ...salt }, signature),
  };
}

/** The key that a signature carries; null where it carries none that can be read. */
function carriedKey(signature: Plain): KeyObject | null {
  const chain = signature['public_cert_chain'];
  const written = textIn(signature, 'public_key');
  try {
    if (written !== null)
      return written.includes('-----BEGIN')
        ? createPublicKey(written)
        : createPublicKey({ key: Buffer.from(written, 'base64'), format: 'der', type: 'spki' });
    const leaf: unknown = Array.isArray(chain) ? chain[0] : undefined;
    return typeof leaf === 'string' ? new X509Certificate(Buffer.from(leaf, 'base64')).publicKey : null;
  } catch {
    return null;
  }
}

/** What was signed; null where the playbook has no canonical form. */
function signedText(document: Plain, signature: Plain): Buffer | null {
  const hash = HASHES[textIn(signature, 'hash_algorithm') ?? ''];
  const { value: _value, ...unsigned } = signature;
  try {
    const canonical = canonicalize({ ...document, signatures: [unsigned] });
    return hash && canonical !== undefined
      ? Buffer.from(createHash(hash).update(canonical).digest('hex'))
      : null;
  } catch {
    return null;
  }
}

function fits(text: Buffer, signature: Plain, key: KeyObject): boolean {
  const scheme = schemeOf(textIn(signature, 'algorithm') ?? '');
  const isUsable =
    key.asymmetricKeyType === scheme?.keyType &&
    (key.asymmetricKeyDetails?.modulusLength ?? 0) <= LARGEST_RSA_BITS;
  if (!scheme || !isUsable) return false;
  try {
    return scheme.check(text, key, Buffer.from(textIn(signature, 'value') ?? '', 'base64url'));
  } catch {
    return false;
  }
}

function isOutside(signature: Plain, now: number): boolean {
  const [from, until] = ['valid_from', 'valid_until'].map((field) =>
    Date.parse(textIn(signature, field) ?? ''),
  );
  return now < from! || now >= until!;
}

function judge(document: Plain, signature: Plain, { pinnedKeys, now }: SignatureTerms): SignatureVerdict {
  const algorithm = textIn(signature, 'algorithm') ?? '';
  const text = signedText(document, signature);
  const carried = carriedKey(signature);
  const isPinned = text !== null && pinnedKeys.some((key) => fits(text, signature, key));
  const valid = isPinned || (text !== null && carried !== null && fits(text, signature, carried));
  const expired = isOutside(signature, now);
  const revoked = signature['revoked'] === true;
  const isRelated =
    signature['related_to'] === document['id'] && signature['related_version'] === document['modified'];
  const reasons: [boolean, string][] = [
    [schemeOf(algorithm) === null, `${algorithm || 'no algorithm'} is not verified here`],
    [
      !Object.hasOwn(HASHES, textIn(signature, 'hash_algorithm') ?? ''),
      'its hash_algorithm is not known here',
    ],
    [!valid && carried === null, 'no pinned key fits, and it carries none'],
    [!valid, 'it does not fit: the playbook was changed, or the key is another'],
    [!isRelated, 'it is of another playbook or version'],
    [revoked, 'it was revoked'],
    [expired, 'it is outside its time of validity'],
    [!isPinned, 'its key is not pinned, so nobody vouches for it'],
  ];
  const reason = reasons.find(([applies]) => applies)?.[1] ?? null;
  const names = { id: textIn(signature, 'id'), signee: textIn(signature, 'signee') };
  return { ...names, algorithm, valid, trusted: reason === null, expired, revoked, reason };
}

export interface SignatureTerms {
  pinnedKeys: readonly KeyObject[];
  /** Epoch ms. */
  now: number;
}

/** What each signature of a playbook is worth, in their order. Never throws for what is in the file. */
export function verifySignatures(document: unknown, terms: SignatureTerms): SignatureVerdict[] {
  if (!isPlain(document) || !Array.isArray(document['signatures'])) return [];
  return document['signatures']
    .slice(0, MOST_SIGNATURES)
    .filter(isPlain)
    .map((signature) => judge(document, signature, terms));
}

/** The public keys of a PEM text: keys, and those of certificates. Throws where one cannot be read. */
export function publicKeysIn(pem: string): KeyObject[] {
  const blocks = pem.match(/-----BEGIN (PUBLIC KEY|CERTIFICATE)-----[\s\S]*?-----END \1-----/g) ?? [];
  return blocks.map((block) =>
    block.includes('CERTIFICATE') ? new X509Certificate(block).publicKey : createPublicKey(block),
  );
}
