/** Schedules: when a ticket opens by itself, and what it says. */
import type { TicketAttributes } from './events.ts';

export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] as const;

/** Local times; where days of the week and of the month are both given, both have to hold. */
export interface Times {
  /** `HH:MM`. */
  at: readonly string[];
  weekdays?: readonly Weekday[] | undefined;
  daysOfMonth?: readonly number[] | undefined;
  months?: readonly number[] | undefined;
}

/** What a scheduled ticket says. */
export type TicketTemplate = Pick<TicketAttributes, 'type' | 'impact' | 'urgency'> &
  Partial<
    Record<
      'customer' | 'contract' | 'service' | 'configurationItem' | 'site' | 'category' | 'symptom',
      string | undefined
    >
  > & {
    subject: string;
    description?: string | undefined;
    /** Name of the policy; the first that matches if absent. */
    policy?: string | undefined;
  };

export interface Schedule {
  /** Cron expressions of five fields, or times. */
  cron: readonly string[];
  times: Times | null;
  /** IANA. */
  timezone: string;
  /** A time that was missed by more than this, because everything was down, is left out. */
  catchUpMs: number;
  ticket: TicketTemplate;
  /** Whose checklist the ticket gets, in the version that is current then. */
  procedure: string | null;
}

interface Field {
  name: string;
  from: number;
  to: number;
  names?: readonly string[];
}

/** In the order of a cron expression. Sunday is 0, and 7 as well. */
const FIELDS: readonly Field[] = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, names: MONTHS },
  { name: 'day of week', from: 0, to: 7, names: WEEKDAYS },
];

function valueOf(text: string, { from, to, names = [] }: Field): number | null {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + from;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  return value >= from && value <= to ? value : null;
}

/** `*`, a value or a range, each with a step if need be. */
function isPart(text: string, field: Field): boolean {
  const [range = '', step, ...rest] = text.split('/');
  if (rest.length > 0) return false;
  if (step !== undefined && !(/^\d{1,2}$/.test(step) && Number(step) > 0)) return false;
  if (range === '*') return true;
  const [first = '', last, ...more] = range.split('-');
  const start = valueOf(first, field);
  if (start === null || more.length > 0) return false;
  if (last === undefined) return true;
  const end = valueOf(last, field);
  return end !== null && end >= start;
}

/** What is wrong with a cron expression, as the end of a sentence that it begins; null for a good one. */
export function cronFault(expression: string): string | null {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) return 'does not have five fields: minute hour day month weekday';
  for (const [i, field] of FIELDS.entries())
    if (!parts[i]!.split(',').every((part) => isPart(part, field))) return `has no good ${field.name}`;
  // Cron means either of the two, Temporal both: nobody shall have to know.
  if (parts[2] !== '*' && parts[4] !== '*')
    return 'restricts days of the month and of the week; use two expressions, or `times`, where both have to hold';
  return null;
}

const listed = (values: readonly (string | number)[] | undefined): string =>
  values === undefined || values.length === 0 ? '*' : values.join(',');

/** The times as cron expressions in which every field has to hold, as Temporal reads them. */
export function cronExpressionsOf({ cron, times }: Pick<Schedule, 'cron' | 'times'>): string[] {
  if (!times) return [...cron];
  return times.at.map((at) => {
    const [hour, minute] = at.split(':').map(Number);
    const weekdays = times.weekdays?.map((day) => WEEKDAYS.indexOf(day));
    return `${minute} ${hour} ${listed(times.daysOfMonth)} ${listed(times.months)} ${listed(weekdays)}`;
  });
}
