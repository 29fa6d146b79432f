/** Signatures of playbooks: what fits, what is trusted, and what one changed byte does. */
import canonicalize from 'canonicalize';
import { describe, expect, test } from '@jest/globals';
import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicKeysIn, verifySignatures } from '../../api/playbook-signatures.ts';
import { isolationPlaybook, type Document } from '../support/playbooks.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');

interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}
const RSA: Pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ED: Pair = generateKeyPairSync('ed25519');
const PAIRS: Record<string, Pair> = {
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  Ed25519: ED,
  Ed448: generateKeyPairSync('ed448'),
};

function valueOf(text: Buffer, algorithm: string, { privateKey: key }: Pair): Buffer {
  if (algorithm.startsWith('Ed')) return sign(null, text, key);
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith('ES')) return sign(hash, text, { key, dsaEncoding: 'ieee-p1363' });
  if (algorithm.startsWith('RS')) return sign(hash, text, key);
  return sign(hash, text, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

/** Signs as the standard has it; what is there of signatures already does not count. */
function signed(document: Document, algorithm: string, more: object = {}): Document {
  const pair = PAIRS[algorithm]!;
  const head = {
    type: 'jss',
    id: 'jss--00000000-0000-4000-8000-000000000001',
    created: '2026-01-03T00:00:00.000Z',
    modified: '2026-01-03T00:00:00.000Z',
    signee: 'ACME',
    related_to: document.id,
    related_version: document.modified,
    hash_algorithm: 'sha-256',
    algorithm,
    public_key: pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    ...more,
  };
  const text = Buffer.from(
    createHash('sha256')
      .update(canonicalize({ ...document, signatures: [head] })!)
      .digest('hex'),
  );
  const value = valueOf(text, algorithm, pair).toString('base64url');
  return { ...document, signatures: [...(document.signatures ?? []), { ...head, value }] };
}

const verdict = (document: unknown, pinnedKeys: KeyObject[] = [], now = NOW) =>
  verifySignatures(document, { pinnedKeys, now })[0];

describe.each(Object.keys(PAIRS))('%s', (algorithm) => {
  const { publicKey } = PAIRS[algorithm]!;

  test('verifies, and is trusted where its key is pinned', () => {
    const document = signed(isolationPlaybook(), algorithm);
    expect(verdict(document)).toMatchObject({
      valid: true,
      trusted: false,
      reason: expect.stringContaining('not pinned'),
    });
    expect(verdict(document, [publicKey])).toMatchObject({ valid: true, trusted: true, reason: null });
  });

  test('does not verify with anything changed', () => {
    const changes: ((document: Document) => void)[] = [
      (document) => (document.name += '.'),
      (document) => (document['10'] = 'an integer-like key, which is sorted as text'),
      (document) => (document.signatures[0].signee = 'ACMF'),
      (document) => (document.signatures[0].value = document.signatures[0].value.replace(/[a-m]/, 'Z')),
      (document) => delete document.signatures[0].value,
    ];
    for (const change of changes) {
      const document = structuredClone(signed(isolationPlaybook(), algorithm));
      change(document);
      expect(verdict(document, [publicKey])).toMatchObject({ valid: false, trusted: false });
    }
  });
});

test('keys that look like numbers are in the order of RFC 8785', () => {
  const document = signed({ ...isolationPlaybook(), 10: 'a', 9: 'b', Ä: 'c' }, 'Ed25519');
  expect(verdict(document, [ED.publicKey])).toMatchObject({ trusted: true });
});

test('each of several signatures stands for itself', () => {
  const document = signed(signed(isolationPlaybook(), 'RS256'), 'Ed25519');
  const found = verifySignatures(document, { pinnedKeys: [ED.publicKey], now: NOW });
  expect(found).toMatchObject([
    { algorithm: 'RS256', valid: true, trusted: false },
    { algorithm: 'Ed25519', valid: true, trusted: true },
  ]);
});

test.each([
  ['outside its time', { valid_until: '2026-05-01T00:00:00.000Z' }, { expired: true }],
  ['outside its time', { valid_from: '2026-07-01T00:00:00.000Z' }, { expired: true }],
  ['revoked', { revoked: true }, { revoked: true }],
  ['another playbook', { related_to: 'playbook--00000000-0000-4000-8000-000000000009' }, {}],
  ['another playbook or version', { related_version: '2026-01-01T00:00:00.000Z' }, {}],
])('one that is %s verifies, and is not trusted', (reason, more, expected) => {
  const document = signed(isolationPlaybook(), 'Ed25519', more);
  expect(verdict(document, [ED.publicKey])).toMatchObject({
    valid: true,
    trusted: false,
    ...expected,
    reason: expect.stringContaining(reason),
  });
});

test('a key is no key of another algorithm, and an unknown algorithm is said', () => {
  const document = signed(isolationPlaybook(), 'Ed25519');
  for (const algorithm of ['RS256', 'HS256', 'none', 'constructor']) {
    document.signatures[0].algorithm = algorithm;
    expect(verdict(document, [ED.publicKey, RSA.publicKey])).toMatchObject({ valid: false, trusted: false });
  }
  document.signatures[0].hash_algorithm = 'constructor';
  expect(verdict(document, [ED.publicKey])).toMatchObject({ valid: false });
});

test.each([null, {}, { signatures: 'x' }, { signatures: [null, {}, { value: 5, public_key: '!' }] }])(
  '%j is nothing to stumble over',
  (document) => {
    expect(verifySignatures(document, { pinnedKeys: [], now: NOW }).every(({ valid }) => !valid)).toBe(true);
  },
);

test('pinned keys are read from PEM', () => {
  const pem = [RSA, ED].map(({ publicKey }) => publicKey.export({ format: 'pem', type: 'spki' })).join('\n');
  expect(publicKeysIn(pem).map((key) => key.asymmetricKeyType)).toEqual(['rsa', 'ed25519']);
});

const VECTOR = join(import.meta.dirname, '../../../shared/playbooks/oasis-signed-rs256.json');
if (!existsSync(VECTOR)) process.stderr.write('skipped: ../shared/playbooks is not here\n');

(existsSync(VECTOR) ? describe : describe.skip)('the vector of OASIS', () => {
  const text = existsSync(VECTOR) ? readFileSync(VECTOR, 'utf8') : '';

  test('verifies; it has expired', () => {
    expect(verdict(JSON.parse(text))).toMatchObject({
      algorithm: 'RS256',
      valid: true,
      trusted: false,
      expired: true,
    });
    expect(verdict(JSON.parse(text), [], Date.parse('2023-02-01T00:00:00Z'))).toMatchObject({
      valid: true,
      expired: false,
    });
  });

  test('does not verify with one byte changed', () => {
    expect(verdict(JSON.parse(text.replace('Playbook 1', 'Playbook 2')))).toMatchObject({ valid: false });
  });
});
