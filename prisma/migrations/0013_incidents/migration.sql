-- Security incidents: who may know of a ticket, how bad it is, its duties of law, and its evidence.

ALTER TABLE "tickets"
  ADD COLUMN "tlp" TEXT,
  -- Ids of the people who may see it under TLP:RED.
  ADD COLUMN "named" TEXT[] NOT NULL DEFAULT '{}',
  ADD COLUMN "severity" TEXT,
  ADD COLUMN "codename" TEXT,
  ADD COLUMN "legal_hold" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "security" JSONB;
CREATE INDEX "tickets_tlp_idx" ON "tickets"("tlp");

-- `law` for a duty of law, which outlives the ticket's closing; `promise` for what the desk promised.
ALTER TABLE "clocks" ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'promise';
ALTER TABLE "breaches" ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'promise';

-- Records one turn of a ticket's loop, or nothing.
--   recorded: {"recorded": true}
--   the ledger is ahead of p_head: {"recorded": false, "events": [the events beyond p_head], "known": []}
--   some ids are older in the ledger than the ticket remembers:
--     {"recorded": false, "events": [], "known": [{"id", "sequence"}]}
CREATE OR REPLACE FUNCTION tierline_record(p_ticket TEXT, p_head INTEGER, p_events JSONB, p_row JSONB, p_clocks JSONB)
RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_head INTEGER;
  v_known JSONB;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_ticket, 0));
  SELECT coalesce(max(sequence), 0) INTO v_head FROM "ledger" WHERE ticket_id = p_ticket;
  IF v_head <> p_head THEN
    RETURN jsonb_build_object('recorded', false, 'events', tierline_events(p_ticket, p_head), 'known', '[]'::jsonb);
  END IF;
  SELECT jsonb_agg(jsonb_build_object('id', l.id, 'sequence', l.sequence)) INTO v_known
  FROM jsonb_array_elements(p_events) e JOIN "ledger" l ON l.ticket_id = p_ticket AND l.id = e ->> 'id';
  IF v_known IS NOT NULL THEN
    RETURN jsonb_build_object('recorded', false, 'events', '[]'::jsonb, 'known', v_known);
  END IF;

  INSERT INTO "rule_sets" (id, body)
  SELECT encode(sha256(convert_to((e -> 'rules')::text, 'UTF8')), 'hex'), e -> 'rules'
  FROM jsonb_array_elements(p_events) e WHERE e ? 'rules'
  ON CONFLICT DO NOTHING;

  INSERT INTO "ledger" (ticket_id, sequence, id, type, source, occurred_at, received_at, recorded_at, decision,
                        actor, request_id, text_id, text_digest, imported, moot, data, rules_id, xid)
  SELECT p_ticket, (e ->> 'sequence')::int, e ->> 'id', e ->> 'type', e ->> 'source',
         tierline_instant(e -> 'occurredAt'), tierline_instant(e -> 'receivedAt'), clock_timestamp(),
         (e ->> 'decision')::int, e -> 'actor', e ->> 'requestId', e -> 'text' ->> 'id', e -> 'text' ->> 'digest',
         coalesce((e ->> 'imported')::boolean, false), e ->> 'moot',
         e - ARRAY['id', 'sequence', 'type', 'source', 'occurredAt', 'receivedAt', 'decision', 'actor',
                   'requestId', 'text', 'imported', 'moot', 'rules'],
         CASE WHEN e ? 'rules' THEN encode(sha256(convert_to((e -> 'rules')::text, 'UTF8')), 'hex') END,
         pg_current_xact_id()::text::bigint
  FROM jsonb_array_elements(p_events) WITH ORDINALITY AS t(e, n)
  ORDER BY n;

  INSERT INTO "breaches" (ticket_id, clock, cycle, revision, verdict, breached_at, decided_at, tier, priority, event_id,
                          kind)
  SELECT p_ticket, e ->> 'clock', (e ->> 'cycle')::int, (e ->> 'revision')::int,
         CASE e ->> 'type' WHEN 'breached' THEN 'breached' ELSE 'withdrawn' END,
         tierline_instant(e -> 'deadlineAt'), tierline_instant(e -> 'receivedAt'),
         (e ->> 'tier')::int, e ->> 'priority', e ->> 'id', coalesce(e ->> 'kind', 'promise')
  FROM jsonb_array_elements(p_events) e WHERE e ->> 'type' IN ('breached', 'breachWithdrawn');

  INSERT INTO "tickets" AS t (
    id, state, priority, tier, team, assignee, acknowledged_at, holds, opened_at, resolved_at, closed_at,
    reopen_count, handoffs, tier_returns, policy, policy_version, mode, type, customer, service, category,
    external_system, external_id, attributes, next_deadline_at, next_milestone_at, breached, shares, shares_at,
    offered_tier, offered_team, offered_at, queued_at, major, parent, cause_code, article, needs_article, rating,
    handoff_returns, in_flight, teamwork, tlp, named, severity, codename, legal_hold, security, sequence, recorded_at)
  SELECT p_ticket, p_row ->> 'state', p_row ->> 'priority', (p_row ->> 'tier')::int, p_row ->> 'team',
         p_row ->> 'assignee', tierline_instant(p_row -> 'acknowledgedAt'), p_row -> 'holds',
         tierline_instant(p_row -> 'openedAt'), tierline_instant(p_row -> 'resolvedAt'),
         tierline_instant(p_row -> 'closedAt'), (p_row ->> 'reopenCount')::int, (p_row ->> 'handoffs')::int,
         (p_row ->> 'tierReturns')::int, p_row ->> 'policy', (p_row ->> 'policyVersion')::int, p_row ->> 'mode',
         p_row -> 'attributes' ->> 'type', p_row -> 'attributes' ->> 'customer',
         p_row -> 'attributes' ->> 'service', p_row -> 'attributes' ->> 'category',
         p_row -> 'attributes' -> 'external' ->> 'system', p_row -> 'attributes' -> 'external' ->> 'id',
         p_row -> 'attributes', tierline_instant(p_row -> 'nextDeadlineAt'),
         tierline_instant(p_row -> 'nextMilestoneAt'), (p_row ->> 'breached')::boolean, p_row -> 'shares',
         tierline_instant(p_row -> 'sharesAt'), (p_row ->> 'offeredTier')::int, p_row ->> 'offeredTeam',
         tierline_instant(p_row -> 'offeredAt'), tierline_instant(p_row -> 'queuedAt'),
         coalesce((p_row ->> 'major')::boolean, false), p_row ->> 'parent', p_row ->> 'causeCode', p_row ->> 'article',
         coalesce((p_row ->> 'needsArticle')::boolean, false), (p_row ->> 'rating')::double precision,
         coalesce((p_row ->> 'handoffReturns')::int, 0), coalesce(p_row -> 'inFlight', '{}'),
         coalesce(p_row -> 'teamwork', '{}'), p_row ->> 'tlp',
         coalesce((SELECT array_agg(one ORDER BY n) FROM jsonb_array_elements_text(
           coalesce(p_row -> 'named', '[]')) WITH ORDINALITY AS named(one, n)), '{}'),
         p_row ->> 'severity', p_row ->> 'codename', coalesce((p_row ->> 'legalHold')::boolean, false),
         nullif(p_row -> 'security', 'null'), p_head + jsonb_array_length(p_events), clock_timestamp()
  ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, priority = excluded.priority, tier = excluded.tier, team = excluded.team,
    assignee = excluded.assignee, acknowledged_at = excluded.acknowledged_at, holds = excluded.holds,
    resolved_at = excluded.resolved_at, closed_at = excluded.closed_at, reopen_count = excluded.reopen_count,
    handoffs = excluded.handoffs, tier_returns = excluded.tier_returns, policy = excluded.policy,
    policy_version = excluded.policy_version, attributes = excluded.attributes, type = excluded.type,
    customer = excluded.customer, service = excluded.service, category = excluded.category,
    next_deadline_at = excluded.next_deadline_at, next_milestone_at = excluded.next_milestone_at,
    breached = excluded.breached, shares = excluded.shares, shares_at = excluded.shares_at,
    offered_tier = excluded.offered_tier, offered_team = excluded.offered_team, offered_at = excluded.offered_at,
    queued_at = excluded.queued_at, major = excluded.major, parent = excluded.parent,
    cause_code = excluded.cause_code, article = excluded.article, needs_article = excluded.needs_article,
    rating = excluded.rating, handoff_returns = excluded.handoff_returns, in_flight = excluded.in_flight,
    teamwork = excluded.teamwork, tlp = excluded.tlp, named = excluded.named, severity = excluded.severity,
    codename = excluded.codename, legal_hold = excluded.legal_hold, security = excluded.security,
    sequence = excluded.sequence, recorded_at = excluded.recorded_at;

  -- A late fact can undo a reopening and with it the newest cycle. Old cycles that the ticket does not carry any
  -- more stay as they are.
  DELETE FROM "clocks" c WHERE c.ticket_id = p_ticket AND c.cycle > coalesce(
    (SELECT max((k ->> 'cycle')::int) FROM jsonb_array_elements(p_clocks) k WHERE k ->> 'clock' = c.clock), 0);
  INSERT INTO "clocks" AS c (ticket_id, clock, cycle, state, started_at, deadline_at, met_at, breached_at,
                             cancelled_at, cancel_reason, target_ms, calendar, pauses, kind)
  SELECT p_ticket, k ->> 'clock', (k ->> 'cycle')::int, k ->> 'state', tierline_instant(k -> 'startedAt'),
         tierline_instant(k -> 'deadlineAt'), tierline_instant(k -> 'metAt'), tierline_instant(k -> 'breachedAt'),
         tierline_instant(k -> 'cancelledAt'), k ->> 'cancelReason', (k ->> 'targetMs')::bigint,
         k ->> 'calendar', k -> 'pauses', coalesce(k ->> 'kind', 'promise')
  FROM jsonb_array_elements(p_clocks) k
  ON CONFLICT (ticket_id, clock, cycle) DO UPDATE SET
    state = excluded.state, started_at = excluded.started_at, deadline_at = excluded.deadline_at,
    met_at = excluded.met_at, breached_at = excluded.breached_at, cancelled_at = excluded.cancelled_at,
    cancel_reason = excluded.cancel_reason, target_ms = excluded.target_ms, calendar = excluded.calendar,
    pauses = excluded.pauses;

  -- Whoever took it from the queue has it now: the place is free.
  DELETE FROM "reservations" r USING jsonb_array_elements(p_events) e
  WHERE r.ticket_id = p_ticket AND e ->> 'type' = 'assigned' AND r.id = e ->> 'reservation';

  RETURN '{"recorded": true}'::jsonb;
END $$;

-- What was secured of an incident. Nothing here is changed or taken away: disposal is an entry of its custody.
CREATE TABLE "evidence" (
  "id" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "sha256" TEXT NOT NULL,
  "size_bytes" BIGINT NOT NULL,
  "source" TEXT NOT NULL,
  "collected_at" TIMESTAMPTZ(3) NOT NULL,
  "collected_by" TEXT NOT NULL,
  -- Run, step and unit of a containment, where it comes from one.
  "origin" JSONB,
  "location" TEXT NOT NULL,
  "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "evidence_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "evidence_ticket_id_idx" ON "evidence"("ticket_id", "collected_at", "id");

CREATE TABLE "custody" (
  "evidence_id" TEXT NOT NULL,
  "sequence" INTEGER NOT NULL,
  -- The message that it came with: the same message again is the same entry.
  "id" TEXT NOT NULL,
  -- The entry as it was hashed.
  "entry" TEXT NOT NULL,
  "previous_hash" TEXT NOT NULL,
  "hash" TEXT NOT NULL,
  CONSTRAINT "custody_pkey" PRIMARY KEY ("evidence_id", "sequence"),
  CONSTRAINT "custody_evidence_id_fkey" FOREIGN KEY ("evidence_id") REFERENCES "evidence"("id")
);
CREATE UNIQUE INDEX "custody_evidence_id_id_key" ON "custody"("evidence_id", "id");

CREATE FUNCTION tierline_keep_custody() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% keeps what it has: % is not possible', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "evidence_is_kept" BEFORE UPDATE OR DELETE OR TRUNCATE ON "evidence"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_keep_custody();
CREATE TRIGGER "custody_is_kept" BEFORE UPDATE OR DELETE OR TRUNCATE ON "custody"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_keep_custody();

-- Appends an entry to the custody of an item, bound to the one before. {"sequence"} of the entry, or {"refused"}.
CREATE FUNCTION tierline_add_custody(p_evidence TEXT, p_id TEXT, p_entry TEXT) RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_known INTEGER;
  v_last "custody"%ROWTYPE;
  v_what TEXT := p_entry::jsonb ->> 'what';
  v_previous TEXT;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('custody/' || p_evidence, 0));
  SELECT sequence INTO v_known FROM "custody" WHERE evidence_id = p_evidence AND id = p_id;
  IF v_known IS NOT NULL THEN
    RETURN jsonb_build_object('sequence', v_known);
  END IF;
  SELECT * INTO v_last FROM "custody" WHERE evidence_id = p_evidence ORDER BY sequence DESC LIMIT 1;
  IF v_last.entry::jsonb ->> 'what' = 'disposed' THEN
    RETURN '{"refused": "evidence_disposed"}';
  END IF;
  -- The row is locked, so that a hold cannot be placed between looking and writing.
  IF v_what = 'disposed' AND (SELECT t.legal_hold FROM "tickets" t JOIN "evidence" e ON e.ticket_id = t.id
                              WHERE e.id = p_evidence FOR SHARE OF t) THEN
    RETURN '{"refused": "under_legal_hold"}';
  END IF;
  v_previous := coalesce(v_last.hash, repeat('0', 64));
  INSERT INTO "custody" (evidence_id, sequence, id, entry, previous_hash, hash)
  VALUES (p_evidence, coalesce(v_last.sequence, 0) + 1, p_id, p_entry, v_previous,
          encode(sha256(convert_to(v_previous || p_entry, 'UTF8')), 'hex'));
  RETURN jsonb_build_object('sequence', coalesce(v_last.sequence, 0) + 1);
END $$;

-- Takes an item in with the first entry of its custody; one that is known stays as it is.
CREATE FUNCTION tierline_add_evidence(p_item JSONB, p_id TEXT, p_entry TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "evidence" (id, ticket_id, name, sha256, size_bytes, source, collected_at, collected_by, origin, location)
  VALUES (p_item ->> 'id', p_item ->> 'ticketId', p_item ->> 'name', p_item ->> 'sha256',
          (p_item ->> 'sizeBytes')::bigint, p_item ->> 'source', tierline_instant(p_item -> 'collectedAt'),
          p_item ->> 'collectedBy', nullif(p_item -> 'origin', 'null'), p_item ->> 'location')
  ON CONFLICT (id) DO NOTHING;
  PERFORM tierline_add_custody(p_item ->> 'id', p_id, p_entry);
END $$;
