-- The ledger and what is read instead of the workflows.

CREATE TABLE "tickets" (
  "id" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "priority" TEXT NOT NULL,
  "tier" INTEGER NOT NULL,
  "team" TEXT,
  "assignee" TEXT,
  "acknowledged_at" TIMESTAMPTZ(3),
  "holds" JSONB NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "resolved_at" TIMESTAMPTZ(3),
  "closed_at" TIMESTAMPTZ(3),
  "reopen_count" INTEGER NOT NULL,
  "handoffs" INTEGER NOT NULL,
  "tier_returns" INTEGER NOT NULL,
  "policy" TEXT NOT NULL,
  "policy_version" INTEGER NOT NULL,
  "mode" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "customer" TEXT,
  "service" TEXT,
  "category" TEXT,
  "external_system" TEXT,
  "external_id" TEXT,
  "attributes" JSONB NOT NULL,
  "next_deadline_at" TIMESTAMPTZ(3),
  "next_milestone_at" TIMESTAMPTZ(3),
  "breached" BOOLEAN NOT NULL,
  "shares" JSONB NOT NULL,
  "shares_at" TIMESTAMPTZ(3) NOT NULL,
  "sequence" INTEGER NOT NULL,
  "recorded_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "tickets_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "tickets_state_next_deadline_at_idx" ON "tickets"("state", "next_deadline_at");
CREATE INDEX "tickets_tier_state_idx" ON "tickets"("tier", "state");
CREATE INDEX "tickets_next_milestone_at_idx" ON "tickets"("next_milestone_at");
CREATE INDEX "tickets_opened_at_id_idx" ON "tickets"("opened_at", "id");

CREATE TABLE "ledger" (
  "ticket_id" TEXT NOT NULL,
  "sequence" INTEGER NOT NULL,
  "id" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "occurred_at" TIMESTAMPTZ(3) NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL,
  "recorded_at" TIMESTAMPTZ(3) NOT NULL,
  "decision" INTEGER,
  "actor" JSONB,
  "request_id" TEXT,
  "text_id" TEXT,
  "text_digest" TEXT,
  "imported" BOOLEAN NOT NULL DEFAULT false,
  "moot" TEXT,
  "data" JSONB NOT NULL,
  "rules_id" TEXT,
  "xid" BIGINT NOT NULL,
  "position" BIGSERIAL NOT NULL,
  CONSTRAINT "ledger_pkey" PRIMARY KEY ("ticket_id", "sequence")
);
CREATE UNIQUE INDEX "ledger_position_key" ON "ledger"("position");
CREATE UNIQUE INDEX "ledger_ticket_id_id_key" ON "ledger"("ticket_id", "id");
CREATE INDEX "ledger_xid_position_idx" ON "ledger"("xid", "position");

CREATE TABLE "rule_sets" (
  "id" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  CONSTRAINT "rule_sets_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "clocks" (
  "ticket_id" TEXT NOT NULL,
  "clock" TEXT NOT NULL,
  "cycle" INTEGER NOT NULL,
  "state" TEXT NOT NULL,
  "started_at" TIMESTAMPTZ(3) NOT NULL,
  "deadline_at" TIMESTAMPTZ(3),
  "met_at" TIMESTAMPTZ(3),
  "breached_at" TIMESTAMPTZ(3),
  "cancelled_at" TIMESTAMPTZ(3),
  "cancel_reason" TEXT,
  "target_ms" BIGINT NOT NULL,
  "calendar" TEXT NOT NULL,
  "pauses" JSONB NOT NULL,
  CONSTRAINT "clocks_pkey" PRIMARY KEY ("ticket_id", "clock", "cycle")
);

CREATE TABLE "breaches" (
  "ticket_id" TEXT NOT NULL,
  "clock" TEXT NOT NULL,
  "cycle" INTEGER NOT NULL,
  "revision" INTEGER NOT NULL,
  "verdict" TEXT NOT NULL,
  "breached_at" TIMESTAMPTZ(3) NOT NULL,
  "decided_at" TIMESTAMPTZ(3) NOT NULL,
  "tier" INTEGER,
  "priority" TEXT,
  "event_id" TEXT NOT NULL,
  CONSTRAINT "breaches_pkey" PRIMARY KEY ("ticket_id", "clock", "cycle", "revision")
);
CREATE INDEX "breaches_breached_at_idx" ON "breaches"("breached_at");

CREATE TABLE "texts" (
  "id" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "salt" TEXT,
  "body" JSONB,
  "digest" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "erased_at" TIMESTAMPTZ(3),
  CONSTRAINT "texts_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "texts_ticket_id_idx" ON "texts"("ticket_id");

CREATE TABLE "receipts" (
  "id" TEXT NOT NULL,
  "body_hash" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "receipts_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "receipts_created_at_idx" ON "receipts"("created_at");

CREATE TABLE "external_references" (
  "system" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  CONSTRAINT "external_references_pkey" PRIMARY KEY ("system", "id")
);

CREATE TABLE "policies" (
  "name" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "hash" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "current" BOOLEAN NOT NULL,
  CONSTRAINT "policies_pkey" PRIMARY KEY ("name", "version")
);
CREATE UNIQUE INDEX "policies_name_hash_key" ON "policies"("name", "hash");

CREATE TABLE "api_keys" (
  "id" TEXT NOT NULL,
  "hash" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "last_used_at" TIMESTAMPTZ(3),
  "revoked_at" TIMESTAMPTZ(3),
  CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "readers" (
  "name" TEXT NOT NULL,
  "xid" BIGINT NOT NULL,
  "position" BIGINT NOT NULL,
  CONSTRAINT "readers_pkey" PRIMARY KEY ("name")
);

CREATE TABLE "deliveries" (
  "ticket_id" TEXT NOT NULL,
  "event_id" TEXT NOT NULL,
  "channel" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "attempts" INTEGER NOT NULL,
  "last_error" TEXT,
  "delivered_at" TIMESTAMPTZ(3),
  CONSTRAINT "deliveries_pkey" PRIMARY KEY ("ticket_id", "event_id", "channel")
);

CREATE TABLE "spool" (
  "position" BIGSERIAL NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "applied_at" TIMESTAMPTZ(3),
  CONSTRAINT "spool_pkey" PRIMARY KEY ("position")
);
CREATE INDEX "spool_ticket_id_position_idx" ON "spool"("ticket_id", "position");

-- Append-only means that nobody, the application included, changes or removes a row.
CREATE FUNCTION tierline_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "ledger"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_refuse_change();
CREATE TRIGGER breaches_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "breaches"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_refuse_change();

CREATE FUNCTION tierline_instant(ms JSONB) RETURNS TIMESTAMPTZ LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(ms) = 'number' THEN to_timestamp((ms #>> '{}')::numeric / 1000) END
$$;

CREATE FUNCTION tierline_ms(at TIMESTAMPTZ) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS $$
  SELECT (extract(epoch FROM at) * 1000)::bigint
$$;

-- One event as the domain knows it: instants in epoch milliseconds, rules joined in.
CREATE FUNCTION tierline_event(row_ "ledger") RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
           'id', row_.id, 'sequence', row_.sequence, 'type', row_.type, 'source', row_.source,
           'occurredAt', tierline_ms(row_.occurred_at), 'receivedAt', tierline_ms(row_.received_at),
           'decision', row_.decision, 'actor', row_.actor, 'requestId', row_.request_id,
           'text', CASE WHEN row_.text_id IS NOT NULL
                        THEN jsonb_build_object('id', row_.text_id, 'digest', row_.text_digest) END,
           'imported', CASE WHEN row_.imported THEN true END, 'moot', row_.moot))
         || row_.data
         || coalesce((SELECT jsonb_build_object('rules', body) FROM "rule_sets" WHERE id = row_.rules_id), '{}')
$$;

CREATE FUNCTION tierline_events(p_ticket TEXT, p_after INTEGER) RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(tierline_event(l) ORDER BY l.sequence), '[]')
  FROM "ledger" l WHERE l.ticket_id = p_ticket AND l.sequence > p_after
$$;

-- Records one turn of a ticket's loop, or nothing.
--   recorded: {"recorded": true}
--   the ledger is ahead of p_head: {"recorded": false, "events": [the events beyond p_head], "known": []}
--   some ids are older in the ledger than the ticket remembers:
--     {"recorded": false, "events": [], "known": [{"id", "sequence"}]}
CREATE FUNCTION tierline_record(p_ticket TEXT, p_head INTEGER, p_events JSONB, p_row JSONB, p_clocks JSONB)
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

  INSERT INTO "breaches" (ticket_id, clock, cycle, revision, verdict, breached_at, decided_at, tier, priority, event_id)
  SELECT p_ticket, e ->> 'clock', (e ->> 'cycle')::int, (e ->> 'revision')::int,
         CASE e ->> 'type' WHEN 'breached' THEN 'breached' ELSE 'withdrawn' END,
         tierline_instant(e -> 'deadlineAt'), tierline_instant(e -> 'receivedAt'),
         (e ->> 'tier')::int, e ->> 'priority', e ->> 'id'
  FROM jsonb_array_elements(p_events) e WHERE e ->> 'type' IN ('breached', 'breachWithdrawn');

  INSERT INTO "tickets" AS t (
    id, state, priority, tier, team, assignee, acknowledged_at, holds, opened_at, resolved_at, closed_at,
    reopen_count, handoffs, tier_returns, policy, policy_version, mode, type, customer, service, category,
    external_system, external_id, attributes, next_deadline_at, next_milestone_at, breached, shares, shares_at,
    sequence, recorded_at)
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
         tierline_instant(p_row -> 'sharesAt'), p_head + jsonb_array_length(p_events), clock_timestamp()
  ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, priority = excluded.priority, tier = excluded.tier, team = excluded.team,
    assignee = excluded.assignee, acknowledged_at = excluded.acknowledged_at, holds = excluded.holds,
    resolved_at = excluded.resolved_at, closed_at = excluded.closed_at, reopen_count = excluded.reopen_count,
    handoffs = excluded.handoffs, tier_returns = excluded.tier_returns, policy = excluded.policy,
    policy_version = excluded.policy_version, attributes = excluded.attributes, type = excluded.type,
    customer = excluded.customer, service = excluded.service, category = excluded.category,
    next_deadline_at = excluded.next_deadline_at, next_milestone_at = excluded.next_milestone_at,
    breached = excluded.breached, shares = excluded.shares, shares_at = excluded.shares_at,
    sequence = excluded.sequence, recorded_at = excluded.recorded_at;

  -- A late fact can undo a reopening and with it the newest cycle. Old cycles that the ticket does not carry any
  -- more stay as they are.
  DELETE FROM "clocks" c WHERE c.ticket_id = p_ticket AND c.cycle > coalesce(
    (SELECT max((k ->> 'cycle')::int) FROM jsonb_array_elements(p_clocks) k WHERE k ->> 'clock' = c.clock), 0);
  INSERT INTO "clocks" AS c (ticket_id, clock, cycle, state, started_at, deadline_at, met_at, breached_at,
                             cancelled_at, cancel_reason, target_ms, calendar, pauses)
  SELECT p_ticket, k ->> 'clock', (k ->> 'cycle')::int, k ->> 'state', tierline_instant(k -> 'startedAt'),
         tierline_instant(k -> 'deadlineAt'), tierline_instant(k -> 'metAt'), tierline_instant(k -> 'breachedAt'),
         tierline_instant(k -> 'cancelledAt'), k ->> 'cancelReason', (k ->> 'targetMs')::bigint,
         k ->> 'calendar', k -> 'pauses'
  FROM jsonb_array_elements(p_clocks) k
  ON CONFLICT (ticket_id, clock, cycle) DO UPDATE SET
    state = excluded.state, started_at = excluded.started_at, deadline_at = excluded.deadline_at,
    met_at = excluded.met_at, breached_at = excluded.breached_at, cancelled_at = excluded.cancelled_at,
    cancel_reason = excluded.cancel_reason, target_ms = excluded.target_ms, calendar = excluded.calendar,
    pauses = excluded.pauses;

  RETURN '{"recorded": true}'::jsonb;
END $$;

-- Takes in what a caller sends, before the engine is asked: the receipt of its idempotency key, its erasable
-- texts, the reservation of its external reference. Answers what stands, which may be an earlier request's:
--   {"ticketId", "bodyHash", "replayed", "digest", "externalTicketId"}
CREATE FUNCTION tierline_receive(p_receipt JSONB, p_ticket TEXT, p_text JSONB, p_external JSONB)
RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_ticket TEXT := p_ticket;
  v_hash TEXT := p_receipt ->> 'bodyHash';
  v_replayed BOOLEAN := false;
  v_external TEXT;
  v_digest TEXT;
BEGIN
  IF p_receipt IS NOT NULL THEN
    INSERT INTO "receipts" (id, body_hash, ticket_id) VALUES (p_receipt ->> 'id', v_hash, p_ticket)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      SELECT body_hash, ticket_id, true INTO v_hash, v_ticket, v_replayed
      FROM "receipts" WHERE id = p_receipt ->> 'id';
    END IF;
  END IF;
  IF v_hash IS DISTINCT FROM p_receipt ->> 'bodyHash' THEN
    RETURN jsonb_build_object('ticketId', v_ticket, 'bodyHash', v_hash, 'replayed', true);
  END IF;
  IF p_external IS NOT NULL THEN
    INSERT INTO "external_references" (system, id, ticket_id)
    VALUES (p_external ->> 'system', p_external ->> 'id', v_ticket) ON CONFLICT DO NOTHING;
    SELECT ticket_id INTO v_external FROM "external_references"
    WHERE system = p_external ->> 'system' AND id = p_external ->> 'id';
  END IF;
  IF p_text IS NOT NULL THEN
    INSERT INTO "texts" (id, ticket_id, salt, body, digest)
    VALUES (p_text ->> 'id', v_ticket, p_text ->> 'salt', p_text -> 'body', p_text ->> 'digest')
    ON CONFLICT DO NOTHING;
    SELECT digest INTO v_digest FROM "texts" WHERE id = p_text ->> 'id';
  END IF;
  RETURN jsonb_build_object('ticketId', v_ticket, 'bodyHash', v_hash, 'replayed', v_replayed, 'digest', v_digest,
                            'externalTicketId', v_external);
END $$;
