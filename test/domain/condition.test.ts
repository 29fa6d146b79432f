/** Conditions of playbooks: what can be said in them, what they answer, and what they refuse to guess. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { evaluateCondition, parseCondition, suspiciousComparisons } from '../../domain/condition.ts';
import { isFound, parsePattern } from '../../domain/pattern.ts';
import type { Variable, VariableType } from '../../domain/playbook.ts';
import { nameProblem, referencesIn, valueProblem } from '../../domain/variables.ts';

const VARIABLES: Record<string, Variable> = {
  __count__: { type: 'integer', value: '10' },
  __big__: { type: 'long', value: '9007199254740993' },
  __ratio__: { type: 'float', value: '0.5' },
  __host__: { type: 'string', value: 'web-01.example.com' },
  __ten__: { type: 'string', value: '10' },
  __ip__: { type: 'ipv4-addr', value: '10.1.2.3' },
  __ip6__: { type: 'ipv6-addr', value: '2001:db8::1' },
  __net__: { type: 'ipv4-addr', value: '10.0.0.0/8' },
  __mac__: { type: 'mac-addr', value: '00:1B:44:11:3A:B7' },
  __sum__: { type: 'sha256-hash', value: 'AB'.repeat(32) },
  __done__: { type: 'bool', value: 'true' },
  __undone__: { type: 'bool', value: 'false' },
  __empty__: { type: 'string', value: '' },
  __unknown__: { type: 'string', value: null },
  '__should.run__': { type: 'string', value: 'yes' },
};

function answer(text: string): boolean | string {
  const parsed = parseCondition(text);
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem}`);
  const verdict = evaluateCondition(parsed.condition, (name) => VARIABLES[name]);
  return 'value' in verdict ? verdict.value : verdict.problem;
}

describe('a condition', () => {
  test.each<[string, boolean]>([
    ["__host__:value = 'web-01.example.com'", true],
    ["__host__:value == 'web-01.example.com'", true],
    ["__host__:value NOT = 'web-01.example.com'", false],
    ['__should.run__:value = yes', true],
    ["__host__:value != 'x'", true],
    ['__count__:value <= 10', true],
    ['__count__:value < 9', false],
    ["__count__:value > '9'", true],
    ['__count__:value = 10.0', true],
    ['__ten__:value < 9', true], // as text
    ['__big__:value = 9007199254740992', false], // no double can tell them apart
    ['__big__:value > 9007199254740992', true],
    ['__ratio__:value < 0.75', true],
    ['5 < __count__:value', true],
    ['__count__:value IN (1, 10, 100)', true],
    ["__host__:value IN ('a', 'b')", false],
    ["__host__:value NOT IN ('a', 'b')", true],
    ["__host__:value LIKE 'web-%.example.___'", true],
    ["__host__:value LIKE 'WEB%'", false],
    ["__host__:value LIKE '%a%b%c'", false],
    [String.raw`__host__:value MATCHES '^web-\\d{2}\\.'`, true],
    ["__host__:value MATCHES '^example'", false],
    ["__ip__:value ISSUBSET '10.0.0.0/8'", true],
    ["__ip__:value ISSUBSET '10.2.0.0/16'", false],
    ["__net__:value ISSUPERSET '10.9.9.0/24'", true],
    ['__ip__:value ISSUBSET __net__:value', true],
    ["__ip6__:value ISSUBSET '2001:db8::/32'", true],
    ["__ip6__:value ISSUBSET '10.0.0.0/8'", false],
    ["__ip6__:value = '2001:0DB8:0:0:0:0:0:1'", true],
    ["__ip__:value > '9.255.255.255'", true],
    ["__mac__:value = '00-1b-44-11-3a-b7'", true],
    [`__sum__:value = '${'ab'.repeat(32)}'`, true],
    ['__done__:value', true],
    ['__undone__:value', false],
    ['NOT __undone__:value', true],
    ['__done__:value = true', true],
    ['__empty__:value', false],
    ["__empty__:value = ''", true],
    ['__host__:value', true],
    ['(__done__:value OR __undone__:value) AND __count__:value = 10', true],
    ['__done__:value OR __undone__:value AND __undone__:value', true],
    ['(__done__:value OR __undone__:value) AND __undone__:value', false],
    ['true', true],
    [String.raw`__host__:value = 'it\'s'`, false],
    // Looked at only as far as needed, from the left.
    ["__undone__:value AND __unknown__:value = 'x'", false],
    ["__done__:value OR __unknown__:value = 'x'", true],
  ])('%s is %p', (text, expected) => {
    expect(answer(text)).toBe(expected);
  });

  test.each([
    ["__unknown__:value = 'x'", '__unknown__ has no value'],
    ["NOT __unknown__:value = 'x'", '__unknown__ has no value'],
    ['__nobody__:value', '__nobody__ is not declared'],
    ["__count__:value < 'many'", "'many' is not a number"],
    ["__host__:value ISSUBSET '10.0.0.0/8'", '__host__ is not an IP address or range'],
    ["__empty__:value < 'a'", '__empty__ is empty'],
    ['__done__:value > true', '__done__ is true or false'],
  ])('%s has no answer: %s', (text, problem) => {
    expect(answer(text)).toContain(problem);
  });

  test.each([
    ['', 0, 'empty'],
    ['${Error} == "x"', 0, 'not as ${…}'],
    ['{{ vars.result | length > 0 }}', 0, 'template language'],
    ["artifact:*.name == 'x' AND (true)", 8, 'only variables are compared'],
    ["[ipv4-addr:value = '1.2.3.4']", 0, 'leave out the brackets'],
    ['__a__ = 1', 0, 'write __a__:value'],
    ['__a__:value = ', 14, 'missing at the end'],
    ['__a__:value = __b__', 14, 'write __b__:value'],
    ["__a__:value = 'x", 14, "no other '"],
    ['__a__:value = "x"', 14, 'single quotes'],
    ["__a__:value = 'x' && true", 18, 'write AND, OR and NOT'],
    ["__a__:value = 'x' and true", 18, 'AND or OR is missing'],
    ["(__a__:value = 'x'", 18, 'a ) is missing'],
    ["__a__:value = 'x')", 17, 'a ) too many'],
    ['__a__:value IN ()', 16, 'found )'],
    ["'x'", 0, 'a comparison is missing'],
    ["__a__:value MATCHES '(a'", 20, 'a ) is missing'],
    ["__a__:value MATCHES '(?=a)b'", 20, 'looks ahead'],
    ['__a__:value MATCHES __b__:value', 20, 'in single quotes'],
    [`${'('.repeat(10_000)}`, 10_000, 'longer than'],
    [`${'('.repeat(1_000)}`, 50, 'nested too deeply'],
    [`${'NOT '.repeat(1_000)}true`, 200, 'nested too deeply'],
  ])('%s is refused at %d: %s', (text, at, words) => {
    const parsed = parseCondition(text);
    expect(parsed).toMatchObject({ problem: expect.stringContaining(words) });
    expect(parsed).toHaveProperty('at', Math.min(at, 4_096));
  });

  test('asks whether numbers in a text were meant as numbers', () => {
    const doubts = (text: string) => {
      const parsed = parseCondition(text);
      return 'problem' in parsed
        ? [parsed.problem]
        : suspiciousComparisons(parsed.condition, (n) => VARIABLES[n]);
    };
    expect(doubts('__ten__:value > 9')).toEqual([expect.stringContaining('compares letters')]);
    expect(doubts('__count__:value > 9 AND __ten__:value = 9')).toEqual([]);
  });

  test('is read the same however it is spaced, and never stumbles over what is written', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const parsed = parseCondition(text);
        if ('condition' in parsed) evaluateCondition(parsed.condition, (name) => VARIABLES[name]);
      }),
    );
  });
});

describe('a regular expression', () => {
  const found = (pattern: string, text: string): boolean => {
    const parsed = parsePattern(pattern);
    if ('problem' in parsed) throw new Error(parsed.problem);
    return isFound(parsed.pattern, text);
  };

  test('answers as the language’s own engine does', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      String.raw`\d`,
      String.raw`\w`,
      '(?:ab|c)',
      '(a|)',
      '^',
      '$',
      String.raw`\b`,
      '[a-c]',
    );
    const piece = fc
      .tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '*?'))
      .map(([a, r]) => (/[\^$b]$/.test(a) && a.length < 3 && a !== 'b' ? a : a + r));
    const pattern = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '-', '\n'), maxLength: 12 });
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(found(p, t)).toBe(new RegExp(p).test(t));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(['(a+)+$', '(a|a)*b', '(.*)*x', '(a*)*(a*)*c', '(?:a?){30}a{30}x'])(
    '%s takes no longer for a text made to slow it down',
    (pattern) => {
      const steps = parsePattern(pattern);
      expect(steps).toHaveProperty('pattern');
      expect(found(pattern, `${'a'.repeat(8_000)}!`)).toBe(false);
    },
  );

  test.each([
    'a{1000}{1000}',
    '((a{100}){100}){100}',
    `${'('.repeat(200)}a`,
    '(((){9999}){9999}){9999}',
    'a'.repeat(501),
    String.raw`(a)\1`,
    'a++',
    '*a',
    '[b-a]',
  ])('%s is refused', (pattern) => {
    expect(parsePattern(pattern)).toHaveProperty('problem');
  });
});

describe('a variable', () => {
  test('is found in a text by its shortest name, also where two touch', () => {
    expect(referencesIn('__a__:value__b__:value __a__:value __c__ __d.e__:value')).toEqual([
      '__a__',
      '__b__',
      '__d.e__',
    ]);
  });

  test.each([
    ['__a__', null],
    ['__a.b__', true],
    ['a', false],
    ['__1__', false],
    ['__a b__', false],
    [`__${'a'.repeat(250)}__`, false],
  ])('%s as a name', (name, tolerable) => {
    expect(nameProblem(name)?.tolerable ?? null).toBe(tolerable);
  });

  test.each<[VariableType, string[], string[]]>([
    ['bool', ['true', 'false', ''], ['yes', 'TRUE']],
    ['integer', ['0', '-5', '+5'], ['5.0', 'x', '9007199254740993', '0x10']],
    ['long', ['9223372036854775807', '-9223372036854775808'], ['9223372036854775808']],
    ['float', ['.5', '1e3', '-2.25'], ['Infinity', 'NaN', '1e999', '1,5']],
    ['dictionary', ['{}', '{"a":1}'], ['[]', 'null', 'x']],
    [
      'ipv4-addr',
      ['1.2.3.4', '10.0.0.0/8'],
      ['1.2.3', '01.2.3.4', '1.2.3.256', '1.2.3.4/33', '::1', '1.2.3.4;id'],
    ],
    [
      'ipv6-addr',
      ['::', '::1', '2001:db8::/32', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8'],
      ['1::2::3', '1:2:3:4:5:6:7', ':::', '12345::', '1:2:3:4:5:6:7:8::'],
    ],
    ['mac-addr', ['00:1b:44:11:3a:b7', '00-1B-44-11-3A-B7'], ['00:1b:44:11:3a', '00:1b-44:11:3a:b7']],
    ['sha256-hash', ['ab'.repeat(32)], ['ab'.repeat(31), 'zz'.repeat(32)]],
    ['md5-hash', ['ab'.repeat(16)], ['ab'.repeat(32)]],
    ['hexstring', ['00ff'], ['0ff', 'xy']],
    ['uri', ['https://example.com/a?b', 'urn:x:y'], ['no', 'https://a b', 'javascript']],
    ['uuid', ['fe85f68d-1960-4596-96a2-228113e143cf'], ['fe85f68d']],
    ['string', ['anything \n at all'], ['x'.repeat(8_193)]],
  ])('of type %s', (type, good, bad) => {
    expect(good.filter((value) => valueProblem(type, value))).toEqual([]);
    expect(bad.filter((value) => !valueProblem(type, value))).toEqual([]);
  });
});
