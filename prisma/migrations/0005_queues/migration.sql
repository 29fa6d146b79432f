-- Queues: who waits where and in which order, who has how much, and who was given what. domain/queue.ts says the same.

-- A ticket waits where it is offered, or where it is while nobody has it (docs/rules.md §9). One that waits for others
-- waits in no queue, unless a clock of it runs all the same. Late ones come first, those without a deadline last.
CREATE VIEW "queue_entries" AS
  SELECT t.id AS ticket_id,
         coalesce(t.offered_tier, t.tier) AS tier,
         CASE WHEN t.offered_tier IS NULL THEN t.team ELSE t.offered_team END AS team,
         t.offered_tier IS NOT NULL AS offered,
         t.priority,
         t.next_deadline_at,
         coalesce(t.next_deadline_at, 'infinity'::timestamptz) AS breach_at,
         coalesce(t.offered_at, t.queued_at, t.opened_at) AS queued_at,
         t.state, t.breached, t.category, t.service, t.customer
  FROM "tickets" t
  WHERE t.mode = 'act' AND t.state IN ('open', 'onHold')
    AND (t.assignee IS NULL OR t.offered_tier IS NOT NULL)
    AND (t.next_deadline_at IS NOT NULL
         OR NOT t.holds @? '$[*].reason ? (@ == "customer" || @ == "vendor" || @ == "changeWindow")');

-- The order of every queue, so that the next ticket is the first row and not the smallest of all.
CREATE INDEX "tickets_queue_idx" ON "tickets" (
  (coalesce(offered_tier, tier)), priority, (coalesce(next_deadline_at, 'infinity'::timestamptz)),
  (coalesce(offered_at, queued_at, opened_at)), id COLLATE "C")
  WHERE mode = 'act' AND state IN ('open', 'onHold') AND (assignee IS NULL OR offered_tier IS NOT NULL)
    AND (next_deadline_at IS NOT NULL
         OR NOT holds @? '$[*].reason ? (@ == "customer" || @ == "vendor" || @ == "changeWindow")');

-- What counts against the limit of whoever has it.
CREATE VIEW "work_in_progress" AS
  SELECT t.id AS ticket_id, t.assignee AS agent, t.tier, t.team
  FROM "tickets" t
  WHERE t.mode = 'act' AND t.state IN ('open', 'onHold') AND t.assignee IS NOT NULL
    AND NOT t.holds @? '$[*].reason ? (@ == "customer" || @ == "vendor" || @ == "changeWindow")';
CREATE INDEX "tickets_work_idx" ON "tickets"("assignee")
  WHERE mode = 'act' AND state IN ('open', 'onHold') AND assignee IS NOT NULL;

-- Who was given what: one row for each pull or turn, named for good, so that the same one again leads to the same
-- ticket. Without a ticket while it looks for another, after a refusal.
CREATE TABLE "pulls" (
  "id" TEXT NOT NULL,
  "body_hash" TEXT,
  "mode" TEXT NOT NULL,
  "agent" TEXT NOT NULL,
  "tier" INTEGER NOT NULL,
  "team" TEXT,
  "ticket_id" TEXT,
  "reservation" TEXT,
  "attempt" INTEGER NOT NULL DEFAULT 1,
  -- Tickets that refused to be taken.
  "refused" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "pulls_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "pulls_reservation_key" ON "pulls"("reservation");
CREATE INDEX "pulls_agent_created_at_idx" ON "pulls"("agent", "created_at");

-- A queue that grew too long, until it has shrunk again; with the rule by which it was raised.
CREATE TABLE "queue_alerts" (
  "id" TEXT NOT NULL,
  "tier" INTEGER NOT NULL,
  "team" TEXT,
  "policy" TEXT NOT NULL,
  "threshold" INTEGER NOT NULL,
  "clear_at" INTEGER NOT NULL,
  "raise_to" INTEGER,
  "notify" TEXT NOT NULL,
  "depth" INTEGER NOT NULL,
  "raised_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "cleared_at" TIMESTAMPTZ(3),
  "cleared_depth" INTEGER,
  "raised_told_at" TIMESTAMPTZ(3),
  "cleared_told_at" TIMESTAMPTZ(3),
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "tell_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "queue_alerts_pkey" PRIMARY KEY ("id")
);
-- One alert at a time for each queue; that of a tier, where the team is null, is one too.
CREATE UNIQUE INDEX "queue_alerts_open_key" ON "queue_alerts"("tier", "team") NULLS NOT DISTINCT
  WHERE cleared_at IS NULL;
CREATE INDEX "queue_alerts_untold_idx" ON "queue_alerts"("tell_after")
  WHERE raised_told_at IS NULL OR (cleared_at IS NOT NULL AND cleared_told_at IS NULL);

-- Which queues of a tier an agent may be given tickets from: those of the own tier, of the own team or of the one that
-- is asked for, and of no team; and overloaded ones that are raised to the own tier. Null for none.
CREATE FUNCTION tierline_reach(p_agent "agents", p_tier INTEGER, p_team TEXT)
RETURNS TABLE (teams TEXT[], common BOOLEAN) LANGUAGE sql STABLE AS $$
  SELECT ARRAY[coalesce(p_team, p_agent.team)], true WHERE p_agent.tier = p_tier
  UNION ALL
  SELECT array_agg(a.team) FILTER (WHERE a.team IS NOT NULL), bool_or(a.team IS NULL)
  FROM "queue_alerts" a
  WHERE p_agent.tier <> p_tier AND a.tier = p_tier AND a.raise_to = p_agent.tier AND a.cleared_at IS NULL
    AND (p_team IS NULL OR a.team = p_team)
  HAVING count(*) > 0
$$;

-- The first that nobody has reserved, or the one that is named; null where there is none.
CREATE FUNCTION tierline_next(p_tier INTEGER, p_teams TEXT[], p_common BOOLEAN, p_refused TEXT[], p_ticket TEXT,
                              p_now TIMESTAMPTZ)
RETURNS "queue_entries" LANGUAGE sql STABLE AS $$
  SELECT q FROM "queue_entries" q
  WHERE q.tier = p_tier AND (q.team = ANY(p_teams) OR (q.team IS NULL AND p_common))
    AND (p_ticket IS NULL OR q.ticket_id = p_ticket)
    AND NOT q.ticket_id = ANY(coalesce(p_refused, ARRAY[]::TEXT[]))
    AND NOT EXISTS (SELECT FROM "reservations" r WHERE r.ticket_id = q.ticket_id AND r.expires_at > p_now)
  ORDER BY q.priority, q.breach_at, q.queued_at, q.ticket_id COLLATE "C" LIMIT 1
$$;

-- Reserves the next ticket of a queue, or the one that is named, for an agent. One at a time for each tier and each
-- agent, so that nobody is given what another has, and nobody more than the limit (docs/rules.md §9).
--   p_pull: {"id", "bodyHash"?, "mode", "agent", "tier", "team"?, "ticketId"?, "holdMs"}
--   reserved: {"ticketId", "reservation", "agent", "tier", "team", "expiresAt", "granted", "replayed"}; granted where the
--     ticket has long been taken under this id
--   otherwise {"refused": "conflict" | "agent_unknown" | "agent_absent" | "agent_elsewhere" | "team_unknown" |
--     "at_capacity" | "queue_empty"}, with "limit", "inProgress", "reserved" or "absentUntil" or "agentTier"
CREATE FUNCTION tierline_reserve(p_pull JSONB) RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_id TEXT := p_pull ->> 'id';
  v_tier INTEGER := (p_pull ->> 'tier')::int;
  v_team TEXT := p_pull ->> 'team';
  v_now TIMESTAMPTZ;
  v_known "pulls";
  v_replayed BOOLEAN;
  v_agent "agents";
  v_reach RECORD;
  v_limit INTEGER;
  v_in_progress INTEGER;
  v_reserved INTEGER;
  v_entry "queue_entries";
  v_reservation TEXT;
  v_expires TIMESTAMPTZ;
BEGIN
  -- Always in this order, and never while a ticket is being recorded: nobody waits for each other.
  PERFORM pg_advisory_xact_lock(hashtextextended('queue/' || v_tier, 3));
  PERFORM pg_advisory_xact_lock(hashtextextended('agent/' || (p_pull ->> 'agent'), 3));
  v_now := date_trunc('milliseconds', clock_timestamp());

  SELECT * INTO v_known FROM "pulls" WHERE id = v_id;
  v_replayed := FOUND;
  IF v_replayed AND v_known.body_hash IS DISTINCT FROM p_pull ->> 'bodyHash' THEN
    RETURN '{"refused": "conflict"}'::jsonb;
  END IF;
  IF v_known.ticket_id IS NOT NULL THEN
    v_expires := (SELECT expires_at FROM "reservations" WHERE id = v_known.reservation AND expires_at > v_now);
    IF v_expires IS NOT NULL OR EXISTS (
      SELECT FROM "ledger" WHERE ticket_id = v_known.ticket_id AND id = 'request:' || v_known.reservation || '/0') THEN
      RETURN jsonb_build_object(
        'ticketId', v_known.ticket_id, 'reservation', v_known.reservation, 'agent', v_known.agent, 'tier', v_known.tier,
        'team', v_known.team, 'expiresAt', tierline_ms(v_expires), 'granted', v_expires IS NULL, 'replayed', true);
    END IF;
  END IF;

  SELECT * INTO v_agent FROM "agents" WHERE id = p_pull ->> 'agent' AND active;
  IF NOT FOUND THEN RETURN '{"refused": "agent_unknown"}'::jsonb; END IF;
  IF v_agent.absent_until > v_now THEN
    RETURN jsonb_build_object('refused', 'agent_absent', 'absentUntil', tierline_ms(v_agent.absent_until));
  END IF;
  IF v_team IS NOT NULL AND NOT EXISTS (SELECT FROM "teams" WHERE name = v_team AND tier = v_tier AND active) THEN
    RETURN '{"refused": "team_unknown"}'::jsonb;
  END IF;
  SELECT * INTO v_reach FROM tierline_reach(v_agent, v_tier, v_team);
  IF NOT FOUND THEN
    RETURN jsonb_build_object('refused', 'agent_elsewhere', 'agentTier', v_agent.tier);
  END IF;

  -- Both counts by one look: recording makes a reservation work in progress, and neither may be missed.
  v_limit := coalesce(v_agent.capacity, (SELECT capacity FROM "teams" WHERE name = v_agent.team));
  SELECT (SELECT count(*) FROM "work_in_progress" w WHERE w.agent = v_agent.id),
         (SELECT count(*) FROM "reservations" r WHERE r.agent = v_agent.id AND r.expires_at > v_now)
  INTO v_in_progress, v_reserved;
  IF v_in_progress + v_reserved >= v_limit THEN
    DELETE FROM "pulls" WHERE id = v_id;
    RETURN jsonb_build_object(
      'refused', 'at_capacity', 'limit', v_limit, 'inProgress', v_in_progress, 'reserved', v_reserved);
  END IF;

  -- A reservation that lapsed without an answer: the same ticket again, if it still waits, under the same id.
  v_entry := tierline_next(v_tier, v_reach.teams, v_reach.common, v_known.refused,
                           coalesce(v_known.ticket_id, p_pull ->> 'ticketId'), v_now);
  IF v_entry.ticket_id IS NULL AND v_known.ticket_id IS NOT NULL AND p_pull ->> 'ticketId' IS NULL THEN
    v_entry := tierline_next(v_tier, v_reach.teams, v_reach.common, v_known.refused, NULL, v_now);
  END IF;
  IF v_entry.ticket_id IS NULL THEN
    DELETE FROM "pulls" WHERE id = v_id;
    RETURN '{"refused": "queue_empty"}'::jsonb;
  END IF;

  v_reservation := CASE WHEN v_entry.ticket_id = v_known.ticket_id THEN v_known.reservation
                        ELSE v_id || '.' || coalesce(v_known.attempt + 1, 1) END;
  v_team := coalesce(v_entry.team, CASE WHEN v_agent.tier = v_tier THEN v_agent.team END);
  v_expires := v_now + (p_pull ->> 'holdMs')::int * interval '1 millisecond';
  -- One that has expired makes way; there is no other, and the key of the table says so too.
  INSERT INTO "reservations" AS r (ticket_id, id, agent, tier, team, created_at, expires_at)
  VALUES (v_entry.ticket_id, v_reservation, v_agent.id, v_tier, v_team, v_now, v_expires)
  ON CONFLICT (ticket_id) DO UPDATE SET
    id = excluded.id, agent = excluded.agent, tier = excluded.tier, team = excluded.team,
    created_at = excluded.created_at, expires_at = excluded.expires_at
  WHERE r.expires_at <= v_now;
  INSERT INTO "pulls" AS p (id, body_hash, mode, agent, tier, team, ticket_id, reservation, created_at)
  VALUES (v_id, p_pull ->> 'bodyHash', p_pull ->> 'mode', v_agent.id, v_tier, v_team, v_entry.ticket_id, v_reservation,
          v_now)
  ON CONFLICT (id) DO UPDATE SET
    agent = excluded.agent, team = excluded.team, ticket_id = excluded.ticket_id, reservation = excluded.reservation,
    attempt = p.attempt + CASE WHEN excluded.reservation = v_known.reservation THEN 0 ELSE 1 END;
  RETURN jsonb_build_object(
    'ticketId', v_entry.ticket_id, 'reservation', v_reservation, 'agent', v_agent.id, 'tier', v_tier, 'team', v_team,
    'expiresAt', tierline_ms(v_expires), 'granted', false, 'replayed', v_replayed);
END $$;

-- Frees what a ticket refused: its pull goes on to another one. Only once, whoever else does the same.
CREATE FUNCTION tierline_release(p_reservation TEXT) RETURNS VOID LANGUAGE sql AS $$
  DELETE FROM "reservations" WHERE id = p_reservation;
  UPDATE "pulls" SET refused = refused || ticket_id, ticket_id = NULL, reservation = NULL
  WHERE reservation = p_reservation;
$$;

-- Every queue at a glance: those of teams, and those that hold something.
CREATE VIEW "queue_summaries" AS
  WITH counted AS (
    SELECT q.tier, q.team, count(*) AS depth, count(r.id) AS reserved, count(*) FILTER (WHERE q.breached) AS breached,
           min(q.queued_at) AS oldest_at, (array_agg(q.ticket_id ORDER BY q.queued_at, q.ticket_id))[1] AS oldest_id,
           min(q.next_deadline_at) FILTER (WHERE q.next_deadline_at > clock_timestamp()) AS breach_at,
           (array_agg(q.ticket_id ORDER BY q.next_deadline_at, q.ticket_id)
              FILTER (WHERE q.next_deadline_at > clock_timestamp()))[1] AS breach_id
    FROM "queue_entries" q
    LEFT JOIN "reservations" r ON r.ticket_id = q.ticket_id AND r.expires_at > clock_timestamp()
    GROUP BY q.tier, q.team
  ), members AS (
    SELECT a.tier, a.team, coalesce(a.capacity, t.capacity) AS most,
           (SELECT count(*) FROM "work_in_progress" w WHERE w.agent = a.id) AS in_progress
    FROM "agents" a JOIN "teams" t ON t.name = a.team WHERE a.active
  ), queues AS (
    SELECT tier, name AS team FROM "teams" WHERE active UNION SELECT tier, team FROM counted
  )
  SELECT k.tier, k.team, t.assignment, coalesce(c.depth, 0)::int AS depth, coalesce(c.reserved, 0)::int AS reserved,
         coalesce(c.breached, 0)::int AS breached, c.oldest_id AS "oldestId", c.oldest_at AS "oldestAt",
         c.breach_id AS "nextToBreachId", c.breach_at AS "nextToBreachAt",
         p.agents::int AS agents, p.in_progress::int AS "inProgress", p.capacity::int AS capacity
  FROM queues k
  LEFT JOIN counted c ON c.tier = k.tier AND c.team IS NOT DISTINCT FROM k.team
  LEFT JOIN "teams" t ON t.name = k.team AND t.tier = k.tier AND t.active
  CROSS JOIN LATERAL (
    SELECT count(*) AS agents, coalesce(sum(m.in_progress), 0) AS in_progress,
           CASE WHEN count(*) = count(m.most) THEN coalesce(sum(m.most), 0) END AS capacity
    FROM members m WHERE m.tier = k.tier AND (k.team IS NULL OR m.team = k.team)
  ) p
  ORDER BY k.tier, k.team NULLS FIRST;
