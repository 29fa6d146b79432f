/** Policies as people write them: durations in words, ladders in steps, everything checked at once. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { runExamples } from '../../domain/examples.ts';
import {
  AUDIENCES,
  CLOCK_NAMES,
  HOLD_REASONS,
  LEVELS,
  PRIORITIES,
  type ClockName,
  type ClockRule,
  type HoldReason,
  type Policy,
  type Priority,
} from '../../domain/policy.ts';
import { calendarSchema } from './calendar.ts';
import { fault, issuesOf, type Issue } from './issues.ts';
import { examplesSchema } from './policy-examples.ts';
import { PolicyFileError, readPolicyFile, type Finding, type PolicyFile } from './policy-file.ts';

/** Round the clock, built in. */
const ALWAYS_CALENDAR = 'always';

/** The names that other parts of a policy may refer to. */
interface Known {
  calendars: ReadonlySet<string>;
  tiers: ReadonlySet<number>;
}

const DURATION = /^(?=\d)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/;

/** Milliseconds of `1h30m`, or null. A day is a label for 24 hours of minutes, open or not (docs/rules.md §3). */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((digits) => Number(digits ?? 0));
  return (((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1000;
}

/** Words of the file's own grammar; a bare number is read as a word, to be told what it should have been. */
const wordSchema = z.union([z.string(), z.number()]).transform(String);

/** A duration in words, read as milliseconds. */
export const durationSchema = wordSchema.transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  fault(context, 'duration_malformed', `${text} is not a duration such as 20s, 15m, 1h30m or 5d`);
  return z.NEVER;
});

/** For checks that look at one thing only: run them beside other faults, so that all are told at once. */
const beside = { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null };

function mapped<K extends string, S extends z.ZodType>(keys: readonly K[], schemaOf: (key: K) => S) {
  return Object.fromEntries(keys.map((key) => [key, schemaOf(key)])) as Record<K, S>;
}

const RESERVED = `the calendar ${ALWAYS_CALENDAR} is built in and cannot be redefined`;

const calendarsSchema = z.record(z.string(), calendarSchema).superRefine((calendars, context) => {
  if (ALWAYS_CALENDAR in calendars) fault(context, 'calendar_reserved', RESERVED, [ALWAYS_CALENDAR]);
}, beside);

function calendarName(known: Known) {
  return z.string().superRefine((name, context) => {
    if (!known.calendars.has(name))
      fault(
        context,
        'calendar_unknown',
        `there is no calendar ${name}; known are ${[...known.calendars].join(', ')}`,
      );
  });
}

/** `15m`, or `{target: 15m, calendar: always}` where the clock's own calendar does not suit. */
function targetSchema(known: Known) {
  return z.union([
    durationSchema.transform((target) => ({ target, calendar: null })),
    z.strictObject({ target: durationSchema, calendar: calendarName(known) }),
  ]);
}

function actionSchema(known: Known) {
  const tier = z.union([z.literal('next'), z.int()]).superRefine((to, context) => {
    if (typeof to === 'number' && !known.tiers.has(to))
      fault(context, 'tier_unknown', `there is no tier ${to}; known are ${[...known.tiers].join(', ')}`);
  });
  return z
    .strictObject({ notify: z.enum(AUDIENCES).optional(), handOff: tier.optional() })
    .transform(({ notify, handOff }, context) => {
      if (notify !== undefined && handOff === undefined) return { notify };
      if (handOff !== undefined && notify === undefined) return { handOff };
      fault(context, 'action_ambiguous', 'an action is one of notify and handOff');
      return z.NEVER;
    });
}

const PERCENT = /^(\d{1,3}(?:\.\d{1,3})?)%$/;

const momentSchema = wordSchema.transform((text, context) => {
  const percent = text === 'breach' ? 100 : Number(PERCENT.exec(text)?.[1] ?? 0);
  if (percent > 0) return percent;
  fault(context, 'moment_malformed', `${text} is neither a share of the target such as 75% nor breach`);
  return z.NEVER;
});

const STEP_ID = /^[a-z0-9][a-z0-9.-]*$/;

interface Moment {
  at?: number | undefined;
  after?: number | undefined;
  before?: number | undefined;
}

/** When a step is due, and the id it has when its editor gave it none: it must outlive edits of other steps. */
function dueOf({ at, after, before }: Moment): { id: string; percent: number; offsetMs: number } {
  if (after !== undefined) return { id: `after-${after / 1000}s`, percent: 100, offsetMs: after };
  if (before !== undefined) return { id: `before-${before / 1000}s`, percent: 100, offsetMs: -before };
  return { id: at === 100 ? 'breach' : `at-${at}`, percent: at!, offsetMs: 0 };
}

function stepSchema(known: Known) {
  return z
    .strictObject({
      id: z.string().regex(STEP_ID, 'an id is lower-case letters, digits, dots and hyphens').optional(),
      at: momentSchema.optional(),
      after: durationSchema.optional(),
      before: durationSchema.optional(),
      actions: z.array(actionSchema(known)).min(1, 'a step without actions does nothing'),
    })
    .superRefine(({ at, after, before }, context) => {
      if ([at, after, before].filter((one) => one !== undefined).length !== 1)
        fault(context, 'moment_ambiguous', 'a step is due at one of at, after and before');
    }, beside)
    .transform(({ id, actions, ...moment }) => {
      const due = dueOf(moment);
      return { ...due, id: id ?? due.id, actions };
    });
}

function ladderSchema(known: Known) {
  return z.array(stepSchema(known)).superRefine((steps, context) => {
    const ids = steps.map((step) => (step as Partial<typeof step> | undefined)?.id);
    ids.forEach((id, i) => {
      const first = ids.indexOf(id);
      if (id !== undefined && first < i)
        fault(context, 'step_repeated', `step ${first} is already called ${id}; ids are unique`, [i]);
    });
  }, beside);
}

/** What stands a clock still unless the policy says otherwise (docs/rules.md §3). */
const DEFAULT_PAUSES: Record<ClockName, HoldReason[]> = {
  firstResponse: [],
  resolution: ['customer', 'vendor'],
};

/** Priorities for which a clock is set, with their targets. Zero or absent: not set (docs/rules.md §3). */
function setTargets<T extends { target: number }>(targets: Partial<Record<Priority, T | undefined>>) {
  return PRIORITIES.flatMap((priority) => {
    const target = targets[priority];
    return target && target.target > 0 ? [{ priority, ...target }] : [];
  });
}

function clockSchema(known: Known, name: ClockName) {
  return z
    .strictObject({
      calendar: calendarName(known).optional(),
      targets: z.strictObject(mapped(PRIORITIES, () => targetSchema(known).optional())),
      pausedBy: z.array(z.enum(HOLD_REASONS)).default(DEFAULT_PAUSES[name]),
      reopen: z.enum(['continue', 'restart', 'newCycle']).default('continue'),
      ladder: ladderSchema(known).default([]),
    })
    .superRefine((clock, context) => {
      const targets = setTargets(clock.targets);
      for (const { priority, calendar } of targets)
        if (!calendar && !clock.calendar)
          fault(context, 'calendar_missing', noCalendar(priority), ['targets', priority]);
      clock.ladder.forEach(({ offsetMs }, i) => {
        const early = targets.filter(({ target }) => target + offsetMs <= 0);
        if (early.length > 0) fault(context, 'step_at_start', dueAtStart(early), ['ladder', i]);
      });
    })
    .transform(({ calendar, targets, ...rule }): ClockRule => {
      const resolved = setTargets(targets).map(({ priority, target, calendar: own }) => {
        return [priority, { ms: target, calendar: own ?? calendar! }] as const;
      });
      return { ...rule, targets: Object.fromEntries(resolved) };
    });
}

const noCalendar = (priority: Priority) =>
  `${priority} counts on no calendar; give the clock a calendar, or the target its own`;

const dueAtStart = (early: readonly { priority: Priority }[]) =>
  `for ${early.map(({ priority }) => priority).join(', ')} the target is no longer than the offset, so the step would be due at once`;

const absentClock: ClockRule = { targets: {}, pausedBy: [], reopen: 'continue', ladder: [] };

const backdatingSchema = z
  .strictObject({ person: durationSchema.prefault('15m'), integration: durationSchema.prefault('24h') })
  .prefault({})
  .transform(({ person, integration }) => ({ personMs: person, integrationMs: integration }));

const tiersSchema = z
  .array(z.strictObject({ tier: z.int().min(1, 'tiers count from 1'), name: z.string().min(1) }))
  .min(1, 'a policy has at least one tier')
  .superRefine((tiers, context) => {
    tiers.forEach(({ tier }, i) => {
      if (tiers.findIndex((one) => one.tier === tier) < i)
        fault(context, 'tier_repeated', `tier ${tier} is listed twice`, [i, 'tier']);
    });
  });

const conditionSchema = z.strictObject(
  mapped(['customer', 'service', 'category', 'type'], () => z.string().min(1).exactOptional()),
);

function policySchema(known: Known) {
  return z
    .strictObject({
      name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'a name is lower-case letters, digits and hyphens'),
      precedence: z.int().min(0, 'precedence is 0 or more'),
      match: z.array(conditionSchema).default([]),
      priorityMatrix: z.strictObject(
        mapped(LEVELS, () => z.strictObject(mapped(LEVELS, () => z.enum(PRIORITIES)))),
      ),
      tiers: tiersSchema,
      calendars: calendarsSchema.default({}),
      clocks: z.strictObject(mapped(CLOCK_NAMES, (name) => clockSchema(known, name).default(absentClock))),
      autoCloseAfter: durationSchema.optional(),
      backdating: backdatingSchema,
      examples: examplesSchema(durationSchema).exactOptional(),
    })
    .transform(({ autoCloseAfter, ...policy }): Policy => {
      return { ...policy, version: 1, autoCloseAfterMs: autoCloseAfter ?? null };
    });
}

/** The names a policy gives, read before anything is checked: a reference is judged even where they are faulty. */
function knownIn(value: unknown): Known {
  const loose = z.looseObject({
    calendars: z.record(z.string(), z.unknown()).catch({}),
    tiers: z.array(z.looseObject({ tier: z.number() }).catch({ tier: 0 })).catch([]),
  });
  const { calendars, tiers } = loose.catch({ calendars: {}, tiers: [] }).parse(value);
  return {
    calendars: new Set([ALWAYS_CALENDAR, ...Object.keys(calendars)]),
    tiers: new Set(tiers.map(({ tier }) => tier)),
  };
}

/** The policy that plain data stands for, or everything that is wrong with it. */
export function parsePolicy(value: unknown): { policy: Policy } | { issues: Issue[] } {
  const result = policySchema(knownIn(value)).safeParse(value);
  if (result.success) return { policy: result.data };
  return { issues: issuesOf(result.error, { value, called: 'a policy' }) };
}

/** Names what a policy says: equal for two that promise the same, whatever their version numbers and examples. */
export function policyHash(policy: Policy): string {
  const { version: _version, examples: _examples, ...promised } = policy;
  return createHash('sha256').update(canonicalJson(promised)).digest('hex');
}

export interface Loaded {
  file: PolicyFile;
  policy: Policy | null;
  findings: readonly Finding[];
}

const byPlace = (a: Finding, b: Finding) => a.line - b.line || a.column - b.column;

/** Examples that the policy does not keep, told as faults of the policy. */
function brokenExamples(policy: Policy): Issue[] {
  return runExamples(policy).map(({ path, message }) => ({ path, code: 'example_failed', message }));
}

/** One file, and everything that is wrong with it; a policy whose own examples fail is there all the same. */
export async function loadFile(path: string): Promise<Loaded> {
  const file = readPolicyFile(path, await readFile(path, 'utf8'));
  if (file.findings.length > 0) return { file, policy: null, findings: file.findings };
  const result = parsePolicy(file.value);
  if ('policy' in result) {
    const { policy } = result;
    return { file, policy, findings: brokenExamples(policy).map((issue) => file.locate(issue)) };
  }
  const findings = result.issues.map((issue) => file.locate(issue));
  return { file, policy: null, findings: findings.toSorted(byPlace) };
}

function repeatedNames(loaded: readonly Loaded[]): Finding[] {
  return loaded.flatMap(({ file, policy }, i) => {
    const first = loaded.slice(0, i).find((one) => policy && one.policy?.name === policy.name);
    if (!first) return [];
    const message = `${policy!.name} is already the name of the policy in ${first.file.file}`;
    return [file.locate({ path: ['name'], code: 'policy_repeated', message })];
  });
}

function noPolicies(dir: string): Finding {
  return {
    file: dir,
    line: 1,
    column: 1,
    pointer: '',
    code: 'no_policies',
    message: 'there is no policy in this folder; a policy is a .yaml file',
  };
}

/**
 * The policies of a folder, one a file, in the order of their file names. `version` is 1: the store numbers
 * versions by `policyHash`. Throws one PolicyFileError with every fault of every file, examples that a policy does
 * not keep among them.
 */
export async function loadPolicies(dir: string): Promise<Policy[]> {
  return (await loadPolicyFiles(dir)).map(({ policy }) => policy);
}

/** The same, each with the document as it was written. */
export async function loadPolicyFiles(dir: string): Promise<{ policy: Policy; document: unknown }[]> {
  const names = (await readdir(dir)).filter((name) => /\.ya?ml$/.test(name)).toSorted();
  const loaded = await Promise.all(names.map((name) => loadFile(join(dir, name))));
  const findings = [...loaded.flatMap((one) => one.findings), ...repeatedNames(loaded)];
  if (names.length === 0) findings.push(noPolicies(dir));
  if (findings.length > 0) throw new PolicyFileError(findings);
  return loaded.flatMap(({ policy, file }) => (policy ? [{ policy, document: file.value }] : []));
}
