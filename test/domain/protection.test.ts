/** What is protected, however a target is written. */
import { describe, expect, test } from '@jest/globals';
import {
  isMeant,
  patternProblem,
  protectionOf,
  type Protection,
  type ProtectionKind,
} from '../../domain/protection.ts';
import { keysIn, normalKey, targetKeyOf, targetKeysOf } from '../../domain/target.ts';

const NOW = Date.UTC(2026, 0, 5, 9);

describe('one target has one name', () => {
  test.each<[string, string, string]>([
    ['a host', ' Host-7.Example.COM. ', 'host-7.example.com'],
    ['an IPv4 address', '10.0.0.7', '10.0.0.7'],
    ['an IPv6 address, shortened or not', '2001:DB8::7', '2001:db8:0:0:0:0:0:7'],
    ['an IPv6 address in brackets', '[2001:db8::7]', '2001:db8:0:0:0:0:0:7'],
    ['an IPv4 address within IPv6', '::ffff:10.0.0.7', '10.0.0.7'],
    ['an entry of a directory', 'UID=agent-17 , OU=People,dc=Example', 'uid=agent-17,ou=people,dc=example'],
    ['an account', 'CORP\\Agent-17', 'corp\\agent-17'],
    ['letters of another width', 'ｈｏｓｔ-7', 'host-7'],
  ])('%s', (_name, written, key) => {
    expect(normalKey(written)).toBe(key);
  });

  test('a target is counted by its address, in a fixed order of kinds, else by its name', () => {
    const address = { ipv4: ['10.0.0.7'], dname: ['Host-7.example'] };
    expect(targetKeyOf({ name: 'any', address })).toBe('host-7.example');
    expect(targetKeysOf({ name: 'any', address })).toEqual(['host-7.example', '10.0.0.7', 'any']);
    expect(targetKeyOf({ name: 'Agent-17' })).toBe('agent-17');
  });

  test('the host of a URL is a name of it too', () => {
    const keys = targetKeysOf({ name: 'edr', address: { url: ['https://user@EDR.example:8443/api/'] } });
    expect(keys).toContain('edr.example');
  });
});

describe('a pattern', () => {
  test.each<[ProtectionKind, string, string, boolean]>([
    ['exact', 'DC-1.example', 'dc-1.example', true],
    ['exact', 'dc-1.example', 'dc-11.example', false],
    ['cidr', '10.0.0.0/8', '10.200.3.4', true],
    ['cidr', '10.0.0.0/8', '11.0.0.1', false],
    ['cidr', '10.0.0.0/8', '::ffff:10.1.1.1', true],
    ['cidr', '2001:db8::/32', '2001:DB8:1::9', true],
    ['cidr', '10.0.0.7', '10.0.0.0/24', true],
    ['cidr', '10.0.0.0/8', 'host-7.example', false],
    ['dn', 'ou=admins,dc=example', 'uid=agent-1, OU=Admins, DC=example', true],
    ['dn', 'ou=admins,dc=example', 'ou=admins,dc=example', true],
    ['dn', 'ou=admins,dc=example', 'uid=agent-1,ou=people,dc=example', false],
    ['dn', 'ou=admins,dc=example', 'uid=agent-1,ou=xou=admins,dc=example', false],
    ['glob', 'dc-*.example', 'DC-17.example', true],
    ['glob', 'dc-??.example', 'dc-1.example', false],
    ['glob', '*.example', 'a.b.example', true],
    ['glob', 'a*b*c', 'aXbXbXc', true],
    ['glob', 'a.c', 'abc', false],
  ])('%s %s and %s: %s', (kind, pattern, written, isProtected) => {
    expect(isMeant(normalKey(written), { kind, pattern })).toBe(isProtected);
  });

  test.each<[ProtectionKind, string, boolean]>([
    ['exact', '  ', false],
    ['cidr', '10.0.0.0/33', false],
    ['cidr', 'host-7', false],
    ['cidr', '10.0.0.0/8', true],
    ['dn', 'people', false],
    ['dn', 'ou=people', true],
    ['glob', '**', false],
    ['glob', 'dc-*', true],
  ])('%s %j can be used: %s', (kind, pattern, isGood) => {
    expect(patternProblem({ kind, pattern }) === null).toBe(isGood);
  });
});

describe('what protects a target', () => {
  const protection = (more: Partial<Protection>): Protection => ({
    kind: 'exact',
    pattern: 'dc-1',
    mode: 'approval',
    until: null,
    ...more,
  });

  test('by any of its names', () => {
    const range = protection({ kind: 'cidr', pattern: '10.0.0.0/24' });
    const keys = targetKeysOf({ name: 'x', address: { dname: ['h.example'], ipv4: ['10.0.0.5'] } });
    expect(protectionOf(keys, [range], NOW)).toBe(range);
  });

  test('the strictest counts', () => {
    const never = protection({ kind: 'glob', pattern: 'dc-*', mode: 'never' });
    expect(protectionOf(['dc-1'], [protection({}), never], NOW)).toBe(never);
  });

  test('until its end, and no longer', () => {
    const ending = protection({ until: NOW });
    expect([NOW - 1, NOW].map((at) => protectionOf(['dc-1'], [ending], at))).toEqual([ending, null]);
  });
});

describe('what a command names', () => {
  test.each<[string, string, string]>([
    ['a host in a path', 'PUT /v1/hosts/DC-1.example/isolated HTTP/1.1', 'dc-1.example'],
    ['a host in percent signs', 'PUT /v1/hosts/dc%2D1/isolated HTTP/1.1', 'dc-1'],
    ['an address with a port', 'nc 10.0.0.7:443', '10.0.0.7'],
    ['a value in JSON', '{"targets":[{"hostname":"DC-1"}]}', 'dc-1'],
    ['an entry of a directory', '{"operation":"modify","dn":"uid=a, ou=b,dc=c"}', 'uid=a,ou=b,dc=c'],
    ['an account in a script', "usermod --lock 'agent-17'", 'agent-17'],
    ['the end of a sentence', 'Switch off dc-1.', 'dc-1'],
  ])('%s', (_name, text, key) => {
    expect(keysIn(text)).toContain(key);
  });
});
