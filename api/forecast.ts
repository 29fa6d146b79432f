/** The forecast of a queue: which of the tickets in it will breach at the pace measured over the last fortnight. */
import { expandCalendar } from '../domain/calendar.ts';
import { forecastQueue, metByOf, type QueuedTicket, type TicketForecast } from '../domain/forecast.ts';
import { ALWAYS, type OpenHours } from '../domain/open-hours.ts';
import { measurePace, type Pace } from '../domain/pace.ts';
import { PRIORITIES, type Priority } from '../domain/policy.ts';
import { staysOf, type TierStay } from '../domain/stays.ts';
import type { RunningClock } from '../prisma/paces.ts';
import type { ApiDeps } from './deps.ts';
import { defineRoute, type Route } from './route.ts';
import { forecastQuery, queueForecast, type QueueForecastView } from './schemas/forecast.ts';
import { queueParams } from './schemas/queues.ts';
import { locationOf } from './show-ticket.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const WINDOW_MS = 14 * DAY;
/** Deadlines further away are not at risk from today's queue. */
const AHEAD_MS = 60 * DAY;
const MOST_FORECAST = 500;
/** Tickets that the pace is measured from, at most: the latest. */
const MOST_MEASURED = 20_000;
/** What was done does not change from one look to the next; measuring it takes a while. */
const MEASURED_FOR_MS = 30_000;

interface Queue {
  tier: number;
  team: string | undefined;
}

function mostFrequent(calendars: readonly RunningClock[]): RunningClock | undefined {
  const times = new Map<string, number>();
  for (const { calendar } of calendars) times.set(calendar, (times.get(calendar) ?? 0) + 1);
  return calendars.toSorted((a, b) => times.get(b.calendar)! - times.get(a.calendar)!)[0];
}

/** The hours of the team where it has some of its own, else those that most clocks of the queue count on. */
async function hoursOf(
  deps: ApiDeps,
  { team }: Queue,
  { clocks, now }: { clocks: readonly RunningClock[]; now: number },
): Promise<OpenHours> {
  const expanded = (name: string, calendar: Parameters<typeof expandCalendar>[1] | undefined) =>
    calendar ? expandCalendar(name, calendar, now - WINDOW_MS - DAY, now + AHEAD_MS) : ALWAYS;
  const own = team === undefined ? null : ((await deps.people.team(team))?.calendar ?? null);
  if (own !== null) return expanded(own, (await deps.calendars.inForce())[own]);
  const usual = mostFrequent(clocks);
  if (!usual || usual.calendar === 'always') return ALWAYS;
  const { calendars } = await deps.policyVersion(usual.policy, usual.policyVersion);
  return expanded(usual.calendar, calendars[usual.calendar]);
}

/** The stays of the last fortnight, asked once for all who look within half a minute. */
function measuredStays({ paces }: ApiDeps): (now: number) => Promise<TierStay[]> {
  let known: { at: number; stays: Promise<TierStay[]> } | null = null;
  return (now) => {
    if (known && now - known.at < MEASURED_FOR_MS && now >= known.at) return known.stays;
    const stays = paces.moves(new Date(now - WINDOW_MS), MOST_MEASURED).then(staysOf);
    const asked = { at: now, stays };
    known = asked;
    stays.catch(() => {
      if (known === asked) known = null;
    });
    return stays;
  };
}

const isOf = ({ tier, team }: Queue, stay: TierStay): boolean =>
  stay.tier === tier && (team === undefined || stay.team === team || stay.team === null);

function queuedClocks(clocks: readonly RunningClock[]): QueuedTicket['clocks'] {
  return clocks.flatMap(({ clock, deadlineAt }) => {
    const metBy = metByOf(clock);
    return metBy ? [{ clock, deadlineAt, metBy }] : [];
  });
}

const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

function paceView(pace: Pace, { calendar }: OpenHours): QueueForecastView['pace'] {
  return {
    perOpenHour: pace.rate * HOUR,
    usualPerOpenHour: pace.usualRate * HOUR,
    uncertainty: pace.uncertainty,
    from: iso(pace.from),
    finished: pace.finished,
    busySeconds: pace.busyMs / 1000,
    calendar,
    byPriority: PRIORITIES.map((priority) => {
      const { handlingMs, arrivalRate, measured } = pace.byPriority[priority];
      return {
        priority,
        handlingSeconds: handlingMs / 1000,
        arrivalsPerOpenHour: arrivalRate * HOUR,
        measured,
      };
    }),
  };
}

function ticketView(found: TicketForecast, priority: Priority): QueueForecastView['data'][number] {
  const { ticketId, position, startAt, finishAt, probability, willBreach, clocks } = found;
  return {
    ticketId,
    priority,
    position,
    startAt: isoOrNull(startAt),
    finishAt: isoOrNull(finishAt),
    probability,
    willBreach,
    why: {
      workAhead: found.workAhead,
      overtaken: found.overtaken,
      waitSeconds: found.waitMs / 1000,
    },
    clocks: clocks.map(({ deadlineAt, ...clock }) => ({ ...clock, deadlineAt: iso(deadlineAt) })),
    links: { ticket: locationOf(ticketId) },
  };
}

/** `GET /v1/queues/{tier}/forecast`. */
export function forecastRoutes(deps: ApiDeps): Route[] {
  const stays = measuredStays(deps);
  return [
    defineRoute({
      method: 'get',
      path: '/v1/queues/{tier}/forecast',
      operationId: 'forecastQueue',
      operation: 'queue.read',
      tag: 'queues',
      summary: 'Which of the tickets that wait will breach at the measured pace',
      description:
        'The pace is measured over the last fortnight, from what was finished in open hours in which somebody waited. ' +
        'Clocks that nobody in the queue can meet (promised times, vendors, tasks) are left out.',
      params: queueParams,
      query: forecastQuery,
      answers: { 200: { description: 'In the order of the queue', schema: queueForecast } },
      problems: [],
      async handle({ params: { tier }, query: { team } }) {
        const now = (deps.now ?? Date.now)();
        const queue: Queue = { tier, team };
        const listed = await deps.queues.list(queue, { after: null, limit: MOST_FORECAST + 1 });
        const rows = listed.slice(0, MOST_FORECAST);
        const clocks = await deps.paces.clocksOf(rows.map(({ ticketId }) => ticketId));
        const clocksOf = (id: string) => clocks.filter(({ ticketId }) => ticketId === id);
        const hours = await hoursOf(deps, queue, { clocks, now });
        const measured = (await stays(now)).filter((stay) => isOf(queue, stay));
        const pace = measurePace(measured, { hours, from: now - WINDOW_MS, now });
        const tickets = rows.map(({ ticketId, priority }) => ({
          ticketId,
          priority,
          clocks: queuedClocks(clocksOf(ticketId)),
        }));
        const found = forecastQueue({ tickets, now, hours, pace });
        const data = found.map((one, i) => ticketView(one, tickets[i]!.priority));
        return {
          body: {
            tier,
            team: team ?? null,
            asOf: iso(now),
            pace: paceView(pace, hours),
            willBreach: found.filter(({ willBreach }) => willBreach).length,
            data,
            hasMore: listed.length > MOST_FORECAST,
          },
        };
      },
    }),
  ];
}
