-- Units of containment runs: what was sent, once, and what came of it; what is in force and who holds it; the bodies of
-- requests and answers by their hash; values that nobody may see, encrypted (docs/decisions/0021-units.md).

CREATE TABLE "units" (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  ticket_id TEXT NOT NULL,
  -- Digest of the playbook's exact version.
  playbook TEXT NOT NULL,
  step TEXT NOT NULL,
  command_index INTEGER NOT NULL,
  -- Ids in the playbook's definitions.
  agent TEXT,
  target TEXT,
  purpose TEXT NOT NULL CHECK (purpose IN ('act', 'snapshot', 'verify', 'undo', 'verifyUndone')),
  plan_hash TEXT NOT NULL,
  effect TEXT,
  effect_key TEXT,
  is_change BOOLEAN NOT NULL,
  -- Among the commands of its step: what a step brings about, it brings about with all of them.
  is_first BOOLEAN NOT NULL,
  is_last BOOLEAN NOT NULL,
  -- Of everything that was asked for: one id is one order.
  order_hash TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'claimed' CHECK (state IN ('claimed', 'sending', 'done')),
  -- Who works on it, and until when nobody else may.
  worker TEXT NOT NULL,
  lease_until TIMESTAMPTZ(3) NOT NULL,
  -- How often it was sent.
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Artifacts: what was sent and answered.
  request_hash TEXT,
  answer_hash TEXT,
  outcome TEXT CHECK (outcome IN ('succeeded', 'failed', 'unknown', 'blocked', 'alreadyInForce', 'stillHeld')),
  reason TEXT,
  results JSONB,
  started_at TIMESTAMPTZ(3) NOT NULL,
  sent_at TIMESTAMPTZ(3),
  ended_at TIMESTAMPTZ(3),
  CONSTRAINT "units_effect_check" CHECK ((effect IS NULL) = (effect_key IS NULL)),
  CONSTRAINT "units_sending_check" CHECK (state <> 'sending' OR (request_hash IS NOT NULL AND sent_at IS NOT NULL)),
  CONSTRAINT "units_done_check" CHECK ((state = 'done') = (outcome IS NOT NULL AND ended_at IS NOT NULL))
);
CREATE INDEX "units_run_started_at_idx" ON "units" (run, started_at);

CREATE TABLE "in_force" (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  effect TEXT NOT NULL,
  target_key TEXT NOT NULL,
  run TEXT NOT NULL,
  ticket_id TEXT NOT NULL,
  -- The unit that moved it last.
  unit TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('acquiring', 'held', 'releasing', 'uncertain', 'released')),
  -- What it was before it was acquired again or released: that comes back where nothing was done.
  prior TEXT CHECK (prior IN ('held', 'uncertain')),
  -- The artifact with how things were before.
  snapshot_hash TEXT,
  since TIMESTAMPTZ(3) NOT NULL,
  released_at TIMESTAMPTZ(3),
  -- undone; stillHeld: others hold it; neverThere: it was not brought about.
  released_because TEXT CHECK (released_because IN ('undone', 'stillHeld', 'neverThere')),
  CONSTRAINT "in_force_released_check"
    CHECK ((state = 'released') = (released_at IS NOT NULL AND released_because IS NOT NULL))
);
CREATE UNIQUE INDEX "in_force_live_key" ON "in_force" (effect, target_key, run) WHERE released_at IS NULL;
CREATE INDEX "in_force_ticket_id_idx" ON "in_force" (ticket_id);
CREATE INDEX "in_force_run_idx" ON "in_force" (run);
CREATE INDEX "in_force_unit_idx" ON "in_force" (unit);

CREATE TABLE "artifacts" (
  -- SHA-256 of the whole, in hexadecimal digits.
  hash TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  -- The first MiB of it.
  content BYTEA NOT NULL CHECK (octet_length(content) <= 1048576),
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

CREATE TABLE "sealed_values" (
  id TEXT PRIMARY KEY,
  ticket_id TEXT NOT NULL,
  -- Which key it was encrypted with.
  key_id TEXT NOT NULL,
  nonce BYTEA NOT NULL,
  -- AES-256-GCM, the tag at its end.
  ciphertext BYTEA NOT NULL,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);
CREATE INDEX "sealed_values_ticket_id_idx" ON "sealed_values" (ticket_id);

-- What a unit came to is final.
CREATE FUNCTION tierline_unit_is_final() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Unit % has ended', OLD.id USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER "units_final" BEFORE UPDATE ON "units"
  FOR EACH ROW WHEN (OLD.state = 'done') EXECUTE FUNCTION tierline_unit_is_final();

-- Everything about one effect on one target happens one after the other, until the end of the transaction.
CREATE FUNCTION tierline_lock_effect(p_effect TEXT, p_key TEXT) RETURNS VOID LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(hashtextextended('effect/' || p_effect || '/' || p_key, 0))
  WHERE p_effect IS NOT NULL;
$$;

-- How an effect stands by what one run says of it. While its commands are under way: moving. One whose worker was lost
-- before anything was sent counts as before; one lost after it, and not gone on with for a minute, as uncertain.
CREATE FUNCTION tierline_standing(h "in_force") RETURNS TEXT LANGUAGE sql VOLATILE AS $$
  SELECT CASE
    WHEN h.state NOT IN ('acquiring', 'releasing') THEN h.state
    WHEN u.state = 'claimed' AND u.lease_until < clock_timestamp()
      THEN CASE WHEN u.is_first THEN coalesce(h.prior, 'none') ELSE 'uncertain' END
    WHEN greatest(u.lease_until, u.ended_at) < clock_timestamp() - interval '1 minute' THEN 'uncertain'
    ELSE 'moving'
  END
  FROM "units" u WHERE u.id = h.unit;
$$;

-- How the other runs' holds of an effect stand, the most telling of them: held, moving, uncertain or none.
CREATE FUNCTION tierline_held_by_others(p_effect TEXT, p_key TEXT, p_run TEXT) RETURNS TEXT LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN bool_or(s = 'held') THEN 'held' WHEN bool_or(s = 'moving') THEN 'moving'
              WHEN bool_or(s = 'uncertain') THEN 'uncertain' ELSE 'none' END
  FROM (SELECT tierline_standing(h) AS s FROM "in_force" h
        WHERE h.effect = p_effect AND h.target_key = p_key AND h.run <> p_run AND h.released_at IS NULL) AS others;
$$;

-- Whether another unit of the run that holds it is at it.
CREATE FUNCTION tierline_is_busy(h "in_force", p_unit TEXT) RETURNS BOOLEAN LANGUAGE sql VOLATILE AS $$
  SELECT EXISTS (SELECT FROM "units" u WHERE u.id = h.unit AND u.id <> p_unit AND u.state <> 'done')
    AND tierline_standing(h) = 'moving';
$$;

-- What a hold falls back to where a unit that moves it does nothing.
CREATE FUNCTION tierline_prior(h "in_force", u "units") RETURNS TEXT LANGUAGE sql VOLATILE AS $$
  SELECT CASE
    WHEN h.unit = u.id OR (NOT u.is_first AND h.state IN ('acquiring', 'releasing')) THEN h.prior
    ELSE CASE tierline_standing(h) WHEN 'held' THEN 'held' WHEN 'none' THEN NULL ELSE 'uncertain' END
  END;
$$;

-- Takes hold of the effect of an act. Answers go, doubt (go, but others may have brought it about), wait, or
-- alreadyInForce: then the run holds it, and nothing is to be sent.
CREATE FUNCTION tierline_acquire(u "units") RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
  v_others TEXT := tierline_held_by_others(u.effect, u.effect_key, u.run);
  v_mine "in_force";
  v_state TEXT;
BEGIN
  SELECT * INTO v_mine FROM "in_force"
  WHERE effect = u.effect AND target_key = u.effect_key AND run = u.run AND released_at IS NULL;
  IF v_others = 'moving' OR tierline_is_busy(v_mine, u.id) THEN RETURN 'wait'; END IF;
  IF NOT u.is_first AND v_mine.state = 'held' THEN RETURN 'alreadyInForce'; END IF;
  v_state := CASE v_others WHEN 'held' THEN 'held' ELSE 'acquiring' END;
  IF v_mine.id IS NOT NULL THEN
    UPDATE "in_force" SET prior = CASE v_state WHEN 'acquiring' THEN tierline_prior(v_mine, u) END,
      state = v_state, unit = u.id WHERE id = v_mine.id;
  ELSE
    INSERT INTO "in_force" (effect, target_key, run, ticket_id, unit, state, snapshot_hash, since)
    VALUES (u.effect, u.effect_key, u.run, u.ticket_id, u.id, v_state,
            (SELECT s.answer_hash FROM "units" s
             WHERE s.run = u.run AND s.target IS NOT DISTINCT FROM u.target AND s.purpose = 'snapshot'
               AND s.state = 'done'
             ORDER BY s.ended_at DESC LIMIT 1),
            clock_timestamp());
  END IF;
  RETURN CASE v_others WHEN 'held' THEN 'alreadyInForce' WHEN 'uncertain' THEN 'doubt' ELSE 'go' END;
END $$;

-- Begins to let go of the effect that an undo takes back. Answers go (this run is the last that holds it), wait,
-- stillHeld (others hold it; this one does not any more), or notHeld.
CREATE FUNCTION tierline_release(u "units") RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
  v_others TEXT := tierline_held_by_others(u.effect, u.effect_key, u.run);
  v_mine "in_force";
BEGIN
  SELECT * INTO v_mine FROM "in_force"
  WHERE effect = u.effect AND target_key = u.effect_key AND run = u.run ORDER BY id DESC LIMIT 1;
  IF v_mine.id IS NULL OR v_mine.state = 'released' THEN
    -- The further commands of an undo go as its first went.
    IF NOT u.is_first AND v_mine.released_because = 'stillHeld' THEN RETURN 'stillHeld'; END IF;
    RETURN CASE WHEN v_others IN ('held', 'uncertain') THEN 'stillHeld' ELSE 'notHeld' END;
  END IF;
  IF tierline_is_busy(v_mine, u.id) THEN RETURN 'wait'; END IF;
  IF u.is_first OR v_mine.state <> 'releasing' THEN
    IF v_others IN ('held', 'uncertain') THEN
      UPDATE "in_force" SET state = 'released', prior = NULL, unit = u.id, released_at = clock_timestamp(),
        released_because = 'stillHeld' WHERE id = v_mine.id;
      RETURN 'stillHeld';
    ELSIF v_others = 'moving' THEN
      RETURN 'wait';
    ELSIF tierline_standing(v_mine) = 'none' THEN
      -- An act that was never sent: its run takes it back instead.
      UPDATE "in_force" SET state = 'released', unit = u.id, released_at = clock_timestamp(),
        released_because = 'neverThere' WHERE id = v_mine.id;
      RETURN 'notHeld';
    END IF;
  END IF;
  UPDATE "in_force" SET prior = tierline_prior(v_mine, u), state = 'releasing', unit = u.id WHERE id = v_mine.id;
  RETURN 'go';
END $$;

-- What the hold of an effect becomes with the end of a unit that moved it. Half a step leaves it uncertain.
CREATE FUNCTION tierline_settle_effect(u "units") RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF u.outcome = 'succeeded' AND NOT u.is_last THEN RETURN; END IF;
  UPDATE "in_force" h SET
    state = n.state,
    prior = NULL,
    released_at = CASE n.state WHEN 'released' THEN clock_timestamp() END,
    released_because =
      CASE n.state WHEN 'released' THEN CASE u.outcome WHEN 'succeeded' THEN 'undone' ELSE 'neverThere' END END
  FROM (SELECT i.id, CASE
          WHEN u.outcome = 'succeeded' THEN CASE u.purpose WHEN 'act' THEN 'held' ELSE 'released' END
          WHEN u.outcome = 'unknown' AND u.attempts > 0 THEN 'uncertain'
          WHEN u.is_first THEN coalesce(i.prior, 'released')
          WHEN u.purpose = 'act' THEN coalesce(i.prior, 'uncertain')
          ELSE 'uncertain' END AS state
        FROM "in_force" i WHERE i.unit = u.id AND i.state IN ('acquiring', 'releasing')) AS n
  WHERE h.id = n.id;
END $$;

CREATE FUNCTION tierline_unit_report(u "units") RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'unit', u.id, 'outcome', u.outcome, 'reason', u.reason, 'variables', u.results, 'requestHash', u.request_hash,
    'answerHash', u.answer_hash, 'attempts', u.attempts,
    'startedAt', (extract(epoch FROM u.started_at) * 1000)::bigint,
    'endedAt', (extract(epoch FROM u.ended_at) * 1000)::bigint));
$$;

-- Makes a worker the one that carries a unit out, for so long, and takes hold of its effect. Answers
-- {claim: done, report} where it has ended, with this or before; {claim: busy} where another worker is at it;
-- {claim: differs} where the id names another order; {claim: wait} where another run moves the same effect;
-- {claim: doubt} where the unit was sent and nobody knows what came of it; {claim: go, others: …} where it may be sent.
CREATE FUNCTION tierline_claim_unit(p_unit JSONB, p_worker TEXT, p_lease_ms INTEGER) RETURNS JSONB
LANGUAGE plpgsql AS $$
DECLARE
  v_id TEXT := p_unit ->> 'id';
  v_unit "units";
  v_hold TEXT := 'go';
  v_lease TIMESTAMPTZ;
BEGIN
  PERFORM tierline_lock_effect(p_unit -> 'effect' ->> 'name', p_unit -> 'effect' ->> 'key');
  v_lease := clock_timestamp() + p_lease_ms * interval '1 millisecond';
  INSERT INTO "units" (id, run, ticket_id, playbook, step, command_index, agent, target, purpose, plan_hash, effect,
                       effect_key, is_change, is_first, is_last, order_hash, worker, lease_until, started_at)
  VALUES (v_id, p_unit ->> 'run', p_unit ->> 'ticket', p_unit ->> 'playbook', p_unit ->> 'step',
          (p_unit ->> 'commandIndex')::int, p_unit ->> 'agent', p_unit ->> 'target', p_unit ->> 'purpose',
          p_unit ->> 'planHash', p_unit -> 'effect' ->> 'name', p_unit -> 'effect' ->> 'key',
          (p_unit ->> 'isChange')::boolean, (p_unit ->> 'isFirst')::boolean, (p_unit ->> 'isLast')::boolean,
          p_unit ->> 'orderHash', p_worker, v_lease, clock_timestamp())
  ON CONFLICT (id) DO NOTHING;
  SELECT * INTO v_unit FROM "units" WHERE id = v_id FOR UPDATE;
  IF v_unit.order_hash <> p_unit ->> 'orderHash' THEN RETURN '{"claim": "differs"}'; END IF;
  IF v_unit.state = 'done' THEN
    RETURN jsonb_build_object('claim', 'done', 'report', tierline_unit_report(v_unit));
  END IF;
  IF v_unit.worker <> p_worker AND v_unit.lease_until > clock_timestamp() THEN RETURN '{"claim": "busy"}'; END IF;
  UPDATE "units" SET worker = p_worker, lease_until = v_lease WHERE id = v_id RETURNING * INTO v_unit;
  IF v_unit.state = 'sending' THEN
    RETURN jsonb_build_object('claim', 'doubt', 'attempts', v_unit.attempts);
  END IF;
  IF v_unit.effect IS NOT NULL AND v_unit.purpose = 'act' THEN v_hold := tierline_acquire(v_unit);
  ELSIF v_unit.effect IS NOT NULL AND v_unit.purpose = 'undo' THEN v_hold := tierline_release(v_unit);
  END IF;
  IF v_hold = 'wait' THEN RETURN '{"claim": "wait"}'; END IF;
  IF v_hold IN ('go', 'doubt') THEN
    RETURN jsonb_build_object('claim', 'go', 'othersInDoubt', v_hold = 'doubt');
  END IF;
  UPDATE "units" SET state = 'done', ended_at = clock_timestamp(),
    outcome = CASE v_hold WHEN 'notHeld' THEN 'blocked' ELSE v_hold END,
    reason = CASE v_hold
      WHEN 'alreadyInForce' THEN 'Another run brought it about; this one holds it too'
      WHEN 'stillHeld' THEN 'Other runs hold it; it stays in force for them'
      ELSE 'This run does not hold it; there is nothing to take back' END
  WHERE id = v_id RETURNING * INTO v_unit;
  RETURN jsonb_build_object('claim', 'done', 'report', tierline_unit_report(v_unit));
END $$;

-- The last word before the first byte leaves: the worker still has the unit, and nothing stops its run. Answers sending,
-- lost (another worker may have it), or what stops it: stop, abort, noRun.
CREATE FUNCTION tierline_send_unit(p_id TEXT, p_worker TEXT, p_lease_ms INTEGER, p_request_hash TEXT) RETURNS TEXT
LANGUAGE plpgsql AS $$
DECLARE
  v_unit "units";
  v_run JSONB;
BEGIN
  PERFORM tierline_lock_effect(effect, effect_key) FROM "units" WHERE id = p_id;
  SELECT * INTO v_unit FROM "units" WHERE id = p_id FOR UPDATE;
  IF v_unit.state = 'done' OR v_unit.worker <> p_worker OR v_unit.lease_until <= clock_timestamp() THEN
    RETURN 'lost';
  END IF;
  SELECT body INTO v_run FROM "containments" WHERE id = v_unit.run;
  IF v_run IS NULL THEN RETURN 'noRun'; END IF;
  IF v_run ->> 'halt' IS NOT NULL THEN RETURN v_run ->> 'halt'; END IF;
  UPDATE "units" SET state = 'sending', attempts = attempts + 1, request_hash = coalesce(request_hash, p_request_hash),
    sent_at = clock_timestamp(), lease_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
  WHERE id = p_id;
  RETURN 'sending';
END $$;

-- Ends a unit and answers its report; null where the worker has lost it: then what another found stands.
CREATE FUNCTION tierline_settle_unit(p_id TEXT, p_worker TEXT, p_end JSONB) RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_unit "units";
BEGIN
  PERFORM tierline_lock_effect(effect, effect_key) FROM "units" WHERE id = p_id;
  UPDATE "units" SET state = 'done', outcome = p_end ->> 'outcome', reason = p_end ->> 'reason',
    results = p_end -> 'variables', answer_hash = p_end ->> 'answerHash', ended_at = clock_timestamp()
  WHERE id = p_id AND worker = p_worker AND state <> 'done'
  RETURNING * INTO v_unit;
  IF v_unit.id IS NULL THEN RETURN NULL; END IF;
  PERFORM tierline_settle_effect(v_unit);
  RETURN tierline_unit_report(v_unit);
END $$;
