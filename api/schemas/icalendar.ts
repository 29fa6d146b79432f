/**
 * Holidays from iCalendar text (RFC 5545), as public calendars offer them: whole days, several days, every year.
 *
 * Bounded in everything, because such files come from elsewhere. Rules are expanded by ical.js, but only those that it
 * is known to expand rightly and in the end: yearly ones, by month, day of the month and weekday.
 */
import ICAL from 'ical.js';

export interface ImportFinding {
  severity: 'error' | 'warning';
  /** Stable. */
  code: string;
  message: string;
}

export interface ImportedHolidays {
  /** `YYYY-MM-DD`, in order, each once. */
  holidays: string[];
  /** What each is called, where the file says. */
  names: Record<string, string>;
  findings: ImportFinding[];
}

/** The years that holidays are wanted of, both included. */
export interface Years {
  from: number;
  to: number;
}

const TEXT_LIMIT = 5_000_000;
const EVENTS_LIMIT = 10_000;
const YEARS_LIMIT = 50;
/** Longer than any holiday; a whole year off is a mistake. */
const DAYS_LIMIT = 62;
/** Yearly rules of whole centuries have fewer. */
const OCCURRENCES_LIMIT = 5_000;
const NAME_LIMIT = 100;

const DAY = 86_400_000;

/** Nothing could be imported; the message says why. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

function eventsIn(text: string): ICAL.Component[] {
  if (text.length > TEXT_LIMIT) throw new ImportError(`the text is longer than ${TEXT_LIMIT} characters`);
  // A file may hold several calendars one after another: then they come as a list.
  let parsed: unknown[];
  try {
    parsed = ICAL.parse(text) as unknown[];
  } catch (error) {
    throw new ImportError(`the text is not iCalendar: ${(error as Error).message}`, { cause: error });
  }
  if (parsed.length === 0) throw new ImportError('the text holds no calendar');
  const calendars = typeof parsed[0] === 'string' ? [parsed] : (parsed as unknown[][]);
  const events = calendars.flatMap((one) => new ICAL.Component(one).getAllSubcomponents('vevent'));
  if (events.length > EVENTS_LIMIT) throw new ImportError(`there are more than ${EVENTS_LIMIT} events`);
  return events;
}

const textOf = (event: ICAL.Component, property: string): string =>
  String(event.getFirstPropertyValue(property) ?? '');

/** The name on one line: it ends up in a comment. */
const nameOf = (event: ICAL.Component): string =>
  textOf(event, 'summary')
    .replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .slice(0, NAME_LIMIT);

const dayOf = ({ year, month, day }: ICAL.Time): number => Date.UTC(year, month - 1, day) / DAY;
const dateOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);

const isCancelled = (event: ICAL.Component): boolean => textOf(event, 'status').toUpperCase() === 'CANCELLED';

/** Parts of a rule that are expanded. */
const KNOWN_PARTS = new Set(['BYMONTH', 'BYMONTHDAY', 'BYDAY']);

const isSupported = (rule: ICAL.Recur): boolean =>
  rule.freq === 'YEARLY' && Object.keys(rule.parts).every((part) => KNOWN_PARTS.has(part));

/**
 * Months that the rules of an event can mean, or null for any. ical.js puts the 29th of February of other years on the
 * 1st of March, and the 31st of April on the 1st of May; RFC 5545 has no such days then.
 */
function monthsOf(rules: readonly ICAL.Recur[], start: ICAL.Time): Set<number> | null {
  const months = rules.map(({ parts }) => {
    if (parts.BYMONTH) return parts.BYMONTH;
    return parts.BYDAY ? null : [start.month];
  });
  return months.includes(null) ? null : new Set(months.flatMap((some) => some ?? []));
}

interface Occurrence {
  first: number;
  /** Days, from 1. */
  length: number;
  name: string;
}

/** Collects what is wrong beside what is right. */
class Import {
  readonly #years: Years;
  readonly #names = new Map<string, string>();
  readonly #findings: ImportFinding[] = [];

  constructor(years: Years) {
    this.#years = years;
  }

  #warn(event: ICAL.Component, code: string, fact: string): void {
    const name = nameOf(event) || textOf(event, 'uid') || 'An event';
    this.#findings.push({ severity: 'warning', code, message: `${name} ${fact}; it is left out` });
  }

  /** An event with those that replace some of its occurrences. */
  add(event: ICAL.Component, replacements: readonly ICAL.Component[]): void {
    if (isCancelled(event)) return;
    const start = event.getFirstPropertyValue('dtstart') as ICAL.Time | null;
    if (!start) return this.#warn(event, 'event_without_start', 'has no start');
    if (!start.isDate)
      return this.#warn(
        event,
        'event_timed',
        `on ${start.toString().slice(0, 10)} has a time of day; a holiday is a whole day`,
      );
    const rules = event.getAllProperties('rrule').map((one) => one.getFirstValue() as ICAL.Recur);
    if (event.hasProperty('exrule') || !rules.every(isSupported))
      return this.#warn(event, 'rule_unsupported', 'repeats by a rule that is not simply yearly');
    const occurrences = this.#occurrencesOf(event, { start, rules, replacements });
    for (const occurrence of occurrences) this.#take(event, occurrence);
  }

  *#occurrencesOf(
    event: ICAL.Component,
    {
      start,
      rules,
      replacements,
    }: { start: ICAL.Time; rules: ICAL.Recur[]; replacements: readonly ICAL.Component[] },
  ): Iterable<Occurrence> {
    const read = new ICAL.Event(event, { strictExceptions: false, exceptions: [...replacements] });
    const months = monthsOf(rules, start);
    const [earliest, latest] = [
      Date.UTC(this.#years.from, 0, 1) / DAY - DAYS_LIMIT,
      Date.UTC(this.#years.to, 11, 31) / DAY,
    ];
    if (!read.isRecurring()) {
      yield { first: dayOf(start), length: dayOf(read.endDate) - dayOf(start), name: nameOf(event) };
      return;
    }
    const extra = new Set(event.getAllProperties('rdate').flatMap((one) => one.getValues().map(String)));
    const days = read.iterator();
    for (let count = 0, next = days.next(); next; count += 1, next = days.next()) {
      if (count >= OCCURRENCES_LIMIT) return this.#warn(event, 'rule_too_long', 'repeats too often');
      if (dayOf(next) > latest) return;
      const isMeant = months === null || months.has(next.month) || extra.has(next.toString());
      if (dayOf(next) < earliest || !isMeant) continue;
      const { item, startDate, endDate } = read.getOccurrenceDetails(next);
      if (isCancelled(item.component)) continue;
      yield {
        first: dayOf(startDate),
        length: dayOf(endDate) - dayOf(startDate),
        name: nameOf(item.component),
      };
    }
  }

  #take(event: ICAL.Component, { first, length, name }: Occurrence): void {
    if (length < 0) return this.#warn(event, 'event_ends_before_start', 'ends before it starts');
    if (length > DAYS_LIMIT)
      return this.#warn(event, 'event_too_long', `on ${dateOf(first)} has more than ${DAYS_LIMIT} days`);
    // Some write a single day with an end that is its start.
    for (let day = first; day < first + Math.max(length, 1); day += 1) {
      const date = dateOf(day);
      const year = Number(date.slice(0, 4));
      if (year < this.#years.from || year > this.#years.to) continue;
      const known = this.#names.get(date);
      this.#names.set(
        date,
        known && name && known !== name ? `${known}, ${name}`.slice(0, NAME_LIMIT) : known || name,
      );
    }
  }

  result(): ImportedHolidays {
    const holidays = [...this.#names.keys()].toSorted();
    const names = holidays.flatMap((date) => {
      const name = this.#names.get(date);
      return name ? [[date, name] as const] : [];
    });
    return { holidays, names: Object.fromEntries(names), findings: this.#findings };
  }
}

/**
 * The holidays of an iCalendar text in a range of years (at most 50). The end of an event of several days is
 * exclusive (RFC 5545, 3.6.1), cancelled ones are left out, and so are, with a warning, those with a time of day and
 * those that repeat in a way that is not simply yearly. Throws an ImportError where it is no iCalendar, or too large.
 */
export function holidaysIn(text: string, years: Years): ImportedHolidays {
  if (!(years.from <= years.to && years.to - years.from < YEARS_LIMIT))
    throw new ImportError(`the years ${years.from} to ${years.to} are not a range of at most ${YEARS_LIMIT}`);
  const events = eventsIn(text);
  const replacements = events.filter((event) => event.hasProperty('recurrence-id'));
  const done = new Import(years);
  for (const event of events)
    if (!event.hasProperty('recurrence-id')) {
      const uid = textOf(event, 'uid');
      done.add(
        event,
        replacements.filter((one) => textOf(one, 'uid') === uid),
      );
    }
  return done.result();
}
