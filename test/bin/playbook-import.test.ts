/** `tierline playbook import`: what it stores, what it refuses, and its exit code. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceConfig } from '../../bin/config.ts';
import { importFiles } from '../../bin/playbook.ts';
import { openDatabase } from '../../prisma/client.ts';
import { createPlaybookStore } from '../../prisma/playbooks.ts';
import { createTestDatabase } from '../support/database.ts';
import { isolationPlaybook } from '../support/playbooks.ts';

let folder: string;
let databaseUrl: string;
let exitCode: typeof process.exitCode;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tierline-playbooks-'));
  databaseUrl = await createTestDatabase();
  exitCode = process.exitCode;
  process.exitCode = undefined;
});
afterEach(() => {
  process.exitCode = exitCode;
  rmSync(folder, { recursive: true });
});

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
};

async function imported(...files: string[]) {
  const [printed, complaints]: [string[], string[]] = [[], []];
  const config = { databaseUrl, playbookKeys: undefined } as ServiceConfig;
  await importFiles(
    config,
    files,
    { json: true },
    {
      print: (text) => void printed.push(text),
      complain: (text) => void complaints.push(text),
      now: () => Date.parse('2026-06-01T00:00:00Z'),
    },
  );
  return { lines: printed.map((line) => JSON.parse(line) as object), complaints, exitCode: process.exitCode };
}

test('a playbook is stored once, and known from then on', async () => {
  const playbook = isolationPlaybook();
  const good = file('good.json', playbook);
  const first = await imported(good);
  expect(first).toMatchObject({
    lines: [{ file: good, outcome: 'stored', id: playbook.id, verdict: 'executable' }],
    exitCode: undefined,
  });
  expect(await imported(good)).toMatchObject({ lines: [{ outcome: 'known' }], exitCode: undefined });
  const database = openDatabase(databaseUrl);
  expect((await createPlaybookStore(database).get(playbook.id))?.document).toEqual(playbook);
  await database.$disconnect();
});

test('what is invalid, changed under its version or cannot be read is told, and the others are stored', async () => {
  const playbook = isolationPlaybook();
  const bad = file('bad.json', { ...playbook, type: 'bundle' });
  const good = file('good.json', playbook);
  const changed = file('changed.json', { ...playbook, name: 'Another' });
  const { lines, complaints, exitCode } = await imported(bad, join(folder, 'absent.json'), good, changed);
  expect(lines).toMatchObject([
    { file: bad, outcome: 'refused', code: 'invalid', problem: expect.stringContaining('/type') },
    { file: good, outcome: 'stored' },
    { file: changed, outcome: 'refused', code: 'playbook_version_exists' },
  ]);
  expect(complaints).toEqual([expect.stringContaining('absent.json cannot be read')]);
  expect(exitCode).toBe(2);
});
