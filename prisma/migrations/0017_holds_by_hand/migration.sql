-- What people bring about and take back stands in the register of what is in force, as what commands do. No unit of the
-- table "units" is behind it: the row of the run says so, and the register hears of it in the same transaction.

-- As before, and also for a hold that no command has moved: how such a one stands, it says itself.
CREATE OR REPLACE FUNCTION tierline_standing(h "in_force") RETURNS TEXT LANGUAGE sql VOLATILE AS $$
  SELECT CASE
    WHEN h.state NOT IN ('acquiring', 'releasing') THEN h.state
    WHEN u.state = 'claimed' AND u.lease_until < clock_timestamp()
      THEN CASE WHEN u.is_first THEN coalesce(h.prior, 'none') ELSE 'uncertain' END
    WHEN greatest(u.lease_until, u.ended_at) < clock_timestamp() - interval '1 minute' THEN 'uncertain'
    ELSE 'moving'
  END
  FROM (SELECT h.unit AS id) AS moved LEFT JOIN "units" u ON u.id = moved.id;
$$;

-- A person has brought an effect about, or taken it back. Nobody keeps a person from taking back what other runs hold:
-- whether it still is in force for them, somebody has to look.
CREATE FUNCTION tierline_hold_by_hand() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  v_name TEXT;
  v_key TEXT;
  v_target TEXT;
  v_hand JSONB;
BEGIN
  -- In one order, so that two runs never wait for each other.
  FOR v_name, v_key, v_target, v_hand IN
    SELECT e.value ->> 'name', e.value ->> 'key', e.value ->> 'target', e.value -> 'byHand'
    FROM jsonb_each(NEW.body -> 'effects') AS e
    WHERE e.value -> 'byHand' IS NOT NULL
      AND (TG_OP = 'INSERT' OR e.value -> 'byHand' IS DISTINCT FROM OLD.body -> 'effects' -> e.key -> 'byHand')
    ORDER BY 1, 2
  LOOP
    PERFORM tierline_lock_effect(v_name, v_key);
    IF v_hand ->> 'did' = 'act' THEN
      INSERT INTO "in_force" (effect, target_key, run, ticket_id, unit, state, snapshot_hash, since)
      VALUES (v_name, v_key, NEW.id, NEW.ticket_id, v_hand ->> 'unit', 'held',
              (SELECT s.answer_hash FROM "units" s
               WHERE s.run = NEW.id AND s.target IS NOT DISTINCT FROM v_target AND s.purpose = 'snapshot'
                 AND s.state = 'done'
               ORDER BY s.ended_at DESC LIMIT 1),
              clock_timestamp())
      ON CONFLICT (effect, target_key, run) WHERE released_at IS NULL
      DO UPDATE SET state = 'held', prior = NULL, unit = excluded.unit;
    ELSE
      UPDATE "in_force" SET state = 'released', prior = NULL, unit = v_hand ->> 'unit',
        released_at = clock_timestamp(), released_because = 'undone'
      WHERE effect = v_name AND target_key = v_key AND run = NEW.id AND released_at IS NULL;
      UPDATE "in_force" SET state = 'uncertain'
      WHERE effect = v_name AND target_key = v_key AND run <> NEW.id AND state = 'held';
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER "containments_hold_by_hand" AFTER INSERT OR UPDATE ON "containments"
  FOR EACH ROW WHEN (jsonb_path_exists(NEW.body, '$.effects.*.byHand')) EXECUTE FUNCTION tierline_hold_by_hand();
