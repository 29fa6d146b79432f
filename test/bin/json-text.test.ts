import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { memberSpan } from '../../bin/json-text.ts';
import { runs } from '../support/runs.ts';

function written(text: string): string | null {
  const span = memberSpan(text, 'calendar');
  return span && text.slice(span.from, span.to);
}

test.each<[fact: string, text: string, part: string | null]>([
  ['the first of the members', '{"calendar":{"a":1},"id":2}', '{"a":1}'],
  [
    'the last of the members, with spaces',
    ' { "id" : "x" , "calendar" : {"a": [1, "}"]} } ',
    '{"a": [1, "}"]}',
  ],
  ['not one within another', '{"id":{"calendar":{"a":1}}}', null],
  ['not one within a list', '{"id":[{"calendar":{"a":1}}]}', null],
  ['not a text that looks like it', String.raw`{"id":"\"calendar\":{}"}`, null],
  ['not a value of that name', '{"id":"calendar","x":{"a":1}}', null],
  ['not a list or a text', '{"calendar":[{}]}', null],
  ['not one that is there twice', '{"calendar":{"a":1},"calendar":{"a":2}}', null],
  ['not where a name has escapes', String.raw`{"calendar":{"a":1},"calend\u0061r":{"a":2}}`, null],
  ['not in a list', '[{"calendar":{}}]', null],
  ['not in text that ends early', '{"calendar":{"a":1', null],
])('finds %s', (_fact, text, part) => {
  expect(written(text)).toBe(part);
});

test('finds in any object what parsing finds', () => {
  const name = fc.oneof(fc.constant('calendar'), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.jsonValue({ maxDepth: 3 })),
      fc.constantFrom(0, 1),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const part = written(text);
        const expected = Object.hasOwn(value, 'calendar') ? value['calendar'] : null;
        if (part === null) {
          const isObject = typeof expected === 'object' && expected !== null && !Array.isArray(expected);
          expect(isObject && !Object.keys(value).some((key) => JSON.stringify(key).includes('\\'))).toBe(
            false,
          );
        } else expect(JSON.parse(part)).toEqual(JSON.parse(JSON.stringify(expected)));
      },
    ),
    runs(300),
  );
});
