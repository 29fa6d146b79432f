/** Calendars as people write them. */
import { z } from 'zod';
import { checkCalendar, WEEKDAYS, type Weekday } from '../../domain/calendar.ts';
import { fault } from './issues.ts';

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
      if (severity === 'error') fault(context, code, message, pointer.split('/').slice(1));
  });
