/** Schedules: when tickets open by themselves, and what they say. */
import { z } from 'zod';
import { cronFault, WEEKDAYS } from '../../domain/schedule.ts';
import { actingFor, cursor, freeText, instant, level, limit, page, word } from './common.ts';
import { PUT_SCHEDULE_EXAMPLE, SCHEDULE_EXAMPLE, TRIGGERED_EXAMPLE } from './proactive-examples.ts';
import { writer } from './procedures.ts';
import { ruleName } from './rule-changes.ts';

const cron = z
  .string()
  .trim()
  .max(200)
  .superRefine((text, context) => {
    const fault = cronFault(text);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .openapi({ description: 'Five fields: minute, hour, day, month, weekday', example: '0 9 * * mon' });

const number = (from: number, to: number) => z.array(z.int().min(from).max(to)).min(1).max(31).optional();

const times = z
  .strictObject({
    at: z
      .array(z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time is HH:MM'))
      .min(1)
      .max(24),
    weekdays: z.array(z.enum(WEEKDAYS)).min(1).max(7).optional(),
    daysOfMonth: number(1, 31),
    months: number(1, 12),
  })
  .openapi({
    description:
      'Local times. Where days of the week and of the month are both given, both have to hold: the first Monday is ' +
      'a Monday among the days 1 to 7',
  });

const timezone = z
  .string()
  .max(100)
  .refine((name) => isTimeZone(name), 'is not a time zone of IANA, such as Europe/Berlin')
  .openapi({ example: 'Europe/Berlin' });

function isTimeZone(name: string): boolean {
  // Offsets such as +02:00 are zones to Intl alone.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const ticket = z
  .strictObject({
    subject: z.string().trim().min(1).max(500),
    description: freeText.optional(),
    type: word,
    impact: level,
    urgency: level,
    customer: word.optional(),
    contract: word.optional(),
    service: word.optional(),
    configurationItem: word.optional(),
    site: word.optional(),
    category: word.optional(),
    symptom: word.optional(),
    policy: word.optional().openapi({ description: 'The first that matches if absent' }),
  })
  .openapi({ description: 'What each ticket says; it comes in by the channel `internal`' });

const catchUpSeconds = z.int().min(10).max(31_536_000).default(86_400).openapi({
  description: 'A time that was missed by more than this, because everything was down, is left out',
});

export const putScheduleBody = z
  .strictObject({
    cron: z.array(cron).min(1).max(20).optional(),
    times: times.optional(),
    timezone,
    catchUpSeconds,
    ticket,
    procedure: ruleName
      .nullable()
      .default(null)
      .openapi({ description: 'Its checklist comes with each ticket, in the version that is current then' }),
    paused: z.boolean().optional().openapi({ description: 'As it was if absent, or not' }),
    actingFor,
  })
  .refine((body) => (body.cron === undefined) !== (body.times === undefined), {
    path: ['cron'],
    error: 'say when by cron or by times, one of the two',
  })
  .openapi('PutSchedule', { example: PUT_SCHEDULE_EXAMPLE });

export const scheduleParams = z.object({ schedule: ruleName });
export const scheduleQuery = z.strictObject({ limit, cursor });
export const scheduleActionBody = z.strictObject({ actingFor }).openapi('ScheduleAction');

const shared = {
  name: z.string(),
  cron: z.array(z.string()),
  times: times.nullable(),
  timezone: z.string(),
  catchUpSeconds: z.number(),
  ticket: z.object(ticket.shape),
  procedure: z.string().nullable(),
  paused: z.boolean(),
  mirrored: z.boolean().openapi({
    description: 'Whether Temporal has it so; if not, it will within a minute of being back',
  }),
  changedBy: writer,
  createdAt: instant,
  updatedAt: instant,
  links: z.object({ self: z.string() }),
};

export const scheduleView = z
  .object({
    ...shared,
    nextTimes: z
      .array(instant)
      .nullable()
      .openapi({ description: 'The next five, also while it is paused; null while Temporal does not say' }),
    lastTickets: z.array(
      z.object({
        ticketId: z.string(),
        occasion: z.string().openapi({ description: 'The time it was planned for, or the request for it' }),
        openedAt: instant,
      }),
    ),
  })
  .openapi('Schedule', { example: SCHEDULE_EXAMPLE });

export const schedulePage = z.object({ data: z.array(z.object(shared)), page }).openapi('SchedulePage');

export const triggeredView = z
  .object({ ticketId: z.string(), links: z.object({ ticket: z.string() }) })
  .openapi('TriggeredSchedule', { example: TRIGGERED_EXAMPLE });
