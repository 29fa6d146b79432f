/** What makes two tickets the same trouble, and what says too little of itself. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TicketAttributes } from '../../domain/events.ts';
import { fingerprintOf } from '../../domain/fingerprint.ts';
import { runs } from '../support/runs.ts';

const attributes = (fields: Partial<TicketAttributes>): TicketAttributes => ({
  type: 'incident',
  channel: 'web',
  impact: 'high',
  urgency: 'high',
  ...fields,
});
const KNOWN = { category: 'network', service: 'vpn', symptom: 'drops' };
const ofKnown = (fields: Partial<TicketAttributes> = {}) =>
  fingerprintOf(attributes({ ...KNOWN, ...fields }));

test.each<[string, Partial<TicketAttributes>, string | null]>([
  ['what monitoring sends counts as it is', { fingerprint: ' Disk-Full:DB01 ' }, 'Disk-Full:DB01'],
  ['the whole of it', {}, 'category=network | service=vpn | symptom=drops'],
  [
    'whatever the case and the spaces',
    { category: ' NetWork ', symptom: 'DROPS' },
    'category=network | service=vpn | symptom=drops',
  ],
  [
    'a space is a space',
    { symptom: 'drops \t  every\nday' },
    'category=network | service=vpn | symptom=drops every day',
  ],
  [
    'the item is nearer than the service',
    { configurationItem: 'gw-1' },
    'category=network | configurationItem=gw-1 | symptom=drops',
  ],
  ['without a category', { category: '' }, null],
  ['without a symptom', { symptom: '   ' }, null],
  ['without either service or item', { service: '' }, null],
])('%s', (_what, fields, fingerprint) => {
  expect(ofKnown(fields)).toBe(fingerprint);
});

test('a rule says what counts, in any order', () => {
  const all = attributes({ ...KNOWN, customer: 'acme', site: 'Berlin' });
  expect(fingerprintOf(all, { by: ['site', 'customer'] })).toBe('customer=acme | site=berlin');
  expect(fingerprintOf(all, { by: ['customer', 'site'] })).toBe('customer=acme | site=berlin');
  expect(fingerprintOf(attributes(KNOWN), { by: ['customer'] })).toBeNull();
  expect(fingerprintOf(all, { by: [] })).toBeNull();
});

test('fields that differ never look the same, whatever signs they have in them', () => {
  const field = fc.string({
    unit: fc.constantFrom('a', '=', '|', '\\', ' ', 'B'),
    minLength: 1,
    maxLength: 6,
  });
  const said = fc.record({ category: field, service: field, symptom: field });
  const plain = (text: string) => text.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  fc.assert(
    fc.property(said, said, (one, other) => {
      const [a, b] = [fingerprintOf(attributes(one)), fingerprintOf(attributes(other))];
      fc.pre(a !== null && b !== null);
      const isSame = (['category', 'service', 'symptom'] as const).every(
        (name) => plain(one[name]) === plain(other[name]),
      );
      expect(a === b).toBe(isSame);
    }),
    runs(300),
  );
});
