-- Calendars and policies as versions, and their way to the open tickets.

CREATE TABLE "calendars" (
  "name" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "hash" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "created_by" TEXT,
  "reason" TEXT,
  "effective_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "current" BOOLEAN NOT NULL,
  CONSTRAINT "calendars_pkey" PRIMARY KEY ("name", "version")
);

-- Going back to what an older version said is a version of its own, with its own reason.
DROP INDEX "policies_name_hash_key";
CREATE INDEX "policies_name_hash_idx" ON "policies"("name", "hash");
ALTER TABLE "policies"
  ADD COLUMN "source" JSONB,
  ADD COLUMN "stored_calendars" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  ADD COLUMN "created_by" TEXT,
  ADD COLUMN "reason" TEXT,
  ADD COLUMN "effective_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
UPDATE "policies" SET effective_from = created_at;

-- What each policy file said when it was last published: only a change of the file publishes it again.
CREATE TABLE "policy_files" (
  "name" TEXT NOT NULL,
  "hash" TEXT NOT NULL,
  "published_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "policy_files_pkey" PRIMARY KEY ("name")
);
INSERT INTO "policy_files" (name, hash) SELECT name, hash FROM "policies" WHERE current;

CREATE TABLE "rule_changes" (
  "id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "from_version" INTEGER,
  "to_version" INTEGER NOT NULL,
  "state" TEXT NOT NULL,
  "retroactive" BOOLEAN NOT NULL,
  "effective_from" TIMESTAMPTZ(3) NOT NULL,
  "requested_by" JSONB NOT NULL,
  "reason" TEXT NOT NULL,
  "approved_by" JSONB,
  "cancelled_by" JSONB,
  "note" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "started_at" TIMESTAMPTZ(3),
  "finished_at" TIMESTAMPTZ(3),
  CONSTRAINT "rule_changes_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "rule_changes_created_at_id_idx" ON "rule_changes"("created_at", "id");
CREATE INDEX "rule_changes_kind_name_state_idx" ON "rule_changes"("kind", "name", "state");

CREATE TABLE "rule_change_tickets" (
  "change_id" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "outcome" JSONB,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "decided_at" TIMESTAMPTZ(3),
  CONSTRAINT "rule_change_tickets_pkey" PRIMARY KEY ("change_id", "ticket_id")
);
CREATE INDEX "rule_change_tickets_change_id_state_idx" ON "rule_change_tickets"("change_id", "state");

CREATE INDEX "tickets_policy_policy_version_state_idx" ON "tickets"("policy", "policy_version", "state");

-- Which version of each calendar a set of rules was resolved with: {name: hash}.
CREATE FUNCTION tierline_calendars(rules JSONB) RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value -> 'version'), '{}') FROM jsonb_each(rules -> 'hours')
$$;
ALTER TABLE "rule_sets" ADD COLUMN "calendars" JSONB GENERATED ALWAYS AS (tierline_calendars(body)) STORED;

-- The version of a calendar by which a ticket is judged now.
CREATE FUNCTION tierline_calendar_of(p_ticket TEXT, p_calendar TEXT) RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT r.calendars ->> p_calendar FROM "ledger" l JOIN "rule_sets" r ON r.id = l.rules_id
  WHERE l.ticket_id = p_ticket AND l.rules_id IS NOT NULL ORDER BY l.sequence DESC LIMIT 1
$$;

-- In force is the newest version whose time has come.
CREATE VIEW "calendars_in_force" AS
  SELECT DISTINCT ON (name) * FROM "calendars" WHERE current AND effective_from <= clock_timestamp()
  ORDER BY name, version DESC;
CREATE VIEW "policies_in_force" AS
  SELECT DISTINCT ON (name) * FROM "policies" WHERE current AND effective_from <= clock_timestamp()
  ORDER BY name, version DESC;

-- A policy as the domain knows it; stored calendars that it refers to are joined in as they are in force now.
CREATE FUNCTION tierline_policy(p_body JSONB, p_version INTEGER, p_stored TEXT[]) RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT p_body || jsonb_build_object(
    'version', p_version,
    'calendars', coalesce((SELECT jsonb_object_agg(c.name, c.body) FROM "calendars_in_force" c
                           WHERE c.name = ANY(p_stored)), '{}') || coalesce(p_body -> 'calendars', '{}'))
$$;

-- One at a time publishes a version of one policy or calendar.
CREATE FUNCTION tierline_lock_rules(p_kind TEXT, p_name TEXT) RETURNS VOID LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(hashtextextended(p_kind || '/' || p_name, 2))
$$;

-- Stores a change and, with it, the version that it brings: p_version null means the version in force.
--   {"changeId"}: stored now, or by an earlier call with the same id
--   {"inProgress"}: another change of the same policy or calendar has not ended; nothing was stored
CREATE FUNCTION tierline_propose(p_change JSONB, p_version JSONB) RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_id TEXT := p_change ->> 'id';
  v_kind TEXT := p_change ->> 'kind';
  v_name TEXT := p_change ->> 'name';
  v_by TEXT := p_change -> 'requestedBy' ->> 'subject';
  v_approval BOOLEAN := (p_change ->> 'retroactive')::boolean;
  v_now TIMESTAMPTZ := date_trunc('milliseconds', clock_timestamp());
  v_effective TIMESTAMPTZ := coalesce(tierline_instant(p_change -> 'effectiveFrom'), v_now);
  v_open TEXT;
  v_from INTEGER;
  v_to INTEGER;
  v_state TEXT;
BEGIN
  PERFORM tierline_lock_rules(v_kind, v_name);
  IF EXISTS (SELECT FROM "rule_changes" WHERE id = v_id) THEN
    RETURN jsonb_build_object('changeId', v_id);
  END IF;
  SELECT id INTO v_open FROM "rule_changes"
  WHERE kind = v_kind AND name = v_name AND state IN ('awaitingApproval', 'scheduled', 'running') LIMIT 1;
  IF FOUND THEN RETURN jsonb_build_object('inProgress', v_open); END IF;

  IF v_kind = 'policy' THEN
    SELECT version INTO v_from FROM "policies_in_force" WHERE name = v_name;
    SELECT coalesce(max(version), 0) + 1 INTO v_to FROM "policies" WHERE name = v_name;
    IF p_version IS NOT NULL THEN
      INSERT INTO "policies" (name, version, hash, body, source, stored_calendars, created_at, created_by, reason,
                              effective_from, current)
      VALUES (v_name, v_to, p_version ->> 'hash', p_version -> 'body', p_version -> 'source',
              ARRAY(SELECT jsonb_array_elements_text(p_version -> 'storedCalendars')), v_now, v_by,
              p_change ->> 'reason', v_effective, NOT v_approval);
    END IF;
  ELSE
    SELECT version INTO v_from FROM "calendars_in_force" WHERE name = v_name;
    SELECT coalesce(max(version), 0) + 1 INTO v_to FROM "calendars" WHERE name = v_name;
    IF p_version IS NOT NULL THEN
      INSERT INTO "calendars" (name, version, hash, body, created_at, created_by, reason, effective_from, current)
      VALUES (v_name, v_to, p_version ->> 'hash', p_version -> 'body', v_now, v_by,
              p_change ->> 'reason', v_effective, NOT v_approval);
    END IF;
  END IF;

  v_state := CASE WHEN v_approval THEN 'awaitingApproval' WHEN v_effective > v_now THEN 'scheduled' ELSE 'running' END;
  INSERT INTO "rule_changes" (id, kind, name, from_version, to_version, state, retroactive, effective_from,
                              requested_by, reason, created_at, started_at)
  VALUES (v_id, v_kind, v_name, v_from, CASE WHEN p_version IS NULL THEN v_from ELSE v_to END, v_state, v_approval,
          v_effective, p_change -> 'requestedBy', p_change ->> 'reason', v_now,
          CASE v_state WHEN 'running' THEN v_now END);
  RETURN jsonb_build_object('changeId', v_id);
END $$;

-- The second person says yes: the version is offered, and the change begins. False where nothing awaits it.
CREATE FUNCTION tierline_approve(p_id TEXT, p_actor JSONB) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  v "rule_changes";
BEGIN
  UPDATE "rule_changes" SET state = 'running', approved_by = p_actor, started_at = clock_timestamp()
  WHERE id = p_id AND state = 'awaitingApproval' RETURNING * INTO v;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE "policies" SET current = true WHERE v.kind = 'policy' AND name = v.name AND version = v.to_version;
  UPDATE "calendars" SET current = true WHERE v.kind = 'calendar' AND name = v.name AND version = v.to_version;
  RETURN true;
END $$;

-- Ends a change early. A version whose time has not come is withdrawn with it; one that new tickets already get stays.
CREATE FUNCTION tierline_cancel(p_id TEXT, p_actor JSONB, p_note TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  v_state TEXT;
  v "rule_changes";
BEGIN
  SELECT state INTO v_state FROM "rule_changes" WHERE id = p_id FOR UPDATE;
  UPDATE "rule_changes" SET state = 'cancelled', cancelled_by = p_actor, note = p_note, finished_at = clock_timestamp()
  WHERE id = p_id AND state IN ('awaitingApproval', 'scheduled', 'running') RETURNING * INTO v;
  IF NOT FOUND THEN RETURN false; END IF;
  IF v_state = 'running' THEN RETURN true; END IF;
  UPDATE "policies" SET current = false
  WHERE v.kind = 'policy' AND name = v.name AND version = v.to_version AND v_state IN ('awaitingApproval', 'scheduled');
  UPDATE "calendars" SET current = false
  WHERE v.kind = 'calendar' AND name = v.name AND version = v.to_version AND v_state IN ('awaitingApproval', 'scheduled');
  RETURN true;
END $$;

-- Publishes one policy file, if its own content changed since it was last published. Answers the version in force.
CREATE FUNCTION tierline_publish_file(p_name TEXT, p_version JSONB) RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
  v_hash TEXT := p_version ->> 'hash';
  v_now TIMESTAMPTZ := date_trunc('milliseconds', clock_timestamp());
  v_seen TEXT;
  v_inforce "policies_in_force";
  v_newest "policies";
BEGIN
  PERFORM tierline_lock_rules('policy', p_name);
  SELECT hash INTO v_seen FROM "policy_files" WHERE name = p_name;
  SELECT * INTO v_inforce FROM "policies_in_force" WHERE name = p_name;
  IF v_seen = v_hash AND v_inforce.version IS NOT NULL THEN RETURN v_inforce.version; END IF;
  INSERT INTO "policy_files" (name, hash) VALUES (p_name, v_hash)
  ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, published_at = excluded.published_at;
  IF v_inforce.hash = v_hash THEN RETURN v_inforce.version; END IF;

  SELECT * INTO v_newest FROM "policies" WHERE name = p_name ORDER BY version DESC LIMIT 1;
  IF v_inforce.version IS NULL AND v_newest.hash = v_hash THEN
    UPDATE "policies" SET current = true WHERE name = p_name AND version = v_newest.version;
    RETURN v_newest.version;
  END IF;
  INSERT INTO "policies" (name, version, hash, body, source, stored_calendars, created_at, created_by, reason,
                          effective_from, current)
  VALUES (p_name, coalesce(v_newest.version, 0) + 1, v_hash, p_version -> 'body', p_version -> 'source',
          ARRAY(SELECT jsonb_array_elements_text(p_version -> 'storedCalendars')), v_now, 'file',
          'The policy file changed', v_now, true);
  RETURN coalesce(v_newest.version, 0) + 1;
END $$;

-- A policy whose file is gone is offered no more, unless a version published over the API is in force.
CREATE FUNCTION tierline_retire_files(p_kept TEXT[]) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "policies" p SET current = false
  FROM "policies_in_force" i JOIN "policy_files" f ON f.name = i.name AND f.hash = i.hash
  WHERE p.current AND p.name = i.name AND NOT (p.name = ANY(p_kept));
  DELETE FROM "policy_files" WHERE NOT (name = ANY(p_kept));
END $$;
