/** Examples of reports for the documentation; a test holds them against their schemas. */

const PERIOD = 'from=2026-01-01T00%3A00%3A00.000Z&to=2026-02-01T00%3A00%3A00.000Z';

const head = (report: string, by = 'opened') => ({
  report,
  by,
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-02-01T00:00:00.000Z',
  asOf: '2026-02-02T08:00:00.000Z',
  hasMore: false,
  links: {
    csv: `/v1/reports/${report}?by=${by}&${PERIOD}&format=csv`,
    tickets: `/v1/reports/${report}/tickets?by=${by}&${PERIOD}`,
  },
});

const lineLinks = (report: string, key: string, by = 'opened') => ({
  links: { tickets: `/v1/reports/${report}/tickets?by=${by}&${PERIOD}&${key}` },
});

export const EFFORT_EXAMPLE = {
  ...head('effort'),
  openTickets: { counted: 14, hasOlder: false },
  data: [
    {
      owner: 'tier',
      tier: 2,
      team: 'network',
      policy: null,
      seconds: 93_600,
      hours: 26,
      ratePerHour: 62,
      currency: 'EUR',
      cost: 1612,
      tickets: 9,
      ...lineLinks('effort', 'owner=tier&tier=2&team=network&rate=62%20EUR'),
    },
  ],
  total: { seconds: 93_600, hours: 26, costs: [{ currency: 'EUR', amount: 1612 }], tickets: 9 },
};

export const AVOIDED_EXAMPLE = {
  ...head('avoided-escalations'),
  data: [
    {
      how: 'consult',
      tier: 3,
      tickets: 4,
      medianSeconds: 9_000,
      sample: 11,
      ratePerHour: 95,
      currency: 'EUR',
      cost: 950,
      ...lineLinks('avoided-escalations', 'how=consult&tier=3&rate=95%20EUR'),
    },
  ],
  total: { tickets: 4, costs: [{ currency: 'EUR', amount: 950 }] },
};

const HANDOFF_FIGURES = {
  handoffs: 20,
  accepted: 16,
  returned: 3,
  withdrawn: 1,
  lapsed: 0,
  pending: 0,
  overridden: 1,
  meanCompleteness: 91.7,
  medianAcceptSeconds: 640,
  p90AcceptSeconds: 2_100.5,
  missing: [{ item: 'scope', count: 3 }],
  tickets: 18,
  pingPongTickets: 1,
};
export const HANDOFFS_EXAMPLE = {
  ...head('handoffs'),
  data: [
    {
      kind: 'offered',
      fromTier: 1,
      fromTeam: 'desk',
      toTier: 2,
      toTeam: 'network',
      ...HANDOFF_FIGURES,
      ...lineLinks('handoffs', 'kind=offered&fromTier=1&fromTeam=desk&toTier=2&toTeam=network'),
    },
  ],
  total: HANDOFF_FIGURES,
};

export const SHIFT_LEFT_EXAMPLE = {
  ...head('shift-left'),
  data: [
    {
      solvedAtTier: 3,
      category: 'network',
      symptom: 'vpn-drops',
      causeCode: 'configuration',
      fingerprint: null,
      tickets: 7,
      seconds: 63_000,
      hours: 17.5,
      solvedWithArticle: 0,
      needArticle: 2,
      articles: [],
      articleExists: false,
      advice: 'writeArticle',
      ...lineLinks('shift-left', 'tier=3&category=network&symptom=vpn-drops&causeCode=configuration'),
    },
  ],
  total: { tickets: 31, seconds: 201_600, hours: 56 },
};

const COACHING_FIGURES = {
  handoffs: 20,
  returned: 3,
  returnedPercent: 15,
  overridden: 1,
  missing: [{ item: 'scope', count: 3 }],
  automaticHandoffs: 2,
  consultsAsked: 5,
  consultsAnswered: 0,
  consultsSolved: 0,
  medianAnswerSeconds: null,
  shadowed: 2,
  suggestions: 2,
  suggestionsIgnored: 1,
  tickets: 24,
};
export const COACHING_EXAMPLE = {
  ...head('coaching'),
  data: [{ tier: 1, team: 'desk', ...COACHING_FIGURES, ...lineLinks('coaching', 'tier=1&team=desk') }],
  total: COACHING_FIGURES,
};

export const BREACHES_EXAMPLE = {
  ...head('breaches-by-tier', 'breached'),
  complete: true,
  data: [
    {
      breachedAtTier: 2,
      owner: 'tier',
      tier: 1,
      seconds: 46_800,
      hours: 13,
      inFlightSeconds: 7_200,
      countedSeconds: 46_800,
      percent: 81.3,
      breaches: 2,
      burnedMost: 2,
      ...lineLinks('breaches-by-tier', 'breachedAtTier=2&owner=tier&tier=1', 'breached'),
    },
  ],
  total: { breaches: 2, seconds: 57_600, hours: 16, countedSeconds: 57_600 },
};
