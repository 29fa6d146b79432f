-- Playbooks, each version once, as they were handed in. A version is known by id and `modified`.

CREATE TABLE "playbooks" (
  id TEXT NOT NULL,
  modified TEXT NOT NULL,
  -- The same as an instant, in milliseconds: what is newer.
  modified_ms BIGINT NOT NULL,
  -- SHA-256 of what it says, signatures aside: adding one makes no new version (CACAO v2.0 §10.14).
  digest TEXT NOT NULL,
  -- JSON as text: JSONB would refuse \u0000, and write numbers anew.
  document TEXT NOT NULL,
  verdict TEXT NOT NULL,
  findings TEXT NOT NULL,
  signatures TEXT NOT NULL,
  signature_count INTEGER NOT NULL,
  imported_by TEXT NOT NULL,
  imported_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (id, modified),
  CONSTRAINT "playbooks_verdict_check" CHECK (verdict IN ('executable', 'importable'))
);
CREATE UNIQUE INDEX "playbooks_digest_key" ON "playbooks" (digest);
CREATE INDEX "playbooks_id_modified_ms_idx" ON "playbooks" (id, modified_ms);

-- A version says for ever what it said; only signatures are added.
CREATE FUNCTION tierline_keep_playbook() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.digest <> OLD.digest OR NEW.id <> OLD.id OR NEW.modified <> OLD.modified THEN
    RAISE EXCEPTION 'a version of a playbook does not change';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "playbooks_kept" BEFORE UPDATE ON "playbooks" FOR EACH ROW EXECUTE FUNCTION tierline_keep_playbook();
