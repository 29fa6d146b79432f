/** Verdicts of the engine in a file, one a line, so that a run which was cut short can go on. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { ImportedHistory } from '../domain/history.ts';
import type { AppliedRules } from '../domain/policy.ts';
import type { Verdict } from '../histories/verdict.ts';

const hashOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

export interface KeptVerdict {
  key: string;
  verdict: Verdict;
}

/** Names what was played: the same case under other rules, or told otherwise, is played again. */
export function keyOf(history: ImportedHistory, rulesKey: string, until: number): string {
  return hashOf({ history, rulesKey, until });
}

/** Verdicts of an earlier run, by key. The last line may be cut short where that run was. */
export function keptIn(file: string | undefined): Map<string, Verdict> {
  if (file === undefined || !existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').split('\n');
  const whole = lines.slice(0, -1).map((line) => JSON.parse(line) as KeptVerdict);
  if (lines.at(-1) !== '') writeFileSync(file, whole.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return new Map(whole.map(({ key, verdict }) => [key, verdict]));
}

/** Names a set of resolved rules. */
export const rulesKeyOf = (rules: AppliedRules): string => hashOf(rules);

/** Adds one verdict at once, so that nothing played is lost. */
export function addKept(file: string | undefined, kept: KeptVerdict): void {
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(kept)}\n`);
}
