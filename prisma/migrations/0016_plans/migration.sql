-- Plans of containment runs by their hash; what containment never touches, or only with consent; and what two persons
-- have authorised beforehand (docs/approvals.md).

CREATE TABLE "plans" (
  -- SHA-256 of the body, in hexadecimal digits: approvals are bound to it.
  "hash" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT "plans_pkey" PRIMARY KEY ("hash"),
  CONSTRAINT "plans_hash_check" CHECK ("hash" = encode(sha256(convert_to("body", 'UTF8')), 'hex'))
);
CREATE INDEX "plans_ticket_id_idx" ON "plans" ("ticket_id");
CREATE TRIGGER plans_are_kept BEFORE UPDATE OR DELETE ON "plans"
  FOR EACH ROW EXECUTE FUNCTION tierline_refuse_change();
CREATE TRIGGER plans_are_not_truncated BEFORE TRUNCATE ON "plans"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_refuse_change();

CREATE TABLE "protected_assets" (
  "id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "pattern" TEXT NOT NULL,
  "mode" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "until" TIMESTAMPTZ(3),
  "added_by" JSONB NOT NULL,
  "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  -- Kept after it is taken away: what protected whom, and when.
  "removed_by" JSONB,
  "removed_at" TIMESTAMPTZ(3),
  CONSTRAINT "protected_assets_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "protected_assets_kind_check" CHECK ("kind" IN ('exact', 'cidr', 'dn', 'glob')),
  CONSTRAINT "protected_assets_mode_check" CHECK ("mode" IN ('never', 'approval')),
  CONSTRAINT "protected_assets_removed_check" CHECK (("removed_at" IS NULL) = ("removed_by" IS NULL))
);
CREATE INDEX "protected_assets_added_at_id_idx" ON "protected_assets" ("added_at", "id");

CREATE TABLE "playbook_authorisations" (
  "id" TEXT NOT NULL,
  "playbook_id" TEXT NOT NULL,
  -- Of the exact version.
  "digest" TEXT NOT NULL,
  "max_targets" INTEGER NOT NULL,
  "reason" TEXT NOT NULL,
  "valid_until" TIMESTAMPTZ(3) NOT NULL,
  "granted_person" TEXT NOT NULL,
  "granted_role" TEXT NOT NULL,
  "granted_by" JSONB NOT NULL,
  "granted_at" TIMESTAMPTZ(3) NOT NULL,
  "confirmed_person" TEXT,
  "confirmed_role" TEXT,
  "confirmed_by" JSONB,
  "confirmed_at" TIMESTAMPTZ(3),
  "revoked_by" JSONB,
  "revoked_at" TIMESTAMPTZ(3),
  CONSTRAINT "playbook_authorisations_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "playbook_authorisations_targets_check" CHECK ("max_targets" > 0),
  -- Two persons, however their names are written.
  CONSTRAINT "playbook_authorisations_two_persons_check"
    CHECK (lower(btrim("confirmed_person")) <> lower(btrim("granted_person"))),
  CONSTRAINT "playbook_authorisations_confirmed_check"
    CHECK (num_nulls("confirmed_person", "confirmed_role", "confirmed_by", "confirmed_at") IN (0, 4)),
  CONSTRAINT "playbook_authorisations_revoked_check" CHECK (num_nulls("revoked_by", "revoked_at") IN (0, 2)),
  CONSTRAINT "playbook_authorisations_ninety_days_check"
    CHECK ("valid_until" > "granted_at" AND "valid_until" <= "granted_at" + interval '90 days')
);
CREATE INDEX "playbook_authorisations_digest_idx" ON "playbook_authorisations" ("digest");
CREATE INDEX "playbook_authorisations_granted_at_id_idx" ON "playbook_authorisations" ("granted_at", "id");

-- What was granted is never changed; it is confirmed once, and revoked once.
CREATE FUNCTION tierline_keep_authorisation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_later TEXT[] := ARRAY['confirmed_person', 'confirmed_role', 'confirmed_by', 'confirmed_at', 'revoked_by', 'revoked_at'];
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - v_later = to_jsonb(OLD) - v_later AND OLD.revoked_at IS NULL
     AND (OLD.confirmed_at IS NULL
          OR (NEW.confirmed_at = OLD.confirmed_at AND NEW.confirmed_person = OLD.confirmed_person
              AND NEW.confirmed_role = OLD.confirmed_role AND NEW.confirmed_by = OLD.confirmed_by)) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'authorisation % cannot be changed: % refused', OLD.id, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER authorisations_are_kept BEFORE UPDATE OR DELETE ON "playbook_authorisations"
  FOR EACH ROW EXECUTE FUNCTION tierline_keep_authorisation();

-- The targets that a run was let change, by the SHA-256 of their names: some of them nobody may see.
CREATE TABLE "run_targets" (
  "run" TEXT NOT NULL,
  "target_hash" TEXT NOT NULL,
  CONSTRAINT "run_targets_pkey" PRIMARY KEY ("run", "target_hash")
);

-- Counts a target for a run, unless it would be one too many; answers whether it may be changed. One after the other
-- per run, so that branches side by side do not count past each other.
CREATE FUNCTION tierline_count_target(p_run TEXT, p_target TEXT, p_max INTEGER)
RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('run_targets/' || p_run, 0));
  IF EXISTS (SELECT FROM "run_targets" WHERE run = p_run AND target_hash = p_target) THEN
    RETURN true;
  END IF;
  IF (SELECT count(*) FROM "run_targets" WHERE run = p_run) >= p_max THEN
    RETURN false;
  END IF;
  INSERT INTO "run_targets" (run, target_hash) VALUES (p_run, p_target);
  RETURN true;
END $$;
