-- What customers are told, and the one outbox for everything that goes out.

-- How an update is worded: versions, of which the newest is used.
CREATE TABLE "templates" (
  "name" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "body" JSONB NOT NULL,
  "created_by" JSONB,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "current" BOOLEAN NOT NULL,
  CONSTRAINT "templates_pkey" PRIMARY KEY ("name", "version")
);
CREATE UNIQUE INDEX "templates_current_key" ON "templates"("name") WHERE current;

-- A version is never changed: all that may happen to it is that another takes its place.
CREATE FUNCTION tierline_keep_template() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.current AND NOT NEW.current
     AND to_jsonb(NEW) - 'current' = to_jsonb(OLD) - 'current' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'version % of template % cannot be changed: % refused', OLD.version, OLD.name, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER templates_are_kept BEFORE UPDATE OR DELETE ON "templates"
  FOR EACH ROW EXECUTE FUNCTION tierline_keep_template();
CREATE TRIGGER templates_are_not_truncated BEFORE TRUNCATE ON "templates"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_refuse_change();

-- Stores the next version of a template, unless the current one says the same, or p_if_absent and there is any.
--   {"version": the version that is used now, "stored": whether it is new}
CREATE FUNCTION tierline_put_template(p_name TEXT, p_body JSONB, p_by JSONB, p_if_absent BOOLEAN)
RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_old "templates";
  v_version INTEGER;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_name, 8));
  SELECT * INTO v_old FROM "templates" WHERE name = p_name AND current;
  IF v_old.name IS NOT NULL AND (p_if_absent OR v_old.body = p_body) THEN
    RETURN jsonb_build_object('version', v_old.version, 'stored', false);
  END IF;
  v_version := coalesce(v_old.version, 0) + 1;
  UPDATE "templates" SET current = false WHERE name = p_name AND current;
  INSERT INTO "templates" (name, version, body, created_by, created_at, current)
  VALUES (p_name, v_version, p_body, p_by, clock_timestamp(), true);
  RETURN jsonb_build_object('version', v_version, 'stored', true);
END $$;

-- A delivery waits here until it is sent or given up. Rows from before were sent by whoever read the ledger.
ALTER TABLE "deliveries"
  ALTER COLUMN "attempts" SET DEFAULT 0,
  ADD COLUMN "position" BIGSERIAL,
  ADD COLUMN "purpose" TEXT NOT NULL DEFAULT 'ticket.notification',
  ADD COLUMN "message_id" TEXT,
  ADD COLUMN "message" JSONB,
  ADD COLUMN "text_id" TEXT,
  ADD COLUMN "fact" JSONB,
  ADD COLUMN "recipient" TEXT,
  ADD COLUMN "sending" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "uncertain" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ADD COLUMN "next_attempt_at" TIMESTAMPTZ(3),
  ADD CONSTRAINT "deliveries_state_check" CHECK (state IN ('pending', 'delivered', 'failed')),
  -- Nothing waits without a time, and nothing that has ended keeps what it said.
  ADD CONSTRAINT "deliveries_waiting_check" CHECK (
    (next_attempt_at IS NOT NULL) = (state = 'pending' OR fact IS NOT NULL)
    AND (message IS NULL OR state = 'pending') AND (fact IS NULL OR state <> 'failed'));
CREATE UNIQUE INDEX "deliveries_position_key" ON "deliveries"("position");
CREATE INDEX "deliveries_due_idx" ON "deliveries"("channel", "next_attempt_at") WHERE next_attempt_at IS NOT NULL;

-- Nobody is told now of what happened before there were updates: their reader begins at the end of the ledger.
INSERT INTO "readers" (name, xid, position)
SELECT 'customer-updates', xid, position FROM "ledger" ORDER BY xid DESC, position DESC LIMIT 1
ON CONFLICT DO NOTHING;
