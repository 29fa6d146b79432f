/**
 * `tierline playbook check`: whether playbooks can be executed, and what is wrong with them; it needs no server.
 * `tierline playbook import`: stores them.
 */
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { verifySignatures, type SignatureVerdict } from '../api/playbook-signatures.ts';
import type { Finding, PlaybookVerdict } from '../domain/finding.ts';
import { checkPlaybook } from '../domain/playbook-check.ts';
import { isPlain } from '../domain/fields.ts';
import { openDatabase } from '../prisma/client.ts';
import { createPlaybookStore } from '../prisma/playbooks.ts';
import { importPlaybook } from '../api/playbooks.ts';
import { Problem } from '../api/problem.ts';
import type { ServiceConfig } from './config.ts';
import { pinnedKeysIn } from './playbook-keys.ts';

export interface PlaybookOptions {
  json?: boolean;
  /** A PEM file, or a folder of them. */
  keys?: string;
}

export interface PlaybookTools {
  print: (text: string) => void;
  complain: (text: string) => void;
  now: () => number;
}

const defaultTools: PlaybookTools = {
  print: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
  now: Date.now,
};

const LARGEST_FILE_BYTES = 10_000_000;

interface Judged {
  file: string;
  verdict: PlaybookVerdict;
  findings: Finding[];
}

/** What a signature is worth, said as a finding: none for one that is trusted. */
function findingOf({ valid, reason, signee }: SignatureVerdict, index: number): Finding[] {
  if (reason === null) return [];
  const who = signee ? ` of ${signee}` : '';
  return [
    {
      severity: 'warning',
      pointer: `/signatures/${index}`,
      code: valid ? 'signature_untrusted' : 'signature_wrong',
      message: `the signature${who} ${valid ? 'verifies, and is not trusted' : 'does not verify'}: ${reason}`,
    },
  ];
}

/** Null: it cannot be read, and has been complained about. */
async function documentOf(
  file: string,
  complain: PlaybookTools['complain'],
): Promise<{ document: unknown } | null> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > LARGEST_FILE_BYTES) throw new Error(`is larger than ${LARGEST_FILE_BYTES} bytes`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { document: JSON.parse(text) as unknown };
  } catch (error) {
    complain(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function printed({ file, verdict, findings }: Judged): string {
  const lines = findings.map(
    ({ severity, pointer, code, message }) =>
      `  ${severity} ${pointer || '(the whole)'}: ${message} [${code}]`,
  );
  return [`${file}: ${verdict}`, ...lines].join('\n');
}

/**
 * Judges playbook files, one after the other; with `json` one line of JSON each. The exit code is 0 when all were
 * judged, whatever the verdicts, and 2 when one could not be read; the others are judged all the same.
 */
export async function check(
  files: readonly string[],
  { json = false, keys }: PlaybookOptions,
  { print, complain, now }: PlaybookTools = defaultTools,
): Promise<void> {
  const pinnedKeys: KeyObject[] = keys === undefined ? [] : pinnedKeysIn(keys);
  for (const file of files) {
    const read = await documentOf(file, complain);
    if (!read) {
      process.exitCode = 2;
      continue;
    }
    const { verdict, findings } = checkPlaybook(read.document, { now: now() });
    const signatures = verifySignatures(read.document, { pinnedKeys, now: now() });
    const judged = { file, verdict, findings: [...findings, ...signatures.flatMap(findingOf)] };
    print(json ? JSON.stringify(judged) : printed(judged));
  }
}

/**
 * Stores playbook files in the database, by the rules of `POST /v1/playbooks`; with `json` one line of JSON for each. The
 * exit code is 2 when one could not be read or was refused; the others are stored all the same.
 */
export async function importFiles(
  { databaseUrl, playbookKeys }: ServiceConfig,
  files: readonly string[],
  { json = false }: Pick<PlaybookOptions, 'json'>,
  { print, complain, now }: PlaybookTools = defaultTools,
): Promise<void> {
  const pinnedKeys = playbookKeys === undefined ? [] : pinnedKeysIn(playbookKeys);
  const database = openDatabase(databaseUrl);
  const deps = { playbooks: createPlaybookStore(database), playbookKeys: pinnedKeys, now };
  try {
    for (const file of files) {
      const read = await documentOf(file, complain);
      const imported = read && (await importedOrRefused(deps, read.document));
      if (!imported || 'problem' in imported) process.exitCode = 2;
      if (imported) print(json ? JSON.stringify({ file, ...imported }) : importPrinted(file, imported));
    }
  } finally {
    await database.$disconnect();
  }
}

type Imported =
  | { outcome: 'stored' | 'known'; id: string; modified: string; digest: string; verdict: PlaybookVerdict }
  | { outcome: 'refused'; problem: string; code: string };

async function importedOrRefused(
  deps: Parameters<typeof importPlaybook>[0],
  document: unknown,
): Promise<Imported> {
  if (!isPlain(document)) return { outcome: 'refused', problem: 'It is no JSON object', code: 'invalid' };
  try {
    const { outcome, stored } = await importPlaybook(deps, document, 'tierline playbook import');
    const { id, modified, digest, verdict } = stored;
    return { outcome, id, modified, digest, verdict };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { outcome: 'refused', problem: error.message, code: error.code };
  }
}

function importPrinted(file: string, imported: Imported): string {
  if ('problem' in imported) return `${file}: refused: ${imported.problem} [${imported.code}]`;
  const { outcome, id, modified, verdict } = imported;
  return `${file}: ${outcome === 'known' ? 'known already' : 'stored'}: ${id} of ${modified}, ${verdict}`;
}
