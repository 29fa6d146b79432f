/** When something is due that was said in business time: so much open time on a calendar, counted from now. */
import { add, type BusinessCalendar } from '../domain/business-time.ts';
import { businessDaysAfter } from '../domain/within.ts';
import type { ApiDeps } from './deps.ts';
import { invalid } from './input.ts';
import type { Problem } from './problem.ts';
import type { DueFields } from './schemas/journals.ts';

type Due = NonNullable<DueFields['due']>;

/** Clocks differ and posts take time: so much in the past is now. */
const PAST_TOLERANCE_MS = 2 * 60_000;

const refuse = (pointer: string, code: string, message: string): Problem =>
  invalid([{ pointer, code, message }]);

async function calendarOf(
  deps: Pick<ApiDeps, 'calendars' | 'policies'>,
  { calendar, policy }: Due,
): Promise<BusinessCalendar> {
  if (calendar === 'always') return 'always';
  const found =
    policy === undefined
      ? (await deps.calendars.inForce())[calendar]
      : (await deps.policies()).find(({ name }) => name === policy)?.calendars[calendar];
  if (found) return found;
  const where = policy === undefined ? 'is stored' : `is in a policy ${policy}`;
  throw refuse('/due/calendar', 'calendar_unknown', `No calendar ${calendar} ${where}`);
}

function endOfDays(calendar: BusinessCalendar, days: number, now: number): number {
  const at = businessDaysAfter(calendar, now, days);
  if (at === null)
    throw refuse('/due/after', 'too_far', 'the calendar does not have that many open days ahead');
  return at;
}

/** The instant; a 422 problem for one that is past, for an unknown calendar, and for what is never reached. */
export async function dueAtOf(
  deps: Pick<ApiDeps, 'calendars' | 'policies'>,
  { dueAt, due }: DueFields,
  now: number,
): Promise<number> {
  if (dueAt !== undefined) {
    if (dueAt < now - PAST_TOLERANCE_MS) throw refuse('/dueAt', 'due_in_past', 'must not be in the past');
    return dueAt;
  }
  const calendar = await calendarOf(deps, due!);
  if ('businessDays' in due!.after) return endOfDays(calendar, due!.after.businessDays, now);
  const at = add(calendar, now, due!.after.ms);
  if (typeof at === 'number') return at;
  throw refuse('/due/after', at, 'the calendar does not have that much open time ahead');
}
