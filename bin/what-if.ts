/**
 * `tierline what-if`: the tickets of another system, or of our own ledger, judged by a candidate policy beside the one
 * that judges them. Nothing is changed (docs/what-if.md).
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadFile, loadPolicies } from '../api/schemas/policy.ts';
import { PolicyFileError } from '../api/schemas/policy-file.ts';
import type { Policy } from '../domain/policy.ts';
import {
  compareHistories,
  type Change,
  type ChangeSide,
  type Comparison,
  type Tally,
} from '../domain/what-if.ts';
import { SEES_ALL } from '../domain/visibility.ts';
import { formatOf } from '../histories/formats.ts';
import { readLog, type ImportedLog } from '../histories/log.ts';
import { rulesOver } from '../histories/report.ts';
import type { HistoryStore } from '../prisma/histories.ts';
import { readConfig } from './config.ts';
import { count, table } from './table.ts';

/** As the command line gives them. */
export interface WhatIfOptions {
  /** A policy file, or the name of a policy in the policies folder. */
  policy: string;
  /** What it is compared with; for a log, the policy of the same name unless told, for the ledger what was recorded. */
  against?: string;
  /** Only tickets opened from, and before; RFC 3339. */
  from?: string;
  to?: string;
  /** bpic2013, uci, helpdesk or csv. */
  format?: string;
  /** The mapping file of format csv. */
  mapping?: string;
  /** How many changes are listed; all are counted. */
  limitChanges?: string | number;
  json?: boolean;
}

/** What the command needs of the world around it. */
export interface WhatIfTools {
  policiesDir: string;
  /** Our own ledger, opened when it is asked for. */
  openHistories: () => Promise<{ histories: HistoryStore; close: () => Promise<void> }>;
  now: () => number;
  /** The result, to standard output. */
  print: (text: string) => void;
  /** Progress, to standard error. */
  say: (text: string) => void;
}

interface Side {
  name: string;
  version: number;
  /** Where it was found; null for what the engine recorded. */
  source: string | null;
}

export interface WhatIfResult extends Comparison {
  /** The file, or null for our own ledger. */
  file: string | null;
  before: Side | null;
  after: Side;
  /** First opening that counts, and the instant up to which clocks are judged. */
  from: string;
  asOf: string;
}

const DEFAULT_CHANGES = 20;
const DEFAULT_POLICY = 'standard';

function defaultTools(): WhatIfTools {
  const config = readConfig();
  return {
    policiesDir: config.policiesDir,
    async openHistories() {
      const [{ openDatabase }, { createHistoryStore }, { runningInstance }] = await Promise.all([
        import('../prisma/client.ts'),
        import('../prisma/histories.ts'),
        import('./home.ts'),
      ]);
      const url = config.databaseUrl ?? runningInstance(config.home)?.database;
      if (!url)
        throw new Error(
          'There is no ledger to read: nothing runs here and DATABASE_URL is not set. Name a file to judge a log',
        );
      const database = openDatabase(url);
      return { histories: createHistoryStore(database), close: () => database.$disconnect() };
    },
    now: Date.now,
    print: (text) => process.stdout.write(`${text}\n`),
    say: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** The command. */
export async function run(file: string | undefined, options: WhatIfOptions): Promise<void> {
  await whatIf(file, options);
}

interface Found {
  policy: Policy;
  source: string;
}

async function policyIn(path: string, say: WhatIfTools['say']): Promise<Found> {
  const { policy, findings } = await loadFile(path);
  if (!policy) throw new PolicyFileError(findings);
  if (findings.length > 0)
    say(`${path}: ${findings.length} of its examples are not kept; tierline policy test tells which`);
  return { policy, source: path };
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** By its name in the folder; null where there is none. Usually a file has its policy's name. */
async function policyNamed(name: string, { policiesDir, say }: WhatIfTools): Promise<Found | null> {
  const likely = join(policiesDir, `${name}.yaml`);
  if (await isFile(likely)) {
    const found = await policyIn(likely, say);
    if (found.policy.name === name) return found;
  }
  const policy = (await loadPolicies(policiesDir)).find((one) => one.name === name);
  return policy ? { policy, source: policiesDir } : null;
}

async function policyOf(choice: string, tools: WhatIfTools): Promise<Found> {
  if (/\.ya?ml$/.test(choice) || (await isFile(choice))) {
    if (await isFile(choice)) return policyIn(choice, tools.say);
    throw new Error(`There is no file ${choice}`);
  }
  const found = await policyNamed(choice, tools);
  if (!found) throw new Error(`There is no policy ${choice} in ${tools.policiesDir}, and no such file`);
  return found;
}

/** What the candidate replaces: the policy of its name, or else the one that fits everything. */
async function replacedBy({ policy }: Found, tools: WhatIfTools): Promise<Found> {
  const found = (await policyNamed(policy.name, tools)) ?? (await policyNamed(DEFAULT_POLICY, tools));
  if (found) return found;
  throw new Error(`Say with --against what ${policy.name} is to be compared with`);
}

function instantIn(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new Error(`--${option} ${text} is not a time such as 2026-01-31 or 2026-01-31T09:00Z`);
  return at;
}

function limitOf({ limitChanges = DEFAULT_CHANGES }: WhatIfOptions): number {
  if (/^\d+$/.test(String(limitChanges))) return Number(limitChanges);
  throw new Error(`--limit-changes ${limitChanges} is not a number`);
}

const sideOf = ({ policy: { name, version }, source }: Found): Side => ({ name, version, source });

async function readCases(file: string, options: WhatIfOptions, { say }: WhatIfTools): Promise<ImportedLog> {
  if (options.format === undefined) throw new Error('Say with --format how the file is to be read');
  const format = await formatOf(options.format, options.mapping);
  const log = await readLog(file, format, { onProgress: (rows) => say(`${file}: ${count(rows)} rows read`) });
  const from = instantIn('from', options.from) ?? Number.NEGATIVE_INFINITY;
  const to = instantIn('to', options.to) ?? Number.POSITIVE_INFINITY;
  const histories = log.histories.filter(({ openedAt }) => openedAt >= from && openedAt < to);
  return { ...log, histories };
}

async function compareLog(file: string, options: WhatIfOptions, tools: WhatIfTools): Promise<WhatIfResult> {
  const after = await policyOf(options.policy, tools);
  const before = options.against ? await policyOf(options.against, tools) : await replacedBy(after, tools);
  const limit = limitOf(options);
  const log = await readCases(file, options, tools);
  const rules = { before: rulesOver(before.policy, log), after: rulesOver(after.policy, log) };
  const compared = compareHistories(log.histories, { ...rules, until: log.until, limit }, (done) => {
    if (done % 5_000 === 0) tools.say(`${count(done)} of ${count(log.histories.length)} cases judged`);
  });
  return {
    file,
    before: sideOf(before),
    after: sideOf(after),
    from: new Date(log.from).toISOString(),
    asOf: new Date(log.until).toISOString(),
    ...compared,
  };
}

async function compareLedger(options: WhatIfOptions, tools: WhatIfTools): Promise<WhatIfResult> {
  const after = await policyOf(options.policy, tools);
  const before = options.against === undefined ? null : await policyOf(options.against, tools);
  const limit = limitOf(options);
  const asOf = tools.now();
  const from = instantIn('from', options.from);
  if (from === undefined) throw new Error('Say with --from since when, or name a file to judge a log');
  const to = instantIn('to', options.to) ?? asOf;
  const [{ compareRecorded, selectionOf }, { histories, close }] = await Promise.all([
    // Loaded only when asked for: it brings the API along.
    import('../api/what-ifs.ts'),
    tools.openHistories(),
  ]);
  try {
    const isStored = (await histories.count({ from, to, policy: after.policy.name }, SEES_ALL)) > 0;
    const selection = selectionOf(after.policy, { from, to }, { isStored });
    const sides = { policy: after.policy, against: before?.policy, asOf, limit, sight: SEES_ALL };
    let told = 0;
    const compared = await compareRecorded(histories, selection, sides, (done) => {
      if (done - told < 5_000) return;
      told = done;
      tools.say(`${count(done)} tickets judged`);
    });
    return {
      file: null,
      before: before && sideOf(before),
      after: sideOf(after),
      from: new Date(from).toISOString(),
      asOf: new Date(asOf).toISOString(),
      ...compared,
    };
  } finally {
    await close();
  }
}

const withIsoTimes = (key: string, value: unknown): unknown =>
  key === 'deadlineAt' && typeof value === 'number' ? new Date(value).toISOString() : value;

/**
 * Compares, and prints the result. Throws PolicyFileError, LogFileError, MappingError or an Error with a message for
 * the user.
 */
export async function whatIf(
  file: string | undefined,
  options: WhatIfOptions,
  tools: WhatIfTools = defaultTools(),
): Promise<WhatIfResult> {
  const result =
    file === undefined ? await compareLedger(options, tools) : await compareLog(file, options, tools);
  tools.print(options.json ? JSON.stringify(result, withIsoTimes) : describe(result));
  return result;
}

// --------------------------------------------------------------------------------------------------------- tables

const percent = ({ compliance }: Tally): string =>
  compliance === null ? '' : `${(100 * compliance).toFixed(1)} %`;

function difference(before: Tally, after: Tally): string {
  if (before.compliance === null || after.compliance === null) return '';
  const points = 100 * (after.compliance - before.compliance);
  return `${points > 0 ? '+' : ''}${points.toFixed(1)}`;
}

const figures = (before: Tally, after: Tally) => [
  before.met,
  before.breached,
  percent(before),
  after.met,
  after.breached,
  percent(after),
  difference(before, after),
];

const HEAD = ['met', 'breached', 'in time', 'met then', 'breached then', 'in time then', 'points'];

function clockTable({ clocks, groups }: WhatIfResult): string {
  const lines = clocks.flatMap(({ clock, before, after }) => [
    [clock, 'all', 'all', ...figures(before, after)],
    ...groups
      .filter((group) => group.clock === clock)
      .map((group) => ['', `${group.tier}`, group.priority, ...figures(group.before, group.after)]),
  ]);
  return table(['clock', 'tier', 'priority', ...HEAD], lines);
}

const sideText = (side: ChangeSide): string => {
  if (!side) return 'none';
  return side.deadlineAt === null
    ? side.outcome
    : `${side.outcome} (${new Date(side.deadlineAt).toISOString()})`;
};

function changeTable({ changes }: WhatIfResult): string {
  const lines = changes.data.map(({ caseId, clock, cycle, tier, priority, before, after }: Change) => {
    return [caseId, `${clock}/${cycle}`, `${tier}`, priority, sideText(before), sideText(after)];
  });
  const more = changes.count - changes.data.length;
  return [
    table(['case', 'clock', 'tier', 'priority', 'before (deadline)', 'after (deadline)'], lines),
    ...(more > 0 ? [`and ${count(more)} more; --limit-changes lists them`] : []),
  ].join('\n');
}

const named = ({ name, version, source }: Side): string => `${name} version ${version} (${source})`;

function describe(result: WhatIfResult): string {
  const { file, before, after, cases, casesChanged, changes, from, asOf } = result;
  const other = changes.count - changes.becomeBreached - changes.relieved;
  return [
    [
      `${count(cases)} ${file === null ? 'tickets of our own' : `cases of ${file}`}, ${from} to ${asOf}`,
      `before: ${before ? named(before) : 'as they were judged'}`,
      `after:  ${named(after)}`,
    ].join('\n'),
    clockTable(result),
    `verdicts that change: ${count(changes.count)}, in cases: ${count(casesChanged)}; ` +
      `become breached: ${count(changes.becomeBreached)}, relieved: ${count(changes.relieved)}, others: ${count(other)}; ` +
      `deadlines that only move: ${count(changes.deadlinesMoved)}`,
    ...(changes.data.length > 0 ? [changeTable(result)] : []),
  ].join('\n\n');
}
