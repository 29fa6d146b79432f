/** Versions of policies and calendars: how they are published and shown. */
import { z } from 'zod';
import type { Calendar } from '../../domain/calendar.ts';
import type { Policy } from '../../domain/policy.ts';
import { storedCalendarsOf } from '../../domain/rules.ts';
import { calendarSchema } from './calendar.ts';
import { actingFor, cursor, instant, instantMs, limit, markedCount, page } from './common.ts';
import type { Issue } from './issues.ts';
import { parsePolicy } from './policy.ts';
import {
  CALENDAR_VERSION_EXAMPLE,
  POLICY_DOCUMENT_EXAMPLE,
  POLICY_VERSION_EXAMPLE,
} from './rule-examples.ts';
import { reason, ruleName } from './rule-changes.ts';

const STATES = ['inForce', 'scheduled', 'awaitingApproval', 'superseded', 'withdrawn'] as const;

export const policyParams = z.object({ name: ruleName });
export const calendarParams = z.object({
  name: ruleName.refine((name) => name !== 'always' && name !== 'tier', 'this calendar is built in'),
});
export const versionParams = z.object({
  name: ruleName,
  version: z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform(Number)
    .openapi({ type: 'integer', minimum: 1, example: 4 }),
});

/** Nobody writes deeper; what walks a document must not be led further down than it can go. */
const DEEPEST = 24;

function isShallow(document: unknown): boolean {
  let level: unknown[] = [document];
  for (let depth = 0; depth <= DEEPEST; depth += 1) {
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value as object) : [],
    );
    if (level.length === 0) return true;
  }
  return false;
}

/** A policy as in a policy file, as JSON. What is in it is checked by `readPolicy`. */
const policyDocument = z
  .looseObject({})
  .refine(isShallow, 'a policy is not nested so deeply')
  .openapi('PolicyDocument', {
    type: 'object',
    properties: { name: { type: 'string' }, clocks: { type: 'object' } },
    required: ['name', 'clocks'],
    additionalProperties: true,
    description:
      'A policy as it was written, with the fields of a policy file (docs/policies.md); null where it was not kept',
    example: POLICY_DOCUMENT_EXAMPLE,
  });

const when = {
  reason,
  effectiveFrom: instantMs.optional().openapi({
    description:
      'From when on it is in force; now if absent. In the future: scheduled. In the past, by more than two minutes: ' +
      'retroactive, and a second person has to approve.',
  }),
  actingFor,
};

export const publishPolicyBody = z.strictObject({ policy: policyDocument, ...when }).openapi('PublishPolicy');
export const publishCalendarBody = z
  .strictObject({ calendar: calendarSchema, ...when })
  .openapi('PublishCalendar');

const versionView = {
  name: z.string(),
  version: z.int(),
  state: z.enum(STATES),
  hash: z.string().openapi({ description: 'Names what it says' }),
  effectiveFrom: instant,
  createdAt: instant,
  createdBy: z.string().nullable().openapi({ description: 'Who published it; `file` for a policy file' }),
  reason: z.string().nullable(),
  links: z.object({ self: z.string(), versions: z.string() }),
};

export const policyVersionView = z
  .object({
    ...versionView,
    policy: policyDocument.nullable(),
  })
  .openapi('PolicyVersion', { example: POLICY_VERSION_EXAMPLE });
export const calendarVersionView = z
  .object({ ...versionView, calendar: calendarSchema })
  .openapi('CalendarVersion', { example: CALENDAR_VERSION_EXAMPLE });

export const policyVersionPage = z
  .object({ data: z.array(policyVersionView), page })
  .openapi('PolicyVersionPage');
export const calendarVersionPage = z
  .object({ data: z.array(calendarVersionView), page })
  .openapi('CalendarVersionPage');

export const pageQuery = z.strictObject({ limit, cursor });
/** The name, or the number of the version, that a page ended with. */
export const nameMark = ruleName;
export const versionMark = markedCount;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A policy as a caller brings it, read. */
export interface ReadPolicy {
  /** Without the stored calendars that it refers to. */
  policy: Policy;
  /** With them: what would judge a ticket. */
  complete: Policy;
}

/**
 * The policy that a document stands for, or everything wrong with it. Stored calendars may be named as if the policy
 * defined them; its own come first.
 */
export function readPolicy(
  document: unknown,
  stored: Readonly<Record<string, Calendar>>,
): ReadPolicy | { issues: Issue[] } {
  const own = isRecord(document) ? document['calendars'] : undefined;
  const canLend = isRecord(document) && (own === undefined || isRecord(own));
  const result = parsePolicy(canLend ? { ...document, calendars: { ...stored, ...own } } : document);
  if ('issues' in result) return result;
  const isOwn = (name: string) => isRecord(own) && Object.hasOwn(own, name);
  const calendars = Object.entries(result.policy.calendars);
  const policy = {
    ...result.policy,
    calendars: Object.fromEntries(calendars.filter(([name]) => isOwn(name))),
  };
  const lent = storedCalendarsOf(policy);
  const complete = Object.fromEntries(calendars.filter(([name]) => isOwn(name) || lent.includes(name)));
  return { policy, complete: { ...policy, calendars: complete } };
}
