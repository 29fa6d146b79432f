/** Policies as people write them: durations in words, ladders in steps, everything checked at once. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { checkCalendar, WEEKDAYS } from '../../domain/calendar.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
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
  type Target,
} from '../../domain/policy.ts';
import { PolicyFileError, readPolicyFile, type Finding, type Issue, type PolicyFile } from './policy-file.ts';

/** Round the clock, built in. */
const ALWAYS_CALENDAR = 'always';

/** The names that other parts of a policy may refer to. */
interface Known {
  calendars: ReadonlySet<string>;
  tiers: ReadonlySet<number>;
}

const DURATION = /^(?=\d)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/;

/** Milliseconds of `1h30m`, or null. A day is a label for 24 hours of minutes, open or not (design.md §3). */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((digits) => Number(digits ?? 0));
  return (((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1000;
}

/** A duration in words, read as milliseconds. */
export const durationSchema = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  fault(context, 'duration_malformed', `${text} is not a duration such as 20s, 15m, 1h30m or 5d`);
  return z.NEVER;
});

function fault(
  context: {
    addIssue(issue: {
      code: 'custom';
      message: string;
      path?: PropertyKey[];
      params: { code: string };
    }): void;
  },
  code: string,
  message: string,
  path: PropertyKey[] = [],
): void {
  context.addIssue({ code: 'custom', message, path, params: { code } });
}

function mapped<K extends string, S extends z.ZodType>(keys: readonly K[], schemaOf: (key: K) => S) {
  return Object.fromEntries(keys.map((key) => [key, schemaOf(key)])) as Record<K, S>;
}

const windowsSchema = z.array(z.tuple([z.string(), z.string()]));

const calendarSchema = z
  .strictObject({
    timezone: z.string(),
    hours: z.strictObject(mapped(WEEKDAYS, () => windowsSchema.exactOptional())),
    holidays: z.array(z.string()).default([]),
    exceptions: z.record(z.string(), windowsSchema).default({}),
  })
  .superRefine((calendar, context) => {
    for (const { severity, pointer, code, message } of checkCalendar(calendar))
      if (severity === 'error') fault(context, code, message, pointer.split('/').slice(1));
  });

const calendarsSchema = z.record(z.string(), calendarSchema).superRefine((calendars, context) => {
  if (ALWAYS_CALENDAR in calendars)
    fault(context, 'calendar_reserved', 'the calendar always is built in and cannot be redefined', [
      ALWAYS_CALENDAR,
    ]);
});

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

const momentSchema = z.string().transform((text, context) => {
  const percent = text === 'breach' ? 100 : Number(PERCENT.exec(text)?.[1] ?? 0);
  if (percent > 0) return percent;
  fault(context, 'moment_malformed', `${text} is neither a share of the target such as 75% nor breach`);
  return z.NEVER;
});

const STEP_ID = /^[a-z0-9][a-z0-9.-]*$/;

/** When a step is due, and the id it has when its editor gave it none: the id must outlive edits elsewhere. */
function dueOf(step: { at?: number | undefined; after?: number | undefined; before?: number | undefined }) {
  const { at, after, before } = step;
  const given = [at, after, before].filter((one) => one !== undefined);
  if (given.length !== 1) return null;
  if (at !== undefined) return { id: at === 100 ? 'breach' : `at-${at}`, percent: at, offsetMs: 0 };
  if (after !== undefined) return { id: `after-${after / 1000}s`, percent: 100, offsetMs: after };
  return { id: `before-${before! / 1000}s`, percent: 100, offsetMs: -before! };
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
    .transform(({ id, actions, ...moment }, context) => {
      const due = dueOf(moment);
      if (due) return { ...due, id: id ?? due.id, actions };
      fault(context, 'moment_ambiguous', 'a step is due at one of at, after and before');
      return z.NEVER;
    });
}

function ladderSchema(known: Known) {
  return z.array(stepSchema(known)).superRefine((steps, context) => {
    steps.forEach(({ id }, i) => {
      const first = steps.findIndex((step) => step.id === id);
      if (first < i)
        fault(context, 'step_repeated', `step ${first} is already called ${id}; ids are unique`, [i]);
    });
  });
}

/** What stands a clock still unless the policy says otherwise (design.md §3). */
const DEFAULT_PAUSES: Record<ClockName, HoldReason[]> = {
  firstResponse: [],
  resolution: ['customer', 'vendor'],
};

function clockSchema(known: Known, name: ClockName) {
  return z
    .strictObject({
      calendar: calendarName(known).optional(),
      targets: z.strictObject(mapped(PRIORITIES, () => targetSchema(known).optional())),
      pausedBy: z.array(z.enum(HOLD_REASONS)).default(DEFAULT_PAUSES[name]),
      reopen: z.enum(['continue', 'restart', 'newCycle']).default('continue'),
      ladder: ladderSchema(known).default([]),
    })
    .transform(({ calendar, targets, ...rule }, context): ClockRule => {
      const resolved: Partial<Record<Priority, Target>> = {};
      for (const priority of PRIORITIES) {
        const target = targets[priority];
        // Zero or absent: the clock is not set (design.md §3).
        if (!target || target.target === 0) continue;
        const on = target.calendar ?? calendar;
        if (on) resolved[priority] = { ms: target.target, calendar: on };
        else fault(context, 'calendar_missing', noCalendar(priority), ['targets', priority]);
        rule.ladder.forEach(({ offsetMs }, i) => {
          if (target.target + offsetMs <= 0)
            fault(context, 'step_at_start', atStart(priority), ['ladder', i]);
        });
      }
      return { targets: resolved, ...rule };
    });
}

const noCalendar = (priority: Priority) =>
  `${priority} counts on no calendar; give the clock a calendar, or the target its own`;

const atStart = (priority: Priority) =>
  `for ${priority} the step would be due as soon as the clock starts; its target is no longer than the offset`;

const absentClock: ClockRule = { targets: {}, pausedBy: [], reopen: 'continue', ladder: [] };

const backdatingSchema = z
  .strictObject({ person: durationSchema.prefault('15m'), integration: durationSchema.prefault('24h') })
  .prefault({})
  .transform(({ person, integration }) => ({ personMs: person, integrationMs: integration }));

const tiersSchema = z
  .array(z.strictObject({ tier: z.int().min(1), name: z.string().min(1) }))
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
      precedence: z.int().min(0),
      match: z.array(conditionSchema).default([]),
      priorityMatrix: z.strictObject(
        mapped(LEVELS, () => z.strictObject(mapped(LEVELS, () => z.enum(PRIORITIES)))),
      ),
      tiers: tiersSchema,
      calendars: calendarsSchema.default({}),
      clocks: z.strictObject(mapped(CLOCK_NAMES, (name) => clockSchema(known, name).default(absentClock))),
      autoCloseAfter: durationSchema.optional(),
      backdating: backdatingSchema,
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

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
}

/** The complaints of the alternative that was meant: the one whose kind of value fits. */
function meantAlternative(
  errors: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  const isOfOtherKind = ({ code, path }: z.core.$ZodIssue) =>
    path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
  return errors.find((issues) => !issues.some(isOfOtherKind));
}

function issuesOf(issue: z.core.$ZodIssue, value: unknown, around: readonly PropertyKey[] = []): Issue[] {
  const path = [...around, ...issue.path];
  const name = String(path.at(-1) ?? 'the policy');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        code: 'unknown_key',
        message: `${key} is not a field of ${path.length > 0 ? name : 'a policy'}`,
      }));
    case 'invalid_union': {
      const meant = meantAlternative(issue.errors);
      if (meant) return meant.flatMap((one) => issuesOf(one, value, path));
      return [{ path, code: 'wrong_kind', message: `${name} is of the wrong kind` }];
    }
    case 'invalid_type':
      return valueAt(value, path) === undefined
        ? [{ path, code: 'missing', message: `${name} is missing` }]
        : [{ path, code: 'wrong_kind', message: `${name} must be ${kindOf(issue.expected)}` }];
    case 'invalid_value':
      return valueAt(value, path) === undefined
        ? [{ path, code: 'missing', message: `${name} is missing` }]
        : [
            {
              path,
              code: 'value_unknown',
              message: `${String(valueAt(value, path))} is not one of ${issue.values.join(', ')}`,
            },
          ];
    case 'custom':
      return [{ path, code: String(issue.params?.['code'] ?? 'value_invalid'), message: issue.message }];
    default:
      return [{ path, code: 'value_invalid', message: issue.message }];
  }
}

const KINDS: Record<string, string> = {
  object: 'a set of fields',
  record: 'a set of fields',
  array: 'a list',
  tuple: 'a pair [opens, closes]',
  string: 'text',
  int: 'a whole number',
  number: 'a number',
};

const kindOf = (expected: string): string => KINDS[expected] ?? expected;

/** The policy that plain data stands for, or everything that is wrong with it. */
export function parsePolicy(value: unknown): { policy: Policy } | { issues: Issue[] } {
  const result = policySchema(knownIn(value)).safeParse(value);
  if (result.success) return { policy: result.data };
  return { issues: result.error.issues.flatMap((issue) => issuesOf(issue, value)) };
}

/** Names what a policy says: equal for two policies that promise the same, whatever their version numbers. */
export function policyHash(policy: Policy): string {
  const { version: _version, ...promised } = policy;
  return createHash('sha256').update(canonicalJson(promised)).digest('hex');
}

interface Loaded {
  file: PolicyFile;
  policy: Policy | null;
  findings: readonly Finding[];
}

async function loadFile(path: string): Promise<Loaded> {
  const file = readPolicyFile(path, await readFile(path, 'utf8'));
  if (file.findings.length > 0) return { file, policy: null, findings: file.findings };
  const result = parsePolicy(file.value);
  if ('policy' in result) return { file, policy: result.policy, findings: [] };
  return { file, policy: null, findings: result.issues.map((issue) => file.locate(issue)) };
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
 * versions by `policyHash`. Throws one PolicyFileError with every fault of every file.
 */
export async function loadPolicies(dir: string): Promise<Policy[]> {
  const names = (await readdir(dir)).filter((name) => /\.ya?ml$/.test(name)).toSorted();
  const loaded = await Promise.all(names.map((name) => loadFile(join(dir, name))));
  const findings = [...loaded.flatMap((one) => one.findings), ...repeatedNames(loaded)];
  if (names.length === 0) findings.push(noPolicies(dir));
  if (findings.length > 0) throw new PolicyFileError(findings);
  return loaded.flatMap(({ policy }) => (policy ? [policy] : []));
}
