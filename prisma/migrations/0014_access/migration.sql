-- Personal API keys: whose one is, for agents the tier, until when it is good, and who made it (docs/access.md).

ALTER TABLE "api_keys"
  ADD COLUMN "person" TEXT,
  ADD COLUMN "tier" INTEGER,
  ADD COLUMN "expires_at" TIMESTAMPTZ(3),
  ADD COLUMN "created_by" JSONB,
  -- A front end speaks for many; who names a person is one.
  ADD CONSTRAINT "api_keys_person_check" CHECK ("person" IS NULL OR "role" <> 'integration'),
  ADD CONSTRAINT "api_keys_tier_check" CHECK ("tier" IS NULL OR "role" = 'agent');
CREATE INDEX "api_keys_person_idx" ON "api_keys" ("person");

-- Security tickets do not wait in queues, are given to nobody by turn, and count against nobody's limit: each of these
-- would tell of them (docs/access.md). Whoever handles them is assigned.
CREATE OR REPLACE VIEW "queue_entries" AS
  SELECT t.id AS ticket_id,
         coalesce(t.offered_tier, t.tier) AS tier,
         CASE WHEN t.offered_tier IS NULL THEN t.team ELSE t.offered_team END AS team,
         t.offered_tier IS NOT NULL AS offered,
         t.priority,
         t.next_deadline_at,
         coalesce(t.next_deadline_at, 'infinity'::timestamptz) AS breach_at,
         coalesce(t.offered_at, t.queued_at, t.opened_at) AS queued_at,
         t.state, t.breached, t.category, t.service, t.customer
  FROM "tickets" t
  WHERE t.mode = 'act' AND t.state IN ('open', 'onHold')
    AND (t.assignee IS NULL OR t.offered_tier IS NOT NULL)
    AND (t.next_deadline_at IS NOT NULL
         OR NOT t.holds @? '$[*].reason ? (@ == "customer" || @ == "vendor" || @ == "changeWindow")')
    AND t.tlp IS NULL;
CREATE OR REPLACE VIEW "work_in_progress" AS
  SELECT t.id AS ticket_id, t.assignee AS agent, t.tier, t.team
  FROM "tickets" t
  WHERE t.mode = 'act' AND t.state IN ('open', 'onHold') AND t.assignee IS NOT NULL
    AND NOT t.holds @? '$[*].reason ? (@ == "customer" || @ == "vendor" || @ == "changeWindow")'
    AND t.tlp IS NULL;
