/**
 * `tierline policy check` and `tierline policy test`: what a policy file says, what is wrong with it, and whether it
 * keeps its own examples. Neither needs a server.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadFile } from '../api/schemas/policy.ts';
import type { Finding, PolicyFile } from '../api/schemas/policy-file.ts';
import { examplesOf, runExamples, writtenDuration, type ExampleFailure } from '../domain/examples.ts';
import {
  OWNER_CALENDAR,
  PRIORITIES,
  type ClockRule,
  type LadderAction,
  type LadderStep,
  type Policy,
  type Target,
  type Targets,
  type TierRule,
  type VendorRule,
} from '../domain/policy.ts';
import { policyWarnings } from '../domain/policy-warnings.ts';
import { readConfig } from './config.ts';
import { table } from './table.ts';

export interface PolicyOptions {
  json?: boolean;
}

export interface PolicyTools {
  /** The folder that is taken where no file is named. */
  policiesDir: string;
  print: (text: string) => void;
  now: () => number;
}

const defaultTools = (): PolicyTools => ({
  policiesDir: readConfig().policiesDir,
  print: (text) => process.stdout.write(`${text}\n`),
  now: Date.now,
});

/** The policy files that these paths stand for: a folder for all in it. */
async function filesIn(paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => null);
    if (!info) throw new Error(`There is no file ${path}`);
    if (!info.isDirectory()) found.push(path);
    else
      for (const name of (await readdir(path)).toSorted())
        if (/\.ya?ml$/.test(name)) found.push(join(path, name));
  }
  if (found.length === 0)
    throw new Error(`There is no policy in ${paths.join(', ')}; a policy is a .yaml file`);
  return found;
}

// ---------------------------------------------------------------------------------------------------------- check

/** By priority: a duration or a period, `8h` or `5 business days`. */
type PromisedTargets = Record<string, { target: string; calendar: string }>;

export interface PromisedClock {
  clock: string;
  /** Empty for what runs to a time that was promised. */
  targets: PromisedTargets;
  /** What a tier has instead, by tier. */
  tiers: Record<string, PromisedTargets>;
  /** When it begins, where that is not what all such clocks do. */
  basis: string | null;
  /** The marks between which it runs. */
  startsAt: string | null;
  stopsAt: string | null;
  systemUpdatesCount: boolean;
  pausedBy: readonly string[];
  reopen: string;
  ladder: PromisedStep[];
}

export interface PromisedStep {
  step: string;
  due: string;
  /** How often again, until somebody acknowledges. */
  repeat: { every: string; times: number } | null;
  /** That its offset and its repetitions are counted on; null for the clock's. */
  calendar: string | null;
  /** Null where the step tells nobody. */
  ifNobody: string | null;
  actions: string[];
}

/** What a policy promises, for whoever signs it. Durations in words; a day is 24 hours of open time. */
export interface Promises {
  name: string;
  precedence: number;
  /** Empty where it applies only to tickets that name it. */
  match: readonly object[];
  clocks: PromisedClock[];
  tiers: (TierRule & Required<Pick<TierRule, 'calendar' | 'teams'>>)[];
  calendars: { name: string; timezone: string; holidays: number }[];
  holds: { reason: string; max: string; calendar: string; atEnd: string }[];
  /** What is agreed with each; targets in milliseconds. */
  vendors: Readonly<Record<string, VendorRule>>;
  ackTimeout: string | null;
  autoCloseAfter: string | null;
  examples: number;
}

export interface CheckedFile {
  file: string;
  ok: boolean;
  /** What refuses it. */
  errors: Finding[];
  /** What its owner should know. */
  warnings: Finding[];
  promises: Promises | null;
}

const byPlace = (a: Finding, b: Finding) => a.line - b.line || a.column - b.column;

async function checkFile(path: string, now: number): Promise<CheckedFile> {
  const { file, policy, findings } = await loadFile(path);
  return {
    file: path,
    ok: findings.length === 0,
    errors: [...findings],
    warnings: policy ? warningsIn(file, policy, now) : [],
    promises: policy && promisesOf(policy),
  };
}

function warningsIn(file: PolicyFile, policy: Policy, now: number): Finding[] {
  return policyWarnings(policy, now)
    .map((warning) => file.locate(warning))
    .toSorted(byPlace);
}

function dueOf({ percent, offsetMs, calendar }: LadderStep): string {
  const on = calendar === undefined ? '' : ` on ${calendar}`;
  if (offsetMs > 0) return `${writtenDuration(offsetMs)}${on} after the deadline`;
  if (offsetMs < 0) return `${writtenDuration(-offsetMs)}${on} before the deadline`;
  return percent === 100 ? 'at breach' : `at ${percent}%`;
}

const actionOf = (action: LadderAction): string =>
  Object.entries(action)
    .map(([what, to]) => `${what} ${String(to)}`)
    .join(' ');

const tellsSomebody = ({ actions }: LadderStep): boolean =>
  actions.some((action) => 'notify' in action || 'page' in action);

function targetOf({ ms, period }: Target): string {
  if (!period) return writtenDuration(ms);
  const unit = period.unit === 'months' ? 'month' : 'business day';
  return `${period.count} ${unit}${period.count === 1 ? '' : 's'}`;
}

function promisedTargets(targets: Targets): PromisedTargets {
  const set = PRIORITIES.flatMap((priority) => {
    const target = targets[priority];
    return target ? [[priority, { target: targetOf(target), calendar: target.calendar }] as const] : [];
  });
  return Object.fromEntries(set);
}

function promisedClock(clock: string, rule: ClockRule): PromisedClock {
  const { targets, byTier = {}, basis, anchor, systemUpdatesCount = false, pausedBy, reopen } = rule;
  return {
    clock,
    targets: promisedTargets(targets),
    tiers: Object.fromEntries(Object.entries(byTier).map(([tier, own]) => [tier, promisedTargets(own)])),
    basis: basis ?? null,
    startsAt: anchor?.startsAt ?? null,
    stopsAt: anchor?.stopsAt ?? null,
    systemUpdatesCount,
    pausedBy,
    reopen,
    ladder: rule.ladder.map((step) => ({
      step: step.id,
      due: dueOf(step),
      repeat: step.repeat ? { every: writtenDuration(step.repeat.everyMs), times: step.repeat.times } : null,
      calendar: step.calendar ?? null,
      ifNobody: tellsSomebody(step) ? (step.ifNobody ?? 'next') : null,
      actions: step.actions.map(actionOf),
    })),
  };
}

/** A clock without any target is never set; a commitment needs none. */
const isPromised = ({ clock, targets, tiers }: PromisedClock): boolean =>
  clock === 'commitment' || [targets, ...Object.values(tiers)].some((each) => Object.keys(each).length > 0);

function promisesOf(policy: Policy): Promises {
  const { name, precedence, match, tiers, calendars, holds = {}, ackTimeoutMs, autoCloseAfterMs } = policy;
  return {
    name,
    precedence,
    match,
    clocks: Object.entries(policy.clocks)
      .map(([clock, rule]) => promisedClock(clock, rule))
      .filter(isPromised),
    tiers: tiers.map(({ calendar = 'always', teams = [], ...tier }) => ({ ...tier, calendar, teams })),
    calendars: Object.entries(calendars).map(([called, { timezone, holidays }]) => {
      return { name: called, timezone, holidays: holidays.length };
    }),
    holds: Object.entries(holds).map(([reason, { maxMs, calendar, atEnd }]) => {
      return { reason, max: writtenDuration(maxMs), calendar, atEnd };
    }),
    vendors: policy.vendors ?? {},
    ackTimeout: ackTimeoutMs === undefined ? null : writtenDuration(ackTimeoutMs),
    autoCloseAfter: autoCloseAfterMs === null ? null : writtenDuration(autoCloseAfterMs),
    examples: examplesOf(policy).length,
  };
}

const placed = ({ file, line, column, pointer, code, message }: Finding): string =>
  `${file}:${line}:${column} ${pointer ? `${pointer}: ` : ''}${message} (${code})`;

function fitsWhat(match: readonly object[]): string {
  if (match.length === 0) return 'fits only tickets that name it';
  if (match.some((condition) => Object.keys(condition).length === 0)) return 'fits every ticket';
  const words = match.map((condition) =>
    Object.entries(condition)
      .map(([field, value]) => `${field} ${value}`)
      .join(' and '),
  );
  return `fits ${words.join(', or ')}`;
}

const cellsOf = (targets: PromisedTargets, none: string): string[] =>
  PRIORITIES.map((priority) => {
    const target = targets[priority];
    return target ? `${target.target} ${target.calendar}` : none;
  });

function clockLines({ clocks }: Promises): string {
  const lines = clocks.flatMap(({ clock, targets, tiers, pausedBy, reopen }) => [
    [
      clock,
      ...cellsOf(targets, clock === 'commitment' ? 'as promised' : '-'),
      pausedBy.join(', ') || '-',
      reopen,
    ],
    // Of a priority that is not named here the clock's own target holds.
    ...Object.entries(tiers).map(([tier, own]) => [`  at tier ${tier}`, ...cellsOf(own, 'as above'), '', '']),
  ]);
  return table(['clock', ...PRIORITIES, 'paused by', 'reopened'], lines);
}

const BEGINNINGS: Readonly<Record<string, string>> = {
  opened: 'the opening of the ticket',
  accepted: 'when a tier first accepts the ticket',
  assigned: 'when somebody is first assigned',
};

/** Between what a clock runs, where it is not what all such clocks do. */
function spanLines({ clock, basis, startsAt, stopsAt, systemUpdatesCount }: PromisedClock): string[] {
  return [
    ...(startsAt === null ? [] : [`${clock} runs from the mark ${startsAt} to the mark ${stopsAt}`]),
    ...(basis === null ? [] : [`${clock} counts from ${BEGINNINGS[basis]}`]),
    ...(systemUpdatesCount ? [`${clock} also takes what the system sends for an update`] : []),
  ];
}

const NOBODY_THERE: Readonly<Record<string, string>> = {
  skip: '; who is not there is skipped',
  wait: '; waits until the tier opens',
};

function ladderLines({ clock, ladder }: PromisedClock): string[][] {
  return ladder.map(({ step, due, repeat, calendar, ifNobody, actions }) => {
    const on = calendar === null ? '' : ` on ${calendar}`;
    const again = repeat ? `, then every ${repeat.every}${on}, ${repeat.times} times` : '';
    return [clock, step, `${due}${again}`, `${actions.join(', ')}${NOBODY_THERE[ifNobody ?? 'next'] ?? ''}`];
  });
}

function tierLine({ tier, name, calendar, teams, ...more }: Promises['tiers'][number]): string {
  const own = teams.map((team) => `; team ${team.name} ${team.calendar}`).join('');
  const onCall = more.onCall ? `; on call ${more.onCall.calendar}` : '';
  const requires = more.requires?.length ? `; a handoff requires ${more.requires.join(', ')}` : '';
  return `tier ${tier} ${name}: ${calendar}${own}${onCall}${requires}`;
}

function vendorLine([name, { targets = {}, hold, manager }]: [string, VendorRule]): string {
  const owed = PRIORITIES.flatMap((priority) => {
    const target = targets[priority];
    return target ? [`${priority} ${writtenDuration(target.ms)} ${target.calendar}`] : [];
  });
  return [
    `vendor ${name}: ${owed.length > 0 ? owed.join(', ') : 'as the clock vendor'}`,
    ...(hold ? ['on hold while engaged'] : []),
    ...(manager ? [`managed by ${manager}`] : []),
  ].join('; ');
}

const AT_END: Readonly<Record<string, string>> = {
  resume: 'then it ends by itself',
  askLead: 'then the lead is asked',
};

function describePromises(promises: Promises): string {
  const { precedence, match, clocks, tiers, calendars, holds, vendors } = promises;
  const { ackTimeout, autoCloseAfter, examples } = promises;
  const ladders = clocks.flatMap(ladderLines);
  const isOnOwners = clocks
    .flatMap(({ targets, tiers: own }) => [targets, ...Object.values(own)])
    .flatMap((each) => Object.values(each))
    .some(({ calendar }) => calendar === OWNER_CALENDAR);
  const spans = [
    ...(isOnOwners
      ? [`${OWNER_CALENDAR}: the hours of the team, or else the tier, that has the ticket`]
      : []),
    ...clocks.flatMap(spanLines),
  ];
  return [
    `${fitsWhat(match)}; precedence ${precedence}`,
    ...tiers.map(tierLine),
    ...calendars.map(({ name, timezone, holidays }) => `calendar ${name}: ${timezone}, ${holidays} holidays`),
    ...holds.map(
      ({ reason, max, calendar, atEnd }) =>
        `a hold for ${reason} lasts at most ${max} ${calendar}, ${AT_END[atEnd]}`,
    ),
    ...Object.entries(vendors).map(vendorLine),
    ...(ackTimeout === null ? [] : [`an acknowledgement counts for ${ackTimeout}`]),
    `closes ${autoCloseAfter === null ? 'by hand only' : `${autoCloseAfter} after resolution`}`,
    `examples: ${examples === 0 ? 'none' : examples}`,
    '',
    clockLines(promises),
    ...(spans.length === 0 ? [] : ['', ...spans]),
    ...(ladders.length === 0 ? [] : ['', table(['clock', 'step', 'due', 'does'], ladders)]),
  ].join('\n');
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');

function describeCheck({ file, ok, errors, warnings, promises }: CheckedFile): string {
  const faults = `${errors.length} ${errors.length === 1 ? 'fault' : 'faults'}`;
  return [
    `${file}: ${promises ? `policy ${promises.name} ` : ''}${ok ? 'is fine' : `has ${faults}`}`,
    ...errors.map((one) => `error ${placed(one)}`),
    ...warnings.map((one) => `warning ${placed(one)}`),
    ...(promises && ok ? [indented(describePromises(promises))] : []),
  ].join('\n');
}

/**
 * Checks policy files and prints what they promise; true if all of them can be used. Throws an Error for a file that
 * is not there.
 */
export async function check(
  paths: readonly string[],
  { json }: PolicyOptions,
  { policiesDir, print, now }: PolicyTools = defaultTools(),
): Promise<boolean> {
  const files = await filesIn(paths.length > 0 ? paths : [policiesDir]);
  const checked = await Promise.all(files.map((file) => checkFile(file, now())));
  const ok = checked.every((one) => one.ok);
  print(json ? JSON.stringify({ ok, files: checked }) : checked.map(describeCheck).join('\n\n'));
  return ok;
}

// ----------------------------------------------------------------------------------------------------------- test

export interface TestedFile {
  file: string;
  policy: string | null;
  /** What refuses the file before any example is played. */
  errors: Finding[];
  examples: { name: string; ok: boolean; failures: (ExampleFailure & { line: number; column: number })[] }[];
}

async function testFile(path: string): Promise<TestedFile> {
  const { file, policy, findings } = await loadFile(path);
  if (!policy) return { file: path, policy: null, errors: [...findings], examples: [] };
  const failed = runExamples(policy).map((failure) => {
    const { line, column } = file.locate({ path: failure.path, code: 'example_failed', message: '' });
    return { ...failure, line, column };
  });
  const examples = examplesOf(policy).map(({ name }) => {
    const failures = failed.filter(({ example }) => example === name);
    return { name, ok: failures.length === 0, failures };
  });
  return { file: path, policy: policy.name, errors: [], examples };
}

/** `Tue 2026-03-31 09:00:00`, on the wall of a zone. */
function localTime(at: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part['weekday']} ${part['year']}-${part['month']}-${part['day']} ${part['hour']}:${part['minute']}:${part['second']}`;
}

const zoneOf = ({ why }: ExampleFailure, policy: Policy | null): string =>
  (why && policy?.calendars[why.calendar]?.timezone) ?? 'UTC';

/** An instant also on the wall of its calendar, where that is another. */
function withLocalTime(text: string, zone: string): string {
  const at = text.endsWith('Z') ? Date.parse(text) : Number.NaN;
  return zone === 'UTC' || Number.isNaN(at) ? text : `${text}, ${localTime(at, zone)} ${zone}`;
}

/** The spans that add up to what a clock says, in the local time of its calendar. */
function reasons({ why }: ExampleFailure, zone: string): string[] {
  if (!why) return [];
  const lines = why.spans.map(({ from, to, kind, reason }) => [
    localTime(from, zone),
    localTime(to, zone),
    reason === undefined ? kind : `${kind}: ${reason}`,
    writtenDuration(to - from),
  ]);
  if (lines.length === 0) return [`${why.clock} counted nothing`];
  return [
    `why: ${why.clock}, cycle ${why.cycle}, counts on ${why.calendar} (${zone})`,
    table(['from', 'to', '', ''], lines).split('\n').slice(1).join('\n'),
  ];
}

async function describeTest({ file, errors, examples }: TestedFile): Promise<string> {
  const { policy } = errors.length > 0 ? { policy: null } : await loadFile(file);
  const failed = examples.filter(({ ok }) => !ok).length;
  const lines = examples.flatMap(({ name, ok, failures }) => [
    `  ${ok ? 'ok    ' : 'FAILED'} ${name}`,
    ...failures.flatMap((failure) => {
      const { line, column, what, expected, got } = failure;
      const zone = zoneOf(failure, policy);
      return [
        `         ${file}:${line}:${column} ${what}`,
        `           expected ${withLocalTime(expected, zone)}`,
        `           got      ${withLocalTime(got, zone)}`,
        ...reasons(failure, zone).map((text) => text.replaceAll(/^/gm, '           ')),
      ];
    }),
  ]);
  const verdict =
    failed > 0 ? `${failed} of ${examples.length} examples fail` : `${examples.length} examples kept`;
  return [
    `${file}: ${errors.length > 0 ? 'cannot be read' : verdict}`,
    ...errors.map((one) => `error ${placed(one)}`),
    ...lines,
  ].join('\n');
}

/** Plays the examples of policy files; true if all of them are kept. A file that cannot be read fails too. */
export async function test(
  paths: readonly string[],
  { json }: PolicyOptions,
  { policiesDir, print }: PolicyTools = defaultTools(),
): Promise<boolean> {
  const files = await filesIn(paths.length > 0 ? paths : [policiesDir]);
  const tested = await Promise.all(files.map(testFile));
  const ok = tested.every(({ errors, examples }) => errors.length === 0 && examples.every((one) => one.ok));
  print(
    json ? JSON.stringify({ ok, files: tested }) : (await Promise.all(tested.map(describeTest))).join('\n\n'),
  );
  return ok;
}

/** The commands: exit code 1 where something is wrong. */
export async function run(
  what: typeof check,
  paths: readonly string[],
  options: PolicyOptions,
): Promise<void> {
  if (!(await what(paths, options))) process.exitCode = 1;
}
