/** Example of a forecast for the documentation; a test holds it against its schema. */
import { TICKET_EXAMPLE } from './examples.ts';

const byPriority = (['P1', 'P2', 'P3', 'P4'] as const).map((priority, i) => ({
  priority,
  handlingSeconds: [5400, 3900, 3060, 2520][i]!,
  arrivalsPerOpenHour: [0.2, 1, 2.1, 1.4][i]!,
  measured: [19, 84, 171, 118][i]!,
}));

export const FORECAST_EXAMPLE = {
  tier: 1,
  team: 'network',
  asOf: '2026-01-30T09:21:00.250Z',
  pace: {
    perOpenHour: 6.1,
    usualPerOpenHour: 6.4,
    uncertainty: 0.14,
    from: '2026-01-16T09:21:00.250Z',
    finished: 301.4,
    busySeconds: 178_200,
    calendar: 'office',
    byPriority,
  },
  willBreach: 1,
  data: [
    {
      ticketId: TICKET_EXAMPLE.id,
      priority: 'P2',
      position: 1,
      startAt: '2026-01-30T09:31:00.250Z',
      finishAt: '2026-01-30T10:36:00.250Z',
      probability: 0.71,
      willBreach: true,
      why: { workAhead: 1, overtaken: 0.04, waitSeconds: 600 },
      clocks: [
        {
          clock: 'resolution',
          deadlineAt: '2026-01-30T10:00:00.000Z',
          metBy: 'finish',
          probability: 0.71,
          willBreach: true,
        },
      ],
      links: { ticket: `/v1/tickets/${TICKET_EXAMPLE.id}` },
    },
  ],
  hasMore: false,
} as const;
