/** The clocks of a policy as people write them: targets, ladders, and what each kind of clock may say. */
import { z } from 'zod';
import {
  AUDIENCES,
  BASES,
  HOLD_REASONS,
  isStandardClock,
  NOBODY_RULES,
  OWNER_CALENDAR,
  PRIORITIES,
  STANDARD_CLOCKS,
  type ClockName,
  type ClockRule,
  type HoldReason,
  type LadderAction,
  type LadderStep,
  type Priority,
  type Target,
  type Targets,
} from '../../domain/policy.ts';
import type { Within } from '../../domain/review-rule.ts';
import { fault } from './issues.ts';

/** Round the clock, built in. */
export const ALWAYS_CALENDAR = 'always';

/** The names that other parts of a policy may refer to. */
export interface Known {
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

const BUSINESS_DAYS = /^(\d{1,3}) business days?$/;

/** `3d`, or `5 business days`; null for anything else, and for no time at all. */
export function parseWithin(text: string): Within | null {
  const [, count] = BUSINESS_DAYS.exec(text) ?? [];
  if (count !== undefined) return Number(count) > 0 ? { businessDays: Number(count) } : null;
  const ms = parseDuration(text);
  return ms !== null && ms > 0 ? { ms } : null;
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
export const beside = {
  when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null,
};

export function mapped<K extends string, S extends z.ZodType>(keys: readonly K[], schemaOf: (key: K) => S) {
  return Object.fromEntries(keys.map((key) => [key, schemaOf(key)])) as Record<K, S>;
}

/** A calendar that the policy defines, or that is stored, or built in. */
export function calendarName(known: Known) {
  return z.string().superRefine((name, context) => {
    if (!known.calendars.has(name))
      fault(
        context,
        'calendar_unknown',
        `there is no calendar ${name}; known are ${[...known.calendars].join(', ')}`,
      );
  });
}

/** A calendar, or whichever the tier or team has that the ticket is with. */
function countingCalendar(known: Known) {
  return z.union([z.literal(OWNER_CALENDAR), calendarName(known)]);
}

/** A promise without its calendar. */
type Promised = Pick<Target, 'ms' | 'period'>;

const PERIOD = /^(\d{1,3}) (business days?|months?)$/;

/** `15m`, or a period of whole days: `4 business days`, `1 month`. */
export const promisedSchema = wordSchema.transform((text, context): Promised => {
  const [, count, unit] = PERIOD.exec(text) ?? [];
  if (count !== undefined && Number(count) > 0)
    return {
      ms: 0,
      period: { unit: unit!.startsWith('month') ? 'months' : 'businessDays', count: Number(count) },
    };
  const ms = parseDuration(text);
  if (ms !== null) return { ms };
  const examples = '20s, 15m, 1h30m or 5d, nor a period such as 4 business days or 1 month';
  fault(context, 'duration_malformed', `${text} is not a duration such as ${examples}`);
  return z.NEVER;
});

/** `15m`, or `{target: 15m, calendar: always}` where the clock's own calendar does not suit. */
function targetSchema(known: Known) {
  return z.union([
    promisedSchema.transform((promised) => ({ ...promised, calendar: null })),
    z
      .strictObject({ target: promisedSchema, calendar: countingCalendar(known) })
      .transform(({ target, calendar }) => ({ ...target, calendar })),
  ]);
}

const ACTIONS = [
  'notify',
  'page',
  'handOff',
  'raisePriority',
  'openReviewTask',
  'webhook',
  'suggestConsult',
  'sendUpdate',
  'draftUpdate',
  'declareMajor',
] as const;

/** A template of customer updates; whether there is one, is known when it is rendered. */
export const templateName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'a template is lower-case letters, digits and hyphens');

function actionSchema(known: Known) {
  const tier = z.union([z.literal('next'), z.int()]).superRefine((to, context) => {
    if (typeof to === 'number' && !known.tiers.has(to))
      fault(context, 'tier_unknown', `there is no tier ${to}; known are ${[...known.tiers].join(', ')}`);
  });
  return z
    .strictObject({
      notify: z.enum(AUDIENCES).optional(),
      page: z.enum(AUDIENCES).optional(),
      handOff: tier.optional(),
      raisePriority: z.union([z.literal('next'), z.enum(PRIORITIES)]).optional(),
      openReviewTask: z.string().trim().min(1).max(200).optional(),
      webhook: z
        .string()
        .regex(/^[a-z0-9][a-z0-9.-]{0,99}$/, 'an endpoint is lower-case letters, digits, dots and hyphens')
        .optional(),
      suggestConsult: tier.optional(),
      sendUpdate: templateName.optional(),
      draftUpdate: templateName.optional(),
      declareMajor: z.literal(true).optional(),
    })
    .transform((action, context) => {
      const said = Object.entries(action).filter(([, value]) => value !== undefined);
      if (said.length === 1) return Object.fromEntries(said) as LadderAction;
      fault(context, 'action_ambiguous', `an action is one of ${ACTIONS.join(', ')}`);
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

/** Enough for a day of reminders every half hour; what nobody heeds fifty times is heeded by nobody. */
const MOST_REPEATS = 50;

const repeatSchema = z
  .strictObject({ every: durationSchema, times: z.int().min(1).max(MOST_REPEATS) })
  .transform(({ every, times }, context) => {
    if (every < 60_000) fault(context, 'repeat_too_quick', 'a step repeats at most once a minute', ['every']);
    return { everyMs: every, times };
  });

function stepSchema(known: Known) {
  return z
    .strictObject({
      id: z.string().regex(STEP_ID, 'an id is lower-case letters, digits, dots and hyphens').optional(),
      at: momentSchema.optional(),
      after: durationSchema.optional(),
      before: durationSchema.optional(),
      calendar: calendarName(known).exactOptional(),
      repeat: repeatSchema.exactOptional(),
      ifNobody: z.enum(NOBODY_RULES).exactOptional(),
      actions: z.array(actionSchema(known)).min(1, 'a step without actions does nothing'),
    })
    .superRefine(({ at, after, before, calendar, repeat }, context) => {
      if ([at, after, before].filter((one) => one !== undefined).length !== 1)
        fault(context, 'moment_ambiguous', 'a step is due at one of at, after and before');
      if (calendar !== undefined && at !== undefined && !repeat)
        fault(context, 'calendar_unused', 'a share of the target is counted on the clock’s calendar', [
          'calendar',
        ]);
    }, beside)
    .transform(({ id, at, after, before, ...rest }): LadderStep => {
      const due = dueOf({ at, after, before });
      return { ...due, id: id ?? due.id, ...rest };
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
const DEFAULT_PAUSES: Partial<Record<ClockName, HoldReason[]>> = {
  resolution: ['customer', 'vendor'],
  restore: ['customer', 'vendor'],
  tierWork: ['customer', 'vendor'],
  customerUpdate: ['customer'],
};

/** Hold reasons that never stand a clock still, with the rule (docs/rules.md §9). */
const NEVER_PAUSED_BY: Partial<Record<ClockName, { reasons: readonly HoldReason[]; rule: string }>> = {
  tierAccept: { reasons: HOLD_REASONS, rule: 'a hold never pauses the acceptance of a tier' },
  commitment: { reasons: HOLD_REASONS, rule: 'a promised time stays where it is' },
  customerUpdate: {
    reasons: ['vendor'],
    rule: 'the customer wants to know all the more while a vendor is waited for',
  },
};

/** Clocks that may start later than the ticket. */
const WITH_BASIS: ReadonlySet<ClockName> = new Set([
  'firstResponse',
  'customerUpdate',
  'resolution',
  'restore',
]);
const TIER_CLOCKS: ReadonlySet<ClockName> = new Set(['tierAccept', 'tierWork']);

type WrittenTarget = Promised & { calendar: string | null };
type WrittenTargets = Partial<Record<Priority, WrittenTarget | undefined>>;

/** Priorities for which a clock is set, with their targets. Zero or absent: not set (docs/rules.md §3). */
function setTargets(targets: WrittenTargets): (WrittenTarget & { priority: Priority })[] {
  return PRIORITIES.flatMap((priority) => {
    const target = targets[priority];
    return target && (target.ms > 0 || target.period) ? [{ priority, ...target }] : [];
  });
}

function onCalendars(targets: WrittenTargets, own: string | undefined): Targets {
  const resolved = setTargets(targets).map(({ priority, calendar, ...promised }) => {
    return [priority, { ...promised, calendar: calendar ?? own! }] as const;
  });
  return Object.fromEntries(resolved);
}

const writtenTargets = (known: Known) =>
  z.strictObject(mapped(PRIORITIES, () => targetSchema(known).optional()));

/** Targets by priority that name their calendar themselves, or have one beside them. */
export function agreedTargets(known: Known) {
  return z
    .strictObject({ calendar: calendarName(known).optional(), targets: writtenTargets(known) })
    .superRefine(({ calendar, targets }, context) => {
      for (const one of setTargets(targets))
        if (!one.calendar && !calendar)
          fault(context, 'calendar_missing', noCalendar(one.priority), ['targets', one.priority]);
    }, beside)
    .transform(({ calendar, targets }) => onCalendars(targets, calendar));
}

function clockSchema(known: Known, name: ClockName) {
  const targets = writtenTargets(known);
  return z
    .strictObject({
      calendar: countingCalendar(known).optional(),
      targets: name === 'commitment' ? targets.default({}) : targets,
      ...(TIER_CLOCKS.has(name) && { tiers: z.record(z.string(), targets).optional() }),
      pausedBy: z.array(z.enum(HOLD_REASONS)).default(DEFAULT_PAUSES[name] ?? []),
      reopen: z.enum(['continue', 'restart', 'newCycle']).default('continue'),
      ladder: ladderSchema(known).default([]),
      ...(WITH_BASIS.has(name) && { basis: z.enum(BASES).exactOptional() }),
      ...(name === 'customerUpdate' && { systemUpdatesCount: z.boolean().exactOptional() }),
      ...(!isStandardClock(name) && {
        startsAt: z.string().min(1).max(200),
        stopsAt: z.string().min(1).max(200),
      }),
    })
    .superRefine((clock, context) => checkClock(clock as WrittenClock, { name, known, context }))
    .transform((clock): ClockRule => {
      const { calendar, targets: written, tiers, startsAt, stopsAt, ...rule } = clock as WrittenClock;
      const byTier = Object.entries(tiers ?? {}).map(
        ([tier, own]) => [tier, onCalendars(own, calendar)] as const,
      );
      return {
        ...rule,
        targets: onCalendars(written, calendar),
        ...(byTier.length > 0 && { byTier: Object.fromEntries(byTier) }),
        ...(startsAt !== undefined && stopsAt !== undefined && { anchor: { startsAt, stopsAt } }),
      };
    });
}

/** A clock of any kind as it is written, before its calendars are filled in. */
interface WrittenClock extends Omit<ClockRule, 'targets' | 'byTier' | 'anchor'> {
  calendar?: string;
  targets: WrittenTargets;
  tiers?: Record<string, WrittenTargets>;
  startsAt?: string;
  stopsAt?: string;
}

function checkClock(
  clock: WrittenClock,
  { name, known, context }: { name: ClockName; known: Known; context: Parameters<typeof fault>[0] },
): void {
  const written: [path: PropertyKey[], targets: WrittenTargets][] = [
    [['targets'], clock.targets],
    ...Object.entries(clock.tiers ?? {}).map(([tier, own]): [PropertyKey[], WrittenTargets] => [
      ['tiers', tier],
      own,
    ]),
  ];
  for (const [path, targets] of written)
    for (const { priority, calendar } of setTargets(targets))
      if (!calendar && !clock.calendar)
        fault(context, 'calendar_missing', noCalendar(priority), [...path, priority]);
  for (const tier of Object.keys(clock.tiers ?? {}))
    if (!known.tiers.has(Number(tier)))
      fault(context, 'tier_unknown', `there is no tier ${tier}; known are ${[...known.tiers].join(', ')}`, [
        'tiers',
        tier,
      ]);
  const all = written.flatMap(([, targets]) => setTargets(targets));
  if (name === 'commitment' && all.length > 0)
    fault(context, 'target_unused', 'a commitment runs to the time that was promised; it has no target', [
      'targets',
    ]);
  const { reasons = [], rule } = NEVER_PAUSED_BY[name] ?? {};
  clock.pausedBy.forEach((reason, i) => {
    if (reasons.includes(reason))
      fault(context, 'pause_refused', `${reason} does not pause it: ${rule}`, ['pausedBy', i]);
  });
  if (clock.pausedBy.length > 0 && all.some(({ period }) => period))
    fault(context, 'pause_refused', 'days pass whatever happens: such a clock cannot be paused', [
      'pausedBy',
    ]);
  clock.ladder.forEach(({ offsetMs, calendar }, i) => {
    const early = setTargets(clock.targets).filter(({ ms, period }) => !period && ms + offsetMs <= 0);
    if (calendar === undefined && early.length > 0)
      fault(context, 'step_at_start', dueAtStart(early), ['ladder', i]);
  });
}

const noCalendar = (priority: Priority) =>
  `${priority} counts on no calendar; give the clock a calendar, or the target its own`;

const dueAtStart = (early: readonly { priority: Priority }[]) =>
  `for ${early.map(({ priority }) => priority).join(', ')} the target is no longer than the offset, so the step would be due at once`;

/** `nis2-early-warning`: the hyphen tells a policy's own clock from the standard ones. */
const OWN_CLOCK = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/;

/** Every clock of a policy: the standard ones by their names, others anchored on marks. */
export function clocksSchema(known: Known) {
  const standard = mapped(STANDARD_CLOCKS, (name) => clockSchema(known, name).exactOptional());
  return z
    .record(z.string(), z.unknown())
    .superRefine((clocks, context) => {
      for (const name of Object.keys(clocks))
        if (!isStandardClock(name) && !OWN_CLOCK.test(name))
          fault(context, 'clock_unknown', unknownClock(name), [name]);
    }, beside)
    .pipe(z.object(standard).catchall(clockSchema(known, 'own-clock')))
    .transform((clocks) => clocks as Record<ClockName, ClockRule>);
}

const unknownClock = (name: string) =>
  `${name} is neither a standard clock (${STANDARD_CLOCKS.join(', ')}) nor a name of your own, which has a hyphen`;
