/** Policies as people write them: durations in words, ladders in steps, everything checked at once. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { runExamples } from '../../domain/examples.ts';
import { HOLD_REASONS, LEVELS, PRIORITIES, type Policy } from '../../domain/policy.ts';
import { calendarSchema } from './calendar.ts';
import { fault, issuesOf, type Issue } from './issues.ts';
import {
  ALWAYS_CALENDAR,
  beside,
  calendarName,
  clocksSchema,
  durationSchema,
  mapped,
  type Known,
} from './policy-clocks.ts';
import { examplesSchema } from './policy-examples.ts';
import { policySecurity } from './policy-security.ts';
import { policyTeamwork, tierTeamwork } from './policy-teamwork.ts';
import { PolicyFileError, readPolicyFile, type Finding, type PolicyFile } from './policy-file.ts';

const RESERVED = `the calendar ${ALWAYS_CALENDAR} is built in and cannot be redefined`;

const calendarsSchema = z.record(z.string(), calendarSchema).superRefine((calendars, context) => {
  if (ALWAYS_CALENDAR in calendars) fault(context, 'calendar_reserved', RESERVED, [ALWAYS_CALENDAR]);
}, beside);

const backdatingSchema = z
  .strictObject({ person: durationSchema.prefault('15m'), integration: durationSchema.prefault('24h') })
  .prefault({})
  .transform(({ person, integration }) => ({ personMs: person, integrationMs: integration }));

/** How long a ticket may wait for somebody, and what then. */
function holdSchema(known: Known) {
  return z
    .strictObject({
      max: durationSchema,
      calendar: calendarName(known).default(ALWAYS_CALENDAR),
      atEnd: z.enum(['resume', 'askLead']),
    })
    .transform(({ max, ...rule }) => ({ maxMs: max, ...rule }));
}

function tierSchema(known: Known) {
  const calendar = calendarName(known);
  return z.strictObject({
    tier: z.int().min(1, 'tiers count from 1'),
    name: z.string().min(1),
    calendar: calendar.exactOptional(),
    teams: z.array(z.strictObject({ name: z.string().min(1), calendar })).exactOptional(),
    ...tierTeamwork(known),
  });
}

const tiersSchema = (known: Known) =>
  z
    .array(tierSchema(known))
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
      tiers: tiersSchema(known),
      calendars: calendarsSchema.default({}),
      clocks: clocksSchema(known),
      holds: z.strictObject(mapped(HOLD_REASONS, () => holdSchema(known).exactOptional())).exactOptional(),
      ackTimeout: durationSchema.optional(),
      autoCloseAfter: durationSchema.optional(),
      backdating: backdatingSchema,
      ...policyTeamwork(known),
      ...policySecurity(known),
      examples: examplesSchema(durationSchema).exactOptional(),
    })
    .transform(({ autoCloseAfter, ackTimeout, ...policy }): Policy => {
      return {
        ...policy,
        version: 1,
        autoCloseAfterMs: autoCloseAfter ?? null,
        ...(ackTimeout !== undefined && { ackTimeoutMs: ackTimeout }),
      };
    });
}

/** The names a policy gives, read before anything is checked: a reference is judged even where they are faulty. */
function knownIn(value: unknown, stored: readonly string[]): Known {
  const loose = z.looseObject({
    calendars: z.record(z.string(), z.unknown()).catch({}),
    tiers: z.array(z.looseObject({ tier: z.number() }).catch({ tier: 0 })).catch([]),
  });
  const { calendars, tiers } = loose.catch({ calendars: {}, tiers: [] }).parse(value);
  return {
    calendars: new Set([ALWAYS_CALENDAR, ...stored, ...Object.keys(calendars)]),
    tiers: new Set(tiers.map(({ tier }) => tier)),
  };
}

/**
 * The policy that plain data stands for, or everything that is wrong with it. `stored` names calendars that it may refer
 * to beside its own.
 */
export function parsePolicy(
  value: unknown,
  { stored = [] }: { stored?: readonly string[] } = {},
): { policy: Policy } | { issues: Issue[] } {
  const result = policySchema(knownIn(value, stored)).safeParse(value);
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
