/** Calendars as people write them. */
import { z } from 'zod';
import { checkCalendar, WEEKDAYS, type Calendar, type Weekday } from '../../domain/calendar.ts';
import { pathOf } from '../../domain/pointer.ts';
import { fault, issuesOf, type Issue } from './issues.ts';

const windowsSchema = z.array(z.tuple([z.string(), z.string()]));

const HOURS = Object.fromEntries(WEEKDAYS.map((day) => [day, windowsSchema.exactOptional()])) as Record<
  Weekday,
  z.ZodExactOptional<typeof windowsSchema>
>;

/** A calendar, checked by the rules of domain/calendar.ts; warnings are not refused here. */
export const calendarSchema = z
  .strictObject({
    timezone: z.string(),
    hours: z.strictObject(HOURS),
    holidays: z.array(z.string()).default([]),
    exceptions: z.record(z.string(), windowsSchema).default({}),
  })
  .superRefine((calendar, context) => {
    for (const { severity, pointer, code, message } of checkCalendar(calendar))
      if (severity === 'error') fault(context, code, message, pathOf(pointer));
  });

const FIELDS = new Set(['timezone', 'hours', 'holidays', 'exceptions']);
const DAYS = new Set<string>(WEEKDAYS);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === 'string';

const isWindow = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isText(value[0]) && isText(value[1]);

const areWindows = (value: unknown): boolean => Array.isArray(value) && value.every(isWindow);

/** Whether the schema would take it and change nothing but fill in what may be left out. */
function isWellFormed(value: unknown): value is Pick<Calendar, 'timezone' | 'hours'> & Partial<Calendar> {
  if (!isRecord(value) || !Object.keys(value).every((key) => FIELDS.has(key))) return false;
  const { timezone, hours, holidays = [], exceptions = {} } = value;
  return (
    isText(timezone) &&
    isRecord(hours) &&
    Object.keys(hours).every((day) => DAYS.has(day) && areWindows(hours[day])) &&
    Array.isArray(holidays) &&
    holidays.every(isText) &&
    isRecord(exceptions) &&
    Object.keys(exceptions).every((date) => date !== '__proto__' && areWindows(exceptions[date]))
  );
}

/**
 * A calendar from plain data, or everything wrong with it: the same as by `calendarSchema`, which is asked only where
 * the form is wrong, because calendars come by the thousand and it takes its time.
 */
export function parseCalendar(value: unknown): { calendar: Calendar } | { issues: Issue[] } {
  if (isWellFormed(value)) {
    const { timezone, hours, holidays = [], exceptions = {} } = value;
    const calendar: Calendar = { timezone, hours, holidays, exceptions };
    const errors = checkCalendar(calendar).filter(({ severity }) => severity === 'error');
    if (errors.length === 0) return { calendar };
    return { issues: errors.map(({ pointer, code, message }) => ({ path: pathOf(pointer), code, message })) };
  }
  const result = calendarSchema.safeParse(value);
  if (result.success) return { calendar: result.data };
  return { issues: issuesOf(result.error, { value, called: 'the calendar' }) };
}
