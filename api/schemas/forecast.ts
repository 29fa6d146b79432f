/** The forecast of a queue: which of the tickets in it will breach at the measured pace (docs/forecast.md). */
import { z } from 'zod';
import { clockName, instant, priority, seconds, word } from './common.ts';
import { FORECAST_EXAMPLE } from './forecast-examples.ts';

export const forecastQuery = z.strictObject({
  team: word.optional().openapi({
    description: 'Of what the members of this team may pull. All of the tier if absent',
  }),
});

const probability = z.number().min(0).max(1);

const pace = z
  .object({
    perOpenHour: z
      .number()
      .openapi({ description: 'Tickets of average size finished while somebody waited' }),
    usualPerOpenHour: z.number().openapi({ description: 'The same without the last four open hours' }),
    uncertainty: z
      .number()
      .openapi({ description: 'Its standard deviation as a share of it; 0.5 is a guess' }),
    from: instant.openapi({ description: 'The window it was measured in begins here' }),
    finished: z.number().openapi({ description: 'Tickets of average size that it was measured from' }),
    busySeconds: seconds.openapi({ description: 'Open time in the window in which somebody waited' }),
    calendar: z.string().openapi({ description: 'What counts as open time' }),
    byPriority: z
      .array(
        z.object({
          priority,
          handlingSeconds: seconds.openapi({ description: 'Open time from taken to done, without holds' }),
          arrivalsPerOpenHour: z.number(),
          measured: z.int().openapi({ description: 'Finished tickets that the handling time rests on' }),
        }),
      )
      .openapi({ description: 'P1 first; where little was measured, close to the average' }),
  })
  .openapi('Pace');

const forecastClock = z.object({
  clock: clockName,
  deadlineAt: instant,
  metBy: z
    .enum(['start', 'finish'])
    .openapi({ description: 'That somebody takes the ticket, or that it is done' }),
  probability,
  willBreach: z.boolean(),
});

export const ticketForecast = z
  .object({
    ticketId: z.string(),
    priority,
    position: z.int().openapi({ description: 'In the queue, from 1' }),
    startAt: instant.nullable().openapi({ description: 'When somebody takes it, by expectation' }),
    finishAt: instant.nullable(),
    probability: probability.openapi({
      description: 'Of a breach of the clock that is most likely to breach',
    }),
    willBreach: z.boolean().openapi({ description: 'As likely as not, or more' }),
    why: z
      .object({
        workAhead: z
          .number()
          .openapi({ description: 'Tickets of average size to be done before it is taken' }),
        overtaken: z
          .number()
          .openapi({ description: 'Those that are expected to arrive and to overtake it' }),
        waitSeconds: seconds.openapi({ description: 'Open time until it is taken' }),
      })
      .openapi({ description: 'What the expectation is made of' }),
    clocks: z.array(forecastClock),
    links: z.object({ ticket: z.string() }),
  })
  .openapi('TicketForecast');

export const queueForecast = z
  .object({
    tier: z.int(),
    team: z.string().nullable(),
    asOf: instant,
    pace,
    willBreach: z.int().openapi({ description: 'How many of these tickets will breach' }),
    data: z.array(ticketForecast).openapi({ description: 'In the order of the queue' }),
    hasMore: z.boolean().openapi({ description: 'Only the first 500 tickets of a queue are forecast' }),
  })
  .openapi('QueueForecast', { example: FORECAST_EXAMPLE });
export type QueueForecastView = z.input<typeof queueForecast>;
