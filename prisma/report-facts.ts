/**
 * What each report counts, as SQL: a relation `facts` with one row per thing that is counted. The lines of a report are
 * sums over it, and its drill-down shows its rows, so that neither can say what the other does not.
 */
import { PACKET_ITEMS } from '../domain/packet.ts';
import { Prisma } from './generated/client.ts';
import { meant, oneOf, placed, type ReportFilter } from './report-filter.ts';

/** Whose time an open ticket takes up to now: its row has it up to its last change. */
export interface CountedTicket {
  id: string;
  shares: Record<string, number>;
  inFlight: Record<string, number>;
  /** Epoch milliseconds. */
  at: number;
}

export interface SqlReport {
  /** Relations, the last of them `facts`. */
  facts(filter: ReportFilter, counted: readonly CountedTicket[]): Prisma.Sql;
  /** What tells lines apart, with the type of each. */
  keys: Readonly<Record<string, 'text' | 'int' | 'numeric'>>;
  /** Over the relation `chosen`: the facts that are asked for. */
  measures: Prisma.Sql;
  /** Columns of a fact, in its drill-down. */
  columns: Prisma.Sql;
  order: Prisma.Sql;
}

const HOUR_MS = 3_600_000;
const { sql } = Prisma;

/** What an hour of a tier costs by each version of each policy. */
const TIER_RATES = sql`
  tier_rates AS (
    SELECT p.name AS policy, p.version, (r ->> 'tier')::int AS tier, trim_scale((r -> 'rate' ->> 'perHour')::numeric) AS rate,
      r -> 'rate' ->> 'currency' AS currency
    FROM policies p, jsonb_array_elements(p.body -> 'tiers') r WHERE r ? 'rate'
  )`;

/** Owners in the order of the report; with the tier, a number of its own for each part of a ticket. */
const PLACES = sql`(VALUES ('tier', 0), ('inFlight', 10), ('uncovered', 20), ('customer', 21), ('vendor', 22),
  ('changeWindow', 23), ('internal', 24)) AS places(owner, place)`;

export const EFFORT: SqlReport = {
  facts: (filter, counted) => sql`
    picked AS (
      SELECT t.id, t.policy, t.policy_version, t.tier, t.team, t.handoffs,
        coalesce(c.shares, t.shares) AS shares, coalesce(c."inFlight", t.in_flight) AS in_flight,
        CASE WHEN t.state IN ('open', 'onHold') THEN coalesce(tierline_instant(c.at), t.shares_at) END AS counted_to
      FROM tickets t
        LEFT JOIN jsonb_to_recordset(${JSON.stringify(counted)}::jsonb) AS c(id text, shares jsonb, "inFlight" jsonb, at jsonb)
          ON c.id = t.id
      WHERE ${meant(filter)}
    ), concerned AS (SELECT id FROM picked WHERE handoffs > 0
    ), ${placed([])}, named AS (
      SELECT ticket_id, coalesce(to_tier, tier) AS tier, to_team AS team FROM placed WHERE to_team <> ''
      UNION ALL
      SELECT p.id, p.tier, l.data ->> 'team' FROM picked p JOIN ledger l ON l.ticket_id = p.id
      WHERE p.handoffs = 0 AND p.team IS NOT NULL AND l.type = 'assigned' AND l.moot IS NULL AND l.data ->> 'team' IS NOT NULL
    ), teams_there AS (
      SELECT ticket_id, tier, CASE WHEN min(team) = max(team) THEN min(team) END AS team FROM named GROUP BY 1, 2
    ), ${TIER_RATES}, parts AS (
      SELECT id, policy, policy_version, counted_to, 'inFlight' AS owner, key::int AS tier, value::bigint AS ms
      FROM picked, jsonb_each_text(in_flight)
      UNION ALL
      SELECT id, policy, policy_version, counted_to, CASE WHEN key LIKE 'tier%' THEN 'tier' ELSE key END,
        CASE WHEN key LIKE 'tier%' THEN substr(key, 5)::int END, value::bigint
      FROM picked, jsonb_each_text(shares) WHERE key <> 'handoff'
      UNION ALL
      SELECT id, policy, policy_version, counted_to, 'inFlight', NULL,
        (shares ->> 'handoff')::bigint - coalesce((SELECT sum(value::bigint) FROM jsonb_each_text(in_flight)), 0)
      FROM picked WHERE shares ? 'handoff'
    ), facts AS (
      SELECT o.id AS ticket_id, (places.place + coalesce(o.tier, 0))::int AS n, o.owner, o.tier, h.team,
        CASE WHEN o.owner = 'uncovered' THEN o.policy END AS policy, o.ms, o.counted_to,
        coalesce(trim_scale(tm.rate), r.rate) AS rate,
        CASE WHEN tm.rate IS NOT NULL THEN tm.currency ELSE r.currency END AS currency
      FROM parts o JOIN ${PLACES} USING (owner)
        LEFT JOIN teams_there h ON h.ticket_id = o.id AND h.tier = o.tier
        LEFT JOIN teams tm ON tm.name = h.team
        LEFT JOIN tier_rates r ON r.policy = o.policy AND r.version = o.policy_version AND r.tier = o.tier
      WHERE o.ms > 0
    )`,
  keys: { owner: 'text', tier: 'int', team: 'text', policy: 'text', rate: 'numeric', currency: 'text' },
  // A ticket has one part of each owner, so that only the total has to tell tickets apart.
  measures: sql`sum(ms)::float8 AS ms, round(sum(ms) * rate / ${HOUR_MS}::numeric, 2)::float8 AS cost,
    CASE WHEN grouping(owner) = 0 THEN count(*)
      ELSE (SELECT count(*) FROM (SELECT DISTINCT ticket_id FROM chosen) each_one) END::int AS tickets`,
  columns: sql`owner, tier, team, policy, rate::float8 AS rate, currency, ms::float8 AS ms, counted_to AS "countedTo"`,
  order: sql`min(n), team, policy, rate`,
};

export const AVOIDED: SqlReport = {
  facts: (filter) => sql`
    picked AS (
      SELECT t.id, t.policy, t.policy_version, t.tier, t.article, t.shares FROM tickets t
      WHERE t.resolved_at IS NOT NULL AND ${meant(filter)}
    ), concerned AS (
      SELECT p.id FROM picked p WHERE EXISTS (SELECT 1 FROM ledger l WHERE l.ticket_id = p.id
        AND l.type = 'consultAnswered' AND l.moot IS NULL AND (l.data -> 'solved')::boolean)
    ), ${placed(['consultAsked', 'consultAnswered'])}, answers AS (
      SELECT a.ticket_id, a.n, a.tier AS from_tier, coalesce((q.data ->> 'toTier')::int, tm.tier, ag.tier) AS tier
      FROM placed a
        JOIN placed q ON q.ticket_id = a.ticket_id AND q.type = 'consultAsked' AND q.data ->> 'consult' = a.data ->> 'consult'
        LEFT JOIN teams tm ON tm.name = q.data ->> 'team'
        LEFT JOIN agents ag ON ag.id = q.data ->> 'agent'
      WHERE a.type = 'consultAnswered' AND (a.data -> 'solved')::boolean
    ), solved AS (
      SELECT DISTINCT ON (a.ticket_id) a.* FROM answers a
      WHERE a.tier > a.from_tier AND NOT EXISTS (SELECT 1 FROM placed later
        WHERE later.ticket_id = a.ticket_id AND later.n > a.n AND later.to_tier >= a.tier)
      ORDER BY a.ticket_id, a.tier DESC, a.n
    ), avoided AS (
      SELECT ticket_id, n, 'consult' AS how, from_tier, tier FROM solved
      UNION ALL
      SELECT p.id, 0, 'article', p.tier, p.tier + 1 FROM picked p
      WHERE p.article IS NOT NULL AND NOT EXISTS (SELECT 1 FROM solved s WHERE s.ticket_id = p.id)
        AND EXISTS (SELECT 1 FROM policies v, jsonb_array_elements(v.body -> 'tiers') r
          WHERE v.name = p.policy AND v.version = p.policy_version AND (r ->> 'tier')::int = p.tier + 1)
        AND NOT EXISTS (SELECT 1 FROM jsonb_object_keys(p.shares) k WHERE k LIKE 'tier%' AND substr(k, 5)::int > p.tier)
    ), medians AS (
      SELECT substr(key, 5)::int AS tier, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY value::bigint))::bigint AS ms,
        count(*)::int AS sample
      FROM picked, jsonb_each_text(shares) WHERE key LIKE 'tier%' GROUP BY 1
    ), ${TIER_RATES}, facts AS (
      SELECT a.ticket_id, a.n, a.how, a.from_tier, a.tier, p.article, m.ms, m.sample, r.rate, r.currency
      FROM avoided a JOIN picked p ON p.id = a.ticket_id
        LEFT JOIN medians m ON m.tier = a.tier
        LEFT JOIN tier_rates r ON r.policy = p.policy AND r.version = p.policy_version AND r.tier = a.tier
    )`,
  keys: { how: 'text', tier: 'int', rate: 'numeric', currency: 'text' },
  measures: sql`count(*)::int AS tickets, min(ms)::float8 AS ms, min(sample) AS sample,
    round(sum(ms) * rate / ${HOUR_MS}::numeric, 2)::float8 AS cost`,
  columns: sql`how, from_tier AS "fromTier", tier, article, ms::float8 AS ms, sample, rate::float8 AS rate, currency`,
  order: sql`how DESC, tier, rate`,
};

/** What ends an offer, besides what is done with it. */
const ENDS = ['resolved', 'closed', 'autoClosed', 'cancelled'];

/** Events that may end a handoff that was offered, and one that the ladder made. */
const ENDS_OFFER = [
  ...ENDS,
  'handoffOffered',
  'handoffAccepted',
  'handoffReturned',
  'handoffWithdrawn',
  'handedOff',
];
const ENDS_AUTOMATIC = [
  ...ENDS,
  'handoffAccepted',
  'handoffReturned',
  'handedOff',
  'acknowledged',
  'assigned',
];

/** Which handoffs there were and what became of them; `handoffs` over `placed`. */
const HANDOFFS_OVER_PLACED = sql`
  offered AS (
    SELECT p.*, lead(type) OVER next AS next_type, lead(at) OVER next AS next_at, lead(data) OVER next AS next_data
    FROM placed p WHERE type ${oneOf(ENDS_OFFER)} WINDOW next AS (PARTITION BY ticket_id ORDER BY n)
  ), automatic AS (
    SELECT p.*, lead(type) OVER next AS next_type, lead(at) OVER next AS next_at, lead(data) OVER next AS next_data
    FROM placed p WHERE type ${oneOf(ENDS_AUTOMATIC)}
      AND (type <> 'assigned' OR data ->> 'assignee' IS NOT NULL)
      AND (type <> 'handoffReturned' OR data ? 'automatic')
    WINDOW next AS (PARTITION BY ticket_id ORDER BY n)
  ), handoffs AS (
    SELECT ticket_id, n, at, CASE type WHEN 'handedOff' THEN 'automatic' ELSE 'offered' END AS kind,
      tier AS from_tier, team AS from_team, (data ->> 'toTier')::int AS to_tier, data ->> 'team' AS to_team,
      (data ->> 'completeness')::int AS completeness, coalesce((data -> 'override')::boolean, false) AS overridden,
      CASE WHEN next_type IS NULL THEN 'pending'
        WHEN next_type = 'handoffReturned' THEN 'returned'
        WHEN next_type = 'handoffWithdrawn' THEN 'withdrawn'
        WHEN next_type IN ('acknowledged', 'assigned') THEN 'accepted'
        WHEN next_type = 'handoffAccepted' AND type = 'handoffOffered' THEN 'accepted'
        ELSE 'lapsed' END AS outcome,
      next_at,
      ARRAY(SELECT DISTINCT item COLLATE "C" FROM jsonb_array_elements_text(coalesce(data -> 'missing', '[]') ||
        CASE WHEN next_type = 'handoffReturned' THEN coalesce(next_data -> 'missing', '[]') ELSE '[]' END) item ORDER BY 1)
        AS missing
    FROM (SELECT * FROM offered WHERE type = 'handoffOffered' UNION ALL SELECT * FROM automatic WHERE type = 'handedOff') each_one
  )`;

/** Tickets with any of these events, by the index on them. */
const having = (types: readonly string[]) => sql`
  concerned AS (
    SELECT p.id FROM picked p WHERE EXISTS (SELECT 1 FROM ledger l
      WHERE l.ticket_id = p.id AND l.type ${oneOf(types)})
  )`;

/** Of so many facts each item was missing: `{"scope": 2}`. */
const MISSING = sql`jsonb_strip_nulls(jsonb_build_object(${Prisma.join(
  PACKET_ITEMS.map((item) => {
    const name = Prisma.raw(`'${item}'`);
    return sql`${name}, nullif(count(*) FILTER (WHERE ${name} = ANY(missing)), 0)`;
  }),
)})) AS missing`;
const ACCEPTED_MS = sql`CASE WHEN outcome = 'accepted' THEN tierline_ms(next_at) - tierline_ms(at) END`;

export const HANDOFFS: SqlReport = {
  facts: (filter) => sql`
    picked AS (
      SELECT t.id, t.tier_returns + t.handoff_returns AS returns FROM tickets t WHERE ${meant(filter)}
    ), ${having(['handoffOffered', 'handedOff'])},
    ${placed([...ENDS_OFFER, ...ENDS_AUTOMATIC])}, ${HANDOFFS_OVER_PLACED}, facts AS (
      SELECT h.*, ${ACCEPTED_MS} AS ms, p.returns FROM handoffs h JOIN picked p ON p.id = h.ticket_id
    )`,
  keys: { kind: 'text', fromTier: 'int', fromTeam: 'text', toTier: 'int', toTeam: 'text' },
  measures: sql`count(*)::int AS handoffs,
    count(*) FILTER (WHERE outcome = 'accepted')::int AS accepted,
    count(*) FILTER (WHERE outcome = 'returned')::int AS returned,
    count(*) FILTER (WHERE outcome = 'withdrawn')::int AS withdrawn,
    count(*) FILTER (WHERE outcome = 'lapsed')::int AS lapsed,
    count(*) FILTER (WHERE outcome = 'pending')::int AS pending,
    count(*) FILTER (WHERE overridden)::int AS overridden,
    round(avg(completeness), 1)::float8 AS completeness,
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ms))::numeric)::float8 AS "medianMs",
    round((percentile_cont(0.9) WITHIN GROUP (ORDER BY ms))::numeric)::float8 AS "p90Ms",
    ${MISSING}, count(DISTINCT ticket_id)::int AS tickets,
    count(DISTINCT ticket_id) FILTER (WHERE returns >= 2)::int AS "pingPong"`,
  columns: sql`at, kind, from_tier AS "fromTier", from_team AS "fromTeam", to_tier AS "toTier", to_team AS "toTeam", outcome,
    CASE WHEN outcome <> 'pending' THEN next_at END AS "endedAt", ms::float8 AS ms, completeness, overridden, missing, returns`,
  order: sql`kind DESC, from_tier, to_tier, from_team, to_team`,
};

export const SHIFT_LEFT: SqlReport = {
  facts: (filter) => sql`
    facts AS (
      SELECT t.id AS ticket_id, 1 AS n, t.tier, t.team, t.category, t.attributes ->> 'symptom' AS symptom,
        t.cause_code AS "causeCode", t.attributes ->> 'fingerprint' AS fingerprint, t.article, t.needs_article,
        coalesce((SELECT sum(value::bigint) FROM jsonb_each_text(t.shares)
          WHERE key LIKE 'tier%' AND substr(key, 5)::int > 1), 0)::bigint AS ms
      FROM tickets t WHERE t.resolved_at IS NOT NULL AND t.tier > 1 AND ${meant(filter)}
    )`,
  keys: {
    tier: 'int',
    team: 'text',
    category: 'text',
    symptom: 'text',
    causeCode: 'text',
    fingerprint: 'text',
  },
  measures: sql`count(*)::int AS tickets, sum(ms)::float8 AS ms, count(article)::int AS "withArticle",
    count(*) FILTER (WHERE needs_article)::int AS "needArticle",
    (array_agg(DISTINCT article) FILTER (WHERE article IS NOT NULL))[1:10] AS articles`,
  columns: sql`tier, team, category, symptom, "causeCode", fingerprint, article, needs_article AS "needsArticle", ms::float8 AS ms`,
  order: sql`sum(ms) DESC, count(*) DESC`,
};

const COACHED = [
  'handoffOffered',
  'handedOff',
  'consultAsked',
  'consultAnswered',
  'consultSuggested',
  'joined',
];

export const COACHING: SqlReport = {
  facts: (filter) => sql`
    picked AS (SELECT t.id FROM tickets t WHERE ${meant(filter)}), ${having(COACHED)},
    ${placed([...ENDS_OFFER, ...ENDS_AUTOMATIC, ...COACHED])}, ${HANDOFFS_OVER_PLACED}, suggested AS (
      SELECT p.*, lead(type) OVER (PARTITION BY ticket_id ORDER BY n) AS next_type
      FROM placed p WHERE type IN ('consultSuggested', 'consultAsked', 'handedOff', 'handoffOffered', 'resolved', 'closed')
    ), facts AS (
      SELECT ticket_id, n, at, CASE kind WHEN 'offered' THEN 'handoff' ELSE 'automaticHandoff' END AS kind,
        from_tier AS tier, from_team AS team, to_tier AS "toTier", outcome = 'returned' AS returned, overridden,
        NULL::boolean AS solved, NULL::boolean AS ignored, NULL::text AS agent, NULL::bigint AS ms, missing
      FROM handoffs
      UNION ALL
      SELECT ticket_id, n, at, CASE type WHEN 'joined' THEN 'shadowed' ELSE type END, tier, team, (data ->> 'toTier')::int,
        NULL, NULL, NULL, NULL, data ->> 'agent', NULL, '{}'
      FROM placed WHERE type = 'consultAsked' OR type = 'joined' AND data ->> 'as' = 'shadow'
      UNION ALL
      SELECT ticket_id, n, at, 'consultSuggested', tier, team, (data ->> 'toTier')::int, NULL, NULL, NULL,
        next_type IS NOT DISTINCT FROM 'handedOff', NULL, NULL, '{}'
      FROM suggested WHERE type = 'consultSuggested'
      UNION ALL
      SELECT a.ticket_id, a.n, a.at, 'consultAnswered', coalesce((q.data ->> 'toTier')::int, tm.tier, ag.tier),
        coalesce(q.data ->> 'team', ag.team), NULL, NULL, NULL, coalesce((a.data -> 'solved')::boolean, false), NULL,
        q.data ->> 'agent', tierline_ms(a.at) - tierline_ms(q.at), '{}'
      FROM placed a
        JOIN placed q ON q.ticket_id = a.ticket_id AND q.type = 'consultAsked' AND q.data ->> 'consult' = a.data ->> 'consult'
        LEFT JOIN teams tm ON tm.name = q.data ->> 'team'
        LEFT JOIN agents ag ON ag.id = q.data ->> 'agent'
      WHERE a.type = 'consultAnswered'
    )`,
  keys: { tier: 'int', team: 'text' },
  measures: sql`count(*) FILTER (WHERE kind = 'handoff')::int AS handoffs,
    count(*) FILTER (WHERE kind = 'handoff' AND returned)::int AS returned,
    count(*) FILTER (WHERE overridden)::int AS overridden, ${MISSING},
    count(*) FILTER (WHERE kind = 'automaticHandoff')::int AS "automaticHandoffs",
    count(*) FILTER (WHERE kind = 'consultAsked')::int AS "consultsAsked",
    count(*) FILTER (WHERE kind = 'consultAnswered')::int AS "consultsAnswered",
    count(*) FILTER (WHERE solved)::int AS "consultsSolved",
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ms))::numeric)::float8 AS "medianMs",
    count(*) FILTER (WHERE kind = 'shadowed')::int AS shadowed,
    count(*) FILTER (WHERE kind = 'consultSuggested')::int AS suggestions,
    count(*) FILTER (WHERE ignored)::int AS "suggestionsIgnored",
    count(DISTINCT ticket_id)::int AS tickets`,
  columns: sql`at, kind, tier, team, "toTier", agent, returned, overridden, solved, ignored, ms::float8 AS ms, missing`,
  order: sql`tier, team`,
};
