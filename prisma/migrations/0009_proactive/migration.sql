-- Proactive work: procedures, tickets that open on schedule, and suggestions for improvement.

CREATE TABLE "procedures" (
  "name" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "body" JSONB NOT NULL,
  "created_by" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "current" BOOLEAN NOT NULL,
  CONSTRAINT "procedures_pkey" PRIMARY KEY ("name", "version")
);
CREATE UNIQUE INDEX "procedures_current_key" ON "procedures"("name") WHERE current;

-- A version is never changed: what somebody ticked off can be told from it.
CREATE FUNCTION tierline_keep_procedure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.current AND NOT NEW.current
     AND to_jsonb(NEW) - 'current' = to_jsonb(OLD) - 'current' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'version % of procedure % cannot be changed: % refused', OLD.version, OLD.name, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER procedures_are_kept BEFORE UPDATE OR DELETE ON "procedures"
  FOR EACH ROW EXECUTE FUNCTION tierline_keep_procedure();
CREATE TRIGGER procedures_are_not_truncated BEFORE TRUNCATE ON "procedures"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_refuse_change();

-- Stores the next version of a procedure, unless the current one says the same. Answers {"version", "stored"}.
CREATE FUNCTION tierline_put_procedure(p_name TEXT, p_body JSONB, p_by JSONB)
RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_old "procedures";
  v_version INTEGER;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_name, 9));
  SELECT * INTO v_old FROM "procedures" WHERE name = p_name AND current;
  IF v_old.body = p_body THEN
    RETURN jsonb_build_object('version', v_old.version, 'stored', false);
  END IF;
  v_version := coalesce(v_old.version, 0) + 1;
  UPDATE "procedures" SET current = false WHERE name = p_name AND current;
  INSERT INTO "procedures" (name, version, body, created_by, created_at, current)
  VALUES (p_name, v_version, p_body, p_by, clock_timestamp(), true);
  RETURN jsonb_build_object('version', v_version, 'stored', true);
END $$;

-- What opens when. This is the truth; the schedules in Temporal are its mirror.
CREATE TABLE "schedules" (
  "name" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  "paused" BOOLEAN NOT NULL,
  -- Kept until its mirror is gone as well.
  "deleted" BOOLEAN NOT NULL DEFAULT false,
  -- Counts every change; `mirrored` is the one that Temporal has.
  "revision" INTEGER NOT NULL DEFAULT 1,
  "mirrored" INTEGER,
  "changed_by" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "schedules_pkey" PRIMARY KEY ("name")
);

-- Which ticket opened on which occasion: the time it was planned for, or the request of somebody who did not wait.
CREATE TABLE "scheduled_tickets" (
  "schedule" TEXT NOT NULL,
  "occasion" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "scheduled_tickets_pkey" PRIMARY KEY ("schedule", "occasion")
);
CREATE INDEX "scheduled_tickets_schedule_opened_at_idx" ON "scheduled_tickets"("schedule", "opened_at");

CREATE TABLE "suggestions" (
  "id" TEXT NOT NULL,
  "title" TEXT NOT NULL,
  "text" TEXT NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'new',
  -- Why it was declined, or what was said last.
  "reason" TEXT,
  "engagement" JSONB,
  "created_by" JSONB NOT NULL,
  "changed_by" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "suggestions_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "suggestions_state_check" CHECK (state IN ('new', 'accepted', 'engaged', 'delivered', 'declined'))
);
CREATE INDEX "suggestions_created_at_id_idx" ON "suggestions"("created_at", "id");

-- The tickets that prove a suggestion, each once.
CREATE TABLE "suggestion_tickets" (
  "suggestion" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "linked_by" JSONB NOT NULL,
  "linked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "suggestion_tickets_pkey" PRIMARY KEY ("suggestion", "ticket_id")
);
CREATE INDEX "suggestion_tickets_ticket_id_idx" ON "suggestion_tickets"("ticket_id");
