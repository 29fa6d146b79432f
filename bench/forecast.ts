/**
 * `npm run bench -- forecast`: simulated months of a queue. Every half hour each waiting ticket is forecast, by
 * domain/forecast.ts and by the plain rule that whatever is past 75 % of its target will breach; both are held
 * against what then happened. The first desk was used to choose the constants of the method, the others were not.
 */
import type { Calendar, Window } from '../domain/calendar.ts';
import { forecastQueue } from '../domain/forecast.ts';
import { openTimeBetween } from '../domain/open-hours.ts';
import { measurePace } from '../domain/pace.ts';
import { table } from '../bin/table.ts';
import { HOUR, MINUTE, playDesk, type DeskSetup, type Glimpse, type PlayedTicket } from './simulated-desk.ts';

const DAY = 24 * HOUR;
/** A Monday. The month begins after a fortnight, from which the pace is first measured. */
const FROM = Date.parse('2026-02-02T00:00Z');
const WARM_UP_DAYS = 14;
const WINDOW_MS = WARM_UP_DAYS * DAY;
const PLAIN_SHARE = 0.75;
const SEEDS = [1, 2, 3];

function week(days: readonly (keyof Calendar['hours'])[], windows: readonly Window[]): Calendar {
  return {
    timezone: 'UTC',
    hours: Object.fromEntries(days.map((day) => [day, [...windows]])),
    holidays: [],
    exceptions: {},
  };
}

const OFFICE_PATTERN = [
  0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 1, 3, 4, 4, 3, 2, 3, 3, 3, 2, 1, 0.6, 0.4, 0.3, 0.2, 0.1, 0.1,
];

export const TUNED: DeskSetup = {
  name: 'service desk',
  calendar: week(['mon', 'tue', 'wed', 'thu', 'fri'], [['09:00', '17:00']]),
  perDay: { P1: 2, P2: 8, P3: 18, P4: 12 },
  dayPattern: OFFICE_PATTERN,
  closedDays: 0.1,
  surge: { chance: 0.15, times: 3, hours: 3 },
  handlingHours: { P1: 1.5, P2: 1.1, P3: 0.85, P4: 0.7 },
  variation: 1,
  shape: 'lognormal',
  agents: 7,
  away: 0.15,
  lunch: { hour: 12, share: 0.5 },
  responseHours: { P1: 0.5, P2: 2, P3: 5, P4: 10 },
  resolutionHours: { P1: 4, P2: 6, P3: 10, P4: 16 },
};

/** Long hours, few hands, everything heavy-tailed, and mostly urgent. */
export const HELD_OUT: DeskSetup = {
  name: 'operations',
  calendar: week(['mon', 'tue', 'wed', 'thu', 'fri', 'sat'], [['08:00', '20:00']]),
  perDay: { P1: 3, P2: 9, P3: 7, P4: 3 },
  dayPattern: Array.from({ length: 24 }, () => 1),
  closedDays: 0.5,
  surge: { chance: 0.25, times: 4, hours: 2 },
  handlingHours: { P1: 1, P2: 1.2, P3: 1.6, P4: 1.6 },
  variation: 1.4,
  shape: 'gamma',
  agents: 4,
  away: 0.1,
  lunch: { hour: 13, share: 0.25 },
  responseHours: { P1: 0.5, P2: 1.5, P3: 4, P4: 8 },
  resolutionHours: { P1: 3, P2: 6, P3: 12, P4: 24 },
};

/** Much that is quick, short hours in two windows, and one class of tickets. */
export const HELD_OUT_TOO: DeskSetup = {
  ...TUNED,
  name: 'shop support',
  calendar: week(
    ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
    [
      ['08:00', '12:00'],
      ['13:00', '18:00'],
    ],
  ),
  perDay: { P1: 0.5, P2: 4, P3: 90, P4: 20 },
  handlingHours: { P1: 1, P2: 0.5, P3: 0.2, P4: 0.2 },
  variation: 0.7,
  shape: 'gamma',
  agents: 5,
  away: 0.25,
  lunch: { hour: 16, share: 0.4 },
  responseHours: { P1: 0.25, P2: 0.5, P3: 1, P4: 3 },
  resolutionHours: { P1: 2, P2: 2, P3: 2, P4: 4 },
};

/** What came of the forecasts of a rule. Of clocks that had not breached yet. */
export interface Counts {
  forecasts: number;
  breaches: number;
  hits: number;
  falseAlarms: number;
  /** Sum of squares of forecast less outcome. */
  squares: number;
}

export interface Score extends Counts {
  precision: number;
  recall: number;
  f1: number;
  /** Mean square: 0 is perfect, 0.25 is a coin. */
  brier: number;
}

function scoreOf(counts: Counts): Score {
  const { forecasts, breaches, hits, falseAlarms, squares } = counts;
  const alarms = hits + falseAlarms;
  return {
    ...counts,
    precision: hits / Math.max(alarms, 1),
    recall: hits / Math.max(breaches, 1),
    f1: (2 * hits) / Math.max(alarms + breaches, 1),
    brier: squares / Math.max(forecasts, 1),
  };
}

interface Forecast {
  ticket: PlayedTicket;
  metBy: 'start' | 'finish';
  deadlineAt: number;
  probability: number;
  /** Share of the target that has passed. */
  passed: number;
}

const CLOCKS = [
  { clock: 'firstResponse', metBy: 'start', deadlineOf: (one: PlayedTicket) => one.responseAt },
  { clock: 'resolution', metBy: 'finish', deadlineOf: (one: PlayedTicket) => one.resolutionAt },
] as const;

/** Both clocks of every waiting ticket that are not late yet. */
function forecastsAt(setup: DeskSetup, { now, hours, queue, stays }: Glimpse): Forecast[] {
  const pace = measurePace(stays, { hours, from: Math.max(FROM, now - WINDOW_MS), now });
  const byId = new Map(queue.map((ticket) => [ticket.id, ticket]));
  const tickets = queue.map((ticket) => ({
    ticketId: ticket.id,
    priority: ticket.priority,
    clocks: CLOCKS.map(({ clock, metBy, deadlineOf }) => ({ clock, metBy, deadlineAt: deadlineOf(ticket) })),
  }));
  return forecastQueue({ tickets, now, hours, pace }).flatMap(({ ticketId, clocks }) => {
    const ticket = byId.get(ticketId)!;
    return clocks
      .filter(({ deadlineAt }) => deadlineAt >= now)
      .map(({ metBy, deadlineAt, probability }) => {
        const targets = metBy === 'start' ? setup.responseHours : setup.resolutionHours;
        const passed = openTimeBetween(hours, ticket.queuedAt, now) / (targets[ticket.priority] * HOUR);
        return { ticket, metBy, deadlineAt, probability, passed };
      });
  });
}

function hasBreached({ ticket, metBy, deadlineAt }: Forecast): boolean {
  const endedAt = metBy === 'start' ? ticket.takenAt : ticket.doneAt;
  return endedAt === null || endedAt > deadlineAt;
}

function countsOf(forecasts: readonly Forecast[], probabilityOf: (one: Forecast) => number): Counts {
  const judged = forecasts.map((one) => ({ probability: probabilityOf(one), breached: hasBreached(one) }));
  const alarms = judged.filter(({ probability }) => probability >= 0.5);
  const hits = alarms.filter(({ breached }) => breached).length;
  return {
    forecasts: judged.length,
    breaches: judged.filter(({ breached }) => breached).length,
    hits,
    falseAlarms: alarms.length - hits,
    squares: judged.reduce(
      (total, { probability, breached }) => total + (probability - Number(breached)) ** 2,
      0,
    ),
  };
}

export interface Comparison {
  desk: string;
  seed: string;
  tickets: number;
  ours: Score;
  plain: Score;
}

/** One simulated month (or so many days) of a desk under both rules. */
export function compareRules(setup: DeskSetup, seed: number, days = 30): Comparison {
  const forecasts: Forecast[] = [];
  const tickets = playDesk(setup, {
    seed,
    from: FROM,
    // What waits at the end of the month is played on until it is known how it ends.
    days: WARM_UP_DAYS + days + 10,
    everyMs: 30 * MINUTE,
    lookFrom: FROM + WARM_UP_DAYS * DAY,
    rememberMs: WINDOW_MS,
    look: (glimpse) => {
      if (glimpse.now < FROM + (WARM_UP_DAYS + days) * DAY) forecasts.push(...forecastsAt(setup, glimpse));
    },
  });
  return {
    desk: setup.name,
    seed: String(seed),
    tickets: tickets.filter(({ queuedAt }) => queuedAt >= FROM + WARM_UP_DAYS * DAY).length,
    ours: scoreOf(countsOf(forecasts, ({ probability }) => probability)),
    plain: scoreOf(countsOf(forecasts, ({ passed }) => (passed >= PLAIN_SHARE ? 1 : 0))),
  };
}

const sumOf = (all: readonly Counts[]): Score => {
  const total = (of: (one: Counts) => number) => all.reduce((sum, one) => sum + of(one), 0);
  return scoreOf({
    forecasts: total((one) => one.forecasts),
    breaches: total((one) => one.breaches),
    hits: total((one) => one.hits),
    falseAlarms: total((one) => one.falseAlarms),
    squares: total((one) => one.squares),
  });
};

/** The months of one desk together. */
export const pooled = (months: readonly Comparison[]): Comparison => ({
  desk: months[0]!.desk,
  seed: 'all',
  tickets: months.reduce((sum, { tickets }) => sum + tickets, 0),
  ours: sumOf(months.map(({ ours }) => ours)),
  plain: sumOf(months.map(({ plain }) => plain)),
});

const isBetter = ({ ours, plain }: Comparison): boolean => ours.f1 > plain.f1 && ours.brier < plain.brier;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function lineOf(rule: string, { desk, seed, tickets }: Comparison, score: Score): (string | number)[] {
  const { forecasts, breaches, hits, falseAlarms, precision, recall, f1, brier } = score;
  const counts = [tickets, rule, forecasts, breaches, hits, falseAlarms];
  const shares = [percent(precision), percent(recall), f1.toFixed(3), brier.toFixed(3)];
  return [desk, seed, ...counts, ...shares];
}

const HEAD =
  'desk,seed,tickets,rule,forecasts,breached,foreseen,false alarms,precision,recall,F1,Brier'.split(',');

/** Prints both rules for every desk and seed; true if ours is better for every desk, by F1 and by Brier score. */
export async function run({ json }: { json?: boolean }): Promise<boolean> {
  const desks = [TUNED, HELD_OUT, HELD_OUT_TOO].map((setup) =>
    SEEDS.map((seed) => compareRules(setup, seed)),
  );
  const all = desks.flatMap((months) => [...months, pooled(months)]);
  const worse = desks.map(pooled).filter((one) => !isBetter(one));
  if (json)
    process.stdout.write(
      `${JSON.stringify({ bench: 'forecast', months: all, worse: worse.map(({ desk }) => desk) })}\n`,
    );
  else {
    const lines = all.flatMap((one) => [
      lineOf('forecast', one, one.ours),
      lineOf('past 75 %', one, one.plain),
    ]);
    const verdict =
      worse.length === 0
        ? 'the forecast is better than the plain rule for every desk, by F1 and by Brier score'
        : `the plain rule is better for ${worse.map(({ desk }) => desk).join(', ')}`;
    process.stdout.write(
      `which clocks of waiting tickets will breach, asked every 30 minutes for simulated months\n${table(HEAD, lines)}\n${verdict}\n`,
    );
  }
  return worse.length === 0;
}
