/** `tierline playbook check`: what it prints, and its exit code. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '../../bin/playbook.ts';
import { isolationPlaybook } from '../support/playbooks.ts';

let folder: string;
let exitCode: typeof process.exitCode;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tierline-playbooks-'));
  exitCode = process.exitCode;
  process.exitCode = undefined;
});
afterEach(() => {
  process.exitCode = exitCode;
  rmSync(folder, { recursive: true });
});

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

async function checked(files: string[], options: Parameters<typeof check>[1] = { json: true }) {
  const [printed, complaints]: [string[], string[]] = [[], []];
  await check(files, options, {
    print: (text) => void printed.push(text),
    complain: (text) => void complaints.push(text),
    now: () => Date.parse('2026-06-01T00:00:00Z'),
  });
  return { printed, complaints, exitCode: process.exitCode };
}

test('one line of JSON for each file, and 0 when all were judged, whatever the verdicts', async () => {
  const good = file('good.json', isolationPlaybook());
  const bad = file('bad.json', { ...isolationPlaybook(), type: 'bundle' });
  const { printed, exitCode } = await checked([good, bad]);
  expect(printed.map((line) => JSON.parse(line))).toEqual([
    { file: good, verdict: 'executable', findings: [] },
    {
      file: bad,
      verdict: 'invalid',
      findings: [{ severity: 'error', pointer: '/type', code: 'value_unknown', message: expect.any(String) }],
    },
  ]);
  expect(exitCode).toBeUndefined();
});

test('2 when one could not be read; the others are judged all the same', async () => {
  const good = file('good.json', isolationPlaybook());
  const { printed, complaints, exitCode } = await checked([
    join(folder, 'absent.json'),
    file('cut.json', '{"type":'),
    good,
  ]);
  expect(printed.map((line) => JSON.parse(line).file)).toEqual([good]);
  expect(complaints).toEqual([expect.stringContaining('absent.json'), expect.stringContaining('cut.json')]);
  expect(exitCode).toBe(2);
});

test('for people: the verdict, and each finding with where it is', async () => {
  const { printed } = await checked([file('a.json', { ...isolationPlaybook(), revoked: true })], {});
  expect(printed[0]).toMatch(
    /a\.json: executable\n {2}warning \/revoked: it was revoked by its author.* \[revoked\]$/,
  );
});

test('a signature that is not trusted is a finding', async () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const keys = file('keys.pem', publicKey.export({ format: 'pem', type: 'spki' }));
  const signature = {
    type: 'jss',
    signee: 'ACME',
    algorithm: 'Ed25519',
    hash_algorithm: 'sha-256',
    value: 'x',
  };
  const { printed } = await checked([file('a.json', { ...isolationPlaybook(), signatures: [signature] })], {
    json: true,
    keys,
  });
  expect(JSON.parse(printed[0]!).findings).toContainEqual(
    expect.objectContaining({ pointer: '/signatures/0', code: 'signature_wrong', severity: 'warning' }),
  );
  await expect(checked([], { keys: file('no.pem', 'nothing') })).rejects.toThrow('has no public key');
});
