-- Journals: the append-only logs of tasks and problems, and what is read instead of them. Occurrences: which tickets
-- have which fingerprint, and the problem they belong to.

CREATE TABLE "journal" (
  "kind" TEXT NOT NULL,
  "journal_id" TEXT NOT NULL,
  "sequence" INTEGER NOT NULL,
  "id" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "occurred_at" TIMESTAMPTZ(3) NOT NULL,
  "recorded_at" TIMESTAMPTZ(3) NOT NULL,
  "actor" JSONB,
  "request_id" TEXT,
  "text_id" TEXT,
  "text_digest" TEXT,
  "data" JSONB NOT NULL,
  "xid" BIGINT NOT NULL,
  "position" BIGSERIAL NOT NULL,
  CONSTRAINT "journal_pkey" PRIMARY KEY ("kind", "journal_id", "sequence")
);
CREATE UNIQUE INDEX "journal_kind_journal_id_id_key" ON "journal"("kind", "journal_id", "id");
CREATE UNIQUE INDEX "journal_position_key" ON "journal"("position");
CREATE INDEX "journal_xid_position_idx" ON "journal"("xid", "position");
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "journal"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_refuse_change();

CREATE TABLE "tasks" (
  "id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "subject_type" TEXT NOT NULL,
  "subject_id" TEXT NOT NULL,
  "owner" TEXT,
  "due_at" TIMESTAMPTZ(3) NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "body" JSONB NOT NULL,
  "next_milestone_at" TIMESTAMPTZ(3),
  "sequence" INTEGER NOT NULL,
  "recorded_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "tasks_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "tasks_due_at_id_idx" ON "tasks"("due_at", "id");
CREATE INDEX "tasks_owner_state_due_at_idx" ON "tasks"("owner", "state", "due_at");
CREATE INDEX "tasks_subject_type_subject_id_idx" ON "tasks"("subject_type", "subject_id");
CREATE INDEX "tasks_next_milestone_at_idx" ON "tasks"("next_milestone_at");

CREATE TABLE "problems" (
  "id" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "fingerprint" TEXT,
  "owner" TEXT,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "body" JSONB NOT NULL,
  "next_milestone_at" TIMESTAMPTZ(3),
  "sequence" INTEGER NOT NULL,
  "recorded_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "problems_pkey" PRIMARY KEY ("id")
);
-- However many tickets come in at once: one unresolved problem for a fingerprint. Prisma's schema has no word for it.
CREATE UNIQUE INDEX "problems_unresolved_fingerprint_key" ON "problems"("fingerprint")
  WHERE "state" NOT IN ('resolved', 'closed');
CREATE INDEX "problems_opened_at_id_idx" ON "problems"("opened_at", "id");
CREATE INDEX "problems_next_milestone_at_idx" ON "problems"("next_milestone_at");

CREATE TABLE "problem_tickets" (
  "problem_id" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "by" TEXT NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "linked_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "problem_tickets_pkey" PRIMARY KEY ("problem_id", "ticket_id")
);
CREATE INDEX "problem_tickets_ticket_id_idx" ON "problem_tickets"("ticket_id");

CREATE TABLE "occurrences" (
  "ticket_id" TEXT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "problem_id" TEXT,
  "noted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "occurrences_pkey" PRIMARY KEY ("ticket_id")
);
CREATE INDEX "occurrences_fingerprint_opened_at_idx" ON "occurrences"("fingerprint", "opened_at");

-- One event as the domain knows it: instants in epoch milliseconds.
CREATE FUNCTION tierline_journal_event(row_ "journal") RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
           'id', row_.id, 'sequence', row_.sequence, 'type', row_.type, 'occurredAt', tierline_ms(row_.occurred_at),
           'actor', row_.actor, 'requestId', row_.request_id,
           'text', CASE WHEN row_.text_id IS NOT NULL
                        THEN jsonb_build_object('id', row_.text_id, 'digest', row_.text_digest) END))
         || row_.data
$$;

CREATE FUNCTION tierline_journal(p_kind TEXT, p_id TEXT, p_after INTEGER) RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(tierline_journal_event(j) ORDER BY j.sequence), '[]')
  FROM "journal" j WHERE j.kind = p_kind AND j.journal_id = p_id AND j.sequence > p_after
$$;

-- Appends to a journal and writes the row that is read instead, or nothing. Without a row, only how far it has come;
-- a problem whose fix is being watched then has something to look at.
--   recorded: {"recorded": true}
--   the journal is ahead of p_head: {"recorded": false, "events": [the events beyond p_head], "known": []}
--   some ids are older in it than its workflow remembers: {"recorded": false, "events": [], "known": [{"id", "sequence"}]}
--   another unresolved problem has the fingerprint: {"recorded": false, "events": [], "known": [], "taken": id}
CREATE FUNCTION tierline_record_journal(p_kind TEXT, p_id TEXT, p_head INTEGER, p_events JSONB, p_row JSONB)
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

-- Notes that a ticket has a fingerprint, once per ticket; counts the tickets that have it and belong to no problem yet,
-- by when they were opened; opens the problem p_problem where p_count of them lie within p_within_ms of one another, or
-- joins the unresolved one. p_opening is the problem's first event and p_row its row. Answers
--   {"what": "noted" | "joined" | "opened" | "known", "problemId"}
CREATE FUNCTION tierline_note_occurrence(p_ticket TEXT, p_fingerprint TEXT, p_opened_at BIGINT, p_count INTEGER,
                                         p_within_ms BIGINT, p_problem TEXT, p_opening JSONB, p_row JSONB)
RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_opened TIMESTAMPTZ := tierline_instant(to_jsonb(p_opened_at));
  v_within INTERVAL := p_within_ms * interval '1 millisecond';
  v_problem TEXT;
  v_head INTEGER := 0;
  v_tickets TEXT[] := ARRAY[p_ticket];
  v_events JSONB;
  v_answer JSONB;
  v_now BIGINT;
BEGIN
  -- One at a time per fingerprint: whoever counts sees everybody who counted before.
  PERFORM pg_advisory_xact_lock(hashtextextended('fingerprint/' || p_fingerprint, 0));
  SELECT problem_id INTO v_problem FROM "occurrences" WHERE ticket_id = p_ticket FOR UPDATE;
  IF v_problem IS NOT NULL THEN
    RETURN jsonb_build_object('what', 'known', 'problemId', v_problem);
  END IF;
  INSERT INTO "occurrences" (ticket_id, fingerprint, opened_at) VALUES (p_ticket, p_fingerprint, v_opened)
  ON CONFLICT (ticket_id) DO UPDATE SET fingerprint = excluded.fingerprint;

  LOOP
    SELECT id INTO v_problem FROM "problems"
    WHERE fingerprint = p_fingerprint AND state NOT IN ('resolved', 'closed');
    EXIT WHEN NOT FOUND;
    -- It may be resolved at this very moment: with its journal locked, it is one or the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('journal/problem/' || v_problem, 0));
    EXIT WHEN EXISTS (SELECT FROM "problems" WHERE id = v_problem AND state NOT IN ('resolved', 'closed'));
  END LOOP;

  IF v_problem IS NOT NULL THEN
    SELECT max(sequence) INTO v_head FROM "journal" WHERE kind = 'problem' AND journal_id = v_problem;
  ELSE
    PERFORM FROM (
      SELECT o.opened_at, lead(o.opened_at, p_count - 1) OVER (ORDER BY o.opened_at, o.ticket_id) AS nth
      FROM "occurrences" o
      WHERE o.fingerprint = p_fingerprint AND o.problem_id IS NULL
        AND o.opened_at BETWEEN v_opened - v_within AND v_opened + v_within
    ) AS spans
    WHERE spans.opened_at <= v_opened AND spans.nth >= v_opened AND spans.nth - spans.opened_at <= v_within;
    IF NOT FOUND THEN RETURN jsonb_build_object('what', 'noted'); END IF;
    SELECT array_agg(o.ticket_id ORDER BY o.opened_at, o.ticket_id) INTO v_tickets FROM "occurrences" o
    WHERE o.fingerprint = p_fingerprint AND o.problem_id IS NULL
      AND o.opened_at BETWEEN v_opened - v_within AND v_opened + v_within;
  END IF;

  v_now := tierline_ms(date_trunc('milliseconds', clock_timestamp()));
  SELECT jsonb_agg(jsonb_build_object(
           'id', 'occurrence/' || o.ticket_id, 'type', 'linked', 'occurredAt', v_now, 'ticket', o.ticket_id,
           'openedAt', tierline_ms(o.opened_at), 'by', 'recurrence',
           'sequence', v_head + CASE WHEN v_problem IS NULL THEN 1 ELSE 0 END + t.n) ORDER BY t.n)
  INTO v_events
  FROM unnest(v_tickets) WITH ORDINALITY AS t(ticket_id, n) JOIN "occurrences" o USING (ticket_id);
  IF v_problem IS NULL THEN
    v_answer := tierline_record_journal('problem', p_problem, 0, jsonb_build_array(p_opening) || v_events, p_row);
    -- Somebody opened one by hand at this very moment: then that one is joined.
    IF v_answer ? 'taken' THEN
      RETURN tierline_note_occurrence(p_ticket, p_fingerprint, p_opened_at, p_count, p_within_ms, p_problem,
                                      p_opening, p_row);
    END IF;
  ELSE
    v_answer := tierline_record_journal('problem', v_problem, v_head, v_events, NULL);
  END IF;
  IF NOT (v_answer ->> 'recorded')::boolean THEN
    RAISE EXCEPTION 'The occurrence of % could not be recorded: %', p_ticket, v_answer;
  END IF;
  UPDATE "occurrences" SET problem_id = coalesce(v_problem, p_problem) WHERE ticket_id = ANY(v_tickets);
  RETURN jsonb_build_object('what', CASE WHEN v_problem IS NULL THEN 'opened' ELSE 'joined' END,
                            'problemId', coalesce(v_problem, p_problem));
END $$;
