/** `tierline replay`: the tickets of another system, judged by our clocks. */
import type { ImportedHistory } from '../domain/history.ts';
import type { Policy } from '../domain/policy.ts';
import { loadPolicies } from '../api/schemas/policy.ts';
import { formatOf } from '../histories/formats.ts';
import { readLog, type ImportedLog } from '../histories/log.ts';
import { foldLog, reportOn, rulesOver, type ReplayReport } from '../histories/report.ts';
import { countVarieties, pickVaried, type VarietyCounts } from '../histories/variety.ts';
import {
  differences,
  verdictCaseOf,
  type Difference,
  type PlayOnEngine,
  type Verdict,
} from '../histories/verdict.ts';
import { readConfig } from './config.ts';
import { count, table } from './table.ts';

/** As the command line gives them. */
export interface ReplayOptions {
  /** bpic2013, uci, helpdesk or csv. */
  format: string;
  /** The mapping file of format csv. */
  mapping?: string;
  /** Name of a policy; `standard` unless told. */
  policy?: string;
  /** Only so many cases, the first of the file. */
  limit?: string | number;
  /** Also play every case as a real workflow, and compare. */
  engine?: boolean;
  /** Judge the whole log, and play on the engine at most `limit` cases with holds, reopenings and changes of priority. */
  varied?: boolean;
  /** File in which the engine's verdicts are kept: a run that was cut short goes on where it was. */
  keep?: string;
  /** One JSON document instead of tables. */
  json?: boolean;
}

/** What the command needs of the world around it. */
export interface ReplayTools {
  policiesDir: string;
  /** The engine, with the file in which it keeps its verdicts. */
  playOnEngine?: (keep: string | undefined) => PlayOnEngine;
  /** The result, to standard output. */
  print: (text: string) => void;
  /** Progress, to standard error. */
  say: (text: string) => void;
}

/** What the engine made of the same cases. */
export interface EngineComparison {
  tickets: number;
  /** How many of them were held, reopened, changed in priority; none of that. */
  varieties: VarietyCounts;
  /** Where it disagrees with the fold; empty as it should be. */
  differences: Difference[];
}

export type ReplayResult = ReplayReport & { engine?: EngineComparison };

const DIFFERENCES_SHOWN = 20;
const CASES_PER_WORD = 5_000;

function defaultTools(): ReplayTools {
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  return {
    policiesDir: readConfig().policiesDir,
    // Loaded only when asked for: it brings the Temporal SDK along.
    playOnEngine:
      (keep) =>
      async (...cases) =>
        (await import('./engine-replay.ts')).createEnginePlayer({ say, keep })(...cases),
    print: (text) => process.stdout.write(`${text}\n`),
    say,
  };
}

/** The command: exit code 1 where the engine disagrees. */
export async function run(file: string, options: ReplayOptions): Promise<void> {
  const { agrees } = await replay(file, options);
  if (!agrees) process.exitCode = 1;
}

async function policyNamed(name: string, dir: string): Promise<Policy> {
  const policies = await loadPolicies(dir);
  const found = policies.find((policy) => policy.name === name);
  if (found) return found;
  throw new Error(
    `There is no policy ${name} in ${dir}; known are ${policies.map((one) => one.name).join(', ')}`,
  );
}

function limitOf({ limit }: ReplayOptions): number | undefined {
  if (limit === undefined) return undefined;
  if (/^[1-9]\d*$/.test(String(limit))) return Number(limit);
  throw new Error(`--limit ${limit} is not a number of cases from 1`);
}

async function read(file: string, options: ReplayOptions, { say }: ReplayTools): Promise<ImportedLog> {
  const format = await formatOf(options.format, options.mapping);
  const limit = options.varied ? undefined : limitOf(options);
  return readLog(file, format, { limit, onProgress: (rows) => say(`${file}: ${count(rows)} rows read`) });
}

/**
 * Reads a log, judges its cases under a policy and prints the figures; true if the engine, where it was asked,
 * agrees with every one of them. Throws LogFileError, MappingError, PolicyFileError or an Error with a message for
 * the user.
 */
export async function replay(
  file: string,
  options: ReplayOptions,
  tools: ReplayTools = defaultTools(),
): Promise<{ result: ReplayResult; agrees: boolean }> {
  const { print, say, playOnEngine } = tools;
  if ((options.varied || options.keep) && !options.engine)
    throw new Error('--varied and --keep choose what the engine plays; say --engine too');
  if (options.engine && !playOnEngine) throw new Error('There is no engine here to play the cases on');
  const policy = await policyNamed(options.policy ?? 'standard', tools.policiesDir);
  const log = await read(file, options, tools);
  const rules = rulesOver(policy, log);
  const verdicts = foldLog(log, rules, (done) => {
    if (done > 0 && done % CASES_PER_WORD === 0) say(`${count(done)} of ${count(log.cases)} cases judged`);
  });
  const result: ReplayResult = reportOn(log, policy, verdicts);
  if (options.engine && playOnEngine) {
    const histories = chosenFor(options, log);
    say(`playing ${count(histories.length)} cases as workflows in virtual time`);
    const played = await playOnEngine(options.keep)(histories, rules, log.until);
    result.engine = compare({ histories, pure: verdicts, played });
  }
  print(options.json ? JSON.stringify(result) : describe(result));
  return { result, agrees: (result.engine?.differences.length ?? 0) === 0 };
}

/** The cases that the engine plays. */
function chosenFor(options: ReplayOptions, { histories }: ImportedLog): readonly ImportedHistory[] {
  return options.varied ? pickVaried(histories, limitOf(options) ?? histories.length) : histories;
}

function compare({ histories, pure, played }: Compared): EngineComparison {
  const chosen = new Set(histories.map((history) => verdictCaseOf(history)));
  const folded = pure.filter(({ caseId }) => chosen.has(caseId));
  return {
    tickets: played.length,
    varieties: countVarieties(histories),
    differences: differences(folded, played),
  };
}

interface Compared {
  histories: readonly ImportedHistory[];
  pure: readonly Verdict[];
  played: readonly Verdict[];
}

// --------------------------------------------------------------------------------------------------------- tables

function describe(result: ReplayResult): string {
  const parts = [
    describeLog(result),
    clockTable(result),
    ownerTable(result),
    ...(result.moves.length > 0 ? [tierTable(result), moveTable(result)] : []),
    describeHands(result),
  ];
  return [...parts, ...(result.engine ? [describeEngine(result.engine)] : [])].join('\n\n');
}

function describeLog({ file, format, policy, from, until, ...account }: ReplayResult): string {
  const { rows, cases, rowsUsed, rowsWithoutChange, rowsSkipped, notes } = account;
  return [
    `${file}, read as ${format} and judged by policy ${policy.name} version ${policy.version}`,
    `${from} to ${until}`,
    `${count(cases)} cases; of ${count(rows)} rows ${count(rowsUsed)} used, ${count(rows - rowsUsed)} skipped`,
    `  ${count(rowsWithoutChange)} of the rows used repeat what was known`,
    ...rowsSkipped.map(
      ({ reason, count: skipped, examples }) =>
        `  skipped ${count(skipped)}: ${reason} (${examples.join('; ')})`,
    ),
    ...notes.map((note) => `  ${note}`),
  ].join('\n');
}

function clockTable({ clocks }: ResultOf<'clocks'>): string {
  const share = (met: number, breached: number) =>
    met + breached === 0 ? '' : `${((100 * met) / (met + breached)).toFixed(1)} %`;
  return table(
    ['clock', 'priority', 'met', 'breached', 'running', 'cancelled', 'met in time'],
    clocks.map(({ clock, priority, met, breached, running, cancelled }) => {
      return [clock, priority, met, breached, running, cancelled, share(met, breached)];
    }),
  );
}

type ResultOf<K extends keyof ReplayResult> = Pick<ReplayResult, K>;

function ownerTable({ timeInTier }: ResultOf<'timeInTier'>): string {
  const owners = Object.entries(timeInTier);
  return table(
    ['owner', 'open hours'],
    owners.map(([owner, seconds = 0]) => [owner, Math.round(seconds / 3600)]),
  );
}

/** Seconds, or nothing where nothing was measured. */
const cellOf = (seconds: number | null): number | string => seconds ?? '';

function tierTable({ tiers }: ResultOf<'tiers'>): string {
  return table(
    [
      'tier',
      'began there',
      'had',
      'received',
      'given up',
      'given down',
      'offered',
      'taken',
      'waited',
      'median s',
      'p90 s',
      'longest s',
    ],
    tiers.map(({ tier, casesOpened, casesHad, received, handedUp, handedDown, offers }) => {
      const { made, accepted, waits, waitSeconds } = offers;
      const spread = [waitSeconds.median, waitSeconds.p90, waitSeconds.max].map(cellOf);
      return [
        `tier${tier}`,
        casesOpened,
        casesHad,
        received,
        handedUp,
        handedDown,
        made,
        accepted,
        waits,
        ...spread,
      ];
    }),
  );
}

function moveTable({ moves }: ResultOf<'moves'>): string {
  return table(
    ['from', 'to', 'handoffs', 'back again', 'cases'],
    moves.map(({ from, to, handoffs, returns, cases }) => [
      `tier${from}`,
      `tier${to}`,
      handoffs,
      returns,
      cases,
    ]),
  );
}

function describeHands(result: ReplayResult): string {
  const { offers, climbs } = result;
  const { median, p90, max } = offers.waitSeconds;
  const waits =
    offers.waits > 0
      ? `; ${count(offers.waits)} waited: median ${median} s, p90 ${p90} s, longest ${max} s`
      : '';
  return [
    `handoffs ${count(result.handoffs)} in ${count(result.casesHandedOff)} cases, back to a tier that was left ${count(result.pingPong)} in ${count(result.casesPingPong)}`,
    `up ${count(climbs.casesUp)} cases, up and down again ${count(climbs.casesUpAndDown)}, past a tier ${count(climbs.casesSkippingATier)}`,
    `team changes ${count(result.teamChanges)}, back to a team that was left ${count(result.teamReturns)} in ${count(result.casesTeamReturned)} cases`,
    `offers to another tier ${count(offers.made)}, accepted ${count(offers.accepted)}${waits}`,
    `reopened ${count(result.reopenings)} times in ${count(result.casesReopened)} cases; ${count(result.casesHeld)} cases were on hold`,
  ].join('\n');
}

function describeEngine({ tickets, varieties, differences: found }: EngineComparison): string {
  const { held, reopened, reprioritised } = varieties;
  const among = `held ${count(held)}, reopened ${count(reopened)}, changed in priority ${count(reprioritised)}`;
  if (found.length === 0)
    return `the engine played ${count(tickets)} cases (${among}) and agrees on every figure`;
  const shown = found
    .slice(0, DIFFERENCES_SHOWN)
    .map(
      ({ caseId, field, pure, engine }) =>
        `  ${caseId} ${field}: fold ${String(pure)}, engine ${String(engine)}`,
    );
  const more = found.length > shown.length ? [`  and ${count(found.length - shown.length)} more`] : [];
  return [`the engine disagrees with the fold on ${count(found.length)} figures`, ...shown, ...more].join(
    '\n',
  );
}
