-- Two more journals: post-incident reviews, and runs of containment playbooks. Their rows are written with their events,
-- by the function that writes those of tasks and problems.

CREATE TABLE "reviews" (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  -- The incident that is looked back on: the parent where tickets are grouped.
  ticket_id TEXT NOT NULL,
  owner TEXT,
  severity TEXT,
  -- When the meeting is to be held.
  due_at TIMESTAMPTZ(3),
  opened_at TIMESTAMPTZ(3) NOT NULL,
  body JSONB NOT NULL,
  next_milestone_at TIMESTAMPTZ(3),
  sequence INTEGER NOT NULL,
  recorded_at TIMESTAMPTZ(3) NOT NULL
);
-- One review per incident (docs/rules.md §9).
CREATE UNIQUE INDEX "reviews_ticket_id_key" ON "reviews" (ticket_id);
CREATE INDEX "reviews_opened_at_id_idx" ON "reviews" (opened_at, id);
CREATE INDEX "reviews_next_milestone_at_idx" ON "reviews" (next_milestone_at);

CREATE TABLE "containments" (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  ticket_id TEXT NOT NULL,
  playbook_id TEXT NOT NULL,
  -- The playbook's `modified`.
  playbook_version TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  requested_at TIMESTAMPTZ(3) NOT NULL,
  ended_at TIMESTAMPTZ(3),
  -- How many effects stand, and how many approvals are waited for.
  in_force INTEGER NOT NULL,
  awaiting INTEGER NOT NULL,
  body JSONB NOT NULL,
  next_milestone_at TIMESTAMPTZ(3),
  sequence INTEGER NOT NULL,
  recorded_at TIMESTAMPTZ(3) NOT NULL
);
CREATE INDEX "containments_ticket_id_idx" ON "containments" (ticket_id);
CREATE INDEX "containments_requested_at_id_idx" ON "containments" (requested_at, id);
CREATE INDEX "containments_next_milestone_at_idx" ON "containments" (next_milestone_at);

CREATE OR REPLACE FUNCTION tierline_record_journal(p_kind TEXT, p_id TEXT, p_head INTEGER, p_events JSONB, p_row JSONB)
RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_head INTEGER;
  v_known JSONB;
  v_event JSONB;
  v_constraint TEXT;
  v_columns JSONB := p_row -> 'columns';
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('journal/' || p_kind || '/' || p_id, 0));
  SELECT coalesce(max(sequence), 0) INTO v_head FROM "journal" WHERE kind = p_kind AND journal_id = p_id;
  IF v_head <> p_head THEN
    RETURN jsonb_build_object(
      'recorded', false, 'events', tierline_journal(p_kind, p_id, p_head), 'known', '[]'::jsonb);
  END IF;
  SELECT jsonb_agg(jsonb_build_object('id', j.id, 'sequence', j.sequence)) INTO v_known
  FROM jsonb_array_elements(p_events) e
  JOIN "journal" j ON j.kind = p_kind AND j.journal_id = p_id AND j.id = e ->> 'id';
  IF v_known IS NOT NULL THEN
    RETURN jsonb_build_object('recorded', false, 'events', '[]'::jsonb, 'known', v_known);
  END IF;
  v_head := p_head + jsonb_array_length(p_events);

  INSERT INTO "journal" (kind, journal_id, sequence, id, type, occurred_at, recorded_at, actor, request_id, text_id,
                         text_digest, data, xid)
  SELECT p_kind, p_id, (e ->> 'sequence')::int, e ->> 'id', e ->> 'type', tierline_instant(e -> 'occurredAt'),
         clock_timestamp(), e -> 'actor', e ->> 'requestId', e -> 'text' ->> 'id', e -> 'text' ->> 'digest',
         e - ARRAY['id', 'sequence', 'type', 'occurredAt', 'actor', 'requestId', 'text'],
         pg_current_xact_id()::text::bigint
  FROM jsonb_array_elements(p_events) WITH ORDINALITY AS t(e, n)
  ORDER BY n;

  IF p_kind = 'task' THEN
    INSERT INTO "tasks" AS t (id, kind, state, subject_type, subject_id, owner, due_at, opened_at, body,
                              next_milestone_at, sequence, recorded_at)
    VALUES (p_id, v_columns ->> 'kind', v_columns ->> 'state', v_columns ->> 'subjectType',
            v_columns ->> 'subjectId', v_columns ->> 'owner', tierline_instant(v_columns -> 'dueAt'),
            tierline_instant(v_columns -> 'openedAt'), p_row -> 'body', tierline_instant(p_row -> 'nextMilestoneAt'),
            v_head, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET
      state = excluded.state, owner = excluded.owner, due_at = excluded.due_at, body = excluded.body,
      next_milestone_at = excluded.next_milestone_at, sequence = excluded.sequence,
      recorded_at = excluded.recorded_at;
  ELSIF p_kind = 'review' THEN
    INSERT INTO "reviews" AS r (id, state, ticket_id, owner, severity, due_at, opened_at, body, next_milestone_at,
                                sequence, recorded_at)
    VALUES (p_id, v_columns ->> 'state', v_columns ->> 'ticketId', v_columns ->> 'owner', v_columns ->> 'severity',
            tierline_instant(v_columns -> 'dueAt'), tierline_instant(v_columns -> 'openedAt'), p_row -> 'body',
            tierline_instant(p_row -> 'nextMilestoneAt'), v_head, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET
      state = excluded.state, owner = excluded.owner, due_at = excluded.due_at, body = excluded.body,
      next_milestone_at = excluded.next_milestone_at, sequence = excluded.sequence,
      recorded_at = excluded.recorded_at;
  ELSIF p_kind = 'containment' THEN
    INSERT INTO "containments" AS c (id, state, ticket_id, playbook_id, playbook_version, plan_hash, requested_by,
                                     requested_at, ended_at, in_force, awaiting, body, next_milestone_at, sequence,
                                     recorded_at)
    VALUES (p_id, v_columns ->> 'state', v_columns ->> 'ticketId', v_columns ->> 'playbookId',
            v_columns ->> 'playbookVersion', v_columns ->> 'planHash', v_columns ->> 'requestedBy',
            tierline_instant(v_columns -> 'requestedAt'), tierline_instant(v_columns -> 'endedAt'),
            (v_columns ->> 'inForce')::int, (v_columns ->> 'awaiting')::int, p_row -> 'body',
            tierline_instant(p_row -> 'nextMilestoneAt'), v_head, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET
      state = excluded.state, plan_hash = excluded.plan_hash, ended_at = excluded.ended_at,
      in_force = excluded.in_force, awaiting = excluded.awaiting, body = excluded.body,
      next_milestone_at = excluded.next_milestone_at, sequence = excluded.sequence,
      recorded_at = excluded.recorded_at;
  ELSIF p_row IS NULL THEN
    UPDATE "problems" SET
      next_milestone_at = CASE WHEN state = 'fixed' THEN clock_timestamp() ELSE next_milestone_at END,
      sequence = v_head, recorded_at = clock_timestamp()
    WHERE id = p_id;
  ELSE
    INSERT INTO "problems" AS p (id, state, fingerprint, owner, opened_at, body, next_milestone_at, sequence, recorded_at)
    VALUES (p_id, v_columns ->> 'state', v_columns ->> 'fingerprint', v_columns ->> 'owner',
            tierline_instant(v_columns -> 'openedAt'), p_row -> 'body', tierline_instant(p_row -> 'nextMilestoneAt'),
            v_head, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET
      state = excluded.state, owner = excluded.owner, body = excluded.body,
      next_milestone_at = excluded.next_milestone_at, sequence = excluded.sequence,
      recorded_at = excluded.recorded_at;
  END IF;

  FOR v_event IN SELECT e FROM jsonb_array_elements(p_events) WITH ORDINALITY AS t(e, n)
                 WHERE p_kind = 'problem' AND e ->> 'type' IN ('linked', 'unlinked') ORDER BY n LOOP
    IF v_event ->> 'type' = 'linked' THEN
      INSERT INTO "problem_tickets" (problem_id, ticket_id, by, opened_at, linked_at)
      VALUES (p_id, v_event ->> 'ticket', v_event ->> 'by', tierline_instant(v_event -> 'openedAt'),
              tierline_instant(v_event -> 'occurredAt'))
      ON CONFLICT DO NOTHING;
    ELSE
      DELETE FROM "problem_tickets" WHERE problem_id = p_id AND ticket_id = v_event ->> 'ticket';
    END IF;
  END LOOP;
  RETURN '{"recorded": true}'::jsonb;
EXCEPTION WHEN unique_violation THEN
  GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
  IF v_constraint <> 'problems_unresolved_fingerprint_key' THEN RAISE; END IF;
  RETURN jsonb_build_object('recorded', false, 'events', '[]'::jsonb, 'known', '[]'::jsonb, 'taken',
    (SELECT id FROM "problems"
     WHERE fingerprint = v_columns ->> 'fingerprint' AND state NOT IN ('resolved', 'closed') AND id <> p_id));
END $$;
