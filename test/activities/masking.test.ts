/** Secrets in whatever form they come back. */
import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { createMask } from '../../activities/masking.ts';

const SECRET = 'Kanarien/vogel "7" & ä+';
const mask = createMask([SECRET]);
const hex = (text: string) => Buffer.from(text).toString('hex');
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a secret is blanked', () => {
  test.each<[how: string, text: string]>([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ token: SECRET })],
    ['in JSON within JSON', JSON.stringify({ body: JSON.stringify({ token: SECRET }) })],
    ['in JSON of ASCII alone', JSON.stringify(SECRET).replace('ä', String.raw`\u00e4`)],
    ['in JSON with slashes escaped', JSON.stringify(SECRET).replace('/', String.raw`\/`)],
    ['in a URL', `/?q=${encodeURIComponent(SECRET)}`],
    ['in a URL with small digits', encodeURIComponent(SECRET).replaceAll(/%../g, (one) => one.toLowerCase())],
    ['in a form', new URLSearchParams({ token: SECRET }).toString()],
    ['in HTML', SECRET.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    ['in hexadecimal digits', hex(SECRET)],
    ['in large ones', hex(SECRET).toUpperCase()],
    ['in Basic authorization', `Basic ${base64(`desk:${SECRET}`)}`],
    ['in base64 of a URL', Buffer.from(`user:${SECRET}`).toString('base64url')],
  ])('%s', (_how, text) => {
    const masked = mask(`before ${text} after`);
    expect(masked).toContain('•••');
    expect(masked.startsWith('before ') && masked.endsWith(' after')).toBe(true);
    for (const part of ['anarienvogel', 'Kanarien', base64('narien').slice(0, 6), hex('narien')])
      expect(masked.toLowerCase()).not.toContain(part.toLowerCase());
  });

  test('in base64, wherever it stands in what was encoded', () => {
    for (const before of ['', 'a', 'ab', 'abc', 'abcd'])
      for (const after of ['', 'x', 'xy']) {
        const masked = mask(base64(before + SECRET + after));
        // What is left may be of the neighbours; nothing of the secret can be read from it at any alignment.
        for (const shift of [0, 1, 2, 3])
          expect(Buffer.from(masked.slice(shift).replaceAll('•', ''), 'base64').toString()).not.toMatch(
            /Kana|vogel/,
          );
        expect(masked.length).toBeLessThan(before.length + after.length + 12);
      }
  });
});

const secrets = fc
  .array(fc.string({ minLength: 4, maxLength: 24, unit: 'grapheme' }), { minLength: 1, maxLength: 4 })
  .filter((all) => all.every((secret) => !secret.includes('•')));
const surroundings = fc.string({ maxLength: 12 });

test('no secret is left in any form, whatever it is and stands between', () => {
  fc.assert(
    fc.property(secrets, surroundings, surroundings, (all, before, after) => {
      const masked = createMask(all);
      for (const secret of all) {
        const forms = [
          secret,
          JSON.stringify(secret).slice(1, -1),
          encodeURIComponent(secret),
          hex(secret),
          base64(secret).replace(/.=+$/, ''),
        ];
        for (const form of forms) {
          const text = masked(before + form + after);
          // What stands around may happen to hold it again where the mask ends.
          if (!before.includes(form) && !after.includes(form))
            expect(text.split('•••').every((part) => !part.includes(form))).toBe(true);
          expect(text).toContain('•••');
        }
      }
    }),
  );
});

test('what is no secret stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(createMask([])(text)).toBe(text);
      expect(createMask(['\u{1F511}\u{1F511}\u{1F511}'])(text)).toBe(text);
    }),
  );
});

test('secrets that overlap leave no end of either', () => {
  const masked = createMask(['abcdef', 'defghi']);
  expect(masked('xx abcdefghi yy')).toBe('xx ••• yy');
  expect(createMask(['token-1', 'token-1-and-more'])('token-1-and-more')).toBe('•••');
});

test('a text of three characters is not taken for a secret', () => {
  expect(createMask(['', 'a', 'abc'])('abc abc')).toBe('abc abc');
});

test('a mebibyte with twenty secrets is masked at once', () => {
  const many = Array.from({ length: 20 }, (_none, number) => `secret-number-${number}-${number}`);
  const text = `${'no secret here, only text. '.repeat(38_000)}${many.join(' ')}`;
  expect(createMask(many)(text).match(/•••/g)).toHaveLength(20);
});
