/** Small logs of our own, in the shape of the real ones, and their facts in words. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fact } from '../../domain/events.ts';
import type { ImportedHistory } from '../../domain/history.ts';
import type { Format } from '../../histories/format.ts';
import { readLog, type ImportedLog, type ReadOptions } from '../../histories/log.ts';

const folder = mkdtempSync(join(tmpdir(), 'tierline-histories-'));

export const removeSamples = (): Promise<void> => rm(folder, { recursive: true, force: true });

/** Writes a file for one test; its path. */
export function sampleFile(name: string, content: string | Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** A CSV of a format's columns: each row gives the columns that matter, the rest is as in `usual`. */
export function sampleCsv(
  columns: readonly string[],
  usual: Record<string, string>,
  rows: readonly Record<string, string>[],
): string {
  const line = (row: Record<string, string>) =>
    columns.map((name) => row[name] ?? usual[name] ?? '').join(',');
  return [columns.join(','), ...rows.map(line)].join('\n') + '\n';
}

let samples = 0;

/** Reads such a sample. */
export async function readSample(
  format: Format,
  { usual, rows }: { usual: Record<string, string>; rows: readonly Record<string, string>[] },
  options: ReadOptions = {},
): Promise<ImportedLog> {
  samples += 1;
  const text = sampleCsv(format.columns, usual, rows);
  return readLog(sampleFile(`sample-${samples}.csv`, text), format, options);
}

function wordsOf(fact: Fact): string {
  switch (fact.type) {
    case 'assigned':
      return `assigned ${fact.team}`;
    case 'held':
      return `held ${fact.reason}`;
    case 'resumed':
      return `resumed ${fact.reason}`;
    case 'prioritised':
      return `prioritised ${fact.priority}`;
    case 'handoffOffered':
      return `offered to ${fact.toTier} ${fact.team ?? ''}`.trim();
    case 'handoffAccepted':
      return 'accepted';
    case 'messageAdded':
      return `${fact.author} says in ${fact.visibility}`;
    case 'acknowledged':
    case 'vendorReturned':
    case 'resolved':
    case 'reopened':
    case 'closed':
    case 'cancelled':
      return fact.type;
    case 'articlesOffered':
    case 'attributesChanged':
    case 'checklistAttached':
    case 'checklistItemDone':
    case 'committed':
    case 'consultAnswered':
    case 'consultAsked':
    case 'consultWithdrawn':
    case 'handoffReturned':
    case 'handoffWithdrawn':
    case 'joined':
    case 'left':
    case 'linked':
    case 'majorDeclared':
    case 'marked':
    case 'packetWritten':
    case 'problemNoted':
    case 'rated':
    case 'reviewNoted':
    case 'reproduced':
    case 'restored':
    case 'taskCreated':
    case 'taskDone':
    case 'unlinked':
    case 'updateDrafted':
    case 'vendorAsked':
    case 'vendorEngaged':
      throw new Error(`no log says ${fact.type}`);
  }
}

/** `2016-02-29 09:41 resolved`, in UTC. */
export function tell({ facts }: ImportedHistory): string[] {
  return facts.map((fact) => {
    const at = new Date(fact.occurredAt).toISOString().slice(0, 16).replace('T', ' ');
    return `${at} ${wordsOf(fact)}`;
  });
}

/** Every row is used or skipped, and every fact can be told from every other of its case. */
export function isAccountedFor(log: ImportedLog): boolean {
  const skipped = log.rowsSkipped.reduce((sum, { count }) => sum + count, 0);
  return (
    log.rowsUsed + skipped === log.rows &&
    log.histories.length === log.cases &&
    log.histories.every(({ facts }) => new Set(facts.map(({ id }) => id)).size === facts.length)
  );
}
