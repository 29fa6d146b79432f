/**
 * `npm run bench -- clock`: deadlines a second on one core, beside two business-time libraries on the same cases in the
 * same run. What gates is counted: answers that differ from a count of minutes on the wall clock (naive-clock.ts).
 * Speed is only reported.
 */
import { createRequire } from 'node:module';
import { add } from '../domain/business-time.ts';
import { checkCalendar, expandCalendar, type Calendar, type Window } from '../domain/calendar.ts';
import { instantAfter } from '../domain/open-hours.ts';
import { NaiveClock, watchWall, type Wall } from './naive-clock.ts';
import { randomFrom } from './random.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** The libraries count in the zone of the process. */
const ZONE = 'Europe/Berlin';
const [FROM, UNTIL] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)];

interface Case {
  start: number;
  amountMs: number;
}

interface CaseSet {
  name: string;
  calendar: Calendar;
  cases: Case[];
}

const HOLIDAYS = [
  '2026-01-01',
  '2026-04-03',
  '2026-04-06',
  '2026-05-01',
  '2026-05-14',
  '2026-05-25',
  '2026-10-03',
];

function calendarOf(days: readonly string[], ...windows: Window[]): Calendar {
  const hours = Object.fromEntries(days.map((day) => [day, windows]));
  return { timezone: ZONE, hours, holidays: HOLIDAYS, exceptions: {} };
}

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const WORKDAYS = WEEK.slice(0, 5);
const CLOCK_CHANGES = [Date.parse('2026-03-29T01:00Z'), Date.parse('2026-10-25T01:00Z')];

/** Whole minutes, because the libraries count in them; everything is over by the end of the year. */
function casesIn(count: number, near: readonly number[] | null): Case[] {
  const random = randomFrom(2026);
  return Array.from({ length: count }, () => {
    const start = near
      ? near[Math.floor(random() * near.length)]! + (random() - 0.7) * 4 * DAY
      : FROM + DAY + random() * 300 * DAY;
    const amountMs = (15 + Math.floor(random() * (near ? 600 : 2385))) * MINUTE;
    return { start: Math.floor(start / MINUTE) * MINUTE, amountMs };
  });
}

function caseSets(count: number): CaseSet[] {
  const set = (name: string, calendar: Calendar, near: readonly number[] | null = null): CaseSet => {
    return { name, calendar, cases: casesIn(count, near) };
  };
  return [
    set('office hours', calendarOf(WORKDAYS, ['09:00', '17:00'])),
    set('with lunch', calendarOf(WORKDAYS, ['09:00', '12:00'], ['13:00', '17:00'])),
    set('nights of clock changes', calendarOf(WEEK, ['00:30', '05:00']), CLOCK_CHANGES),
  ];
}

/** Answers the cases of one set, from what it prepared for its calendar. */
interface Contender {
  name: string;
  /** How many cases of a set it is given; slow ones get fewer. */
  cases: number;
  prepare(calendar: Calendar): (one: Case) => number;
}

function ours(): Contender[] {
  return [
    {
      name: 'tierline, expanded hours',
      cases: Infinity,
      prepare(calendar) {
        const hours = expandCalendar('bench', calendar, FROM, UNTIL);
        return ({ start, amountMs }) => instantAfter(hours, start, amountMs)!;
      },
    },
    {
      name: 'tierline, calendar',
      cases: Infinity,
      prepare: (calendar) => {
        return ({ start, amountMs }) => Number(add(calendar, start, amountMs));
      },
    },
    {
      name: 'tierline, new calendar each time',
      cases: Infinity,
      prepare: (calendar) => (one) => {
        const another = structuredClone(calendar);
        if (checkCalendar(another).length > 0) throw new Error('The calendar has faults');
        return Number(add(another, one.start, one.amountMs));
      },
    },
  ];
}

/** Sunday first, as the libraries number weekdays. */
const byWeekday = <T>({ hours }: Calendar, of: (windows: readonly Window[]) => T): (T | null)[] =>
  (['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const).map((day) =>
    hours[day] ? of(hours[day]) : null,
  );

const NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

interface DayjsLike {
  addBusinessMinutes(minutes: number): { valueOf(): number };
}
type Dayjs = ((at: number) => DayjsLike) & {
  extend(plugin: unknown): void;
  setHolidays(dates: readonly string[]): void;
  setBusinessTime(week: object): void;
};

interface MomentLike {
  addWorkingTime(amount: number, unit: string): { valueOf(): number };
}
type Moment = ((at: number) => MomentLike) & { updateLocale(locale: string, data: object): void };

/** The libraries are told the calendar once, and get their own kind of date ready made. */
function peers(): Contender[] {
  const require = createRequire(import.meta.url);
  const dayjs = require('dayjs') as Dayjs;
  dayjs.extend(require('dayjs-business-time') as unknown);
  const moment = require('moment-business-time') as Moment;
  return [
    {
      name: 'dayjs-business-time',
      cases: 150,
      prepare(calendar) {
        const week = byWeekday(calendar, (windows) =>
          windows.map(([start, end]) => ({ start: `${start}:00`, end: `${end}:00` })),
        );
        dayjs.setHolidays(calendar.holidays);
        dayjs.setBusinessTime(Object.fromEntries(NAMES.map((name, i) => [name, week[i]])));
        return ({ start, amountMs }) =>
          dayjs(start)
            .addBusinessMinutes(amountMs / MINUTE)
            .valueOf();
      },
    },
    {
      name: 'moment-business-time',
      cases: 150,
      prepare(calendar) {
        const week = byWeekday(calendar, (windows) => windows.flat().map((time) => `${time}:00`));
        moment.updateLocale('en', {
          workinghours: Object.fromEntries(week.entries()),
          holidays: calendar.holidays,
        });
        return ({ start, amountMs }) =>
          moment(start)
            .addWorkingTime(amountMs / MINUTE, 'minutes')
            .valueOf();
      },
    },
  ];
}

export interface Result {
  contender: string;
  cases: string;
  asked: number;
  /** Answers that differ from the count on the wall clock. */
  wrong: number;
  /** Of one core, by its processor time; the median of the rounds. */
  perSecond: number;
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

const ROUNDS = 5;
const ROUND_MS = 150;

/** Deadlines a second of processor time, going through the cases again and again for a while. */
function speedOf(answer: (one: Case) => number, cases: readonly Case[]): number {
  const began = process.cpuUsage();
  let answered = 0;
  for (;;) {
    for (const one of cases) answer(one);
    answered += cases.length;
    const { user, system } = process.cpuUsage(began);
    if (user + system > ROUND_MS * 1000) return (answered / (user + system)) * 1_000_000;
  }
}

function compare({ name, calendar, cases }: CaseSet, wall: Wall, contenders: readonly Contender[]): Result[] {
  const naive = new NaiveClock(calendar, wall);
  const expected = cases.map(({ start, amountMs }) => naive.add(start, amountMs));
  const running = contenders.map((contender) => {
    const answer = contender.prepare(calendar);
    const own = cases.slice(0, contender.cases);
    const wrong = own.filter((one, i) => answer(one) !== expected[i]).length;
    return { contender, own, wrong, speeds: [] as number[] };
  });
  // Back and forth, so that a machine that becomes slower or faster is so for all of them.
  for (let round = 0; round < ROUNDS; round += 1)
    for (const one of round % 2 === 0 ? running : running.toReversed())
      one.speeds.push(speedOf(one.contender.prepare(calendar), one.own));
  return running.map(({ contender, own, wrong, speeds }) => ({
    contender: contender.name,
    cases: name,
    asked: own.length,
    wrong,
    perSecond: Math.round(median(speeds)),
  }));
}

/** The slowest of ours on any set, and how many times as fast as the fastest library ours is on every set. */
function summaryOf(results: readonly Result[]) {
  const isOurs = ({ contender }: Result) => contender.startsWith('tierline');
  const sets = [...new Set(results.map(({ cases }) => cases))];
  const best = (of: readonly Result[]) => Math.max(...of.map(({ perSecond }) => perSecond));
  const ratios = sets.map((cases) => {
    const rows = results.filter((row) => row.cases === cases);
    const cached = rows.find(({ contender }) => contender === 'tierline, calendar')!;
    return cached.perSecond / best(rows.filter((row) => !isOurs(row)));
  });
  return {
    wrong: results.filter(isOurs).reduce((sum, { wrong }) => sum + wrong, 0),
    perSecond: Math.min(
      ...results.filter(({ contender }) => contender === 'tierline, calendar').map((row) => row.perSecond),
    ),
    timesTheFastestPeer: Math.round(Math.min(...ratios)),
  };
}

/** What is aimed at; reported, because speed is the machine's too. */
const AIMS = { perSecond: 200_000, timesTheFastestPeer: 20 };

/** Runs it; false where one of our answers is wrong. */
export async function run({ json = false }: { json?: boolean } = {}): Promise<boolean> {
  // Before any of the libraries looks at it.
  process.env['TZ'] = ZONE;
  const wall = watchWall(ZONE, FROM, UNTIL);
  const contenders = [...ours(), ...peers()];
  const results = caseSets(2000).flatMap((set) => compare(set, wall, contenders));
  const summary = summaryOf(results);
  if (json) process.stdout.write(`${JSON.stringify({ results, summary, aims: AIMS }, null, 2)}\n`);
  else process.stdout.write(`${tableOf(results)}\n${wordsOf(summary)}\n`);
  return summary.wrong === 0;
}

function tableOf(results: readonly Result[]): string {
  const rows = results.map(({ contender, cases, asked, wrong, perSecond }) =>
    [
      cases.padEnd(24),
      contender.padEnd(34),
      `${wrong} of ${asked} wrong`.padStart(18),
      `${perSecond.toLocaleString('en-US')}/s`.padStart(14),
    ].join(' '),
  );
  return rows.join('\n');
}

const wordsOf = ({ wrong, perSecond, timesTheFastestPeer }: ReturnType<typeof summaryOf>): string =>
  [
    `Ours: ${wrong} wrong answers; on a calendar that is kept at least ${perSecond.toLocaleString('en-US')} deadlines a second`,
    `of one core (aim ${AIMS.perSecond.toLocaleString('en-US')}), ${timesTheFastestPeer} times the fastest library (aim ${AIMS.timesTheFastestPeer}).`,
  ].join('\n');
