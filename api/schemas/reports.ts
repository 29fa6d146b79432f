/** Reports of what tiers do: which tickets they are about, their lines, and the facts that the lines add up. */
import { z } from 'zod';
import { OWNERS } from '../../domain/effort.ts';
import { PACKET_ITEMS } from '../../domain/packet.ts';
import {
  cursor,
  instant,
  instantMs,
  limit,
  markedCount,
  markedId,
  page,
  priority,
  seconds,
  word,
} from './common.ts';
import {
  AVOIDED_EXAMPLE,
  BREACHES_EXAMPLE,
  COACHING_EXAMPLE,
  EFFORT_EXAMPLE,
  HANDOFFS_EXAMPLE,
  SHIFT_LEFT_EXAMPLE,
} from './report-examples.ts';

const NONE = 'Empty for none';

/** A team, or none. */
const team = z
  .string()
  .max(200)
  .transform((text) => (text === '' ? null : text))
  .optional();
const tier = z
  .string()
  .regex(/^[1-9]?$/, 'must be a tier from 1 to 9, or empty')
  .transform((text) => (text === '' ? null : Number(text)))
  .optional()
  .openapi({ type: 'string', pattern: '^[1-9]?$', description: NONE });
const teamOf = (description: string) =>
  team.openapi({ type: 'string', description: `${description}. ${NONE}` });
/** A key of lines by a word, or none. */
const wordOrNone = teamOf('As in the line');

const DAYS = 31;
const WHEN = `To default to now; the period is ${DAYS} days long unless said otherwise, and 366 at most`;

/** How long a report reaches back unless told, and at most. */
export const REPORT_DAYS = { usual: DAYS, most: 366 } as const;

const FORMATS = ['json', 'csv'] as const;
const about = z.strictObject({
  by: z
    .enum(['opened', 'resolved'])
    .default('opened')
    .openapi({ description: 'What lies in the period: the opening of a ticket, or its resolution' }),
  from: instantMs.optional().openapi({ description: 'From this instant on' }),
  to: instantMs.optional().openapi({ description: `Before this instant. ${WHEN}` }),
  customer: word.optional(),
  service: word.optional(),
  policy: word.optional(),
  mode: z
    .enum(['act', 'observe'])
    .default('act')
    .openapi({ description: 'Tickets that are worked on, or those that are only observed' }),
  format: z
    .enum(FORMATS)
    .optional()
    .openapi({ description: 'As the header `Accept` says where it is absent; JSON if that says nothing' }),
});

const asOf = instantMs.optional().openapi({
  description:
    'Open tickets are counted up to this instant, or their last change if that is later; now if absent',
});

const pageOf = { limit, cursor };

export const effortQuery = about.extend({ asOf, team: teamOf('Time that belongs to the team') });
export const effortFactQuery = effortQuery.extend({
  ...pageOf,
  owner: z.enum(OWNERS).optional(),
  tier,
  rate: z
    .string()
    .regex(/^(\d{1,8}(\.\d{1,4})? [A-Z]{3})?$/, 'must be an amount and a currency, as in "95 EUR", or empty')
    .optional()
    .openapi({ description: NONE, example: '95 EUR' }),
});

export const avoidedQuery = about;
export const avoidedFactQuery = about.extend({
  ...pageOf,
  how: z.enum(['consult', 'article']).optional(),
  tier,
  rate: effortFactQuery.shape.rate,
});

export const handoffQuery = about.extend({ team: teamOf('Offered by the team, or to it') });
export const handoffFactQuery = handoffQuery.extend({
  ...pageOf,
  kind: z.enum(['offered', 'automatic']).optional(),
  fromTier: tier,
  fromTeam: wordOrNone,
  toTier: tier,
  toTeam: wordOrNone,
});

export const GROUPS = ['category', 'symptom', 'causeCode', 'fingerprint'] as const;
export const shiftLeftQuery = about.extend({
  team: teamOf('Solved by the team'),
  groupBy: z
    .string()
    .max(100)
    .default('category,symptom,causeCode')
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(GROUPS)).min(1))
    .transform((all) => [...new Set(all)])
    .openapi({ type: 'string', description: 'What is alike in the tickets of a line, separated by commas' }),
  atLeast: z.coerce.number().int().min(1).max(10_000).default(2).openapi({
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    description: 'Tickets that make it a repetition',
  }),
});
export const shiftLeftFactQuery = about.extend({
  ...pageOf,
  team: shiftLeftQuery.shape.team,
  tier,
  category: wordOrNone,
  symptom: wordOrNone,
  causeCode: wordOrNone,
  fingerprint: wordOrNone,
});

export const coachingQuery = about.extend({ team: teamOf('What the team did') });
export const coachingFactQuery = coachingQuery.extend({ ...pageOf, tier });

export const breachReportQuery = about.extend({
  by: z.enum(['breached', 'opened', 'resolved']).default('breached').openapi({
    description: 'What lies in the period: the breach, the opening of the ticket, or its resolution',
  }),
  team: teamOf('Of tickets that the team has, or had last'),
});
export const breachFactQuery = breachReportQuery.extend({
  ...pageOf,
  breachedAtTier: tier,
  owner: z.enum(OWNERS).optional(),
  tier,
});

export const factMark = z.strictObject({ ticketId: markedId, n: markedCount });

const lineLinks = z.object({
  tickets: z.string().openapi({ description: 'The facts that this line adds up, with their tickets' }),
});
const tierOrNone = z.int().nullable();
const name = z.string().nullable();
const hours = z.number().openapi({ description: 'The seconds in hours, to four decimals' });
const money = z
  .number()
  .nullable()
  .openapi({ description: 'Hours times rate, to the cent; null without a rate' });
const rate = {
  ratePerHour: z.number().nullable().openapi({ description: 'Of the team, else of the tier in the policy' }),
  currency: name,
};
const missing = z
  .array(z.object({ item: z.enum(PACKET_ITEMS), count: z.int() }))
  .openapi({ description: 'Most frequent first' });
const costs = z
  .array(z.object({ currency: z.string(), amount: z.number() }))
  .openapi({ description: 'The lines’ costs, added up for each currency' });

const effortLine = z.object({
  owner: z.enum(OWNERS).openapi({
    description:
      '`inFlight`: offered and not accepted yet, charged to the tier that offered; `uncovered`: the owner’s tier was closed, charged to the policy',
  }),
  tier: tierOrNone,
  team: name.openapi({
    description: 'The only team of the tier that had the ticket; null where that is not known',
  }),
  policy: name.openapi({ description: 'Of uncovered time' }),
  seconds,
  hours,
  ...rate,
  cost: money,
  tickets: z.int(),
  links: lineLinks,
});

const avoidedLine = z.object({
  how: z.enum(['consult', 'article']),
  tier: tierOrNone.openapi({ description: 'The tier that was not needed' }),
  tickets: z.int(),
  medianSeconds: seconds
    .nullable()
    .openapi({ description: 'Time that this tier had a resolved ticket, at the median; null without any' }),
  sample: z.int().nullable().openapi({ description: 'Tickets that the median is of' }),
  ...rate,
  cost: money.openapi({
    description: 'Tickets times the median times the rate; null where one is not known',
  }),
  links: lineLinks,
});

const handoffLine = z.object({
  kind: z.enum(['offered', 'automatic']),
  fromTier: tierOrNone,
  fromTeam: name,
  toTier: tierOrNone,
  toTeam: name,
  handoffs: z.int(),
  accepted: z.int(),
  returned: z.int(),
  withdrawn: z.int(),
  lapsed: z.int().openapi({ description: 'Overtaken: by another handoff, or by the end of the ticket' }),
  pending: z.int(),
  overridden: z.int().openapi({ description: 'Let pass incomplete by a lead' }),
  meanCompleteness: z.number().nullable().openapi({ description: 'Percent of what the tier requires' }),
  medianAcceptSeconds: seconds.nullable(),
  p90AcceptSeconds: seconds.nullable(),
  missing: missing.openapi({ description: 'When it was offered, or by whoever returned it' }),
  tickets: z.int(),
  pingPongTickets: z.int().openapi({ description: 'That came back twice or more in all' }),
  links: lineLinks,
});

const shiftLeftLine = z.object({
  solvedAtTier: tierOrNone,
  category: name,
  symptom: name,
  causeCode: name,
  fingerprint: name,
  tickets: z.int(),
  seconds: seconds.openapi({ description: 'That tiers above the first had them' }),
  hours,
  solvedWithArticle: z.int(),
  needArticle: z.int().openapi({ description: 'Resolved with the wish for an article' }),
  articles: z.array(z.string()).openapi({ description: 'That solved some of them; ten at most' }),
  articleExists: z
    .boolean()
    .openapi({ description: 'One solved some of them, or one is published for the category' }),
  advice: z.enum(['writeArticle', 'useArticle']).openapi({ description: 'What would let tier 1 solve them' }),
  links: lineLinks,
});

const coachingLine = z.object({
  tier: tierOrNone,
  team: name,
  handoffs: z.int().openapi({ description: 'Offered from here' }),
  returned: z.int().openapi({ description: 'Of these' }),
  returnedPercent: z.number().nullable(),
  overridden: z.int(),
  missing,
  automaticHandoffs: z.int().openapi({ description: 'That the ladder made from here' }),
  consultsAsked: z.int(),
  consultsAnswered: z.int().openapi({ description: 'By this tier and team' }),
  consultsSolved: z.int().openapi({ description: 'Of these' }),
  medianAnswerSeconds: seconds.nullable(),
  shadowed: z.int().openapi({ description: 'Times that somebody joined a ticket here to learn' }),
  suggestions: z.int().openapi({ description: 'Consults that were suggested' }),
  suggestionsIgnored: z.int().openapi({ description: 'Of these, followed by an automatic handoff' }),
  tickets: z.int(),
  links: lineLinks,
});

const breachLine = z.object({
  breachedAtTier: tierOrNone.openapi({ description: 'Who had the ticket when the promise was broken' }),
  owner: z.enum(OWNERS),
  tier: tierOrNone.openapi({ description: 'Whose time it was; what was in flight is its too' }),
  seconds: seconds.openapi({ description: 'From the start to the deadline' }),
  hours,
  inFlightSeconds: seconds.openapi({ description: 'Of these' }),
  countedSeconds: seconds.openapi({ description: 'Of these, while the resolution clock ran' }),
  percent: z
    .number()
    .nullable()
    .openapi({ description: 'Of the counted time of the breaches at this tier, to one decimal' }),
  breaches: z.int(),
  burnedMost: z
    .int()
    .openapi({ description: 'Breaches of whose counted time this owner had the largest part' }),
  links: lineLinks,
});

const head = {
  report: z.string(),
  by: z.enum(['opened', 'resolved', 'breached']),
  from: instant,
  to: instant,
  asOf: instant,
  hasMore: z.boolean().openapi({ description: 'There are more lines than are shown' }),
  links: z.object({ csv: z.string(), tickets: z.string() }),
};

/** The sums of all lines: without what tells them apart. */
const totalOf = <S extends z.ZodRawShape>(line: z.ZodObject<S>, keys: readonly (keyof S & string)[]) =>
  line.omit(Object.fromEntries([...keys, 'links'].map((key) => [key, true])) as never);

const openTickets = z
  .object({
    counted: z.int().openapi({ description: 'Open tickets counted up to `asOf`' }),
    hasOlder: z.boolean().openapi({
      description: 'There are more: those are counted up to their last change (`countedTo` of the fact)',
    }),
  })
  .openapi('ReportedOpenTickets');

export const effortReport = z
  .object({
    ...head,
    openTickets,
    data: z.array(effortLine),
    total: z.object({ seconds, hours, costs, tickets: z.int() }),
  })
  .openapi('EffortReport', { example: EFFORT_EXAMPLE });
export const avoidedReport = z
  .object({ ...head, data: z.array(avoidedLine), total: z.object({ tickets: z.int(), costs }) })
  .openapi('AvoidedEscalationsReport', { example: AVOIDED_EXAMPLE });
export const handoffReport = z
  .object({
    ...head,
    data: z.array(handoffLine),
    total: totalOf(handoffLine, ['kind', 'fromTier', 'fromTeam', 'toTier', 'toTeam']),
  })
  .openapi('HandoffReport', { example: HANDOFFS_EXAMPLE });
export const shiftLeftReport = z
  .object({
    ...head,
    data: z.array(shiftLeftLine),
    total: z
      .object({ tickets: z.int(), seconds, hours })
      .openapi({ description: 'Of all tickets solved above tier 1, repeated or not' }),
  })
  .openapi('ShiftLeftReport', { example: SHIFT_LEFT_EXAMPLE });
export const coachingReport = z
  .object({ ...head, data: z.array(coachingLine), total: totalOf(coachingLine, ['tier', 'team']) })
  .openapi('CoachingReport', { example: COACHING_EXAMPLE });
export const breachReport = z
  .object({
    ...head,
    complete: z
      .boolean()
      .openapi({ description: 'False where there were more breaches than are counted: the latest are' }),
    data: z.array(breachLine),
    total: z.object({ breaches: z.int(), seconds, hours, countedSeconds: seconds }),
  })
  .openapi('BreachesByTierReport', { example: BREACHES_EXAMPLE });

const ticketLinks = z.object({ ticket: z.string() });
const ofTicket = { ticketId: z.string(), links: ticketLinks };
const factPage = (fact: z.ZodObject, called: string) =>
  z.object({ data: z.array(fact.extend({ links: ticketLinks })), page }).openapi(called);

export const effortFacts = factPage(
  z.object({
    ...ofTicket,
    owner: z.enum(OWNERS),
    tier: tierOrNone,
    team: name,
    policy: name,
    seconds,
    ...rate,
    countedTo: instant.nullable().openapi({ description: 'Of open tickets' }),
  }),
  'EffortFacts',
);
export const avoidedFacts = factPage(
  z.object({
    ...ofTicket,
    how: z.enum(['consult', 'article']),
    fromTier: z.int(),
    tier: z.int(),
    article: name,
    medianSeconds: seconds.nullable(),
    sample: z.int().nullable(),
    ...rate,
  }),
  'AvoidedEscalationFacts',
);
export const handoffFacts = factPage(
  z.object({
    ...ofTicket,
    at: instant,
    kind: z.enum(['offered', 'automatic']),
    fromTier: z.int(),
    fromTeam: name,
    toTier: z.int(),
    toTeam: name,
    outcome: z.enum(['accepted', 'returned', 'withdrawn', 'lapsed', 'pending']),
    endedAt: instant.nullable(),
    acceptSeconds: seconds.nullable(),
    completeness: z.int().nullable(),
    overridden: z.boolean(),
    missing: z.array(z.enum(PACKET_ITEMS)),
    returns: z.int().openapi({ description: 'Of the ticket in all' }),
  }),
  'HandoffFacts',
);
export const shiftLeftFacts = factPage(
  z.object({
    ...ofTicket,
    solvedAtTier: z.int(),
    team: name,
    category: name,
    symptom: name,
    causeCode: name,
    fingerprint: name,
    seconds,
    article: name,
    needsArticle: z.boolean(),
  }),
  'ShiftLeftFacts',
);
export const coachingFacts = factPage(
  z.object({
    ...ofTicket,
    at: instant,
    kind: z.enum([
      'handoff',
      'automaticHandoff',
      'consultAsked',
      'consultAnswered',
      'consultSuggested',
      'shadowed',
    ]),
    tier: tierOrNone,
    team: name,
    toTier: tierOrNone,
    agent: name,
    returned: z.boolean().nullable(),
    overridden: z.boolean().nullable(),
    solved: z.boolean().nullable(),
    ignored: z.boolean().nullable(),
    answerSeconds: seconds.nullable(),
    missing: z.array(z.enum(PACKET_ITEMS)),
  }),
  'CoachingFacts',
);
export const breachFacts = factPage(
  z.object({
    ...ofTicket,
    cycle: z.int(),
    breachedAt: instant,
    breachedAtTier: z.int(),
    priority,
    owner: z.enum(OWNERS),
    tier: tierOrNone,
    seconds,
    inFlightSeconds: seconds,
    countedSeconds: seconds,
    burnedMost: z.boolean(),
  }),
  'BreachesByTierFacts',
);
