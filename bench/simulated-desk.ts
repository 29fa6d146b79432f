/**
 * A made-up help desk with one queue, played event by event from a seed: what arrives follows the hour and now and
 * then surges, staff comes and goes, and no two tickets take the same time. Agents take the next ticket of the queue
 * as soon as they are free, finish it, and go home at closing time in the middle of one if need be.
 */
import { expandCalendar, type Calendar } from '../domain/calendar.ts';
import { instantAfter, isOpenAt, nextOpenAt, openTimeBetween, type OpenHours } from '../domain/open-hours.ts';
import type { Stay } from '../domain/pace.ts';
import { PRIORITIES, type Priority } from '../domain/policy.ts';
import { compareInQueue } from '../domain/queue.ts';
import { randomFrom } from './random.ts';

export const HOUR = 3_600_000;
export const MINUTE = 60_000;
const DAY = 24 * HOUR;

export interface DeskSetup {
  name: string;
  calendar: Calendar;
  /** Tickets that arrive on an ordinary working day, by priority. */
  perDay: Record<Priority, number>;
  /** How much of an ordinary hour arrives in each hour of the day, local time. */
  dayPattern: readonly number[];
  /** Share of it on days on which the desk is closed. */
  closedDays: number;
  /** Chance of a surge on a day, how many times as much arrives then, and for how many hours. */
  surge: { chance: number; times: number; hours: number };
  /** Mean handling time in hours, by priority, and its coefficient of variation. */
  handlingHours: Record<Priority, number>;
  variation: number;
  /** Tail of the handling times. */
  shape: 'lognormal' | 'gamma';
  /** Agents on an ordinary day; each is away with this chance, and at lunch a share of them is. */
  agents: number;
  away: number;
  lunch: { hour: number; share: number };
  /** Targets in hours of the desk's own calendar. */
  responseHours: Record<Priority, number>;
  resolutionHours: Record<Priority, number>;
}

export interface PlayedTicket extends Stay {
  id: string;
  responseAt: number;
  resolutionAt: number;
}

/** What the desk looks like at one instant: tickets are seen as they were then. */
export interface Glimpse {
  now: number;
  hours: OpenHours;
  /** The queue in its order. */
  queue: readonly PlayedTicket[];
  /** All stays that reached into the last so many days; what happened later is not in them. */
  stays: readonly Stay[];
}

type Random = () => number;

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Marsaglia and Tsang's method. */
function gammaOf(shape: number, random: Random): number {
  if (shape < 1) return gammaOf(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

function handlingMs({ handlingHours, variation, shape }: DeskSetup, priority: Priority, random: Random) {
  const mean = handlingHours[priority] * HOUR;
  if (shape === 'gamma') return Math.ceil((mean * gammaOf(variation ** -2, random)) / variation ** -2);
  const sigma = Math.sqrt(Math.log(1 + variation ** 2));
  return Math.ceil(mean * Math.exp(sigma * normal(random) - sigma ** 2 / 2));
}

/** Hours since local midnight; the made-up desks are in UTC. */
const hourOf = (at: number): number => Math.floor((at % DAY) / HOUR);
const dayOf = (at: number): number => Math.floor(at / DAY);

interface Arrival {
  at: number;
  priority: Priority;
}

/** Arrivals of all days: in each minute one or none. */
function arrivalsOf(setup: DeskSetup, { hours, from, until }: Played, random: Random): Arrival[] {
  const { dayPattern, perDay, closedDays, surge } = setup;
  const ordinary = dayPattern.reduce((total, one) => total + one, 0);
  const all: Arrival[] = [];
  for (let day = dayOf(from); day * DAY < until; day += 1) {
    const isWorking = openTimeBetween(hours, day * DAY, (day + 1) * DAY) > 0;
    const surgeAt = random() < surge.chance ? 8 + Math.floor(random() * 6) : null;
    for (let minute = 0; minute < 1440; minute += 1) {
      const hour = Math.floor(minute / 60);
      const isSurge = surgeAt !== null && hour >= surgeAt && hour < surgeAt + surge.hours;
      const share =
        (dayPattern[hour]! / ordinary / 60) * (isWorking ? 1 : closedDays) * (isSurge ? surge.times : 1);
      for (const priority of PRIORITIES)
        if (random() < perDay[priority] * share)
          all.push({ at: day * DAY + minute * MINUTE + Math.floor(random() * MINUTE), priority });
    }
  }
  return all.filter(({ at }) => at >= from && at < until).toSorted((a, b) => a.at - b.at);
}

interface Played {
  hours: OpenHours;
  from: number;
  until: number;
}

/** Who came to work on each day. */
function staffOf({ agents, away, lunch }: DeskSetup, random: Random): (at: number) => number {
  const byDay = new Map<number, number>();
  return (at) => {
    const day = dayOf(at);
    const there =
      byDay.get(day) ?? Math.max(1, Array.from({ length: agents }).filter(() => random() >= away).length);
    byDay.set(day, there);
    return hourOf(at) === lunch.hour ? Math.max(1, Math.round(there * (1 - lunch.share))) : there;
  };
}

const inQueueOrder = (a: PlayedTicket, b: PlayedTicket): number =>
  compareInQueue(
    { ticketId: a.id, priority: a.priority, nextDeadlineAt: a.responseAt, queuedAt: a.queuedAt },
    { ticketId: b.id, priority: b.priority, nextDeadlineAt: b.responseAt, queuedAt: b.queuedAt },
  );

export interface Playing {
  seed: number;
  from: number;
  days: number;
  /** Called every so often while the desk is open, from `lookFrom` on. */
  everyMs: number;
  lookFrom: number;
  /** How far back the stays of a glimpse reach. */
  rememberMs: number;
  look: (glimpse: Glimpse) => void;
}

/** Plays the desk; all tickets with what became of them. What is under way at the end stays open. */
export function playDesk(
  setup: DeskSetup,
  { seed, from, days, everyMs, lookFrom, rememberMs, look }: Playing,
): PlayedTicket[] {
  const until = from + days * DAY;
  // Known far beyond the end, so that every deadline can be reckoned.
  const hours = expandCalendar(setup.name, setup.calendar, from - DAY, until + 60 * DAY);
  // Chance of its own for each, so that a change in one leaves the others as they were.
  const [arriving, working, staffing] = [seed, seed + 1e6, seed + 2e6].map(randomFrom) as [
    Random,
    Random,
    Random,
  ];
  const arrivals = arrivalsOf(setup, { hours, from, until }, arriving);
  const staff = staffOf(setup, staffing);
  const tickets: PlayedTicket[] = [];
  let queue: PlayedTicket[] = [];
  let underWay: PlayedTicket[] = [];

  const arrive = ({ at, priority }: Arrival) => {
    const dueIn = (targets: Record<Priority, number>) => instantAfter(hours, at, targets[priority] * HOUR)!;
    const ticket: PlayedTicket = {
      id: String(tickets.length).padStart(6, '0'),
      priority,
      queuedAt: at,
      takenAt: null,
      doneAt: null,
      responseAt: dueIn(setup.responseHours),
      resolutionAt: dueIn(setup.resolutionHours),
    };
    tickets.push(ticket);
    queue = [...queue, ticket].toSorted(inQueueOrder);
  };
  const take = (now: number) => {
    if (!isOpenAt(hours, now)) return;
    while (queue.length > 0 && underWay.length < staff(now)) {
      const ticket = queue.shift()!;
      ticket.takenAt = now;
      ticket.doneAt = instantAfter(hours, now, handlingMs(setup, ticket.priority, working));
      underWay = [...underWay, ticket].toSorted((a, b) => (a.doneAt ?? Infinity) - (b.doneAt ?? Infinity));
    }
  };
  /** As it was known at `now`: when something under way will be done is not. */
  const seenAt = (now: number): Stay[] =>
    tickets
      .filter(({ doneAt }) => doneAt === null || doneAt > now - rememberMs)
      .map((ticket) =>
        ticket.doneAt !== null && ticket.doneAt > now ? { ...ticket, doneAt: null } : ticket,
      );

  let nextArrival = 0;
  for (let tick = from; tick < until;) {
    const arrival = arrivals[nextArrival]?.at ?? Infinity;
    const done = underWay[0]?.doneAt ?? Infinity;
    const now = Math.min(arrival, done, tick);
    if (now === done) underWay.shift();
    else if (now === arrival) arrive(arrivals[nextArrival++]!);
    take(now);
    if (now < tick || now === done || now === arrival) continue;
    if (now >= lookFrom && isOpenAt(hours, now)) look({ now, hours, queue, stays: seenAt(now) });
    tick = Math.max(tick + everyMs, nextOpenAt(hours, tick + everyMs)!);
  }
  return tickets;
}
